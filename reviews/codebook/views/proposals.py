"""The inbox of proposed codes: accept, merge, decline."""

from collections.abc import Callable
from typing import NamedTuple

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from mapping import access
from mapping.models import Code
from mapping.site.answers import answer
from reviews import access as reading
from reviews.codebook import code_changes, impact
from reviews.codebook.forms import AcceptForm, DeclineForm, MergeForm
from reviews.codebook.proposals import open_proposals


@require_safe
def proposals(request, slug):
    membership = access.study_to_lead(request.user, slug)
    context = {
        "membership": membership,
        "proposals": open_proposals(membership),
        "is_blind": impact.is_blind(membership),
    }
    return answer(request, "codebook/proposals.html", context)


class Decision(NamedTuple):
    form: type
    act: Callable
    outcome: str  # in the message: “Cost” is accepted


DECISIONS = {
    "accept": Decision(AcceptForm, code_changes.accept, "is accepted"),
    "merge": Decision(MergeForm, code_changes.merge, "is merged"),
    "decline": Decision(
        DeclineForm,
        code_changes.decline,
        "is declined; whoever used it is asked to look again",
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
def decide_proposal(request, slug, code):
    """One proposal: three ways to decide on it, each with its own small form and button."""
    membership = access.study_to_lead(request.user, slug)
    code = reading.code_known_to(membership, code)
    if code.status != Code.Status.PROPOSED:
        messages.info(
            request, f"“{code}” is decided on already: it is {code.get_status_display()}."
        )
        return redirect("proposals", slug)
    forms = decision_forms(request, code)
    pressed = request.POST.get("act", "")
    is_preview = "preview" in request.POST
    if pressed in forms and forms[pressed].is_valid() and not is_preview:
        decision = DECISIONS[pressed]
        if forms[pressed].act(decision.act, by=request.user):
            messages.success(request, f"“{code}” {decision.outcome}.")
            return redirect("proposals", slug)
    if is_preview and pressed in forms:
        forms[pressed].errors.clear()  # the reason may come later
    return answer(
        request,
        "codebook/decide-proposal.html",
        decision_context(membership, code, forms),
        refused=request.method == "POST" and not is_preview,
    )


def decision_forms(request, code):
    """Three forms stand on one page: each has ids of its own, so that every label belongs to its
    field.
    """
    return {
        name: decision.form(
            request.POST if name == request.POST.get("act", "") else None,
            code=code,
            initial={"into": request.GET.get("into")},
            auto_id=f"id_{name}_%s",
        )
        for name, decision in DECISIONS.items()
    }


def decision_context(membership, code, forms):
    proposals = open_proposals(membership)
    merge = forms["merge"].trial(code_changes.merge, by=membership.user)
    return {
        "membership": membership,
        "code": code,
        "proposal": next(proposal for proposal in proposals if proposal.code.pk == code.pk),
        "forms": forms,
        "touched": impact.touched(code, membership, merge),
    }
