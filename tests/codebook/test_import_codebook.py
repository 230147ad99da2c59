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


def test_the_csv_is_safe_and_comes_back_unchanged(study, section, nasty, ada, olga, as_user):
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


def test_a_file_in_another_form_is_not_there(study, ada, as_user):
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


def test_an_import_shows_what_it_would_do_and_does_it_through_the_same_acts(
    study, section, import_page
):
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


def test_a_new_label_that_says_what_a_code_says_already_is_pointed_out_in_the_preview(
    study, section, ada
):
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


def test_with_a_refused_row_that_nobody_agreed_to_leave_out_nothing_is_imported(
    study, section, import_page
):
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


def test_a_row_that_is_refused_only_by_now_stops_the_import_of_what_was_shown(
    study, section, ada, import_page
):
    shown = import_page(
        act="check", file=io.BytesIO(b"section,label,parent\nchallenges,Skills,Talent\n")
    )
    codebook_changes.retire(section.codes.get(label="Talent"), by=ada, reason="another lead")
    assert import_page(act="import", held=held_in(shown)).status_code == 422
    assert not section.codes.filter(label="Skills").exists()


def test_a_file_that_was_tampered_with_on_the_way_is_not_imported(import_page, section):
    shown = import_page(act="check", file=io.BytesIO(b"section,label\nchallenges,Skills\n"))
    answered = import_page(act="import", held=held_in(shown)[:-2])
    assert answered.status_code == 422
    assert "choose it again" in answered.content.decode()
    assert not section.codes.filter(label="Skills").exists()


@pytest.mark.parametrize("content", [b"", b"label,definition\nx,y\n", b"\x00\xff\xfe"])
def test_what_is_no_codebook_is_refused(study, ada, as_user, content):
    answered = as_user(ada).post(
        page(study, "import-codebook"),
        {"file": io.BytesIO(content), "reason": "why", "act": "import"},
    )
    assert answered.status_code == 422
    assert not CodebookChange.objects.exists()
