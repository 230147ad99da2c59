"""Invitations into a study, by signed links: making, ending, mailing and accepting them."""

from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from mapping.models import Invitation, LogEntry, Membership, Study, User
from mapping.people.membership import lock_team, require_lead
from mapping.site import mail as site_mail

RANK = [Membership.Role.OBSERVER, Membership.Role.REVIEWER, Membership.Role.LEAD]


class NotInvited(ValidationError):
    """The link does not lead into the study, or no longer does."""


def invitation_behind(token: str) -> Invitation | None:
    """The invitation of this link; None where the signature is not ours."""
    try:
        number = Invitation.SIGNER.unsign(token)
    except BadSignature:
        return None
    return (
        Invitation.objects.select_related("study", "invited_by", "accepted_by", "claims")
        .filter(pk=number)
        .first()
    )


def claimable_in(study: Study) -> QuerySet[User]:
    """Members without login who are in this study alone: its leads may hand their accounts over."""
    without_login = User.objects.without_password().filter(
        memberships__study=study,
        memberships__deactivated_at=None,
        email="",
        is_active=True,
        is_staff=False,
        is_superuser=False,
        last_login=None,
    )
    elsewhere = Membership.objects.exclude(study=study).values("user")
    return without_login.exclude(pk__in=elsewhere)


@transaction.atomic
def invite(
    study: Study, *, role: str, by: User, email: str = "", claims: User | None = None
) -> Invitation:
    """Make an invitation; `claims` is the account without login that it hands over."""
    study = lock_team(study)
    require_lead(study, by)
    if claims and not claimable_in(study).filter(pk=claims.pk).exists():
        raise ValidationError(
            f"{claims} has a login or belongs to another study too: their account cannot be handed "
            "over."
        )
    invitation = Invitation.objects.create(
        study=study, role=role, email=email, invited_by=by, claims=claims
    )
    whom = f" to take over the account of {claims}" if claims else f" ({email})" if email else ""
    LogEntry.objects.record(
        study,
        by,
        "invite",
        f"{by} invited somebody as {role}{whom}.",
        role=role,
        invitation=invitation.pk,
    )
    return invitation


def change_open(invitation: Invitation, by: User, otherwise: str, **changes: datetime) -> Study:
    """Change an invitation that is still open; returns its study, locked. `otherwise` ends the
    refusal of one that is not.
    """
    study = lock_team(invitation.study)
    require_lead(study, by)
    still_open = Invitation.objects.open().filter(pk=invitation.pk, study=study)
    if not still_open.update(**changes):
        raise ValidationError(f"This invitation was accepted or revoked in the meantime{otherwise}")
    return study


@transaction.atomic
def revoke(invitation: Invitation, *, by: User) -> None:
    """End an open invitation: its link no longer works."""
    study = change_open(invitation, by, ", so nothing was changed.", revoked_at=timezone.now())
    LogEntry.objects.record(
        study,
        by,
        "revoke-invitation",
        f"{by} revoked the invitation as {invitation.role}.",
        invitation=invitation.pk,
    )


@transaction.atomic
def renew(invitation: Invitation, *, by: User) -> Invitation:
    """Make the link valid for another fourteen days."""
    study = change_open(invitation, by, ": make a new one.", invited_at=timezone.now())
    LogEntry.objects.record(
        study,
        by,
        "renew-invitation",
        f"{by} renewed the invitation as {invitation.role}.",
        invitation=invitation.pk,
    )
    invitation.refresh_from_db()
    return invitation


def mail(invitation: Invitation) -> None:
    """Send the link; raises OSError where the mail server refuses."""
    site_mail.send(
        "invitation",
        invitation.email,
        {"invitation": invitation, "study": invitation.study},
        path=invitation.get_absolute_url(),
        reply_to=invitation.invited_by.email,
    )


@transaction.atomic
def accept(invitation: Invitation, *, user: User) -> Membership:
    """Join with an existing account. Accepting twice is joining once."""
    study = lock_team(invitation.study)
    invitation = Invitation.objects.select_related("claims").get(pk=invitation.pk)
    if invitation.accepted_by_id == user.pk:
        return Membership.objects.get(study=study, user=user)
    require_good(invitation)
    if invitation.claims_id:
        raise NotInvited(
            f"This link hands over the account {invitation.claims.username}; yours stays as it is."
        )
    require_address(invitation, user.email)
    return enter(invitation, study, user)


@transaction.atomic
def accept_as_newcomer(
    invitation: Invitation, *, name: str, email: str, password: str, username: str = ""
) -> Membership:
    """Join with a new account, or with the claimed one under its own user name."""
    study = lock_team(invitation.study)
    invitation = Invitation.objects.select_related("claims").get(pk=invitation.pk)
    require_good(invitation)
    require_address(invitation, email)
    if invitation.claims_id:
        user = claimable_in(study).filter(pk=invitation.claims_id).first()
        if user is None:
            raise NotInvited(
                "The account behind this link has a login by now. Ask a lead for a new invitation."
            )
        user.name, user.email = name, email
    else:
        user = User(username=username, name=name, email=email)
    validate_password(password, user)
    user.set_password(password)
    # A user name that came with a file may hold what a typed one may not.
    user.full_clean(exclude=["username"] if invitation.claims_id else None)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        # Somebody took the user name or the e-mail between the check and the row.
        raise ValidationError(
            "This user name or e-mail address was taken a moment ago. Choose another."
        ) from error
    return enter(invitation, study, user)


def require_address(invitation: Invitation, email: str) -> None:
    """NotInvited unless the link was made for this address, or for none."""
    if invitation.email and invitation.email.casefold() != email.casefold():
        raise NotInvited(
            f"This invitation was made for {invitation.email}: sign in with the account of that "
            f"address, or ask {invitation.invited_by} for a link without an address."
        )


def require_good(invitation: Invitation) -> None:
    if invitation.state != "open":
        raise NotInvited(f"This invitation is {invitation.state}.", code=invitation.state)


def enter(invitation: Invitation, study: Study, user: User) -> Membership:
    """Make or update the membership. Under the team's lock: a second acceptance waits, and finds
    the first.
    """
    membership, is_new = Membership.objects.get_or_create(
        study=study, user=user, defaults={"role": invitation.role}
    )
    left = membership.deactivated_at
    if left and left > invitation.invited_at:
        raise NotInvited(
            "You were taken off this study after this invitation was made. Ask a lead for a new "
            "one."
        )
    if left or RANK.index(invitation.role) > RANK.index(membership.role):
        # An invitation opens and raises; it never lowers a role.
        membership.role = max(invitation.role, membership.role, key=RANK.index)
        membership.deactivated_at = None
        membership.save(update_fields=["role", "deactivated_at"])
    Invitation.objects.filter(pk=invitation.pk).update(accepted_by=user, accepted_at=timezone.now())
    text = (
        f"{user} joined as {membership.role}."
        if is_new
        else f"{user} accepted an invitation and is {membership.role}."
    )
    LogEntry.objects.record(
        study,
        user,
        "join",
        text,
        user=user.username,
        role=membership.role,
        invitation=invitation.pk,
    )
    return membership
