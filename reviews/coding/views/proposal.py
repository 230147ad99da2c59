"""Proposing a code where none fits: beside the form with script, on a page of its own without."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mapping.models import Code, Section
from mapping.parsers.labels import near_codes
from mapping.site.answers import answer, posted
from mapping.site.numbers import is_id
from reviews import access
from reviews.coding import drafts
from reviews.coding.forms import ProposalForm
from reviews.coding.views.section import wants_json
from reviews.coding.views.summary import summary_url


def section_of(assignment, asked):
    phase = assignment.round.phase_id if assignment else None
    sections = Section.objects.in_use().with_codes().filter(phase=phase)
    section = get_object_or_404(sections, key=asked)
    section.study = assignment.round.study
    return section


@require_http_methods(["GET", "HEAD", "POST"])
def propose(request, slug, key):
    membership, paper, assignment = access.assignment_to_code(
        request.user,
        slug,
        key,
        pk=request.POST.get("assignment"),
        phase=request.GET.get("phase", ""),
    )
    asked = request.POST.get("section") or request.GET.get("section", "")
    if not asked:
        return redirect("summary", slug, paper.key)
    section = section_of(assignment, asked)
    form = ProposalForm(posted(request))
    if form.is_valid():
        try:
            code = drafts.propose_code(section, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error("label", error)
        else:
            return proposed(request, assignment, code)
    if form.errors and wants_json(request):
        return JsonResponse({"errors": form.errors}, status=422)
    near = alike(request.user, section, form.data.get("label", "")) if form.is_bound else []
    own = Code.objects.proposed().filter(section=section, proposed_by=request.user)
    facts = {
        "membership": membership,
        "paper": paper,
        "section": section,
        "form": form,
        "near": near,
        "own": own,
    }
    facts |= {"assignment": assignment, "back": summary_url(assignment)}
    return answer(request, "coding/proposal.html", facts, refused=form.is_bound)


def proposed(request, assignment, code):
    """The answer to a proposal that was taken: the code for the script beside the form, else the
    form.
    """
    if wants_json(request):
        facts = {"pk": code.pk, "label": code.label, "definition": code.definition}
        return JsonResponse(facts, status=201)
    messages.success(
        request, f"“{code}” is proposed. You can choose it at once; a lead will decide on it."
    )
    return redirect(f"{summary_url(assignment)}#s-{code.section.key}")


@require_safe
def near(request, slug, key):
    """The codes that say nearly the same as what is being typed: of those this person may
    know of.
    """
    _, _, assignment = access.assignment_to_code(request.user, slug, key)
    asked, label = request.GET.get("section"), request.GET.get("label", "")
    found = alike(request.user, section_of(assignment, asked), label) if asked else []
    return render(request, "codebook/_near.html", {"near": found})


def alike(user, section, label):
    usable = {code.label: code for code in Code.objects.usable_by(user, section)}
    return [usable[found] for found, _ in near_codes(label, list(usable))]


@require_POST
def withdraw_proposal(request, slug, key):
    membership, paper, _ = access.assignment_to_code(request.user, slug, key)
    own = Code.objects.filter(section__study=membership.study, proposed_by=request.user)
    own = own.select_related("section")
    pk = request.POST.get("code", "")
    code = own.filter(pk=pk if is_id(pk) else 0).first()
    if code is None:
        messages.error(request, "There is no proposal of yours to take back.")
        return redirect("summary", slug, paper.key)
    try:
        drafts.withdraw_proposal(code, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"“{code}” is no longer proposed.")
    return redirect(f"{reverse('summary', args=[slug, paper.key])}#s-{code.section.key}")
