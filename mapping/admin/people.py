from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError

from mapping.admin.records import RecordAdmin, ViewOnlyAdmin
from mapping.models import ApiToken, Attempt, Invitation, Membership, PasswordMail, User
from mapping.people.forms import AdminChangeForm, AdminUserForm
from mapping.people.membership import lock_team, require_another_lead

admin.site.unregister(Group)


@admin.register(Group)
class GroupPage(RecordAdmin, GroupAdmin):
    pass


@admin.register(User)
class UserPage(RecordAdmin, UserAdmin):
    """To help people back in: a new password, another address. Accounts are made inactive, never
    deleted: their work stays.
    """

    form = AdminChangeForm
    add_form = AdminUserForm
    list_display = ["username", "name", "email", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser", "date_joined"]
    search_fields = ["username", "name", "email"]
    ordering = ["username"]
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": ["name", "email"]}),
        (
            "Rights on this server",
            {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]},
        ),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (
            None,
            {"fields": ["username", "name", "email", "usable_password", "password1", "password2"]},
        ),
    ]


class MembershipForm(forms.ModelForm):
    def clean(self):
        facts = super().clean()
        if self.instance.pk and (facts.get("role") != "lead" or facts.get("deactivated_at")):
            # two leads may go at once; the page runs in one transaction
            lock_team(self.instance.study)
            require_another_lead(
                self.instance.study,
                Membership.objects.select_related("user").get(pk=self.instance.pk),
            )
        if not self.instance.pk and facts.get("deactivated_at"):
            raise ValidationError({"deactivated_at": "A new member is active."})
        return facts


@admin.register(Membership)
class MembershipPage(RecordAdmin):
    form = MembershipForm
    list_display = ["user", "study", "role", "joined_at", "deactivated_at"]
    list_filter = [
        "role",
        ("deactivated_at", admin.EmptyFieldListFilter),
        ("study", admin.RelatedOnlyFieldListFilter),
    ]
    list_select_related = ["user", "study"]
    search_fields = ["user__username", "user__name", "user__email", "study__title"]
    autocomplete_fields = ["user", "study"]
    readonly_fields = ["joined_at"]

    def get_readonly_fields(self, request, obj=None):
        return ["study", "user", *self.readonly_fields] if obj else self.readonly_fields


@admin.register(Invitation)
class InvitationPage(ViewOnlyAdmin):
    list_display = ["study", "role", "email", "state", "invited_by", "invited_at", "accepted_by"]
    list_filter = ["role", "invited_at", ("study", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["study", "invited_by", "accepted_by"]
    search_fields = ["email", "study__title", "invited_by__username"]


@admin.register(ApiToken)
class ApiTokenPage(ViewOnlyAdmin):
    list_display = ["label", "membership", "created_at", "ends_at", "last_used_at", "revoked_at"]
    list_filter = ["created_at", "ends_at", ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["membership__user", "membership__study"]
    search_fields = ["label", "membership__user__username", "membership__study__title"]
    exclude = ["digest"]


@admin.register(Attempt)
class AttemptPage(ViewOnlyAdmin):
    """Failed sign-ins and requested mails, as digests: how many, not whose."""

    list_display = ["at", "key"]
    list_filter = ["at"]
    search_fields = ["key"]


@admin.register(PasswordMail)
class PasswordMailPage(ViewOnlyAdmin):
    """Waiting mails with a link to a new password, mostly because the mail server refuses them."""

    list_display = ["email", "asked_at"]
    list_filter = ["asked_at"]
    search_fields = ["email"]
