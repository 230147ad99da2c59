"""A publication in the search for duplicates, and the rules for when two are the same."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Protocol

from rapidfuzz import fuzz

from mapping.parsers.keys import normalised_doi
from mapping.parsers.names import family

SAME_DOI, SAME_TITLE, NEAR_TITLE = "same DOI", "same title", "nearly the same title"
SAME_MAIN_TITLE = "same title but for a subtitle"
# Two titles under one DOI that score less are hardly one publication in two spellings: "Deep
# learning for code" and "Deep learning for medical images" score 74.
LEAST_ALIKE = 80
WORDS_TO_TRY = 4
_SHORTEST_TITLE, _LONGEST_TITLE = 10, 1000
_ORDINALS = {"i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"}
_ORDINALS |= {"one", "two", "three", "four", "five", "first", "second", "third", "fourth", "fifth"}
_ORDINALS |= {"a", "b", "c"}
_NO_LETTERS = re.compile(r"[\W_]+")
_SUBTITLE = re.compile(r":|[.?!]\s|\s[-–—]\s|—")


Difference = tuple[str, str, str]


class DescribedPaper(Protocol):
    """What the search needs of a record; `authors`, `venue`, `key` and `line` are used where
    present.
    """

    @property
    def title(self) -> str: ...
    @property
    def year(self) -> int | None: ...
    @property
    def doi(self) -> str: ...


@dataclass(frozen=True)
class Match:
    """Why a record may be a publication that exists already. `score` is 0 to 100.

    `is_sure` is False where something speaks against it; then `differences` are triples of a
    field, what the record says there and what the other one says.
    """

    found: object
    why: str
    score: float
    is_in_file: bool
    is_sure: bool = True
    differences: tuple[Difference, ...] = ()

    def __str__(self) -> str:
        near = f" ({self.score:.0f} %)" if self.why == NEAR_TITLE else ""
        name = getattr(self.found, "key", "") or getattr(self.found, "title", "")
        line = getattr(self.found, "line", None)
        where = f", repeated in the file (line {line})" if line else ", repeated in the file"
        same = f"{self.why}{near} as “{name}”{where if self.is_in_file else ''}"
        if self.is_sure:
            return same
        differing = [
            f"{field} {here or 'none'}, there {there or 'none'}"
            for field, here, there in self.differences
        ]
        return "; ".join([f"possibly the same: {same}", *differing])


@lru_cache(maxsize=50_000)
def normalised_title(title: str) -> str:
    """Letters and digits in lower case without accents, words separated by one space."""
    kept = title.casefold()
    if not kept.isascii():
        decomposed = unicodedata.normalize("NFKD", kept)
        kept = "".join(
            character for character in decomposed if not unicodedata.combining(character)
        )
    return " ".join(_NO_LETTERS.sub(" ", kept).split())


@lru_cache(maxsize=50_000)
def _normalised_family(name: str) -> str:
    return normalised_title(family(name))


class Candidate:
    """A record with its normalised DOI, title and people. `position` is its place in the file."""

    def __init__(self, record: DescribedPaper, *, is_in_file: bool, position: int = -1) -> None:
        self.record, self.is_in_file, self.position = record, is_in_file, position
        self.doi = normalised_doi(record.doi or "")
        self.title = normalised_title(record.title or "")
        self.year = record.year
        self._people: set[str] | None = None

    @property
    def authors(self) -> list[str]:
        authors = getattr(self.record, "authors", None) or []
        return authors if isinstance(authors, list) else []

    @property
    def people(self) -> set[str]:
        if self._people is None:
            self._people = {_normalised_family(name) for name in self.authors} - {""}
        return self._people

    @cached_property
    def main_title(self) -> str:
        """The title before its subtitle, normalised; empty where there is no subtitle, or too
        little before it.
        """
        written = (self.record.title or "").strip()
        subtitle = _SUBTITLE.search(written)
        if not subtitle:
            return ""
        main = normalised_title(written[: subtitle.start()])
        is_telling = len(main) >= _SHORTEST_TITLE and (" " in main or not main.isascii())
        return main if is_telling and main != self.title else ""

    @cached_property
    def words(self) -> set[str]:
        """The words of the title; of a short one, or one in a script without spaces, groups of
        letters too.
        """
        words = set(self.title.split())
        if len(words) < WORDS_TO_TRY:
            letters = self.title.replace(" ", "")
            words |= {letters[start : start + 4] for start in range(len(letters) - 3)}
        return words

    @property
    def has_usual_title(self) -> bool:
        return _SHORTEST_TITLE <= len(self.title) <= _LONGEST_TITLE

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        return tuple(word for word in self.title.split() if word.isdigit() or word in _ORDINALS)

    def shares_year(self, other: "Candidate") -> bool:
        return self.year is None or other.year is None or self.year == other.year

    def is_within_a_year_of(self, other: "Candidate") -> bool:
        if self.year is None or other.year is None:
            return True
        return abs(self.year - other.year) <= 1

    def shares_people(self, other: "Candidate") -> bool:
        return bool(self.people & other.people)

    def differs_in_doi(self, other: "Candidate") -> bool:
        return bool(self.doi and other.doi and self.doi != other.doi)

    def differs_in_people(self, other: "Candidate") -> bool:
        return bool(self.people and other.people and not self.people & other.people)

    def has_different_title(self, other: "Candidate") -> bool:
        """Whether the titles differ in their words or their part; a missing title differs from
        none.
        """
        if not self.title or not other.title or self.title == other.title:
            return False
        if self.numbers and other.numbers and self.numbers != other.numbers:
            return True
        shorter, longer = sorted((self.title, other.title), key=len)
        if f" {longer} ".startswith(f" {shorter} ") or f" {longer} ".endswith(f" {shorter} "):
            return False
        likeness = (compare(shorter, longer) for compare in (fuzz.ratio, fuzz.token_sort_ratio))
        return max(likeness) < LEAST_ALIKE

    def has_same_title_as(self, other: "Candidate") -> bool:
        # "Editorial" appears every month; two DOIs need a person in common to be one publication.
        is_another = self.differs_in_doi(other) and not self.shares_people(other)
        return self.shares_year(other) and not is_another

    def is_near_duplicate_of(self, other: "Candidate") -> bool:
        """Whether a nearly equal title means the same publication."""
        return (
            self.title != other.title
            and self.shares_year(other)
            and self.numbers == other.numbers
            and not self.differs_in_doi(other)
            and not self.differs_in_people(other)
        )

    def may_be_same_as(self, other: "Candidate") -> bool:
        """Whether an equal or nearly equal title may mean the same publication, as of a preprint
        and its journal version.
        """
        return (
            self.is_within_a_year_of(other)
            and self.numbers == other.numbers
            and self.shares_people(other)
        )

    def may_be_same_without_subtitle(self, other: "Candidate") -> bool:
        if self.shares_people(other):
            return self.is_within_a_year_of(other)
        return (
            self.shares_year(other)
            and not self.differs_in_doi(other)
            and not self.differs_in_people(other)
        )

    def match(self, why: str, score: float) -> Match:
        """A Match with this record that is sure."""
        return Match(self.record, why, score, self.is_in_file)

    def question(self, addition: "Candidate", why: str, score: float) -> Match:
        """A Match with this record that somebody has to decide, with the differences."""
        differences = tuple(_differences(addition, self))
        return Match(
            self.record, why, score, self.is_in_file, is_sure=False, differences=differences
        )


def _differences(new: Candidate, other: Candidate) -> Iterator[Difference]:
    if new.title != other.title:
        yield "title", f"“{new.record.title}”", f"“{other.record.title}”"
    if new.people != other.people:
        yield "authors", _in_short(new.authors), _in_short(other.authors)
    if new.year != other.year:
        yield "year", str(new.year or ""), str(other.year or "")
    if new.doi != other.doi:
        yield "DOI", new.doi, other.doi
    here, there = (getattr(candidate.record, "venue", "") or "" for candidate in (new, other))
    if normalised_title(here) != normalised_title(there):
        yield "venue", here, there


def _in_short(authors: Sequence[str]) -> str:
    families = [family(name) for name in authors]
    return ", ".join(families[:3]) + (" et al." if len(families) > 3 else "")
