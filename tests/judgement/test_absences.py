"""One enumeration of the absences: whatever lists them reads it."""

from mapping.judgement import absences
from mapping.models import JudgementFields
from mapping.parsers.absences import read_absence
from reviews.agreement import statistics
from reviews.exchange.importing import rows


def test_the_models_the_parsers_and_the_statistics_know_the_same_absences():
    assert JudgementFields.Absence.choices == list(absences.CHOICES)
    assert statistics.ABSENCES == absences.NAMES
    assert (*absences.NAMES, absences.NONE_APPLY) == rows.ABSENCES


def test_every_absence_is_read_by_its_name_and_by_its_words():
    for absence in absences.Absence:
        for words in (absence.value, absence.label, absence.label.upper() + "."):
            assert read_absence(words) == absence


def test_words_are_listed_as_people_list_them():
    assert absences.listed(["a"]) == "a"
    assert absences.listed(["a", "b"]) == "a and b"
    assert absences.listed(["a", "b", "c"], "or") == "a, b or c"
