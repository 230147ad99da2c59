"""Details of agreement: pairs of raters, marginals, coincidences, the papers that differ most."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from reviews.agreement.statistics.alpha import alpha_parts, distance_of
from reviews.agreement.statistics.arrays import Floats, Ints
from reviews.agreement.statistics.bootstrap import Coefficient, Figure, measure, plan_of
from reviews.agreement.statistics.plans import patterns_of, ratio, sum_over_pairs
from reviews.agreement.statistics.ratings import Ratings, Table, Value, labels_in, tabulate

YES_NO = (False, True)
# Of two arrays of value indexes, pair by pair.
Distance = Callable[[Ints, Ints], Floats]


def specific_agreement(ratings: Ratings, category: Value) -> float | None:
    """Of the times one rater gave this category, the share where another rater of the paper gave it
    too: Σ n(n - 1) / Σ n(m - 1), n of the paper's m ratings being the category; for two raters 2a /
    (2a + b + c).

    Cicchetti and Feinstein 1990, Journal of Clinical Epidemiology 43, pp. 551-558. None when nobody
    gave it on a paper with two ratings.
    """
    table = tabulate(ratings)
    patterns = patterns_of(table)
    times = np.zeros(patterns.counts.size)
    for code, value in enumerate(table.values):
        if value == category:
            times = (patterns.columns == code).sum(axis=0)
    share = ratio(
        patterns.counts @ (times * (times - 1)), patterns.counts @ (times * (patterns.sizes - 1))
    )
    return None if np.isnan(share) else float(share)


def positive_agreement(ratings: Ratings) -> float | None:
    """`specific_agreement` on True (or 1) of yes-no ratings; ValueError for a value that is neither
    True nor False.
    """
    return specific_agreement(tabulate(ratings, YES_NO), True)


def negative_agreement(ratings: Ratings) -> float | None:
    """`specific_agreement` on False (or 0) of yes-no ratings; ValueError for a value that is
    neither True nor False.
    """
    return specific_agreement(tabulate(ratings, YES_NO), False)


def median_absolute_difference(ratings: Ratings) -> float | None:
    """The median over all pairs of ratings of the same paper of |a - b|, in the unit of the
    numbers.

    None when no paper has two ratings; ValueError for a value that is not a number.
    """
    table = tabulate(ratings)
    values = table.numbers()
    differences = []
    for first, second in combinations(table.codes, 2):
        both = (first >= 0) & (second >= 0)
        differences.append(np.abs(values[first[both]] - values[second[both]]))
    every = np.concatenate(differences) if differences else np.zeros(0)
    return float(np.median(every)) if every.size else None


@dataclass(frozen=True)
class Coincidences:
    """`matrix[c, k]`: how often c and k met on a paper, each paper counting as often as it has
    ratings (symmetric; the sum is the number of pairable ratings). `papers[c, k]`, c before k or
    equal: the indexes of those papers."""

    categories: tuple[Value, ...]
    matrix: Floats
    papers: dict[tuple[int, int], list[int]]


def coincidence_matrix(ratings: Ratings, categories: Iterable[Value] | None = None) -> Coincidences:
    """Krippendorff's coincidence matrix (2011, section C), with the papers behind every cell."""
    table = tabulate(ratings, categories)
    size = len(table.values)
    rated = (table.codes >= 0).sum(axis=0)
    matrix = np.zeros((size, size))
    meetings = []
    for first, second in combinations(table.codes, 2):
        both = np.flatnonzero((first >= 0) & (second >= 0))
        share = 1 / (rated[both] - 1)
        np.add.at(matrix, (first[both], second[both]), share)
        np.add.at(matrix, (second[both], first[both]), share)
        low, high = np.minimum(first[both], second[both]), np.maximum(first[both], second[both])
        meetings.append((low * size + high) * len(rated) + both)
    papers: dict[tuple[int, int], list[int]] = {}
    for key in np.unique(np.concatenate(meetings)).tolist() if meetings else []:
        cell, paper = divmod(key, len(rated))
        papers.setdefault(divmod(cell, size), []).append(paper)
    return Coincidences(table.values, matrix, papers)


@dataclass(frozen=True)
class Pairwise:
    """Raters × raters, None on the diagonal and where undefined; `papers[r][s]`: how many both
    coded.
    """

    values: list[list[float | None]]
    papers: list[list[int]]


def pairwise(ratings: Ratings, coefficient: Coefficient) -> Pairwise:
    """A coefficient for every two raters, each over the papers both coded."""
    table = tabulate(ratings)
    raters = range(len(table.codes))
    values: list[list[float | None]] = [[None] * len(raters) for _ in raters]
    papers = [[0] * len(raters) for _ in raters]
    for first, second in combinations(raters, 2):
        codes = table.codes[[first, second]]
        both = Table(codes[:, (codes >= 0).all(axis=0)], table.values)
        papers[first][second] = papers[second][first] = both.codes.shape[1]
        values[first][second] = values[second][first] = plan_of(coefficient, both).value()
    return Pairwise(values, papers)


@dataclass(frozen=True)
class Marginals:
    """One rater: papers coded, how often each value or label was given, mean number of labels (None
    if plain).
    """

    papers: int
    times: dict[Value, int]
    labels_per_paper: float | None


def marginals_by_rater(ratings: Ratings) -> list[Marginals]:
    """How often each rater gives each value, most frequent first."""
    table = tabulate(ratings)
    marginals = []
    for codes in table.codes:
        rated = codes[codes >= 0]
        times = Counter[Value]()
        for code, number in enumerate(np.bincount(rated, minlength=len(table.values)).tolist()):
            if number:
                times.update(dict.fromkeys(labels_in(table.values[code]), number))
        is_of_sets = any(isinstance(table.values[code], frozenset) for code in np.unique(rated))
        mean = sum(times.values()) / len(rated) if is_of_sets else None
        ordered = sorted(times.items(), key=lambda item: (-item[1], repr(item[0])))
        marginals.append(Marginals(len(rated), dict(ordered), mean))
    return marginals


def leave_one_rater_out(ratings: Ratings, coefficient: Coefficient) -> list[Figure]:
    """The `Figure` of the other raters for each rater, without interval."""
    table = tabulate(ratings)
    others = [np.delete(table.codes, rater, axis=0) for rater in range(len(table.codes))]
    return [measure(Table(codes, table.values), coefficient, replicates=0) for codes in others]


def worst_papers(
    ratings: Ratings,
    metric: str = "nominal",
    categories: Iterable[Value] | None = None,
    limit: int | None = None,
) -> list[tuple[int, float]]:
    """Papers that differ, worst first: (index of the paper, mean distance of its ratings / the
    expected distance).

    1 is as far apart as ratings taken from any two papers. Metric and categories as for
    `krippendorff_alpha`.
    """
    table, patterns, disagreement = alpha_parts(ratings, metric, categories)
    shared = np.flatnonzero((table.codes >= 0).sum(axis=0) >= 2)
    codes = table.codes[:, shared]
    times = np.bincount(codes[codes >= 0], minlength=len(table.values))
    if (times > 0).sum() < 2:
        return []
    _, between = disagreement(patterns.counts[:, None], times[:, None])
    expected = between[0] / (times.sum() * (times.sum() - 1))
    distances = _mean_distances(codes, _distance(table, metric, categories, times)) / expected
    by_paper = zip(shared.tolist(), distances.tolist(), strict=True)
    differing = [(paper, distance) for paper, distance in by_paper if distance > 0]
    return sorted(differing, key=lambda paper: (-paper[1], paper[0]))[:limit]


def _mean_distances(codes: Ints, distance: Distance) -> Floats:
    """Per paper the mean over its pairs of ratings."""
    raters = (codes >= 0).sum(axis=0)
    return sum_over_pairs(codes, distance) / (raters * (raters - 1) / 2)


def _distance(
    table: Table, metric: str, categories: Iterable[Value] | None, times: Ints
) -> Distance:
    if metric == "nominal":
        return lambda first, second: (first != second).astype(float)
    if metric in ("ordinal", "interval"):
        values = table.numbers() if metric == "interval" else np.cumsum(times) - times / 2
        return lambda first, second: (values[first] - values[second]) ** 2
    return distance_of(table, metric, categories).between
