"""Tables in and out of the admin site: papers and codes as CSV and workbooks."""

import csv
from io import BytesIO, StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook, load_workbook

from mapping.exporting import plain, safe
from mapping.models import Approach, Challenge, Code, CodebookChange, LogEntry, MaturityStage, Paper, PaperSource
from tests.making import make_code, make_paper, make_section, make_study, make_user
from tests.test_admin import make_admin, page_of

CSV, XLSX = "0", "1"


@pytest.fixture
def root(db):
    return make_admin()


@pytest.fixture
def site(root, as_user):
    return as_user(root)


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\nx", "'=1", "''=1", "'plain", "plain", "", "'"]
)
def test_a_cell_is_safe_on_the_way_out_and_plain_on_the_way_in(cell):
    assert plain(safe(cell)) == cell
    assert not safe(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert safe(5) == 5


def table(text, name="table.csv"):
    return SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)


def bring(site, model, content, *, format=CSV, name="table.csv"):
    """Upload, look at the preview, and confirm it where it can be confirmed; the last answer."""
    preview = site.post(page_of(model, "import"), {"import_file": table(content, name), "format": format})
    confirm = preview.context.get("confirm_form")
    if confirm is None:
        return preview
    return site.post(page_of(model, "process_import"), confirm.initial, follow=True)


def test_papers_go_out_and_come_in_as_a_table(site, study, root):
    make_paper(
        study, '=HYPERLINK("evil")', key="odd", abstract="-5 degrees, “quoted”,\nsecond line", authors="Müller, Jörg"
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
    assert (back.title, back.abstract) == ('=HYPERLINK("evil")', "-5 degrees, “quoted”,\nsecond line")
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
def test_one_refused_row_names_line_and_column_and_nothing_is_written(line, column, said, site, study):
    make_paper(study, key="there", doi="10.1/used")
    content = f"study,key,title,year,doi\n{study.slug},good,Good,2020,\n\n{line.format(slug=study.slug)}\n"
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
        ('study,key\n"open,x\n', "open.csv", CSV, "a quotation mark is opened here and never closed"),
        ("study,key\na,b,c\n", "wide.csv", CSV, "line 2: the row has 3 cells, but the header 2"),
        ("study,key\na,b\n", "not.xlsx", XLSX, "not an Excel workbook"),
        ("study,key\n", "rows.csv", CSV, "No valid data to import"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_in_plain_words(content, name, format, said, site, study, settings):
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
    done = site.post(page_of(Paper, "process_import"), preview.context["confirm_form"].initial, follow=True)

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
    assert [change.act for change in CodebookChange.objects.order_by("version")] == ["redefine", "add"]
    assert study.codebook_version == 3
    assert LogEntry.objects.get(act="import-in-admin").facts == {"file": "table.csv", "new": 1, "changed": 1}


@pytest.mark.parametrize("model", [Challenge, Approach, MaturityStage])
def test_the_codes_that_go_out_come_back_unchanged(model, site, study):
    make_code(make_section(study.phases.get(), "approaches"), "=CI/CD pipeline")
    out = site.post(page_of(model, "export"), {"format": CSV}).content.decode()

    assert (
        f"0 new, 0 updated, 0 deleted and {model.objects.count()} skipped" in bring(site, model, out).content.decode()
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
def test_a_refused_code_names_line_and_column_and_nothing_is_written(line, column, said, site, study, ada):
    make_study(slug="bare", lead=ada, with_sections=False)
    before = set(Code.objects.values_list("label", flat=True))
    content = f"study,section,label,status\n{study.slug},challenges,Good,\n{line.format(slug=study.slug)}\n"
    refused = bring(site, Challenge, content)

    assert refused.status_code == 422
    page = refused.content.decode()
    assert f"<td>3</td><td>{column}</td>" in page
    assert said in page
    assert set(Code.objects.values_list("label", flat=True)) == before
    assert not CodebookChange.objects.exists()


def test_a_workbook_made_elsewhere_may_have_blank_rows_and_numbers(site, study):
    book = Workbook()
    for line in (["Study", "Key", "Title", "Year"], [None] * 4, [study.slug, 17, "Seventeen", 2020.0]):
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
