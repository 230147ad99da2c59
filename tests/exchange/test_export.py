import csv
import io
import json
import zipfile

import pytest
from openpyxl import load_workbook

from mapping.models import Code, Study
from reviews.exchange.bundle import writer
from reviews.exchange.scope import scope_of_all
from reviews.models import Remark
from tests.making import make_assignment, make_code, make_paper, make_summary

SECRET = "What Cleo saw and Ben may not"


@pytest.fixture
def blind(study, ben, cleo):
    """Cleo has submitted, Ben still has to; everything that could leak holds the secret."""
    paper = make_paper(study, key="shared")
    make_code(study.sections.get(key="challenges"), SECRET, status="proposed", proposed_by=cleo)
    summary = make_summary(paper, cleo, answers={"challenges": ["Cost"], "conclusion": SECRET})
    make_assignment(paper, ben)
    Remark.objects.create(
        paper=paper, section=study.sections.get(key="challenges"), by=cleo, text=SECRET
    )
    return summary


def body(answer):
    return b"".join(answer.streaming_content)


def text(answer):
    return body(answer).decode()


def rows(answer):
    return list(csv.DictReader(io.StringIO(text(answer))))


def every_file(client, study):
    for name in (*writer.TABLES, "papers.bib", "papers.ris", "protocol.json"):
        answer = client.get(f"/s/{study.slug}/export/{name}")
        if answer.status_code == 200:
            yield name, text(answer)
    for name in writer.TABLES:
        answer = client.get(f"/s/{study.slug}/api/{name.replace('.csv', '.json')}")
        if answer.status_code == 200:
            yield name, text(answer)


def test_no_file_of_a_blind_reviewer_holds_what_another_said(study, blind, as_user, ben, cleo):
    hers = dict(every_file(as_user(cleo), study))
    assert SECRET in hers["codings.csv"]
    assert SECRET in hers["codebook.csv"]
    assert SECRET in hers["remarks.csv"]
    for name, content in every_file(as_user(ben), study):
        assert SECRET not in content, name
    assert rows(as_user(ben).get(f"/s/{study.slug}/export/codings.csv")) == []
    assert SECRET not in as_user(ben).get(f"/s/{study.slug}/export/").content.decode()


def test_a_lead_who_still_has_to_code_gets_a_bundle_that_says_it_is_not_whole(
    study, blind, as_user, ada
):
    url = f"/s/{study.slug}/export/bundle.zip"
    with zipfile.ZipFile(io.BytesIO(body(as_user(ada).get(url)))) as archive:
        assert SECRET in archive.read("codings.csv").decode()
        assert json.loads(archive.read("study.json"))["is_whole"]
    make_assignment(blind.assignment.paper, ada)
    with zipfile.ZipFile(io.BytesIO(body(as_user(ada).get(url)))) as archive:
        assert (
            SECRET
            not in archive.read("codings.csv").decode() + archive.read("remarks.csv").decode()
        )
        assert "not whole" in archive.read("README.md").decode()


def test_codings_have_exactly_the_columns_that_are_promised(study, blind):
    header = writer.TABLES["codings.csv"].header(scope_of_all(study))
    assert header == [
        "paper",
        "phase",
        "round",
        "reviewer",
        "revision",
        "section",
        "kind",
        "value",
        "absence",
        "quote",
        "page",
        "rationale",
        "confidence",
        "submitted_at",
        "codebook_version",
    ]


def test_the_page_counts_the_rows_that_the_files_have(study, blind, as_user, ada):
    client = as_user(ada)
    for file in client.get(f"/s/{study.slug}/export/").context["files"]:
        if file["rows"] is not None:
            assert file["rows"] == len(
                rows(client.get(f"/s/{study.slug}/export/{file['name']}"))
            ), file["name"]


def test_a_workbook_has_a_sheet_for_each_table_and_runs_no_formula(study, as_user, ada, cleo):
    make_summary(make_paper(study, "=1+1"), cleo, answers={"conclusion": "=cmd()", "cases": -3})
    book = load_workbook(io.BytesIO(body(as_user(ada).get(f"/s/{study.slug}/export/study.xlsx"))))
    assert book.sheetnames == [
        "definitions",
        *(name.removesuffix(".csv") for name in writer.TABLES),
    ]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert "f" not in {cell.data_type for cell in cells}
    assert {"'=1+1", "'=cmd()", -3} <= {cell.value for cell in cells}


def test_references_can_be_those_of_the_papers_with_a_code(study, blind, as_user, ada, ben):
    make_paper(study, key="without")
    code = Code.objects.get(label="Cost")
    url = f"/s/{study.slug}/export/papers.bib?code={code.pk}"
    found = text(as_user(ada).get(url))
    assert "shared" in found
    assert "without" not in found
    assert "shared" not in text(as_user(ben).get(url))
    assert as_user(ada).get(f"/s/{study.slug}/export/papers.bib?code=999999").status_code == 404


def test_names_stay_hidden_where_the_study_hides_them(study, blind, as_user, ada):
    Study.objects.filter(pk=study.pk).update(is_anonymous=True)
    (*_, row) = rows(as_user(ada).get(f"/s/{study.slug}/export/codings.csv"))
    assert row["reviewer"].startswith("R")


def test_rows_leave_before_the_last_is_read(study, cleo):
    for _ in range(5):
        make_summary(make_paper(study), cleo, answers={"conclusion": "x" * 40_000})
    read = []

    class Watched(writer.CODINGS.__class__):
        pass

    def watched(scope):
        for row in writer.CODINGS.rows(scope):
            read.append(row)
            yield row

    table = Watched("codings.csv", "", writer.CODINGS.columns, watched)
    next(writer.lines(table, scope_of_all(study)))
    assert len(read) == 2
