"""What programs leave between the records of a RIS file: no record is lost, nothing is refused for
it.
"""

import pytest

from mapping.parsers import read_papers, ris
from tests.parsers.test_bibtex import notes, refusals

ONE = "TY  - JOUR\nTI  - One title of a paper\nAU  - Smith, J.\nPY  - 2001\nER  - \n"
TWO = "TY  - JOUR\nTI  - Two\nAB  - Some words\nPY  - 2002\nER  - \n"


def read(text, name="export.ris"):
    records, problems = read_papers(name, text.encode())
    assert refusals(problems) == []
    return records


def test_tags_after_er_belong_to_the_record_before():
    text = "".join(
        f"{number}. \nTY  - JOUR\nT1  - Title {number}\nDO  - 10.1000/{number}\nER  - \nUR  - "
        f"http://ovid/{number}\n"
        f"DB  - PsycINFO\nAB  - Abstract {number}\n\n"
        for number in range(1, 51)
    )
    records = read(text)
    assert [record.title for record in records] == [f"Title {number}" for number in range(1, 51)]
    assert {(record.title[6:], record.url[12:], record.abstract[9:]) for record in records} == {
        (str(number),) * 3 for number in range(1, 51)
    }
    assert {record.raw["DB"] for record in records} == {"PsycINFO"}
    assert ris.read(text)[1] == []


@pytest.mark.parametrize(
    "between",
    [
        *(
            "",
            "\n\n\n",
            "ER  - \n",
            "ER  -\n\nER  - \n",
            "\ufeff",
            "\n\ufeff\n\ufeff",
            "2. \n",
            "\n2.\n\n",
        ),
        *("<2>\n", "2. "),
        "UR  - http://x.org\nER  - \n",
        "Record 2 of 2\n",
        "DB  - PsycINFO\n\n\nER  -\n",
        "---\n",
        "\t\n",
    ],
)
@pytest.mark.parametrize(
    "end", ["ER  - \n", "ER  -\n", "ER -\n", "er  - \n", "ER  - 1\n", "ER  - end of record\n", ""]
)
def test_two_records_are_read_whatever_stands_between_them(between, end):
    records = read(ONE.replace("ER  - \n", end) + between + TWO)
    assert [(record.title, record.year) for record in records] == [
        ("One title of a paper", 2001),
        ("Two", 2002),
    ]
    assert records[1].abstract == "Some words"


def test_a_record_that_starts_on_the_er_line_is_read():
    records = read(ONE.removesuffix("\n") + TWO)
    assert [record.title for record in records] == ["One title of a paper", "Two"]


def test_tags_before_ty_belong_to_the_record_after():
    for gap in ("\n", ""):
        records = read(f"ID  - a\nDB  - X\n{ONE}{gap}ID  - b\nDB  - Y\n{TWO}")
        assert [(record.key, record.raw["DB"]) for record in records] == [("a", "X"), ("b", "Y")]


def test_a_heading_of_tags_above_all_records_is_a_note():
    records, problems = ris.read(f"DB  - PsycINFO\n\n{ONE}")
    assert (len(records), refusals(problems)) == (1, [])
    assert notes(problems) == [(1, "outside of any record, not taken: DB  - PsycINFO")]


def test_a_record_without_ty_is_reported_and_not_merged_into_the_one_before():
    records, problems = ris.read(f"{ONE}TI  - A title of its own\nAU  - Other, A.\nER  - \n{TWO}")
    assert [record.title for record in records] == ["One title of a paper", "Two"]
    assert records[0].authors == ["Smith, J."]
    assert refusals(problems) == [
        (6, "outside of any record, not taken: TI  - A title of its own … AU  - Other, A.")
    ]


def test_a_title_after_er_belongs_to_a_record_without_title():
    (record,) = read("TY  - JOUR\nAU  - Smith, J.\nER  - \nTI  - Late\nDO  - 10.1000/x\n")
    assert (record.title, record.doi) == ("Late", "10.1000/x")


@pytest.mark.parametrize(
    "text",
    [
        ONE.replace("  - ", " - "),
        ONE.replace("  - ", "- "),
        ONE.replace("  - ", "  -"),
        ONE.replace("  - ", "   - "),
        ONE.replace("TY", "ty")
        .replace("TI", "ti")
        .replace("AU", "au")
        .replace("PY", "py")
        .replace("ER", "er"),
        "\ufeff" + ONE,
        "   " + ONE.replace("\n", "\n   "),
    ],
)
def test_tags_are_recognised_whatever_their_spacing(text):
    (record,) = read(text)
    assert (record.title, record.year, record.authors) == (
        "One title of a paper",
        2001,
        ["Smith, J."],
    )


def test_sentences_that_resemble_er_or_a_number_stay_in_the_abstract():
    text = TWO.replace(
        "Some words\n", "Visits to the\nER - and its staff - grew by\n12.\nThat is all.\n"
    )
    (record,) = read(text)
    assert record.abstract == "Visits to the ER - and its staff - grew by 12. That is all."


def test_every_ty_of_a_joined_file_is_a_record_or_reported():
    parts = [
        ONE,
        TWO,
        "\ufeff" + ONE.replace("ER  - \n", ""),
        "3.\n" + TWO,
        "ER  - \n",
        ONE + "UR  - http://a\n",
        TWO,
    ]
    text = "".join(parts)
    records, problems = ris.read(text)
    assert len(records) == text.count("TY  - ") == 6
    assert refusals(problems) == []


def test_keywords_are_read_one_per_line_or_as_a_list():
    def keywords(lines):
        return read(ONE.replace("PY", f"{lines}\nPY"))[0].keywords

    assert keywords("KW  - Micro services\nServerless\nCost model") == [
        "Micro services",
        "Serverless",
        "Cost model",
    ]
    assert keywords("KW  - agile, scrum, kanban") == ["agile", "scrum", "kanban"]
    assert keywords("KW  - Neoplasms, experimental") == ["Neoplasms, experimental"]
    assert keywords("KW  - agile, a, b\nKW  - scrum") == ["agile, a, b", "scrum"]
    assert keywords("KW  - a long\n  keyword") == ["a long keyword"]


def test_bibtex_and_ris_in_one_file_are_read_with_line_numbers():
    text = (
        f"@article{{a, title={{In BibTeX}}, year={{2010}}}}\n\n{ONE}\n@article{{b, "
        f"title={{Again}}}}\n{TWO}"
    )
    records = read(text, "notes.txt")
    assert [(record.title, record.line) for record in records] == [
        ("In BibTeX", 1),
        ("One title of a paper", 3),
        ("Again", 9),
        ("Two", 10),
    ]
    (record,) = read(TWO.replace("Some words", "Cite as\n@article{a, title={x}}"))
    assert "@article" in record.abstract


def test_a_line_of_an_abstract_in_bibtex_begins_no_ris_record():
    entry = (
        "@article{a, title={In BibTeX}, abstract={We parse\nTY  - JOUR\nTI  - x\nER  - \nhere.}}\n"
    )
    (record,) = read(entry, "notes.txt")
    assert (record.title, record.abstract) == ("In BibTeX", "We parse TY - JOUR TI - x ER - here.")
    records = read(f"{entry}{ONE}", "notes.txt")
    assert [record.title for record in records] == ["In BibTeX", "One title of a paper"]


def test_a_ris_record_without_er_does_not_swallow_bibtex_after_it():
    open_end = ONE.removesuffix("ER  - \n")
    records = read(
        f"{open_end}\n@article{{a,\n title={{In BibTeX}}}}\n{open_end.replace('One', 'Last')}",
        "notes.txt",
    )
    assert [record.title for record in records] == [
        "One title of a paper",
        "In BibTeX",
        "Last title of a paper",
    ]


def test_many_lines_outside_of_records_are_read_quickly():
    many = 200_000
    records, _ = ris.read(ONE + "UR  - http://x\n" * many + "\n" * many + "12.\n" * many)
    assert len(records) == 1
