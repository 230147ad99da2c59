"""Summaries side by side: what agrees, what differs, how far, and what can be settled on."""

import random
from decimal import Decimal

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from mapping.judgement.values import Evidence, Judgement, Mark
from reviews.settling.comparison import ReviewerAnswer, compare, text_differences, word_diff

STAGES = ["1 manual", "2 automated", "3 semi-automated monitoring", "4 autonomous"]
CODEBOOK = ["Data quality", "Drift", "Talent", "Cost"]


def says(reviewer, **judged):
    """Nothing more is a blank."""
    return ReviewerAnswer(reviewer, Judgement(**judged))


def codes(reviewer, *given):
    return says(reviewer, marks=tuple(map(Mark, given)), none_apply=not given)


def stages(**given):
    return [codes(name.capitalize(), value) for name, value in given.items()]


def codes_of(option):
    return tuple(option.judgement.codes)


def adopted(found):
    return {option.reviewers: option for option in found.options if option.name == "adopt"}


def test_two_reviewers_with_different_codes_see_what_both_and_only_one_gave():
    ben, cleo = (
        codes("Ben", "Drift", "Data quality", "Talent"),
        codes("Cleo", "Data quality", "Drift", "Cost"),
    )

    found = compare("codes", [ben, cleo], CODEBOOK)

    assert found.state == "differs"
    assert found.common == ("Data quality", "Drift")
    assert found.only("Ben") == ("Talent",)
    assert found.only("Cleo") == ("Cost",)
    assert found.why == "Ben gives Talent, Cleo does not; Cleo gives Cost, Ben does not."
    assert not found.settles_itself
    assert [(option.name, option.basis, codes_of(option)) for option in found.options] == [
        ("adopt", "adopted", ("Data quality", "Drift", "Talent")),
        ("adopt", "adopted", ("Data quality", "Drift", "Cost")),
        ("union", "union", ("Data quality", "Drift", "Talent", "Cost")),
        ("common", "intersection", ("Data quality", "Drift")),
    ]
    # MASI: 2 of 4 labels shared, neither set within the other.
    assert found.severity == pytest.approx(1 - 2 / 4 / 3)


@pytest.mark.parametrize(
    ("mine", "yours", "severity"),
    [("ab", "a", 1 - 1 / 2 * 2 / 3), ("ab", "bc", 8 / 9), ("a", "b", 1)],
)
def test_a_code_left_out_is_less_severe_than_another_code(mine, yours, severity):
    assert compare("codes", [codes("Ben", *mine), codes("Cleo", *yours)]).severity == pytest.approx(
        severity
    )


def test_the_evidence_of_a_code_is_found_with_its_reviewer():
    evidence = Evidence("insufficient budget", "6", "table 3")
    mark = Mark("Cost", evidence)
    found = compare("codes", [says("Ben", marks=(mark,)), codes("Cleo", "Drift")])

    assert found.evidence("Cost") == [("Ben", evidence)]
    assert found.evidence("Talent") == []


def test_codes_that_three_give_and_a_fourth_does_not_are_told_in_one_sentence():
    three = [codes(name, "Drift", "Cost") for name in ("Ben", "Cleo", "Dan")]

    found = compare("codes", [*three, codes("Eve", "Drift")], CODEBOOK)

    assert found.why == "Ben, Cleo and Dan give Cost, Eve does not."
    assert found.one_against_the_rest == "Eve"
    assert [(part.code, part.given_by, part.not_by) for part in found.partial] == [
        ("Cost", ("Ben", "Cleo", "Dan"), ("Eve",))
    ]
    assert set(adopted(found)) == {("Ben", "Cleo", "Dan"), ("Eve",)}


def test_five_empty_answers_are_five_different_things():
    empties = {
        "none of the codes": codes("Ben"),
        "not_reported": says("Ben", absence="not_reported"),
        "unclear": says("Ben", absence="unclear"),
        "not_applicable": says("Ben", absence="not_applicable"),
        "blank": says("Ben"),
    }
    states = {}
    for one, mine in empties.items():
        for other, theirs in empties.items():
            answers = [mine, theirs._replace(reviewer="Cleo")]
            states[one, other] = compare("codes", answers).state

    for (one, other), state in states.items():
        blanks = (one, other).count("blank")
        expected = ["agrees" if one == other else "differs", "single", "blank"][blanks]
        assert state == expected, (one, other)


@pytest.mark.parametrize("kind", ["codes", "code", "stage", "yes_no", "number", "text"])
def test_two_equal_absences_agree_in_every_kind(kind):
    found = compare(kind, [says("Ben", absence="unclear"), says("Cleo", absence="unclear")], STAGES)

    assert found.settles_itself
    assert found.severity == 0
    assert [(option.basis, option.judgement.absence) for option in found.options] == [
        ("unanimous", "unclear")
    ]
    assert found.why == "Ben and Cleo say unclear."


def test_a_blank_has_no_part_in_the_agreement_of_the_others():
    found = compare("codes", [codes("Ben", "Drift"), says("Cleo"), codes("Dan", "Drift")])

    assert found.state == "agrees"
    assert found.answered_by == ("Ben", "Dan")
    assert found.blank_by == ("Cleo",)
    assert found.common == ("Drift",)


def test_one_answer_beside_a_blank_is_single_and_does_not_settle_itself():
    found = compare("code", [codes("Ben", "yes"), says("Cleo")])

    assert (found.state, found.settles_itself, found.severity) == ("single", False, 0)
    assert [(option.basis, codes_of(option)) for option in found.options] == [("single", ("yes",))]
    assert found.why == "Only Ben answered; Cleo left it blank."


@pytest.mark.parametrize(
    ("kind", "empty"),
    [("yes_no", says("Ben")), ("number", says("Ben")), ("text", says("Ben", text=" \n"))],
)
def test_where_there_are_no_codes_to_deny_an_empty_answer_is_a_blank(kind, empty):
    assert compare(kind, [empty]).state == "blank"
    assert compare(kind, [empty]).why == "Nobody answered."
    assert compare(kind, [empty]).options == ()


@pytest.mark.parametrize("kind", ["code", "stage"])
def test_none_of_the_codes_in_a_single_choice_is_a_judgement(kind):
    found = compare(kind, [codes("Ben"), codes("Cleo", "Drift")], ["Cost", "Drift"])

    assert (found.state, found.severity, found.near_miss) == ("differs", 1, False)
    assert found.why == "Ben gives none of the codes, Cleo gives Drift."
    assert compare(kind, [codes("Ben"), says("Cleo")]).state == "single"
    assert compare(kind, [codes("Ben"), codes("Cleo")]).settles_itself


def test_whoever_says_that_no_stage_fits_has_no_part_in_the_median():
    answers = [codes("Dan"), *stages(ben=STAGES[0], cleo=STAGES[3])]
    assert {option.name for option in compare("stage", answers, STAGES).options} == {"adopt"}


def test_neighbouring_stages_are_a_near_miss_and_less_severe_than_distant_ones():
    near = compare("stage", stages(ben=STAGES[1], cleo=STAGES[2]), STAGES)
    far = compare("stage", stages(ben=STAGES[0], cleo=STAGES[3]), STAGES)

    assert near.near_miss
    assert near.severity == pytest.approx(1 / 3)
    assert (
        near.why == "Ben gives 2 automated, Cleo gives 3 semi-automated monitoring: one step apart."
    )
    assert not far.near_miss
    assert far.severity == 1


def test_a_stage_against_an_absence_is_no_near_miss():
    answers = [codes("Ben", STAGES[1]), says("Cleo", absence="unclear")]
    found = compare("stage", answers, STAGES)

    assert (found.near_miss, found.severity) == (False, 1)


def test_a_stage_that_has_left_the_scale_still_compares():
    found = compare(
        "stage", stages(ben="0 retired", cleo=STAGES[1], dan=STAGES[1], eve=STAGES[3]), STAGES
    )

    assert found.state == "differs"
    assert not found.near_miss
    assert [codes_of(option) for option in found.options if option.name == "median"] == [
        (STAGES[1],)
    ]


@pytest.mark.parametrize(("places", "median"), [((0, 3, 1), 1), ((0, 1, 2, 3), 1), ((3, 3, 0), 3)])
def test_three_or_more_stages_offer_the_lower_median_in_scale_order(places, median):
    answers = [codes(f"R{number}", STAGES[place]) for number, place in enumerate(places)]

    offered = [
        option for option in compare("stage", answers, STAGES).options if option.name == "median"
    ]

    assert [(option.basis, codes_of(option)) for option in offered] == [
        ("other", (STAGES[median],))
    ]


def test_two_reviewers_are_offered_no_median():
    options = compare("stage", stages(ben=STAGES[0], cleo=STAGES[3]), STAGES).options
    assert {option.name for option in options} == {"adopt"}


def test_a_number_is_the_same_however_it_is_written():
    same = [says("Ben", number=2), says("Cleo", number=2.0), says("Dan", number=Decimal("2.00"))]
    assert compare("number", same).state == "agrees"

    found = compare(
        "number",
        [says("Ben", number=10), says("Cleo", number=Decimal("30")), says("Dan", number=12)],
    )
    assert found.why == "Ben gives 10, Cleo gives 30, Dan gives 12."
    assert [one.judgement.number for one in found.options if one.name == "median"] == [12]
    assert 0 < found.severity < 1


def test_in_single_choice_severity_is_the_share_of_pairs_that_disagree():
    found = compare(
        "yes_no", [says("Ben", yes_no="yes"), says("Cleo", yes_no="yes"), says("Dan", yes_no="no")]
    )

    assert found.severity == pytest.approx(2 / 3)
    assert found.one_against_the_rest == "Dan"
    assert found.why == "Ben and Cleo give yes, Dan gives no."


def test_yes_and_no_are_written_as_words_even_beside_codes_with_the_keys_0_and_1():
    answers = [says("Ben", yes_no=True), says("Cleo", yes_no=False)]
    labels = {1: "Data quality", 0: "Drift"}

    assert compare("yes_no", answers, labels=labels).why == "Ben gives yes, Cleo gives no."


def test_nobody_stands_alone_when_all_three_differ_or_only_two_answered():
    assert compare("code", [codes(name, name) for name in "ABC"]).one_against_the_rest is None
    assert compare("code", [codes(name, name) for name in "AB"]).one_against_the_rest is None


def test_codes_without_anything_in_common_offer_no_empty_common_part():
    found = compare("codes", [codes("Ben", "Drift"), codes("Cleo", "Cost")])
    assert [option.name for option in found.options] == ["adopt", "adopt", "union"]


def test_an_absence_against_codes_can_only_be_adopted():
    found = compare("codes", [codes("Ben", "Drift"), says("Cleo", absence="not_reported")])

    assert [(one.name, codes_of(one), one.judgement.absence) for one in found.options] == [
        ("adopt", ("Drift",), ""),
        ("adopt", (), "not_reported"),
    ]
    assert found.why == "Ben gives Drift, Cleo says not reported."
    assert found.severity == 1


def test_texts_that_differ_only_in_blanks_agree_and_are_taken_over_as_written():
    found = compare(
        "text", [says("Ben", text="Drift  is\nhard."), says("Cleo", text="Drift is hard. ")]
    )

    assert found.settles_itself
    assert found.why == "The texts are the same."
    assert [option.judgement.text for option in found.options] == ["Drift  is\nhard."]


def test_texts_that_differ_come_last_in_the_queue_unless_the_caller_says_otherwise():
    texts = [says("Ben", text="Drift is hard."), says("Cleo", text="Cost is high.")]

    assert compare("text", texts).severity == pytest.approx(0.1)
    assert compare("text", texts, text_severity=0.4).severity == pytest.approx(0.4)
    assert compare("text", texts).why == "The texts of Ben and of Cleo differ."


def test_labels_name_the_codes_in_the_sentence():
    found = compare("codes", [codes("A", 1, 2), codes("B", 2)], labels={1: "Drift", 2: "Cost"})
    assert found.why == "A gives Drift, B does not."


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="kind"):
        compare("colour", [])
    with pytest.raises(ValueError, match="absence"):
        compare("codes", [says("Ben", absence="lost")])
    with pytest.raises(ValueError, match="one answer"):
        compare("codes", [codes("Ben"), codes("Ben", "Drift")])


answers_in_codes = st.one_of(
    st.builds(
        lambda given: {"marks": tuple(map(Mark, given)), "none_apply": not given},
        st.sets(st.sampled_from(CODEBOOK)),
    ),
    st.sampled_from([{"absence": "unclear"}, {"absence": "not_reported"}, {}]),
)
answers_on_a_scale = st.one_of(
    st.builds(lambda stage: {"marks": (Mark(stage),)}, st.sampled_from(STAGES)),
    st.sampled_from([{"absence": "unclear"}, {}]),
)
answers_in_numbers = st.builds(lambda number: {"number": number}, st.integers(-3, 3))
answers_in_words = st.builds(lambda text: {"text": text}, st.sampled_from(["", "a b", "a  b", "c"]))
sections = st.one_of(
    *(
        st.tuples(st.just(kind), st.lists(answers, max_size=5))
        for kind, answers in [
            ("codes", answers_in_codes),
            ("stage", answers_on_a_scale),
            ("code", answers_on_a_scale),
            ("number", answers_in_numbers),
            ("text", answers_in_words),
        ]
    )
)


@for_all(sections, st.randoms(use_true_random=False))
def test_the_order_of_reviewers_changes_nothing_that_counts(section, chance):
    kind, filled = section
    answers = [says(f"R{number}", **fields) for number, fields in enumerate(filled)]
    categories = CODEBOOK if kind == "codes" else STAGES
    shuffled = chance.sample(answers, len(answers))

    one, other = compare(kind, answers, categories), compare(kind, shuffled, categories)

    assert one.state == other.state
    assert one.severity == pytest.approx(other.severity)
    assert one.common == other.common
    assert {part.code: set(part.given_by) for part in one.partial} == {
        part.code: set(part.given_by) for part in other.partial
    }
    assert (one.near_miss, one.one_against_the_rest) == (
        other.near_miss,
        other.one_against_the_rest,
    )


@for_all(sections)
def test_only_a_difference_is_severe_and_every_option_keeps_to_what_was_said(section):
    kind, filled = section
    answers = [says(f"R{number}", **fields) for number, fields in enumerate(filled)]
    found = compare(kind, answers, CODEBOOK if kind == "codes" else STAGES)

    assert 0 <= found.severity <= 1
    assert (found.state == "differs") == (found.severity > 0)
    assert found.settles_itself == (len(found.answered_by) > 1 and found.severity == 0)
    assert set(found.answered_by) | set(found.blank_by) == {answer.reviewer for answer in answers}
    by_name = {option.name: set(option.judgement.codes) for option in found.options}
    if "union" in by_name:
        assert by_name["union"] >= set(found.common)
        assert by_name["union"] == set(found.common) | {part.code for part in found.partial}
    if "common" in by_name:
        assert set(found.common) <= by_name["common"]
    said = {option.judgement for option in found.options if option.name == "adopt"}
    assert {option.judgement for option in found.options if option.name == "median"} <= said


def test_words_that_only_one_text_has_are_marked():
    assert word_diff("Drift is very hard.", "Drift is  hard to see.") == [
        ("same", "Drift is "),
        ("only_one", "very "),
        ("same", "hard"),
        ("only_other", "to see"),
        ("same", "."),
    ]


def test_texts_without_spaces_are_compared_by_character():
    assert word_diff("数据质量差", "数据质量很好") == [
        ("same", "数据质量"),
        ("only_one", "差"),
        ("only_other", "很好"),
    ]


def test_right_to_left_text_stays_in_its_logical_order():
    assert word_diff("جودة البيانات مهمة", "جودة النماذج مهمة") == [
        ("same", "جودة "),
        ("only_one", "البيانات "),
        ("only_other", "النماذج "),
        ("same", "مهمة"),
    ]


@for_all(
    st.text(alphabet="ab ,.\n数据é", max_size=40), st.text(alphabet="ab ,.\n数据é", max_size=40)
)
def test_a_word_diff_loses_nothing(one, other):
    segments = word_diff(one, other)

    mine = "".join(words for op, words in segments if op != "only_other")
    theirs = "".join(words for op, words in segments if op != "only_one")
    assert mine == (one if one.split() else "")
    assert "".join(theirs.split()) == "".join(other.split())


def test_a_word_is_found_in_a_long_text_of_few_words():
    words = ["no", "data", "no", "model"] * 200
    changed = [*words[:401], "drift", *words[402:]]
    marked = [
        segment for segment in word_diff(" ".join(words), " ".join(changed)) if segment[0] != "same"
    ]
    assert marked == [("only_one", "data "), ("only_other", "drift ")]


def test_long_and_endlessly_repeating_texts_are_compared_too():
    chance = random.Random(1)
    words = [f"w{int(chance.paretovariate(1))}" for _ in range(5000)]
    edited = [word if chance.random() > 0.1 else "changed" for word in words]
    assert {"same", "only_one", "only_other"} == {
        op for op, _ in word_diff(" ".join(words), " ".join(edited))
    }

    zeros, ones = "0 1 " * 2500, "1 0 0 " * 1700
    assert "".join(text for op, text in word_diff(zeros, ones) if op != "only_other") == zeros


def test_three_texts_are_each_compared_with_the_chosen_one():
    answers = [
        says("Ben", text="a b"),
        says("Cleo", text="a c"),
        says("Dan", absence="unclear"),
        says("Eve", text="a b"),
    ]

    assert text_differences(answers, "Ben") == {
        "Cleo": [("same", "a "), ("only_one", "b"), ("only_other", "c")],
        "Eve": [("same", "a b")],
    }
