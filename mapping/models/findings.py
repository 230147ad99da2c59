from django.db import models
from django.db.models import Q

from mapping.judgement import absences
from mapping.models.codebook import Code
from mapping.models.fields import LimitedTextField, UidField
from mapping.models.papers import Paper
from mapping.models.templates import Section
from mapping.parsers.lengths import PROSE


class EvidenceFields(models.Model):
    """What in the paper supports a judgement."""

    quote = LimitedTextField(longest=PROSE, blank=True)
    page = models.CharField(max_length=40, blank=True)
    rationale = LimitedTextField(longest=PROSE, blank=True)

    class Meta:
        abstract = True


class JudgementFields(models.Model):
    """What is said of one section of one paper: by one reader (an answer) or by the team (a
    finding).

    These stay apart: blank (nothing at all), none of the codes apply, and the absences.
    """

    Absence = models.TextChoices(
        "Absence",
        [(one.name, (one.value, one.label)) for one in absences.Absence],
        module=__name__,
        qualname="Judgement.Absence",
    )

    section = models.ForeignKey(Section, on_delete=models.PROTECT, related_name="+")
    absence = models.CharField(max_length=20, choices=Absence.choices, blank=True)
    none_apply = models.BooleanField(absences.NONE_APPLY_LABEL, default=False)
    text = LimitedTextField(longest=PROSE, blank=True)
    number = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    yes_no = models.BooleanField(null=True, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(absence="") | Q(none_apply=False, text="", number=None, yes_no=None),
                name="%(class)s_absent_is_empty",
            ),
        ]


class FindingQuerySet(models.QuerySet):
    def of(self, study):
        return self.filter(paper__study=study)


class Finding(JudgementFields):
    """What the team settled on for one section of one paper. The map is made of findings, and of
    nothing else.
    """

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="findings")
    section = models.ForeignKey(Section, on_delete=models.PROTECT, related_name="findings")
    settled_at = models.DateTimeField()

    objects = FindingQuerySet.as_manager()

    class Meta(JudgementFields.Meta):
        ordering = ["paper", "section"]
        constraints = [
            *JudgementFields.Meta.constraints,
            models.UniqueConstraint(fields=["paper", "section"], name="one_finding_per_section"),
        ]

    def __str__(self):
        return f"{self.section} of {self.paper}"


class FindingMark(EvidenceFields):
    """A code that holds for the paper, with the evidence that carried it."""

    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, related_name="marks")
    code = models.ForeignKey(Code, on_delete=models.PROTECT, related_name="finding_marks")
    uid = UidField()

    class Meta:
        ordering = ["code__position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["finding", "code"], name="one_finding_mark_per_code")
        ]

    def __str__(self):
        return str(self.code)
