"""Handing out, undoing it, taking back, passing on."""

from collections import Counter
from threading import Barrier, Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from mapping.models import Finding, FindingMark, LogEntry, Membership, Paper
from reviews.models import Assignment, Summary
from reviews.rounds import assignments
from reviews.rounds.hand_over import hand_over, propose_hand_over
from tests.making import (
    make_assignment,
    make_code,
    make_paper,
    make_phase,
    make_round,
    make_section,
    make_study,
    make_summary,
    make_user,
    membership_of,
)


def in_force(round):
    return {
        (one.paper, one.reviewer)
        for one in round.assignments.in_force().select_related("paper", "reviewer")
    }


def loads(round):
    return Counter(reviewer.username for _, reviewer in in_force(round))


@pytest.fixture
def round(study):
    return make_round(study, "Main")


@pytest.fixture
def papers(study):
    return [make_paper(study) for _ in range(12)]


# Handing out


def test_papers_are_handed_out_evenly_and_the_act_is_in_the_log(round, papers, ada, ben, cleo):
    proposal = assignments.hand_out(round, reviewers=[ada, ben, cleo], per_paper=2, seed=3, by=ada)
    assert proposal.assigned == 24
    assert loads(round) == {"ada": 8, "ben": 8, "cleo": 8}
    assert {number for *_, number in proposal.pairs} == {4}
    assert {
        paper: len([1 for other, _ in in_force(round) if other == paper]) for paper in papers
    } == dict.fromkeys(papers, 2)
    entry = LogEntry.objects.get(act="hand-out")
    assert (entry.by, entry.facts["assigned"], entry.facts["seed"]) == (ada, 24, 3)


def test_a_proposal_writes_nothing_and_is_what_handing_out_writes(round, papers, ada, ben, cleo):
    wishes = {"reviewers": [ben, cleo], "per_paper": 2, "overlap": 25, "seed": 5}
    proposal = assignments.propose(round, **wishes)
    assert (Assignment.objects.count(), LogEntry.objects.count()) == (0, 0)
    assert len(proposal.plan.overlapping) == 3
    written = assignments.hand_out(round, by=ada, expected=proposal.fingerprint, **wishes)
    assert written.plan == proposal.plan
    assert in_force(round) == {
        (proposal.papers[paper], proposal.reviewers[name])
        for paper, name in proposal.plan.assignments
    }


def test_reading_order_has_no_gaps_after_a_second_hand_out(study, round, papers, ada, ben, cleo):
    assignments.hand_out(round, reviewers=[ben, cleo], sample=4, by=ada)
    assignments.hand_out(round, reviewers=[ben, cleo], by=ada)
    for reviewer in (ben, cleo):
        positions = (
            round.assignments.filter(reviewer=reviewer)
            .order_by("position")
            .values_list("position", flat=True)
        )
        assert list(positions) == list(range(1, 13))


def test_nobody_is_given_their_own_paper_and_it_is_shown(round, study, ada, ben, cleo):
    own = make_paper(study, authors="Reviewer, Ben; Other, Ann")
    make_paper(study, authors="Other, Ann")
    proposal = assignments.hand_out(round, reviewers=[ada, ben, cleo], per_paper=3, by=ada)
    assert proposal.own == [(own, ben)]
    assert (own, ben) not in in_force(round)
    assert [(paper, missing) for paper, missing, _ in proposal.problems] == [(own, 1)]


def test_a_paper_with_one_reader_is_not_counted_as_shared(round, study, ben, cleo):
    make_paper(study, authors="Reviewer, Ben")
    make_paper(study, authors="Other, Ann")
    proposal = assignments.propose(round, reviewers=[ben, cleo], per_paper=2)
    assert (proposal.assigned, proposal.papers_given, proposal.shared) == (3, 2, 1)


def test_capacity_counts_what_one_has_in_the_round_already(round, papers, ada, ben, cleo):
    make_assignment(papers[0], ben, round=round)
    proposal = assignments.hand_out(
        round, reviewers=[ben, cleo], per_paper=1, capacity={ben: 3}, by=ada
    )
    assert loads(round) == {"ben": 3, "cleo": 9}
    assert proposal.problems == []


def test_only_papers_that_nobody_was_given_in_the_phase_are_handed_out(
    study, round, papers, ada, ben, cleo
):
    pilot = make_round(study, "Pilot", kind="pilot")
    assignments.hand_out(pilot, reviewers=[ada, ben, cleo], per_paper=3, sample=2, by=ada)
    assignments.hand_out(round, reviewers=[ben, cleo], per_paper=1, by=ada)
    piloted, rest = ({paper for paper, _ in in_force(which)} for which in (pilot, round))
    assert (len(piloted), rest) == (2, set(papers) - piloted)
    again = assignments.hand_out(round, reviewers=[ben, cleo], by=ada)
    assert (again.assigned, LogEntry.objects.filter(act="hand-out").count()) == (0, 2)


def test_a_sample_is_drawn_by_lot_and_the_same_for_the_same_seed(round, papers, ben):
    drawn = [
        set(assignments.propose(round, reviewers=[ben], per_paper=1, sample=4, seed=seed).papers)
        for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert {len(one) for one in drawn} == {4}


def test_papers_of_the_round_are_filled_up_to_the_number_of_readers(round, papers, ada, ben, cleo):
    make_assignment(papers[0], ben, round=round)
    assignments.hand_out(round, papers=papers[:1], reviewers=[ben, cleo], per_paper=2, by=ada)
    assert in_force(round) == {(papers[0], ben), (papers[0], cleo)}


def test_a_reader_from_another_round_of_the_phase_is_not_given_the_paper_again(
    study, round, papers, ada, ben, cleo
):
    make_assignment(papers[0], ben, round=make_round(study, "Pilot"))
    assignments.hand_out(round, papers=papers[:1], reviewers=[ben, cleo], per_paper=2, by=ada)
    assert in_force(round) == {(papers[0], cleo)}


def test_an_excluded_paper_leaves_only_the_later_phases(study, ada, ben):
    screening = make_phase(study, "screening", position=0)
    coding = study.phases.get(key="coding")
    coding.position = 1
    coding.save()
    decision = make_section(screening, "decision", "code")
    exclude, include = (
        make_code(decision, "Exclude", excludes_paper=True),
        make_code(decision, "Include"),
    )
    out, kept, open_one = (make_paper(study) for _ in range(3))
    for paper, code in ((out, exclude), (kept, include)):
        finding = Finding.objects.create(paper=paper, section=decision, settled_at=timezone.now())
        FindingMark.objects.create(finding=finding, code=code)
    assert set(Paper.objects.available_in(coding)) == {kept, open_one}
    assert set(Paper.objects.available_in(screening)) == {out, kept, open_one}
    assert set(study.papers.available_in(coding)) == {kept, open_one}
    with pytest.raises(ValidationError, match="left it in an earlier phase"):
        assignments.propose(make_round(study), papers=[out], reviewers=[ben])


@pytest.mark.parametrize(
    ("wishes", "why"),
    [
        ({"per_paper": 0}, "at least one reviewer"),
        ({"overlap": 101}, "percentage"),
        ({"sample": 0}, "at least one paper"),
        ({"reviewers": []}, "at least one reviewer"),
    ],
)
def test_impossible_wishes_are_refused_with_a_reason(round, papers, ada, ben, wishes, why):
    with pytest.raises(ValidationError, match=why):
        assignments.hand_out(round, by=ada, **({"reviewers": [ben]} | wishes))
    assert Assignment.objects.count() == 0


def test_only_coding_members_of_the_study_are_given_papers(round, papers, ada, ben, olga, zoe):
    Membership.objects.filter(user=ben).update(deactivated_at=timezone.now())
    with pytest.raises(ValidationError, match="ben, olga, zoe"):
        assignments.hand_out(round, reviewers=[ada, ben, olga, zoe], by=ada)
    assert Assignment.objects.count() == 0


def test_a_paper_of_another_study_is_refused(round, papers, ada, ben):
    with pytest.raises(ValidationError, match="not in this study"):
        assignments.hand_out(round, papers=[make_paper(make_study())], reviewers=[ben], by=ada)


def test_a_closed_round_hands_out_nothing(round, papers, ada, ben):
    round.closed_at = timezone.now()
    round.save()
    with pytest.raises(ValidationError, match="closed"):
        assignments.hand_out(round, reviewers=[ben], by=ada)


def test_hand_out_is_refused_if_the_plan_changed_since_the_preview(
    study, round, papers, ada, ben, cleo
):
    wishes = {"reviewers": [ben, cleo], "per_paper": 2}
    seen = assignments.propose(round, **wishes)
    make_paper(study)
    with pytest.raises(assignments.PlanChanged) as changed:
        assignments.hand_out(round, by=ada, expected=seen.fingerprint, **wishes)
    assert Assignment.objects.count() == 0
    assert changed.value.proposal.assigned == 26


def at_once(*acts):
    """Each in a thread with its own connection; what they returned or raised."""
    outcomes, start = [None] * len(acts), Barrier(len(acts))

    def run(number, act):
        start.wait()
        try:
            outcomes[number] = act()
        except Exception as error:
            outcomes[number] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=item) for item in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rounds", [1, 2])
def test_simultaneous_hand_outs_do_not_assign_twice(study, ada, ben, cleo, rounds):
    for _ in range(30):
        make_paper(study)
    targets = [make_round(study) for _ in range(rounds)] * (2 // rounds)
    wishes = {"reviewers": [ben, cleo], "per_paper": 1, "by": ada}
    outcomes = at_once(
        *(lambda round=round: assignments.hand_out(round, **wishes).assigned for round in targets)
    )
    assert sorted(outcomes) == [0, 30]
    assert Assignment.objects.count() == Assignment.objects.values("paper").distinct().count() == 30


@pytest.mark.django_db(transaction=True)
def test_confirming_the_same_preview_twice_is_refused_once(study, ada, ben, cleo):
    for _ in range(10):
        make_paper(study)
    round = make_round(study)
    wishes = {"reviewers": [ben, cleo], "per_paper": 2}
    expected = assignments.propose(round, **wishes).fingerprint
    outcomes = at_once(
        *[lambda: assignments.hand_out(round, by=ada, expected=expected, **wishes)] * 2
    )
    assert {type(outcome) for outcome in outcomes} == {
        assignments.Proposal,
        assignments.PlanChanged,
    }
    assert Assignment.objects.count() == 20


# Undoing


def test_undoing_a_hand_out_restores_the_former_state(round, papers, ada, ben, cleo):
    assignments.hand_out(round, reviewers=[ben, cleo], sample=4, by=ada)
    before = in_force(round)
    assignments.hand_out(round, reviewers=[ben, cleo], by=ada)
    assert assignments.undo_hand_out(round, by=ada) == 16
    assert in_force(round) == before
    assert assignments.undo_hand_out(round, by=ada) == 8
    assert Assignment.objects.count() == 0
    with pytest.raises(ValidationError):
        assignments.undo_hand_out(round, by=ada)


def test_a_hand_out_cannot_be_undone_once_a_paper_is_begun(round, papers, ada, ben, cleo):
    assignments.hand_out(round, reviewers=[ben, cleo], by=ada)
    Summary.objects.create(assignment=round.assignments.first())
    assert assignments.undoable_hand_out(round) is None
    with pytest.raises(ValidationError, match="begun"):
        assignments.undo_hand_out(round, by=ada)
    assert Assignment.objects.count() == 24


def test_undoing_leaves_other_rounds_alone(study, round, papers, ada, ben, cleo):
    other = make_round(study, "Other")
    assignments.hand_out(other, reviewers=[ben, cleo], sample=6, by=ada)
    assignments.hand_out(round, reviewers=[ben, cleo], by=ada)
    assignments.undo_hand_out(round, by=ada)
    assert (round.assignments.count(), other.assignments.count()) == (0, 12)


# Dropping out


def test_taking_back_keeps_what_was_submitted_and_the_drafts(round, papers, ada, ben):
    done, draft = (
        make_summary(papers[0], ben, round=round),
        make_summary(papers[1], ben, submitted=False, round=round),
    )
    make_assignment(papers[2], ben, round=round)
    withdrawn = assignments.withdraw(
        Assignment.objects.of(membership_of(ben, round.study)), by=ada, reason="parental leave"
    )
    assert {one.paper for one in withdrawn} == {papers[1], papers[2]}
    assert in_force(round) == {(papers[0], ben)}
    assert set(Summary.objects.all()) == {done, draft}
    entry = LogEntry.objects.get(act="withdraw")
    assert (entry.by, entry.facts["reason"], len(entry.facts["withdrawn"])) == (
        ada,
        "parental leave",
        2,
    )


def test_taking_back_requires_a_reason_and_logs_only_real_changes(round, papers, ada, ben):
    make_assignment(papers[0], ben, round=round)
    with pytest.raises(ValidationError):
        assignments.withdraw(round.assignments.all(), by=ada, reason=" ")
    assert in_force(round) == {(papers[0], ben)}
    assert assignments.withdraw(round.assignments.none(), by=ada, reason="none") == []
    assert LogEntry.objects.count() == 0


def test_open_papers_of_a_dropout_go_evenly_to_the_others(study, round, papers, ada, ben, cleo):
    dora = make_user("dora")
    Membership.objects.create(study=study, user=dora, role="reviewer")
    done = make_summary(papers[0], ben, round=round)
    for paper in papers[1:9]:
        make_assignment(paper, ben, round=round)
    make_assignment(papers[1], cleo, round=round)
    proposal = propose_hand_over(round, reviewer=ben, to=[cleo, dora])
    assert loads(round) == {"ben": 9, "cleo": 1}
    hand_over(
        round, reviewer=ben, to=[cleo, dora], by=ada, reason="left", expected=proposal.fingerprint
    )
    assert loads(round) == {"ben": 1, "cleo": 5, "dora": 4}
    assert (papers[1], dora) in in_force(round)
    assert {paper for paper, _ in in_force(round)} == set(papers[:9])
    assert done.assignment in round.assignments.in_force()


def test_each_paper_handed_over_gets_one_new_reader(study, round, papers, ada, ben, cleo):
    dora = make_user("dora")
    Membership.objects.create(study=study, user=dora, role="reviewer")
    for reviewer in (ada, ben, cleo):
        make_assignment(papers[0], reviewer, round=round)
    hand_over(round, reviewer=ben, to=[ada, cleo, dora], by=ada, reason="left")
    assert in_force(round) == {(papers[0], ada), (papers[0], cleo), (papers[0], dora)}


def test_papers_may_be_taken_back_without_giving_them_to_anybody(round, papers, ada, ben):
    make_assignment(papers[0], ben, round=round)
    hand_over(round, reviewer=ben, to=[], by=ada, reason="too many")
    assert in_force(round) == set()


def test_handing_over_to_oneself_or_without_open_papers_is_refused(round, papers, ada, ben, cleo):
    make_summary(papers[0], ben, round=round)
    with pytest.raises(ValidationError, match="their own"):
        hand_over(round, reviewer=ben, to=[ben], by=ada, reason="x")
    with pytest.raises(ValidationError, match="nothing left"):
        hand_over(round, reviewer=ben, to=[cleo], by=ada, reason="x")


def test_a_paper_handed_out_again_comes_with_its_former_draft(round, papers, ada, ben):
    draft = make_summary(papers[0], ben, submitted=False, round=round)
    assignments.withdraw(round.assignments.all(), by=ada, reason="left")
    proposal = assignments.hand_out(round, papers=papers[:2], reviewers=[ben], per_paper=1, by=ada)
    assert proposal.assigned == 2
    assert in_force(round) == {(papers[0], ben), (papers[1], ben)}
    assert draft.assignment in round.assignments.in_force()


def test_the_preview_warns_of_reviewers_who_could_read_others_answers(
    round, papers, ada, ben, cleo
):
    make_summary(papers[0], cleo, round=round)
    for paper in papers[:3]:
        make_assignment(paper, ben, round=round)
    assert propose_hand_over(round, reviewer=ben, to=[ada]).seen == {ada: 1}
    assert propose_hand_over(round, reviewer=ben, to=[cleo]).seen == {}


@pytest.mark.django_db(transaction=True)
def test_a_summary_submitted_while_taken_back_stays_submitted(study, ada, ben):
    """Submitting locks the assignment; taking back waits for it and then sees the submission."""
    from threading import Event

    from django.db import transaction

    round, paper = make_round(study), make_paper(study)
    draft = make_summary(paper, ben, submitted=False, round=round)
    holds, asked = Event(), Event()

    def submit():
        with transaction.atomic():
            Assignment.objects.select_for_update().get(pk=draft.assignment_id)
            holds.set()
            asked.wait(10)
            Summary.objects.filter(pk=draft.pk).update(submitted_at=timezone.now())

    def take_back():
        holds.wait(10)
        waits = Thread(target=until_somebody_waits, args=[asked])
        waits.start()
        try:
            return assignments.withdraw(round.assignments.all(), by=ada, reason="left")
        finally:
            asked.set()
            waits.join()

    _, withdrawn = at_once(submit, take_back)
    assert withdrawn == []
    assert in_force(round) == {(paper, ben)}


def until_somebody_waits(event):
    """Sets the event once a connection of this database waits for a lock; ends where somebody else
    set it.
    """
    asked = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
        "wait_event_type = 'Lock'"
    )
    with connection.cursor() as cursor:
        while not event.is_set() and not cursor.execute(asked).fetchone()[0]:
            pass
    event.set()
    connection.close()
