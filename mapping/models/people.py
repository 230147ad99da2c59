from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower


class UserQuerySet(models.QuerySet):
    def known_as(self, name):
        """Whoever signs in with this user name or e-mail address, in whatever case it was typed."""
        return self.filter(Q(username__iexact=name) | Q(email__iexact=name)).exclude(
            username="", email=""
        )

    def without_password(self):
        """Who came with an imported file, and cannot sign in."""
        return self.filter(password__startswith=UNUSABLE_PASSWORD_PREFIX)


class ConcordUserManager(UserManager.from_queryset(UserQuerySet)):
    pass


class User(AbstractUser):
    """A person. Reviewers that came with an imported file have no usable password and no e-mail
    address.
    """

    first_name = None
    last_name = None
    name = models.CharField("full name", max_length=150, blank=True)
    email = models.EmailField("e-mail address", blank=True)

    objects = ConcordUserManager()

    class Meta:
        ordering = ["username"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=~Q(email=""),
                name="one_user_per_email",
                violation_error_message="Somebody already uses this e-mail address.",
            ),
            models.UniqueConstraint(
                Lower("username"),
                name="one_user_per_username",
                violation_error_message="This user name is taken.",
            ),
        ]

    def __str__(self):
        return self.name or self.username

    def save(self, *args, **kwargs):
        is_new_password = self.pk and self._password is not None
        super().save(*args, **kwargs)
        if is_new_password:
            # Whoever had the old one may have made themselves a token with it.
            for membership in self.memberships.all():
                for token in membership.api_tokens.filter(revoked_at=None):
                    token.revoke()

    def get_full_name(self):
        return self.name or self.username

    def get_short_name(self):
        return (self.name or self.username).split()[0]


class PasswordMail(models.Model):
    """A mail with a link to a new password: asked for, and waiting to be sent to whoever has an
    account.
    """

    email = models.EmailField("e-mail address")
    asked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["asked_at"]

    def __str__(self):
        return f"asked for at {self.asked_at:%H:%M}"


class Attempt(models.Model):
    """Something that counts against a limit: a failed sign-in, a mail asked for. `rate_limit.py`
    counts them.
    """

    key = models.CharField(
        max_length=64, help_text="Digest of what is limited, so that nobody can read who tried."
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["key", "at"], name="attempt_by_key"),
            models.Index(fields=["at"], name="attempt_by_time"),
        ]

    def __str__(self):
        return f"{self.key[:8]} at {self.at:%H:%M}"
