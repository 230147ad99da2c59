"""Filled-in summary templates as draft summaries: one's own, or, for leads, anybody's."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat
from django.views.decorators.http import require_http_methods

from mapping import access
from mapping.models import Membership, User
from mapping.site.answers import answer, posted, uploaded
from mapping.site.fields import FilesField
from mapping.site.plurals import counted
from reviews.exchange.importing import import_summaries as import_files


class SummariesForm(forms.Form):
    files = FilesField(
        label="Files",
        limit=settings.IMPORT_LIMIT,
        help_text="Filled-in templates in Markdown or Org, one or more papers in a file; together "
        f"up to {filesizeformat(settings.IMPORT_LIMIT)}.",
    )
    reviewer = forms.ModelChoiceField(
        User.objects.none(), label="Whose summaries", empty_label=None
    )

    def __init__(self, *args, membership, **kwargs):
        super().__init__(*args, **kwargs)
        if membership.is_lead:
            team = Membership.objects.who_code().filter(study=membership.study_id)
            self.fields["reviewer"].queryset = User.objects.filter(pk__in=team.values("user"))
            self.fields["reviewer"].initial = membership.user
        else:
            del self.fields["reviewer"]


@require_http_methods(["GET", "POST"])
def import_summaries(request, slug):
    membership = access.study_to_code(request.user, slug)
    form = SummariesForm(posted(request), uploaded(request), membership=membership)
    outcome = None
    if form.is_valid():
        try:
            outcome = import_files(
                membership.study,
                files=[(file.name, file.read()) for file in form.cleaned_data["files"]],
                reviewer=form.cleaned_data.get("reviewer", request.user),
                by=request.user,
                may_create=membership.is_lead,
            )
        except ValidationError as error:
            form.add_error("files", error)
        else:
            number = outcome["summaries"]
            if number:
                messages.success(request, f"{counted(number, 'draft summaries')} imported.")
            else:
                messages.warning(
                    request, "No draft was imported: what was found in the files stands below."
                )
            form = SummariesForm(membership=membership)
    context = {"membership": membership, "form": form, "outcome": outcome}
    return answer(request, "exchange/import-summaries.html", context, refused=form.is_bound)
