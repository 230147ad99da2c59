from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone

from mapping.models.fields import LimitedTextField, NumberField
from mapping.models.studies import Study
from mapping.models.templates import Section
from mapping.parsers.lengths import SENTENCES


class CodeQuerySet(models.QuerySet):
    def usable_in(self, section):
        """What anybody may choose in new answers."""
        return self.filter(section=section, status=Code.Status.ACTIVE)

    def open_to(self, user):
        """The active codes, and those this person proposed: usable at once by their proposer, by
        nobody else.
        """
        return self.filter(
            Q(status=Code.Status.ACTIVE) | Q(status=Code.Status.PROPOSED, proposed_by=user)
        )

    def usable_by(self, user, section):
        return self.open_to(user).filter(section=section)

    def current(self):
        """The codebook as it stands: without what was merged away or declined."""
        return self.filter(
            status__in=[Code.Status.ACTIVE, Code.Status.PROPOSED, Code.Status.RETIRED]
        )

    def proposed(self):
        return self.filter(status=Code.Status.PROPOSED)


class Code(models.Model):
    """One entry of the codebook of a section. A code in use is renamed, retired, merged or split,
    never deleted.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", "active"
        PROPOSED = "proposed", "proposed"
        RETIRED = "retired", "retired"
        MERGED = "merged", "merged"
        DECLINED = "declined", "declined"

    section = models.ForeignKey(Section, on_delete=models.PROTECT, related_name="codes")
    number = NumberField()
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    label = models.CharField(max_length=300)
    definition = LimitedTextField(longest=SENTENCES, blank=True)
    when_not = LimitedTextField("when not to use", longest=SENTENCES, blank=True)
    example = LimitedTextField(longest=SENTENCES, blank=True)
    position = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    excludes_paper = models.BooleanField(
        default=False, help_text="A paper settled on this code leaves the phases that follow."
    )
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged_codes"
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = LimitedTextField(
        longest=SENTENCES, blank=True, help_text="Why it was proposed, declined or retired."
    )
    added_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = CodeQuerySet.as_manager()

    class Meta:
        ordering = ["section", "position", "pk"]
        constraints = [
            # Proposals stand apart: two reviewers may propose the same words without learning of
            # each other. As written: a codings file may tell apart by capitals what nobody would
            # call by two names here.
            models.UniqueConstraint(
                fields=["section", "label"],
                condition=Q(status__in=["active", "retired"]),
                name="one_code_per_label",
                violation_error_message="This section has a code with this label.",
            ),
            models.UniqueConstraint(
                "section",
                "proposed_by",
                Lower("label"),
                condition=Q(status="proposed"),
                name="one_proposal_per_person_and_label",
                violation_error_message="You have proposed this code already.",
            ),
            models.CheckConstraint(
                condition=Q(status="merged", merged_into__isnull=False)
                | ~Q(status="merged") & Q(merged_into=None),
                name="merged_code_says_into_which",
            ),
            models.CheckConstraint(
                condition=Q(parent=None) | ~Q(parent=F("pk")), name="code_is_not_its_own_parent"
            ),
        ]

    def __str__(self):
        return self.label


class CodebookChange(models.Model):
    """One step of the codebook version: what changed, why, and all that undoing it exactly
    needs.
    """

    class Act(models.TextChoices):
        ADD = "add", "added"
        RENAME = "rename", "renamed"
        REDEFINE = "redefine", "re-defined"
        RETIRE = "retire", "retired"
        RESTORE = "restore", "restored"
        MERGE = "merge", "merged"
        SPLIT = "split", "split"
        MOVE = "move", "moved to another section"
        GROUP = "group", "grouped"
        REORDER = "reorder", "reordered"
        ACCEPT = "accept", "proposal accepted"
        DECLINE = "decline", "proposal declined"
        SECTION = "section", "section changed"
        UNDO = "undo", "undone"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="codebook_changes")
    version = models.PositiveIntegerField(help_text="The codebook version that this change made.")
    act = models.CharField(max_length=10, choices=Act.choices)
    section = models.ForeignKey(
        Section, null=True, blank=True, on_delete=models.PROTECT, related_name="changes"
    )
    code = models.ForeignKey(
        Code, null=True, blank=True, on_delete=models.PROTECT, related_name="changes"
    )
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    marks = models.PositiveIntegerField(default=0, help_text="How many marks it touched.")
    papers = models.PositiveIntegerField(default=0, help_text="In how many papers.")
    reason = LimitedTextField(longest=SENTENCES, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)
    undoes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="undone_by"
    )

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["study", "version"], name="one_change_per_codebook_version"
            )
        ]

    def __str__(self):
        return f"version {self.version}: {self.get_act_display()}"


class SectionCodeManager(models.Manager.from_queryset(CodeQuerySet)):
    """The codes of the sections with one key, over all studies."""

    def __init__(self, section_key):
        super().__init__()
        self.section_key = section_key

    def get_queryset(self):
        return super().get_queryset().filter(section__key=self.section_key)


class Challenge(Code):
    SECTION_KEY = "challenges"
    objects = SectionCodeManager(SECTION_KEY)

    class Meta:
        proxy = True


class Approach(Code):
    SECTION_KEY = "approaches"
    objects = SectionCodeManager(SECTION_KEY)

    class Meta:
        proxy = True
        verbose_name_plural = "approaches"


class MaturityStage(Code):
    SECTION_KEY = "maturity-stage"
    objects = SectionCodeManager(SECTION_KEY)

    class Meta:
        proxy = True
