"""What lies behind a figure: pairs of raters, single codes, confusions, papers."""

from collections import Counter
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np

from reviews.agreement.statistics.bootstrap import Figure, measure, plan_of
from reviews.agreement.statistics.coefficients import (
    alpha_parts,
    cohen_kappa,
    conger_kappa,
    distance_of,
    gwet_ac,
    krippendorff_alpha,
    percent_agreement,
)
from reviews.agreement.statistics.distances import SetDistance
from reviews.agreement.statistics.plans import patterns_of, ratio, sum_over_pairs
from reviews.agreement.statistics.ratings import MISSING, Table, in_order, tabulate

YES_NO = (False, True)


def specific_agreement(ratings, category):
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


def positive_agreement(ratings):
    """`specific_agreement` on True (or 1) of yes-no ratings; ValueError for a value that is neither
    True nor False.
    """
    return specific_agreement(tabulate(ratings, YES_NO), True)


def negative_agreement(ratings):
    """`specific_agreement` on False (or 0) of yes-no ratings; ValueError for a value that is
    neither True nor False.
    """
    return specific_agreement(tabulate(ratings, YES_NO), False)


def median_absolute_difference(ratings):
    """The median over all pairs of ratings of the same paper of |a - b|, in the unit of the
    numbers.

    None when no paper has two ratings; ValueError for a value that is not a number.
    """
    table = tabulate(ratings)
    values = table.numbers()
    differences = []
    for one, other in combinations(table.codes, 2):
        both = (one >= 0) & (other >= 0)
        differences.append(np.abs(values[one[both]] - values[other[both]]))
    differences = np.concatenate(differences) if differences else np.zeros(0)
    return float(np.median(differences)) if differences.size else None


@dataclass(frozen=True)
class Coincidences:
    """`matrix[c, k]`: how often c and k met on a paper, each paper counting as often as it has
    ratings (symmetric; the sum is the number of pairable ratings). `papers[c, k]`, c before k or
    equal: the indexes of those papers."""

    categories: tuple
    matrix: np.ndarray
    papers: dict


def coincidence_matrix(ratings, categories=None):
    """Krippendorff's coincidence matrix (2011, section C), with the papers behind every cell."""
    table = tabulate(ratings, categories)
    size = len(table.values)
    rated = (table.codes >= 0).sum(axis=0)
    matrix = np.zeros((size, size))
    met = []
    for one, other in combinations(table.codes, 2):
        papers = np.flatnonzero((one >= 0) & (other >= 0))
        share = 1 / (rated[papers] - 1)
        np.add.at(matrix, (one[papers], other[papers]), share)
        np.add.at(matrix, (other[papers], one[papers]), share)
        low, high = np.minimum(one[papers], other[papers]), np.maximum(one[papers], other[papers])
        met.append((low * size + high) * len(rated) + papers)
    papers = {}
    for key in np.unique(np.concatenate(met)).tolist() if met else []:
        cell, paper = divmod(key, len(rated))
        papers.setdefault(divmod(cell, size), []).append(paper)
    return Coincidences(table.values, matrix, papers)


@dataclass(frozen=True)
class Pairwise:
    """Raters × raters, None on the diagonal and where undefined; `papers[r][s]`: how many both
    coded.
    """

    values: list
    papers: list


def pairwise(ratings, coefficient):
    """A coefficient for every two raters, each over the papers both coded."""
    table = tabulate(ratings)
    raters = range(len(table.codes))
    values = [[None] * len(raters) for _ in raters]
    papers = [[0] * len(raters) for _ in raters]
    for one, other in combinations(raters, 2):
        codes = table.codes[[one, other]]
        both = Table(codes[:, (codes >= 0).all(axis=0)], table.values)
        papers[one][other] = papers[other][one] = both.codes.shape[1]
        values[one][other] = values[other][one] = plan_of(coefficient, both).value()
    return Pairwise(values, papers)


@dataclass(frozen=True)
class Marginals:
    """One rater: papers coded, how often each value or label was given, mean number of labels (None
    if plain).
    """

    papers: int
    times: dict
    labels_per_paper: float | None


def marginals_by_rater(ratings):
    """What each rater gives, most frequent first: shows who codes more, or prefers one code."""
    table = tabulate(ratings)
    found = []
    for codes in table.codes:
        rated = codes[codes >= 0]
        times = Counter()
        for code, number in enumerate(np.bincount(rated, minlength=len(table.values)).tolist()):
            value = table.values[code]
            times.update(
                dict.fromkeys(value if isinstance(value, frozenset) else [value], number)
                if number
                else {}
            )
        is_of_sets = any(isinstance(table.values[code], frozenset) for code in np.unique(rated))
        mean = sum(times.values()) / len(rated) if is_of_sets else None
        ordered = sorted(times.items(), key=lambda item: (-item[1], repr(item[0])))
        found.append(Marginals(len(rated), dict(ordered), mean))
    return found


def leave_one_rater_out(ratings, coefficient):
    """Per rater the `Figure` of the others, without interval: who moves the result."""
    table = tabulate(ratings)
    others = [np.delete(table.codes, rater, axis=0) for rater in range(len(table.codes))]
    return [measure(Table(codes, table.values), coefficient, replicates=0) for codes in others]


def leave_one_code_out(ratings, coefficient, codes):
    """Per code the `Figure` without it and without interval: a label is taken out of every set; a
    plain rating of that value counts as not coded."""
    table = tabulate(ratings)
    return {code: measure(_without(table, code), coefficient, replicates=0) for code in codes}


def _without(table, code):
    left = [
        value - {code} if isinstance(value, frozenset) else None if value == code else value
        for value in table.values
    ]
    values = list(dict.fromkeys(value for value in left if value is not None))
    place = {value: number for number, value in enumerate(values)}
    new = np.array(
        [MISSING if value is None else place[value] for value in left] + [MISSING], dtype=np.int64
    )
    return Table(new[table.codes], tuple(values))


def worst_papers(ratings, metric="nominal", categories=None, limit=None):
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
    raters = (codes >= 0).sum(axis=0)
    apart = sum_over_pairs(codes, _distance(table, metric, categories, times)) / (
        raters * (raters - 1) / 2
    )
    found = [
        (paper, float(mean / expected))
        for paper, mean in zip(shared.tolist(), apart, strict=True)
        if mean > 0
    ]
    return sorted(found, key=lambda paper: (-paper[1], paper[0]))[:limit]


def _distance(table, metric, categories, times):
    if metric == "nominal":
        return lambda one, other: (one != other).astype(float)
    if metric in ("ordinal", "interval"):
        values = table.numbers() if metric == "interval" else np.cumsum(times) - times / 2
        return lambda one, other: (values[one] - values[other]) ** 2
    return distance_of(table, metric, categories).between


@dataclass(frozen=True)
class ConfusedPair:
    """`one` given by a rater where another rater of the paper gave `other` instead, and neither
    gave both.

    `count`: how often; `lift`: that, over what it would be if who misses what were unrelated;
    `papers`: their indexes;
    `by_raters`: {(rater who gave `one`, rater who gave `other`): times}.
    """

    one: object
    other: object
    count: int
    lift: float
    papers: list
    by_raters: dict


def confused_pairs(ratings, at_least=2, limit=20):
    """Labels (or plain values) that stand for one another between raters, by lift, then by count.

    Over all N ordered pairs of raters of a paper: x(A) of them have A on the first side only, n(A,
    B) have A on the first and B on the second side only; lift = n(A, B) · N / (x(A) · x(B)).
    `at_least` keeps chance meetings of rare codes out."""
    table = tabulate(ratings)
    labels, member = _membership(table)
    together = np.zeros((len(labels), len(labels)))
    alone = np.zeros(len(labels))
    compared = []
    for one, other in combinations(range(len(table.codes)), 2):
        papers = np.flatnonzero((table.codes[one] >= 0) & (table.codes[other] >= 0))
        mine, theirs = member[table.codes[one, papers]], member[table.codes[other, papers]]
        compared.append((one, other, papers, mine & ~theirs, theirs & ~mine))
        ours, others = compared[-1][3].astype(float), compared[-1][4].astype(float)
        together += ours.T @ others + others.T @ ours
        alone += ours.sum(axis=0) + others.sum(axis=0)
    comparisons = 2 * sum(len(papers) for _, _, papers, _, _ in compared)
    lift = ratio(together * comparisons, np.outer(alone, alone))
    found = [
        (-lift[a, b], -together[a, b], a, b)
        for a, b in zip(*np.nonzero(np.triu(together >= max(at_least, 1), 1)), strict=True)
    ]
    return [_confused(labels, a, b, -lift_, compared) for lift_, _, a, b in sorted(found)[:limit]]


def _confused(labels, a, b, lift, compared):
    by_raters, papers = Counter(), set()
    for one, other, indexes, ours, others in compared:
        for first, second, mine, theirs in ((one, other, ours, others), (other, one, others, ours)):
            met = indexes[mine[:, a] & theirs[:, b]]
            if met.size:
                by_raters[first, second] += int(met.size)
                papers.update(met.tolist())
    return ConfusedPair(
        labels[a], labels[b], sum(by_raters.values()), float(lift), sorted(papers), dict(by_raters)
    )


def one_sided(ratings):
    """{label: papers} on which some raters gave this label and others did not. No loop over
    papers.
    """
    table = tabulate(ratings)
    labels, member = _membership(table)
    given, raters = (
        np.zeros((table.codes.shape[1], len(labels)), int),
        (table.codes >= 0).sum(axis=0),
    )
    for row in table.codes:
        papers = np.flatnonzero(row >= 0)
        given[papers] += member[row[papers]]
    is_one_sided = (given > 0) & (given < raters[:, None])
    return {
        label: np.flatnonzero(is_one_sided[:, place]).tolist() for place, label in enumerate(labels)
    }


def _membership(table):
    """(labels, values × labels as booleans); a plain value is a set of itself."""
    sets = [value if isinstance(value, frozenset) else frozenset([value]) for value in table.values]
    as_sets = Table(table.codes, tuple(sets))
    labels = in_order({label for value in sets for label in value})
    return labels, SetDistance(as_sets, labels).member[:, : len(labels)]


@dataclass(frozen=True)
class CodeAgreement:
    """One code of a multi-label section. `papers`: how many have it from at least one rater;
    `differing`: indexes of the papers whose raters differ over it; `given`: per rater how often;
    `only`: per rater how often nobody else who coded the paper gave it; `by_all`: how often all
    gave it. `kappa` is Cohen's for two raters, Conger's for more."""

    code: object
    papers: int
    differing: list
    given: tuple
    only: tuple
    by_all: int
    krippendorff_alpha: Figure
    kappa: Figure
    gwet_ac1: Figure
    positive_agreement: float | None
    negative_agreement: float | None
    percent_agreement: float | None


def binary(ratings, code):
    """Ratings of one code: True where the set holds it, False where not, None where not coded.
    raters × papers.
    """
    table = tabulate(ratings)
    labels, member = _membership(table)
    return _yes_no(
        table,
        member[:, labels.index(code)]
        if code in labels
        else np.zeros(len(table.values), dtype=bool),
    )


def _yes_no(table, has_code):
    return Table(np.append(has_code.astype(np.int64), MISSING)[table.codes], YES_NO)


def per_code(ratings, codes=None, replicates=1000, seed=0):
    """`CodeAgreement` of every code, in the order given (else all labels seen). The interval is
    that of alpha.
    """
    table = tabulate(ratings)
    labels, member = _membership(table)
    place = {label: column for column, label in enumerate(labels)}
    unused = np.zeros(len(table.values), dtype=bool)
    found = []
    for code in labels if codes is None else codes:
        yes_no = _yes_no(table, member[:, place[code]] if code in place else unused)
        found.append(_of_code(code, yes_no, replicates, seed))
    return found


def alphas_of_codes(ratings):
    """`{code: Figure}`: Krippendorff's alpha of every code seen, as yes or no, without an
    interval.
    """
    table = tabulate(ratings)
    labels, member = _membership(table)
    return {
        label: measure(_yes_no(table, member[:, column]), krippendorff_alpha, replicates=0)
        for column, label in enumerate(labels)
    }


def _of_code(code, yes_no, replicates, seed):
    gave, rated = yes_no.codes == 1, yes_no.codes >= 0
    times, coded = gave.sum(axis=0), rated.sum(axis=0)
    kappa = cohen_kappa if len(yes_no.codes) == 2 else conger_kappa
    return CodeAgreement(
        code=code,
        papers=int((times > 0).sum()),
        differing=np.flatnonzero((times > 0) & (times < coded)).tolist(),
        given=tuple(gave.sum(axis=1).tolist()),
        only=tuple((gave & (times == 1) & (coded > 1)).sum(axis=1).tolist()),
        by_all=int(((times == coded) & (coded > 1)).sum()),
        krippendorff_alpha=measure(yes_no, krippendorff_alpha, replicates, seed),
        kappa=measure(yes_no, kappa, replicates=0),
        gwet_ac1=measure(yes_no, partial(gwet_ac, categories=YES_NO), replicates=0),
        positive_agreement=positive_agreement(yes_no),
        negative_agreement=negative_agreement(yes_no),
        percent_agreement=percent_agreement(yes_no),
    )
