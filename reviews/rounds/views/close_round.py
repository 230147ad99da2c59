from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from mapping.site.acts import carried_out
from mapping.site.answers import answer, posted
from mapping.site.plurals import counted
from reviews.access import round_to_lead
from reviews.rounds import lifecycle, progress
from reviews.rounds.forms import ReopenForm


@require_http_methods(["GET", "POST"])
def close_round(request, slug, round):
    membership, round = round_to_lead(request.user, slug, round)
    refusal = ""
    if request.method == "POST":
        try:
            lifecycle.close_round(round, by=request.user)
        except ValidationError as error:
            refusal = " ".join(error.messages)
        else:
            messages.success(request, f"“{round}” is closed; its agreement is kept as it stands.")
            return redirect("round", slug, round.pk)
    context = {
        "membership": membership,
        "round": round,
        "progress": progress.of_round(round),
        "sections": round.phase.sections.in_use().coded().count(),
        "refusal": refusal,
    }
    return answer(request, "rounds/close-round.html", context, refused=bool(refusal))


@require_http_methods(["GET", "POST"])
def reopen_round(request, slug, round):
    membership, round = round_to_lead(request.user, slug, round)
    form = ReopenForm(posted(request))
    if form.is_valid():
        given_back = carried_out(
            form, lifecycle.reopen_round, round, by=request.user, **form.cleaned_data
        )
        if given_back is not None:
            whose = "its reviewer" if given_back == 1 else "their reviewers"
            text = f"“{round}” is open again; {counted(given_back, 'papers')} went back to {whose}."
            messages.success(request, text)
            return redirect("round", slug, round.pk)
    context = {"membership": membership, "round": round, "form": form}
    return answer(request, "rounds/reopen-round.html", context, refused=form.is_bound)
