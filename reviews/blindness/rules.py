"""The rule of blindness (laws 1 and 2): who may know what others said of a paper, in a phase.

It is decided for a paper in a phase, never for one summary: findings, differences, remarks,
figures and log lines rest on all the summaries of a paper, so that a rule for each of them would
tell in one place what it hides in another.

The cases, in order; the first that fits decides.

| who asks, of a paper in a phase                                              | may know   |
| ---------------------------------------------------------------------------- | ---------- |
| no active member: a stranger, somebody deactivated, a closed account         | nothing    |
| a lead who looked early, which the log tells                                 | everything |
| whoever has an assignment in force without a submission, in any round of the | nothing    |
| phase, open or closed: first reading, retest, withdrawn and handed out again |            |
| whoever has still to answer a section that came after their submission       | nothing    |
| any other member, once the study is released                                 | everything |
| an observer before that                                                      | nothing    |
| a lead without a part of their own in it                                     | everything |
| anybody, while the study waits for closing and the paper stands in an open   | nothing    |
| round of the phase, their own or another's, submitted or not                 |            |
| a lead who submitted                                                         | everything |
| a reviewer, where those settle who did not code                              | everything |
| a reviewer who submitted                                                     | everything |
| any other reviewer                                                           | nothing    |

Whoever submitted may know on when their summary is reopened: the first answers are in and stay.
"Everything" is what was submitted; a draft is its reviewer's alone, and one's own words are never
hidden from oneself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from mapping.models import Membership, Paper, Phase, Study, User
from reviews.blindness.settlers import reviewers_settle
from reviews.models import Assignment, EarlyLook, Summary

NOTHING = Q(pk__in=[])
EVERYTHING = ~NOTHING
OF_SUMMARY = {"paper": "assignment__paper", "phase": "assignment__round__phase"}


def may_know(
    membership: Membership | None,
    *,
    paper: str | Paper = "paper",
    phase: str | Phase | int = "section__phase",
) -> Q:
    """A condition on any rows: true where this member may receive what others said, by the table
    at the top of this module. None is somebody who is no member.

    `paper` and `phase` are the paths to them from a row; instead of a path, one for all rows.
    """
    if not is_in_force(membership):
        return NOTHING
    user, place = membership.user_id, Place(paper, phase)
    known = ~still_to_say(user, place) & within_reach(membership, place)
    return known | looked_early(user, place) if membership.is_lead else known


def may_read_summary(membership: Membership | None) -> Q:
    """A condition on summaries: a member's own, drafts too, and others' that they may know of."""
    if not is_in_force(membership):
        return NOTHING
    known = may_know(membership, **OF_SUMMARY)
    return Q(assignment__reviewer=membership.user_id) | Q(submitted_at__isnull=False) & known


def may_know_findings(membership: Membership | None) -> Q:
    """A condition on rows that say what was settled: before the release for those who settle."""
    if not is_in_force(membership):
        return NOTHING
    known = may_know(membership)
    if membership.study.is_released or membership.is_lead:
        return known
    if reviewers_settle(membership.study):
        return known & ~reads(membership.user_id, Place("paper", "section__phase"))
    return NOTHING


def may_know_in_admin(user, *, study, paper="paper", phase="section__phase"):
    """What the admin site may show: in one's own studies what `may_know` says there, in others what
    was submitted, since whoever runs the server can read the database too.

    Running the server lifts nobody's blindness. Nor does it tell who is behind a letter: where
    one's own study hides names, nothing is shown until its release, since the admin site has names
    alone. `study` is the path to the row's study.
    """
    memberships = Membership.objects.filter(user=user).select_related("study", "user")
    known = ~Q(**{f"{study}__in": [one.study_id for one in memberships]})
    known &= ~still_to_say(user.pk, Place(paper, phase))
    for one in memberships:
        hides_names = one.study.is_anonymous and not one.study.is_released
        if not hides_names:
            known |= Q(**{study: one.study_id}) & may_know(one, paper=paper, phase=phase)
    return known


def may_read_summary_in_admin(user):
    """A condition on summaries of all studies: one's own, and what `may_know_in_admin` says."""
    left = Membership.objects.filter(user=user).exclude(pk__in=Membership.objects.active())
    own = Q(assignment__reviewer=user) & ~Q(assignment__round__study__in=left.values("study"))
    known = may_know_in_admin(user, study="assignment__round__study", **OF_SUMMARY)
    return own | Q(submitted_at__isnull=False) & known


def active_membership(user: User, study: Study) -> Membership | None:
    """The membership of somebody who is known by their account alone: who was mentioned, or acts
    under a lock. They may be no member; to None the rules tell nothing.
    """
    membership = Membership.objects.active().filter(user=user, study=study).first()
    if membership:
        membership.user, membership.study = user, study
    return membership


def is_in_force(membership: Membership | None) -> bool:
    return membership is not None and membership.is_active and membership.user.is_active


def within_reach(membership, place):
    """What role and settings let somebody know who has said all they have to say."""
    study = membership.study
    if study.is_released:
        return EVERYTHING
    if not membership.may_code:
        return NOTHING
    waits = study.others_visible == Study.OthersVisible.AFTER_CLOSING
    in_time = ~in_open_round(place) if waits else EVERYTHING
    if membership.is_lead:
        return ~has_part(membership.user_id, place) | in_time
    if reviewers_settle(study):
        return in_time
    return reads(membership.user_id, place) & in_time


@dataclass(frozen=True)
class Place:
    """Where a row keeps its paper and its phase: the paths to them, or one for all rows."""

    paper: str | Paper
    phase: str | Phase

    @property
    def row(self):
        """What a question about this place compares with."""
        return [OuterRef(one) if isinstance(one, str) else one for one in (self.paper, self.phase)]

    def holds(self, assignments):
        paper, phase = self.row
        return Q(Exists(assignments.filter(paper=paper, round__phase=phase)))


# Parts of the rule. A page asks them dozens of times, of the same places, and to build one takes
# longer than to answer it: each is built once. A condition is never changed, only combined.
once = lru_cache(maxsize=1000)


@once
def still_to_say(user_id, place):
    """True where this person has to say something of their own yet."""
    return place.holds(Assignment.objects.blinding(user_id))


@once
def reads(user_id, place):
    return place.holds(Assignment.objects.in_force().filter(reviewer=user_id))


@once
def has_part(user_id, place):
    return place.holds(counting().filter(reviewer=user_id))


@once
def in_open_round(place):
    return place.holds(counting().filter(round__closed_at=None))


@once
def looked_early(user_id, place):
    paper, phase = place.row
    return Q(Exists(EarlyLook.objects.filter(user=user_id, paper=paper, phase=phase)))


def counting():
    """The assignments that count: in force, or taken back with something submitted."""
    submitted = Summary.objects.submitted().filter(assignment=OuterRef("pk"))
    return Assignment.objects.filter(Q(withdrawn_at=None) | Q(Exists(submitted)))


# The coarser questions, each from the rule above.


def closed_assignments(membership: Membership) -> QuerySet[Assignment]:
    """The assignments, anybody's, of whose paper and phase this member may not know."""
    assignments = Assignment.objects.filter(round__study=membership.study_id)
    if not is_in_force(membership):
        return assignments
    if membership.is_lead:
        # From a lead nothing is hidden but where they read themselves: the rest need not be looked
        # at.
        assignments = assignments.filter(reviewer=membership.user_id)
    return assignments.filter(~may_know(membership, paper="paper", phase="round__phase"))


def closed_pairs(
    membership: Membership, papers: Iterable[int] | None = None
) -> set[tuple[int, int]]:
    """`{(paper, phase)}` that stand in a round and are closed to this member."""
    found = closed_assignments(membership)
    if papers is not None:
        found = found.filter(paper__in=papers)
    return set(found.order_by().values_list("paper", "round__phase").distinct())


def closed_papers(membership: Membership) -> QuerySet[Assignment, Any]:
    """The papers that are closed to this member in some phase, as a query of primary keys."""
    return closed_assignments(membership).order_by().values("paper")


def closed_in_admin(user):
    """The assignments of all studies about which the admin site must not tell this person."""
    known = may_know_in_admin(user, study="round__study", paper="paper", phase="round__phase")
    return Assignment.objects.filter(~known).order_by()


def is_blind_somewhere(membership: Membership) -> bool:
    return closed_assignments(membership).exists()


def closed_on_own(membership: Membership) -> QuerySet[Assignment]:
    """What this member reads and is closed to them: figures made of the rest must say so."""
    own = closed_assignments(membership).filter(reviewer=membership.user_id, withdrawn_at=None)
    return own.order_by()


def is_blind_on_own(membership: Membership) -> bool:
    return closed_on_own(membership).exists()


def is_blind(membership: Membership | None, paper: Paper, phase: Phase | int) -> bool:
    """Whether this member may not know what others said of this paper, in this phase."""
    if membership is None:
        return True
    here = Paper.objects.filter(study=membership.study_id, pk=paper.pk)
    return not here.filter(may_know(membership, paper="pk", phase=phase)).exists()


def open_pairs(
    membership: Membership | None, papers: Iterable[int | Paper]
) -> set[tuple[int, int]]:
    """`{(paper, phase)}` of these papers where something was submitted that this member may
    know.
    """
    if not is_in_force(membership):
        return set()
    submitted = Summary.objects.submitted().filter(
        assignment__round__study=membership.study_id, assignment__paper__in=papers
    )
    known = may_know(membership, **OF_SUMMARY)
    return set(
        submitted.filter(known)
        .order_by()
        .values_list("assignment__paper", "assignment__round__phase")
    )
