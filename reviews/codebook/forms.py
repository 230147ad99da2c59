"""The forms of the codebook: the words of a code, and the acts that change what people marked."""

from functools import partial
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from mapping.codebook import changes as codebook_changes
from mapping.codebook import versions
from mapping.models import Code
from mapping.site.fields import LongTextField
from reviews.codebook.template_forms import ActForm

LONG = forms.Textarea(attrs={"rows": 2, "dir": "auto"})
TRIED = "tried"  # the reason of an act that is only looked at
REASON = "Stays in the history of the codebook and in the log."


def reason_field(required=True):
    return LongTextField(label="Why", required=required, help_text=REASON, widget=LONG)


def current_value(form, name):
    """The value of this field, sent or not; None where it is no value."""
    try:
        return form.fields[name].clean(form[name].value())
    except ValidationError:
        return None


def preview_on_change(field):
    """With script, what the act would do is shown as soon as this is chosen; without, there is a
    button for it.
    """
    field.widget.attrs |= {
        "hx-get": "",
        "hx-trigger": "change",
        "hx-select": "#touched",
        "hx-target": "#touched",
        "hx-swap": "outerHTML",
    }


def show_near_codes(field, section, *, besides=None, into="#near"):
    """With script, codes that say nearly the same are shown while the label is typed."""
    asked = urlencode({"section": section.key, **({"besides": besides.pk} if besides else {})})
    field.widget.attrs |= {
        "hx-get": f"{reverse('near-code', args=[section.study.slug])}?{asked}",
        "hx-trigger": "input changed delay:250ms",
        "hx-target": into,
        "hx-sync": "this:replace",
    }


class CodeForm(ActForm):
    """A new code, or the words of one."""

    label = forms.CharField(
        max_length=300, widget=forms.TextInput({"dir": "auto", "autocomplete": "off"})
    )
    definition = LongTextField(
        required=False, widget=LONG, help_text="In one sentence: when does it apply?"
    )
    when_not = LongTextField(label="When not to use it", required=False, widget=LONG)
    example = LongTextField(required=False, widget=LONG)
    parent = forms.ModelChoiceField(
        queryset=None, required=False, empty_label="none", help_text="Groups codes, in two levels."
    )
    excludes_paper = forms.BooleanField(
        required=False, label="A paper settled on this code leaves the phases that follow"
    )
    reason = reason_field(required=False)

    def __init__(self, posted, *, section, code=None, parent=None):
        """`parent`: what is chosen there but not sent yet."""
        self.code = code
        initial = {**self.facts_of(code), "seen": versions.code_token(code)} if code else {}
        if parent is not None:
            initial["parent"] = parent
        super().__init__(posted, initial=initial)
        parents = section.codes.filter(status=Code.Status.ACTIVE, parent=None)
        self.fields["parent"].queryset = parents.exclude(pk=code.pk) if code else parents
        self.fields["reason"].required = code is not None
        if code:
            preview_on_change(self.fields["parent"])
        show_near_codes(self.fields["label"], section, besides=code)

    def facts(self):
        return {name: value for name, value in super().facts().items() if name != "reason"}

    def trial(self, *, by):
        """To group the code as it is chosen, for a look at what becomes of the agreement; None
        where nothing does.
        """
        parent = current_value(self, "parent")
        if parent == self.code.parent or self.code.status != Code.Status.ACTIVE:
            return None
        return partial(
            codebook_changes.edit, self.code, by=by, facts={"parent": parent}, reason=TRIED
        )

    def facts_of(self, code):
        return {
            name: getattr(code, name)
            for name in (*versions.TEXT_FIELDS, "parent", "excludes_paper")
        }

    def token_of(self, code):
        return versions.code_token(code)


class CodeActForm(ActForm):
    """An act on one code: it names the code as its writer saw it, and why."""

    reason = reason_field()

    def __init__(self, posted, *, code, initial=None, **facts):
        self.code = code
        super().__init__(
            posted, initial={"seen": versions.code_token(code), **(initial or {})}, **facts
        )

    def act(self, act, *, by):
        """Do it, unless another lead has changed the code since this form was opened."""

        def guarded():
            with transaction.atomic():
                now = versions.locked_code(self.code)
                if self.cleaned_data["seen"] != versions.code_token(now):
                    last = now.changes.select_related("by").first()
                    raise versions.ChangedMeanwhile(now, last and last.by, last and last.at)
                return act(now, by=by, **self.facts())

        return self.perform(guarded)

    def trial(self, act, *, by):
        """The act as it is chosen by now, for a look at what becomes of the agreement; None where
        nothing does.
        """
        facts = self.tried_facts()
        return partial(act, self.code, by=by, reason=TRIED, **facts) if facts else None

    def tried_facts(self):
        return {}

    def also(self):
        """Other sections that the act touches."""
        return []

    def facts_of(self, code):
        return {name: getattr(code, name) for name in versions.TEXT_FIELDS}

    def show_conflict(self, met):
        """The act itself has no other version; what the first lead has made of the code is
        shown.
        """
        super().show_conflict(met)
        now, was = self.facts_of(met.now), self.facts_of(self.code)
        self.conflict["fields"] = [
            {"label": versions.FIELD_NAMES[name], "theirs": now[name], "yours": was[name]}
            for name in now
        ]
        self.conflict["status"] = met.now.get_status_display()

    def token_of(self, code):
        return versions.code_token(code)


class ReasonForm(CodeActForm):
    """An act that takes nothing but a reason."""


class RestoreForm(CodeActForm):
    reason = reason_field(required=False)


class MergeForm(CodeActForm):
    into = forms.ModelChoiceField(queryset=None, label="Merge into", empty_label="choose a code")
    field_order = ["into", "reason"]

    def __init__(self, posted, *, code, initial=None, **facts):
        super().__init__(posted, code=code, initial=initial, **facts)
        active = Code.objects.filter(section=code.section, status=Code.Status.ACTIVE)
        self.fields["into"].queryset = active.exclude(pk=code.pk)
        preview_on_change(self.fields["into"])

    def tried_facts(self):
        into = current_value(self, "into")
        return {"into": into} if into else {}


class MoveForm(CodeActForm):
    to = forms.ModelChoiceField(queryset=None, label="Move to", empty_label="choose a section")
    field_order = ["to", "reason"]

    def __init__(self, posted, *, code, initial=None):
        super().__init__(posted, code=code, initial=initial)
        sections = (
            code.section.study.sections.in_use().with_codes().filter(phase=code.section.phase_id)
        )
        self.fields["to"].queryset = sections.exclude(pk=code.section_id)
        preview_on_change(self.fields["to"])

    def tried_facts(self):
        to = current_value(self, "to")
        return {"to": to} if to else {}

    def also(self):
        return list(self.tried_facts().values())


class SplitForm(CodeActForm):
    """Two new codes at least, four at most at once: a split can be split again."""

    PARTS = 4
    field_order = [
        name
        for number in range(1, PARTS + 1)
        for name in (f"label_{number}", f"definition_{number}")
    ]

    def __init__(self, posted, *, code, initial=None):
        super().__init__(posted, code=code, initial=initial)
        for number in range(1, self.PARTS + 1):
            is_needed = number <= 2
            self.fields[f"label_{number}"] = forms.CharField(
                label=f"New code {number}",
                max_length=300,
                required=is_needed,
                widget=forms.TextInput({"dir": "auto"}),
            )
            show_near_codes(self.fields[f"label_{number}"], code.section, besides=code)
            self.fields[f"definition_{number}"] = LongTextField(
                label=f"Definition of new code {number}", required=False, widget=LONG
            )
        self.order_fields(self.field_order)

    def facts(self):
        values = self.cleaned_data
        into = [
            {"label": values[f"label_{number}"], "definition": values[f"definition_{number}"]}
            for number in range(1, self.PARTS + 1)
            if values[f"label_{number}"].strip()
        ]
        return {"into": into, "reason": values["reason"]}


class AcceptForm(CodeActForm):
    """All words of the code may be edited before it is accepted."""

    label = forms.CharField(max_length=300, widget=forms.TextInput({"dir": "auto"}))
    definition = LongTextField(required=False, widget=LONG)
    when_not = LongTextField(label="When not to use it", required=False, widget=LONG)
    example = LongTextField(required=False, widget=LONG)
    parent = forms.ModelChoiceField(queryset=None, required=False, empty_label="none")
    reason = reason_field(required=False)
    field_order = ["label", "definition", "when_not", "example", "parent", "reason"]

    def __init__(self, posted, *, code, initial=None, **facts):
        super().__init__(
            posted,
            code=code,
            initial={name: getattr(code, name) for name in versions.TEXT_FIELDS},
            **facts,
        )
        self.fields["parent"].queryset = code.section.codes.filter(
            status=Code.Status.ACTIVE, parent=None
        )
        show_near_codes(self.fields["label"], code.section, besides=code)

    def facts(self):
        facts = super().facts()
        return {"reason": facts.pop("reason"), "facts": facts}


class DeclineForm(ReasonForm):
    pass


class UndoForm(ActForm):
    reason = reason_field(required=False)
