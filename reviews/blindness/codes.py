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

from django.db.models import Exists, OuterRef, Q

from mapping.models import Code, CodebookChange, Study
from reviews.blindness import rules
from reviews.models import Assignment, Mark
from reviews.models.study_cache import cached_for_study


def known_codes(user, study):
    return Code.objects.filter(section__study=study).filter(may_know_code(user, study))


def may_know_code(user, study):
    """A condition on the codes of this study."""
    known = ~never_accepted() | Q(proposed_by=user)
    membership = rules.active_membership(user, study)
    if membership is None or not membership.is_lead:
        return known
    return (
        known
        | Q(Exists(open_marks(membership, study)))
        | ~Q(Exists(read_by_proposer(membership, study)))
    )


def never_accepted():
    accepted = CodebookChange.objects.filter(act=CodebookChange.Act.ACCEPT, code=OuterRef("pk"))
    left = [Code.Status.PROPOSED, Code.Status.DECLINED, Code.Status.MERGED]
    return Q(proposed_by__isnull=False, status__in=left) & ~Q(Exists(accepted))


def open_marks(membership, study):
    """Where the code is used in what was submitted of papers that this lead may know of."""
    assignment = "answer__summary__assignment"
    place = rules.Place(f"{assignment}__paper", f"{assignment}__round__phase")
    known = rules.may_member_know(membership, study, place)
    return Mark.objects.filter(
        known, code=OuterRef("pk"), answer__summary__submitted_at__isnull=False
    )


def read_by_proposer(membership, study):
    """What the proposer was given to read in the section's phase, and is closed to this lead."""
    closed = rules.closed_to_member(membership, study).filter(
        paper=OuterRef("paper"), round__phase=OuterRef("round__phase")
    )
    given = Assignment.objects.filter(
        reviewer=OuterRef("proposed_by"), round__phase=OuterRef("section__phase")
    )
    return given.filter(Exists(closed))


def closed_codes(user, study):
    """The proposals, open or decided on, that this person may not know of."""
    return Code.objects.filter(never_accepted(), section__study=study).exclude(
        may_know_code(user, study)
    )


def known_changes(user, study):
    """The steps of the codebook that this person may know of: a decision tells of its proposal."""
    return study.codebook_changes.exclude(code__in=closed_codes(user, study).order_by())


def proposals_waiting(user, study):
    """How many proposals wait for a decision, as far as this lead may know."""
    return cached_for_study(
        study, f"proposals.{user.pk}", lambda: known_codes(user, study).proposed().count()
    )


def telling_of_codes(user, study):
    """A condition on this study's log: lines about codes that this person may not know of."""
    closed = dict(closed_codes(user, study).values_list("pk", "number"))
    numbers = list(closed.values())
    if not closed:
        return rules.NOTHING
    versions = CodebookChange.objects.filter(study=study, code__in=list(closed)).values_list(
        "version", flat=True
    )
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
    told = [telling_of_codes(user, study) for study in Study.objects.filter(memberships__user=user)]
    return reduce(or_, told, rules.NOTHING)


def closed_in_admin(user):
    return [closed_codes(user, study) for study in Study.objects.filter(memberships__user=user)]


def not_among(several, path="pk"):
    """True of rows whose code is in none of these, and of those that have none."""
    among = [Q(**{f"{path}__in": codes.order_by().values("pk")}) for codes in several]
    return reduce(and_, [~one | Q(**{path: None}) for one in among], rules.EVERYTHING)
