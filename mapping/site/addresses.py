"""Public URLs, for every link that leaves its page: the host of a request cannot be trusted."""

from django.conf import settings


def public(path):
    return f"{settings.PUBLIC_URL}{path}"
