"""What a filled-in template says of the paper itself: title, authors, year, venue, DOI."""

import re

from mapping.parsers import names
from mapping.parsers.absences import AMBIGUOUS, read_absence
from mapping.parsers.bibtex import year_in
from mapping.parsers.headings import AUTHORS, DOI, TITLE, VENUE, YEAR
from mapping.parsers.keys import normalised_doi
from mapping.parsers.placeholders import is_placeholder
from mapping.parsers.template_answers import SAYS_NOTHING, Unplaced, reported
from mapping.parsers.template_papers import without_paper_number
from mapping.parsers.titles import normalised_title

__all__ = ["NUMBERED_TITLE", "Details"]

NUMBERED_TITLE = "paper:numbered"
_DOI_BEHIND = re.compile(
    r"(?<=\S)\s?[(\[]?(?:https?://(?:dx\.)?doi\.org/|doi:\s?)10\.[^\s()]+[)\]]?$", re.IGNORECASE
)
_BRACKETS_BEHIND = re.compile(r"\[[^\[\]]+\]$")
_QUOTATION_MARKS = '"“”„‟«»'


class Details:
    """`found` are the items below each detail's heading, `document_title` the line of a heading
    that may be the title.

    An explicit title wins over "Paper 8: …", and that over the file's first heading; `unplaced` are
    the lines that no detail took.
    """

    def __init__(self, found, document_title, notes, title_of_file=None):
        self.found, self.document_title, self.notes = found, document_title, notes
        self.unplaced = []
        if title_of_file:
            self.leave_aside(title_of_file)

    def leave_aside(self, title):
        """What the file says of itself above, where the paper's own details stand below."""
        self.unplaced.append(Unplaced(title.number, title.text, "the title is given elsewhere"))
        start = next((item.line for item in self.items(TITLE)), title.number)
        for key in (AUTHORS, YEAR, VENUE, DOI):
            below = [item for item in self.items(key) if item.line > start]
            if below:
                above = [item for item in self.items(key) if item not in below]
                self.unplaced += reported(above, "it is given elsewhere")
                self.found[key].items[:] = below

    def items(self, key):
        return self.found[key].items if key in self.found else []

    def fill(self, template):
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

    def is_detail(self, item):
        """Whether an item says something; "N/A" does not, and "?" is reported besides."""
        found = read_absence(item.text)
        if found == AMBIGUOUS:
            self.unplaced += reported([item], SAYS_NOTHING)
        return found is None

    def detail(self, key, reading, instead=None):
        """The first item that reads as something; the other items, and words beside a year or DOI,
        are unplaced.
        """
        found = None
        for item in self.items(key):
            if not self.is_detail(item):
                continue
            text = _without_brackets(item.text)
            value = reading(text) if found is None else None
            found = found or (None if instead else value)
            is_all = (
                found and value and len(str(value)) >= len(text.strip(f" .,{_QUOTATION_MARKS}"))
            )
            if not is_all and not (found and value and reading is _title):
                self.unplaced.append(Unplaced(item.line, item.text))
        return found

    def doi_of_title(self):
        links = [self.notes.address(link) for item in self.items(TITLE) for link in item.links]
        links += [item.text.rstrip(")]") for item in self.items(TITLE)]
        return next(filter(None, map(normalised_doi, links)), None)


def _title(text):
    """The title alone: no number of the form, no quotation marks, no address of its DOI
    behind it.
    """
    return _DOI_BEHIND.sub("", without_paper_number(text)).strip(f" {_QUOTATION_MARKS}")


def _without_brackets(text):
    """Somebody may have written between the brackets of the empty template, or before them."""
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
