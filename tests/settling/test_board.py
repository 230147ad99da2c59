"""The queue as plain facts: the order of the differences, what stays of them for whom, what each
filter leaves. No database.
"""

from collections import Counter
from itertools import combinations
from types import SimpleNamespace

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from mapping.judgement.values import Judgement
from mapping.models import Section
from reviews.settling.disagreements import (
    ALONE,
    LATE,
    NEAR,
    Board,
    Difference,
    by_paper,
    difference_of,
    papers_in_order,
)
from reviews.settling.views.disagreements import Choice
from tests.settling.answered import NUMBERS, codes, says

STAGES = sorted(NUMBERS)


def difference(paper=1, section=1, **facts):
    values = {
        "phase": 7,
        "place": (0, section, section),
        "severity": 0.5,
        "codes": (),
        "pairs": frozenset(),
        "traits": frozenset(),
        "is_deferred": False,
    }
    return Difference(paper, section, **{**values, **facts})


def made(*judgements, kind="codes", **facts):
    """The difference that comes of these answers of reviewers 1, 2 …"""
    section = Section(pk=4, position=3, kind=kind, phase_id=7)
    # No phase of the database: only where it stands is asked for.
    section.__dict__["_state"].fields_cache["phase"] = SimpleNamespace(position=2)
    compared = says(*judgements, kind=kind, paper=9, section=4)
    return difference_of(compared, section, **facts)


# One difference


def test_a_difference_knows_where_it_stands_and_who_says_different_things():
    one = made(codes(11, 12), codes(12, 13), codes(11, 12))
    assert (one.paper, one.section, one.phase, one.place) == (9, 4, 7, (2, 3, 4))
    assert one.codes == (11, 13)
    assert one.pairs == {frozenset({1, 2}), frozenset({2, 3})}
    assert one.traits == {ALONE}
    assert (one.is_deferred, one.is_settled) == (False, False)


def test_whoever_left_it_blank_differs_from_nobody():
    one = made(codes(11), Judgement(), codes(12))
    assert one.pairs == {frozenset({1, 3})}
    assert one.traits == set()


@pytest.mark.parametrize(
    ("given", "late", "words"),
    [
        ([codes(11), codes(12)], False, {NEAR}),
        ([codes(11), codes(13)], False, set()),
        ([codes(11), codes(12), codes(12)], False, {NEAR, ALONE}),
        ([codes(11), codes(12), codes(13)], False, set()),
        ([codes(11), codes(11)], True, {LATE}),
        ([codes(11), codes(12)], True, {NEAR, LATE}),
        ([codes(11), Judgement(absence="unclear")], False, set()),
    ],
)
def test_what_is_special_about_a_difference_is_told(given, late, words):
    assert made(*given, kind="stage", is_late=late).traits == words


@for_all(st.lists(st.sampled_from([*map(codes, STAGES), codes()]), min_size=2, max_size=5))
def test_every_two_who_say_different_things_are_a_pair_and_no_others(given):
    expected = {
        frozenset({one + 1, other + 1})
        for one, other in combinations(range(len(given)), 2)
        if given[one] != given[other]
    }
    assert made(*given).pairs == expected


# The order


def test_what_lies_farthest_apart_comes_first_then_the_section_the_code_and_the_paper():
    ordered = [
        difference(paper=9, section=9, severity=1.0),
        difference(paper=8, section=1, severity=0.5),
        difference(paper=2, section=2, codes=(3,)),
        difference(paper=3, section=2, codes=(3,)),
        difference(paper=1, section=2, codes=(4, 1)),
        difference(paper=1, section=2, severity=0.1),
    ]
    backwards = ordered[::-1]
    assert sorted(backwards, key=lambda one: one.rank) == ordered
    # A hair's breadth, as floats have it, is no order.
    assert difference(severity=0.1 + 0.2).rank == difference(severity=0.3).rank


def test_a_paper_stands_where_its_first_difference_does():
    several = [difference(paper=paper, section=section) for paper, section in [(3, 1), (1, 1)]]
    several.append(difference(paper=3, section=2))
    assert papers_in_order(several) == [3, 1]
    assert {paper: len(found) for paper, found in by_paper(several).items()} == {3: 2, 1: 1}


# What is left for whom


def board():
    one = Board(
        [
            difference(1, 1),
            difference(1, 2, is_deferred=True),
            difference(2, 1, phase=8),
            difference(2, 2, is_settled=True),
        ]
    )
    one.ready[1, 7] += 2
    one.settled[2, 7] += 3
    one.settled[2, 8] += 1
    one.unanimous[2, 7] += 1
    return one


def test_the_numbers_count_what_is_open_put_off_settled_unanimous_and_ready():
    assert board().numbers == {
        "open": 2,
        "deferred": 1,
        "settled": 4,
        "unanimous": 1,
        "ready": 2,
    }
    assert [(one.paper, one.section) for one in board().open] == [(1, 1), (2, 1)]


def test_what_is_hidden_is_neither_shown_nor_counted_in_that_phase_alone():
    whole = board()
    assert whole.without(set()) is whole
    left = whole.without({(2, 7)})
    assert left.numbers == {"open": 2, "deferred": 1, "settled": 1, "unanimous": 0, "ready": 2}
    assert [(one.paper, one.phase) for one in left.differences] == [(1, 7), (1, 7), (2, 8)]
    assert whole.without({(1, 7), (2, 7), (2, 8)}).numbers == dict.fromkeys(whole.numbers, 0)
    # The whole is kept for everybody: nobody's view of it changes it.
    assert whole.numbers == board().numbers


def test_only_these_papers_are_left_with_their_counts():
    left = board().of_papers({1})
    assert left.numbers == {"open": 1, "deferred": 1, "settled": 0, "unanimous": 0, "ready": 2}
    assert board().of_papers(set()).differences == []
    assert board().of_papers({1, 2}).numbers == board().numbers


pairs = st.sets(st.tuples(st.sampled_from([1, 2]), st.sampled_from([7, 8])))


@for_all(pairs, pairs)
def test_to_hide_one_after_the_other_hides_both_and_order_does_not_matter(one, other):
    whole = board()
    expected = whole.without(one | other)
    for left in (whole.without(one).without(other), whole.without(other).without(one)):
        assert (left.differences, left.numbers) == (expected.differences, expected.numbers)


# What was asked for


def chosen(differences, *, is_settler=True, is_anonymous=False, **asked):
    """What these words in the address leave; what the filters offer is made of the board."""
    study = SimpleNamespace(
        is_anonymous=is_anonymous,
        who_settles="leads",
        rounds=SimpleNamespace(values_list=lambda *names: [(5, "Main")]),
    )
    membership = SimpleNamespace(is_lead=is_settler, may_code=True, study=study)

    class Plain(Choice):
        board = Board(list(differences), settled=Counter({(3, 7): 1}))
        sections = {
            pk: Section(pk=pk, key=f"section-{pk}", label=f"Section {pk}") for pk in range(1, 4)
        }
        codes = {3: "Talent", 4: "Cost"}

        def pairs(self, differences):
            found = {pair for one in differences for pair in one.pairs}
            return [("-".join(map(str, sorted(pair))), "two") for pair in found]

    return Plain(membership, asked)


def left(differences, **asked):
    return [(one.paper, one.section) for one in chosen(differences, **asked).differences()]


QUEUE = [
    difference(1, 1, severity=1.0, codes=(3,), pairs=frozenset({frozenset({21, 22})})),
    difference(1, 2, severity=0.9, codes=(4,), traits=frozenset({NEAR})),
    difference(2, 1, severity=0.8, codes=(3, 4), traits=frozenset({LATE})),
    difference(2, 3, severity=0.7, is_deferred=True),
    difference(3, 3, severity=0.6, is_settled=True),
]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, [(1, 1), (1, 2), (2, 1), (3, 3)]),
        ({"section": "section-1"}, [(1, 1), (2, 1)]),
        ({"code": "4"}, [(1, 2), (2, 1)]),
        ({"code": "3", "section": "section-1", "kind": "late"}, [(2, 1)]),
        ({"kind": "near"}, [(1, 2)]),
        ({"kind": "deferred"}, [(2, 3)]),
        ({"kind": "deferred", "section": "section-1"}, []),
        ({"pair": "21-22"}, [(1, 1)]),
        ({"sort": "severity"}, [(3, 3), (2, 1), (1, 2), (1, 1)]),
        ({"sort": "section"}, [(1, 1), (2, 1), (1, 2), (3, 3)]),
        ({"sort": "-section"}, [(3, 3), (1, 2), (2, 1), (1, 1)]),
        # What makes no sense is left aside.
        ({"section": "section-9", "code": "99", "kind": "odd", "pair": "22-21"}, None),
        ({"sort": "title", "section": "", "code": "Talent"}, None),
        ({"kind": "open"}, None),
        ({"kind": "settled"}, None),
    ],
)
def test_each_filter_leaves_what_was_asked_for_in_the_order_that_was_asked_for(asked, expected):
    if expected is None:
        expected = left(QUEUE)
    assert left(QUEUE, **asked) == expected


def test_a_reviewer_may_ask_for_what_is_open_or_settled_but_not_for_what_only_deciders_know():
    def asking(kind):
        return left(QUEUE, is_settler=False, kind=kind)

    assert asking("settled") == [(3, 3)]
    assert asking("open") == [(1, 1), (1, 2), (2, 1)]
    for kind in ("deferred", "late"):
        assert asking(kind) == left(QUEUE)


def test_where_names_are_hidden_nobody_asks_for_two_reviewers():
    one = chosen(QUEUE, is_anonymous=True, pair="21-22")
    assert "pair" not in one.options
    assert not one.is_narrowed
    assert len(one.differences()) == 4


@pytest.mark.parametrize(
    ("asked", "is_narrowed"),
    [
        ({}, False),
        ({"sort": "severity", "page": "2"}, False),
        ({"section": "section-9"}, False),
        ({"section": "section-1"}, True),
        ({"q": " \0 "}, False),
        ({"q": "drift"}, True),
    ],
)
def test_a_queue_is_narrowed_by_what_leaves_less_of_it(asked, is_narrowed):
    assert chosen(QUEUE, **asked).is_narrowed == is_narrowed


def test_a_filter_offers_only_what_stands_in_the_queue():
    options = chosen(QUEUE[:2]).options
    assert options["section"] == [("section-1", "Section 1"), ("section-2", "Section 2")]
    assert options["code"] == [("3", "Talent"), ("4", "Cost")]
    assert options["round"] == [("5", "Main")]
    assert [value for value, _ in options["pair"]] == ["21-22"]
    assert chosen([]).options["code"] == []
    assert [one["name"] for one in chosen([]).filters()] == ["round", "kind"]
