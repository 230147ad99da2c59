"""The map: its numbers, its files, the papers behind a cell, and who may see which of them."""

import csv
import io
import json
import re
import sys
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mapping.charts import output
from mapping.charts.engine import Engine
from mapping.models import Finding, FindingMark, Study
from mapping.protocol.files import built_in, create_study
from reviews.models import Summary
from reviews.settling import unanimous
from tests.making import absent, make_assignment, make_code, make_paper, make_round, make_summary


def settle(paper, section_key, *labels, quote="", page="", **facts):
    section = paper.study.sections.get(key=section_key)
    finding = Finding.objects.create(
        paper=paper, section=section, settled_at=timezone.now(), **facts
    )
    for label in labels:
        FindingMark.objects.create(
            finding=finding, code=section.codes.get(label=label), quote=quote, page=page
        )
    return finding


def numbers(client, study, **asked):
    """The map's own CSV: `{row: {column: number}}`, without the zeros."""
    answer = client.get(f"/s/{study.slug}/map/table.csv", {"count": "papers", **asked})
    assert answer.status_code == 200
    header, *rows = csv.reader(io.StringIO(answer.getvalue().decode()))
    return {
        row[0]: {
            column: int(cell)
            for column, cell in zip(header[1:], row[1:], strict=True)
            if cell != "0"
        }
        for row in rows
    }


@pytest.fixture
def settled(study):
    """Three papers of 2020 to 2022, two of them settled."""
    first = make_paper(study, "First", key="first", year=2020, venue="Journal A")
    second = make_paper(study, "Second", key="second", year=2022, venue="journal a")
    make_paper(study, "Third", key="third", year=None)
    settle(first, "challenges", "Data quality", "Cost", quote="money is short", page="4")
    settle(first, "method", "Survey")
    settle(second, "challenges", "Cost")
    settle(second, "method", "Case study")
    return study


def test_a_section_is_counted_against_another(settled, ada, as_user):
    found = numbers(as_user(ada), settled, y="challenges", x="method")

    assert found == {
        "Data quality": {"Survey": 1},
        "Model drift": {},
        "Talent": {},
        "Cost": {"Case study": 1, "Survey": 1},
    }


def test_empty_years_are_shown_and_venues_merge_across_case(settled, ada, as_user):
    answer = as_user(ada).get(f"/s/{settled.slug}/map/table.csv", {"y": "venue", "x": "year"})

    assert answer.getvalue().decode().splitlines() == ["Venue,2020,2021,2022", "Journal A,1,0,1"]


def test_the_caption_says_what_was_counted_and_left_out(settled, ada, as_user):
    page = (
        as_user(ada)
        .get(f"/s/{settled.slug}/map/", {"y": "challenges", "x": "year"})
        .content.decode()
    )

    assert (
        "2 papers, counted 3 times; a paper may count in several cells; 1 paper without an entry "
        "in Challenges is not counted; 1 paper without a year is not counted."
    ) in page


@pytest.mark.parametrize("kind", ["bubble", "bars", "heat", "trend", "venues", "cooccurrence"])
def test_every_kind_of_figure_has_a_picture_a_table_and_files(kind, settled, ada, as_user):
    asked = {"kind": kind, "y": "challenges", "x": "method", "third": "year"}
    client = as_user(ada)
    page = client.get(f"/s/{settled.slug}/map/", asked)

    assert page.status_code == 200
    assert b"<svg" in page.content
    assert b"<table" in page.content
    starts = {
        "figure.svg": b"<svg",
        "figure.png": b"\x89PNG",
        "figure.pdf": b"%PDF",
        "table.tex": b"% Needs",
    }
    for name, start in starts.items():
        answer = client.get(f"/s/{settled.slug}/map/{name}", asked)
        assert answer.content.startswith(start), name
        assert settled.slug in answer["Content-Disposition"]


def test_an_undrawable_figure_leaves_the_table_and_an_error_in_files(
    settled, ada, as_user, monkeypatch
):
    hanging = Engine((sys.executable, "-c", "import sys; sys.stdin.buffer.read()"), patience=0)
    monkeypatch.setattr(output, "engine", hanging)
    output.svg_of.cache_clear()
    asked = {"y": "challenges", "x": "method"}
    page = as_user(ada).get(f"/s/{settled.slug}/map/", asked)
    file = as_user(ada).get(f"/s/{settled.slug}/map/figure.png", asked)

    assert page.status_code == 200
    assert "The figure could not be drawn just now" in page.content.decode()
    assert "Case study" in page.content.decode()
    assert (file.status_code, file.content[:31]) == (503, b"The figure could not be drawn j")


def test_figures_comply_with_the_content_security_policy(settled, ada, as_user):
    page = (
        as_user(ada)
        .get(f"/s/{settled.slug}/map/", {"y": "challenges", "x": "method"})
        .content.decode()
    )
    figure = page[page.index("<svg") : page.index("</svg>")]

    assert " style=" not in figure
    assert "<style" not in figure
    assert "<script" not in figure


def test_a_bubble_plot_can_stand_once_for_each_year(settled, ada, as_user):
    client, asked = as_user(ada), {"y": "challenges", "x": "method", "years": "on"}
    found = numbers(client, settled, **asked)

    assert found == {
        "Data quality": {"2020: Survey": 1},
        "Model drift": {},
        "Talent": {},
        "Cost": {"2020: Survey": 1, "2022: Case study": 1},
    }
    assert numbers(client, settled, **asked, order="frequency")["Cost"] == found["Cost"]
    page = unescape(client.get(f"/s/{settled.slug}/map/", asked).content.decode())
    assert "Challenges × Method, by year" in page
    assert "2 papers, counted 3 times; a paper may count in several cells; 1 paper without" in page
    links = {link for link in page.split('"') if "/map/papers/?" in link and "half=2022" in link}
    assert links
    for link in links:
        answer = client.get(link).content.decode()
        assert ("Second" in answer, "First" in answer) == (True, False)


def test_plots_by_year_leave_out_empty_years_at_both_ends(settled, ada, as_user):
    make_paper(settled, "Too early", year=1999)
    make_paper(settled, "Too late", year=2030)
    header = (
        as_user(ada)
        .get(f"/s/{settled.slug}/map/table.csv", {"y": "challenges", "x": "method", "years": "on"})
        .getvalue()
        .decode()
        .splitlines()[0]
    )

    assert [cell for cell in header.split(",") if cell.endswith(": Survey")] == [
        "2020: Survey",
        "2021: Survey",
        "2022: Survey",
    ]


def test_plots_by_year_say_that_they_have_no_left_half(settled, ada, as_user):
    asked = {"y": "challenges", "x": "method", "third": "venue", "years": "on"}
    page = as_user(ada).get(f"/s/{settled.slug}/map/", asked).content.decode()

    assert "Plots by year have no left half." in page
    assert "by year" in page


@pytest.mark.parametrize(
    ("asked", "before", "cost", "words"),
    [
        ({}, "", ["1", "50 %", "1", "50 %"], "of this table"),
        ({"kind": "heat"}, "", ["1", "50 %", "1", "50 %"], "of this table"),
        ({"third": "year"}, "Method: ", ["1", "50 %", "1", "50 %"], "of their half"),
        ({"years": "on", "from": "2022"}, "2022: ", ["1", "100 %", "0", "0 %"], "of their year"),
    ],
)
def test_tables_show_percentages_with_their_base(asked, before, cost, words, settled, ada, as_user):
    client, asked = as_user(ada), {"y": "challenges", "x": "method", "shares": "on", **asked}
    lines = list(
        csv.reader(
            io.StringIO(client.get(f"/s/{settled.slug}/map/table.csv", asked).getvalue().decode())
        )
    )

    header = [
        f"{before}{label}" for label in ("Case study", "Case study, %", "Survey", "Survey, %")
    ]
    assert [cell for cell in lines[0] if "Case study" in cell or "Survey" in cell] == header
    (row,) = [line for line in lines if line[0] == "Cost"]
    assert [cell for name, cell in zip(lines[0], row, strict=True) if name in header] == cost
    page = client.get(f"/s/{settled.slug}/map/", asked).content.decode()
    assert re.search(f"percentages are of the papers {words}[;.]", page)


def test_mentions_have_no_percentages(settled, ada, as_user):
    found = numbers(
        as_user(ada), settled, y="challenges", x="method", shares="on", count="mentions"
    )

    assert found["Cost"] == {"Case study": 1, "Survey": 1}


def test_a_map_cell_links_to_its_papers_and_quotes(settled, ada, as_user):
    client = as_user(ada)
    page = client.get(
        f"/s/{settled.slug}/map/", {"y": "challenges", "x": "method"}
    ).content.decode()
    links = {
        unescape(link)
        for link in page.split('"')
        if link.startswith(f"/s/{settled.slug}/map/papers/")
    }
    cell = next(
        link
        for link in links
        if (parse_qs(urlsplit(link).query)["row"], parse_qs(urlsplit(link).query)["column"])
        == (["Cost"], ["Survey"])
    )
    papers = client.get(cell).content.decode()

    assert "First" in papers
    assert "Second" not in papers
    assert "money is short" in papers
    assert "p. 4" in papers


def test_cells_of_the_left_half_link_to_their_papers(settled, ada, as_user):
    asked = {
        "y": "challenges",
        "x": "method",
        "third": "year",
        "row": "Cost",
        "column": "2022",
        "half": "third",
    }
    papers = as_user(ada).get(f"/s/{settled.slug}/map/papers/", asked).content.decode()

    assert "Second" in papers
    assert "First" not in papers


def test_filters_narrow_the_papers(settled, ada, as_user):
    client = as_user(ada)
    cost = settled.sections.get(key="challenges").codes.get(label="Data quality")

    assert numbers(client, settled, y="method", x="year", **{"from": "2021"})["Case study"] == {
        "2022": 1
    }
    assert numbers(client, settled, y="method", x="year", code=cost.pk)["Survey"] == {"2020": 1}
    assert numbers(client, settled, y="method", x="year", code=cost.pk)["Case study"] == {}


def test_filtering_by_round_limits_papers_and_provisional_counts(study, ada, ben, as_user):
    paper, other = make_paper(study, year=2020), make_paper(study, year=2021)
    pilot, later = make_round(study, "Pilot"), make_round(study, "Later")
    make_summary(paper, ben, answers={"challenges": ["Cost"]}, round=pilot)
    make_summary(paper, ben, answers={"challenges": ["Talent"]}, round=later)
    make_summary(other, ben, answers={"challenges": ["Cost"]}, round=later)
    client = as_user(ada)
    found = numbers(client, study, y="challenges", x="year", source="provisional", round=pilot.pk)

    assert (found["Cost"], found["Talent"]) == ({"2020": 1}, {})


def test_parent_codes_count_a_paper_once_for_all_their_children(settled, ada, as_user):
    section = settled.sections.get(key="challenges")
    above = make_code(section, "Resources")
    section.codes.filter(label__in=["Cost", "Data quality"]).update(parent=above)
    found = numbers(as_user(ada), settled, y="challenges", x="year", level="parent")

    assert found == {"Model drift": {}, "Talent": {}, "Resources": {"2020": 1, "2022": 1}}


def test_absences_are_shown_only_where_asked_for(settled, ada, as_user):
    third = settled.papers.get(key="third")
    settle(third, "challenges", absence="not_reported")
    settled.papers.filter(key="third").update(year=2022)
    client = as_user(ada)

    assert "(not reported)" not in numbers(client, settled, y="challenges", x="year")
    assert numbers(client, settled, y="challenges", x="year", absences="on")["(not reported)"] == {
        "2022": 1
    }


def test_provisional_counts_what_any_reviewer_gave(study, ada, ben, cleo, as_user):
    paper = make_paper(study, year=2020)
    make_summary(paper, ben, answers={"challenges": ["Cost"]})
    make_summary(paper, cleo, answers={"challenges": absent("unclear")})
    client = as_user(ada)

    assert numbers(client, study, y="challenges", x="year")["Cost"] == {}
    assert numbers(client, study, y="challenges", x="year", source="provisional")["Cost"] == {
        "2020": 1
    }
    page = client.get(
        f"/s/{study.slug}/map/", {"y": "challenges", "x": "year", "source": "provisional"}
    )
    assert b"Provisional: counted where any reviewer gave it" in page.content


def test_the_map_hides_papers_that_a_reviewer_still_has_to_code(study, ben, cleo, as_user):
    open_paper, closed_paper = (
        make_paper(study, year=2020),
        make_paper(study, "Secret title", year=2021),
    )
    for paper in (open_paper, closed_paper):
        make_summary(paper, cleo, answers={"challenges": ["Cost"]})
        settle(paper, "challenges", "Cost", quote="a telling quote")
    make_summary(open_paper, ben, answers={"challenges": ["Talent"]})
    make_assignment(closed_paper, ben)
    Study.objects.update(released_at=timezone.now())
    client = as_user(ben)

    for source in ("settled", "provisional"):
        assert numbers(client, study, y="challenges", x="year", source=source)["Cost"] == {
            "2020": 1
        }
        asked = {"y": "challenges", "x": "year", "source": source, "row": "Cost"}
        assert b"Secret title" not in client.get(f"/s/{study.slug}/map/papers/", asked).content
    assert (
        b"Not the whole study" in client.get(f"/s/{study.slug}/map/", {"y": "challenges"}).content
    )


def test_an_observer_sees_the_map_once_it_is_released(settled, olga, as_user):
    client = as_user(olga)
    assert numbers(client, settled, y="challenges", x="year")["Cost"] == {}

    Study.objects.update(released_at=timezone.now())
    assert numbers(client, settled, y="challenges", x="year")["Cost"] == {"2020": 1, "2022": 1}


def test_the_map_shows_letters_in_an_anonymous_study(study, ada, ben, as_user):
    Study.objects.update(is_anonymous=True)
    paper = make_paper(study)
    make_summary(paper, ben, answers={"challenges": ["Cost"]})
    asked = {"y": "challenges", "x": "year", "source": "provisional", "row": "Cost"}
    page = as_user(ada).get(f"/s/{study.slug}/map/papers/", asked).content.decode()

    assert paper.title in page
    assert "Ben" not in page


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "pie"},
        {"y": "no-such"},
        {"from": "1e9"},
        {"from": "2022", "to": "2020"},
        {"code": "0"},
        {"round": "x\0"},
    ],
)
def test_invalid_parameters_fall_back_with_a_note(asked, settled, ada, as_user):
    page = as_user(ada).get(f"/s/{settled.slug}/map/", asked)

    assert page.status_code == 200
    assert "makes no sense" in page.content.decode()


def test_a_study_without_codes_explains_the_empty_map(ada, as_user):
    study = create_study(title="Empty", lead=ada, by=ada, protocol=built_in("blank"))
    client = as_user(ada)

    assert b"Nothing to count yet" in client.get(f"/s/{study.slug}/map/").content
    for name in ("figure.svg", "table.csv"):
        assert client.get(f"/s/{study.slug}/map/{name}").status_code == 404


def test_the_latex_table_is_escaped(settled, ada, as_user):
    settled.sections.get(key="challenges").codes.filter(label="Cost").update(label="R&D_cost 100%")
    text = (
        as_user(ada)
        .get(f"/s/{settled.slug}/map/table.tex", {"y": "challenges", "x": "year"})
        .content.decode()
    )

    assert r"{}R\&D\_cost 100\% & 1 & 0 & 1 \\" in text


def test_queries_do_not_grow_with_papers(study, ada, ben, as_user):
    client = as_user(ada)

    def queries(path, **asked):
        asked = {
            "y": "challenges",
            "x": "method",
            "source": "provisional",
            "count": "mentions",
            **asked,
        }
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/s/{study.slug}/map/{path}", asked).status_code == 200
        return len(captured)

    def another():
        paper = make_paper(study)
        make_summary(paper, ben, answers={"challenges": ["Cost", "Talent"], "method": "Survey"})
        settle(paper, "challenges", "Cost", quote="short")
        settle(paper, "method", "Survey")

    another()
    few = [queries(""), queries("", source="settled"), queries("papers/", row="Cost")]
    another(), another()
    assert [queries(""), queries("", source="settled"), queries("papers/", row="Cost")] == few


def survey(folder, ada):
    """The published survey, imported and settled as its team would do it."""
    study = create_study(title="Plant pathology", lead=ada, by=ada, protocol=built_in("blank"))
    call_command("import_papers", study.slug, str(folder / "articles.csv"), verbosity=0)
    codings = str(folder / "codes-450.csv")
    call_command(
        "import_codings", study.slug, codings, create=True, absence="NA=not_applicable", verbosity=0
    )
    assert Summary.objects.submitted().filter(assignment__round__study=study).count() == 450
    unanimous.settle(study, by=ada)
    return study


@pytest.fixture
def plant_pathology(shared_data, ada):
    folder = shared_data / "plant-pathology"
    return survey(folder, ada), json.loads((folder / "expected.json").read_text())["published"]


def test_a_large_import_settles_quickly_despite_stale_table_statistics(shared_data, ada):
    """As after a dry run: pages full of rows that nobody sees, of which the planner then knows that
    there are none.
    """
    with transaction.atomic():
        survey(shared_data / "plant-pathology", ada)
        transaction.set_rollback(True)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

    assert Finding.objects.of(survey(shared_data / "plant-pathology", ada)).count() > 4000


def test_the_map_of_a_published_survey_gives_its_published_tables(plant_pathology, ada, as_user):
    study, published = plant_pathology
    client = as_user(ada)

    journals = numbers(client, study, y="venue", x="year")
    assert journals == without_zeros(published["table_journal_by_year"])

    software = numbers(client, study, y="software_used", x="year", count="mentions")
    software = {name.upper(): years for name, years in software.items()}
    top = without_zeros(published["table_top_software_by_year"])
    assert {name: software[name] for name in top} == top


def without_zeros(table):
    return {
        name: {
            year: number for year, number in years.items() if year not in {"n", "Total"} and number
        }
        for name, years in table.items()
    }
