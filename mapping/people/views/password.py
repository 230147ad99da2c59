"""Pages for a new password: by mail where it was forgotten, by the old one for whoever is signed
in.
"""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views
from django.shortcuts import redirect
from django.urls import reverse_lazy

from mapping.people import password_mail, rate_limit
from mapping.people.forms import PasswordChangeForm, PasswordMailForm


class Reset(views.PasswordResetView):
    """The same answer for every address, so that nobody learns who has an account."""

    template_name = "people/password-reset.html"
    form_class = PasswordMailForm
    success_url = reverse_lazy("password-reset-sent")

    def form_valid(self, form):
        email, where = form.cleaned_data["email"], rate_limit.address_of(self.request)
        tries = ((rate_limit.PASSWORD_MAIL, email), (rate_limit.PASSWORD_MAIL_FROM, where))
        if any(rate_limit.is_reached(limit, what) for limit, what in tries):
            form.add_error(
                "email", "Too many mails were asked for. Look in your mailbox, or wait an hour."
            )
            return self.form_invalid(form)
        for limit, what in tries:
            rate_limit.count(limit, what)
        password_mail.ask_for(email)
        return redirect(self.success_url)

    def form_invalid(self, form):
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def get_context_data(self, **kwargs):
        return super().get_context_data(sends_mail=settings.SENDS_MAIL, **kwargs)


class Sent(views.PasswordResetDoneView):
    template_name = "people/password-reset-sent.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(sends_mail=settings.SENDS_MAIL, **kwargs)


class Choose(views.PasswordResetConfirmView):
    template_name = "people/password-reset-choose.html"
    success_url = reverse_lazy("sign-in")

    def form_valid(self, form):
        reply = super().form_valid(form)
        rate_limit.forget(
            rate_limit.SIGN_IN,
            *rate_limit.account(self.user.pk),
            rate_limit.address_of(self.request),
        )
        messages.success(self.request, "Your new password is saved. Sign in with it.")
        return reply

    def form_invalid(self, form):
        return self.render_to_response(self.get_context_data(form=form), status=422)


class Change(views.PasswordChangeView):
    template_name = "people/password-change.html"
    form_class = PasswordChangeForm
    success_url = reverse_lazy("account")

    def form_valid(self, form):
        messages.success(self.request, "Your new password is saved. Other browsers are signed out.")
        return super().form_valid(form)

    def form_invalid(self, form):
        return self.render_to_response(self.get_context_data(form=form), status=422)
