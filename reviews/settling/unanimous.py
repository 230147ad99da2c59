"""What needs no decision: unanimous answers settle themselves, and so do those of a paper that one
person codes.

Locks are taken in one order: the study's codebook (shared), then the papers by primary key.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.template.defaultfilters import pluralize
from django.utils import timezone

from mapping.codebook.versions import hold_codebook
from mapping.models import (
    Finding,
    FindingMark,
    LogEntry,
    Membership,
    Paper,
    Phase,
    Study,
    User,
)
from mapping.site import analyze
from mapping.site.plurals import counted
from reviews.blindness import rules
from reviews.judgement.database import columns_of, marks_for
from reviews.models import Assignment, Deferral, RecodingTask, Resolution, Summary
from reviews.settling.answers import Compared, compared
from reviews.settling.decisions import content_of
from reviews.settling.exclusion import come_back, gone_from, leave
from reviews.settling.resolutions import stand_again

BATCH = 2000


def settle_paper_if_complete(paper: Paper, phase: Phase) -> dict[str, Any]:
    """Called when a summary is submitted, within its transaction: settles what the last reader made
    unanimous.

    Two last readers may submit at once: the second waits for the paper, and then sees that the
    first is done.
    """
    return settle(paper.study, papers=[paper.pk], phase=phase)


def settle_unanimous(
    study: Study,
    papers: Collection[int],
    *,
    phase: Phase | None = None,
    at: datetime | None = None,
) -> None:
    """Called where an act ends the waiting for these papers, within its transaction: what all say
    is settled.

    One answer alone stays open, other than after a last submission: the paper may be given to
    somebody else yet.
    """
    if papers:
        settle(study, papers=papers, phase=phase, is_unanimous_only=True, at=at)


@transaction.atomic
def settle(
    study: Study,
    *,
    by: User | None = None,
    papers: Collection[int] | None = None,
    phase: Phase | None = None,
    is_unanimous_only: bool = False,
    at: datetime | None = None,
) -> dict[str, Any]:
    """Write the findings that need no decision, and count what stays open: `{"settled": n, "open":
    m, "at": when}`.

    Only where nobody still has to code the paper in that phase, or this section anew, and where
    there is no finding yet. `by` is the lead who asked, None where an act of the study did;
    `papers` (primary keys) and `phase` narrow.
    """
    lead = require_lead(study, by) if by else None
    hold_codebook(study)
    locked = study.papers.all() if papers is None else study.papers.filter(pk__in=papers)
    # In the order of the primary key, so that two of these wait for each other instead of for ever.
    locked = list(locked.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    may_be_settled = unsettled(study, locked, lead=lead, papers=papers, phase=phase)
    ready = [
        answers
        for answers in may_be_settled
        if answers.comparison.settles_itself
        or (answers.comparison.state == "single" and not is_unanimous_only)
    ]
    now = at or timezone.now()
    write_all(ready, by, now)
    if ready:
        end_deferrals(ready, now)
        record(study, ready, by, now)
        leave(study, {answers.paper for answers in ready}, by=by, at=now)
    return {"settled": len(ready), "open": len(may_be_settled) - len(ready), "at": now}


def require_lead(study: Study, by: User) -> Membership:
    """The membership of the lead who acts, as it is at this moment."""
    membership = rules.active_membership(by, study)
    if membership is None or not membership.is_lead:
        raise PermissionDenied("Only leads of this study may do this.")
    return membership


def unsettled(
    study: Study,
    locked: list[int],
    *,
    lead: Membership | None,
    papers: Collection[int] | None,
    phase: Phase | None,
) -> list[Compared]:
    """`[Compared]` of the sections without a finding that nobody still has to code, now or anew.

    `locked` are the papers that may be written, `papers` those asked for, None where all are;
    `lead` is whoever asked, from whom papers may be closed.
    """
    sections = study.sections.in_use()
    sections = {
        section.pk: section for section in (sections.filter(phase=phase) if phase else sections)
    }
    closed = (
        waiting(study, locked) | gone_from(study, papers) | (hidden_from(lead) if lead else set())
    )
    again = asked_again(study, locked)
    summaries = Summary.objects.filter(assignment__round__study=study)
    chosen = None if papers is None else locked
    return [
        answers
        for answers in compared(
            study, summaries, sections.values(), papers=chosen, is_open_only=True
        )
        if (answers.paper, sections[answers.section].phase_id) not in closed
        and (answers.paper, answers.section) not in again
    ]


def waiting(study: Study, papers: Collection[int]) -> set[tuple[int, int]]:
    """`{(paper, phase)}` that somebody still has to code."""
    awaiting = Assignment.objects.awaiting().filter(round__study=study, round__closed_at=None)
    if len(papers) == 1:
        awaiting = awaiting.filter(paper=papers[0])
    return set(awaiting.values_list("paper", "round__phase"))


def asked_again(study: Study, papers: Collection[int]) -> set[tuple[int, int]]:
    """`{(paper, section)}` that somebody who can has still to look at again, or to answer for the
    first time.
    """
    tasks = RecodingTask.objects.waiting().filter(assignment__round__study=study)
    if len(papers) == 1:
        tasks = tasks.filter(assignment__paper=papers[0])
    return set(tasks.order_by().values_list("assignment__paper", "section"))


def hidden_from(membership: Membership) -> set[tuple[int, int]]:
    """`{(paper, phase)}` of which this member may not know what others said."""
    return rules.closed_pairs(membership)


def write_all(ready: list[Compared], by: User | None, now: datetime) -> None:
    settled = [
        answers.comparison.with_evidence(answers.comparison.options[0].judgement)
        for answers in ready
    ]
    findings = Finding.objects.bulk_create(
        (
            Finding(
                paper_id=answers.paper,
                section_id=answers.section,
                **columns_of(judgement),
                settled_at=now,
            )
            for answers, judgement in zip(ready, settled, strict=True)
        ),
        batch_size=BATCH,
    )
    together = list(zip(findings, ready, settled, strict=True))
    marks = (mark for finding, _, judgement in together for mark in marks_for(finding, judgement))
    FindingMark.objects.bulk_create(marks, batch_size=BATCH)
    Resolution.objects.bulk_create(
        (
            Resolution(
                paper_id=answers.paper,
                section_id=answers.section,
                finding=finding,
                basis="unanimous" if answers.comparison.settles_itself else "single",
                content=content_of(judgement, answers),
                reviewers=len(answers.comparison.answered_by),
                is_unanimous=answers.comparison.settles_itself,
                decided_by=by,
                decided_at=now,
            )
            for finding, answers, judgement in together
        ),
        batch_size=BATCH,
    )
    analyze.tell_of(len(findings), Finding, FindingMark, Resolution)


def end_deferrals(ready: list[Compared], now: datetime) -> None:
    """What is settled is put off no longer."""
    papers = {answers.paper for answers in ready}
    put_off = Deferral.objects.in_force().filter(paper__in=papers)
    settled = Resolution.objects.filter(
        paper=OuterRef("paper"), section=OuterRef("section"), decided_at=now
    )
    put_off.filter(Exists(settled)).update(lifted_at=now)


def put_off_again(resolutions: Collection[int]) -> None:
    """What these decisions, now undone, had taken up is put off as it was before them."""
    undone = Resolution.objects.filter(
        pk__in=resolutions,
        paper=OuterRef("paper"),
        section=OuterRef("section"),
        decided_at=OuterRef("lifted_at"),
    )
    Deferral.objects.filter(Exists(undone)).update(lifted_at=None)


def record(study: Study, ready: list[Compared], by: User | None, now: datetime) -> None:
    papers = {answers.paper for answers in ready}
    unanimous = sum(answers.comparison.settles_itself for answers in ready)
    # About one paper, the log must know so: it withholds lines from those still to code it.
    paper = Paper.objects.get(pk=papers.pop()) if len(papers) == 1 else None
    where = f"of “{paper}”" if paper else f"in {len(papers)} papers"
    what = f"{len(ready)} section{pluralize(len(ready))}"
    LogEntry.objects.record(
        study,
        by,
        "settle-unanimous",
        f"Settled {what} {where} that needed no decision",
        paper=paper,
        unanimous=unanimous,
        single=len(ready) - unanimous,
        at=now.isoformat(),
    )


@transaction.atomic
def take_back(study: Study, *, by: User, at: datetime) -> int:
    """Undo what `settle` wrote for this lead at that moment, but for what somebody decided anew
    since; how many.
    """
    require_lead(study, by)
    hold_codebook(study)
    return undo_all(study, Resolution.objects.filter(decided_by=by, decided_at=at), by)


@transaction.atomic
def wait_again(
    study: Study, papers: Collection[int], *, phase: Phase, at: datetime, by: User
) -> int:
    """Somebody codes these papers again after all: what settled itself at that moment is open
    again; how many.
    """
    hold_codebook(study)
    itself = Resolution.objects.filter(
        paper__in=papers, section__phase=phase, decided_by=None, decided_at=at
    )
    return undo_all(study, itself, by)


def undo_all(study: Study, resolutions: QuerySet[Resolution], by: User) -> int:
    """Undo these, which no person decided on, but for what somebody decided anew since; how
    many.
    """
    mine = resolutions.in_force().filter(paper__study=study, basis__in=["unanimous", "single"])
    papers = (
        Paper.objects.filter(pk__in=mine.values("paper"))
        .order_by("pk")
        .select_for_update(no_key=True)
    )
    list(papers.values_list("pk", flat=True))
    newer = Resolution.objects.in_force().filter(
        paper=OuterRef("paper"), section=OuterRef("section"), decided_at__gt=OuterRef("decided_at")
    )
    rows = list(mine.filter(~Exists(newer)).values_list("pk", "finding", "paper"))
    taken, touched = [row[:2] for row in rows], {row[2] for row in rows}
    Resolution.objects.filter(pk__in=[pk for pk, _ in taken]).update(
        undone_at=timezone.now(), undone_by=by
    )
    Finding.objects.filter(pk__in=[finding for _, finding in taken]).delete()
    if taken:
        put_off_again([pk for pk, _ in taken])
        text = f"Took back {counted(len(taken), 'findings')} that had needed no decision"
        LogEntry.objects.record(study, by, "undo-settling", text, count=len(taken))
        come_back(study, touched, by=by, record_finding=stand_again)
    return len(taken)
