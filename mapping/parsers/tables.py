"""Tables with a header row, from CSV (comma, semicolon or tab) and XLSX: rows of trimmed text.

The formula escape is undone here and done here, so that both sides keep the same rule.
"""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mapping.parsers import workbooks
from mapping.parsers.encodings import LARGEST_FILE, check_size, decoded
from mapping.parsers.records import Problem, UnreadableFile
from mapping.parsers.workbooks import NumberedCells

# Abstracts are longer than the 128 kB that the csv module allows by default.
csv.field_size_limit(50 * 1024 * 1024)

# A spreadsheet runs a cell as a formula that starts so, some with the full width or small forms
# too.
_SIGNS = frozenset("=+-@\t\r\n＝＋－＠﹦﹢﹣﹫−")
# Marks, formats, controls and blanks of any kind: before a sign, nobody sees that they are there.
_UNSEEN = {"Mn", "Me", "Cf", "Cc", "Zs", "Zl", "Zp"}
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")
# Every row becomes as wide as the header: short rows below a wide one grow without end.
MOST_COLUMNS, MOST_CELLS = 16_384, 8_000_000
_DELIMITERS = ",;\t|"


@dataclass
class Row:
    """Cells by column; `line` is where the row begins in the file (the row number, in a
    spreadsheet).

    `file` is what reports call the file; where a workbook has several sheets, with the sheet.
    """

    line: int
    cells: dict[str, str]
    file: str = ""

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass
class Table:
    """`columns` are the columns by their wanted names, `ignored` the headings nobody asked for,
    `notes` sentences on what else was not read.
    """

    columns: list[str]
    rows: list[Row]
    problems: list[Problem] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def unescaped(cell: str) -> str:
    """The text of a cell, without the apostrophe that keeps a spreadsheet from running it."""
    return cell[1:] if cell.startswith("'") and _is_formula(cell[1:]) else cell


def escaped(text: str) -> str:
    """Text for a cell that no spreadsheet runs as a formula; `unescaped` gives it back, line ends
    as `\\n`.

    A text that starts with such an apostrophe already gets one more, so that nothing is lost on the
    way back.
    """
    # csv.writer leaves a lone return unquoted where lines end in a line feed, and readers then see
    # another row.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "'" + text if _is_formula(text) else text


def _is_formula(text: str) -> bool:
    """Whether the text starts with a formula's sign, apostrophes and invisible characters aside."""
    for index, letter in enumerate(text):
        if letter in _SIGNS:
            # Ordinary blanks before it make it a text in every spreadsheet.
            return index == 0 or text[:index].strip(" ") != ""
        if letter.isalnum() and letter not in _FILLERS:
            return False
        if not (letter == "'" or letter in _FILLERS or unicodedata.category(letter) in _UNSEEN):
            return False
    return False


def read_table(
    name: str,
    content: bytes,
    *,
    required: Sequence[str] = (),
    optional: Sequence[str] = (),
    columns: Mapping[str, str] | None = None,
    limit: int = LARGEST_FILE,
    fits: Callable[[set[str]], bool] | None = None,
    joins: bool = False,
) -> Table:
    """The Table in the bytes of a file.

    `columns` maps a wanted column to the heading it has in this file. Headings match whatever their
    case, spaces and underscores. Of a workbook the first sheet is read whose headings fit (`fits`,
    which is given the compared headings; else the one with the required columns), or with `joins`
    all such sheets; the others are named in the notes. Raises UnreadableFile if a required column
    is missing (naming it and those present), if a wanted one stands twice, or if the file is no
    table.
    """
    check_size(len(content), limit, name)
    wanted = {column: column for column in [*required, *optional]} | dict(columns or {})
    unknown = [column for column in wanted if column not in required and column not in optional]
    if unknown and (required or optional):
        raise UnreadableFile(
            f"there is no column “{unknown[0]}” to read, only {_listed([*required, *optional])}",
            name,
        )
    necessary = [*required, *(column for column in columns or {} if column not in required)]
    if not workbooks.is_workbook(content):
        return _table(name, _csv_rows(name, content, wanted), wanted, necessary)
    needed = {heading(wanted[column]) for column in necessary}
    chosen, notes = _sheets(name, content, fits or needed.issubset, joins)
    tables = [_table(called, rows, wanted, necessary) for called, rows in chosen]
    return replace(_joined(tables), notes=notes)


def _sheets(
    name: str, content: bytes, fits: Callable[[set[str]], bool], joins: bool
) -> tuple[list[tuple[str, list[NumberedCells]]], list[str]]:
    """`([(name with the sheet, rows)], notes)` of the sheets that are read."""
    sheets = workbooks.sheets(name, content)
    for sheet in sheets:
        sheet.rows = [(line, _trimmed(cells)) for line, cells in sheet.rows]
    chosen = [
        sheet for sheet in sheets if fits({heading(cell) for cell in sheet.rows[0][1]})
    ] or sheets[:1]
    chosen = chosen if joins else chosen[:1]
    if not chosen:
        raise UnreadableFile("the table is empty", name)
    read = ", ".join(f"“{sheet.title}”" for sheet in chosen)
    left = ", ".join(f"“{sheet.title}”" for sheet in sheets if sheet not in chosen)
    notes = [f"Of the workbook’s sheets {read} was read; left aside: {left}."] if left else []
    named = [f"{name}, sheet “{sheet.title}”" if len(sheets) > 1 else name for sheet in chosen]
    return [(called, sheet.rows) for called, sheet in zip(named, chosen, strict=True)], notes


def _joined(tables: Sequence[Table]) -> Table:
    return Table(
        columns=list(dict.fromkeys(column for table in tables for column in table.columns)),
        rows=[row for table in tables for row in table.rows],
        problems=[problem for table in tables for problem in table.problems],
        ignored=list(dict.fromkeys(column for table in tables for column in table.ignored)),
    )


def _table(
    name: str, rows: list[NumberedCells], wanted: Mapping[str, str], necessary: Sequence[str]
) -> Table:
    if not rows:
        raise UnreadableFile("the table is empty", name)
    (_, headings), *rows = rows
    if len(headings) > MOST_COLUMNS or len(headings) * len(rows) > MOST_CELLS:
        raise UnreadableFile(too_large(), name)
    places = _places(name, headings, wanted, necessary)
    others = _other_columns(headings, places)
    table = Table([*places, *others], [], ignored=list(others) if wanted else [])
    for line, cells in rows:
        if len(cells) > len(headings) and any(cells[len(headings) :]):
            reason = f"the row has {len(cells)} cells, but the header {len(headings)}"
            table.problems.append(Problem(name, line, reason))
            continue
        filled = cells + [""] * (len(headings) - len(cells))
        table.rows.append(
            Row(
                line,
                {column: filled[index] for column, index in {**places, **others}.items()},
                name,
            )
        )
    return table


def too_large() -> str:
    return f"the table has more than {MOST_COLUMNS:,} columns, or {MOST_CELLS:,} cells: split it"


def heading(text: str) -> str:
    """The heading as it is compared: without case, spaces and punctuation."""
    return re.sub(r"[\W_]+", "", text.casefold())


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(column for column in columns if column) or "none"


def _places(
    name: str, headings: Sequence[str], wanted: Mapping[str, str], necessary: Sequence[str]
) -> dict[str, int]:
    """`{wanted column: its index in the row}`; UnreadableFile where a necessary one is missing or
    one occurs twice.
    """
    compared = [heading(text) for text in headings]
    columns = {}
    for column, written in wanted.items():
        indexes = [
            index for index, text in enumerate(compared) if text and text == heading(written)
        ]
        if len(indexes) > 1:
            raise UnreadableFile(f"the column “{written}” stands twice", name)
        if indexes:
            columns[column] = indexes[0]
        elif column in necessary:
            meant = f" (for “{column}”)" if written != column else ""
            raise UnreadableFile(
                f"the column “{written}”{meant} is missing; the file has: {_listed(headings)}", name
            )
    return columns


def _other_columns(headings: Sequence[str], places: Mapping[str, int]) -> dict[str, int]:
    """`{other column: its index in the row}`, with names that are all different."""
    others: dict[str, int] = {}
    used, seen = set(places.values()), Counter[str]()
    for index, text in enumerate(headings):
        if index in used:
            continue
        column = text or f"column {index + 1}"
        while column in others or column in places:
            seen[text] += 1
            column = f"{text} ({seen[text] + 1})"
        others[column] = index
    return others


def _trimmed(cells: Iterable[str]) -> list[str]:
    return [unescaped(cell.lstrip()).rstrip() for cell in cells]


def _csv_rows(name: str, content: bytes, wanted: Mapping[str, str]) -> list[NumberedCells]:
    """(line, cells) of every row that is not blank."""
    text = decoded(content, name)
    delimiter, skipped = _delimiter(text, wanted)
    try:
        return _parsed(text, delimiter, skipped, name, is_strict=True)
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            line = _last_row_start(text, delimiter, skipped)
            raise UnreadableFile(
                "a quotation mark is opened here and never closed", name, line
            ) from error
    try:
        return _parsed(text, delimiter, skipped, name, is_strict=False)
    except csv.Error as error:
        raise UnreadableFile(f"this is no table: {error}", name) from error


def _parsed(
    text: str, delimiter: str, skipped: int, file: str, *, is_strict: bool
) -> list[NumberedCells]:
    source = io.StringIO(text, newline="")
    for _ in range(skipped):
        source.readline()
    reader = csv.reader(source, delimiter=delimiter, strict=is_strict, skipinitialspace=True)
    rows, start, seen = [], 1, 0
    for cells in reader:
        seen += len(cells)
        if seen > MOST_CELLS:
            raise UnreadableFile(too_large(), file)
        # A quoted cell may hold line ends: line_num is where the row stops.
        if any(cell.strip() for cell in cells):
            rows.append((start + skipped, _trimmed(cells)))
        start = reader.line_num + 1
    return rows


def _last_row_start(text: str, delimiter: str, skipped: int) -> int:
    rows = _parsed(text, delimiter, skipped, "", is_strict=False)
    return rows[-1][0]


def _delimiter(text: str, wanted: Mapping[str, str]) -> tuple[str, int]:
    """The delimiter that gives most wanted columns, else most columns; and the number of lines
    before the header.
    """
    first, _, rest = text.partition("\n")
    named = re.fullmatch(r"\ufeff?\"?sep=(.)\"?\s*", first)
    if named:
        return named[1], 1
    if not first.strip():
        first = next((line.rstrip("\n") for line in io.StringIO(rest) if line.strip()), "")
    names = {heading(written) for written in wanted.values()}

    def fits(delimiter: str) -> tuple[int, int]:
        cells = next(csv.reader([first], delimiter=delimiter, skipinitialspace=True), [])
        return sum(heading(cell) in names for cell in cells), len(cells)

    return max(_DELIMITERS, key=fits), 0
