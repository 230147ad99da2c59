"""No page is stored by anybody; a text or a number that no column can hold is refused."""

from django.db import DatabaseError
from django.urls import get_resolver

# What PostgreSQL answers to a text or a number that it cannot keep, by SQLSTATE.
UNFIT_STATES = {"22021", "22P05", "22003", "54000"}


class NotStored:
    """No browser and no proxy stores a page: the next person at the machine may be somebody
    else.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        reply = self.get_response(request)
        if "no-store" not in reply.get("Cache-Control", ""):
            reply["Cache-Control"] = "private, no-store"
        return reply


class WholeText:
    """PostgreSQL keeps no NUL in its texts, no half character, no number without end: who sends
    one, in an address or a form, is refused, and nothing is kept. The doors say it better where
    they can; this is the wall behind them."""

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
