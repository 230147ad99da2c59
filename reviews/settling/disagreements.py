"""The open differences of a study, in the order that helps most. Worked out for all papers at once,
and only when something happened: the database's stamp tells (`models/stamps.py`).
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

from django.db.models import Exists, OuterRef

from mapping.models import Finding
from reviews.blindness import settlers
from reviews.blindness.visible import visible_summaries
from reviews.models import Assignment, Deferral, Resolution, Summary
from reviews.models.study_cache import cached_for_study
from reviews.settling.answers import compared
from reviews.settling.decisions import codes_of_today, is_late
from reviews.settling.exclusion import gone_from
from reviews.settling.unanimous import asked_again, hidden_from, waiting

NEAR, ALONE, LATE = "near", "alone", "late"


class Difference(NamedTuple):
    """One section of one paper on which somebody has to decide."""

    paper: int
    section: int
    phase: int
    place: tuple  # of the section in the template
    severity: float
    codes: tuple  # those that only some gave, in codebook order
    pairs: frozenset  # of frozensets of two reviewers who say different things
    traits: frozenset  # of NEAR, ALONE, LATE
    is_deferred: bool
    is_settled: bool = False  # a finding stands; only in what a reviewer sees of their own papers

    @property
    def rank(self):
        """What helps most comes first: how far apart, then the section, then the code."""
        return (-round(self.severity, 6), self.place, self.codes[:1], self.paper)


@dataclass
class Board:
    """All differences, and how much is settled of each paper in each phase."""

    differences: list = field(default_factory=list)
    # (paper, phase): sections that need no decision, not yet settled
    ready: Counter = field(default_factory=Counter)
    settled: Counter = field(default_factory=Counter)
    unanimous: Counter = field(default_factory=Counter)

    def without(self, hidden):
        """What somebody may see from whom these (paper, phase) are hidden."""
        if not hidden:
            return self
        left = [
            Counter({pair: n for pair, n in counts.items() if pair not in hidden})
            for counts in self.counts
        ]
        return Board(
            [
                difference
                for difference in self.differences
                if (difference.paper, difference.phase) not in hidden
            ],
            *left,
        )

    def of_papers(self, papers):
        left = [
            Counter({pair: n for pair, n in counts.items() if pair[0] in papers})
            for counts in self.counts
        ]
        return Board(
            [difference for difference in self.differences if difference.paper in papers], *left
        )

    @property
    def counts(self):
        return (self.ready, self.settled, self.unanimous)

    @property
    def open(self):
        return [
            difference
            for difference in self.differences
            if not (difference.is_deferred or difference.is_settled)
        ]

    @property
    def numbers(self):
        return {
            "open": len(self.open),
            "deferred": sum(difference.is_deferred for difference in self.differences),
            "settled": self.settled.total(),
            "unanimous": self.unanimous.total(),
            "ready": self.ready.total(),
        }


def board_for(membership):
    """What this settler sees: nothing of papers on which they are blind, or which they may not
    settle.
    """
    board = board_of(membership.study).without(hidden_from(membership))
    if settlers.settles_own(membership):
        return board
    coded = set(Assignment.objects.of(membership).values_list("paper", flat=True))
    papers = {difference.paper for difference in board.differences} | {
        paper for counts in board.counts for paper, _ in counts
    }
    return board.of_papers(papers - coded)


def discussed_by(membership):
    """The differences on the papers that a reviewer submitted, the settled ones last.

    They learn that a difference is settled, but not on what before the study is released.
    """
    study, visible = membership.study, visible_summaries(membership)
    own = set(Assignment.objects.of(membership).submitted().values_list("paper", "round__phase"))
    sections = {section.pk: section for section in study.sections.in_use().select_related("phase")}
    papers = {paper for paper, _ in own}
    settled = set(Finding.objects.filter(paper__in=papers).values_list("paper", "section"))
    differences = [
        difference_of(
            answers,
            sections[answers.section],
            is_settled=(answers.paper, answers.section) in settled,
        )
        for answers in compared(study, visible, sections.values(), papers=papers)
        if answers.comparison.state == "differs"
        and (answers.paper, sections[answers.section].phase_id) in own
    ]
    differences.sort(key=lambda difference: (difference.is_settled, difference.rank))
    by_pair = Counter(
        (difference.paper, difference.phase) for difference in differences if difference.is_settled
    )
    return Board(differences, settled=by_pair)


def board_of(study):
    return cached_for_study(study, "board", lambda: work_out(study))


def work_out(study):
    sections = {section.pk: section for section in study.sections.in_use().select_related("phase")}
    everything = Summary.objects.filter(assignment__round__study=study)
    gone = gone_from(study)
    closed, again = waiting(study, ()) | gone, asked_again(study, ())
    deferred = set(
        Deferral.objects.in_force().filter(paper__study=study).values_list("paper", "section")
    )
    board = Board()
    for answers in compared(study, everything, sections.values(), is_open_only=True):
        section = sections[answers.section]
        if (answers.paper, section.phase_id) in closed or (answers.paper, answers.section) in again:
            continue
        if answers.comparison.state == "differs":
            is_deferred = (answers.paper, answers.section) in deferred
            board.differences.append(difference_of(answers, section, is_deferred=is_deferred))
        else:
            board.ready[answers.paper, section.phase_id] += 1
    board.differences += (
        difference
        for difference in late_changes(study, sections)
        if (difference.paper, difference.phase) not in gone
    )
    board.differences.sort(key=lambda difference: difference.rank)
    count_settled(study, sections, board)
    return board


def difference_of(answers, section, *, is_deferred=False, is_late=False, is_settled=False):
    comparison = answers.comparison
    by_label = {voice.label: voice.reviewer for voice in answers.voices}
    traits = {NEAR} if comparison.near_miss else set()
    if comparison.one_against_the_rest:
        traits.add(ALONE)
    if is_late:
        traits.add(LATE)
    apart = combinations(comparison.answered.items(), 2)
    pairs = frozenset(
        frozenset({by_label[one], by_label[other]}) for (one, a), (other, b) in apart if a != b
    )
    return Difference(
        paper=answers.paper,
        section=section.pk,
        phase=section.phase_id,
        place=(section.phase.position, section.position, section.pk),
        severity=comparison.severity,
        codes=tuple(part.code for part in comparison.partial),
        pairs=pairs,
        traits=frozenset(traits),
        is_deferred=is_deferred,
        is_settled=is_settled,
    )


def late_changes(study, sections):
    """Settled sections of which somebody says something else by now: a lead decides whether the
    finding stays.
    """
    newest = decisions_before_answers(study, sections)
    if not newest:
        return
    went_to = codes_of_today(study)
    everything = Summary.objects.filter(assignment__round__study=study)
    papers = {paper for paper, _ in newest}
    for answers in compared(study, everything, sections.values(), papers=papers):
        resolution = newest.get((answers.paper, answers.section))
        if resolution and is_late(resolution, answers, went_to):
            yield difference_of(answers, sections[answers.section], is_late=True)


def decisions_before_answers(study, sections):
    """`{(paper, section): the decision that holds}` where a summary came after some decision in
    force.
    """
    came_later = Summary.objects.submitted().filter(
        assignment__paper=OuterRef("paper"),
        assignment__round__phase=OuterRef("section__phase"),
        submitted_at__gt=OuterRef("decided_at"),
    )
    in_force = Resolution.objects.in_force().filter(section__in=sections)
    overtaken = in_force.filter(Exists(came_later), paper__study=study).order_by()
    pairs = set(overtaken.values_list("paper", "section"))
    decisions = in_force.filter(paper__in={paper for paper, _ in pairs})
    decisions = decisions.order_by("decided_at", "pk").only(
        "paper", "section", "content", "decided_at"
    )
    return {
        pair: resolution
        for resolution in decisions
        if (pair := (resolution.paper_id, resolution.section_id)) in pairs
    }


def count_settled(study, sections, board):
    is_unanimous = {}
    decisions = Resolution.objects.in_force().filter(paper__study=study, section__in=sections)
    for paper, section, unanimous in decisions.order_by("decided_at", "pk").values_list(
        "paper", "section", "is_unanimous"
    ):
        is_unanimous[paper, section] = unanimous
    for paper, section in (
        Finding.objects.of(study).filter(section__in=sections).values_list("paper", "section")
    ):
        pair = (paper, sections[section].phase_id)
        board.settled[pair] += 1
        board.unanimous[pair] += bool(is_unanimous.get((paper, section)))


def open_count(membership):
    """For the rail: how many differences wait for this settler's decision."""
    if not settlers.is_settler(membership):
        return 0
    key = f"open.{membership.user_id}.{settlers.variant(membership)}"
    return cached_for_study(membership.study, key, lambda: len(board_for(membership).open))


def papers_in_order(differences):
    """Each paper once, where its first difference stands."""
    return list(dict.fromkeys(difference.paper for difference in differences))


def by_paper(differences):
    grouped = defaultdict(list)
    for difference in differences:
        grouped[difference.paper].append(difference)
    return grouped
