"""Finds duplicate publications among thousands, in spite of different spellings."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np
from rapidfuzz import fuzz, process

from mapping.parsers.candidates import (
    NEAR_TITLE,
    SAME_DOI,
    SAME_MAIN_TITLE,
    SAME_TITLE,
    WORDS_TO_TRY,
    Candidate,
    DescribedPaper,
    Match,
    normalised_title,
)

__all__ = ["NEAR_TITLE", "SAME_DOI", "SAME_TITLE", "Match", "find_duplicates", "normalised_title"]

# Two titles of usual length that differ by a typing error or two score 97 and above.
LEAST_SCORE = 93


def find_duplicates(
    new_records: Iterable[DescribedPaper], existing: Iterable[DescribedPaper] = ()
) -> list[Match | None]:
    """For each new record the Match with `existing` or with an earlier new record, or None.

    Records on both sides are anything with `title`, `year` and `doi`, and if possible `authors` (a
    list), `venue` and `key`.

    The same DOI is the same publication, titles count within one year (a missing year fits any);
    where both have DOIs that differ, an equal title needs an author in common. Nearly the same
    titles must agree in their numbers ("Part 1" is not "Part 2") and differ neither in DOI nor in
    all authors.

    A Match that is not `is_sure` is a question: the same DOI under quite another title; the same or
    nearly the same title of people in common a year apart, or under another DOI, as a preprint and
    its publication have it; a title with and without its subtitle.
    """
    candidates = [Candidate(record, is_in_file=False) for record in existing]
    additions = [
        Candidate(record, is_in_file=True, position=index)
        for index, record in enumerate(new_records)
    ]
    matches, questions = _exact_matches(additions, candidates)
    open_places = [index for index, match in enumerate(matches) if match is None]
    near, nearly = _near_matches(open_places, additions, candidates)
    shortened = _subtitle_matches(
        [index for index in open_places if index not in near], additions, candidates
    )
    # What is sure comes first, then the question that is hardest to answer otherwise.
    for matches_by_index in (near, questions, nearly, shortened):
        for index, match in matches_by_index.items():
            matches[index] = matches[index] or match
    return matches


ByYear = dict[int | None, Candidate]


class _Known:
    """The records so far, by DOI and by title; those of a frequent title are not searched one by
    one.
    """

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self.by_doi: dict[str, list[Candidate]] = defaultdict(list)
        # The first of each title and year: of all, and of those without a DOI.
        self.by_title: dict[str, ByYear] = defaultdict(dict)
        self.without_doi: dict[str, ByYear] = defaultdict(dict)
        self.by_person: dict[tuple[str, str], list[Candidate]] = defaultdict(list)
        self.order: dict[int, int] = {}
        for candidate in candidates:
            self.add(candidate)

    def add(self, candidate: Candidate) -> None:
        self.order[id(candidate)] = len(self.order)
        if candidate.doi:
            self.by_doi[candidate.doi].append(candidate)
        if candidate.title:
            self.by_title[candidate.title].setdefault(candidate.year, candidate)
            if not candidate.doi:
                self.without_doi[candidate.title].setdefault(candidate.year, candidate)
            for person in candidate.people if candidate.doi else ():
                self.by_person[candidate.title, person].append(candidate)

    def match(self, addition: Candidate) -> Match | None:
        for other in self.by_doi.get(addition.doi, ()):
            if not addition.has_different_title(other):
                return other.match(SAME_DOI, 100.0)
        twins = [
            other for other in self.of_same_title(addition) if addition.has_same_title_as(other)
        ]
        if not twins:
            return None
        return min(twins, key=lambda other: self.order[id(other)]).match(SAME_TITLE, 100.0)

    def of_same_title(self, addition: Candidate) -> Iterator[Candidate]:
        titles = self.without_doi if addition.doi else self.by_title
        by_year: ByYear = titles.get(addition.title, {})
        years = list(by_year) if addition.year is None else [addition.year, None]
        yield from (by_year[key] for key in years if key in by_year)
        if addition.doi:
            for person in addition.people:
                yield from self.by_person.get((addition.title, person), ())

    def question(self, addition: Candidate) -> Match | None:
        others = self.by_doi.get(addition.doi)
        return others[0].question(addition, SAME_DOI, 100.0) if others else None


def _exact_matches(
    additions: Iterable[Candidate], candidates: Iterable[Candidate]
) -> tuple[list[Match | None], dict[int, Match]]:
    """(a Match or None for each addition, {index: the Match to ask about})."""
    known = _Known(candidates)
    matches: list[Match | None] = []
    questions: dict[int, Match] = {}
    for addition in additions:
        matches.append(known.match(addition))
        if matches[-1] is None:
            question = known.question(addition)
            if question:
                questions[addition.position] = question
            known.add(addition)
    return matches, questions


def _near_matches(
    open_indexes: Sequence[int], additions: Sequence[Candidate], candidates: Iterable[Candidate]
) -> tuple[dict[int, Match], dict[int, Match]]:
    """(sure, possible), each {index: Match}: additions that nearly repeat a candidate or an earlier
    addition.
    """
    open_indexes = [place for place in open_indexes if additions[place].has_usual_title]
    pool = [*candidates, *(additions[place] for place in open_indexes)]
    index = _WordIndex([candidate for candidate in pool if candidate.has_usual_title])
    sure: dict[int, Match] = {}
    possible: dict[int, Match] = {}
    for place in open_indexes:
        # In the order of the file, and past those matched already: a chain of copies points to its
        # first.
        match = index.nearest(additions[place], sure)
        if match:
            (sure if match.is_sure else possible)[place] = match
    return sure, possible


class _WordIndex:
    """Finds the titles worth comparing: those that share one of the rarest words and all numbers,
    within one year.

    Comparing all pairs of 10,000 titles takes half a minute; nearly equal titles share nearly all
    of their words. One title of many records ("Guest editorial") is compared once.
    """

    def __init__(self, pool: Iterable[Candidate]) -> None:
        # The numbers in a title -> a word of it -> the year -> the titles, in order.
        self.places: dict[tuple[str, ...], dict[str, dict[int | None, dict[str, bool]]]] = (
            defaultdict(lambda: defaultdict(lambda: defaultdict(dict)))
        )
        self.records: dict[str, list[Candidate]] = defaultdict(list)
        self.people: dict[str, dict[str, list[Candidate]]] = {}
        for candidate in pool:
            self.records[candidate.title].append(candidate)
            by_word = self.places[candidate.numbers]
            for word in candidate.words:
                by_word[word][candidate.year][candidate.title] = True
        self.titles = Counter(
            word for fellows in self.records.values() for word in fellows[0].words
        )

    def nearest(self, addition: Candidate, matched: Collection[int]) -> Match | None:
        def is_before(other: Candidate) -> bool:
            return other.position < addition.position and other.position not in matched

        scores = self.scores(addition)
        near = [(score, other) for title, score in scores.items() for other in self.records[title]]
        sure = [
            pair for pair in near if is_before(pair[1]) and addition.is_near_duplicate_of(pair[1])
        ]
        if sure:
            score, other = max(sure, key=_preference)
            return other.match(NEAR_TITLE, score)
        scores[addition.title] = 100.0
        near = [
            (score, other)
            for title, score in scores.items()
            for other in self.of_people(title, addition.people)
        ]
        possible = [
            pair for pair in near if is_before(pair[1]) and addition.may_be_same_as(pair[1])
        ]
        if possible:
            score, other = max(possible, key=_preference)
            why = SAME_TITLE if addition.title == other.title else NEAR_TITLE
            return other.question(addition, why, score)
        return None

    def scores(self, addition: Candidate) -> dict[str, float]:
        """{another title: its likeness, 0 to 100}."""
        titles = self.worth_comparing(addition)
        if not titles:
            return {}
        (scores,) = process.cdist(
            [addition.title], titles, scorer=fuzz.ratio, score_cutoff=LEAST_SCORE
        )
        return {titles[index]: float(scores[index]) for index in np.flatnonzero(scores)}

    def worth_comparing(self, addition: Candidate) -> list[str]:
        # A misspelt word stands in no other title: it cannot help.
        """The titles that share a rare word and all numbers, within a year."""
        shared = sorted(
            (word for word in addition.words if self.titles[word] > 1),
            key=lambda word: self.titles[word],
        )
        titles: dict[str, bool] = {}
        by_word = self.places[addition.numbers]
        for word in shared[:WORDS_TO_TRY]:
            by_year: dict[int | None, dict[str, bool]] = by_word.get(word, {})
            for year in by_year if addition.year is None else _years_around(addition.year):
                titles |= by_year.get(year, {})
        titles.pop(addition.title, None)
        return list(titles)

    def of_people(self, title: str, people: Iterable[str]) -> Collection[Candidate]:
        """The records of this title that share one of these people."""
        if title not in self.people:
            self.people[title] = defaultdict(list)
            for record in self.records[title]:
                for person in record.people:
                    self.people[title][person].append(record)
        by_person = self.people[title]
        records = (record for person in people for record in by_person.get(person, ()))
        return {id(record): record for record in records}.values()


def _years_around(year: int) -> list[int | None]:
    return [*range(year - 1, year + 2), None]


def _preference(pair: tuple[float, Candidate]) -> tuple[bool, float, int]:
    """The order of matches: existing papers first, then the better score, then the order of the
    file.
    """
    score, other = pair
    return not other.is_in_file, score, -other.position


def _subtitle_matches(
    open_indexes: Sequence[int], additions: Sequence[Candidate], candidates: Iterable[Candidate]
) -> dict[int, Match]:
    """{index: Match} of additions whose title equals another one except for a subtitle."""
    whole: dict[str, list[Candidate]] = defaultdict(list)
    main: dict[str, list[Candidate]] = defaultdict(list)
    matches = {}
    for candidate in [*candidates, *(additions[index] for index in open_indexes)]:
        fellows = [*whole.get(candidate.main_title, ()), *main.get(candidate.title, ())]
        fitting = (other for other in fellows if candidate.may_be_same_without_subtitle(other))
        other = next(fitting, None) if candidate.is_in_file and candidate.title else None
        if other:
            score = fuzz.ratio(candidate.title, other.title)
            matches[candidate.position] = other.question(candidate, SAME_MAIN_TITLE, score)
        if candidate.title:
            whole[candidate.title].append(candidate)
        if candidate.main_title:
            main[candidate.main_title].append(candidate)
    return matches
