"""Deactivating a member, or making them an observer: with a preview where that leaves work
behind.
"""

from functools import partial

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from mapping import access
from mapping.models import Membership
from mapping.people import membership as people_membership
from mapping.people.views import team
from mapping.site.answers import answer
from mapping.site.plurals import noun_for
from reviews.rounds import departures
from reviews.rounds.forms import DepartureForm
from reviews.rounds.hand_out_plan import PlanChanged


@require_http_methods(["GET", "POST"])
def deactivate(request, slug, member):
    lead, membership = member_to_lead(request, slug, member)
    if not departures.open_work(membership).exists():
        return team.deactivate(request, slug, member)
    change = partial(people_membership.deactivate, membership, by=request.user)
    return departure_page(request, lead, membership, change)


@require_http_methods(["GET", "POST"])
def role(request, slug, member):
    lead, membership = member_to_lead(request, slug, member)
    wanted, observer = request.POST.get("role"), Membership.Role.OBSERVER
    if wanted != observer or not departures.open_work(membership).exists():
        return team.role(request, slug, member)
    change = partial(people_membership.change_role, membership, role=observer, by=request.user)
    return departure_page(request, lead, membership, change, role=observer)


def member_to_lead(request, slug, member):
    """`(membership of the lead, membership of whoever shall leave)`"""
    lead = access.study_to_lead(request.user, slug)
    return lead, team.member_of(lead.study, member)


def departure_page(request, lead, membership, change, *, role=""):
    """Show what the departure would do; a post with the fingerprint of what was shown does it."""
    # A button of the team page says only who is meant; the form of the preview always has a seed.
    posted = request.POST if "seed" in request.POST else None
    form = DepartureForm(posted, study=lead.study, person=membership.user)
    departure = None
    try:
        if form.is_valid() and request.POST.get("expected"):
            wishes = form.wishes | {"by": request.user, "reason": form.cleaned_data["reason"]}
            departure = departures.depart(
                membership, change=change, expected=request.POST["expected"], **wishes
            )
            return redirect_after(request, membership, departure, role)
        if not form.errors:
            departure = departures.preview(membership, **form.wishes)
    except PlanChanged as changed:
        form.add_error(None, str(changed))
        departure = changed.proposal
    except ValidationError as error:
        form.add_error(None, ValidationError(error.messages))
    context = {"membership": lead, "member": membership, "form": form, "departure": departure}
    context["role"] = role
    return answer(request, "rounds/departure.html", context, refused=bool(form.errors))


def redirect_after(request, membership, departure, role):
    change = f"is now {role}" if role else "can no longer enter this study"
    open_papers = f"{departure.papers} open {noun_for(departure.papers, 'papers')}"
    handed_over = (
        f"{departure.handed_over} of {open_papers} went to others; what"
        if departure.papers
        else "What"
    )
    messages.success(request, f"{membership.user} {change}. {handed_over} was submitted stays.")
    if people_membership.is_member(membership.study, request.user):
        return redirect("team", membership.study.slug)
    return redirect("home")
