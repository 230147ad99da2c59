from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models

from mapping.admin.records import RecordAdmin, ViewOnlyAdmin
from mapping.admin.resources import PaperResource
from mapping.admin.tables import TableAdmin
from mapping.models import Paper, PaperImport, PaperSource
from mapping.papers.keys import key_refusal, tidied_key
from mapping.parsers.keys import normalised_doi


class PaperForm(forms.ModelForm):
    def clean_key(self):
        key = tidied_key(self.cleaned_data["key"])
        if reason := key_refusal(key):
            raise ValidationError(reason)
        return key

    def clean_doi(self):
        return normalised_doi(self.cleaned_data["doi"]) or self.cleaned_data["doi"]


@admin.register(Paper)
class PaperPage(TableAdmin, RecordAdmin):
    form = PaperForm
    resource_classes = [PaperResource]
    list_display = ["title", "key", "study", "short_authors", "year", "venue", "doi"]
    list_filter = [
        ("study", admin.RelatedOnlyFieldListFilter),
        "kind",
        ("pdf", admin.EmptyFieldListFilter),
        "added_at",
    ]
    list_select_related = ["study"]
    search_fields = ["title", "authors", "key", "doi"]
    autocomplete_fields = ["study"]
    # PDFs go through the door of the paper's page; the search vector writes itself.
    exclude = ["pdf", "extra"]
    readonly_fields = ["added_at"]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}

    def get_readonly_fields(self, request, obj=None):
        # A paper that changes its study or its key takes its codings where nobody expects them.
        return ["study", "key", *self.readonly_fields] if obj else self.readonly_fields


@admin.register(PaperImport)
class PaperImportPage(ViewOnlyAdmin):
    exclude = ["records", "choices"]
    list_display = [
        "file_name",
        "source",
        "study",
        "state",
        "new",
        "duplicate",
        "refused",
        "by",
        "at",
    ]
    list_filter = ["state", "at", ("study", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["study", "by"]
    search_fields = ["file_name", "source", "study__title"]


@admin.register(PaperSource)
class PaperSourcePage(ViewOnlyAdmin):
    list_display = ["paper", "source", "file_name", "line", "is_duplicate"]
    list_filter = ["source", "is_duplicate", ("paper__study", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["paper", "paper_import"]
    search_fields = ["paper__title", "paper__key", "source", "file_name", "entry_key"]
