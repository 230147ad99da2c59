"""What every page of the admin site has in common."""

from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist

from mapping.models import LogEntry


class RecordAdmin(admin.ModelAdmin):
    """Lists with a number of queries that does not grow; no deleting; every change is in the study's log."""

    list_per_page = 50
    show_full_result_count = False
    actions = None
    # What other rooms hold back: functions of a user that give a condition on the rows they may see.
    narrowed_by = ()

    def get_queryset(self, request):
        rows = super().get_queryset(request)
        for condition in self.narrowed_by:
            rows = rows.filter(condition(request.user))
        return rows

    def has_delete_permission(self, request, obj=None):
        return False

    def lookup_allowed(self, lookup, value, request):
        # `?answers__text__contains=…` in an address would ask what a blind reviewer may not know.
        try:
            field = self.opts.get_field(lookup.split("__")[0])
        except FieldDoesNotExist:
            return super().lookup_allowed(lookup, value, request)
        if field.auto_created and not field.concrete:
            return False
        return super().lookup_allowed(lookup, value, request)

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        study = study_of(obj)
        if study and form.changed_data:
            what = obj._meta.verbose_name
            act = "changed" if change else "added"
            LogEntry.objects.record(
                study, request.user, f"{act}-in-admin", f"{request.user} {act} the {what} “{obj}” in the admin site.",
                model=obj._meta.model_name, pk=obj.pk, fields=form.changed_data,
            )  # fmt: skip


class ViewOnlyAdmin(RecordAdmin):
    """For what a law protects: it changes by its own act, on its own page, or not at all."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False


def study_of(obj):
    return getattr(obj, "study", None) if obj._meta.model_name != "study" else obj
