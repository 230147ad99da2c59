"""What the comparison page, the causes and one's feedback hold for whom, asked of them directly."""

import pytest
from django.utils import timezone

from mapping.judgement.values import Judgement, Mark
from mapping.models import Code, Finding, Membership
from reviews.blindness.early_look import look_early
from reviews.codebook import phases
from reviews.models import Assignment, Resolution
from reviews.settling import disagreements, discussion, unanimous
from reviews.settling.causes import causes_in
from reviews.settling.comparison_page import RECENT, Page, closed_phases
from reviews.settling.exclusion import gone_from
from reviews.settling.feedback import feedback_for
from reviews.settling.resolutions import resolve, undo
from tests.making import (
    make_assignment,
    make_code,
    make_member,
    make_paper,
    make_round,
    make_summary,
    membership_of,
)


@pytest.fixture
def main(study):
    return make_round(study, "Main")


@pytest.fixture
def paper(study, main, ben, cleo):
    return differing(study, ben, cleo)


def differing(study, *readers, key=None):
    paper = make_paper(study, **({"key": key} if key else {}))
    for reader, label in zip(readers, ("Talent", "Cost", "Cost"), strict=False):
        make_summary(paper, reader, answers={"challenges": [label], "cases": 3})
    return paper


def page_of(paper, user):
    study = type(paper.study).objects.get(pk=paper.study_id)
    return Page(membership_of(user, study), paper)


def sheet_of(paper, user, key="challenges"):
    return page_of(paper, user).sheet(paper.study.sections.get(key=key))


def decide(paper, by, *labels, section="challenges", cause="oversight", rationale="x", seen=None):
    section = paper.study.sections.get(key=section)
    marks = tuple(Mark(section.codes.get(label=label).pk) for label in labels)
    settled = Judgement(marks=marks) if marks else Judgement(absence="unclear")
    reason = {"cause": cause, "rationale": rationale}
    return resolve(paper, section, settled=settled, basis="other", by=by, seen=seen, **reason)


def release(study):
    study.released_at = timezone.now()
    study.save()


# The page


def test_what_is_settled_is_for_deciders_and_after_the_release_for_all(study, paper, ada, ben):
    decide(paper, ada)
    lead, reader = sheet_of(paper, ada), sheet_of(paper, ben)
    assert (lead.state, bool(lead.current), bool(lead.finding)) == ("settled", True, True)
    assert (reader.state, reader.current, reader.finding, reader.history) == (
        "settled",
        None,
        None,
        [],
    )
    assert reader.word == ""
    release(study)
    reader = sheet_of(paper, ben)
    assert (reader.state, bool(reader.current), reader.form) == ("settled", True, None)


def test_the_newest_decision_comes_first_and_one_taken_back_holds_no_more(paper, ada):
    first = decide(paper, ada)
    second = decide(paper, ada, "Cost", seen=first.pk)
    sheet = sheet_of(paper, ada)
    assert (sheet.history, sheet.current) == ([second, first], second)
    undo(second, by=ada)
    sheet = sheet_of(paper, ada)
    assert (sheet.history, sheet.current) == ([second, first], first)


def test_those_who_settle_learn_whom_the_paper_waits_for_and_reviewers_do_not(
    study, paper, ada, ben
):
    for name in ("finn", "dan"):
        make_assignment(paper, make_member(study, name))
    gone = make_member(study, "gil")
    make_assignment(paper, gone)
    Membership.objects.filter(user=gone).update(deactivated_at=timezone.now())
    awaited = page_of(paper, ada).awaited
    assert {phase: [user.username for user in users] for phase, users in awaited.items()} == {
        study.phases.get().pk: ["dan", "finn"]
    }
    assert page_of(paper, ben).awaited == {}
    study.rounds.update(closed_at=timezone.now())
    assert page_of(paper, ada).awaited == {}


def test_the_last_reasons_come_once_each_with_their_last_cause_and_are_ones_own(
    study, paper, ada, ben, cleo
):
    eve = make_member(study, "eve", "lead")
    seen = None
    for place in range(RECENT + 1):
        seen = decide(paper, ada, rationale=f"Reason {place}", seen=seen).pk
    seen = decide(paper, ada, rationale="Reason 3", cause="other", seen=seen).pk
    decide(paper, eve, rationale="Not Ada's", seen=seen)
    recent = page_of(paper, ada).recent
    assert recent[:2] == [("Reason 3", "other"), ("Reason 8", "oversight")]
    assert len(recent) == len(dict(recent)) == RECENT
    assert page_of(paper, ben).recent == []
    assert page_of(paper, eve).recent == [("Not Ada's", "oversight")]


def test_people_go_by_letter_where_names_are_hidden_but_for_oneself(study, paper, ada, ben, cleo):
    page = page_of(paper, ada)
    assert (page.person(ben), page.person(None)) == (str(ben), "Concord")
    study.is_anonymous = True
    study.save()
    page = page_of(paper, ben)
    assert page.person(ben) == str(ben)
    assert page.person(cleo) == page.letters[cleo.pk] != str(cleo)
    assert page.person(ada) == str(ada)  # who read nothing here
    assert page.typed("Cleo says so") == "(name) says so"


def test_answers_that_are_not_independent_stand_apart_with_the_reason_where_names_are_shown(
    study, paper, ada
):
    make_assignment(paper, ada)
    assert page_of(paper, make_member(study, "eve", "lead")).apart == []
    look_early(paper, study.phases.get(), user=ada, reason="Nobody else is left.")
    make_summary(paper, ada, answers={"challenges": ["Cost"]})
    eve = Membership.objects.get(user__username="eve").user
    ((letter, name, why),) = page_of(paper, eve).apart
    assert (letter, name) == ("A", "Ada")
    assert why
    study.is_anonymous = True
    study.save()
    ((_, name, why),) = page_of(paper, eve).apart
    assert (name, why) == ("", "")


def test_whoever_still_has_to_code_the_paper_finds_that_phase_closed(study, paper, ada, ben):
    dan = make_member(study, "dan")
    assert closed_phases(membership_of(dan, study), paper) == []
    make_assignment(paper, dan)
    assert closed_phases(membership_of(dan, study), paper) == [study.phases.get()]
    assert page_of(paper, dan).sheets == []
    assert closed_phases(membership_of(ben, study), paper) == []
    Assignment.objects.filter(reviewer=dan).update(withdrawn_at=timezone.now())
    assert closed_phases(membership_of(dan, study), paper) == []


# The queue of those who settle


def test_reviewers_who_settle_see_the_papers_that_they_did_not_code(study, paper, ada, ben, cleo):
    dan = make_member(study, "dan")
    study.who_settles = "not_coders"
    study.save()
    other = differing(study, dan, cleo)

    def queue(user):
        board = disagreements.board_for(membership_of(user, study))
        return {one.paper for one in board.open}, disagreements.open_count(
            membership_of(user, study)
        )

    assert queue(ada) == ({paper.pk, other.pk}, 2)
    assert queue(dan) == ({paper.pk}, 1)
    assert queue(ben) == ({other.pk}, 1)
    assert queue(cleo) == (set(), 0)


def test_a_lead_who_may_not_settle_their_own_papers_does_not_find_them_in_the_queue(
    study, paper, ada
):
    make_summary(paper, ada, answers={"challenges": ["Cost"]})
    assert len(disagreements.board_for(membership_of(ada, study)).open) == 1
    study.may_settle_own = False
    study.save()
    assert disagreements.board_for(membership_of(ada, study)).open == []


def test_whoever_settles_nothing_counts_nothing(study, paper, ben):
    assert disagreements.open_count(membership_of(ben, study)) == 0


# Causes


def test_a_code_is_ranked_by_how_often_its_definition_was_the_cause(study, main, ada, ben, cleo):
    wanted = [("ambiguous_definition", "Long words, many of them"), ("oversight", "x")]
    for cause, why in [*wanted, ("ambiguous_definition", "Short")]:
        decide(differing(study, ben, cleo), ada, cause=cause, rationale=why)
    by_cause, ranked = causes_in(membership_of(ada, study))
    assert dict(by_cause) == {"ambiguous_definition": 2, "oversight": 1}
    assert [(one.label, one.ambiguous, one.decided) for one in ranked] == [
        ("Cost", 2, 3),
        ("Talent", 2, 3),
    ]
    assert [why for _, why in ranked[0].examples] == ["Long words, many of them", "Short"]


def test_only_the_newest_decision_of_a_section_has_a_cause_and_one_taken_back_has_none(
    study, paper, ada
):
    first = decide(paper, ada, cause="ambiguous_definition")
    second = decide(paper, ada, cause="oversight", seen=first.pk)
    assert dict(causes_in(membership_of(ada, study))[0]) == {"oversight": 1}
    undo(second, by=ada)
    assert dict(causes_in(membership_of(ada, study))[0]) == {"ambiguous_definition": 1}
    undo(first, by=ada)
    assert causes_in(membership_of(ada, study)) == ({}, [])


def test_a_difference_without_codes_is_ranked_by_its_section(study, main, ada, ben, cleo):
    paper = make_paper(study)
    for reader, number in ((ben, 1), (cleo, 2)):
        make_summary(paper, reader, answers={"cases": number})
    decide(paper, ada, section="cases", cause="ambiguous_definition")
    ((section, code, label, times, of, _),) = causes_in(membership_of(ada, study))[1]
    assert (section.key, code, label, times, of) == ("cases", None, "", 1, 1)


# Feedback


def by_section(user, study):
    return {one.section.key: one for one in feedback_for(membership_of(user, study))}


def test_feedback_counts_per_code_what_was_kept_dropped_and_missed(study, paper, ada, ben, cleo):
    again = differing(study, ben, cleo)
    decide(paper, ada, "Talent", "Cost")
    decide(again, ada, "Cost")
    unanimous.settle(study)
    release(study)
    mine = by_section(ben, study)
    assert [tuple(code) for code in mine["challenges"].codes] == [
        ("Cost", 0, 0, 2),
        ("Talent", 1, 1, 0),
    ]
    assert (mine["challenges"].same, mine["challenges"].papers) == (0, 2)
    assert {(given, settled) for _, given, settled in mine["challenges"].differing} == {
        ("Talent", "Cost, Talent"),
        ("Talent", "Cost"),
    }
    assert (mine["cases"].same, mine["cases"].papers, mine["cases"].codes) == (2, 2, [])
    theirs = by_section(cleo, study)["challenges"]
    assert (theirs.same, theirs.papers) == (1, 2)
    assert by_section(ada, study) == {}


def test_what_was_said_after_others_could_be_read_is_counted_apart(study, paper, ada, ben, cleo):
    make_assignment(paper, ada)
    look_early(paper, study.phases.get(), user=ada, reason="Nobody else is left.")
    make_summary(paper, ada, answers={"challenges": ["Cost"]})
    decide(paper, ada, "Cost")
    release(study)
    mine = by_section(ada, study)["challenges"]
    assert (mine.papers, mine.same, mine.not_independent) == (0, 0, 1)
    assert by_section(cleo, study)["challenges"].not_independent == 0


# Exclusion


@pytest.fixture
def screening(study, ada):
    phases.add_preset(study, "screening", by=ada)
    return make_round(study, "Screening", phase=study.phases.get(key="screening"))


def screened(study, screening, *readers):
    paper = make_paper(study)
    for reader, label in zip(readers, ("Include", "Exclude: language"), strict=True):
        make_summary(paper, reader, round=screening, answers={"decision": label})
    return paper


def exclude(paper, by):
    return decide(paper, by, "Exclude: language", section="decision")


def test_a_paper_is_gone_from_later_phases_alone_and_only_by_a_code_that_excludes(
    study, screening, main, ada, ben, cleo
):
    paper, other = (screened(study, screening, ben, cleo) for _ in range(2))
    decide(other, ada, "Include", section="decision")
    assert gone_from(study) == set()
    exclude(paper, ada)
    later = set(study.phases.exclude(key="screening").values_list("pk", flat=True))
    assert gone_from(study) == {(paper.pk, phase) for phase in later}
    assert gone_from(study, [other.pk]) == set()
    assert gone_from(study, [paper.pk, other.pk]) == gone_from(study)
    # A code that excludes in the last phase takes nothing out of it or of those before.
    section = study.sections.get(key="challenges")
    make_code(section, "Out after all", excludes_paper=True)
    for reader in (ben, cleo):
        make_summary(other, reader, round=main, answers={"challenges": ["Out after all"]})
    unanimous.settle(study)
    assert Finding.objects.filter(paper=other, section=section).exists()
    assert {paper_pk for paper_pk, _ in gone_from(study)} == {paper.pk}


def test_a_code_that_excludes_no_longer_lets_the_paper_back_with_the_next_decision(
    study, screening, main, ada, ben, cleo
):
    paper = screened(study, screening, ben, cleo)
    given = make_assignment(paper, ben, round=main)
    decision = exclude(paper, ada)
    given.refresh_from_db()
    assert given.withdrawn_at == decision.decided_at
    Code.objects.filter(label="Exclude: language").update(excludes_paper=False)
    assert gone_from(study) == set()
    decide(paper, ada, "Exclude: language", section="decision", seen=decision.pk)
    given.refresh_from_db()
    assert given.withdrawn_at is None


@pytest.mark.parametrize("reason", ["released", "settlers", "left", "observer", "closed"])
def test_work_does_not_come_back_to_whoever_could_read_meanwhile_or_cannot_code(
    study, screening, main, ada, ben, cleo, reason
):
    paper = screened(study, screening, ben, cleo)
    given = make_assignment(paper, ben, round=main)
    decision = exclude(paper, ada)
    ways = {
        "released": lambda: release(study),
        "settlers": lambda: type(study).objects.update(who_settles="not_coders"),
        "left": lambda: study.memberships.filter(user=ben).update(deactivated_at=timezone.now()),
        "observer": lambda: study.memberships.filter(user=ben).update(role="observer"),
        "closed": lambda: study.rounds.filter(name="Main").update(closed_at=timezone.now()),
    }
    ways[reason]()
    undo(Resolution.objects.get(pk=decision.pk), by=ada)
    given.refresh_from_db()
    assert given.withdrawn_at is not None


def test_what_somebody_submitted_stays_submitted_when_the_paper_leaves(
    study, screening, main, ada, ben, cleo
):
    paper = screened(study, screening, ben, cleo)
    make_summary(paper, ben, round=main, answers={"challenges": ["Cost"]})
    exclude(paper, ada)
    assert not Assignment.objects.exclude(withdrawn_at=None).exists()
    assert not study.log.filter(act="leave-phases").exists()


def test_a_decision_taken_anew_does_not_bring_work_back_that_an_earlier_one_took(
    study, screening, main, ada, ben, cleo
):
    paper = screened(study, screening, ben, cleo)
    given = make_assignment(paper, ben, round=main)
    first = exclude(paper, ada)
    second = decide(paper, ada, "Exclude: secondary study", section="decision", seen=first.pk)
    given.refresh_from_db()
    assert given.withdrawn_at == first.decided_at
    decide(paper, ada, "Include", section="decision", seen=second.pk)
    given.refresh_from_db()
    assert given.withdrawn_at is None
    line = study.log.get(act="come-back-phases")
    assert (line.paper, line.by, line.facts["assignments"]) == (paper, ada, 1)


# Discussion


def test_a_thread_knows_who_closed_it_and_when_and_forgets_when_it_is_taken_up(study, paper, ben):
    line = discussion.remark(
        paper, study.sections.get(key="challenges"), text="  Look at table 3  ", by=ben
    )
    assert line.text == "Look at table 3"
    assert discussion.resolve_remark(line, by=ben)
    line.refresh_from_db()
    assert (line.resolved_by, line.resolved_at is None) == (ben, False)
    assert discussion.resolve_remark(line, by=ben, is_resolved=False)
    line.refresh_from_db()
    assert (line.resolved_by, line.resolved_at) == (None, None)
    assert study.log.order_by("-pk").first().text.startswith("Took up again a remark")
