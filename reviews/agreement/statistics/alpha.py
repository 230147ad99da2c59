"""Krippendorff's alpha, with a distance for each of its metrics."""

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from reviews.agreement.statistics.arrays import Floats, Ints, Numbers
from reviews.agreement.statistics.distances import RatioDistance, SetDistance
from reviews.agreement.statistics.plans import (
    Patterns,
    Plan,
    agreeing_pairs,
    is_varied,
    patterns_of,
    ratio,
    sum_over_pairs,
    why_undefined,
)
from reviews.agreement.statistics.ratings import Ratings, Table, Value, tabulate
from reviews.agreement.statistics.sums import marginals, weighted_sum

SET_METRICS = ("jaccard", "masi")
METRICS = ("nominal", "ordinal", "interval", "ratio", *SET_METRICS)
# Replicates × patterns looked at in one go where a value is needed for each.
CELLS = 4_000_000

# Counts of patterns and of values -> the observed and the expected disagreement, per replicate.
Disagreement = Callable[[Numbers, Numbers], tuple[Floats, Floats]]


def krippendorff_alpha(
    ratings: Ratings, metric: str = "nominal", categories: Iterable[Value] | None = None
) -> float | None:
    """Krippendorff's alpha: 1 - Do / De, with Do the mean distance within papers, De over all pairs
    of ratings.

    Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability". Papers with one rating count
    neither in Do nor in De. `metric`: nominal; ordinal (distances from the marginals; `categories`
    in scale order unless values are numbers); interval and ratio (numbers); jaccard and masi (sets
    of labels, `categories` then the labels). None without variation or when no paper has two
    ratings.
    """
    return krippendorff_plan(ratings, metric, categories).value()


def krippendorff_plan(
    ratings: Ratings, metric: str = "nominal", categories: Iterable[Value] | None = None
) -> Plan:
    table, patterns, disagreement = alpha_parts(ratings, metric, categories)
    given = marginals(patterns.columns, len(table.values))

    def evaluate(counts: Numbers) -> Floats:
        times = given(_whole(counts, patterns))
        observed, expected = disagreement(counts, times)
        pairable = times.sum(axis=0, dtype=float)
        return 1 - ratio((pairable - 1) * observed, np.where(is_varied(times), expected, 0.0))

    return Plan(patterns, evaluate, partial(why_undefined, table))


def alpha_parts(
    ratings: Ratings, metric: str, categories: Iterable[Value] | None
) -> tuple[Table, Patterns, Disagreement]:
    """(table, patterns, disagreement): `disagreement(counts of patterns, counts of values)` is, per
    replicate, the pair (Σ over papers of the distances within, each pair twice over m - 1; Σ over
    all ordered pairs of ratings)."""
    table = on_metric(ratings, metric, categories)
    patterns = patterns_of(table)
    if metric == "nominal":
        return table, patterns, _nominal(patterns)
    if metric == "ordinal":
        return table, patterns, _ordinal(patterns)
    if metric == "interval":
        return table, patterns, _interval(patterns, table.numbers())
    return table, patterns, _by_distance(patterns, distance_of(table, metric, categories))


def on_metric(ratings: Ratings, metric: str, categories: Iterable[Value] | None) -> Table:
    """The table a metric works on; for sets `categories` are labels, which `distance_of` checks."""
    if metric not in METRICS:
        raise ValueError(f"{metric!r} is no metric; the metrics are {', '.join(METRICS)}.")
    table = tabulate(ratings, None if metric in SET_METRICS else categories)
    return table.on_scale() if metric == "ordinal" and categories is None else table


def distance_of(
    table: Table, metric: str, categories: Iterable[Value] | None
) -> SetDistance | RatioDistance:
    """The distance of a metric that is not computed from sums of squares: jaccard, masi, ratio."""
    return (
        SetDistance(table, categories, metric == "masi")
        if metric in SET_METRICS
        else RatioDistance(table)
    )


def _whole(counts: Numbers, patterns: Patterns) -> Numbers:
    """Counts in the narrowest whole numbers that hold every sum of them: adding is then a matter of
    memory only.
    """
    most = int(counts.sum(axis=0).max(initial=0)) * len(patterns.columns)
    return counts.astype(
        np.int16 if most < 2**15 else np.int32 if most < 2**31 else np.int64, copy=False
    )


def _per_rating(patterns: Patterns) -> Floats:
    """1 / (m - 1) per pattern, m its ratings per paper, and 1 for fewer than two ratings."""
    return 1 / np.maximum(patterns.sizes - 1, 1)


def _nominal(patterns: Patterns) -> Disagreement:
    within = 2 * (patterns.pairs - agreeing_pairs(patterns.columns)) * _per_rating(patterns)

    def disagreement(counts: Numbers, times: Numbers) -> tuple[Floats, Floats]:
        times = times.astype(float)
        return weighted_sum(within, counts), times.sum(axis=0) ** 2 - (times**2).sum(axis=0)

    return disagreement


def _interval(patterns: Patterns, values: Floats) -> Disagreement:
    values = values - (values.mean() if values.size else 0.0)
    within = 2 * _squares(patterns.columns, values[:, None])[:, 0] * _per_rating(patterns)
    return lambda counts, times: (
        weighted_sum(within, counts),
        _spread(times.astype(float), values[:, None]),
    )


def _ordinal(patterns: Patterns) -> Disagreement:
    """Krippendorff's ordinal distance, (Σ from c to k of n - (n_c + n_k) / 2)², squares a
    difference of mid-ranks.
    """
    per_rating = 2 * _per_rating(patterns)
    height = max(1, CELLS // max(patterns.counts.size, 1))

    def disagreement(counts: Numbers, times: Numbers) -> tuple[Floats, Floats]:
        given = times.astype(float)
        ranks = np.cumsum(given, axis=0) - given / 2
        ranks -= ratio((given * ranks).sum(axis=0), given.sum(axis=0))
        observed = np.empty(counts.shape[1])
        for start in range(0, counts.shape[1], height):
            part = slice(start, start + height)
            within = _squares(patterns.columns, ranks[:, part])
            observed[part] = np.einsum("pb,pb,p->b", within, counts[:, part], per_rating)
        return observed, _spread(given, ranks)

    return disagreement


def _spread(times: Numbers, values: Numbers) -> Floats:
    """Σ over all ordered pairs of ratings of the squared difference, 2 (n Σ v² - (Σ v)²), per
    replicate; times and values are values × replicates.
    """
    return 2 * (
        times.sum(axis=0) * (times * values**2).sum(axis=0) - (times * values).sum(axis=0) ** 2
    )


def _squares(columns: Ints, values: Floats) -> Floats:
    """Per pattern Σ over pairs of raters of the squared difference. values is values ×
    replicates.
    """
    if not columns.size:
        return np.zeros((columns.shape[1], values.shape[1]))
    # Differences from the paper's own last rating, always there as columns are sorted: equal
    # ratings give exactly 0.
    last = values[columns[-1]]
    total, squares = np.zeros_like(last), np.zeros_like(last)
    for row in columns[:-1]:
        apart = np.where((row >= 0)[:, None], values[row] - last, 0.0)
        total += apart
        squares += apart**2
    return (columns >= 0).sum(axis=0)[:, None] * squares - total**2


def _by_distance(patterns: Patterns, distance: SetDistance | RatioDistance) -> Disagreement:
    within = 2 * sum_over_pairs(patterns.columns, distance.between) * _per_rating(patterns)
    return lambda counts, times: (weighted_sum(within, counts), distance.quadratic(times))
