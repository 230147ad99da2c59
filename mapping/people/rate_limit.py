"""Rate limits, counted in the database: all processes share them, and restarts do not reset
them.
"""

from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone

from mapping.models import Attempt, User


class Limit(NamedTuple):
    name: str
    most: int
    minutes: int


# An account is closed only to the address that tried: otherwise anybody could lock anybody out.
SIGN_IN = Limit("sign-in", 10, 15)
SIGN_IN_FROM = Limit("sign-in-from", 100, 15)
PASSWORD_MAIL = Limit("password-mail", 5, 60)
PASSWORD_MAIL_FROM = Limit("password-mail-from", 50, 60)
# Somebody signed in is asked for their password again: whoever sits at an open page may be somebody
# else.
PASSWORD = Limit("password", 10, 15)
INVITATION_MAIL = Limit("invitation-mail", 50, 60)
LONGEST = timedelta(hours=1)


def is_reached(limit: Limit, *what: object) -> bool:
    since = timezone.now() - timedelta(minutes=limit.minutes)
    return Attempt.objects.filter(key=digest(limit, what), at__gt=since).count() >= limit.most


def count(limit: Limit, *what: object) -> None:
    Attempt.objects.filter(at__lt=timezone.now() - LONGEST).delete()
    Attempt.objects.create(key=digest(limit, what))


def forget(limit: Limit, *what: object) -> None:
    Attempt.objects.filter(key=digest(limit, what)).delete()


def account(pk: int) -> tuple[str, int]:
    """The key of an account, whichever of its names is typed; a typed name never equals an
    account's number.
    """
    return ("account", pk)


def has_password(user: User, password: str) -> bool:
    """Whether this is the user's password; ValidationError after too many wrong ones."""
    if is_reached(PASSWORD, user.pk):
        raise ValidationError(
            "Too many wrong passwords. Wait a quarter of an hour.", code="too_often"
        )
    if user.check_password(password):
        forget(PASSWORD, user.pk)
        return True
    count(PASSWORD, user.pk)
    return False


def digest(limit: Limit, what: Iterable[object]) -> str:
    words = [limit.name, *(str(word).strip().casefold() for word in what)]
    return sha256("\0".join(words).encode()).hexdigest()


def address_of(request: HttpRequest) -> str:
    """The client's IP address; for IPv6 its network, since one machine may use any address of its
    own.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.IS_BEHIND_PROXY:
        # Only the last entry is the proxy's own; the ones before it are whatever the client wrote.
        address = request.headers.get("X-Forwarded-For", address).split(",")[-1].strip()
    try:
        is_long = ip_address(address).version == 6
    except ValueError:
        return address
    return str(ip_network(f"{address}/64", strict=False)) if is_long else address
