"""Tables as a workbook: a sheet each, and one that says what the columns mean. Rows go through a
file, not memory.
"""

from decimal import Decimal

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from mapping.exchange.table import cell

MOST_ROWS = 1_048_576
LONGEST_CELL = 32_767
LONGEST_TITLE = 31


class TooLong(Exception):
    """A table has more rows, or a cell more letters, than a workbook can hold: nothing is cut short
    silently.
    """


def write(tables, scope, target):
    book = Workbook(write_only=True)
    add(book, "definitions", ["file", "column", "meaning"], definitions(tables, scope))
    for table in tables:
        add(
            book,
            table.name.removesuffix(".csv")[:LONGEST_TITLE],
            table.header(scope),
            table.rows(scope),
        )
    book.save(target)


def definitions(tables, scope):
    for table in tables:
        for column in table.columns_of(scope):
            yield [table.name, column.name, column.means]


def add(book, title, header, rows):
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    sheet.append([written(sheet, name, title) for name in header])
    for number, row in enumerate(rows, start=2):
        if number > MOST_ROWS:
            raise TooLong(
                f"{title} has more than {MOST_ROWS:,} rows, which no workbook holds: take the CSV "
                "file."
            )
        sheet.append([written(sheet, value, title) for value in row])


def written(sheet, value, title):
    """What the CSV file has, escape included: so both come back through the same reader."""
    value = value if isinstance(value, Decimal) else cell(value)
    if not isinstance(value, str):
        return value
    # A workbook cannot hold control characters; no reader of the file would miss them.
    text = ILLEGAL_CHARACTERS_RE.sub("", value)
    if len(text) > LONGEST_CELL:
        raise TooLong(
            f"{title} has a cell of {len(text):,} letters, more than a workbook holds: take the "
            "CSV file."
        )
    written_cell = WriteOnlyCell(sheet, text)
    # Never a formula, an error or a date, whatever it looks like.
    written_cell.data_type = "s"
    return written_cell
