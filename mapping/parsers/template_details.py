"""The details of the paper in a filled-in template: title, authors, year, venue, DOI."""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from mapping.parsers import names
from mapping.parsers.absences import AMBIGUOUS, read_absence
from mapping.parsers.bibtex import year_in
from mapping.parsers.headings import AUTHORS, DOI, TITLE, VENUE, YEAR
from mapping.parsers.keys import normalised_doi
from mapping.parsers.placeholders import is_placeholder
from mapping.parsers.template_answers import SAYS_NOTHING, FilledTemplate, Unplaced, reported
from mapping.parsers.template_items import Item, SectionItems
from mapping.parsers.template_lines import Line, Notes
from mapping.parsers.template_papers import without_paper_number
from mapping.parsers.titles import normalised_title

__all__ = ["NUMBERED_TITLE", "Details"]

Value = TypeVar("Value", str, int | None)

NUMBERED_TITLE = "paper:numbered"
_DOI_BEHIND = re.compile(
    r"(?<=\S)\s?[(\[]?(?:https?://(?:dx\.)?doi\.org/|doi:\s?)10\.[^\s()]+[)\]]?$", re.IGNORECASE
)
_BRACKETS_BEHIND = re.compile(r"\[[^\[\]]+\]$")
_QUOTATION_MARKS = '"“”„‟«»'


class Details:
    """`answers` are the items below each heading, `document_title` the line of a heading that may
    be the title.

    An explicit title wins over "Paper 8: …", and that over the file's first heading; `unplaced` are
    the lines that no detail took.
    """

    def __init__(
        self,
        answers: Mapping[str, SectionItems],
        document_title: Line | None,
        notes: Notes,
        title_of_file: Line | None = None,
    ) -> None:
        self.answers, self.document_title, self.notes = answers, document_title, notes
        self.unplaced: list[Unplaced] = []
        if title_of_file:
            self.leave_aside(title_of_file)

    def leave_aside(self, title: Line) -> None:
        """Reports the file's own title and details, where the paper's stand below."""
        self.unplaced.append(Unplaced(title.number, title.text, "the title is given elsewhere"))
        start = next((item.line for item in self.items(TITLE)), title.number)
        for key in (AUTHORS, YEAR, VENUE, DOI):
            below = [item for item in self.items(key) if item.line > start]
            if below:
                above = [item for item in self.items(key) if item not in below]
                self.unplaced += reported(above, "it is given elsewhere")
                self.answers[key].items[:] = below

    def items(self, key: str) -> list[Item]:
        return self.answers[key].items if key in self.answers else []

    def fill(self, template: FilledTemplate) -> None:
        template.title = self.detail(TITLE, _title) or None
        numbered = self.detail(NUMBERED_TITLE, _title, instead=template.title)
        template.title = template.title or numbered
        heading = self.document_title
        if heading and normalised_title(heading.text) != normalised_title(template.title or ""):
            if template.title:
                self.unplaced.append(
                    Unplaced(heading.number, heading.text, "the title is given elsewhere")
                )
            template.title = template.title or _title(heading.text)
        template.venue = self.detail(VENUE, str)
        template.doi = self.detail(DOI, normalised_doi) or self.doi_of_title()
        template.year = self.detail(YEAR, year_in)
        people = [
            names.family_first(name)
            for item in self.items(AUTHORS)
            if self.is_detail(item)
            for name in names.from_list(_without_brackets(item.text))
        ]
        template.authors = people or None

    def is_detail(self, item: Item) -> bool:
        """Whether an item gives a detail; "N/A" does not, and "?" is reported as well."""
        absence = read_absence(item.text)
        if absence == AMBIGUOUS:
            self.unplaced += reported([item], SAYS_NOTHING)
        return absence is None

    def detail(
        self, key: str, reading: Callable[[str], Value], instead: Value | None = None
    ) -> Value | None:
        """The first item that `reading` can read; other items, and words beside a year or DOI, are
        unplaced.
        """
        first = None
        for item in self.items(key):
            if not self.is_detail(item):
                continue
            text = _without_brackets(item.text)
            value = reading(text) if first is None else None
            first = first or (None if instead else value)
            is_whole = len(str(value)) >= len(text.strip(f" .,{_QUOTATION_MARKS}"))
            if not (first and value and (is_whole or reading is _title)):
                self.unplaced.append(Unplaced(item.line, item.text))
        return first

    def doi_of_title(self) -> str | None:
        links = [self.notes.address(link) for item in self.items(TITLE) for link in item.links]
        links += [item.text.rstrip(")]") for item in self.items(TITLE)]
        return next(filter(None, map(normalised_doi, links)), None)


def _title(text: str) -> str:
    """The title without the number of the form, quotation marks and the address of its DOI."""
    return _DOI_BEHIND.sub("", without_paper_number(text)).strip(f" {_QUOTATION_MARKS}")


def _without_brackets(text: str) -> str:
    """The text without the brackets of the empty template around it, or after it."""
    behind = _BRACKETS_BEHIND.search(text)
    if (
        behind
        and behind.start()
        and is_placeholder(behind[0])
        and not behind[0][1:-1].strip().isdigit()
    ):
        text = text[: behind.start()].rstrip()
    is_whole = text.startswith("[") and text.endswith("]") and "[" not in text[1:]
    return text[1:-1].strip() if is_whole else text
