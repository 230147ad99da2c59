"""The doors to assignments, rounds, tasks and codes: each returns the object, with the membership
of whoever asks, or raises Http404 for strangers and PermissionDenied for a missing role.
"""

from itertools import groupby
from typing import NamedTuple

from django.db.models import Subquery
from django.http import Http404
from django.shortcuts import get_object_or_404

from mapping import access
from mapping.models import Code, CodebookChange, Membership, Paper, User
from mapping.site.numbers import is_id
from reviews.blindness.codes import known_changes, known_codes
from reviews.blindness.independence import known_to_be_apart
from reviews.models import Assignment, RecodingTask, Round, Summary


class OwnAssignment(NamedTuple):
    assignment: Assignment
    revisions: list[Summary]  # its summaries as they stand, oldest first


def own_assignments(
    user: User, slug: str, key: str
) -> tuple[Membership, Paper, list[OwnAssignment]]:
    """A paper of the study and what this person has to code of it, newest first: `(membership,
    paper, assignments)`.
    """
    membership = access.study_to_code(user, slug)
    study = membership.study
    # By its one row: joined, the papers were gone through for every assignment of the reader.
    papers = Paper.objects.filter(study=study, key=key).values("pk")
    own = Assignment.objects.filter(paper=Subquery(papers), reviewer=user, round__study=study)
    own = own.annotate(may_be_apart=known_to_be_apart())
    assignments = list(
        own.select_related("paper", "round__phase").order_by("-round__opened_at", "-pk")
    )
    summaries = (
        Summary.objects.filter(assignment__in=assignments).order_by("assignment_id", "revision")
        if assignments
        else []
    )
    revisions_of = {
        pk: list(revisions)
        for pk, revisions in groupby(summaries, key=lambda summary: summary.assignment_id)
    }
    paper = assignments[0].paper if assignments else access.paper_in(study, key)
    paper.study = study
    for assignment in assignments:
        assignment.paper, assignment.reviewer, assignment.round.study = paper, user, study
        assignment.round.phase.study = study
    own = [OwnAssignment(one, revisions_of.get(one.pk, [])) for one in assignments]
    return membership, paper, own


def assignment_to_code(
    user: User, slug: str, key: str, *, pk: str | int | None = None, phase: str = ""
) -> tuple[Membership, Paper, Assignment | None]:
    """The assignment with this id, else the one to work on; None where none was handed out."""
    membership, paper, own = assignment_with_revisions(user, slug, key, pk=pk, phase=phase)
    return membership, paper, own.assignment if own else None


def assignment_with_revisions(
    user: User, slug: str, key: str, *, pk: str | int | None = None, phase: str = ""
) -> tuple[Membership, Paper, OwnAssignment | None]:
    """As `assignment_to_code`, with the revisions of its summary."""
    membership, paper, own = own_assignments(user, slug, key)
    if pk:
        own = [one for one in own if str(one.assignment.pk) == str(pk)]
        if not own:
            raise Http404("This paper was not handed to you under this number.")
    if phase:
        own = [one for one in own if one.assignment.round.phase.key == phase]
    return membership, paper, max(reversed(own), key=urgency, default=None)


def urgency(own: OwnAssignment) -> tuple[bool, bool, bool]:
    """Open work before what is submitted, both before what was taken back; among equals the newest
    round.
    """
    assignment, revisions = own
    submitted = [summary.is_submitted for summary in revisions]
    is_submitted, has_draft = any(submitted), not all(submitted)
    is_open = not assignment.withdrawn_at and (not assignment.round.closed_at or is_submitted)
    return (has_draft or not is_submitted) and is_open, not assignment.withdrawn_at, is_submitted


def assignment_to_save(user: User, slug: str, key: str, pk: str) -> tuple[Membership, Assignment]:
    """`(membership, assignment)` by its id, in as few queries as can be: sections save themselves
    often.
    """
    membership = access.study_to_code(user, slug)
    study = membership.study
    own = Assignment.objects.filter(
        reviewer=user, paper__key=key, paper__study=study, round__study=study
    )
    assignment = get_object_or_404(
        own.select_related("paper", "round__phase"), pk=pk if is_id(pk) else 0
    )
    assignment.reviewer, assignment.round.study, assignment.paper.study = user, study, study
    return membership, assignment


def assignment_to_lead(user: User, slug: str, key: str, pk: int) -> tuple[Membership, Assignment]:
    """Anybody's assignment, for a lead."""
    membership = access.study_to_lead(user, slug)
    study = membership.study
    paper = access.paper_in(study, key)
    assignment = get_object_or_404(
        Assignment.objects.select_related("round__phase", "reviewer"),
        round__study=study,
        paper=paper,
        pk=pk,
    )
    assignment.paper, assignment.round.study = paper, study
    return membership, assignment


def code_known_to(membership: Membership, pk: int) -> Code:
    """A code of the study, where this member may know of it: of some proposals they may not."""
    code = access.code_in(membership.study, pk)
    was_proposed = code.proposed_by_id is not None
    if was_proposed and not known_codes(membership).filter(pk=code.pk).exists():
        raise Http404("No such code.")
    return code


def code_to_read(membership: Membership, pk: int) -> Code:
    """A code with the quotes it is used for: of a proposal its own pages tell."""
    code = code_known_to(membership, pk)
    if code.status == code.Status.PROPOSED:
        raise Http404("No such code.")
    return code


def change_known_to(membership: Membership, version: int) -> CodebookChange:
    change = access.change_in(membership.study, version)
    if not known_changes(membership).filter(pk=change.pk).exists():
        raise Http404("No such version.")
    return change


def round_to_lead(user: User, slug: str, pk: int) -> tuple[Membership, Round]:
    """A round of a study that this person leads."""
    membership = access.study_to_lead(user, slug)
    rounds = Round.objects.select_related("phase")
    round = get_object_or_404(rounds, study=membership.study, pk=pk)
    round.study = membership.study
    return membership, round


def task_to_do(user: User, slug: str, key: str, pk: int) -> tuple[Membership, RecodingTask]:
    """One of one's own sections to look at again: `(membership, task)`."""
    membership = access.study_to_code(user, slug)
    study = membership.study
    paper = access.paper_in(study, key)
    tasks = RecodingTask.objects.select_related(
        "assignment__round__phase", "section__research_question", "code", "change__by"
    )
    task = get_object_or_404(
        tasks, assignment__reviewer=user, assignment__paper=paper, section__study=study, pk=pk
    )
    assignment = task.assignment
    assignment.paper, assignment.reviewer, assignment.round.study, task.section.study = (
        paper,
        user,
        study,
        study,
    )
    return membership, task
