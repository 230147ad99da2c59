"""Values that others have printed, each with its source, and the textbook's own arithmetic for what
nobody prints.
"""

from fractions import Fraction
from functools import partial

import pytest

from reviews.agreement.statistics import (
    binary,
    brennan_prediger,
    cohen_kappa,
    coincidence_matrix,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    measure,
    per_code,
    percent_agreement,
    positive_agreement,
    scott_pi,
    specific_agreement,
)
from tests.agreement.test_agreement_statistics import EXAMPLE_C, FLEISS_1971, patients, two_raters

_ = None

# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability". A: Meg and Owen, ten articles. B:
# Ben and Gerry, twelve.
EXAMPLE_A = [[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]
EXAMPLE_B = [list("aabbdcccedda"), list("babbbccceddd")]

# Landis and Koch 1977, Biometrics 33, p. 159-174, table 1: two neurologists diagnose multiple
# sclerosis as certain, probable, possible or not at all; patients of Winnipeg and of New Orleans.
WINNIPEG = [[38, 5, 0, 1], [33, 11, 3, 0], [10, 14, 5, 6], [3, 7, 3, 10]]
NEW_ORLEANS = [[5, 3, 0, 0], [3, 11, 4, 0], [2, 13, 3, 4], [1, 2, 4, 14]]

# Artstein and Poesio 2008, Computational Linguistics 34, p. 555-596: two coders of dialogue acts.
DIALOGUE = [[20, 20], [10, 50]]
DIALOGUE_OF_THREE = [[46, 6, 0], [0, 32, 0], [0, 6, 10]]

# Agresti 2002, "Categorical Data Analysis", table 10.8: two pathologists, four grades of carcinoma.
CARCINOMA = [[22, 2, 2, 0], [5, 7, 14, 0], [0, 2, 36, 0], [0, 1, 17, 10]]
# Agresti 1990 after Hout, Duncan and Sobel 1987: husbands and wives, `SexualFun` of R's vcd.
COUPLES = [[7, 7, 2, 3], [2, 8, 3, 7], [1, 5, 4, 9], [2, 8, 9, 14]]
# Altman 1991, "Practical Statistics for Medical Research", table 14.7: two radiologists, 85
# xeromammograms.
MAMMOGRAMS = [[21, 12, 0, 0], [4, 17, 1, 0], [3, 9, 15, 2], [0, 0, 0, 1]]
# Sim and Wright 2005, Physical Therapy 85, p. 257-268: lateral shift in 39 patients.
LATERAL_SHIFT = [[22, 2], [4, 11]]
# Viera and Garrett 2005, Family Medicine 37, p. 360-363: two residents on 100 lectures.
LECTURES = [[15, 5], [10, 70]]
# irrCAC's vignette "overview" (Gwet 2014): 100 pregnancies, two abstractors.
ABSTRACTORS = [[13, 0, 0], [0, 20, 7], [0, 4, 56]]

# The example of Wikipedia's article on Fleiss' kappa, also of statsmodels' tests: 14 raters, 10
# subjects, 5 categories.
FOURTEEN_RATERS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]

linear = partial(cohen_kappa, weights="linear")
quadratic = partial(cohen_kappa, weights="quadratic")


@pytest.mark.parametrize(("ratings", "published"), [(EXAMPLE_A, "0.095"), (EXAMPLE_B, "0.692")])
def test_alpha_of_two_observers_gives_the_values_of_krippendorff_2011(ratings, published):
    assert f"{krippendorff_alpha(ratings):.3f}" == published


def test_the_coincidences_of_two_observers_are_those_of_krippendorff_2011():
    # Section A prints 10, 4, 4, 2 with the margins 14 and 6; section B the margins 4, 6, 6, 6, 2.
    binary_data = coincidence_matrix(EXAMPLE_A, [0, 1]).matrix
    nominal_data = coincidence_matrix(EXAMPLE_B, "abcde").matrix

    assert binary_data.tolist() == [[10, 4], [4, 2]]
    assert nominal_data.sum(axis=0).tolist() == [4, 6, 6, 6, 2]
    assert nominal_data.diagonal().tolist() == [2, 4, 6, 4, 2]


@pytest.mark.parametrize(
    ("coefficient", "table", "published"),
    [
        # Landis and Koch 1977, section 4: kappa of each group of patients.
        (cohen_kappa, WINNIPEG, "0.208"),
        (cohen_kappa, NEW_ORLEANS, "0.297"),
        # Artstein and Poesio 2008, section 2.4: S, pi and kappa of the same table side by side.
        (percent_agreement, DIALOGUE, "0.70"),
        (brennan_prediger, DIALOGUE, "0.40"),
        (scott_pi, DIALOGUE, "0.341"),
        (cohen_kappa, DIALOGUE, "0.348"),
        # The same, section 2.6, before the weights: pi and kappa of three categories.
        (percent_agreement, DIALOGUE_OF_THREE, "0.88"),
        (scott_pi, DIALOGUE_OF_THREE, "0.7995"),
        (cohen_kappa, DIALOGUE_OF_THREE, "0.8013"),
        # Agresti 2002, section 10.5.4: kappa, and with squared weights.
        (cohen_kappa, CARCINOMA, "0.493"),
        (quadratic, CARCINOMA, "0.78"),
        # R package vcd, example of `Kappa`: unweighted and equal-spacing weights.
        (cohen_kappa, COUPLES, "0.129"),
        (linear, COUPLES, "0.237"),
        # Altman 1991, section 14.3: kappa and weighted kappa.
        (cohen_kappa, MAMMOGRAMS, "0.47"),
        (linear, MAMMOGRAMS, "0.57"),
        # Sim and Wright 2005: kappa, and PABAK, which is Brennan and Prediger's of two categories.
        (cohen_kappa, LATERAL_SHIFT, "0.67"),
        (brennan_prediger, LATERAL_SHIFT, "0.69"),
        # Viera and Garrett 2005, table 1 and text.
        (percent_agreement, LECTURES, "0.85"),
        (cohen_kappa, LECTURES, "0.57"),
        # irrCAC 1.0, vignette "overview", from the table of the two abstractors.
        (gwet_ac, ABSTRACTORS, "0.8493305"),
        (brennan_prediger, ABSTRACTORS, "0.835"),
        (krippendorff_alpha, ABSTRACTORS, "0.7972585"),
        (percent_agreement, ABSTRACTORS, "0.89"),
    ],
)
def test_two_raters_give_the_printed_value(coefficient, table, published):
    decimals = len(published) - len("0.")

    assert f"{coefficient(two_raters(table)):.{decimals}f}" == published


def distributed(rows):
    """Ratings of as many raters as each subject has, from how many chose each category."""
    each = [[kind for kind, times in enumerate(row) for _ in range(int(times))] for row in rows]
    return [list(rater) for rater in zip(*each, strict=True)]


def test_fleiss_kappa_of_fourteen_raters_is_the_value_that_is_taught():
    assert f"{fleiss_kappa(distributed(FOURTEEN_RATERS)):.3f}" == "0.210"


def test_the_exact_kappa_of_fleiss_patients_is_congers():
    # R package irr, kappam.fleiss(diagnoses, exact = TRUE): 0.442 where Fleiss' own is 0.430. Here
    # it matters which of the six gave what; the data set has them in the order of the categories.
    assert f"{conger_kappa(patients()):.3f}" == "0.442"


@pytest.mark.parametrize(
    ("coefficient", "wanted"),
    [
        (gwet_ac, "0.4448"),
        (fleiss_kappa, "0.4139"),
        (krippendorff_alpha, "0.4204"),
        (brennan_prediger, "0.4389"),
        (percent_agreement, "0.5511"),
    ],
)
def test_fifteen_patients_of_six_raters_give_the_values_of_irrcac(coefficient, wanted):
    # irrCAC: distrib.6raters, the first fifteen of Fleiss' thirty patients (Gwet 2014, table 2.14).
    assert f"{coefficient(distributed(FLEISS_1971[:15])):.4f}" == wanted


# Fleiss 1971, table 2: p, and kappa for each diagnosis alone.
OF_DIAGNOSES = {0: (26, ".245"), 1: (26, ".245"), 2: (30, ".520"), 3: (55, ".471"), 4: (43, ".566")}


@pytest.mark.parametrize("diagnosis", OF_DIAGNOSES)
def test_a_code_by_itself_gives_the_kappa_of_fleiss_1971(diagnosis):
    times, published = OF_DIAGNOSES[diagnosis]
    yes_no = binary(patients(), diagnosis)
    kappa = fleiss_kappa(yes_no)

    assert f"{kappa:.3f}".removeprefix("0") == published
    # His conditional probability: that a second rater says it of whom a first said it.
    share = Fraction(times, 180)
    assert specific_agreement(patients(), diagnosis) == pytest.approx(share + kappa * (1 - share))


def test_every_code_of_a_set_is_reported_by_the_value_of_its_yes_or_no():
    as_sets = [[frozenset({kind}) for kind in rater] for rater in patients()]

    for code in per_code(as_sets, replicates=0):
        published = float(OF_DIAGNOSES[code.code][1])
        # 1 - alpha = (1 - kappa)·(n - 1) / n of n ratings, here 180 (Krippendorff 2011).
        kappa = 1 - (1 - code.krippendorff_alpha.value) * 180 / 179
        assert kappa == pytest.approx(published, abs=5e-4)
        assert code.papers == sum(row[code.code] != "0" for row in FLEISS_1971)
        assert sum(code.given) == OF_DIAGNOSES[code.code][0]
        assert code.by_all == sum(row[code.code] == "6" for row in FLEISS_1971)


@pytest.mark.parametrize(
    ("coefficient", "weights", "wanted"),
    [
        (gwet_ac, None, 0.775444),
        (gwet_ac, "linear", 0.858739),
        (gwet_ac, "quadratic", 0.914001),
        (brennan_prediger, None, 0.772727),
        (brennan_prediger, "linear", 0.848485),
        (brennan_prediger, "quadratic", 0.901515),
    ],
)
def test_weighted_coefficients_of_gwets_four_raters_are_those_of_irrcac(
    coefficient, weights, wanted
):
    assert coefficient(EXAMPLE_C, weights=weights) == pytest.approx(wanted, abs=5e-7)


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        (WINNIPEG, {None: 0.257780, "linear": 0.465107, "quadratic": 0.622092}),
        (CARCINOMA, {None: 0.526304, "linear": 0.718530, "quadratic": 0.853174}),
        (COUPLES, {None: 0.158191, "linear": 0.273003, "quadratic": 0.378020}),
        (MAMMOGRAMS, {None: 0.529198, "linear": 0.718812, "quadratic": 0.850172}),
    ],
)
def test_ac1_and_ac2_of_two_raters_are_those_of_irrcac(table, wanted):
    # irrCAC 0.4.4 for Python, CAC(…).gwet(), to six decimals.
    for weights, value in wanted.items():
        assert gwet_ac(two_raters(table), weights=weights) == pytest.approx(value, abs=1e-6)


def test_ac1_of_ben_and_gerry_and_of_a_yes_or_no_are_those_of_irrcac():
    assert gwet_ac(EXAMPLE_B) == pytest.approx(0.689655, abs=5e-7)
    assert conger_kappa(EXAMPLE_B) == pytest.approx(0.684211, abs=5e-7)
    assert brennan_prediger(EXAMPLE_B) == pytest.approx(0.6875)
    assert gwet_ac(EXAMPLE_A) == pytest.approx(0.310345, abs=5e-7)


# Sets, worked out with pen and paper. Three papers, two readers:
#   {1,2}    | {1,2}      equal
#   {1,2}    | {1,2,3,4}  one holds the other
#   {1,2,3}  | {2,3,4}    they overlap
# Passonneau 2006 (LREC, "MASI") prints the similarities of these pairs: J 1, 1/2, 1/2; M 1, 2/3,
# 1/3.
READERS = [
    [frozenset({1, 2}), frozenset({1, 2}), frozenset({1, 2, 3})],
    [frozenset({1, 2}), frozenset({1, 2, 3, 4}), frozenset({2, 3, 4})],
]
F = Fraction
# Distances between the sets A = {1,2} (three times), B = {1,2,3,4}, C = {1,2,3}, D = {2,3,4}:
JACCARD = {
    "AB": F(1, 2),
    "AC": 1 - F(2, 3),
    "AD": 1 - F(1, 4),
    "BC": F(1, 4),
    "BD": F(1, 4),
    "CD": F(1, 2),
}
MASI = {
    "AB": 1 - F(1, 2) * F(2, 3),
    "AC": 1 - F(2, 3) * F(2, 3),
    "AD": 1 - F(1, 4) * F(1, 3),
    "BC": 1 - F(3, 4) * F(2, 3),
    "BD": 1 - F(3, 4) * F(2, 3),
    "CD": 1 - F(1, 2) * F(1, 3),
}


@pytest.mark.parametrize(("metric", "distance"), [("jaccard", JACCARD), ("masi", MASI)])
def test_alpha_of_sets_is_what_pen_and_paper_give(metric, distance):
    within = distance["AB"] + distance["CD"]  # of the three papers the first has none
    between = 3 * (distance["AB"] + distance["AC"] + distance["AD"])
    between += distance["BC"] + distance["BD"] + distance["CD"]
    # Do = 2·within / 6, De = 2·between / (6·5).
    alpha = 1 - F(within, 3) / F(between, 15)

    assert krippendorff_alpha(READERS, metric) == pytest.approx(float(alpha), abs=1e-15)


def test_the_share_of_agreeing_pairs_of_one_label_is_the_f_measure():
    # Hripcsak and Rothschild 2005, JAMIA 12, p. 296-298: positive specific agreement of two readers
    # is F1 (Dice) of one held against the other, whoever is called the truth.
    found = [[True] * 8 + [True] * 2 + [False] * 3 + [False] * 87]
    found += [[True] * 8 + [False] * 2 + [True] * 3 + [False] * 87]
    precision, recall = F(8, 10), F(8, 11)

    assert positive_agreement(found) == pytest.approx(
        float(2 * precision * recall / (precision + recall))
    )
    assert positive_agreement(found[::-1]) == positive_agreement(found)


def test_reasons_and_denominators_stand_beside_the_printed_values():
    figure = measure(EXAMPLE_B, krippendorff_alpha, replicates=0)

    assert (figure.papers, figure.units, figure.raters) == (12, 24, 2)
    assert (figure.low, figure.high, figure.replicates, figure.reason) == (None, None, 0, "")
