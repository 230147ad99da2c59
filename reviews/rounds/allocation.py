"""The plan of a round: who reads which paper, so that loads and pairs are even. No Django."""

import random
from collections import Counter, deque
from collections.abc import (
    Callable,
    Collection,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from functools import partial
from itertools import combinations

# Pairs are evened out by trial: enough trials for thousands of papers, few enough to be done in a
# moment.
MOST_EXCHANGES = 80_000


Paper = Hashable
Reviewer = Hashable
Pair = tuple[Paper, Reviewer]
# A paper, who passes it on, and who takes it.
Step = tuple[Paper, Reviewer, Reviewer]


@dataclass(frozen=True)
class Problem:
    """A paper that could not get as many reviewers as it should, by how many, and why."""

    paper: Paper
    missing: int
    why: str


@dataclass(frozen=True)
class Plan:
    """What to hand out.

    `assignments` are the new ones as (paper, reviewer), in the order of the papers. `loads` counts
    every reviewer's papers and `pairs` every two reviewers' shared papers, those handed out earlier
    included. `overlapping` are the papers meant for several reviewers.
    """

    assignments: list[Pair]
    loads: dict[Reviewer, int]
    pairs: dict[tuple[Reviewer, Reviewer], int]
    problems: list[Problem]
    overlapping: list[Paper]


def plan(
    papers: Iterable[Paper],
    reviewers: Iterable[Reviewer],
    *,
    per_paper: int = 2,
    overlap: float = 100,
    capacity: Mapping[Reviewer, int] | None = None,
    existing: Iterable[Pair] = (),
    conflicts: Iterable[Pair] = (),
    seed: int = 0,
) -> Plan:
    """Gives `overlap` percent of the papers `per_paper` reviewers each, the others one.

    `capacity` maps reviewers to the most papers they take in all, `existing` and `conflicts` hold
    (paper, reviewer): handed out before, and never to be. Loads differ by at most one where
    capacity and conflicts allow it. The same arguments give the same plan. ValueError for doubled
    papers or reviewers and for numbers that cannot be.
    """
    papers, reviewers, capacity = list(papers), list(reviewers), dict(capacity or {})
    check(papers, reviewers, per_paper, overlap, capacity)
    chance = random.Random(seed)  # noqa: S311 (a plan must be repeatable, not secret)
    hand = Hand(papers, reviewers, capacity, frozenset(existing), frozenset(conflicts), chance)
    overlapping = choose_overlapping(papers, hand, per_paper, overlap, chance)
    wanted = {paper: per_paper if paper in overlapping else 1 for paper in papers}
    hand_out(hand, wanted, per_paper, chance)
    return Plan(
        hand.assignments(),
        hand.loads,
        hand.pairs(),
        [
            Problem(paper, number - hand.number(paper), hand.why_not(paper))
            for paper, number in wanted.items()
            if hand.number(paper) < number
        ],
        [paper for paper in papers if paper in overlapping],
    )


def hand_out(
    hand: "Hand", wanted: Mapping[Paper, int], per_paper: int, chance: random.Random
) -> None:
    """Gives every paper its readers, then evens out loads and pairs."""
    # Everybody's first reader before anybody's second: where hands are short, no paper goes
    # without.
    for turn in range(1, per_paper + 1):
        due = [paper for paper in wanted if wanted[paper] >= turn and hand.number(paper) < turn]
        chance.shuffle(due)
        for paper in due:
            hand.give(paper)
    hand.level_loads()
    hand.level_pairs()


def check(
    papers: Sequence[Paper],
    reviewers: Sequence[Reviewer],
    per_paper: int,
    overlap: float,
    capacity: Mapping[Reviewer, int],
) -> None:
    """ValueError for doubled papers or reviewers and for impossible numbers."""
    for what, keys in (("paper", papers), ("reviewer", reviewers)):
        twice = [key for key, number in Counter(keys).items() if number > 1]
        if twice:
            raise ValueError(f"The {what} {twice[0]} is named twice.")
    if per_paper < 1:
        raise ValueError("A paper needs at least one reviewer.")
    if not 0 <= overlap <= 100:
        raise ValueError("The overlap is a percentage from 0 to 100.")
    if any(most < 0 for most in capacity.values()):
        raise ValueError("A capacity cannot be below zero.")


def choose_overlapping(
    papers: Sequence[Paper], hand: "Hand", per_paper: int, overlap: float, chance: random.Random
) -> set[Paper]:
    """The papers for several reviewers: first those that have several already, then by lot."""
    if per_paper == 1:
        return set()
    number = int(len(papers) * overlap / 100 + 0.5)
    by_lot = chance.sample(papers, len(papers))
    by_lot.sort(key=lambda paper: hand.number(paper) < 2)
    return set(by_lot[:number])


class Hand:
    """The state of the plan while papers are handed out."""

    def __init__(
        self,
        papers: Sequence[Paper],
        reviewers: Sequence[Reviewer],
        capacity: Mapping[Reviewer, int],
        existing: Collection[Pair],
        conflicts: Collection[Pair],
        chance: random.Random,
    ) -> None:
        self.papers, self.reviewers = papers, reviewers
        self.conflicts, self.chance = conflicts, chance
        self.room: dict[Reviewer, float] = {
            reviewer: capacity.get(reviewer, float("inf")) for reviewer in reviewers
        }
        self.kept = {
            paper: {reviewer for reviewer in reviewers if (paper, reviewer) in existing}
            for paper in papers
        }
        self.given: dict[Paper, set[Reviewer]] = {paper: set() for paper in papers}
        # Somebody who is not of this round may have a paper too: it needs one reader less.
        here = set(reviewers)
        self.from_outside = Counter(paper for paper, reviewer in existing if reviewer not in here)
        had = Counter(reviewer for _, reviewer in existing)
        self.loads = {reviewer: had[reviewer] for reviewer in reviewers}
        self.stuck: set[Reviewer] = set()

    def assignments(self) -> list[Pair]:
        """What was handed out, in the order of the papers and the reviewers."""
        return [
            (paper, reviewer)
            for paper in self.papers
            for reviewer in self.reviewers
            if reviewer in self.given[paper]
        ]

    def number(self, paper: Paper) -> int:
        """How many readers the paper has, including earlier ones and those outside the round."""
        return len(self.kept[paper]) + len(self.given[paper]) + self.from_outside[paper]

    def may_take(self, paper: Paper, reviewer: Reviewer) -> bool:
        taken = reviewer in self.kept[paper] or reviewer in self.given[paper]
        return not taken and (paper, reviewer) not in self.conflicts

    def willing(self, paper: Paper) -> list[Reviewer]:
        return [reviewer for reviewer in self.reviewers if self.may_take(paper, reviewer)]

    def give(self, paper: Paper) -> None:
        """Gives the paper to the reviewer with fewest papers; where all are full, passes other
        papers on first.
        """
        willing = self.willing(paper)
        free = [reviewer for reviewer in willing if self.has_room(reviewer)]
        if free:
            least = min(self.loads[reviewer] for reviewer in free)
            self.take(
                paper,
                self.chance.choice(
                    [reviewer for reviewer in free if self.loads[reviewer] == least]
                ),
            )
            return
        for reviewer in willing:
            if reviewer in self.stuck:
                continue
            chain = self.chain(reviewer, self.has_room)
            if chain:
                self.pass_on(chain)
                self.take(paper, reviewer)
                return
            # Nobody within their reach has room, and that will not change: reviewers only get more
            # to do.
            self.stuck.add(reviewer)

    def has_room(self, reviewer: Reviewer) -> bool:
        return self.loads[reviewer] < self.room[reviewer]

    def take(self, paper: Paper, reviewer: Reviewer) -> None:
        self.given[paper].add(reviewer)
        self.loads[reviewer] += 1

    def drop(self, paper: Paper, reviewer: Reviewer) -> None:
        self.given[paper].remove(reviewer)
        self.loads[reviewer] -= 1

    def chain(self, start: Reviewer, is_end: Callable[[Reviewer], bool]) -> list[Step]:
        """The shortest way to relieve `start` of a paper, ending with a reviewer for whom `is_end`;
        empty where there is none.

        A list of (paper, from, to): each passes on one paper and gets one, but for the first and
        the last.
        """
        came_from: dict[Reviewer, Step | None] = {start: None}
        waiting = deque([start])
        while waiting and len(came_from) < len(self.reviewers):
            giver = waiting.popleft()
            for paper, taker in self.ways_from(giver, came_from):
                came_from[taker] = (paper, giver, taker)
                if is_end(taker):
                    return self.way_to(taker, came_from)
                waiting.append(taker)
        return []

    def ways_from(self, giver: Reviewer, reached: Collection[Reviewer]) -> Iterator[Pair]:
        """A paper for each reviewer not yet reached to whom this one can pass it: (paper,
        reviewer).
        """
        for paper in self.papers:
            if len(reached) == len(self.reviewers):
                return
            if giver in self.given[paper]:
                for taker in self.reviewers:
                    if taker not in reached and self.may_take(paper, taker):
                        yield paper, taker

    @staticmethod
    def way_to(end: Reviewer, came_from: Mapping[Reviewer, Step | None]) -> list[Step]:
        """The steps from the start of a search to its end."""
        way: list[Step] = []
        while step := came_from[end]:
            way.insert(0, step)
            end = step[1]
        return way

    def pass_on(self, chain: Sequence[Step]) -> None:
        # From the end, so that nobody holds more than they have room for on the way.
        for paper, giver, taker in reversed(chain):
            self.drop(paper, giver)
            self.take(paper, taker)

    def level_loads(self) -> None:
        """Passes papers on, through several hands if needed, until no load differs by two that
        could be evened.
        """
        while self.relieve_somebody():
            pass

    def relieve_somebody(self) -> bool:
        for reviewer in sorted(self.reviewers, key=lambda reviewer: -self.loads[reviewer]):
            chain = self.chain(reviewer, partial(self.has_fewer, self.loads[reviewer] - 1))
            if chain:
                self.pass_on(chain)
                return True
        return False

    def has_fewer(self, load: int, reviewer: Reviewer) -> bool:
        return self.loads[reviewer] < load and self.has_room(reviewer)

    def pairs(self) -> dict[tuple[Reviewer, Reviewer], int]:
        """How many papers every two reviewers share, also those two who share none."""
        shared = dict.fromkeys(combinations(self.reviewers, 2), 0)
        for paper in self.papers:
            together = [
                reviewer
                for reviewer in self.reviewers
                if reviewer in self.kept[paper] or reviewer in self.given[paper]
            ]
            for pair in combinations(together, 2):
                shared[pair] += 1
        return shared

    def level_pairs(self) -> None:
        """Exchanges readers between two papers, by chance, while that makes pairs more even; loads
        stay as they are.
        """
        shared = Counter[tuple[Reviewer, Reviewer]]()
        for (one, other), number in self.pairs().items():
            shared[one, other] = shared[other, one] = number
        movable = [
            (paper, one)
            for paper in self.papers
            for one in self.reviewers
            if one in self.given[paper]
        ]
        in_vain = 0
        for _ in range(min(40 * len(movable), MOST_EXCHANGES)):
            if in_vain > 200 + 4 * len(movable):
                return
            in_vain = 0 if self.exchange(movable, shared) else in_vain + 1

    def exchange(self, movable: list[Pair], shared: Counter[tuple[Reviewer, Reviewer]]) -> bool:
        """Lets two readers change places on two papers; changes nothing unless pairs become more
        even.
        """
        first, second = self.chance.randrange(len(movable)), self.chance.randrange(len(movable))
        (paper, one), (other_paper, other) = movable[first], movable[second]
        if (
            paper == other_paper
            or not self.may_take(paper, other)
            or not self.may_take(other_paper, one)
        ):
            return False
        beside_one = (self.kept[paper] | self.given[paper]) - {one}
        beside_other = (self.kept[other_paper] | self.given[other_paper]) - {other}
        moves = [
            (one, beside_one, -1),
            (other, beside_other, -1),
            (other, beside_one, 1),
            (one, beside_other, 1),
        ]
        if sum(recount(shared, *move) for move in moves) >= 0:
            for who, beside, step in moves:
                recount(shared, who, beside, -step)
            return False
        self.given[paper] = self.given[paper] - {one} | {other}
        self.given[other_paper] = self.given[other_paper] - {other} | {one}
        movable[first], movable[second] = (paper, other), (other_paper, one)
        return True

    def why_not(self, paper: Paper) -> str:
        """Why the paper has too few reviewers, as text."""
        full = [str(reviewer) for reviewer in self.willing(paper)]
        barred = [
            str(reviewer)
            for reviewer in self.reviewers
            if (paper, reviewer) in self.conflicts and reviewer not in self.kept[paper]
        ]
        reasons = [f"no room left: {', '.join(full)}"] if full else []
        reasons += [f"must not read it: {', '.join(barred)}"] if barred else []
        return "; ".join(reasons) or "there are no more reviewers"


def recount(
    shared: Counter[tuple[Reviewer, Reviewer]], who: Reviewer, beside: Iterable[Reviewer], step: int
) -> int:
    """Adds `step` to the pairs of a reviewer with those beside them; returns the change of the sum
    of squares.
    """
    change = 0
    for other in beside:
        change += 2 * step * shared[who, other] + 1
        shared[who, other] += step
        shared[other, who] += step
    return change
