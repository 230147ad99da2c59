"""The coefficients: published values, the hard cases, the real double-coded survey."""

import csv
import json
from functools import partial

import numpy as np
import pytest

from reviews.agreement import statistics
from reviews.agreement.statistics import (
    brennan_prediger,
    cohen_kappa,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    interval,
    krippendorff_alpha,
    percent_agreement,
    prepared,
    scott_pi,
)
from reviews.agreement.statistics.distances import SetDistance

_ = None

# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section C: four observers, twelve
# units.
EXAMPLE_C = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
]

# Fleiss 1971, Psychological Bulletin 76, table 1: 30 patients, 6 psychiatrists each; how many chose
# depression, personality disorder, schizophrenia, neurosis, other.
FLEISS_1971 = [
    "00060",
    "03003",
    "01401",
    "00006",
    "03030",
    "20400",
    "00402",
    "20310",
    "20040",
    "00006",
    "10050",
    "11040",
    "03300",
    "10050",
    "02031",
    "00501",
    "30012",
    "51000",
    "02040",
    "10203",
    "00006",
    "01050",
    "02013",
    "20040",
    "10041",
    "05010",
    "40002",
    "02040",
    "10500",
    "00006",
]


def two_raters(table, categories=None):
    """Ratings of two raters from their table of counts, rows the first rater's."""
    names = categories or range(len(table))
    cells = [
        (one, other, times)
        for one, row in zip(names, table, strict=True)
        for other, times in zip(names, row, strict=True)
    ]
    return [
        [one for one, _, times in cells for _ in range(times)],
        [other for _, other, times in cells for _ in range(times)],
    ]


def patients():
    """Fleiss' raters are not the same for every patient: any order of the six will do."""
    each = [
        [kind for kind, times in enumerate(row) for _ in range(int(times))] for row in FLEISS_1971
    ]
    return [list(rater) for rater in zip(*each, strict=True)]


def test_cohens_kappa_gives_the_value_of_cohen_1960():
    # Cohen 1960, Educational and Psychological Measurement 20, p. 37-46, 200 cases: kappa .492. The
    # same table is table 1 of Cohen 1968 and the example of `cohen.kappa` in the R package psych.
    diagnoses = two_raters([[88, 14, 18], [10, 40, 10], [2, 6, 12]])

    assert cohen_kappa(diagnoses) == pytest.approx(58 / 118)
    assert round(cohen_kappa(diagnoses), 3) == 0.492


def test_weighted_kappa_gives_the_value_of_the_sas_manual():
    # SAS/STAT User's Guide, FREQ procedure, getting started, agreement study: kappa .3449, weighted
    # (linear) .5082.
    scale = ["terrible", "poor", "marginal", "clear"]
    skin = two_raters([[10, 4, 1, 0], [5, 10, 12, 2], [2, 4, 12, 5], [0, 2, 6, 13]], scale)

    assert round(cohen_kappa(skin), 4) == 0.3449
    assert round(cohen_kappa(skin, categories=scale, weights="linear"), 4) == 0.5082
    assert (
        round(cohen_kappa(skin, categories=["poor", "terrible", *scale[2:]], weights="linear"), 4)
        == 0.3979
    )


def test_weighted_kappa_leaves_equal_weights_to_a_scale_of_two():
    pairs = two_raters([[40, 9], [6, 45]])

    assert cohen_kappa(pairs, weights="linear") == pytest.approx(cohen_kappa(pairs))
    assert cohen_kappa(pairs, weights="quadratic") == pytest.approx(cohen_kappa(pairs))


def test_kappa_shows_the_paradox_of_feinstein_and_cicchetti_1990():
    # Feinstein and Cicchetti 1990, Journal of Clinical Epidemiology 43, p. 543-549: 85 of 100
    # agree, kappa .70 or .32.
    balanced = two_raters([[40, 9], [6, 45]])
    skewed = two_raters([[80, 10], [5, 5]])

    assert percent_agreement(balanced) == percent_agreement(skewed) == 0.85
    assert round(cohen_kappa(balanced), 2) == 0.70
    assert round(cohen_kappa(skewed), 2) == 0.32


def test_specific_agreement_explains_the_paradox():
    # 2a / (2a + b + c) and 2d / (2d + b + c), Cicchetti and Feinstein 1990, the same volume, p.
    # 551-558.
    skewed = two_raters([[80, 10], [5, 5]], categories=[True, False])

    assert statistics.positive_agreement(skewed) == pytest.approx(160 / 175)
    assert statistics.negative_agreement(skewed) == pytest.approx(10 / 25)
    assert statistics.positive_agreement([[0, 0], [0, 0]]) is None


def test_gwets_ac1_gives_the_values_of_gwet_2008_where_kappa_and_pi_turn_negative():
    # Gwet 2008, British Journal of Mathematical and Statistical Psychology 61, p. 29-48: 125
    # subjects, 118 and 0 agreed upon, 5 and 2 not; pi -.0288, kappa -.0234, AC1 .9408 (the last
    # also in Gwet 2002).
    ratings = two_raters([[118, 5], [2, 0]])

    assert round(scott_pi(ratings), 4) == -0.0288
    assert round(cohen_kappa(ratings), 4) == -0.0234
    assert round(gwet_ac(ratings), 4) == 0.9408


def test_two_rater_coefficients_give_the_values_of_the_irrcac_vignette():
    # irrCAC, vignette "overview", data cont3x3abstractors (Gwet 2014): kappa .7964094, pi .7962397.
    ratings = two_raters([[13, 0, 0], [0, 20, 7], [0, 4, 56]])

    assert cohen_kappa(ratings) == pytest.approx(0.7964094, abs=5e-8)
    assert scott_pi(ratings) == pytest.approx(0.7962397, abs=5e-8)
    assert conger_kappa(ratings) == pytest.approx(cohen_kappa(ratings))


def test_fleiss_kappa_gives_the_value_of_fleiss_1971():
    assert [sum(int(row[kind]) for row in FLEISS_1971) for kind in range(5)] == [26, 26, 30, 55, 43]
    assert round(fleiss_kappa(patients()), 3) == 0.430


@pytest.mark.parametrize(
    ("metric", "published"),
    [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)],
)
def test_alpha_gives_the_values_of_krippendorff_2011(metric, published):
    assert round(krippendorff_alpha(EXAMPLE_C, metric), 3) == published


def test_coefficients_with_missing_codings_give_gwets_values():
    # Gwet's data of 4 raters and 12 subjects (irrCAC: cac.raw4raters) are example C; values of
    # irrCAC 0.4.4.
    assert round(gwet_ac(EXAMPLE_C), 5) == 0.77544
    assert round(conger_kappa(EXAMPLE_C), 5) == 0.76207
    assert round(brennan_prediger(EXAMPLE_C), 5) == 0.77273
    assert round(percent_agreement(EXAMPLE_C), 5) == 0.81818
    assert round(gwet_ac(EXAMPLE_C, weights="linear"), 5) == 0.85874
    assert round(gwet_ac(EXAMPLE_C, weights="quadratic"), 5) == 0.914
    assert round(brennan_prediger(EXAMPLE_C, weights="linear"), 5) == 0.84848


@pytest.mark.parametrize(
    ("one", "other", "jaccard", "monotonicity"),
    [
        ({1, 2}, {1, 2}, 1, 1),
        ({1, 2}, {1, 2, 3, 4}, 1 / 2, 2 / 3),
        ({1, 2, 3}, {2, 3, 4}, 1 / 2, 1 / 3),
        ({1}, {2}, 0, 0),
        (set(), set(), 1, 1),
        (set(), {1}, 0, 0),
    ],
)
def test_set_distances_are_those_of_jaccard_1912_and_passonneau_2006(
    one, other, jaccard, monotonicity
):
    # Passonneau 2006, "Measuring Agreement on Set-valued Items (MASI)", LREC: distance = 1 - J·M.
    table = statistics.tabulate([[one, other, {9}], [one, other, {9}]])
    place = [table.codes[0, 0], table.codes[0, 1]]
    for is_masi, similar in ((False, jaccard), (True, jaccard * monotonicity)):
        distance = SetDistance(table, is_masi=is_masi)
        assert distance.between(*np.array(place)[:, None])[0] == 1 - similar


def test_alpha_of_sets_is_the_textbook_value():
    # Two papers, two raters. Do = (0 + 1/2·…) by hand: distances within 0 and d; between the four
    # ratings a a b c.
    ratings = [[{"a"}, {"b"}], [{"a"}, {"b", "c"}]]

    # Jaccard: within 1/2; all pairs: aa 0, ab 1 (×2), ac' 1 (×2), bc' 1/2; alpha = 1 - 3·(2·1/2) /
    # (2·(4 + 1/2)).
    assert krippendorff_alpha(ratings, "jaccard") == pytest.approx(1 - 3 * 1 / 9)
    # MASI: the one pair that differs is 1 - 1/2·2/3 = 2/3.
    assert krippendorff_alpha(ratings, "masi") == pytest.approx(1 - 3 * (4 / 3) / (2 * (4 + 2 / 3)))


def double_coded(shared_data):
    """The five articles of five raters: {section: (ratings, left out)}, absences mapped as the kind
    wants.
    """
    scales = (
        "software_cite",
        "software_avail",
        "software_avail_corrected",
        "comp_mthds_avail",
        "data_avail",
    )
    said = {}
    with (shared_data / "plant-pathology" / "double-coded-5x5.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            section, reviewer, paper, value = (
                row[name].strip() for name in ("section", "reviewer", "paper", "value")
            )
            said.setdefault(section, {}).setdefault((reviewer, paper), []).append(value)
    raters = sorted({rater for answers in said.values() for rater, _ in answers})
    papers = sorted({paper for answers in said.values() for _, paper in answers})

    def answer(section, values):
        if values is None:
            return None
        if section == "software_used":
            return {value.upper() for value in values}, ""
        if values == ["NA"]:
            return None, "not_applicable"
        return int(values[0]) if section in scales else values[0], ""

    found = {}
    for section, answers in said.items():
        kind = "codes" if section == "software_used" else "stage" if section in scales else "code"
        rows = [
            [answer(section, answers.get((rater, paper))) for paper in papers] for rater in raters
        ]
        found[section] = prepared(rows, kind)
    return found


def test_the_double_coded_survey_gives_the_recomputed_values(shared_data):
    expected = json.loads((shared_data / "plant-pathology" / "expected.json").read_text())[
        "recomputed_agreement"
    ]
    sections = double_coded(shared_data)

    assert set(expected) <= set(sections)
    for section in set(expected) - {"software_used"}:
        ratings, wanted = sections[section].ratings, expected[section]
        for name, metric in (
            ("krippendorff_alpha_nominal", "nominal"),
            ("krippendorff_alpha_ordinal", "ordinal"),
        ):
            if wanted.get(name, "absent") != "absent":
                found = krippendorff_alpha(
                    ratings, metric, None if metric == "nominal" else [0, 1, 2, 3]
                )
                assert (found if found is None else round(found, 6)) == wanted[name], (
                    section,
                    name,
                )
    for section in (
        "art_class",
        "molecular",
        "software_cite",
        "software_avail",
        "software_avail_corrected",
    ):
        assert (
            round(fleiss_kappa(sections[section].ratings), 6) == expected[section]["fleiss_kappa"]
        ), section
    assert krippendorff_alpha(sections["data_avail"].ratings) is None
    assert fleiss_kappa(sections["data_avail"].ratings) is None
    assert percent_agreement(sections["data_avail"].ratings) == 1
    used = krippendorff_alpha(sections["software_used"].ratings, "jaccard")
    assert round(used, 6) == expected["software_used"]["alpha_jaccard"]
    assert round(krippendorff_alpha(sections["molecular"].ratings), 6) == 0.173653
    assert round(krippendorff_alpha(sections["software_cite"].ratings, "ordinal"), 6) == 0.111891


def test_not_applicable_leaves_the_scale_and_is_counted(shared_data):
    section = double_coded(shared_data)["comp_mthds_avail"]

    assert (
        section.left_out
        == {"not_applicable": sum(row.count(None) for row in section.ratings)}
        != {}
    )
    with pytest.raises(ValueError, match="same number of ratings"):
        fleiss_kappa(section.ratings)
    assert (
        statistics.measure(section.ratings, krippendorff_alpha).reason
        == "no variation: every rating is the same"
    )


COEFFICIENTS = [
    percent_agreement,
    cohen_kappa,
    scott_pi,
    fleiss_kappa,
    conger_kappa,
    brennan_prediger,
    gwet_ac,
    *(
        partial(krippendorff_alpha, metric=metric)
        for metric in ("nominal", "ordinal", "interval", "ratio")
    ),
]
SET_COEFFICIENTS = [partial(krippendorff_alpha, metric=metric) for metric in ("jaccard", "masi")]


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
def test_coefficients_are_undefined_without_a_paper_coded_twice(coefficient):
    assert coefficient([[], []]) is None
    if coefficient is not fleiss_kappa:
        assert coefficient([[_, _], [_, _]]) is None
        assert coefficient([[1, 2, _], [_, _, 3]]) is None


@pytest.mark.parametrize("coefficient", [*COEFFICIENTS, *SET_COEFFICIENTS])
def test_chance_corrected_coefficients_are_undefined_without_variation(coefficient):
    value = {"a"} if coefficient in SET_COEFFICIENTS else 3
    found = coefficient([[value] * 4, [value] * 4])

    assert found == (1.0 if coefficient is percent_agreement else None)
    assert interval([[value] * 4, [value] * 4], coefficient) == (
        (1.0, 1.0, 1000) if found else (None, None, 0)
    )


def test_ac1_and_brennan_prediger_need_no_variation_with_declared_categories():
    agreed = [["yes"] * 4, ["yes"] * 4]

    assert gwet_ac(agreed, categories=["yes", "no"]) == 1
    assert brennan_prediger(agreed, categories=["yes", "no"]) == 1


def test_papers_coded_once_do_not_count_in_alpha():
    ratings = [["a", "b", "a", "b"], ["a", "b", "b", "b"]]
    with_singles = [[*ratings[0], "a", _, "c"], [*ratings[1], _, "b", _]]

    for metric in ("nominal", "jaccard", "masi"):
        said, more = ratings, with_singles
        if metric != "nominal":
            said, more = ([[x and {x} for x in row] for row in rows] for rows in (said, more))
        alpha = partial(krippendorff_alpha, metric=metric)
        assert alpha(more) == alpha(said)
        assert interval(more, alpha) == interval(said, alpha)


def test_an_unused_declared_category_counts_in_ac1_and_brennan_prediger():
    ratings = [["a", "b", "a", "b"], ["a", "b", "b", "b"]]

    assert gwet_ac(ratings, categories=["a", "b", "c"]) > gwet_ac(ratings)
    assert brennan_prediger(ratings, ["a", "b", "c"]) == pytest.approx((0.75 - 1 / 3) / (1 - 1 / 3))
    for unchanged in (cohen_kappa, krippendorff_alpha):
        assert unchanged(ratings, categories=["c", "a", "b"]) == pytest.approx(unchanged(ratings))


def test_the_scale_follows_the_declared_order_of_categories():
    ratings = [["low", "mid", "high", "low"], ["high", "mid", "high", "low"]]
    scale = ["low", "mid", "high"]
    as_numbers = [[scale.index(value) for value in row] for row in ratings]

    assert krippendorff_alpha(ratings, "ordinal", scale) == krippendorff_alpha(
        as_numbers, "ordinal"
    )
    assert krippendorff_alpha(ratings, "ordinal", sorted(scale)) != krippendorff_alpha(
        as_numbers, "ordinal"
    )
    for unordered in (
        partial(krippendorff_alpha, metric="ordinal"),
        partial(cohen_kappa, weights="linear"),
    ):
        with pytest.raises(ValueError, match=r"order of the scale: 'high'"):
            unordered(ratings)


def test_an_empty_set_is_a_rating_and_none_is_not():
    judged = [[set(), {"a"}, {"a"}], [{"a"}, {"a"}, {"a"}]]
    missing = [[_, {"a"}, {"a"}], [{"a"}, {"a"}, {"a"}]]

    for alpha in SET_COEFFICIENTS:
        assert alpha(judged) == 0
        assert alpha(missing) is None
        assert alpha([[set(), {"a"}], [set(), {"a"}]]) == 1


def test_negative_values_work_except_for_the_ratio_metric():
    ratings = [[-3, -1, 2.5, 0], [-3, -2, 2.5, 0]]
    shifted = [[value + 10 for value in row] for row in ratings]

    assert krippendorff_alpha(ratings, "interval") == pytest.approx(
        krippendorff_alpha(shifted, "interval")
    )
    assert krippendorff_alpha(ratings, "ordinal") == krippendorff_alpha(shifted, "ordinal")
    with pytest.raises(ValueError, match=r"0 or more, not -3"):
        krippendorff_alpha(ratings, "ratio")
    assert krippendorff_alpha([[0, 1], [1, 0]]) < 0


def test_a_single_paper_has_a_value_but_no_interval():
    assert krippendorff_alpha([[1], [2]]) == 0
    assert krippendorff_alpha([[1], [1]]) is None
    assert interval([[1], [2]], krippendorff_alpha) == (None, None, 0)


def test_a_single_rater_is_undefined_or_refused_by_two_rater_coefficients():
    assert krippendorff_alpha([[1, 2, 3]]) is None
    assert fleiss_kappa([[1, 2, 3]]) is None
    assert conger_kappa([[1, 2, 3]]) is None
    for pair_only in (cohen_kappa, scott_pi):
        for raters in (1, 3):
            with pytest.raises(ValueError, match=f"exactly two raters, not {raters}"):
                pair_only([[1, 2, 3]] * raters)


@pytest.mark.parametrize(
    ("ratings", "coefficient", "message"),
    [
        ([[1, ["a"]], [1, 2]], krippendorff_alpha, r"Rater 1, paper 2: \['a'\] cannot be compared"),
        ([[1, {"a": 1}], [1, 2]], fleiss_kappa, r"Rater 1, paper 2: \{'a': 1\} cannot be compared"),
        ([[1, 2], [1, float("nan")]], krippendorff_alpha, "Rater 2, paper 2: nan is no rating"),
        (
            [[1, 2], [1, "two"]],
            partial(krippendorff_alpha, metric="interval"),
            "'two' is not a number",
        ),
        ([[1, 2], [1, "2"]], partial(krippendorff_alpha, metric="ratio"), "'2' is not a number"),
        (
            [[1, 2], [1, float("inf")]],
            partial(krippendorff_alpha, metric="interval"),
            "inf is not a number",
        ),
        ([[1, 2], [1, "2"]], statistics.median_absolute_difference, "'2' is not a number"),
        (
            [["a", "b"], ["a", "z"]],
            partial(gwet_ac, categories=["a", "b"]),
            "'z' is not among the categories 'a', 'b'",
        ),
        (
            [[{"a"}], [{"z"}]],
            partial(krippendorff_alpha, metric="masi", categories=["a"]),
            "'z' is not among",
        ),
        (
            [["a"], ["b"]],
            partial(krippendorff_alpha, metric="jaccard"),
            "'a' is not a set of labels",
        ),
        (
            [1, 2, 3],
            krippendorff_alpha,
            r"one row per rater with one entry per paper, not \[1, 2, 3\]",
        ),
        (None, percent_agreement, "one row per rater with one entry per paper, not None"),
        (
            [[{"a"}], [{"z"}]],
            partial(krippendorff_alpha, metric="masi", categories=[["a"]]),
            r"\['a'\] cannot be compared",
        ),
        ([["a"], ["b"]], partial(krippendorff_alpha, metric="cosine"), "'cosine' is no metric"),
        (
            [["a"], ["b"]],
            partial(cohen_kappa, categories=["a", "b"], weights="steep"),
            "not 'steep'",
        ),
        ([["a"], ["b"]], partial(gwet_ac, categories=["a", "b", "a"]), "'a' is declared twice"),
        ([[1, 2, 3], [1, 2]], percent_agreement, "Rater 2 has 2 entries, rater 1 has 3"),
        (
            [[1, 2], [1, 2], [1, _]],
            fleiss_kappa,
            "same number of ratings on every paper, here are 2 to 3",
        ),
        ([[1, _], [1, _]], fleiss_kappa, "here are 0 to 2"),
        (
            [[1, 2], [0, 1]],
            statistics.positive_agreement,
            "2 is not among the categories False, True",
        ),
    ],
)
def test_unreadable_ratings_are_refused_by_name(ratings, coefficient, message):
    with pytest.raises(ValueError, match=message):
        coefficient(ratings)


def test_fleiss_kappa_accepts_any_hashable_category():
    drawn = [[("a", 1), frozenset("ab"), 3], [("a", 1), {"a", "b"}, 4]]

    assert fleiss_kappa(drawn) == fleiss_kappa([["x", "y", "z"], ["x", "y", "w"]])
