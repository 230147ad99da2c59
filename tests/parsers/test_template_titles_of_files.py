"""What a file calls itself above, where a heading of it names the paper; and marks of other
programs.
"""

import pytest

from mapping.parsers.summary_templates import read_all
from tests.parsers.test_template_marks import SECTIONS, filled

BODY = "# Paper Title: The real one\n## Tools\n- Docker\n"


def org(text):
    return read_all(text, SECTIONS, "x.org")


@pytest.mark.parametrize(
    "above",
    [
        "---\ntitle: My notes on it\n---\n",
        "---\ntitle: My notes on it\nauthor: Me\nyear: 2024\n---\n",
        "title: My notes on it\n\n",
        "**Title:** Summary Template for a Systematic Mapping Study\n**Authors:** Me\n\n",
    ],
)
def test_a_heading_with_the_papers_title_wins_over_the_files_title(above):
    (found,) = read_all(above + BODY, SECTIONS, "x.md")
    assert (found.title, found.values["tools"]) == ("The real one", ["Docker"])
    assert [one.reason for one in found.unplaced] == ["the title is given elsewhere"]


@pytest.mark.parametrize(
    "name", ["My notes on it", "Summary Template for Systematic Mapping Study on X"]
)
def test_a_headline_with_the_papers_title_wins_over_the_org_files_title(name):
    (found,) = org(
        f"#+TITLE: {name}\n#+AUTHOR: Me\n* Paper Title: The real one\n** Tools\n- Docker\n"
    )
    assert (found.title, found.values["tools"]) == ("The real one", ["Docker"])
    (found,) = org(f"#+TITLE: {name}\n* Paper Title: The real one\n** Tools\n- Docker\n")
    assert (found.title, found.values["tools"]) == ("The real one", ["Docker"])


def test_details_below_the_title_of_the_paper_win_over_those_of_the_file():
    text = "---\ntitle: My notes\nauthor: Me Myself\nyear: 2024\n---\n"
    text += (
        "# Paper Title: The real one\n## Authors: Ann Lee\n## Publication Year: 2019\n## "
        "Tools\n- Docker\n"
    )
    found = filled(text)
    assert (found.title, found.authors, found.year) == ("The real one", ["Lee, Ann"], 2019)
    assert [(one.line, one.text) for one in found.unplaced] == [
        (2, "title: My notes"),
        (3, "Me Myself"),
        (4, "2024"),
    ]


def test_a_paper_with_answers_above_the_next_title_stays_a_paper():
    text = "**Title:** First of two\n**Tools:** Docker\n\n# Title: Second of two\n## Tools\n- Git\n"
    assert [one.title for one in read_all(text, SECTIONS, "x.md")] == [
        "First of two",
        "Second of two",
    ]


def test_placeholders_after_an_answer_are_not_part_of_it():
    found = filled(
        "# Title: Real [Title of the Paper]\n## Authors: Ann Lee [Names of the Authors]\n## Tools\n"
        "- Git\n"
    )
    assert (found.title, found.authors) == ("Real", ["Lee, Ann"])
    assert filled("# Title: Real things [2]\n## Tools\n- Git\n").title == "Real things [2]"


@pytest.mark.parametrize(
    "written",
    [
        "<ul><li>Docker</li><li>Git</li></ul>",
        '<ol>\n<li class="x">Docker</li> <li>Git</li>\n</ol>',
        "<p>Docker</p><p>Git</p>",
        "<div>Docker</div>\n<div>Git</div>",
        "- Docker %% my own %%\n- Git",
        "- Docker\n%%\nmine alone\n%%\n- Git",
    ],
)
def test_html_items_in_one_line_are_read_and_obsidian_comments_are_not(written):
    assert filled(f"# Title: T\n## Tools\n{written}\n").values["tools"] == ["Docker", "Git"]


def test_an_inline_footnote_is_a_note_and_comments_are_reported():
    found = filled("# Title: T\n## Tools\n- Docker^[see table 3]\n- 50%% sure%%\n%% mine %%\n")
    assert [(item.text, item.notes) for item in found.answers["tools"].items] == [
        ("Docker", ["see table 3"]),
        ("50%% sure%%", []),
    ]
    assert [(one.line, one.text) for one in found.unplaced] == [(5, "mine")]
