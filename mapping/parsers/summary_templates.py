"""Filled-in summary templates (Markdown, as reviewers really leave it) to answers.

Every line of the file is a heading, a divider, a placeholder, blank, or in the result: as a detail of the paper, as an
item of an answer, or as unplaced.
"""

import re
from dataclasses import dataclass, field, replace

from . import names
from .absences import AMBIGUOUS, Absence, read_absence
from .bibtex import year_in
from .headings import AUTHORS, DETAIL_KEYS, DOI, TITLE, VENUE, YEAR, Headings, TemplateSection
from .keys import normalised_doi
from .labels import match_code
from .org import is_org, markdown_from_org
from .placeholders import is_placeholder
from .template_items import CodedItems, Item, PlainItems
from .template_lines import Shape, lines_of
from .template_papers import (
    DOCUMENT,
    EXPLICIT,
    NUMBERED,
    Titles,
    is_form_title,
    label_and_rest,
    without_paper_number,
)
from .template_tables import without_tables
from .titles import normalised_title

__all__ = ["FilledTemplate", "Item", "SectionAnswer", "TemplateSection", "Unplaced", "read", "read_all"]

_LIST_KINDS = {"codes", "code", "stage"}
_QUOTATION_MARKS = '"“”„‟«»'
# A line this long was probably broken by an editor, so that a small letter below it goes on with it.
_BROKEN_LINE = 40
_LONGEST_HEADING = 8
_NUMBERED_TITLE = "paper:numbered"


@dataclass
class SectionAnswer:
    """What is said in a section. `absence` says why nothing is, where that is what the words of `items` mean."""

    kind: str
    items: list[Item] = field(default_factory=list)
    absence: str = ""

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
        least = min((item.level for item in self.items), default=0)
        margins = (" " * (item.level - least) if item.is_bullet else "" for item in self.items)
        bullets = ("* " if item.is_bullet else "" for item in self.items)
        parts = zip(margins, bullets, self.items, strict=True)
        return "\n".join(margin + bullet + item.text for margin, bullet, item in parts)


@dataclass(frozen=True)
class Unplaced:
    line: int
    text: str
    reason: str = field(default="", compare=False)


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
    line: int = 1

    @property
    def values(self):
        """{section key: list of items, text, or None}"""
        return {key: answer.value for key, answer in self.answers.items()}


def read(text, sections, file=""):
    """The FilledTemplate of the first paper in `text`; the lines of papers below it are unplaced."""
    first, *others = read_all(text, sections, file)
    for other in others:
        lines = _lines(text, file)
        first.unplaced += [Unplaced(line.number, line.text, "another paper") for line in lines if _is_of(line, other)]
        break
    return first


def read_all(text, sections, file=""):
    """A FilledTemplate for each paper in `text`, at least one.

    `sections` are (key, label, kind, aliases, codes) of the study's template. A file called `.org` is read as Emacs's
    Org writes it, all others as Markdown.
    """
    sections = [TemplateSection(*section) for section in sections]
    headings = Headings(sections)
    lines = without_tables(_lines(text, file), headings)
    titles = Titles(lines, headings)
    notes = _Notes(lines)
    ends = [*titles.starts[1:], len(lines)]
    return [
        _Reading(lines[start:end], sections, headings, titles.of(start, end), notes).result(file)
        for start, end in zip(titles.starts, ends, strict=True)
    ]


def _lines(text, file):
    return lines_of(markdown_from_org(text) if is_org(file) else text)


def _is_of(line, template):
    return line.number >= template.line and bool(line.text) and line.shape is not Shape.PLACEHOLDER


class _Notes:
    """The footnotes of a file and the targets of its links, wherever they stand."""

    def __init__(self, lines):
        self.footnotes = {line.name: line for line in lines if line.shape is Shape.FOOTNOTE}
        self.links = {f"[{line.name}]": line.cells[0] for line in lines if line.shape is Shape.LINK}
        self.used = {link.casefold() for line in lines for link in line.marks.links if link.startswith("[")}
        self.cited = set()

    def cite(self, name):
        """The line of a footnote, the first time it is asked for."""
        line = self.footnotes.get(name)
        if line is None or name in self.cited:
            return None
        self.cited.add(name)
        return line

    def address(self, link):
        return self.links.get(link.casefold(), link)


class _Reading:
    """One paper of the file."""

    def __init__(self, lines, sections, headings, titles, notes):
        self.lines, self.sections, self.headings, self.titles, self.notes = lines, sections, headings, titles, notes
        self.kinds = {section.key: section.kind for section in sections}
        self.codes = {section.key: section.codes for section in sections}
        self.found = {}  # key: CodedItems or PlainItems
        self.unplaced = []
        self.target = self.last_section = self.document_title = self.heading_line = None
        self.is_below_heading = self.has_placeholder = False
        words = (line for line in self.lines if line.has_words)
        self.own_headings = {self.headings.exact(label_and_rest(line.text)[0]) for line in words}

    def result(self, file):
        for place, line in enumerate(self.lines):
            self.read(line, place)
        template = FilledTemplate(file, line=self.lines[0].number if self.lines else 1)
        self.fill_details(template)
        self.place_footnotes()
        template.answers = {
            section.key: self.answer_of(section) for section in self.sections if section.key in self.found
        }
        template.unplaced = sorted(self.unplaced, key=lambda one: one.line)
        return template

    def read(self, line, place):
        if line.shape is Shape.DIVIDER:
            self.enter_divider(line)
        elif line.shape is Shape.ASIDE:
            self.report(line, line.reason)
        elif line.shape is Shape.LINK and f"[{line.name}]" not in self.notes.used:
            self.report(line, "nothing links to it")
        elif line.shape is Shape.PLACEHOLDER:
            self.has_placeholder = True
        elif line.shape is Shape.RULE and line.is_front:
            self.target = None
        elif (line.has_words and not self.enter_heading(line, place)) or (line.callout and not line.text):
            self.add(line, place)

    def report(self, line, reason=""):
        self.unplaced.append(Unplaced(line.number, line.text, reason))

    def items_of(self, key):
        if key not in self.found:
            kind = self.kinds.get(key)
            coded = kind in _LIST_KINDS
            self.found[key] = CodedItems(self.codes[key]) if coded else PlainItems(keeps_boxes=kind == "text")
        return self.found[key]

    def texts(self, key):
        return self.found[key].items if key in self.found else []

    def enter_divider(self, line):
        """A research question of the empty form, between sections.

        "RQ2: Approaches and Tools": both are asked for, and what stands right below answers the first. Below a heading
        of a section that has no answer yet, what follows is still that section's: the form has the divider of the next
        sections at the end of it.
        """
        named = self.headings.named_in(line.text)
        for key in named:
            self.items_of(key)
        is_waiting = (
            self.is_below_heading and self.kinds.get(self.target) in _LIST_KINDS and not self.texts(self.target)
        )
        is_heading = bool(line.heading_level) or self.has_placeholder
        if not is_waiting or (is_heading and set(named) - self.own_headings):
            self.enter(named[:1], line)

    def enter_heading(self, line, place):
        """Whether the line is a heading; if so, what follows belongs to it."""
        label, inline = label_and_rest(line.text)
        kind = self.titles.get(place)
        if kind == DOCUMENT:
            self.document_title = self.document_title or (None if is_form_title(line.text) else line)
            self.enter([], line)
            return True
        if kind == NUMBERED:
            self.enter([_NUMBERED_TITLE], line)
            inline = without_paper_number(line.text)
            inline = "" if is_form_title(inline) else inline
        else:
            keys = [TITLE] if kind == EXPLICIT else self.keys_of(line, place, label, inline)
            if keys is None:
                return False
            self.enter(keys, line)
            if not keys and line.text:
                self.report(line, "the template has no heading of that name")
                return True
        if inline and not is_placeholder(inline) and self.target:
            self.add_words(line, inline)
        return True

    def add_words(self, line, words):
        """What stands behind the colon of a heading."""
        rest = replace(line, shape=Shape.TEXT, text=words, lead="", is_bold=False, reason="")
        items = self.items_of(self.target)
        reason = items.add(rest)
        if reason:
            self.report(rest, reason)
        items.enter()

    def keys_of(self, line, place, label, inline):
        """The sections a line means as a heading; [] for a heading the template does not have, None for no heading."""
        if line.is_front and line.shape is Shape.HEADING:
            return self.keys_of_front_matter(label)
        if line.is_quoted or (line.is_cell and line.shape is Shape.TEXT):
            return None
        number = without_paper_number(label)
        if number != label and self.headings.exact(number) and line.shape is not Shape.BULLET:
            return [self.headings.exact(number)]
        if line.shape is Shape.HEADING:
            found = self.headings.matches(label, is_loose=True) or self.headings.matches(line.text, is_loose=not inline)
            return [key for key in found if key != TITLE]
        if line.shape is Shape.BULLET:
            return self.keys_of_bullet(line, place, label, inline)
        return self.keys_of_text(line, place, label, inline)

    def keys_of_front_matter(self, label):
        key = self.headings.exact(label)
        key = label if label in self.kinds else key
        # The date of a note is the day of reading.
        return [key] if key and label.casefold() != "date" else []

    def keys_of_text(self, line, place, label, inline):
        exact = self.headings.exact(label)
        if exact == TITLE:
            return None  # a title would have been known as one
        if inline:
            return [exact] if exact and ":" in line.text else None
        ends_with_colon = line.text.endswith(":")
        stands_apart = self.before(place) not in {Shape.BULLET, Shape.TEXT}
        if line.is_bold or ends_with_colon:
            found = self.headings.matches(label, is_loose=line.is_bold or stands_apart)
            found = [key for key in found if key != TITLE]
            return found or ([] if _looks_like_heading(line) and not self.introduces(place) else None)
        followed_by_list = self.after(place) in {Shape.BULLET, Shape.PLACEHOLDER}
        return [exact] if exact and (stands_apart or followed_by_list) else None

    def keys_of_bullet(self, line, place, label, inline):
        exact = self.headings.exact(label)
        if inline:
            # "* Year: 2021" in a list of details; elsewhere it is an item with a colon in it.
            is_among_details = self.target is None or self.target in DETAIL_KEYS
            return [exact] if exact in DETAIL_KEYS - {TITLE} and is_among_details else None
        leads_list = exact and self.leads_list(line, place)
        return [exact] if exact and (line.text.endswith(":") or line.is_bold or leads_list) else None

    def leads_list(self, line, place):
        below = (self.lines[number] for number in range(place + 1, len(self.lines)))
        following = next((one for one in below if one.shape is not Shape.BLANK), None)
        return following is not None and following.level > line.level and following.shape is Shape.BULLET

    def before(self, place):
        return self.lines[place - 1].shape if place else Shape.BLANK

    def after(self, place):
        return self.lines[place + 1].shape if place + 1 < len(self.lines) else Shape.BLANK

    def introduces(self, place):
        """Whether a line with a colon leads in the list of the heading right above it."""
        lines_above = (self.lines[number] for number in range(place - 1, -1, -1))
        above = next((line for line in lines_above if line.shape is not Shape.PLACEHOLDER), None)
        is_below_heading = above is not None and above.number == self.heading_line
        return is_below_heading and self.target is not None and not self.texts(self.target)

    def enter(self, keys, line):
        self.target = self.chosen(keys)
        for named in keys:
            self.items_of(named)
        if self.target:
            self.items_of(self.target).enter()
        self.last_section = self.target or self.last_section
        self.heading_line = line.number
        self.is_below_heading, self.has_placeholder = line.shape is not Shape.DIVIDER, False

    def chosen(self, keys):
        """One of several sections that a heading names: without a heading of its own, the next in the template."""
        free = [key for key in keys if key not in self.own_headings] or keys
        order = list(self.kinds)
        position = order.index(self.last_section) if self.last_section in order else -1
        later = [key for key in free if key in order and order.index(key) > position]
        return next(iter(later or free), None)

    def add(self, line, place):
        if self.target is None:
            self.report(line)
        elif self.continues(line, place) and self.items_of(self.target).goes_on(line):
            pass
        elif line.shape is Shape.TEXT and line.text.endswith(":") and self.kinds.get(self.target) in _LIST_KINDS:
            self.report(line)  # "The paper names these:" is no code
        else:
            reason = self.items_of(self.target).add(line)
            if reason:
                box = "" if line.box in (None, "x") else f"[{line.box or ' '}] "
                self.unplaced.append(Unplaced(line.number, box + line.text, reason))

    def continues(self, line, place):
        if line.shape is not Shape.TEXT or line.is_quoted or self.before(place) not in {Shape.BULLET, Shape.TEXT}:
            return False
        above = self.lines[place - 1]
        if above.is_quoted or not self.items_of(self.target).items or above.number == self.heading_line:
            return False
        if above.shape is Shape.BULLET and line.level > above.level:
            return True
        is_broken = len(above.text) >= _BROKEN_LINE and above.text[-1] not in ".!?:;"
        return is_broken and line.text[0].islower()

    def answer_of(self, section):
        """The answer of a section; where its words only say that there is none, with the absence they stand for."""
        items, absence = self.texts(section.key), ""
        meanings = [self.absence_of(section, item) for item in items]
        if any(meanings):
            absence, items = self.without_absences(section, items, meanings)
        return SectionAnswer(section.kind, items, absence)

    def absence_of(self, section, item):
        if section.codes and match_code(item.text, section.codes):
            return None  # a codebook may have a code "None"
        found = read_absence(item.text)
        # "Comments: none" is a text like any other.
        return None if found == Absence.NONE_APPLY and section.kind not in _LIST_KINDS else found

    def without_absences(self, section, items, meanings):
        """(absence, items): an absence holds alone. Beside an answer, or another absence, it is reported."""
        pairs = list(zip(items, meanings, strict=True))
        said = [item for item, meaning in pairs if meaning is None]
        clear = {meaning for meaning in meanings if meaning not in (None, AMBIGUOUS)}
        if section.kind == "text" and said:
            return "", items
        if not said and len(clear) == 1:
            rest = [item for item, meaning in pairs if meaning == AMBIGUOUS]
            self.report_items(rest, "it says neither what there is nor why there is nothing")
            is_list_left_empty = len(items) > 1 and all(item.is_bullet and item.text in "-–—" for item in items)
            kept = [] if is_list_left_empty else [item for item, meaning in pairs if meaning in clear]
            return ("" if is_list_left_empty else clear.pop().value), kept
        beside = "it stands beside codes" if said else "it stands beside another word for an absence"
        for item, meaning in pairs:
            if meaning is not None and not (said and item.text in "-–—"):
                ambiguous = "it says neither what there is nor why there is nothing"
                self.report_items([item], ambiguous if meaning == AMBIGUOUS else beside)
        return "", said

    def report_items(self, items, reason):
        self.unplaced += [Unplaced(item.line, text, reason) for item in items for text in item.texts]

    def place_footnotes(self):
        """A footnote belongs to what refers to it: to the note of a mark, to the end of a text."""
        for key, found in self.found.items():
            for item in list(found.items):
                for line in filter(None, map(self.notes.cite, item.footnotes)):
                    if self.kinds.get(key) in _LIST_KINDS:
                        item.notes.append(line.text)
                    elif key in self.kinds:
                        found.items.append(Item(line.number, line.text))
                    else:
                        self.report(line, "a footnote")
        for line in self.lines:
            if line.shape is Shape.FOOTNOTE and self.notes.cite(line.name):
                self.report(line, "a footnote that no answer refers to")

    def fill_details(self, template):
        template.title = self.detail(TITLE, _title) or None
        numbered = self.detail(_NUMBERED_TITLE, _title, instead=template.title)
        template.title = template.title or numbered
        heading = self.document_title
        if heading and normalised_title(heading.text) != normalised_title(template.title or ""):
            if template.title:
                self.report(heading, "the title is given elsewhere")
            template.title = template.title or _title(heading.text)
        template.venue = self.detail(VENUE, str)
        template.doi = self.detail(DOI, normalised_doi) or self.doi_of_title()
        template.year = self.detail(YEAR, year_in)
        people = [
            names.family_first(name)
            for item in self.texts(AUTHORS)
            if self.is_detail(item)
            for name in names.from_list(_without_brackets(item.text))
        ]
        template.authors = people or None

    def is_detail(self, item):
        """Whether an item says something; "N/A" does not, and "?" is reported besides."""
        found = read_absence(item.text)
        if found == AMBIGUOUS:
            self.report_items([item], "it says neither what there is nor why there is nothing")
        return found is None

    def detail(self, key, reading, instead=None):
        """The first item that reads as something; the other items, and words beside a year or DOI, are unplaced."""
        found = None
        for item in self.texts(key):
            if not self.is_detail(item):
                continue
            text = _without_brackets(item.text)
            value = reading(text) if found is None else None
            if value and instead and normalised_title(value) == normalised_title(instead):
                continue
            found = found or (None if instead else value)
            is_all = found and value and len(str(value)) >= len(text.strip(f" .,{_QUOTATION_MARKS}"))
            if not is_all and not (found and value and reading is _title):
                self.unplaced.append(Unplaced(item.line, item.text))
        return found

    def doi_of_title(self):
        links = (self.notes.address(link) for item in self.texts(TITLE) for link in item.links)
        return next(filter(None, map(normalised_doi, links)), None)


def _title(text):
    return without_paper_number(text).strip(f" {_QUOTATION_MARKS}")


def _without_brackets(text):
    """Somebody may have written between the brackets of the empty template."""
    is_whole = text.startswith("[") and text.endswith("]") and "[" not in text[1:]
    return text[1:-1].strip() if is_whole else text


def _looks_like_heading(line):
    words = line.text.split()
    return len(words) <= _LONGEST_HEADING and line.text[0].isupper() and not re.search(r"[.!?;](?:\s|$)", line.text)
