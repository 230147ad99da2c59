"""Pages to sign in and out, and for one's own account."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_http_methods

from mapping.models import Membership
from mapping.people.forms import AccountForm, SignInForm
from mapping.site.answers import answer, posted


# Said again: `dispatch` is our own here, and the mark of LoginView does not pass on.
@method_decorator(login_not_required, name="dispatch")
class SignIn(LoginView):
    """The sign-in page; for htmx its partial, so that a page whose session ended can sign in in
    place.
    """

    template_name = "people/sign-in.html"
    authentication_form = SignInForm

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated and request.htmx:
            return signed_in()
        if request.user.is_authenticated and request.method == "GET":
            return redirect(self.get_success_url())
        return super().dispatch(request, *args, **kwargs)

    def get_redirect_url(self):
        """An address of this site, written from its root: Django also takes a single word, for the
        name of a page.
        """
        address = super().get_redirect_url()
        return address if address.startswith("/") else ""

    def get_initial(self):
        whose = self.request.GET.get("whose", "")
        return {"username": whose, "whose": whose}

    def get_context_data(self, **kwargs):
        facts = super().get_context_data(**kwargs)
        return {
            **facts,
            "kept": self.request.POST.get("kept", ""),
            "whose": self.request.GET.get("whose", ""),
        }

    def render_to_response(self, context, **kwargs):
        form = context["form"]
        reply = answer(self.request, self.template_name, context, refused=form.is_bound)
        if form.is_bound and form.is_limited:
            reply["Retry-After"] = "900"
            # htmx shows the content of a 422 and of no other refusal.
            reply.status_code = 422 if self.request.htmx else 429
        return reply

    def form_valid(self, form):
        login(self.request, form.get_user())
        kept = self.request.POST.get("kept")
        if self.request.htmx:
            return signed_in()
        if kept:
            return resume(self.request, self.get_success_url(), kept)
        return redirect(self.get_success_url())


def signed_in():
    reply = HttpResponse(status=204)
    reply["HX-Trigger"] = "signed-in"
    return reply


def resume(request, url, kept):
    """The form that was posted when the session had ended, to be sent again."""
    fields = [(name, value) for name, values in QueryDict(kept).lists() for value in values]
    return render(request, "people/sign-in-resume.html", {"url": url, "fields": fields})


@method_decorator(login_not_required, name="dispatch")
class SignOut(LogoutView):
    pass


@require_http_methods(["GET", "POST"])
def account(request):
    form = AccountForm(posted(request), instance=request.user)
    if form.is_valid():
        form.save()
        messages.success(request, "Your account is saved.")
        return redirect("account")
    if form.is_bound:
        # The bar at the top shows the person as they are, not as the refused form would have them.
        request.user.refresh_from_db()
    memberships = Membership.objects.active().filter(user=request.user).select_related("study")
    return answer(
        request,
        "people/account.html",
        {"form": form, "memberships": memberships},
        refused=form.is_bound,
    )


def sign_in_for(path):
    """The URL of the sign-in page that leads back to this one."""
    return f"{reverse('sign-in')}?{urlencode({'next': path})}"
