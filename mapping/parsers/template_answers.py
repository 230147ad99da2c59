"""The answer of one section, as a filled-in template gives it: items, or the reason why there are
none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from mapping.judgement.absences import NONE_APPLY
from mapping.judgement.kinds import KINDS
from mapping.parsers.absences import AMBIGUOUS, read_absence
from mapping.parsers.headings import TemplateSection
from mapping.parsers.labels import match_code
from mapping.parsers.template_items import Item

__all__ = ["FilledTemplate", "SectionAnswer", "Unplaced", "answer_of", "reported"]

SAYS_NOTHING = "it says neither what there is nor why there is nothing"


@dataclass
class SectionAnswer:
    """The answer of one section; `absence` is set where the words of `items` say why
    there is none.
    """

    kind: str
    items: list[Item] = field(default_factory=list)
    absence: str = ""

    @property
    def value(self) -> list[str] | str | None:
        """A list where there are codes; else a list of what was listed, a text, or None."""
        texts = [item.text for item in self.items]
        is_list = len(texts) > 1 or any(item.is_bullet for item in self.items)
        if KINDS[self.kind].has_codes or is_list:
            return texts
        return texts[0] if texts else None

    @property
    def text(self) -> str:
        """The answer as one text, a line per item."""
        least = min((item.level for item in self.items), default=0)
        margins = (" " * (item.level - least) if item.is_bullet else "" for item in self.items)
        bullets = ("* " if item.is_bullet else "" for item in self.items)
        parts = zip(margins, bullets, self.items, strict=True)
        return "\n".join(margin + bullet + item.text for margin, bullet, item in parts)


@dataclass(frozen=True)
class Unplaced:
    """A line that belongs to no answer, to be reported with the reason."""

    line: int
    text: str
    reason: str = field(default="", compare=False)


@dataclass
class FilledTemplate:
    """A filled-in template of one paper; `answers` holds the sections that the file names, in
    template order.
    """

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
    def values(self) -> dict[str, list[str] | str | None]:
        """{section key: list of items, text, or None}"""
        return {key: answer.value for key, answer in self.answers.items()}


def answer_of(section: TemplateSection, items: list[Item]) -> tuple[SectionAnswer, list[Unplaced]]:
    """(SectionAnswer, unplaced lines) of the items of a section, absences recognised."""
    meanings = [_absence_of(section, item) for item in items]
    if not any(meanings):
        return SectionAnswer(section.kind, items), []
    absence, items, left = _without_absences(section, items, meanings)
    return SectionAnswer(section.kind, items, absence), left


def reported(items: Sequence[Item], reason: str) -> list[Unplaced]:
    """The items and all that stands below them as unplaced lines."""
    return [Unplaced(item.line, text, reason) for item in items for text in item.texts]


def _absence_of(section: TemplateSection, item: Item) -> str | None:
    if section.codes and match_code(item.text, section.codes):
        return None  # a codebook may have a code "None"
    absence = read_absence(item.text)
    # "Comments: none" is a text like any other.
    return None if absence == NONE_APPLY and not section.has_codes else absence


def _without_absences(
    section: TemplateSection, items: list[Item], meanings: Sequence[str | None]
) -> tuple[str, list[Item], list[Unplaced]]:
    """(absence, items, unplaced): an absence holds alone. Beside an answer, or another absence, it
    is reported.
    """
    pairs = list(zip(items, meanings, strict=True))
    answers = [item for item, meaning in pairs if meaning is None]
    clear = {meaning for meaning in meanings if meaning not in (None, AMBIGUOUS)}
    if KINDS[section.kind].is_prose and answers:
        return "", items, []
    unclear = reported([item for item, meaning in pairs if meaning == AMBIGUOUS], SAYS_NOTHING)
    if not answers and all(item.is_empty_bullet for item in items) and len(items) > 1:
        return "", [], []  # the empty bullets of an empty template
    if not answers and len(clear) == 1:
        return (
            clear.pop(),
            [item for item, meaning in pairs if meaning not in (None, AMBIGUOUS)],
            unclear,
        )
    beside = "it stands beside codes" if answers else "it stands beside another word for an absence"
    contradicting = [
        item
        for item, meaning in pairs
        if meaning in clear and not (answers and item.is_empty_bullet)
    ]
    return "", answers, unclear + reported(contradicting, beside)
