"""What somebody could read at any moment of the past, from how roles and settings changed. Plain
values, no queries.

What a person may read now is the rule of blindness. A role that was taken away, a setting that was
changed back or a release that was withdrawn leaves that rule without a trace: these stand in the
study's log, which only grows.
"""

from collections import defaultdict
from datetime import datetime
from typing import NamedTuple

LEAD, REVIEWER = "lead", "reviewer"
# The acts of the log that are read here.
ACTS = (
    "change-role",
    "changed-in-admin",
    "join",
    "change-settings",
    "change-visibility",
    "release-findings",
    "withdraw-release",
    "reopen-round",
    "import-study",
)
AT_ONCE, NOT_CODERS = "submitted", "not_coders"


class Span(NamedTuple):
    """From when until when something was so; `until` None: it still is."""

    since: datetime
    until: datetime | None
    value: object


class Member(NamedTuple):
    user: int
    username: str
    role: str
    joined_at: datetime
    membership: int | None = None


class Said(NamedTuple):
    """A first submission: whose, when it was there to be read, and in which round, closed when."""

    reviewer: int
    came_in: datetime
    round: int
    closed_at: datetime | None


def came_in(origin, started_at, submitted_at):
    """When it was there to be read: a file of codings says when they were made elsewhere."""
    return started_at if origin == "codings" else submitted_at


def spans(changes, now, since):
    """`[Span]` from `[(at, before)]` in order and the value of today."""
    found = []
    for at, before in changes:
        found.append(Span(since, at, before))
        since = at
    return [*found, Span(since, None, now)]


def names(members, log):
    """Who a user name in the log is: a bundle's people may be called otherwise than in its log."""
    now = {member.username: member.user for member in members}
    imports = [(at, facts.get("renamed") or {}) for act, at, facts in log if act == "import-study"]
    imported_at, renamed = imports[-1] if imports else (None, {})
    then = now | {before: now[name] for before, name in renamed.items() if name in now}
    return lambda name, at: (then if imported_at and at < imported_at else now).get(name)


def in_order(changes, now):
    """`([(at, before)], now)` of role changes that say what was and what came; where two contradict
    each other, a lead it was.
    """
    found, after = [], None
    for at, before, role in changes:
        found.append((at, LEAD if LEAD in {before, after} else before or after or role))
        after = role
    return found, LEAD if after == LEAD else now


def meets(span, start, end):
    """Whether it was in force at some moment between these; `start` None: from the beginning."""
    since = span.since if start is None else max(span.since, start)
    return since < (end if span.until is None else min(span.until, end))


class FormerRights:
    """Built from the study as it is, its members, and `log`: `[(act, at, facts)]` of `ACTS`, oldest
    first.
    """

    def __init__(self, study, members, log):
        log = list(log)
        named = names(members, log)
        by_membership = {member.membership: member for member in members}
        roles, waits, settlers, released = defaultdict(list), [], [], []
        self.reopened = set()
        for act, at, facts in log:
            user = named(facts.get("user"), at) if act in {"change-role", "join"} else None
            if user is not None:
                roles[user].append((at, facts.get("before"), facts.get("role")))
            elif act == "changed-in-admin" and is_role(facts) and facts.get("pk") in by_membership:
                # The admin site says that the role changed, not from what: perhaps from lead.
                roles[by_membership[facts["pk"]].user].append((at, LEAD, None))
            elif act == "change-visibility":
                waits.append((at, facts.get("before")))
            elif act == "change-settings" and "who_settles" in facts.get("before", {}):
                settlers.append((at, facts["before"]["who_settles"]))
            elif act in {"release-findings", "withdraw-release"}:
                released.append((at, act == "withdraw-release"))
            elif act == "reopen-round":
                self.reopened.add(facts.get("round"))
        start = study.created_at
        self.roles = {
            one.user: spans(*in_order(roles[one.user], one.role), one.joined_at) for one in members
        }
        self.waits = spans(waits, study.others_visible, start)
        self.settlers = spans(settlers, study.who_settles, start)
        self.released = spans(released, study.released_at is not None, start)

    def why(self, user, said, *, start, end, coded_at=None):
        """The word for how this person could read that submission between `start` and `end`; ""
        where they could not.

        `coded_at`: when they had submitted the paper themselves, in another round; before they were
        blind.
        """
        roles = self.roles.get(user, ())
        if said.came_in >= end:
            return ""
        if coded_at is not None:
            start = coded_at
            if roles and self._is_open(said, coded_at, end):
                return "coded_before"
        elif any(
            one.value == LEAD and meets(one, later(start, said.came_in), end) for one in roles
        ):
            return LEAD
        if self._as_member(roles, self.released, True, later(start, said.came_in), end):
            return "released"
        if coded_at is None and self._is_open(said, start, end):
            coders = [one for one in roles if one.value in {LEAD, REVIEWER, None}]
            if self._as_member(coders, self.settlers, NOT_CODERS, later(start, said.came_in), end):
                return "settler"
        return ""

    def joined_at(self, user):
        return self.roles[user][0].since if user in self.roles else None

    def _is_open(self, said, start, end):
        """Whether it could be read by those whom the study lets wait for the round to close."""
        if (said.closed_at is not None and said.closed_at < end) or said.round in self.reopened:
            return True
        moment = later(start, said.came_in)
        return any(one.value == AT_ONCE and meets(one, moment, end) for one in self.waits)

    @staticmethod
    def _as_member(roles, several, value, start, end):
        """Whether a setting had this value, at some moment between these, while the person had one
        of these roles.
        """
        return any(
            meets(part, start, end)
            for one in several
            if one.value == value
            for role in roles
            if (part := overlap(one, role)) is not None
        )


def overlap(one, other):
    """The time that both were in force."""
    ends = [span.until for span in (one, other) if span.until is not None]
    since, until = max(one.since, other.since), min(ends, default=None)
    return Span(since, until, None) if until is None or since < until else None


def later(one, other):
    return other if one is None else max(one, other)


def is_role(facts):
    return facts.get("model") == "membership" and "role" in facts.get("fields", ())
