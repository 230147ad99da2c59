"""Finds the titles of papers in a file, and where each paper begins."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mapping.parsers.headings import DETAIL_KEYS, TITLE, Headings
from mapping.parsers.placeholders import is_placeholder
from mapping.parsers.template_lines import Line, Shape
from mapping.parsers.titles import normalised_title

__all__ = [
    "DOCUMENT",
    "EXPLICIT",
    "NUMBERED",
    "OF_FILE",
    "Titles",
    "is_form_title",
    "label_and_rest",
    "without_paper_number",
]

# "## Paper Title: …", "Paper 8: …", and a first heading that names nothing of the template. Above
# all of them, "title: My notes" is what the file calls itself, where a heading then names the
# paper.
EXPLICIT, NUMBERED, DOCUMENT, OF_FILE = "explicit", "numbered", "document", "of the file"
_NUMBERED_PAPER = re.compile(
    r"^\s*paper\s*(?:no\.?|number|#)?\s*(\d+)\b\s*[:.)–—-]?\s*", re.IGNORECASE
)
_FORM_TITLE = re.compile(
    r"\b(?:summary|extraction|coding|reading|review|study|paper|note)s?\s+(?:template|form|sheet)\b"
    r"|\btemplate\s+for\b.*\b(?:systematic|mapping|literature|review|paper|study|summar\w+|slr|sms)\b"
    r"|^(?:the |my |filled |filled-in )*(?:paper |reading |review )?"
    r"(?:summary|notes?|template|summary of the paper)$"
    r"|^(?:data )?extraction(?: form| sheet)?$",
    re.IGNORECASE,
)
_LONGEST_LABEL = 120


@dataclass
class _Paper:
    """What is known of the current paper."""

    start: int
    title: str | None = None
    number: str | None = None
    document: int | None = None
    title_place: int = -1
    last_title: int = -1


class Titles:
    """`kinds`: {index of a line: the kind of its title}; `starts`: the indexes where
    papers begin.
    """

    def __init__(self, lines: Sequence[Line], headings: Headings) -> None:
        self.lines, self.headings = lines, headings
        self.words = [index for index, line in enumerate(lines) if line.has_words]
        self.known: list[int] = []
        self.possible: list[tuple[int, str]] = []
        for index in self.words:
            self.sort(index, lines[index])
        self.kinds: dict[int, str] = {}
        self.starts = [0]
        self.paper = _Paper(0)
        for (index, kind), following in zip(self.possible, self.ends(), strict=True):
            self.take(index, kind, following)
        self.places = list(self.kinds)

    def of(self, start: int, end: int) -> dict[int, str]:
        """{index from `start` on: kind} of the titles of one paper."""
        inside = self.places[bisect_left(self.places, start) : bisect_left(self.places, end)]
        return {index - start: self.kinds[index] for index in inside}

    def ends(self) -> Iterator[int]:
        """For each possible title the index of the next; "Title: …" below "Paper 8" belongs to the
        same paper.
        """
        ends, nearest = [], dict.fromkeys((EXPLICIT, NUMBERED, DOCUMENT), len(self.lines))
        for index, kind in reversed(self.possible):
            others = {NUMBERED, DOCUMENT} if kind == NUMBERED else set(nearest)
            ends.append(min(nearest[other] for other in others))
            nearest[kind] = index
        return reversed(ends)

    def sort(self, index: int, line: Line) -> None:
        """Note whether a line may be a title, or is a heading that the template knows."""
        label, rest = label_and_rest(line.text)
        numbered = _is_numbered(line)
        is_short = len(label) <= _LONGEST_LABEL and (
            line.shape is Shape.HEADING or rest or _may_head(line)
        )
        if line.is_quoted or not (is_short or numbered):
            return
        key = self.key_of(line, label)
        if line.shape is Shape.BULLET:
            if key == TITLE and self.is_among_details(index):
                self.possible.append((index, EXPLICIT))
            elif key is not None:
                self.known.append(index)
        elif numbered and not self.headings.exact(without_paper_number(label)):
            self.possible.append((index, NUMBERED))
        elif key == TITLE:
            self.possible.append((index, EXPLICIT))
        elif key is not None:
            self.known.append(index)
        elif line.shape is Shape.HEADING and line.heading_level == 1:
            self.possible.append((index, DOCUMENT))

    def key_of(self, line: Line, label: str) -> str | None:
        """The section or detail that a heading names, or None."""
        if line.is_front or not (line.shape is Shape.HEADING or line.is_bold):
            return self.headings.exact(label)
        return next(iter(self.headings.matches(label, is_loose=False)), None)

    def is_among_details(self, index: int) -> bool:
        """Whether a bullet "Title: …" stands between other details of the paper, not in a list of
        codes.
        """
        if not self.possible:
            return True
        near = bisect_right(self.words, index)
        neighbours = [
            self.lines[number]
            for number in self.words[max(0, near - 2) : near + 1]
            if number != index
        ]
        keys = {
            self.headings.exact(label_and_rest(number.text)[0])
            for number in neighbours
            if number.shape is Shape.BULLET
        }
        return bool(keys & DETAIL_KEYS)

    def take(self, index: int, kind: str, following: int) -> None:
        """Keeps a possible title if it is one, and begins a new paper where needed."""
        line = self.lines[index]
        is_plain = line.shape is Shape.TEXT and not line.is_bold and not line.is_front
        if (
            is_plain
            and self.kinds
            and not (self.stands_apart(index) and self.is_known_below(index, following))
        ):
            return  # "Paper: well written." among somebody's comments
        if {EXPLICIT: self.explicit, NUMBERED: self.numbered, DOCUMENT: self.document}[kind](
            index, line, following
        ):
            self.kinds[index] = kind
            self.paper.last_title = index

    def explicit(self, index: int, line: Line, _: int) -> bool:
        value, paper = self.value_of(index, line), self.paper
        if is_form_title(value):  # "#+TITLE: Summary Template for …"
            self.kinds[index] = OF_FILE
            return False
        if self.is_of_the_file(paper, index, line):
            self.kinds[paper.title_place] = OF_FILE
            paper.title = None
        is_other = normalised_title(value) != normalised_title(paper.title or "")
        if (
            paper.title is not None
            and is_other
            and self.has_words_between(paper.title_place, index)
        ):
            self.begin(index)
        if self.paper.title is None:
            self.paper.title, self.paper.title_place = value or None, index
        return True

    def is_of_the_file(self, paper: _Paper, index: int, line: Line) -> bool:
        """Whether the current title is that of the file, and a heading now gives the paper's."""
        if (
            paper.title is None
            or not line.heading_level
            or self.lines[paper.title_place].heading_level
        ):
            return False
        between = self.known[
            bisect_right(self.known, paper.title_place) : bisect_left(self.known, index)
        ]
        keys = {self.headings.exact(label_and_rest(self.lines[known].text)[0]) for known in between}
        return paper.start == 0 and keys <= DETAIL_KEYS

    def numbered(self, index: int, line: Line, _: int) -> bool:
        match, paper = _NUMBERED_PAPER.match(line.text), self.paper
        number = match[1] if match else None
        if (
            self.lines[index - 1].has_words
            and self.kinds.get(index - 1) == EXPLICIT
            and not self.value_inline(index - 1)
        ):
            return False  # "## Title", and below it "Paper 8: …"
        is_other = paper.number is not None and paper.number != number
        is_later = paper.number is None and self.has_words_between(paper.start - 1, index)
        if is_other or (is_later and self.has_words_between(paper.last_title, index)):
            self.begin(index)
        self.paper.number = number
        return True

    def document(self, index: int, line: Line, following: int) -> bool:
        paper = self.paper
        if is_form_title(line.text):
            return True
        is_above_sections = self.is_known_below(index, following, deeper=True)
        if paper.document is not None or paper.title or paper.number:
            is_like_the_first = paper.document is not None and not (paper.title or paper.number)
            if not (
                is_like_the_first
                and is_above_sections
                and self.has_words_between(paper.last_title, index)
            ):
                return False
            self.begin(index)
        elif self.has_words_between(-1, index) or not (
            is_above_sections or self.is_followed_by_heading(index)
        ):
            return False
        self.paper.document = index
        return True

    def begin(self, index: int) -> None:
        start = index
        while start and (
            self.lines[start - 1].shape in _BETWEEN or self.is_form_heading(start - 1)
        ):
            start -= 1
        self.starts.append(start)
        self.paper = _Paper(start)

    def is_form_heading(self, index: int) -> bool:
        return self.lines[index].shape is Shape.HEADING and is_form_title(self.lines[index].text)

    def value_inline(self, index: int) -> str:
        return label_and_rest(self.lines[index].text)[1]

    def value_of(self, index: int, line: Line) -> str:
        rest = label_and_rest(line.text)[1]
        if not rest:
            following = bisect_right(self.words, index)
            below = self.lines[self.words[following]] if following < len(self.words) else None
            rest = below.text if below is not None and below.shape is not Shape.HEADING else ""
        return "" if is_placeholder(rest) else without_paper_number(rest)

    def stands_apart(self, index: int) -> bool:
        return index == 0 or index - 1 in self.kinds or self.lines[index - 1].shape in _BETWEEN

    def is_known_below(self, index: int, following: int, deeper: bool = False) -> bool:
        """Whether a heading of the template stands between here and the next title."""
        first = bisect_right(self.known, index)
        for known in self.known[first:]:
            if known > following:
                return False
            if not deeper or self.lines[known].heading_level != 1:
                return True
        return False

    def is_followed_by_heading(self, index: int) -> bool:
        below = bisect_right(self.words, index)
        return below == len(self.words) or self.lines[self.words[below]].shape is Shape.HEADING

    def has_words_between(self, start: int, end: int) -> bool:
        """Whether a line with text that is no title stands between two indexes."""
        below = bisect_right(self.words, start)
        while below < len(self.words) and self.words[below] < end:
            if self.words[below] not in self.kinds:
                return True
            below += 1
        return False


_BETWEEN = {Shape.BLANK, Shape.RULE}


def label_and_rest(text: str) -> tuple[str, str]:
    """("Authors", "John; Olsson") of "Authors: John; Olsson"; a colon at the end leaves nothing
    behind it.
    """
    label, _, rest = text.replace("：", ":").partition(":")
    return label.strip(" *_"), rest.strip(" *_") if rest.strip(" *_:") else ""


def without_paper_number(text: str) -> str:
    """ "Paper 8: Quality Assurance" without "Paper 8"."""
    return _NUMBERED_PAPER.sub("", text)


def is_form_title(text: str) -> bool:
    """Whether a heading is the name of the empty form."""
    return bool(_FORM_TITLE.search(without_paper_number(text).strip(" .:*_")))


def _is_numbered(line: Line) -> bool:
    """Whether a line begins with "Paper 8:"; a sentence that begins with "Paper 8" does not
    count.
    """
    match = _NUMBERED_PAPER.match(line.text)
    ends = match and (match.end() == len(line.text) or match[0].rstrip()[-1:] in ":.)–—-")
    return bool(ends or (match and line.shape is Shape.HEADING))


def _may_head(line: Line) -> bool:
    return line.is_bold or line.text.endswith(":") or len(line.text.split()) <= 4
