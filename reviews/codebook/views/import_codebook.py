"""A codebook from a file: what is new, changed, unchanged and refused, then the import of that very
file.
"""

import base64

from django import forms
from django.contrib import messages
from django.core import signing
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.views.decorators.http import require_http_methods

from mapping import access
from mapping.codebook import importing
from mapping.parsers import UnreadableFile
from mapping.site.answers import answer, posted, uploaded
from mapping.site.fields import LimitedFileField, LongTextField
from mapping.site.numbers import is_id
from mapping.site.plurals import counted

LARGEST = 2 * 1024 * 1024
SALT = "a codebook that was shown"


class CodebookFileForm(forms.Form):
    file = LimitedFileField(
        label="File",
        limit=LARGEST,
        required=False,
        help_text="CSV or Excel with the columns section (its key) and label; also parent, "
        f"definition, when_not, example, excludes_paper. At most {filesizeformat(LARGEST)}.",
    )
    # The file as it was shown comes back with the confirmation: nobody imports another one than
    # they have looked at.
    held = forms.CharField(required=False, widget=forms.HiddenInput)
    reason = LongTextField(
        label="Why",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stays in the history of the codebook.",
    )

    def clean(self):
        facts = super().clean()
        if facts.get("file"):
            facts["name"], facts["content"] = facts["file"].name, facts["file"].read()
        elif facts.get("held"):
            try:
                name, packed = signing.loads(facts["held"], salt=SALT)
            except signing.BadSignature:
                self.add_error(
                    "file", "The file that was shown did not arrive whole: choose it again."
                )
            else:
                facts["name"], facts["content"] = name, base64.b64decode(packed)
        elif "file" not in self.errors:
            self.add_error("file", "Choose a file.")
        return facts


def signed_file(name, content):
    return signing.dumps([name, base64.b64encode(content).decode()], salt=SALT, compress=True)


@require_http_methods(["GET", "HEAD", "POST"])
def import_codebook(request, slug):
    membership = access.study_to_lead(request.user, slug)
    form = CodebookFileForm(posted(request), uploaded(request))
    context = {"membership": membership, "form": form, "outcome": None}
    is_check = request.POST.get("act") != "import"
    if form.is_valid():
        facts = form.cleaned_data
        try:
            table = importing.read(facts["name"], facts["content"])
        except UnreadableFile as error:
            form.add_error("file", str(error))
        else:
            without = [int(line) for line in request.POST.getlist("without") if is_id(line)]
            outcome = importing.import_codebook(
                membership.study,
                table,
                by=request.user,
                reason=facts["reason"],
                is_dry_run=is_check,
                without=without,
            )
            if outcome.is_written:
                messages.success(request, in_words(outcome))
                return redirect("codebook", slug)
            context |= {
                "outcome": outcome,
                "file_name": facts["name"],
                "held": signed_file(facts["name"], facts["content"]),
            }
    context["is_check"] = is_check
    refused = form.is_bound and not (is_check and context["outcome"])
    return answer(request, "codebook/import-codebook.html", context, refused=refused)


def in_words(outcome):
    counts = outcome.counts
    left_out = (
        f" Left out as agreed: {counted(counts['refused'], 'rows')}." if counts["refused"] else ""
    )
    return f"Imported: {counts['new']} new, {counts['changed']} changed codes.{left_out}"
