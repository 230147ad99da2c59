"""Everything is closed by default; a session that ended costs nobody what they typed; a NUL is
refused.
"""

from urllib.parse import urlencode

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.db import DatabaseError
from django.http import JsonResponse
from django.shortcuts import render
from django.urls import get_resolver, reverse


class SignedInMiddleware(LoginRequiredMiddleware):
    """Signed out: a page leads to the sign-in, a part of a page gets 401, a posted form is kept
    while one signs in.
    """

    def handle_no_permission(self, request, view_func):
        if is_part(request):
            # A redirect would put the sign-in page where a fragment belongs, or look like success
            # to a script.
            return signed_out(request)
        if request.method == "POST":
            return keep(request)
        return super().handle_no_permission(request, view_func)


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


def is_part(request):
    """Asked for by htmx or a script, not by a browser going to a page."""
    if request.htmx:
        return not request.htmx.boosted and not request.htmx.history_restore_request
    mode = request.headers.get("Sec-Fetch-Mode", "navigate")
    return (
        mode != "navigate"
        or wants_json(request)
        or request.headers.get("X-Requested-With") == "XMLHttpRequest"
    )


def wants_json(request):
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def signed_out(request):
    if wants_json(request):
        said = {
            "error": "signed-out",
            "message": "You are signed out: sign in again.",
            "sign_in": reverse("sign-in"),
        }
        answer = JsonResponse(said, status=401)
    else:
        answer = render(request, "people/_signed-out.html", {"url": reverse("sign-in")}, status=401)
    answer["WWW-Authenticate"] = 'Session realm="Concord"'
    answer["Cache-Control"] = "no-store"
    return answer


def typed_fields(request):
    """What was posted, as [(name, value)], but for the form's token and passwords: no page repeats
    those.
    """
    return [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken" and "password" not in name
    ]


def keep(request):
    """The sign-in page, carrying what was posted; `SignIn` hands it back to be sent once more."""
    from mapping.people.forms import SignInForm

    facts = {
        "form": SignInForm(request),
        "next": request.get_full_path(),
        "kept": urlencode(typed_fields(request)),
        "has_files": bool(request.FILES),
        "is_expired": True,
    }
    answer = render(request, "people/sign-in.html", facts, status=401)
    answer["WWW-Authenticate"] = 'Session realm="Concord"'
    return answer
