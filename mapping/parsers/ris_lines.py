"""Groups the lines of a RIS file into records, in spite of what programs leave between them."""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, field

from rispy.config import TAG_KEY_MAPPING

KNOWN_TAGS = set(TAG_KEY_MAPPING) - {"UK"}
_TAG_LINE = re.compile(r"^([A-Z][A-Z0-9])  -(?: (.*)|)$")
# Hand-made files leave spaces out or double them; "UK - based" in an abstract is text, so only
# known tags count.
_LOOSE_TAG_LINE = re.compile(r"^\s*([A-Z][A-Z0-9])\s{0,3}-(?:\s+(.*)|)$")
_NO_SPACE_BEHIND = re.compile(r"^([A-Z][A-Z0-9])  -(\S.*)$")
_SMALL_TAG_LINE = re.compile(r"^([a-z][a-z0-9])  -(?: (.*)|)$")
_TYPE_ALONE = re.compile(r"^\s*(TY)\s{0,3}-\s*([A-Z]{3,6})\s*$")
_START = re.compile(r"^[^\S\n]*(?:\d+\.[^\S\n]+)?(?:TY\s{0,3}-|ty  - )", re.MULTILINE)
# Ovid numbers its records: "1." or "<1>" on a line of its own, or in front of TY.
_NUMBER_ALONE = re.compile(r"^\s*(?:\d+\.|<\d+>)\s*$")
_NUMBER_IN_FRONT = re.compile(r"^\s*\d+\.\s+(?=TY\s{0,3}-)")
_RECORD_ON_THE_LINE_OF_END = re.compile(r"TY\s{0,3}-\s*[A-Z]{3,6}\s*$")
# Joined files bring their byte-order marks along, read in either encoding.
_BYTE_ORDER_MARK = re.compile("\ufeff|^ï»¿", re.MULTILINE)
_BIBTEX_ENTRY = re.compile(r"\s*@\w+\s*[{(]")
TITLES = {"TI", "T1", "CT"}
DOIS = {"DO", "DI"}


@dataclass
class Chunk:
    """The lines of a record from TY to before ER, one per field; `is_stray` for lines outside of
    records.
    """

    line: int
    lines: list[str] = field(default_factory=list)
    is_stray: bool = False
    is_closed: bool = False

    def add(self, tag: str, value: str) -> None:
        self.lines.append(f"{tag}  - {value}")

    def tags(self) -> set[str]:
        return {line[:2] for line in self.lines}

    def values_of(self, tags: Container[str]) -> set[str]:
        return {line[6:].strip().lower() for line in self.lines if line[:2] in tags}


def has_records(text: str) -> bool:
    return bool(_START.search(_BYTE_ORDER_MARK.sub("", text)))


def divided(text: str, taken: Container[int] = ()) -> tuple[str, str]:
    """(the lines of RIS records, the other lines), each with blank lines in place of the others.

    No record begins on the lines that are `taken`, counted from 0.
    """
    lines = text.split("\n")
    tags = [tag_and_value(line)[0] for line in lines]
    inside, is_open, has_end = [], False, False
    for index, tag in enumerate(tags):
        if tag == "TY" and index not in taken:
            is_open, has_end = True, _next_end(tags, index) == "ER"
        elif is_open and not has_end and _BIBTEX_ENTRY.match(lines[index]):
            is_open = False
        inside.append(is_open)
        is_open = is_open and tag != "ER"
    return _lines_where(lines, inside, True), _lines_where(lines, inside, False)


def _lines_where(lines: Sequence[str], inside: Sequence[bool], wanted: bool) -> str:
    pairs = zip(lines, inside, strict=True)
    return "\n".join(line if is_inside == wanted else "" for line, is_inside in pairs)


def _next_end(tags: Sequence[str | None], index: int) -> str | None:
    """The tag that ends the record that begins here: ER, or TY of the next one."""
    indexes = range(index + 1, len(tags))
    return next((tags[one] for one in indexes if tags[one] in {"ER", "TY"}), None)


def chunks(text: str) -> list[Chunk]:
    """Every record that begins with TY, and what stands outside of all, in the order of the
    file.
    """
    assembly = _Assembly()
    for number, line in enumerate(_BYTE_ORDER_MARK.sub("", text).split("\n"), start=1):
        assembly.take(number, line)
    assembly.settle_loose()
    return assembly.chunks


class _Assembly:
    """Reads line by line; `current` is the record that is open."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self.current: Chunk | None = None
        # tagged lines since the last record was closed
        self.loose: Chunk | None = None
        self.is_gap = True  # whether a blank line, or nothing at all, came last
        self.loose_behind_gap = False
        self.leading_tags: set[str] = set()  # what this program writes in front of TY
        # a line that holds nothing but a number: a counter, if a record follows
        self.number: str | None = None

    def take(self, number: int, line: str) -> None:
        tag, value = tag_and_value(_NUMBER_IN_FRONT.sub("", line))
        if tag == "TY":
            self.begin(number, value)
        elif self.current:
            self.go_on(self.current, number, line, tag, value)
        elif tag and tag != "ER":
            self.loosely(number, tag, value)
        elif not value.strip():
            self.is_gap = True

    def begin(self, number: int, value: str) -> None:
        leading: list[str] = []
        if self.loose and not self.is_gap and self.is_leading(self.loose):
            self.leading_tags |= self.loose.tags()
            leading, self.loose = self.loose.lines, None
        self.settle_loose()
        self.current = Chunk(number, [f"TY  - {value}", *leading])
        self.chunks.append(self.current)
        self.number, self.is_gap = None, False

    def is_leading(self, loose: Chunk) -> bool:
        """Whether the loose lines, right in front of TY, belong to the record that begins there."""
        return self.loose_behind_gap or loose.tags() <= self.leading_tags

    def go_on(self, record: Chunk, number: int, line: str, tag: str | None, value: str) -> None:
        if self.number is not None and line.strip():
            # No record began there: the number belongs to the text after all.
            record.lines[-1] += f" {self.number}"
            self.number = None
        if tag == "ER":
            record.is_closed, self.current, self.is_gap = True, None, False
            again = _RECORD_ON_THE_LINE_OF_END.search(value)
            if again:
                self.take(number, again[0])
        elif tag:
            record.add(tag, value)
        elif _NUMBER_ALONE.match(line):
            self.number = line.strip()
        elif value.strip():
            continue_field(record, value)

    def loosely(self, number: int, tag: str, value: str) -> None:
        if self.loose is None:
            self.loose, self.loose_behind_gap = Chunk(number, is_stray=True), self.is_gap
        self.loose.add(tag, value)
        self.is_gap = False

    def settle_loose(self) -> None:
        """Adds lines after ER to the record before, unless they form one of their own."""
        loose, self.loose = self.loose, None
        if loose is None:
            return
        before = next((chunk for chunk in reversed(self.chunks) if not chunk.is_stray), None)
        if before and not is_another_record(loose, before):
            before.lines += loose.lines
        else:
            self.chunks.append(loose)


def continue_field(record: Chunk, value: str) -> None:
    """Adds a line without a tag to the last field of the record."""
    last = record.lines[-1]
    is_word_of_its_own = (
        last.startswith("KW") and not value[0].isspace() and last.strip()[-1] not in ",;-"
    )
    if is_word_of_its_own:
        record.add("KW", value.strip())
    else:
        record.lines[-1] += " " + value.strip()


def is_another_record(loose: Chunk, before: Chunk) -> bool:
    """Whether the loose lines have another title or DOI than the record before, so that their TY
    was lost.
    """
    for tags in (TITLES, DOIS):
        here, there = loose.values_of(tags), before.values_of(tags)
        if here and there and not here <= there:
            return True
    return False


def tag_and_value(line: str) -> tuple[str | None, str]:
    """(tag, value) of a line; (None, line) where it has no tag."""
    for exact in (_TAG_LINE, _TYPE_ALONE):
        match = exact.match(line)
        if match:
            return match[1], match[2] or ""
    for loose in (_LOOSE_TAG_LINE, _NO_SPACE_BEHIND, _SMALL_TAG_LINE):
        match = loose.match(line)
        if match and match[1].upper() in KNOWN_TAGS and not _is_sentence(*match.groups()):
            return match[1].upper(), match[2] or ""
    return None, line


def _is_sentence(tag: str, value: str | None) -> bool:
    """Whether an ER line is text of an abstract: "ER - the busiest place"."""
    return (
        tag == "ER"
        and value is not None
        and value.strip() != ""
        and not _RECORD_ON_THE_LINE_OF_END.search(value)
    )
