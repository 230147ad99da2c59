from django.contrib import admin

from mapping.admin.records import RecordAdmin, ViewOnlyAdmin
from reviews.models import Assignment, EarlyLook, PriorAccess, Round


@admin.register(Round)
class RoundPage(RecordAdmin):
    """Name, date and guidance can be mended; opening, closing and handing out are acts of the
    rounds page.
    """

    list_display = ["name", "kind", "phase", "study", "due_on", "opened_at", "closed_at"]
    list_filter = [
        "kind",
        ("study", admin.RelatedOnlyFieldListFilter),
        ("closed_at", admin.EmptyFieldListFilter),
    ]
    list_select_related = ["study", "phase", "closed_by"]
    search_fields = ["name", "study__title"]
    # The frozen statistics come from answers that the admin may be blind to.
    exclude = ["frozen_agreement", "number"]
    mendable = ["name", "due_on", "guidance"]

    def has_add_permission(self, request):
        return False

    def get_readonly_fields(self, request, obj=None):
        return [f.name for f in self.opts.fields if f.name not in {*self.mendable, *self.exclude}]


@admin.register(Assignment)
class AssignmentPage(ViewOnlyAdmin):
    list_display = ["paper", "reviewer", "round", "study", "assigned_at", "withdrawn_at"]
    list_filter = [
        ("round__study", admin.RelatedOnlyFieldListFilter),
        ("reviewer", admin.RelatedOnlyFieldListFilter),
        ("withdrawn_at", admin.EmptyFieldListFilter),
    ]
    list_select_related = ["paper", "reviewer", "round__study"]
    search_fields = [
        "paper__title",
        "paper__key",
        "reviewer__username",
        "reviewer__name",
        "round__name",
    ]

    @admin.display(ordering="round__study__title")
    def study(self, assignment):
        return assignment.round.study


@admin.register(EarlyLook)
class EarlyLookPage(ViewOnlyAdmin):
    list_display = ["paper", "phase", "user", "reason", "at"]
    list_filter = ["at", ("paper__study", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["paper", "phase", "user"]
    search_fields = ["paper__title", "user__username", "reason"]


@admin.register(PriorAccess)
class PriorAccessPage(ViewOnlyAdmin):
    """What was submitted after it is not independent; the rows are written by handing out, for
    good.
    """

    list_display = ["paper", "phase", "user", "why", "at"]
    list_filter = ["why", "at", ("paper__study", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["paper", "phase", "user"]
    search_fields = ["paper__title", "user__username"]
