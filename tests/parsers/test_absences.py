"""Words that stand for no answer: each is told from a code, and from each other."""

import pytest

from mapping.models import JudgementFields
from mapping.parsers.absences import AMBIGUOUS, read_absence


@pytest.mark.parametrize(
    "text",
    [
        *(
            "NA",
            "na",
            "N/A",
            "n/a",
            "n / a",
            "N.A.",
            "n. a.",
            "Ｎ／Ａ",
            "(n/a)",
            "*N/A*",
            "N/A.",
            "n\u200b/a",
        ),
        *("-", "--", "–", "—", "−", " - ", "‑", "- -", "(-)"),
        *(
            "not reported",
            "Not reported.",
            "not_reported",
            "NOT-REPORTED",
            "not   reported",
            "NR",
            "n.r.",
        ),
        *(
            "not given",
            "not stated",
            "not mentioned",
            "not available",
            "not specified",
            "Not explicitly stated",
        ),
        *(
            "not mentioned in the paper",
            "Not reported by the authors",
            "none reported",
            "no information",
        ),
        *("k. A.", "keine Angabe"),
    ],
)
def test_words_for_not_reported(text):
    assert read_absence(text) == "not_reported"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        *[
            (text, "not_applicable")
            for text in ("not applicable", "Not-applicable", "not_applicable", "Does not apply")
        ],
        *[
            (text, "unclear")
            for text in ("unclear", "Unclear.", "UNCLEAR", "not clear", "Not entirely clear")
        ],
        *[
            (text, "none_apply")
            for text in (
                "none",
                "None",
                "NONE.",
                "none_apply",
                "none of the codes",
                "None of these",
            )
        ],
        *[
            (text, "none_apply")
            for text in ("None of the above", "none of the codes apply", "none applies")
        ],
    ],
)
def test_words_for_the_other_absences(text, meaning):
    assert read_absence(text) == meaning


@pytest.mark.parametrize(
    "text",
    [
        *(
            "?",
            "??",
            "(?)",
            "TBD",
            "tbd.",
            "T.B.D.",
            "TBA",
            "TODO",
            "to be determined",
            "xxx",
            "…",
            "...",
            "/",
        ),
        *(
            "#N/A",
            "#n/a",
            "#REF!",
            "#VALUE!",
            "#NAME?",
            "#DIV/0!",
            "#NV",
            "NaN",
            "null",
            "nil",
            "unknown",
            "n.d.",
        ),
        *("nothing", "Not sure", "don't know", "none found"),
    ],
)
def test_words_that_give_no_reason_are_ambiguous(text):
    assert read_absence(text) is AMBIGUOUS


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "   ",
            "Docker",
            "Nautilus",
            "NATS",
            "Nona",
            "no",
            "yes",
            "0",
            "C",
            "C++",
            "#challenge",
            "unclear labels",
        ),
        *(
            "none of the tools scale",
            "Not invented here",
            "N/A values in the data",
            "not reported to the lead",
        ),
        *(
            "Missing values",
            "Unknown unknowns",
            "nothing but Docker",
            "Not applicable to small teams",
            "R",
            "日本",
        ),
    ],
)
def test_answers_are_not_read_as_absences(text):
    assert read_absence(text) is None


@pytest.mark.parametrize("absence", JudgementFields.Absence)
def test_every_absence_of_the_database_is_read_by_its_name_and_its_label(absence):
    assert read_absence(absence.value) == read_absence(absence.label) == absence.value


def test_long_texts_are_answers():
    assert read_absence("not " * 100_000) is None
