"""The files as such: what a spreadsheet would run, RFC 4180, blindness, pseudonyms, and what the
page costs.
"""

import csv
import io
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.exchange.table import plain, safe
from mapping.models import Finding, FindingMark, Membership
from mapping.parsers.tables import read_table
from reviews.codebook import code_changes
from reviews.exchange.bundle import writer
from reviews.models import Mark
from tests.foreign_readers import is_live
from tests.making import make_assignment, make_code, make_paper, make_round, make_summary, make_user

DANGEROUS = ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "'=1", "''+1")
UNSEEN = (
    "\u200b=1",
    "\ufeff+1",
    "\u00ad-1",
    "\u00a0@x",
    "\u2060\u200d=1",
    "\u3000=1",
    " \u200b=1",
    "\x0b=1",
    "\ufe0f=1",
    "\u3164=1",
    "'\u200b=1",
    "\u200b'=1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "\u200b＝1",
    "−1",
    "﹦1",
)
HARMLESS = ("", "plain", "'quoted'", "a = b", "3", " - an item", "“=”")


def content(client, study, name="codings.csv", query=""):
    answer = client.get(f"/s/{study.slug}/export/{name}{query}")
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def rows(client, study, name="codings.csv", query=""):
    return list(
        csv.DictReader(io.StringIO(content(client, study, name, query).decode(), newline=""))
    )


@pytest.mark.parametrize("text", DANGEROUS + UNSEEN)
def test_a_text_that_a_spreadsheet_would_run_leaves_with_an_apostrophe_and_comes_back_as_it_was(
    text,
):
    assert safe(text).startswith("'")
    assert plain(safe(text)) == text.replace("\r", "\n")


@pytest.mark.parametrize("text", HARMLESS)
def test_any_other_text_leaves_as_it_is_and_comes_back_as_it_was(text):
    assert safe(text) == text
    assert plain(text) == text


@settings(max_examples=300)
@given(
    st.text(
        st.characters(exclude_categories=["Cs"])
        | st.sampled_from("'=+-@＝＋ \u00a0\u200b\ufeff\t\n"),
        max_size=8,
    )
)
def test_no_cell_is_run_and_every_cell_comes_back(text):
    text = text.replace("\r", "\n")
    assert plain(safe(text)) == text
    assert not is_live(safe(text)) or (text == safe(text) and text.startswith(" "))


def test_numbers_are_no_formulas():
    assert [safe(-3), safe(None), safe(True)] == [-3, None, True]


def test_every_formula_in_every_column_of_text_is_escaped_in_the_file_and_read_back(
    study, cleo, ada, as_user
):
    for number, text in enumerate(DANGEROUS):
        summary = make_summary(
            make_paper(study, key=f"p{number}"), cleo, answers={"challenges": ["Cost"]}
        )
        Mark.objects.filter(answer__summary=summary).update(
            quote=text, page=text[:4], rationale=text
        )
    raw = content(as_user(ada), study)
    written = list(csv.DictReader(io.StringIO(raw.decode(), newline="")))
    assert all(
        row[name].startswith("'") for row in written for name in ("quote", "page", "rationale")
    )
    read = read_table("codings.csv", raw, required=("paper", "quote", "rationale")).rows
    # Tables are trimmed on the way in; a tab or a line end at the beginning is what is trimmed.
    assert {row["quote"].strip() for row in read} == {text.strip() for text in DANGEROUS}
    assert {row["rationale"].strip() for row in read} == {text.strip() for text in DANGEROUS}


def test_commas_quotation_marks_and_line_ends_stay_within_their_cell(study, cleo, ada, as_user):
    text = 'First, "quoted" text\nand, äöü 日本, a second line'
    make_summary(make_paper(study, key="one"), cleo, answers={"conclusion": text})
    raw = content(as_user(ada), study)
    assert raw.count(b"\r\n") == 2
    assert b'"First, ""quoted"" text\nand' in raw
    (row,) = rows(as_user(ada), study)
    assert row["value"] == text


@pytest.mark.parametrize("name", list(writer.TABLES))
def test_every_row_of_every_file_has_as_many_cells_as_the_header(study, cleo, ada, as_user, name):
    make_summary(
        make_paper(study, 'A, "title"'),
        cleo,
        answers={"challenges": ["Cost", "Talent"], "conclusion": "x"},
    )
    found = list(csv.reader(io.StringIO(content(as_user(ada), study, name).decode(), newline="")))
    assert {len(row) for row in found} == {len(found[0])}


def test_the_files_are_sent_in_pieces(study, ada, as_user):
    for name in (*writer.TABLES, *writer.REFERENCES):
        assert as_user(ada).get(f"/s/{study.slug}/export/{name}").streaming, name


def said_by(found):
    return {(row["paper"], row["reviewer"]) for row in found}


@pytest.fixture
def read_by_two(study, ben, cleo):
    """Cleo coded two papers; Ben has submitted one of them and still has to code the other."""
    done, open = make_paper(study, key="done"), make_paper(study, key="open")
    for paper in (done, open):
        make_summary(paper, cleo, answers={"challenges": ["Cost"]})
    make_summary(done, ben, answers={"challenges": ["Talent"]})
    make_summary(open, ben, submitted=False, answers={"challenges": ["Model drift"]})
    return open


def test_a_reviewer_takes_out_codings_of_the_papers_they_submitted_and_no_others(
    study, read_by_two, ben, as_user
):
    assert said_by(rows(as_user(ben), study)) == {("done", "ben"), ("done", "cleo")}


def test_a_lead_takes_out_everything_but_the_papers_they_still_have_to_code(
    study, read_by_two, ada, as_user
):
    everything = {("done", "ben"), ("done", "cleo"), ("open", "cleo")}
    assert said_by(rows(as_user(ada), study)) == everything
    make_assignment(read_by_two, ada)
    assert said_by(rows(as_user(ada), study)) == everything - {("open", "cleo")}


def test_an_observer_takes_out_no_codings_before_the_release(study, read_by_two, olga, as_user):
    assert rows(as_user(olga), study) == []


def test_pseudonyms_are_the_same_in_every_file_and_at_every_export(
    study, read_by_two, ada, as_user
):
    client = as_user(ada)
    called = {row["reviewer"] for row in rows(client, study, query="?pseudonyms=1")}
    # Ada made the study, Ben and Cleo joined next.
    assert called == {"R2", "R3"}
    first = {name: content(client, study, name, "?pseudonyms=1") for name in writer.TABLES}
    for name, again in first.items():
        if name != "log.csv":
            assert content(client, study, name, "?pseudonyms=1") == again, name
        assert b"cleo" not in again.lower(), name


def test_who_joins_later_changes_no_pseudonym(study, read_by_two, ada, as_user):
    before = content(as_user(ada), study, query="?pseudonyms=1")
    Membership.objects.create(study=study, user=make_user("aaron"), role="reviewer")
    assert content(as_user(ada), study, query="?pseudonyms=1") == before


def queries_of(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_the_page_costs_as_many_queries_with_three_rounds_and_papers_as_with_one(
    study, ben, cleo, ada, as_user
):
    client, address = as_user(ada), f"/s/{study.slug}/export/"

    def code_one_more():
        paper, round = make_paper(study), make_round(study)
        for person in (ben, cleo):
            make_summary(
                paper, person, answers={"challenges": ["Cost"], "conclusion": "x"}, round=round
            )

    code_one_more()
    one = queries_of(client, address)
    code_one_more()
    code_one_more()
    assert queries_of(client, address) == one


def test_the_history_of_the_codebook_counts_no_marks_for_a_lead_who_still_has_to_code(
    study, cleo, ada, as_user
):
    paper, section = make_paper(study), study.sections.get(key="challenges")
    make_summary(paper, cleo, answers={"challenges": ["Cost"]})
    finding = Finding.objects.create(paper=paper, section=section, settled_at=timezone.now())
    for label in ("Cost", "Talent"):
        code = section.codes.get(label=label)
        FindingMark.objects.create(finding=finding, code=code, quote=f"Cleo read of {label}")
    cost, talent = section.codes.get(label="Cost"), section.codes.get(label="Talent")
    code_changes.merge(cost, into=talent, by=ada, reason="The same")

    (row,) = rows(as_user(ada), study, "codebook_changes.csv")
    assert (row["marks"], row["papers"]) == ("1", "1")
    assert str(Mark.objects.get().uid) in row["before"]
    assert "Cleo read" in row["before"]
    make_assignment(paper, ada)
    (row,) = rows(as_user(ada), study, "codebook_changes.csv")
    assert (row["marks"], row["papers"], row["reason"]) == ("", "", "The same")
    before, after = json.loads(row["before"]), json.loads(row["after"])
    assert {name for name, value in {**before, **after}.items() if value} == {"codes"}
    assert "Cleo read" not in row["before"] + row["after"]


@pytest.fixture
def grouped(study, ada, cleo):
    """Cost and Talent stand under one parent; Cleo gave both to one paper, and both were
    settled.
    """
    challenges = study.sections.get(key="challenges")
    parent = make_code(challenges, "Resources")
    paper = make_paper(study, key="one")
    make_summary(paper, cleo, answers={"challenges": ["Cost", "Talent"]})
    codes = challenges.codes.filter(label__in=["Cost", "Talent"])
    codes.update(parent=parent)
    finding = Finding.objects.create(paper=paper, section=challenges, settled_at=timezone.now())
    FindingMark.objects.bulk_create(
        FindingMark(finding=finding, code=code, quote=code.label) for code in codes
    )


def test_codings_and_findings_go_out_by_parent_codes_where_asked_with_every_mark_and_quote(
    study, grouped, ada, as_user
):
    lead = as_user(ada)
    assert [row["value"] for row in rows(lead, study)] == ["Cost", "Talent"]
    assert [row["value"] for row in rows(lead, study, query="?level=parent")] == [
        "Resources",
        "Resources",
    ]
    settled = rows(lead, study, "findings.csv", "?level=parent")
    assert {(row["value"], row["quote"]) for row in settled} == {
        ("Resources", "Cost"),
        ("Resources", "Talent"),
    }
    (wide,) = rows(lead, study, "findings_wide.csv", "?level=parent")
    assert wide["challenges"] == "Resources"
    (onehot,) = rows(lead, study, "findings_onehot.csv", "?level=parent")
    assert onehot["challenges: Resources"] == "1"
    assert not {"challenges: Cost", "challenges: Talent"} & set(onehot)


def test_a_file_by_parent_codes_says_so_in_its_name_and_the_bundle_keeps_to_the_codes(
    study, grouped, ada, as_user
):
    lead = as_user(ada)
    named = lead.get(f"/s/{study.slug}/export/codings.csv?level=parent")["Content-Disposition"]
    assert 'filename="codings-parents.csv"' in named
    bundles = [
        b"".join(lead.get(f"/s/{study.slug}/export/bundle.zip{query}").streaming_content)
        for query in ("", "?level=parent")
    ]
    assert bundles[0] == bundles[1]
    assert "by their parents" in lead.get(f"/s/{study.slug}/export/").content.decode()
