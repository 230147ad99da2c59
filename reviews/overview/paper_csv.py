"""The list of papers as it is shown, as a file that no spreadsheet runs."""

from itertools import islice

from django.utils import timezone

from mapping.exchange.table_csv import csv_file
from mapping.parsers.paper_fields import FIELDS
from reviews.overview import paper_states

_NAMES = [one.name for one in FIELDS if one.is_in_papers_list]
_HEADINGS = [*_NAMES, "sources", "has_pdf"]
_BATCH = 500


def paper_csv(study, papers):
    more = headings(study.membership)
    found = papers.defer("abstract", "extra", "search").prefetch_related("sources")
    name = f"{study.slug}-papers-{timezone.localdate()}"
    return csv_file(name, [*_HEADINGS, *more], rows(study.membership, found, more))


def rows(membership, papers, more):
    found = papers.iterator(chunk_size=_BATCH)
    while batch := list(islice(found, _BATCH)):
        paper_states.add_states(batch, membership)
        for paper in batch:
            yield [*cells(paper), *(getattr(paper, name) for name in more)]


def headings(membership):
    if membership.is_lead:
        return ["state", "handed_out", "submitted"]
    return ["state"] if membership.may_code else []


def cells(paper):
    sources = dict.fromkeys(str(source) for source in paper.sources.all())
    return [
        *(getattr(paper, name) for name in _NAMES),
        "; ".join(sources),
        "yes" if paper.pdf else "no",
    ]
