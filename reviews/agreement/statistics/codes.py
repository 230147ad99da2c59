"""Single codes: how far raters agree over each of them, and which ones they confuse."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import NamedTuple

import numpy as np

from reviews.agreement.statistics.alpha import krippendorff_alpha
from reviews.agreement.statistics.arrays import Bools, Ints
from reviews.agreement.statistics.bootstrap import Coefficient, Figure, measure
from reviews.agreement.statistics.coefficients import (
    cohen_kappa,
    conger_kappa,
    gwet_ac,
    percent_agreement,
)
from reviews.agreement.statistics.details import YES_NO, negative_agreement, positive_agreement
from reviews.agreement.statistics.distances import SetDistance
from reviews.agreement.statistics.plans import ratio
from reviews.agreement.statistics.ratings import (
    MISSING,
    Ratings,
    Table,
    Value,
    in_order,
    labels_in,
    tabulate,
)


def leave_one_code_out(
    ratings: Ratings, coefficient: Coefficient, codes: Iterable[Value]
) -> dict[Value, Figure]:
    """`{code: Figure}` without that code and without interval: a label is taken out of every set, a
    plain rating of that value counts as not coded.
    """
    table = tabulate(ratings)
    return {code: measure(_without(table, code), coefficient, replicates=0) for code in codes}


def _without(table: Table, code: Value) -> Table:
    """The table without this code."""
    left = [
        value - {code} if isinstance(value, frozenset) else None if value == code else value
        for value in table.values
    ]
    values = list(dict.fromkeys(value for value in left if value is not None))
    index = {value: number for number, value in enumerate(values)}
    new = np.array(
        [MISSING if value is None else index[value] for value in left] + [MISSING], dtype=np.int64
    )
    return Table(new[table.codes], tuple(values))


@dataclass(frozen=True)
class ConfusedPair:
    """`one` given by a rater where another rater of the paper gave `other` instead, and neither
    gave both.

    `count`: how often; `lift`: that, over what it would be if who misses what were unrelated;
    `papers`: their indexes;
    `by_raters`: {(rater who gave `one`, rater who gave `other`): times}.
    """

    one: Value
    other: Value
    count: int
    lift: float
    papers: list[int]
    by_raters: dict[tuple[int, int], int]


class Compared(NamedTuple):
    """Two raters (rows of the ratings), the papers both coded, and per paper and label what only
    the one, only the other gave.
    """

    first: int
    second: int
    papers: Ints
    only_first: Bools
    only_second: Bools


def confused_pairs(
    ratings: Ratings, at_least: int = 2, limit: int | None = 20
) -> list[ConfusedPair]:
    """Labels (or plain values) that stand for one another between raters, by lift, then by count.

    Over all N ordered pairs of raters of a paper: x(A) of them have A on the first side only, n(A,
    B) have A on the first and B on the second side only; lift = n(A, B) · N / (x(A) · x(B)).
    `at_least` keeps chance meetings of rare codes out."""
    labels, compared = _compared(tabulate(ratings))
    together = np.zeros((len(labels), len(labels)))
    alone = np.zeros(len(labels))
    for pair in compared:
        first, second = pair.only_first.astype(float), pair.only_second.astype(float)
        together += first.T @ second + second.T @ first
        alone += first.sum(axis=0) + second.sum(axis=0)
    comparisons = 2 * sum(len(pair.papers) for pair in compared)
    lift = ratio(together * comparisons, np.outer(alone, alone))
    meetings = [
        (-lift[a, b], -together[a, b], a, b)
        for a, b in zip(*np.nonzero(np.triu(together >= max(at_least, 1), 1)), strict=True)
    ]
    return [
        _confused(labels, a, b, -negative, compared)
        for negative, _, a, b in sorted(meetings)[:limit]
    ]


def _compared(table: Table) -> tuple[list[Value], list[Compared]]:
    """The labels, and every two raters with what only one of them gave."""
    labels, member = _membership(table)
    compared = []
    for first, second in combinations(range(len(table.codes)), 2):
        papers = np.flatnonzero((table.codes[first] >= 0) & (table.codes[second] >= 0))
        of_first, of_second = (member[table.codes[rater, papers]] for rater in (first, second))
        compared.append(
            Compared(first, second, papers, of_first & ~of_second, of_second & ~of_first)
        )
    return labels, compared


def _confused(
    labels: Sequence[Value], a: int, b: int, lift: float, compared: Sequence[Compared]
) -> ConfusedPair:
    by_raters, papers = Counter[tuple[int, int]](), set[int]()
    for first, second, shared, only_first, only_second in compared:
        for raters, has_a, has_b in (
            ((first, second), only_first, only_second),
            ((second, first), only_second, only_first),
        ):
            meetings = shared[has_a[:, a] & has_b[:, b]]
            if meetings.size:
                by_raters[raters] += int(meetings.size)
                papers.update(meetings.tolist())
    return ConfusedPair(
        labels[a], labels[b], sum(by_raters.values()), float(lift), sorted(papers), dict(by_raters)
    )


def one_sided(ratings: Ratings) -> dict[Value, list[int]]:
    """`{label: indexes of the papers}` on which some raters gave this label and others did not."""
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
        label: np.flatnonzero(is_one_sided[:, column]).tolist()
        for column, label in enumerate(labels)
    }


def _membership(table: Table) -> tuple[list[Value], Bools]:
    """(labels, member): `member[v, l]` is whether value v holds label l; a plain value is a set of
    itself.
    """
    sets = [labels_in(value) for value in table.values]
    as_sets = Table(table.codes, tuple(sets))
    labels = in_order({label for value in sets for label in value})
    return labels, SetDistance(as_sets, labels).member[:, : len(labels)]


@dataclass(frozen=True)
class CodeAgreement:
    """One code of a multi-label section. `papers`: how many have it from at least one rater;
    `differing`: indexes of the papers whose raters differ over it; `given`: per rater how often;
    `only`: per rater how often nobody else who coded the paper gave it; `by_all`: how often all
    gave it. `kappa` is Cohen's for two raters, Conger's for more."""

    code: Value
    papers: int
    differing: list[int]
    given: tuple[int, ...]
    only: tuple[int, ...]
    by_all: int
    krippendorff_alpha: Figure
    kappa: Figure
    gwet_ac1: Figure
    positive_agreement: float | None
    negative_agreement: float | None
    percent_agreement: float | None


def binary(ratings: Ratings, code: Value) -> Table:
    """Ratings of one code, raters × papers: True where the set holds it, False where not, None
    where not coded.
    """
    table = tabulate(ratings)
    labels, member = _membership(table)
    return _yes_no(
        table,
        member[:, labels.index(code)]
        if code in labels
        else np.zeros(len(table.values), dtype=bool),
    )


def _yes_no(table: Table, has_code: Bools) -> Table:
    return Table(np.append(has_code.astype(np.int64), MISSING)[table.codes], YES_NO)


def per_code(
    ratings: Ratings, codes: Iterable[Value] | None = None, replicates: int = 1000, seed: int = 0
) -> list[CodeAgreement]:
    """`CodeAgreement` of every code, in the order given (else all labels seen). The interval is
    that of alpha.
    """
    table = tabulate(ratings)
    labels, member = _membership(table)
    columns = {label: column for column, label in enumerate(labels)}
    unused = np.zeros(len(table.values), dtype=bool)
    agreements = []
    for code in labels if codes is None else codes:
        yes_no = _yes_no(table, member[:, columns[code]] if code in columns else unused)
        agreements.append(_of_code(code, yes_no, replicates, seed))
    return agreements


def alphas_of_codes(ratings: Ratings) -> dict[Value, Figure]:
    """`{code: Figure}`: Krippendorff's alpha of every code seen, as yes or no, without an
    interval.
    """
    table = tabulate(ratings)
    labels, member = _membership(table)
    return {
        label: measure(_yes_no(table, member[:, column]), krippendorff_alpha, replicates=0)
        for column, label in enumerate(labels)
    }


def _of_code(code: Value, yes_no: Table, replicates: int, seed: int) -> CodeAgreement:
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
