"""What a decider may choose, and what comes of what they post. No database: sections and codes that
were never saved.
"""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.http import QueryDict
from hypothesis import given as for_all
from hypothesis import strategies as st

from mapping.judgement.values import Evidence, Judgement, Mark
from mapping.models import Section
from reviews.settling.answers import letter_of
from reviews.settling.decisions import content_of
from reviews.settling.forms import DeferForm, LookForm, RemarkForm, SettleForm, ways
from tests.settling.answered import CODES, COST, DRIFT, KEYS, NUMBERS, OLD, TALENT, codes, says

REASON = {"cause": "oversight", "rationale": "It is in table 3."}
DIFFERENT = says(codes(TALENT, DRIFT), codes(DRIFT, COST))


def form(posted, said=DIFFERENT, *, kind="codes", current=None, went_to=KEYS, given=REASON):
    fields = QueryDict(mutable=True)
    for name, value in {**given, **posted}.items():
        fields.setlist(name, value if isinstance(value, list) else [str(value)])
    section = Section(pk=1, key="challenges", label="Challenges", kind=kind)
    return SettleForm(
        fields,
        section=section,
        compared_answers=said,
        choices=CODES,
        current=current,
        went_to=went_to,
    )


def settled(posted, said=DIFFERENT, **facts):
    one = form(posted, said, **facts)
    assert one.is_valid(), one.errors
    return one.settled


def offered(said, kind="codes", current=None):
    found = ways(said, Section(kind=kind), current)
    return [(way.value, way.key, way.basis) for way in found]


# What is offered


def test_each_answer_the_union_the_common_part_and_ones_own_choice_are_offered_with_their_keys():
    assert offered(DIFFERENT) == [
        ("take-A", "a", "adopted"),
        ("take-B", "b", "adopted"),
        ("union", "u", "union"),
        ("common", "i", "intersection"),
        ("own", "o", "other"),
    ]


def test_where_something_is_settled_it_may_be_left_at_that():
    assert offered(DIFFERENT, current=object())[0] == ("keep", "l", "other")
    assert "keep" not in {value for value, _, _ in offered(DIFFERENT)}


def test_two_of_three_who_agree_are_one_way_and_nobody_is_outvoted():
    said = says(codes(DRIFT), codes(COST), codes(DRIFT))
    found = {way.value: way for way in ways(said, Section(kind="codes"))}
    assert found["take-A"].label == "take A = C"
    assert (found["take-A"].reviewer, found["take-B"].reviewer) == (1, 2)
    assert list(found)[:2] == ["take-A", "take-B"]
    assert not any(way.basis == "unanimous" for way in found.values())


def test_what_all_say_and_what_one_says_alone_is_there_to_be_taken_as_it_is():
    for said, basis in (
        (says(codes(COST), codes(COST)), "unanimous"),
        (says(codes(COST), Judgement()), "single"),
    ):
        first, own = ways(said, Section(kind="codes"))
        assert (first.value, first.label, first.basis) == ("take-A", "what is said", basis)
        assert own.value == "own"


def test_the_median_has_its_key_where_three_stand_on_the_scale():
    said = says(codes(TALENT), codes(COST), codes(DRIFT), kind="stage")
    assert ("median", "m", "other") in offered(said, "stage")
    assert "median" not in {value for value, _, _ in offered(DIFFERENT)}


def test_no_reader_takes_a_key_that_means_something_else():
    said = says(*(codes(place) for place in range(30)))
    keys = [key for _, key, _ in offered(said, current=object()) if key]
    assert len(keys) == len(set(keys))
    assert {key for value, key, _ in offered(said) if value.startswith("take-")} == {
        *"abcdefgh",
        "",
    }


def test_letters_are_never_the_same_for_two_readers_of_a_paper():
    letters = [letter_of(place) for place in range(26 * 27)]
    assert len(set(letters)) == len(letters)
    assert letters[:2] == ["A", "B"]
    assert letters[25:28] == ["Z", "AA", "AB"]
    assert letters[-1] == "ZZ"


# What is posted


def test_a_way_is_taken_with_the_longest_evidence_that_anybody_gave():
    short, long = Evidence(quote="cost"), Evidence(quote="the budget is insufficient", page="6")
    said = says(
        Judgement(marks=(Mark(COST, short), Mark(DRIFT))), Judgement(marks=(Mark(COST, long),))
    )
    marks = {mark.code: mark.evidence for mark in settled({"way": "take-A"}, said).marks}
    assert marks == {COST: long, DRIFT: Evidence()}
    assert settled({"way": "own", "codes": [str(COST)]}, said).marks == (Mark(COST, long),)
    # A code that nobody gave has nobody's evidence.
    assert settled({"way": "own", "codes": [str(TALENT)]}, said).marks == (Mark(TALENT),)


def test_only_what_was_adopted_is_from_somebody():
    for way, basis, reviewer in (
        ("take-A", "adopted", 1),
        ("take-B", "adopted", 2),
        ("union", "union", None),
        ("common", "intersection", None),
        ("own", "other", None),
    ):
        one = form({"way": way})
        assert one.is_valid()
        assert (one.basis, one.adopted_from) == (basis, reviewer)
    same = form({"way": "take-A"}, says(codes(COST), codes(COST)))
    assert same.is_valid()
    assert (same.basis, same.adopted_from) == ("unanimous", None)


def test_ticking_nothing_among_several_codes_says_that_none_of_them_apply():
    assert settled({"way": "own"}) == codes()
    assert settled({"way": "own", "none_apply": "on"}) == codes()
    # A tick that was forgotten beside codes does not take them away.
    assert settled({"way": "own", "none_apply": "on", "codes": [str(COST)]}) == codes(COST)


@pytest.mark.parametrize("kind", ["code", "stage"])
def test_of_one_code_none_is_said_on_purpose_or_nothing_at_all(kind):
    said = says(codes(TALENT), codes(DRIFT), kind=kind)
    assert settled({"way": "own"}, said, kind=kind).is_blank
    assert settled({"way": "own", "none_apply": "on"}, said, kind=kind) == codes()
    assert settled({"way": "own", "codes": [str(COST)]}, said, kind=kind) == codes(COST)


@pytest.mark.parametrize("absence", ["not_reported", "unclear", "not_applicable"])
def test_an_absence_of_ones_own_stands_alone_whatever_else_was_filled_in(absence):
    posted = {"way": "own", "absence": absence, "codes": [str(COST)], "none_apply": "on"}
    assert settled(posted) == Judgement(absence=absence)
    # Beside another way it means nothing: it was chosen before, and is still in the form.
    assert settled({**posted, "way": "take-A"}) == codes(TALENT, DRIFT)


@pytest.mark.parametrize(
    ("kind", "posted", "judgement"),
    [
        ("text", {"text": " My own words. "}, Judgement(text="My own words.")),
        ("text", {"text": ""}, Judgement()),
        ("number", {"number": "2.50"}, Judgement(number=Decimal("2.50"))),
        ("number", {"number": "0"}, Judgement(number=Decimal("0"))),
        ("number", {"number": ""}, Judgement()),
        ("yes_no", {"yes_no": "yes"}, Judgement(yes_no=True)),
        ("yes_no", {"yes_no": "no"}, Judgement(yes_no=False)),
        ("yes_no", {"yes_no": ""}, Judgement()),
    ],
)
def test_a_value_of_ones_own_is_of_the_kind_of_the_section(kind, posted, judgement):
    given = {
        "text": [Judgement(text="One"), Judgement(text="Two")],
        "number": [Judgement(number=1), Judgement(number=2)],
        "yes_no": [Judgement(yes_no=True), Judgement(yes_no=False)],
    }
    # What belongs to another kind is left aside.
    noise = {"codes": [str(COST)], "none_apply": "on"}
    assert settled({"way": "own", **noise, **posted}, says(*given[kind], kind=kind), kind=kind) == (
        judgement
    )


@pytest.mark.parametrize("number", ["1e14", "0.0000001", "NaN", "Infinity", "two", "1,5"])
def test_what_is_no_number_or_fits_nowhere_is_refused_in_its_field(number):
    said = says(Judgement(number=1), Judgement(number=2), kind="number")
    one = form({"way": "own", "number": number}, said, kind="number")
    assert set(one.errors) == {"number"}


@pytest.mark.parametrize(
    ("posted", "refused"),
    [
        ({}, {"way"}),
        ({"way": "take-Z"}, {"way"}),
        ({"way": "keep"}, {"way"}),
        ({"way": "median"}, {"way"}),
        ({"way": "own", "codes": ["99"]}, {"codes"}),
        ({"way": "own", "codes": ["x"]}, {"codes"}),
        ({"way": "own", "codes": [str(OLD)]}, {"codes"}),
        ({"way": "own", "absence": "lost"}, {"absence"}),
        ({"way": "own", "cause": "boredom"}, {"cause"}),
        ({"way": "own", "cause": ""}, {"cause"}),
        ({"way": "own", "rationale": " \n"}, {"rationale"}),
        ({"way": "own", "rationale": "", "cause": ""}, {"rationale", "cause"}),
        ({"way": "own", "seen": "-1"}, {"seen"}),
        ({"way": "own", "seen": "9" * 20}, {"seen"}),
        ({"way": "own", "seen": "one"}, {"seen"}),
    ],
)
def test_what_makes_no_sense_is_refused_in_the_field_where_it_stands(posted, refused):
    one = form(posted)
    assert set(one.errors) == refused
    assert not hasattr(one, "settled")


def test_only_a_difference_asks_for_a_cause_and_a_reason():
    for said in (says(codes(COST), codes(COST)), says(codes(COST)), says(codes(COST), Judgement())):
        assert form({"way": "take-A"}, said, given={}).is_valid()
    assert not form({"way": "take-A"}, given={}).is_valid()


def test_codes_no_longer_in_use_may_be_kept_where_somebody_gave_them_or_they_stand():
    assert [code.pk for code in form({}).choices] == [TALENT, DRIFT, COST]
    said = says(codes(OLD), codes(COST))
    assert [code.pk for code in form({}, said).choices] == [TALENT, DRIFT, COST, OLD]
    assert settled({"way": "own", "codes": [str(OLD)]}, said) == codes(OLD)
    standing = SimpleNamespace(content=content_of(codes(OLD), DIFFERENT))
    assert settled({"way": "own", "codes": [str(OLD)]}, current=standing) == codes(OLD)


def test_left_as_it_was_settled_means_with_merged_codes_where_they_went():
    quoted = Judgement(marks=(Mark(OLD, Evidence(quote="of old")), Mark(DRIFT)))
    standing = SimpleNamespace(content=content_of(quoted, DIFFERENT))
    kept = settled({"way": "keep"}, current=standing, went_to=KEYS | {NUMBERS[OLD]: TALENT})
    assert kept.marks == (Mark(TALENT, Evidence(quote="of old")), Mark(DRIFT))
    one = form({"way": "keep"}, current=standing, went_to=KEYS | {NUMBERS[OLD]: TALENT})
    assert OLD not in {code.pk for code in one.choices}


@for_all(
    st.dictionaries(
        st.sampled_from(["way", "codes", "absence", "none_apply", "text", "number", "yes_no"]),
        st.sampled_from(["", "own", "take-A", "union", "11", "99", "unclear", "on", "yes", "3"]),
    )
)
def test_whatever_is_posted_is_refused_or_settles_on_what_may_be_settled_on(posted):
    one = form(posted)
    if not one.is_valid():
        assert one.errors
        return
    assert {*one.settled.codes} <= {TALENT, DRIFT, COST}
    assert (one.settled.text, one.settled.number, one.settled.yes_no) == ("", None, None)
    assert bool(one.settled.absence) + one.settled.none_apply + bool(one.settled.marks) == 1


# The smaller forms


def test_a_remark_a_note_and_an_early_look_have_their_limits():
    assert not RemarkForm({"text": " \n "}).is_valid()
    assert RemarkForm({"text": "x" * 10_000}).is_valid()
    assert not RemarkForm({"text": "x" * 10_001}).is_valid()
    assert DeferForm({"note": ""}).is_valid()
    assert DeferForm({"note": "x" * 2000}).is_valid()
    assert not DeferForm({"note": "x" * 2001}).is_valid()
    assert LookForm({"reason": " "}).errors["reason"] == ["Say why: it stays in the study's log."]
    assert LookForm({"reason": "Nobody else is left."}).is_valid()
