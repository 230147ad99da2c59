"""What all pages of the admin site have in common."""

from django.contrib import admin
from django.contrib.admin.utils import get_fields_from_path
from django.db.models import BooleanField, DateField

from mapping.models import LogEntry, Membership


class RecordAdmin(admin.ModelAdmin):
    """Lists with a constant number of queries; no deletion; every change is in the study's log."""

    list_per_page = 50
    show_full_result_count = False
    actions = None
    # What other rooms hold back: functions of a user that give a condition on the rows they may
    # see.
    narrowed_by = ()

    def get_queryset(self, request):
        return self.open_to(super().get_queryset(request), request.user)

    def open_to(self, rows, user):
        for condition in self.narrowed_by:
            rows = rows.filter(condition(user))
        return rows

    def has_delete_permission(self, request, obj=None):
        return False

    def lookup_allowed(self, lookup, value, request=None):
        """What the filters of the list ask, and nothing else.

        Django allows lookups on any field: `?frozen_agreement__icontains=…` would tell letter by
        letter what the page hides, and `?answers__text__contains=…` what a blind reviewer may not
        know.
        """
        filters = self.get_list_filter(request)
        return any(lookup in lookups_of(self.model, one) for one in filters)

    def to_field_allowed(self, request, to_field):
        """Only primary keys: nothing here refers to a record by another field."""
        return to_field in {self.opts.pk.name, self.opts.pk.attname}

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        study = study_of(obj)
        if study and form.changed_data:
            what = obj._meta.verbose_name
            act = "changed" if change else "added"
            LogEntry.objects.record(
                study,
                request.user,
                f"{act}-in-admin",
                f"{request.user} {act} the {what} “{obj}” in the admin site.",
                model=obj._meta.model_name,
                fields=form.changed_data,
                **({"user": obj.user.username} if isinstance(obj, Membership) else {}),
            )


def lookups_of(model, list_filter):
    """The URL parameters that this entry of `list_filter` reads."""
    path, kind = list_filter if isinstance(list_filter, tuple) else (list_filter, None)
    if kind is admin.EmptyFieldListFilter:
        return {f"{path}__isempty"}
    field = get_fields_from_path(model, path)[-1]
    if field.is_relation:
        return {f"{path}__{field.target_field.name}__exact", f"{path}__isnull"}
    if isinstance(field, DateField):
        return {f"{path}__gte", f"{path}__lt"}
    is_chosen = field.flatchoices or isinstance(field, BooleanField)
    return {f"{path}__exact" if is_chosen else path, f"{path}__isnull"}


class ViewOnlyAdmin(RecordAdmin):
    """For records that may change only by their own act, on their own page, or not at all."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False


def study_of(obj):
    return getattr(obj, "study", None) if obj._meta.model_name != "study" else obj
