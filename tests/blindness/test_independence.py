"""Who could read others' answers before submitting their own: recorded, left out of agreement, and
said.
"""

import csv
import html
import io
import json
import zipfile
from importlib import import_module
from io import StringIO
from threading import Event, Thread

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mapping.models import LogEntry, Membership
from mapping.people import invitations
from mapping.people import membership as people_membership
from reviews.agreement import tables as agreement_tables
from reviews.agreement.ratings import Sheet, everything
from reviews.blindness.early_look import look_early
from reviews.blindness.reconstruction import reconstruct
from reviews.blindness.visible import visible_summaries
from reviews.codebook import study_settings
from reviews.coding import drafts
from reviews.exchange.bundle import writer
from reviews.exchange.bundle.restore import restore
from reviews.exchange.importing import import_summaries
from reviews.exchange.scope import scope_of_all
from reviews.models import Assignment, PriorAccess, Summary
from reviews.rounds import assignments, lifecycle
from reviews.rounds.hand_over import hand_over, propose_hand_over
from reviews.settling import unanimous
from reviews.settling.feedback import feedback_for
from tests.codings import take
from tests.making import (
    make_assignment,
    make_paper,
    make_round,
    make_summary,
    make_user,
    membership_of,
)

SAID = {"challenges": ["Cost"], "method": "Survey"}


@pytest.fixture
def paper(study):
    return make_paper(study, "Drift in practice")


@pytest.fixture
def round(study):
    return make_round(study, "Main")


def give(paper, user, round, by):
    """Hand this paper to this person, as the page does."""
    return assignments.hand_out(round, papers=[paper], reviewers=[user], per_paper=20, by=by)


def submit(paper, user, round, answers=SAID):
    """Code it and submit, as the page does."""
    summary = make_summary(paper, user, round=round, submitted=False, answers=answers)
    return drafts.submit(summary, by=user)


def left_out(study):
    """`{(user name, why)}` of the first submissions that agreement leaves out."""
    sheet = Sheet(study, everything(study))
    names = dict(Membership.objects.filter(study=study).values_list("user", "user__username"))
    return {(names[one.reviewer], str(one.why_not)) for one in sheet.not_independent}


def change_role(study, user, role, by):
    people_membership.change_role(study.memberships.get(user=user), role=role, by=by)


def settings(study, by, **facts):
    study_settings.change_settings(study, by=by, facts=facts)
    study.refresh_from_db()


# Who is independent, and who is not


def test_papers_handed_out_before_anybody_submitted_are_coded_independently(
    study, paper, round, ada, ben
):
    assignments.hand_out(round, papers=[paper], reviewers=[ada, ben], per_paper=2, by=ada)
    submit(paper, ben, round)
    submit(paper, ada, round)
    assert left_out(study) == set()
    assert not PriorAccess.objects.exists()


def test_a_lead_who_withdraws_reads_and_hands_back_to_herself_is_not_independent(
    study, paper, round, ada, ben, as_user
):
    assignments.hand_out(round, papers=[paper], reviewers=[ada, ben], per_paper=2, by=ada)
    submit(paper, ben, round)
    page = as_user(ada)
    comparison = reverse("comparison", args=[study.slug, paper.key])
    assert page.get(comparison).status_code == 403
    assignments.withdraw(round.assignments.filter(reviewer=ada), by=ada, reason="Too much to do")
    assert "Cost" in page.get(comparison).content.decode()

    wishes = {"which": "round", "per_paper": 2, "overlap": 100, "seed": 1, f"reads_{ada.pk}": "on"}
    address = reverse("hand-out", args=[study.slug, round.pk])
    shown = page.post(address, wishes)
    told = (
        "Ada Lead could read others&#x27; answers on this paper before (as lead of the study): "
        "“Drift in practice”"
    )
    assert told in shown.content.decode()
    page.post(address, wishes | {"expected": shown.context["proposal"].fingerprint})
    assert round.assignments.in_force().filter(reviewer=ada).exists()

    submit(paper, ada, round)
    assert left_out(study) == {("ada", "lead")}
    (line,) = LogEntry.objects.filter(act="not-independent")
    assert line.by == ada
    assert line.facts["prior_access"] == [{"reviewer": "ada", "paper": paper.key, "why": "lead"}]
    assert line.text.startswith("Ada Lead could read others' answers on this paper before")
    assert told in page.get(reverse("log", args=[study.slug])).content.decode()


def test_taking_a_paper_back_and_handing_it_out_again_before_anybody_submitted_harms_nobody(
    study, paper, round, ada, ben
):
    assignments.hand_out(round, papers=[paper], reviewers=[ada, ben], per_paper=2, by=ada)
    assignments.withdraw(round.assignments.filter(reviewer=ada), by=ada, reason="By mistake")
    give(paper, ada, round, ada)
    submit(paper, ben, round)
    submit(paper, ada, round)
    assert left_out(study) == set()


def test_a_paper_handed_to_a_lead_after_others_submitted_is_not_independent_for_her_alone(
    study, paper, round, ada, ben, cleo
):
    give(paper, ben, round, ada)
    submit(paper, ben, round)
    assignments.hand_out(round, papers=[paper], reviewers=[ada, cleo], per_paper=3, by=ada)
    for reader in (ada, cleo):
        submit(paper, reader, round)
    assert left_out(study) == {("ada", "lead")}


def test_where_anybody_may_settle_whoever_gets_the_paper_later_is_not_independent(
    study, paper, round, ada, ben, cleo
):
    settings(study, ada, who_settles="not_coders")
    give(paper, ben, round, ada)
    submit(paper, ben, round)
    give(paper, cleo, round, ada)
    submit(paper, cleo, round)
    assert left_out(study) == {("cleo", "settler")}


def test_who_settles_but_had_to_wait_for_the_round_to_close_is_independent_until_then(
    study, paper, round, ada, ben, cleo
):
    settings(study, ada, who_settles="not_coders", others_visible="closed")
    give(paper, ben, round, ada)
    submit(paper, ben, round)
    give(paper, cleo, round, ada)
    submit(paper, cleo, round)
    assert left_out(study) == set()


def test_a_setting_changed_back_before_the_hand_out_is_not_forgotten(
    study, paper, round, ada, ben, cleo
):
    settings(study, ada, who_settles="not_coders")
    give(paper, ben, round, ada)
    submit(paper, ben, round)
    settings(study, ada, who_settles="leads")
    late = make_paper(study, "Later")
    give(late, ben, round, ada)
    submit(late, ben, round)
    for one in (paper, late):
        give(one, cleo, round, ada)
        submit(one, cleo, round)
    assert left_out(study) == {("cleo", "settler")}
    assert set(PriorAccess.objects.values_list("paper", "user")) == {(paper.pk, cleo.pk)}


def test_a_release_that_was_withdrawn_is_not_forgotten(study, paper, round, ada, ben, cleo):
    give(paper, ben, round, ada)
    submit(paper, ben, round)
    study_settings.release(study, by=ada)
    study_settings.withdraw_release(study, by=ada)
    study.refresh_from_db()
    give(paper, cleo, round, ada)
    submit(paper, cleo, round)
    assert left_out(study) == {("cleo", "released")}


def test_an_observer_of_a_released_study_who_becomes_a_reviewer_is_not_independent(
    study, paper, round, ada, ben, olga
):
    give(paper, ben, round, ada)
    submit(paper, ben, round)
    change_role(study, olga, "reviewer", ada)
    other = make_paper(study)
    give(other, ben, round, ada)
    give(other, olga, round, ada)
    submit(other, ben, round)
    study_settings.release(study, by=ada)
    give(paper, olga, round, ada)
    submit(paper, olga, round)
    submit(other, olga, round)  # blind on it all the time
    assert left_out(study) == {("olga", "released")}
    assert set(PriorAccess.objects.values_list("paper", flat=True)) == {paper.pk}


def test_an_observer_who_becomes_a_reviewer_before_the_release_is_independent(
    study, paper, round, ada, ben, olga
):
    give(paper, ben, round, ada)
    submit(paper, ben, round)
    change_role(study, olga, "reviewer", ada)
    give(paper, olga, round, ada)
    submit(paper, olga, round)
    assert left_out(study) == set()


@pytest.mark.parametrize("when", ["after", "before"])
def test_a_lead_who_becomes_a_reviewer_could_read_what_was_submitted_while_they_led(
    study, paper, round, ada, ben, cleo, when
):
    change_role(study, cleo, "lead", ada)
    give(paper, ben, round, ada)
    if when == "before":
        change_role(study, cleo, "reviewer", ada)
    submit(paper, ben, round)
    if when == "after":
        change_role(study, cleo, "reviewer", ada)
    give(paper, cleo, round, ada)
    submit(paper, cleo, round)
    assert left_out(study) == ({("cleo", "lead")} if when == "after" else set())


def test_a_role_changed_in_the_admin_site_is_not_forgotten(
    study, paper, round, ada, ben, cleo, as_user
):
    give(paper, ben, round, ada)
    submit(paper, ben, round)
    root = make_user("root")
    root.is_staff = root.is_superuser = True
    root.save()
    membership = study.memberships.get(user=cleo)
    address = reverse("admin:mapping_membership_change", args=[membership.pk])
    for role in ("lead", "reviewer"):
        assert as_user(root).post(address, {"role": role}).status_code == 302
    give(paper, cleo, round, ada)
    submit(paper, cleo, round)
    assert left_out(study) == {("cleo", "lead")}


def test_who_ran_the_server_once_has_read_in_its_admin_site(study, paper, round, ada, ben, as_user):
    give(paper, ben, round, ada)
    submit(paper, ben, round)
    root, zoe = make_user("root"), make_user("zoe")
    root.is_staff = root.is_superuser = zoe.is_staff = zoe.is_superuser = True
    root.save()
    zoe.save()
    assert "Cost" in as_user(zoe).get(reverse("admin:reviews_mark_changelist")).content.decode()
    address = reverse("admin:mapping_user_change", args=[zoe.pk])
    rights_taken = {"username": "zoe", "name": "Zoe", "email": zoe.email, "is_active": "on"}
    assert as_user(root).post(address, rights_taken).status_code == 302
    zoe.refresh_from_db()
    assert not zoe.is_staff
    invitations.accept(invitations.invite(study, role="reviewer", by=ada), user=zoe)
    give(paper, zoe, round, ada)
    submit(paper, zoe, round)
    assert left_out(study) == {("zoe", "admin_site")}


def test_a_role_raised_by_an_invitation_and_lowered_again_is_not_forgotten(
    study, paper, round, ada, ben, cleo
):
    give(paper, ben, round, ada)
    submit(paper, ben, round)
    invitations.accept(invitations.invite(study, role="lead", by=ada), user=cleo)
    change_role(study, cleo, "reviewer", ada)
    give(paper, cleo, round, ada)
    submit(paper, cleo, round)
    assert left_out(study) == {("cleo", "lead")}


def test_a_lead_who_was_blind_as_long_as_they_led_is_independent(
    study, paper, round, ada, ben, cleo
):
    change_role(study, cleo, "lead", ada)
    assignments.hand_out(round, papers=[paper], reviewers=[ben, cleo], per_paper=2, by=ada)
    submit(paper, ben, round)
    change_role(study, cleo, "reviewer", ada)
    assignments.withdraw(round.assignments.filter(reviewer=cleo), by=ada, reason="Ill")
    give(paper, cleo, round, ada)
    submit(paper, cleo, round)
    assert left_out(study) == set()


def test_a_second_round_of_a_paper_is_not_independent_for_those_who_could_read_after_the_first(
    study, paper, round, ada, ben, cleo
):
    assignments.hand_out(round, papers=[paper], reviewers=[ben, cleo], per_paper=2, by=ada)
    submit(paper, ben, round)
    second = make_round(study, "Second")
    make_assignment(paper, cleo, round=second)  # blind until both are in
    submit(paper, cleo, round)
    submit(paper, cleo, second)
    submit(paper, ben, second)
    sheet = Sheet(study, everything(study))
    assert {(one.reviewer, one.round) for one in sheet.not_independent} == {(ben.pk, second.pk)}
    assert left_out(study) == {("ben", "coded_before")}


@pytest.mark.parametrize("is_closed", [False, True])
def test_where_the_round_has_to_close_first_a_second_one_is_independent_while_it_is_open(
    study, paper, round, ada, ben, cleo, is_closed
):
    settings(study, ada, others_visible="closed")
    assignments.hand_out(round, papers=[paper], reviewers=[ben, cleo], per_paper=2, by=ada)
    for reader in (ben, cleo):
        submit(paper, reader, round)
    second = make_round(study, "Second")
    if is_closed:
        lifecycle.close_round(round, by=ada)
        lifecycle.reopen_round(round, by=ada, reason="Too early")
    give(paper, ben, second, ada)
    submit(paper, ben, second)
    assert left_out(study) == ({("ben", "coded_before")} if is_closed else set())


def test_an_early_look_is_one_of_the_reasons(study, paper, round, ada, ben):
    assignments.hand_out(round, papers=[paper], reviewers=[ada, ben], per_paper=2, by=ada)
    look_early(paper, round.phase, user=ada, reason="To help Ben")
    submit(paper, ben, round)
    submit(paper, ada, round)
    assert left_out(study) == {("ada", "early_look")}


def test_a_reopened_summary_counts_by_its_first_submission(study, paper, round, ada, ben, cleo):
    assignments.hand_out(round, papers=[paper], reviewers=[ben, cleo], per_paper=2, by=ada)
    submit(paper, ben, round)
    submit(paper, cleo, round)
    again = drafts.reopen(round.assignments.get(reviewer=ben), by=ada, reason="A page is missing")
    drafts.submit(again, by=ben)
    assert left_out(study) == set()


def test_taking_over_from_somebody_who_drops_out_asks_the_same(study, paper, round, ada, ben, cleo):
    assignments.hand_out(round, papers=[paper], reviewers=[ben, cleo], per_paper=2, by=ada)
    submit(paper, ben, round)
    proposal = propose_hand_over(round, reviewer=cleo, to=[ada])
    assert [(user, one) for user, one, _ in proposal.not_independent] == [(ada, paper)]
    hand_over(round, reviewer=cleo, to=[ada], by=ada, reason="Ill")
    submit(paper, ada, round)
    assert left_out(study) == {("ada", "lead")}


def test_no_later_act_takes_it_away(study, paper, round, ada, ben, cleo):
    change_role(study, cleo, "lead", ada)
    give(paper, ben, round, ada)
    submit(paper, ben, round)
    give(paper, cleo, round, ada)
    change_role(study, cleo, "reviewer", ada)
    assignments.undo_hand_out(round, by=ada)
    assert not round.assignments.filter(reviewer=cleo).exists()
    give(paper, cleo, make_round(study, "Again"), ada)
    submit(paper, cleo, study.rounds.get(name="Again"))
    assert left_out(study) == {("cleo", "lead")}


def test_a_round_opened_again_gives_nothing_back_to_somebody_who_led_meanwhile(
    study, paper, round, ada, ben, cleo
):
    assignments.hand_out(round, papers=[paper], reviewers=[ben, cleo], per_paper=2, by=ada)
    submit(paper, ben, round)
    lifecycle.close_round(round, by=ada)
    change_role(study, cleo, "lead", ada)
    change_role(study, cleo, "reviewer", ada)
    assert lifecycle.reopen_round(round, by=ada, reason="Too early") == 0


def test_whoever_ran_the_server_before_joining_is_not_independent(study, paper, round, ada, ben):
    give(paper, ben, round, ada)
    submit(paper, ben, round)
    root = make_user("root")
    root.is_staff = root.is_superuser = True
    root.save()
    Membership.objects.create(study=study, user=root, role="reviewer", joined_at=timezone.now())
    give(paper, root, round, ada)
    submit(paper, root, round)
    assert left_out(study) == {("root", "admin_site")}


# Imports


def test_codings_imported_for_a_lead_who_could_read_the_others_are_not_independent(
    study, paper, round, ada, ben
):
    give(paper, ben, round, ada)
    submit(paper, ben, round)
    row = f"{paper.key},ada,method,Survey,2020-01-01T10:00:00Z"
    head = "paper,reviewer,section,value,submitted_at"
    checked = take(study, ada, row, head=head, is_dry_run=True)
    assert checked["not_independent"] == [{"reviewer": "ada", "paper": paper.key, "why": "lead"}]
    assert "Ada Lead could read others' answers on this paper before" in checked["notes"][-1]
    assert not PriorAccess.objects.exists()
    take(study, ada, row, head=head)
    assert left_out(study) == {("ada", "lead")}


def test_an_early_look_counts_for_imported_codings_whatever_date_they_bear(
    study, paper, round, ada, ben
):
    assignments.hand_out(round, papers=[paper], reviewers=[ada, ben], per_paper=2, by=ada)
    submit(paper, ben, round)
    look_early(paper, round.phase, user=ada, reason="Curious")
    row = f"{paper.key},ada,method,Survey,2020-01-01T10:00:00Z"
    take(study, ada, row, head="paper,reviewer,section,value,submitted_at", round_name="Main")
    assert left_out(study) == {("ada", "early_look")}


def test_codings_of_one_file_and_those_of_people_who_cannot_sign_in_stay_as_they_are(
    study, paper, ada
):
    rows = [f"{paper.key},{name},method,Survey" for name in ("ada", "ben", "one", "two")]
    take(study, ada, *rows, may_create=True)
    take(study, ada, f"{paper.key},one,method,Survey", round_name="Again", may_create=True)
    assert left_out(study) == set()


def test_an_account_that_came_with_a_file_and_is_taken_over_could_read_after_its_codings(
    study, paper, ada
):
    take(
        study,
        ada,
        f"{paper.key},one,method,Survey",
        f"{paper.key},two,method,Survey",
        may_create=True,
    )
    one = study.memberships.get(user__username="one").user
    one.set_password("now somebody signs in here")
    one.save()
    second = make_round(study, "Second")
    give(paper, one, second, ada)
    submit(paper, one, second)
    assert left_out(study) == {("one", "coded_before")}


def test_filled_in_templates_of_a_lead_who_could_read_the_others_are_not_independent(
    study, paper, round, ada, ben
):
    give(paper, ben, round, ada)
    submit(paper, ben, round)
    text = f"# Summary\n\n## Paper Title: {paper.title}\n\n## Challenges\n\n- Cost\n"
    outcome = import_summaries(study, files=[("one.md", text.encode())], reviewer=ada, by=ada)
    assert "does not count as independent" in outcome["not_independent"][0]
    drafts.submit(Summary.objects.get(origin="template"), by=ada)
    assert left_out(study) == {("ada", "lead")}


# The command


def test_the_command_warns_in_its_plan_and_records_what_it_hands_out(study, paper, round, ada, ben):
    give(paper, ben, round, ada)
    submit(paper, ben, round)
    arguments = ["assign", study.slug, "--round", "Second", "--reviewers", "ada", "--json"]
    Assignment.objects.filter(reviewer=ben).update(withdrawn_at=timezone.now())
    out = StringIO()
    call_command(*arguments, "--dry-run", stdout=out)
    planned = json.loads(out.getvalue())
    assert planned["not_independent"] == [{"reviewer": "ada", "paper": paper.key, "why": "lead"}]
    assert not PriorAccess.objects.exists()
    out = StringIO()
    call_command(*arguments[:-1], "--dry-run", stdout=out)
    assert "Ada Lead could read others' answers on this paper before" in out.getvalue()
    call_command(*arguments, stdout=StringIO())
    assert set(PriorAccess.objects.values_list("user", "paper")) == {(ada.pk, paper.pk)}


# Whatever way


def test_a_paper_that_came_into_her_hands_another_way_is_found_when_she_submits(
    study, paper, round, ada, ben
):
    make_summary(paper, ben, round=round, answers=SAID)
    submit(paper, ada, round)
    assert left_out(study) == {("ada", "lead")}
    assert LogEntry.objects.get(act="not-independent").by is None


def test_records_older_than_the_table_tell_who_could_read_and_who_could_not(
    study, paper, round, ada, ben, cleo
):
    """What the migration works out, and an older bundle's import."""
    change_role(study, cleo, "lead", ada)
    assignments.hand_out(round, papers=[paper], reviewers=[ada, ben], per_paper=2, by=ada)
    withdrawn, later = make_paper(study, "Withdrawn"), make_paper(study, "Later")
    assignments.hand_out(round, papers=[withdrawn], reviewers=[ada, ben], per_paper=2, by=ada)
    for one in (paper, withdrawn):
        submit(one, ben, round)
    assignments.withdraw(
        round.assignments.filter(reviewer=ada, paper=withdrawn), by=ada, reason="To read it"
    )
    give(withdrawn, ada, round, ada)
    give(paper, cleo, round, ada)
    give(later, ben, round, ada)
    change_role(study, cleo, "reviewer", ada)
    submit(later, ben, round)
    give(later, cleo, round, ada)
    for reader, one in ((ada, paper), (ada, withdrawn), (cleo, paper), (cleo, later)):
        submit(one, reader, round)
    recorded = set(PriorAccess.objects.values_list("paper", "phase", "user", "why"))
    assert {(one, user) for one, _, user, _ in recorded} == {
        (withdrawn.pk, ada.pk),
        (paper.pk, cleo.pk),
    }
    PriorAccess.objects.all().delete()
    migration = import_module("reviews.migrations.0004_record_who_could_read_before")
    with connection.schema_editor() as schema_editor:
        migration.fill(apps, schema_editor)
    assert set(PriorAccess.objects.values_list("paper", "phase", "user", "why")) == recorded


# What leaves, and comes back


@pytest.fixture
def mixed(study, paper, round, ada, ben, cleo):
    """Two papers that Ben and Cleo coded blind; Ada came later, having read theirs."""
    other = make_paper(study, "Another")
    assignments.hand_out(round, papers=[paper, other], reviewers=[ben, cleo], per_paper=2, by=ada)
    for one, answers in (
        (paper, SAID),
        (other, {"challenges": ["Talent"], "method": "Experiment"}),
    ):
        submit(one, ben, round, answers)
        submit(one, cleo, round, answers)
    assignments.hand_out(round, papers=[paper], reviewers=[ada], per_paper=3, by=ada)
    submit(paper, ada, round, {"challenges": ["Cost"], "method": "Case study"})
    return study


def figures(study):
    found = agreement_tables.of_study(study, list(study.rounds.select_related("phase")))
    return {
        one["section"]: (one["raters"], one["not_independent"], one["coefficients"])
        for one in found["sections"]
    }


def table(study, name):
    text = b"".join(piece.encode() for piece in writer.pages(name, scope_of_all(study))).decode(
        "utf-8-sig"
    )
    return list(csv.DictReader(io.StringIO(text)))


def test_figures_leave_them_out_and_count_them_live_and_frozen(mixed, round, ada):
    live = figures(mixed)
    raters, apart, coefficients = live["method"]
    assert (raters, apart, coefficients["krippendorff_alpha"]["value"]) == (2, 1, 1)
    assert live["cases"][1] == 0  # she left it blank
    lifecycle.close_round(round, by=ada)
    round.refresh_from_db()
    assert round.frozen_agreement["not_independent"] == 1
    assert round.frozen_agreement["why_not_independent"] == {"lead": 1}
    assert figures(mixed) == live


def test_files_say_which_and_how_many(mixed):
    why = {
        (row["reviewer"], row["paper"]): row["not_independent"]
        for row in table(mixed, "summaries.csv")
    }
    keys = dict(mixed.papers.values_list("title", "key"))
    assert {pair for pair, word in why.items() if word} == {("ada", keys["Drift in practice"])}
    assert set(why.values()) == {"", "lead"}
    counts = {row["section"]: row["not_independent"] for row in table(mixed, "agreement.csv")}
    assert (counts["method"], counts["challenges"], counts["cases"]) == ("1", "1", "0")
    assert {row["not_independent"] for row in table(mixed, "agreement_codes.csv")} == {"1"}
    reports = agreement_tables.of_study(mixed, list(mixed.rounds.select_related("phase")))[
        "sections"
    ]
    told = (
        "Not independent and left out (their reviewers could read others' answers before): "
        "Challenges 1, "
    )
    assert told in agreement_tables.markdown(mixed, reports)
    assert "Challenges 1, Method 1" in agreement_tables.latex(mixed, reports)


@pytest.mark.parametrize("is_old", [False, True])
def test_a_bundle_brings_the_same_agreement_back_also_an_older_one(mixed, is_old):
    target = io.BytesIO()
    writer.write(scope_of_all(mixed), target)
    if is_old:
        target = without_the_record(target)
    here = restore(target).study
    assert figures(here) == figures(mixed)
    assert [row["not_independent"] for row in table(here, "summaries.csv")] == [
        row["not_independent"] for row in table(mixed, "summaries.csv")
    ]
    assert here.log.filter(act="not-independent").count() == 1


def test_who_brings_a_bundle_in_has_had_the_others_answers_in_their_hands(
    study, paper, round, ada, ben, cleo
):
    unread = make_paper(study, "Nobody was done")
    for one in (paper, unread):
        assignments.hand_out(round, papers=[one], reviewers=[ben, cleo], per_paper=2, by=ada)
    submit(paper, cleo, round)
    target, zoe = io.BytesIO(), make_user("zoe")
    writer.write(scope_of_all(study), target)
    here = restore(target, by=zoe, known={"ben": zoe}, lead=zoe).study
    for one in here.papers.all():
        submit(one, zoe, here.rounds.get())
    assert left_out(here) == {("zoe", "lead")}
    assert [row.paper.title for row in PriorAccess.objects.filter(paper__study=here)] == [
        paper.title
    ]
    assert here.log.filter(act="not-independent", by=zoe).count() == 1


def without_the_record(bundle):
    """As Concord wrote it before it kept who could read what: without the file and without the
    columns.
    """
    older = io.BytesIO()
    with zipfile.ZipFile(bundle) as source, zipfile.ZipFile(older, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "summaries.csv":
                rows = [row[:-1] for row in csv.reader(io.StringIO(content.decode()))]
                written = io.StringIO()
                csv.writer(written).writerows(rows)
                content = written.getvalue().encode()
            if name != "prior_access.csv":
                target.writestr(name, content)
    return older


def test_the_methods_text_and_the_checklist_do_not_vouch_for_them(mixed, round, ada, as_user):
    lifecycle.close_round(round, by=ada)
    shown = html.unescape(as_user(ada).get(reverse("methods", args=[mixed.slug])).content.decode())
    assert (
        "before they had submitted their own, but for 1 summary whose reviewer could read others' "
        "answers on the paper "
        "before (1 as lead of the study), which no figure of agreement counts." in shown
    )
    assert (
        "1 summary was left out as not independent, since the reviewer could read others' answers"
        in shown
    )
    assert "every reviewer whose answers count as independent worked without access" in shown
    assert "2 papers read by two or more; 1 summary not independent and left out" in shown


def test_figures_kept_before_it_was_known_say_so(mixed, round, ada, as_user):
    PriorAccess.objects.all().delete()
    lifecycle.close_round(round, by=ada)
    PriorAccess.objects.bulk_create(reconstruct(apps, mixed))
    for page in ("methods", "agreement"):
        shown = html.unescape(as_user(ada).get(reverse(page, args=[mixed.slug])).content.decode())
        assert "1 of the summaries behind these figures is not independent: that" in shown
        assert "every reviewer worked without access" not in shown


def test_feedback_leaves_out_what_was_said_after_reading_the_others(mixed, ada, ben):
    unanimous.settle(mixed, by=ada)
    study_settings.release(mixed, by=ada)
    mixed.refresh_from_db()
    for user, told in ((ada, (0, 1)), (ben, (2, 0))):
        found = {one.section.key: one for one in feedback_for(membership_of(user, mixed))}[
            "challenges"
        ]
        assert (found.papers, found.not_independent) == told


# Where it is shown


def test_pages_say_whose_reading_is_not_independent_and_why(mixed, paper, round, ada, ben, as_user):
    def shown(user, name, *more, **query):
        page = as_user(user).get(reverse(name, args=[mixed.slug, *more]), query)
        return " ".join(html.unescape(page.content.decode()).split())

    reason = "could read others' answers before, as lead of the study"
    assert f"not independent: {reason}" in shown(ada, "round", round.pk)
    assert "1 of these is not independent" in shown(ada, "round", round.pk)
    told = "A Ada: not independent. They could read others' answers on this paper before"
    assert told in shown(ada, "comparison", paper.key)
    assert told in shown(ben, "comparison", paper.key)
    mine = (
        "Not independent: you could read others' answers on this paper before submitting your "
        "own, as lead of"
    )
    assert mine in shown(ada, "summary", paper.key)
    assert "Not independent" not in shown(ben, "summary", paper.key)
    agreement = shown(ada, "agreement")
    assert "1 not independent, left out" in agreement
    assert agreement.count("1 not independent left out.") == 2
    settings(mixed, ada, is_anonymous=True)
    hidden = shown(ben, "comparison", paper.key)
    assert "not independent. They could read others' answers" in hidden
    assert "lead of the study" not in hidden


def test_a_round_with_more_of_them_is_shown_in_as_many_queries(
    mixed, paper, round, ada, ben, as_user, django_assert_num_queries
):
    address = reverse("round", args=[mixed.slug, round.pk])
    page = as_user(ada)
    page.get(address)
    with CaptureQueriesContext(connection) as queries:
        page.get(address)
        few = len(queries)
    for number in range(3):
        late = make_paper(mixed, f"Late {number}")
        give(late, ben, round, ada)
        submit(late, ben, round)
        give(late, ada, round, ada)
    page.get(address)
    with django_assert_num_queries(few):
        page.get(address)


def test_the_overview_counts_them_beside_the_figures_of_the_last_closing(
    mixed, round, ada, as_user
):
    lifecycle.close_round(round, by=ada)
    shown = as_user(ada).get(reverse("overview", args=[mixed.slug])).content.decode()
    assert shown.count("1 not independent left out") == 2


@pytest.mark.django_db(transaction=True)
def test_who_submits_while_the_paper_is_handed_to_a_lead_is_not_read_in_between(study, ada, ben):
    """Handing out locks the papers before it asks; a submission that comes meanwhile waits for its
    commit.
    """
    round, paper = make_round(study), make_paper(study)
    give(paper, ben, round, ada)
    draft = make_summary(paper, ben, round=round, submitted=False, answers=SAID)
    has_asked, has_tried, could_read = Event(), Event(), []

    def submitting():
        has_asked.wait(10)
        drafts.submit(Summary.objects.get(pk=draft.pk), by=ben)
        has_tried.set()
        connection.close()

    other = Thread(target=submitting)
    other.start()
    with transaction.atomic():
        give(paper, ada, round, ada)
        has_asked.set()
        assert not has_tried.wait(1)
        could_read += visible_summaries(membership_of(ada, study), paper)
    other.join()
    assert (could_read, PriorAccess.objects.count()) == ([], 0)
    submit(paper, ada, round)
    assert left_out(study) == set()
