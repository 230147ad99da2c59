"""Who may settle a paper, and the lock under which they do.

Locks are taken in one order: the study's codebook (shared), the paper, then what hangs on it.
"""

from django.core.exceptions import PermissionDenied, ValidationError

from mapping.codebook.versions import hold_codebook
from mapping.models import Membership, Paper, Section, Study, User
from reviews.blindness import rules, settlers
from reviews.models import Assignment


class Blind(PermissionDenied):
    """Something was submitted here that this person may not see yet."""


def why_not(study: Study, user: User, paper: Paper) -> str:
    """Why this person may not settle this paper, or nothing where they may. Blindness is asked
    elsewhere.
    """
    members = Membership.objects.active().select_related("study")
    member = members.filter(study=study, user=user).first()
    return settlers.why_not(member, has_coded=is_coder(user, paper))


def is_coder(user: User, paper: Paper) -> bool:
    return Assignment.objects.in_force().filter(paper=paper, reviewer=user).exists()


def is_blind(user: User, study: Study, paper: Paper, phase: int) -> bool:
    """Whether this person may not know what others said of this paper, in this phase."""
    return rules.is_blind(user, study, paper, phase)


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
    reason = why_not(paper.study, by, paper)
    if reason:
        raise PermissionDenied(reason)
    if is_blind(by, paper.study, paper, section.phase_id):
        raise Blind("You cannot decide on this paper before you may see what everybody said of it.")
    return paper
