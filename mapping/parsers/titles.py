"""Finding the same publication twice, among thousands, in spite of another spelling."""

from collections import Counter, defaultdict

import numpy as np
from rapidfuzz import fuzz, process

from .candidates import (
    NEAR_TITLE,
    SAME_DOI,
    SAME_MAIN_TITLE,
    SAME_TITLE,
    WORDS_TO_TRY,
    Candidate,
    Match,
    normalised_title,
)

__all__ = ["NEAR_TITLE", "SAME_DOI", "SAME_TITLE", "Match", "find_duplicates", "normalised_title"]

# Two titles of usual length that differ by a typing error or two score 97 and above.
LEAST_SCORE = 93


def find_duplicates(new_records, existing=()):
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
    additions = [Candidate(record, is_in_file=True, position=place) for place, record in enumerate(new_records)]
    matches, questions = _exact_matches(additions, candidates)
    open_places = [place for place, match in enumerate(matches) if match is None]
    near, nearly = _near_matches(open_places, additions, candidates)
    shortened = _subtitle_matches([place for place in open_places if place not in near], additions, candidates)
    # What is sure comes first, then the question that is hardest to answer otherwise.
    for found in (near, questions, nearly, shortened):
        for place, match in found.items():
            matches[place] = matches[place] or match
    return matches


class _Known:
    """What was seen so far, by DOI and by title."""

    def __init__(self, candidates):
        self.by_doi, self.by_title = defaultdict(list), defaultdict(list)
        for candidate in candidates:
            self.add(candidate)

    def add(self, candidate):
        if candidate.doi:
            self.by_doi[candidate.doi].append(candidate)
        if candidate.title:
            self.by_title[candidate.title].append(candidate)

    def match(self, addition):
        for other in self.by_doi.get(addition.doi, ()):
            if not addition.has_quite_another_title_than(other):
                return other.match(SAME_DOI, 100.0)
        same = (other for other in self.by_title.get(addition.title, ()) if addition.has_same_title_as(other))
        found = next(same, None)
        return found.match(SAME_TITLE, 100.0) if found else None

    def question(self, addition):
        others = self.by_doi.get(addition.doi)
        return others[0].question(addition, SAME_DOI, 100.0) if others else None


def _exact_matches(additions, candidates):
    """(a Match or None for each addition, {place: the Match to ask about})."""
    known, matches, questions = _Known(candidates), [], {}
    for addition in additions:
        matches.append(known.match(addition))
        if matches[-1] is None:
            question = known.question(addition)
            if question:
                questions[addition.position] = question
            known.add(addition)
    return matches, questions


def _near_matches(open_places, additions, candidates):
    """{place: Match} of the additions that nearly repeat a candidate or an addition before them: (sure, possible)."""
    open_places = [place for place in open_places if additions[place].has_usual_title]
    pool = [*candidates, *(additions[place] for place in open_places)]
    index = _WordIndex([one for one in pool if one.has_usual_title])
    sure, possible = {}, {}
    for place in open_places:
        # In the order of the file, and past those matched already: a chain of copies points to its first.
        found = index.nearest(additions[place], sure)
        if found:
            (sure if found.is_sure else possible)[place] = found
    return sure, possible


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
        others = list(self.worth_comparing(addition))
        if not others:
            return None
        titles = [other.title for other in others]
        (scores,) = process.cdist([addition.title], titles, scorer=fuzz.ratio, score_cutoff=LEAST_SCORE)
        near = [
            (float(scores[place]), others[place])
            for place in np.flatnonzero(scores)
            if others[place].position < addition.position and others[place].position not in matched
        ]
        sure = [pair for pair in near if addition.is_nearly(pair[1])]
        possible = [pair for pair in near if addition.may_be(pair[1])]
        if not sure and not possible:
            return None
        score, other = max(sure or possible, key=lambda pair: (not pair[1].is_in_file, pair[0], -pair[1].position))
        if sure:
            return other.match(NEAR_TITLE, score)
        return other.question(addition, SAME_TITLE if addition.title == other.title else NEAR_TITLE, score)

    def worth_comparing(self, addition):
        # A misspelt word stands in no other title: it cannot help.
        shared = sorted((word for word in addition.words if self.titles[word] > 1), key=lambda word: self.titles[word])
        found = {}
        for word in shared[:WORDS_TO_TRY]:
            near_by = () if addition.year is None else (addition.year - 1, addition.year, addition.year + 1, None)
            years = near_by or self.places[word]
            found |= {id(one): one for year in years for one in self.places[word].get(year, ())}
        return found.values()


def _subtitle_matches(open_places, additions, candidates):
    """{place: Match} of the additions whose title is another one's without its subtitle, or with one."""
    whole, main = defaultdict(list), defaultdict(list)
    found = {}
    for candidate in [*candidates, *(additions[place] for place in open_places)]:
        fellows = [*whole.get(candidate.main_title, ()), *main.get(candidate.title, ())]
        fitting = (other for other in fellows if candidate.may_be_without_subtitle(other))
        other = next(fitting, None) if candidate.is_in_file and candidate.title else None
        if other:
            score = fuzz.ratio(candidate.title, other.title)
            found[candidate.position] = other.question(candidate, SAME_MAIN_TITLE, score)
        if candidate.title:
            whole[candidate.title].append(candidate)
        if candidate.main_title:
            main[candidate.main_title].append(candidate)
    return found
