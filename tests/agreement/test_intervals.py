"""Bootstrap intervals against what is known of them without drawing: the binomial, all ways to
draw, the standard error.
"""

from collections import Counter
from fractions import Fraction
from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.agreement.statistics import (
    brennan_prediger,
    cohen_kappa,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    interval,
    krippendorff_alpha,
    percent_agreement,
    scott_pi,
)
from reviews.agreement.statistics.bootstrap import draws, plan_of, replicate_values
from tests.agreement.test_agreement_properties import (
    plain,
)
from tests.agreement.test_agreement_statistics import EXAMPLE_C, two_raters
from tests.agreement.test_coefficient_laws import alpha_of, few, numeric


def binomial_quantile(share, papers, probability):
    total = Fraction(0)
    for times in range(papers + 1):
        total += comb(papers, times) * share**times * (1 - share) ** (papers - times)
        if total >= probability:
            return Fraction(times, papers)
    return None


@pytest.mark.parametrize(("agreed", "papers"), [(30, 40), (5, 20), (160, 200)])
def test_the_interval_of_a_share_is_that_of_the_binomial(agreed, papers):
    # The share of agreeing papers of two raters, drawn anew, is binomial: its quantiles are known.
    ratings = [[0] * papers, [0] * agreed + [1] * (papers - agreed)]
    low, high, used = interval(ratings, percent_agreement, 20_000, seed=3)
    share, step = Fraction(agreed, papers), 1 / papers

    assert used == 20_000
    assert low == pytest.approx(float(binomial_quantile(share, papers, 0.025)), abs=step / 2)
    assert high == pytest.approx(float(binomial_quantile(share, papers, 0.975)), abs=step / 2)
    assert low < agreed / papers < high


SMALL = {
    "nominal": [[1, 2, 2, 3], [1, 2, 3, 3]],
    "interval": [[1, 2, 2, 9], [1, 2, 3, 7]],
    "ordinal": [[1, 2, 2, 3], [1, 3, 2, 3]],
    "masi": [
        [frozenset("ab"), frozenset("b"), frozenset(), frozenset("c")],
        [frozenset("a"), frozenset("b"), frozenset(), frozenset("bc")],
    ],
}


@pytest.mark.parametrize("metric", SMALL)
def test_replicates_have_the_exact_distribution_of_all_ways_to_draw(metric):
    # Four papers can be drawn in 4⁴ ways, each as likely as the next: all of them, by hand.
    ratings, alpha = SMALL[metric], alpha_of[metric]
    ways = Counter()
    for drawn in product(range(4), repeat=4):
        value = alpha([[row[paper] for paper in drawn] for row in ratings])
        ways[None if value is None else round(value, 9)] += 1
    values = replicate_values(plan_of(alpha, ratings), 8000, seed=2)
    found = Counter(None if np.isnan(value) else round(float(value), 9) for value in values)

    assert set(found) == set(ways)
    for value, times in ways.items():
        share = times / 256
        assert found[value] / 8000 == pytest.approx(share, abs=5 * (share / 8000) ** 0.5)


@pytest.mark.parametrize("papers", [[5, 5, 5], [1] * 15, [14, 1]])
def test_as_many_papers_are_drawn_as_there_are_each_as_often_as_the_next(papers):
    counts = np.array(papers)
    drawn = draws(counts, 4000, seed=1)

    assert drawn.shape == (len(papers), 4000)
    assert (drawn.sum(axis=0) == 15).all()
    assert drawn.mean(axis=1) == pytest.approx(counts, abs=0.15)
    # Of 15 drawn, each falls on a pattern with its share: variance n·p·(1 - p).
    share = counts / 15
    assert drawn.var(axis=1) == pytest.approx(15 * share * (1 - share), rel=0.12)


def test_many_papers_of_few_kinds_are_drawn_by_the_same_law():
    counts = np.array([300, 100])
    drawn = draws(counts, 4000, seed=1)

    assert (drawn.sum(axis=0) == 400).all()
    assert drawn.mean(axis=1) == pytest.approx(counts, abs=1)
    assert drawn.var(axis=1) == pytest.approx([75, 75], rel=0.1)
    assert (draws(counts, 5, seed=1) == draws(counts, 5, seed=1)).all()
    assert (draws(counts, 5, seed=1) != draws(counts, 5, seed=2)).any()


TABLE = two_raters([[22, 2, 2, 0], [5, 7, 14, 0], [0, 2, 36, 0], [0, 1, 17, 10]])


@pytest.mark.parametrize(
    "coefficient",
    [
        percent_agreement,
        cohen_kappa,
        scott_pi,
        fleiss_kappa,
        conger_kappa,
        gwet_ac,
        brennan_prediger,
        *numeric(),
    ],
)
def test_an_interval_holds_the_value_and_narrows_with_more_papers(coefficient):
    value = coefficient(TABLE)
    widths = []
    for times in (1, 4, 16):
        low, high, used = interval([row * times for row in TABLE], coefficient, 400)
        assert used == 400
        assert low < value < high
        widths.append(high - low)

    # Four times the papers, half the width.
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.25)
    assert widths[1] / widths[2] == pytest.approx(2, rel=0.25)


def test_the_interval_of_alpha_is_as_wide_as_its_standard_error_says():
    # The analytic one for a share of agreement p of n papers, 1.96·sqrt(p(1 - p)/n), divided by
    # what could be agreed beyond chance: fair for two raters with even margins (Fleiss, Levin and
    # Paik 2003, section 18.1).
    ratings = two_raters([[80, 20], [20, 80]])
    low, high, _used = interval(ratings, krippendorff_alpha, 4000)
    half = 1.96 * (0.8 * 0.2 / 200) ** 0.5 / 0.5

    assert (high - low) / 2 == pytest.approx(half, rel=0.06)
    assert (high + low) / 2 == pytest.approx(krippendorff_alpha(ratings), abs=0.02)


def test_more_replicates_do_not_move_the_interval_far():
    few_of_them = interval(TABLE, krippendorff_alpha, 1000, seed=0)
    many = interval(TABLE, krippendorff_alpha, 8000, seed=9)

    assert few_of_them[:2] == pytest.approx(many[:2], abs=0.015)


@few
@given(plain, st.integers(0, 2**32))
def test_the_same_seed_gives_the_same_interval(ratings, seed):
    for coefficient in (krippendorff_alpha, conger_kappa, percent_agreement):
        first = interval(ratings, coefficient, 30, seed=seed)
        assert interval(ratings, coefficient, 30, seed=seed) == first


@few
@given(plain)
def test_an_interval_of_alpha_knows_no_papers_coded_once(ratings):
    more = [
        [*row, *extra] for row, extra in zip(ratings, [[1] * 5] + [[None] * 5] * 3, strict=False)
    ]

    assert interval(more, krippendorff_alpha, 40) == interval(ratings, krippendorff_alpha, 40)
    assert interval(more, percent_agreement, 40) == interval(ratings, percent_agreement, 40)


def test_example_c_has_an_interval_around_its_value():
    for metric in ("nominal", "ordinal", "interval", "ratio"):
        low, high, used = interval(EXAMPLE_C, alpha_of[metric], 1000)
        assert used == 1000
        assert 0.3 < low < krippendorff_alpha(EXAMPLE_C, metric) < high <= 1


def test_replicates_computed_in_pieces_are_the_same(monkeypatch):
    whole = interval(EXAMPLE_C, alpha_of["ordinal"], 40)
    monkeypatch.setattr("reviews.agreement.statistics.alpha.CELLS", 25)

    assert interval(EXAMPLE_C, alpha_of["ordinal"], 40) == pytest.approx(whole)
