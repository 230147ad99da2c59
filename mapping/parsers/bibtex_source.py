"""Splits BibTeX text into entries with their fields as written, and repairs what exports get wrong.

bibtexparser splits the file. What it sets aside (repeated keys and fields, missing commas and keys,
entries not closed, stray braces) is read again here field by field, or named with its line.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from bibtexparser import parse_string
from bibtexparser.model import (
    Block,
    DuplicateBlockKeyBlock,
    DuplicateFieldKeyBlock,
    Entry,
    ExplicitComment,
    Field,
    ImplicitComment,
    ParsingFailedBlock,
    Preamble,
    String,
)

from mapping.parsers.records import Problem

# Whatever it warns of is mended or reported here, with file and line.
logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)

_ENTRY_START = re.compile(r"^[ \t]*@[ \t]*([A-Za-z][\w-]*)\s*[{(]", re.MULTILINE)
_FIELD = re.compile(r"([A-Za-z][\w:+.-]*)\s*=\s*")
_LOOKS_LIKE_FIELDS = re.compile(r"^[ \t]*,?[ \t]*[A-Za-z][\w-]*[ \t]*=[ \t]*[{\"\d]", re.MULTILINE)
_QUOTE_ENDS = re.compile(r"\s*(?:[,})#]|$|[A-Za-z][\w-]*\s*=)")
_BARE_VALUE = re.compile(r"[^,{}\"#\n]*")
_LEFTOVER = re.compile(r"[^,\n})]+")
_NEXT_FIELD = re.compile(r"\n\s*[A-Za-z][\w-]*\s*=")
# A key may be missing, or be followed by a line end instead of a comma.
_HEAD = re.compile(r"@\s{0,9}([\w-]*)\s{0,9}[{(]\s*(?:([^,=\n]*)[,\n])?")
_NO_ENTRY = {"comment", "preamble", "string"}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


@dataclass
class RawEntry:
    """An entry as written: values without their outer braces, LaTeX not converted, fields in file
    order.
    """

    kind: str
    key: str
    line: int
    fields: list[tuple[str, str]] = field(default_factory=list)


class FieldsRead(NamedTuple):
    """The fields of an entry, the bits that are no field, where it ends, and whether it closes."""

    fields: list[tuple[str, str]]
    leftovers: list[str]
    end: int
    is_closed: bool


class NotClosed(ValueError):
    """A value without its closing brace or quotation mark."""


def has_entries(text: str) -> bool:
    return any(match[1].lower() not in _NO_ENTRY for match in _ENTRY_START.finditer(text))


def lines_inside_entries(text: str) -> set[int]:
    """The lines after the first one of every closed entry, counted from 0."""
    starts = [match.start() for match in _ENTRY_START.finditer(text)]
    lines: set[int] = set()
    line = counted = 0
    for start, following in pairwise([*starts, len(text)]):
        line, counted = line + text.count("\n", counted, start), start
        entry = text[start:following]
        try:
            end = _closing_brace(entry, 0, "")
        except NotClosed:
            continue
        lines.update(range(line + 1, line + 1 + entry.count("\n", 0, end)))
    return lines


def entries_in(text: str, file: str = "") -> tuple[list[RawEntry], list[Problem]]:
    """(entries, problems) of BibTeX `text`, in the order of the file."""
    return _Source(text, file).read()


def fields_in(text: str, strings: Mapping[str, str], position: int = 0) -> FieldsRead:
    """Fields one after the other, up to the brace that closes the entry.

    Tolerates missing and doubled commas. Raises NotClosed.
    """
    fields: list[tuple[str, str]] = []
    leftovers: list[str] = []
    while position < len(text):
        if text[position] in "})":
            return FieldsRead(fields, leftovers, position + 1, True)
        if text[position] in ", \t\n":
            position += 1
            continue
        match = _FIELD.match(text, position)
        if match:
            value, position = _value_at(text, match.end(), match[1], strings)
            fields.append((match[1].lower(), value))
        else:
            bit = _matched(_LEFTOVER, text, position)
            leftovers.append(bit.strip())
            position += len(bit)
    return FieldsRead(fields, leftovers, position, False)


def _matched(pattern: re.Pattern[str], text: str, position: int) -> str:
    match = pattern.match(text, position)
    return match[0] if match else ""


def _value_at(text: str, position: int, name: str, strings: Mapping[str, str]) -> tuple[str, int]:
    """The value that begins here, its parts joined by `#` put together, and where it ends."""
    parts = []
    while True:
        if text[position : position + 1] == "{":
            end = _closing_brace(text, position, name)
            parts.append(text[position + 1 : end])
            position = end + 1
        elif text[position : position + 1] == '"':
            end = _closing_quote(text, position, name)
            parts.append(text[position + 1 : end])
            position = end + 1
        else:
            bare = _matched(_BARE_VALUE, text, position)
            parts.append(strings.get(bare.strip().lower(), bare.strip()))
            position += len(bare)
        glue = re.compile(r"\s*#\s*").match(text, position)
        if not glue:
            return "".join(parts), position
        position = glue.end()


def _is_one_pair_of_braces(value: str) -> bool:
    # Nine fields in ten; the others are scanned.
    return (
        value.startswith("{") and value.endswith("}") and value.count("{") == 1 == value.count("}")
    )


def _closing_brace(text: str, position: int, name: str) -> int:
    depth = 0
    for match in re.compile(r"(?<!\\)[{}]").finditer(text, position):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return match.start()
    raise NotClosed(f"the value of “{name}” is not closed: a }} is missing")


def _closing_quote(text: str, position: int, name: str) -> int:
    depth = 0
    for match in re.compile(r"(?<!\\)[{}\"]").finditer(text, position + 1):
        if match[0] == '"':
            # A quotation mark inside the value is followed by more of it.
            if depth <= 0 and _QUOTE_ENDS.match(text, match.end()):
                return match.start()
        else:
            depth += 1 if match[0] == "{" else -1
    raise NotClosed(f"the value of “{name}” is not closed: a quotation mark is missing")


def _line(block: Block | Field) -> int:
    """The line a block begins on, counted from 1."""
    return (block.start_line or 0) + 1


class _Source:
    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        self.lines = text.split("\n")
        self.strings = {name: name for name in _MONTHS}
        self.entries: list[RawEntry] = []
        self.problems: list[Problem] = []

    def read(self) -> tuple[list[RawEntry], list[Problem]]:
        blocks = parse_string(self.text, parse_stack=[]).blocks
        # A damaged entry reaches to the next block that is none of its own torn-off pieces.
        whole = [
            index for index, block in enumerate(blocks) if not isinstance(block, ImplicitComment)
        ]
        following = dict(pairwise([*whole, len(blocks)]))
        done = -1
        for index, block in enumerate(blocks):
            if index <= done:
                continue
            if isinstance(block, ParsingFailedBlock) and block.ignore_error_block is None:
                done = following[index] - 1
                self.mend(block, blocks[done + 1] if done + 1 < len(blocks) else None)
            else:
                self.take(block)
        return self.entries, self.problems

    def take(self, block: Block) -> None:
        if isinstance(block, DuplicateBlockKeyBlock | DuplicateFieldKeyBlock):
            if block.ignore_error_block is not None:
                self.take(block.ignore_error_block)
        elif isinstance(block, Entry):
            self.entries.append(self.entry(block))
        elif isinstance(block, String):
            value, _ = _value_at(block.value, 0, block.key, self.strings)
            self.strings[block.key.lower()] = value
        elif isinstance(block, ImplicitComment):
            self.search(block)
        elif not isinstance(block, ExplicitComment | Preamble):
            self.report(_line(block), "this block was not understood")

    def entry(self, block: Entry) -> RawEntry:
        entry = RawEntry(block.entry_type.lower(), block.key, _line(block))
        for field_ in block.fields:
            name, written = field_.key.lower(), field_.value
            try:
                if _is_one_pair_of_braces(written):
                    entry.fields.append((name, written[1:-1]))
                    continue
                value, end = _value_at(written, 0, field_.key, self.strings)
                entry.fields.append((name, value))
                # What stands behind a value is the next field, its comma missing.
                more = fields_in(written, self.strings, end)
            except NotClosed:
                entry.fields.append((name, written))
                continue
            entry.fields += more.fields
            self.report_leftovers(_line(field_), more.leftovers)
        return entry

    def search(self, comment: ImplicitComment) -> None:
        """Text between entries is a comment by BibTeX's rules, unless it is an entry, or the rest
        of one.
        """
        text = comment.raw or ""
        starts = [match.start() for match in _ENTRY_START.finditer(text)]
        rest = text[: starts[0]] if starts else text
        if self.entries and _LOOKS_LIKE_FIELDS.search(rest):
            self.rejoin(rest, _line(comment))
        for start, end in pairwise([*starts, len(text)]):
            line = _line(comment) + text.count("\n", 0, start)
            self.read_again(text[start:end], line, is_last=False)

    def rejoin(self, rest: str, line: int) -> None:
        entry = self.entries[-1]
        try:
            more = fields_in(rest, self.strings)
        except NotClosed as error:
            self.report(line, f"behind the entry “{entry.key}”, not taken: {error}")
            return
        entry.fields += more.fields
        taken = ", ".join(name for name, _ in more.fields)
        reason = (
            f"a }} too many ends the entry “{entry.key}” early; the fields behind it were "
            f"taken too: {taken}"
        )
        self.report(line, reason, is_refusal=False)
        self.report_leftovers(line, more.leftovers)

    def mend(self, block: Block, following: Block | None) -> None:
        start = _line(block) - 1
        end = _line(following) - 1 if following else len(self.lines)
        source = "\n".join(self.lines[start:end]) if end > start else block.raw or ""
        self.read_again(source, start + 1, is_last=following is None)

    def read_again(self, source: str, line: int, *, is_last: bool) -> None:
        head = _HEAD.search(source)
        if head is None:
            self.report(line, "this block was not understood")
            return
        if head[1].lower() in _NO_ENTRY:
            self.report(
                line, f"the @{head[1]} is not closed; it holds no reference", is_refusal=False
            )
            return
        entry = RawEntry(head[1].lower() or "misc", (head[2] or "").strip(), line)
        try:
            entry.fields, leftovers, _, is_closed = fields_in(source, self.strings, head.end())
        except NotClosed as error:
            self.report(line, f"the entry “{entry.key}” was not taken: {error}")
            return
        # An open brace is closed by that of the entry, and the value then holds the fields that
        # follow.
        is_swollen = not is_closed and any(_NEXT_FIELD.search(value) for _, value in entry.fields)
        if not entry.fields or is_swollen or (is_last and not is_closed):
            self.report(
                line, f"the entry “{entry.key}” was not taken: it is not complete, a }} is missing"
            )
            return
        self.entries.append(entry)
        if not is_closed:
            reason = f"the entry “{entry.key}” is not closed; it was taken up to the next entry"
            self.report(line, reason, is_refusal=False)
        self.report_leftovers(line, leftovers)

    def report_leftovers(self, line: int, leftovers: Iterable[str]) -> None:
        words = " … ".join(bit for bit in leftovers if re.search(r"\w", bit))
        if words:
            self.report(
                line,
                f"not understood, the rest of the entry was taken: {words[:200]}",
                is_refusal=False,
            )

    def report(self, line: int, reason: str, *, is_refusal: bool = True) -> None:
        self.problems.append(Problem(self.file, line, reason, is_refusal))
