"""What needs no decision: on submission, by command, by button; set-based, idempotent, taken back
exactly.
"""

import json
from io import StringIO

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mapping.models import Finding, Membership
from reviews.coding import drafts as coding_drafts
from reviews.exchange.importing import import_codings
from reviews.models import Assignment, Resolution, Summary
from reviews.rounds import assignments, lifecycle
from reviews.rounds.hand_over import hand_over
from reviews.settling import unanimous
from tests.making import (
    absent,
    make_answer,
    make_assignment,
    make_paper,
    make_round,
    make_study,
    make_summary,
    make_user,
)

SAME = {
    "challenges": ["Cost"],
    "method": "Survey",
    "replicable": True,
    "cases": 3,
    "conclusion": "It works.",
}


@pytest.fixture
def paper(study):
    make_round(study, "Main")
    return make_paper(study)


@pytest.fixture
def dan(study):
    dan = make_user("dan", name="Dan Reviewer")
    Membership.objects.create(study=study, user=dan, role="reviewer")
    return dan


def settled(paper):
    return {
        (one.section.key, one.basis) for one in Resolution.objects.in_force().filter(paper=paper)
    }


def test_the_last_submission_settles_what_is_unanimous_and_leaves_the_rest_open(paper, ben, cleo):
    drafts = [
        make_summary(paper, user, submitted=False, answers={**SAME, "maturity-stage": stage})
        for user, stage in ((ben, "Manual"), (cleo, "Monitored"))
    ]
    coding_drafts.submit(drafts[0], by=ben)
    assert settled(paper) == set()
    coding_drafts.submit(drafts[1], by=cleo)
    assert settled(paper) == {(key, "unanimous") for key in SAME}
    finding = Finding.objects.get(section__key="cases")
    assert (finding.number, Finding.objects.get(section__key="replicable").yes_no) == (3, True)
    assert {one.decided_by for one in Resolution.objects.all()} == {None}


def test_closing_a_round_settles_what_the_others_all_say_and_opening_it_again_waits_for_the_rest(
    paper, ada, ben, cleo, dan
):
    paper, alone = two_papers_that_wait_for(dan, paper, ben, cleo)
    round = paper.study.rounds.get()
    lifecycle.close_round(round, by=ada)
    assert settled(paper) == {(key, "unanimous") for key in SAME}
    # One answer alone may still be given a second reader.
    assert settled(alone) == set()

    lifecycle.reopen_round(round, by=ada, reason="Dan is back")
    assert (settled(paper), Finding.objects.count()) == (set(), 0)
    coding_drafts.submit(make_summary_of(paper, dan, SAME | {"cases": 4}), by=dan)
    assert settled(paper) == {(key, "unanimous") for key in SAME if key != "cases"}


def test_taking_a_paper_back_settles_what_the_others_all_say(paper, ada, ben, cleo, dan):
    paper, alone = two_papers_that_wait_for(dan, paper, ben, cleo)
    assignments.withdraw(Assignment.objects.filter(reviewer=dan), by=ada, reason="Dan is ill")
    assert settled(paper) == {(key, "unanimous") for key in SAME}
    assert settled(alone) == set()


def test_a_paper_that_is_handed_over_waits_for_its_new_reader(paper, ada, ben, cleo, dan):
    paper, _ = two_papers_that_wait_for(dan, paper, ben, cleo)
    hand_over(paper.study.rounds.get(), reviewer=dan, to=[ada], by=ada, reason="Dan is ill")
    assert settled(paper) == set()
    hand_over(paper.study.rounds.get(), reviewer=ada, to=[], by=ada, reason="ill too")
    assert settled(paper) == {(key, "unanimous") for key in SAME}


def test_undoing_a_hand_out_settles_what_the_others_all_say(paper, ada, ben, cleo, dan):
    for user in (ben, cleo):
        make_summary(paper, user, answers=SAME)
    second = make_round(paper.study, "Second")
    Assignment.objects.create(round=second, paper=paper, reviewer=dan)
    other = make_paper(paper.study)
    assignments.hand_out(second, papers=[other], reviewers=[dan], per_paper=1, by=ada)
    Assignment.objects.filter(round=second, paper=paper).delete()
    make_summary(other, ben, answers=SAME, round=paper.study.rounds.get(name="Main"))
    make_summary(other, cleo, answers=SAME, round=paper.study.rounds.get(name="Main"))
    assignments.undo_hand_out(second, by=ada)
    assert settled(other) == {(key, "unanimous") for key in SAME}


def test_imported_codings_settle_themselves_where_all_say_the_same(paper, ada):
    rows = [
        f"{paper.key},{who},{section},{value}"
        for who in ("ben", "cleo")
        for section, value in (
            ("challenges", "Cost"),
            ("method", "Survey" if who == "ben" else "Experiment"),
        )
    ]
    content = "\n".join(["paper,reviewer,section,value", *rows, f"{paper.key},ben,cases,3"])
    outcome = import_codings(
        paper.study, file_name="codes.csv", content=content.encode(), by=ada, is_dry_run=True
    )
    assert (outcome["problems"], settled(paper)) == ([], set())
    import_codings(paper.study, file_name="codes.csv", content=content.encode(), by=ada)
    assert settled(paper) == {("challenges", "unanimous")}
    assert run(paper.study, "--unanimous") == {"settled": 1, "new": 0, "open": 2}


def two_papers_that_wait_for(reader, paper, ben, cleo):
    alone = make_paper(paper.study)
    for user in (ben, cleo):
        make_summary(paper, user, answers=SAME)
    make_summary(alone, ben, answers=SAME)
    for one in (paper, alone):
        make_assignment(one, reader)
    return paper, alone


def make_summary_of(paper, reviewer, answers):
    return make_summary(paper, reviewer, submitted=False, answers=answers)


def test_a_paper_that_one_person_codes_settles_as_single(paper, ben):
    coding_drafts.submit(
        make_summary(paper, ben, submitted=False, answers={"challenges": ["Cost"]}), by=ben
    )
    assert settled(paper) == {("challenges", "single")}


def test_the_five_kinds_of_nothing_do_not_agree_with_each_other(study, ben, cleo):
    make_round(study)
    words = [[], absent("not_reported"), absent("unclear"), absent("not_applicable")]
    for place, one in enumerate(words):
        for other in words[place:]:
            paper = make_paper(study)
            make_summary(paper, ben, answers={"challenges": one})
            make_summary(paper, cleo, answers={"challenges": other})
            unanimous.settle(study, papers=[paper.pk])
            assert settled(paper) == ({("challenges", "unanimous")} if one is other else set())


@pytest.mark.parametrize("key", ["challenges", "method", "maturity-stage"])
def test_none_of_the_codes_is_an_answer_wherever_codes_may_be_given(paper, ben, cleo, key):
    for user in (ben, cleo):
        answer = make_answer(make_summary(paper, user), key, absent(""))
        answer.none_apply = True
        answer.save()
    unanimous.settle(paper.study)
    assert settled(paper) == {(key, "unanimous")}
    assert Finding.objects.get().none_apply


def test_a_blank_has_no_part_in_agreeing(paper, ben, cleo):
    make_summary(paper, ben, answers={"challenges": ["Cost"]})
    make_summary(paper, cleo)
    assert unanimous.settle(paper.study, is_unanimous_only=True) | {"at": 0} == {
        "settled": 0,
        "open": 1,
        "at": 0,
    }
    unanimous.settle(paper.study)
    assert settled(paper) == {("challenges", "single")}


def test_the_evidence_comes_from_those_whose_code_it_is(paper, ben, cleo):
    for user, quote in ((ben, "cost"), (cleo, "the budget is insufficient")):
        make_answer(make_summary(paper, user), "challenges", ["Cost"], quote=quote, page="6")
    unanimous.settle(paper.study)
    mark = Finding.objects.get().marks.get()
    assert (str(mark.code), mark.quote, mark.page) == ("Cost", "the budget is insufficient", "6")


def test_a_second_run_changes_nothing(paper, ben, cleo):
    for user in (ben, cleo):
        make_summary(paper, user, answers=SAME)
    assert unanimous.settle(paper.study)["settled"] == len(SAME)
    before = list(Resolution.objects.values()), list(Finding.objects.values())
    assert unanimous.settle(paper.study)["settled"] == 0
    assert (list(Resolution.objects.values()), list(Finding.objects.values())) == before


def test_nothing_settles_while_somebody_still_codes_the_paper(paper, ben, cleo, ada):
    for user in (ben, cleo):
        make_summary(paper, user, answers=SAME)
    make_assignment(paper, ada)
    assert unanimous.settle(paper.study)["settled"] == 0


def test_retired_sections_are_left_alone(paper, ben, cleo):
    for user in (ben, cleo):
        make_summary(paper, user, answers=SAME)
    paper.study.sections.filter(key="method").update(retired_at="2026-01-01T00:00Z")
    unanimous.settle(paper.study)
    assert settled(paper) == {(key, "unanimous") for key in SAME if key != "method"}


def test_a_lead_takes_back_what_was_adopted_but_not_what_was_decided_anew(paper, ada, ben, cleo):
    for user in (ben, cleo):
        make_summary(paper, user, answers=SAME)
    outcome = unanimous.settle(paper.study, by=ada)
    assert unanimous.take_back(paper.study, by=ada, at=outcome["at"]) == len(SAME)
    assert not Finding.objects.exists()
    assert unanimous.take_back(paper.study, by=ada, at=outcome["at"]) == 0
    for act in (
        unanimous.settle,
        lambda study, by: unanimous.take_back(study, by=by, at=outcome["at"]),
    ):
        with pytest.raises(PermissionDenied):
            act(paper.study, by=ben)


def test_the_number_of_queries_does_not_grow_with_papers(study, ben, cleo):
    make_round(study)
    counts = []
    for number in (1, 5):
        for _ in range(number):
            paper = make_paper(study)
            for user in (ben, cleo):
                make_summary(paper, user, answers=SAME)
        with CaptureQueriesContext(connection) as queries:
            unanimous.settle(study)
        counts.append(len(queries))
    # One paper is looked up by name for the log.
    assert counts[1] <= counts[0]


def test_the_command_prints_what_it_settled_and_what_is_open(paper, ben, cleo):
    for user, stage in ((ben, "Manual"), (cleo, "Monitored")):
        make_summary(paper, user, answers={**SAME, "maturity-stage": stage})
    single = make_paper(paper.study)
    make_summary(single, ben, answers={"challenges": ["Cost"]})
    assert run(paper.study, "--unanimous") == {"settled": len(SAME), "new": len(SAME), "open": 2}
    assert run(paper.study) == {"settled": len(SAME) + 1, "new": 1, "open": 1}
    assert run(paper.study) == {"settled": len(SAME) + 1, "new": 0, "open": 1}


def run(study, *more):
    out = StringIO()
    call_command("settle", study.slug, "--json", *more, stdout=out)
    return json.loads(out.getvalue())


def test_answers_of_another_study_are_never_touched(paper, ben, cleo, ada):
    other = make_study(lead=ada)
    make_round(other)
    theirs = make_paper(other)
    for user in (ben, cleo):
        make_summary(theirs, user, answers=SAME)
    assert unanimous.settle(paper.study)["settled"] == 0
    assert Summary.objects.count() == 2
    assert not Finding.objects.exists()
