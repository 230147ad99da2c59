"""The table of a page as a CSV file without formulas."""

import csv
import itertools

from django.http import StreamingHttpResponse

from mapping.exchange.table import safe
from mapping.site.answers import asked_for


class Echo:
    """A file whose `write` returns the line, so that csv can stream."""

    def write(self, text):
        return text


def csv_file(name, headings, rows):
    """A response that streams the rows, tuples of cells, under the headings."""
    writer = csv.writer(Echo(), lineterminator="\r\n")

    def lines():
        for row in itertools.chain([headings], rows):
            yield writer.writerow(["" if cell is None else safe(cell) for cell in row])

    disposition = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingHttpResponse(
        lines(), content_type="text/csv; charset=utf-8", headers=disposition
    )


def require_known(asked, **taken):
    """404 before a file is sent if a filter was ignored: a page shows that it was, a file cannot.

    `taken` has the value of each filter as it was understood, empty where it was not.
    """
    for name, value in taken.items():
        asked_for(asked, name, {value})


def csv_url(request):
    """The URL of the page's table as a file: all pages of what is filtered."""
    asked = request.GET.copy()
    asked.pop("page", None)
    asked["format"] = "csv"
    return f"?{asked.urlencode()}"
