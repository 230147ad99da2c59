"""Error pages for requests that Django refuses before any view, and for errors of views."""

import sys

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.shortcuts import render
from django.views import defaults

from mapping.site import database_away
from mapping.site.requests import typed_fields


def csrf_failure(request, reason=""):
    """403: the form was too old, or cookies are off. What was typed is shown to be copied; sending
    it on would bypass the check.
    """
    typed = [(name, value) for name, value in typed_fields(request) if value.strip()]
    facts = {"typed": typed, "has_no_cookies": not request.COOKIES}
    return render(request, "403_csrf.html", facts, status=403)


def bad_request(request, exception):
    too_large = isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent)
    facts = {"too_large": too_large, "megabytes": settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20}
    return render(request, "400.html", facts, status=413 if too_large else 400)


def server_error(request):
    """500, or 503 while the database is down."""
    error = sys.exc_info()[1]
    return (
        database_away.answer(request, error)
        if database_away.is_away(error)
        else defaults.server_error(request)
    )
