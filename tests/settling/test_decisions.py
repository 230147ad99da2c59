"""What a decision keeps, and what is still true of it later: what was said then against what is
said now. No database.
"""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError
from hypothesis import assume
from hypothesis import given as for_all
from hypothesis import strategies as st

from mapping.judgement.values import Evidence, Judgement, Mark
from reviews.settling.causes import apart, worst
from reviews.settling.decisions import (
    as_kept,
    as_of_today,
    basis_of,
    changed_since,
    content_of,
    digest,
    end_of,
    has_changed,
    in_words,
    is_late,
)
from tests.settling import answered
from tests.settling.answered import codes, reader

# Keys that meet in one place of a set: their order there tells who came first.
TALENT, DRIFT, COST = 8, 16, 24
LABELS = {TALENT: "Talent", DRIFT: "Drift", COST: "Cost"}
# A decision keeps a code by its number in the study, never by the key that it has here.
NUMBERS = {TALENT: 31, DRIFT: 32, COST: 33}
KEYS = {number: key for key, number in NUMBERS.items()}


def says(*judgements, kind="codes"):
    return answered.says(*judgements, kind=kind, numbers=NUMBERS, labels=LABELS)


def decided(settled, said):
    return SimpleNamespace(content=content_of(settled, said))


def person(pk):
    return SimpleNamespace(pk=pk)


EMPTY = [
    Judgement(),
    codes(),
    Judgement(absence="not_reported"),
    Judgement(absence="unclear"),
    Judgement(absence="not_applicable"),
]
judgements = st.one_of(
    st.sampled_from(EMPTY),
    st.lists(st.sampled_from(sorted(LABELS)), min_size=1, max_size=3, unique=True).map(
        lambda given: codes(*given)
    ),
)
several = st.lists(judgements, min_size=1, max_size=4)


# What has changed since


@for_all(several)
def test_nothing_has_changed_since_what_was_said_a_moment_ago(given):
    said = says(*given)
    decision = decided(codes(COST), said)
    assert not has_changed(decision, said)
    assert changed_since(decision, said) == {}
    assert not is_late(decision, said)


@for_all(several, st.data())
def test_exactly_those_who_say_something_else_have_changed(given, chance):
    now = [chance.draw(st.one_of(st.just(one), judgements)) for one in given]
    decision = decided(codes(COST), says(*given))
    expected = {
        reader(place + 1)
        for place, (then, later) in enumerate(zip(given, now, strict=True))
        if not then.says_the_same(later)
    }
    assert set(changed_since(decision, says(*now))) == expected
    assert has_changed(decision, says(*now)) == bool(expected)


@for_all(several, st.randoms(use_true_random=False))
def test_the_order_of_the_codes_is_no_change_and_evidence_is_none(given, chance):
    def told_anew(judgement):
        marks = chance.sample(judgement.marks, len(judgement.marks))
        quoted = tuple(Mark(mark.code, Evidence("a quote", "7", "why")) for mark in marks)
        return Judgement(absence=judgement.absence, none_apply=judgement.none_apply, marks=quoted)

    decision = decided(codes(COST), says(*given))
    assert not has_changed(decision, says(*map(told_anew, given)))


def test_the_five_kinds_of_nothing_are_five_things_to_a_decision_too():
    for then in EMPTY:
        decision = decided(codes(COST), says(then, codes(COST)))
        for now in EMPTY:
            assert has_changed(decision, says(now, codes(COST))) == (then is not now)


def test_who_had_left_it_blank_or_came_later_had_said_nothing():
    decision = decided(codes(COST), says(Judgement(), codes(COST)))
    now = says(codes(DRIFT), codes(COST), Judgement(absence="unclear"))
    assert changed_since(decision, now) == {reader(1): None, reader(3): None}


def test_who_says_something_else_is_told_with_what_they_had_said():
    then = says(codes(TALENT, DRIFT), Judgement(absence="unclear"), codes())
    decision = decided(codes(COST), then)
    before = changed_since(decision, says(codes(COST), codes(COST), codes(COST)))
    words = {reviewer: in_words(judgement, LABELS) for reviewer, judgement in before.items()}
    assert list(words.items()) == [
        (reader(1), "Talent, Drift"),
        (reader(2), "unclear"),
        (reader(3), "none of the codes"),
    ]


@pytest.mark.parametrize(
    ("then", "now", "is_changed"),
    [
        (Decimal("3"), Decimal("3.000000"), False),
        (Decimal("0"), Decimal("0.000000"), False),
        (Decimal("100"), Decimal("1E+2"), False),
        (Decimal("3"), Decimal("3.000001"), True),
        (Decimal("-3"), Decimal("3"), True),
        (Decimal("0"), None, True),
    ],
)
def test_a_number_is_the_same_however_it_was_kept(then, now, is_changed):
    decision = decided(
        Judgement(number=then), says(Judgement(number=then), Judgement(number=1), kind="number")
    )
    later = says(Judgement(number=now), Judgement(number=1), kind="number")
    assert has_changed(decision, later) == is_changed


@pytest.mark.parametrize(("now", "is_changed"), [(False, False), (True, True), (None, True)])
def test_no_is_an_answer_and_no_blank(now, is_changed):
    no = Judgement(yes_no=False)
    decision = decided(no, says(no, no, kind="yes_no"))
    assert has_changed(decision, says(Judgement(yes_no=now), no, kind="yes_no")) == is_changed
    if is_changed:
        (before,) = changed_since(decision, says(Judgement(yes_no=now), no, kind="yes_no")).values()
        assert in_words(before, {}) == "no"


@pytest.mark.parametrize(
    ("now", "is_changed"),
    [
        ("Cafe\u0301 au lait", False),  # an accent written as a sign of its own
        ("Caf\u00e9  au\nlait ", False),
        ("caf\u00e9 au lait", True),
        ("Cafe au lait", True),
    ],
)
def test_a_text_is_the_same_where_the_comparison_calls_it_so(now, is_changed):
    then, other = Judgement(text="Caf\u00e9 au lait"), Judgement(text="Tea")
    decision = decided(other, says(then, other, kind="text"))
    later = says(Judgement(text=now), other, kind="text")
    assert has_changed(decision, later) == is_changed
    assert (digest(later) != digest(says(then, other, kind="text"))) == is_changed


# Merged codes


def test_a_code_that_was_merged_since_is_no_change_and_no_difference():
    went_to = KEYS | {NUMBERS[TALENT]: COST}
    decision = decided(codes(TALENT), says(codes(TALENT), codes(TALENT, COST)))
    after = says(codes(COST), codes(COST))
    assert has_changed(decision, after)
    assert not has_changed(decision, after, went_to)
    assert not is_late(decision, after, went_to)
    assert as_of_today(decision, went_to).codes == [COST]


@for_all(st.dictionaries(st.integers(1, 8), st.integers(1, 8), max_size=8), st.integers(1, 8))
def test_a_chain_of_merges_is_followed_to_its_end_even_in_a_circle(went_to, start):
    end = end_of(start, went_to)
    reached, code = {start}, start
    while code in went_to and went_to[code] not in reached:
        code = went_to[code]
        reached.add(code)
    assert end == code
    assert end not in went_to or went_to[end] in reached


# When a change asks for a second look


def test_answers_that_only_confirm_the_finding_ask_for_no_second_look():
    decision = decided(codes(COST), says(codes(COST), codes(DRIFT)))
    assert not is_late(decision, says(codes(COST), codes(COST)))
    # All agree, but on something else.
    assert is_late(decision, says(codes(DRIFT), codes(DRIFT)))
    # One more says what was settled, while another still does not.
    assert is_late(decision, says(codes(COST), codes(TALENT)))
    # One answer alone confirms nothing.
    assert is_late(decision, says(codes(COST), Judgement()))


def test_a_third_reviewer_who_confirms_what_two_had_agreed_on_asks_for_nothing():
    decision = decided(codes(COST), says(codes(COST), codes(COST)))
    assert not is_late(decision, says(codes(COST), codes(COST), codes(COST)))
    assert is_late(decision, says(codes(COST), codes(COST), codes()))
    assert not is_late(decision, says(codes(COST), codes(COST), Judgement()))


@for_all(several, several, judgements)
def test_unanimous_answers_are_late_exactly_where_they_contradict_what_was_settled(
    then, now, settled
):
    assume(not settled.is_blank)
    decision, said = decided(settled, says(*then)), says(*now)
    if said.comparison.settles_itself:
        agreed = said.comparison.options[0].judgement
        expected = has_changed(decision, said) and not agreed.says_the_same(settled)
    else:
        expected = has_changed(decision, said)
    assert is_late(decision, said) == expected


# The digest


@for_all(several, several)
def test_a_digest_names_what_is_said_and_nothing_else(one, other):
    same = len(one) == len(other) and all(
        mine.says_the_same(theirs) for mine, theirs in zip(one, other, strict=True)
    )
    # Who says nothing is nobody to a digest, wherever they stand.
    spoke = [
        {place for place, judgement in enumerate(given) if not judgement.is_blank}
        for given in (one, other)
    ]
    if same:
        assert digest(says(*one)) == digest(says(*other))
    elif spoke[0] != spoke[1]:
        assert digest(says(*one)) != digest(says(*other))


def test_a_digest_tells_nothing_to_whoever_guesses(settings):
    said = says(codes(COST), codes(DRIFT))
    mine = digest(said)
    settings.SECRET_KEY = "that of another server"
    assert digest(said) != mine
    assert len(mine) == 16
    assert digest(says(codes(DRIFT), codes(COST))) != digest(said)  # who says what counts


# From whom


def test_adopted_is_only_what_that_reviewer_said():
    said = says(codes(COST), codes(DRIFT), codes(COST))
    assert basis_of(codes(COST), "adopted", said, person(1)) == "adopted"
    assert basis_of(codes(COST), "adopted", said, person(3)) == "adopted"
    for nobody in (person(2), person(9), None):
        assert basis_of(codes(COST), "adopted", said, nobody) == "other"
    assert basis_of(codes(TALENT), "adopted", said, person(1)) == "other"


@pytest.mark.parametrize(
    ("settled", "asked", "basis"),
    [
        (codes(COST, DRIFT, TALENT), "union", "union"),
        (codes(TALENT, DRIFT, COST), "union", "union"),
        (codes(COST, DRIFT), "union", "other"),
        (codes(DRIFT), "intersection", "intersection"),
        (codes(), "intersection", "other"),
        (codes(DRIFT), "unanimous", "other"),
        (codes(DRIFT), "single", "other"),
        (codes(COST, DRIFT), "other", "other"),
        (codes(DRIFT), "by vote", "other"),
    ],
)
def test_the_basis_that_is_kept_is_true(settled, asked, basis):
    assert basis_of(settled, asked, says(codes(DRIFT, COST), codes(DRIFT, TALENT))) == basis


def test_what_all_say_is_unanimous_and_one_answer_alone_is_single():
    assert basis_of(codes(COST), "unanimous", says(codes(COST), codes(COST))) == "unanimous"
    assert basis_of(codes(COST), "single", says(codes(COST), Judgement())) == "single"
    assert basis_of(codes(COST), "unanimous", says(codes(COST), Judgement())) == "other"


# As it is kept, and read


def test_what_is_settled_is_kept_as_the_database_holds_it():
    assert as_kept(Judgement(text=" It works.\r\nWell. \0")).text == "It works.\nWell."
    assert as_kept(Judgement(text=" \r\n ")).is_blank
    assert str(as_kept(Judgement(number=Decimal("3.500"))).number) == "3.5"


@pytest.mark.parametrize("number", ["1e14", "-1e14", "0.0000001", "NaN", "Infinity"])
def test_a_number_that_fits_no_column_is_refused_in_words(number):
    with pytest.raises(ValidationError, match="14 digits"):
        as_kept(Judgement(number=Decimal(number)))


@pytest.mark.parametrize("number", ["99999999999999.999999", "-99999999999999", "0.000001", "0"])
def test_the_largest_and_the_smallest_number_that_fit_are_kept(number):
    assert as_kept(Judgement(number=Decimal(number))).number == Decimal(number)


@for_all(judgements.filter(lambda judgement: not judgement.is_blank))
def test_what_was_settled_comes_out_of_the_record_as_it_went_in(settled):
    kept = as_of_today(decided(settled, says(codes(COST))), KEYS)
    assert kept == settled


@pytest.mark.parametrize(
    ("judgement", "words"),
    [
        (Judgement(absence="not_reported"), "not reported"),
        (codes(COST, TALENT), "Cost, Talent"),
        (codes(99), "a code of the past"),
        (codes(), "none of the codes"),
        (Judgement(number=Decimal("0")), "0"),
        (Judgement(number=Decimal("100")), "100"),
        (Judgement(number=Decimal("2.50")), "2.5"),
        (Judgement(yes_no=True), "yes"),
        (Judgement(yes_no=False), "no"),
        (Judgement(text="0"), "0"),
    ],
)
def test_what_is_said_reads_in_words(judgement, words):
    assert in_words(judgement, LABELS).lower() == words.lower()


# Why they differed


def test_the_codes_that_some_gave_and_others_did_not_are_those_in_dispute():
    said = says(codes(COST, DRIFT), codes(DRIFT, TALENT), Judgement())
    decision = decided(codes(DRIFT), said)
    assert apart(decision, KEYS) == {COST, TALENT}
    assert apart(decision, KEYS | {NUMBERS[COST]: TALENT}) == set()
    assert apart(decided(codes(DRIFT), says(codes(DRIFT), codes())), KEYS) == {DRIFT}
    assert apart(SimpleNamespace(content={}), {}) == set()
    # A code that is gone is not taken for the one that has its number for a primary key.
    assert not apart(decision, {}) & set(NUMBERS.values())


def test_of_the_examples_those_come_first_that_took_most_words():
    reasons = ["short", "a long reason indeed", "middling one", "b", "cc", "ddd"]
    found = worst([SimpleNamespace(rationale=reason) for reason in reasons])
    assert [resolution.rationale for resolution in found] == [
        "a long reason indeed",
        "middling one",
        "short",
        "ddd",
        "cc",
    ]
