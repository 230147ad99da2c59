"""Filled-in summary templates (Markdown, as reviewers really leave it) to answers.

Every line of the file is a heading, a divider, a placeholder, blank, or in the result: as a detail of the paper, as an
item of an answer, or as unplaced.
"""

import re
from dataclasses import dataclass, field

from . import names
from .bibtex import year_in
from .headings import AUTHORS, DETAIL_KEYS, DOI, TITLE, VENUE, YEAR, Headings, TemplateSection
from .keys import normalised_doi
from .template_lines import Shape, is_placeholder, lines_of
from .titles import normalised_title

__all__ = ["FilledTemplate", "Item", "SectionAnswer", "TemplateSection", "Unplaced", "read"]

_NUMBERED_PAPER = re.compile(r"^\s*paper\s*(?:no\.?|number|#)?\s*\d+\b\s*[:.)–—-]?\s*", re.IGNORECASE)
_QUOTATION_MARKS = '"“”„‟«»'
_LIST_KINDS = {"codes", "code", "stage"}
# A line this long was probably broken by an editor, so that a small letter below it goes on with it.
_BROKEN_LINE = 40
_LONGEST_HEADING = 8


@dataclass
class Item:
    """One bullet or line; `level` is its indentation, `line` its place in the file."""

    line: int
    text: str
    level: int = 0
    is_bullet: bool = False


@dataclass
class SectionAnswer:
    kind: str
    items: list[Item] = field(default_factory=list)

    @property
    def value(self):
        """A list for coded kinds; for the others a list of what was listed, a text, or None."""
        texts = [item.text for item in self.items]
        is_list = len(texts) > 1 or any(item.is_bullet for item in self.items)
        if self.kind in _LIST_KINDS or is_list:
            return texts
        return texts[0] if texts else None

    @property
    def text(self):
        """The answer as one text, a line per item."""
        bullets = ("* " if item.is_bullet else "" for item in self.items)
        return "\n".join(bullet + item.text for bullet, item in zip(bullets, self.items, strict=True))


@dataclass(frozen=True)
class Unplaced:
    line: int
    text: str


@dataclass
class FilledTemplate:
    """What a file says of a paper. `answers` holds the sections that the file names, in the order of the template."""

    file: str = ""
    title: str | None = None
    authors: list[str] | None = None
    year: int | None = None
    venue: str | None = None
    doi: str | None = None
    answers: dict[str, SectionAnswer] = field(default_factory=dict)
    unplaced: list[Unplaced] = field(default_factory=list)

    @property
    def values(self):
        """{section key: list of items, text, or None}"""
        return {key: answer.value for key, answer in self.answers.items()}


def read(text, sections, file=""):
    """The FilledTemplate in Markdown `text`. `sections` are (key, label, kind, aliases) of the study's template."""
    sections = [TemplateSection(*section) for section in sections]
    return _Reading(text, sections, file).result()


class _Reading:
    def __init__(self, text, sections, file):
        self.sections, self.file = sections, file
        self.headings = Headings(sections)
        self.kinds = {section.key: section.kind for section in sections}
        self.lines = lines_of(text)
        self.found = {}  # key: items
        self.unplaced = []
        self.target = self.unknown_heading = self.last_section = self.document_title = None
        self.heading_line = None
        self.is_second_paper = False
        self.own_headings = {self.headings.exact(_label(line.text)) for line in self.lines if line.shape in _WORDED}

    def result(self):
        for place, line in enumerate(self.lines):
            if self.is_second_paper:
                if line.text and line.shape is not Shape.PLACEHOLDER:
                    self.unplaced.append(Unplaced(line.number, line.text))
            elif line.shape is Shape.DIVIDER:
                self.enter_divider(line)
            elif line.shape in _WORDED and not self.enter_heading(line, place):
                self.add(line, place)
        template = FilledTemplate(self.file)
        self.fill_details(template)
        template.answers = {
            section.key: SectionAnswer(section.kind, self.found[section.key])
            for section in self.sections
            if section.key in self.found
        }
        template.unplaced = sorted(self.unplaced, key=lambda one: one.line)
        return template

    def enter_divider(self, line):
        # "RQ2: Approaches and Tools": both are asked for, and what stands right below answers the first.
        named = self.headings.named_in(line.text)
        for key in named:
            self.found.setdefault(key, [])
        self.enter(named[:1], line)

    def enter_heading(self, line, place):
        """Whether the line is a heading; if so, what follows belongs to it."""
        label, inline = _split(line.text)
        if _NUMBERED_PAPER.fullmatch(label) and line.shape is not Shape.BULLET:
            keys = [TITLE]
        elif _NUMBERED_PAPER.match(label) and self.headings.exact(_NUMBERED_PAPER.sub("", label)):
            keys = [self.headings.exact(_NUMBERED_PAPER.sub("", label))]
        else:
            keys = self.keys_of(line, place, label, inline)
        if keys is None:
            return False
        if keys == [TITLE] and self.begins_second_paper(inline):
            self.is_second_paper = True
            self.unplaced.append(Unplaced(line.number, line.text))
            return True
        if not keys and line.heading_level == 1 and self.document_title is None:
            self.document_title = line
        self.enter(keys, line)
        if inline and not is_placeholder(inline) and keys:
            self.place(Item(line.number, inline))
        elif not keys and (inline or not (line.heading_level or line.text.endswith(":"))):
            self.report_unknown_heading()
        return True

    def keys_of(self, line, place, label, inline):
        """The sections a line means as a heading; [] for a heading the template does not have, None for no heading."""
        if line.shape is Shape.HEADING and "template" in line.text.casefold():
            return []  # the empty form's own title
        if line.shape is Shape.HEADING:
            return self.headings.matches(label, is_loose=True) or self.headings.matches(line.text, is_loose=not inline)
        if line.shape is Shape.BULLET:
            return self.keys_of_bullet(line, place, label, inline)
        exact = self.headings.exact(label)
        if inline:
            return [exact] if exact and ":" in line.text else None
        ends_with_colon = line.text.endswith(":")
        stands_apart = self.before(place) not in {Shape.BULLET, Shape.TEXT}
        if line.is_bold or ends_with_colon:
            found = self.headings.matches(label, is_loose=line.is_bold or stands_apart)
            return found or ([] if _looks_like_heading(line) and not self.introduces(place) else None)
        followed_by_list = self.after(place) in {Shape.BULLET, Shape.PLACEHOLDER}
        return [exact] if exact and (stands_apart or followed_by_list) else None

    def keys_of_bullet(self, line, place, label, inline):
        exact = self.headings.exact(label)
        if inline:
            # "* Year: 2021" in a list of details; elsewhere it is an item with a colon in it.
            is_among_details = self.target is None or self.target in DETAIL_KEYS
            return [exact] if exact in DETAIL_KEYS and is_among_details else None
        below = (self.lines[number] for number in range(place + 1, len(self.lines)))
        following = next((one for one in below if one.shape is not Shape.BLANK), None)
        leads_list = following is not None and following.level > line.level and following.shape is Shape.BULLET
        return [exact] if exact and (line.text.endswith(":") or line.is_bold or leads_list) else None

    def before(self, place):
        return self.lines[place - 1].shape if place else Shape.BLANK

    def after(self, place):
        return self.lines[place + 1].shape if place + 1 < len(self.lines) else Shape.BLANK

    def introduces(self, place):
        """Whether a line with a colon leads in the list of the heading right above it."""
        lines_above = (self.lines[number] for number in range(place - 1, -1, -1))
        above = next((line for line in lines_above if line.shape is not Shape.PLACEHOLDER), None)
        is_below_heading = above is not None and above.number == self.heading_line
        return is_below_heading and self.target is not None and not self.found[self.target]

    def begins_second_paper(self, inline):
        has_title = bool(self.found.get(TITLE))
        is_same = has_title and normalised_title(inline) in ("", normalised_title(self.found[TITLE][0].text))
        return has_title and not is_same and any(key not in DETAIL_KEYS for key in self.found)

    def enter(self, keys, line):
        key = self.chosen(keys)
        for named in keys:
            self.found.setdefault(named, [])
        self.target = key
        self.last_section = key or self.last_section
        self.heading_line = line.number
        self.unknown_heading = line if not keys and line.shape is not Shape.DIVIDER else None

    def chosen(self, keys):
        """One of several sections that a heading names: without a heading of its own, the next in the template."""
        free = [key for key in keys if key not in self.own_headings] or keys
        order = list(self.kinds)
        position = order.index(self.last_section) if self.last_section in order else -1
        later = [key for key in free if key in order and order.index(key) > position]
        return next(iter(later or free), None)

    def add(self, line, place):
        if self.target is None:
            self.report_unknown_heading()
            self.unplaced.append(Unplaced(line.number, line.text))
        elif self.continues(line, place):
            self.found[self.target][-1].text += " " + line.text
        elif line.shape is Shape.TEXT and line.text.endswith(":") and self.kinds.get(self.target) in _LIST_KINDS:
            self.unplaced.append(Unplaced(line.number, line.text))  # "The paper names these:" is no code
        else:
            self.place(Item(line.number, line.text, line.level, line.shape is Shape.BULLET))

    def place(self, item):
        self.found[self.target].append(item)

    def continues(self, line, place):
        items = self.found[self.target]
        if line.shape is not Shape.TEXT or not items or self.before(place) not in {Shape.BULLET, Shape.TEXT}:
            return False
        above = self.lines[place - 1]
        if above.shape is Shape.BULLET and line.level > above.level:
            return True
        is_broken = len(above.text) >= _BROKEN_LINE and above.text[-1] not in ".!?:;"
        return is_broken and line.text[0].islower()

    def report_unknown_heading(self):
        if self.unknown_heading is not None:
            self.unplaced.append(Unplaced(self.unknown_heading.number, self.unknown_heading.text))
            self.unknown_heading = None

    def fill_details(self, template):
        template.title = self.detail(TITLE, lambda text: _NUMBERED_PAPER.sub("", text).strip(f" {_QUOTATION_MARKS}"))
        if not template.title:
            template.title = self.title_without_heading()
        template.venue = self.detail(VENUE, str)
        template.doi = self.detail(DOI, normalised_doi)
        template.year = self.detail(YEAR, year_in)
        people = [
            names.family_first(name) for item in self.found.get(AUTHORS, ()) for name in names.from_list(item.text)
        ]
        template.authors = people or None

    def detail(self, key, reading):
        """The first item that reads as something; the other items, and words beside a year or DOI, are unplaced."""
        found = None
        for item in self.found.get(key, ()):
            value = reading(item.text) if found is None else None
            if value:
                found = value
            is_all = value and len(str(value)) >= len(item.text.strip(f" .,{_QUOTATION_MARKS}"))
            if not is_all and not (value and key == TITLE):
                self.unplaced.append(Unplaced(item.line, item.text))
        return found

    def title_without_heading(self):
        heading = self.document_title
        if heading is not None and "template" not in heading.text.casefold():
            reported = Unplaced(heading.number, heading.text)
            self.unplaced = [one for one in self.unplaced if one != reported]
            return _NUMBERED_PAPER.sub("", heading.text).strip(f" {_QUOTATION_MARKS}")
        return None


_WORDED = {Shape.HEADING, Shape.BULLET, Shape.TEXT}


def _split(text):
    """("Authors", "John; Olsson") of "Authors: John; Olsson"; a colon at the end leaves nothing behind it."""
    label, _, inline = text.replace("：", ":").partition(":")
    return label.strip(" *_"), inline.strip(" *_") if inline.strip(" *_:") else ""


def _label(text):
    return _split(text)[0]


def _looks_like_heading(line):
    words = line.text.split()
    return len(words) <= _LONGEST_HEADING and line.text[0].isupper() and not re.search(r"[.!?;](?:\s|$)", line.text)
