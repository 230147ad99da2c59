"""CSV and Excel files of the admin site, read by the same parsers as every other import."""

import tablib
from django.conf import settings
from import_export.formats import base_formats
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from mapping.exchange.table import plain, safe
from mapping.parsers.records import UnreadableFile
from mapping.parsers.tables import read_table

# A column that no file has: where the row begins in the file, for refusals to name.
LINE = "line in the file"
LONGEST_CELL = 32_767


class Csv(base_formats.CSV):
    def create_dataset(self, in_stream, **kwargs):
        return dataset_in(in_stream)


class Workbook(base_formats.XLSX):
    def create_dataset(self, in_stream, **kwargs):
        if not in_stream.startswith(b"PK"):
            raise UnreadableFile("this is not an Excel workbook (.xlsx)")
        return dataset_in(in_stream)

    def export_data(self, dataset, **kwargs):
        clean = tablib.Dataset(headers=dataset.headers)
        for row in dataset:
            clean.append([in_workbook(cell) if isinstance(cell, str) else cell for cell in row])
        return super().export_data(clean, **kwargs)


class TooLong(Exception):
    """A cell is longer than a workbook can hold; Excel would cut it silently."""


def in_workbook(cell):
    if len(cell) > LONGEST_CELL:
        raise TooLong(
            f"A cell has {len(cell):,} letters, more than a workbook holds: take the CSV file."
        )
    # Control characters of an old import have no place in a workbook.
    return ILLEGAL_CHARACTERS_RE.sub(" ", cell)


def texts_in_files(text):
    """What a text may have become after it was exported, in either format, and read again."""
    out = safe(text)
    return {plain(cell.lstrip()).rstrip() for cell in (out, ILLEGAL_CHARACTERS_RE.sub(" ", out))}


class ReadDataset(tablib.Dataset):
    """The rows of a file, with the `notes` of how it was read."""

    def __init__(self, *rows, notes=(), **named):
        super().__init__(*rows, **named)
        self.notes = notes


def dataset_in(content):
    """The rows of a file, cells as plain text, without the escape of formulas."""
    content = content.encode() if isinstance(content, str) else content
    table = read_table("", content, limit=settings.IMPORT_LIMIT)
    if table.problems:
        first = table.problems[0]
        raise UnreadableFile(f"line {first.line}: {first.reason}")
    headings = [*(name_of(column) for column in table.columns), LINE]
    dataset = ReadDataset(headers=headings, notes=table.notes)
    for row in table.rows:
        dataset.append([*(row[column] for column in table.columns), row.line])
    return dataset


def name_of(column):
    return "_".join(column.lower().split())
