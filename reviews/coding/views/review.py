"""All answers of one summary on one page, before it is submitted."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from mapping.site.answers import answer
from reviews import access
from reviews.coding import drafts, questionnaire
from reviews.coding.views.summary import own_progress, read_only_reason, summary_url
from reviews.rounds import progress


@never_cache  # answers do not come back with the Back button once somebody else sits there
@require_http_methods(["GET", "HEAD", "POST"])
def review(request, slug, key):
    asked = request.POST if request.method == "POST" else request.GET
    membership, paper, assignment = access.assignment_to_code(
        request.user, slug, key, pk=asked.get("assignment")
    )
    if assignment is None:
        return redirect("summary", slug, key)
    refusal = ""
    if request.method == "POST":
        try:
            drafts.submit(drafts.open_summary(assignment), by=request.user)
        except ValidationError as error:
            refusal = " ".join(error.messages)
        else:
            return onwards(request, membership, assignment)
    form = questionnaire.of(assignment)
    if form.summary and form.summary.is_submitted and not refusal:
        return redirect(summary_url(assignment))
    facts = {
        "membership": membership,
        "paper": paper,
        "assignment": assignment,
        "form": form,
        "refusal": refusal,
        "reason": read_only_reason(assignment, form.summary),
        "back": summary_url(assignment),
        "progress": own_progress(membership, assignment),
    }
    return answer(request, "coding/review.html", facts, refused=bool(refusal))


def onwards(request, membership, assignment):
    """The next paper opens by itself; after the last one, the queue."""
    own = own_progress(membership, assignment)
    messages.success(
        request,
        (
            f"Submitted: {assignment.paper}. {own['submitted']} of {own['assigned']} in "
            f"{assignment.round}."
        ),
    )
    following = progress.next_assignment(membership)
    if following is None:
        return redirect("queue", membership.study.slug)
    return redirect(summary_url(following))
