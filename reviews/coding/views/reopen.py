"""A lead lets a reviewer revise what they submitted."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from mapping.site.answers import answer, posted
from reviews import access
from reviews.coding import drafts
from reviews.coding.forms import ReopenForm


@require_http_methods(["GET", "HEAD", "POST"])
def reopen(request, slug, key, assignment):
    membership, assignment = access.assignment_to_lead(request.user, slug, key, assignment)
    form = ReopenForm(posted(request))
    if form.is_valid():
        try:
            drafts.reopen(assignment, by=request.user, reason=form.cleaned_data["reason"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(
                request, f"Reopened for {assignment.reviewer}. The first submission stays as it is."
            )
            return redirect("overview", slug)
    facts = {"membership": membership, "assignment": assignment, "form": form}
    facts["paper"] = assignment.paper
    return answer(request, "coding/reopen.html", facts, refused=form.is_bound)
