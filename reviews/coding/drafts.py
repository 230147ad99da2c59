"""Filling in a summary: the acts. Nothing typed is lost (law 3), nothing submitted is changed (law
2).

Locks are taken in one order: the study's codebook (shared), the assignment, the summary, the paper.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from mapping.codebook.checks import same_label
from mapping.codebook.versions import hold_codebook
from mapping.judgement.values import Judgement
from mapping.models import Code, LogEntry, Membership, Section, Study, User
from mapping.parsers.lookalikes import visible
from reviews.blindness.independence import check_at_submission
from reviews.judgement.checks import checked
from reviews.judgement.database import ANSWER_FIELDS, fill, judgement_of, marks_for
from reviews.models import Answer, Assignment, KeptEdit, Mark, Round, Summary
from reviews.settling.unanimous import settle_paper_if_complete


class Frozen(ValidationError):
    """The summary was submitted: it stays as it is."""


class Incomplete(ValidationError):
    """Not submitted. `missing` are required sections without an answer, `colliding` those with two
    texts kept.
    """

    def __init__(self, message, *, missing=(), colliding=()):
        super().__init__(message)
        self.missing, self.colliding = list(missing), list(colliding)


class Outcome(NamedTuple):
    """What a save did. `kept_edit` is the edit kept beside the answer, where the two collided."""

    word: str  # "saved", "unchanged" or "kept"
    answer: Answer
    kept_edit: KeptEdit | None = None


def closed_reason(assignment: Assignment) -> str:
    """Why nothing can be submitted here, or nothing at all."""
    if assignment.withdrawn_at:
        return "This paper was taken back: it is not yours to code any longer."
    if assignment.round.closed_at and not is_reopened(assignment):
        return f"The round “{assignment.round}” is closed."
    return ""


def is_reopened(assignment: Assignment) -> bool:
    """A lead asked for a revision: closing froze the first submissions, a later one may still come
    in.
    """
    return assignment.summaries.drafts().filter(revision__gt=1).exists()


def open_summary(assignment: Assignment) -> Summary:
    """The draft of this assignment, begun now where there was none. What is submitted comes back as
    it is.
    """
    return newest(assignment) or begin_summary(assignment)


@transaction.atomic
def begin_summary(assignment: Assignment) -> Summary:
    # Two tabs may save their first word at once: the second waits, and finds the first one's draft.
    Assignment.objects.select_for_update(no_key=True).get(pk=assignment.pk)
    return newest(assignment) or Summary.objects.create(assignment=assignment)


def newest(assignment: Assignment) -> Summary | None:
    summary = Summary.objects.filter(assignment=assignment).order_by("-revision").first()
    if summary:
        summary.assignment = assignment
    return summary


def content_of(answer, marks=None):
    """An answer as a Judgement, as a form would send it; no answer is blank."""
    return judgement_of(answer, marks).tidied()


@transaction.atomic
def save_answer(
    summary: Summary,
    section: Section,
    content: Judgement | Mapping[str, Any],
    *,
    based_on: int | None,
    by: User,
    kept_edit: int | None = None,
    resolves: Collection[int] = (),
) -> Outcome:
    """Save one section of a draft: a Judgement or a dict of its fields, and the version of the
    answer it is based on.

    Where somebody (the same reviewer in another tab) saved in between and says something else,
    nothing is overwritten: this save is kept beside the answer, as a KeptEdit. `kept_edit` names
    the one this writer made a moment ago, which then grows instead of a second one; `resolves`
    names those that the reviewer had before their eyes and chose from. Returns an Outcome. Refuses
    with Frozen, ValidationError or PermissionDenied.
    """
    study = summary.assignment.round.study
    check_may_write(summary, section, by)
    version = hold_codebook(study)
    # A submission in another tab: the late-comer changes 0 rows. It also makes saves of this
    # summary wait in line.
    if not Summary.objects.drafts().filter(pk=summary.pk).update(updated_at=timezone.now()):
        raise Frozen("This summary was submitted; it can no longer be changed.")
    answer = Answer.objects.filter(summary=summary, section=section).first()
    saved = content_of(answer)
    content = checked(section, content, by=by, already=saved.codes, standing=saved.texts())
    if content == saved:
        outcome = Outcome("unchanged", answer or Answer(summary=summary, section=section))
    elif answer is None or answer.version == based_on:
        written = write(answer or Answer(summary=summary, section=section), content, saved, version)
        outcome = Outcome("saved", written)
    else:
        return Outcome("kept", answer, keep(answer, content, based_on, kept_edit))
    if resolves:
        resolve_kept_edits(summary, section, resolves)
    return outcome


def resolve_kept_edits(summary: Summary, section: Section, chosen_from: Collection[int]) -> None:
    edits = KeptEdit.objects.open().filter(
        answer__summary=summary, answer__section=section, pk__in=chosen_from
    )
    edits.update(resolved_at=timezone.now())


def check_may_write(summary: Summary, section: Section, by: User) -> None:
    if summary.assignment.reviewer_id != by.pk:
        raise PermissionDenied("A summary is written by its reviewer alone.")
    if section.phase_id != summary.assignment.round.phase_id:
        raise ValidationError(f"“{section}” is not a section of this paper's form.")


def write(answer: Answer, content: Judgement, saved: Judgement, codebook_version: int) -> Answer:
    fill(answer, content)
    answer.version += 1
    answer.codebook_version = codebook_version
    answer.save()
    if content.marks != saved.marks:
        answer.marks.all().delete()
        Mark.objects.bulk_create(marks_for(answer, content))
    return answer


def keep(
    answer: Answer, content: Judgement, based_on: int | None, kept_edit: int | None
) -> KeptEdit:
    numbers = numbers_of_codes(answer.section, content)
    kept = content.with_codes(numbers).as_json()
    if kept_edit:
        mine = answer.kept_edits.open().filter(pk=kept_edit, based_on=based_on).first()
        if mine:
            mine.content = kept
            mine.save(update_fields=["content"])
            return mine
    same = answer.kept_edits.open().filter(content=kept).first()
    return same or KeptEdit.objects.create(answer=answer, content=kept, based_on=based_on)


def numbers_of_codes(section: Section, content: Judgement) -> dict[int, int]:
    """`{primary key: number}` of the codes that this says."""
    codes = Code.objects.filter(section__study=section.study_id, pk__in=content.codes)
    return dict(codes.values_list("pk", "number")) if content.codes else {}


def missing_sections(summary: Summary) -> list[Section]:
    """The required sections of the form that are blank, in its order. Any absence and "none apply"
    are answers.
    """
    required = summary.assignment.round.phase.sections.in_use().filter(is_required=True)
    answers = {answer.section_id: answer for answer in summary.answers.prefetch_related("marks")}
    return [section for section in required if content_of(answers.get(section.pk)).is_blank]


@transaction.atomic
def submit(summary: Summary, *, by: User) -> Summary:
    """Freeze a draft. Refuses with Incomplete (what is missing), Frozen (done already) or
    ValidationError (closed).
    """
    check_is_own(summary, by)
    study = summary.assignment.round.study
    version = hold_codebook(study)
    # Closing a round locks its assignments: whoever comes second sees what the first did.
    assignment = Assignment.objects.select_for_update(no_key=True).get(pk=summary.assignment_id)
    assignment.round = Round.objects.get(pk=assignment.round_id)
    reason = closed_reason(assignment)
    if reason:
        raise ValidationError(f"{reason} Your draft is kept.")
    # A save that is on its way holds the summary's row.
    Summary.objects.select_for_update().get(pk=summary.pk)
    check_is_complete(summary)
    if summary.revision == 1:
        check_at_submission(assignment)
    now = timezone.now()
    if (
        not Summary.objects.drafts()
        .filter(pk=summary.pk)
        .update(submitted_at=now, updated_at=now, codebook_version=version)
    ):
        raise Frozen("This summary was submitted already.")
    summary.submitted_at, summary.codebook_version = now, version
    paper = assignment.paper
    what = "Submitted" if summary.revision == 1 else f"Submitted revision {summary.revision} of"
    LogEntry.objects.record(
        study,
        by,
        "submit-summary",
        f"{what} the summary of “{paper}”",
        paper=paper,
        round=assignment.round.number,
        revision=summary.revision,
        codebook_version=version,
    )
    settle_paper_if_complete(paper, assignment.round.phase)
    return summary


def check_is_own(summary: Summary, by: User) -> None:
    if summary.assignment.reviewer_id != by.pk:
        raise PermissionDenied("A summary is submitted by its reviewer alone.")
    if (
        not Membership.objects.who_code()
        .filter(study=summary.assignment.round.study_id, user=by)
        .exists()
    ):
        raise PermissionDenied("Only active reviewers and leads submit summaries.")


def check_is_complete(summary: Summary) -> None:
    colliding = [
        kept.answer.section
        for kept in KeptEdit.objects.open()
        .filter(answer__summary=summary)
        .select_related("answer__section")
    ]
    missing = missing_sections(summary)
    sentences = []
    if missing:
        sentences.append(f"Not answered yet: {', '.join(str(section) for section in missing)}.")
    if colliding:
        names = ", ".join(dict.fromkeys(str(section) for section in colliding))
        sentences.append(f"Changed in two places, choose one first: {names}.")
    if sentences:
        raise Incomplete(" ".join(sentences), missing=missing, colliding=dict.fromkeys(colliding))


@transaction.atomic
def reopen(assignment: Assignment, *, by: User, reason: str) -> Summary:
    """Let a reviewer revise what they submitted: a new revision, a copy to start from. The first
    stays as it is.
    """
    reason = reason.strip()
    study = assignment.round.study
    check_may_reopen(study, by, reason)
    hold_codebook(study)
    # Two leads may reopen at once: the second finds the first one's draft.
    assignment = (
        Assignment.objects.select_for_update(no_key=True)
        .select_related("paper", "reviewer")
        .get(pk=assignment.pk)
    )
    latest = newest(assignment)
    if latest is None or not latest.is_submitted:
        raise ValidationError("There is nothing to reopen: the summary is not submitted.")
    if assignment.withdrawn_at:
        raise ValidationError(
            "This paper was taken back from its reviewer: hand it out again first."
        )
    revision = Summary.objects.create(
        assignment=assignment, revision=latest.revision + 1, reopened_by=by, reopened_reason=reason
    )
    copy_answers(latest, revision)
    log_reopening(study, revision, by)
    return revision


def check_may_reopen(study: Study, by: User, reason: str) -> None:
    if not Membership.objects.leads().filter(study=study, user=by).exists():
        raise PermissionDenied("Only leads of this study reopen summaries.")
    if not reason:
        raise ValidationError(
            "Say why it is reopened: the reviewer will read it, and it stays in the study's log."
        )


def log_reopening(study: Study, revision: Summary, by: User) -> None:
    assignment, reason = revision.assignment, revision.reopened_reason
    LogEntry.objects.record(
        study,
        by,
        "reopen-summary",
        f"Reopened the summary of “{assignment.paper}” by {assignment.reviewer}: {reason}",
        paper=assignment.paper,
        revision=revision.revision,
        reviewer=assignment.reviewer.username,
        reason=reason,
    )


def copy_answers(source: Summary, target: Summary) -> None:
    """Versions are copied too: a tab that still shows the old revision then collides instead of
    overwriting.
    """
    pairs = []
    for answer in source.answers.prefetch_related("marks").select_related("section"):
        facts = {
            name: getattr(answer, name) for name in (*ANSWER_FIELDS, "version", "codebook_version")
        }
        pairs.append((Answer(summary=target, section=answer.section, **facts), content_of(answer)))
    Answer.objects.bulk_create([copy for copy, _ in pairs])
    Mark.objects.bulk_create([mark for copy, content in pairs for mark in marks_for(copy, content)])


@transaction.atomic
def propose_code(section: Section, *, label: str, definition: str, reason: str, by: User) -> Code:
    """A code that the codebook lacks. Its proposer may use it at once; only leads see it, until
    they have decided.
    """
    # Before the code gets its number, as every act on the codebook: they wait for one another here.
    hold_codebook(section.study)
    label = visible(label)
    code = Code(
        section=section,
        label=label,
        definition=definition.strip(),
        reason=reason.strip(),
        proposed_by=by,
        status=Code.Status.PROPOSED,
        position=section.codes.count(),
    )
    if not section.has_codes:
        raise ValidationError(f"{section} takes no codes.")
    if same_label(label, Code.objects.usable_by(by, section)):
        raise ValidationError(f"“{label}” is there already: choose it.")
    code.full_clean(exclude=["section", "proposed_by"], validate_constraints=False)
    try:
        with transaction.atomic():
            code.save()
    except IntegrityError:  # the same proposal from a second tab
        raise ValidationError(f"You have proposed “{label}” already.") from None
    # Without the paper: the log must not tell on which one it was proposed.
    LogEntry.objects.record(
        section.study,
        by,
        "propose-code",
        f"Proposed the code “{label}” for {section}",
        section=section.key,
        code=code.number,
    )
    return code


@transaction.atomic
def withdraw_proposal(code: Code, *, by: User) -> None:
    """Take one's own proposal back, while no answer uses it."""
    # The lead may decide on it at this moment.
    code = Code.objects.select_for_update().select_related("section__study").get(pk=code.pk)
    if code.status != Code.Status.PROPOSED or code.proposed_by_id != by.pk:
        raise ValidationError(f"“{code}” is not an open proposal of yours.")
    if code.marks.exists():
        raise ValidationError(f"“{code}” is in use: take it out of your answers first.")
    code.status = Code.Status.DECLINED
    code.save(update_fields=["status"])
    LogEntry.objects.record(
        code.section.study,
        by,
        "withdraw-proposal",
        f"Took back the proposed code “{code}”",
        code=code.number,
    )
