"""Classifies the lines of a filled-in template by their typography."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from mapping.parsers.absences import AMBIGUOUS, read_absence
from mapping.parsers.encodings import unified_line_ends
from mapping.parsers.front_matter import front_matter
from mapping.parsers.list_signs import bullet_of, checkbox_of
from mapping.parsers.markup import Plain, plain
from mapping.parsers.placeholders import is_instruction, is_placeholder


class Shape(Enum):
    """What a line is by its typography."""

    BLANK = "blank"
    RULE = "rule"
    DIVIDER = "divider"
    PLACEHOLDER = "placeholder"
    HEADING = "heading"
    BULLET = "bullet"
    TEXT = "text"
    ROW = "row"
    FOOTNOTE = "footnote"
    LINK = "link"
    ASIDE = "aside"


@dataclass
class Line:
    """`text` is without marks, `level` the indentation in columns, `heading_level` the number of
    `#` before a heading.

    `is_bold` is true of a line that is bold or underlined as a whole, `lead` the bold words that an
    item begins with, `sign` the bullet, `box` what stands in a checkbox (None without one),
    `is_quoted` true in a block quote and `callout` the kind that such a block declares. `name` is
    that of a footnote or of a link's target.
    """

    number: int
    shape: Shape
    text: str
    level: int = 0
    heading_level: int = 0
    is_bold: bool = False
    lead: str = ""
    sign: str = ""
    box: str | None = None
    is_quoted: bool = False
    callout: str = ""
    name: str = ""
    reason: str = ""
    is_front: bool = False
    is_cell: bool = False
    cells: list[str] = field(default_factory=list)
    marks: Plain = field(default_factory=lambda: Plain(""))

    @property
    def words(self) -> str:
        """The text with its tags, in one line."""
        return " ".join([self.text.replace("\n", " "), *self.marks.tags]).strip()

    @property
    def has_words(self) -> bool:
        return self.shape in {Shape.HEADING, Shape.BULLET, Shape.TEXT}


class Notes:
    """The footnotes of a file and the targets of its links, wherever they stand."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.footnotes = {
            line.name: line for line in reversed(lines) if line.shape is Shape.FOOTNOTE
        }
        self.links = {f"[{line.name}]": line.cells[0] for line in lines if line.shape is Shape.LINK}
        self.used = {
            link.casefold() for line in lines for link in line.marks.links if link.startswith("[")
        }
        self.cited: set[int] = set()

    def cite(self, name: str) -> Line | None:
        """The line of a footnote, the first time it is asked for."""
        line = self.footnotes.get(name)
        if line is None or line.number in self.cited:
            return None
        self.cited.add(line.number)
        return line

    def address(self, link: str) -> str:
        return self.links.get(link.casefold(), link)


_RULE = re.compile(
    r"^\s*(?:(?:[-*_=]\s*){3,}|`{3,}[\w{}. -]*|~{3,}\w*|:{3,}.*|\[\[?_?toc_?\]\]?|\$\{toc\})$", re.I
)
_FENCE = re.compile(r"^\s*(?:`{3,}[\w{}. -]*|~{3,}\w*)$")
_UNDERLINE = re.compile(r"^\s{0,3}(?:=+|-{2,})\s*$")
_RESEARCH_QUESTION = r"(?:RQ|research\s+question)[\s.]*\d+(?:\.\d+)*[a-z]?\b"
_DIVIDER = re.compile(
    rf"^\s*[*_]*\s*{_RESEARCH_QUESTION}\s*[*_]*\s*(?:[:.)–—-].*)?$", re.IGNORECASE
)
_QUESTION_HEADING = re.compile(_RESEARCH_QUESTION, re.IGNORECASE)
_HASHES = re.compile(r"^\s{0,3}(#{1,6})(.*)$")
_HASHTAGS_ALONE = re.compile(r"^\s*#[^\W\d_][\w/-]*(?:\s+#[^\W\d_][\w/-]*)+\s*$")
_CLOSING_HASHES = re.compile(r"\s#+$")
_QUOTED = re.compile(r"^\s{0,20}(?:>\s?)+")
_CALLOUT = re.compile(r"^\[!([\w-]{1,30})\][+-]?\s*")
_FOOTNOTE = re.compile(r"^\s{0,3}\[\^([^\[\]\s]{1,60})\]:\s*(.*)$")
_LINK_TARGET = re.compile(
    r"^\s{0,3}\[([^\[\]^]{1,200})\]:\s*(<?(?:[a-z][a-z+.-]*:|www\.|/|#)\S*.*)$", re.IGNORECASE
)
_ASIDE_BEGINS, _ASIDE_ENDS = (
    re.compile(r"<aside\b[^<>]*>", re.IGNORECASE),
    re.compile(r"</aside\s*>", re.IGNORECASE),
)
_ROW = re.compile(r"^\s*\|.*\|\s*$")
_TABLE_RULE = re.compile(r"^\s*\|?\s*:?[-=]+:?\s*(?:[|+]\s*:?[-=]+:?\s*)*\|?\s*$")
_BOLD = re.compile(r"^(\*\*|__)(.+?)\1\s*([:–—-]?)\s*(.*)$")
_HTML_HEADING = re.compile(
    r"^(?:<details[^<>]*>)?\s?<(h[1-6]|summary)\b[^<>]*>.*</\1>$", re.IGNORECASE
)
_ITALIC = re.compile(r"^([*_])(?![\s*_])([^*_]+)(?<=\S)\1(:?)$")
_MARKUP_ALONE = re.compile(
    r"^\s*(?:\^[A-Za-z0-9-]+|\{:?[^{}]*\}|(?:</?[A-Za-z][^<>]*>\s*)+|&nbsp;|\\)\s*$"
)
_PERCENT_COMMENT = re.compile(r"(?:^|(?<=\s))%%([^%]{1,5000})%%(?=\s|$)", re.MULTILINE)
_PAIRS = [("[", "]"), ("{", "}"), ("<", ">")]


def lines_of(text: str) -> list[Line]:
    """The lines in order; underlined ones count as bold, and a placeholder may go over several
    lines.
    """
    text, comments = without_comments(unified_line_ends(text))
    written = text.split("\n")
    lines, number = front_matter_lines(written)
    in_aside, in_fence = asides(written), fenced(written)
    while number < len(written):
        following = written[number + 1] if number + 1 < len(written) else ""
        is_underlined = (
            written[number].strip() and following.strip() and _UNDERLINE.match(following)
        )
        length = _placeholder_length(written, number)
        in_table = bool(lines) and (lines[-1].shape is Shape.ROW or lines[-1].sign == "|")
        line = (
            _verbatim(written, number) if number in in_fence else _shaped(written, number, in_table)
        )
        if length:
            places = range(number, number + length)
            lines += [
                Line(index + 1, Shape.PLACEHOLDER, written[index].strip()) for index in places
            ]
        elif is_underlined and line.shape is Shape.TEXT:
            # Only as good as bold type: a rule below a sentence looks the same.
            line.is_bold = True
            lines += [line]
            length = 2
        else:
            line.callout = line.callout or ("note" if number in in_aside else "")
            lines += [line]
        number += length or 1
    lines += [
        Line(number, Shape.ASIDE, comment, reason="a comment") for number, comment in comments
    ]
    return sorted(lines, key=lambda line: line.number)


def without_comments(text: str) -> tuple[str, list[tuple[int, str]]]:
    """(text, [(line, comment)]): comments of HTML and Obsidian cut out, line numbers as they were.

    Instructions to whoever fills in are not named.
    """
    text = _PERCENT_COMMENT.sub(r"<!--\1-->", text)
    pieces, comments, position, number = [], [], 0, 1
    last = text.rfind("-->")  # looked for once: a file may open thousands and close none
    while (start := text.find("<!--", position)) >= 0:
        number += text.count("\n", position, start)
        end = text.find("-->", start) if start < last else -1
        if end < 0:  # never closed: what stands on the line
            end = (text.find("\n", start) + len(text) + 1) % (len(text) + 1)
            after = end
        else:
            after = end + 3
        comment = " ".join(text[start + 4 : end].split())
        if comment and not is_instruction(comment):
            comments.append((number, comment))
        breaks = text.count("\n", start, after)
        pieces += [text[position:start], "\n" * breaks]
        number, position = number + breaks, after
    return "".join([*pieces, text[position:]]), comments


def front_matter_lines(written: Sequence[str]) -> tuple[list[Line], int]:
    """(lines, how many of the file they take) of the YAML that a file may begin with."""
    entries, length = front_matter(written)
    lines = []
    for number, kind, text in entries:
        shape = {
            "key": Shape.HEADING,
            "item": Shape.BULLET,
            "text": Shape.TEXT,
            "comment": Shape.ASIDE,
        }.get(kind)
        marks = plain(text)
        reason = "a comment" if kind == "comment" else ""
        lines.append(
            Line(number, shape or Shape.RULE, marks.text, is_front=True, reason=reason, marks=marks)
        )
    return lines, length


def asides(written: Sequence[str]) -> set[int]:
    """The indexes of the lines within `<aside>` … `</aside>`, as Notion writes its call-outs."""
    indexes: set[int] = set()
    start = None
    for index, line in enumerate(written):
        if start is None and _ASIDE_BEGINS.search(line):
            start = index
        if start is not None and _ASIDE_ENDS.search(line):
            indexes.update(range(start, index + 1))
            start = None
    return indexes


def fenced(written: Sequence[str]) -> set[int]:
    """The indexes of the lines between two fences of code; an unclosed fence does not count."""
    fences = [index for index, line in enumerate(written) if _FENCE.match(line)]
    return {
        index
        for start, end in zip(fences[::2], fences[1::2], strict=False)
        for index in range(start + 1, end)
    }


def _verbatim(written: Sequence[str], index: int) -> Line:
    text = written[index].strip()
    return Line(index + 1, Shape.TEXT if text else Shape.BLANK, text)


def _shaped(written: Sequence[str], index: int, in_table: bool) -> Line:
    raw, number = written[index], index + 1
    bare = raw.strip()  # a run of blanks in front would be looked through again and again
    if not bare:
        return Line(number, Shape.BLANK, "")
    special = (
        _footnote_or_link(raw, number) or _row(written, index, in_table) or _mark(bare, number)
    )
    if special:
        return special
    hashed = _HASHES.match(raw)
    if hashed and read_absence(raw) != AMBIGUOUS:  # "#N/A" out of a spreadsheet
        return _heading(hashed, raw, number)
    if _DIVIDER.match(bare):
        return Line(number, Shape.DIVIDER, plain(bare).text)
    return _bullet_or_text(raw, number)


def _mark(raw: str, number: int) -> Line | None:
    """A rule, or a line that holds nothing but marks."""
    if _RULE.match(raw) or (_MARKUP_ALONE.match(raw) and not plain(raw).text.strip("\\")):
        return Line(number, Shape.RULE, "")
    if _HASHTAGS_ALONE.match(raw):
        return Line(number, Shape.ASIDE, raw.strip(), reason="tags")
    return None


def _footnote_or_link(raw: str, number: int) -> Line | None:
    footnote = _FOOTNOTE.match(raw)
    if footnote:
        marks = plain(footnote[2])
        return Line(
            number, Shape.FOOTNOTE, marks.text or raw.strip(), name=footnote[1], marks=marks
        )
    link = _LINK_TARGET.match(raw)
    return link and Line(
        number, Shape.LINK, raw.strip(), name=link[1].casefold(), cells=[link[2].strip("<> ")]
    )


def _row(written: Sequence[str], index: int, in_table: bool) -> Line | None:
    """A row of a table: between bars, or next to a line that rules a table off."""
    raw = written[index].strip()
    if "|" not in raw or ("[[" in raw and not _ROW.match(raw)):
        return None
    if _TABLE_RULE.match(raw):
        return Line(index + 1, Shape.RULE, "", sign="|")
    rules = (written[near].strip() for near in (index + 1,) if near < len(written))
    is_header = any("|" in rule and _TABLE_RULE.match(rule) for rule in rules)
    if in_table or is_header or _ROW.match(raw):
        inner = re.sub(r"\[\[([^\[\]|]*)\|([^\[\]|]*)\]\]", r"[[\1\\|\2]]", raw.strip())
        inner = inner.removeprefix("|")
        inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
        cells = [cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", inner)]
        return Line(index + 1, Shape.ROW, raw.strip(), cells=cells)
    return None


def _heading(hashed: re.Match[str], raw: str, number: int) -> Line:
    marks = plain(_CLOSING_HASHES.sub("", hashed[2].rstrip()))
    text = marks.text.replace("\n", " ")
    if not text:
        return Line(number, Shape.RULE, "") if not marks.images else _image(raw, number)
    is_divider = _QUESTION_HEADING.match(text)
    shape = Shape.DIVIDER if is_divider else Shape.HEADING
    return Line(number, shape, text, heading_level=len(hashed[1]), marks=marks)


def _image(raw: str, number: int) -> Line:
    return Line(number, Shape.ASIDE, raw.strip(), reason="a picture")


def _bullet_or_text(raw: str, number: int) -> Line:
    quoted = _QUOTED.match(raw)
    written = raw[quoted.end() :] if quoted else raw
    callout = _CALLOUT.match(written) if quoted else None
    written = written[callout.end() :] if callout else written
    is_marked_up = _BOLD.match(written.strip()) or _ITALIC.match(written.strip())
    sign, words = ("", written.strip()) if is_marked_up else bullet_of(written)
    box, words = checkbox_of(words, has_sign=bool(sign))
    bold, marks = (
        _BOLD.match(words),
        plain(words) if read_absence(words) != AMBIGUOUS else Plain(words),
    )
    if not marks.text:
        return _without_words(raw, number, sign, marks, callout)
    if is_placeholder(marks.text):
        return Line(number, Shape.PLACEHOLDER, marks.text)
    expanded = written.expandtabs(4)
    line = Line(
        number,
        Shape.BULLET if sign else Shape.TEXT,
        marks.text,
        len(expanded) - len(expanded.lstrip()),
    )
    line.sign, line.box, line.marks = sign, box, marks
    line.is_bold = bool(bold and not bold[4]) or bool(_HTML_HEADING.match(words))
    line.lead = (
        plain(bold[2]).text.rstrip(": ")
        if bold and bold[4] and (bold[3] or bold[2].endswith(":"))
        else ""
    )
    line.is_quoted, line.callout = bool(quoted), callout[1].casefold() if callout else ""
    if any(
        words.startswith(left) and words.rstrip(".,;:").endswith(right) for left, right in _PAIRS
    ):
        line.reason = _bracketed(marks.text)
    return line


def _bracketed(text: str) -> str:
    is_whole = any(text.startswith(left) and text.endswith(right) for left, right in _PAIRS)
    if read_absence(text):
        return ""
    return "in brackets, as the empty template has what is to be filled in" if is_whole else ""


def _without_words(
    raw: str, number: int, sign: str, marks: Plain, callout: re.Match[str] | None
) -> Line:
    if marks.images:
        return _image(raw, number)
    if marks.tags and read_absence(raw) != AMBIGUOUS:
        return Line(number, Shape.ASIDE, raw.strip(), reason="tags")
    if callout:
        return Line(number, Shape.TEXT, "", is_quoted=True, callout=callout[1].casefold())
    return Line(number, Shape.RULE, "", sign=sign)


def _placeholder_length(written: Sequence[str], start: int) -> int:
    """How many lines a placeholder takes that does not end on the line it begins on; 0 for anything
    else.
    """
    first = re.sub(r"^\s*(?:[*+-]\s+)?", "", written[start])
    if not first.startswith("[") or "]" in first:
        return 0
    for length in range(1, 6):
        line = written[start + length].strip() if start + length < len(written) else ""
        if not line or line.startswith(("#", "*", "-", "[")):
            return 0
        if "]" in line:
            return length + 1 if line.endswith(("]", "].")) else 0
    return 0
