"""Prior access where it was not written down when it came about: of studies, and bundles, older
than its record.

Known are when each paper was handed out, first and again, who submitted when, and from the log
which roles and settings there were. Where a paper was handed out again nobody knows what its reader
could read in between: what their role allowed at any moment until then counts. So a submission may
be left out that was independent.
"""

from collections import defaultdict
from typing import NamedTuple

from reviews.blindness.former_rights import ACTS, FormerRights, Member, Said, came_in

HANDED_OUT = ("hand-out", "hand-over")


class Given(NamedTuple):
    """An assignment with the moments at which it was handed out, and when its first submission came
    in.
    """

    user: int
    round: int
    closed_at: object
    begun: list
    withdrawn_at: object
    submitted_at: object


def reconstruct(apps, study):
    """The rows of PriorAccess that the study's records tell of, unsaved. `apps` may be those of a
    migration.
    """
    PriorAccess = apps.get_model("reviews", "PriorAccess")
    former = former_rights(apps, study)
    return [
        PriorAccess(paper_id=paper, phase_id=phase, user_id=user, at=at, why=why)
        for (paper, phase), given in assignments(apps, study).items()
        if sum(one.submitted_at is not None for one in given)
        for user in {one.user for one in given}
        for at, why in first_access(user, given, former)
    ]


def former_rights(apps, study):
    members = apps.get_model("mapping", "Membership").objects.filter(study_id=study.pk)
    members = members.values_list("user", "user__username", "role", "joined_at", "pk")
    log = apps.get_model("mapping", "LogEntry").objects.filter(study_id=study.pk, act__in=ACTS)
    log = log.order_by("at", "pk").values_list("act", "at", "facts")
    return FormerRights(study, [Member(*one) for one in members], log)


def keys(apps):
    """What the log names an assignment and a round by. Before it had keys of its own it named
    primary keys: the migration that worked this out first is older.
    """
    fields = {field.name for field in apps.get_model("reviews", "Assignment")._meta.get_fields()}
    return ("uid", "round__number") if "uid" in fields else ("pk", "round")


def handed_out_again(apps, study):
    """`{what the log names the assignment by: [moments]}`"""
    log = apps.get_model("mapping", "LogEntry").objects.filter(
        study_id=study.pk, act__in=HANDED_OUT
    )
    again = defaultdict(list)
    for at, facts in log.order_by("at").values_list("at", "facts"):
        for key in facts.get("again") or ():
            again[key].append(at)
    return again


def assignments(apps, study, *, paper=None):
    """`{(paper, phase): [Given]}`; of one `paper` (primary key) only as it was handed out first."""
    again = defaultdict(list) if paper else handed_out_again(apps, study)
    first = apps.get_model("reviews", "Summary").objects.filter(
        assignment__round__study_id=study.pk, revision=1, submitted_at__isnull=False
    )
    rows = apps.get_model("reviews", "Assignment").objects.filter(round__study_id=study.pk)
    if paper:
        first, rows = first.filter(assignment__paper=paper), rows.filter(paper=paper)
    first = first.values_list("assignment", "origin", "started_at", "submitted_at")
    first = {pk: came_in(*words) for pk, *words in first}
    found = defaultdict(list)
    key, round = keys(apps)
    names = ("pk", key, "paper", "round__phase")
    moments = ("round__closed_at", "assigned_at", "withdrawn_at")
    for pk, uid, of_paper, phase, user, number, closed_at, *own in rows.values_list(
        *names, "reviewer", round, *moments
    ):
        assigned_at, withdrawn_at = own
        begun = [assigned_at, *again[uid]]
        found[of_paper, phase].append(
            Given(user, number, closed_at, begun, withdrawn_at, first.get(pk))
        )
    return found


def first_access(user, given, former):
    """`[(at, why)]`: the first time that this person got the paper and could have read what others
    said; or nothing.
    """
    mine = [one for one in given if one.user == user]
    said = [
        Said(one.user, one.submitted_at, one.round, one.closed_at)
        for one in given
        if one.user != user and one.submitted_at is not None
    ]
    begun = sorted(((at, own) for own in mine for at in own.begun), key=lambda pair: pair[0])
    for at, own in begun:
        if (own.submitted_at is not None and own.submitted_at <= at) or is_blind(mine, own, at):
            continue
        done = [
            other.submitted_at
            for other in mine
            if other.submitted_at is not None and other.submitted_at < at
        ]
        words = (
            former.why(user, other, start=None, end=at, coded_at=min(done, default=None))
            for other in said
        )
        why = next(filter(None, words), "")
        if why:
            return [(at, why)]
    return []


def is_blind(mine, given, at):
    """Whether another round had given them the paper already, and they had not submitted it."""
    return any(
        one is not given
        and one.begun[0] < at
        and (one.submitted_at is None or one.submitted_at > at)
        and (one.withdrawn_at is None or one.withdrawn_at > at)
        for one in mine
    )
