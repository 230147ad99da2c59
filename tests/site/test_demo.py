"""The demo study: made once, by the acts, with something on every page."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from mapping.models import Finding, Study
from reviews.models import Assignment, Resolution, Round, Summary


def demo(*arguments):
    out = StringIO()
    call_command("demo", "--json", *arguments, stdout=out)
    return json.loads(out.getvalue())


def test_the_demo_study_is_made_once(db):
    first, second = demo(), demo()

    assert (first["is_new"], second["is_new"]) == (True, False)
    assert first["accounts"] == second["accounts"]
    assert {account["role"] for account in first["accounts"]} == {"lead", "reviewer", "observer"}
    assert Study.objects.count() == 1


def test_the_demo_study_has_a_closed_pilot_with_differences_and_an_open_main_round(db):
    demo()

    pilot, main = Round.objects.order_by("pk")
    assert (pilot.is_closed, main.is_closed) == (True, False)
    assert Assignment.objects.awaiting().filter(round=main).exists()
    assert Summary.objects.drafts().filter(assignment__round=main).exists()
    assert set(Resolution.objects.values_list("basis", flat=True)) >= {
        "unanimous",
        "union",
        "intersection",
    }
    assert Finding.objects.exists()
    assert Study.objects.get().papers.get(key="john2021towards").year == 2021


def test_a_server_that_others_reach_gives_the_demo_accounts_no_known_password(db, settings):
    settings.PUBLIC = settings.PUBLIC._replace(netloc="concord.example.org")

    with pytest.raises(CommandError, match="--password"):
        demo()
    assert not Study.objects.exists()
    assert demo("--password", "of our own making")["password"] == "as given"
