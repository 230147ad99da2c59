"""A settled decision that excludes a paper takes it out of the phases that follow; without it the
paper is back.

There what nobody submitted is taken back, drafts kept, and what was settled is set aside: the
decisions stand in the record, their findings come back with the paper. What was submitted stays,
and agreement goes on counting it. Whoever calls holds the paper's lock, and says when: what is
taken back bears the moment of the decision that did it.
"""

from collections.abc import Callable, Collection
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from mapping.models import Code, Finding, FindingMark, LogEntry, Membership, Study, User
from reviews.blindness.independence import not_to_give_back
from reviews.blindness.settlers import reviewers_settle
from reviews.models import Assignment, Resolution

__all__ = ["come_back", "gone_from", "leave", "unread"]


def gone_from(study: Study, papers: Collection[int] | None = None) -> set[tuple[int, int]]:
    """`{(paper, phase)}` of the papers (primary keys; default: all) that an earlier phase's finding
    excludes.
    """
    # Few codes exclude, in most studies none: marks are found by them, however much was settled a
    # moment ago.
    codes = list(
        Code.objects.filter(excludes_paper=True, section__study=study).values_list("pk", flat=True)
    )
    if not codes:
        return set()
    marks = FindingMark.objects.filter(code__in=codes)
    if papers is not None:
        marks = marks.filter(finding__paper__in=papers)
    excluded = set(marks.order_by().values_list("finding__paper", "finding__section__phase"))
    if not excluded:
        return set()
    phases = list(study.phases.order_by("position", "pk").values_list("pk", flat=True))
    return {
        (paper, later) for paper, phase in excluded for later in phases[phases.index(phase) + 1 :]
    }


def leave(study: Study, papers: Collection[int], *, by: User | None, at: datetime) -> None:
    """Take these papers out of the phases from which a decision of this moment excludes them."""
    gone = gone_from(study, papers)
    if not gone:
        return
    # Whoever is submitting right now holds their assignment, and will want the paper: what they
    # submit stays.
    waiting = Assignment.objects.unsubmitted().filter(
        round__study=study, paper__in=papers, round__closed_at=None
    )
    waiting = waiting.select_for_update(of=["self"], skip_locked=True).values_list(
        "pk", "paper", "round__phase"
    )
    taken = [pk for pk, *pair in waiting if tuple(pair) in gone]
    # Looked at once more under the lock: somebody may have submitted while it was waited for.
    taken_back = Assignment.objects.filter(pk__in=taken).unsubmitted().update(withdrawn_at=at)
    findings = Finding.objects.filter(paper__in=papers, section__study=study)
    findings = findings.values_list("pk", "paper", "section__phase")
    aside = [pk for pk, *pair in findings if tuple(pair) in gone]
    Finding.objects.filter(pk__in=aside).delete()
    if taken_back or aside:
        record(
            study,
            {paper for paper, _ in gone},
            "leave",
            "out of the phases that follow",
            by,
            taken_back,
            len(aside),
        )


def come_back(
    study: Study,
    papers: Collection[int],
    *,
    by: User | None,
    record_finding: Callable[[Resolution], int],
) -> None:
    """Let these papers back into the phases from which no decision excludes them any longer.

    Work goes to those again who could not read others' answers meanwhile. `record_finding` writes a
    finding anew.
    """
    gone = gone_from(study, papers)
    decided = Resolution.objects.filter(
        paper=OuterRef("paper"), decided_at=OuterRef("withdrawn_at")
    )
    taken = Assignment.objects.filter(
        Exists(decided), round__study=study, paper__in=papers, round__closed_at=None
    )
    taken = unread(taken, study).values_list("pk", "paper", "round__phase")
    back = [pk for pk, *pair in taken if tuple(pair) not in gone]
    given_back = Assignment.objects.filter(pk__in=back).update(withdrawn_at=None)
    aside = [
        resolution
        for resolution in set_aside(study, papers)
        if (resolution.paper_id, resolution.section.phase_id) not in gone
    ]
    restored = sum(record_finding(resolution) for resolution in aside)
    if given_back or restored:
        record(
            study, set(papers), "come-back", "into the phases that follow", by, given_back, restored
        )


def set_aside(study: Study, papers: Collection[int]) -> list[Resolution]:
    """The decisions in force, of each section the newest, whose findings went with the paper."""
    findings = Finding.objects.filter(paper=OuterRef("paper"), section=OuterRef("section"))
    decisions = Resolution.objects.in_force().filter(
        ~Exists(findings), paper__in=papers, section__study=study
    )
    newest = {}
    for resolution in decisions.select_related("paper__study", "section").order_by(
        "decided_at", "pk"
    ):
        newest[resolution.paper_id, resolution.section_id] = resolution
    return list(newest.values())


def unread(assignments: QuerySet[Assignment], study: Study) -> QuerySet[Assignment]:
    """Of these, taken back, those whose reviewers could not read others' answers since, nor can
    now.
    """
    if study.is_released or reviewers_settle(study):
        return assignments.none()
    reviewers = Membership.objects.active().filter(study=study, role=Membership.Role.REVIEWER)
    elsewhere = Assignment.objects.in_force().filter(
        round__phase=OuterRef("round__phase"),
        paper=OuterRef("paper"),
        reviewer=OuterRef("reviewer"),
    )
    blind = assignments.filter(~Exists(elsewhere), reviewer__in=reviewers.values("user"))
    return blind.exclude(pk__in=not_to_give_back(blind))


def record(
    study: Study,
    papers: Collection[int],
    act: str,
    where: str,
    by: User | None,
    work: int,
    findings: int,
) -> None:
    paper = study.papers.get(pk=next(iter(papers))) if len(papers) == 1 else None
    what = f"“{paper}”" if paper else f"{len(papers)} papers"
    LogEntry.objects.record(
        study,
        by,
        f"{act}-phases",
        f"Took {what} {where}",
        paper=paper,
        assignments=work,
        findings=findings,
    )
