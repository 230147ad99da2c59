"""Which codes somebody may know of: what a proposal says, somebody found in a paper that others
may still have to read.

A code that stands, or once stood, in the codebook is everybody's. A proposal that was never
accepted, whether it waits or was declined, merged away or taken back, is known

- to whoever proposed it;
- to leads, but not where it may come from a paper that is closed to them: its proposer reads such a
  paper in the phase of the section, and no answer on a paper that the lead may know of uses it. By
  readers, not by marks: what is said on a closed paper must not decide over what is shown.
"""

from functools import reduce
from operator import and_, or_

from django.db.models import Exists, OuterRef, Q, QuerySet

from mapping.models import Code, CodebookChange, Membership
from reviews.blindness import rules
from reviews.models import Assignment, Mark
from reviews.models.study_cache import cached_for_study


def known_codes(membership: Membership) -> QuerySet[Code]:
    return Code.objects.filter(may_know_code(membership), section__study=membership.study_id)


def may_know_code(membership: Membership) -> Q:
    """A condition on the codes of this study."""
    known = ~never_accepted() | Q(proposed_by=membership.user_id)
    if not (rules.is_in_force(membership) and membership.is_lead):
        return known
    return known | Q(Exists(open_marks(membership))) | ~Q(Exists(read_by_proposer(membership)))


def never_accepted():
    accepted = CodebookChange.objects.filter(act=CodebookChange.Act.ACCEPT, code=OuterRef("pk"))
    left = [Code.Status.PROPOSED, Code.Status.DECLINED, Code.Status.MERGED]
    return Q(proposed_by__isnull=False, status__in=left) & ~Q(Exists(accepted))


def open_marks(membership):
    """Where the code is used in what was submitted of papers that this lead may know of."""
    assignment = "answer__summary__assignment"
    known = rules.may_know(
        membership, paper=f"{assignment}__paper", phase=f"{assignment}__round__phase"
    )
    return Mark.objects.filter(
        known, code=OuterRef("pk"), answer__summary__submitted_at__isnull=False
    )


def read_by_proposer(membership):
    """What the proposer was given to read in the section's phase, and is closed to this lead."""
    closed = rules.closed_assignments(membership).filter(
        paper=OuterRef("paper"), round__phase=OuterRef("round__phase")
    )
    given = Assignment.objects.filter(
        reviewer=OuterRef("proposed_by"), round__phase=OuterRef("section__phase")
    )
    return given.filter(Exists(closed))


def closed_codes(membership: Membership) -> QuerySet[Code]:
    """The proposals, open or decided on, that this member may not know of."""
    proposals = Code.objects.filter(never_accepted(), section__study=membership.study_id)
    return proposals.exclude(may_know_code(membership))


def known_changes(membership: Membership) -> QuerySet[CodebookChange]:
    """The steps of the codebook that this member may know of: a decision tells of its proposal."""
    changes = membership.study.codebook_changes
    return changes.exclude(code__in=closed_codes(membership).order_by())


def proposals_waiting(membership: Membership) -> int:
    """How many proposals wait for a decision, as far as this lead may know."""
    return cached_for_study(
        membership.study,
        f"proposals.{membership.user_id}",
        lambda: known_codes(membership).proposed().count(),
    )


def telling_of_codes(membership: Membership) -> Q:
    """A condition on this study's log: lines about codes that this member may not know of."""
    closed = dict(closed_codes(membership).values_list("pk", "number"))
    if not closed:
        return rules.NOTHING
    study = membership.study_id
    versions = CodebookChange.objects.filter(study=study, code__in=list(closed))
    versions = versions.values_list("version", flat=True)
    numbers = list(closed.values())
    proposed = Q(act__in=["propose-code", "withdraw-proposal"], facts__code__in=numbers)
    changed = Q(facts__version__in=list(versions), facts__has_key="version")
    return Q(study=study) & (proposed | changed)


def may_know_code_in_admin(user):
    """A condition on the codes of all studies: in one's own as above, elsewhere all."""
    return not_among(closed_in_admin(user))


def may_know_change_in_admin(user):
    return not_among(closed_in_admin(user), "code")


def telling_of_codes_in_admin(user):
    """A condition on the lines of all logs, as `telling_of_codes` in one study."""
    return reduce(or_, map(telling_of_codes, own_memberships(user)), rules.NOTHING)


def closed_in_admin(user):
    return list(map(closed_codes, own_memberships(user)))


def own_memberships(user):
    """In all studies, those that were left too."""
    return Membership.objects.filter(user=user).select_related("study", "user")


def not_among(several, path="pk"):
    """True of rows whose code is in none of these, and of those that have none."""
    among = [Q(**{f"{path}__in": codes.order_by().values("pk")}) for codes in several]
    return reduce(and_, [~one | Q(**{path: None}) for one in among], rules.EVERYTHING)
