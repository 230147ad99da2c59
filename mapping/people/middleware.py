"""Sign-in is required by default; an expired session loses nothing that was typed."""

from urllib.parse import urlencode

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import JsonResponse
from django.shortcuts import render
from django.urls import reverse

from mapping.people.forms import SignInForm
from mapping.site.requests import is_part, typed_fields, wants_json


class SignedInMiddleware(LoginRequiredMiddleware):
    """Signed out, a page redirects to the sign-in, a fragment gets 401, and a posted form is kept
    until one is signed in again.
    """

    def handle_no_permission(self, request, view_func):
        if is_part(request):
            # A redirect would put the sign-in page where a fragment belongs, or look like success
            # to a script.
            return signed_out(request)
        if request.method == "POST":
            return keep(request)
        return super().handle_no_permission(request, view_func)


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


def keep(request):
    """The sign-in page with the posted form in it; `SignIn` sends it again afterwards."""
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
