"""Files of codings as tests write and import them."""

from reviews.exchange.importing import import_codings
from reviews.models import Assignment, Round, Summary

HEAD = "paper,reviewer,section,value"


def take(study, by, *rows, head=HEAD, **how):
    """Import these rows; `how` is what the act takes by keyword. Returns what it says of itself."""
    content = "\n".join([head, *rows]).encode()
    return import_codings(study, file_name="codings.csv", content=content, by=by, **how)


def reasons(outcome):
    """`[(line, reason)]` of the rows that were refused."""
    return [(problem["line"], problem["reason"]) for problem in outcome["problems"]]


def nothing_written():
    return not (Summary.objects.exists() or Assignment.objects.exists() or Round.objects.exists())
