"""What somebody could read at any moment of the past, from how roles and settings changed. Plain
values, no queries.

What a person may read now is the rule of blindness. A role that was taken away, a setting that was
changed back or a release that was withdrawn leaves that rule without a trace: these stand in the
study's log, which only grows.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar

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


Moment = TypeVar("Moment", bound=datetime | None)
# An act of the log, when it happened, and its facts.
LogLine = tuple[str, datetime, Mapping[str, Any]]
# When, the role before, and the role after, each None where the log does not say it.
RoleChange = tuple[datetime, str | None, str | None]


class StudyFacts(Protocol):
    """What is used of a study."""

    created_at: datetime
    others_visible: str
    who_settles: str
    released_at: datetime | None


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


def came_in(origin: str, started_at: Moment, submitted_at: Moment) -> Moment:
    """When it was there to be read: a file of codings says when they were made elsewhere."""
    return started_at if origin == "codings" else submitted_at


def spans(changes: Iterable[tuple[datetime, object]], now: object, since: datetime) -> list[Span]:
    """`[Span]` from `[(at, before)]` in order and the value of today."""
    ended = []
    for at, before in changes:
        ended.append(Span(since, at, before))
        since = at
    return [*ended, Span(since, None, now)]


def names(
    members: Iterable[Member], log: Iterable[LogLine]
) -> Callable[[str | None, datetime], int | None]:
    """Who a user name in the log is: a bundle's people may be called otherwise than in its log."""
    now = {member.username: member.user for member in members}
    imports = [(at, facts.get("renamed") or {}) for act, at, facts in log if act == "import-study"]
    imported_at, renamed = imports[-1] if imports else (None, {})
    then = now | {before: now[name] for before, name in renamed.items() if name in now}

    def user_called(name: str | None, at: datetime) -> int | None:
        if name is None:
            return None
        return (then if imported_at and at < imported_at else now).get(name)

    return user_called


def in_order(
    changes: Iterable[RoleChange], now: str
) -> tuple[list[tuple[datetime, str | None]], str]:
    """`([(at, before)], now)` of role changes that say what was and what came; where two contradict
    each other, a lead it was.
    """
    ordered, after = [], None
    for at, before, role in changes:
        ordered.append((at, LEAD if LEAD in {before, after} else before or after or role))
        after = role
    return ordered, LEAD if after == LEAD else now


def meets(span: Span, start: datetime | None, end: datetime) -> bool:
    """Whether it was in force at some moment between these; `start` None: from the beginning."""
    since = span.since if start is None else max(span.since, start)
    return since < (end if span.until is None else min(span.until, end))


class FormerRights:
    """Built from the study as it is, its members, and `log`: `[(act, at, facts)]` of `ACTS`, oldest
    first.
    """

    def __init__(
        self, study: StudyFacts, members: Sequence[Member], log: Iterable[LogLine]
    ) -> None:
        log = list(log)
        named = names(members, log)
        by_membership = {member.membership: member for member in members}
        roles, waits, settlers, released = defaultdict(list), [], [], []
        self.reopened = set()
        for act, at, facts in log:
            user = named(facts.get("user"), at) if act in {"change-role", "join"} else None
            if user is not None:
                roles[user].append((at, facts.get("before"), facts.get("role")))
            elif act == "changed-in-admin" and is_role(facts):
                # The admin site says that the role changed, not from what: perhaps from lead. Once
                # it named the membership.
                member = by_membership.get(facts.get("pk"))
                user = member.user if member else named(facts.get("user"), at)
                if user is not None:
                    roles[user].append((at, LEAD, None))
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
            each.user: spans(*in_order(roles[each.user], each.role), each.joined_at)
            for each in members
        }
        self.waits = spans(waits, study.others_visible, start)
        self.settlers = spans(settlers, study.who_settles, start)
        self.released = spans(released, study.released_at is not None, start)

    def why(
        self,
        user: int,
        submission: Said,
        *,
        start: datetime | None,
        end: datetime,
        coded_at: datetime | None = None,
    ) -> str:
        """The word for how this person could read that submission between `start` and `end`; ""
        where they could not.

        `coded_at`: when they had submitted the paper themselves, in another round; before they were
        blind.
        """
        roles = self.roles.get(user, ())
        if submission.came_in >= end:
            return ""
        if coded_at is not None:
            start = coded_at
            if roles and self._is_open(submission, coded_at, end):
                return "coded_before"
        elif any(
            role.value == LEAD and meets(role, later(start, submission.came_in), end)
            for role in roles
        ):
            return LEAD
        if self._as_member(roles, self.released, True, later(start, submission.came_in), end):
            return "released"
        if coded_at is None and self._is_open(submission, start, end):
            coders = [role for role in roles if role.value in {LEAD, REVIEWER, None}]
            if self._as_member(
                coders, self.settlers, NOT_CODERS, later(start, submission.came_in), end
            ):
                return "settler"
        return ""

    def joined_at(self, user: int) -> datetime | None:
        return self.roles[user][0].since if user in self.roles else None

    def _is_open(self, submission: Said, start: datetime | None, end: datetime) -> bool:
        """Whether it could be read by those whom the study lets wait for the round to close."""
        if (
            submission.closed_at is not None and submission.closed_at < end
        ) or submission.round in self.reopened:
            return True
        moment = later(start, submission.came_in)
        return any(span.value == AT_ONCE and meets(span, moment, end) for span in self.waits)

    @staticmethod
    def _as_member(
        roles: Iterable[Span],
        several: Iterable[Span],
        value: object,
        start: datetime,
        end: datetime,
    ) -> bool:
        """Whether a setting had this value, at some moment between these, while the person had one
        of these roles.
        """
        return any(
            meets(part, start, end)
            for setting in several
            if setting.value == value
            for role in roles
            if (part := overlap(setting, role)) is not None
        )


def overlap(first: Span, second: Span) -> Span | None:
    """The time that both were in force."""
    ends = [span.until for span in (first, second) if span.until is not None]
    since, until = max(first.since, second.since), min(ends, default=None)
    return Span(since, until, None) if until is None or since < until else None


def later(start: datetime | None, moment: datetime) -> datetime:
    return moment if start is None else max(start, moment)


def is_role(facts: Mapping[str, Any]) -> bool:
    return facts.get("model") == "membership" and "role" in facts.get("fields", ())
