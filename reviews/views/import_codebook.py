"""A codebook from a file: what is new, changed, unchanged and refused, then the import."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.views.decorators.http import require_http_methods

from mapping import access, codebook_import
from mapping.pages import answer, posted, uploaded
from mapping.parsers import UnreadableFile
from mapping.views.fields import LimitedFileField

LARGEST = 5 * 1024 * 1024


class CodebookFileForm(forms.Form):
    file = LimitedFileField(
        label="File", limit=LARGEST,
        help_text="CSV or Excel with the columns section (its key) and label; also parent, definition, when_not, "
        f"example, excludes_paper. At most {filesizeformat(LARGEST)}.",
    )  # fmt: skip
    reason = forms.CharField(
        label="Why", widget=forms.Textarea(attrs={"rows": 2}), help_text="Stays in the history of the codebook."
    )


@require_http_methods(["GET", "HEAD", "POST"])
def import_codebook(request, slug):
    study = access.study_to_lead(request.user, slug)
    form = CodebookFileForm(posted(request), uploaded(request))
    outcome = None
    is_check = request.POST.get("act") != "import"
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            table = codebook_import.read(file.name, file.read())
        except UnreadableFile as error:
            form.add_error("file", str(error))
        else:
            reason = form.cleaned_data["reason"]
            outcome = codebook_import.import_codebook(study, table, by=request.user, reason=reason, is_dry_run=is_check)
            if not is_check and not outcome.count("refused"):
                counts = outcome.counts
                messages.success(request, f"Imported: {counts['new']} new, {counts['changed']} changed codes.")
                return redirect("codebook", slug)
    context = {"study": study, "form": form, "outcome": outcome, "is_check": is_check}
    return answer(request, "import-codebook.html", context, refused=form.is_bound and outcome is None)
