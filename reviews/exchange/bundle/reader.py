"""Reading a bundle that may be damaged or hostile: its ZIP, its files, rows and cells. Nothing is
unpacked to disk.
"""

import csv
import io
import json
import stat
import zipfile
import zlib
from collections import Counter
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from math import isfinite

from django.conf import settings
from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat

from mapping.exchange.table import plain
from mapping.parsers.characters import UNFIT, is_fit, shown, unfit_place
from mapping.parsers.lengths import LARGEST_UID
from mapping.parsers.moments import in_our_time
from reviews.exchange.bundle.writer import FORMAT, LATER, NAMES

FORMATS = (1, FORMAT)

MEMBERS = (*NAMES, "README.md")
# Repeated codings shrink to a fortieth; what shrinks to a three-hundredth was made to fill a disk.
HIGHEST_RATIO = 300
SMALL = 1024 * 1024
# All that zipfile raises for a file that is none, or not one that it can read.
UNSOUND = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
)


class BundleError(ValidationError):
    """The bundle cannot be taken, with one line that says why."""


class Bundle:
    """The files of a bundle, once its ZIP was found sound."""

    def __init__(self, source):
        try:
            self.archive = zipfile.ZipFile(source)
            self.check()
        except UNSOUND as error:
            raise BundleError(f"This is no sound ZIP file: {error}.") from error

    def check(self):
        entries = self.archive.infolist()
        for entry in entries:
            check_entry(entry)
        names = [entry.filename for entry in entries]
        doubled = first_doubled(names)
        if doubled:
            raise BundleError(f"The ZIP has two files called {doubled}.")
        missing = [name for name in MEMBERS if name not in {*names, *LATER}]
        if missing:
            raise BundleError(f"The bundle has no {missing[0]}.")
        total = sum(entry.file_size for entry in entries)
        if total > settings.BUNDLE_LIMIT:
            most = filesizeformat(settings.BUNDLE_LIMIT)
            raise BundleError(
                f"The bundle has {filesizeformat(total)} when unpacked; at most {most} are taken."
            )
        damaged = self.archive.testzip()
        if damaged:
            raise BundleError(f"{damaged} is damaged: its checksum is another one.")

    def has(self, table):
        return table.name in self.archive.namelist()

    def content(self, name):
        with self.archive.open(name) as file:
            return file.read()

    def json(self, name):
        try:
            found = json.loads(self.content(name).decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise BundleError(f"{name} is no JSON: {error}.") from error
        if not isinstance(found, dict):
            raise BundleError(f"{name} holds no JSON object.")
        if place := unfit_place(found):
            raise BundleError(shown(f"{name}, {place}: {UNFIT}."))
        return found

    def about(self):
        about = self.json("study.json")
        if about.get("concord_bundle") not in FORMATS:
            raise BundleError(
                f"study.json names another format than {FORMAT}, the newest that is read here."
            )
        return about

    def rows(self, table):
        """The rows of a table, one after the other; none where the bundle is older than it."""
        if table.is_later and not self.has(table):
            return
        names = {column.name: column.is_later for column in table.columns}
        with self.archive.open(table.name) as file:
            text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
            reader = csv.reader(text, strict=True)
            try:
                header = [plain(cell) for cell in next(reader, [])]
                check_header(table.name, header, names)
                start = reader.line_num + 1
                for cells in reader:
                    if len(cells) != len(header):
                        raise BundleError(
                            f"{table.name}, line {start}: {len(cells)} cells where the header has "
                            f"{len(header)}."
                        )
                    found = zip(header, map(plain, cells), strict=True)
                    # A column that came later is empty in a bundle made before.
                    row = Row(table.name, start, dict.fromkeys(names, "") | dict(found))
                    row.check_characters()
                    yield row
                    start = reader.line_num + 1
            except (csv.Error, UnicodeDecodeError) as error:
                raise BundleError(f"{table.name}, line {reader.line_num + 1}: {error}.") from error


def check_entry(entry):
    name = entry.filename
    shown = "".join(letter if letter.isprintable() else "�" for letter in name[:80])
    if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name:
        raise BundleError(f"The ZIP names a file outside of itself: “{shown}”.")
    if name not in MEMBERS:
        raise BundleError(
            f"“{shown}” is no file of a bundle, and a ZIP with anything else in it is refused "
            "whole: take it out, or export the study again."
        )
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in {0, stat.S_IFREG}:
        raise BundleError(f"{name} is no plain file.")
    if entry.flag_bits & 0x1:
        raise BundleError(f"{name} is encrypted.")
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise BundleError(f"{name} is packed in a way that is not read here.")
    if entry.file_size > SMALL and entry.file_size > HIGHEST_RATIO * entry.compress_size:
        raise BundleError(
            f"{name} grows more than {HIGHEST_RATIO}-fold when unpacked: that is no bundle of ours."
        )


def first_doubled(names):
    """A name that stands twice, or None."""
    (name, times), *_ = Counter(names).most_common(1) or [(None, 0)]
    return name if times > 1 else None


def check_header(file, header, names):
    doubled = first_doubled(header)
    if doubled:
        raise BundleError(f"{file} has two columns called “{doubled}”.")
    unknown = next((name for name in header if name not in names), None)
    if unknown is not None:
        raise BundleError(f"{file} has a column “{unknown}”, which is not known.")
    missing = next(
        (name for name, is_later in names.items() if name not in header and not is_later), None
    )
    if missing:
        raise BundleError(f"{file} has no column “{missing}”.")


class Row:
    """A row of a table; a cell that cannot be read refuses the bundle and says where it stands."""

    def __init__(self, file, line, cells):
        self.file, self.line, self.cells = file, line, cells

    def __getitem__(self, name):
        return self.cells[name]

    def check_characters(self):
        for name, cell in self.cells.items():
            if not is_fit(cell):
                raise self.error(name, UNFIT)

    def error(self, name, why):
        return BundleError(f"{self.file}, line {self.line}, column {name}: {str(why).rstrip('.')}.")

    def read(self, name, reader, what):
        if not self[name]:
            return None
        try:
            return reader(self[name])
        except (ValueError, InvalidOperation, RecursionError) as error:
            raise self.error(name, f"“{self[name][:60]}” is no {what}") from error

    def integer(self, name):
        return self.read(name, int, "whole number")

    def number(self, name, most):
        found = self.integer(name)
        if found is not None and not 0 < found <= most:
            raise self.error(name, f"“{self[name][:60]}” is not between 1 and {most}")
        return found

    def uid(self, name="uid"):
        """`{"uid": …}` for the thing of this row; nothing where it gets one here."""
        found = self.number(name, LARGEST_UID)
        return {} if found is None else {"uid": found}

    def decimal(self, name):
        return self.read(name, finite, "number")

    def day(self, name):
        return self.read(name, date.fromisoformat, "date")

    def moment(self, name):
        return self.read(name, moment, "moment such as 2025-01-31T09:30:00Z")

    def truth(self, name):
        if self[name] not in {"0", "1", ""}:
            raise self.error(name, f"“{self[name][:60]}” is neither 1 nor 0")
        return self[name] == "1"

    def json(self, name):
        return self.read(name, fit_json, "JSON that can be kept")

    def object(self, name):
        found = self.json(name) or {}
        if not isinstance(found, dict):
            raise self.error(name, f"“{self[name][:60]}” is no JSON object")
        return found

    def one_of(self, name, things, what, *, is_needed=True):
        """What stands under this name in a dict, for instance the paper with this key."""
        wanted = self[name]
        if not wanted and not is_needed:
            return None
        if wanted not in things:
            raise self.error(name, f"there is no {what} “{wanted[:60]}” in the bundle")
        return things[wanted]


def fit_json(text):
    found = json.loads(text, parse_float=finite_float)
    if unfit_place(found):
        raise ValueError
    return found


def finite_float(text):
    """1e400 would be read as endless, which no JSON can say."""
    number = float(text)
    if not isfinite(number):
        raise ValueError
    return number


def finite(text):
    number = Decimal(text)
    if not number.is_finite():
        raise InvalidOperation
    return number


def moment(text):
    found = in_our_time(datetime.fromisoformat(text))
    if found.tzinfo is None:
        raise ValueError
    return found
