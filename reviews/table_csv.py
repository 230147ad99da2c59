"""What a page's table shows, as a file that no spreadsheet runs."""

import csv

from django.http import StreamingHttpResponse

from mapping.exporting import safe


class Line:
    """Lets csv write a line and hands it on."""

    def write(self, text):
        return text


def csv_file(name, headings, rows):
    """An answer that streams the rows, tuples of cells, under the headings."""
    writer = csv.writer(Line(), lineterminator="\r\n")

    def lines():
        yield writer.writerow(headings)
        for row in rows:
            yield writer.writerow(["" if cell is None else safe(cell) for cell in row])

    disposition = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8", headers=disposition)


def csv_url(request):
    """The page's own address, asking for its table as a file: all pages of what is filtered."""
    asked = request.GET.copy()
    asked.pop("page", None)
    asked["format"] = "csv"
    return f"?{asked.urlencode()}"
