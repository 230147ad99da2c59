"""One section of the comparison page as plain facts: what state it is in, what may be done, which
codes stand where. No database.
"""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.http import QueryDict
from hypothesis import given as for_all
from hypothesis import strategies as st

from mapping.judgement.values import Evidence, Judgement, Mark
from mapping.models import Code, Section
from reviews.settling.answers import Voice, letter_of
from reviews.settling.comparison_sheet import Sheet, ShownAnswer
from reviews.settling.decisions import content_of
from reviews.settling.tags import pdf_at
from tests.settling.answered import CODES, COST, DRIFT, KEYS, OLD, TALENT, codes, says


def decided(settled, said, basis="other"):
    return SimpleNamespace(content=content_of(settled, said), basis=basis)


def sheet(*judgements, kind="codes", bound=None, choices=CODES, **page):
    facts = {
        "may_settle": True,
        "in_force": {},
        "findings": {},
        "deferrals": {},
        "history": {1: []},
        "remarks": {1: []},
        "awaited": {},
        "gone": set(),
        "settled_unseen": set(),
        "went_to": KEYS,
        "labels": {code.pk: code.label for code in CODES},
        "codes": {1: choices},
    }
    section = Section(pk=1, phase_id=7, key="challenges", label="Challenges", kind=kind)
    one = SimpleNamespace(**{**facts, **page})
    return Sheet(one, section, says(*judgements, kind=kind), bound)


DIFFERENT = (codes(TALENT), codes(COST))
SAME = (codes(COST), codes(COST))


def settled_on(settled, said=DIFFERENT, basis="other"):
    """What the page holds of a section that was settled when these were the answers."""
    return {1: decided(settled, says(*said), basis)}


# The state and its word


@pytest.mark.parametrize(
    ("given", "page", "state", "word"),
    [
        (DIFFERENT, {}, "differs", ""),
        (SAME, {}, "agrees", ""),
        ((codes(COST),), {}, "submitted", "one answer"),
        ((codes(COST), Judgement()), {}, "submitted", "one answer"),
        (DIFFERENT, {"deferrals": {1: "later"}}, "deferred", ""),
        (DIFFERENT, {"settled_unseen": {1}}, "settled", ""),
        (DIFFERENT, {"settled_unseen": {2}}, "differs", ""),
        (DIFFERENT, {"in_force": settled_on(codes(COST))}, "settled", "settled"),
        (SAME, {"in_force": settled_on(codes(COST), SAME, "unanimous")}, "settled", "unanimous"),
        (
            (codes(COST),),
            {"in_force": settled_on(codes(COST), (codes(COST),), "single")},
            "settled",
            "one reviewer",
        ),
        # Answers that came after the decision: it stands, and asks for a second look.
        (DIFFERENT, {"in_force": settled_on(codes(COST), SAME)}, "differs", "answers changed"),
        (SAME, {"in_force": settled_on(codes(TALENT))}, "agrees", "answers changed"),
        (SAME, {"in_force": settled_on(codes(COST))}, "settled", "settled"),
        # Of a paper that never came here nothing is asked anew.
        (
            DIFFERENT,
            {"in_force": settled_on(codes(COST), SAME), "gone": {7}},
            "settled",
            "settled",
        ),
    ],
)
def test_each_section_is_in_one_state_with_its_word(given, page, state, word):
    one = sheet(*given, **page)
    assert (one.state, one.word) == (state, word)
    assert one.is_open == (state not in ("settled", "deferred") and not page.get("gone"))


def test_one_answer_alone_waits_for_whoever_still_has_to_code_the_paper():
    alone = (codes(COST),)
    for given, page, waits in (
        (alone, {"awaited": {7: ["Dan"]}}, True),
        (alone, {"awaited": {8: ["Dan"]}}, False),
        (DIFFERENT, {"awaited": {7: ["Dan"]}}, False),
        (alone, {"awaited": {7: ["Dan"]}, "in_force": settled_on(codes(COST), alone)}, False),
    ):
        one = sheet(*given, **page)
        assert (one.waits, one.may_settle) == (waits, not waits)
    assert sheet(*alone, awaited={7: ["Dan"]}).awaited == ["Dan"]


def test_there_is_no_form_for_whoever_may_not_settle_nor_where_nothing_is_decided():
    for page in ({"may_settle": False}, {"gone": {7}}):
        one = sheet(*DIFFERENT, **page)
        assert (one.form, one.rule_codes, one.is_open) == (None, [], False)
    fresh = sheet(*DIFFERENT, form=lambda one: ("a form", one))
    assert fresh.form == ("a form", fresh)
    refused = SimpleNamespace(choices=CODES)
    assert sheet(*DIFFERENT, bound=refused).form is refused


def test_what_is_decided_is_shown_so_until_somebody_asks_anew():
    standing = settled_on(codes(COST))
    assert sheet(*DIFFERENT, in_force=standing).is_done
    assert not sheet(*DIFFERENT).is_done
    assert not sheet(*DIFFERENT, in_force=standing, bound=SimpleNamespace()).is_done
    assert not sheet(codes(DRIFT), codes(COST), in_force=standing).is_done


def test_who_says_something_else_now_is_told_with_what_they_had_said():
    then = (codes(TALENT), Judgement(), codes(COST))
    one = sheet(codes(DRIFT), codes(DRIFT), codes(COST), in_force=settled_on(codes(COST), then))
    assert one.earlier_answers == [("A", "Talent"), ("B", "nothing")]
    confirmed = sheet(*SAME, in_force=settled_on(codes(COST)))
    assert (confirmed.is_late, confirmed.earlier_answers) == (False, [])
    kept = settled_on(codes(COST), then)
    kept[1].content["said"] = dict(reversed(kept[1].content["said"].items()))
    anew = sheet(codes(DRIFT), codes(DRIFT), codes(COST), in_force=kept)
    assert [letter for letter, _ in anew.earlier_answers] == ["A", "B"]
    # Whoever spoke then and is not read here any longer has no letter to be told by.
    fewer = sheet(codes(DRIFT), codes(COST), in_force=settled_on(codes(COST), (*SAME, codes(OLD))))
    assert fewer.earlier_answers == [("A", "Cost")]


def test_the_accent_is_on_the_first_section_that_is_open():
    page = SimpleNamespace(open=[])
    one, other = sheet(*DIFFERENT), sheet(*DIFFERENT)
    one.page = other.page = page
    assert not one.is_first_open
    page.open = [one, other]
    assert (one.is_first_open, other.is_first_open) == (True, False)


# What the codes are


def test_codes_stand_with_their_givers_and_the_evidence_that_there_is():
    quoted = Evidence(quote="budget", page="6")
    one = sheet(
        Judgement(marks=(Mark(COST, quoted), Mark(DRIFT))), codes(COST, TALENT), codes(COST)
    )
    assert [(code.label, code.letters, code.evidence) for code in one.shared_codes] == [
        ("Cost", ["A", "B", "C"], [("A", quoted)])
    ]
    assert [(code.label, code.letters) for code in one.partial_codes] == [
        ("Talent", ["B"]),
        ("Drift", ["A"]),
    ]
    assert one.codes_count == 3
    assert one.offered == {TALENT, DRIFT, COST}


def test_where_nothing_differs_only_other_codes_are_to_choose_from():
    assert sheet(*SAME).offered == set()
    assert sheet(codes(COST), codes(COST), Judgement()).offered == set()
    assert sheet(codes(TALENT), codes(COST), kind="code").offered == set()
    # With an absence beside codes there is no code that all gave.
    assert sheet(codes(COST), Judgement(absence="unclear")).offered == {COST}


def test_ticks_are_what_was_posted_else_what_is_settled_else_what_all_gave():
    given = (codes(COST, DRIFT), codes(COST, TALENT))
    assert sheet(*given).ticked == {str(COST)}
    finding = SimpleNamespace(
        text="", marks=SimpleNamespace(all=lambda: [SimpleNamespace(code_id=DRIFT)])
    )
    assert sheet(*given, findings={1: finding}).ticked == {str(DRIFT)}
    posted = SimpleNamespace(data=QueryDict(f"codes={TALENT}&codes={OLD}"))
    assert sheet(*given, findings={1: finding}, bound=posted).ticked == {str(TALENT), str(OLD)}


@pytest.mark.parametrize(
    ("given", "pairs"),
    [
        (DIFFERENT, [("Cost", "Talent")]),
        ((codes(COST, DRIFT), codes(TALENT, DRIFT)), [("Cost", "Talent")]),
        ((codes(COST, TALENT), codes()), []),  # one gave both: they do not mean the same
        ((codes(COST, TALENT), codes(DRIFT)), [("Drift", "Talent"), ("Cost", "Drift")]),
        ((codes(OLD), codes(COST)), [("Old", "Cost")]),  # merged into the one in use
        ((codes(COST), Judgement(absence="unclear")), []),
        ((codes(COST), codes()), []),
        (SAME, []),
        ((codes(COST), Judgement()), []),
    ],
)
def test_codes_that_may_mean_the_same_are_what_one_gave_where_another_gave_the_other(given, pairs):
    found = sheet(*given).perhaps_same
    assert [(code.label, into.label) for code, into in found] == pairs


def test_stages_and_codes_that_exclude_and_include_never_mean_the_same():
    assert sheet(*DIFFERENT, kind="code").perhaps_same
    assert sheet(*DIFFERENT, kind="stage").perhaps_same == []
    two = [Code(pk=TALENT, label="Include"), Code(pk=COST, label="Out", excludes_paper=True)]
    assert sheet(*DIFFERENT, kind="code", choices=two).perhaps_same == []
    both = [Code(pk=one.pk, label=one.label, excludes_paper=True) for one in two]
    assert len(sheet(*DIFFERENT, kind="code", choices=both).perhaps_same) == 1
    # Whichever stands first in the codebook, the one in use is the one to merge into.
    first_is_old = [Code(pk=TALENT, label="Old", status="retired"), Code(pk=COST, label="New")]
    ((code, into),) = sheet(*DIFFERENT, choices=first_is_old).perhaps_same
    assert (code.label, into.label) == ("Old", "New")
    gone = [Code(pk=one.pk, label=one.label, status="retired") for one in two]
    assert sheet(*DIFFERENT, choices=gone).perhaps_same == []


def test_a_rule_may_join_codes_in_use_or_retired_but_none_that_went_elsewhere():
    statuses = ("active", "retired", "merged", "proposed", "declined")
    choices = [Code(pk=place, status=status) for place, status in enumerate(statuses)]
    one = sheet(*DIFFERENT, bound=SimpleNamespace(choices=choices))
    assert [code.status for code in one.rule_codes] == ["active", "retired"]


# What is said


def test_an_answer_is_shown_as_one_of_codes_absence_value_text_none_or_nothing():
    voice = Voice("A", "", 1, 100, "ben")
    shown = {
        name: ShownAnswer(voice, judgement, {COST: "Cost"})
        for name, judgement in {
            "codes": codes(COST),
            "none": codes(),
            "blank": Judgement(),
            "absent": Judgement(absence="not_reported"),
            "zero": Judgement(number=Decimal("0.00")),
            "no": Judgement(yes_no=False),
            "yes": Judgement(yes_no=True),
            "text": Judgement(text="0"),
        }.items()
    }
    assert [name for name, one in shown.items() if one.is_none] == ["none"]
    assert (shown["no"].value, shown["yes"].value, shown["codes"].value) == ("no", "yes", None)
    assert str(shown["zero"].value) == "0"
    assert shown["absent"].absence.lower() == "not reported"
    assert shown["codes"].codes == [("Cost", Evidence())]


def test_those_whose_answer_is_no_code_stand_apart():
    one = sheet(codes(COST), codes(), Judgement(absence="unclear"), Judgement())
    assert [words.letter for words in one.others] == ["B", "C", "D"]


def test_what_all_say_is_told_once_only_where_no_evidence_is_lost():
    unclear = Judgement(absence="unclear")
    proof = Evidence(rationale="See table 3")
    assert sheet(unclear, unclear).is_alike
    assert not sheet(unclear, Judgement(absence="unclear", evidence=proof)).is_alike
    assert not sheet(*SAME).is_alike
    assert not sheet(unclear, codes()).is_alike
    assert not sheet(unclear).is_alike


def test_two_texts_are_told_apart_from_both_sides_and_more_from_the_first():
    two = sheet(Judgement(text="a b"), Judgement(text="a c"), kind="text")
    assert [words.differing for words in two.answers] == [
        [("same", "a "), ("only_one", "b"), ("only_other", "c")],
        [("same", "a "), ("only_one", "c"), ("only_other", "b")],
    ]
    three = sheet(
        Judgement(text="a b"),
        Judgement(absence="unclear"),
        Judgement(text="a c"),
        Judgement(text="a"),
        kind="text",
    )
    assert [words.differing for words in three.answers][:3] == [
        None,
        None,
        [("same", "a "), ("only_one", "c"), ("only_other", "b")],
    ]
    same = sheet(Judgement(text="a b"), Judgement(text="a  b"), kind="text")
    assert [words.differing for words in same.answers] == [None, None]
    alone = sheet(Judgement(text="a b"), Judgement(absence="unclear"), kind="text")
    assert [words.differing for words in alone.answers] == [None, None]


def test_ones_own_text_starts_from_what_is_settled_else_from_what_was_written_first():
    given = (Judgement(absence="unclear"), Judgement(text="First."), Judgement(text="Second."))
    assert sheet(*given, kind="text").start_text == "First."
    finding = SimpleNamespace(text="Settled.")
    assert sheet(*given, kind="text", findings={1: finding}).start_text == "Settled."
    assert sheet(*given, kind="text", findings={1: SimpleNamespace(text="")}).start_text == ""
    assert sheet(*given[:1], kind="text").start_text == ""


def test_a_discussion_is_open_while_one_line_of_it_is():
    done, open_line = SimpleNamespace(resolved_at="now"), SimpleNamespace(resolved_at=None)
    for lines, is_open in (([], False), ([done], False), ([done, open_line], True)):
        assert sheet(*DIFFERENT, remarks={1: lines}).has_open_remarks == is_open


@for_all(
    st.lists(
        st.lists(st.sampled_from([TALENT, DRIFT, COST]), max_size=3, unique=True).map(
            lambda given: codes(*given)
        ),
        min_size=1,
        max_size=4,
    )
)
def test_every_code_that_anybody_gave_stands_in_one_place_with_all_its_givers(given):
    one = sheet(*given)
    placed = {code.code: code.letters for code in [*one.shared_codes, *one.partial_codes]}
    expected = {
        code: [letter_of(place) for place, judgement in enumerate(given) if code in judgement.codes]
        for judgement in given
        for code in judgement.codes
    }
    assert placed == expected
    assert one.codes_count == len(expected)
    assert {words.letter for words in one.others} == {
        letter_of(place) for place, judgement in enumerate(given) if not judgement.codes
    }
    for code, into in one.perhaps_same:
        assert not any({code.pk, into.pk} <= set(judgement.codes) for judgement in given)


# The PDF at the quote


@pytest.mark.parametrize(
    ("quote", "page", "where"),
    [
        ("", "", ""),
        ("few data scientists", "", "#search=few%20data%20scientists"),
        ("", "6", "#page=6"),
        ("", "pp. 12-14", "#page=12"),
        ("", "A", ""),
        (
            "one two three four five six seven",
            "2",
            "#page=2&search=one%20two%20three%20four%20five",
        ),
        ("a & b # c", "", "#search=a%20%26%20b%20%23%20c"),
        ("", "\u00b2", ""),  # a footnote sign is no page
    ],
)
def test_a_quote_leads_to_its_place_in_the_pdf(quote, page, where):
    paper = SimpleNamespace(pdf="a.pdf", key="a-paper")
    one = SimpleNamespace(paper=paper, study=SimpleNamespace(slug="study-1"))
    address = pdf_at(one, Evidence(quote=quote, page=page))
    base, *rest = address.partition("#")
    assert base.endswith("/a-paper/pdf/")
    assert "".join(rest).startswith(where)
    assert ("seven" in address) is False
    paper.pdf = ""
    assert pdf_at(one, Evidence(quote=quote, page=page)) == ""
