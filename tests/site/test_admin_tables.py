"""Tables in and out of the admin site: papers and codes as CSV and workbooks."""

import csv
from io import BytesIO, StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import Workbook, load_workbook

from mapping.exchange.table import plain, safe
from mapping.models import (
    Approach,
    Challenge,
    Code,
    CodebookChange,
    LogEntry,
    MaturityStage,
    Paper,
    PaperSource,
)
from tests.making import make_code, make_paper, make_section, make_study, make_user
from tests.site.test_admin import make_admin, page_of

CSV, XLSX = "0", "1"


@pytest.fixture
def root(db):
    return make_admin()


@pytest.fixture
def site(root, as_user):
    return as_user(root)


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\nx", "'=1", "''=1", "'plain", "plain", "", "'"],
)
def test_a_cell_is_safe_on_the_way_out_and_plain_on_the_way_in(cell):
    assert plain(safe(cell)) == cell
    assert not safe(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert safe(5) == 5


def table(text, name="table.csv"):
    return SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)


def bring(site, model, content, *, format=CSV, name="table.csv"):
    """Upload, look at the preview, and confirm it where it can be confirmed; the last answer."""
    preview = site.post(
        page_of(model, "import"), {"import_file": table(content, name), "format": format}
    )
    confirm = preview.context.get("confirm_form")
    if confirm is None:
        return preview
    return site.post(page_of(model, "process_import"), confirm.initial, follow=True)


def test_papers_go_out_and_come_in_as_a_table(site, study, root):
    make_paper(
        study,
        '=HYPERLINK("evil")',
        key="odd",
        abstract="-5 degrees, “quoted”,\nsecond line",
        authors="Müller, Jörg",
    )
    make_paper(study, "Plain", key="plain")
    out = site.post(page_of(Paper, "export"), {"format": CSV}).content.decode()
    cells = list(csv.DictReader(StringIO(out)))
    assert {row["title"] for row in cells} == {'\'=HYPERLINK("evil")', "Plain"}

    same = bring(site, Paper, "\ufeff" + out)
    assert "0 new, 0 updated, 0 deleted and 2 skipped" in same.content.decode()
    assert not LogEntry.objects.exists()

    Paper.objects.all().delete()
    bring(site, Paper, out)
    back = Paper.objects.get(key="odd")
    assert (back.title, back.abstract) == (
        '=HYPERLINK("evil")',
        "-5 degrees, “quoted”,\nsecond line",
    )
    assert back.authors == "Müller, Jörg"
    assert PaperSource.objects.filter(source="admin site", file_name="table.csv").count() == 2
    assert LogEntry.objects.get().facts == {"file": "table.csv", "new": 2, "changed": 0}


def test_papers_go_out_and_come_in_as_a_workbook(site, study):
    make_paper(study, "@odd", key="2021", year=2021, abstract="control \x0b character")
    out = site.post(page_of(Paper, "export"), {"format": XLSX}).content
    sheet = load_workbook(BytesIO(out)).active
    heading, row = list(sheet.iter_rows(values_only=True))
    assert dict(zip(heading, row, strict=True))["title"] == "'@odd"

    Paper.objects.all().delete()
    bring(site, Paper, out, format=XLSX, name="table.xlsx")
    assert [(p.key, p.title, p.year) for p in Paper.objects.all()] == [("2021", "@odd", 2021)]


def test_a_changed_row_is_shown_before_and_written_after_the_confirmation(site, study):
    paper = make_paper(study, "Old title", key="a")
    content = f"study,key,title,year\n{study.slug},a,New title,2024\n"
    preview = site.post(page_of(Paper, "import"), {"import_file": table(content), "format": CSV})
    assert "<del>Old title</del> <ins>New title</ins>" in preview.content.decode()
    paper.refresh_from_db()
    assert paper.title == "Old title"

    bring(site, Paper, content)
    paper.refresh_from_db()
    assert (paper.title, paper.year) == ("New title", 2024)


@pytest.mark.parametrize(
    ("line", "column", "said"),
    [
        ("nowhere,b,Title,2020,", "study", "There is no study “nowhere”."),
        ("{slug},,Title,2020,", "key", "A key needs at least one letter or digit."),
        ("{slug},a/b,Title,2020,", "key", "A key cannot hold a slash"),
        ("{slug},b,,2020,", "title", "This field cannot be blank."),
        ("{slug},b,Title,soon,", "year", "“soon” is not a number."),
        ("{slug},good,Title,2020,", "key", "“good” stands in line 2 already."),
        ("{slug},b,Title,2020,10.1/used", "", "Another paper of this study has this DOI."),
    ],
)
def test_one_refused_row_names_line_and_column_and_nothing_is_written(
    line, column, said, site, study
):
    make_paper(study, key="there", doi="10.1/used")
    content = (
        f"study,key,title,year,doi\n{study.slug},good,Good,2020,\n\n"
        f"{line.format(slug=study.slug)}\n"
    )
    refused = bring(site, Paper, content)
    page = refused.content.decode()

    assert refused.status_code == 422
    assert f"<td>4</td><td>{column}</td><td>{said}" in page
    assert "Traceback" not in page
    assert [paper.key for paper in Paper.objects.all()] == ["there"]
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    ("content", "name", "format", "said"),
    [
        ("", "empty.csv", CSV, "empty"),
        ("title,year\nx,1\n", "no-study.csv", CSV, "Missing columns: study, key."),
        (b"\x89PNG\r\n", "picture.csv", CSV, "this is a picture"),
        (
            'study,key\n"open,x\n',
            "open.csv",
            CSV,
            "a quotation mark is opened here and never closed",
        ),
        ("study,key\na,b,c\n", "wide.csv", CSV, "line 2: the row has 3 cells, but the header 2"),
        ("study,key\na,b\n", "not.xlsx", XLSX, "not an Excel workbook"),
        ("study,key\n", "rows.csv", CSV, "No valid data to import"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_in_plain_words(
    content, name, format, said, site, study, settings
):
    refused = bring(site, Paper, content, format=format, name=name)

    assert refused.status_code == 422
    assert said in refused.content.decode()
    assert "Traceback" not in refused.content.decode()
    left = [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]
    assert left == [], "no refused file stays behind"


def test_a_row_that_stopped_being_right_after_the_preview_stops_the_import(site, study):
    content = f"study,key,title,doi\n{study.slug},a,A,\n{study.slug},b,B,10.1/taken\n"
    preview = site.post(page_of(Paper, "import"), {"import_file": table(content), "format": CSV})
    make_paper(study, key="quicker", doi="10.1/taken")
    done = site.post(
        page_of(Paper, "process_import"), preview.context["confirm_form"].initial, follow=True
    )

    assert "nothing was written" in done.content.decode()
    assert [paper.key for paper in Paper.objects.all()] == ["quicker"]


def test_challenges_come_in_as_a_table_and_each_is_a_step_of_the_codebook(site, study, root):
    known = Challenge.objects.get(label="Talent")
    content = (
        "study,section,label,definition,status\n"
        f"{study.slug},challenges,TALENT,Too few people,active\n"
        f"{study.slug},challenges,Labelling,'=what to label,\n"
        f"{study.slug},challenges,Cost,,active\n"
    )
    done = bring(site, Challenge, content)
    assert "1 new, 1 updated, 0 deleted and 1 skipped" in done.content.decode()
    known.refresh_from_db()
    study.refresh_from_db()
    assert (known.label, known.definition) == ("Talent", "Too few people")
    assert Challenge.objects.get(label="Labelling").definition == "=what to label"
    assert [change.act for change in CodebookChange.objects.order_by("version")] == [
        "redefine",
        "add",
    ]
    assert study.codebook_version == 3
    assert LogEntry.objects.get(act="import-in-admin").facts == {
        "file": "table.csv",
        "new": 1,
        "changed": 1,
    }


@pytest.mark.parametrize("model", [Challenge, Approach, MaturityStage])
def test_the_codes_that_go_out_come_back_unchanged(model, site, study):
    make_code(make_section(study.phases.get(), "approaches"), "=CI/CD pipeline")
    out = site.post(page_of(model, "export"), {"format": CSV}).content.decode()

    assert (
        f"0 new, 0 updated, 0 deleted and {model.objects.count()} skipped"
        in bring(site, model, out).content.decode()
    )
    assert not CodebookChange.objects.exists()


@pytest.mark.parametrize(
    ("line", "column", "said"),
    [
        ("{slug},approaches,X,", "section", "Here it must be “challenges”"),
        ("bare,challenges,X,", "section", "has no section “challenges”"),
        ("{slug},challenges,,", "label", "Missing."),
        ("{slug},challenges,Talent,retired", "status", "A status changes on the codebook page"),
        ("{slug},challenges,good,", "label", "stands in line 2 already"),
    ],
)
def test_a_refused_code_names_line_and_column_and_nothing_is_written(
    line, column, said, site, study, ada
):
    make_study(slug="bare", lead=ada, with_sections=False)
    before = set(Code.objects.values_list("label", flat=True))
    content = (
        f"study,section,label,status\n{study.slug},challenges,Good,\n"
        f"{line.format(slug=study.slug)}\n"
    )
    refused = bring(site, Challenge, content)

    assert refused.status_code == 422
    page = refused.content.decode()
    assert f"<td>3</td><td>{column}</td>" in page
    assert said in page
    assert set(Code.objects.values_list("label", flat=True)) == before
    assert not CodebookChange.objects.exists()


def test_a_workbook_made_elsewhere_may_have_blank_rows_and_numbers(site, study):
    book = Workbook()
    for line in (
        ["Study", "Key", "Title", "Year"],
        [None] * 4,
        [study.slug, 17, "Seventeen", 2020.0],
    ):
        book.active.append(line)
    content = BytesIO()
    book.save(content)
    bring(site, Paper, content.getvalue(), format=XLSX, name="own.xlsx")

    assert [(paper.key, paper.year) for paper in Paper.objects.all()] == [("17", 2020)]


def test_staff_without_rights_neither_import_nor_export(as_user, db):
    person = make_user("helper")
    person.is_staff = True
    person.save()

    assert as_user(person).get(page_of(Paper, "import")).status_code == 403
    assert as_user(person).get(page_of(Paper, "export")).status_code == 403


HARD = [
    "=1+1",
    " leading and trailing ",
    "two\nlines\r\nand\rmore",
    "'=quoted",
    "\u200b=1",
    "＝1",
    "\u00a0@x",
    "-1",
    "a;b,c\"d'",
    "tab\there",
    "\ufeffmark",
    "0012",
    "TRUE",
    "2021-05-02",
    "1e5",
    "{x} & 50 %",
    "机器, 学习",
    "x" * 5000,
]


@pytest.mark.parametrize(("format", "name"), [(CSV, "table.csv"), (XLSX, "table.xlsx")])
def test_papers_that_go_out_and_come_back_have_not_changed(format, name, site, study, ada):
    other = make_study(lead=ada)
    for number, text in enumerate(HARD):
        facts = dict.fromkeys(("authors", "venue", "abstract", "keywords", "publisher"), text)
        make_paper(
            study, text, key=f"k{number}", doi=f"10.1000/A_{number}", volume=text[:90], **facts
        )
    make_paper(other, "Same key", key="k0", year=None, doi="no DOI at all", extra={"note": "kept"})
    before = list(Paper.objects.order_by("pk").values())
    out = site.post(page_of(Paper, "export"), {"format": format}).content

    same = bring(site, Paper, out, format=format, name=name)
    assert f"0 new, 0 updated, 0 deleted and {len(before)} skipped" in same.content.decode()
    assert list(Paper.objects.order_by("pk").values()) == before
    assert not LogEntry.objects.exists()
    assert not PaperSource.objects.exists()

    Paper.objects.all().delete()
    assert "0 skipped" in bring(site, Paper, out, format=format, name=name).content.decode()
    again = site.post(page_of(Paper, "export"), {"format": CSV}).content.decode()
    assert len(list(csv.DictReader(StringIO(again, newline="")))) == len(before)
    assert bring(site, Paper, again).status_code == 200


def test_codes_in_every_state_go_out_and_come_back_unchanged(site, study, ada, ben, cleo):
    section = study.sections.get(key="challenges")
    cost = section.codes.get(label="Cost")
    make_code(section, "COST")
    make_code(section, "=Retired", status="retired", definition=" spaced ")
    for person in (ben, cleo):
        make_code(
            section, "Same words", status="proposed", proposed_by=person, definition=person.username
        )
    make_code(section, "Declined", status="declined", proposed_by=ben)
    make_code(section, "Cost", status="merged", merged_into=cost)
    make_code(make_section(study.phases.get(), "approaches"), "CI/CD")
    for format in (CSV, XLSX):
        for model in (Challenge, Approach, MaturityStage):
            before = list(model.objects.order_by("pk").values())
            out = site.post(page_of(model, "export"), {"format": format}).content
            name = "table.csv" if format == CSV else "table.xlsx"
            same = bring(site, model, out, format=format, name=name)
            assert same.status_code == 200, (model, format)
            assert f"0 new, 0 updated, 0 deleted and {len(before)} skipped" in same.content.decode()
            assert list(model.objects.order_by("pk").values()) == before
    assert not CodebookChange.objects.exists()


def test_into_an_empty_codebook_come_the_active_codes_and_the_others_are_named(site, study, ben):
    section = study.sections.get(key="challenges")
    make_code(section, "Only proposed", status="proposed", proposed_by=ben)
    make_code(section, "Given up", status="retired")
    out = site.post(page_of(Challenge, "export"), {"format": CSV}).content.decode()
    labels = set(section.codes.filter(status="active").values_list("label", flat=True))
    section.codes.all().delete()

    preview = site.post(page_of(Challenge, "import"), {"import_file": table(out), "format": CSV})
    assert "Given up (retired), Only proposed (proposed)" in preview.content.decode() or (
        "Only proposed (proposed), Given up (retired)" in preview.content.decode()
    )
    bring(site, Challenge, out)
    assert set(section.codes.values_list("label", "status")) == {(one, "active") for one in labels}


def test_what_is_only_proposed_is_not_redefined_by_a_file(site, study, ben):
    section = study.sections.get(key="challenges")
    proposal = make_code(section, "Mine", status="proposed", proposed_by=ben)
    content = (
        f"study,section,label,definition,status\n{study.slug},challenges,Mine,another,proposed\n"
    )
    refused = bring(site, Challenge, content)
    assert refused.status_code == 422
    assert "What is proposed is not re-defined here." in refused.content.decode()
    proposal.refresh_from_db()
    assert proposal.definition == ""


def test_importing_asks_as_many_questions_of_three_papers_as_of_three_hundred(site, study):
    def asked_for(first, last):
        rows = "".join(f"{study.slug},k{n},Title {n},10.1/{n}\n" for n in range(first, last))
        with CaptureQueriesContext(connection) as asked:
            done = bring(site, Paper, f"study,key,title,doi\n{rows}")
        assert f"{last - first} new" in done.content.decode()
        rows = rows.replace("Title", "Better title")
        with CaptureQueriesContext(connection) as asked_again:
            done = bring(site, Paper, f"study,key,title,doi\n{rows}")
        assert f"{last - first} updated" in done.content.decode()
        return len(asked), len(asked_again)

    asked_for(0, 1)
    few = asked_for(10, 13)
    assert asked_for(1000, 1300) == few
    assert PaperSource.objects.count() == 304
    assert Paper.objects.get(key="k1299").title == "Better title 1299"


def test_adding_codes_asks_as_many_questions_for_three_as_for_three_hundred(site, study):
    def asked_for(first, last):
        rows = "".join(f"{study.slug},challenges,New code {n}\n" for n in range(first, last))
        with CaptureQueriesContext(connection) as asked:
            done = bring(site, Challenge, f"study,section,label\n{rows}")
        assert f"{last - first} new" in done.content.decode()
        # A savepoint around each row costs next to nothing.
        return sum("SAVEPOINT" not in query["sql"] for query in asked)

    before = study.codebook_version
    asked_for(0, 1)
    few = asked_for(10, 13)
    assert asked_for(1000, 1300) == few
    study.refresh_from_db()
    assert study.codebook_version == before + 304
    steps = study.codebook_changes.filter(act="add", code__label__startswith="New code")
    assert steps.count() == 304
    code = Challenge.objects.get(label="New code 1299")
    assert (code.section.key, code.status) == ("challenges", "active")
    assert study.log.filter(act="import-in-admin").count() == 3


def test_of_many_rows_some_are_shown_and_all_are_counted(site, study):
    rows = "".join(f"{study.slug},k{n},Title {n}\n" for n in range(250))
    preview = site.post(
        page_of(Paper, "import"), {"import_file": table(f"study,key,title\n{rows}"), "format": CSV}
    ).content.decode()
    assert "250 new, 0 changed, 0 unchanged. Shown are the first 200 rows." in preview
    assert ("Title 199<" in preview, "Title 200<" in preview) == (True, False)
    refused = bring(
        site, Paper, "study,key,title\n" + "".join(f"{study.slug},k{n},\n" for n in range(250))
    )
    assert (
        refused.status_code,
        "the first 200 of 250 refused rows" in refused.content.decode(),
    ) == (422, True)


def test_two_rows_of_one_file_cannot_have_the_same_doi(site, study):
    content = (
        f"study,key,title,doi\n{study.slug},a,A,10.1000/x\n"
        f"{study.slug},b,B,https://doi.org/10.1000/X\n"
    )
    refused = bring(site, Paper, content)
    assert refused.status_code == 422
    assert (
        "<td>3</td><td></td><td>Another paper of this study has this DOI."
        in refused.content.decode()
    )
    assert not Paper.objects.exists()


def test_a_workbook_that_would_cut_a_cell_short_is_not_made(site, study):
    make_paper(study, "Long", key="long", abstract="x" * 40_000)
    answer = site.post(page_of(Paper, "export"), {"format": XLSX}, follow=True)
    assert "more than a workbook holds: take the CSV file" in answer.content.decode()
    assert "x" * 40_000 in site.post(page_of(Paper, "export"), {"format": CSV}).content.decode()
