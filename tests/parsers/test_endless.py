"""Files made to keep a reader busy. Looked at once for each of its places, a run like these would
take hours.
"""

import time

import pytest

from mapping.papers.importing import free_keys
from mapping.parsers import bibtex, names, ris, summary_templates, tables
from mapping.parsers.encodings import decoded
from mapping.parsers.keys import assigned_keys, normalised_doi
from mapping.parsers.records import PaperRecord
from mapping.parsers.summary_templates import TemplateSection
from mapping.parsers.titles import find_duplicates
from reviews.settling.word_diff import word_diff

MANY = 1_000_000


@pytest.fixture(autouse=True)
def in_half_a_minute():
    """Of this process, however busy the machine is. The slowest of them needs a few seconds."""
    began = time.process_time()
    yield
    assert time.process_time() - began < 30


def test_a_long_run_of_carriage_returns_is_read_quickly():
    assert decoded(b"a" + b"\r" * MANY + b"b") == "a" + "\n" * MANY + "b"
    assert decoded(b"a" + b"\r" * MANY + b"\nb") == "a\nb"


def test_a_file_of_blank_lines_holds_no_reference():
    assert not ris.has_records("\n" * MANY + "x")
    assert ris.has_records("\n" * MANY + "  TY  - JOUR")


def test_many_blanks_between_names_are_read_quickly():
    assert names.from_list("Ada" + " " * MANY + "Lovelace") == ["Ada Lovelace"]
    assert names.from_list("Ada Lovelace" + " \n" * (MANY // 10) + "and Ben Okri") == [
        "Ada Lovelace",
        "Ben Okri",
    ]
    assert names.from_list("Lovelace A" + " " * MANY + "(12345)") == ["Lovelace, A"]


def test_many_semicolons_between_names_are_read_quickly():
    entry = "@article{a, title={x}, author={{Smith; Sons}; %s}}"
    few, _ = bibtex.read(entry % "Ben Okri; Cleo Ray")
    assert few[0].authors == ["Smith; Sons", "Okri, Ben", "Ray, Cleo"]
    many, _ = bibtex.read(entry % ("{};" * (MANY // 4)))
    assert many[0].authors[0] == "Smith; Sons"


def test_a_long_text_that_resembles_a_doi_is_none():
    assert normalised_doi("10.1234." * (MANY // 8)) == ""
    assert normalised_doi("https://doi.org/10.1000.10.5/X") == "10.1000.10.5/x"


def test_a_table_below_many_blank_lines_is_read_quickly():
    table = tables.read_table("x.csv", b"\n" * MANY + b"a;b\n1;2\n")
    assert [row.cells for row in table.rows] == [{"a": "1", "b": "2"}]


def test_a_repeated_key_is_numbered_quickly():
    records = [PaperRecord(title=f"Title {number}", key="same") for number in range(MANY // 20)]
    keys = assigned_keys(records, taken=["Same-2"])
    assert (keys[:3], keys[-1], len(set(keys))) == (
        ["same", "same-3", "same-4"],
        "same-50001",
        MANY // 20,
    )


def test_an_import_numbers_a_repeated_key_quickly():
    entry = {"key": "same", "authors": [], "year": None, "title": "T"}
    keys = list(free_keys([entry] * (MANY // 20), ["Same-2"]))
    assert (keys[:3], keys[-1], len(set(keys))) == (
        ["same", "same-3", "same-4"],
        "same-50001",
        MANY // 20,
    )


@pytest.mark.parametrize(
    "title", ["Guest editorial introduction", "Guest editorial introduction, part %d"]
)
def test_a_repeated_title_is_compared_quickly(title):
    records = [
        PaperRecord(
            title=title % number if "%" in title else title,
            year=2020,
            doi=f"10.1000/{number}",
            authors=[f"Person{number}, A."],
        )
        for number in range(20_000)
    ]
    assert find_duplicates(records) == [None] * 20_000


def test_a_very_long_list_is_read_quickly():
    found = summary_templates.read(
        "## Challenges:\n" + "* a\n" * 60_000, [TemplateSection("challenges", "Challenges")]
    )
    assert len(found.answers["challenges"].items) == 60_000


@pytest.mark.parametrize(
    "text",
    [
        *(
            sign * (MANY // 10)
            for sign in (
                "[",
                "<",
                "`",
                "*",
                "_",
                "~",
                "|",
                ">",
                "\\",
                "{#a ",
                "[a](",
                "![a](",
                "<!--",
            )
        ),
        *(
            "- " + words * (MANY // 50)
            for words in ("**a ", "==a ", "~~a ", "<br>", "[[a|", "[ ] a ", "<b ", "a; ", "#a ")
        ),
        *(
            line * (MANY // 250)
            for line in ("<!-- a\n", "<aside>\n", "```\n", "| a | b |\n", '> "a\n', "- [ ] a\n")
        ),
        *(
            line * (MANY // 100)
            for line in (
                "## Foo\n",
                "# Paper 1: a\n",
                "Title: a\n",
                "[^1]: a\n",
                "- n/a\n",
                "  b\n",
            )
        ),
        "".join(f"# Paper {number}: a\n- [^{number}]\n" for number in range(MANY // 200)),
        "".join(" " * number + "- a\n" for number in range(MANY // 1_000)),
        "<!--\n" * (MANY // 5),
        " " * MANY + "- a" + " " * MANY + "RQ" + " " * MANY + "(p. 4)",
        "---\ntools: [" + "a, " * (MANY // 50) + "]\n---\n",
    ],
    ids=lambda text: text[:8],
)
def test_very_many_marks_in_a_filled_template_are_read_quickly(text):
    sections = [
        TemplateSection("challenges", "Challenges"),
        TemplateSection("tools", "Tools", codes=("Docker",)),
    ]
    assert summary_templates.read_all(f"## Challenges:\n- first\n{text}\n", sections)


@pytest.mark.parametrize(
    "words", [" ", "*a ", "/a", "TODO ", "[1", "a :", "[[", "a ::", "#+begin_quote\n", ":a: b\n"]
)
def test_very_many_marks_in_an_org_file_are_read_quickly(words):
    sections = [TemplateSection("challenges", "Challenges")]
    assert summary_templates.read_all(
        f"* Challenges\n- {words * (MANY // 200)}x\\\\\n", sections, "x.org"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [("." * 5_000, ",." * 5_000), ("a " * 1_000, "a b " * 5_00), (" " * MANY, "x")],
)
def test_comparing_repetitive_texts_is_quick_and_loses_no_letter(one, other):
    segments = word_diff(one, other)
    assert "".join(words for op, words in segments if op != "only_other").strip() == one.strip()
    assert "".join(words for op, words in segments if op != "only_one").strip() == other.strip()
