"""What is said of a section as a value: what is blank, what says the same, and how it is kept as
JSON.
"""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.judgement.stored import (
    from_record,
    record_of,
    settled_as_json,
    settled_from_json,
)
from mapping.judgement.values import BLANK, CODE_GONE, Evidence, Judgement, Mark

PROOF = Evidence("it drifts", "4", "said twice")
texts = st.text(st.sampled_from("ab \r\n\x00"), max_size=5)
proofs = st.builds(Evidence, texts, texts, texts)
marks = st.lists(st.builds(Mark, st.integers(1, 3), proofs), max_size=4).map(tuple)
numbers = st.none() | st.decimals(-99, 99, places=6)
judgements = st.builds(
    Judgement,
    absence=st.sampled_from(["", "unclear"]),
    none_apply=st.booleans(),
    text=texts,
    number=numbers,
    yes_no=st.none() | st.booleans(),
    marks=marks,
    confidence=st.none() | st.integers(1, 5),
    evidence=proofs,
)


@given(judgements)
def test_a_judgement_comes_back_from_its_json(judgement):
    assert Judgement.of(judgement.as_json()) == judgement.tidied()


@given(judgements)
def test_tidying_is_done_after_once_and_leaves_no_mark_that_says_nothing_more(judgement):
    tidied = judgement.tidied()

    assert tidied.tidied() == tidied
    assert set(tidied.codes) == set(judgement.codes)
    assert len(set(tidied.marks)) == len(tidied.marks)
    assert all("\r" not in text and "\x00" not in text for text in tidied.texts())


@given(judgements)
def test_what_was_settled_comes_back_from_its_json(judgement):
    """Without confidence and evidence of the whole, which no finding has; each code once."""
    once = {mark.code: mark for mark in reversed(judgement.marks)}
    settled = replace(
        judgement,
        marks=tuple(once[code] for code in judgement.codes),
        confidence=None,
        evidence=Evidence(),
    )

    assert settled_from_json(settled_as_json(settled)) == settled


@given(judgements)
def test_the_record_of_an_answer_says_what_it_said(judgement):
    record = record_of(judgement)

    assert record["is_blank"] == judgement.is_blank
    again = from_record(record)
    assert (again.absence, again.text) == (judgement.absence, judgement.text)
    assert (again.codes, again.value) == (judgement.codes, judgement.value)


@pytest.mark.parametrize(
    ("judgement", "is_blank"),
    [
        (BLANK, True),
        (Judgement(confidence=3, evidence=PROOF), True),
        (Judgement(absence="unclear"), False),
        (Judgement(none_apply=True), False),
        (Judgement(number=Decimal(0)), False),
        (Judgement(yes_no=False), False),
        (Judgement(marks=(Mark(1),)), False),
    ],
)
def test_evidence_and_confidence_alone_judge_nothing(judgement, is_blank):
    assert judgement.is_blank == is_blank


def test_evidence_confidence_and_order_make_no_other_judgement():
    one = Judgement(marks=(Mark(1, PROOF), Mark(2)), confidence=5)
    other = Judgement(marks=(Mark(2), Mark(1), Mark(1)), evidence=PROOF)

    assert one.says_the_same(other)
    assert not one.says_the_same(replace(other, none_apply=True))
    assert not one.says_the_same(Judgement(marks=(Mark(1),)))


def test_merged_codes_stand_once_with_the_first_evidence_there_is():
    kept = settled_as_json(Judgement(marks=(Mark(1), Mark(2, PROOF), Mark(3))))

    assert settled_from_json(kept, {1: 3, 2: 3, 3: 3}).marks == (Mark(3, PROOF),)


def test_a_code_that_is_gone_names_no_other_that_is_called_so_elsewhere():
    said = Judgement(marks=(Mark(1), Mark(2, PROOF)))
    here = {1: 7}

    assert said.with_codes(here).codes == [7, CODE_GONE]
    assert settled_from_json(settled_as_json(said), here).codes == [7, CODE_GONE]


def test_an_answer_with_a_field_that_there_is_not_is_refused():
    with pytest.raises(TypeError, match="An answer has no colour"):
        Judgement.of({"colour": "red"})
    with pytest.raises(TypeError, match="A mark has no colour"):
        Judgement.of({"marks": [{"code": 1, "colour": "red"}]})


def test_the_fields_of_evidence_are_listed_once():
    assert Evidence.FIELDS == ("quote", "page", "rationale")
    assert Evidence.of(PROOF) == Evidence.from_mapping(PROOF.as_dict()) == PROOF
    assert [bool(one) for one in (Evidence(), Evidence(page="4"))] == [False, True]
    assert list(PROOF.named_texts()) == [
        ("quote", "it drifts"),
        ("page", "4"),
        ("note", "said twice"),
    ]
