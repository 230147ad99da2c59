"""The command that hands out papers."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from mapping.models import LogEntry
from reviews.models import Assignment, Round
from tests.making import make_paper, make_phase, make_round


def assign(study, *arguments):
    out = StringIO()
    call_command("assign", study.slug, *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


@pytest.fixture
def papers(study):
    return [make_paper(study) for _ in range(6)]


def test_a_round_is_opened_and_its_papers_are_handed_out_to_all_who_code(study, papers):
    outcome = assign(study, "--round", "Main round")
    assert (outcome["assigned"], outcome["papers"], outcome["loads"]) == (
        12,
        6,
        {"ada": 4, "ben": 4, "cleo": 4},
    )
    assert sorted((*pair["reviewers"], pair["papers"]) for pair in outcome["pairs"]) == [
        ("ada", "ben", 2),
        ("ada", "cleo", 2),
        ("ben", "cleo", 2),
    ]
    assert (outcome["problems"], outcome["own"]) == ([], [])
    assert Assignment.objects.filter(round__name="Main round").count() == 12
    assert set(LogEntry.objects.values_list("act", flat=True)) == {"create-round", "hand-out"}


@pytest.mark.parametrize(
    ("name", "kind"), [("Pilot 1", "pilot"), ("calibration", "calibration"), ("Second", "main")]
)
def test_the_kind_of_a_new_round_follows_from_its_name(study, papers, name, kind):
    assign(study, "--round", name)
    assert Round.objects.get().kind == kind


def test_a_dry_run_reports_the_plan_and_writes_nothing(study, papers):
    planned = assign(study, "--round", "Main", "--seed", "4", "--dry-run")
    assert (planned["assigned"], planned["dry_run"]) == (12, True)
    assert (Round.objects.count(), Assignment.objects.count(), LogEntry.objects.count()) == (
        0,
        0,
        0,
    )
    done = assign(study, "--round", "Main", "--seed", "4")
    assert {**done, "dry_run": True} == planned


def test_the_same_seed_gives_the_same_plan(study, papers):
    plans = []
    for _ in range(2):
        assign(study, "--round", "Main", "--seed", "9", "--overlap", "50")
        plans.append(set(Assignment.objects.values_list("paper", "reviewer")))
        Round.objects.all().delete()
    assert plans[0] == plans[1]
    assert len(plans[0]) == 9


def test_overlap_reviewers_and_a_sample_are_chosen(study, papers):
    outcome = assign(
        study,
        "--round",
        "Pilot",
        "--papers",
        "4",
        "--reviewers",
        "ben",
        "cleo@example.org",
        "--overlap",
        "25",
    )
    assert (outcome["papers"], outcome["assigned"], outcome["loads"]) == (4, 5, outcome["loads"])
    assert set(outcome["loads"]) == {"ben", "cleo"}


def test_a_second_run_hands_out_nothing_twice(study, papers):
    assign(study, "--round", "Main")
    assert assign(study, "--round", "Main")["assigned"] == 0
    assert Assignment.objects.count() == 12


def test_missing_reviewers_and_own_papers_are_reported(study):
    make_paper(study, key="own", authors="Reviewer, Ben")
    outcome = assign(study, "--round", "Main", "--reviewers", "ben")
    assert outcome["own"] == [{"paper": "own", "reviewer": "ben"}]
    assert [(one["paper"], one["missing"]) for one in outcome["problems"]] == [("own", 2)]
    assert "ben" in outcome["problems"][0]["reason"]


def test_capacity_is_kept(study, papers):
    outcome = assign(study, "--round", "Main", "--capacity", "3")
    assert outcome["loads"] == {"ada": 3, "ben": 3, "cleo": 3}
    assert sum(one["missing"] for one in outcome["problems"]) == 3


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--round", "Main", "--per-paper", "0"], "at least one reviewer"),
        (["--round", "Main", "--overlap", "120"], "percentage"),
        (["--round", "Main", "--reviewers", "nobody"], "no user “nobody”"),
        (["--round", "Main", "--reviewers", "olga"], "olga"),
        (["--round", "Main", "--reviewers", "zoe"], "zoe"),
        (["--round", "Main", "--phase", "nowhere"], "Phases here: coding"),
        (["--round", " "], "blank"),
        (["--round", "x" * 200], "100 characters"),
        ([], "--round"),
    ],
)
def test_wrong_input_is_one_line_and_writes_nothing(study, papers, zoe, arguments, why):
    with pytest.raises(CommandError) as refused:
        assign(study, *arguments)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)
    assert (Round.objects.count(), LogEntry.objects.count()) == (0, 0)


def test_an_unknown_study_and_a_round_of_another_phase_are_refused(study, papers):
    make_round(study, "Screening", phase=make_phase(study, "screening"))
    with pytest.raises(CommandError, match="belongs to the phase “screening”"):
        assign(study, "--round", "Screening", "--phase", "coding")
    with pytest.raises(CommandError, match="no study"):
        call_command("assign", "nowhere", "--round", "Main")


def test_the_report_for_people_says_who_reads_how_much(study, papers):
    out = StringIO()
    call_command("assign", study.slug, "--round", "Main", stdout=out)
    report = out.getvalue()
    assert "6 papers in “Main”, 12 assignments handed out." in report
    assert "ben: 4 in all" in report
    assert "ada and ben share 2" in report
