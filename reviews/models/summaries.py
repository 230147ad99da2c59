from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from mapping.models import Code, EvidenceFields, JudgementFields, Section
from mapping.models.fields import LimitedTextField, UidField
from mapping.parsers.lengths import SENTENCES
from reviews.models.rounds import Assignment


class SummaryQuerySet(models.QuerySet):
    def submitted(self):
        return self.filter(submitted_at__isnull=False)

    def drafts(self):
        return self.filter(submitted_at=None)

    def first_submissions(self):
        """What was said before anybody looked: agreement counts these and nothing else."""
        return self.submitted().filter(revision=1)

    def with_late_sections(self):
        """First submissions, and the later revisions that may hold the first answer to a section
        that came later.
        """
        asked = Assignment.objects.filter(
            pk=OuterRef("assignment"),
            recoding_tasks__isnull=False,
            recoding_tasks__code=None,
        )
        return self.submitted().filter(Q(revision=1) | Q(Exists(asked)))

    def latest(self):
        """The newest submitted revision of every assignment: what the comparison shows."""
        newer = self.model.objects.submitted().filter(
            assignment=OuterRef("assignment"), revision__gt=OuterRef("revision")
        )
        return self.submitted().filter(~Exists(newer))


class Summary(models.Model):
    """One reviewer's filled-in template for one paper: a draft, then submitted, and never edited
    after that.
    """

    class Origin(models.TextChoices):
        BROWSER = "browser", "typed in the browser"
        CODINGS = "codings", "imported codings"
        TEMPLATE = "template", "imported summary template"

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="summaries")
    revision = models.PositiveIntegerField(default=1)
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.BROWSER)
    started_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    codebook_version = models.PositiveIntegerField(
        null=True, blank=True, help_text="When it was submitted."
    )
    reopened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reopened_reason = LimitedTextField(longest=SENTENCES, blank=True)

    objects = SummaryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "summaries"
        ordering = ["assignment", "revision"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "revision"], name="one_summary_per_revision"
            ),
            models.UniqueConstraint(
                fields=["assignment"],
                condition=Q(submitted_at=None),
                name="one_draft_per_assignment",
            ),
            models.CheckConstraint(
                condition=Q(revision=1) | Q(revision__gt=1, reopened_by__isnull=False),
                name="later_revision_was_reopened",
            ),
        ]

    def __str__(self):
        return f"{self.assignment.reviewer} on {self.assignment.paper}"

    @property
    def is_submitted(self):
        return self.submitted_at is not None


class Answer(JudgementFields, EvidenceFields):
    """A summary's content for one section. No answer, or an empty one, is blank: nothing was
    judged.
    """

    summary = models.ForeignKey(Summary, on_delete=models.CASCADE, related_name="answers")
    section = models.ForeignKey(Section, on_delete=models.PROTECT, related_name="answers")
    uid = UidField()
    confidence = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(5)],
        help_text="1 guess … 5 certain",
    )
    version = models.PositiveIntegerField(
        default=0, help_text="Grows with every save; a save names the one it saw."
    )
    codebook_version = models.PositiveIntegerField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta(JudgementFields.Meta):
        ordering = ["section__position", "pk"]
        constraints = [
            *JudgementFields.Meta.constraints,
            models.UniqueConstraint(fields=["summary", "section"], name="one_answer_per_section"),
            models.CheckConstraint(
                condition=Q(confidence=None) | Q(confidence__gte=1, confidence__lte=5),
                name="confidence_from_1_to_5",
            ),
        ]

    def __str__(self):
        return f"{self.section} in {self.summary}"


class Mark(EvidenceFields):
    """One use of a code in an answer. A code may be marked twice, with two quotes."""

    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="marks")
    code = models.ForeignKey(Code, on_delete=models.PROTECT, related_name="marks")
    uid = UidField()
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self):
        return str(self.code)


class KeptEditQuerySet(models.QuerySet):
    def open(self):
        return self.filter(resolved_at=None)


class KeptEdit(models.Model):
    """An edit that met another one: what it would have written, kept and shown until its reviewer
    has chosen.
    """

    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="kept_edits")
    content = models.JSONField(help_text="The answer as it was typed.")
    based_on = models.PositiveIntegerField(
        help_text="The version of the answer that the writer had before them."
    )
    kept_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True, blank=True)

    objects = KeptEditQuerySet.as_manager()

    class Meta:
        ordering = ["kept_at"]

    def __str__(self):
        return f"kept edit of {self.answer}"
