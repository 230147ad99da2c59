"""The inbox of proposed codes: accept, merge, decline."""

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from mapping import access
from mapping.models import Code
from mapping.site.answers import answer
from reviews import access as reading
from reviews.codebook import code_changes, impact
from reviews.codebook import proposals as inbox
from reviews.codebook.forms import AcceptForm, DeclineForm, MergeForm


@require_safe
def proposals(request, slug):
    study = access.study_to_lead(request.user, slug)
    waiting = inbox.waiting(study, request.user)
    context = {"study": study, "waiting": waiting, "is_blind": impact.is_blind(request.user, study)}
    return answer(request, "codebook/proposals.html", context)


ACTS = {
    "accept": (AcceptForm, code_changes.accept, "is accepted"),
    "merge": (MergeForm, code_changes.merge, "is merged"),
    "decline": (
        DeclineForm,
        code_changes.decline,
        "is declined; whoever used it is asked to look again",
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
def decide_proposal(request, slug, code):
    """One proposal: three ways to decide on it, each with its own small form and button."""
    study = access.study_to_lead(request.user, slug)
    code = reading.code_known_to(request.user, study, code)
    asked = request.POST.get("act", "")
    initial = {"into": request.GET.get("into")}
    forms = {
        # Three forms stand on one page: each has ids of its own, so that every label belongs to its
        # field.
        name: form(
            request.POST if name == asked else None,
            code=code,
            initial=initial,
            auto_id=f"id_{name}_%s",
        )
        for name, (form, _, _) in ACTS.items()
    }
    if code.status != Code.Status.PROPOSED:
        messages.info(
            request, f"“{code}” is decided on already: it is {code.get_status_display()}."
        )
        return redirect("proposals", study.slug)
    is_preview = "preview" in request.POST
    if asked in forms and forms[asked].is_valid() and not is_preview:
        _, act, words = ACTS[asked]
        if forms[asked].act(act, by=request.user):
            messages.success(request, f"“{code}” {words}.")
            return redirect("proposals", study.slug)
    if is_preview and asked in forms:
        forms[asked].errors.clear()  # the reason may come later
    proposal = next(one for one in inbox.waiting(study, request.user) if one.code.pk == code.pk)
    merging = forms["merge"].trial(code_changes.merge, by=request.user)
    context = {
        "study": study,
        "code": code,
        "proposal": proposal,
        "forms": forms,
        "touched": impact.touched(code, request.user, merging),
    }
    return answer(
        request,
        "codebook/decide-proposal.html",
        context,
        refused=request.method == "POST" and not is_preview,
    )
