"""The search and the filters above a table, as they stand in the address; around django-filter.

What is no option is left aside: the page shows that it is. A file cannot show it, and answers 404.
Lists whose rows are worked out in Python use `filter_of` and `asked_for` of `answers.py`.
"""

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.functional import cached_property

from mapping.site.answers import asked_for, filter_of


class TypedText(forms.CharField):
    def to_python(self, value: str | None) -> str:
        # PostgreSQL takes no NUL in a text, and nothing has one.
        return super().to_python((value or "").replace("\0", ""))


class Text(django_filters.Filter):
    """What somebody typed, of whatever words."""

    field_class = TypedText


class Choices(django_filters.Filter):
    """One of several values. `options` names the method of the set that has them, as pairs of value
    and word; without any the filter is not there.
    """

    field_class = forms.ChoiceField

    def __init__(self, label: str, options: str, *, shown_from: int = 1, **facts: Any) -> None:
        super().__init__(label=label, **facts)
        self.options = options
        self.shown_from = shown_from  # so many options are worth a choice

    @cached_property
    def choices(self) -> list[tuple[str, Any]]:
        return list(getattr(self.parent, self.options)())

    @property
    def field(self) -> forms.Field:
        if issubclass(self.field_class, forms.ChoiceField):
            self.extra["choices"] = self.choices
        return super().field


class AnyChoices(Choices):
    """As Choices, but a value that is no option is taken, and finds nothing."""

    field_class = TypedText


class ListFilters(django_filters.FilterSet):
    """The filters of one list; `q` is the search. `qs` are the rows that they let through."""

    def __init__(self, asked: QueryDict, queryset: QuerySet) -> None:
        super().__init__(asked, queryset=queryset)

    @cached_property
    def chosen(self) -> dict[str, str]:
        """What the address asks for, as far as it is understood."""
        self.form.full_clean()
        return {name: value for name, value in self.form.cleaned_data.items() if value}

    @property
    def query(self) -> str:
        return self.chosen.get("q", "")

    def shown(self) -> list[dict[str, Any]]:
        """The filters as `shared/_table_tools.html` shows them."""
        return [
            filter_of(name, one.label, one.choices, self.chosen.get(name, ""))
            for name, one in self.filters.items()
            if isinstance(one, Choices) and len(one.choices) >= one.shown_from
        ]

    def require_known(self) -> None:
        """Before a file leaves: Http404 where a filter of the address was left aside."""
        for name, one in self.filters.items():
            if isinstance(one, Choices):
                asked_for(self.data, name, {self.chosen.get(name)})
