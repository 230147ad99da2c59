"""The list of papers as a CSV file."""

from itertools import islice

from django.utils import timezone

from mapping.exchange.table_csv import csv_file
from mapping.parsers.paper_fields import FIELDS
from reviews.overview import paper_states

_NAMES = [one.name for one in FIELDS if one.is_in_papers_list]
_HEADINGS = [*_NAMES, "sources", "has_pdf"]
_BATCH = 500


def paper_csv(membership, papers):
    states = state_headings(membership)
    papers = papers.defer("abstract", "extra", "search").prefetch_related("sources")
    name = f"{membership.study.slug}-papers-{timezone.localdate()}"
    return csv_file(name, [*_HEADINGS, *states], rows(membership, papers, states))


def rows(membership, papers, state_names):
    iterator = papers.iterator(chunk_size=_BATCH)
    while batch := list(islice(iterator, _BATCH)):
        states = paper_states.states_of(batch, membership)
        for paper in batch:
            yield [*cells(paper), *(getattr(states[paper.pk], name) for name in state_names)]


def state_headings(membership):
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
