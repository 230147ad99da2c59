"""One figure, wherever it is read: pages, CSV, command, bundle and overview have it to the last
digit, and for everybody from the answers they may see.
"""

import csv
import json
import zipfile
from io import BytesIO, StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils.timezone import now

from reviews.agreement.statistics import (
    gwet_ac,
    krippendorff_alpha,
    measure,
    percent_agreement,
)
from reviews.codebook.declare import declare
from reviews.exchange.bundle.writer import write
from reviews.exchange.scope import scope_of_all
from reviews.rounds.lifecycle import close_round
from tests.agreement.rated import glance_of, visible_to
from tests.agreement.test_agreement import page
from tests.making import absent, make_assignment, make_paper, make_round, make_summary

_ = None
# Ben's and Cleo's method, codes, stage and number of cases.
SAID = [
    ("Survey", ["Talent"], "Manual", 1, "Experiment", ["Talent", "Cost"], "Manual", 2),
    ("Survey", ["Cost"], "Monitored", 7, "Survey", ["Cost"], "Automated training", 7),
    ("Experiment", None, "Manual", 3, "Experiment", ["Model drift"], "Manual", 4),
    (absent("unclear"), ["Cost"], absent("unclear"), 5, "Survey", ["Cost"], "Monitored", 5),
]
KEYS = ("method", "challenges", "maturity-stage", "cases")


@pytest.fixture
def pilot(study, ada, ben, cleo):
    declare(study.sections.get(key="maturity-stage"), by=ada, coefficient="gwet_ac2", target=0.7)
    round = make_round(study, "Pilot")
    for answers in SAID:
        paper = make_paper(study)
        for reader, said in ((ben, answers[:4]), (cleo, answers[4:])):
            make_summary(paper, reader, round=round, answers=dict(zip(KEYS, said, strict=True)))
    return round


def csv_rows(client, study, name="agreement-csv", **query):
    response = client.get(reverse(name, args=[study.slug]), query)
    content = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(StringIO(content.removeprefix("\ufeff"))))


def number(cell):
    return float(cell) if cell else None


def by_command(study):
    out = StringIO()
    call_command("agreement", study.slug, "--json", stdout=out)
    return json.loads(out.getvalue())["sections"]


def test_the_csv_has_every_figure_of_the_page_to_the_last_digit(study, ada, pilot, as_user):
    rows = csv_rows(as_user(ada), study)
    reports = visible_to(ada, study).reports(full=True)

    of_report = [
        (one["section"], name, figure)
        for one in reports
        for name, figure in [
            (
                "percent_agreement",
                {"value": one["percent_agreement"], "low": _, "high": _, "metric": ""},
            ),
            *one["coefficients"].items(),
        ]
    ]
    assert [(row["section"], row["coefficient"], row["metric"]) for row in rows] == [
        (section, name, figure["metric"]) for section, name, figure in of_report
    ]
    for row, (_section, _name, figure) in zip(rows, of_report, strict=True):
        for end in ("value", "low", "high"):
            assert number(row[end]) == figure[end]
    values = {(row["section"], row["coefficient"]): number(row["value"]) for row in rows}
    methods = [["a", "a", "b", "c"], ["b", "a", "b", "a"]]
    assert values["method", "krippendorff_alpha"] == krippendorff_alpha(methods)
    assert values["method", "percent_agreement"] == percent_agreement(methods) == 0.5
    assert values["cases", "krippendorff_alpha"] == krippendorff_alpha(
        [[1, 7, 3, 5], [2, 7, 4, 5]], "interval"
    )
    assert values["maturity-stage", "gwet_ac2"] == pytest.approx(
        gwet_ac([[0, 3, 0, _], [0, 1, 0, 3]], range(4), "quadratic")
    )


def test_the_command_prints_what_the_csv_and_the_page_have(study, ada, pilot, as_user):
    assert by_command(study) == visible_to(ada, study).reports(full=True)
    close_round(pilot, by=ada)
    study.refresh_from_db()
    kept = by_command(study)
    assert kept == visible_to(ada, study).reports(full=True)
    rows = csv_rows(as_user(ada), study)
    assert [number(row["value"]) for row in rows if row["coefficient"] == "krippendorff_alpha"] == [
        one["coefficients"]["krippendorff_alpha"]["value"] for one in kept
    ]


def test_closing_changes_no_figure(study, ada, pilot):
    live = by_command(study)
    close_round(pilot, by=ada)
    pilot.refresh_from_db()

    assert by_command(study) == live
    assert pilot.frozen_agreement["sections"] == [
        {name: value for name, value in one.items() if name != "changed_late"} for one in live
    ]


def test_the_bundle_has_the_table_of_the_page(study, ada, pilot, as_user):
    bundle = BytesIO()
    write(scope_of_all(study), bundle)
    files = zipfile.ZipFile(bundle)

    for name, url in (
        ("agreement.csv", "agreement-csv"),
        ("agreement_codes.csv", "agreement-codes-csv"),
    ):
        text = files.read(name).decode().removeprefix("\ufeff")
        assert list(csv.DictReader(StringIO(text))) == csv_rows(as_user(ada), study, url)


def test_the_section_page_has_the_figures_of_the_table(study, ada, pilot, as_user):
    client = as_user(ada)
    rows = csv_rows(client, study)

    for key in KEYS:
        shown = page(client, study, key).context["coefficients"]
        of_csv = [
            row
            for row in rows
            if row["section"] == key and row["coefficient"] != "percent_agreement"
        ]
        assert [(one["name"], one["value"], one["low"], one["high"]) for one in shown] == [
            (row["coefficient"], *(number(row[end]) for end in ("value", "low", "high")))
            for row in of_csv
        ]
        assert [one["is_primary"] for one in shown] == [row["is_primary"] == "1" for row in of_csv]
        assert sum(one["is_primary"] for one in shown) == 1


def test_the_page_of_codes_has_the_figures_of_the_table_of_codes(study, ada, pilot, as_user):
    client = as_user(ada)
    rows = {row["code"]: row for row in csv_rows(client, study, "agreement-codes-csv")}
    shown = page(client, study, "challenges").context["detail"].codes()

    assert {one["code"] for one in shown} == set(rows)
    for one in shown:
        row = rows[one["code"]]
        assert (one["value"], one["low"], one["high"]) == tuple(
            number(row[end]) for end in ("krippendorff_alpha", "low", "high")
        )
        assert (str(one["papers"]), str(one["used_by"]), one["reason"]) == (
            row["papers"],
            row["used_by"],
            row["reason"],
        )
        positive = number(row["positive_agreement"])
        assert one["positive"] == (None if positive is None else 100 * positive)


def test_rows_of_the_overview_have_the_declared_coefficient(study, ada, pilot):
    rows = {row["section"].key: row for row in visible_to(ada, study).rows()}
    reports = {one["section"]: one for one in by_command(study)}

    for key, row in rows.items():
        name = "gwet_ac2" if key == "maturity-stage" else "krippendorff_alpha"
        figure = reports[key]["coefficients"][name]
        for end in ("value", "low", "high", "reason", "metric"):
            assert row[end] == figure[end]
        share = reports[key]["percent_agreement"]
        assert row["percent"] == (None if share is None else 100 * share)
    assert (rows["maturity-stage"]["name"], rows["maturity-stage"]["target"]) == ("Gwet's AC2", 0.7)
    assert rows["maturity-stage"]["verdict"] == "too few papers to tell"
    assert rows["method"]["verdict"] == ""


def test_who_still_has_to_code_gets_the_same_figures_of_fewer_papers_everywhere(
    study, ada, ben, cleo, pilot, as_user
):
    """Ben is given the first paper again: it is closed to him, and no file has it."""
    first = study.papers.order_by("pk").first()
    make_assignment(first, ben, round=make_round(study, "Main"))
    reports = {one["section"]: one for one in visible_to(ben, study, str(pilot.pk)).reports()}
    rows = [row for row in csv_rows(as_user(ben), study) if row["round"] == "Pilot"]
    alphas = {row["section"]: row for row in rows if row["coefficient"] == "krippendorff_alpha"}

    wanted = measure([["a", "b", "c"], ["a", "b", "a"]], krippendorff_alpha, 1000, 0)
    assert number(alphas["method"]["value"]) == wanted.value
    assert reports["method"]["coefficients"]["krippendorff_alpha"]["value"] == wanted.value
    assert (number(alphas["method"]["low"]), number(alphas["method"]["high"])) == (
        wanted.low,
        wanted.high,
    )
    assert alphas["method"]["papers"] == "3"


# At a glance


def test_the_glance_shows_frozen_figures_worst_first_and_none_while_a_round_is_open(
    study, ada, olga, pilot
):
    assert glance_of(ada, study) == []
    close_round(pilot, by=ada)
    lines = glance_of(ada, study)
    reports = {one["section"]: one for one in by_command(study)}

    assert {line["section"].key for line in lines} == set(KEYS), "of what somebody answered"
    values = [line["value"] for line in lines]
    assert values == sorted(values)
    for line in lines:
        key = line["section"].key
        name = "gwet_ac2" if key == "maturity-stage" else "krippendorff_alpha"
        figure = reports[key]["coefficients"][name]
        assert [line[end] for end in ("value", "low", "high", "metric", "reason")] == [
            figure[end] for end in ("value", "low", "high", "metric", "reason")
        ]
        assert (line["round"], line["papers"]) == ("Pilot", reports[key]["papers"])
        assert line["url"].endswith(f"/{key}/?round={pilot.pk}")
        assert line["target"] == (0.7 if key == "maturity-stage" else None)
    assert glance_of(olga, study) == [], "who may not see the answers sees no figure of them"


def test_the_glance_prefers_the_newest_closed_round_that_has_answers(study, ada, ben, cleo, pilot):
    close_round(pilot, by=ada)
    main = make_round(study, "Main")
    paper = make_paper(study)
    for reader in (ben, cleo):
        make_summary(paper, reader, round=main, answers={"method": "Survey"})
    close_round(main, by=ada)
    lines = glance_of(ada, study)
    by_key = {line["section"].key: line for line in lines}

    assert {key: line["round"] for key, line in by_key.items()} == {
        "method": "Main",
        "challenges": "Pilot",
        "maturity-stage": "Pilot",
        "cases": "Pilot",
    }
    assert by_key["method"]["reason"] == "no variation: every rating is the same"
    assert lines[-1]["section"].key == "method", "what is undefined comes last"


def test_the_glance_is_silent_without_statistics_and_of_retired_sections(study, ada, pilot):
    close_round(pilot, by=ada)
    study.sections.filter(key="cases").update(retired_at=now())
    assert "cases" not in {line["section"].key for line in glance_of(ada, study)}
    study.statistics_off_reason = "We read interpretively."
    study.save()
    assert glance_of(ada, study) == []


def test_the_glance_tells_of_late_declarations(study, ada, pilot):
    close_round(pilot, by=ada)
    declare(study.sections.get(key="method"), by=ada, coefficient="fleiss_kappa", target=0.9)
    lines = {line["section"].key: line for line in glance_of(ada, study)}

    assert lines["method"]["name"] == "Fleiss' kappa"
    assert [entry.act for entry in lines["method"]["late"]] == ["declaration-changed"]
    assert lines["challenges"]["late"] == []


# Which round


def test_the_newest_round_with_answers_is_shown_unless_the_address_names_another(
    study, ada, ben, pilot
):
    main, empty = make_round(study, "Main"), make_round(study, "Later")
    make_summary(make_paper(study), ben, round=main, answers={"method": "Survey"})

    assert visible_to(ada, study).scope.round == main
    for asked, label in (
        (str(pilot.pk), "Pilot"),
        (str(empty.pk), "Later"),
        ("all-coding", "Coding: all rounds together"),
        ("gone", "Main"),
    ):
        assert visible_to(ada, study, asked).scope.label == label
    everything = {one["section"]: one for one in visible_to(ada, study, "all-coding").reports()}
    assert (everything["method"]["papers"], everything["method"]["raters"]) == (4, 2)


def test_papers_left_out_are_named_with_their_own_round_alone(study, ada, ben, pilot):
    main = make_round(study, "Main")
    of_pilot, of_main = study.papers.order_by("pk").first(), make_paper(study)
    make_assignment(of_pilot, ada, round=pilot)
    make_assignment(of_main, ada, round=main)

    def left_out(asked):
        return [paper.pk for paper in visible_to(ada, study, asked).left_out]

    assert left_out(str(pilot.pk)) == [of_pilot.pk]
    assert left_out(str(main.pk)) == [of_main.pk]
    assert left_out("all-coding") == [of_pilot.pk, of_main.pk]
