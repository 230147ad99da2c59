"""Opening, closing and reopening rounds."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from mapping.models import LogEntry
from reviews.blindness.visible import visible_summaries
from reviews.models import Assignment, Resolution, Round, Summary
from reviews.rounds import lifecycle
from tests.making import (
    make_assignment,
    make_paper,
    make_phase,
    make_round,
    make_study,
    make_summary,
    membership_of,
)


@pytest.fixture
def phase(study):
    return study.phases.get()


@pytest.fixture
def round(study):
    return make_round(study, "Main")


def test_a_round_is_opened_and_logged(study, phase, ada):
    round = lifecycle.create_round(
        study, phase=phase, name="  Pilot  1 ", due_on=date(2030, 1, 2), by=ada
    )
    assert (round.name, round.kind, round.due_on) == ("Pilot 1", "pilot", date(2030, 1, 2))
    assert LogEntry.objects.get().act == "create-round"


def test_a_name_that_is_taken_or_a_phase_of_another_study_is_refused(study, phase, round, ada):
    for facts in ({"name": "Main"}, {"name": "New", "phase": make_study().phases.get()}):
        with pytest.raises(ValidationError):
            lifecycle.create_round(study, **({"phase": phase, "by": ada} | facts))
    assert (study.rounds.get(), LogEntry.objects.count()) == (round, 0)


def test_edits_are_logged_only_if_something_changed(round, ada):
    lifecycle.edit_round(round, name="Main", due_on=None, guidance="", by=ada)
    assert LogEntry.objects.count() == 0
    lifecycle.edit_round(
        round, name="First", due_on=date(2030, 1, 2), guidance=" Read section 3. ", by=ada
    )
    round.refresh_from_db()
    assert (round.name, round.guidance) == ("First", "Read section 3.")
    assert LogEntry.objects.get().facts["changed"]["due_on"] == ["", "2030-01-02"]


def test_only_a_round_that_was_never_handed_out_is_removed(study, round, ada, ben):
    make_assignment(make_paper(study), ben, round=round)
    with pytest.raises(ValidationError, match="handed out"):
        lifecycle.remove_round(round, by=ada)
    empty = make_round(study)
    lifecycle.remove_round(empty, by=ada)
    assert set(Round.objects.all()) == {round}
    assert study.log.get(act="remove-round").facts == {"round": empty.number}


def test_closing_withdraws_unsubmitted_work_and_keeps_drafts(study, round, ada, ben, cleo):
    paper = make_paper(study)
    done, draft = (
        make_summary(paper, ben, round=round),
        make_summary(paper, cleo, submitted=False, round=round),
    )
    study.codebook_version = 7
    study.save()
    assert lifecycle.close_round(round, by=ada) == 1
    round.refresh_from_db()
    assert (round.is_closed, round.closed_by, round.codebook_version) == (True, ada, 7)
    assert set(Assignment.objects.in_force()) == {done.assignment}
    assert set(Summary.objects.all()) == {done, draft}
    assert LogEntry.objects.get().facts == {
        "round": round.number,
        "submitted": 1,
        "taken_back": 1,
        "codebook_version": 7,
    }


def test_a_closed_round_is_not_closed_again(round, ada):
    lifecycle.close_round(round, by=ada)
    with pytest.raises(ValidationError, match="closed already"):
        lifecycle.close_round(round, by=ada)


def test_unfinished_reviewers_of_a_closed_round_stay_blind(study, round, ada, ben, cleo):
    paper = make_paper(study)
    make_summary(paper, cleo, round=round)
    mine = make_summary(paper, ben, submitted=False, round=round)
    lifecycle.close_round(round, by=ada)
    assert set(visible_summaries(membership_of(ben, study))) == {mine}


def test_a_reopened_draft_keeps_its_assignment_when_the_round_closes(study, round, ada, ben):
    first = make_summary(make_paper(study), ben, round=round)
    Summary.objects.create(assignment=first.assignment, revision=2, reopened_by=ada)
    assert lifecycle.close_round(round, by=ada) == 0
    assert set(Assignment.objects.in_force()) == {first.assignment}


def test_reopening_returns_papers_to_reviewers_who_are_still_blind(study, round, ada, ben, cleo):
    paper = make_paper(study)
    make_summary(paper, cleo, round=round)
    blind, could_read = (
        make_assignment(paper, ben, round=round),
        make_assignment(paper, ada, round=round),
    )
    long_gone = make_assignment(make_paper(study), ben, round=round)
    Assignment.objects.filter(pk=long_gone.pk).update(withdrawn_at=timezone.now())
    lifecycle.close_round(round, by=ada)
    assert lifecycle.reopen_round(round, by=ada, reason="closed too early") == 1
    round.refresh_from_db()
    assert (round.closed_at, round.closed_by, round.codebook_version, round.frozen_agreement) == (
        None,
    ) * 4
    in_force = set(Assignment.objects.in_force())
    assert blind in in_force
    assert could_read not in in_force
    assert long_gone not in in_force
    assert LogEntry.objects.get(act="reopen-round").facts["reason"] == "closed too early"


def test_reopening_returns_nothing_if_everybody_could_read(study, round, ada, ben, cleo):
    paper = make_paper(study)
    make_summary(paper, cleo, round=round)
    make_assignment(paper, ben, round=round)
    study.who_settles = "not_coders"
    study.save()
    lifecycle.close_round(round, by=ada)
    assert lifecycle.reopen_round(round, by=ada, reason="too early") == 0


def test_reopening_does_not_return_papers_handed_out_elsewhere(study, round, ada, ben):
    paper = make_paper(study)
    make_assignment(paper, ben, round=round)
    lifecycle.close_round(round, by=ada)
    make_assignment(paper, ben, round=make_round(study, "Next"))
    assert lifecycle.reopen_round(round, by=ada, reason="too early") == 0


def test_a_round_with_decisions_since_closing_cannot_be_reopened(study, round, ada, ben):
    paper = make_paper(study)
    make_summary(paper, ben, round=round)
    lifecycle.close_round(round, by=ada)
    round.refresh_from_db()
    section = study.sections.get(key="conclusion")
    facts = {"paper": paper, "section": section, "basis": "other", "content": {}, "reviewers": 1}
    elsewhere = make_section_of_another_phase(study)
    Resolution.objects.create(
        **(facts | {"section": elsewhere}), decided_by=ada, decided_at=timezone.now()
    )
    Resolution.objects.create(
        **facts, decided_by=ada, decided_at=timezone.now(), undone_at=timezone.now()
    )
    Resolution.objects.create(**facts, decided_at=timezone.now())
    lifecycle.reopen_round(round, by=ada, reason="only undone, unanimous or of another phase")
    lifecycle.close_round(round, by=ada)
    Resolution.objects.create(**facts, decided_by=ada, decided_at=timezone.now())
    with pytest.raises(ValidationError, match="1 section"):
        lifecycle.reopen_round(round, by=ada, reason="too late")


def make_section_of_another_phase(study):
    from tests.making import make_section

    return make_section(make_phase(study, "quality"), "rigour", "yes_no")


def test_reopening_needs_a_reason_and_a_closed_round(round, ada):
    with pytest.raises(ValidationError, match="open already"):
        lifecycle.reopen_round(round, by=ada, reason="why not")
    lifecycle.close_round(round, by=ada)
    with pytest.raises(ValidationError, match="Say why"):
        lifecycle.reopen_round(round, by=ada, reason=" ")
