"""Who may settle a paper, and the lock under which they do.

Locks are taken in one order: the study's codebook (shared), the paper, then what hangs on it.
"""

from django.core.exceptions import PermissionDenied, ValidationError

from mapping.codebook.versions import hold_codebook
from mapping.models import Membership, Paper, Section, User
from reviews.blindness import rules, settlers
from reviews.models import Assignment


class Blind(PermissionDenied):
    """Something was submitted here that this person may not see yet."""


def why_not(membership: Membership | None, paper: Paper) -> str:
    """Why this member may not settle this paper, or nothing where they may. Blindness is asked
    elsewhere.
    """
    has_coded = membership is not None and is_coder(membership.user, paper)
    return settlers.why_not(membership, has_coded=has_coded)


def is_coder(user: User, paper: Paper) -> bool:
    return Assignment.objects.in_force().filter(paper=paper, reviewer=user).exists()


def is_blind(membership: Membership | None, paper: Paper, phase: int) -> bool:
    """Whether this member may not know what others said of this paper, in this phase."""
    return rules.is_blind(membership, paper, phase)


def paper_to_settle(paper: Paper, section: Section, by: User) -> Paper:
    """The paper, locked, once it is sure that this person may decide on the section."""
    # Codes that are merged or retired at this moment: the codebook's acts lock the study's row
    # first.
    hold_codebook(paper.study)
    # Two leads may press the button at once; the lock lets the second see the first. Rows that only
    # point to the paper need not wait for it.
    paper = (
        Paper.objects.select_for_update(no_key=True, of=["self"])
        .select_related("study")
        .get(pk=paper.pk)
    )
    if section.study_id != paper.study_id:
        raise ValidationError("This section belongs to another study.")
    # The door looked before the lock: they may have left since.
    membership = rules.active_membership(by, paper.study)
    reason = why_not(membership, paper)
    if reason:
        raise PermissionDenied(reason)
    if is_blind(membership, paper, section.phase_id):
        raise Blind("You cannot decide on this paper before you may see what everybody said of it.")
    return paper
