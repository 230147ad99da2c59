from functools import cache
from urllib.parse import urlencode

from django.conf import settings
from django.db import models
from django.db.models import Case, F, FilteredRelation, Q, Value, When
from django.urls import reverse
from django.utils import timezone

from mapping.models import Membership, Paper, Phase, Study, User
from mapping.models.fields import LimitedTextField, NumberField, UidField
from mapping.parsers.lengths import SENTENCES


class RoundQuerySet(models.QuerySet):
    def open(self):
        return self.filter(closed_at=None)

    def in_order_of_need(self):
        """What is due first stands first."""
        return self.order_by(F("due_on").asc(nulls_last=True), "opened_at", "pk")


class Round(models.Model):
    """Papers handed out together. Closing it freezes its agreement."""

    class Kind(models.TextChoices):
        PILOT = "pilot", "pilot"
        CALIBRATION = "calibration", "calibration"
        MAIN = "main", "main"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="rounds")
    number = NumberField()
    phase = models.ForeignKey(Phase, on_delete=models.PROTECT, related_name="rounds")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.MAIN)
    due_on = models.DateField(null=True, blank=True)
    guidance = LimitedTextField(
        longest=SENTENCES, blank=True, help_text="Shown to the reviewers of this round."
    )
    opened_at = models.DateTimeField(default=timezone.now, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    codebook_version = models.PositiveIntegerField(
        null=True, blank=True, help_text="Under which it was closed."
    )
    frozen_agreement = models.JSONField(
        null=True, blank=True, help_text="The statistics as they stood at closing."
    )

    objects = RoundQuerySet.as_manager()

    class Meta:
        ordering = ["opened_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["study", "name"],
                name="one_round_per_name",
                violation_error_message="Another round of this study has this name.",
            ),
            models.UniqueConstraint(fields=["study", "number"], name="one_round_per_number"),
        ]

    def __str__(self):
        return self.name

    @property
    def is_closed(self):
        return self.closed_at is not None


@cache
def has(name, **facts):
    """Whether something that belongs to the row's own assignment is so: its `summaries` or
    `recoding_tasks`. Built once: nearly every page asks.
    """
    belonging = Assignment._meta.get_field(name).related_model.objects
    return models.Exists(belonging.filter(**facts, assignment=models.OuterRef("pk")))


def is_submitted():
    return has("summaries", submitted_at__isnull=False)


def owes_a_section():
    """A section that came after the summary was submitted, and has no answer yet."""
    return has("recoding_tasks", done_at=None, code=None)


@cache
def has_able_reviewer(assignment=""):
    """Whether a row's reviewer can still code in the study.

    `assignment` leads from the row to its assignment: "" where it is one, else such as
    "assignment__". A condition, no queryset: what is built once must keep no rows.
    """
    memberships = Membership.objects.able_to_code().filter(
        study=models.OuterRef(f"{assignment}round__study"),
        user=models.OuterRef(f"{assignment}reviewer"),
    )
    return models.Exists(memberships)


class AssignmentQuerySet(models.QuerySet):
    def in_force(self):
        return self.filter(withdrawn_at=None)

    def of(self, membership):
        return self.in_force().filter(reviewer=membership.user_id, round__study=membership.study_id)

    def submitted(self):
        """Whose first revision is in; a reopened one stays submitted: its first answers are still
        independent.
        """
        return self.filter(is_submitted())

    def unsubmitted(self):
        """Handed out, in force, and nothing submitted yet, whether or not its reviewer is still
        there.
        """
        return self.in_force().filter(~is_submitted())

    def awaiting(self):
        """Unsubmitted, and its reviewer can still submit it: somebody who has left is not waited
        for.
        """
        return self.unsubmitted().filter(has_able_reviewer())

    def living(self):
        """Submitted, or still to come. What somebody left behind unsubmitted counts for nothing any
        more.
        """
        return self.in_force().filter(is_submitted() | has_able_reviewer())

    def living_readers(self):
        """`living`, without the codings that came with a file for somebody who cannot sign in."""
        return self.living().exclude(reviewer__in=User.objects.without_password())

    def blinding(self, user):
        """What keeps this person blind on its paper, in its phase: not submitted yet, or without an
        answer to a section that came later, which others may have answered already.
        """
        own = self.in_force().filter(reviewer=user)
        return own.filter(~is_submitted() | owes_a_section())

    def awaited_from(self, user):
        """What waits for this person in all the studies in which they may still code."""
        codes_in = Membership.objects.who_code().filter(user=user)
        return self.unsubmitted().filter(
            reviewer=user, round__closed_at=None, round__study__in=codes_in.values("study")
        )

    def in_order_of_need(self):
        """The round that is due first, then the reviewer's reading order."""
        return self.order_by(*Assignment.NEED)

    def to_code(self, membership):
        """What this member may still submit: a closed round takes nothing more."""
        return self.unsubmitted().filter(
            reviewer=membership.user_id, round__study=membership.study_id, round__closed_at=None
        )

    def with_first(self):
        """Joins each assignment's first revision as `first`: its submission is what counts
        as done.
        """
        return self.annotate(
            first=FilteredRelation("summaries", condition=Q(summaries__revision=1))
        )

    def with_state(self):
        """Annotates `state`, "draft", "todo" or "submitted" (`state_rank` 0, 1, 2), and when saved,
        submitted.
        """
        is_submitted, is_begun = Q(first__submitted_at__isnull=False), Q(first__pk__isnull=False)
        return self.with_first().annotate(
            state=Case(
                When(is_submitted, then=Value("submitted")),
                When(is_begun, then=Value("draft")),
                default=Value("todo"),
            ),
            state_rank=Case(When(is_submitted, then=2), When(is_begun, then=0), default=1),
            first_saved_at=F("first__updated_at"),
            first_submitted_at=F("first__submitted_at"),
        )


class Assignment(models.Model):
    """This paper, this reviewer, this round."""

    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="assignments")
    paper = models.ForeignKey(Paper, on_delete=models.PROTECT, related_name="assignments")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assignments"
    )
    uid = UidField()
    position = models.PositiveIntegerField(default=0, help_text="The reviewer's reading order.")
    assigned_at = models.DateTimeField(default=timezone.now, editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = AssignmentQuerySet.as_manager()

    # The round that is due first, then the reviewer's reading order.
    NEED = (F("round__due_on").asc(nulls_last=True), "round", "position", "pk")

    class Meta:
        ordering = ["round", "position", "pk"]
        indexes = [
            models.Index(
                fields=["reviewer", "round", "position"],
                condition=Q(withdrawn_at=None),
                name="assignment_in_reading_order",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "paper", "reviewer"], name="one_assignment_per_round"
            ),
        ]

    def __str__(self):
        return f"{self.paper} for {self.reviewer}"

    def get_absolute_url(self):
        """Where its reviewer codes the paper, in the phase of the round."""
        summary = reverse("summary", args=[self.round.study.slug, self.paper.key])
        return f"{summary}?{urlencode({'phase': self.round.phase.key})}"


class EarlyLook(models.Model):
    """A lead looked at others' answers on a paper before submitting their own: their own act, with
    its reason.
    """

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="early_looks")
    phase = models.ForeignKey(Phase, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = LimitedTextField(longest=SENTENCES)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["paper", "phase", "user"], name="one_early_look_per_paper"
            )
        ]

    def __str__(self):
        return f"{self.user} looked at {self.paper}"


class PriorAccess(models.Model):
    """This person could read others' answers on the paper, in this phase, while it was not theirs
    to code.

    What they submit from then on is not independent. Rows are only ever added: see
    `blindness.independence`.
    """

    class Why(models.TextChoices):
        LEAD = "lead", "as lead of the study"
        SETTLER = "settler", "as somebody who may settle what others coded"
        RELEASED = "released", "since the study was released"
        CODED_BEFORE = "coded_before", "after submitting it in an earlier round"
        ADMIN_SITE = "admin_site", "in the admin site, before joining"
        EARLY_LOOK = "early_look", "by looking early"

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="prior_accesses")
    phase = models.ForeignKey(Phase, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)
    why = models.CharField(max_length=12, choices=Why.choices)

    class Meta:
        verbose_name_plural = "prior accesses"
        constraints = [
            models.UniqueConstraint(
                fields=["paper", "phase", "user"], name="one_prior_access_per_paper"
            )
        ]

    def __str__(self):
        return f"{self.user} could read of {self.paper}"
