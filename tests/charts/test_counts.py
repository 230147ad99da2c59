"""Counting: what one paper adds to a cell, and what stays outside of it."""

from mapping.charts.counts import (
    Axis,
    crossed,
    most_mentioned,
    spelled_once,
    together,
    years_between,
)

CODES = Axis("Codes", ["Drift", "Talent", "Cost"], {1: {"Drift": 3, "Talent": 1}, 2: {"Drift": 1}})
YEARS = Axis("Year", ["2020", "2021"], {1: {"2020": 1}, 2: {"2021": 1}, 3: {"2021": 1}})
PAPERS = {1, 2, 3}


def test_a_paper_counts_once_in_each_of_its_cells():
    found = crossed(CODES, YEARS, PAPERS)

    assert found.cells == {("Drift", "2020"): 1, ("Talent", "2020"): 1, ("Drift", "2021"): 1}
    assert (found.papers, found.total) == (2, 3)


def test_every_mention_counts():
    found = crossed(CODES, YEARS, PAPERS, "mentions")

    assert found.cells == {("Drift", "2020"): 3, ("Talent", "2020"): 1, ("Drift", "2021"): 1}
    assert CODES.counts(PAPERS, "mentions") == {"Drift": 4, "Talent": 1}


def test_filtered_out_papers_are_not_counted():
    assert crossed(CODES, YEARS, {2, 3}).cells == {("Drift", "2021"): 1}
    assert CODES.missing(PAPERS) == {3}


def test_co_occurrence_is_symmetric_with_each_code_on_the_diagonal():
    cells = together(CODES, PAPERS).cells

    assert cells["Drift", "Talent"] == cells["Talent", "Drift"] == 1
    assert (cells["Drift", "Drift"], cells["Talent", "Talent"]) == (2, 1)


def test_mentions_are_counted_by_the_reviewer_with_most_marks():
    marks = [(1, "ben", "Drift"), (1, "ben", "Drift"), (1, "cleo", "Drift"), (1, "cleo", "Cost")]

    assert most_mentioned(marks) == {1: {"Drift": 2, "Cost": 1}}


def test_the_most_frequent_labels_are_kept_in_the_order_they_had():
    assert CODES.by_frequency(PAPERS).labels == ["Drift", "Talent", "Cost"]
    turned = Axis("Codes", ["Cost", "Talent", "Drift"], CODES.held)
    assert turned.only(2, PAPERS).labels == ["Talent", "Drift"]


def test_empty_years_are_shown_unless_the_span_is_too_long():
    assert years_between({1: {"2019": 1}, 2: {"2021": 1}}) == ["2019", "2020", "2021"]
    assert years_between({1: {"1021": 1}, 2: {"2021": 1}}) == ["1021", "2021"]
    assert years_between({}) == []


def test_labels_that_differ_in_case_or_spaces_are_one():
    assert spelled_once(["MrBayes", "MRBAYES", "Mr  Bayes"]) == {
        "MrBayes": "MrBayes",
        "MRBAYES": "MrBayes",
        "Mr  Bayes": "Mr Bayes",
    }
