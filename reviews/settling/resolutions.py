"""Settling a difference: how what several reviewers said becomes what the team says.

Every decision is a row of its own, never overwritten; the finding is what the newest decision in
force says. Locks are taken in one order: the study's codebook (shared), the paper, then what hangs
on it.
"""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from mapping.judgement.values import Judgement
from mapping.models import Finding, FindingMark, LogEntry, Paper, Section, User
from reviews.blindness.names import called_for_all
from reviews.judgement.database import columns_of, marks_for
from reviews.models import Assignment, Deferral, Resolution, Summary
from reviews.settling.answers import Compared, compared
from reviews.settling.decisions import (
    as_of_today,
    basis_of,
    checked_settled,
    codes_of_today,
    content_of,
    digest,
)
from reviews.settling.exclusion import come_back, gone_from, leave
from reviews.settling.permissions import is_coder, paper_to_settle

__all__ = [
    "AlreadySettled",
    "AnswersChanged",
    "defer",
    "lift",
    "resolve",
    "undo",
]


class AlreadySettled(ValidationError):
    """Somebody settled this section in between; `resolution` is theirs, None where theirs was taken
    back.
    """

    def __init__(self, resolution, section):
        self.resolution = resolution
        if resolution is None:
            text = (
                f"The decision on “{section}” was taken back in the meantime, so nothing was "
                "changed."
            )
        else:
            by = called_for_all(section.study, resolution.decided_by)
            text = f"{by} has settled “{section}” in the meantime."
        super().__init__(text)


class AnswersChanged(ValidationError):
    """A reviewer says something else than what the decider had before them."""


@transaction.atomic
def resolve(
    paper: Paper,
    section: Section,
    *,
    settled: Judgement,
    basis: str,
    by: User,
    seen: int | None = None,
    answers_seen: str | None = None,
    adopted_from: User | None = None,
    cause: str = "",
    rationale: str = "",
) -> Resolution:
    """Settle one section of one paper; returns the Resolution.

    `seen` is the primary key of the resolution that the decider had before them, or None. Where
    another is in force by now, AlreadySettled carries it and nothing is written: answer it with
    `seen`. `answers_seen`, a `decisions.digest`, refuses likewise where an answer is another now.
    """
    paper = paper_to_settle(paper, section, by)
    current = in_force_as_seen(paper, section, seen)
    compared_answers = answers_as_seen(paper, section, answers_seen)
    comparison = compared_answers.comparison
    standing = as_of_today(current, codes_of_today(paper.study)) if current else None
    settled = checked_settled(section, settled, comparison, standing)
    check_reason(comparison, cause, rationale)
    resolution = record_resolution(
        paper,
        section,
        settled,
        compared_answers,
        basis=basis_of(settled, basis, compared_answers, adopted_from),
        adopted_from=adopted_from,
        cause=cause,
        rationale=rationale,
        replaces=current,
        by=by,
    )
    follow(paper, by=by, at=resolution.decided_at)
    return resolution


def in_force_as_seen(paper: Paper, section: Section, seen: int | None) -> Resolution | None:
    """The decision that holds now, once it is sure that the decider saw it and may decide anew."""
    current = in_force(paper, section)
    if (current and current.pk) != seen:
        raise AlreadySettled(current, section)
    refuse_if_gone(paper, section)
    return current


def answers_as_seen(paper: Paper, section: Section, answers_seen: str | None) -> Compared:
    compared_answers = said_of(paper, section)
    if answers_seen is not None and answers_seen != digest(compared_answers):
        raise AnswersChanged(
            f"An answer on “{section}” has changed in the meantime. Look at it again, then decide."
        )
    return compared_answers


def record_resolution(
    paper: Paper,
    section: Section,
    settled: Judgement,
    compared_answers: Compared,
    *,
    basis: str,
    adopted_from: User | None,
    cause: str,
    rationale: str,
    replaces: Resolution | None,
    by: User,
) -> Resolution:
    """Write the finding and the decision behind it; what had been put off is so no longer."""
    comparison = compared_answers.comparison
    finding = record_finding(paper, section, settled)
    resolution = Resolution.objects.create(
        paper=paper,
        section=section,
        finding=finding,
        basis=basis,
        adopted_from=adopted_from if basis == Resolution.Basis.ADOPTED else None,
        cause=cause,
        rationale=rationale.strip(),
        content=content_of(settled, compared_answers, replaces=replaces),
        reviewers=len(comparison.answered_by),
        is_unanimous=comparison.settles_itself,
        by_coder=is_coder(by, paper),
        decided_by=by,
        decided_at=finding.settled_at,
    )
    deferrals = Deferral.objects.in_force().filter(paper=paper, section=section)
    deferrals.update(lifted_at=resolution.decided_at)
    log_resolution(resolution, replaces=replaces)
    return resolution


def log_resolution(resolution: Resolution, *, replaces: int | None) -> None:
    paper, section = resolution.paper, resolution.section
    LogEntry.objects.record(
        paper.study,
        resolution.decided_by,
        "settle-section",
        f"Settled “{section}” of “{paper}”",
        paper=paper,
        section=section.key,
        basis=resolution.basis,
        resolution=resolution.decided_at.isoformat(),
        replaces=replaces and replaces.decided_at.isoformat(),
    )


def said_of(paper: Paper, section: Section) -> Compared:
    """What everybody said. Whoever asks may see all of it: `paper_to_settle` has made sure."""
    everything = Summary.objects.filter(assignment__round__study=paper.study)
    said = next(iter(compared(paper.study, everything, [section], papers=[paper.pk])), None)
    if said is None:
        raise ValidationError("Nobody has submitted anything on this section yet.")
    if said.comparison.state == "single" and still_coding(paper, section).exists():
        raise ValidationError(
            "Somebody still has to code this paper: one answer alone is not settled before."
        )
    return said


def still_coding(paper, section):
    return Assignment.objects.awaiting().filter(
        paper=paper, round__phase=section.phase_id, round__closed_at=None
    )


def check_reason(comparison, cause, rationale):
    if cause and cause not in Resolution.Cause.values:
        raise ValidationError(f"“{cause}” is no cause of a difference.")
    if comparison.state == "differs" and not (cause and rationale.strip()):
        raise ValidationError("Say what caused the difference, and why you settle it so.")


def in_force(paper: Paper, section: Section) -> Resolution | None:
    """The decision that holds now: the newest that was not undone."""
    return (
        Resolution.objects.in_force()
        .filter(paper=paper, section=section)
        .select_related("decided_by", "section")
        .order_by("-decided_at", "-pk")
        .first()
    )


def record_finding(
    paper: Paper, section: Section, settled: Judgement, at: datetime | None = None
) -> Finding:
    """Write what the team says now. The caller holds the paper's lock and keeps the history."""
    finding, _ = Finding.objects.update_or_create(
        paper=paper,
        section=section,
        defaults={**columns_of(settled), "settled_at": at or timezone.now()},
    )
    finding.marks.all().delete()
    FindingMark.objects.bulk_create(marks_for(finding, settled))
    return finding


@transaction.atomic
def undo(resolution: Resolution, *, by: User) -> Resolution | None:
    """Take a decision back: the one before it holds again, or nothing does and the section is open.

    Returns the decision that holds now, or None.
    """
    section = resolution.section
    paper = paper_to_settle(resolution.paper, section, by)
    in_force_as_seen(paper, section, resolution.pk)
    Resolution.objects.filter(pk=resolution.pk).update(undone_at=timezone.now(), undone_by=by)
    earlier = in_force(paper, section)
    if earlier:
        settled = as_of_today(earlier, codes_of_today(paper.study))
        if has_lost_a_code(section, settled):
            raise ValidationError(
                f"A code of the decision before this one is no longer in “{section}”: decide anew "
                "instead."
            )
        finding = record_finding(paper, section, settled, at=earlier.decided_at)
        Resolution.objects.filter(pk=earlier.pk).update(finding=finding)
    else:
        Finding.objects.filter(paper=paper, section=section).delete()
        # What had been put off is put off again.
        Deferral.objects.filter(
            paper=paper, section=section, lifted_at=resolution.decided_at
        ).update(lifted_at=None)
    LogEntry.objects.record(
        paper.study,
        by,
        "undo-settling",
        f"Took back the decision on “{section}” of “{paper}”",
        paper=paper,
        section=section.key,
        resolution=resolution.decided_at.isoformat(),
    )
    follow(paper, by=by, at=earlier.decided_at if earlier else timezone.now())
    return earlier


def refuse_if_gone(paper: Paper, section: Section) -> None:
    if (paper.pk, section.phase_id) in gone_from(paper.study, [paper.pk]):
        raise ValidationError(
            "An earlier phase excluded this paper: here nothing is decided on it."
        )


def follow(paper: Paper, *, by: User, at: datetime) -> None:
    """The paper leaves the later phases, or is back in them, as what was just decided or taken back
    says.
    """
    leave(paper.study, [paper.pk], by=by, at=at)
    come_back(paper.study, [paper.pk], by=by, record_finding=stand_again)


def has_lost_a_code(section, settled):
    """Whether a code of what was settled stands in another section by now, or nowhere."""
    return section.codes.filter(pk__in=settled.codes).count() < len(settled.codes)


def stand_again(resolution: Resolution) -> int:
    """Write the finding of a decision in force anew; 0, and the decision is open, where a code of
    it went elsewhere.
    """
    section = resolution.section
    settled = as_of_today(resolution, codes_of_today(resolution.paper.study))
    if has_lost_a_code(section, settled):
        Resolution.objects.in_force().filter(paper=resolution.paper, section=section).update(
            undone_at=timezone.now()
        )
        return 0
    finding = record_finding(resolution.paper, section, settled, at=resolution.decided_at)
    Resolution.objects.in_force().filter(paper=resolution.paper, section=section).update(
        finding=finding
    )
    return 1


@transaction.atomic
def defer(paper: Paper, section: Section, *, note: str, by: User) -> Deferral:
    """Put a section off, with a note; it leaves the queue until it is settled or the deferral is
    lifted.
    """
    paper = paper_to_settle(paper, section, by)
    in_force_as_seen(paper, section, None)
    said_of(paper, section)
    deferral, _ = Deferral.objects.update_or_create(
        paper=paper, section=section, lifted_at=None, defaults={"note": note.strip(), "by": by}
    )
    LogEntry.objects.record(
        paper.study,
        by,
        "defer-section",
        f"Put off “{section}” of “{paper}”",
        paper=paper,
        section=section.key,
        note=deferral.note,
    )
    return deferral


@transaction.atomic
def lift(paper: Paper, section: Section, *, by: User) -> bool:
    """Take a section up again that was put off. Lifting what is lifted already changes nothing."""
    paper = paper_to_settle(paper, section, by)
    lifted = (
        Deferral.objects.in_force()
        .filter(paper=paper, section=section)
        .update(lifted_at=timezone.now())
    )
    if lifted:
        LogEntry.objects.record(
            paper.study,
            by,
            "lift-deferral",
            f"Took up “{section}” of “{paper}” again",
            paper=paper,
            section=section.key,
        )
    return bool(lifted)
