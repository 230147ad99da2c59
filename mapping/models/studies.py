from datetime import timedelta

from django.conf import settings
from django.core.signing import Signer
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from mapping.models.fields import LimitedTextField
from mapping.models.people import User
from mapping.parsers.lengths import SENTENCES


class StudyQuerySet(models.QuerySet):
    def of(self, user):
        """The studies in which this person is an active member."""
        active = Membership.objects.active().filter(user=user)
        return self.filter(pk__in=active.values("study"))


class Study(models.Model):
    """One mapping study: its protocol, its team, its papers."""

    class OthersVisible(models.TextChoices):
        AFTER_SUBMITTING = "submitted", "once one has submitted one's own summary"
        AFTER_CLOSING = "closed", "once the round is closed"

    class WhoSettles(models.TextChoices):
        LEADS = "leads", "leads"
        NOT_CODERS = "not_coders", "any lead or reviewer who did not code the paper"

    title = models.CharField(max_length=300)
    slug = models.SlugField(max_length=80, unique=True)
    description = LimitedTextField(longest=SENTENCES, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    template_name = models.CharField(
        max_length=100, blank=True, help_text="The template the study started from."
    )
    codebook_version = models.PositiveIntegerField(default=1)

    others_visible = models.CharField(
        "others' summaries are visible",
        max_length=20,
        choices=OthersVisible.choices,
        default=OthersVisible.AFTER_SUBMITTING,
    )
    who_settles = models.CharField(
        "who may settle differences",
        max_length=20,
        choices=WhoSettles.choices,
        default=WhoSettles.LEADS,
    )
    may_settle_own = models.BooleanField(
        "a lead may settle papers they coded themselves",
        default=True,
        help_text="It is marked in the record.",
    )
    is_anonymous = models.BooleanField(
        "hide reviewers' names while settling",
        default=False,
        help_text="Reviewers appear as A, B, C, in another order on every paper.",
    )
    statistics_off_reason = LimitedTextField(
        "work without agreement statistics, because",
        longest=SENTENCES,
        blank=True,
        help_text=(
            "For interpretive studies. The reason is printed wherever the figures would stand."
        ),
    )
    released_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="From then on observers and reviewers see findings and everybody's summaries.",
    )

    # No column: how often the study had changed when a page that only reads began to, or None. All
    # figures of that page are of this one moment.
    stamp: int | None = None

    objects = StudyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "studies"
        ordering = ["title"]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("overview", args=[self.slug])

    @property
    def is_released(self):
        return self.released_at is not None


class MembershipQuerySet(models.QuerySet):
    def active(self):
        return self.filter(deactivated_at=None, user__is_active=True)

    def who_code(self):
        """Leads often review too; observers never do."""
        return self.active().exclude(role=Membership.Role.OBSERVER)

    def able_to_code(self):
        """Who can be given papers and waited for: not those who came with an imported file and
        cannot sign in.
        """
        return self.who_code().exclude(user__in=User.objects.without_password())

    def leads(self):
        return self.active().filter(role=Membership.Role.LEAD)


class Membership(models.Model):
    """A person's part in a study. Leaving deactivates it: the person's work stays."""

    class Role(models.TextChoices):
        LEAD = "lead", "lead"
        REVIEWER = "reviewer", "reviewer"
        OBSERVER = "observer", "observer"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField(max_length=10, choices=Role.choices)
    joined_at = models.DateTimeField(default=timezone.now, editable=False)
    deactivated_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["role", "user__username"]
        constraints = [
            models.UniqueConstraint(fields=["study", "user"], name="one_membership_per_study")
        ]

    def __str__(self):
        return f"{self.user}, {self.role}"

    @property
    def is_active(self):
        return self.deactivated_at is None

    @property
    def is_lead(self):
        return self.role == self.Role.LEAD

    @property
    def may_code(self):
        return self.role != self.Role.OBSERVER


class InvitationQuerySet(models.QuerySet):
    def open(self):
        return self.filter(accepted_at=None, revoked_at=None)


class Invitation(models.Model):
    """A signed link into a study. It works once, for fourteen days, until revoked; renewing starts
    the days anew.
    """

    GOOD_FOR = timedelta(days=14)
    SIGNER = Signer(sep=".", salt="invitation")

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=10, choices=Membership.Role.choices)
    email = models.EmailField("e-mail address", blank=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    invited_at = models.DateTimeField(default=timezone.now)
    claims = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=(
            "The account without login, come with an imported file, that whoever accepts "
            "takes over."
        ),
    )
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-invited_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(accepted_at=None) | Q(revoked_at=None),
                name="invitation_accepted_or_revoked",
            )
        ]

    def __str__(self):
        return f"{self.role} in {self.study}"

    def get_absolute_url(self):
        return reverse("invitation", args=[self.SIGNER.sign(self.pk)])

    @property
    def good_until(self):
        return self.invited_at + self.GOOD_FOR

    @property
    def state(self):
        """`open`, `accepted`, `revoked` or `expired`."""
        if self.accepted_at:
            return "accepted"
        if self.revoked_at:
            return "revoked"
        return "open" if self.good_until > timezone.now() else "expired"


class LastNumber(models.Model):
    """The highest number that codes or rounds of a study were given so far (`NumberField`), also of
    those that are gone. Without a foreign key, so that writing it waits for nobody who holds the
    study.
    """

    study = models.BigIntegerField("the study's id")
    of = models.CharField(max_length=10)
    number = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "of"], name="one_last_number_per_series")
        ]

    def __str__(self):
        return f"{self.of} of {self.study}: {self.number}"
