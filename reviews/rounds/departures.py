"""Somebody leaves the team, or codes no longer: what they had not submitted is taken back and
handed to others.

What they submitted stays, drafts are kept for their writer, and nobody waits for them any more.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from mapping.models import Membership, User
from mapping.people.membership import lock_team
from reviews.models import Assignment, Round
from reviews.rounds.hand_out_plan import PlanChanged, Proposal
from reviews.rounds.hand_over import hand_over, propose_hand_over


@dataclass(frozen=True)
class Holding:
    """What somebody has not submitted in one open round, and who would take it over."""

    round: Round
    papers: int
    drafts: int
    proposal: Proposal

    @property
    def takers(self) -> list[str]:
        """Who takes how many: "Cleo Marchetti 3"."""
        return [f"{user} {count}" for user, count in self.proposal.new.items() if count]


@dataclass(frozen=True)
class Departure:
    """What a departure would do; nothing is written yet."""

    holdings: list[Holding] = field(default_factory=list)
    submitted: int = 0
    takers: int = 0

    @property
    def papers(self) -> int:
        return sum(holding.papers for holding in self.holdings)

    @property
    def drafts(self) -> int:
        return sum(holding.drafts for holding in self.holdings)

    @property
    def handed_over(self) -> int:
        return sum(holding.proposal.assigned for holding in self.holdings)

    @property
    def fingerprint(self) -> str:
        seen = [
            (holding.round.pk, sorted(holding.proposal.papers), holding.proposal.fingerprint)
            for holding in self.holdings
        ]
        return sha256(repr((seen, self.takers)).encode()).hexdigest()[:16]


def open_work(membership: Membership) -> QuerySet[Assignment]:
    """Their unsubmitted assignments in rounds that are still open."""
    return Assignment.objects.unsubmitted().filter(
        reviewer=membership.user_id, round__study=membership.study_id, round__closed_at=None
    )


def preview(membership: Membership, *, to=(), capacity=None, seed: int = 0) -> Departure:
    """What `depart` would do with these wishes. ValidationError names whoever cannot take over."""
    rounds = Round.objects.filter(assignments__in=open_work(membership)).distinct().order_by("pk")
    wishes = {"reviewer": membership.user, "to": to, "capacity": capacity, "seed": seed}
    counts = {
        row["round"]: row
        for row in open_work(membership)
        .order_by()
        .values("round")
        .annotate(
            papers=Count("pk", distinct=True), drafts=Count("pk", filter=Q(summaries__revision=1))
        )
    }
    holdings = [
        Holding(
            round,
            counts[round.pk]["papers"],
            counts[round.pk]["drafts"],
            propose_hand_over(round, **wishes),
        )
        for round in rounds.select_related("study", "phase")
    ]
    in_study = Assignment.objects.of(membership)
    return Departure(holdings, in_study.submitted().count(), len(to))


@transaction.atomic
def depart(
    membership: Membership,
    *,
    change: Callable[[], object],
    by: User,
    reason: str,
    expected: str,
    **wishes,
) -> Departure:
    """Hand over what they hold, then `change` the team: deactivate them, or make them an observer.

    `wishes` are those of `preview`. `expected` is the fingerprint of what was previewed; raises
    `PlanChanged`, with the new preview, if it is another now.
    """
    # The team's lock comes first, as in every change to a team: nobody joins or leaves meanwhile.
    lock_team(membership.study)
    departure = preview(membership, **wishes)
    if departure.fingerprint != expected:
        raise PlanChanged(departure)
    for holding in departure.holdings:
        hand_over(holding.round, reviewer=membership.user, by=by, reason=reason, **wishes)
    change()
    return departure
