from django.db import models
from django.db.models import Q
from django.utils import timezone

from mapping.judgement import kinds
from mapping.models.fields import LimitedTextField
from mapping.models.studies import Study
from mapping.parsers.lengths import SENTENCES


class ResearchQuestion(models.Model):
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="research_questions")
    key = models.CharField(max_length=20, help_text="RQ1, RQ2 …")
    text = LimitedTextField(longest=SENTENCES, blank=True)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "key"]
        constraints = [
            models.UniqueConstraint(fields=["study", "key"], name="one_research_question_per_key")
        ]

    def __str__(self):
        return f"{self.key}: {self.text}" if self.text else self.key


class Phase(models.Model):
    """A pass over the papers with a form of its own."""

    class Kind(models.TextChoices):
        SCREENING = "screening", "screening"
        QUALITY = "quality", "quality"
        CODING = "coding", "coding"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="phases")
    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.CODING)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["study", "key"], name="one_phase_per_key")]

    def __str__(self):
        return self.name


class SectionQuerySet(models.QuerySet):
    def in_use(self):
        """The sections that new answers may fill, in the order of the form."""
        return self.filter(retired_at=None)

    def coded(self):
        return self.filter(kind__in=Section.CODED)

    def with_codes(self):
        return self.filter(kind__in=Section.WITH_CODES)


class Section(models.Model):
    """One item of a phase's summary template."""

    Kind = models.TextChoices(
        "Kind",
        [(name.upper(), (name, kind.label)) for name, kind in kinds.KINDS.items()],
        module=__name__,
        qualname="Section.Kind",
    )

    WITH_CODES = kinds.WITH_CODES
    CODED = kinds.CODED

    # Keys are unique in the study, not in the phase: a codings file names the section alone.
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="sections")
    phase = models.ForeignKey(Phase, on_delete=models.PROTECT, related_name="sections")
    research_question = models.ForeignKey(
        ResearchQuestion, null=True, blank=True, on_delete=models.SET_NULL, related_name="sections"
    )
    key = models.SlugField(max_length=60)
    label = models.CharField(max_length=200)
    help = LimitedTextField(longest=SENTENCES, blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.CODES)
    is_required = models.BooleanField(default=False)
    asks_confidence = models.BooleanField(default=False)
    position = models.PositiveIntegerField(default=0)
    added_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)
    primary_coefficient = models.CharField(max_length=40, blank=True)
    agreement_target = models.FloatField(null=True, blank=True)
    declared_at = models.DateTimeField(
        null=True, blank=True, help_text="When coefficient and target were declared."
    )

    objects = SectionQuerySet.as_manager()

    class Meta:
        ordering = ["phase__position", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["study", "key"],
                name="one_section_per_key",
                violation_error_message="Another section of this study has this key.",
            ),
            models.CheckConstraint(
                condition=Q(agreement_target=None)
                | Q(agreement_target__gte=-1, agreement_target__lte=1),
                name="agreement_target_is_a_coefficient",
            ),
        ]

    def __str__(self):
        return self.label

    @property
    def kind_of(self):
        """The kind as an object: what the section takes, and how it is read and compared."""
        return kinds.KINDS[self.kind]

    @property
    def has_codes(self):
        return self.kind_of.has_codes

    @property
    def is_multiple(self):
        return self.kind_of.is_multiple

    @property
    def is_retired(self):
        return self.retired_at is not None
