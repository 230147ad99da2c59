"""Blindness for what hangs on a section of a paper: findings, resolutions, remarks."""

from mapping.models import Finding
from reviews.blindness import rules


def open_to(user, study):
    """True where this person may know of the row's `paper`, in the phase of its `section`."""
    return rules.may_know(user, study)


def visible_findings(user, study):
    """The findings this person may receive: map, evidence, exports and the API draw from here."""
    return Finding.objects.of(study).filter(rules.may_know_findings(user, study))
