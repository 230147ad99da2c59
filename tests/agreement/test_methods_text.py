"""The paragraph for the methods section, and the tables for a paper: no database, reports in and
text out.
"""

import pytest

from mapping.judgement.kinds import CODED, KINDS
from mapping.models import Study
from reviews.agreement import measures
from reviews.agreement.methods_text import methods, reasons
from reviews.agreement.tables import (
    COLUMNS,
    HEADINGS,
    coefficient_row,
    latex,
    markdown,
    notes,
    percent_row,
    table_rows,
)
from tests.agreement.rated import rated_section
from tests.agreement.test_measures import nothing_kept, numbers, one_code, stages  # noqa: F401

_ = None


def report(rated, *, changed_late=(), **facts):
    found = measures.report(rated, phase="coding", round="Pilot")
    return found | {"changed_late": list(changed_late), **facts}


def paragraph(reports, **facts):
    usual = {
        "round_name": "the round “Pilot”",
        "not_independent": {},
        "summaries": 8,
        "imported": 0,
    }
    return methods(reports, **usual | facts)


def test_the_paragraph_counts_papers_reviewers_and_items():
    two = [report(one_code()), report(stages())]

    assert paragraph(two).startswith(
        "In the round “Pilot”, 4 papers were coded by two or more of 2 reviewers with 2 coded "
        "items; every reviewer worked without access"
    )
    one_paper = [report(one_code([["Survey"], ["Survey"]]))]
    assert paragraph(one_paper).startswith(
        "In the round “Pilot”, 1 paper was coded by two or more of 2 reviewers with 1 coded item; "
    )


def test_there_is_no_paragraph_of_papers_that_nobody_shares():
    assert paragraph([report(one_code([["Survey"]]))]) == ""
    assert paragraph([]) == ""


@pytest.mark.parametrize("kind", CODED)
def test_the_distance_of_every_kind_is_named_once(kind):
    values = {"codes": frozenset("a"), "number": 1.0, "yes_no": True}
    value = values.get(kind, "a")
    reports = [report(rated_section(kind, [[value], [value]], ("a",)))] * 2

    assert paragraph(reports).count(KINDS[kind].metric_words) == 1


def test_all_distances_are_named_in_one_sentence():
    text = paragraph([report(one_code()), report(stages()), report(numbers([1.0], [2.0]))])

    assert (
        "with the nominal distance for single codes, the ordinal distance for stages and the "
        "squared difference for numbers, because one definition covers"
    ) in text
    assert "every scale. Blank answers" in text, "nothing else had been chosen"


def test_another_primary_coefficient_and_its_target_are_named():
    chosen = report(one_code(primary_coefficient="gwet_ac1", agreement_target=0.75))
    text = paragraph([chosen, report(stages())])

    assert "; Gwet's AC1 for “Method” had been chosen as primary coefficient." in text
    assert "Targets were 0.75 for “Method”; where an interval includes its target" in text
    assert "Targets" not in paragraph([report(stages())])
    zero = paragraph([report(one_code(agreement_target=0))])
    assert "Targets were 0 for “Method”" in zero, "a target of 0 is a target"


def test_what_has_no_place_on_a_scale_is_counted_over_all_sections():
    reports = [
        report(stages(left_out={"unclear": 2, "not_applicable": 1})),
        report(numbers([1.0], [2.0], left_out={"unclear": 4})),
    ]

    assert "have no place and are left out (7 here)." in paragraph(reports)
    assert "are left out (0 here)." in paragraph([report(one_code())])


@pytest.mark.parametrize(
    ("left_out", "since", "sentences"),
    [
        (
            {"early_look": 1},
            0,
            ["1 summary was left out as not independent", "submitting their own: 1 "],
        ),
        (
            {"lead": 2, "early_look": 1},
            0,
            ["3 summaries were left out as not independent"],
        ),
        ({}, 1, ["1 of the summaries behind these figures is not independent: "]),
        ({}, 2, ["2 of the summaries behind these figures are not independent: "]),
    ],
)
def test_what_is_not_independent_is_said_and_the_others_are_vouched_for(left_out, since, sentences):
    text = paragraph([report(one_code())], not_independent=left_out, known_since=since)

    for sentence in sentences:
        assert sentence in text
    assert "every reviewer whose answers count as independent worked without access" in text
    assert "whose answers count" not in paragraph([report(one_code())])
    assert "left out as not independent" not in paragraph([report(one_code())])


def test_reasons_are_counted_in_words_and_none_without_a_summary():
    text = reasons({"lead": 2, "early_look": 1, "observer": 0})

    assert text.startswith("1 ")
    assert ", 2 " in text
    assert "0 " not in text


@pytest.mark.parametrize(
    ("imported", "said"),
    [
        (0, "reliability was computed from these first submissions alone."),
        (3, "but 3 of 8 summaries were imported from files, and how independently these were made"),
        (8, "their codings were imported from files, so how independently"),
    ],
)
def test_only_what_was_coded_here_is_vouched_for(imported, said):
    text = paragraph([report(one_code())], imported=imported)

    assert said in text
    assert ("worked without access" in text) == (imported < 8)


def test_a_late_declaration_stands_in_the_paragraph():
    late = report(one_code(), changed_late=["1 May 2026, nothing became Gwet's AC1"])

    assert (
        "declaration of coefficient and target was changed for “Method” (1 May 2026, nothing "
        "became Gwet's AC1)."
    ) in paragraph([late])


# Tables for a paper


def test_a_row_for_print_has_two_decimals_and_says_what_is_undefined():
    defined = report(one_code(primary_coefficient="gwet_ac1"))
    undefined = report(one_code([["Survey", "Survey"], ["Survey", "Survey"]]))
    nobody = report(one_code([["Survey"]]))
    ac1 = defined["coefficients"]["gwet_ac1"]

    assert list(table_rows([defined, undefined, nobody])) == [
        [
            "Method",
            "Gwet's AC1 (nominal)",
            f"{ac1['value']:.2f}",
            f"[{ac1['low']:.2f}, {ac1['high']:.2f}]",
            "50%",
            "4",
            "2",
        ],
        [
            "Method",
            "Krippendorff's alpha (nominal)",
            "undefined: no variation: every rating is the same",
            "–",
            "100%",
            "2",
            "2",
        ],
        [
            "Method",
            "Krippendorff's alpha (nominal)",
            "undefined: only one rater coded papers",
            "–",
            "–",
            "0",
            "0",
        ],
    ]


def test_notes_stand_below_the_table_only_where_there_is_something_to_note():
    late = report(one_code(), changed_late=["1 May, a became b", "2 May, b became c"])
    left = report(stages(), not_independent=2)

    assert list(notes([report(one_code())])) == []
    assert list(notes([late, left])) == [
        "Not independent and left out (their reviewers could read others' answers before): "
        "Method 2.",
        "* Method: declared after the first submission: 1 May, a became b; 2 May, b became c.",
    ]
    assert next(iter(table_rows([late])))[0] == "Method*"


def test_markdown_and_latex_have_the_same_cells():
    reports = [report(one_code()), report(stages(), changed_late=["1 May, a became b"])]
    study = Study(statistics_off_reason="")
    lines = markdown(study, reports).splitlines()
    rows = list(table_rows(reports))

    assert lines[0] == f"| {' | '.join(HEADINGS)} |"
    assert lines[1] == "| --- | --- | ---: | --- | ---: | ---: | ---: |"
    assert [line.replace("\\*", "*").strip("| ").split(" | ") for line in lines[2:4]] == rows
    assert lines[4:] == ["", "\\* Method: declared after the first submission: 1 May, a became b."]
    tex = latex(study, reports)
    for row in rows:
        assert f"{row[2]} & {row[3]} & {row[4].replace('%', chr(92) + '%')} & {row[5]}" in tex
    assert r"\begin{tabular}{llllrrr}" in tex
    assert tex.count("declared after the first submission") == 1


def test_csv_rows_hold_what_the_report_holds_under_its_headings():
    found = report(
        one_code(primary_coefficient="gwet_ac1", agreement_target=0.6, not_independent=3),
        changed_late=["1 May, a became b", "2 May, b became c"],
    )
    names = [column.name for column in COLUMNS]

    def cells(row):
        return dict(zip(names, row, strict=True))

    common = {
        **{name: found[name] for name in ("phase", "round", "section", "kind")},
        "not_independent": 3,
    }
    assert cells(percent_row(found)) == common | {
        "coefficient": "percent_agreement",
        "metric": "",
        "value": 0.5,
        "low": _,
        "high": _,
        "papers": 4,
        "units": 8,
        "raters": 2,
        "reason": "",
        "is_primary": False,
        "target": _,
        "replicates": _,
        "changed_late": "",
    }
    for name, figure in found["coefficients"].items():
        is_primary = name == "gwet_ac1"
        assert cells(coefficient_row(found, name)) == common | figure | {
            "coefficient": name,
            "is_primary": is_primary,
            "target": 0.6 if is_primary else _,
            "changed_late": "1 May, a became b; 2 May, b became c" if is_primary else "",
        }


def test_a_percent_agreement_that_is_undefined_says_why():
    row = percent_row(report(one_code([["Survey"]])))

    assert row[4:13] == [
        "percent_agreement",
        "",
        _,
        _,
        _,
        0,
        0,
        0,
        "no paper was coded by two raters",
    ]
