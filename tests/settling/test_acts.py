"""Every act of settling at its own door: who may, what the log tells, and that a refusal changes
nothing.
"""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from mapping.judgement.values import Judgement, Mark
from mapping.models import CodebookChange, Finding, LogEntry
from reviews.models import Assignment, Deferral, Mention, Remark, Resolution, Summary
from reviews.settling import discussion, unanimous
from reviews.settling.permissions import Blind
from reviews.settling.resolutions import (
    AlreadySettled,
    defer,
    in_force,
    lift,
    resolve,
    said_of,
    stand_again,
    undo,
)
from tests.making import (
    make_answer,
    make_assignment,
    make_member,
    make_paper,
    make_round,
    make_study,
    make_summary,
)

UNCLEAR = Judgement(absence="unclear")
WRITTEN = (Finding, Resolution, Deferral, Remark, Mention, LogEntry, CodebookChange)


@pytest.fixture
def paper(study, ben, cleo):
    """Ben and Cleo differ in everything but the method."""
    make_round(study, "Main")
    paper = make_paper(study)
    for reviewer, stage, text in ((ben, "Manual", "Yes."), (cleo, "Monitored", "No.")):
        make_summary(
            paper,
            reviewer,
            answers={
                "challenges": ["Talent"] if reviewer == ben else ["Cost"],
                "maturity-stage": stage,
                "conclusion": text,
                "method": "Survey",
            },
        )
    return paper


@pytest.fixture
def made(paper, ada, ben):
    """One section settled, one put off, a remark: something for every act."""
    return {
        "settled": settle(paper, "maturity-stage", ada),
        "deferred": defer(paper, section_of(paper, "conclusion"), note="", by=ada),
        "line": discussion.remark(paper, section_of(paper, "challenges"), text="Why?", by=ben),
        "adopted": unanimous.settle(paper.study, by=ada),
    }


def section_of(paper, key):
    return paper.study.sections.get(key=key)


def settle(paper, key, by, settled=UNCLEAR, **facts):
    reason = {"cause": "oversight", "rationale": "Table 3 says so."}
    section = section_of(paper, key)
    return resolve(paper, section, settled=settled, basis="other", by=by, **{**reason, **facts})


def code_of(paper, label="Cost"):
    return section_of(paper, "challenges").codes.get(label=label)


def acts(paper, made):
    conclusion, challenges = (section_of(paper, key) for key in ("conclusion", "challenges"))
    line, code, at = made["line"], code_of(paper), made["adopted"]["at"]
    return {
        "resolve": lambda by: settle(paper, "challenges", by),
        "undo": lambda by: undo(made["settled"], by=by),
        "defer": lambda by: defer(paper, challenges, note="later", by=by),
        "lift": lambda by: lift(paper, conclusion, by=by),
        "settle": lambda by: unanimous.settle(paper.study, by=by),
        "take back": lambda by: unanimous.take_back(paper.study, by=by, at=at),
        "remark": lambda by: discussion.remark(paper, challenges, text="Look", by=by),
        "resolve remark": lambda by: discussion.resolve_remark(line, by=by),
        "keep rule": lambda by: discussion.keep_as_rule(line, code, by=by),
    }


def may(act, by):
    """Whether this person may; whatever it did is taken back."""
    before = [model.objects.count() for model in WRITTEN]
    with transaction.atomic():
        try:
            act(by)
        except PermissionDenied:
            assert [model.objects.count() for model in WRITTEN] == before
            return False
        transaction.set_rollback(True)
    return True


def permitted(paper, made, people):
    return {
        name: {who for who, user in people.items() if may(act, user)}
        for name, act in acts(paper, made).items()
    }


DISCUSSING = {"remark", "resolve remark"}
DECIDING = {"resolve", "undo", "defer", "lift"}


def test_each_act_asks_for_its_role_itself_whatever_page_led_there(
    study, paper, made, ada, ben, olga, zoe
):
    people = {
        "lead": ada,
        "coder": ben,
        "reviewer": make_member(study, "dan", "reviewer"),
        "observer": olga,
        "stranger": zoe,
        "lead of another study": make_study().created_by,
        "lead who has left": make_member(study, "eve", "lead", deactivated_at=timezone.now()),
    }
    found = permitted(paper, made, people)
    expected = {name: {"lead", "coder"} if name in DISCUSSING else {"lead"} for name in found}
    assert found == expected

    study.who_settles = "not_coders"
    study.save()
    found = permitted(paper, made, people)
    for name, who in found.items():
        more = {"reviewer"} if name in DECIDING | DISCUSSING else set()
        assert who == expected[name] | more, name


def test_a_closed_account_of_a_lead_does_nothing(paper, made, ada):
    ada.is_active = False
    ada.save()
    assert permitted(paper, made, {"ada": ada}) == {name: set() for name in acts(paper, made)}


def test_a_lead_who_still_codes_the_paper_neither_decides_on_it_nor_discusses_it(paper, made, ada):
    make_assignment(paper, ada)
    for name, act in acts(paper, made).items():
        if name in DECIDING:
            with pytest.raises(Blind):
                act(ada)
        elif name in DISCUSSING | {"keep rule"}:
            with pytest.raises(PermissionDenied, match="opens once"):
                act(ada)
    Assignment.objects.filter(reviewer=ada).update(withdrawn_at=timezone.now())
    assert may(acts(paper, made)["resolve"], ada)


def test_reviewers_who_settle_do_not_settle_what_they_code_or_coded(study, paper, made, ben):
    study.who_settles = "not_coders"
    study.save()
    dan = make_member(study, "dan", "reviewer")
    assert may(acts(paper, made)["resolve"], dan)
    make_assignment(paper, dan)
    for user in (ben, dan):
        with pytest.raises(PermissionDenied, match="You coded this paper"):
            settle(paper, "challenges", user)


def test_a_section_of_another_study_is_no_section_of_this_paper(paper, made, ada):
    foreign = make_study(lead=ada).sections.get(key="challenges")
    for act in (
        lambda: resolve(paper, foreign, settled=UNCLEAR, basis="other", by=ada),
        lambda: defer(paper, foreign, note="", by=ada),
        lambda: lift(paper, foreign, by=ada),
        lambda: discussion.remark(paper, foreign, text="Look", by=ada),
    ):
        with pytest.raises(ValidationError, match="another study"):
            act()


# The log


def newest_line(study):
    line = study.log.order_by("-pk").first()
    return line.act, line.by, line.paper, line.text


def test_every_act_has_its_line_in_the_log_about_its_paper(study, paper, made, ada, ben, cleo):
    done = acts(paper, made)
    lines = {
        "resolve": (ada, "settle-section", "Settled “Challenges” of"),
        "undo": (ada, "undo-settling", "Took back the decision on “Maturity stage” of"),
        "lift": (ada, "lift-deferral", "Took up “Conclusion” of"),
        "remark": (cleo, "add-remark", "Remarked on “Challenges” of"),
        "resolve remark": (ben, "resolve-remark", "Resolved a remark on “Challenges” of"),
    }
    for name, (by, act, text) in lines.items():
        before = study.log.count()
        done[name](by)
        assert study.log.count() == before + 1, name
        assert newest_line(study)[:3] == (act, by, paper), name
        assert newest_line(study)[3].startswith(text), name
    defer(paper, section_of(paper, "maturity-stage"), note=" Ask them. ", by=ada)
    line = study.log.get(act="defer-section", facts__section="maturity-stage")
    assert (line.by, line.paper, line.facts["note"]) == (ada, paper, "Ask them.")


def test_the_log_names_the_decision_its_basis_and_the_one_it_replaces(study, paper, ada):
    first = settle(paper, "challenges", ada)
    second = settle(paper, "challenges", ada, seen=first.pk)
    facts = [line.facts for line in study.log.filter(act="settle-section").order_by("pk")]
    assert [(one["resolution"], one["replaces"], one["basis"]) for one in facts] == [
        (first.decided_at.isoformat(), None, "other"),
        (second.decided_at.isoformat(), first.decided_at.isoformat(), "other"),
    ]
    undo(second, by=ada)
    assert study.log.get(act="undo-settling").facts["resolution"] == second.decided_at.isoformat()


def test_what_changes_nothing_is_not_in_the_log(study, paper, made, ada, ben):
    before = study.log.count()
    lift(paper, section_of(paper, "conclusion"), by=ada)
    discussion.resolve_remark(made["line"], by=ben)
    assert study.log.count() == before + 2
    assert not lift(paper, section_of(paper, "conclusion"), by=ada)
    assert not discussion.resolve_remark(made["line"], by=ada)
    assert unanimous.settle(study, by=ada)["settled"] == 0
    assert unanimous.take_back(study, by=ada, at=timezone.now()) == 0
    with pytest.raises(AlreadySettled):
        settle(paper, "maturity-stage", ada)
    assert study.log.count() == before + 2


# A decision to the letter


def test_a_decision_leaves_no_trace_of_the_finding_before_it(study, paper, ada):
    first = settle(paper, "challenges", ada, Judgement(marks=(Mark(code_of(paper).pk),)))
    second = settle(paper, "challenges", ada, UNCLEAR, seen=first.pk)
    finding = Finding.objects.get(section__key="challenges")
    assert (finding.absence, finding.marks.count()) == ("unclear", 0)
    assert finding.settled_at == second.decided_at
    settle(paper, "challenges", ada, Judgement(none_apply=True), seen=second.pk)
    finding.refresh_from_db()
    assert (finding.absence, finding.none_apply) == ("", True)
    assert set(finding.resolutions.all()) == set(Resolution.objects.all())


@pytest.mark.parametrize(
    ("key", "settled"),
    [
        ("cases", Judgement(number="1e14")),
        ("cases", Judgement(number="NaN")),
        ("cases", Judgement(number="0.0000001")),
        ("conclusion", Judgement(text=" \r\n")),
        ("conclusion", Judgement(number=3)),
        ("cases", Judgement(yes_no=True)),
        ("replicable", Judgement(text="yes")),
        ("challenges", Judgement(absence="unclear", none_apply=True)),
        ("maturity-stage", Judgement(absence="unclear", text="why")),
        ("challenges", Judgement(none_apply=True, confidence=6)),
    ],
)
def test_what_the_section_cannot_hold_is_refused_and_written_nowhere(paper, ada, key, settled):
    if key in ("cases", "replicable"):
        value = 3 if key == "cases" else True
        answer_more(paper, key, value)
    with pytest.raises(ValidationError):
        settle(paper, key, ada, settled)
    assert not Finding.objects.filter(section__key=key).exists()


def answer_more(paper, key, value):
    for summary in Summary.objects.filter(assignment__paper=paper):
        make_answer(summary, key, value)


def test_text_is_kept_as_every_other_text_is_and_the_decision_says_the_same(paper, ada):
    decision = settle(paper, "conclusion", ada, Judgement(text=" Perhaps.\r\nOr not. "))
    assert Finding.objects.get().text == decision.content["settled"]["text"] == "Perhaps.\nOr not."


def test_nobody_is_named_as_the_source_of_what_they_did_not_say(paper, ada, ben, cleo):
    talent = Judgement(marks=(Mark(code_of(paper, "Talent").pk),))
    section, seen = section_of(paper, "challenges"), None
    for source, basis in ((cleo, "other"), (None, "other"), (ada, "other"), (ben, "adopted")):
        reason = {"cause": "other", "rationale": "x"}
        decision = resolve(
            paper,
            section,
            settled=talent,
            basis="adopted",
            adopted_from=source,
            by=ada,
            seen=seen,
            **reason,
        )
        seen = decision.pk
        assert decision.basis == basis
        assert decision.adopted_from == (source if basis == "adopted" else None)


def test_a_source_is_kept_only_of_what_was_adopted(paper, ada, ben):
    both = Judgement(marks=tuple(Mark(code_of(paper, label).pk) for label in ("Talent", "Cost")))
    decision = resolve(
        paper,
        section_of(paper, "challenges"),
        settled=both,
        basis="union",
        adopted_from=ben,
        by=ada,
        cause="other",
        rationale="x",
    )
    assert (decision.basis, decision.adopted_from) == ("union", None)


def test_what_all_say_is_settled_without_a_reason_but_never_with_a_wrong_one(paper, ada):
    section = section_of(paper, "method")
    survey = said_of(paper, section).comparison.options[0].judgement
    with pytest.raises(ValidationError, match="boredom"):
        settle(paper, "method", ada, survey, cause="boredom")
    decision = resolve(paper, section, settled=survey, basis="unanimous", by=ada)
    assert (decision.basis, decision.is_unanimous, decision.decided_by) == ("unanimous", True, ada)


def test_on_what_nobody_answered_nothing_is_decided_and_nothing_put_off(paper, ada):
    with pytest.raises(ValidationError, match="Nobody has submitted"):
        settle(paper, "cases", ada)
    with pytest.raises(ValidationError, match="Nobody has submitted"):
        defer(paper, section_of(paper, "cases"), note="", by=ada)


def test_putting_off_twice_changes_the_note_and_taking_up_ends_it(paper, ada):
    section = section_of(paper, "challenges")
    defer(paper, section, note="Ask Ben", by=ada)
    defer(paper, section, note=" Ask Cleo ", by=ada)
    assert Deferral.objects.get().note == "Ask Cleo"
    assert lift(paper, section, by=ada)
    defer(paper, section, note="Again", by=ada)
    assert Deferral.objects.count() == 2
    assert Deferral.objects.in_force().get().note == "Again"


def test_taking_back_the_newest_of_three_decisions_brings_back_the_second_and_its_reason(
    paper, ada
):
    cost = Judgement(marks=(Mark(code_of(paper).pk),))
    first = settle(paper, "challenges", ada)
    second = settle(paper, "challenges", ada, cost, seen=first.pk)
    third = settle(paper, "challenges", ada, Judgement(none_apply=True), seen=second.pk)
    section = section_of(paper, "challenges")
    assert undo(third, by=ada) == second == in_force(paper, section)
    finding = Finding.objects.get()
    assert [mark.code.label for mark in finding.marks.all()] == ["Cost"]
    assert (finding.none_apply, finding.settled_at) == (False, second.decided_at)
    assert undo(second, by=ada) == first
    assert undo(first, by=ada) is None
    assert in_force(paper, section) is None
    # What was settled anew after that stands on its own.
    assert settle(paper, "challenges", ada).content["replaces"] is None


def test_a_decision_on_a_section_that_has_lost_its_code_is_not_brought_back(paper, ada):
    cost = code_of(paper)
    first = settle(paper, "challenges", ada, Judgement(marks=(Mark(cost.pk),)))
    second = settle(paper, "challenges", ada, seen=first.pk)
    cost.section = section_of(paper, "method")
    cost.save()
    with pytest.raises(ValidationError, match="decide anew"):
        undo(second, by=ada)
    assert in_force(paper, section_of(paper, "challenges")) == second
    assert Finding.objects.get().absence == "unclear"
    # Nor does it come back by itself: the section is open then.
    undone_before = Resolution.objects.in_force().count()
    assert stand_again(first) == 0
    assert Resolution.objects.in_force().count() == undone_before - 2


def test_in_an_anonymous_study_the_second_lead_does_not_learn_who_was_faster(study, paper, ada):
    study.is_anonymous = True
    study.save()
    settle(paper, "challenges", ada)
    with pytest.raises(AlreadySettled, match="Somebody has settled “Challenges”"):
        settle(paper, "challenges", make_member(study, "eve", "lead"))
    unanimous.settle(study)
    with pytest.raises(AlreadySettled, match="Concord has settled “Method”"):
        settle(paper, "method", ada)


def test_whoever_answers_a_decision_that_was_taken_back_is_told_so(paper, ada):
    first = settle(paper, "challenges", ada)
    undo(first, by=ada)
    with pytest.raises(AlreadySettled, match="was taken back in the meantime") as refusal:
        settle(paper, "challenges", ada, seen=first.pk)
    assert refusal.value.resolution is None
