"""Plain facts about the work: counted once for everybody, and never what an answer says."""

import pytest
from django.urls import reverse
from django.utils import timezone

from mapping.models import Membership
from reviews.models import Assignment, RecodingTask, Summary
from reviews.overview import open_work
from reviews.rounds import lifecycle, progress
from tests.making import (
    make_assignment,
    make_code,
    make_paper,
    make_phase,
    make_round,
    make_study,
    make_summary,
    membership_of,
)


@pytest.fixture
def round(study):
    return make_round(study, "Main")


def test_a_round_counts_assigned_begun_and_submitted_per_reviewer(study, round, ada, ben, cleo):
    first, second = make_paper(study), make_paper(study)
    make_summary(first, ben, round=round)
    make_summary(second, ben, submitted=False, round=round)
    make_assignment(first, cleo, round=round)
    withdrawn = make_assignment(second, cleo, round=round)
    Assignment.objects.filter(pk=withdrawn.pk).update(withdrawn_at=timezone.now())
    found = progress.of_round(round)
    assert (found.papers, found.assigned, found.started, found.submitted, found.open) == (
        2,
        3,
        2,
        1,
        2,
    )
    assert [
        (one.reader, one.assigned, one.drafts, one.not_begun, one.submitted)
        for one in found.readers
    ] == [
        (ben, 2, 1, 0, 1),
        (cleo, 1, 0, 1, 0),
    ]
    assert {one.reader: one.open for one in found.waits_for} == {ben: 1, cleo: 1}


def test_a_reopened_summary_counts_once_and_stays_submitted(study, round, ada, ben):
    first = make_summary(make_paper(study), ben, round=round)
    Summary.objects.create(assignment=first.assignment, revision=2, reopened_by=ada)
    found = progress.of_round(round)
    assert (found.assigned, found.submitted, found.open) == (1, 1, 0)
    assert progress.next_assignment(membership_of(ben, study)) is None


def test_the_state_of_a_round_follows_its_work(study, round, ben):
    states = [progress.of_round(round).state[1]]
    paper = make_paper(study)
    make_assignment(paper, ben, round=round)
    states.append(progress.of_round(round).state[1])
    draft = make_summary(paper, ben, submitted=False, round=round)
    states.append(progress.of_round(round).state[1])
    Summary.objects.filter(pk=draft.pk).update(submitted_at=timezone.now())
    states.append(progress.of_round(round).state[1])
    assert progress.rounds_to_close(study) == 1
    round.closed_at = timezone.now()
    round.save()
    states.append(progress.of_round(round).state[1])
    assert states == ["nothing handed out", "handed out", "under way", "all submitted", "closed"]
    assert progress.rounds_to_close(study) == 0


def test_progress_of_rounds_has_a_constant_query_count(study, ben, cleo, django_assert_num_queries):
    rounds = [make_round(study) for _ in range(3)]
    for round in rounds:
        make_summary(make_paper(study), ben, round=round)
        make_assignment(make_paper(study), cleo, round=round)
    with django_assert_num_queries(5):
        found = progress.of_rounds(study.rounds.all())
        assert [one.round for one in found] == rounds
        assert [str(one.round.phase) for one in found] == ["Coding"] * 3
    assert {(one.papers, one.assigned) for one in found} == {(2, 2)}


def test_own_progress_lists_open_rounds_first(study, ben, cleo):
    closed, open_one = make_round(study), make_round(study)
    make_summary(make_paper(study), ben, round=closed)
    closed.closed_at = timezone.now()
    closed.save()
    make_assignment(make_paper(study), ben, round=open_one)
    make_assignment(make_paper(study), cleo, round=make_round(study))
    assert [
        (own.round, own.assigned, own.submitted)
        for own in progress.of_reader(membership_of(ben, study))
    ] == [
        (open_one, 1, 0),
        (closed, 1, 1),
    ]


def test_still_to_code_counts_open_papers_and_recoding_tasks(study, round, ben):
    make_assignment(make_paper(study), ben, round=round)
    done = make_summary(make_paper(study), ben, round=round).assignment
    RecodingTask.objects.create(assignment=done, section=study.sections.get(key="cases"))
    assert progress.still_to_code(membership_of(ben, study)) == 2


def test_waiting_lines_match_the_role_and_need_work(study, round, ada, ben, olga):
    assert open_work.waiting(membership_of(ada, study)) == []
    make_paper(study)
    make_code(study.sections.get(key="challenges"), "Drifting", status="proposed", proposed_by=ben)
    done = make_summary(make_paper(study), ben, round=round).assignment
    RecodingTask.objects.create(assignment=done, section=study.sections.get(key="cases"))
    texts = {
        user: [line.text for line in open_work.waiting(membership_of(user, study))]
        for user in (ada, ben, olga)
    }
    assert texts == {
        ada: [
            "1 proposed code waits for a decision",
            "1 round has everything in and can be closed",
            "1 section is still to be looked at again by their reviewers",
            "1 paper is not handed out in Coding",
        ],
        ben: ["1 section of your summaries to look at again"],
        olga: [],
    }


def test_an_open_difference_waits_for_those_who_settle(study, round, ada, ben, cleo):
    paper = make_paper(study)
    for reader, label in ((ben, "Cost"), (cleo, "Talent")):
        make_summary(paper, reader, round=round, answers={"challenges": [label]})
    lines = {user: open_work.waiting(membership_of(user, study)) for user in (ada, ben)}
    assert next((line.text, line.url) for line in lines[ada]) == (
        "1 difference waits for a decision",
        reverse("disagreements", args=[study.slug]),
    )
    assert lines[ben] == []


def test_the_next_phase_waits_once_all_earlier_rounds_are_closed(study, ada, ben):
    screening = make_phase(study, "screening")
    study.phases.filter(key="coding").update(position=1)
    screened = make_round(study, "Screening", phase=screening)
    make_summary(make_paper(study), ben, round=screened)

    def told():
        return [line.text for line in open_work.waiting(membership_of(ada, study))]

    assert told() == ["1 round has everything in and can be closed"]
    lifecycle.close_round(screened, by=ada)
    assert told() == ["1 paper is not handed out in Coding"]


def test_first_steps_vanish_once_a_round_is_handed_out(ada, ben):
    study = make_study(lead=ada, with_sections=False)
    done = [[step.is_done for step in open_work.first_steps(study)]]
    from tests.making import make_section

    make_section(study.phases.get(), "challenges")
    paper = make_paper(study)
    Membership.objects.create(study=study, user=ben, role="reviewer")
    done.append([step.is_done for step in open_work.first_steps(study)])
    make_assignment(paper, ben)
    done.append([step.is_done for step in open_work.first_steps(study)])
    assert done == [[False] * 4, [True, True, True, False], []]
