"""Handing out papers and taking them back. `allocation` says who reads what."""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from mapping.codebook.versions import hold_codebook
from mapping.models import LogEntry, Membership, Paper, Phase, User
from mapping.site.plurals import counted
from reviews.blindness import independence
from reviews.models import Assignment, Round, Summary
from reviews.rounds.allocation import plan
from reviews.rounds.hand_out_plan import PlanChanged, Proposal
from reviews.rounds.own_papers import own_papers
from reviews.rounds.progress import papers_left
from reviews.settling.unanimous import settle_unanimous

Capacity = Mapping[User, int] | None


def propose(
    round: Round,
    *,
    papers: Iterable[Paper] | None = None,
    sample: int | None = None,
    reviewers: Iterable[User],
    per_paper: int = 2,
    overlap: int = 100,
    capacity: Capacity = None,
    seed: int = 0,
) -> Proposal:
    """What `hand_out` would write now, and nothing written.

    `papers` None: those that nobody was given in this phase, of which `sample` draws so many by
    lot. `capacity` maps users to the most papers they take in this round. ValidationError names
    what cannot be.
    """
    if round.is_closed:
        raise ValidationError(f"“{round}” is closed: nothing more is handed out in it.")
    reviewers = chosen_coders(round.study, reviewers)
    papers = chosen_papers(round, papers, sample, seed)
    own = written_by(papers, reviewers)
    facts = {"per_paper": per_paper, "overlap": overlap, "seed": seed}
    try:
        planned = plan(
            papers,
            reviewers,
            **facts,
            capacity=by_username(capacity),
            existing=existing_readers(round, papers),
            conflicts=own,
        )
    except ValueError as error:
        raise ValidationError(str(error)) from error
    return with_prior_access(Proposal(round, planned, papers, reviewers, own, facts))


def existing_readers(round, papers):
    """{(pk, user name)} of the papers of this round, and of these papers in the whole phase."""
    readers = Assignment.objects.living_readers().filter(round__phase=round.phase_id)
    return {
        (paper, name)
        for paper, name, round_id in rows_of(readers)
        if round_id == round.pk or paper in papers
    }


def by_username(capacity):
    return {user.username: most for user, most in (capacity or {}).items()}


def chosen_coders(study, users):
    """{user name: user}. Raises ValidationError for whoever is not an active reviewer or lead of
    the study, or cannot sign in.
    """
    users = {user.username: user for user in users}
    coders = Membership.objects.who_code().filter(study=study, user__in=users.values())
    refuse(set(users) - names_of(coders), "Not among those who code in this study: {names}.")
    absent = names_of(coders) - names_of(coders.able_to_code())
    refuse(
        absent,
        (
            "Cannot sign in, since they came with a file: {names}. Invite them to take over the "
            "account first."
        ),
    )
    if not users:
        raise ValidationError("Choose at least one reviewer.")
    return dict(sorted(users.items()))


def names_of(memberships):
    return set(memberships.values_list("user__username", flat=True))


def refuse(names, sentence):
    if names:
        raise ValidationError(sentence.format(names=", ".join(sorted(names))))


def chosen_papers(round, papers, sample, seed):
    """{pk: Paper}, in the order in which they came into the study."""
    if sample is not None and sample < 1:
        raise ValidationError("Hand out at least one paper.")
    if papers is None:
        chosen = list(papers_left(round.phase).order_by("pk"))
    else:
        wanted = {paper.pk for paper in papers}
        chosen = list(Paper.objects.available_in(round.phase).filter(pk__in=wanted).order_by("pk"))
        if len(chosen) < len(wanted):
            raise ValidationError(
                "Some of these papers are not in this study, or left it in an earlier phase."
            )
    if sample is not None and sample < len(chosen):
        # Repeatable, not secret.
        drawn = set(random.Random(seed).sample(range(len(chosen)), sample))  # noqa: S311
        chosen = [paper for index, paper in enumerate(chosen) if index in drawn]
    return {paper.pk: paper for paper in chosen}


def rows_of(assignments):
    return assignments.order_by("pk").values_list("paper", "reviewer__username", "round")


def written_by(papers, reviewers):
    """Nobody codes their own paper: {(pk, user name)}."""
    return own_papers(
        {pk: paper.author_list for pk, paper in papers.items()},
        {name: reviewer.get_full_name() for name, reviewer in reviewers.items()},
    )


def with_prior_access(proposal, *, is_final=False):
    """The proposal, knowing who of it could read others' answers before; finally with its papers
    locked.
    """
    if is_final:
        independence.lock(paper for paper, _ in proposal.plan.assignments)
    by_name = {name: reviewer.pk for name, reviewer in proposal.reviewers.items()}
    pairs = [(paper, by_name[name]) for paper, name in proposal.plan.assignments]
    return replace(proposal, prior_access=independence.prior_access(proposal.round.phase, pairs))


def locked_round(round):
    """The round, held until the transaction ends.

    The phase is held too: two leads may hand out the same papers at once in two rounds of it.
    """
    Phase.objects.select_for_update(no_key=True).get(pk=round.phase_id)
    return (
        Round.objects.select_for_update(of=("self",), no_key=True)
        .select_related("study", "phase")
        .get(pk=round.pk)
    )


@transaction.atomic
def hand_out(round: Round, *, by: User, expected: str | None = None, **wishes) -> Proposal:
    """Write what `propose(round, **wishes)` shows. Returns the proposal that was written.

    `expected` is the fingerprint of the proposal that was previewed. Raises PlanChanged, with the
    new one, if it is another now.
    """
    hold_codebook(round.study)
    proposal = propose(locked_round(round), **wishes)
    if expected is not None and proposal.fingerprint != expected:
        raise PlanChanged(proposal)
    if proposal.assigned:
        proposal = with_prior_access(proposal, is_final=True)
        batch = write_assignments(proposal, by)
        text = f"Handed out {counted(proposal.papers_given, 'papers')} in “{round}”"
        text += f": {counted(proposal.assigned, 'assignments')}"
        log_proposal(proposal, by, "hand-out", text, batch, **proposal.facts)
    return proposal


def write_assignments(proposal, by):
    """Write the assignments; whoever gave a paper back and gets it again finds their draft in it.

    Returns when the first and the last of the new rows were assigned (nobody else writes to this
    round now), and the uids of those in force again.
    """
    new, again = assignments_of(proposal)
    independence.record(proposal.round.phase, proposal.prior_access, by=by)
    Assignment.objects.bulk_update(again, ["withdrawn_at", "position"])
    Assignment.objects.bulk_create(new, batch_size=2000)
    moments = [assignment.assigned_at.isoformat() for assignment in new]
    return {
        "first": min(moments, default=None),
        "last": max(moments, default=None),
        "again": [old.uid for old in again],
    }


def assignments_of(proposal):
    """`(new ones, those in force again)`, unsaved, behind what each reviewer has in the round."""
    round = proposal.round
    withdrawn = {
        (assignment.paper_id, assignment.reviewer_id): assignment
        for assignment in round.assignments.exclude(withdrawn_at=None)
    }
    last = round.assignments.values_list("reviewer").annotate(Max("position")).order_by()
    position = defaultdict(int, last)
    new, again = [], []
    for paper, name in proposal.plan.assignments:
        reviewer = proposal.reviewers[name]
        position[reviewer.pk] += 1
        assignment = withdrawn.get((paper, reviewer.pk))
        if assignment:
            assignment.withdrawn_at = None
            again.append(assignment)
        else:
            assignment = Assignment(round=round, paper_id=paper, reviewer=reviewer)
            new.append(assignment)
        assignment.position = position[reviewer.pk]
    return new, again


def log_proposal(proposal, by, act, text, batch, **facts):
    return LogEntry.objects.record(
        proposal.round.study,
        by,
        act,
        text,
        round=proposal.round.number,
        assigned=proposal.assigned,
        loads=proposal.plan.loads,
        **batch,
        **facts,
    )


def last_hand_out(round: Round) -> LogEntry | None:
    """The log's line of the last hand-out that was not undone."""
    lines = LogEntry.objects.filter(study=round.study_id, facts__round=round.number)
    undone = set(lines.filter(act="undo-hand-out").values_list("facts__undid", flat=True))
    made = lines.filter(act="hand-out").order_by("-pk")
    return next((line for line in made if line.at.isoformat() not in undone), None)


def batch_of(round, line):
    """The assignments of the hand-out that this line of the log tells of."""
    new, first, last = round.assignments.none(), line.facts.get("first"), line.facts.get("last")
    if first and last:
        new = round.assignments.filter(assigned_at__range=(first, last))
    return new | round.assignments.filter(uid__in=given_again(line))


def given_again(line):
    """The uids of what that hand-out gave back; a line that came with a bundle may lack them."""
    return line.facts.get("again", [])


def undoable_hand_out(round: Round) -> tuple[LogEntry, QuerySet[Assignment]] | None:
    """The last hand-out, while nobody has begun one of its papers: (line of the log, assignments),
    else None.
    """
    line = None if round.is_closed else last_hand_out(round)
    if line is None:
        return None
    batch = batch_of(round, line)
    begun = Summary.objects.filter(assignment__in=batch, assignment__round=round)
    return None if begun.exists() else (line, batch)


@transaction.atomic
def undo_hand_out(round: Round, *, by: User) -> int:
    """Take the last hand-out back as if it had not been, while nobody has begun. Returns how many
    assignments went.
    """
    hold_codebook(round.study)
    round = locked_round(round)
    # Whoever opens a paper now locks its assignment: wait for them, then look.
    list(round.assignments.select_for_update().values_list("pk", flat=True))
    last = undoable_hand_out(round)
    if last is None:
        raise ValidationError(
            "There is no hand-out to undo: somebody has begun its papers. Withdraw single "
            "reviewers instead."
        )
    line, batch = last
    count, papers = batch.count(), set(batch.values_list("paper", flat=True))
    round.assignments.filter(uid__in=given_again(line)).update(withdrawn_at=timezone.now())
    batch.exclude(uid__in=given_again(line)).delete()
    LogEntry.objects.record(
        round.study,
        by,
        "undo-hand-out",
        f"Undid a hand-out in “{round}”: {counted(count, 'assignments')}",
        round=round.number,
        undid=line.at.isoformat(),
        assigned=count,
    )
    settle_unanimous(round.study, papers, phase=round.phase_id)
    return count


@transaction.atomic
def withdraw(assignments: QuerySet[Assignment], *, by: User, reason: str) -> list[Assignment]:
    """Take back what was not submitted among these (a queryset, of one study). Submitted work
    stays, drafts are kept.

    Where nobody is waited for any longer, what the others all say is settled. Returns the
    assignments withdrawn.
    """
    first = assignments.select_related("round__study").first()
    if first:
        hold_codebook(first.round.study)
    withdrawn = take_back(assignments, by=by, reason=reason)
    if withdrawn:
        settle_unanimous(first.round.study, papers_of(withdrawn))
    return withdrawn


def papers_of(assignments):
    return {assignment.paper_id for assignment in assignments}


def take_back(assignments, *, by, reason):
    """Take back what was not submitted, and settle nothing. Returns the assignments withdrawn."""
    reason = reason.strip()
    if not reason:
        raise ValidationError("Say why the papers are taken back: it stays in the study's log.")
    # A reviewer may be submitting one of these now, which locks its assignment: wait, then look
    # once more.
    pks = list(assignments.in_force().select_for_update(of=("self",)).values_list("pk", flat=True))
    open_work = list(
        Assignment.objects.filter(pk__in=pks)
        .unsubmitted()
        .select_related("reviewer", "round__study", "paper")
    )
    taken = Assignment.objects.filter(pk__in=[assignment.pk for assignment in open_work])
    taken.update(withdrawn_at=timezone.now())
    if open_work:
        names = ", ".join(sorted({str(assignment.reviewer) for assignment in open_work}))
        rounds = ", ".join(sorted({f"“{assignment.round}”" for assignment in open_work}))
        LogEntry.objects.record(
            open_work[0].round.study,
            by,
            "withdraw",
            f"Took {counted(len(open_work), 'papers')} back from {names} in {rounds}: {reason}",
            round=open_work[0].round.number,
            withdrawn=[assignment.uid for assignment in open_work],
            reason=reason,
        )
    return open_work
