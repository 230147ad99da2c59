"""Ratings as a table of whole numbers, and the sums that all coefficients are made of, against
loops over every rating.
"""

from decimal import Decimal
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviews.agreement.statistics import (
    Absence,
    gwet_ac,
    interval,
    krippendorff_alpha,
    measure,
    percent_agreement,
    prepared,
    tabulate,
)
from reviews.agreement.statistics import sums as sums_module
from reviews.agreement.statistics.bootstrap import NO_INTERVAL, denominators, plan_of
from reviews.agreement.statistics.distances import SetDistance
from reviews.agreement.statistics.plans import (
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
from reviews.agreement.statistics.ratings import MISSING, NotApplicable, named
from reviews.agreement.statistics.sums import GroupSums, marginals, weighted_sum
from tests.agreement.test_agreement_properties import SCALE, by_paper, plain, sets

_ = None
few = settings(max_examples=25)


# Reading


def test_values_stand_numbers_by_size_then_sets_then_the_rest_by_type_and_text():
    a, ab = frozenset("a"), frozenset("ab")
    table = tabulate([[10, 9, "b", ab, True], [2.5, Decimal("2.25"), "a", a, frozenset()]])

    assert table.values == (True, Decimal("2.25"), 2.5, 9, 10, frozenset(), a, ab, "a", "b")
    assert table.codes.tolist() == [[4, 3, 9, 7, 0], [2, 1, 8, 6, 5]]


@few
@given(plain, st.randoms())
def test_a_table_is_the_same_in_whatever_order_ratings_come(ratings, random):
    order = list(range(len(ratings[0])))
    random.shuffle(order)
    table = tabulate(ratings)
    shuffled = tabulate([[row[paper] for paper in order] for row in ratings])

    assert shuffled.values == table.values
    assert (shuffled.codes == table.codes[:, order]).all()
    read = [[table.values[c] if c != MISSING else None for c in row] for row in table.codes]
    assert read == ratings


def test_an_empty_table_has_no_papers():
    for nothing, shape in (([], (0, 0)), ([[], []], (2, 0)), ([[_, _]], (1, 2))):
        table = tabulate(nothing)
        assert (table.codes.shape, table.values) == (shape, ())


def test_declared_categories_take_the_place_of_those_seen():
    table = tabulate([["b", "c"], ["b", _]])
    declared = table.within(["c", "a", "b"])

    assert declared.values == ("c", "a", "b")
    assert declared.codes.tolist() == [[2, 0], [2, MISSING]]
    assert tabulate(table, ["c", "a", "b"]).codes.tolist() == declared.codes.tolist()
    # What no rating uses any longer may be left undeclared.
    assert declared.within(["b", "c"]).values == ("b", "c")
    assert tabulate([[{"a"}]]).within([{"a"}, set()]).values == (frozenset("a"), frozenset())


@pytest.mark.parametrize(
    ("categories", "message"),
    [
        (["a"], "'b' is not among the categories 'a'."),
        (["a", "a", "b"], "The category 'a' is declared twice."),
        (range(13), "'a' is not among the categories 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 1"),
        (range(12), "'a' is not among the categories 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11."),
    ],
)
def test_categories_that_do_not_hold_every_rating_are_refused(categories, message):
    with pytest.raises(ValueError, match="categor") as error:
        tabulate([["a", "b"]], categories)
    assert message in str(error.value)


def test_only_numbers_have_an_order_of_their_own():
    scale = tabulate([[3, Decimal("1.5"), True]])

    assert scale.on_scale() is scale
    assert scale.numbers().tolist() == [1, 1.5, 3]
    with pytest.raises(ValueError, match="'low' is not a number"):
        tabulate([["low", 1]]).on_scale()
    with pytest.raises(ValueError, match="inf is not a number"):
        tabulate([[float("inf")]]).on_scale()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "'a'"),
        (2, "2"),
        (frozenset({"b", "a"}), "{'a', 'b'}"),
        (np.int64(3), "3"),
        ("x" * 78, repr("x" * 78)),
        ("x" * 79, "'" + "x" * 78 + "…"),
    ],
)
def test_a_value_is_named_shortly_in_messages(value, text):
    assert named(value) == text


def test_an_absence_has_words_and_is_equal_to_its_like_alone():
    assert str(Absence("not_reported")) == "not reported"
    assert Absence("unclear") == Absence("unclear") != "unclear"
    assert len({Absence("unclear"), Absence("unclear"), "unclear"}) == 2


def test_what_was_left_out_is_counted_in_the_order_of_the_absences():
    answers = [[(None, "not_applicable"), (None, "unclear"), (None, "not_reported")]] * 2

    assert list(prepared(answers, "number").left_out.items()) == [
        ("not_reported", 2),
        ("unclear", 2),
        ("not_applicable", 2),
    ]
    with pytest.raises(ValueError, match="'text' has no coefficient; the coded kinds are codes"):
        prepared(answers, "text")
    with pytest.raises(ValueError, match="'lost' is no absence; the absences are not_reported"):
        prepared([[(None, "lost")]], "code")


# Patterns of papers


@few
@given(plain, st.integers(1, 3), st.booleans())
def test_patterns_count_papers_with_the_same_ratings(ratings, at_least, is_ordered):
    patterns = patterns_of(tabulate(ratings), at_least, is_ordered)
    values = tabulate(ratings).values

    def name(paper):
        kept = [value for value in paper if value is not None]
        return tuple(paper) if is_ordered else tuple(sorted(kept))

    papers = [
        name(paper)
        for paper in zip(*ratings, strict=True)
        if sum(value is not None for value in paper) >= at_least
    ]
    columns = [
        name([values[code] if code >= 0 else None for code in column])
        for column in patterns.columns.T.tolist()
    ]
    assert len(set(columns)) == len(columns)
    assert dict(zip(columns, patterns.counts.tolist(), strict=True)) == {
        paper: papers.count(paper) for paper in papers
    }
    sizes = [sum(value is not None for value in column) for column in columns]
    assert patterns.sizes.tolist() == sizes
    assert patterns.pairs.tolist() == [size * (size - 1) / 2 for size in sizes]


def test_many_raters_and_many_values_are_told_apart_too():
    # 30 raters and 40 values: a paper no longer fits into one whole number of 64 bits.
    random = np.random.default_rng(3)
    papers = random.integers(0, 40, (30, 25))
    patterns = patterns_of(tabulate(np.hstack([papers, papers[:, :5]]).tolist()), is_ordered=True)

    assert patterns.counts.sum() == 30
    assert sorted(patterns.counts.tolist()) == [1] * 20 + [2] * 5


@few
@given(plain)
def test_pairs_of_raters_are_summed_as_in_a_loop(ratings):
    columns = tabulate(ratings).codes
    agree = [sum(a == b for a, b in combinations(paper, 2)) for paper in by_paper(ratings)]

    assert agreeing_pairs(columns).tolist() == agree
    differ = sum_over_pairs(columns, lambda a, b: (a != b).astype(float))
    sizes = [len(paper) for paper in by_paper(ratings)]
    assert differ.tolist() == [
        size * (size - 1) / 2 - same for size, same in zip(sizes, agree, strict=True)
    ]


def test_a_plan_says_why_and_what():
    plan = plan_of(krippendorff_alpha, [[1, 2], [1, 2]])

    assert isinstance(plan, Plan)
    assert plan.value() == 1
    assert plan_of(krippendorff_alpha, [[1, 1], [1, 1]]).value() is None
    assert plan_of(krippendorff_alpha, [[1], [1]]).reason() == (
        "no variation: every rating is the same"
    )


@pytest.mark.parametrize(
    ("ratings", "at_least", "reason"),
    [
        ([], 2, "nothing was coded"),
        ([[_, _], [_, _]], 2, "nothing was coded"),
        ([[1, 2], [_, _]], 2, "only one rater coded papers"),
        ([[1, _], [_, 2]], 2, "no paper was coded by two raters"),
        ([[1, 2], [1, _]], 2, "no variation: every rating is the same"),
        ([[1, 2], [1, _]], 1, "not computable from these ratings"),
        ([[1, 2], [1, 2]], 2, "not computable from these ratings"),
    ],
)
def test_the_first_reason_that_holds_is_given(ratings, at_least, reason):
    assert why_undefined(tabulate(ratings), at_least) == reason


def test_two_raters_keep_the_papers_both_coded():
    both = two_raters(tabulate([[1, _, 2], [1, 2, 3]]), "It")

    assert both.codes.tolist() == [[0, 1], [0, 2]]
    with pytest.raises(NotApplicable, match="It compares exactly two raters, not 3"):
        two_raters(tabulate([[1], [1], [1]]), "It")


def test_weights_fall_from_one_to_nothing_along_the_scale():
    assert scale_weights(3, None).tolist() == np.eye(3).tolist()
    assert scale_weights(3, "linear").tolist() == [[1, 0.5, 0], [0.5, 1, 0.5], [0, 0.5, 1]]
    assert scale_weights(3, "quadratic").tolist() == [
        [1, 0.75, 0],
        [0.75, 1, 0.75],
        [0, 0.75, 1],
    ]
    assert scale_weights(1, "linear").tolist() == [[1]]
    with pytest.raises(ValueError, match="None, 'linear' or 'quadratic', not 'steep'"):
        scale_weights(3, "steep")


def test_a_ratio_by_nothing_is_no_number():
    found = ratio([1, 0, 3], [2, 0, 0])

    assert found[0] == 0.5
    assert np.isnan(found[1:]).all()
    assert is_varied(np.array([[2, 2, 0], [0, 1, 0]])).tolist() == [False, True, False]


@few
@given(plain)
def test_denominators_count_shared_papers_their_ratings_and_who_gave_them(ratings):
    shared = [
        paper for paper in zip(*ratings, strict=True) if sum(v is not None for v in paper) > 1
    ]
    raters = {r for paper in shared for r, value in enumerate(paper) if value is not None}

    assert denominators(tabulate(ratings)) == (
        len(shared),
        sum(value is not None for paper in shared for value in paper),
        len(raters),
    )


# Sums


@few
@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(0, 3))
def test_rows_are_added_up_by_their_groups(groups, empty):
    size = 6 + empty  # some groups have no member
    rows = np.arange(2 * len(groups)).reshape(-1, 2) ** 2
    members = np.arange(len(groups))[::-1]
    sums = GroupSums(members, np.array(groups), size)
    wanted = np.zeros((size, 2), int)
    for member, group in zip(members, groups, strict=True):
        wanted[group] += rows[member]

    assert (sums(rows) == wanted).all()
    assert (sums.unordered(rows)[sums.row_of] == wanted).all()


@pytest.mark.parametrize("largest", [46, 47, 48, 49, 200])
def test_large_groups_are_added_up_like_small_ones(largest, monkeypatch):
    monkeypatch.setattr(sums_module, "PIECE", 64)
    groups = np.repeat([2, 0, 1], [largest, 3, 60])
    rows = np.arange(3 * len(groups)).reshape(-1, 3)
    found = GroupSums(np.arange(len(groups)), groups, 5)(rows)

    for group in range(5):
        assert found[group].tolist() == rows[groups == group].sum(axis=0).tolist()


@pytest.mark.parametrize("power", [1, 2])
def test_weighted_sums_are_the_same_in_pieces(power, monkeypatch):
    random = np.random.default_rng(1)
    weights, counts = random.random(50), random.integers(0, 9, (50, 4))
    wanted = weights @ counts.astype(float) ** power

    assert weighted_sum(weights, counts, power) == pytest.approx(wanted)
    monkeypatch.setattr(sums_module, "PIECE", 96)
    assert weighted_sum(weights, counts, power) == pytest.approx(wanted)


@few
@given(plain)
def test_marginals_are_how_often_each_value_was_given(ratings):
    table = tabulate(ratings, SCALE)
    patterns = patterns_of(table, at_least=1)
    found = marginals(patterns.columns, len(SCALE))(patterns.counts[:, None])

    assert found[:, 0].tolist() == [sum(row.count(value) for row in ratings) for value in SCALE]


def test_more_ratings_than_a_narrow_number_holds_are_added_up_all_the_same():
    # Counts are kept in 16 bits where they fit: 60,000 ratings do not.
    ratings = [[0, 1, 0, 1] * 7500, [0, 1, 1, 1] * 7500]
    size = 60_000
    times = [3 * 7500, 5 * 7500]
    within = Fraction(2 * 7500, size)
    across = 1 - sum(Fraction(n * (n - 1), size * (size - 1)) for n in times)

    assert krippendorff_alpha(ratings) == pytest.approx(float(1 - within / across), abs=1e-12)
    low, high, used = interval(ratings, krippendorff_alpha, 20)
    assert used == 20
    assert low < krippendorff_alpha(ratings) < high


# Distances of sets


@few
@given(sets)
def test_similarity_follows_from_sizes_alone_and_is_symmetric(ratings):
    table = tabulate(ratings)
    if not table.values:
        return
    for is_masi in (False, True):
        distance = SetDistance(table, is_masi=is_masi)
        every = np.arange(len(table.values))
        apart = distance.between(every[:, None], every[None, :])
        assert (apart == apart.T).all()
        assert (apart.diagonal() == 0).all()
        assert ((apart >= 0) & (apart <= 1)).all()
        for one, other in combinations(every, 2):
            a, b = table.values[one], table.values[other]
            assert (apart[one, other] == 1) == (not a & b)


def test_labels_of_sets_may_be_declared():
    ratings = [[{"a"}, {"b"}], [{"a"}, {"a", "b"}]]

    for metric in ("jaccard", "masi"):
        plainly = krippendorff_alpha(ratings, metric)
        assert krippendorff_alpha(ratings, metric, ["c", "b", "a", "a"]) == plainly
    with pytest.raises(ValueError, match="'a' is not among the categories 'b', 'c'"):
        krippendorff_alpha(ratings, "masi", ["b", "c"])


def test_no_interval_comes_from_a_paper_alone_or_from_nothing():
    assert interval([[1], [2]], percent_agreement) == NO_INTERVAL == (None, None, 0)
    assert interval([[1, _], [1, 1]], gwet_ac).replicates == 0
    figure = measure([[1], [2]], percent_agreement)
    assert (figure.value, figure.low, figure.reason) == (0, None, "")


def test_a_callable_that_cannot_be_hashed_is_resampled_like_any_function():
    class Share:
        __hash__ = None

        def __call__(self, ratings):
            return percent_agreement(ratings)

    def by_name(ratings):
        return percent_agreement(ratings)

    ratings = [[1, 2, 3, 1], [1, 2, 1, 1]]
    assert interval(ratings, Share(), 40) == interval(ratings, by_name, 40)
    assert measure(ratings, Share(), 0).value == 0.75
