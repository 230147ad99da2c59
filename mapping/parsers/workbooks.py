"""The sheets of an .xlsx workbook as rows of text.

A workbook is a ZIP of XML files that somebody else made: small ones can grow without end. Every
part is looked through once, element by element, before openpyxl may build anything of it.
"""

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from xml.parsers import expat

from openpyxl import load_workbook
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from mapping.parsers.records import UnreadableFile

LARGEST_UNPACKED = 150 * 1024 * 1024
# Ordinary sheets shrink to a tenth, monotonous ones to a fortieth.
HIGHEST_GROWTH, SMALL = 200, 1024 * 1024
MOST_PARTS = 5_000
MOST_ELEMENTS = 4_000_000
# Styles, names, links: whole trees are built of these, so that they count more.
MOST_ELEMENTS_BESIDE = 300_000
MOST_ROWS = 1_048_576  # Excel has no more
MOST_CELLS, MOST_PLACES = 1_000_000, 5_000_000
LONGEST_CELL = 100_000
MOST_LETTERS = 50_000_000
_BLOCK = 256 * 1024


# The number of a row, and its cells as text.
NumberedCells = tuple[int, list[str]]


@dataclass
class Sheet:
    """`rows` are (number, cells) of every row that is not blank; cells are text."""

    title: str
    rows: list[NumberedCells]


def is_workbook(content: bytes) -> bool:
    return content.startswith(b"PK\x03\x04")


def sheets(name: str, content: bytes) -> list[Sheet]:
    """The sheets that are not blank. Raises UnreadableFile for what is no workbook, broken, or too
    large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            check_size(name, archive)
            check_parts(name, archive)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise UnreadableFile("this is no readable .xlsx workbook", name) from error
    try:
        workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        limits = Limits(name)
        sheets_read = [Sheet(sheet.title, rows_of(sheet, limits)) for sheet in workbook.worksheets]
    except UnreadableFile:
        raise
    # openpyxl raises whatever it stumbles over: a missing part, a number that is none, a cell
    # outside of the sheet.
    except Exception as error:
        raise UnreadableFile("this is no readable .xlsx workbook", name) from error
    return [sheet for sheet in sheets_read if sheet.rows]


def check_size(name: str, archive: zipfile.ZipFile) -> None:
    """UnreadableFile where the sizes in the ZIP are too large; no part is read beyond its stated
    size.
    """
    parts = archive.infolist()
    if len(parts) > MOST_PARTS:
        raise UnreadableFile(
            f"the workbook has {len(parts):,} parts; at most {MOST_PARTS:,} are read", name
        )
    unpacked = sum(part.file_size for part in parts)
    if unpacked > LARGEST_UNPACKED:
        size, most = unpacked // 1024 // 1024, LARGEST_UNPACKED // 1024 // 1024
        raise UnreadableFile(
            f"the workbook has {size:,} MB when unpacked; at most {most} MB are read", name
        )
    for part in parts:
        if part.file_size > SMALL and part.file_size > HIGHEST_GROWTH * part.compress_size:
            reason = (
                f"“{part.filename}” in the workbook grows more than {HIGHEST_GROWTH}-fold when "
                "unpacked"
            )
            raise UnreadableFile(f"{reason}: save the data as CSV", name)


def check_parts(name: str, archive: zipfile.ZipFile) -> None:
    """UnreadableFile where an XML part is malformed, declares entities, or all have too many
    elements.
    """
    whole = beside = 0
    for part in archive.infolist():
        if not part.filename.lower().endswith((".xml", ".rels")):
            continue
        count = elements_in(name, archive, part)
        whole += count
        is_table = "sheets/" in part.filename.lower() or "sharedstrings" in part.filename.lower()
        beside += 0 if is_table else count
        if whole > MOST_ELEMENTS or beside > MOST_ELEMENTS_BESIDE:
            raise UnreadableFile(too_many_cells(), name)


class Formulas:
    """Finds a cell of a sheet whose formula has no result beside it.

    Excel keeps both; a workbook that a program wrote has the formula alone, and its cell would be
    read as an empty one.
    """

    def __init__(self, name: str, part: zipfile.ZipInfo) -> None:
        self.name, self.part = name, part
        self.cell = self.kind = ""
        self.has_formula = self.is_inside = False
        self.result = ""

    def started(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "c":
            self.cell, self.kind = attributes.get("r", ""), attributes.get("t", "")
            self.has_formula, self.result = False, ""
        self.has_formula |= tag == "f"
        self.is_inside = tag in ("v", "t")

    def characters(self, text: str) -> None:
        self.result += text if self.is_inside and self.has_formula else ""

    def ended(self, tag: str) -> None:
        self.is_inside = False
        # A text without letters is a result: =IF(A1="x", "x", "").
        if tag == "c" and self.has_formula and not self.result.strip() and self.kind != "str":
            cell = f"cell {self.cell} of “{self.part.filename.rpartition('/')[2]}”"
            reason = f"{cell} holds a formula, and what comes out of it is not in the file"
            raise UnreadableFile(
                f"{reason}: open it in a spreadsheet program and save it there", self.name
            )


def elements_in(name: str, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    """How many elements a part has; no more are counted than fit."""
    count = 0
    formulas = Formulas(name, part) if "worksheets/" in part.filename.lower() else None

    def started(tag: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if formulas:
            formulas.started(tag.rpartition(":")[2], attributes)
        if count > MOST_ELEMENTS:
            raise UnreadableFile(too_many_cells(), name)

    def declared(*_: object) -> None:
        raise UnreadableFile(
            f"“{part.filename}” declares a document type, which no workbook needs", name
        )

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.StartDoctypeDeclHandler = started, declared
    if formulas:
        parser.EndElementHandler = lambda tag: formulas.ended(tag.rpartition(":")[2])
        parser.CharacterDataHandler = formulas.characters
    try:
        with archive.open(part) as file:
            while block := file.read(_BLOCK):
                parser.Parse(block)
            parser.Parse(b"", True)
    except expat.ExpatError as error:
        where = f"line {error.lineno}, column {error.offset + 1}"
        raise UnreadableFile(
            (
                f"“{part.filename}” in the workbook is broken XML ({where}: "
                f"{expat.ErrorString(error.code)})"
            ),
            name,
        ) from error
    return count


def too_many_cells() -> str:
    return (
        f"the workbook has more than {MOST_CELLS:,} cells: save what is needed of it as CSV, in "
        "several files"
    )


class Limits:
    """Counts the cells and letters of all sheets of a workbook against their limits."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.places, self.cells, self.letters = MOST_PLACES, MOST_CELLS, MOST_LETTERS

    def take(self, sheet: ReadOnlyWorksheet, number: int, cells: Sequence[object]) -> None:
        """Counts a row; UnreadableFile where a limit is exceeded."""
        self.places -= len(cells)
        filled = [cell for cell in cells if cell is not None]
        self.cells -= len(filled)
        if number > MOST_ROWS or self.places < 0 or self.cells < 0:
            raise UnreadableFile(too_many_cells(), self.name)
        for cell in filled:
            if isinstance(cell, str):
                self.letters -= len(cell)
                if len(cell) > LONGEST_CELL:
                    where = f"{self.name}, sheet “{sheet.title}”"
                    reason = (
                        f"a cell has {len(cell):,} characters; at most {LONGEST_CELL:,} are read"
                    )
                    raise UnreadableFile(reason, where, number)
        if self.letters < 0:
            raise UnreadableFile(
                f"the workbook has more than {MOST_LETTERS:,} characters", self.name
            )


def rows_of(sheet: ReadOnlyWorksheet, limits: Limits) -> list[NumberedCells]:
    # What a sheet says of its size need not be true, and every row would be filled up to it.
    """(number, cells) of every row of the sheet that is not blank."""
    sheet.reset_dimensions()
    rows: list[NumberedCells] = []
    for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        limits.take(sheet, number, cells)
        written = [cell_text(cell) for cell in cells]
        while written and not written[-1].strip():
            written.pop()
        if written:
            rows.append((number, written))
    return rows


def cell_text(cell: object) -> str:
    """The text of a cell: whole numbers without a point, dates as ISO 8601."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
    return str(cell)
