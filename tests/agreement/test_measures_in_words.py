"""What the figures of a section say in words: its sentence, what was given how often, the
verdict.
"""

import pytest

from mapping.judgement.kinds import KINDS
from reviews.agreement import measures
from reviews.agreement.papers_behind import answer_counts
from reviews.agreement.statistics import (
    Absence,
)
from tests.agreement.rated import rated_section
from tests.agreement.test_measures import (
    METHODS,
    UNCLEAR,
    nothing_kept,  # noqa: F401
    numbers,
    one_code,
    sets,
    stages,
    yes_no,
)

_ = None


# In one sentence


@pytest.mark.parametrize(
    ("rated", "sentence"),
    [
        (one_code([["Survey"], ["Survey"]]), "The one paper agrees."),
        (one_code([["Survey"] * 2, ["Survey"] * 2]), "All 2 papers agree."),
        (
            one_code([["Survey"], ["Experiment"]]),
            "The one paper differs, most between “Experiment” and “Survey” (1).",
        ),
        (
            one_code(),
            "2 of 4 papers differ, most between “Experiment” and “Survey” (1).",
        ),
        (
            one_code([["Survey", "Survey"], [UNCLEAR, UNCLEAR]]),
            "2 of 2 papers differ, most between “Survey” and “unclear” (2).",
        ),
        (
            yes_no([True, False, True], [True, True, False]),
            "2 of 3 papers differ, most between “no” and “yes” (2).",
        ),
        (
            stages(),
            "2 of 4 papers differ, most between “Manual” and “Automated” (1).",
        ),
        (sets(), "3 of 5 papers differ, most over “Drift” (3)."),
        (
            numbers([1.0, 2.0, 3.0], [1.0, 2.5, 5.0]),
            "2 of 3 papers differ; the median difference of two raters is 0.5.",
        ),
        (
            numbers([1_500_000.0], [4_000_000.0]),
            "The one paper differs; the median difference of two raters is 2500000.",
        ),
        (
            numbers([0.3], [0.1]),
            "The one paper differs; the median difference of two raters is 0.2.",
        ),
        (one_code([["Survey", _], [_, "Survey"]]), ""),
    ],
)
def test_a_section_is_told_in_one_sentence(rated, sentence):
    assert measures.sentence(rated) == sentence


def test_papers_that_only_one_rated_never_differ():
    rated = one_code([["Survey", "Survey", _], ["Survey", _, "Experiment"]])

    assert measures.differing(rated) == []
    assert measures.differing(
        one_code([["Survey", _], ["Survey", _], ["Experiment", "Survey"]])
    ) == [0]
    assert measures.differing(rated_section("code", [], METHODS)) == []


# How often what was given


def test_prevalence_counts_what_was_given_in_the_order_of_the_codebook():
    rated = one_code([["Survey", "Experiment", UNCLEAR], ["Survey", "Survey", _]])

    assert measures.prevalence(rated) == [
        {"value": "Experiment", "times": 1, "share": 1 / 5},
        {"value": "Survey", "times": 3, "share": 3 / 5},
        {"value": "unclear", "times": 1, "share": 1 / 5},
    ]


def test_prevalence_of_sets_counts_codes_and_an_empty_set_is_none_of_them():
    empty = frozenset()

    assert [(one["value"], one["times"]) for one in measures.prevalence(sets())] == [
        ("Cost", 5),
        ("Drift", 3),
        ("Talent", 2),
    ]
    assert sum(one["share"] for one in measures.prevalence(sets())) == pytest.approx(1)
    assert measures.prevalence(sets([[empty], [empty]])) == []


def test_eight_numbers_are_listed_and_nine_are_told_as_five_ranges():
    eight = numbers([float(n) for n in (1, 2, 3, 4, 5, 6, 7, 11)], [_] * 8)
    nine = numbers([float(n) for n in (1, 2, 3, 4, 5, 6, 7, 10, 11)], [11.0] + [_] * 8)

    assert [one["value"] for one in measures.prevalence(eight)] == [
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "11",
    ]
    # Ranges of width 2 from 1: a number on a border opens the next, the greatest closes the last.
    assert [(one["value"], one["times"]) for one in measures.prevalence(nine)] == [
        ("1 to 2", 2),
        ("3 to 4", 2),
        ("5 to 6", 2),
        ("7", 1),
        ("10 to 11", 3),
    ]
    assert sum(one["share"] for one in measures.prevalence(nine)) == pytest.approx(1)


@pytest.mark.parametrize(
    ("value", "text", "token"),
    [
        ("Survey", "Survey", "Survey"),
        (True, "yes", "yes"),
        (False, "no", "no"),
        (UNCLEAR, "unclear", "~unclear"),
        (Absence("not_reported"), "not reported", "~not_reported"),
        (Absence("none_of_the_codes"), "none of the codes", "~none_of_the_codes"),
        (7.0, "7", "7"),
        (2.5, "2.5", "2.5"),
        (-0.1, "-0.1", "-0.1"),
        (0.0, "0", "0"),
        (100.0, "100", "100"),
        (1_234_567.0, "1234567", "1234567"),
        (0.000001, "0.000001", "0.000001"),
        (12_345_678_901_234.5, "12345678901234.5", "12345678901234.5"),
        (frozenset(), "none of the codes", "none of the codes"),
        (frozenset({"b", "A", "c"}), "A, b, c", "A, b, c"),
        (frozenset({UNCLEAR, "Talent"}), "Talent, unclear", "Talent, unclear"),
    ],
)
def test_a_value_is_named_on_pages_and_in_addresses(value, text, token):
    assert (measures.value_text(value), measures.token(value)) == (text, token)


def test_no_two_numbers_have_the_same_name():
    values = [1_234_567.0, 1_234_568.0, 1_234_567.5, 0.1, 0.100001]

    assert len(set(map(measures.token, values))) == len(values)


# Against the target


@pytest.mark.parametrize(
    ("low", "high", "replicates", "verdict"),
    [
        (0.8, 0.9, 1000, "meets"),
        (0.799, 0.9, 1000, "too few papers to tell"),
        (0.5, 0.8, 1000, "too few papers to tell"),
        (0.5, 0.799, 1000, "below"),
        (0.9, 0.95, 950, "meets"),
        (0.9, 0.95, 949, "too few papers to tell"),
        (0.1, 0.2, 950, "below"),
        (0.1, 0.2, 949, "too few papers to tell"),
        (None, None, 0, "too few papers to tell"),
    ],
)
def test_the_whole_interval_must_reach_the_target_or_miss_it(low, high, replicates, verdict):
    figure = {"value": 0.85, "low": low, "high": high, "replicates": replicates}

    assert measures.verdict(figure, 0.8) == verdict
    assert measures.verdict(figure, None) == ""
    assert measures.verdict(figure | {"value": None}, 0.8) == ""


def test_a_target_of_nothing_is_a_target():
    figure = {"value": 0.1, "low": 0.0, "high": 0.2, "replicates": 1000}

    assert measures.verdict(figure, 0) == "meets"


def test_a_number_reads_as_its_kind_says(monkeypatch):
    monkeypatch.setattr(KINDS["number"], "measured_text", lambda number: f"day {number:g}")
    few = numbers([1.0, 2.0], [2.0, 2.0])
    many = numbers([float(n) for n in range(11)], [_] * 11)

    assert [one["value"] for one in measures.prevalence(few)] == ["day 1", "day 2"]
    assert measures.prevalence(many)[0]["value"] == "day 0 to day 1"
    assert answer_counts(few, 0) == [("day 1", 1), ("day 2", 1)]
