"""API tokens: a member's scripts read what the member may read, in one study, until the token
ends.
"""

import hashlib
import secrets
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from mapping.models import ApiToken, LogEntry, Membership

PREFIX = "concord_"
MOST = 20


def digest_of(secret: str) -> str:
    # The secret is 256 random bits: a plain digest cannot be guessed back, and is quick enough for
    # every request.
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def grant(
    membership: Membership, *, label: str, ends_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Returns `(ApiToken, secret)`. The secret is not stored, and can be shown only now.

    By default the token ends after ninety days.
    """
    # Two at once must not both be the last that is allowed.
    membership = (
        Membership.objects.select_for_update(of=("self",))
        .select_related("study", "user")
        .get(pk=membership.pk)
    )
    label = " ".join(label.split())
    if not label:
        raise ValidationError("Say what the token is for: you will know by it which one to revoke.")
    if len(label) > 100:
        raise ValidationError("That is longer than 100 characters.")
    ends_at = ends_at or timezone.now() + ApiToken.GOOD_FOR
    if not timezone.now() < ends_at <= timezone.now() + ApiToken.AT_MOST:
        raise ValidationError("A token ends after today, and within a year.")
    if membership.api_tokens.in_force().count() >= MOST:
        raise ValidationError(f"You have {MOST} tokens in this study: revoke one first.")
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        membership=membership, label=label, digest=digest_of(secret), ends_at=ends_at
    )
    text = f"{membership.user} made an access token until {timezone.localdate(ends_at)}: {label}."
    LogEntry.objects.record(membership.study, membership.user, "make-token", text)
    return token, secret


def member_with(secret: str) -> Membership | None:
    """The membership of this token, if both are in force; else None."""
    token = (
        ApiToken.objects.in_force()
        .filter(digest=digest_of(secret))
        .select_related("membership__user", "membership__study")
        .first()
    )
    if token is None:
        return None
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=timezone.now())
    return token.membership
