"""Reads one paper of a filled-in template: which lines are headings, and which section each line
answers.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from mapping.judgement.kinds import KINDS
from mapping.parsers.headings import DETAIL_KEYS, TITLE, Headings, TemplateSection
from mapping.parsers.placeholders import is_placeholder
from mapping.parsers.template_answers import FilledTemplate, Unplaced, answer_of
from mapping.parsers.template_details import NUMBERED_TITLE, Details
from mapping.parsers.template_items import CodedItems, Item, PlainItems, SectionItems
from mapping.parsers.template_lines import Line, Notes, Shape
from mapping.parsers.template_papers import (
    DOCUMENT,
    EXPLICIT,
    NUMBERED,
    OF_FILE,
    is_form_title,
    label_and_rest,
    without_paper_number,
)

__all__ = ["Reading"]

# A line this long was probably broken by an editor, so that a small letter below it goes on with
# it.
_BROKEN_LINE = 40
_LONGEST_HEADING = 8


class Reading:
    """The reading of one paper, line by line."""

    def __init__(
        self,
        lines: Sequence[Line],
        sections: Sequence[TemplateSection],
        headings: Headings,
        titles: Mapping[int, str],
        notes: Notes,
    ) -> None:
        self.lines, self.sections, self.headings = lines, sections, headings
        self.titles, self.notes = titles, notes
        self.kinds = {section.key: KINDS[section.kind] for section in sections}
        self.codes = {section.key: section.codes for section in sections}
        self.answers: dict[str, SectionItems] = {}
        self.unplaced: list[Unplaced] = []
        # The section that what follows belongs to.
        self.target: str | None = None
        self.last_section: str | None = None
        self.heading_line: int | None = None
        self.document_title: Line | None = None
        self.title_of_file: Line | None = None
        self.is_below_heading = self.has_placeholder = False
        self.answered_before = 0
        headings_and_items = (line for line in self.lines if line.has_words)
        self.own_headings = {
            self.headings.exact(label_and_rest(line.text)[0]) for line in headings_and_items
        }

    @property
    def is_coded(self) -> bool:
        """Whether what follows belongs to a section with codes."""
        return self.takes_codes(self.target)

    def fill(self, template: FilledTemplate) -> None:
        for index, line in enumerate(self.lines):
            self.read(line, index)
        details = Details(self.answers, self.document_title, self.notes, self.title_of_file)
        details.fill(template)
        self.unplaced += details.unplaced
        self.place_footnotes()
        for section in self.sections:
            if section.key in self.answers:
                template.answers[section.key], left = answer_of(section, self.items_in(section))
                self.unplaced += left
        template.unplaced = sorted(self.unplaced, key=lambda unplaced: unplaced.line)

    def read(self, line: Line, index: int) -> None:
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
        elif line.shape is Shape.RULE and line.sign and self.target and self.is_coded:
            self.items_of(self.target).has_empty_bullet |= line.sign != "|"
        elif (line.has_words and not self.enter_heading(line, index)) or (
            line.callout and not line.text
        ):
            self.add(line, index)

    def items_in(self, section: TemplateSection) -> list[Item]:
        """The items of a section, without empty bullets."""
        items = self.texts(section.key)
        if section.has_codes and self.answers[section.key].has_empty_bullet:
            return [item for item in items if not item.is_empty_bullet]
        return items

    def report(self, line: Line, reason: str = "") -> None:
        box = "" if line.box in (None, "x") else f"[{line.box or ' '}] "
        self.unplaced.append(Unplaced(line.number, box + line.words, reason))

    def report_marks(self, line: Line) -> None:
        """Reports tags and pictures where no note can hold them."""
        if line.text:
            self.unplaced += [Unplaced(line.number, tag, "tags") for tag in line.marks.tags]
            line.marks.tags.clear()
            self.report_pictures(line)

    def report_pictures(self, line: Line) -> None:
        self.unplaced += [
            Unplaced(line.number, f"![{image}]", "a picture") for image in line.marks.images
        ]
        line.marks.images.clear()

    def items_of(self, key: str) -> SectionItems:
        if key not in self.answers:
            kind = self.kinds.get(key)
            self.answers[key] = (
                CodedItems(self.codes[key])
                if self.takes_codes(key)
                else PlainItems(keeps_boxes=bool(kind and kind.is_prose))
            )
        return self.answers[key]

    def takes_codes(self, key: str | None) -> bool:
        """False of what is no section: a detail of the paper, or nothing yet."""
        return key in self.kinds and self.kinds[key].has_codes

    def texts(self, key: str | None) -> list[Item]:
        return self.answers[key].items if key in self.answers else []

    def enter_divider(self, line: Line) -> None:
        """A research question of the empty form, between sections.

        "RQ2: Approaches and Tools": both are asked for, and what stands right below answers the
        first. Below a heading of a section that has no answer yet, what follows is still that
        section's: the form has the divider of the next sections at the end of it.
        """
        named = self.headings.named_in(line.text)
        for key in named:
            self.items_of(key)
        is_own = (bool(line.heading_level) or self.has_placeholder) and set(
            named
        ) - self.own_headings
        if is_own or not self.waits_for_answer():
            self.enter(named[:1], line)

    def waits_for_answer(self) -> bool:
        """Whether a heading of a section with codes has nothing below it yet."""
        return (
            self.is_coded
            and self.is_below_heading
            and len(self.texts(self.target)) == self.answered_before
        )

    def enter_heading(self, line: Line, index: int) -> bool:
        """Whether the line is a heading; if so, the following lines belong to it."""
        label, inline = label_and_rest(line.text)
        kind = self.titles.get(index)
        if kind == DOCUMENT:
            self.document_title = self.document_title or (
                None if is_form_title(line.text) else line
            )
            self.enter([], line)
            return True
        if kind == OF_FILE:
            self.title_of_file = line
            self.enter([], line)
            return True
        if kind == NUMBERED:
            self.enter([NUMBERED_TITLE], line)
            inline = without_paper_number(line.text)
            inline = "" if is_form_title(inline) else inline
        else:
            keys = [TITLE] if kind == EXPLICIT else self.keys_of(line, index, label, inline)
            if keys is None:
                return False
            self.enter(keys, line)
            self.report_marks(line)
            if not keys and line.text:
                self.report(line, "the template has no heading of that name")
                return True
        if inline and not is_placeholder(inline) and self.target:
            self.add_words(line, inline, self.items_of(self.target))
        return True

    def add_words(self, line: Line, words: str, items: SectionItems) -> None:
        """Adds the text after the colon of a heading."""
        rest = replace(line, shape=Shape.TEXT, text=words, lead="", is_bold=False, reason="")
        reason = items.add(rest)
        if reason:
            self.report(rest, reason)
        items.enter()

    def keys_of(self, line: Line, index: int, label: str, inline: str) -> list[str] | None:
        """The sections a line means as a heading; [] for a heading the template does not have, None
        for no heading.
        """
        if line.is_front and line.shape is Shape.HEADING:
            return self.keys_of_front_matter(label)
        if line.is_quoted or (line.is_cell and line.shape is Shape.TEXT):
            return None
        name = without_paper_number(label)
        known = self.headings.exact(name) if name != label else None
        if known and line.shape is not Shape.BULLET:
            return [known]
        if line.shape is Shape.HEADING:
            keys = self.headings.matches(label, is_loose=True) or self.headings.matches(
                line.text, is_loose=not inline
            )
            return [key for key in keys if key != TITLE]
        if line.shape is Shape.BULLET:
            return self.keys_of_bullet(line, index, label, inline)
        return self.keys_of_text(line, index, label, inline)

    def keys_of_front_matter(self, label: str) -> list[str]:
        key = self.headings.exact(label)
        key = label if label in self.kinds else key
        # The date of a note is the day of reading.
        return [key] if key and label.casefold() != "date" else []

    def keys_of_text(self, line: Line, index: int, label: str, inline: str) -> list[str] | None:
        exact = self.headings.exact(label)
        if exact == TITLE:
            return None  # a title would have been known as one
        if inline:
            return [exact] if exact and ":" in line.text else None
        ends_with_colon = line.text.endswith(":")
        stands_apart = self.before(index) not in {Shape.BULLET, Shape.TEXT}
        if line.is_bold or ends_with_colon:
            keys = self.headings.matches(label, is_loose=line.is_bold or stands_apart)
            keys = [key for key in keys if key != TITLE]
            return keys or (
                [] if _looks_like_heading(line) and not self.introduces(index) else None
            )
        followed_by_list = self.after(index) in {Shape.BULLET, Shape.PLACEHOLDER}
        return [exact] if exact and (stands_apart or followed_by_list) else None

    def keys_of_bullet(self, line: Line, index: int, label: str, inline: str) -> list[str] | None:
        exact = self.headings.exact(label)
        if inline:
            # "* Year: 2021" in a list of details; elsewhere it is an item with a colon in it.
            is_among_details = self.target is None or self.target in DETAIL_KEYS
            is_detail = exact in DETAIL_KEYS - {TITLE}
            return [exact] if exact and is_detail and is_among_details else None
        leads_list = exact and self.leads_list(line, index)
        return (
            [exact] if exact and (line.text.endswith(":") or line.is_bold or leads_list) else None
        )

    def leads_list(self, line: Line, index: int) -> bool:
        below = (self.lines[number] for number in range(index + 1, len(self.lines)))
        following = next((after for after in below if after.shape is not Shape.BLANK), None)
        return (
            following is not None
            and following.level > line.level
            and following.shape is Shape.BULLET
        )

    def before(self, index: int) -> Shape:
        return self.lines[index - 1].shape if index else Shape.BLANK

    def after(self, index: int) -> Shape:
        return self.lines[index + 1].shape if index + 1 < len(self.lines) else Shape.BLANK

    def introduces(self, index: int) -> bool:
        """Whether a line with a colon introduces the list of the heading right above it."""
        lines_above = (self.lines[number] for number in range(index - 1, -1, -1))
        above = next((line for line in lines_above if line.shape is not Shape.PLACEHOLDER), None)
        is_below_heading = above is not None and above.number == self.heading_line
        return is_below_heading and self.target is not None and not self.texts(self.target)

    def enter(self, keys: Sequence[str], line: Line) -> None:
        """Makes a section the one that the following lines belong to."""
        self.target = self.chosen(keys)
        for named in keys:
            self.items_of(named)
        if self.target:
            self.items_of(self.target).enter()
        self.last_section = self.target or self.last_section
        self.heading_line = line.number
        self.is_below_heading, self.has_placeholder = line.shape is not Shape.DIVIDER, False
        self.answered_before = len(self.texts(self.target))

    def chosen(self, keys: Sequence[str]) -> str | None:
        """One of several sections that a heading names: without a heading of its own, the next in
        the template.
        """
        free = [key for key in keys if key not in self.own_headings] or keys
        order = list(self.kinds)
        position = order.index(self.last_section) if self.last_section in order else -1
        later = [key for key in free if key in order and order.index(key) > position]
        return next(iter(later or free), None)

    def add(self, line: Line, index: int) -> None:
        self.report_pictures(line)
        if self.target in {*DETAIL_KEYS, NUMBERED_TITLE}:
            self.report_marks(line)
        if self.target is None:
            self.report(line)
        elif self.continues(line, index) and self.items_of(self.target).goes_on(line):
            pass
        elif line.shape is Shape.TEXT and line.text.endswith(":") and self.is_coded:
            self.report(line)  # "The paper names these:" is no code
        else:
            reason = self.items_of(self.target).add(line)
            if reason:
                self.report(line, reason)

    def continues(self, line: Line, index: int) -> bool:
        """Whether a line goes on with the sentence above."""
        if (
            line.shape is not Shape.TEXT
            or line.is_quoted
            or self.before(index) not in {Shape.BULLET, Shape.TEXT}
        ):
            return False
        above = self.lines[index - 1]
        if above.is_quoted or not self.texts(self.target) or above.number == self.heading_line:
            return False
        if above.shape is Shape.BULLET and line.level > above.level:
            return True
        is_broken = len(above.text) >= _BROKEN_LINE and above.text[-1] not in ".!?:;"
        return is_broken and line.text[0].islower()

    def place_footnotes(self) -> None:
        """Adds footnotes to what refers to them: the note of a mark, the end of a text."""
        for key, items in self.answers.items():
            for item in list(items.items):
                for line in filter(None, map(self.notes.cite, item.footnotes)):
                    if self.takes_codes(key):
                        item.notes.append(line.text)
                    elif key in self.kinds:
                        items.items.append(Item(line.number, line.text))
                    else:
                        self.report(line, "a footnote")
        for line in self.lines:
            if line.shape is Shape.FOOTNOTE and line.number not in self.notes.cited:
                self.report(line, "a footnote that no answer refers to")


def _looks_like_heading(line: Line) -> bool:
    words = line.text.split()
    return (
        len(words) <= _LONGEST_HEADING
        and line.text[0].isupper()
        and not re.search(r"[.!?;](?:\s|$)", line.text)
    )
