"""503 while the database is down or restarting, without losing what was typed."""

import logging

from django.db import InterfaceError, OperationalError, ProgrammingError
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string

from mapping.site.requests import is_part, typed_fields, wants_json

RETRY_AFTER = "3"
_MESSAGE = (
    "The database is away for a moment, and this last step was not carried out. Try again "
    "in a few seconds."
)
# Shutting down, crashed, starting, no place left for a connection; the class 08 is about
# connections alone.
_AWAY = {"57P01", "57P02", "57P03", "57P05", "53300"}
_logger = logging.getLogger("django.request")


def is_away(error):
    """Whether the error comes from a lost connection, and not from the query."""
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if says_so(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def says_so(error):
    if isinstance(error, ProgrammingError):
        # Django's word for a connection that was lost within a transaction.
        return "Cannot open a new connection in an atomic block" in str(error)
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    # Only the server names its errors; without a name it is the way to it that failed.
    name = getattr(error.__cause__, "sqlstate", None)
    return name is None or name in _AWAY or name.startswith("08")


def answer(request, error):
    """503 as HTML, JSON or a fragment, whichever was asked for. The page keeps a posted form, to be
    sent again.
    """
    _logger.warning(
        "The database is away: %s %s: %s",
        request.method,
        request.path,
        str(error).partition("\n")[0],
    )
    if wants_json(request):
        reply = JsonResponse({"error": "database-away", "message": _MESSAGE}, status=503)
    elif is_part(request):
        reply = HttpResponse(render_to_string("_503.html", {"message": _MESSAGE}), status=503)
    else:
        reply = HttpResponse(render_to_string("503.html", facts(request)), status=503)
    reply["Retry-After"] = RETRY_AFTER
    reply["Cache-Control"] = "private, no-store"
    # in one line, above: a stack trace for every request of an outage helps nobody
    reply._has_been_logged = True
    return reply


def facts(request):
    if request.method != "POST":
        return {"is_form": False, "refresh": RETRY_AFTER}
    # Sent once more with a token of ours: only what came with a good one.
    is_ours = getattr(request, "csrf_processing_done", False)
    return {
        "is_form": True,
        "url": request.get_full_path() if is_ours else "",
        "fields": [pair for pair in typed_fields(request) if is_ours or pair[1].strip()],
        "has_files": bool(request.FILES),
        "csrf_token": get_token(request) if is_ours else "",
    }
