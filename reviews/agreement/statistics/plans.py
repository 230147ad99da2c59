"""A coefficient made ready for one set of ratings: patterns of papers, and a function from their
counts to values.

Papers with the same ratings are one pattern. The value itself and every bootstrap replicate are the
same computation with other counts of patterns, so what holds for one holds for the other.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from reviews.agreement.statistics.ratings import MISSING, NotApplicable


@dataclass(frozen=True)
class Patterns:
    """`columns`: raters × patterns, as in a `Table`. `counts`: how many papers show each
    pattern.
    """

    columns: np.ndarray
    counts: np.ndarray

    @property
    def sizes(self):
        """Ratings per paper of each pattern."""
        return (self.columns >= 0).sum(axis=0)


@dataclass(frozen=True)
class Plan:
    """`evaluate(counts)`: patterns × replicates -> one value per replicate, nan where undefined.
    `reason()`: why the value of these ratings is undefined, as a sentence."""

    patterns: Patterns
    evaluate: Callable
    reason: Callable

    def value(self):
        value = self.evaluate(self.patterns.counts[:, None])[0]
        return None if np.isnan(value) else float(value)


def patterns_of(table, at_least=2, is_ordered=False):
    """The patterns of the papers with `at_least` ratings; who gave which rating is kept only where
    `is_ordered`.
    """
    codes = table.codes[:, (table.codes >= 0).sum(axis=0) >= at_least]
    if not is_ordered:
        codes = np.sort(codes, axis=0)
    if not codes.size:
        return Patterns(codes[:, :0], np.zeros(0, dtype=np.int64))
    first, counts = _distinct_columns(codes, len(table.values) + 1)
    return Patterns(codes[:, first], counts)


def _distinct_columns(codes, base):
    if len(codes) * np.log2(base) < 62:
        # Each column as one whole number: sorting numbers is much quicker than sorting columns.
        weights = np.array([base**rater for rater in reversed(range(len(codes)))], dtype=np.int64)
        _, first, counts = np.unique(
            weights @ (codes - MISSING), return_index=True, return_counts=True
        )
        return first, counts
    _, first, counts = np.unique(codes, axis=1, return_index=True, return_counts=True)
    return first, counts


def agreeing_pairs(columns):
    """Per pattern the number of pairs of raters who gave the same value."""
    ordered = np.sort(columns, axis=0)
    pairs = np.zeros(columns.shape[1], dtype=np.int64)
    run = np.zeros_like(pairs)
    for above, below in pairwise(ordered):
        # The n-th equal value in a row agrees with the n - 1 before it.
        run = np.where((below == above) & (below >= 0), run + 1, 0)
        pairs += run
    return pairs


def sum_over_pairs(columns, measure):
    """Per pattern the sum of `measure(one, other)` over pairs of raters who both rated; a loop over
    raters only.
    """
    total = np.zeros(columns.shape[1])
    for rater in range(1, len(columns)):
        for before in range(rater):
            both = (columns[rater] >= 0) & (columns[before] >= 0)
            total[both] += measure(columns[rater, both], columns[before, both])
    return total


def ratio(numerator, denominator):
    """Division that answers nan where there is nothing to divide by."""
    numerator, denominator = np.broadcast_arrays(
        np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    )
    return np.divide(
        numerator, denominator, out=np.full(denominator.shape, np.nan), where=denominator != 0
    )


def why_undefined(table, at_least=2):
    """The plain reason why a coefficient has no value for these ratings."""
    rated = table.codes >= 0
    if not rated.any():
        return "nothing was coded"
    if rated.any(axis=1).sum() < 2:
        return "only one rater coded papers"
    if not (rated.sum(axis=0) >= 2).any():
        return "no paper was coded by two raters"
    shared = table.codes[:, rated.sum(axis=0) >= at_least]
    if len(np.unique(shared[shared >= 0])) < 2:
        return "no variation: every rating is the same"
    return "not computable from these ratings"


def two_raters(table, name):
    """The papers that both of exactly two raters coded."""
    if len(table.codes) != 2:
        raise NotApplicable(f"{name} compares exactly two raters, not {len(table.codes)}.")
    both = (table.codes >= 0).all(axis=0)
    return replace(table, codes=table.codes[:, both])


def scale_weights(size, weights):
    """The agreement of two places on a scale of `size` categories: size × size, 1 on the diagonal,
    0 at both ends.
    """
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size))) / max(size - 1, 1)
    if weights is None:
        return np.eye(size)
    if weights == "linear":
        return 1 - apart
    if weights == "quadratic":
        return 1 - apart**2
    raise ValueError(f"Weights are None, 'linear' or 'quadratic', not {weights!r}.")
