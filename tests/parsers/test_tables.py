"""Tables with a header row: codings, codebooks and papers, as spreadsheets and people write
them.
"""

import csv
import io
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from mapping.parsers import UnreadableFile, read_papers, tables
from mapping.parsers.tables import read_table

CODINGS = ("paper", "reviewer", "section", "value")


def cells(table):
    return [row.cells for row in table.rows]


def workbook(**sheets):
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    stored = io.BytesIO()
    book.save(stored)
    return stored.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_csv_is_read_with_any_delimiter_line_end_and_encoding(delimiter, line_end, encoding):
    lines = (
        [" Paper ", "reviewer", "Section", "value"],
        ["p1", "Kaique ", "a", "müde, oder?"],
        ["p2", "", "b", "x"],
    )
    text = line_end.join(
        delimiter.join(f'"{cell}"' if "," in cell else cell for cell in line) for line in lines
    )

    table = read_table("codings.csv", text.encode(encoding), required=CODINGS)

    assert table.columns == ["paper", "reviewer", "section", "value"]
    assert cells(table) == [
        {"paper": "p1", "reviewer": "Kaique", "section": "a", "value": "müde, oder?"},
        {"paper": "p2", "reviewer": "", "section": "b", "value": "x"},
    ]


def test_a_missing_column_is_named_with_the_columns_present():
    with pytest.raises(UnreadableFile) as refused:
        read_table("codings.csv", b"paper,rater,value\np1,Ben,x\n", required=CODINGS)

    assert str(refused.value) == (
        "codings.csv: the column “reviewer” is missing; the file has: paper, rater, value"
    )


def test_mapped_headings_are_read_and_other_columns_are_named_as_ignored():
    table = read_table(
        "c.csv",
        b"paper,doi,rater,section,value,Mood\np1,10.1000/x,Ben,a,v,good\n",
        required=CODINGS,
        columns={"paper": "DOI", "reviewer": "rater"},
    )

    assert cells(table)[0] | {"Mood": ""} == {
        "paper": "10.1000/x",
        "reviewer": "Ben",
        "section": "a",
        "value": "v",
        "paper (2)": "p1",
        "Mood": "",
    }
    assert table.ignored == ["paper (2)", "Mood"]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"paper": "PMID"}, "the column “PMID” (for “paper”) is missing"),
        (
            {"mood": "value"},
            "there is no column “mood” to read, only paper, reviewer, section, value",
        ),
    ],
)
def test_a_mapped_heading_that_is_missing_is_named(columns, words):
    with pytest.raises(UnreadableFile) as refused:
        read_table("c.csv", b"paper,reviewer,section,value\n", required=CODINGS, columns=columns)
    assert words in str(refused.value)


def test_a_wanted_column_that_occurs_twice_is_refused():
    with pytest.raises(UnreadableFile, match="the column “value” stands twice"):
        read_table("c.csv", b"paper,value,Value\np,1,2\n", required=("paper", "value"))

    assert cells(read_table("c.csv", b"paper,note,note\np,1,2\n", required=("paper",))) == [
        {"paper": "p", "note": "1", "note (2)": "2"}
    ]


def test_rows_know_their_first_line_after_multi_line_cells():
    content = b'paper,value\n\np1,"two\nlines"\np2,"three\n\nlines"\n,\np3,x,y\np4\n'
    table = read_table("c.csv", content, required=("paper", "value"))

    assert [(row.line, row["paper"], row["value"]) for row in table.rows] == [
        (3, "p1", "two\nlines"),
        (5, "p2", "three\n\nlines"),
        (10, "p4", ""),
    ]
    assert [(problem.line, problem.reason) for problem in table.problems] == [
        (9, "the row has 3 cells, but the header 2")
    ]


def test_an_unclosed_quotation_mark_is_reported_with_its_line():
    with pytest.raises(
        UnreadableFile, match=r"c.csv, line 3: a quotation mark is opened here and never closed"
    ):
        read_table("c.csv", b'paper,value\np1,x\np2,"open\np3,y\n')


def test_the_separator_line_of_excel_is_read():
    assert cells(
        read_table("c.csv", b'sep=;\r\npaper;value\r\np1;"a;b"\r\n', required=("paper",))
    ) == [{"paper": "p1", "value": "a;b"}]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"\n\n  \n", "the file is empty"),
        (b",,\n,,\n", "the table is empty"),
    ],
)
def test_an_empty_table_is_refused(content, words):
    with pytest.raises(UnreadableFile, match=words):
        read_table("c.csv", content)


@pytest.mark.parametrize("dangerous", ["=1+1", "+49", "-5", "@x", "\tx", "\rx", "'=1", "''-2"])
def test_formulas_are_escaped_by_an_apostrophe_and_unescaped_again(dangerous):
    assert tables.escaped(dangerous) == "'" + dangerous.replace("\r", "\n")
    assert tables.unescaped("'" + dangerous) == dangerous


@given(st.text())
def test_escaping_is_undone_for_any_text(text):
    assert tables.unescaped(tables.escaped(text)) == text.replace("\r\n", "\n").replace("\r", "\n")
    assert not tables.escaped(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("harmless", ["'quoted'", "it's", "a=b", ""])
def test_text_that_is_no_formula_is_not_escaped(harmless):
    assert tables.escaped(harmless) == harmless
    assert tables.unescaped(harmless) == harmless


typed = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("\t\r\n=+-@',;\""))


@settings(max_examples=100)
@given(st.lists(st.tuples(typed.filter(str.strip), typed), min_size=1, max_size=5))
def test_csv_survives_a_round_trip_except_for_outer_blanks(rows):
    stored = io.StringIO(newline="")
    csv.writer(stored, lineterminator="\n").writerows(
        [("paper", "value"), *(map(tables.escaped, row) for row in rows)]
    )
    expected = [(tidy(paper), tidy(value)) for paper, value in rows]

    table = read_table("c.csv", stored.getvalue().encode(), required=("paper", "value"))

    read = [(tidy(row["paper"]), tidy(row["value"])) for row in table.rows]
    assert read == [row for row in expected if any(row)]


def tidy(text):
    """What the formula escape protects may begin with white space, which the reader keeps."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def test_the_sheet_with_the_wanted_columns_is_read_and_its_cells_are_text():
    content = workbook(
        Read_me=[["This file holds codings"], ["see sheet 2"]],
        Codings=[
            ["Paper", "Value", "Note"],
            ["p1", 2021.0, date(2021, 5, 2)],
            [None, None, None],
            ["'=p2", True, "  trimmed "],
            ["p3", 0.5],
        ],
    )

    table = read_table("c.xlsx", content, required=("paper", "value"))

    assert [(row.line, row.cells) for row in table.rows] == [
        (2, {"paper": "p1", "value": "2021", "Note": "2021-05-02"}),
        (4, {"paper": "=p2", "value": "TRUE", "Note": "trimmed"}),
        (5, {"paper": "p3", "value": "0.5", "Note": ""}),
    ]


def test_a_damaged_workbook_is_refused():
    content = workbook(A=[["paper"], ["p1"]])
    with pytest.raises(UnreadableFile, match=r"no readable \.xlsx workbook"):
        read_table("c.xlsx", content[: len(content) // 2])


def test_the_codings_of_the_survey_are_read(shared_data):
    name = "codes-450.csv"
    table = read_table(
        name, (shared_data / "plant-pathology" / name).read_bytes(), required=CODINGS
    )

    assert (len(table.problems), table.ignored) == (0, ["article"])
    assert len({row["article"] for row in table.rows}) == 450
    assert "Kaique" in {row["reviewer"] for row in table.rows}


def test_the_450_articles_of_the_survey_are_papers_with_a_key_and_mostly_a_doi(shared_data):
    records, problems = read_papers(shared_data / "plant-pathology" / "articles.csv")

    assert (len(records), problems) == (450, [])
    assert len({record.key for record in records}) == 450
    assert all(record.venue and record.year for record in records)
    first = records[0]
    assert (first.key, first.doi) == (
        "billones-baaijens_susceptiblity_2014",
        "10.1007/s13313-013-0228-9",
    )
    assert first.raw == {"paper_id": "A001", "page_drawn": "29"}


def test_papers_of_a_database_export_are_read():
    people = '"John M.M.; Olsson H.H.","John, Meenu (57216); Olsson, Helena (1234567)"'
    content = f"""Authors,Author full names,Title,Year,Source title,Issue,Page start,Page end,DOI,Document Type,Keywords
{people},Towards MLOps,2021,SEAA,2,1,8,https://doi.org/10.1109/X.1,Conference paper,MLOps; AI
,,,,,,,,,,
Doe J.,,,2020,Nowhere,,,,,,"""  # noqa: E501
    records, problems = read_papers("scopus.csv", content.encode())

    (record,) = records
    assert (record.title, record.authors, record.kind) == (
        "Towards MLOps",
        ["John, M.M.", "Olsson, H.H."],
        "inproceedings",
    )
    assert (record.doi, record.pages, record.number, record.keywords) == (
        "10.1109/x.1",
        "1-8",
        "2",
        ["MLOps", "AI"],
    )
    assert record.raw == {"Author full names": "John, Meenu (57216); Olsson, Helena (1234567)"}
    assert [(problem.line, problem.is_refusal) for problem in problems] == [(4, True)]


def test_papers_are_read_from_a_workbook():
    content = workbook(
        Papers=[
            ["Title", "Authors", "Year"],
            ["Who Needs MLOps", "Mäkinen, S.; Skogström, H.", 2021],
        ]
    )

    (record,), problems = read_papers("papers.xlsx", content)

    assert (record.title, record.authors, record.year, record.line) == (
        "Who Needs MLOps",
        ["Mäkinen, S.", "Skogström, H."],
        2021,
        2,
    )
    assert problems == []


BIB = "@article{müller2020, title={Über {MLOps}}, author={Müller, Jörg}}\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-16-be", "utf-32"]
)
@pytest.mark.parametrize("name", ["papers.bib", "papers.txt", "download"])
def test_the_format_of_a_bibliography_is_recognised_in_any_encoding(name, encoding):
    (record,), problems = read_papers(name, BIB.encode(encoding))

    assert (record.key, record.title, record.authors, problems) == (
        "müller2020",
        "Über MLOps",
        ["Müller, Jörg"],
        [],
    )


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.bib", b"", "the file is empty"),
        ("a.bib", b"Dear all, here are my references.", "there is no BibTeX entry in it"),
        ("a.bib", b"@comment{jabref-meta: x}", "there is no BibTeX entry in it"),
        ("a.ris", b"Dear all", "there is no RIS record in it"),
        ("a.txt", b"Dear all, here are my references.", "this is no list of references"),
        ("a.csv", b"name of author,age\nx,3\n", "the column “title” is missing"),
        ("a.bib", b"%PDF-1.7 \x00\x01", "this is a PDF"),
        ("a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1", "this is an old Excel or Word file"),
        ("a.ris", bytes(range(256)) * 50, "this is a binary file"),
        ("a.bib", b"<!DOCTYPE html><html>@article{a, title={x}}", "this is a web page"),
        ("a.xlsx", b"PK\x03\x04 nothing more", "no readable .xlsx workbook"),
    ],
)
def test_files_that_are_no_bibliography_are_refused_with_a_reason(name, content, words):
    with pytest.raises(UnreadableFile) as refused:
        read_papers(name, content)
    assert words in str(refused.value)
    assert str(refused.value).startswith(name)


def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path):
    with pytest.raises(UnreadableFile, match=r"papers\.bib: the file is larger than 1 MB"):
        read_papers("papers.bib", b" " * (1024 * 1024 + 1), limit=1024 * 1024)

    large = tmp_path / "large.bib"
    with large.open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    with pytest.raises(UnreadableFile, match="larger than 50 MB"):
        read_papers(large)
    with pytest.raises(UnreadableFile, match="cannot be opened"):
        read_papers(tmp_path / "missing.bib")
