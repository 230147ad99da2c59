from django.contrib import admin

from mapping.admin.records import RecordAdmin, ViewOnlyAdmin
from mapping.models import CodebookChange, Phase, ResearchQuestion, Section, Study


@admin.register(Study)
class StudyPage(RecordAdmin):
    """Who sees what, and when, is decided by the study's leads and recorded there: here it is only
    shown.
    """

    mendable = ["title", "description"]
    list_display = ["title", "slug", "created_by", "created_at", "codebook_version", "released_at"]
    list_filter = [
        "created_at",
        "others_visible",
        "who_settles",
        ("released_at", admin.EmptyFieldListFilter),
    ]
    list_select_related = ["created_by"]
    search_fields = ["title", "slug"]

    def has_add_permission(self, request):
        return False

    def get_readonly_fields(self, request, obj=None):
        return [field.name for field in self.opts.fields if field.name not in self.mendable]


@admin.register(ResearchQuestion)
class ResearchQuestionPage(ViewOnlyAdmin):
    """Like phases and sections changed on the template page, where each change is a step of the
    codebook.
    """

    list_display = ["key", "text", "study", "position"]
    list_filter = [("study", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["study"]
    search_fields = ["key", "text", "study__title"]


@admin.register(Phase)
class PhasePage(ViewOnlyAdmin):
    list_display = ["name", "kind", "study", "position"]
    list_filter = ["kind", ("study", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["study"]
    search_fields = ["name", "key", "study__title"]


@admin.register(Section)
class SectionPage(ViewOnlyAdmin):
    list_display = ["label", "key", "kind", "phase", "study", "is_required", "retired_at"]
    list_filter = [
        "kind",
        "is_required",
        ("retired_at", admin.EmptyFieldListFilter),
        ("study", admin.RelatedOnlyFieldListFilter),
    ]
    list_select_related = ["study", "phase"]
    search_fields = ["label", "key", "study__title"]


@admin.register(CodebookChange)
class CodebookChangePage(ViewOnlyAdmin):
    # How many marks a change touched, and which, comes from answers that the admin may be blind to.
    fields = ["study", "version", "act", "section", "code", "reason", "by", "at", "undoes"]
    list_display = ["study", "version", "act", "section", "code", "by", "at"]
    list_filter = ["act", "at", ("study", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["study", "section", "code", "by", "undoes"]
    search_fields = ["code__label", "section__label", "reason"]
