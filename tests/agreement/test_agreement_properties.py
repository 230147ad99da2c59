"""What must hold of every coefficient whatever was said, and the same values from slow textbook
code.
"""

import tracemalloc
from collections import Counter
from fractions import Fraction
from functools import partial
from itertools import combinations, permutations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reviews.agreement.statistics import (
    brennan_prediger,
    cohen_kappa,
    coincidence_matrix,
    confused_pairs,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    interval,
    krippendorff_alpha,
    percent_agreement,
    scott_pi,
    worst_papers,
)

SCALE = [0, 1, 2, 3]
NUMERIC = [
    partial(krippendorff_alpha, metric=metric) for metric in ("ordinal", "interval", "ratio")
]
NOMINAL = [
    percent_agreement,
    conger_kappa,
    krippendorff_alpha,
    partial(gwet_ac, categories=SCALE),
    partial(brennan_prediger, categories=SCALE),
]
OF_SETS = [
    partial(krippendorff_alpha, metric="jaccard"),
    partial(krippendorff_alpha, metric="masi"),
]
SCALED = [
    partial(gwet_ac, categories=SCALE, weights=weights) for weights in ("linear", "quadratic")
]


def matrices(values, raters=(2, 4), missing=True):
    """Ratings, raters × papers, with or without codings missing."""
    one = st.one_of(st.none(), values) if missing else values

    def of_shape(shape):
        row = st.lists(one, min_size=shape[1], max_size=shape[1])
        return st.lists(row, min_size=shape[0], max_size=shape[0])

    return st.tuples(st.integers(*raters), st.integers(1, 8)).flatmap(of_shape)


plain = matrices(st.sampled_from(SCALE))
full = matrices(st.sampled_from(SCALE), missing=False)
pairs = matrices(st.sampled_from(SCALE), raters=(2, 2))
sets = matrices(st.frozensets(st.sampled_from("abcde"), max_size=4))


def same(one, other):
    return (one is None and other is None) or one == pytest.approx(other, abs=1e-9)


def by_paper(ratings):
    return [[value for value in paper if value is not None] for paper in zip(*ratings, strict=True)]


# The textbook, in exact fractions and with loops over every pair.


def observed(ratings, distance=lambda one, other: one != other):
    """The mean distance within papers as in alpha: each paper weighs as many ratings as it has."""
    papers = [paper for paper in by_paper(ratings) if len(paper) > 1]
    pairable = sum(map(len, papers))
    within = sum(
        sum(Fraction(distance(a, b)) for a, b in permutations(paper, 2)) / (len(paper) - 1)
        for paper in papers
    )
    return within / pairable if pairable else None


def slow_alpha(ratings, distance):
    values = [value for paper in by_paper(ratings) if len(paper) > 1 for value in paper]
    if len(set(values)) < 2:
        return None
    across = sum(Fraction(distance(a, b)) for a, b in permutations(values, 2))
    return float(1 - observed(ratings, distance) * len(values) * (len(values) - 1) / across)


def ordinal_distance(ratings):
    times = Counter(value for paper in by_paper(ratings) if len(paper) > 1 for value in paper)

    def distance(a, b):
        low, high = min(a, b), max(a, b)
        return (sum(times[g] for g in range(low, high + 1)) - Fraction(times[a] + times[b], 2)) ** 2

    return distance


def jaccard_distance(a, b):
    return 1 - Fraction(len(a & b), len(a | b)) if a | b else 0


def masi_distance(a, b):
    if a == b:
        return 0
    factor = Fraction(2, 3) if a < b or b < a else Fraction(1, 3) if a & b else 0
    return 1 - (1 - jaccard_distance(a, b)) * factor


def slow_kappa(ratings, weight):
    both = [(a, b) for a, b in zip(*ratings, strict=True) if a is not None and b is not None]
    if not both:
        return None
    seen = Fraction(sum(weight(a, b) for a, b in both), len(both))
    expected = Fraction(sum(weight(a, b) for a, _ in both for _, b in both), len(both) ** 2)
    return float(1 - seen / expected) if expected else None


def slow_gwet(ratings, categories):
    papers = [paper for paper in by_paper(ratings) if paper]
    shared = [paper for paper in papers if len(paper) > 1]
    if not shared:
        return None
    agreed = sum(
        Fraction(sum(a == b for a, b in permutations(p, 2)), len(p) * (len(p) - 1)) for p in shared
    ) / len(shared)
    shares = [
        sum(Fraction(paper.count(k), len(paper)) for paper in papers) / len(papers)
        for k in categories
    ]
    chance = sum(share * (1 - share) for share in shares) / (len(categories) - 1)
    return float((agreed - chance) / (1 - chance))


@given(plain)
def test_alpha_is_what_the_textbook_computes(ratings):
    distances = {
        "nominal": lambda a, b: a != b,
        "ordinal": ordinal_distance(ratings),
        "interval": lambda a, b: (a - b) ** 2,
        "ratio": lambda a, b: Fraction(a - b, a + b) ** 2 if a + b else 0,
    }
    for metric, distance in distances.items():
        assert same(krippendorff_alpha(ratings, metric, SCALE), slow_alpha(ratings, distance)), (
            metric
        )


@given(sets)
def test_alpha_of_sets_is_what_the_textbook_computes(ratings):
    assert same(krippendorff_alpha(ratings, "jaccard"), slow_alpha(ratings, jaccard_distance))
    assert same(krippendorff_alpha(ratings, "masi"), slow_alpha(ratings, masi_distance))


def test_sets_of_many_labels_use_little_memory():
    small, large = frozenset({1}), frozenset(range(400))
    ratings = [[small, large, frozenset()], [large, large, small]]
    tracemalloc.start()
    try:
        found = krippendorff_alpha(ratings, "masi")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert same(found, slow_alpha(ratings, masi_distance))
    assert most < 5_000_000


@given(pairs)
def test_kappa_and_ac1_are_what_the_textbook_computes(ratings):
    assert same(cohen_kappa(ratings, SCALE), slow_kappa(ratings, lambda a, b: a != b))
    assert same(cohen_kappa(ratings, SCALE, "linear"), slow_kappa(ratings, lambda a, b: abs(a - b)))
    assert same(
        cohen_kappa(ratings, SCALE, "quadratic"), slow_kappa(ratings, lambda a, b: (a - b) ** 2)
    )
    assert same(gwet_ac(ratings, SCALE), slow_gwet(ratings, SCALE))


@given(full)
def test_congers_kappa_is_the_mean_of_chance_over_pairs_of_raters(ratings):
    papers = len(ratings[0])
    agreed = sum(
        Fraction(sum(a == b for a, b in zip(r, s, strict=True)), papers)
        for r, s in combinations(ratings, 2)
    )
    chance = sum(
        Fraction(sum(a == b for a in r for b in s), papers**2) for r, s in combinations(ratings, 2)
    )
    number = len(ratings) * (len(ratings) - 1) // 2
    wanted = float((agreed - chance) / (number - chance)) if chance != number else None

    assert same(conger_kappa(ratings), wanted)


@given(full)
def test_fleiss_kappa_differs_from_alpha_by_the_size_of_the_sample_alone(ratings):
    # Krippendorff 2011: 1 - alpha = (1 - pi) · (n - 1) / n, n the number of ratings.
    kappa, alpha = fleiss_kappa(ratings), krippendorff_alpha(ratings)
    size = len(ratings) * len(ratings[0])

    assert (kappa is None) == (alpha is None)
    if alpha is not None:
        assert 1 - alpha == pytest.approx((1 - kappa) * (size - 1) / size)


@given(pairs)
def test_pi_is_fleiss_kappa_of_the_papers_both_coded(ratings):
    both = [pair for pair in zip(*ratings, strict=True) if None not in pair]

    assert same(scott_pi(ratings), fleiss_kappa(list(zip(*both, strict=True))) if both else None)


@given(plain, st.randoms())
def test_the_order_of_raters_and_papers_does_not_matter(ratings, random):
    papers = list(range(len(ratings[0])))
    random.shuffle(papers)
    shuffled = [[row[paper] for paper in papers] for row in ratings]
    random.shuffle(shuffled)

    for coefficient in [*NOMINAL, *NUMERIC, *SCALED]:
        assert same(coefficient(shuffled), coefficient(ratings)), coefficient


@given(sets, st.randoms())
def test_renaming_labels_changes_nothing(ratings, random):
    names = random.sample("vwxyz", 5)
    renamed = [
        [said and frozenset(names["abcde".index(label)] for label in said) for said in row]
        for row in ratings
    ]

    for coefficient in OF_SETS:
        assert same(coefficient(renamed), coefficient(ratings))
        assert same(coefficient(renamed[::-1]), coefficient(ratings))


@given(plain, st.permutations(SCALE))
def test_renaming_values_changes_nothing_without_a_scale(ratings, names):
    renamed = [[None if value is None else names[value] for value in row] for row in ratings]

    for coefficient in NOMINAL:
        assert same(coefficient(renamed), coefficient(ratings)), coefficient


@given(plain)
def test_reversing_a_scale_changes_nothing(ratings):
    for metric in ("ordinal", "interval"):
        turned = [[None if value is None else 3 - value for value in row] for row in ratings]
        assert same(krippendorff_alpha(turned, metric), krippendorff_alpha(ratings, metric))
    assert same(
        krippendorff_alpha(ratings, "ordinal", SCALE[::-1]), krippendorff_alpha(ratings, "ordinal")
    )


@given(plain)
def test_ordinal_alpha_depends_on_the_order_alone(ratings):
    stretched = [[None if value is None else value**3 - 5 for value in row] for row in ratings]

    assert same(krippendorff_alpha(stretched, "ordinal"), krippendorff_alpha(ratings, "ordinal"))


@given(plain, sets)
def test_no_value_is_above_one_and_percentages_not_below_zero(ratings, set_ratings):
    found = [coefficient(ratings) for coefficient in [*NOMINAL, *NUMERIC, *SCALED]]
    found += [coefficient(set_ratings) for coefficient in OF_SETS]

    assert all(value is None or value <= 1 + 1e-12 for value in found)
    assert (percent_agreement(ratings) or 0) >= 0


@given(full, sets)
def test_perfect_agreement_that_varies_is_one(ratings, set_ratings):
    agreed, agreed_sets = [ratings[0]] * len(ratings), [set_ratings[0]] * 3

    for coefficient in [*NOMINAL, *NUMERIC, *SCALED, fleiss_kappa]:
        assert coefficient(agreed) in ([1] if len(set(ratings[0])) > 1 else [1, None])
    varies = len({said for said in set_ratings[0] if said is not None}) > 1
    assert [coefficient(agreed_sets) for coefficient in OF_SETS] == [1 if varies else None] * 2


@given(plain)
def test_doubling_every_paper_changes_alpha_only_by_sample_size(
    ratings,
):
    twice = [row * 2 for row in ratings]
    alpha, alpha_twice = krippendorff_alpha(ratings), krippendorff_alpha(twice)
    size = sum(len(paper) for paper in by_paper(ratings) if len(paper) > 1)

    assert same(percent_agreement(twice), percent_agreement(ratings))
    assert observed(twice) == observed(ratings)
    assume(alpha is not None)
    # De = (n² - Σ n_k²) / (n (n - 1)): of twice the ratings it is (2n - 2) / (2n - 1) of what it
    # was.
    assert 1 - alpha_twice == pytest.approx((1 - alpha) * (2 * size - 1) / (2 * size - 2))


@given(plain)
def test_a_paper_coded_once_changes_no_alpha(ratings):
    more = [
        [*row, value] for row, value in zip(ratings, [3] + [None] * (len(ratings) - 1), strict=True)
    ]

    for coefficient in [krippendorff_alpha, percent_agreement, *NUMERIC]:
        assert same(coefficient(more), coefficient(ratings))


@given(plain)
def test_sets_of_one_label_are_plain_values(ratings):
    as_sets = [[None if value is None else {value} for value in row] for row in ratings]

    for coefficient in OF_SETS:
        assert same(coefficient(as_sets), krippendorff_alpha(ratings))


@settings(max_examples=30)
@given(plain, sets)
def test_an_interval_is_ordered_and_counts_its_replicates(ratings, set_ratings):
    for said, coefficient in (
        (ratings, krippendorff_alpha),
        (ratings, conger_kappa),
        (set_ratings, OF_SETS[1]),
    ):
        low, high, used = interval(said, coefficient, 50)
        assert (low is None) == (high is None) == (used == 0)
        assert 0 <= used <= 50
        assert used == 0 or -2 * 50 <= low <= high <= 1 + 1e-12


@given(plain)
def test_the_coincidences_hold_the_marginals_and_the_agreement(ratings):
    found = coincidence_matrix(ratings, SCALE)
    papers = [paper for paper in by_paper(ratings) if len(paper) > 1]

    assert found.matrix == pytest.approx(found.matrix.T)
    assert found.matrix.sum(axis=1) == pytest.approx(
        [sum(paper.count(value) for paper in papers) for value in SCALE]
    )
    if papers:
        assert 1 - found.matrix.trace() / found.matrix.sum() == pytest.approx(
            float(observed(ratings))
        )


@given(sets)
def test_confused_pairs_count_labels_that_only_one_rater_gave(ratings):
    wanted = Counter()
    for paper in by_paper(ratings):
        for one, other in permutations(paper, 2):
            wanted.update((a, b) for a in one - other for b in other - one if a < b)

    found = confused_pairs(ratings, at_least=1, limit=None)
    assert {(pair.one, pair.other): pair.count for pair in found} == wanted
    assert [pair.lift for pair in found] == sorted((pair.lift for pair in found), reverse=True)


@given(plain)
def test_the_worst_papers_are_those_that_differ(ratings):
    varied = krippendorff_alpha(ratings) is not None
    differing = {place for place, paper in enumerate(by_paper(ratings)) if len(set(paper)) > 1}

    for metric in ("nominal", "interval", "ordinal"):
        assert {paper for paper, _share in worst_papers(ratings, metric)} == (
            differing if varied else set()
        )
