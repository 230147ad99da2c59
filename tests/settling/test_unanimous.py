"""What settles itself, at its edges: who is waited for, which papers and phases it is about, what
is taken back and what is not.
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from mapping.judgement.values import Judgement
from mapping.models import Finding, Membership
from reviews.codebook import phases
from reviews.models import Assignment, Deferral, Resolution
from reviews.settling import disagreements, unanimous
from reviews.settling.comparison_page import Page
from reviews.settling.resolutions import defer, resolve, undo
from tests.making import (
    absent,
    make_answer,
    make_assignment,
    make_paper,
    make_round,
    make_summary,
    make_task,
    make_user,
    membership_of,
)

SAME = {"challenges": ["Cost"], "cases": 3}


@pytest.fixture
def main(study):
    return make_round(study, "Main")


@pytest.fixture
def paper(study, main, ben, cleo):
    """Ben and Cleo agree on two sections and differ in a third."""
    return coded(study, (ben, {**SAME, "method": "Survey"}), (cleo, {**SAME, "method": None}))


def coded(study, *answers, round=None):
    paper = make_paper(study)
    for reviewer, given in answers:
        make_summary(paper, reviewer, answers=given, round=round)
    return paper


def member(study, name, role="reviewer"):
    user = make_user(name)
    return Membership.objects.create(study=study, user=user, role=role)


def settle(study, **facts):
    return unanimous.settle(study, **facts)


def settled(paper):
    decisions = Resolution.objects.in_force().filter(paper=paper)
    return {decision.section.key: decision.basis for decision in decisions}


def decide(paper, key, by, *, settled=None, seen=None):
    section = paper.study.sections.get(key=key)
    settled = settled or Judgement(absence="unclear")
    reason = {"cause": "oversight", "rationale": "See table 3."}
    return resolve(paper, section, settled=settled, basis="other", by=by, seen=seen, **reason)


# Who is waited for


def test_nobody_waits_for_whoever_cannot_or_need_not_code_the_paper_any_more(study, paper):
    dan = member(study, "dan")
    given = make_assignment(paper, dan.user)
    assert settle(study)["settled"] == 0

    def settles_after(act, back):
        act()
        found = settle(study, papers=[paper.pk])
        Resolution.objects.all().delete()
        Finding.objects.all().delete()
        back()
        return found["settled"]

    def change(thing, **facts):
        def act():
            type(thing).objects.filter(pk=thing.pk).update(**facts)

        return act

    now = timezone.now()
    for thing, gone, here in (
        (dan, {"deactivated_at": now}, {"deactivated_at": None}),
        (dan, {"role": "observer"}, {"role": "reviewer"}),
        (dan.user, {"is_active": False}, {"is_active": True}),
        (given, {"withdrawn_at": now}, {"withdrawn_at": None}),
        (given.round, {"closed_at": now}, {"closed_at": None}),
    ):
        assert settles_after(change(thing, **gone), change(thing, **here)) == 2, gone
    assert settle(study)["settled"] == 0


def test_somebody_who_reads_it_again_is_waited_for(study, paper, ben):
    again = make_round(study, "Again")
    make_assignment(paper, ben, round=again)
    assert settle(study)["settled"] == 0
    make_summary(paper, ben, round=again, answers={"challenges": ["Talent"], "cases": 3})
    settle(study)
    # What counts is what Ben said last; of the method he said nothing then.
    assert settled(paper) == {"cases": "unanimous", "method": "single"}


def test_a_draft_is_waited_for_and_says_nothing(study, paper, ada):
    make_summary(paper, ada, submitted=False, answers={"cases": 4})
    assert settle(study)["settled"] == 0
    Assignment.objects.filter(reviewer=ada).update(withdrawn_at=timezone.now())
    assert settle(study)["settled"] == 2


def test_what_was_submitted_before_the_paper_was_taken_back_still_counts(study, paper, ben):
    Assignment.objects.filter(reviewer=ben).update(withdrawn_at=timezone.now())
    assert settle(study)["settled"] == 2
    assert settled(paper) == {"challenges": "unanimous", "cases": "unanimous"}


def test_a_section_to_look_at_again_waits_alone(study, paper, ben):
    task = make_task(paper, ben, section="cases")
    assert settle(study)["settled"] == 1
    assert set(settled(paper)) == {"challenges"}
    type(task).objects.update(done_at=timezone.now())
    assert settle(study, papers=[paper.pk])["settled"] == 1


def test_the_tasks_and_readers_of_another_paper_hold_nothing_up(study, paper, ben, ada):
    other = coded(study, (ben, SAME))
    make_task(other, ben, section="cases")
    make_assignment(other, ada)
    for papers in ([paper.pk], [paper.pk, other.pk]):
        assert settle(study, papers=papers)["settled"] == (2 if papers == [paper.pk] else 0)
    assert settled(other) == {}


# Of which papers and phases


def test_it_is_about_the_papers_and_the_phase_that_were_named(study, paper, ada, ben, cleo):
    other = coded(study, (ben, SAME), (cleo, SAME))
    phases.add_preset(study, "screening", by=ada)
    screening = study.phases.get(key="screening")
    first = make_round(study, "Screening", phase=screening)
    for reviewer in (ben, cleo):
        make_summary(other, reviewer, round=first, answers={"decision": "Include"})
    coding = study.phases.get(key="coding")
    assert settle(study, papers=[])["settled"] == 0
    assert settle(study, papers=[other.pk], phase=screening)["settled"] == 1
    assert settled(other) == {"decision": "unanimous"}
    assert unanimous.settle_paper_if_complete(paper, screening)["settled"] == 0
    assert unanimous.settle_paper_if_complete(paper, coding)["settled"] == 2
    assert settled(other) == {"decision": "unanimous"}
    assert settle(study)["settled"] == 2
    assert unanimous.settle_unanimous(study, []) is None


def test_what_stays_open_is_counted_and_what_is_settled_is_not_counted_again(study, paper, ada):
    assert {**settle(study), "at": 0} == {"settled": 2, "open": 1, "at": 0}
    assert {**settle(study), "at": 0} == {"settled": 0, "open": 1, "at": 0}
    decide(paper, "method", ada)
    assert {**settle(study), "at": 0} == {"settled": 0, "open": 0, "at": 0}


def test_a_lead_who_is_blind_on_a_paper_adopts_nothing_of_it(study, paper, ada, ben, cleo):
    other = coded(study, (ben, SAME), (cleo, SAME))
    closed = make_round(study, "Closed", closed_at=timezone.now())
    make_assignment(paper, ada, round=closed)
    assert {**settle(study, by=ada), "at": 0} == {"settled": 2, "open": 0, "at": 0}
    assert (settled(paper), set(settled(other))) == ({}, {"challenges", "cases"})
    # The study itself knows everything.
    assert settle(study)["settled"] == 2


def test_two_of_three_settle_nothing_and_a_third_who_left_it_blank_hinders_nobody(
    study, main, ben, cleo
):
    dan = member(study, "dan").user
    outvoted = coded(study, (ben, SAME), (cleo, SAME), (dan, SAME | {"challenges": ["Talent"]}))
    silent = coded(study, (ben, SAME), (cleo, SAME), (dan, {"cases": 3}))
    settle(study)
    assert settled(outvoted) == {"cases": "unanimous"}
    assert settled(silent) == {"cases": "unanimous", "challenges": "unanimous"}
    decision = Resolution.objects.get(paper=silent, section__key="challenges")
    assert (decision.reviewers, len(decision.content["said"])) == (2, 3)


@pytest.mark.parametrize(
    ("key", "mine", "yours", "is_same"),
    [
        ("challenges", ["Cost", "Talent"], ["Talent", "Cost"], True),
        ("challenges", ["Cost"], ["Cost", "Talent"], False),
        ("challenges", [], absent("unclear"), False),
        ("challenges", absent("not_applicable"), absent("not_applicable"), True),
        ("method", None, None, True),
        ("method", None, absent("not_reported"), False),
        ("replicable", False, False, True),
        ("replicable", False, True, False),
        ("replicable", False, absent("unclear"), False),
        ("cases", 0, 0, True),
        ("cases", 0, absent("not_reported"), False),
        ("cases", 3, "3.000001", False),
        ("conclusion", "It works.", "It  works.", True),
        ("conclusion", "It works.", "it works.", False),
        ("maturity-stage", "Manual", "Automated training", False),
    ],
)
def test_only_what_says_the_same_settles_itself(study, main, ben, cleo, key, mine, yours, is_same):
    paper = coded(study, (ben, {key: mine}), (cleo, {key: yours}))
    settle(study)
    assert settled(paper) == ({key: "unanimous"} if is_same else {})


def test_evidence_and_confidence_that_differ_are_no_difference(study, main, ben, cleo):
    paper = make_paper(study)
    for reviewer, quote, confidence in ((ben, "Money is short.", 1), (cleo, "", 5)):
        answer = make_answer(
            make_summary(paper, reviewer), "challenges", ["Cost"], quote=quote, page="6"
        )
        answer.confidence, answer.rationale = confidence, quote
        answer.save()
    settle(study)
    assert settled(paper) == {"challenges": "unanimous"}
    assert Finding.objects.get().marks.get().quote == "Money is short."


# Taken back


def test_only_what_this_lead_adopted_at_that_moment_is_taken_back(study, paper, ada, ben, cleo):
    eve = member(study, "eve", "lead").user
    first = settle(study, by=ada)
    other = coded(study, (ben, SAME), (cleo, SAME))
    settle(study, by=ada)
    by_itself = coded(study, (ben, SAME), (cleo, SAME))
    settle(study)
    assert unanimous.take_back(study, by=eve, at=first["at"]) == 0
    assert unanimous.take_back(study, by=ada, at=first["at"] + timedelta(microseconds=1)) == 0
    assert unanimous.take_back(study, by=ada, at=first["at"]) == 2
    assert settled(paper) == {}
    assert set(settled(other)) == set(settled(by_itself)) == {"challenges", "cases"}
    undone = Resolution.objects.filter(paper=paper)
    assert {(one.undone_by, one.undone_at is None) for one in undone} == {(ada, False)}
    assert study.log.get(act="undo-settling").facts["count"] == 2


def test_what_was_decided_anew_since_stays_with_its_finding(study, paper, ada):
    outcome = settle(study, by=ada)
    adopted = Resolution.objects.get(section__key="cases")
    anew = decide(paper, "cases", ada, seen=adopted.pk)
    assert unanimous.take_back(study, by=ada, at=outcome["at"]) == 1
    assert set(Resolution.objects.in_force()) == {adopted, anew}
    assert Finding.objects.get().absence == "unclear"
    # Taken back itself, it leaves what was adopted, not nothing.
    assert undo(anew, by=ada) == adopted
    assert Finding.objects.get().number == 3


def test_a_decision_of_a_person_is_never_taken_back_with_what_was_adopted(study, paper, ada):
    outcome = settle(study, by=ada)
    decision = decide(paper, "method", ada)
    Resolution.objects.filter(pk=decision.pk).update(decided_at=outcome["at"])
    assert unanimous.take_back(study, by=ada, at=outcome["at"]) == 2
    assert Resolution.objects.in_force().get() == decision


def test_a_paper_that_somebody_codes_again_is_open_again_in_that_phase_alone(
    study, paper, ada, ben, cleo
):
    phases.add_preset(study, "screening", by=ada)
    screening, coding = (study.phases.get(key=key) for key in ("screening", "coding"))
    first = make_round(study, "Screening", phase=screening)
    for reviewer in (ben, cleo):
        make_summary(paper, reviewer, round=first, answers={"decision": "Include"})
    other = coded(study, (ben, SAME), (cleo, SAME))
    at = settle(study)["at"]
    adopted = decide(
        other, "cases", ada, seen=Resolution.objects.get(paper=other, section__key="cases").pk
    )
    assert unanimous.wait_again(study, [], phase=coding, at=at, by=ada) == 0
    assert unanimous.wait_again(study, [paper.pk], phase=coding, at=at, by=ada) == 2
    assert set(settled(paper)) == {"decision"}
    assert unanimous.wait_again(study, [other.pk], phase=coding, at=at, by=ada) == 1
    assert Resolution.objects.in_force().filter(paper=other).order_by("pk").last() == adopted


# The log


def test_the_log_says_how_many_and_names_a_paper_only_where_it_is_one(study, paper, ben, cleo):
    settle(study)
    line = study.log.get(act="settle-unanimous")
    assert (line.paper, line.by) == (paper, None)
    assert line.text == f"Settled 2 sections of “{paper}” that needed no decision"
    assert (line.facts["unanimous"], line.facts["single"]) == (2, 0)
    alone = coded(study, (ben, {"cases": 1}))
    coded(study, (ben, {"cases": 1}), (cleo, {"cases": 1}))
    outcome = settle(study)
    line = study.log.filter(act="settle-unanimous").order_by("-pk").first()
    assert line.paper is None
    assert line.text == "Settled 2 sections in 2 papers that needed no decision"
    assert (line.facts["unanimous"], line.facts["single"]) == (1, 1)
    assert line.facts["at"] == outcome["at"].isoformat()
    assert settled(alone) == {"cases": "single"}


def test_a_decision_that_nobody_made_keeps_what_was_said_and_how_many_said_it(study, paper, ben):
    settle(study)
    decision = Resolution.objects.get(section__key="cases")
    assert (decision.decided_by, decision.reviewers, decision.is_unanimous) == (None, 2, True)
    assert float(decision.content["settled"]["number"]) == 3
    assert decision.content["said"][ben.username]["is_blank"] is False
    assert decision.content["replaces"] is None
    assert decision.finding.settled_at == decision.decided_at


# What had been put off


def put_off(paper, ada):
    return defer(paper, paper.study.sections.get(key="cases"), note="Ask them", by=ada)


def test_what_settles_itself_is_put_off_no_longer_and_taken_back_it_is_again(study, paper, ada):
    put_off(paper, ada)
    elsewhere = defer(paper, study.sections.get(key="method"), note="", by=ada)
    outcome = settle(study, by=ada)
    assert Deferral.objects.in_force().get() == elsewhere
    unanimous.take_back(study, by=ada, at=outcome["at"])
    assert {one.section.key for one in Deferral.objects.in_force()} == {"cases", "method"}


def test_what_was_taken_up_before_stays_so_when_a_settlement_is_taken_back(study, paper, ada):
    Deferral.objects.filter(pk=put_off(paper, ada).pk).update(lifted_at=timezone.now())
    outcome = settle(study, by=ada)
    unanimous.take_back(study, by=ada, at=outcome["at"])
    assert not Deferral.objects.in_force().exists()


def test_a_section_that_was_put_off_and_settled_itself_is_not_put_off_when_answers_change(
    study, paper, ada, ben
):
    put_off(paper, ada)
    settle(study)
    again = make_round(study, "Again")
    make_summary(paper, ben, round=again, answers=SAME | {"cases": 4})
    queue = disagreements.board_for(membership_of(ada, study))
    late = [one for one in queue.open if disagreements.LATE in one.traits]
    assert [study.sections.get(pk=one.section).key for one in late] == ["cases"]
    sheet = Page(membership_of(ada, study), paper).sheet(study.sections.get(key="cases"))
    assert (sheet.word, sheet.state, sheet.is_open) == ("answers changed", "differs", True)
