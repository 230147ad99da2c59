"""Middleware: nothing is cached outside the server, and values that no column can hold are
refused.
"""

from django.db import DatabaseError
from django.urls import get_resolver

# What PostgreSQL answers to a text or a number that it cannot keep, by SQLSTATE.
UNFIT_STATES = {"22021", "22P05", "22003", "54000"}


class NotStored:
    """Adds `Cache-Control: no-store`: the next person at the machine may be somebody else."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        reply = self.get_response(request)
        if "no-store" not in reply.get("Cache-Control", ""):
            reply["Cache-Control"] = "private, no-store"
        return reply


class WholeText:
    """400 for texts and numbers that PostgreSQL cannot hold: NUL, half of a surrogate pair, numbers
    out of range. The doors have better messages where they can; this is the last resort.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if is_unfit(exception):
            return get_resolver().resolve_error_handler(400)(request, exception)
        return None


def is_unfit(exception):
    if isinstance(exception, UnicodeEncodeError):
        return exception.reason == "surrogates not allowed"
    if not isinstance(exception, DatabaseError):
        return False
    return "NUL" in str(exception) or getattr(exception.__cause__, "sqlstate", None) in UNFIT_STATES
