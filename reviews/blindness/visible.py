"""What a person may receive: summaries, findings, and what hangs on a section of a paper."""

from django.db.models import Q, QuerySet

from mapping.models import Finding, Membership, Paper
from reviews.blindness import rules
from reviews.models import Summary


def visible_summaries(
    membership: Membership | None, paper: Paper | None = None
) -> QuerySet[Summary]:
    """Whose answers this member may receive: their own, and others' where `may_know` says so.

    A draft is seen by its reviewer alone; who is no active member sees not even their own.
    """
    if membership is None:
        return Summary.objects.none()
    in_study = Summary.objects.filter(assignment__round__study=membership.study_id)
    if paper is not None:
        in_study = in_study.filter(assignment__paper=paper)
    return in_study.filter(rules.may_read_summary(membership))


def visible_findings(membership: Membership) -> QuerySet[Finding]:
    """The findings this member may receive: map, evidence, exports and the API draw from here."""
    return Finding.objects.of(membership.study_id).filter(rules.may_know_findings(membership))


def open_to(membership: Membership) -> Q:
    """True where this member may know of the row's `paper`, in the phase of its `section`."""
    return rules.may_know(membership)
