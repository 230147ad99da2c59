"""The disagreements most worth discussing, and why: no database, ratings in, plain values out."""

import pytest

from reviews.agreement.page import recurring_patterns, strip, weighted_disagreements, why, worst
from reviews.agreement.statistics import worst_papers
from tests.agreement.rated import rated_section
from tests.agreement.test_measures import STAGES, numbers, one_code, sets, stages


def test_disagreements_of_a_kind_that_comes_back_weigh_more():
    rated = one_code([["a", "a", "a", "b"], ["b", "b", "c", "b"]])
    rows = {row["paper"]: row for row in weighted_disagreements(rated)}
    far = dict(worst_papers(rated.ratings))

    assert set(rows) == {1001, 1011, 1021}
    assert rows[1001]["weight"] == pytest.approx(min(far[0], 1.5) * 1.25)
    assert rows[1021]["weight"] == pytest.approx(min(far[2], 1.5))
    assert "“a” where another gives “b”, on 1 other paper too: look at their" in rows[1001]["why"]
    assert rows[1021]["why"].endswith("no other paper shows the same: perhaps an oversight")
    assert rows[1001]["answers"] == [("a", 1), ("b", 1)]


def test_a_distance_counts_up_to_one_and_a_half_of_what_chance_gives():
    rare = one_code([["a"] * 20, ["b"] + ["a"] * 19])
    (row,) = weighted_disagreements(rare)

    assert dict(worst_papers(rare.ratings))[0] > 5
    assert row["weight"] == 1.5


def test_patterns_are_confused_codes_first_and_else_what_some_give_alone():
    patterns = recurring_patterns(sets())

    # Drift is given by one reader alone, on three papers; on none another code stands for it twice.
    assert {paper: papers for paper, (_text, papers) in patterns.items()} == {
        0: [0, 3, 4],
        3: [0, 3, 4],
        4: [0, 3, 4],
    }
    assert {text for text, _ in patterns.values()} == {"“Drift” given by some alone"}
    a, b = frozenset("a"), frozenset("b")
    confused = recurring_patterns(rated_section("codes", [[a, a, a], [b, b, a]], "ab"))
    assert confused == {
        0: ("“a” where another gives “b”", [0, 1]),
        1: ("“a” where another gives “b”", [0, 1]),
    }
    assert recurring_patterns(numbers([1.0, 2.0], [3.0, 4.0])) == {}


@pytest.mark.parametrize(
    ("distance", "others", "text"),
    [
        (1, 0, "as far apart as two papers drawn by lot, or farther; no other paper shows"),
        (0.99, 0, "closer than two papers by lot; no other paper shows"),
        (1.2, 1, "or farther; a pattern, on 1 other paper too: look at their definitions"),
        (1.2, 2, "or farther; a pattern, on 2 other papers too: look at their definitions"),
    ],
)
def test_a_disagreement_says_how_far_and_how_often(distance, others, text):
    assert text in why(one_code().section, distance, "a pattern", others)
    of_numbers = why(numbers([1.0]).section, distance, "a pattern", others)
    assert ("look at what the section asks" in of_numbers) == bool(others)


def test_the_worst_of_a_scale_are_the_farthest_by_its_order():
    rated = stages([["Manual", "Manual", "Manual"], ["Monitored", "Automated", "Manual"]])

    assert worst(rated) == worst_papers(rated.ratings, "ordinal", STAGES)
    assert [paper for paper, _ in worst(rated)] == [0, 1]
    assert worst(rated, 1) == worst(rated)[:1]


def test_pieces_of_a_strip_lie_side_by_side_and_fill_it():
    prevalence = [
        {"value": str(n), "times": times, "share": times / 8}
        for n, times in enumerate((1, 2, 1, 1, 1, 2))
    ]
    pieces = strip(prevalence)

    assert [(piece["x"], piece["width"]) for piece in pieces] == [
        (0, 12.5),
        (12.5, 25),
        (37.5, 12.5),
        (50, 12.5),
        (62.5, 12.5),
        (75, 25),
    ]
    assert [piece["shade"] for piece in pieces] == [0, 1, 2, 3, 4, 0]
    assert pieces[1]["percent"] == 25
    assert strip([]) == []
