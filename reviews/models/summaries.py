from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from mapping.models import Code, Evidence, Judgement, Membership, Section, Study
from mapping.models.fields import LimitedTextField
from mapping.parsers.lengths import SENTENCES

from .rounds import Assignment, EarlyLook


class SummaryQuerySet(models.QuerySet):
    def submitted(self):
        return self.filter(submitted_at__isnull=False)

    def drafts(self):
        return self.filter(submitted_at=None)

    def first_submissions(self):
        """What was said before anybody looked: agreement counts these and nothing else."""
        return self.submitted().filter(revision=1)

    def with_late_sections(self):
        """First submissions, and the later revisions that may hold the first answer to a section that came later."""
        from .recoding import RecodingTask  # tasks belong to assignments: the import would run in a circle

        asked = RecodingTask.objects.came_later().filter(assignment=OuterRef("assignment"))
        return self.submitted().filter(Q(revision=1) | Q(Exists(asked)))

    def latest(self):
        """The newest submitted revision of every assignment: what the comparison shows."""
        newer = self.model.objects.submitted().filter(
            assignment=OuterRef("assignment"), revision__gt=OuterRef("revision")
        )
        return self.submitted().filter(~Exists(newer))

    def visible_to(self, user, study, paper=None):
        """Whose answers this person may receive: the one rule of blindness (law 1).

        One's own, always; and what others submitted, unless one still has to code that paper in that phase.
        Beyond that:

        - leads see every submitted summary; where the study says so, other settlers do too;
        - reviewers see others' on the papers they submitted themselves, and everything once the study is released;
        - observers see what is released;
        - where the study waits for the round to close, those who code a paper see others' only in closed rounds;
        - a lead's recorded early look lifts blindness and waiting, on that paper in that phase.

        Drafts are seen by their reviewer alone.
        """
        in_study = self.filter(assignment__round__study=study)
        if paper is not None:
            in_study = in_study.filter(assignment__paper=paper)
        membership = Membership.objects.active().filter(user=user, study=study).first()
        if membership is None:
            return in_study.none()
        others = ~still_to_code(user) & within_reach(user, membership, study)
        if membership.is_lead:
            others |= looked_early(user)
        return in_study.filter(Q(assignment__reviewer=user) | Q(submitted_at__isnull=False) & others)

    def visible_in_admin(self, user):
        """What the admin site may show: in one's own studies what `visible_to` allows there, in other studies what was
        submitted, since whoever runs the server can read the database too. Running the server lifts nobody's blindness.
        """
        memberships = Membership.objects.filter(user=user).select_related("study")
        elsewhere = (
            Q(submitted_at__isnull=False)
            & ~Q(assignment__round__study__in=[membership.study_id for membership in memberships])
            & ~still_to_code(user)
        )
        visible = Q(assignment__reviewer=user) | elsewhere
        for membership in memberships:
            visible |= Q(pk__in=self.model.objects.visible_to(user, membership.study).values("pk"))
        return self.filter(visible)


def same_paper_and_phase(assignments):
    """Narrow to the paper and phase of the summary outside."""
    return assignments.filter(paper=OuterRef("assignment__paper"), round__phase=OuterRef("assignment__round__phase"))


def codes_it(user):
    """True where this person has an assignment on the paper, in the phase."""
    return Q(Exists(same_paper_and_phase(Assignment.objects.in_force().filter(reviewer=user))))


def still_to_code(user):
    """True where one of this person's assignments on the paper, in the phase, is not finished."""
    return Q(Exists(same_paper_and_phase(Assignment.objects.blinding(user))))


def looked_early(user):
    looks = EarlyLook.objects.filter(
        user=user, paper=OuterRef("assignment__paper"), phase=OuterRef("assignment__round__phase")
    )
    return Q(Exists(looks))


def within_reach(user, membership, study):
    """What this member's role lets them see of others' submitted summaries, blindness aside."""
    everything, nothing = Q(), Q(pk__in=[])
    if study.is_released:
        return everything
    if not membership.may_code:
        return nothing
    waits = study.others_visible == Study.OthersVisible.AFTER_CLOSING
    in_time = Q(assignment__round__closed_at__isnull=False) if waits else everything
    coded = codes_it(user)
    if membership.is_lead:
        return ~coded | in_time if waits else everything
    if study.who_settles == Study.WhoSettles.NOT_CODERS:
        return in_time
    return coded & in_time


class Summary(models.Model):
    """One reviewer's filled-in template for one paper: a draft, then submitted, and never edited after that."""

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
    codebook_version = models.PositiveIntegerField(null=True, blank=True, help_text="When it was submitted.")
    reopened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reopened_reason = LimitedTextField(longest=SENTENCES, blank=True)

    objects = SummaryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "summaries"
        ordering = ["assignment", "revision"]
        constraints = [
            models.UniqueConstraint(fields=["assignment", "revision"], name="one_summary_per_revision"),
            models.UniqueConstraint(
                fields=["assignment"], condition=Q(submitted_at=None), name="one_draft_per_assignment"
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


class Answer(Judgement, Evidence):
    """A summary's content for one section. No answer, or an empty one, is blank: nothing was judged."""

    summary = models.ForeignKey(Summary, on_delete=models.CASCADE, related_name="answers")
    section = models.ForeignKey(Section, on_delete=models.PROTECT, related_name="answers")
    confidence = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(5)], help_text="1 guess … 5 certain"
    )
    version = models.PositiveIntegerField(default=0, help_text="Grows with every save; a save names the one it saw.")
    codebook_version = models.PositiveIntegerField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta(Judgement.Meta):
        ordering = ["section__position", "pk"]
        constraints = [
            *Judgement.Meta.constraints,
            models.UniqueConstraint(fields=["summary", "section"], name="one_answer_per_section"),
            models.CheckConstraint(
                condition=Q(confidence=None) | Q(confidence__gte=1, confidence__lte=5), name="confidence_from_1_to_5"
            ),
        ]

    def __str__(self):
        return f"{self.section} in {self.summary}"


class Mark(Evidence):
    """One use of a code in an answer. A code may be marked twice, with two quotes."""

    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="marks")
    code = models.ForeignKey(Code, on_delete=models.PROTECT, related_name="marks")
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self):
        return str(self.code)


class KeptEditQuerySet(models.QuerySet):
    def open(self):
        return self.filter(resolved_at=None)


class KeptEdit(models.Model):
    """An edit that met another one: what it would have written, kept and shown until its reviewer has chosen."""

    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="kept_edits")
    content = models.JSONField(help_text="The answer as it was typed.")
    based_on = models.PositiveIntegerField(help_text="The version of the answer that the writer had before them.")
    kept_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True, blank=True)

    objects = KeptEditQuerySet.as_manager()

    class Meta:
        ordering = ["kept_at"]

    def __str__(self):
        return f"kept edit of {self.answer}"
