"""What handing out papers would write, as a lead sees it before anything is written."""

from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256

from mapping.models import Paper, User
from reviews.blindness import independence
from reviews.models import Round
from reviews.rounds.allocation import Plan


class PlanChanged(Exception):
    """What was previewed is not what would be written now: somebody handed out papers meanwhile, or
    wishes changed.
    """

    def __init__(self, proposal):
        super().__init__(
            "This is not the plan you saw: the round or your wishes have changed. Nothing was "
            "written; look once more."
        )
        self.proposal = proposal


@dataclass(frozen=True)
class Proposal:
    """What handing out would write. `plan` speaks of papers by their pk and of reviewers by their
    user name.
    """

    round: Round
    plan: Plan
    papers: dict[int, Paper]
    reviewers: dict[str, User]
    # (paper pk, user name): skipped, because the reviewer's name is among the authors
    written_by: set[tuple[int, str]]
    facts: dict = field(default_factory=dict)
    # (paper pk, user pk): why their answers will not be independent
    prior_access: dict[tuple[int, int], str] = field(default_factory=dict)

    @property
    def assigned(self) -> int:
        return len(self.plan.assignments)

    @property
    def papers_given(self) -> int:
        return len({paper for paper, _ in self.plan.assignments})

    @property
    def shared(self) -> int:
        """How many of the papers meant for several reviewers find two at least."""
        wanted = self.facts.get("per_paper", 1)
        missing = {problem.paper: problem.missing for problem in self.plan.problems}
        return sum(wanted - missing.get(paper, 0) > 1 for paper in self.plan.overlapping)

    @property
    def new(self) -> dict[User, int]:
        """How many papers every reviewer gets now: {User: number}, everybody named."""
        given = Counter(name for _, name in self.plan.assignments)
        return {reviewer: given[name] for name, reviewer in self.reviewers.items()}

    @property
    def loads(self) -> list[tuple[User, int, int]]:
        """[(User, papers now, papers in all)]"""
        return [(user, count, self.plan.loads[user.username]) for user, count in self.new.items()]

    @property
    def pairs(self) -> list[tuple[User, User, int]]:
        """[(User, User, papers they share)], those who share most first."""
        shared = sorted(self.plan.pairs.items(), key=lambda item: -item[1])
        return [
            (self.reviewers[first], self.reviewers[second], count)
            for (first, second), count in shared
        ]

    @property
    def own(self) -> list[tuple[Paper, User]]:
        """[(Paper, User)]: papers that somebody does not get because they wrote them."""
        return [
            (self.papers[paper], self.reviewers[name]) for paper, name in sorted(self.written_by)
        ]

    @property
    def not_independent(self) -> list[tuple[User, Paper, str]]:
        """[(User, Paper, why)]: who could read others' answers before they get the paper."""
        by_pk = {reviewer.pk: reviewer for reviewer in self.reviewers.values()}
        return [
            (by_pk[user], self.papers[paper], why)
            for (paper, user), why in self.prior_access.items()
        ]

    @property
    def seen(self) -> Counter:
        """How many of these papers each of those people could read others' answers on."""
        return Counter(user for user, _, _ in self.not_independent)

    @property
    def warnings(self):
        """[(sentence, [Paper])] for each of these people and each reason."""
        return independence.warnings(self.not_independent)

    @property
    def problems(self) -> list[tuple[Paper, int, str]]:
        """[(Paper, readers missing, why)]"""
        return [
            (self.papers[problem.paper], problem.missing, problem.why)
            for problem in self.plan.problems
        ]

    @property
    def fingerprint(self) -> str:
        return sha256(repr(sorted(self.plan.assignments)).encode()).hexdigest()[:16]
