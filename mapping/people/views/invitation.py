"""The page behind an invitation's link, to join with or without an account."""

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from mapping.models import Membership
from mapping.people.forms import NewcomerForm
from mapping.people.invitations import (
    NotInvited,
    accept,
    accept_as_newcomer,
    invitation_behind,
    require_address,
)
from mapping.people.views.account import sign_in_for
from mapping.site.answers import answer, posted


@login_not_required
@require_http_methods(["GET", "POST"])
def invitation(request, token):
    found = invitation_behind(token)
    if found is None:
        return refused(request, None, "broken", 404)
    if request.user.is_authenticated:
        return join(request, found)
    if found.state != "open":
        return refused(request, found, found.state)
    form = NewcomerForm(posted(request), invitation=found)
    if form.is_valid():
        try:
            membership = accept_as_newcomer(found, **form.cleaned_data)
        except NotInvited as error:
            return refused(request, found, error.code or "taken", reason=error.messages[0])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            login(request, membership.user, backend="mapping.people.membership.NameOrEmailBackend")
            messages.success(request, f"Welcome, {membership.user}. {joined_as(membership)}")
            return redirect(found.study)
    facts = {"invitation": found, "form": form, "sign_in": sign_in_for(request.path)}
    return answer(request, "people/invitation.html", facts, refused=form.is_bound)


def joined_as(membership):
    article = "an" if membership.role == Membership.Role.OBSERVER else "a"
    return f"You are {article} {membership.role} of this study."


def join(request, found):
    """Join with the account one is signed in to. Only by POST: mail programs open links by
    themselves.
    """
    if found.accepted_by_id == request.user.pk:
        return redirect(found.study)
    if found.state != "open":
        return refused(request, found, found.state)
    try:
        require_address(found, request.user.email)
        membership = accept(found, user=request.user) if request.method == "POST" else None
    except NotInvited as error:
        return refused(request, found, error.code or "taken", reason=error.messages[0])
    if membership:
        messages.success(request, joined_as(membership))
        return redirect(found.study)
    return answer(request, "people/invitation.html", {"invitation": found, "form": None})


def refused(request, found, state, status=410, *, reason=""):
    facts = {"invitation": found, "state": state, "reason": reason}
    reply = answer(request, "people/invitation-refused.html", facts)
    reply.status_code = status
    return reply
