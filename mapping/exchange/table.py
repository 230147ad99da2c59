"""Tables that are exported, how their cells are written, and how they are read back.

Every file of the bundle is a `Table`: its columns with their descriptions, and a function that
yields its rows. Pages, commands, the bundle, spreadsheets and the API all read the same tables; a
`Scope` says which records may be in them.
"""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from mapping.models import Code, Study, User
from mapping.parsers.tables import escaped, unescaped

CHUNK = 2000
# Of things that bring others with them: as many rows in the end, and so as much memory.
CHUNK_WITH_PARTS = 200


def safe(cell):
    """The text, escaped where a spreadsheet would run it as a formula; other values as they are."""
    return escaped(cell) if isinstance(cell, str) else cell


def plain(cell):
    """The text as it was before `safe` escaped it."""
    return unescaped(cell) if isinstance(cell, str) else cell


class Column(NamedTuple):
    name: str
    means: str
    is_later: bool = False  # bundles made before there was this column are read without it


@dataclass(frozen=True)
class Table:
    """A file of the bundle. `rows(scope)` yields one list per row, lazily, always in the same
    order.

    `columns` is a tuple of Column, or for wide tables a function of the scope that returns one.
    """

    name: str
    about: str
    columns: tuple | Callable
    rows: Callable
    is_later: bool = False  # bundles made before there was this file are read without it

    def columns_of(self, scope):
        return self.columns(scope) if callable(self.columns) else self.columns

    def header(self, scope):
        return [column.name for column in self.columns_of(scope)]


@dataclass(frozen=True)
class Scope:
    """Which records a table may hold, and the names of people in it.

    `rows` has a queryset per model, as a door has narrowed it, or with everything in the study for
    the system. A table asks for its models here and nowhere else, so that nothing a door holds back
    can reach a file.
    """

    study: Study
    rows: dict  # model: queryset
    # nothing is held back: then what was computed from all of it may leave too
    is_whole: bool = False
    # papers are closed to them: then no figure leaves that counts the marks there
    is_blind: bool = False
    # the history of the study is whole: then codes have the numbers of the study, and what history
    # names has its uid; to others a gap would tell of what they may not know
    has_history: bool = False
    pseudonyms: dict = field(default_factory=dict)  # user name: "R1"
    full_names: dict = field(default_factory=dict)  # full name: "R1"
    # What stands for a name in a text, where the pseudonym would tell the writer whose it is.
    neutral_name: str = ""
    level: str = "code"  # or "parent": then codes that stand under another one go by its name

    def of(self, model):
        return self.rows[model]

    def person(self, user):
        if user is None:
            return ""
        return self.pseudonyms.get(user.username, user.username)

    def code(self, code):
        """(label, primary key) of the code that stands for this one at the scope's level."""
        return self._lifted.get(code.pk, (code.label, code.pk))

    @cached_property
    def _lifted(self):
        if self.level != "parent":
            return {}
        grouped = Code.objects.filter(section__study=self.study, parent__isnull=False)
        return {
            pk: (label, parent)
            for pk, label, parent in grouped.values_list("pk", "parent__label", "parent")
        }

    def people(self):
        """`[(primary key, name in the files)]`"""
        return [(user.pk, self.person(user)) for user in self.of(User)]

    def words(self, text):
        """A text that people of the study or Concord wrote, without names under pseudonyms."""
        if not (self.pseudonyms and text):
            return text
        return self._names.sub(lambda found: self.neutral_name or self._called[found[0]], text)

    @cached_property
    def _called(self):
        return {**self.full_names, **self.pseudonyms}

    @cached_property
    def _names(self):
        # The longest first: “Ben Okafor” before “Ben”. Whole words alone: “ben” does not stand in
        # “benefits”.
        ordered = sorted(filter(None, self._called), key=len, reverse=True)
        flags = re.IGNORECASE if self.neutral_name else 0
        return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, ordered)) + r")(?!\w)", flags)


def cell(value):
    """A value as files write it: empty for None, 1 and 0 for booleans, ISO 8601 in UTC, numbers
    without trailing zeros.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return safe(value)


def lines(table, scope):
    """The CSV file in pieces of some kilobytes: RFC 4180, UTF-8, `\\r\\n`. Memory does not grow
    with the rows.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([safe(name) for name in table.header(scope)])
    for row in table.rows(scope):
        writer.writerow([cell(value) for value in row])
        if buffer.tell() > 64_000:
            yield emptied(buffer)
    yield emptied(buffer)


def emptied(buffer):
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
