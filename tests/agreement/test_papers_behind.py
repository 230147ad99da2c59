"""A figure's link asks for its papers by what stands in the address: no database, ratings in and
indexes of papers out. Whatever number a page shows, its papers are as many.
"""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviews.agreement.measures import token
from reviews.agreement.papers_behind import PARAMETERS, answer_counts, papers_behind
from reviews.agreement.statistics import (
    Absence,
    coincidence_matrix,
    confused_pairs,
    one_sided,
    pairwise,
    per_code,
    percent_agreement,
    tabulate,
)
from tests.agreement.rated import rated_section
from tests.agreement.test_agreement_properties import matrices, plain, sets

_ = None
UNCLEAR = Absence("unclear")
NOT_REPORTED = Absence("not_reported")
READERS = {"ben": (0, "Ben Reviewer"), "cleo": (1, "Cleo Reviewer"), "dan": (2, "Dan Reviewer")}

#          0         1         2          3        4         5
METHOD = [
    ["Survey", "Survey", "Survey", UNCLEAR, "Survey", _],
    ["Survey", "Trial", "Survey", "unclear", _, "Trial"],
    ["Survey", "Survey", _, _, _, "Trial"],
]
A, B, C = (frozenset({label}) for label in "ABC")
CHALLENGES = [
    [A, A | B, frozenset(), A, B | C],
    [A, B, frozenset(), C, _],
]


def behind(ratings, kind="code", **parameters):
    rated = rated_section(kind, ratings)
    every = dict.fromkeys(PARAMETERS, "") | {name: str(value) for name, value in parameters.items()}
    return papers_behind(rated, every, READERS)


@pytest.mark.parametrize(
    ("asked", "papers", "text"),
    [
        ({}, [0, 1, 2, 3, 5], "that two reviewers or more coded"),
        ({"differ": 1}, [1, 3], "that two reviewers or more coded, and on which they differ"),
        ({"code": "Survey"}, [0, 1, 2, 4], "on which “Survey” was given"),
        (
            {"code": "Survey", "differ": 1},
            [1],
            "on which “Survey” was given, and on which they differ",
        ),
        ({"code": "Survey", "all": 1}, [0, 2], "on which all gave “Survey”"),
        ({"code": "Trial", "all": 1}, [5], "on which all gave “Trial”"),
        ({"code": "~unclear"}, [3], "on which “unclear” was given"),
        ({"code": "unclear"}, [3], "on which “unclear” was given"),
        ({"code": "~unclear", "all": 1}, [], "on which all gave “unclear”"),
        (
            {"one": "Survey", "other": "Trial"},
            [1],
            "on which one gave “Survey” where another gave “Trial”",
        ),
        (
            {"one": "~unclear", "other": "unclear"},
            [3],
            "on which one gave “unclear” where another gave “unclear”",
        ),
        ({"one": "Survey", "other": "Survey"}, [0, 1, 2], "on which two readers gave “Survey”"),
        ({"one": "Survey"}, [0, 1, 2, 3, 5], "that two reviewers or more coded"),
        ({"reviewer": "cleo"}, [0, 1, 2, 3, 5], "that Cleo Reviewer coded"),
        ({"reviewer": "ben"}, [0, 1, 2, 3, 4], "that Ben Reviewer coded"),
        ({"reviewer": "dan"}, [0, 1, 5], "that Dan Reviewer coded"),
        (
            {"reviewer": "ben", "code": "Survey"},
            [0, 1, 2, 4],
            "on which Ben Reviewer gave “Survey”",
        ),
        (
            {"reviewer": "cleo", "code": "Trial", "alone": 1},
            [1],
            "on which Cleo Reviewer alone gave “Trial”",
        ),
        # Nobody else coded the fifth paper: that is not alone among others.
        (
            {"reviewer": "ben", "code": "Survey", "alone": 1},
            [],
            "on which Ben Reviewer alone gave “Survey”",
        ),
        ({"reviewer": "ben", "with": "dan"}, [0, 1], "that both reviewers coded"),
        (
            {"reviewer": "ben", "with": "cleo", "differ": 1},
            [1, 3],
            "that both reviewers coded, and on which they differ",
        ),
        ({"code": "Case study"}, [], "on which “Case study” was given"),
        ({"reviewer": "zoe"}, [], "that zoe coded"),
        ({"reviewer": "ben", "with": "zoe"}, [], "that both reviewers coded"),
        ({"reviewer": "zoe", "code": "Survey"}, [], "on which zoe gave “Survey”"),
        (
            {"one": "Survey", "other": "Elsewhere"},
            [],
            "on which one gave “Survey” where another gave “Elsewhere”",
        ),
    ],
)
def test_an_address_names_papers_and_says_what_they_have_in_common(asked, papers, text):
    assert behind(METHOD, **asked) == (papers, text)


@pytest.mark.parametrize(
    ("asked", "papers"),
    [
        ({"code": "A"}, [0, 1, 3]),
        ({"code": "B"}, [1, 4]),
        ({"code": "A", "differ": 1}, [1, 3]),
        ({"code": "B", "differ": 1}, []),
        ({"code": "A", "all": 1}, [0]),
        ({"code": "C", "all": 1}, []),
        ({"one": "A", "other": "C"}, [3]),
        # On the second paper both gave B: A stands there for nothing that the other gave instead.
        ({"one": "A", "other": "B"}, []),
        ({"reviewer": "ben", "code": "A", "alone": 1}, [1, 3]),
        ({"reviewer": "cleo", "code": "B"}, [1]),
        ({"differ": 1}, [1, 3]),
    ],
)
def test_of_sets_a_code_is_asked_for_whatever_stands_beside_it(asked, papers):
    assert behind(CHALLENGES, "codes", **asked).papers == papers


def test_an_absence_is_named_in_words_and_a_code_as_it_is_written():
    def text(code):
        return behind([["~10 people", NOT_REPORTED], ["x", "y"]], code=code)

    assert text("~not_reported") == ([1], "on which “not reported” was given")
    assert text("~none_of_the_codes").text == "on which “none of the codes” was given"
    assert text("~10 people") == ([0], "on which “~10 people” was given")


def test_a_number_is_found_by_all_its_digits():
    sizes = [[1_234_567.0, 1_234_568.0, 2.5], [1_234_568.0, 1_234_568.0, 2.5]]

    for value, papers in ((1_234_567.0, [0]), (1_234_568.0, [0, 1]), (2.5, [2])):
        assert behind(sizes, "number", code=token(value)).papers == papers
    assert behind(sizes, "number", code="1234568", all=1).papers == [1]


def test_answers_stand_once_with_how_often_the_most_frequent_first():
    rated = rated_section("code", [["b", "z", "c"], ["a", UNCLEAR, "b"], ["b", _, "a"]])

    assert answer_counts(rated, 0) == [("b", 2), ("a", 1)]
    assert answer_counts(rated, 1) == [("unclear", 1), ("z", 1)]
    assert answer_counts(rated, 2) == [("a", 1), ("b", 1), ("c", 1)]
    of_sets = rated_section("codes", CHALLENGES)
    assert answer_counts(of_sets, 2) == [("none of the codes", 2)]
    assert answer_counts(of_sets, 4) == [("B, C", 1)]


# Every figure against its papers, whatever was said.

few = settings(max_examples=25)


def names(ratings):
    return {f"r{row}": (row, f"R{row}") for row in range(len(ratings))}


def asked(rated, **parameters):
    every = dict.fromkeys(PARAMETERS, "") | {name: str(value) for name, value in parameters.items()}
    return papers_behind(rated, every, names(rated.ratings)).papers


@few
@given(sets)
def test_the_figures_of_a_code_lead_to_as_many_papers(ratings):
    rated = rated_section("codes", ratings)

    for code in per_code(ratings, replicates=0):
        assert len(asked(rated, code=code.code)) == code.papers
        assert len(asked(rated, code=code.code, all=1)) == code.by_all
        assert asked(rated, code=code.code, differ=1) == code.differing
        for row, (times, alone) in enumerate(zip(code.given, code.only, strict=True)):
            assert len(asked(rated, reviewer=f"r{row}", code=code.code)) == times
            assert len(asked(rated, reviewer=f"r{row}", code=code.code, alone=1)) == alone


@few
@given(sets)
def test_confused_pairs_lead_to_their_papers(ratings):
    rated = rated_section("codes", ratings)

    for pair in confused_pairs(ratings, at_least=1, limit=None):
        assert asked(rated, one=pair.one, other=pair.other) == pair.papers
        assert asked(rated, one=pair.other, other=pair.one) == pair.papers


@few
@given(matrices(st.sampled_from(["a", "b", "c", UNCLEAR])))
def test_every_cell_of_the_matrix_leads_to_its_papers(ratings):
    rated = rated_section("code", ratings)
    cells = coincidence_matrix(ratings)

    for (row, column), papers in cells.papers.items():
        one, other = (token(cells.categories[index]) for index in (row, column))
        assert asked(rated, one=one, other=other) == papers


@few
@given(plain)
def test_two_raters_lead_to_the_papers_that_both_coded(ratings):
    rated = rated_section("number", ratings)
    shared = pairwise(ratings, percent_agreement).papers

    for one, other in combinations(range(len(ratings)), 2):
        papers = asked(rated, reviewer=f"r{one}", **{"with": f"r{other}"})
        assert len(papers) == shared[one][other]
    every = set(asked(rated))
    assert every == {
        paper
        for one, other in combinations(range(len(ratings)), 2)
        for paper in asked(rated, reviewer=f"r{one}", **{"with": f"r{other}"})
    }
    assert set(asked(rated, differ=1)) <= every


@few
@given(sets)
def test_one_sided_codes_are_those_whose_papers_differ(ratings):
    rated = rated_section("codes", ratings)

    for code, papers in one_sided(tabulate(ratings)).items():
        assert asked(rated, code=code, differ=1) == papers
