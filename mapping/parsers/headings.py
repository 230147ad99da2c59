"""Matches the headings of a filled-in template to its sections, in spite of how they
were written.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from rapidfuzz import fuzz

from mapping.judgement.kinds import KINDS
from mapping.parsers.labels import normalised_label


class TemplateSection(NamedTuple):
    """A section of the study's template, as far as a reader of filled-in templates needs it."""

    key: str
    label: str
    kind: str = "codes"
    aliases: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()

    @property
    def has_codes(self) -> bool:
        return KINDS[self.kind].has_codes


# What every template asks of the paper itself. The keys cannot be those of a section: they hold a
# colon.
TITLE, AUTHORS, YEAR, VENUE, DOI = (
    "paper:title",
    "paper:authors",
    "paper:year",
    "paper:venue",
    "paper:doi",
)
DETAILS = [
    TemplateSection(
        TITLE, "Paper title", "text", ("Title", "Title of the paper", "Paper", "Study title")
    ),
    TemplateSection(
        AUTHORS, "Authors", "text", ("Author", "Author names", "Names of the authors", "Author(s)")
    ),
    TemplateSection(
        YEAR,
        "Publication year",
        "text",
        ("Year", "Year of publication", "Date", "Publication date"),
    ),
    TemplateSection(
        VENUE,
        "Source",
        "text",
        ("Source/Conference/Journal", "Venue", "Publication venue", "Published in"),
    ),
    TemplateSection(DOI, "DOI", "text", ("DOI link", "Digital object identifier")),
]
DETAIL_KEYS = {detail.key for detail in DETAILS}
# Headings that blank forms in use have above what the built-in template asks under another name.
_ALSO_CALLED = {
    "Main focus and purpose": (
        "Abstract/Introduction Summary",
        "Abstract summary",
        "Introduction summary",
    ),
}
# Allows for one typing error in a word of usual length.
LEAST_LIKENESS = 86
_NUMBERING = re.compile(
    r"^\s*(?:\(?\d{1,3}(?:\.\d{1,3})*[.):]?|[a-z]\)|[ivx]{1,4}[.)])\s+", re.IGNORECASE
)
_LONGEST_LOOSE = 6
_SMALL_WORDS = {
    "the",
    "a",
    "an",
    "of",
    "in",
    "for",
    "to",
    "on",
    "with",
    "by",
    "from",
    "used",
    "using",
    "main",
    "key",
}


@dataclass
class _Known:
    key: str
    names: list[str] = field(default_factory=list)
    parts: list[set[str]] = field(default_factory=list)
    words: list[set[str]] = field(default_factory=list)

    @property
    def is_detail(self) -> bool:
        return self.key in DETAIL_KEYS


class _Heading(NamedTuple):
    """A heading as it is compared: its name, the parts of it, and the words that tell something."""

    name: str
    parts: set[str]
    words: set[str]

    @classmethod
    def of(cls, text: str) -> Self:
        name = normalised_label(text)
        return cls(name, parts_of(text), _telling_words(name))


class Headings:
    """Matches headings to the sections of one template. `matches` names candidates, surest first
    kind only.
    """

    def __init__(self, sections: Iterable[TemplateSection]) -> None:
        self.known: list[_Known] = []
        for section in [*DETAILS, *sections]:
            written = [section.label, *section.aliases, *_ALSO_CALLED.get(section.label, ())]
            self.known.append(
                _Known(
                    section.key,
                    [normalised_label(name) for name in written],
                    [parts_of(name) for name in written],
                    [_telling_words(normalised_label(name)) for name in written],
                )
            )

    def exact(self, text: str) -> str | None:
        """The key of the section with just this name, or with just these parts, or None.

        "Strategies/Methods" is "Strategies and methods".
        """
        wanted, parts = normalised_label(without_numbering(text)), parts_of(without_numbering(text))
        by_name = next(
            (section.key for section in self.known if wanted and wanted in section.names), None
        )
        return by_name or next(
            (section.key for section in self.known if parts and parts in section.parts), None
        )

    def matches(self, text: str, *, is_loose: bool) -> list[str]:
        """Keys that the heading may mean, in template order; more than one where it names several
        sections.

        Tried in turn: its name; a part of the name; a typing error away; and, if `is_loose`, more
        or fewer words than the name ("Tools used", "Comments"), or a part with a typing error.
        Never loose for the details of the paper: "Comments on the paper" is not its title.
        """
        exact = self.exact(text)
        if exact:
            return [exact]
        heading = _Heading.of(without_numbering(text))
        tests = [_shares_part, _is_nearly_named]
        if is_loose and heading.words and len(heading.name.split()) <= _LONGEST_LOOSE:
            tests += [_has_its_words, _has_nearly_its_part]
        for test in tests:
            keys = [
                section.key for section in self.known if heading.name and test(section, heading)
            ]
            if keys:
                return keys
        return []

    def named_in(self, text: str) -> list[str]:
        """The sections whose name stands in a line such as "RQ1: Motivation and benefits of
        MLOps".
        """
        line = f" {normalised_label(text)} "
        return [
            section.key
            for section in self.known
            if not section.is_detail and any(f" {name} " in line for name in section.names)
        ]


def parts_of(text: str) -> set[str]:
    """The names in a heading, normalised, that are separated by a slash, a comma, "and" or "&"."""
    parts = {
        normalised_label(part)
        for part in re.split(r"[/,;&+]|\band\b|\bor\b", text, flags=re.IGNORECASE)
    }
    return parts - {""}


def without_numbering(text: str) -> str:
    """The heading without its number: "3. Challenges" is "Challenges"."""
    return _NUMBERING.sub("", text, count=1)


def _telling_words(normalised: str) -> set[str]:
    return {word for word in normalised.split() if word not in _SMALL_WORDS}


def _shares_part(section: _Known, heading: _Heading) -> bool:
    return any(heading.parts & parts for parts in section.parts)


def _is_nearly_named(section: _Known, heading: _Heading) -> bool:
    return max(fuzz.ratio(heading.name, name) for name in section.names) >= LEAST_LIKENESS


def _has_its_words(section: _Known, heading: _Heading) -> bool:
    return not section.is_detail and any(_covers(heading.words, words) for words in section.words)


def _has_nearly_its_part(section: _Known, heading: _Heading) -> bool:
    return not section.is_detail and any(
        _nearly(part, name) for part in heading.parts for name in section.names
    )


def _covers(words: set[str], known: set[str]) -> bool:
    return bool(known) and (words <= known or known <= words)


def _nearly(name: str, other_name: str) -> bool:
    return min(len(name), len(other_name)) >= 4 and fuzz.ratio(name, other_name) >= LEAST_LIKENESS
