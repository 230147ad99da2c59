"""Who reads what: papers handed out so that loads and pairs are even. No Django."""

import random
from collections import Counter, deque
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

# Pairs are evened out by trial: enough trials for thousands of papers, few enough to be done in a
# moment.
MOST_EXCHANGES = 80_000

Paper = Reviewer = Hashable


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

    assignments: list[tuple[Paper, Reviewer]]
    loads: dict[Reviewer, int]
    pairs: dict[tuple[Reviewer, Reviewer], int]
    problems: list[Problem]
    overlapping: list[Paper]


def plan(
    papers: Iterable[Paper],
    reviewers: Iterable[Reviewer],
    *,
    per_paper: int = 2,
    overlap: int = 100,
    capacity: Mapping[Reviewer, int] | None = None,
    existing: Collection[tuple[Paper, Reviewer]] = (),
    conflicts: Collection[tuple[Paper, Reviewer]] = (),
    seed: int = 0,
) -> Plan:
    """Gives `overlap` percent of the papers `per_paper` reviewers each, the others one.

    `capacity` maps reviewers to the most papers they take in all, `existing` and `conflicts` hold
    (paper, reviewer): handed out before, and never to be. Loads differ by at most one where
    capacity and conflicts allow it. The same arguments give the same plan. ValueError for doubled
    papers or reviewers and for numbers that cannot be.
    """
    papers, reviewers, capacity = list(papers), list(reviewers), dict(capacity or {})
    refuse_impossible(papers, reviewers, per_paper, overlap, capacity)
    chance = random.Random(seed)  # noqa: S311 (a plan must be repeatable, not secret)
    allocation = Allocation(
        papers, reviewers, capacity, frozenset(existing), frozenset(conflicts), chance
    )
    overlapping = choose_overlapping(papers, allocation, per_paper, overlap, chance)
    wanted = {paper: per_paper if paper in overlapping else 1 for paper in papers}
    allocation.give_all(wanted)
    allocation.level_loads()
    allocation.level_pairs()
    return Plan(
        allocation.new_assignments(),
        allocation.loads,
        allocation.pairs(),
        allocation.problems(wanted),
        [paper for paper in papers if paper in overlapping],
    )


def refuse_impossible(papers, reviewers, per_paper, overlap, capacity):
    for noun, keys in (("paper", papers), ("reviewer", reviewers)):
        twice = [key for key, count in Counter(keys).items() if count > 1]
        if twice:
            raise ValueError(f"The {noun} {twice[0]} is named twice.")
    if per_paper < 1:
        raise ValueError("A paper needs at least one reviewer.")
    if not 0 <= overlap <= 100:
        raise ValueError("The overlap is a percentage from 0 to 100.")
    if any(most < 0 for most in capacity.values()):
        raise ValueError("A capacity cannot be below zero.")


def choose_overlapping(papers, allocation, per_paper, overlap, chance):
    """The papers for several reviewers: those that have several already, then by lot."""
    if per_paper == 1:
        return set()
    count = int(len(papers) * overlap / 100 + 0.5)
    by_lot = chance.sample(papers, len(papers))
    by_lot.sort(key=lambda paper: allocation.reader_count(paper) < 2)
    return set(by_lot[:count])


class Allocation:
    """The papers while they are handed out: who has which, and who could."""

    def __init__(self, papers, reviewers, capacity, existing, conflicts, chance):
        self.papers, self.reviewers, self.conflicts, self.chance = (
            papers,
            reviewers,
            conflicts,
            chance,
        )
        self.room = {reviewer: capacity.get(reviewer, float("inf")) for reviewer in reviewers}
        self.kept = {
            paper: {reviewer for reviewer in reviewers if (paper, reviewer) in existing}
            for paper in papers
        }
        self.given = {paper: set() for paper in papers}
        # Somebody who is not of this round may have a paper too: it needs one reader less.
        known = set(reviewers)
        self.from_outside = Counter(paper for paper, reviewer in existing if reviewer not in known)
        earlier_loads = Counter(reviewer for _, reviewer in existing)
        self.loads = {reviewer: earlier_loads[reviewer] for reviewer in reviewers}
        self.stuck = set()

    def reader_count(self, paper):
        return len(self.kept[paper]) + len(self.given[paper]) + self.from_outside[paper]

    def new_assignments(self):
        return [
            (paper, reviewer)
            for paper in self.papers
            for reviewer in self.reviewers
            if reviewer in self.given[paper]
        ]

    def problems(self, wanted):
        return [
            Problem(paper, wanted[paper] - self.reader_count(paper), self.why_not(paper))
            for paper in self.papers
            if self.reader_count(paper) < wanted[paper]
        ]

    def give_all(self, wanted):
        """Everybody's first reader before anybody's second: where reviewers are short, no paper
        goes without.
        """
        for turn in range(1, max(wanted.values(), default=0) + 1):
            due = [
                paper
                for paper in self.papers
                if wanted[paper] >= turn and self.reader_count(paper) < turn
            ]
            self.chance.shuffle(due)
            for paper in due:
                self.give(paper)

    def may_take(self, paper, reviewer):
        taken = reviewer in self.kept[paper] or reviewer in self.given[paper]
        return not taken and (paper, reviewer) not in self.conflicts

    def willing(self, paper):
        return [reviewer for reviewer in self.reviewers if self.may_take(paper, reviewer)]

    def give(self, paper):
        """To the one with least to do; when all who might are full, by passing other papers on."""
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

    def has_room(self, reviewer):
        return self.loads[reviewer] < self.room[reviewer]

    def take(self, paper, reviewer):
        self.given[paper].add(reviewer)
        self.loads[reviewer] += 1

    def drop(self, paper, reviewer):
        self.given[paper].remove(reviewer)
        self.loads[reviewer] -= 1

    def chain(self, start, is_end):
        """The shortest way to relieve `start` of a paper, ending with one for whom `is_end`; empty
        where there is none.

        A list of (paper, from, to): each passes on one paper and gets one, but for the first and
        the last.
        """
        came_from = {start: None}
        waiting = deque([start])
        while waiting and len(came_from) < len(self.reviewers):
            giver = waiting.popleft()
            for paper, taker in self.ways_from(giver, came_from):
                came_from[taker] = (paper, giver, taker)
                if is_end(taker):
                    return self.way_to(taker, came_from)
                waiting.append(taker)
        return []

    def ways_from(self, giver, reached):
        """One paper for everybody not yet reached to whom this reviewer can pass one."""
        for paper in self.papers:
            if len(reached) == len(self.reviewers):
                return
            if giver in self.given[paper]:
                for taker in self.reviewers:
                    if taker not in reached and self.may_take(paper, taker):
                        yield paper, taker

    @staticmethod
    def way_to(end, came_from):
        way = []
        while came_from[end]:
            way.insert(0, came_from[end])
            end = came_from[end][1]
        return way

    def pass_on(self, chain):
        # From the end, so that nobody holds more than they have room for on the way.
        for paper, giver, taker in reversed(chain):
            self.drop(paper, giver)
            self.take(paper, taker)

    def level_loads(self):
        """Passes papers on, over several hands where it must, until nobody can relieve anyone who
        has two more.
        """
        while self.relieve_somebody():
            pass

    def relieve_somebody(self):
        for reviewer in sorted(self.reviewers, key=lambda reviewer: -self.loads[reviewer]):
            much_less = self.loads[reviewer] - 2
            chain = self.chain(
                reviewer,
                lambda taker, most=much_less: self.loads[taker] <= most and self.has_room(taker),
            )
            if chain:
                self.pass_on(chain)
                return True
        return False

    def pairs(self):
        """How many papers every two reviewers share, also those two who share none."""
        shared = dict.fromkeys(combinations(self.reviewers, 2), 0)
        for paper in self.papers:
            readers = self.kept[paper] | self.given[paper]
            in_order = [reviewer for reviewer in self.reviewers if reviewer in readers]
            for pair in combinations(in_order, 2):
                shared[pair] += 1
        return shared

    def level_pairs(self):
        """Exchanges readers between two papers, by chance, while that makes pairs more even; loads
        stay as they are.
        """
        shared = Counter()
        for (one, other), number in self.pairs().items():
            shared[one, other] = shared[other, one] = number
        movable = self.new_assignments()
        in_vain = 0
        for _ in range(min(40 * len(movable), MOST_EXCHANGES)):
            if in_vain > 200 + 4 * len(movable):
                return
            in_vain = 0 if self.exchange(movable, shared) else in_vain + 1

    def exchange(self, movable, shared):
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

    def why_not(self, paper):
        """Who does not read the paper and for which reason, in words."""
        full = [str(reviewer) for reviewer in self.willing(paper)]
        barred = [
            str(reviewer)
            for reviewer in self.reviewers
            if (paper, reviewer) in self.conflicts and reviewer not in self.kept[paper]
        ]
        reasons = [f"no room left: {', '.join(full)}"] if full else []
        reasons += [f"must not read it: {', '.join(barred)}"] if barred else []
        return "; ".join(reasons) or "there are no more reviewers"


def recount(shared, who, beside, step):
    """Counts one reader's pairs with those beside them up or down; returns how the sum of squares
    changes.
    """
    change = 0
    for other in beside:
        change += 2 * step * shared[who, other] + 1
        shared[who, other] += step
        shared[other, who] += step
    return change
