"""Finding the same publication twice, among thousands, in spite of another spelling."""

import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz, process

from .keys import normalised_doi
from .names import family

# Two titles of usual length that differ by a typing error or two score 97 and above.
LEAST_SCORE = 93
SAME_DOI, SAME_TITLE, NEAR_TITLE = "same DOI", "same title", "nearly the same title"
_SHORTEST_TITLE, _LONGEST_TITLE = 10, 1000
_WORDS_TO_TRY = 4
_ORDINALS = {"i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"}
_ORDINALS |= {"one", "two", "three", "four", "five", "first", "second", "third", "fourth", "fifth", "a", "b", "c"}


@dataclass(frozen=True)
class Match:
    """Why a record is taken for a publication that is there already. `score` is 0 to 100."""

    found: object
    why: str
    score: float
    is_in_file: bool

    def __str__(self):
        near = f" ({self.score:.0f} %)" if self.why == NEAR_TITLE else ""
        name = getattr(self.found, "key", "") or getattr(self.found, "title", "")
        line = getattr(self.found, "line", None)
        place = f", repeated in the file (line {line})" if line else ", repeated in the file"
        return f"{self.why}{near} as “{name}”{place if self.is_in_file else ''}"


def normalised_title(title):
    """Letters and digits only, without case and accents, words one space apart."""
    decomposed = unicodedata.normalize("NFKD", title.casefold())
    kept = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(re.sub(r"[\W_]+", " ", kept).split())


def find_duplicates(new_records, existing=()):
    """For each new record the Match with `existing` or with an earlier new record, or None.

    Records on both sides are anything with `title`, `year` and `doi`, and if possible `authors` (a list) and `key`. The
    same DOI is the same publication. Titles count within one year (a missing year fits any); where both have DOIs that
    differ, an equal title needs an author in common. Nearly the same titles must agree in their numbers ("Part 1" is
    not "Part 2") and differ neither in DOI nor in all authors.
    """
    candidates = [_Candidate(record, is_in_file=False) for record in existing]
    additions = [_Candidate(record, is_in_file=True, position=place) for place, record in enumerate(new_records)]
    matches = _exact_matches(additions, candidates)
    open_places = [place for place, match in enumerate(matches) if match is None]
    for place, match in _near_matches(open_places, additions, candidates).items():
        matches[place] = match
    return matches


class _Candidate:
    def __init__(self, record, *, is_in_file, position=-1):
        self.record, self.is_in_file, self.position = record, is_in_file, position
        self.doi = normalised_doi(record.doi or "")
        self.title = normalised_title(record.title or "")
        self.year = record.year
        self._people = None

    @property
    def people(self):
        if self._people is None:
            authors = getattr(self.record, "authors", None) or []
            self._people = {normalised_title(family(name)) for name in authors} if isinstance(authors, list) else set()
        return self._people

    @property
    def words(self):
        """The words of the title; of a short one, or one in a script without spaces, groups of letters too."""
        words = set(self.title.split())
        if len(words) < _WORDS_TO_TRY:
            letters = self.title.replace(" ", "")
            words |= {letters[place : place + 4] for place in range(len(letters) - 3)}
        return words

    @property
    def has_usual_title(self):
        return _SHORTEST_TITLE <= len(self.title) <= _LONGEST_TITLE

    @property
    def numbers(self):
        return [word for word in self.title.split() if word.isdigit() or word in _ORDINALS]

    def shares_year(self, other):
        return self.year is None or other.year is None or self.year == other.year

    def differs_in_doi(self, other):
        return bool(self.doi and other.doi and self.doi != other.doi)

    def differs_in_people(self, other):
        return bool(self.people and other.people and not self.people & other.people)

    def has_same_title_as(self, other):
        # "Editorial" appears every month; two DOIs need a person in common to be one publication.
        is_another = self.differs_in_doi(other) and not self.people & other.people
        return self.shares_year(other) and not is_another

    def may_be(self, other):
        """Whether a nearly equal title may mean the same; equal ones were judged before."""
        return (
            self.title != other.title
            and self.numbers == other.numbers
            and not self.differs_in_doi(other)
            and not self.differs_in_people(other)
        )

    def match(self, why, score):
        return Match(self.record, why, score, self.is_in_file)


class _Known:
    """What was seen so far, by DOI and by title."""

    def __init__(self, candidates):
        self.by_doi, self.by_title = {}, defaultdict(list)
        for candidate in candidates:
            self.add(candidate)

    def add(self, candidate):
        if candidate.doi:
            self.by_doi.setdefault(candidate.doi, candidate)
        if candidate.title:
            self.by_title[candidate.title].append(candidate)

    def match(self, addition):
        if addition.doi in self.by_doi:
            return self.by_doi[addition.doi].match(SAME_DOI, 100.0)
        same = (other for other in self.by_title.get(addition.title, ()) if addition.has_same_title_as(other))
        found = next(same, None)
        return found.match(SAME_TITLE, 100.0) if found else None


def _exact_matches(additions, candidates):
    known, matches = _Known(candidates), []
    for addition in additions:
        matches.append(known.match(addition))
        if matches[-1] is None:
            known.add(addition)
    return matches


def _near_matches(open_places, additions, candidates):
    """{place: Match} of the additions that nearly repeat a candidate or an addition before them."""
    open_places = [place for place in open_places if additions[place].has_usual_title]
    pool = [*candidates, *(additions[place] for place in open_places)]
    index = _WordIndex([one for one in pool if one.has_usual_title])
    matches = {}
    for place in open_places:
        # In the order of the file, and past those matched already: a chain of copies points to its first.
        found = index.nearest(additions[place], matches)
        if found:
            matches[place] = found
    return matches


class _WordIndex:
    """Finds the titles worth comparing: those that share one of the rarest words, within one year.

    Comparing all pairs of 10,000 titles takes half a minute; nearly equal titles share nearly all of their words.
    """

    def __init__(self, pool):
        self.places = defaultdict(lambda: defaultdict(list))
        self.titles = Counter()
        for one in pool:
            for word in one.words:
                self.places[word][one.year].append(one)
                self.titles[word] += 1

    def nearest(self, addition, matched):
        others = [
            other
            for other in self.worth_comparing(addition)
            if other.position < addition.position and other.position not in matched
        ]
        if not others:
            return None
        titles = [other.title for other in others]
        (scores,) = process.cdist([addition.title], titles, scorer=fuzz.ratio, score_cutoff=LEAST_SCORE)
        near = [(scores[place], others[place]) for place in np.flatnonzero(scores) if addition.may_be(others[place])]
        if not near:
            return None
        score, other = max(near, key=lambda pair: (not pair[1].is_in_file, pair[0], -pair[1].position))
        return other.match(NEAR_TITLE, float(score))

    def worth_comparing(self, addition):
        # A misspelt word stands in no other title: it cannot help.
        shared = sorted((word for word in addition.words if self.titles[word] > 1), key=lambda word: self.titles[word])
        found = {}
        for word in shared[:_WORDS_TO_TRY]:
            years = self.places[word] if addition.year is None else {addition.year, None}
            found |= {id(one): one for year in years for one in self.places[word].get(year, ())}
        return found.values()
