"""A GET of a POST-only URL leads to the page that has the button.

A form posted after the session had ended comes back from the sign-in as a GET, and people go to
what stands in their browser's history. A bare 405 helps neither.
"""

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import Resolver404, resolve

from mapping.site.requests import is_part


class PostOnlyMiddleware:
    """Redirects a person's GET of a POST-only URL to the nearest page above it."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        answer = self.get_response(request)
        if (
            answer.status_code != 405
            or request.method not in {"GET", "HEAD"}
            or not from_person(request)
        ):
            return answer
        messages.info(
            request, "That address acts only when its button is pressed. Nothing was changed."
        )
        return redirect(page_above(request.path_info))


def from_person(request):
    """Whether a browser asked for a page; scripts get the 405."""
    return "text/html" in request.headers.get("Accept", "") and not is_part(request)


def page_above(path):
    """The nearest URL above this one that exists; it may redirect further up."""
    while path != "/":
        path = path.rstrip("/").rpartition("/")[0] + "/"
        try:
            resolve(path)
        except Resolver404:
            continue
        return path
    return "/"
