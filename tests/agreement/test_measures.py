"""Which figures a section of each kind gets, and what they say: no database, ratings in and plain
values out.
"""

from functools import partial

import pytest
from django.core.cache import caches

from mapping.judgement.kinds import CODED, KINDS
from mapping.protocol.coefficients import COEFFICIENTS, HEADLINE
from reviews.agreement import measures
from reviews.agreement.statistics import (
    Absence,
    brennan_prediger,
    cohen_kappa,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    measure,
    per_code,
    percent_agreement,
    scott_pi,
)
from tests.agreement.rated import rated_section

_ = None
UNCLEAR = Absence("unclear")
METHODS = ("Case study", "Experiment", "Survey")
STAGES = ("Manual", "Automated", "Monitored")
CODES = ("Cost", "Drift", "Talent")


@pytest.fixture(autouse=True)
def nothing_kept():
    caches["agreement"].clear()


def one_code(ratings=None, **facts):
    ratings = ratings or [
        ["Survey", "Survey", "Experiment", UNCLEAR, _],
        ["Survey", "Experiment", "Experiment", "Survey", "Survey"],
    ]
    return rated_section("code", ratings, (*METHODS, UNCLEAR), **facts)


def stages(ratings=None, **facts):
    ratings = ratings or [
        ["Manual", "Manual", "Monitored", "Automated"],
        ["Manual", "Automated", "Manual", "Automated"],
    ]
    return rated_section("stage", ratings, STAGES, **facts)


def sets(ratings=None, **facts):
    a, b, c = (frozenset({code}) for code in CODES)
    ratings = ratings or [[a | b, a, frozenset(), c, a], [a, a, frozenset(), c | b, b]]
    return rated_section("codes", ratings, CODES, **facts)


def numbers(*rows, **facts):
    return rated_section("number", [list(row) for row in rows], **facts)


def yes_no(*rows, **facts):
    return rated_section("yes_no", [list(row) for row in rows], (False, True), **facts)


def report(rated, **options):
    return measures.report(rated, phase="coding", round="Pilot", **options)


# Which coefficients there are


def test_every_kind_has_the_coefficients_that_are_made_for_it():
    names = {
        kind: [
            (choice.name, choice.metric) for choice in measures.choices(kind, ()) if choice.function
        ]
        for kind in CODED
    }
    kappas = [
        ("fleiss_kappa", "nominal"),
        ("cohen_kappa", "nominal"),
        ("conger_kappa", "nominal"),
        ("scott_pi", "nominal"),
        ("brennan_prediger", "nominal"),
        ("gwet_ac1", "nominal"),
    ]

    assert names == {
        "codes": [("krippendorff_alpha", "masi"), ("krippendorff_alpha_jaccard", "jaccard")],
        "code": [("krippendorff_alpha", "nominal"), *kappas],
        "stage": [
            ("krippendorff_alpha", "ordinal"),
            ("krippendorff_alpha_nominal", "nominal"),
            *kappas,
            ("cohen_kappa_weighted", "quadratic"),
            ("gwet_ac2", "quadratic"),
        ],
        "yes_no": [("krippendorff_alpha", "nominal"), *kappas],
        "number": [("krippendorff_alpha", "interval"), ("krippendorff_alpha_ratio", "ratio")],
    }


@pytest.mark.parametrize("kind", CODED)
def test_what_is_not_made_for_a_kind_is_named_with_the_reason(kind):
    choices = measures.choices(kind, ())

    assert choices[0].name == HEADLINE
    assert {choice.name for choice in choices} >= set(COEFFICIENTS)
    for choice in choices:
        assert bool(choice.reason) == (choice.function is None), choice.name
        assert choice.label == measures.LABELS[choice.name]
    for name, coefficient in COEFFICIENTS.items():
        if coefficient.fits(kind):
            (choice,) = (choice for choice in choices if choice.name == name)
            assert choice.function, f"{name} may be declared, so it must be there"


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("krippendorff_alpha", krippendorff_alpha),
        ("fleiss_kappa", fleiss_kappa),
        ("conger_kappa", conger_kappa),
        ("scott_pi", scott_pi),
        ("cohen_kappa", cohen_kappa),
        ("gwet_ac1", partial(gwet_ac, categories=(*METHODS, UNCLEAR))),
        ("brennan_prediger", partial(brennan_prediger, categories=(*METHODS, UNCLEAR))),
    ],
)
def test_a_choice_is_computed_by_the_function_of_its_name(name, function):
    ratings = [["Survey", "Survey", "Experiment", UNCLEAR], ["Survey", "Experiment"] * 2]
    coefficient = report(one_code(ratings))["coefficients"][name]

    wanted = measure(ratings, function, measures.REPLICATES, measures.SEED)
    assert coefficient["value"] == wanted.value == function(ratings)
    assert (coefficient["low"], coefficient["high"]) == (wanted.low, wanted.high)
    assert coefficient["reason"] is None
    assert coefficient["replicates"] == wanted.replicates > 900


def test_a_stage_is_weighed_by_the_order_of_its_codebook_and_counts_unused_stages():
    rated = stages()
    coefficients = report(rated)["coefficients"]
    values = {name: figure["value"] for name, figure in coefficients.items()}
    as_numbers = [[STAGES.index(stage) for stage in row] for row in rated.ratings]
    of_three = {"categories": range(3)}

    assert values == pytest.approx(
        {
            "krippendorff_alpha": krippendorff_alpha(as_numbers, "ordinal"),
            "krippendorff_alpha_nominal": krippendorff_alpha(as_numbers),
            "fleiss_kappa": fleiss_kappa(as_numbers),
            "cohen_kappa": cohen_kappa(as_numbers),
            "conger_kappa": conger_kappa(as_numbers),
            "scott_pi": scott_pi(as_numbers),
            "brennan_prediger": brennan_prediger(as_numbers, **of_three),
            "gwet_ac1": gwet_ac(as_numbers, **of_three),
            "cohen_kappa_weighted": cohen_kappa(as_numbers, weights="quadratic", **of_three),
            "gwet_ac2": gwet_ac(as_numbers, weights="quadratic", **of_three),
        }
    )
    longer = rated_section("stage", rated.ratings, (*STAGES, "Optimised"))
    more = {name: figure["value"] for name, figure in report(longer)["coefficients"].items()}
    grew = {name for name in values if more[name] != pytest.approx(values[name])}
    assert grew == {"brennan_prediger", "gwet_ac1", "gwet_ac2"}, "kappa's ratio of weights stays"


def test_numbers_have_alpha_by_difference_and_by_ratio():
    rated = numbers([1.0, 2.0, 10.0], [1.0, 4.0, 9.0])
    coefficients = report(rated)["coefficients"]

    assert coefficients["krippendorff_alpha"]["value"] == krippendorff_alpha(
        rated.ratings, "interval"
    )
    ratio = krippendorff_alpha(rated.ratings, "ratio")
    assert coefficients["krippendorff_alpha_ratio"]["value"] == ratio
    assert coefficients["cohen_kappa"]["reason"] == KINDS["number"].no_kappa
    assert coefficients["gwet_ac1"]["value"] is None


def test_a_number_below_zero_has_no_ratio_and_its_reason_names_it():
    coefficients = report(numbers([-2.0, 1.0], [3.0, 1.0]))["coefficients"]

    assert coefficients["krippendorff_alpha"]["value"] is not None
    assert coefficients["krippendorff_alpha_ratio"] == {
        "metric": "ratio",
        "value": None,
        "low": None,
        "high": None,
        "reason": "The ratio metric needs values of 0 or more, not -2.",
        "papers": 2,
        "units": 4,
        "raters": 2,
        "replicates": 0,
    }


def test_a_coefficient_that_is_not_made_for_a_kind_still_says_what_was_rated():
    figure = report(sets())["coefficients"]["fleiss_kappa"]

    assert (figure["value"], figure["reason"]) == (None, KINDS["codes"].no_kappa)
    assert (figure["papers"], figure["units"], figure["raters"]) == (5, 10, 2)


# What a report holds


def test_a_report_counts_papers_ratings_and_raters():
    found = report(one_code(left_out={"unclear": 3}, not_independent=4))

    assert {name: found[name] for name in ("phase", "round", "section", "label", "kind")} == {
        "phase": "coding",
        "round": "Pilot",
        "section": "method",
        "label": "Method",
        "kind": "code",
    }
    # The fifth paper was coded by one.
    assert (found["papers"], found["units"], found["raters"]) == (4, 8, 2)
    assert (found["papers_rated_by_all"], found["differing"]) == (4, 2)
    assert found["percent_agreement"] == 0.5
    assert (found["left_out"], found["not_independent"]) == ({"unclear": 3}, 4)
    assert (found["primary"], found["target"]) == (HEADLINE, None)
    assert "codes" not in found


def test_a_short_report_has_the_headline_and_what_was_declared():
    declared = {"primary_coefficient": "gwet_ac1", "agreement_target": 0.7}
    rated = one_code(**declared)

    short, whole = report(rated, full=False), report(rated)
    assert list(short["coefficients"]) == ["krippendorff_alpha", "gwet_ac1"]
    assert short["coefficients"] == {
        name: whole["coefficients"][name] for name in short["coefficients"]
    }
    assert {**short, "coefficients": _} == {**whole, "coefficients": _}
    assert (short["primary"], short["target"]) == ("gwet_ac1", 0.7)
    assert report(one_code(level="parent", **declared))["target"] is None


def test_a_report_of_codes_has_every_code_of_the_codebook_in_its_order():
    rated = sets()
    found = report(rated)["codes"]
    wanted = per_code(rated.ratings, CODES, measures.REPLICATES, measures.SEED)

    assert [code["code"] for code in found] == list(CODES)
    for line, code in zip(found, wanted, strict=True):
        alpha = code.krippendorff_alpha
        assert line == {
            "code": code.code,
            "papers": code.papers,
            "krippendorff_alpha": alpha.value,
            "low": alpha.low,
            "high": alpha.high,
            "reason": alpha.reason or None,
            "positive_agreement": code.positive_agreement,
            "negative_agreement": code.negative_agreement,
            "percent_agreement": code.percent_agreement,
            "kappa": code.kappa.value,
            "gwet_ac1": code.gwet_ac1.value,
            "units": 10,
            "raters": 2,
            "differing": len(code.differing),
            "used_by": sum(times > 0 for times in code.given),
            "by_all": code.by_all,
            "only": list(code.only),
        }
    cost = found[0]
    assert (cost["papers"], cost["differing"], cost["by_all"], cost["only"]) == (3, 1, 2, [1, 0])
    assert "codes" not in report(rated, full=False)


def test_an_absence_among_codes_is_a_line_of_its_own():
    a = frozenset({"Cost"})
    rated = rated_section(
        "codes", [[a, frozenset({UNCLEAR})], [frozenset({UNCLEAR}), a]], ("Cost", UNCLEAR)
    )

    assert [(line["code"], line["papers"]) for line in report(rated)["codes"]] == [
        ("Cost", 2),
        ("unclear", 2),
    ]


def test_papers_rated_by_all_need_two_raters_and_every_one_of_them():
    three = [["Survey", "Survey", _], ["Survey", _, _], ["Survey", "Survey", "Survey"]]

    assert report(one_code(three), full=False)["papers_rated_by_all"] == 1
    assert report(one_code([["Survey", "Survey"]]), full=False)["papers_rated_by_all"] == 0
    assert report(rated_section("code", [], METHODS), full=False)["papers_rated_by_all"] == 0


def test_a_report_of_nothing_has_no_figure_and_no_sentence():
    found = report(rated_section("code", [], METHODS))

    assert (found["papers"], found["units"], found["raters"]) == (0, 0, 0)
    assert (found["percent_agreement"], found["differing"]) == (None, 0)
    assert (found["sentence"], found["prevalence"]) == ("", [])
    assert {
        one["reason"] for one in found["coefficients"].values() if one["metric"] == "nominal"
    } >= {"nothing was coded"}


# What is cached


def test_figures_are_cached_for_these_ratings_and_no_others(monkeypatch):
    alpha = measures.choices("code", METHODS)[0]
    first = measures.figure(one_code(), alpha)
    computed = []
    monkeypatch.setattr(
        measures.statistics, "measure", lambda *args: computed.append(args) or first
    )

    assert measures.figure(one_code(), alpha) == first
    assert computed == [], "the same ratings are not computed twice"
    turned = one_code([["Survey", "Experiment"], ["Experiment", "Survey"]])
    others = [
        (turned, alpha, measures.REPLICATES),
        (one_code(), alpha, 500),
        (one_code(), measures.choices("code", METHODS)[1], measures.REPLICATES),
        (rated_section("code", one_code().ratings, METHODS[::-1]), alpha, measures.REPLICATES),
        (one_code([row[:4] for row in one_code().ratings]), alpha, measures.REPLICATES),
    ]
    for number, (rated, choice, replicates) in enumerate(others, start=1):
        measures.figure(rated, choice, replicates)
        assert len(computed) == number


def test_a_code_and_an_absence_of_its_name_are_not_cached_as_one():
    values = []
    for second in ("unclear", UNCLEAR):
        rated = rated_section("code", [["unclear", "B"], [second, "B"]], ("unclear", "B", UNCLEAR))
        values.append(measures.figure(rated, measures.choices("code", rated.categories)[0]).value)

    assert values == [1, krippendorff_alpha([["a", "b"], ["c", "b"]])]


def test_alphas_of_codes_are_those_of_the_report_without_intervals():
    rated = sets()
    alphas = measures.alphas_of_codes(rated)

    assert {code: figure.value for code, figure in alphas.items()} == {
        line["code"]: line["krippendorff_alpha"] for line in report(rated)["codes"]
    }
    assert {figure.low for figure in alphas.values()} == {None}


def test_percent_agreement_of_sets_asks_for_equal_sets():
    assert report(sets(), full=False)["percent_agreement"] == percent_agreement(sets().ratings)
    assert report(sets(), full=False)["percent_agreement"] == 2 / 5
