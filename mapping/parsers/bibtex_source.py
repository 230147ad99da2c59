"""BibTeX text to entries with their fields as written, mending what exports get wrong.

bibtexparser splits the file. What it sets aside (repeated keys and fields, missing commas and keys,
entries not closed, stray braces) is read again here field by field, or named with its line.
"""

import logging
import re
from dataclasses import dataclass, field
from itertools import pairwise

from bibtexparser import parse_string
from bibtexparser.model import (
    DuplicateBlockKeyBlock,
    DuplicateFieldKeyBlock,
    Entry,
    ExplicitComment,
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
_NEXT_FIELD = re.compile(r"\n\s*[A-Za-z][\w-]*\s*=")
# A key may be missing, or be followed by a line end instead of a comma.
_HEAD = re.compile(r"@\s{0,9}([\w-]*)\s{0,9}[{(]\s*(?:([^,=\n]*)[,\n])?")
_NO_ENTRY = {"comment", "preamble", "string"}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


@dataclass
class RawEntry:
    """One entry as written: values without their outer braces, LaTeX still in them, in the order of
    the file.
    """

    kind: str
    key: str
    line: int
    fields: list[tuple[str, str]] = field(default_factory=list)


class NotClosed(ValueError):
    """A value without its closing brace or quotation mark."""


def has_entries(text):
    return any(match[1].lower() not in _NO_ENTRY for match in _ENTRY_START.finditer(text))


def lines_inside_entries(text):
    """The lines, counted from 0, on which an entry that closes goes on: what stands there is its
    own.
    """
    starts = [match.start() for match in _ENTRY_START.finditer(text)]
    found, line, counted = set(), 0, 0
    for start, following in pairwise([*starts, len(text)]):
        line, counted = line + text.count("\n", counted, start), start
        entry = text[start:following]
        try:
            end = _closing_brace(entry, 0, "")
        except NotClosed:
            continue
        found.update(range(line + 1, line + 1 + entry.count("\n", 0, end)))
    return found


def entries_in(text, file=""):
    """(entries, problems) of BibTeX `text`, in the order of the file."""
    return _Source(text, file).read()


def fields_in(text, strings, position=0):
    """(fields, leftovers, end, is_closed): fields one after the other up to the brace that closes
    the entry.

    Tolerates missing and doubled commas; `leftovers` are the bits that are no field. Raises
    NotClosed.
    """
    fields, leftovers = [], []
    while position < len(text):
        if text[position] in "})":
            return fields, leftovers, position + 1, True
        if text[position] in ", \t\n":
            position += 1
            continue
        match = _FIELD.match(text, position)
        if match:
            value, position = _value_at(text, match.end(), match[1], strings)
            fields.append((match[1].lower(), value))
        else:
            bit = re.compile(r"[^,\n})]+").match(text, position)[0]
            leftovers.append(bit.strip())
            position += len(bit)
    return fields, leftovers, position, False


def _value_at(text, position, name, strings):
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
            bare = _BARE_VALUE.match(text, position)[0]
            parts.append(strings.get(bare.strip().lower(), bare.strip()))
            position += len(bare)
        glue = re.compile(r"\s*#\s*").match(text, position)
        if not glue:
            return "".join(parts), position
        position = glue.end()


def _is_one_pair_of_braces(value):
    # Nine fields in ten; the others are scanned.
    return (
        value.startswith("{") and value.endswith("}") and value.count("{") == 1 == value.count("}")
    )


def _closing_brace(text, position, name):
    depth = 0
    for match in re.compile(r"(?<!\\)[{}]").finditer(text, position):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return match.start()
    raise NotClosed(f"the value of “{name}” is not closed: a }} is missing")


def _closing_quote(text, position, name):
    depth = 0
    for match in re.compile(r"(?<!\\)[{}\"]").finditer(text, position + 1):
        if match[0] == '"':
            # A quotation mark inside the value is followed by more of it.
            if depth <= 0 and _QUOTE_ENDS.match(text, match.end()):
                return match.start()
        else:
            depth += 1 if match[0] == "{" else -1
    raise NotClosed(f"the value of “{name}” is not closed: a quotation mark is missing")


class _Source:
    def __init__(self, text, file):
        self.text, self.file = text, file
        self.lines = text.split("\n")
        self.strings = {name: name for name in _MONTHS}
        self.entries, self.problems = [], []

    def read(self):
        blocks = parse_string(self.text, parse_stack=[]).blocks
        # A damaged entry reaches to the next block that is none of its own torn-off pieces.
        whole = [
            place for place, block in enumerate(blocks) if not isinstance(block, ImplicitComment)
        ]
        following = dict(pairwise([*whole, len(blocks)]))
        done = -1
        for place, block in enumerate(blocks):
            if place <= done:
                continue
            if isinstance(block, ParsingFailedBlock) and block.ignore_error_block is None:
                done = following[place] - 1
                self.mend(block, blocks[done + 1] if done + 1 < len(blocks) else None)
            else:
                self.take(block)
        return self.entries, self.problems

    def take(self, block):
        if isinstance(block, DuplicateBlockKeyBlock | DuplicateFieldKeyBlock):
            self.take(block.ignore_error_block)
        elif isinstance(block, Entry):
            self.entries.append(self.entry(block))
        elif isinstance(block, String):
            value, _ = _value_at(block.value, 0, block.key, self.strings)
            self.strings[block.key.lower()] = value
        elif isinstance(block, ImplicitComment):
            self.search(block)
        elif not isinstance(block, ExplicitComment | Preamble):
            self.report(block.start_line + 1, "this block was not understood")

    def entry(self, block):
        entry = RawEntry(block.entry_type.lower(), block.key, block.start_line + 1)
        for one in block.fields:
            try:
                if _is_one_pair_of_braces(one.value):
                    entry.fields.append((one.key.lower(), one.value[1:-1]))
                    continue
                value, end = _value_at(one.value, 0, one.key, self.strings)
                entry.fields.append((one.key.lower(), value))
                # What stands behind a value is the next field, its comma missing.
                more, leftovers, *_ = fields_in(one.value, self.strings, end)
            except NotClosed:
                entry.fields.append((one.key.lower(), one.value))
                continue
            entry.fields += more
            self.report_leftovers(one.start_line + 1, leftovers)
        return entry

    def search(self, comment):
        """Text between entries is a comment by BibTeX's rules, unless it is an entry, or the rest
        of one.
        """
        starts = [match.start() for match in _ENTRY_START.finditer(comment.raw)]
        rest = comment.raw[: starts[0]] if starts else comment.raw
        if self.entries and _LOOKS_LIKE_FIELDS.search(rest):
            self.rejoin(rest, comment.start_line + 1)
        for start, end in pairwise([*starts, len(comment.raw)]):
            line = comment.start_line + comment.raw.count("\n", 0, start) + 1
            self.read_again(comment.raw[start:end], line, is_last=False)

    def rejoin(self, rest, line):
        entry = self.entries[-1]
        try:
            fields, leftovers, *_ = fields_in(rest, self.strings)
        except NotClosed as error:
            self.report(line, f"behind the entry “{entry.key}”, not taken: {error}")
            return
        entry.fields += fields
        taken = ", ".join(name for name, _ in fields)
        reason = (
            f"a }} too many ends the entry “{entry.key}” early; the fields behind it were "
            f"taken too: {taken}"
        )
        self.report(line, reason, is_refusal=False)
        self.report_leftovers(line, leftovers)

    def mend(self, block, following):
        start = block.start_line
        end = following.start_line if following else len(self.lines)
        source = "\n".join(self.lines[start:end]) if end > start else block.raw
        self.read_again(source, start + 1, is_last=following is None)

    def read_again(self, source, line, *, is_last):
        head = _HEAD.search(source)
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

    def report_leftovers(self, line, leftovers):
        words = " … ".join(bit for bit in leftovers if re.search(r"\w", bit))
        if words:
            self.report(
                line,
                f"not understood, the rest of the entry was taken: {words[:200]}",
                is_refusal=False,
            )

    def report(self, line, reason, *, is_refusal=True):
        self.problems.append(Problem(self.file, line, reason, is_refusal))
