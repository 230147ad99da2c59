"""The address that people use, wherever a link leaves the page it was made for: a request may name
any host.
"""

from django.conf import settings


def public(path):
    return f"{settings.PUBLIC_URL}{path}"
