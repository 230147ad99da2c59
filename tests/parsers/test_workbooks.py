"""Workbooks that others made: several sheets, broken parts, and files that grow when they are
opened.
"""

import io
import re
import zipfile

import pytest
from openpyxl import Workbook

from mapping.parsers import UnreadableFile, read_papers, workbooks
from mapping.parsers.tables import read_table
from tests.parsers.test_tables import cells, workbook

NEEDED = ("paper", "value")
SHEET = "xl/worksheets/sheet1.xml"


def changed(content, part, change):
    """The workbook with one of its parts changed: `change` is given the part's bytes."""
    stored = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stored, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return stored.getvalue()


def with_rows(xml):
    """A workbook whose only sheet has these rows in its XML below a header of paper and value."""

    def change(content):
        return content.replace(b"</sheetData>", xml + b"</sheetData>")

    return changed(workbook(Codings=[["paper", "value"]]), SHEET, change)


def refusal(content, **how):
    with pytest.raises(UnreadableFile) as refused:
        read_table("c.xlsx", content, required=NEEDED, **how)
    return str(refused.value)


def test_sheets_that_are_not_read_are_named():
    content = workbook(
        First=[["paper", "value"], ["p1", "a"]],
        Notes=[["todo"]],
        Second=[["Value", "Paper"], ["b", "p2"]],
    )

    one = read_table("c.xlsx", content, required=NEEDED)
    assert cells(one) == [{"paper": "p1", "value": "a"}]
    assert one.notes == [
        "Of the workbook’s sheets “First” was read; left aside: “Notes”, “Second”."
    ]

    both = read_table("c.xlsx", content, required=NEEDED, joins=True)
    assert cells(both) == [{"paper": "p1", "value": "a"}, {"paper": "p2", "value": "b"}]
    assert [(row.file, row.line) for row in both.rows] == [
        ("c.xlsx, sheet “First”", 2),
        ("c.xlsx, sheet “Second”", 2),
    ]
    assert both.notes == [
        "Of the workbook’s sheets “First”, “Second” was read; left aside: “Notes”."
    ]


def test_blank_sheets_are_ignored():
    table = read_table(
        "c.xlsx", workbook(Sheet1=[["paper", "value"], ["p", "v"]], Sheet2=[], Sheet3=[[None, " "]])
    )
    assert (cells(table), table.notes) == ([{"paper": "p", "value": "v"}], [])


def test_papers_of_all_sheets_are_read_and_other_sheets_are_noted():
    content = workbook(
        Scopus=[["Title", "Year"], ["One", 2020], ["Two", 2021]],
        ACM=[["Year", "Title"], [2022, "Three"]],
        About=[["Exported on"], ["Monday"]],
    )
    records, problems = read_papers("p.xlsx", content)
    assert [(record.title, record.year) for record in records] == [
        ("One", 2020),
        ("Two", 2021),
        ("Three", 2022),
    ]
    assert [(problem.is_refusal, problem.reason) for problem in problems] == [
        (False, "Of the workbook’s sheets “Scopus”, “ACM” was read; left aside: “About”.")
    ]
    assert records[2].file == "p.xlsx, sheet “ACM”"


@pytest.mark.parametrize(
    "part",
    [
        SHEET,
        "xl/workbook.xml",
        "xl/styles.xml",
        "[Content_Types].xml",
        "xl/_rels/workbook.xml.rels",
    ],
)
@pytest.mark.parametrize(
    "change",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: b"\x00\xff" * 50,
        lambda content: content.replace(b"<", b"<<", 3),
        lambda content: b"<a/>",
        lambda content: re.sub(rb'="[^"]*"', b'="-1"', content),
        lambda content: re.sub(rb">[^<]+<", b">x<", content),
        lambda content: b"<a>" * 100_000 + b"</a>" * 100_000,
    ],
)
def test_broken_parts_are_refused_or_ignored(part, change):
    broken = changed(workbook(Codings=[["paper", "value"], ["p", 1]]), part, change)
    said = "c.xlsx"
    try:
        read_table("c.xlsx", broken, required=NEEDED)
    except UnreadableFile as refused:
        said = str(refused)
    assert said.startswith("c.xlsx")


def test_a_broken_part_is_named_with_line_and_column():
    broken = with_rows(b'<row r="2"><c r="A2"><v>1</c></row>')
    assert re.fullmatch(
        r"c.xlsx: “xl/worksheets/sheet1.xml” in the workbook is broken XML "
        r"\(line 1, column \d+: mismatched tag\)",
        refusal(broken),
    )


@pytest.mark.parametrize("part", [SHEET, "xl/styles.xml", "xl/workbook.xml", "[Content_Types].xml"])
@pytest.mark.parametrize(
    "declared",
    [
        b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">]>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE a SYSTEM "http://example.org/a.dtd">',
    ],
)
def test_xml_entities_are_refused_before_they_are_expanded(part, declared):
    def change(content):
        return declared + re.sub(rb"<\?xml[^>]*\?>", b"", content)

    said = refusal(changed(workbook(Codings=[["paper", "value"], ["p", 1]]), part, change))
    assert said == f"c.xlsx: “{part}” declares a document type, which no workbook needs"


GROWING = {
    "a row far below": lambda: with_rows(
        b'<row r="99999999999"><c r="A99999999999"><v>1</v></c></row>'
    ),
    "rows that are wide": lambda: with_rows(b'<row><c r="ZZZ2"><v>1</v></c></row>' * 500),
    "cells": lambda: with_rows(b"<row>" + b"<c><v>1</v></c>" * 1_200 + b"</row>"),
    "empty cells": lambda: with_rows(b"<row>" + b"<c/>" * 30_000 + b"</row>"),
    "rows without cells": lambda: with_rows(b"<row/>" * 30_000),
    "one endless cell": lambda: with_rows(
        b'<row><c t="inlineStr"><is><t>' + b"0123456789abcdef" * 10_000 + b"</t></is></c></row>"
    ),
    "size": lambda: changed(
        workbook(Codings=[["paper", "value"]]),
        "docProps/app.xml",
        lambda content: content + b" " * 200_000_000,
    ),
    "growth": lambda: changed(
        workbook(Codings=[["paper", "value"]]),
        "docProps/app.xml",
        lambda content: content + b" " * 20_000_000,
    ),
}


@pytest.mark.parametrize("kind", GROWING)
def test_a_workbook_that_grows_when_unpacked_is_refused(kind, monkeypatch):
    # The same with limits that are reached sooner: a machine that tests has more to do.
    for name, smaller in {
        "ROWS": 20_000,
        "CELLS": 1_000,
        "PLACES": 500_000,
        "ELEMENTS": 20_000,
    }.items():
        monkeypatch.setattr(workbooks, f"MOST_{name}", smaller)
    content = GROWING[kind]()
    assert len(content) < 1_000_000
    assert refusal(content).startswith("c.xlsx")


def test_a_string_shared_by_many_cells_counts_for_each_of_them(monkeypatch):
    monkeypatch.setattr(workbooks, "MOST_LETTERS", 100_000)
    book = Workbook()
    book.active.append(["paper", "value"])
    for _ in range(4):
        book.active.append([" " + "xyz" * 10_000 + " ", "v"])
    stored = io.BytesIO()
    book.save(stored)
    assert refusal(stored.getvalue()) == "c.xlsx: the workbook has more than 100,000 characters"


def test_the_declared_size_of_a_sheet_is_not_trusted():
    def change(content):
        return re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD1048576"', content)

    content = changed(workbook(Codings=[["paper", "value"], ["p", 1]]), SHEET, change)
    assert cells(read_table("c.xlsx", content, required=NEEDED)) == [{"paper": "p", "value": "1"}]


@pytest.mark.parametrize(
    "content",
    [
        b"paper,value" + b",x" * 20_000 + b"\n" + b"p\n" * 10,
        b"paper,value" + b",x" * 16_000 + b"\n" + b"p\n" * 1_000,
        b"paper,value\n" + b"p" + b"," * 9_000_000,
    ],
)
def test_a_small_csv_that_grows_is_refused_too(content):
    with pytest.raises(
        UnreadableFile, match="the table has more than 16,384 columns, or 8,000,000 cells: split it"
    ):
        read_table("c.csv", content, required=NEEDED)


ROW = '<row r="2"><c r="A2" t="str"><v>p1</v></c>{}</row>'


@pytest.mark.parametrize(
    "cell",
    ['<c r="B2"><f>1+1</f></c>', '<c r="B2"><f>1+1</f><v/></c>', '<c r="B2"><f/><v></v></c>'],
)
def test_a_formula_without_a_result_is_refused(cell):
    reason = refusal(with_rows(ROW.format(cell).encode()))
    assert reason.startswith(
        "c.xlsx: cell B2 of “sheet1.xml” holds a formula, and what comes out of it is not in"
    )


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ('<c r="B2"><f>1+1</f><v>2</v></c>', "2"),
        ('<c r="B2" t="str"><f>"a"&amp;"b"</f><v>ab</v></c>', "ab"),
        ('<c r="B2" t="str"><f>IF(A2="", "x", "")</f><v></v></c>', ""),
        ('<c r="B2"/>', ""),
    ],
)
def test_a_formula_is_read_as_its_result(cell, found):
    table = read_table("c.xlsx", with_rows(ROW.format(cell).encode()), required=NEEDED)
    assert cells(table) == [{"paper": "p1", "value": found}]
