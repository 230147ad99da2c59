"""The study's log as one lead may read it: even a line of the log must not tell what is still to be
judged.
"""

from typing import Any

from django.db.models import BooleanField, Case, Q, QuerySet, Value, When

from mapping.models import LogEntry, Membership
from reviews.blindness import rules
from reviews.blindness.codes import telling_of_codes
from reviews.models import Assignment

WITHHELD = "Closed to you until your own summary of this paper is in."
# That they were done, and how often, says how the answers came out: differences are put off,
# remarked on, settled.
TELLING = (
    "settle-section",
    "settle-unanimous",
    "undo-settling",
    "defer-section",
    "lift-deferral",
    "add-remark",
    "resolve-remark",
    "recode-section",
    "leave-phases",
    "come-back-phases",
)


def papers_closed_to(membership: Membership) -> QuerySet[Assignment, Any]:
    """The papers of which this member may not know, in some phase, what others said."""
    return rules.closed_papers(membership)


def lines(membership: Membership) -> QuerySet[LogEntry]:
    """Newest first, with `is_withheld` on what others did with a paper that is closed to this
    person. Without the lines that tell of answers there by standing in the log at all, or by
    counting them among others.

    Where the study hides names, `is_unnamed` on what others did while settling.
    """
    study, user = membership.study, membership.user_id
    papers = papers_closed_to(membership)
    closed = Q(paper__in=papers) & ~Q(by=user)
    telling = closed | Q(paper=None) & ~Q(by=user) if papers.exists() else closed
    unnamed = (
        Q(act__in=TELLING, by__isnull=False) & ~Q(by=user) if study.is_anonymous else rules.NOTHING
    )
    log = study.log.annotate(
        is_withheld=flag(closed),
        is_telling=flag(telling & Q(act__in=TELLING)),
        is_unnamed=flag(unnamed),
    )
    log = log.filter(is_telling=False).exclude(telling_of_codes(membership) & ~Q(by=user))
    return log.select_related("by", "paper")


def flag(condition):
    return Case(
        When(condition, then=Value(True)), default=Value(False), output_field=BooleanField()
    )


def with_words(lines, words):
    """The lines that hold each word. Words are looked for in what may be read alone: a search must
    not find out what is withheld.
    """
    for word in words.split():
        lines = lines.filter(
            Q(text__icontains=word, is_withheld=False)
            | Q(paper__title__icontains=word)
            | Q(paper__key__iexact=word)
        )
    return lines


def by(lines, username):
    """The lines that may be read to be this person's."""
    return lines.filter(by__username=username, is_unnamed=False)
