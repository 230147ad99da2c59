from django.contrib import admin

from mapping.judgement.values import Evidence
from reviews.admin.blindness import ThroughSummary, ViewOnlyAdmin
from reviews.blindness import rules
from reviews.models import Answer, KeptEdit, Mark, RecodingTask, Summary


@admin.register(Summary)
class SummaryPage(ViewOnlyAdmin):
    list_display = [
        "paper",
        "reviewer",
        "round",
        "revision",
        "origin",
        "submitted_at",
        "updated_at",
    ]
    list_filter = [
        ("assignment__round__study", admin.RelatedOnlyFieldListFilter),
        "origin",
        "revision",
        ("submitted_at", admin.EmptyFieldListFilter),
    ]
    list_select_related = [
        "assignment__paper",
        "assignment__reviewer",
        "assignment__round",
        "reopened_by",
    ]
    search_fields = [
        "assignment__paper__title",
        "assignment__paper__key",
        "assignment__reviewer__username",
    ]

    def get_queryset(self, request):
        return super().get_queryset(request).filter(rules.may_read_summary_in_admin(request.user))

    @admin.display(ordering="assignment__paper__title")
    def paper(self, summary):
        return summary.assignment.paper

    @admin.display(ordering="assignment__reviewer__username")
    def reviewer(self, summary):
        return summary.assignment.reviewer

    @admin.display(ordering="assignment__round__name")
    def round(self, summary):
        return summary.assignment.round


@admin.register(Answer)
class AnswerPage(ThroughSummary):
    list_display = [
        "summary",
        "section",
        "absence",
        "none_apply",
        "number",
        "yes_no",
        "confidence",
        "updated_at",
    ]
    list_filter = [
        ("summary__assignment__round__study", admin.RelatedOnlyFieldListFilter),
        "section__kind",
        "absence",
        "none_apply",
        "confidence",
    ]
    list_select_related = ["summary__assignment__paper", "summary__assignment__reviewer", "section"]
    search_fields = [
        "summary__assignment__paper__title",
        "summary__assignment__reviewer__username",
        "section__label",
    ]


@admin.register(Mark)
class MarkPage(ThroughSummary):
    summary = "answer__summary"
    list_display = ["code", "answer", "quote", "page"]
    list_filter = [
        ("answer__summary__assignment__round__study", admin.RelatedOnlyFieldListFilter),
        ("answer__section", admin.RelatedOnlyFieldListFilter),
    ]
    list_select_related = [
        *("code", "answer__section", "answer__summary__assignment__paper"),
        "answer__summary__assignment__reviewer",
    ]
    search_fields = [
        "code__label",
        *Evidence.PROSE,
        "answer__summary__assignment__paper__title",
    ]


@admin.register(KeptEdit)
class KeptEditPage(ThroughSummary):
    summary = "answer__summary"
    list_display = ["answer", "based_on", "kept_at", "resolved_at"]
    list_filter = ["kept_at", ("resolved_at", admin.EmptyFieldListFilter)]
    list_select_related = [
        *(
            "answer__section",
            "answer__summary__assignment__paper",
            "answer__summary__assignment__reviewer",
        ),
    ]
    search_fields = ["answer__summary__assignment__paper__title", "answer__section__label"]


@admin.register(RecodingTask)
class RecodingTaskPage(ThroughSummary):
    """A task says which code its reviewer had given."""

    summary = "assignment__summaries"
    list_display = ["assignment", "section", "code", "asked_at", "done_at"]
    list_filter = [
        ("assignment__round__study", admin.RelatedOnlyFieldListFilter),
        ("done_at", admin.EmptyFieldListFilter),
    ]
    list_select_related = ["assignment__paper", "assignment__reviewer", "section", "code", "change"]
    search_fields = ["assignment__paper__title", "assignment__reviewer__username", "section__label"]

    def get_queryset(self, request):
        return super().get_queryset(request).distinct()
