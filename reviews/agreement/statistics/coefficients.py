"""The coefficients. Each takes ratings (raters × papers) and returns a float, or None where it is
undefined.

All have the form 1 - observed / expected disagreement and differ in what they expect by chance.
Each public function has a plan of the same name with a leading underscore, which the bootstrap
evaluates for a thousand replicates at once.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

import numpy as np

from reviews.agreement.statistics.alpha import krippendorff_alpha, krippendorff_plan
from reviews.agreement.statistics.arrays import Floats, Numbers
from reviews.agreement.statistics.plans import (
    Evaluation,
    Patterns,
    Plan,
    agreeing_pairs,
    is_varied,
    patterns_of,
    ratio,
    scale_weights,
    sum_over_pairs,
    two_raters,
    why_undefined,
)
from reviews.agreement.statistics.ratings import NotApplicable, Ratings, Table, Value, tabulate
from reviews.agreement.statistics.sums import GroupSums, marginals, weighted_sum


def percent_agreement(ratings: Ratings) -> float | None:
    """Mean over papers of the share of agreeing pairs of raters, between 0 and 1. Sets agree when
    they are equal.

    None when no paper has two ratings.
    """
    return _percent_agreement(ratings).value()


def cohen_kappa(
    ratings: Ratings, categories: Iterable[Value] | None = None, weights: str | None = None
) -> float | None:
    """Cohen's kappa of two raters over the papers both coded: 1 - Σ v·o / Σ v·e, with o the
    observed shares of pairs of categories, e the product of the two raters' own shares, v their
    disagreement: 0 or 1, or by `weights` the distance on the scale ("linear") or its square
    ("quadratic").

    Cohen 1960, Educational and Psychological Measurement 20, pp. 37-46; weighted: Cohen 1968,
    Psychological Bulletin 70, pp. 213-220. `categories` in scale order; needed with weights unless
    all values are numbers. None when both raters gave one and the same value throughout, or share
    no paper. ValueError unless there are exactly two raters.
    """
    return _cohen_kappa(ratings, categories, weights).value()


def scott_pi(ratings: Ratings) -> float | None:
    """Scott's pi of two raters over the papers both coded: as kappa, with the shares of both raters
    pooled.

    Scott 1955, Public Opinion Quarterly 19, pp. 321-325. None as for kappa; ValueError unless two
    raters.
    """
    return _scott_pi(ratings).value()


def fleiss_kappa(ratings: Ratings) -> float | None:
    """Fleiss' kappa: (P - Pe) / (1 - Pe), P the mean share of agreeing pairs, Pe = Σ p², p the
    pooled shares.

    Fleiss 1971, Psychological Bulletin 76, pp. 378-382. It wants the same number of ratings on
    every paper, though not by the same raters, else ValueError. None without variation, or with
    fewer than two ratings per paper.
    """
    return _fleiss_kappa(ratings).value()


def conger_kappa(ratings: Ratings) -> float | None:
    """Conger's kappa, Cohen's for two raters and more: Pe is the mean of Σ p·q over pairs of
    raters' own shares p, q.

    Conger 1980, Psychological Bulletin 88, pp. 322-328; with codings missing as Gwet 2014 (Handbook
    of Inter-Rater Reliability, 4th ed., chapter 2): agreement from papers with two ratings or more,
    a rater's shares from all they coded. None without variation, with fewer than two raters, or
    when no paper has two ratings.
    """
    return _conger_kappa(ratings).value()


def brennan_prediger(
    ratings: Ratings, categories: Iterable[Value] | None = None, weights: str | None = None
) -> float | None:
    """Brennan and Prediger's kappa: chance is 1/q for each of q categories (with weights the mean
    weight).

    Brennan and Prediger 1981, Educational and Psychological Measurement 41, pp. 687-699. q counts
    `categories`, else the values seen. None when q < 2 or no paper has two ratings.
    """
    return _brennan_prediger(ratings, categories, weights).value()


def gwet_ac(
    ratings: Ratings, categories: Iterable[Value] | None = None, weights: str | None = None
) -> float | None:
    """Gwet's AC1, with weights ("linear", "quadratic") AC2: (Pa - Pe) / (1 - Pe), Pe = T·Σ p(1 - p)
    / (q(q - 1)), T the sum of all weights (q without), p the mean share of each of q categories
    over papers.

    Gwet 2008, British Journal of Mathematical and Statistical Psychology 61, pp. 29-48; missing
    codings as Gwet 2014: Pa from papers with two ratings or more, p from all. q counts
    `categories`, else the values seen. None when q < 2 or no paper has two ratings. Where two
    categories are declared and all use one of them it is 1: it expects little chance there, which
    is its point, and why it is never shown alone.
    """
    return _gwet_ac(ratings, categories, weights).value()


def _percent_agreement(ratings: Ratings) -> Plan:
    table = tabulate(ratings)
    patterns = patterns_of(table)
    share = ratio(agreeing_pairs(patterns.columns), patterns.pairs)
    return Plan(
        patterns,
        lambda counts: ratio(share @ counts, counts.sum(axis=0)),
        partial(why_undefined, table),
    )


def _cohen_kappa(
    ratings: Ratings, categories: Iterable[Value] | None = None, weights: str | None = None
) -> Plan:
    table = tabulate(ratings, categories)
    if weights is not None and categories is None:
        table = table.on_scale()
    patterns = patterns_of(two_raters(table, "Cohen's kappa"), is_ordered=True)
    size = len(table.values)
    disagreement = None if weights is None else 1 - scale_weights(size, weights)
    first, second = patterns.columns
    observed = (
        (first != second).astype(float) if disagreement is None else disagreement[first, second]
    )
    given = [GroupSums(np.arange(row.size), row, size) for row in (first, second)]

    def evaluate(counts: Numbers) -> Floats:
        papers = counts.sum(axis=0, dtype=float)
        shares, other_shares = (sums(counts.astype(float)) for sums in given)
        if disagreement is None:
            expected = papers**2 - (shares * other_shares).sum(axis=0)
        else:
            expected = (shares * (disagreement @ other_shares)).sum(axis=0)
        return 1 - ratio(papers * (weighted_sum(observed, counts)), expected)

    return Plan(patterns, evaluate, partial(why_undefined, table))


def _scott_pi(ratings: Ratings) -> Plan:
    table = tabulate(ratings)
    two_raters(table, "Scott's pi")
    return _pooled(table)


def _fleiss_kappa(ratings: Ratings) -> Plan:
    table = tabulate(ratings)
    sizes = np.unique((table.codes >= 0).sum(axis=0))
    if len(sizes) > 1:
        raise NotApplicable(
            f"Fleiss' kappa needs the same number of ratings on every paper, here are {sizes[0]} "
            f"to {sizes[-1]}."
        )
    return _pooled(table)


def _pooled(table: Table) -> Plan:
    patterns = patterns_of(table)
    share = ratio(agreeing_pairs(patterns.columns), patterns.pairs)
    given = marginals(patterns.columns, len(table.values))

    def evaluate(counts: Numbers) -> Floats:
        times = given(counts.astype(float))
        total = times.sum(axis=0)
        # 1 - Pe in whole numbers, so that "no variation" is exactly nothing.
        by_chance = total**2 - (times**2).sum(axis=0)
        return 1 - ratio((1 - ratio(share @ counts, counts.sum(axis=0))) * total**2, by_chance)

    return Plan(patterns, evaluate, partial(why_undefined, table))


def _conger_kappa(ratings: Ratings) -> Plan:
    table = tabulate(ratings)
    patterns = patterns_of(table, at_least=1, is_ordered=True)
    raters, size = len(table.codes), len(table.values)
    is_shared = patterns.sizes >= 2
    share = np.where(is_shared, ratio(agreeing_pairs(patterns.columns), patterns.pairs), 0.0)
    by_rater = np.where(
        patterns.columns >= 0, patterns.columns + size * np.arange(raters)[:, None], -1
    )
    given = marginals(by_rater, raters * size)

    def evaluate(counts: Numbers) -> Floats:
        times = given(counts.astype(float)).reshape(raters, size, counts.shape[1])
        coded = times.sum(axis=1, keepdims=True)
        shares = np.divide(times, coded, out=np.zeros_like(times), where=coded > 0)
        active = (coded > 0).sum(axis=(0, 1))
        same = (shares.sum(axis=0) ** 2).sum(axis=0) - (shares**2).sum(axis=(0, 1))
        chance = ratio(same, active * (active - 1))
        chance = np.where(is_varied(times.sum(axis=0)), chance, np.nan)
        observed = ratio(share @ counts, is_shared @ counts)
        return 1 - ratio(1 - observed, 1 - chance)

    return Plan(patterns, evaluate, partial(why_undefined, table, at_least=1))


def _brennan_prediger(
    ratings: Ratings, categories: Iterable[Value] | None = None, weights: str | None = None
) -> Plan:
    table, patterns, observed = _weighted(ratings, categories, weights)
    size = len(table.values)
    chance = scale_weights(size, weights).mean() if size > 1 else np.nan
    return Plan(
        patterns,
        lambda counts: 1 - ratio(1 - observed(counts), 1 - chance),
        partial(_why_no_chance, table),
    )


def _gwet_ac(
    ratings: Ratings, categories: Iterable[Value] | None = None, weights: str | None = None
) -> Plan:
    table, patterns, observed = _weighted(ratings, categories, weights)
    size = len(table.values)
    factor = scale_weights(size, weights).sum() / (size * (size - 1)) if size > 1 else np.nan
    given = marginals(patterns.columns, size)

    def evaluate(counts: Numbers) -> Floats:
        shares = given(counts / patterns.sizes[:, None]) / np.maximum(counts.sum(axis=0), 1)
        chance = factor * (shares * (1 - shares)).sum(axis=0)
        return 1 - ratio(1 - observed(counts), 1 - chance)

    return Plan(patterns, evaluate, partial(_why_no_chance, table))


def _weighted(
    ratings: Ratings, categories: Iterable[Value] | None, weights: str | None
) -> tuple[Table, Patterns, Evaluation]:
    """What AC and Brennan-Prediger share: every paper with a rating, and the weighted share of
    agreeing pairs.
    """
    table = tabulate(ratings, categories)
    if weights is not None and categories is None:
        table = table.on_scale()
    patterns = patterns_of(table, at_least=1)
    is_shared = patterns.sizes >= 2
    agreement = scale_weights(len(table.values), weights) if weights is not None else None
    agreed: Numbers
    if agreement is None:
        agreed = agreeing_pairs(patterns.columns)
    else:
        agreed = sum_over_pairs(patterns.columns, lambda first, second: agreement[first, second])
    share = np.where(is_shared, ratio(agreed, patterns.pairs), 0.0)
    return table, patterns, lambda counts: ratio(share @ counts, is_shared @ counts)


def _why_no_chance(table: Table) -> str:
    reason = why_undefined(table)
    return "only one category is known" if reason.startswith("no variation") else reason


PLANS = {
    percent_agreement: _percent_agreement,
    cohen_kappa: _cohen_kappa,
    scott_pi: _scott_pi,
    fleiss_kappa: _fleiss_kappa,
    conger_kappa: _conger_kappa,
    brennan_prediger: _brennan_prediger,
    gwet_ac: _gwet_ac,
    krippendorff_alpha: krippendorff_plan,
}

# Of categories without an order, as pages and files have them one after the other; and whether it
# needs to know categories that nobody gave. What each is called stands in
# `mapping/protocol/coefficients.py`.
NOMINAL: Mapping[str, tuple[Callable[..., float | None], bool]] = {
    "fleiss_kappa": (fleiss_kappa, False),
    "cohen_kappa": (cohen_kappa, False),
    "conger_kappa": (conger_kappa, False),
    "scott_pi": (scott_pi, False),
    "brennan_prediger": (brennan_prediger, True),
    "gwet_ac1": (gwet_ac, True),
}
