"""How sure a figure is: the percentile bootstrap over papers."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from reviews.agreement.statistics.arrays import Floats, Ints, Numbers
from reviews.agreement.statistics.coefficients import PLANS
from reviews.agreement.statistics.plans import Patterns, Plan, patterns_of, why_undefined
from reviews.agreement.statistics.ratings import NotApplicable, Rating, Ratings, Table, tabulate

# Drawing a pattern count costs about as much as drawing this many papers.
DRAW_COST = 12

# A function of ratings, or a `functools.partial` of one.
Coefficient = Callable[..., float | None]


class Interval(NamedTuple):
    """A 95 % interval and the number of replicates behind it; (None, None, 0) for none."""

    low: float | None
    high: float | None
    replicates: int


NO_INTERVAL = Interval(None, None, 0)


def interval(
    ratings: Ratings, coefficient: Coefficient, replicates: int = 1000, seed: int = 0
) -> Interval:
    """The 95 % percentile bootstrap interval over papers: (low, high, replicates used).

    `coefficient` is a function of ratings, or a `functools.partial` of one. Papers are drawn with
    replacement from those that count for the coefficient, every replicate is computed afresh,
    expected disagreement included (Efron and Tibshirani 1993, chapter 13; for alpha and kappa: Zapf
    et al. 2016, BMC Medical Research Methodology 16:93). Replicates where the coefficient is
    undefined are not used. (None, None, 0) where it is undefined for the ratings themselves, and
    for fewer than two papers, from which nothing can be learned about other papers. Where
    categories are not declared, those of all ratings are the scale of every replicate. The same
    seed gives the same interval, whatever the order of papers (and of raters, except for Cohen's
    and Conger's kappa and functions not of this module)."""
    plan = plan_of(coefficient, ratings)
    return _interval(plan, plan.value(), replicates, seed)


def _interval(plan: Plan, value: float | None, replicates: int, seed: int) -> Interval:
    if replicates < 1:
        raise ValueError(f"An interval needs at least 1 replicate, not {replicates}.")
    if value is None or plan.patterns.counts.sum() < 2:
        return NO_INTERVAL
    values = replicate_values(plan, replicates, seed)
    used = values[~np.isnan(values)]
    if not used.size:
        return NO_INTERVAL
    low, high = np.quantile(used, [0.025, 0.975])
    return Interval(float(low), float(high), int(used.size))


def replicate_values(plan: Plan, replicates: int, seed: int) -> Floats:
    """One value per replicate, nan where undefined."""
    return plan.evaluate(draws(plan.patterns.counts, replicates, seed))


def draws(counts: Ints, replicates: int, seed: int) -> Ints:
    """As many papers as there are, drawn with replacement: counts of patterns, patterns ×
    replicates.
    """
    generator = np.random.default_rng(seed)
    papers = int(counts.sum())
    if len(counts) * DRAW_COST < papers:
        return generator.multinomial(papers, counts / papers, size=replicates).T.copy()
    # With nearly as many patterns as papers one draws papers, which is the same thing and quicker.
    pattern = np.repeat(np.arange(len(counts)), counts)
    drawn = np.empty((replicates, len(counts)), dtype=np.int16 if papers < 2**15 else np.int32)
    for replicate in drawn:
        replicate[:] = np.bincount(
            pattern[generator.integers(0, papers, papers)], minlength=len(counts)
        )
    return np.ascontiguousarray(drawn.T)


def plan_of(coefficient: Coefficient, ratings: Ratings) -> Plan:
    """The plan of one of our coefficients, or one that calls any other function replicate by
    replicate.
    """
    options = {}
    function = coefficient
    if isinstance(coefficient, partial) and not coefficient.args:
        function, options = coefficient.func, coefficient.keywords
    try:
        plan = PLANS.get(function)
    except TypeError:
        plan = None  # a callable object that cannot be hashed is none of ours
    return plan(ratings, **options) if plan else plan_of_any(coefficient, ratings)


def plan_of_any(coefficient: Coefficient, ratings: Ratings) -> Plan:
    """Works for every function of ratings, one call per replicate: right, and slow."""
    table = tabulate(ratings)
    patterns = patterns_of(table, at_least=1, is_ordered=True)

    def evaluate(counts: Numbers) -> Floats:
        values = [coefficient(resampled(table, patterns, replicate)) for replicate in counts.T]
        return np.array([np.nan if value is None else value for value in values], dtype=float)

    return Plan(patterns, evaluate, partial(why_undefined, table))


def resampled(table: Table, patterns: Patterns, counts: Ints) -> list[list[Rating]]:
    """Ratings, raters × papers, with each pattern as often as counted."""
    papers = np.repeat(patterns.columns, counts, axis=1)
    return [[table.values[code] if code >= 0 else None for code in row] for row in papers.tolist()]


@dataclass(frozen=True)
class Figure:
    """A value with what it rests on. `value` is None where undefined, and `reason` then a plain
    sentence, else "".

    `papers`: with two ratings or more; `units`: the ratings on them; `raters`: who gave those.
    `low`, `high`: the 95 % interval from `replicates` replicates, None and 0 where there is none.
    """

    value: float | None
    low: float | None
    high: float | None
    reason: str
    papers: int
    units: int
    raters: int
    replicates: int


def measure(
    ratings: Ratings, coefficient: Coefficient, replicates: int = 1000, seed: int = 0
) -> Figure:
    """A coefficient (as for `interval`) with its interval, its denominators and, where undefined,
    the reason.

    `replicates=0` spares the interval. A coefficient not made for such ratings (Cohen's kappa of
    three raters) is undefined with the reason; unreadable ratings are a ValueError.
    """
    table = tabulate(ratings)
    papers, units, raters = denominators(table)
    try:
        plan = plan_of(coefficient, table)
    except NotApplicable as refusal:
        return Figure(None, None, None, str(refusal), papers, units, raters, 0)
    value = plan.value()
    if value is None:
        return Figure(None, None, None, plan.reason(), papers, units, raters, 0)
    low, high, used = _interval(plan, value, replicates, seed) if replicates else NO_INTERVAL
    return Figure(value, low, high, "", papers, units, raters, used)


def denominators(table: Table) -> tuple[int, int, int]:
    """(papers with two ratings or more, ratings on them, raters who gave these)."""
    rated = table.codes >= 0
    rated = rated[:, rated.sum(axis=0) >= 2]
    return rated.shape[1], int(rated.sum()), int(rated.any(axis=1).sum())
