"""The fields of a paper stand in one list; here each place is asked whether it knows them all."""

import csv
import io
import json
from dataclasses import replace

import pytest
from openpyxl import load_workbook

from mapping.exchange.citations import record_of
from mapping.exchange.study_tables import PAPERS
from mapping.exchange.table import Column
from mapping.models import Paper
from mapping.papers import importing
from mapping.papers.forms import PaperForm
from mapping.parsers import bibtex, ris
from mapping.parsers.paper_fields import BY_NAME, FIELDS, Type
from reviews.exchange.bundle.reader import Bundle
from reviews.overview.views.paper import DETAILS
from tests.exchange.test_bundle import bundle_of, come_back, empty_the_site
from tests.making import make_paper
from tests.site.test_admin import make_admin, page_of

# Columns of a paper that no publication has of itself.
KEPT_ABOUT_IT = {"id", "study", "shares_doi", "extra", "pdf", "added_at", "search"}
VALUES = {
    Type.YEAR: 2019,
    Type.DOI: "10.1000/of-its-own",
    Type.ADDRESS: "https://example.org/of-its-own",
    Type.PEOPLE: "John, Meenu Mary; Bosch, Jan",
    Type.WORDS: "first word; second word",
    Type.PAGES: "165-176",
    Type.KIND: "inproceedings",
}
NAMES = [one.name for one in FIELDS]


@pytest.fixture
def facts():
    """A value for every field that no other field has."""
    return {one.name: VALUES.get(one.type, f"{one.name} of its own") for one in FIELDS}


@pytest.fixture
def full(study, facts):
    return make_paper(study, **facts)


def facts_of(paper):
    return {name: getattr(paper, name) for name in NAMES}


def body(answer):
    return b"".join(answer.streaming_content)


def test_every_column_of_a_paper_is_in_the_list_or_named_as_kept_about_it():
    assert {column.name for column in Paper._meta.concrete_fields} == {*NAMES} | KEPT_ABOUT_IT


@pytest.mark.parametrize(
    ("writer", "name"), [(bibtex, "papers.bib"), (ris, "papers.ris")], ids=["bibtex", "ris"]
)
def test_a_file_of_references_brings_every_field_back(full, study, facts, ada, writer, name):
    facts |= {"key": "of-its-own"}
    text = writer.write([record_of(full, facts["key"])])
    full.delete()
    read = importing.preview(study, file_name=name, content=text.encode(), by=ada)
    importing.confirm(read, by=ada)
    assert facts_of(study.papers.get()) == facts
    assert study.papers.get().extra == {}


def test_a_table_headed_by_their_names_brings_every_field(study, facts, ada):
    text = io.StringIO()
    csv.writer(text).writerows([facts.keys(), facts.values()])
    read = importing.preview(
        study, file_name="papers.csv", content=text.getvalue().encode(), by=ada
    )
    importing.confirm(read, by=ada)
    assert facts_of(study.papers.get()) == facts


def test_what_a_record_has_no_room_for_stays_whole_beside_it(study, ada):
    short = [name for name in NAMES if Paper._meta.get_field(name).max_length and name != "key"]
    assert {"doi", "url", "kind", "volume", "number", "pages"} <= {*short}
    volume, doi = "1" * 101, "10.1000/" + "2" * 301
    text = f"@article{{a, title = {{A}}, volume = {{{volume}}}, doi = {{{doi}}}}}"
    read = importing.preview(study, file_name="a.bib", content=text.encode(), by=ada)
    importing.confirm(read, by=ada)
    paper = study.papers.get()
    assert (paper.volume, paper.doi) == ("", "")
    assert paper.extra == {"volume": volume, "doi": doi}


def test_the_form_edits_every_field(full, as_user, ada, study):
    assert {*PaperForm.base_fields} == {*NAMES, "source", "is_another"}
    page = as_user(ada).get(f"/s/{study.slug}/papers/{full.key}/edit/")
    assert {name: page.context["form"][name].value() for name in NAMES} == facts_of(full)
    typed = {name: f"{value} again" for name, value in facts_of(full).items()}
    typed |= {"year": "2020", "doi": "10.1000/again", "url": "https://example.org/again"}
    as_user(ada).post(f"/s/{study.slug}/papers/{full.key}/edit/", typed)
    assert facts_of(Paper.objects.get(pk=full.pk)) == typed | {"year": 2020}


def test_the_page_of_a_paper_shows_every_field(full, as_user, ben, study):
    page = as_user(ben).get(f"/s/{study.slug}/papers/{full.key}/").content.decode()
    several = {name for name in NAMES if BY_NAME[name].is_several and name not in DETAILS}
    missed = [
        name
        for name, value in facts_of(full).items()
        for part in (value.split("; ") if name in several else [str(value)])
        if part not in page
    ]
    assert missed == []


def test_the_tables_have_every_field(full, as_user, ada, study):
    client = as_user(ada)
    head, row = csv.reader(
        io.StringIO(body(client.get(f"/s/{study.slug}/export/papers.csv")).decode())
    )
    written = {name: str(value) for name, value in facts_of(full).items()}
    assert {name: dict(zip(head, row, strict=True))[name] for name in NAMES} == written
    book = load_workbook(io.BytesIO(body(client.get(f"/s/{study.slug}/export/study.xlsx"))))
    head, row = list(book["papers"].values)[:2]
    assert {name: str(dict(zip(head, row, strict=True))[name]) for name in NAMES} == written
    api = json.loads(body(client.get(f"/s/{study.slug}/api/papers.json")))
    assert {name: api["rows"][0][name] for name in NAMES} == facts_of(full)


def test_a_bundle_brings_every_field_back(full, study):
    kept, content = facts_of(full), bundle_of(study)
    empty_the_site()
    assert facts_of(come_back(content).papers.get()) == kept


def test_bundles_made_before_a_field_came_are_read():
    """Only what the first bundles had may be asked of every bundle."""
    first = "key title authors year venue doi url kind volume number pages publisher keywords"
    needed = {one.name for one in FIELDS if not one.is_later}
    assert needed == {*first.split(), "abstract"}


def test_a_column_that_came_later_is_empty_in_a_bundle_made_before(full, study):
    later = Column("mood", "how it felt", is_later=True)
    newer = replace(PAPERS, columns=(*PAPERS.columns, later))
    rows = list(Bundle(io.BytesIO(bundle_of(study))).rows(newer))
    assert [(row["key"], row["mood"]) for row in rows] == [(full.key, "")]


def test_the_admin_site_takes_every_field_out_and_in(full, study, as_user, facts):
    site = as_user(make_admin())
    page = site.get(f"/admin/mapping/paper/{full.pk}/change/").content.decode()
    assert [name for name in NAMES if f'field-{name}"' not in page] == []
    head, row = csv.reader(
        io.StringIO(site.post(page_of(Paper, "export"), {"format": "0"}).content.decode())
    )
    assert dict(zip(head, row, strict=True)) == {
        name: str(value) for name, value in {"study": study.slug, **facts}.items()
    }


def test_the_search_finds_a_paper_by_every_field_that_is_searched(full, study):
    missed = [
        one.name
        for one in FIELDS
        if one.is_searched
        and full not in study.papers.matching(str(getattr(full, one.name)).split(";")[0])
    ]
    assert missed == []
