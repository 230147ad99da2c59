"""Law 1 as sentences: who may receive whose answers. Every test puts something there that could
leak.
"""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from mapping.models import Finding, LogEntry, Membership
from mapping.papers import changes as paper_changes
from reviews.blindness.early_look import look_early
from reviews.blindness.visible import visible_findings, visible_summaries
from reviews.codebook import template
from reviews.coding import recoding_tasks
from reviews.models import Answer, Assignment, EarlyLook, RecodingTask, Remark, Summary
from reviews.settling import unanimous
from tests.making import (
    make_assignment,
    make_paper,
    make_phase,
    make_round,
    make_study,
    make_summary,
    make_user,
    membership_of,
)


def seen_by(user, paper):
    return set(visible_summaries(membership_of(user, paper.study), paper))


def submit(summary):
    Summary.objects.filter(pk=summary.pk).update(submitted_at=timezone.now())


def close(round):
    round.closed_at = timezone.now()
    round.save()


def release(study):
    study.released_at = timezone.now()
    study.save()


@pytest.fixture
def paper(study):
    make_round(study, "Main")
    return make_paper(study)


@pytest.fixture
def waiting_study(study):
    """Others' summaries are visible once the round is closed."""
    study.others_visible = "closed"
    study.save()
    return study


# Reviewers


def test_a_blind_reviewer_sees_only_their_own_summary_until_they_submit(paper, ben, cleo):
    theirs, mine = make_summary(paper, cleo), make_summary(paper, ben, submitted=False)
    assert seen_by(ben, paper) == {mine}
    submit(mine)
    assert seen_by(ben, paper) == {mine, theirs}


def test_a_reviewer_who_has_not_begun_sees_nothing(paper, ben, cleo):
    make_summary(paper, cleo)
    make_assignment(paper, ben)
    assert seen_by(ben, paper) == set()


def test_a_draft_is_seen_by_its_reviewer_alone(paper, ada, ben, cleo, olga):
    mine, draft = make_summary(paper, ben), make_summary(paper, cleo, submitted=False)
    assert seen_by(ben, paper) == {mine}
    assert seen_by(ada, paper) == {mine}
    assert seen_by(cleo, paper) == {draft}
    release(paper.study)
    assert seen_by(olga, paper) == {mine}


def test_a_reviewer_who_is_not_on_the_paper_sees_nothing_of_it_until_the_study_is_released(
    paper, ben, cleo
):
    theirs = make_summary(paper, cleo)
    make_summary(make_paper(paper.study), ben)
    assert seen_by(ben, paper) == set()
    release(paper.study)
    assert seen_by(ben, paper) == {theirs}


def test_release_does_not_lift_the_blindness_of_somebody_who_still_has_to_code(paper, ben, cleo):
    make_summary(paper, cleo)
    make_assignment(paper, ben)
    release(paper.study)
    assert seen_by(ben, paper) == set()


def test_submitting_one_paper_opens_no_other(paper, ben, cleo):
    other = make_paper(paper.study)
    mine, theirs = make_summary(paper, ben), make_summary(paper, cleo)
    make_summary(other, cleo)
    make_assignment(other, ben)
    assert set(visible_summaries(membership_of(ben, paper.study))) == {mine, theirs}


def test_a_withdrawn_assignment_leaves_ones_own_draft_and_shows_nothing_else(paper, ben, cleo):
    mine = make_summary(paper, ben, submitted=False)
    make_summary(paper, cleo)
    Assignment.objects.filter(reviewer=ben).update(withdrawn_at=timezone.now())
    assert seen_by(ben, paper) == {mine}


def test_somebody_who_left_sees_nothing_not_even_their_own_and_their_work_stays_for_the_others(
    paper, ben, cleo
):
    mine, theirs = make_summary(paper, ben), make_summary(paper, cleo)
    Membership.objects.filter(user=ben).update(deactivated_at=timezone.now())
    assert seen_by(ben, paper) == set()
    assert seen_by(cleo, paper) == {mine, theirs}


def test_a_closed_account_sees_nothing(paper, ben, cleo):
    make_summary(paper, ben)
    ben.is_active = False
    ben.save()
    assert seen_by(ben, paper) == set()


def test_a_stranger_sees_nothing_even_after_release(paper, ben, zoe):
    make_summary(paper, ben)
    release(paper.study)
    assert seen_by(zoe, paper) == set()


def test_a_lead_of_another_study_sees_nothing_here_and_their_own_study_shows_nothing_of_this_one(
    paper, ben
):
    dora = make_user("dora")
    other = make_study(lead=dora)
    theirs, here = make_summary(make_paper(other), dora), make_summary(paper, ben)
    assert set(visible_summaries(membership_of(dora, other))) == {theirs}
    assert seen_by(dora, paper) == set()
    assert set(visible_summaries(membership_of(dora, other), paper)) == set()
    assert here not in visible_summaries(membership_of(dora, other))


# Rounds and phases


def test_the_same_paper_in_a_second_round_of_the_phase_makes_blind_again(paper, ben, cleo):
    pilot = make_round(paper.study, "Pilot", kind="pilot")
    mine, theirs = make_summary(paper, ben, round=pilot), make_summary(paper, cleo, round=pilot)
    assert seen_by(ben, paper) == {mine, theirs}
    main = paper.study.rounds.get(name="Main")
    open_work = make_assignment(paper, ben, round=main)
    assert seen_by(ben, paper) == {mine}
    again = Summary.objects.create(assignment=open_work, submitted_at=timezone.now())
    assert seen_by(ben, paper) == {mine, theirs, again}


def test_whoever_submitted_in_one_round_sees_what_others_submitted_in_another_of_the_phase(
    paper, ben, cleo
):
    mine = make_summary(paper, ben, round=make_round(paper.study, "Pilot"))
    theirs = make_summary(paper, cleo, round=paper.study.rounds.get(name="Main"))
    assert seen_by(ben, paper) == {mine, theirs}


def test_each_phase_is_blind_by_itself(paper, ben, cleo):
    screening = make_round(paper.study, "Screening", phase=make_phase(paper.study, "screening"))
    main = paper.study.rounds.get(name="Main")
    screened_by_ben, screened_by_cleo = (
        make_summary(paper, who, round=screening) for who in (ben, cleo)
    )
    make_summary(paper, cleo, round=main)
    make_assignment(paper, ben, round=main)
    assert seen_by(ben, paper) == {screened_by_ben, screened_by_cleo}


def test_coding_a_paper_does_not_show_a_phase_in_which_one_had_no_part(paper, ben, cleo):
    screening = make_round(paper.study, "Screening", phase=make_phase(paper.study, "screening"))
    make_summary(paper, cleo, round=screening)
    mine = make_summary(paper, ben, round=paper.study.rounds.get(name="Main"))
    assert seen_by(ben, paper) == {mine}


def test_a_reopened_summary_keeps_its_first_revision_visible_and_its_new_draft_private(
    paper, ada, ben, cleo
):
    first, theirs = make_summary(paper, ben), make_summary(paper, cleo)
    draft = Summary.objects.create(
        assignment=first.assignment, revision=2, reopened_by=ada, reopened_reason="a slip"
    )
    assert seen_by(cleo, paper) == {first, theirs}
    assert seen_by(ada, paper) == {first, theirs}
    assert seen_by(ben, paper) == {first, theirs, draft}
    submit(draft)
    assert seen_by(cleo, paper) == {first, theirs, draft}


# Where the study waits for the round to close


def test_where_the_study_waits_for_closing_submitting_alone_shows_nothing(
    waiting_study, paper, ben, cleo
):
    mine, theirs = make_summary(paper, ben), make_summary(paper, cleo)
    assert seen_by(ben, paper) == {mine}
    close(paper.study.rounds.get())
    assert seen_by(ben, paper) == {mine, theirs}


def test_where_the_study_waits_only_summaries_of_closed_rounds_are_shown(
    waiting_study, paper, ben, cleo
):
    pilot = make_round(paper.study, "Pilot")
    mine = make_summary(paper, ben, round=pilot)
    in_main = make_summary(paper, cleo, round=paper.study.rounds.get(name="Main"))
    close(pilot)
    assert seen_by(ben, paper) == {mine}
    close(paper.study.rounds.get(name="Main"))
    assert seen_by(ben, paper) == {mine, in_main}


def test_where_the_study_waits_a_lead_who_coded_the_paper_waits_too_and_one_who_did_not_need_not(
    waiting_study, paper, ada, ben
):
    other = make_paper(paper.study)
    mine, theirs, elsewhere = (
        make_summary(paper, ada),
        make_summary(paper, ben),
        make_summary(other, ben),
    )
    assert seen_by(ada, paper) == {mine}
    assert seen_by(ada, other) == {elsewhere}
    close(paper.study.rounds.get())
    assert seen_by(ada, paper) == {mine, theirs}


# Leads


def test_a_lead_who_does_not_code_the_paper_sees_what_is_submitted(paper, ada, ben, cleo):
    theirs = make_summary(paper, ben)
    make_summary(paper, cleo, submitted=False)
    assert seen_by(ada, paper) == {theirs}


def test_a_lead_who_still_has_to_code_the_paper_is_blind(paper, ada, ben):
    theirs, mine = make_summary(paper, ben), make_summary(paper, ada, submitted=False)
    assert seen_by(ada, paper) == {mine}
    submit(mine)
    assert seen_by(ada, paper) == {mine, theirs}


def test_a_lead_may_look_early_on_one_paper_in_one_phase_and_it_is_recorded(paper, ada, ben):
    other = make_paper(paper.study)
    phase = paper.study.phases.get()
    theirs = make_summary(paper, ben)
    make_summary(other, ben)
    make_assignment(paper, ada)
    make_assignment(other, ada)
    look_early(paper, phase, user=ada, reason="Ben asked for help")
    assert seen_by(ada, paper) == {theirs}
    assert seen_by(ada, other) == set()
    entry = LogEntry.objects.get(act="look-early")
    assert (entry.by, entry.paper, entry.facts) == (
        ada,
        paper,
        {"phase": "coding", "reason": "Ben asked for help"},
    )


def test_an_early_look_shows_no_drafts_and_no_other_phase(paper, ada, ben, cleo):
    screening = make_phase(paper.study, "screening")
    in_screening = make_round(paper.study, "Screening", phase=screening)
    make_assignment(paper, ada, round=in_screening)
    make_summary(paper, ben, round=in_screening)
    main = paper.study.rounds.get(name="Main")
    make_assignment(paper, ada, round=main)
    theirs = make_summary(paper, ben, round=main)
    make_summary(paper, cleo, round=main, submitted=False)
    look_early(paper, main.phase, user=ada, reason="to mend the codebook")
    assert seen_by(ada, paper) == {theirs}


def test_an_early_look_also_lifts_waiting_for_the_round_to_close(waiting_study, paper, ada, ben):
    mine, theirs = make_summary(paper, ada), make_summary(paper, ben)
    look_early(paper, paper.study.phases.get(), user=ada, reason="to settle it before the deadline")
    assert seen_by(ada, paper) == {mine, theirs}


def test_an_early_look_ends_with_the_role_of_a_lead(paper, ada, ben):
    make_summary(paper, ben)
    make_assignment(paper, ada)
    look_early(paper, paper.study.phases.get(), user=ada, reason="to see")
    Membership.objects.filter(user=ada).update(role="reviewer")
    assert seen_by(ada, paper) == set()


def test_looking_twice_is_recorded_once(paper, ada):
    phase = paper.study.phases.get()
    first = look_early(paper, phase, user=ada, reason="once")
    assert look_early(paper, phase, user=ada, reason="twice") == first
    assert LogEntry.objects.filter(act="look-early").count() == 1


def test_nobody_but_a_lead_looks_early_and_not_without_a_reason(paper, ada, ben):
    phase = paper.study.phases.get()
    with pytest.raises(PermissionDenied):
        look_early(paper, phase, user=ben, reason="curious")
    with pytest.raises(ValidationError):
        look_early(paper, phase, user=ada, reason="  ")
    with pytest.raises(ValidationError):
        look_early(paper, make_study().phases.get(), user=ada, reason="the wrong phase")
    assert (EarlyLook.objects.count(), LogEntry.objects.count()) == (0, 0)


# Observers, and others who settle


def test_an_observer_sees_nothing_until_the_study_is_released_and_then_what_is_submitted(
    paper, ben, cleo, olga
):
    theirs = make_summary(paper, ben)
    make_summary(paper, cleo, submitted=False)
    assert seen_by(olga, paper) == set()
    release(paper.study)
    assert seen_by(olga, paper) == {theirs}


def test_a_reviewer_made_observer_keeps_their_own_and_loses_the_others(paper, ben, cleo):
    mine = make_summary(paper, ben)
    make_summary(paper, cleo)
    Membership.objects.filter(user=ben).update(role="observer")
    assert seen_by(ben, paper) == {mine}


def test_where_those_who_did_not_code_settle_they_see_what_is_submitted_and_coders_stay_blind(
    paper, ben, cleo, olga
):
    paper.study.who_settles = "not_coders"
    paper.study.save()
    dora = make_user("dora")
    Membership.objects.create(study=paper.study, user=dora, role="reviewer")
    make_assignment(paper, ben)
    theirs = make_summary(paper, cleo)
    assert seen_by(dora, paper) == {theirs}
    assert seen_by(ben, paper) == set()
    assert seen_by(olga, paper) == set()


# However it is asked


def test_the_rule_holds_through_other_querysets_and_orders_of_asking(paper, ada, ben, cleo):
    mine = make_summary(paper, ben, submitted=False, answers={"conclusion": "mine"})
    theirs = make_summary(paper, cleo, answers={"conclusion": "theirs"})
    study = paper.study

    def texts(user):
        seen = visible_summaries(membership_of(user, study))
        return set(Answer.objects.filter(summary__in=seen).values_list("text", flat=True))

    assert texts(ben) == {"mine"}
    assert texts(ada) == {"theirs"}
    assert set(Summary.objects.submitted() & visible_summaries(membership_of(ben, study))) == set()
    assert set(visible_summaries(membership_of(ben, study)).submitted()) == set()
    assert set(visible_summaries(membership_of(ben, study)).latest()) == set()
    assert (
        set(theirs.assignment.summaries.all() & visible_summaries(membership_of(ben, study)))
        == set()
    )
    assert set(
        Assignment.objects.filter(summaries__in=visible_summaries(membership_of(ben, study)))
    ) == {mine.assignment}
    assert visible_summaries(membership_of(ben, study)).count() == 1
    submit(mine)
    assert texts(ben) == {"mine", "theirs"}
    assert set(
        theirs.assignment.summaries.all() & visible_summaries(membership_of(ben, study))
    ) == {theirs}
    assert set(visible_summaries(membership_of(ben, study)).latest()) == {mine, theirs}


def test_the_rule_asks_the_database_once(paper, ben, cleo, django_assert_num_queries):
    for _ in range(3):
        make_summary(make_paper(paper.study), cleo)
    make_summary(paper, ben)
    membership = membership_of(ben, paper.study)
    with django_assert_num_queries(1):
        list(visible_summaries(membership))


def test_a_section_that_came_later_blinds_again_until_one_has_answered_it(study, ada, ben, cleo):
    paper = make_paper(study)
    mine, theirs = make_summary(paper, ben), make_summary(paper, cleo)
    assert set(visible_summaries(membership_of(ben, study))) == {mine, theirs}

    section = template.add_section(
        study,
        by=ada,
        facts={"label": "Data", "kind": "yes_no", "phase": study.phases.get(key="coding")},
    )
    task = RecodingTask.objects.get(assignment=mine.assignment, section=section)
    assert set(visible_summaries(membership_of(ben, study))) == {mine}
    assert not visible_findings(membership_of(ben, study)).filter(paper=paper).exists()

    recoding_tasks.recode(task, {"yes_no": True}, by=ben, based_on=1)
    assert theirs in set(visible_summaries(membership_of(ben, study)))


# What is told without saying so


def test_that_a_paper_is_settled_is_not_told_to_a_lead_who_waits_for_its_round(
    waiting_study, paper, ada, ben, as_user
):
    """That it needed no decision says that Ben said the same as Ada."""
    for who in (ada, ben):
        make_summary(paper, who, answers={"method": "Survey"})
    unanimous.settle(waiting_study)
    assert Finding.objects.filter(paper=paper).exists()
    client, url = as_user(ada), f"/s/{waiting_study.slug}/papers/"

    def listed(query=""):
        return paper.title in client.get(url + query).content.decode()

    assert "2 of 2 submitted" in client.get(url).content.decode()
    assert (listed("?state=settled"), listed("?state=submitted")) == (False, True)
    assert b"settled" not in b"".join(client.get(f"{url}?format=csv").streaming_content)
    close(paper.study.rounds.get())
    assert (listed("?state=settled"), listed("?state=submitted")) == (True, False)


def test_trying_to_remove_a_paper_does_not_tell_whether_it_is_settled_or_discussed(
    paper, ada, ben, cleo
):
    make_assignment(paper, ada)
    for who in (ben, cleo):
        make_summary(paper, who, answers={"method": "Survey"})

    def refusal():
        with pytest.raises(ValidationError) as refused:
            paper_changes.delete_paper(paper, by=ada)
        return refused.value.messages

    before = refusal()
    section = paper.study.sections.get(key="method")
    Finding.objects.create(paper=paper, section=section, settled_at=timezone.now())
    Remark.objects.create(paper=paper, section=section, by=ben, text="not the same")
    assert refusal() == before
    assert Finding.objects.filter(paper=paper).exists()
