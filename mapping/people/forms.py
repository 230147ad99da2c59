"""Forms for signing in, passwords, accounts, invitations and roles."""

from datetime import datetime, time

from django import forms
from django.contrib.auth import forms as auth_forms
from django.contrib.auth.forms import (
    AdminUserCreationForm,
    AuthenticationForm,
    PasswordResetForm,
    UserChangeForm,
)
from django.contrib.auth.password_validation import (
    password_validators_help_text_html,
    validate_password,
)
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from mapping.models import Invitation, Membership, User
from mapping.people import rate_limit
from mapping.people.invitations import claimable_in
from mapping.site import mail


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "No account has this name and password. "
        "The case of the name does not matter, that of the password does.",
        "inactive": "No account has this name and password.",
        "too_often": (
            "Too many failed attempts. Wait a quarter of an hour, or set a new password by e-mail."
        ),
        "other_person": "This page belongs to %(whose)s. Sign in as %(whose)s here; "
        "to work under another account, open Concord in another tab.",
    }

    # On a page that is open already, only its own person may sign in again: the page is full of
    # their work.
    whose = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, request=None, *args, **kwargs):
        super().__init__(request, *args, **kwargs)
        self.fields["username"].label = "E-mail or user name"
        if self.initial.get("username"):
            self.fields["username"].widget.attrs.pop("autofocus", None)
            self.fields["password"].widget.attrs["autofocus"] = True
        self.is_limited = False

    def clean(self):
        where = rate_limit.address_of(self.request)
        tried = [rate_limit.is_reached(rate_limit.SIGN_IN, *who, where) for who in self.tried()]
        if any(tried) or rate_limit.is_reached(rate_limit.SIGN_IN_FROM, where):
            self.is_limited = True
            raise ValidationError(self.error_messages["too_often"], code="too_often")
        return super().clean()

    def tried(self):
        """What the attempt counts against: the account, by any of its names, or a name that nobody
        has.
        """
        name = self.cleaned_data.get("username", "")
        known = User.objects.known_as(name).values_list("pk", flat=True)
        return [rate_limit.account(pk) for pk in known] or [("name", name)]

    def get_invalid_login_error(self):
        where = rate_limit.address_of(self.request)
        for who in self.tried():
            rate_limit.count(rate_limit.SIGN_IN, *who, where)
        rate_limit.count(rate_limit.SIGN_IN_FROM, where)
        return super().get_invalid_login_error()

    def confirm_login_allowed(self, user):
        super().confirm_login_allowed(user)
        rate_limit.forget(
            rate_limit.SIGN_IN, *rate_limit.account(user.pk), rate_limit.address_of(self.request)
        )
        whose = self.cleaned_data.get("whose")
        if whose and user.username != whose:
            raise ValidationError(
                self.error_messages["other_person"], "other_person", {"whose": whose}
            )


class PasswordMailForm(PasswordResetForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "E-mail address of your account"

    def send_mail(
        self, subject_name, name, context, from_email, to_email, html_email_template_name=None
    ):
        """Unlike Django's, it raises an error where the mail cannot be sent, so that it is tried
        again.
        """
        path = reverse("password-reset-choose", args=[context["uid"], context["token"]])
        mail.send("password-reset", to_email, context, path=path)


class PasswordChangeForm(auth_forms.PasswordChangeForm):
    def clean_old_password(self):
        password = self.cleaned_data["old_password"]
        if not rate_limit.has_password(self.user, password):
            raise ValidationError(
                self.error_messages["password_incorrect"], code="password_incorrect"
            )
        return password


class TokenForm(forms.Form):
    label = forms.CharField(
        label="What is the new token for?",
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": "My notebook"}),
        error_messages={
            "required": "Say what the token is for: you will know by it which one to revoke."
        },
    )
    ends_on = forms.DateField(
        label="It works until",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Within a year. Left empty: for ninety days. A new password ends it too.",
    )

    def facts(self):
        """The arguments of `tokens.grant`: the token works until the end of its last day."""
        day = self.cleaned_data["ends_on"]
        ends_at = day and timezone.make_aware(datetime.combine(day, time.max))
        return {"label": self.cleaned_data["label"], "ends_at": ends_at}


class AccountForm(forms.ModelForm):
    """Name and e-mail address. A new address takes the password: whoever has it can have the
    account.
    """

    password = forms.CharField(
        label="Current password",
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text="Needed to change the e-mail address.",
    )

    class Meta:
        model = User
        fields = ["name", "email"]
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
        }

    def clean_email(self):
        return unlike_a_user_name(self.cleaned_data["email"], self.instance)

    def clean(self):
        facts = super().clean()
        if "email" in self.changed_data:
            try:
                if not rate_limit.has_password(self.instance, facts.get("password", "")):
                    raise ValidationError(
                        "This is not your password, so the e-mail address stays as it was."
                    )
            except ValidationError as error:
                self.add_error("password", error)
        return facts


class InviteForm(forms.Form):
    role = forms.ChoiceField(choices=Membership.Role.choices, initial=Membership.Role.REVIEWER)
    email = forms.EmailField(
        label="E-mail address",
        required=False,
        help_text="Optional: the link is mailed there. You can always copy it.",
    )
    claims = forms.ModelChoiceField(
        User.objects.none(),
        label="To take over the account of",
        required=False,
        empty_label="nobody: a new account, or their own",
        help_text=(
            "Reviewers that came with an imported file. Whoever accepts finds their "
            "summaries there."
        ),
    )

    def __init__(self, *args, study, **kwargs):
        super().__init__(*args, **kwargs)
        claimable = claimable_in(study)
        self.fields["claims"].queryset = claimable
        if not claimable:
            del self.fields["claims"]


class RoleForm(forms.ModelForm):
    class Meta:
        model = Membership
        fields = ["role"]


class NewcomerForm(forms.ModelForm):
    """A new account through an invitation; an account that is taken over keeps its user name."""

    password = forms.CharField(
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validators_help_text_html,
    )

    class Meta:
        model = User
        fields = ["name", "username", "email"]
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "username": forms.TextInput(attrs={"autocomplete": "username"}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
        }
        labels = {"username": "User name"}
        help_texts = {
            "username": (
                "Short, without spaces: it stands beside your codings and in exported files."
            )
        }

    def __init__(self, *args, invitation: Invitation, **kwargs):
        super().__init__(*args, initial={"email": invitation.email}, **kwargs)
        for name in ("name", "email"):
            self.fields[name].required = True
        if invitation.email:
            # The link was mailed there: who forwards it forwards no account under another address.
            self.fields["email"].disabled = True
            self.fields["email"].help_text = "The invitation was made for this address."
        if invitation.claims_id:
            del self.fields["username"]
            self.fields["name"].initial = invitation.claims.name

    def clean_username(self):
        return without_at(self.cleaned_data["username"])

    def clean_email(self):
        return unlike_a_user_name(self.cleaned_data["email"], self.instance)

    def clean(self):
        facts = super().clean()
        try:
            validate_password(
                facts.get("password", ""),
                User(
                    username=facts.get("username", ""),
                    name=facts.get("name", ""),
                    email=facts.get("email", ""),
                ),
            )
        except ValidationError as error:
            if "password" in facts:
                self.add_error("password", error)
        return facts


def without_at(name):
    if "@" in name:
        raise ValidationError("A user name has no @: your e-mail address signs you in as well.")
    return name


def unlike_a_user_name(email, person):
    """No e-mail address may be another person's user name: the sign-in takes both."""
    if email and User.objects.filter(username__iexact=email).exclude(pk=person.pk).exists():
        raise ValidationError("Somebody already uses this e-mail address.")
    return email


class AdminUserForm(AdminUserCreationForm):
    """A new account in the admin site, with the rules of those made through an invitation."""

    class Meta:
        model = User
        fields = ["username", "name", "email"]

    def clean_username(self):
        return without_at(super().clean_username() or "")  # None: it is refused already

    def clean_email(self):
        return unlike_a_user_name(self.cleaned_data["email"], self.instance)


class AdminChangeForm(UserChangeForm):
    def clean_email(self):
        return unlike_a_user_name(self.cleaned_data["email"], self.instance)
