"""The team page: members and invitations of a study."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_safe

from mapping import access
from mapping.models import Membership
from mapping.people import invitations as people_invitations
from mapping.people import membership as people_membership
from mapping.people import rate_limit
from mapping.people.forms import InviteForm, RoleForm
from mapping.site.addresses import public
from mapping.site.answers import answer, posted

INVITATIONS_ON_A_PAGE = 25


@require_safe
def team(request, slug):
    return team_page(request, access.study_to_read(request.user, slug))


def team_page(request, membership, *, form=None, refused=False):
    study = membership.study
    facts = {
        "membership": membership,
        "members": study.memberships.active().select_related("user"),
        "former": study.memberships.exclude(pk__in=Membership.objects.active()).select_related(
            "user"
        ),
        "roles": Membership.Role.choices,
    }
    if membership.is_lead:
        facts["form"] = form or InviteForm(study=study)
        invitations = study.invitations.select_related("invited_by", "accepted_by", "claims")
        facts["page"] = Paginator(invitations, INVITATIONS_ON_A_PAGE).get_page(
            request.GET.get("page")
        )
        facts["invitations"] = [
            {"invitation": invitation, "link": public(invitation.get_absolute_url())}
            for invitation in facts["page"]
        ]
    return answer(request, "people/team.html", facts, refused=refused)


@require_http_methods(["GET", "POST"])
def invite(request, slug):
    membership = access.study_to_lead(request.user, slug)
    study = membership.study
    form = InviteForm(posted(request), study=study)
    if form.is_valid():
        facts = form.cleaned_data
        try:
            invitation = people_invitations.invite(
                study,
                role=facts["role"],
                email=facts["email"],
                claims=facts.get("claims"),
                by=request.user,
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(
                request, "The invitation is made: its link is in the list of invitations."
            )
            mail(request, invitation)
            return redirect("team", slug)
    if not form.is_bound:
        return redirect("team", slug)
    return team_page(request, membership, form=form, refused=True)


def mail(request, invitation):
    """Mail the link where an address was given, and tell whether it could be sent."""
    if not invitation.email:
        return
    if rate_limit.is_reached(rate_limit.INVITATION_MAIL, request.user.pk):
        messages.warning(
            request, "No mail was sent: you sent many within an hour. Copy the link instead."
        )
        return
    rate_limit.count(rate_limit.INVITATION_MAIL, request.user.pk)
    try:
        people_invitations.mail(invitation)
    except OSError:
        messages.warning(
            request, f"The mail to {invitation.email} could not be sent. Copy the link instead."
        )
    else:
        messages.success(request, f"The link was mailed to {invitation.email}.")


@require_http_methods(["GET", "POST"])
def revoke(request, slug, invitation):
    lead = access.study_to_lead(request.user, slug)
    invitation = get_object_or_404(lead.study.invitations, pk=invitation)
    return act(
        request,
        lead,
        lambda: people_invitations.revoke(invitation, by=request.user),
        "The link no longer works.",
    )


@require_http_methods(["GET", "POST"])
def renew(request, slug, invitation):
    lead = access.study_to_lead(request.user, slug)
    invitation = get_object_or_404(
        lead.study.invitations.select_related("study", "invited_by"), pk=invitation
    )

    def renewed():
        mail(request, people_invitations.renew(invitation, by=request.user))

    return act(request, lead, renewed, "The link works for another fourteen days.")


def member_of(study, pk):
    """Anybody's membership of this study, by its id."""
    return get_object_or_404(study.memberships.select_related("user", "study"), pk=pk)


@require_http_methods(["GET", "POST"])
def role(request, slug, member):
    lead = access.study_to_lead(request.user, slug)
    membership = member_of(lead.study, member)
    form = RoleForm(posted(request), instance=membership)
    if form.is_bound and not form.is_valid():
        messages.error(request, "Choose one of the roles lead, reviewer, observer.")
        return team_page(request, lead, refused=True)
    wanted = form.cleaned_data["role"] if form.is_bound else membership.role
    done = f"{membership.user} is now {wanted}."
    return act(
        request,
        lead,
        lambda: people_membership.change_role(membership, role=wanted, by=request.user),
        done,
    )


@require_http_methods(["GET", "POST"])
def deactivate(request, slug, member):
    lead = access.study_to_lead(request.user, slug)
    membership = member_of(lead.study, member)
    done = f"{membership.user} can no longer enter this study. Their work stays."
    return act(
        request, lead, lambda: people_membership.deactivate(membership, by=request.user), done
    )


@require_http_methods(["GET", "POST"])
def reactivate(request, slug, member):
    lead = access.study_to_lead(request.user, slug)
    membership = member_of(lead.study, member)
    done = f"{membership.user} is back as {membership.role}."
    return act(
        request, lead, lambda: people_membership.reactivate(membership, by=request.user), done
    )


def act(request, lead, do, done):
    """Carry out the act on POST and go back to the team; a GET, after signing in again, does
    nothing.
    """
    if request.method == "POST":
        try:
            do()
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return team_page(request, lead, refused=True)
        messages.success(request, done)
        if not people_membership.is_member(lead.study, request.user):
            return redirect("home")
    return redirect("team", lead.study.slug)
