"""Filled-in summary templates (Markdown, as reviewers really leave it) to answers.

Every line of the file is a heading, a divider, a placeholder, blank, or in the result: as a detail
of the paper, as an item of an answer, or as unplaced.
"""

from collections.abc import Iterable

from mapping.parsers.headings import Headings, TemplateSection
from mapping.parsers.org import is_org, markdown_from_org
from mapping.parsers.template_answers import FilledTemplate, SectionAnswer, Unplaced
from mapping.parsers.template_items import Item
from mapping.parsers.template_lines import Line, Notes, Shape, lines_of
from mapping.parsers.template_papers import Titles
from mapping.parsers.template_reader import Reading
from mapping.parsers.template_tables import without_tables

__all__ = [
    "FilledTemplate",
    "Item",
    "SectionAnswer",
    "TemplateSection",
    "Unplaced",
    "read",
    "read_all",
]


def read(text: str, sections: Iterable[TemplateSection], file: str = "") -> FilledTemplate:
    """The FilledTemplate of the first paper in `text`; the lines of papers below it are
    unplaced.
    """
    first, *others = read_all(text, sections, file)
    if others:
        below = (line for line in _lines(text, file) if line.number >= others[0].line and line.text)
        first.unplaced += [
            Unplaced(line.number, line.text, "another paper")
            for line in below
            if line.shape is not Shape.PLACEHOLDER
        ]
    return first


def read_all(
    text: str, sections: Iterable[TemplateSection], file: str = ""
) -> list[FilledTemplate]:
    """A FilledTemplate for each paper in `text`, at least one.

    `sections` are (key, label, kind, aliases, codes) of the study's template. A file called `.org`
    is read as Emacs's Org mode writes it, all others as Markdown.
    """
    sections = [TemplateSection(*section) for section in sections]
    headings = Headings(sections)
    lines = without_tables(_lines(text, file), headings)
    titles, notes, templates = Titles(lines, headings), Notes(lines), []
    for start, end in zip(titles.starts, [*titles.starts[1:], len(lines)], strict=True):
        first = next((line for line in lines[start:end] if line.shape is not Shape.BLANK), None)
        template = FilledTemplate(file, line=first.number if first else 1)
        Reading(lines[start:end], sections, headings, titles.of(start, end), notes).fill(template)
        templates.append(template)
    return templates


def _lines(text: str, file: str) -> list[Line]:
    return lines_of(markdown_from_org(text) if is_org(file) else text)
