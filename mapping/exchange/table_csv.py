"""What a page's table shows, as a file that no spreadsheet runs."""

import csv
import itertools

from django.http import StreamingHttpResponse

from mapping.exchange.table import safe
from mapping.site.answers import asked_for


class Line:
    """Lets csv write a line and hands it on."""

    def write(self, text):
        return text


def csv_file(name, headings, rows):
    """An answer that streams the rows, tuples of cells, under the headings."""
    writer = csv.writer(Line(), lineterminator="\r\n")

    def lines():
        for row in itertools.chain([headings], rows):
            yield writer.writerow(["" if cell is None else safe(cell) for cell in row])

    disposition = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingHttpResponse(
        lines(), content_type="text/csv; charset=utf-8", headers=disposition
    )


def require_known(asked, **taken):
    """Before a file leaves: a filter that was left aside is 404. A page shows that it is, a file
    cannot.

    `taken` has what each filter was understood as, empty where it was not.
    """
    for name, value in taken.items():
        asked_for(asked, name, {value})


def csv_url(request):
    """The page's own address, asking for its table as a file: all pages of what is filtered."""
    asked = request.GET.copy()
    asked.pop("page", None)
    asked["format"] = "csv"
    return f"?{asked.urlencode()}"
