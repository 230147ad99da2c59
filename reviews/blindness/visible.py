"""What a person may receive: summaries, findings, and what hangs on a section of a paper."""

from mapping.models import Finding
from reviews.blindness import rules
from reviews.models import Summary


def visible_summaries(user, study, paper=None):
    """Whose answers this person may receive: their own, and others' where `may_know` says so.

    A draft is seen by its reviewer alone; who is no active member sees not even their own.
    """
    in_study = Summary.objects.filter(assignment__round__study=study)
    if paper is not None:
        in_study = in_study.filter(assignment__paper=paper)
    return in_study.filter(rules.may_read_summary(user, study))


def visible_findings(user, study):
    """The findings this person may receive: map, evidence, exports and the API draw from here."""
    return Finding.objects.of(study).filter(rules.may_know_findings(user, study))


def open_to(user, study):
    """True where this person may know of the row's `paper`, in the phase of its `section`."""
    return rules.may_know(user, study)
