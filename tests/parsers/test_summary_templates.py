"""Filled-in summary templates, as reviewers really leave them."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.parsers.summary_templates import Unplaced, read

MLOPS = [
    ("main-focus", "Main focus and purpose", "text", ()),
    ("key-highlights", "Key highlights", "text", ()),
    ("contributions", "Research contributions", "text", ()),
    ("motivation", "Motivation", "codes", ()),
    ("benefits", "Benefits", "codes", ()),
    ("approaches", "Approaches", "codes", ()),
    ("tools", "Tools", "codes", ()),
    ("challenges", "Challenges", "codes", ()),
    ("maturity-stage", "Maturity stage", "stage", ()),
    ("strategies", "Strategies and methods", "codes", ()),
    ("concerns", "Concerns", "codes", ()),
    ("conclusion", "Conclusion and future directions", "text", ("Summary",)),
    ("comments", "Reviewer's comments", "text", ()),
]


def values(text):
    return read(text, MLOPS).values


def test_the_real_file_is_read_completely(shared_data):
    folder = shared_data / "mlops-summary"
    expected = json.loads((folder / "expected.json").read_text())

    filled = read((folder / "towards-mlops.md").read_text(), MLOPS, "towards-mlops.md")

    assert filled.values == expected["answers"]
    details = {
        "title": filled.title,
        "authors": filled.authors,
        "year": filled.year,
        "venue": filled.venue,
    }
    assert details == expected["paper"]
    assert filled.unplaced == []
    lines = (folder / "towards-mlops.md").read_text().split("\n")
    items = [item for answer in filled.answers.values() for item in answer.items]
    assert len(items) == 47
    assert all(item.text in lines[item.line - 1] for item in items)


MESSY = """Paper 8: Quality Assurance for AI-Based Systems
Authors: Felderer, M.; Ramler, R.
**Publication Year:** 2021 (early access)
Source: SWQD

**Challenges:**
[Key challenge 1 ...]
1. data quality
2) model drift
   and its detection
   - concept drift
      + sudden drift

• noisy labels *

## Limitations
* one country

Tools
- MLflow
Kubeflow

### 4. Motivaton:
[Motivation 1 as highlighted
in the paper]
* Speed

RQ3: Challenges and Maturity Stage
* cost

Benefits: faster, cheaper
__Conclusions__
Fine work.
Reviewer Comments
-----------------
Strengths:
* good
Comments on style: fine.
"""


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_messy_file_is_read_and_unplaced_lines_are_reported(line_end):
    filled = read("\ufeff" + MESSY.replace("\n", line_end), MLOPS, "paper-8.md")

    assert (filled.title, filled.authors, filled.year, filled.venue) == (
        "Quality Assurance for AI-Based Systems",
        ["Felderer, M.", "Ramler, R."],
        2021,
        "SWQD",
    )
    assert filled.values == {
        "motivation": ["Speed"],
        "benefits": ["faster, cheaper"],
        "tools": ["MLflow", "Kubeflow"],
        "challenges": [
            "data quality",
            "model drift and its detection",
            "noisy labels",
            "cost",
        ],
        "maturity-stage": [],
        "conclusion": "Fine work.",
        "comments": ["Strengths:", "good", "Comments on style: fine."],
    }
    assert filled.unplaced == [
        Unplaced(3, "2021 (early access)"),
        Unplaced(16, "Limitations"),
        Unplaced(17, "one country"),
    ]
    assert [(item.line, item.notes) for item in filled.answers["challenges"].items[:3]] == [
        (8, []),
        (9, ["concept drift", "  sudden drift"]),
        (14, []),
    ]


@pytest.mark.parametrize(
    "heading",
    [
        "## Challenges:",
        "##Challenges",
        "# 3. CHALLENGES",
        "### Key Challenges ###",
        "## Challenges of adopting MLOps",
        "Challenges:",
        "**Challenges**",
        "**Challenges:**",
        "**Challenges**:",
        "__Challenges:__",
        "*Challenges*:",
        "## **Challenges**",
        "Challanges:",
        "Challenge:",
        "3) Challenges:",
        "* Challenges:",
        "- **Challenges**",
        "Challenges\n==========",
        "Challenges",
        "## RQ3 Challenges",
    ],
)
def test_headings_are_recognised_in_any_style(heading):
    assert values(f"## Tools\n* MLflow\n\n{heading}\n* drift\n") == {
        "tools": ["MLflow"],
        "challenges": ["drift"],
    }


@pytest.mark.parametrize(
    ("heading", "key"),
    [
        ("Strategies/Methods", "strategies"),
        ("Methods & Strategies", "strategies"),
        ("Methods", "strategies"),
        ("Purpose", "main-focus"),
        ("Main Focus", "main-focus"),
        ("Contributions of the research", "contributions"),
        ("Highlights", "key-highlights"),
        ("Comments", "comments"),
        ("Reviewers’ comments", "comments"),
        ("Conclusions", "conclusion"),
        ("Future directions", "conclusion"),
        ("Summary", "conclusion"),
        ("Tools Used", "tools"),
        ("Maturity", "maturity-stage"),
    ],
)
def test_partial_names_extra_words_and_aliases_match_a_heading(heading, key):
    assert list(values(f"## {heading}:\n* words\n")) == [key]


def test_a_heading_of_two_sections_means_the_one_without_its_own_heading():
    text = "Challenges/Concerns:\n* bias\n\n## Challenges:\n* drift\n"
    assert values(text) == {"challenges": ["drift"], "concerns": ["bias"]}

    text = "## Strategies/Methods:\n* audits\n## Challenges/Concerns:\n* bias\n"
    assert values(text)["concerns"] == ["bias"]


def test_lines_below_a_divider_answer_the_first_section_it_names():
    assert values("RQ1: Motivation and Benefits of MLOps:\n* speed\n\n## Benefits:\n* cost\n") == {
        "motivation": ["speed"],
        "benefits": ["cost"],
    }
    filled = read("RQ9: Something else\n* speed\n", MLOPS)
    assert (filled.answers, filled.unplaced) == ({}, [Unplaced(2, "speed")])


def test_a_section_without_heading_is_absent_and_one_without_content_is_empty():
    assert values(
        "## Challenges:\n[Key challenge 1]\n[...]\n\n## Conclusion:\n[A concise summary]\n"
    ) == {
        "challenges": [],
        "conclusion": None,
    }


def test_texts_stay_texts_and_lists_stay_lists():
    text = (
        "## Conclusion:\nOne paragraph that is long enough to have been broken\nby the editor.\n\n"
    )
    text += (
        "## Key Highlights:\n* only one\n## Research Contributions:\nFirst sentence.\nSecond "
        "sentence.\n"
    )
    filled = read(text, MLOPS)

    assert filled.values == {
        "key-highlights": ["only one"],
        "contributions": ["First sentence.", "Second sentence."],
        "conclusion": "One paragraph that is long enough to have been broken by the editor.",
    }
    assert filled.answers["key-highlights"].text == "* only one"
    assert filled.answers["contributions"].text == "First sentence.\nSecond sentence."


def test_a_line_that_introduces_a_list_of_codes_is_reported():
    filled = read(
        "## Challenges:\nThe paper names these:\n* drift\n\nTechnical issues:\n* debt\n", MLOPS
    )

    assert filled.values == {"challenges": ["drift"]}
    assert filled.unplaced == [
        Unplaced(2, "The paper names these:"),
        Unplaced(5, "Technical issues:"),
        Unplaced(6, "debt"),
    ]


def test_items_may_hold_colons_bold_type_brackets_or_citations():
    text = "## Challenges:\n* Talent: too few people\n* **Data quality**: poor labels\n"
    text += "* GDPR [12] and others\n- [x] drift\n"
    assert values(text) == {
        "challenges": [
            "Talent: too few people",
            "Data quality: poor labels",
            "GDPR [12] and others",
            "drift",
        ]
    }


def test_emphasis_is_removed_and_underscores_in_words_stay():
    assert values(
        "## Tools:\n* *MLflow*\n* _DVC_ and __Feast__\n* scikit_learn *\n* 2 * 3\n*no space\n"
    ) == {"tools": ["MLflow", "DVC and Feast", "scikit_learn", "2 * 3", "no space"]}


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        (
            "## Paper Title: T: a subtitle\n## Authors: Meenu Mary John, Jan Bosch",
            ("T: a subtitle", ["John, Meenu Mary", "Bosch, Jan"]),
        ),
        (
            "Paper 8:\n## Paper Title: T\nAuthor(s):\n* John, M.\n* Bosch, J.",
            ("T", ["John, M.", "Bosch, J."]),
        ),
        ("# Paper 12 – T\nAuthors:\nJohn, M. and Bosch, J.", ("T", ["John, M.", "Bosch, J."])),
        ("* Title: “T”\n* Authors: John, M.", ("T", ["John, M."])),
        ("---\ntitle: T\nauthors: John, M.\n---", ("T", ["John, M."])),
        ("# T\nAuthors: [Names of the authors]", ("T", None)),
        ("# My summary template\n", (None, None)),
        ("## Title of the Paper\nPaper 8: T\n", ("T", None)),
    ],
)
def test_the_details_of_the_paper_are_found(top, expected):
    filled = read(top + "\n\n## Challenges\n* drift\n", MLOPS)

    assert (filled.title, filled.authors) == expected
    assert filled.values == {"challenges": ["drift"]}
    assert filled.unplaced == []


def test_year_venue_and_doi_are_read_and_other_words_there_reported():
    filled = read("Year: 2021\nVenue: SEAA\nPalermo\nDOI: https://doi.org/10.1000/X\n", MLOPS)

    assert (filled.year, filled.venue, filled.doi) == (2021, "SEAA", "10.1000/x")
    assert filled.unplaced == [Unplaced(3, "Palermo"), Unplaced(4, "https://doi.org/10.1000/X")]


def test_a_second_paper_is_reported_and_not_merged_into_the_first():
    filled = read("Title: One\n## Tools\n* A\n\nTitle: Two\n## Tools\n* B\n", MLOPS)

    assert (filled.title, filled.values) == ("One", {"tools": ["A"]})
    assert [one.text for one in filled.unplaced] == ["Title: Two", "Tools", "B"]


def test_files_without_headings_lose_nothing():
    assert read("", MLOPS).answers == {}
    assert read("just\n* words", MLOPS).unplaced == [Unplaced(1, "just"), Unplaced(2, "words")]


def test_the_template_of_another_study_is_read_by_its_section_names():
    sections = [
        ("kind", "Research type", "code", ("Type of research",)),
        ("n", "Sample size", "number", ()),
    ]
    filled = read(
        "## Type of Research: evaluation\n**Sample Size:** 42\nChallenges:\n* none\n", sections
    )

    assert filled.values == {"kind": ["evaluation"], "n": "42"}
    assert [one.text for one in filled.unplaced] == ["Challenges:", "none"]


# Words that no heading, divider or placeholder of the samples below contains.
typed = st.lists(st.from_regex(r"w[a-z]{2,7}[0-9]", fullmatch=True), min_size=1, max_size=7).map(
    " ".join
)
marks = st.sampled_from(
    ["* ", "- ", "  * ", "\t- ", "1. ", "2) ", "• ", "", "", "   ", "> ", "**", "*", "- [ ] ", "["]
)
ends = st.sampled_from(["", "", "", ".", ":", " *", "**", ",", ";", " ["])
content_line = st.tuples(marks, typed, ends).map("".join)
heading_line = st.sampled_from(
    """## Challenges:|Tools:|**Benefits**|## Limitations|Threats:|Strategies/Methods:|# Notes|Tools|Paper 8:|===|---|***
    |RQ1: Motivation and Benefits|RQ7:|[placeholder 1 ...]|* [Key benefit 2]|||```|## Authors:|Publication Year:|Title:
    |## Source|## Reviewer's Comments:""".replace("\n    ", "").split("|")  # noqa: E501
)
inline_line = st.tuples(
    st.sampled_from(
        [
            "## Challenges: ",
            "Tools: ",
            "**Benefits:** ",
            "Title: ",
            "Paper 9: ",
            "Year: 2020 ",
            "## Odd: ",
        ]
    ),
    typed,
).map("".join)


@settings(max_examples=100)
@given(
    st.lists(st.one_of(content_line, heading_line, inline_line), max_size=25),
    st.sampled_from(["\n", "\r\n"]),
)
def test_every_typed_word_is_kept(lines, line_end):
    filled = read(line_end.join(lines), MLOPS)

    kept = [filled.title or "", filled.venue or "", filled.doi or "", *(filled.authors or [])]
    kept += [
        text for answer in filled.answers.values() for item in answer.items for text in item.texts
    ]
    kept += [one.text for one in filled.unplaced]
    words = sorted(re.findall(r"w[a-z]{2,7}[0-9]", " ".join(lines)))
    assert sorted(re.findall(r"w[a-z]{2,7}[0-9]", " ".join(kept))) == words


@settings(max_examples=100)
@given(st.text(alphabet="#*-_[]():. \t\nRQ1abChallenges", max_size=150))
def test_the_reader_never_crashes_on_any_text(anything):
    filled = read(anything, MLOPS)

    last = anything.count("\n") + 1
    assert all(1 <= one.line <= last for one in filled.unplaced)
    assert all(
        1 <= item.line <= last for answer in filled.answers.values() for item in answer.items
    )


@pytest.mark.parametrize(
    "line",
    ["# " + " " * 20_000 + "x", "**a " * 20_000, "- " * 20_000 + "x", "[" * 20_000, "#" * 20_000],
)
def test_a_hostile_line_does_not_break_the_reader(line):
    assert len(read(f"## Tools\n{line}\n* MLflow\n", MLOPS).answers["tools"].items) in {0, 1, 2}
