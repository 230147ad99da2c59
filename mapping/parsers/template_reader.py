"""One paper of a filled-in template: which line is a heading, and which section what stands below
it answers.
"""

import re
from dataclasses import replace

from mapping.judgement.kinds import KINDS
from mapping.parsers.headings import DETAIL_KEYS, TITLE
from mapping.parsers.placeholders import is_placeholder
from mapping.parsers.template_answers import Unplaced, answer_of
from mapping.parsers.template_details import NUMBERED_TITLE, Details
from mapping.parsers.template_items import CodedItems, Item, PlainItems
from mapping.parsers.template_lines import Shape
from mapping.parsers.template_papers import (
    DOCUMENT,
    EXPLICIT,
    NUMBERED,
    OF_FILE,
    is_form_title,
    label_and_rest,
    without_paper_number,
)

__all__ = ["Notes", "Reading"]

# A line this long was probably broken by an editor, so that a small letter below it goes on with
# it.
_BROKEN_LINE = 40
_LONGEST_HEADING = 8


class Notes:
    """The footnotes of a file and the targets of its links, wherever they stand."""

    def __init__(self, lines):
        self.footnotes = {
            line.name: line for line in reversed(lines) if line.shape is Shape.FOOTNOTE
        }
        self.links = {f"[{line.name}]": line.cells[0] for line in lines if line.shape is Shape.LINK}
        self.used = {
            link.casefold() for line in lines for link in line.marks.links if link.startswith("[")
        }
        self.cited = set()

    def cite(self, name):
        """The line of a footnote, the first time it is asked for."""
        line = self.footnotes.get(name)
        if line is None or line.number in self.cited:
            return None
        self.cited.add(line.number)
        return line

    def address(self, link):
        return self.links.get(link.casefold(), link)


class Reading:
    """One paper of the file."""

    def __init__(self, lines, sections, headings, titles, notes):
        self.lines, self.sections, self.headings, self.titles, self.notes = (
            lines,
            sections,
            headings,
            titles,
            notes,
        )
        self.kinds = {section.key: KINDS[section.kind] for section in sections}
        self.codes = {section.key: section.codes for section in sections}
        self.found = {}  # key: CodedItems or PlainItems
        self.unplaced = []
        self.target = self.last_section = self.heading_line = None
        self.document_title = self.title_of_file = None
        self.is_below_heading = self.has_placeholder = False
        self.answered_before = 0
        words = (line for line in self.lines if line.has_words)
        self.own_headings = {self.headings.exact(label_and_rest(line.text)[0]) for line in words}

    def fill(self, template):
        for place, line in enumerate(self.lines):
            self.read(line, place)
        details = Details(self.found, self.document_title, self.notes, self.title_of_file)
        details.fill(template)
        self.unplaced += details.unplaced
        self.place_footnotes()
        for section in self.sections:
            if section.key in self.found:
                template.answers[section.key], left = answer_of(section, self.said_in(section))
                self.unplaced += left
        template.unplaced = sorted(self.unplaced, key=lambda one: one.line)

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
        elif line.shape is Shape.RULE and line.sign and self.takes_codes(self.target):
            self.items_of(self.target).has_empty_bullet |= line.sign != "|"
        elif (line.has_words and not self.enter_heading(line, place)) or (
            line.callout and not line.text
        ):
            self.add(line, place)

    def said_in(self, section):
        """The items of a section; a dash among empty bullets is one of them."""
        items = self.texts(section.key)
        if section.has_codes and self.found[section.key].has_empty_bullet:
            return [item for item in items if not item.is_empty_bullet]
        return items

    def report(self, line, reason=""):
        box = "" if line.box in (None, "x") else f"[{line.box or ' '}] "
        self.unplaced.append(Unplaced(line.number, box + line.words, reason))

    def report_marks(self, line):
        """Tags and pictures beside words that have no note to keep them in."""
        if line.text:
            self.unplaced += [Unplaced(line.number, tag, "tags") for tag in line.marks.tags]
            line.marks.tags.clear()
            self.report_pictures(line)

    def report_pictures(self, line):
        self.unplaced += [
            Unplaced(line.number, f"![{image}]", "a picture") for image in line.marks.images
        ]
        line.marks.images.clear()

    def items_of(self, key):
        if key not in self.found:
            kind = self.kinds.get(key)
            self.found[key] = (
                CodedItems(self.codes[key])
                if self.takes_codes(key)
                else PlainItems(keeps_boxes=bool(kind and kind.is_prose))
            )
        return self.found[key]

    def takes_codes(self, key):
        """False of what is no section: a detail of the paper, or nothing yet."""
        return key in self.kinds and self.kinds[key].has_codes

    def texts(self, key):
        return self.found[key].items if key in self.found else []

    def enter_divider(self, line):
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

    def waits_for_answer(self):
        """Whether a heading of a section with codes has nothing below it yet."""
        return (
            self.takes_codes(self.target)
            and self.is_below_heading
            and len(self.texts(self.target)) == self.answered_before
        )

    def enter_heading(self, line, place):
        """Whether the line is a heading; if so, what follows belongs to it."""
        label, inline = label_and_rest(line.text)
        kind = self.titles.get(place)
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
            keys = [TITLE] if kind == EXPLICIT else self.keys_of(line, place, label, inline)
            if keys is None:
                return False
            self.enter(keys, line)
            self.report_marks(line)
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
        """The sections a line means as a heading; [] for a heading the template does not have, None
        for no heading.
        """
        if line.is_front and line.shape is Shape.HEADING:
            return self.keys_of_front_matter(label)
        if line.is_quoted or (line.is_cell and line.shape is Shape.TEXT):
            return None
        number = without_paper_number(label)
        if number != label and self.headings.exact(number) and line.shape is not Shape.BULLET:
            return [self.headings.exact(number)]
        if line.shape is Shape.HEADING:
            found = self.headings.matches(label, is_loose=True) or self.headings.matches(
                line.text, is_loose=not inline
            )
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
            return found or (
                [] if _looks_like_heading(line) and not self.introduces(place) else None
            )
        followed_by_list = self.after(place) in {Shape.BULLET, Shape.PLACEHOLDER}
        return [exact] if exact and (stands_apart or followed_by_list) else None

    def keys_of_bullet(self, line, place, label, inline):
        exact = self.headings.exact(label)
        if inline:
            # "* Year: 2021" in a list of details; elsewhere it is an item with a colon in it.
            is_among_details = self.target is None or self.target in DETAIL_KEYS
            return [exact] if exact in DETAIL_KEYS - {TITLE} and is_among_details else None
        leads_list = exact and self.leads_list(line, place)
        return (
            [exact] if exact and (line.text.endswith(":") or line.is_bold or leads_list) else None
        )

    def leads_list(self, line, place):
        below = (self.lines[number] for number in range(place + 1, len(self.lines)))
        following = next((one for one in below if one.shape is not Shape.BLANK), None)
        return (
            following is not None
            and following.level > line.level
            and following.shape is Shape.BULLET
        )

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
        self.answered_before = len(self.texts(self.target))

    def chosen(self, keys):
        """One of several sections that a heading names: without a heading of its own, the next in
        the template.
        """
        free = [key for key in keys if key not in self.own_headings] or keys
        order = list(self.kinds)
        position = order.index(self.last_section) if self.last_section in order else -1
        later = [key for key in free if key in order and order.index(key) > position]
        return next(iter(later or free), None)

    def add(self, line, place):
        self.report_pictures(line)
        if self.target in {*DETAIL_KEYS, NUMBERED_TITLE}:
            self.report_marks(line)
        if self.target is None:
            self.report(line)
        elif self.continues(line, place) and self.items_of(self.target).goes_on(line):
            pass
        elif line.shape is Shape.TEXT and line.text.endswith(":") and self.takes_codes(self.target):
            self.report(line)  # "The paper names these:" is no code
        else:
            reason = self.items_of(self.target).add(line)
            if reason:
                self.report(line, reason)

    def continues(self, line, place):
        if (
            line.shape is not Shape.TEXT
            or line.is_quoted
            or self.before(place) not in {Shape.BULLET, Shape.TEXT}
        ):
            return False
        above = self.lines[place - 1]
        if (
            above.is_quoted
            or not self.items_of(self.target).items
            or above.number == self.heading_line
        ):
            return False
        if above.shape is Shape.BULLET and line.level > above.level:
            return True
        is_broken = len(above.text) >= _BROKEN_LINE and above.text[-1] not in ".!?:;"
        return is_broken and line.text[0].islower()

    def place_footnotes(self):
        """A footnote belongs to what refers to it: to the note of a mark, to the end of a text."""
        for key, found in self.found.items():
            for item in list(found.items):
                for line in filter(None, map(self.notes.cite, item.footnotes)):
                    if self.takes_codes(key):
                        item.notes.append(line.text)
                    elif key in self.kinds:
                        found.items.append(Item(line.number, line.text))
                    else:
                        self.report(line, "a footnote")
        for line in self.lines:
            if line.shape is Shape.FOOTNOTE and line.number not in self.notes.cited:
                self.report(line, "a footnote that no answer refers to")


def _looks_like_heading(line):
    words = line.text.split()
    return (
        len(words) <= _LONGEST_HEADING
        and line.text[0].isupper()
        and not re.search(r"[.!?;](?:\s|$)", line.text)
    )
