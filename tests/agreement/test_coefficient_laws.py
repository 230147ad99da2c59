"""Laws that tie the coefficients to one another and to the arithmetic of others: each is true of
all ratings, and false of a coefficient with one sign, one weight or one n - 1 amiss.
"""

import statistics as textbook
from collections import Counter
from fractions import Fraction
from functools import partial
from itertools import combinations, permutations
from math import comb

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reviews.agreement.statistics import (
    brennan_prediger,
    cohen_kappa,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    interval,
    krippendorff_alpha,
    measure,
    pairwise,
    percent_agreement,
    scott_pi,
)
from tests.agreement.test_agreement_properties import (
    SCALE,
    by_paper,
    full,
    matrices,
    plain,
    same,
)

few = settings(max_examples=25)
yes_no = matrices(st.booleans(), raters=(2, 2), missing=False)
alpha_of = {
    metric: partial(krippendorff_alpha, metric=metric)
    for metric in ("nominal", "ordinal", "interval", "ratio", "jaccard", "masi")
}


def numeric():
    return [alpha_of[metric] for metric in ("nominal", "ordinal", "interval", "ratio")]


# Coefficients that are others in disguise.


@few
@given(yes_no)
def test_brennan_prediger_of_yes_or_no_is_twice_the_share_less_one(ratings):
    # PABAK: Byrt, Bishop and Carlin 1993, Journal of Clinical Epidemiology 46, p. 423-429.
    kappa = brennan_prediger(ratings, categories=[False, True])

    assert kappa == pytest.approx(2 * percent_agreement(ratings) - 1)


@few
@given(matrices(st.sampled_from(SCALE), raters=(2, 2), missing=False))
def test_kappa_with_squared_weights_is_the_concordance_correlation(ratings):
    # Krippendorff 1970, Fleiss and Cohen 1973: 2·cov / (var + var + (difference of means)²), Lin's
    # coefficient, with the population's moments.
    one, other = ratings
    means = [Fraction(sum(row), len(row)) for row in ratings]
    covariance = sum((a - means[0]) * (b - means[1]) for a, b in zip(one, other, strict=True))
    variances = [
        sum((a - mean) ** 2 for a in row) for row, mean in zip(ratings, means, strict=True)
    ]
    below = sum(variances) + len(one) * (means[0] - means[1]) ** 2
    wanted = float(2 * covariance / below) if below else None

    assert same(cohen_kappa(ratings, SCALE, "quadratic"), wanted)


@few
@given(full)
def test_interval_alpha_is_the_variance_within_over_the_variance_of_all(ratings):
    values = [value for row in ratings for value in row]
    within = textbook.mean(textbook.variance(paper) for paper in by_paper(ratings))
    wanted = 1 - within / textbook.variance(values) if len(set(values)) > 1 else None

    assert same(krippendorff_alpha(ratings, "interval"), wanted)


@few
@given(matrices(st.sampled_from([0, 1])))
def test_on_two_values_every_distance_is_the_nominal_one(ratings):
    for metric in ("ordinal", "interval", "ratio"):
        assert same(alpha_of[metric](ratings), krippendorff_alpha(ratings)), metric


@few
@given(matrices(st.sampled_from([0, 1]), raters=(2, 2)))
def test_on_two_values_weights_change_nothing(ratings):
    for coefficient in (cohen_kappa, gwet_ac, brennan_prediger):
        plainly = coefficient(ratings, categories=[0, 1])
        for weights in ("linear", "quadratic"):
            assert same(coefficient(ratings, categories=[0, 1], weights=weights), plainly)


@few
@given(matrices(st.sampled_from(SCALE), raters=(2, 2), missing=False))
def test_with_two_raters_who_coded_all_congers_kappa_is_cohens_and_fleiss_is_scotts(ratings):
    assert same(conger_kappa(ratings), cohen_kappa(ratings))
    assert same(fleiss_kappa(ratings), scott_pi(ratings))


@few
@given(matrices(st.sampled_from(SCALE), raters=(2, 2), missing=False))
def test_kappa_is_never_below_pi_of_the_same_table(ratings):
    # What two raters expect by their own shares is no more than by the pooled ones.
    kappa, pi = cohen_kappa(ratings), scott_pi(ratings)
    assume(kappa is not None)

    assert kappa >= pi - 1e-12


@few
@given(st.lists(st.permutations(SCALE), min_size=1, max_size=8), st.integers(2, 4))
def test_where_nobody_agrees_on_any_paper_no_coefficient_is_above_zero(papers, raters):
    ratings = list(zip(*papers, strict=True))[:raters]

    for coefficient in (
        fleiss_kappa,
        conger_kappa,
        krippendorff_alpha,
        partial(gwet_ac, categories=SCALE),
        partial(brennan_prediger, categories=SCALE),
    ):
        assert coefficient(ratings) <= 1e-12
    assert percent_agreement(ratings) == 0


@few
@given(full)
def test_percent_agreement_is_the_mean_over_pairs_of_raters(ratings):
    found = pairwise(ratings, percent_agreement)
    shares = [found.values[a][b] for a, b in combinations(range(len(ratings)), 2)]

    assert percent_agreement(ratings) == pytest.approx(sum(shares) / len(shares))
    assert all(
        number == (0 if a == b else len(ratings[0]))
        for a, row in enumerate(found.papers)
        for b, number in enumerate(row)
    )


def slow_weighted(ratings, size, power):
    """Observed agreement and Gwet's chance with |a - b| ^ power, in fractions and loops."""

    def weight(a, b):
        return 1 - Fraction(abs(a - b), size - 1) ** power

    papers = [paper for paper in by_paper(ratings) if paper]
    shared = [paper for paper in papers if len(paper) > 1]
    if not shared:
        return None
    agreed = sum(
        Fraction(
            sum(weight(a, b) for a, b in permutations(paper, 2)), len(paper) * (len(paper) - 1)
        )
        for paper in shared
    ) / len(shared)
    shares = [
        sum(Fraction(paper.count(k), len(paper)) for paper in papers) / len(papers)
        for k in range(size)
    ]
    total = sum(weight(a, b) for a in range(size) for b in range(size))
    chance = total * sum(p * (1 - p) for p in shares) / (size * (size - 1))
    even = total / size**2
    return float((agreed - chance) / (1 - chance)), float((agreed - even) / (1 - even))


@few
@given(plain, st.sampled_from([(1, "linear"), (2, "quadratic")]))
def test_ac2_and_weighted_brennan_prediger_are_what_gwets_handbook_computes(ratings, weights):
    # Gwet 2014, "Handbook of Inter-Rater Reliability", 4th edition, chapter 3.
    power, name = weights
    wanted = slow_weighted(ratings, len(SCALE), power) or (None, None)

    assert same(gwet_ac(ratings, SCALE, name), wanted[0])
    assert same(brennan_prediger(ratings, SCALE, name), wanted[1])


def slow_conger(ratings):
    """Gwet 2014, chapter 2: raters' own shares, of all papers each of them coded."""
    papers = [paper for paper in by_paper(ratings) if len(paper) > 1]
    if not papers:
        return None
    agreed = sum(
        Fraction(sum(a == b for a, b in permutations(p, 2)), len(p) * (len(p) - 1)) for p in papers
    ) / len(papers)
    rows = [[value for value in row if value is not None] for row in ratings]
    rows = [row for row in rows if row]
    chance = sum(
        Fraction(one.count(k) * other.count(k), len(one) * len(other))
        for one, other in combinations(rows, 2)
        for k in SCALE
    ) / comb(len(rows), 2)
    return float((agreed - chance) / (1 - chance)) if chance != 1 else None


@few
@given(plain)
def test_congers_kappa_with_missing_codings_is_what_gwets_handbook_computes(ratings):
    assert same(conger_kappa(ratings), slow_conger(ratings))


# What changes nothing, and what must.


@few
@given(plain)
def test_a_rater_who_coded_nothing_changes_no_figure(ratings):
    more = [*ratings, [None] * len(ratings[0])]

    for coefficient in (percent_agreement, conger_kappa, gwet_ac, brennan_prediger, *numeric()):
        assert same(coefficient(more), coefficient(ratings)), coefficient
    assert measure(more, krippendorff_alpha, 50) == measure(ratings, krippendorff_alpha, 50)


@few
@given(plain)
def test_a_paper_that_nobody_coded_changes_no_figure(ratings):
    more = [[*row, None] for row in ratings]

    for coefficient in (percent_agreement, conger_kappa, gwet_ac, brennan_prediger, *numeric()):
        assert same(coefficient(more), coefficient(ratings)), coefficient
    assert interval(more, krippendorff_alpha, 50) == interval(ratings, krippendorff_alpha, 50)


@few
@given(plain, st.sampled_from([1, 3, -2]), st.sampled_from([0, 5, -7]))
def test_the_unit_and_the_zero_of_a_number_change_no_interval_alpha(ratings, unit, zero):
    other = [[None if v is None else v * unit + zero for v in row] for row in ratings]

    assert same(krippendorff_alpha(other, "interval"), krippendorff_alpha(ratings, "interval"))


@few
@given(plain, st.sampled_from([2, 7]))
def test_the_unit_of_a_number_changes_no_ratio_alpha_and_its_zero_does(ratings, unit):
    other = [[None if v is None else v * unit for v in row] for row in ratings]

    assert same(krippendorff_alpha(other, "ratio"), krippendorff_alpha(ratings, "ratio"))
    assert krippendorff_alpha([[1, 5], [2, 5]], "ratio") != pytest.approx(
        krippendorff_alpha([[11, 15], [12, 15]], "ratio")
    )


@few
@given(plain, st.sampled_from(["nominal", "ordinal", "interval"]))
def test_more_agreeing_papers_of_the_same_kind_never_lower_the_share(ratings, metric):
    more = [[*row, 0] for row in ratings]

    assert (percent_agreement(more) or 0) >= (percent_agreement(ratings) or 0) - 1e-12
    alpha = partial(krippendorff_alpha, metric=metric)
    assert alpha(more) is None or alpha(more) <= 1 + 1e-12


@few
@given(plain)
def test_repeated_papers_bring_alpha_to_the_value_without_small_sample_correction(ratings):
    alpha = krippendorff_alpha(ratings)
    assume(alpha is not None)
    papers = [paper for paper in by_paper(ratings) if len(paper) > 1]
    values = Counter(value for paper in papers for value in paper)
    size = values.total()
    within = sum(
        Fraction(sum(a != b for a, b in permutations(paper, 2)), len(paper) - 1) for paper in papers
    )
    limit = 1 - (within / size) / (1 - sum(Fraction(n, size) ** 2 for n in values.values()))
    often = krippendorff_alpha([row * 2000 for row in ratings])

    assert abs(often - float(limit)) <= 2 / 1000
    assert often <= alpha + 1e-12, "few papers are not held against the raters"


def test_undefined_is_never_a_number():
    nothing = [[None, None], [None, None]]
    same_value = [[1, 1, 1], [1, 1, 1]]

    for coefficient in (cohen_kappa, scott_pi, conger_kappa, *numeric()):
        assert coefficient(nothing) is None
        assert coefficient(same_value) is None
        for figure in (measure(nothing, coefficient), measure(same_value, coefficient)):
            assert (figure.value, figure.low, figure.high, figure.replicates) == (
                None,
                None,
                None,
                0,
            )
            assert figure.reason


def test_the_order_of_a_scale_of_words_must_be_declared():
    words = ["low", "mid", "high"]
    ratings = [[0, 1, 2, 2, 0], [0, 2, 2, 1, 0]]
    in_words = [[words[value] for value in row] for row in ratings]

    for coefficient in (cohen_kappa, gwet_ac, brennan_prediger):
        for weights in ("linear", "quadratic"):
            assert same(
                coefficient(in_words, words, weights), coefficient(ratings, range(3), weights)
            )
            assert same(
                coefficient(ratings, weights=weights), coefficient(in_words, words, weights)
            )
            with pytest.raises(ValueError, match="order of the scale: 'high' is not a number"):
                coefficient(in_words, weights=weights)


def test_numbers_that_are_large_and_near_one_another_keep_their_differences():
    ratings = [[1, 4, 2, 3], [2, 4, 2, 5]]
    large = [[value + 10**9 for value in row] for row in ratings]

    for metric in ("interval", "ordinal"):
        wanted = krippendorff_alpha(ratings, metric)
        assert krippendorff_alpha(large, metric) == pytest.approx(wanted, abs=1e-12)
        assert interval(large, alpha_of[metric], 50) == pytest.approx(
            interval(ratings, alpha_of[metric], 50), abs=1e-9
        )
