"""What was declared of how agreement is judged, in words, and which changes came late."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from mapping.models import LogEntry, Section
from reviews.agreement.declarations import (
    change_in_words,
    in_words,
    late_changes,
    values,
    with_changes,
)
from reviews.codebook.declare import declare
from tests.making import make_paper, make_summary


@pytest.mark.parametrize(
    ("coefficient", "target", "words"),
    [
        (None, None, "nothing"),
        ("", None, "nothing"),
        ("fleiss_kappa", None, "Fleiss' kappa"),
        ("gwet_ac2", 0.8, "Gwet's AC2, target 0.8"),
        (None, 0.75, "no coefficient, target 0.75"),
        ("", 0, "no coefficient, target 0"),
        ("krippendorff_alpha", 0.667, "Krippendorff's alpha, target 0.667"),
    ],
)
def test_a_declaration_is_told_in_words(coefficient, target, words):
    assert in_words({"coefficient": coefficient, "target": target}) == words


def test_the_values_of_a_section_are_what_is_kept_of_it():
    declared = Section(primary_coefficient="gwet_ac1", agreement_target=0.7)

    assert values(declared) == {"coefficient": "gwet_ac1", "target": 0.7}
    assert values(Section()) == {"coefficient": None, "target": None}


def test_a_change_has_its_day_and_both_sides(settings):
    entry = SimpleNamespace(
        at=datetime(2026, 5, 1, 23, 30, tzinfo=UTC),
        facts={
            "before": {"coefficient": None, "target": None},
            "after": {"coefficient": "gwet_ac1", "target": 0.7},
        },
    )

    settings.TIME_ZONE = "UTC"
    assert change_in_words(entry) == "1 May 2026, nothing became Gwet's AC1, target 0.7"
    settings.TIME_ZONE = "Europe/Berlin"
    assert change_in_words(entry).startswith("2 May 2026, "), "the day of whoever reads it"


def test_changes_after_the_first_submission_stand_with_their_section_oldest_first(study, ada, ben):
    method, cases = (study.sections.get(key=key) for key in ("method", "cases"))
    declare(method, by=ada, coefficient="fleiss_kappa", target=None)
    assert not late_changes(study), "what is declared in time is no change"
    make_summary(make_paper(study), ben, answers={"method": "Survey"})
    for target in (0.6, 0.7):
        declare(method, by=ada, coefficient="fleiss_kappa", target=target)
    declare(cases, by=ada, coefficient="krippendorff_alpha", target=0.8)
    LogEntry.objects.record(study, ada, "declaration-changed", "Withheld.", section="method")

    late = late_changes(study)
    assert {key: len(entries) for key, entries in late.items()} == {"method": 2, "cases": 1}
    of_method, nothing = with_changes([{"section": "method"}, {"section": "replicable"}], late)
    assert [text.partition(", ")[2] for text in of_method["changed_late"]] == [
        "Fleiss' kappa became Fleiss' kappa, target 0.6",
        "Fleiss' kappa, target 0.6 became Fleiss' kappa, target 0.7",
    ]
    assert nothing["changed_late"] == []
