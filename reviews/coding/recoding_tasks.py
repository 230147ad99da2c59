"""Looking at one section of a submitted summary again: a code in it was split or declined, or the
section came later.

The submitted revision stays as it is, and reliability is computed from it (law 2). What is said now
is a new revision: a copy in which this section alone is answered anew, submitted at once under the
codebook of today (law 6).
"""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from mapping.codebook.versions import hold_codebook
from mapping.judgement.values import Judgement
from mapping.models import LogEntry, Study, User
from reviews.coding import drafts
from reviews.judgement.checks import checked
from reviews.models import Answer, Assignment, Mark, RecodingTask, Summary
from reviews.settling.unanimous import settle_paper_if_complete

EARLIER = "Re-coding in one section"


def reason_not_now(task: RecodingTask, latest: Summary | None) -> str:
    """Why this task waits: the summary is open anyway, or is no longer this reviewer's."""
    if latest is None or not latest.is_submitted:
        return "Your summary of this paper is open: change the section there, then submit."
    if task.assignment.withdrawn_at:
        return "This paper was taken back: it is not yours to code any longer."
    return ""


def is_settled_already(task: RecodingTask, latest: Summary | None) -> bool:
    """Nothing is left to look at: the code stands in the newest revision no more, or the section
    has its answer.
    """
    if not latest or not latest.is_submitted:
        return False
    if task.code_id:
        return not Mark.objects.filter(
            answer__summary=latest, answer__section=task.section, code=task.code_id
        ).exists()
    answer = Answer.objects.filter(summary=latest, section=task.section).first()
    return not drafts.content_of(answer).is_blank


@transaction.atomic
def recode(
    task: RecodingTask, content: Judgement | Mapping[str, Any], *, by: User, based_on: int
) -> Summary:
    """Answer one section anew. `based_on` is the revision that the reviewer had before them.

    Returns the new revision. Whatever else of this section waits for the same reviewer is done with
    it.
    """
    if task.assignment.reviewer_id != by.pk:
        raise PermissionDenied("A summary is written by its reviewer alone.")
    study = task.assignment.round.study
    version = hold_codebook(study)
    # The same task may be open in two tabs: the second finds it done.
    assignment = Assignment.objects.select_for_update(no_key=True).get(pk=task.assignment_id)
    task = RecodingTask.objects.select_related("change__by", "section").get(pk=task.pk)
    if task.done_at:
        raise ValidationError("This section is done already, perhaps in another tab.")
    task.assignment = assignment
    latest = drafts.newest(assignment)
    if refusal := reason_not_now(task, latest):
        raise ValidationError(refusal)
    if latest.revision != based_on:
        raise ValidationError("Your summary has a newer revision: reload the page to see it.")
    before = drafts.content_of(Answer.objects.filter(summary=latest, section=task.section).first())
    content = checked(
        task.section, content, by=by, already=standing(latest, task), standing=before.texts()
    )
    if content.is_blank and task.section.is_required:
        raise ValidationError(f"{task.section}: choose an answer. An absence is an answer too.")
    revision = revise(latest, task, content, by, version)
    done = RecodingTask.objects.open().filter(assignment=assignment, section=task.section)
    done.update(done_at=timezone.now())
    log_recoding(study, task, revision, by)
    settle_paper_if_complete(assignment.paper, task.section.phase)
    return revision


def log_recoding(study: Study, task: RecodingTask, revision: Summary, by: User) -> None:
    paper = task.assignment.paper
    LogEntry.objects.record(
        study,
        by,
        "recode-section",
        f"Looked at {task.section} of “{paper}” again",
        paper=paper,
        section=task.section.key,
        revision=revision.revision,
        codebook_version=revision.codebook_version,
    )


def standing(latest: Summary, task: RecodingTask) -> set[int]:
    """The codes of the answer that may stay: all but the one that is to be coded anew."""
    marks = Mark.objects.filter(answer__summary=latest, answer__section=task.section)
    return set(marks.exclude(code=task.code_id).values_list("code", flat=True))


def revise(
    latest: Summary, task: RecodingTask, content: Judgement, by: User, version: int
) -> Summary:
    revision = Summary.objects.create(
        assignment=latest.assignment,
        revision=latest.revision + 1,
        origin=latest.origin,
        reopened_by=task.change.by if task.change else by,
        reopened_reason=f"{EARLIER}: {task.section}",
    )
    drafts.copy_answers(latest, revision)
    answer = Answer.objects.filter(summary=revision, section=task.section).first()
    saved = drafts.content_of(answer)
    drafts.write(answer or Answer(summary=revision, section=task.section), content, saved, version)
    revision.submitted_at, revision.codebook_version = timezone.now(), version
    revision.save(update_fields=["submitted_at", "codebook_version"])
    return revision


@transaction.atomic
def drop_if_settled(task: RecodingTask) -> bool:
    """A task whose reason is gone is done: its code was merged away, or taken out of a reopened
    summary.
    """
    if task.done_at is None and is_settled_already(task, drafts.newest(task.assignment)):
        task.done_at = timezone.now()
        task.save(update_fields=["done_at"])
    return task.done_at is not None
