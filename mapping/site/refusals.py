"""What a request gets that Django refuses before any view: a wrong token, too much of something, a
database away.
"""

import sys

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.shortcuts import render
from django.views import defaults

from mapping.site import database_away
from mapping.site.requests import typed_fields


def csrf_failure(request, reason=""):
    """The form was too old, or cookies are off. What was typed is shown to copy: sending it on
    would foil the check.
    """
    typed = [(name, value) for name, value in typed_fields(request) if value.strip()]
    facts = {"typed": typed, "has_no_cookies": not request.COOKIES}
    return render(request, "403_csrf.html", facts, status=403)


def bad_request(request, exception):
    too_large = isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent)
    facts = {"too_large": too_large, "megabytes": settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20}
    return render(request, "400.html", facts, status=413 if too_large else 400)


def server_error(request):
    """Also where the database is away for a moment: that is no fault, and nothing is lost by it."""
    error = sys.exc_info()[1]
    return (
        database_away.answer(request, error)
        if database_away.is_away(error)
        else defaults.server_error(request)
    )
