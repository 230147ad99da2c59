from django import forms
from django.contrib import admin

from mapping.admin.code_resources import (
    ApproachResource,
    ChallengeResource,
    MaturityStageResource,
    record_words,
)
from mapping.admin.records import RecordAdmin
from mapping.admin.tables import TableAdmin
from mapping.codebook import checks
from mapping.models import Approach, Challenge, Code, MaturityStage


class CodeForm(forms.ModelForm):
    def clean_label(self):
        return checks.checked_label(
            self.cleaned_data["label"], self.instance.section, besides=[self.instance.pk]
        )


class CodeAdmin(RecordAdmin):
    """Words can be mended here, each a step of the codebook; the other acts are on the codebook
    page.
    """

    form = CodeForm
    mendable = ["label", "definition", "when_not", "example"]
    list_display = ["label", "section", "study", "status", "parent", "position", "excludes_paper"]
    list_filter = ["status", "excludes_paper", ("section__study", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["section__study", "parent"]
    search_fields = ["label", "definition", "section__label", "section__study__title"]

    @admin.display(ordering="section__study__title")
    def study(self, code):
        return code.section.study

    def has_add_permission(self, request):
        return False

    def get_readonly_fields(self, request, obj=None):
        left_out = {*self.mendable, "number"}
        return [field.name for field in self.opts.fields if field.name not in left_out]

    def save_model(self, request, obj, form, change):
        before = {name: form.initial[name] for name in form.changed_data}
        if before:
            record_words(obj, before=before, by=request.user)
        super().save_model(request, obj, form, change)


@admin.register(Code)
class CodePage(CodeAdmin):
    pass


@admin.register(Challenge)
class ChallengePage(TableAdmin, CodeAdmin):
    resource_classes = [ChallengeResource]


@admin.register(Approach)
class ApproachPage(TableAdmin, CodeAdmin):
    resource_classes = [ApproachResource]


@admin.register(MaturityStage)
class MaturityStagePage(TableAdmin, CodeAdmin):
    resource_classes = [MaturityStageResource]
