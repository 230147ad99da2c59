"""How far the work is, and what waits for whom: plain facts for the overview, the rounds, the queue
and the rail.

Everything here counts assignments and submissions, never what an answer says: it may reach somebody
who is blind.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from mapping.models import Membership, Paper, Phase, Section, Study, User
from reviews.blindness.independence import Independence
from reviews.models import Answer, Assignment, Mark, RecodingTask, Round, Summary
from reviews.models.study_cache import cached_for_study

# The states of an assignment, in words.
STATES = {"todo": "to do", "draft": "draft", "submitted": "submitted"}
# Columns of a paper that no list shows.
LONG_COLUMNS = ("paper__abstract", "paper__extra", "paper__search")


class ReaderProgress(NamedTuple):
    """One reviewer in one round."""

    reader: User
    assigned: int
    started: int
    submitted: int

    @property
    def drafts(self):
        return self.started - self.submitted

    @property
    def open(self):
        return self.assigned - self.submitted

    @property
    def not_begun(self):
        return self.assigned - self.started


@dataclass
class RoundProgress:
    round: Round
    papers: int | None = None
    readers: list[ReaderProgress] = field(default_factory=list)

    @property
    def assigned(self):
        return sum(reader.assigned for reader in self.readers)

    @property
    def started(self):
        return sum(reader.started for reader in self.readers)

    @property
    def submitted(self):
        return sum(reader.submitted for reader in self.readers)

    @property
    def open(self):
        return self.assigned - self.submitted

    @property
    def waits_for(self):
        """Who still has papers, those with the most first."""
        return sorted(
            (reader for reader in self.readers if reader.open), key=lambda reader: -reader.open
        )

    @property
    def is_ready_to_close(self):
        return not self.round.is_closed and self.assigned > 0 and self.open == 0

    @property
    def state(self) -> tuple[str, str]:
        """(name of the style, words)."""
        if self.round.is_closed:
            return "settled", "closed"
        if not self.assigned:
            return "todo", "nothing handed out"
        if self.is_ready_to_close:
            return "submitted", "all submitted"
        return ("draft", "under way") if self.started else ("todo", "handed out")


def of_rounds(rounds: QuerySet[Round], *, with_papers: bool = True) -> list[RoundProgress]:
    """The progress of these rounds (a queryset), in their order. Six queries at most, however many
    they are.

    `with_papers` counts their papers too, which takes as long as all the rest.
    """
    by_pk = {
        round.pk: RoundProgress(round, papers=0 if with_papers else None)
        for round in rounds.select_related("phase")
    }
    living = Assignment.objects.living().filter(round__in=by_pk)
    if with_papers:
        for pk, papers in (
            living.values_list("round").annotate(Count("paper", distinct=True)).order_by()
        ):
            by_pk[pk].papers = papers
    drafts = drafts_in(by_pk)
    rows = counts_of(by_pk)
    readers = User.objects.in_bulk({reviewer for (_, reviewer), _ in rows})
    rows.sort(key=lambda row: readers[row[0][1]].username)
    for (pk, reviewer), (assigned, submitted) in rows:
        # Drafts that somebody left behind are no longer among what is assigned.
        started = min(assigned, submitted + drafts.get((pk, reviewer), 0))
        by_pk[pk].readers.append(ReaderProgress(readers[reviewer], assigned, started, submitted))
    return list(by_pk.values())


def counts_of(rounds):
    """The rows of `counts_in` for these rounds of one study, a dictionary by primary key."""
    if not rounds:
        return []
    study = next(iter(rounds.values())).round.study
    everything = Assignment.objects.living().filter(round__study=study)
    counts = cached_for_study(study, "by-reader", lambda: counts_in(everything))
    return [row for row in counts.items() if row[0][0] in rounds]


def counts_in(assignments):
    """{(round, reviewer): (assigned, submitted)} of these assignments."""
    rows = assignments.with_first().values_list("round", "reviewer").order_by()
    return {
        (pk, user): counts
        for pk, user, *counts in rows.annotate(Count("pk"), Count("first__submitted_at"))
    }


def drafts_in(rounds, **conditions):
    """{(round, reviewer): first drafts}. Drafts are few at any time and have an index of
    their own.
    """
    drafts = Summary.objects.drafts().filter(
        revision=1, assignment__withdrawn_at=None, assignment__round__in=rounds, **conditions
    )
    rows = drafts.values_list("assignment__round", "assignment__reviewer").order_by()
    return {(pk, user): count for pk, user, count in rows.annotate(Count("pk"))}


def of_round(round: Round) -> RoundProgress:
    return of_rounds(round.study.rounds.filter(pk=round.pk))[0]


def papers_of(round: Round, reader: User | None = None) -> QuerySet[Paper]:
    """The papers of a round, or those that one person reads in it, in reading order."""
    living = round.assignments.living()
    if reader:
        living = living.filter(reviewer=reader)
    return Paper.objects.filter(pk__in=living.values("paper")).order_by("pk")


def readers_of(round, papers):
    """The living assignments of these papers, with their states."""
    living = round.assignments.living().filter(paper__in=papers).with_state()
    return (
        living.select_related("reviewer", "paper")
        .defer(*LONG_COLUMNS)
        .order_by("paper", "reviewer__username")
    )


class Reader(NamedTuple):
    """Who reads a paper in a round: `why_not` says why not independently."""

    assignment: Assignment  # with its state
    word: str
    why_not: str


def with_readers(round: Round, papers: Iterable[Paper]) -> list[tuple[Paper, list[Reader]]]:
    """The papers, each with the readers of its living assignments. Five queries."""
    papers = list(papers)
    by_paper = defaultdict(list)
    living = round.assignments.living().filter(paper__in=papers)
    not_independent = Independence(round.study).apart(living)
    for assignment in readers_of(round, papers):
        word = f"{assignment.reviewer}: {STATES[assignment.state]}"
        why_not = not_independent.get(assignment.pk, "")
        by_paper[assignment.paper_id].append(Reader(assignment, word, why_not))
    return [(paper, by_paper[paper.pk]) for paper in papers]


def left_by_phase(study: Study) -> list[tuple[Phase, int]]:
    """[(phase, papers that nobody was given)] of every phase."""
    return [(phase, papers_left(phase).count()) for phase in study.phases.all()]


class OwnProgress(NamedTuple):
    """What one person has of a round."""

    round: Round
    assigned: int
    started: int
    submitted: int


def own_counts(membership):
    """`{(round, reviewer): (assigned, submitted)}` of this member."""
    return cached_for_study(
        membership.study,
        f"own.{membership.user_id}",
        lambda: counts_in(Assignment.objects.of(membership)),
    )


def of_reader_in(round: Round, membership: Membership) -> tuple[int, int]:
    """`(assigned, submitted)` of this member in one round."""
    return own_counts(membership).get((round.pk, membership.user_id), (0, 0))


def of_reader(membership: Membership) -> list[OwnProgress]:
    """This member's part in the rounds of the study, open ones first. Four queries."""
    user, counts = membership.user, own_counts(membership)
    rounds = list(
        membership.study.rounds.filter(pk__in=[pk for pk, _ in counts]).select_related("phase")
    )
    drafts = drafts_in(rounds, assignment__reviewer=user)
    progress = []
    for round in rounds:
        (assigned, submitted), begun = counts[round.pk, user.pk], drafts.get((round.pk, user.pk), 0)
        progress.append(OwnProgress(round, assigned, submitted + begun, submitted))
    return sorted(progress, key=lambda own: own.round.is_closed)


def next_assignment(membership: Membership, *, after: int | None = None) -> Assignment | None:
    """The next paper to read: what was not begun comes first, then the drafts; None when all is
    done.

    `after` is the pk of an assignment that is skipped: the queue goes on behind it, and begins
    again at its end.
    """
    awaited = awaited_from(membership)
    if after in awaited:
        index = awaited.index(after)
        awaited = awaited[index + 1 :] + awaited[:index]
    drafts = Summary.objects.drafts().filter(
        assignment__reviewer=membership.user_id, assignment__round__study=membership.study_id
    )
    begun = set(drafts.order_by().values_list("assignment", flat=True))
    # Last, the drafts: the first of them where everything else was begun.
    pk = next((pk for pk in awaited if pk not in begun), awaited[0] if awaited else None)
    return next(iter(listed_assignments([pk])), None) if pk else None


def awaited_from(membership: Membership) -> list[int]:
    """The pks of what this member may still submit, in order of need."""

    def compute():
        # Building the query takes longer than looking into the cache.
        return list(
            Assignment.objects.to_code(membership).in_order_of_need().values_list("pk", flat=True)
        )

    return cached_for_study(membership.study, f"awaited.{membership.user_id}", compute)


def listed_assignments(pks: Collection[int]) -> list[Assignment]:
    """The assignments with these pks, in this order, and all that a list shows of them."""
    # A list finds its pks first: to sort thousands of assignments with their papers' texts takes
    # ten times as long.
    rows = Assignment.objects.filter(pk__in=list(pks)).with_state()
    rows = rows.select_related("paper", "round__phase", "round__study").defer(*LONG_COLUMNS)
    by_pk = rows.in_bulk()
    # One may have been taken away since.
    return [by_pk[pk] for pk in pks if pk in by_pk]


def still_to_code(membership: Membership) -> int:
    """How many papers this member has still to submit, and sections to look at again."""
    return len(awaited_from(membership)) + len(tasks_waiting(membership))


def tasks_waiting(membership):
    """The pks of this member's tasks. Most have none; of the others, their drafts may no longer
    call for them.
    """

    def compute():
        return list(RecodingTask.objects.open().of(membership).values_list("pk", flat=True))

    own = cached_for_study(membership.study, f"tasks.{membership.user_id}", compute)
    return (
        list(RecodingTask.objects.waiting().filter(pk__in=own).values_list("pk", flat=True))
        if own
        else []
    )


def rounds_to_close(study: Study) -> int:
    """How many open rounds have everything in."""
    return cached_for_study(study, "rounds-to-close", lambda: ready_to_close(study).count())


def ready_to_close(study):
    assignments = Assignment.objects.living().filter(round=OuterRef("pk"))
    # One awaited assignment is enough to know: a subquery's search ends there, where NOT EXISTS
    # would hash them all.
    awaited = Subquery(assignments.awaiting().order_by().values("pk")[:1])
    return (
        study.rounds.open()
        .filter(Exists(assignments))
        .annotate(awaited=awaited)
        .filter(awaited=None)
    )


def recoding_tasks(membership: Membership) -> QuerySet[RecodingTask]:
    """Sections to look at again: a code was split or declined, or the section came after the
    summary was submitted.
    """
    return (
        RecodingTask.objects.waiting()
        .of(membership)
        .select_related(
            "assignment__paper",
            "assignment__round__study",
            "assignment__round__phase",
            "section",
            "code",
            "change",
        )
    )


class DraftProgress(NamedTuple):
    """How many sections of a draft hold something, of how many that the form has."""

    done: int
    sections: int

    @property
    def text(self) -> str:
        return f"draft, {self.done} of {self.sections}"


def sections_filled(assignments: Collection[Assignment]) -> dict[int, DraftProgress]:
    """{assignment's pk: DraftProgress} for the drafts among these. Two queries."""
    judged = ~Q(absence="", none_apply=False, text="", number=None, yes_no=None)
    filled = judged | Q(Exists(Mark.objects.filter(answer=OuterRef("pk"))))
    drafts = [assignment.pk for assignment in assignments if assignment.state == "draft"]
    if not drafts:
        return {}
    answers = Answer.objects.filter(
        filled, summary__assignment__in=drafts, summary__revision=1, section__retired_at=None
    )
    counts = dict(answers.values_list("summary__assignment").annotate(Count("pk")).order_by())
    phases = {assignment.round.phase_id for assignment in assignments}
    sections = dict(
        Section.objects.in_use()
        .filter(phase__in=phases)
        .values_list("phase")
        .annotate(Count("pk"))
        .order_by()
    )
    return {
        assignment.pk: DraftProgress(
            counts.get(assignment.pk, 0), sections.get(assignment.round.phase_id, 0)
        )
        for assignment in assignments
        if assignment.state == "draft"
    }


def papers_left(phase: Phase) -> QuerySet[Paper]:
    """Papers that somebody could still read in this phase and that nobody was given.

    Codings that came with a file do not count: whoever made them cannot be asked, and the paper may
    need readers.
    """
    given = Assignment.objects.living_readers().filter(paper=OuterRef("pk"), round__phase=phase)
    return Paper.objects.available_in(phase).filter(~Exists(given))


def papers_unread(phase: Phase) -> QuerySet[Paper]:
    """Of `papers_left` those of which no file brought codings either: they wait to be handed
    out.
    """
    coded = (
        Assignment.objects.in_force().submitted().filter(paper=OuterRef("pk"), round__phase=phase)
    )
    return papers_left(phase).filter(~Exists(coded))
