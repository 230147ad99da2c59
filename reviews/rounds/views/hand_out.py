from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from mapping.site.acts import carried_out
from mapping.site.answers import answer, posted
from mapping.site.plurals import counted
from reviews.access import round_to_lead
from reviews.rounds import assignments
from reviews.rounds.forms import HandOutForm, WithdrawForm
from reviews.rounds.hand_over import hand_over, propose_hand_over


@require_http_methods(["GET", "POST"])
def hand_out(request, slug, round):
    """Shows what would be handed out; then writes what was shown or, where that changed meanwhile,
    shows it again.
    """
    membership, round = round_to_lead(request.user, slug, round)
    form = HandOutForm(posted(request), round=round)
    acts = (assignments.propose, assignments.hand_out)
    proposal, is_written = previewed(request, form, round, *acts, by=request.user)
    if is_written:
        count = proposal.assigned
        are = "is" if count == 1 else "are"
        messages.success(request, f"{counted(count, 'assignments')} {are} handed out in “{round}”.")
        return redirect("round", slug, round.pk)
    context = {"membership": membership, "round": round, "form": form, "proposal": proposal}
    return answer(request, "rounds/hand-out.html", context, refused=bool(form.errors))


@require_http_methods(["GET", "POST"])
def withdraw(request, slug, round):
    """Somebody drops out: what they did not submit is taken back and handed to others."""
    membership, round = round_to_lead(request.user, slug, round)
    form = WithdrawForm(
        posted(request), round=round, initial={"reviewer": request.GET.get("reviewer")}
    )
    facts = {"by": request.user, "reason": request.POST.get("reason", "")}
    proposal, is_written = previewed(request, form, round, propose_hand_over, hand_over, **facts)
    if is_written:
        reviewer = form.cleaned_data["reviewer"]
        number = len(proposal.papers)
        taken = f"{counted(number, 'papers')} {'was' if number == 1 else 'were'}"
        messages.success(
            request,
            (
                f"{taken} taken back from {reviewer}; {proposal.assigned} went to others. What "
                f"{reviewer} submitted stays."
            ),
        )
        return redirect("round", slug, round.pk)
    context = {"membership": membership, "round": round, "form": form, "proposal": proposal}
    return answer(request, "rounds/withdraw.html", context, refused=bool(form.errors))


def previewed(request, form, round, propose, write, **facts):
    """(proposal or None, whether it was written). A form posted with the fingerprint of its preview
    is carried out.
    """
    if not form.is_valid():
        return None, False
    expected = request.POST.get("expected", "")
    if not expected:
        return carried_out(form, propose, round, **form.wishes), False
    try:
        return write(round, expected=expected, **form.wishes, **facts), True
    except assignments.PlanChanged as changed:
        form.add_error(None, str(changed))
        return changed.proposal, False
    except ValidationError as error:
        form.add_error(None, ValidationError(error.messages))
        return None, False


@require_http_methods(["GET", "POST"])
def undo_hand_out(request, slug, round):
    _, round = round_to_lead(request.user, slug, round)
    if request.method == "GET":
        return redirect("round", slug, round.pk)
    try:
        count = assignments.undo_hand_out(round, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(
            request,
            (
                f"{counted(count, 'assignments')} {'was' if count == 1 else 'were'} taken back; "
                f"nobody had begun."
            ),
        )
    return redirect("round", slug, round.pk)
