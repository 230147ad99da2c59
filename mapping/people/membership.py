"""Signing in, and one's part in a study: roles, leaving, coming back. `invitations.py` lets in."""

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from mapping.models import LogEntry, Membership, Study, User


class NameOrEmailBackend(ModelBackend):
    """Sign in with user name or e-mail address."""

    def authenticate(self, request, username=None, password=None, **kwargs):
        if not username or password is None:
            return None
        candidates = list(User.objects.known_as(username))
        for user in candidates:
            if user.check_password(password) and self.user_can_authenticate(user):
                return user
        if not candidates:
            # takes as long as a check, so that the time does not tell who exists
            User().set_password(password)
        return None


def lock_team(study: Study) -> Study:
    """Lock the study: every change to a team does this first, since two leads may demote each other
    at once.
    """
    return Study.objects.select_for_update(no_key=True).get(pk=study.pk)


@transaction.atomic
def change_role(membership: Membership, *, role: str, by: User) -> Membership:
    """Make a member lead, reviewer or observer; the last lead stays one."""
    study = lock_team(membership.study)
    require_lead(study, by)
    membership = Membership.objects.select_related("user").get(pk=membership.pk, study=study)
    if membership.role == role:
        return membership
    if role != Membership.Role.LEAD:
        require_another_lead(study, membership)
        revoke_invitations_by(membership)
    before, membership.role = membership.role, role
    membership.save(update_fields=["role"])
    LogEntry.objects.record(
        study,
        by,
        "change-role",
        f"{membership.user} is now {role}, was {before}.",
        user=membership.user.username,
        role=role,
        before=before,
    )
    return membership


@transaction.atomic
def deactivate(membership: Membership, *, by: User) -> Membership:
    """Close the study to a member. Their summaries, remarks and decisions stay, under their
    name.
    """
    study = lock_team(membership.study)
    require_lead(study, by)
    membership = Membership.objects.select_related("user").get(pk=membership.pk, study=study)
    if not membership.is_active:
        return membership
    require_another_lead(study, membership)
    revoke_invitations_by(membership)
    membership.deactivated_at = timezone.now()
    membership.save(update_fields=["deactivated_at"])
    LogEntry.objects.record(
        study,
        by,
        "deactivate-member",
        f"{membership.user} was deactivated.",
        user=membership.user.username,
    )
    return membership


@transaction.atomic
def reactivate(membership: Membership, *, by: User) -> Membership:
    """Open the study again to a deactivated member, in the role they had."""
    study = lock_team(membership.study)
    require_lead(study, by)
    membership = Membership.objects.select_related("user").get(pk=membership.pk, study=study)
    if membership.is_active:
        return membership
    membership.deactivated_at = None
    membership.save(update_fields=["deactivated_at"])
    LogEntry.objects.record(
        study,
        by,
        "reactivate-member",
        f"{membership.user} is back as {membership.role}.",
        user=membership.user.username,
        role=membership.role,
    )
    return membership


def require_lead(study: Study, by: User) -> None:
    # The door looked before the lock; meanwhile the other lead may have been quicker.
    if not Membership.objects.leads().filter(study=study, user=by).exists():
        raise ValidationError("You are no longer a lead of this study, so nothing was changed.")


def require_another_lead(study: Study, membership: Membership) -> None:
    others = Membership.objects.leads().filter(study=study).exclude(pk=membership.pk)
    if membership.is_lead and membership.is_active and not others.exists():
        raise ValidationError(
            f"{membership.user} is the only active lead. Make somebody else a lead first: a study "
            "needs one."
        )


def revoke_invitations_by(membership: Membership) -> None:
    # A lead who leaves must not come back by a link they kept.
    membership.study.invitations.open().filter(invited_by=membership.user).update(
        revoked_at=timezone.now()
    )


def is_member(study: Study, user: User) -> bool:
    return Membership.objects.active().filter(study=study, user=user).exists()
