"""The lines of a filled-in template, each with what its typography says of it."""

import re
from dataclasses import dataclass
from enum import Enum

from .decoding import unified_line_ends


class Shape(Enum):
    BLANK = "blank"
    RULE = "rule"
    DIVIDER = "divider"
    PLACEHOLDER = "placeholder"
    HEADING = "heading"
    BULLET = "bullet"
    TEXT = "text"


@dataclass
class Line:
    """`text` is without marks, `level` the indentation in columns, `heading_level` the number of `#` before a heading.

    `is_bold` is true of a line that is bold or underlined as a whole.
    """

    number: int
    shape: Shape
    text: str
    level: int = 0
    heading_level: int = 0
    is_bold: bool = False


_RULE = re.compile(r"^\s*(?:(?:[-*_=]\s*){3,}|`{3,}\w*|~{3,}\w*)$")
_UNDERLINE = re.compile(r"^\s{0,3}(?:=+|-{2,})\s*$")
_DIVIDER = re.compile(r"^\s*(?:#{1,6}\s*)?[*_]*\s*RQ\s*\d+\s*[*_]*\s*(?:[:.)–—-].*)?$", re.IGNORECASE)
_QUESTION_HEADING = re.compile(r"RQ\s*\d", re.IGNORECASE)
_HASHES = re.compile(r"^\s{0,3}(#{1,6})(.*)$")
_CLOSING_HASHES = re.compile(r"\s#+$")
_BULLET = re.compile(
    r"""^(\s*)(?:
        \*(?=\s|[^\s*][^*]*$)              # not the asterisk of *italic type*
      | [•◦▪●○‣·∙]
      | \+(?=\s)
      | [-–—](?=[\s\[\"“(*]|[^\W\d_])      # not the minus of a number
      | o(?=\s)                           # how Word writes a second level
      | \(?\d{1,3}[.)](?=\s)
      | \(?[a-z]\)(?=\s)
    )\s*(.*)$""",
    re.VERBOSE,
)
# No paragraph; looking for pairs of asterisks in it would take long.
_LONGEST_LINE = 10_000
_CHECKBOX = re.compile(r"^\[[ xX]\]\s+")
_QUOTED = re.compile(r"^\s*>+\s?")
_WHOLE_PLACEHOLDER = re.compile(r"^\[[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*\][.,;:]?$")
_BOLD = re.compile(r"^(\*\*|__)(.+?)\1\s*(:?)\s*(.*)$")
_ITALIC = re.compile(r"^([*_])(?!\1)([^*_]+)\1(:?)$")


def lines_of(text):
    """The lines in order; underlined ones count as bold, and a placeholder may go over several lines."""
    written = unified_line_ends(text).split("\n")
    lines, number = [], 0
    while number < len(written):
        following = written[number + 1] if number + 1 < len(written) else ""
        is_underlined = written[number].strip() and following.strip() and _UNDERLINE.match(following)
        length = _placeholder_length(written, number)
        if length:
            places = range(number, number + length)
            lines += [Line(place + 1, Shape.PLACEHOLDER, written[place].strip()) for place in places]
            number += length
        elif is_underlined and _shaped(written[number], number + 1).shape is Shape.TEXT:
            # Only as good as bold type: a rule below a sentence looks the same.
            lines.append(Line(number + 1, Shape.TEXT, without_emphasis(written[number].strip()), is_bold=True))
            number += 2
        else:
            lines.append(_shaped(written[number], number + 1))
            number += 1
    return lines


def is_placeholder(text):
    """Text that is nothing but square brackets with something in them: left as the empty template had it."""
    return bool(_WHOLE_PLACEHOLDER.match(text.strip()))


def without_emphasis(text):
    """Without the asterisks and underscores of bold and italic type, and without one that has lost its partner."""
    text = text.strip()
    if len(text) > _LONGEST_LINE:
        return text
    text = re.sub(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", r"\2", text)
    text = re.sub(r"(?<![\w*])\*(?=\S)([^*]+?)(?<=\S)\*(?![\w*])", r"\1", text)
    text = re.sub(r"(?<![\w_])_(?=\S)([^_]+?)(?<=\S)_(?![\w_])", r"\1", text)
    return re.sub(r"^\*+\s*(?=\S)|(?<=\S)\s*\*+$", "", text).strip()


def _shaped(written, number):
    hashed = _HASHES.match(written)
    words = without_emphasis(_CLOSING_HASHES.sub("", hashed[2].rstrip())) if hashed else ""
    if not written.strip():
        return Line(number, Shape.BLANK, "")
    if _RULE.match(written) or (hashed and not words):
        return Line(number, Shape.RULE, "")
    if _DIVIDER.match(written) or _QUESTION_HEADING.match(words):
        return Line(number, Shape.DIVIDER, words or without_emphasis(written))
    if hashed:
        return Line(number, Shape.HEADING, words, heading_level=len(hashed[1]))
    return _bullet_or_text(_QUOTED.sub("", written), number)


def _bullet_or_text(written, number):
    expanded = written.expandtabs(4)
    level = len(expanded) - len(expanded.lstrip())
    is_marked_up = _BOLD.match(written.strip()) or _ITALIC.match(written.strip())
    bullet = None if is_marked_up else _BULLET.match(written)
    words = _CHECKBOX.sub("", bullet[2].strip()) if bullet else written.strip()
    bold = _BOLD.match(words)
    text = without_emphasis(words)
    if not text:
        return Line(number, Shape.RULE, "")
    if is_placeholder(text):
        return Line(number, Shape.PLACEHOLDER, text)
    shape = Shape.BULLET if bullet else Shape.TEXT
    return Line(number, shape, text, level, is_bold=bool(bold and not bold[4]))


def _placeholder_length(written, start):
    """How many lines a placeholder takes that does not end on the line it begins on; 0 for anything else."""
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
