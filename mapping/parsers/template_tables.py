"""Unfolds the tables of a filled-in template into headings and items."""

import re
from collections.abc import Iterable, Sequence

from mapping.parsers.headings import DETAIL_KEYS, TITLE, Headings
from mapping.parsers.markup import plain
from mapping.parsers.placeholders import is_placeholder
from mapping.parsers.template_lines import Line, Shape
from mapping.parsers.workbooks import NumberedCells

_PAGE = re.compile(r"^(?:pages?|pp?\.?|pgs?\.?|seiten?)$", re.IGNORECASE)
_QUOTE = re.compile(r"^(?:quotes?|quotation|evidence|excerpt|zitat)$", re.IGNORECASE)
_NOTE = re.compile(
    r"^(?:notes?|rationale|comments?|remarks?|why|reason|explanation|description)$", re.IGNORECASE
)
_OF_THE_FORM = re.compile(
    r"^(?:items?|fields?|sections?|questions?|answers?|values?|responses?|entr(?:y|ies)|content|name|codes?|key|topic|\W*)$",
    re.IGNORECASE,
)
_NUMBER_HEADING = re.compile(r"^(?:#|no\.?|nr\.?|number|id)?$", re.IGNORECASE)


def without_tables(lines: Iterable[Line], headings: Headings) -> list[Line]:
    """The lines with each table's rows replaced: a row of an answer is a heading, a row of a list
    is a bullet.
    """
    unfolded: list[Line] = []
    rows: list[Line] = []
    for line in [*lines, None]:
        is_rule = line is not None and line.shape is Shape.RULE and line.sign == "|"
        if line is not None and (line.shape is Shape.ROW or (is_rule and rows)):
            rows.append(line)
            continue
        if rows:
            unfolded += _unfolded(rows, headings)
            rows = []
        if line is not None:
            unfolded.append(line)
    return unfolded


def _unfolded(table: Sequence[Line], headings: Headings) -> list[Line]:
    has_header = len(table) > 1 and table[1].shape is Shape.RULE
    if has_header and len(table) == 2:
        header = table[0]
        return [Line(header.number, Shape.ASIDE, header.text, reason="a table without rows")]
    rows = [
        (row.number, [cell.strip() for cell in row.cells])
        for row in table
        if row.shape is Shape.ROW
    ]
    known = [_known(cell, headings) for cell in rows[0][1]]
    names = [_known(cells[0], headings) for _, cells in rows]
    is_list = any(_is_beside(cell) for cell in rows[0][1])
    if len(rows) > 1 and (
        TITLE in known[1:] or (not is_list and sum(key is not None for key in known) >= 2)
    ):
        return _columns(rows, known)
    below = names[1:] if has_header and len(names) > 1 else names
    if sum(map(bool, below)) * 2 >= len(below) and max(len(cells) for _, cells in rows) > 1:
        return _answers(rows, names, has_header)
    return _list(rows, known, has_header)


def _is_beside(cell: str) -> bool:
    """Whether a column holds what supports an item: its quote, page or note."""
    name = plain(cell).text.strip(": ")
    return any(pattern.match(name) for pattern in (_PAGE, _QUOTE, _NOTE))


def _known(cell: str, headings: Headings) -> str | None:
    return headings.exact(plain(cell).text.rstrip(": ")) if cell else None


def _columns(rows: Sequence[NumberedCells], known: Sequence[str | None]) -> list[Line]:
    """The lines of a table with a column for each section and a paper in each row."""
    headings, lines = rows[0][1], []
    order = sorted(range(len(headings)), key=lambda column: known[column] != TITLE)
    for number, cells in rows[1:]:
        for column in order:
            if column < len(cells) and (cells[column] or known[column] == TITLE):
                lines += [_heading(number, headings[column]), *_cell(number, cells[column])]
        lines += [_heading(number, "") for _ in cells[len(headings) :][:1]]
        lines += [line for cell in cells[len(headings) :] for line in _cell(number, cell)]
    return lines


def _answers(
    rows: Sequence[NumberedCells], names: Sequence[str | None], has_header: bool
) -> list[Line]:
    """The lines of a table with a row for each section: its name, then its answer."""
    lines, headings = [], rows[0][1] if has_header and not names[0] else []
    for (number, cells), name in zip(rows, names, strict=True):
        if headings and number == rows[0][0]:
            lines += _column_names(number, headings)
            continue
        if cells[0] or name:
            lines.append(_heading(number, cells[0]))
        for column, cell in enumerate(cells[1:], 1):
            lines += _evidence(
                number,
                headings[column] if column < len(headings) else "",
                cell,
                is_first=column == 1,
            )
    return lines


def _list(
    rows: Sequence[NumberedCells], known: Sequence[str | None], has_header: bool
) -> list[Line]:
    """The lines of a table below a heading: an item in each row, with its quote, page and notes."""
    number, headings = (rows[0][0], rows[0][1]) if has_header else (0, [])
    skipped = int(len(headings) > 1 and bool(_NUMBER_HEADING.match(headings[0])))
    lines = []
    if headings and known[skipped] and known[skipped] not in DETAIL_KEYS:
        lines.append(_heading(number, headings[skipped]))
    elif headings:
        lines += _column_names(number, headings[skipped : skipped + 1])
    filled = {column for _, cells in rows[1:] for column, cell in enumerate(cells) if cell}
    lines += _column_names(
        number,
        [name for column, name in enumerate(headings) if column > skipped and column not in filled],
    )
    for number, cells in rows[int(has_header) :]:
        for column, cell in enumerate(cells[skipped:], skipped):
            if column == skipped and cell:
                lines.append(_line(number, Shape.BULLET, cell, sign="-"))
            else:
                lines += _evidence(number, headings[column] if column < len(headings) else "", cell)
    return lines


def _column_names(number: int, cells: Iterable[str]) -> list[Line]:
    """The names in a header that are reported: those other than "Item", "Answer" and the like."""
    names = (plain(cell).text for cell in cells)
    odd = (name for name in names if not (_OF_THE_FORM.match(name) or _is_beside(name)))
    return [Line(number, Shape.ASIDE, name, reason="the name of a column") for name in odd]


def _evidence(number: int, heading: str, cell: str, *, is_first: bool = False) -> list[Line]:
    """The lines of a cell beside an item: a quote, a page or a note, by the name of its column."""
    name = plain(heading).text.strip(": ")
    if not cell or cell in "-–—":
        return _cell(number, cell) if is_first and cell else []
    if _PAGE.match(name):
        return [
            _line(number, Shape.BULLET, f"p. {re.sub('^pp?[.] ?', '', cell)}", sign="-", level=4)
        ]
    if _QUOTE.match(name):
        quoted = plain(cell).text.strip('"“”')
        return [_line(number, Shape.BULLET, f"Quote: “{quoted}”", sign="-", level=4)]
    if is_first:
        return _cell(number, cell)
    label = "" if not name or _NOTE.match(name) else f"{name}: "
    return [_line(number, Shape.BULLET, label + cell, sign="-", level=4)]


def _heading(number: int, cell: str) -> Line:
    line = _line(number, Shape.HEADING, cell.rstrip(": "), is_cell=True)
    line.heading_level = 7
    return line


def _cell(number: int, cell: str) -> list[Line]:
    line = _line(number, Shape.TEXT, cell, is_cell=True)
    if is_placeholder(line.text):
        line.shape = Shape.PLACEHOLDER
    return [line] if line.text else []


def _line(
    number: int, shape: Shape, text: str, *, sign: str = "", level: int = 0, is_cell: bool = False
) -> Line:
    marks = plain(text)
    return Line(number, shape, marks.text, level, sign=sign, is_cell=is_cell, marks=marks)
