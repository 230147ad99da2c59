"""Codings that were made elsewhere: check a file, then import it whole."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat, pluralize
from django.views.decorators.http import require_http_methods

from mapping import access
from mapping.site.answers import answer, posted, uploaded
from mapping.site.fields import LimitedFileField
from reviews.exchange.importing import import_codings as import_file
from reviews.exchange.importing.options import pairs
from reviews.models import Round

MOST_PROBLEMS, MOST_NOTES = 500, 10


class CodingsForm(forms.Form):
    file = LimitedFileField(
        label="File",
        limit=settings.IMPORT_LIMIT,
        help_text="CSV or Excel with the columns paper, reviewer, section, value; one row per "
        f"code. At most {filesizeformat(settings.IMPORT_LIMIT)}.",
    )
    round_name = forms.CharField(
        label="Round",
        required=False,
        max_length=Round._meta.get_field("name").max_length,
        help_text="Left empty: the round each row names, else one named after the file.",
    )
    may_create = forms.BooleanField(
        label="Make what is missing",
        required=False,
        help_text=(
            "Papers, sections, codes, and reviewers without a login. Otherwise unknown names "
            "are refused."
        ),
    )
    columns = forms.CharField(
        label="Other headings",
        required=False,
        help_text="If the file calls them otherwise: paper=doi, reviewer=rater",
    )
    absences = forms.CharField(
        label="Other words for an absence", required=False, help_text="NA=not_applicable, ?=unclear"
    )

    def clean_columns(self):
        return pairs(self.cleaned_data["columns"], "Other headings")

    def clean_absences(self):
        return pairs(self.cleaned_data["absences"], "Other words for an absence")


@require_http_methods(["GET", "POST"])
def import_codings(request, slug):
    membership = access.study_to_lead(request.user, slug)
    form = CodingsForm(posted(request), uploaded(request))
    outcome = None
    if form.is_valid():
        facts = form.cleaned_data
        file = facts.pop("file")
        is_check = request.POST.get("act") == "check"
        try:
            outcome = import_file(
                membership.study,
                file_name=file.name,
                content=file.read(),
                by=request.user,
                is_dry_run=is_check,
                **facts,
            )
        except ValidationError as error:
            form.add_error("file", error)
        else:
            if not is_check and not outcome["problems"]:
                tell_imported(request, file.name, outcome)
                return redirect("papers", slug)
    problems = outcome["problems"] if outcome else []
    context = {
        "membership": membership,
        "form": form,
        "outcome": outcome,
        "problems": problems[:MOST_PROBLEMS],
        "more_problems": max(len(problems) - MOST_PROBLEMS, 0),
    }
    return answer(
        request,
        "exchange/import-codings.html",
        context,
        refused=form.is_bound and (not outcome or bool(problems)),
    )


def tell_imported(request, file_name, outcome):
    number = outcome["summaries"]
    messages.success(
        request, f"{number} summar{pluralize(number, 'y,ies')} imported from {file_name}."
    )
    for note in outcome["notes"][:MOST_NOTES]:
        messages.info(request, note)
