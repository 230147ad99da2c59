"""The list of papers as it is shown, as a file that no spreadsheet runs."""

import csv
from itertools import islice

from django.http import StreamingHttpResponse
from django.utils import timezone

from mapping.exporting import safe
from reviews import paper_states

_HEADINGS = ["key", "title", "authors", "year", "venue", "doi", "url", "sources", "has_pdf"]
_BATCH = 500


class Line:
    """Lets csv write a line and hands it on."""

    def write(self, text):
        return text


def paper_csv(study, papers):
    lines = written(study, papers.defer("abstract", "extra", "search").prefetch_related("sources"))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{study.slug}-papers-{timezone.localdate()}.csv"'
    return response


def written(study, papers):
    writer = csv.writer(Line(), lineterminator="\r\n")
    more = headings(study.membership)
    yield writer.writerow([*_HEADINGS, *more])
    rows = papers.iterator(chunk_size=_BATCH)
    while batch := list(islice(rows, _BATCH)):
        paper_states.add_states(batch, study.membership)
        for paper in batch:
            facts = [getattr(paper, name) for name in more]
            yield writer.writerow([safe(str(cell)) for cell in [*cells(paper), *facts]])


def headings(membership):
    if membership.is_lead:
        return ["state", "handed_out", "submitted"]
    return ["state"] if membership.may_code else []


def cells(paper):
    sources = dict.fromkeys(str(source) for source in paper.sources.all())
    return [
        paper.key, paper.title, paper.authors, paper.year or "", paper.venue, paper.doi, paper.url, "; ".join(sources),
        "yes" if paper.pdf else "no",
    ]  # fmt: skip
