"""A section may have any key: the words that addresses and tables use themselves stay apart from
it.
"""

import csv
import io
import re

import pytest
from django.core.management import call_command
from django.urls import resolve, reverse

from mapping.models import Code
from tests.codings import take
from tests.making import make_code, make_paper, make_section, make_study
from tests.results.test_map import numbers, settle


@pytest.fixture
def coded(ada):
    """What codings-venue.csv has: a section called venue, beside papers that have a venue
    themselves.
    """
    study = make_study(lead=ada, with_sections=False)
    make_paper(study, "One", key="p1", venue="Journal of Maps", year=2020)
    make_paper(study, "Two", key="p2", venue="Workshop on Maps", year=2021)
    outcome = take(
        study,
        ada,
        *("p1,T,venue,journal", "p2,T,venue,workshop", "p1,T,method,tool", "p2,T,method,model"),
        *("p1,T,year,early", "p2,T,year,late"),
        may_create=True,
    )
    assert outcome["problems"] == []
    call_command("settle", study.slug, stdout=io.StringIO())
    return study


def test_sections_called_venue_and_year_have_a_map_of_their_own(coded, ada, as_user):
    lead = as_user(ada)
    answer = lead.get(reverse("map", args=[coded.slug]))
    choices = dict(answer.context["form"].fields["y"].choices)
    assert choices == {
        "section:venue": "venue (as coded)",
        "method": "method",
        "section:year": "year (as coded)",
        "year": "Year",
        "venue": "Venue",
    }
    assert numbers(lead, coded, y="section:venue", x="method") == {
        "journal": {"tool": 1},
        "workshop": {"model": 1},
    }
    assert numbers(lead, coded, y="venue", x="section:year") == {
        "Journal of Maps": {"early": 1},
        "Workshop on Maps": {"late": 1},
    }
    assert numbers(lead, coded, y="venue", x="year") == {
        "Journal of Maps": {"2020": 1},
        "Workshop on Maps": {"2021": 1},
    }


def test_map_cells_of_a_section_called_year_link_to_its_papers(coded, ada, as_user):
    lead = as_user(ada)
    page = reverse("map", args=[coded.slug])
    text = lead.get(page, {"y": "section:venue", "x": "section:year", "source": "provisional"}).text
    address = re.search(r'href="(/s/[^"]*map/papers/[^"]*row=journal[^"]*)"', text)[1].replace(
        "&amp;", "&"
    )
    answer = lead.get(address)
    assert [paper.key for paper in answer.context["page"].object_list] == ["p1"]
    assert "journal" in {row.label for _, evidence in answer.context["quoted"] for row in evidence}

    code = Code.objects.get(label="journal")
    filtered = numbers(lead, coded, y="section:venue", x="section:year", code=code.pk)
    assert filtered["journal"] == {"early": 1}
    evidence = lead.get(reverse("evidence", args=[coded.slug]), {"section": "venue"})
    assert "y=section%3Avenue" in evidence.context["map_query"]


@pytest.mark.parametrize(
    "key", ["title", "key", "paper", "doi", "year", "venue", "add", "import", "reviewer"]
)
def test_wide_tables_keep_columns_of_similar_keys_apart(study, ada, as_user, key):
    section = make_section(study.phases.get(), key, "code")
    make_code(section, "A label")
    settle(make_paper(study, "One", key="p1"), key, "A label")
    for name in ("findings_wide.csv", "findings_onehot.csv"):
        text = as_user(ada).get(reverse("export-file", args=[study.slug, name])).getvalue().decode()
        header, row = csv.reader(io.StringIO(text))
        assert len(set(header)) == len(header)
        assert row[0] == "p1"
        assert any(
            key in heading and cell in {"A label", "1"}
            for heading, cell in zip(header, row, strict=True)
        )


@pytest.mark.parametrize(
    "key", ["add", "import", "look", "new", "paper", "reviewer", "settle", "next"]
)
def test_section_pages_open_for_any_key(study, ada, as_user, key):
    section = make_section(study.phases.get(), key, "code")
    make_paper(study, key="p1")
    for name in ("template-section", "agreement-section"):
        assert as_user(ada).get(reverse(name, args=[study.slug, section.key])).status_code == 200
    for name in ("settle", "undo-settling", "defer", "take-up", "add-remark"):
        found = resolve(reverse(name, args=[study.slug, "p1", section.key]))
        assert (found.url_name, found.kwargs["section"]) == (name, key)


@pytest.mark.parametrize("key", ["coding", "settle", "undo", "look"])
def test_early_looks_open_for_any_phase_key_and_by_the_old_address(study, key):
    found = resolve(reverse("look-early", args=[study.slug, "p1", key]))
    assert (found.url_name, found.kwargs["phase"]) == ("look-early", key)
    assert (
        resolve(f"/s/{study.slug}/papers/p1/comparison/look/coding/").func.__name__ == "look_early"
    )
