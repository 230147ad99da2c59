"""RIS in and out: every record that begins is taken or named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.parsers import PaperRecord, read_papers, ris
from tests.parsers.test_bibtex import content_of, notes, papers, refusals

RECORD = """TY  - CPAPER
ID  - john2021towards
TI  - Towards MLOps: A Framework
AU  - John, Meenu Mary
A1  - Olsson,Helena
PY  - 2021//
T2  - 47th Euromicro Conference
JO  - 47th Euromicro conference
SP  - 1
EP  - 8
DO  - https://doi.org/10.1109/SEAA53835.2021.00050
UR  - https://example.org/a;b
UR  - https://example.org/second
KW  - MLOps
KW  - DevOps; testing
AB  - Two lines
 of abstract &amp; more.
SN  - 978-1-6654-2705-0
XY  - a tag nobody knows
ER  -
"""


def test_a_record_is_read_with_all_its_fields():
    records, problems = ris.read("1.\n" + RECORD, "export.ris")

    assert problems == []
    assert records == [
        PaperRecord(
            key="john2021towards",
            title="Towards MLOps: A Framework",
            authors=["John, Meenu Mary", "Olsson, Helena"],
            year=2021,
            venue="47th Euromicro Conference",
            doi="10.1109/seaa53835.2021.00050",
            url="https://example.org/a;b",
            abstract="Two lines of abstract & more.",
            kind="inproceedings",
            pages="1-8",
            keywords=["MLOps", "DevOps", "testing"],
            raw={
                "UR": "https://example.org/second",
                "issn": "978-1-6654-2705-0",
                "XY": "a tag nobody knows",
            },
            file="export.ris",
            line=2,
        )
    ]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_records_are_read_with_any_kind_of_line_end(line_end):
    text = (RECORD * 25).replace("\n", line_end)

    records, problems = read_papers("export.ris", text.encode())

    assert (len(records), problems) == (25, [])


def test_a_stray_carriage_return_hides_no_record():
    text = (RECORD * 25).replace("Two lines\n", "Two\r lines\n", 3)

    records, problems = read_papers("export.ris", text.encode())

    assert (len(records), problems) == (25, [])
    assert {record.abstract for record in records} == {"Two lines of abstract & more."}


def test_a_record_without_its_end_does_not_swallow_the_next_one():
    text = (
        "TY  - JOUR\nTI  - One\nPY  - 2001\nTY  - JOUR\nTI  - Two\nER  - \nTY  - JOUR\nTI  - Three"
    )

    records, problems = ris.read(text)

    assert [(record.title, record.year) for record in records] == [
        ("One", 2001),
        ("Two", None),
        ("Three", None),
    ]
    assert [line for line, _ in notes(problems)] == [1, 7]
    assert refusals(problems) == []


def test_records_without_title_and_doi_and_stray_fields_are_reported():
    text = (
        "TI  - Lost\nAU  - Nobody\n\nTY  - JOUR\nAU  - Somebody\nER  - \nTY  - JOUR\nDO  - "
        "10.1000/x\nER  - \n"
    )

    records, problems = ris.read(text)

    assert [record.doi for record in records] == ["10.1000/x"]
    assert refusals(problems) == [
        (1, "outside of any record, not taken: TI  - Lost … AU  - Nobody"),
        (4, "the record that begins here has neither title nor DOI"),
    ]


def test_tags_are_recognised_with_wrong_spacing_but_capital_words_are_not():
    text = (
        "TY - JOUR\nTI  -   Loose\n AU-  Smith, A.\nAB  - Read in the\nUK - and in NL too\nDO  "
        " - 10.1000/x\nER -"
    )

    (record,), problems = ris.read(text)

    assert (record.title, record.authors, record.doi) == ("Loose", ["Smith, A."], "10.1000/x")
    assert record.abstract == "Read in the UK - and in NL too"
    assert problems == []


def test_second_values_are_kept_where_one_was_expected():
    (record,), _ = ris.read(
        "TY  - JOUR\nTI  - T\nT2  - Journal A\nT2  - Journal B\nPY  - 2001\nDA  - 2001/05/02\nER  "
        "- "
    )

    assert (record.venue, record.year) == ("Journal A", 2001)
    assert record.raw == {"T2": "Journal B", "DA": "2001/05/02"}


@settings(max_examples=100)
@given(
    st.lists(
        papers(
            [
                "article",
                "inproceedings",
                "phdthesis",
                "mastersthesis",
                "misc",
                "proceedings",
                "podcast",
            ]
        ),
        max_size=3,
    )
)
def test_records_survive_a_round_trip(written):
    for paper in written:
        paper.authors = [person.replace(",", ", ").replace(",  ", ", ") for person in paper.authors]

    read, problems = ris.read(ris.write(written))

    assert list(map(content_of, read)) == list(map(content_of, written))
    assert problems == []


@settings(max_examples=100)
@given(
    st.lists(
        st.sampled_from(
            [
                "TY  - JOUR",
                "TY - BOOK",
                "ER  - ",
                "TI  - T",
                "AU  - ",
                "",
                "words",
                "UK  - x",
                "\rDO  - 10.1000/x",
            ]
        ),
        max_size=30,
    )
)
def test_every_record_is_read_or_reported(lines):
    records, problems = ris.read("\n".join(lines))

    begun = sum(line.startswith("TY") for line in lines)
    named = [
        problem for problem in problems if problem.is_refusal and "begins here" in problem.reason
    ]
    assert len(records) + len(named) == begun
