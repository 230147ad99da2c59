"""Everything is closed by default, and a session that ended costs nobody what they typed."""

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import JsonResponse
from django.shortcuts import render
from django.urls import reverse


class SignedInMiddleware(LoginRequiredMiddleware):
    """Signed out: a page leads to the sign-in, a part of a page gets 401, a posted form is kept while one signs in."""

    def handle_no_permission(self, request, view_func):
        if is_part(request):
            # A redirect would put the sign-in page where a fragment belongs, or look like success to a script.
            return signed_out(request)
        if request.method == "POST":
            return keep(request)
        return super().handle_no_permission(request, view_func)


def is_part(request):
    """Asked for by htmx or a script, not by a browser going to a page."""
    if request.htmx:
        return not request.htmx.boosted and not request.htmx.history_restore_request
    mode = request.headers.get("Sec-Fetch-Mode", "navigate")
    return mode != "navigate" or wants_json(request) or request.headers.get("X-Requested-With") == "XMLHttpRequest"


def wants_json(request):
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def signed_out(request):
    if wants_json(request):
        said = {"error": "signed-out", "message": "You are signed out: sign in again.", "sign_in": reverse("sign-in")}
        answer = JsonResponse(said, status=401)
    else:
        answer = render(request, "_signed-out.html", {"url": reverse("sign-in")}, status=401)
    answer["WWW-Authenticate"] = 'Session realm="Concord"'
    answer["Cache-Control"] = "no-store"
    return answer


def keep(request):
    """The sign-in page, carrying what was posted; `SignIn` hands it back to be sent once more."""
    from mapping.people_forms import SignInForm

    posted = request.POST.copy()
    posted.pop("csrfmiddlewaretoken", None)
    for name in [name for name in posted if "password" in name]:
        del posted[name]
    facts = {
        "form": SignInForm(request),
        "next": request.get_full_path(),
        "kept": posted.urlencode(),
        "has_files": bool(request.FILES),
        "is_expired": True,
    }
    answer = render(request, "sign-in.html", facts, status=401)
    answer["WWW-Authenticate"] = 'Session realm="Concord"'
    return answer
