"""Access tokens: a member's scripts read what the member may read, in one study, until the token is revoked."""

import hashlib
import secrets

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from mapping.models import ApiToken, LogEntry, Membership

PREFIX = "concord_"
MOST = 20


def digest_of(secret):
    # The secret is 256 random bits: a plain digest cannot be guessed back, and is quick enough for every request.
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def grant(membership, *, label):
    """Returns `(ApiToken, secret)`; the secret is kept nowhere and can be shown this once alone."""
    # Two at once must not both be the last that is allowed.
    membership = (
        Membership.objects.select_for_update(of=("self",)).select_related("study", "user").get(pk=membership.pk)
    )
    label = " ".join(label.split())
    if not label:
        raise ValidationError("Say what the token is for: you will know by it which one to revoke.")
    if len(label) > 100:
        raise ValidationError("That is longer than 100 characters.")
    if membership.api_tokens.filter(revoked_at=None).count() >= MOST:
        raise ValidationError(f"You have {MOST} tokens in this study: revoke one first.")
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(membership=membership, label=label, digest=digest_of(secret))
    text = f"{membership.user} made an access token: {label}."
    LogEntry.objects.record(membership.study, membership.user, "make-token", text)
    return token, secret


@transaction.atomic
def revoke(token):
    """Compare and swap: of two at once the second changes nothing."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        member = token.membership
        text = f"{member.user} revoked an access token: {token.label}."
        LogEntry.objects.record(member.study, member.user, "revoke-token", text)


def member_with(secret):
    """Whose token this is, while both are in force; else None."""
    token = (
        ApiToken.objects.filter(
            digest=digest_of(secret), revoked_at=None, membership__in=Membership.objects.active()
        )
        .select_related("membership__user", "membership__study")
        .first()
    )  # fmt: skip
    if token is None:
        return None
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=timezone.now())
    return token.membership
