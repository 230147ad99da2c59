"""Passing a reviewer's papers on to others when they drop out of a round."""

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import transaction

from mapping.codebook.versions import hold_codebook
from mapping.models import Paper, User
from mapping.site.plurals import counted
from reviews.models import Assignment, Round
from reviews.rounds.allocation import plan
from reviews.rounds.assignments import (
    Capacity,
    by_username,
    chosen_coders,
    locked_round,
    log_proposal,
    papers_of,
    rows_of,
    take_back,
    with_prior_access,
    write_assignments,
    written_by,
)
from reviews.rounds.hand_out_plan import PlanChanged, Proposal
from reviews.settling.unanimous import settle_unanimous


def propose_hand_over(
    round: Round,
    *,
    reviewer: User,
    to: Collection[User],
    capacity: Capacity = None,
    seed: int = 0,
) -> Proposal:
    """Who would take over what this reviewer has not submitted: one new reader for each paper,
    loads even.
    """
    if round.is_closed:
        raise ValidationError(f"“{round}” is closed: what was not submitted was taken back.")
    takers = chosen_coders(round.study, to) if to else {}
    if reviewer.username in takers:
        raise ValidationError(f"{reviewer} cannot take over their own papers.")
    open_work = round.assignments.unsubmitted().filter(reviewer=reviewer)
    papers = Paper.objects.filter(pk__in=open_work.values("paper")).order_by("pk").in_bulk()
    in_force = list(rows_of(Assignment.objects.in_force().filter(round__phase=round.phase_id)))
    own = written_by(papers, takers)
    have_it = {(paper, name) for paper, name, _ in in_force if paper in papers}
    # Each paper gets one reader for the one it loses, however many it has: what takers have counts
    # as load alone.
    load = {
        (("held", paper), name)
        for paper, name, round_id in in_force
        if round_id == round.pk and name in takers
    }
    planned = plan(
        papers if takers else [],
        takers,
        per_paper=1,
        capacity=by_username(capacity),
        existing=load,
        conflicts=own | have_it,
        seed=seed,
    )
    return with_prior_access(Proposal(round, planned, papers, takers, own, {"seed": seed}))


@transaction.atomic
def hand_over(
    round: Round,
    *,
    reviewer: User,
    to: Collection[User],
    by: User,
    reason: str,
    expected: str | None = None,
    **wishes,
) -> Proposal:
    """Somebody drops out of a round: take back what they have not submitted, and give it to others.

    `to` may be empty: then the papers are only taken back. `wishes` are those of
    `propose_hand_over`. Raises PlanChanged like `hand_out`.
    """
    hold_codebook(round.study)
    round = locked_round(round)
    list(
        round.assignments.in_force()
        .filter(reviewer=reviewer)
        .select_for_update()
        .values_list("pk", flat=True)
    )
    proposal = propose_hand_over(round, reviewer=reviewer, to=to, **wishes)
    if expected is not None and proposal.fingerprint != expected:
        raise PlanChanged(proposal)
    if not proposal.papers:
        raise ValidationError(f"{reviewer} has nothing left to submit in “{round}”.")
    withdrawn = take_back(round.assignments.filter(reviewer=reviewer), by=by, reason=reason)
    if proposal.assigned:
        proposal = with_prior_access(proposal, is_final=True)
        text = (
            f"Handed {counted(proposal.assigned, 'papers')} of {reviewer} in “{round}” over to "
            f"others"
        )
        batch = write_assignments(proposal, by)
        log_proposal(proposal, by, "hand-over", text, batch, reviewer=reviewer.username)
    # Only now: a paper that has a new reader waits for them.
    settle_unanimous(round.study, papers_of(withdrawn), phase=round.phase_id)
    return proposal
