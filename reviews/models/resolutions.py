from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from mapping.models import Finding, Paper, Section
from mapping.models.fields import LimitedTextField
from mapping.parsers.lengths import PROSE, SENTENCES


class ResolutionQuerySet(models.QuerySet):
    def in_force(self):
        return self.filter(undone_at=None)


class Resolution(models.Model):
    """How a finding came about. Never overwritten: a later decision is a later row, an undo a mark
    on this one.
    """

    class Basis(models.TextChoices):
        UNANIMOUS = "unanimous", "unanimous"
        SINGLE = "single", "coded by one reviewer"
        ADOPTED = "adopted", "one reviewer's answer adopted"
        UNION = "union", "all codes given"
        INTERSECTION = "intersection", "the common part"
        OTHER = "other", "composed"

    class Cause(models.TextChoices):
        OVERSIGHT = "oversight", "oversight"
        DEFINITION = "ambiguous_definition", "ambiguous definition"
        DEPTH = "depth_of_reading", "depth of reading"
        PAPER = "paper_unclear", "paper unclear"
        MISSING = "code_missing", "code missing"
        OTHER = "other", "other"

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="resolutions")
    section = models.ForeignKey(Section, on_delete=models.PROTECT, related_name="resolutions")
    finding = models.ForeignKey(
        Finding, null=True, blank=True, on_delete=models.SET_NULL, related_name="resolutions"
    )
    basis = models.CharField(max_length=12, choices=Basis.choices)
    adopted_from = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    cause = models.CharField(max_length=24, choices=Cause.choices, blank=True)
    rationale = LimitedTextField(longest=PROSE, blank=True)
    content = models.JSONField(
        help_text="What was settled, and what every reviewer had said, as it stood then."
    )
    reviewers = models.PositiveIntegerField(help_text="How many reviewers' answers it rests on.")
    is_unanimous = models.BooleanField(default=False)
    by_coder = models.BooleanField(default=False, help_text="Whoever decided had coded this paper.")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = ResolutionQuerySet.as_manager()

    class Meta:
        ordering = ["paper", "section", "decided_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(basis="adopted") | Q(adopted_from__isnull=False),
                name="adopted_names_from_whom",
            ),
        ]

    def __str__(self):
        return f"{self.get_basis_display()}: {self.section} of {self.paper}"


class DeferralQuerySet(models.QuerySet):
    def in_force(self):
        return self.filter(lifted_at=None)


class Deferral(models.Model):
    """Put off, with a note. It ends when the section is settled or the deferral is lifted."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="deferrals")
    section = models.ForeignKey(Section, on_delete=models.PROTECT, related_name="deferrals")
    note = LimitedTextField(longest=SENTENCES, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)
    lifted_at = models.DateTimeField(null=True, blank=True)

    objects = DeferralQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["paper", "section"],
                condition=Q(lifted_at=None),
                name="one_deferral_in_force",
            )
        ]

    def __str__(self):
        return f"deferred: {self.section} of {self.paper}"


class Remark(models.Model):
    """A line in the discussion of one section of one paper."""

    tells_of_answers = True  # that there is one: see `mapping.paper_keeping.delete_or_refuse`

    paper = models.ForeignKey(Paper, on_delete=models.PROTECT, related_name="remarks")
    section = models.ForeignKey(Section, on_delete=models.PROTECT, related_name="remarks")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)
    text = LimitedTextField(longest=SENTENCES)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    is_decision_rule = models.BooleanField(default=False)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self):
        return self.text


class Mention(models.Model):
    """Somebody was called to a remark; the bell counts what they have not seen."""

    remark = models.ForeignKey(Remark, on_delete=models.CASCADE, related_name="mentions")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mentions"
    )
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["remark", "user"], name="one_mention_per_remark")
        ]

    def __str__(self):
        return f"@{self.user} in {self.remark}"
