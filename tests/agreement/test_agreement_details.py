"""Intervals, reasons, and what lies behind a figure: codes, pairs, confusions, papers."""

from functools import partial

import numpy as np
import pytest

from reviews.agreement.statistics import (
    Absence,
    NotApplicable,
    binary,
    cohen_kappa,
    coincidence_matrix,
    confused_pairs,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    interval,
    krippendorff_alpha,
    leave_one_code_out,
    leave_one_rater_out,
    marginals_by_rater,
    measure,
    median_absolute_difference,
    one_sided,
    pairwise,
    per_code,
    percent_agreement,
    prepared,
    specific_agreement,
    tabulate,
    worst_papers,
)
from reviews.agreement.statistics.bootstrap import (
    draws,
    plan_of,
    plan_of_any,
    replicate_values,
    resampled,
)
from reviews.agreement.statistics.distances import SetDistance, SharedSubsets
from tests.agreement.test_agreement_statistics import EXAMPLE_C

_ = None
masi = partial(krippendorff_alpha, metric="masi")


def study_of(papers, seed=1, raters=3, missing=0.1):
    """Ratings that vary, with codings missing: numbers 0 to 3 as a scale, and sets of five
    labels.
    """
    random = np.random.default_rng(seed)
    true = random.integers(0, 4, papers)
    scale = [
        [int(np.clip(value + random.integers(-1, 2), 0, 3)) for value in true]
        for _ in range(raters)
    ]
    sets = [
        [frozenset("abcde"[i] for i in range(5) if random.random() < 0.2 + 0.1 * v) for v in row]
        for row in scale
    ]
    gone = random.random((raters, papers)) < missing

    def thinned(rows):
        return [
            [None if gone[r, p] else value for p, value in enumerate(row)]
            for r, row in enumerate(rows)
        ]

    return thinned(scale), thinned(sets)


SCALE, SETS = study_of(60)
FULL, FULL_SETS = study_of(60, missing=0)
PAIR = SCALE[:2]
DECLARED = [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("ratings", "coefficient"),
    [
        (SCALE, percent_agreement),
        (SETS, percent_agreement),
        (PAIR, cohen_kappa),
        (PAIR, partial(cohen_kappa, categories=DECLARED, weights="quadratic")),
        (FULL, fleiss_kappa),
        (SCALE, conger_kappa),
        (SCALE, partial(gwet_ac, categories=DECLARED)),
        (SCALE, partial(gwet_ac, categories=DECLARED, weights="linear")),
        *(
            (SCALE, partial(krippendorff_alpha, metric=m))
            for m in ("nominal", "ordinal", "interval", "ratio")
        ),
        *((SETS, partial(krippendorff_alpha, metric=m)) for m in ("jaccard", "masi")),
    ],
)
def test_a_replicate_is_the_coefficient_of_the_papers_drawn(ratings, coefficient):
    plan = plan_of(coefficient, ratings)
    drawn = draws(plan.patterns.counts, 40, seed=5)

    assert (drawn.sum(axis=0) == plan.patterns.counts.sum()).all()
    slowly = [
        coefficient(resampled(tabulate(ratings), plan.patterns, counts)) for counts in drawn.T
    ]
    assert plan.evaluate(drawn) == pytest.approx(slowly, abs=1e-12)
    assert plan.value() == pytest.approx(coefficient(ratings), abs=0)


def test_any_function_of_ratings_gets_the_same_interval_from_the_same_draws():
    ours = partial(cohen_kappa, categories=DECLARED)
    both = [
        [one for one, other in zip(*PAIR, strict=True) if None not in (one, other)],
        [other for one, other in zip(*PAIR, strict=True) if None not in (one, other)],
    ]
    low, high, used = interval(both, ours, 200)

    def theirs(ratings):
        return ours(ratings)

    assert interval(both, theirs, 200) == (pytest.approx(low), pytest.approx(high), used)
    assert interval(both, partial(ours), 200) == (low, high, used)


def test_uncoded_papers_are_not_drawn_for_other_functions():
    plan = plan_of_any(percent_agreement, [[1, _, 2], [1, _, 3]])

    assert plan.patterns.counts.sum() == 2


def test_an_interval_depends_on_the_seed_alone():
    scale, sets = study_of(40, seed=3)
    order = np.random.default_rng(0).permutation(40)

    for ratings, coefficient in ((scale, krippendorff_alpha), (sets, masi)):
        first = interval(ratings, coefficient, 200, seed=7)
        assert (
            interval(ratings, coefficient, 200, seed=7)
            == first
            != interval(ratings, coefficient, 200, seed=8)
        )
        assert (
            interval([[row[p] for p in order] for row in ratings[::-1]], coefficient, 200, seed=7)
            == first
        )


def test_replicates_that_are_undefined_are_not_used():
    # Four papers, of which one alone varies: (3/4)^4 of the replicates miss it.
    ratings = [["a", "a", "a", "b"], ["a", "a", "a", "b"]]
    low, high, used = interval(ratings, krippendorff_alpha, 1000)

    assert (low, high) == (1, 1)
    assert used == pytest.approx(1000 * (1 - 0.75**4 - 0.25**4), abs=60)


@pytest.mark.parametrize("metric", ["interval", "ratio", "ordinal"])
def test_rounding_never_makes_variation_out_of_none(metric):
    # A third and a tenth are not exact in binary; drawn alone, either must still count as no
    # variation.
    ratings = [[0.1, 0.1, 0.1, 1 / 3, 1e6], [0.1, 0.1, 0.1, 1 / 3, 1e6]]

    by_name = interval(ratings, krippendorff_alpha, 1000)
    assert by_name[2] < 1000
    assert interval(ratings, partial(krippendorff_alpha, metric=metric), 1000) == pytest.approx(
        by_name
    )


def test_the_interval_covers_the_true_value_in_about_95_percent():
    # Two raters who each keep a fair coin with probability .9: alpha of all papers is .64.
    random = np.random.default_rng(11)
    covered = 0
    for study in range(200):
        true = random.integers(0, 2, 120)
        ratings = [np.where(random.random(120) < 0.1, 1 - true, true).tolist() for _ in range(2)]
        low, high, _used = interval(ratings, krippendorff_alpha, 400, seed=study)
        covered += low <= 0.64 <= high
    assert 180 <= covered <= 199


def test_an_interval_without_replicates_is_refused():
    with pytest.raises(ValueError, match="at least 1 replicate"):
        interval(SCALE, krippendorff_alpha, replicates=0)


@pytest.mark.parametrize("is_masi", [False, True])
def test_shared_subsets_give_the_sum_over_pairs(is_masi):
    random = np.random.default_rng(2)
    table = tabulate(
        [[frozenset(np.flatnonzero(random.random(9) < 0.35).tolist()) for _ in range(300)]]
    )
    distance = SetDistance(table, is_masi=is_masi)
    counts = random.integers(0, 4, (len(table.values), 7)).astype(np.int16)
    every = np.arange(len(table.values))
    by_pairs = distance.between(every[:, None], every[None, :])
    lattice = SharedSubsets(distance._masks[:, 0], distance.member.sum(axis=1), distance.similarity)

    wanted = np.einsum("ab,ac,cb->b", counts, by_pairs, counts)
    assert lattice.quadratic(counts) == pytest.approx(wanted, rel=1e-12)
    assert distance.quadratic(counts) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("labels", [40, 200])
def test_many_distinct_sets_and_many_labels_give_the_textbook_sum(labels):
    random = np.random.default_rng(4)
    rows = [
        [
            frozenset(random.choice(labels, random.integers(0, 6), replace=False).tolist())
            for _ in range(800)
        ]
    ] * 2
    table = tabulate(rows)
    distance = SetDistance(table, is_masi=True)
    assert len(table.values) > 500
    counts = random.integers(0, 3, (len(table.values), 2))
    every = np.arange(len(table.values))

    wanted = np.einsum(
        "ab,ac,cb->b", counts, distance.between(every[:, None], every[None, :]), counts
    )
    assert distance.quadratic(counts) == pytest.approx(wanted, rel=1e-12)
    for limit in (0, 10**9):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("reviews.agreement.statistics.distances.FULL_MATRIX", limit)
            patch.setattr("reviews.agreement.statistics.distances._Blocks.CELLS", 50_000)
            assert SetDistance(table, is_masi=True).quadratic(counts) == pytest.approx(
                wanted, rel=1e-12
            )


def test_a_measure_has_interval_and_denominators():
    figure = measure(EXAMPLE_C, krippendorff_alpha, replicates=300)

    assert (figure.value, figure.reason) == (krippendorff_alpha(EXAMPLE_C), "")
    assert (figure.low, figure.high, figure.replicates) == interval(
        EXAMPLE_C, krippendorff_alpha, 300
    )
    # Unit 12 was coded once: 11 units and 40 values remain.
    assert (figure.papers, figure.units, figure.raters) == (11, 40, 4)
    assert measure(EXAMPLE_C, krippendorff_alpha, replicates=0).low is None


@pytest.mark.parametrize(
    ("ratings", "coefficient", "reason"),
    [
        ([], krippendorff_alpha, "nothing was coded"),
        ([[_, _], [_, _]], krippendorff_alpha, "nothing was coded"),
        ([[1, 2], [_, _]], krippendorff_alpha, "only one rater coded papers"),
        ([[1, _], [_, 2]], cohen_kappa, "no paper was coded by two raters"),
        ([[1, 1], [1, 1]], krippendorff_alpha, "no variation: every rating is the same"),
        (
            [[1, 1, _], [1, 1, 2]],
            fleiss_kappa,
            "same number of ratings on every paper, here are 1 to 2.",
        ),
        ([[1, 1, 2], [1, 1, _]], krippendorff_alpha, "no variation: every rating is the same"),
        ([[1, 1], [1, 1]], gwet_ac, "only one category is known"),
        ([[1, 2], [1, 1], [1, 1]], cohen_kappa, "exactly two raters, not 3."),
        ([[1, 2], [1, 1]], lambda ratings: None, "not computable from these ratings"),
    ],
)
def test_a_measure_says_why_it_is_undefined(ratings, coefficient, reason):
    figure = measure(ratings, coefficient)

    assert figure.reason.endswith(reason)
    assert (figure.value, figure.low, figure.high, figure.replicates) == (None, None, None, 0)


def test_a_measure_of_unreadable_ratings_is_an_error():
    with pytest.raises(ValueError, match="'x' is not a number") as error:
        measure([["x"], [1]], partial(krippendorff_alpha, metric="interval"))
    assert not isinstance(error.value, NotApplicable)


def test_absences_are_mapped_by_kind_of_section():
    unclear, silent = Absence("unclear"), Absence("not_reported")

    code = prepared([[("A", ""), (None, "unclear"), ("", ""), None]], "code")
    assert (code.ratings, code.left_out) == ([["A", unclear, None, None]], {})
    yes_no = prepared([[(True, ""), (None, "not_reported"), (False, "")]], "yes_no")
    assert (yes_no.ratings, yes_no.left_out) == ([[True, silent, False]], {})
    codes = prepared([[(["x"], ""), ([], ""), (None, "unclear"), (None, ""), None]], "codes")
    assert codes.ratings == [[frozenset("x"), frozenset(), frozenset([unclear]), None, None]]
    stage = prepared(
        [[(2, ""), (None, "unclear")], [(None, "not_applicable"), (None, "unclear")]], "stage"
    )
    assert (stage.ratings, stage.left_out) == (
        [[2, None], [None, None]],
        {"unclear": 2, "not_applicable": 1},
    )
    number = prepared([[(0, ""), (None, "unclear")]], "number")
    assert (number.ratings, number.left_out) == ([[0, None]], {"unclear": 1})


def test_an_absence_never_equals_a_code_of_the_same_name():
    ratings = prepared(
        [[("unclear", ""), ("B", "")], [(None, "unclear"), ("B", "")]], "code"
    ).ratings

    assert percent_agreement(ratings) == 0.5
    assert str(ratings[1][0]) == "unclear"


@pytest.mark.parametrize(
    ("answer", "kind"), [((1, ""), "text"), ((None, "gone"), "code"), (("label", ""), "codes")]
)
def test_invalid_answers_are_refused(answer, kind):
    with pytest.raises(ValueError, match=r"no coefficient|no absence|one label"):
        prepared([[answer]], kind)


def test_the_coincidence_matrix_is_krippendorffs():
    # Krippendorff 2011, section C: the coincidences of example C.
    found = coincidence_matrix(EXAMPLE_C, categories=[1, 2, 3, 4, 5])

    published = [
        [7, 4 / 3, 1 / 3, 1 / 3, 0],
        [4 / 3, 10, 4 / 3, 1 / 3, 0],
        [1 / 3, 4 / 3, 8, 1 / 3, 0],
        [1 / 3, 1 / 3, 1 / 3, 4, 0],
        [0, 0, 0, 0, 3],
    ]
    assert found.matrix == pytest.approx(np.array(published))
    assert found.matrix.sum() == pytest.approx(40)
    assert found.papers[0, 1] == [5, 7]
    assert found.papers[1, 2] == [1, 5]
    assert (0, 4) not in found.papers


def test_per_code_names_who_gave_a_code_and_who_alone():
    ratings = [[{"a", "b"}, {"a"}, set(), {"a"}, {"a"}], [{"a"}, {"b"}, set(), {"b"}, _]]
    a, b, c = per_code(ratings, ["a", "b", "c"], replicates=100)

    assert (a.papers, a.differing, a.given, a.only, a.by_all) == (4, [1, 3], (4, 1), (2, 0), 1)
    assert (b.papers, b.differing, b.given, b.only, b.by_all) == (3, [0, 1, 3], (1, 2), (1, 2), 0)
    assert (c.papers, c.krippendorff_alpha.value, c.positive_agreement) == (0, None, None)
    assert (c.krippendorff_alpha.reason, c.negative_agreement, c.percent_agreement) == (
        "no variation: every rating is the same",
        1,
        1,
    )
    yes_no = [[True, True, False, True, True], [True, False, False, False, _]]
    assert a.krippendorff_alpha == measure(yes_no, krippendorff_alpha, 100)
    assert a.kappa.value == cohen_kappa(yes_no)
    assert a.gwet_ac1.value == gwet_ac(yes_no, categories=[False, True])
    assert a.positive_agreement == pytest.approx(2 / 4)
    assert (binary(ratings, "a").codes == tabulate(yes_no).codes).all()


def test_per_code_uses_congers_kappa_for_more_raters_and_finds_the_codes_itself():
    found = per_code(SETS, replicates=0)

    assert [code.code for code in found] == list("abcde")
    has_a = [[None if said is None else "a" in said for said in row] for row in SETS]
    assert found[0].kappa.value == conger_kappa(has_a)
    assert found[0].krippendorff_alpha.value == krippendorff_alpha(has_a)


def test_pairs_of_raters_are_compared_over_the_papers_both_coded():
    ratings = [[1, 2, 1, 2, _], [1, 2, 2, 2, 1], [_, _, _, _, 1]]
    found = pairwise(ratings, cohen_kappa)

    assert found.papers == [[0, 4, 0], [4, 0, 1], [0, 1, 0]]
    assert found.values[0][1] == found.values[1][0] == cohen_kappa(ratings[:2])
    assert (found.values[0][2], found.values[1][2], found.values[0][0]) == (None, None, None)
    assert pairwise(ratings, fleiss_kappa).values[0][1] == fleiss_kappa(
        [row[:4] for row in ratings[:2]]
    )


def test_leaving_out_a_rater_or_a_code_shows_who_moves_the_result():
    figures = leave_one_rater_out(SETS, masi)
    others = [masi([row for row in SETS if row is not left_out]) for left_out in SETS]
    assert [figure.value for figure in figures] == pytest.approx(others)

    without = leave_one_code_out(SETS, masi, ["a", "z"])
    thinned = [[None if said is None else said - {"a"} for said in row] for row in SETS]
    assert without["a"].value == pytest.approx(masi(thinned))
    assert without["z"].value == pytest.approx(masi(SETS))
    plain = leave_one_code_out(
        [["x", "y", "z", "x"], ["x", "y", "y", "y"]], krippendorff_alpha, ["z"]
    )
    assert plain["z"].value == pytest.approx(
        krippendorff_alpha([["x", "y", _, "x"], ["x", "y", "y", "y"]])
    )


def test_marginals_show_what_each_rater_gives():
    ben, cleo = marginals_by_rater([[{"a", "b"}, {"a"}, set()], [{"c"}, _, _]])
    assert (ben.papers, ben.times, ben.labels_per_paper) == (3, {"a": 2, "b": 1}, 1)
    assert (cleo.papers, cleo.times, cleo.labels_per_paper) == (1, {"c": 1}, 1)

    (plain,) = marginals_by_rater([["x", "y", "y", _]])
    assert (plain.papers, plain.times, plain.labels_per_paper) == (3, {"y": 2, "x": 1}, None)


def test_the_median_difference_is_over_all_pairs_of_ratings():
    assert median_absolute_difference([[1, 5, -2], [2, 5, 2], [4, _, _]]) == 2
    assert median_absolute_difference([[1, _], [_, 2]]) is None


def test_specific_agreement_of_any_category_counts_pairs():
    # b: 2 + 0 of the 2·2 + 1·2 chances that the other two give it as well.
    assert specific_agreement([["b", "a"], ["b", "b"], ["a", "a"]], "b") == pytest.approx(2 / 6)
    assert specific_agreement([["b"], ["b"]], "never") is None


def test_confused_pairs_name_the_label_that_stands_for_another():
    ben = [{"drift", "x"}, {"drift"}, {"drift"}, {"x"}, {"cost"}, {"drift"}]
    cleo = [{"monitoring", "x"}, {"monitoring"}, {"monitoring", "drift"}, {"x"}, {"x"}, {"drift"}]
    found = confused_pairs([ben, cleo], at_least=1)

    assert [(pair.one, pair.other, pair.count) for pair in found] == [
        ("cost", "x", 1),
        ("drift", "monitoring", 2),
    ]
    assert (found[1].papers, found[1].by_raters) == ([0, 1], {(0, 1): 2})
    # 12 ordered comparisons; drift alone on one side 2 times, monitoring 3: 2·12 / (2·3).
    assert found[1].lift == pytest.approx(4)
    assert [pair.one for pair in confused_pairs([ben, cleo])] == ["drift"]


def test_one_sided_labels_are_those_that_only_some_raters_gave():
    ben = [{"drift", "x"}, {"drift"}, {"x"}, None, set()]
    cleo = [{"drift"}, {"drift"}, {"drift", "x"}, {"x"}, {"x"}]

    assert one_sided([ben, cleo]) == {"drift": [2], "x": [0, 4]}


def test_confused_pairs_of_plain_values_know_both_directions():
    (found,) = confused_pairs([["a", "b", "a", "c"], ["b", "a", "a", "c"]])

    assert (found.one, found.other, found.count, found.papers) == ("a", "b", 2, [0, 1])
    assert found.by_raters == {(0, 1): 1, (1, 0): 1}


def test_worst_papers_are_sorted_and_exclude_agreeing_ones():
    ratings = [[0, 0, 3, 1, 2], [0, 3, 2, 1, _]]

    found = worst_papers(ratings, "interval")
    assert [paper for paper, _share in found] == [1, 2]
    # Weighed by pairs of equal size, the mean share is what alpha lacks to 1.
    assert sum(share for _paper, share in found) / 4 == pytest.approx(
        1 - krippendorff_alpha(ratings, "interval")
    )
    assert worst_papers(ratings, "interval", limit=1) == found[:1]
    assert worst_papers([[1, 1], [1, 1]]) == []
    for metric in ("nominal", "ordinal", "ratio"):
        shares = [share for _paper, share in worst_papers(ratings, metric)]
        assert sum(shares) / 4 == pytest.approx(1 - krippendorff_alpha(ratings, metric)), metric
    sets = [[{"a"}, {"a", "b"}, set()], [{"a"}, {"b"}, set()]]
    assert [paper for paper, _share in worst_papers(sets, "masi")] == [1]


def test_a_table_is_accepted_wherever_ratings_are():
    table = tabulate(SCALE)

    assert krippendorff_alpha(table, "ordinal") == krippendorff_alpha(SCALE, "ordinal")
    assert gwet_ac(table, categories=range(6)) == gwet_ac(SCALE, categories=range(6))
    assert replicate_values(plan_of(conger_kappa, table), 5, 1).shape == (5,)
