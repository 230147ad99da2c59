"""The codebook as a file: out as CSV, Markdown and LaTeX, in again with a preview."""

import csv
import io

import pytest
from django.urls import reverse

from mapping.codebook import changes as codebook_changes
from mapping.codebook import files as codebook_files
from mapping.codebook import importing
from mapping.models import Code, CodebookChange
from tests.making import make_code


@pytest.fixture
def section(study):
    return study.sections.get(key="challenges")


def page(study, name, *arguments):
    return reverse(name, args=[study.slug, *arguments])


@pytest.fixture
def nasty(section):
    return make_code(
        section,
        "=cmd|'/C calc'!A0",
        definition="50 % of $x_1 & {y} \\ ~ ^ # <b>",
        example="[a] *b*",
    )


def test_exported_csv_is_safe_and_imports_unchanged(study, section, nasty, ada, olga, as_user):
    content = as_user(olga).get(page(study, "codebook-file", "csv")).content
    row = next(
        row
        for row in csv.DictReader(io.StringIO(content.decode()))
        if row["definition"].startswith("50 %")
    )
    assert row["label"] == "'=cmd|'/C calc'!A0"
    table = importing.read("codebook.csv", content)
    outcome = importing.import_codebook(study, table, by=ada, reason="back again")
    assert outcome.counts == {
        "new": 0,
        "changed": 0,
        "unchanged": Code.objects.count(),
        "refused": 0,
    }
    assert not CodebookChange.objects.exists()


def test_latex_and_markdown_are_escaped(study, nasty):
    latex = codebook_files.as_latex(study)
    assert (
        r"50 \% of \$x\_1 \& \{y\} \textbackslash{} \textasciitilde{} \textasciicircum{} \#"
        in latex
    )
    assert latex.count(r"\begin{longtable}") == latex.count(r"\end{longtable}") == 1
    assert r"\<b\>" in codebook_files.as_markdown(study)


def test_an_unknown_file_format_is_404(study, ada, as_user):
    assert as_user(ada).get(page(study, "codebook-file", "exe")).status_code == 404


FILE = """section,label,parent,definition
challenges,Skills,People,Too few who know how
challenges,People,,
challenges,COST,,Money
challenges,Talent,,
nowhere,Lost,,
challenges,Skills,,again
challenges,Alone,Nobody,
"""


@pytest.fixture
def import_page(study, ada, as_user):
    """Posts to the import page as its lead."""
    client = as_user(ada)
    return lambda **facts: client.post(
        page(study, "import-codebook"), {"reason": "from the pilot", **facts}
    )


def held_in(answered):
    return answered.context["held"]


def test_an_import_is_previewed_then_done_by_the_same_acts(study, section, import_page):
    shown = import_page(act="check", file=io.BytesIO(FILE.encode()))
    text = shown.content.decode()
    for words in (
        "<b>2</b> new",
        "<b>1</b> changed",
        "<b>1</b> unchanged",
        "<b>3</b> refused",
        "stands in line",
    ):
        assert words in text
    assert "lines 6, 7, 8" in text
    assert not CodebookChange.objects.exists()
    # The file comes back with the confirmation, and so do the rows that were agreed to be left out.
    done = import_page(act="import", held=held_in(shown), without=[6, 7, 8])
    assert done.status_code == 302
    assert section.codes.get(label="Skills").parent.label == "People"
    assert section.codes.get(label="Cost").definition == "Money"
    assert sorted(CodebookChange.objects.values_list("act", flat=True)) == [
        "add",
        "add",
        "redefine",
    ]
    study.refresh_from_db()
    assert study.codebook_version == 4


def test_the_import_preview_points_out_near_labels(study, section, ada):
    file = (
        b"section,label\nchallenges,Talents\nchallenges,Model  drifts\nchallenges,Something else\n"
    )
    found = importing.import_codebook(
        study, importing.read("c.csv", file), by=ada, reason="", is_dry_run=True
    )
    assert [line.why for line in found.lines] == [
        "nearly the same as “Talent”",
        "nearly the same as “Model drift”",
        "",
    ]


def test_an_unaccepted_refused_row_stops_the_import(study, section, import_page):
    before = list(Code.objects.order_by("pk").values())
    for facts in (
        {"file": io.BytesIO(FILE.encode())},
        {"file": io.BytesIO(FILE.encode()), "without": [6, 7]},
    ):
        answered = import_page(act="import", **facts)
        assert answered.status_code == 422
        assert "Nothing was imported" in answered.content.decode()
    assert list(Code.objects.order_by("pk").values()) == before
    study.refresh_from_db()
    assert study.codebook_version == 1


def test_a_row_refused_since_the_preview_stops_the_import(study, section, ada, import_page):
    shown = import_page(
        act="check", file=io.BytesIO(b"section,label,parent\nchallenges,Skills,Talent\n")
    )
    codebook_changes.retire(section.codes.get(label="Talent"), by=ada, reason="another lead")
    assert import_page(act="import", held=held_in(shown)).status_code == 422
    assert not section.codes.filter(label="Skills").exists()


def test_a_tampered_file_is_not_imported(import_page, section):
    shown = import_page(act="check", file=io.BytesIO(b"section,label\nchallenges,Skills\n"))
    answered = import_page(act="import", held=held_in(shown)[:-2])
    assert answered.status_code == 422
    assert "choose it again" in answered.content.decode()
    assert not section.codes.filter(label="Skills").exists()


@pytest.mark.parametrize("content", [b"", b"label,definition\nx,y\n", b"\x00\xff\xfe"])
def test_files_without_codebook_columns_are_refused(study, ada, as_user, content):
    answered = as_user(ada).post(
        page(study, "import-codebook"),
        {"file": io.BytesIO(content), "reason": "why", "act": "import"},
    )
    assert answered.status_code == 422
    assert not CodebookChange.objects.exists()
