"""Filled-in templates as Obsidian, Typora, Notion, Word or Emacs leave them: marks go, words stay,
lines are placed.
"""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.parsers.summary_templates import read, read_all
from tests.parsers.test_summary_templates import MLOPS

CODES = {
    "tools": ("Docker", "Git", "MLflow", "Kubeflow"),
    "challenges": ("Noisy data", "Privacy concerns", "Model drift"),
    "maturity-stage": ("Automated model deployment", "Manual"),
}
SECTIONS = [(*section, CODES.get(section[0], ())) for section in MLOPS]


def filled(text, file="x.md"):
    return read(text, SECTIONS, file)


def tools(text):
    return filled(f"# Title: T\n\n## Tools\n{text}\n").values.get("tools")


def marks(text, key="challenges"):
    """(words, quote, page, notes) of each item below the heading of a section."""
    answer = filled(f"# Title: T\n\n## {key}\n{text}\n").answers[key]
    return [(item.text, item.quote, item.page, item.notes) for item in answer.items]


def unplaced(text, file="x.md"):
    return [(one.line, one.text) for one in filled(text, file).unplaced]


# B.2: the title


@pytest.mark.parametrize(
    ("top", "title"),
    [
        (
            (
                "# Paper 7: Summary Template for Systematic Mapping Study on X\n\n## Paper Title: "
                "A real one"
            ),
            "A real one",
        ),
        ("Paper 7: Summary Template\n\nPaper Title: A real one", "A real one"),
        ("# Paper #12 – Data Extraction Form\n**Title:** A real one", "A real one"),
        (
            "# Summary Template for a Systematic Literature Review\n## Paper Title:\nA real one",
            "A real one",
        ),
        ("**Paper 3**\n\n**Paper title**\nA real one", "A real one"),
        ("## Paper Title: [A real one]", "A real one"),
        ("## Paper Title: [Title of the Paper]\nA real one", "A real one"),
        ("# Paper 8: A real one", "A real one"),
        ("# Paper 8\n\nA real one", "A real one"),
        ("# A template for machine learning", "A template for machine learning"),
        ("# Titel\nA real one", "A real one"),
        ("# [A real one](https://doi.org/10.1145/1)", "A real one"),
        ("| Item | Answer |\n|---|---|\n| Paper title | A real one |", "A real one"),
    ],
)
def test_an_explicit_title_wins_over_the_name_of_the_form(top, title):
    found = filled(f"{top}\n\n## Tools\n- Docker\n")
    assert (found.title, found.values["tools"], found.unplaced) == (title, ["Docker"], [])


def test_an_overruled_title_is_reported():
    assert unplaced("# Paper 7: An odd name\n## Paper Title: A real one\n## Tools\n- Git\n") == [
        (1, "An odd name")
    ]
    assert unplaced("# My reading\n## Paper Title: A real one\n## Tools\n- Git\n") == [
        (1, "My reading")
    ]
    assert unplaced("# A real one\n## Paper Title: A Real One\n## Tools\n- Git\n") == []


# B.3: dividers and sub-bullets


@pytest.mark.parametrize(
    "divider",
    [
        "RQ3: Challenges in Operationalizing MLOps:",
        "**RQ3: Challenges in Operationalizing MLOps**",
        "### RQ3: Challenges in Operationalizing MLOps",
        "## RQ3 – Challenges",
        "RQ 3. Challenges",
        "RQ3",
        "Research question 3: Challenges",
        "[Approach 1]\n[Approach 2...]\n[...]\nRQ3: Challenges:",
        "\nRQ2: Something else\n\nRQ3: Challenges:\n",
    ],
)
def test_bullets_below_a_heading_and_a_divider_belong_to_the_heading(divider):
    text = (
        f"# Title: T\n## Approaches:\n{divider}\n* plug-ins\n* layers\n\n## Challenges:\nRQ4: "
        "Ethics:\n* support\n"
    )
    found = filled(text)
    assert (found.values["approaches"], found.values["challenges"]) == (
        ["plug-ins", "layers"],
        ["support"],
    )
    assert found.unplaced == []


def test_a_divider_below_an_answered_section_or_an_unfilled_one_begins_the_next():
    assert filled("# Title: T\n## Benefits\n* speed\nRQ3: Challenges\n* drift\n").values == {
        "benefits": ["speed"],
        "challenges": ["drift"],
    }
    assert filled(
        "# Title: T\n## Benefits\n[Key benefit 1]\n\nRQ3: Challenges\n* drift\n"
    ).values == {
        "benefits": [],
        "challenges": ["drift"],
    }


@pytest.mark.parametrize(
    "text",
    [
        "* Docker\n  * for packaging\n* Git",
        "- Docker\n\t- for packaging\n- Git",
        "+ Docker\n      + for packaging\n+ Git",
        "1. Docker\n   - for packaging\n2. Git",
        "1) Docker\n  a) for packaging\n2) Git",
        "1. Docker\n1.1. for packaging\n2. Git",
        "• Docker\no for packaging\n• Git",
        "•\tDocker\n▪\tfor packaging\n•\tGit",
        "- Docker\n\n    for packaging\n\n- Git",
        "* Docker\n - for packaging\n* Git",
        "➢ Docker\n    ➢ for packaging\n➢ Git",
        "> - Docker\n>   - for packaging\n> - Git",
        " * Docker\n   * for packaging\n * Git",
    ],
)
def test_sub_bullets_become_the_note_of_the_bullet_above(text):
    assert marks(text, "tools") == [("Docker", "", "", ["for packaging"]), ("Git", "", "", [])]


def test_notes_are_kept_at_any_depth():
    text = "- Docker\n  - one\n    - two\n      - three\n  - four\n- Git"
    assert marks(text, "tools")[0][3] == ["one", "  two", "    three", "four"]


def test_bullets_indented_by_one_blank_more_are_the_same_list():
    assert tools("* Docker\n * Git\n* MLflow") == ["Docker", "Git", "MLflow"]
    assert tools("  - Docker\n- Git\n  ") == ["Docker", "Git"]


def test_an_indented_list_below_its_heading_is_not_a_note():
    assert tools("    - Docker\n    - Git") == ["Docker", "Git"]
    assert filled("# Title: T\nTools: Docker\n  - Git\n").values["tools"] == ["Docker", "Git"]


def test_sub_bullets_of_a_text_stay_in_the_text():
    found = filled("# Title: T\n## Conclusion\n* one\n  * two\n").answers["conclusion"]
    assert (found.value, found.text) == (["one", "two"], "* one\n  * two")


# B.4: marks


@pytest.mark.parametrize(
    "written",
    [
        "[[Docker]]",
        "[[Tools/Docker#Use]]",
        "[Docker](https://docker.com)",
        '[Docker](https://en.wikipedia.org/wiki/Docker_(software) "Docker")',
        "[Docker][d]\n\n[d]: https://docker.com",
        "`Docker`",
        "**Docker**",
        "***Docker***",
        "_Docker_",
        "==Docker==",
        "<mark>Docker</mark>",
        "<u>Docker</u><br>",
        "Docker<br/>",
        "Docker ^a1b2",
        "Docker {#docker .tool}",
        "Docker\\",
        "Docker \\",
        "Docker <!-- fill in below -->",
        "<!-- one per line -->Docker",
        "Docker&nbsp;",
        "[x] Docker",
        "[X] Docker",
        "☑ Docker",
        "✅ Docker",
        '<span style="color:red">Docker</span>',
    ],
)
def test_markdown_marks_are_removed_from_codes(written):
    found = filled(f"# Title: T\n## Tools\n- {written}\n")
    assert (found.values["tools"], found.unplaced) == (["Docker"], [])


def test_text_that_resembles_markdown_stays():
    words = [
        "C# and F#",
        "List<String>",
        "R^2",
        "snake_case_name",
        "2 * 3",
        "GDPR [12]",
        "a < b",
        "#12 of them",
    ]
    assert tools("\n".join(f"- {one}" for one in words)) == words
    assert tools("- \\*star\\*\n- 1\\. First\n- AT&amp;T") == ["*star*", "1. First", "AT&T"]


def test_a_wiki_link_is_read_by_alias_and_by_page():
    item = filled("# Title: T\n## Tools\n- [[Docker|the Docker]]\n").answers["tools"].items[0]
    assert (item.text, item.names) == ("the Docker", ["Docker"])


def test_unticked_boxes_struck_words_pictures_and_brackets_are_reported():
    lines = (
        "# Title: T\n## Tools\n- [ ] Docker\n  - why\n* [x] Git\n- ☐ DVC\n- ~~Feast~~\n- ![a "
        "logo](x.png)\n"
    )
    lines += "- [Kubeflow]\n- <name of the tool>\n[ ] Airflow\n- [?] Luigi\n1. [ ] Seldon\n"
    found = filled(lines)
    assert found.values["tools"] == ["Git"]
    assert [one.line for one in found.unplaced] == [3, 4, 6, 7, 8, 9, 10, 11, 12, 13]
    assert all(one.reason for one in found.unplaced)
    assert found.unplaced[0].text == "[ ] Docker"


def test_several_checkboxes_in_one_line_are_read_separately():
    found = filled(
        "# Title: T\n## Tools: [x] Docker [ ] Git\n## Challenges\n☐ Noisy data ☑ Model drift\n"
    )
    assert (found.values["tools"], found.values["challenges"]) == (["Docker"], ["Model drift"])
    assert [(one.line, one.text) for one in found.unplaced] == [
        (2, "[ ] Git"),
        (4, "[ ] Noisy data"),
    ]


def test_personal_comments_are_reported_and_instructions_are_not():
    text = (
        "# Title: T\n<!-- fill in below -->\n## Tools\n- Docker <!-- ask Ben -->\n<!-- two\n"
        "lines of mine -->\n- Git\n"
    )
    assert tools("- Docker <!-- ask Ben -->\n<!-- x\ny -->\n- Git") == ["Docker", "Git"]
    assert unplaced(text) == [(4, "ask Ben"), (5, "two lines of mine")]


def test_tags_and_footnotes_become_the_note_of_their_mark():
    text = "- Noisy data #challenge\n- Model drift[^1]\n\n[^1]: Smith 2020, table 3\n[^2]: nobody’s"
    assert marks(text) == [
        ("Noisy data", "", "", ["#challenge"]),
        ("Model drift", "", "", ["Smith 2020, table 3"]),
    ]
    assert unplaced(f"# Title: T\n## Challenges\n{text}") == [(7, "nobody’s")]


@pytest.mark.parametrize(
    "evidence",
    [
        '> "Data are noisy" (p. 4)',
        "  > “Data are noisy” (p. 4)",
        '— "Data are noisy" (p. 4)',
        '  - "Data are noisy" (p. 4)',
        '  "Data are noisy", p. 4',
        "  * Quote: Data are noisy\n  * Page: 4",
        '  - p. 4: "Data are noisy"',
        "> Data are noisy (page 4)",
        '> [!quote] p. 4\n> "Data are noisy"',
        "\n> [!quote]- p. 4\n> Data are noisy",
        '> "Data are\n> noisy" (p. 4)',
        "  - „Data are noisy“ (S. 4)",
        "  - Evidence: “Data are noisy” [p. 4]",
    ],
)
def test_quotes_below_a_bullet_become_its_evidence(evidence):
    assert marks(f"- Noisy data\n{evidence}\n- Model drift") == [
        ("Noisy data", "Data are noisy", "4", []),
        ("Model drift", "", "", []),
    ]


def test_a_page_after_an_item_is_its_page_and_quoted_items_stay_items():
    assert marks('- "Noisy data" (p. 4)\n- "Model drift"\n- Privacy concerns, pp. 5–6') == [
        ('"Noisy data"', "", "4", []),
        ('"Model drift"', "", "", []),
        ("Privacy concerns", "", "5–6", []),
    ]


@pytest.mark.parametrize(
    "note",
    [
        "> [!note] think twice",
        "> [!warning]\n> think twice",
        "<aside>\nthink twice\n</aside>",
        "  - Note: think twice",
    ],
)
def test_call_outs_below_a_bullet_are_its_note(note):
    assert marks(f"- Noisy data\n{note}") == [("Noisy data", "", "", ["think twice"])]


@pytest.mark.parametrize(
    "words", ['Noisy data: "bad values" (p. 4)', "Noisy data (p. 4) – “bad values”"]
)
def test_a_quote_after_an_item_is_its_quote(words):
    assert marks(f"- {words}") == [("Noisy data", "bad values", "4", [])]


def test_html_headings_are_read():
    text = (
        "# Title: T\n<details><summary>Tools</summary>\n\n- Docker\n\n</details>\n"
        "<h2>Challenges</h2>\n- drift\n"
    )
    assert filled(text).values == {"tools": ["Docker"], "challenges": ["drift"]}


def test_a_doi_address_after_a_title_is_its_doi():
    found = filled("# Paper title\nA real one (https://doi.org/10.1145/12.34)\n## Tools\n- Git\n")
    assert (found.title, found.doi, found.unplaced) == ("A real one", "10.1145/12.34", [])


def test_a_quote_without_a_code_above_is_reported():
    assert unplaced('# Title: T\n## Tools\n> "We use it" (p. 2)\n- Git\n') == [
        (3, '"We use it" (p. 2)')
    ]


def test_values_are_split_like_table_cells():
    text = (
        "# Title: T\nTools: Docker, Git\nChallenges: Noisy data; odd things\nBenefits: faster, "
        "cheaper\n"
    )
    assert filled(text).values == {
        "benefits": ["faster, cheaper"],
        "tools": ["Docker", "Git"],
        "challenges": ["Noisy data", "odd things"],
    }


@pytest.mark.parametrize(
    "table",
    [
        (
            "| Item | Answer |\n| --- | --- |\n| Tools | Docker, Git |\n| Challenges | Noisy "
            "data<br>Model drift |"
        ),
        "Item | Answer\n--- | ---\nTools | Docker; Git\nChallenges | Noisy data; Model drift",
        "| Tools | Challenges |\n|---|---|\n| Docker, Git | Noisy data; Model drift |",
        "| **Tools** | [[Docker]], `Git` |\n| **Challenges** | Noisy data; Model drift |",
        "## Tools\n| Tool |\n|---|\n| Docker |\n| Git |\n## Challenges\n"
        "| No. | Challenge |\n|--|--|\n| 1 | Noisy data |\n| 2 | Model drift |",
    ],
)
def test_tables_are_read(table):
    found = filled(f"# Title: T\n\n{table}\n")
    assert (found.values["tools"], found.values["challenges"]) == (
        ["Docker", "Git"],
        ["Noisy data", "Model drift"],
    )
    assert found.unplaced == []


def test_a_table_below_a_heading_lists_items_with_their_evidence():
    table = (
        "| Challenge | Quote | Page | Why |\n|--|--|--|--|\n| Noisy data | bad data | 4 | "
        "sensors |\n| drift | | | |\n"
    )
    assert marks(table) == [("Noisy data", "bad data", "4", ["sensors"]), ("drift", "", "", [])]


def test_front_matter_is_read_and_unknown_keys_are_reported():
    text = (
        '---\ntitle: "T: a subtitle"\nauthors: [Ada Lovelace, "Okri, B."]\nyear: 2021\ndate: '
        "2024-01-02\n"
    )
    text += (
        "tools:\n  - '[[Docker]]'\nchallenges: [Noisy data, Model drift]\nstatus: read\n# "
        "mine\n---\n\n"
    )
    text += "## Benefits\n- speed\n"
    found = filled(text)
    assert (found.title, found.authors, found.year) == (
        "T: a subtitle",
        ["Lovelace, Ada", "Okri, B."],
        2021,
    )
    assert found.values == {
        "benefits": ["speed"],
        "tools": ["Docker"],
        "challenges": ["Noisy data", "Model drift"],
    }
    assert [(one.line, one.text) for one in found.unplaced] == [
        (5, "date: 2024-01-02"),
        (9, "status: read"),
        (10, "mine"),
    ]


def test_an_unknown_heading_is_reported_even_with_nothing_below():
    assert unplaced("# Title: T\n## Limitations\n\n## Tools\n- Git\n## Threats") == [
        (2, "Limitations"),
        (6, "Threats"),
    ]


# Two papers in one file


@pytest.mark.parametrize(
    "text",
    [
        "# Paper 1: One\n## Tools\n- Docker\n\n# Paper 2: Two\n## Tools\n- Git\n",
        "## Paper Title: One\n## Tools\n- Docker\n## Paper Title: Two\n## Tools\n- Git\n",
        "## Paper Title\nOne\n## Tools\n- Docker\n---\n## Paper Title\nTwo\n## Tools\n- Git\n",
        (
            "# Paper Summary\n## Title: One\n## Tools\n- Docker\n# Paper Summary\n## Title: Two\n"
            "## Tools\n- Git\n"
        ),
        "# One\n## Tools\n- Docker\n# Two\n## Tools\n- Git\n",
        "Paper 1:\nTitle: One\nTools: Docker\n\nPaper 2:\nTitle: Two\nTools: Git\n",
        "---\ntitle: One\n---\n## Tools\n- Docker\n\n---\ntitle: Two\n---\n## Tools\n- Git\n",
        "| Paper title | Tools |\n|--|--|\n| One | Docker |\n| Two | Git |\n",
    ],
)
def test_each_title_in_a_file_begins_a_paper(text):
    found = read_all(text, SECTIONS)
    assert [(one.title, one.values["tools"], one.unplaced) for one in found] == [
        ("One", ["Docker"], []),
        ("Two", ["Git"], []),
    ]


def test_comments_that_resemble_a_title_do_not_start_a_paper():
    text = (
        "# Paper 1: One\n## Tools\n- Docker\n## Comments\nPaper: well written.\nTitle: odd.\n"
        "Paper 3: see there.\n"
    )
    (found,) = read_all(text, SECTIONS)
    assert found.values["comments"] == [
        "Paper: well written.",
        "Title: odd.",
        "Paper 3: see there.",
    ]


# B.5: absences


@pytest.mark.parametrize(
    ("words", "absence"),
    [
        *[
            (words, "not_reported")
            for words in ("N/A", "- n.a.", "Not reported", "-", "—", "* not mentioned", "[N/A]")
        ],
        *[(words, "unclear") for words in ("unclear", "- Unclear.")],
        *[(words, "not_applicable") for words in ("not applicable", "_Not applicable_")],
        *[(words, "none_apply") for words in ("None", "- none of the codes", "**none**")],
    ],
)
def test_words_for_an_absence_are_not_codes(words, absence):
    answer = filled(
        f"# Title: T\n## Tools\n{words}\n## Challenges: {words.lstrip('*-_ ') or '-'}\n"
    )
    assert answer.answers["tools"].absence == absence


@pytest.mark.parametrize("words", ["?", "TBD", "#N/A", "- ???", "#REF!", "…", "to do"])
def test_ambiguous_words_are_reported_with_their_line(words):
    found = filled(
        f"# Title: T\n## Tools\n{words}\n## Challenges\n- Noisy data\n- {words.strip('- ')}\n"
    )
    assert (found.values["tools"], found.answers["tools"].absence) == ([], "")
    assert found.values["challenges"] == ["Noisy data"]
    assert [(one.line, one.text) for one in found.unplaced] == [
        (3, words.strip("- ")),
        (6, words.strip("- ")),
    ]


def test_an_absence_beside_a_code_is_reported_and_empty_bullets_are_ignored():
    assert unplaced("# Title: T\n## Tools\n- Docker\n- N/A\n") == [(4, "N/A")]
    found = filled("# Title: T\n## Tools\n- \n- \n-\n## Challenges\n- Noisy data\n-\n")
    assert (found.values["tools"], found.answers["tools"].absence, found.values["challenges"]) == (
        [],
        "",
        ["Noisy data"],
    )
    assert found.unplaced == []


def test_a_code_called_none_is_a_code():
    (answer,) = read(
        "## Kinds\n- None\n", [("kinds", "Kinds", "codes", (), ("None", "Some"))]
    ).answers.values()
    assert (answer.value, answer.absence) == (["None"], "")


def test_details_that_are_not_given_are_none():
    found = filled(
        "# Title: T\n# Authors: N/A\n# Year: -\n# Source: not reported\n# DOI: ?\n## Tools\n- Git\n"
    )
    assert (found.authors, found.year, found.venue, found.doi) == (None, None, None, None)
    assert [(one.line, one.text) for one in found.unplaced] == [(5, "?")]


# Org


ORG = """#+TITLE: Continuous delivery
#+AUTHOR: John, M. M. and Bosch, J.
#+STARTUP: overview
:PROPERTIES:
:DOI: 10.1145/12.34
:ID: 4fe
:END:
* TODO Tools [1/2] :tools:
- [X] [[https://docker.com][Docker]]
- [ ] Git
+ =MLflow= \\\\
** Challenges
 * Noisy data
   - /sensors/ drift
#+BEGIN_QUOTE
"Data are noisy" (p. 3)
#+END_QUOTE
1. *Model drift*
# ask Ben
* Maturity stage
Manual
* Weather
| sun | rain |
"""


def test_an_org_file_is_read():
    found = filled(ORG, "x.ORG")
    assert (found.title, found.authors, found.doi) == (
        "Continuous delivery",
        ["John, M. M.", "Bosch, J."],
        "10.1145/12.34",
    )
    assert found.values == {
        "tools": ["Docker", "MLflow"],
        "challenges": ["Noisy data", "Model drift"],
        "maturity-stage": ["Manual"],
    }
    noisy = found.answers["challenges"].items[0]
    assert (noisy.quote, noisy.page, noisy.notes) == ("Data are noisy", "3", ["sensors drift"])
    assert {(one.line, one.text) for one in found.unplaced} == {
        (8, "tags: :tools:"),
        (10, "[ ] Git"),
        (19, "ask Ben"),
        (22, "Weather"),
        (23, "sun"),
        (23, "rain"),
    }


# Nothing is lost


typed = st.lists(st.from_regex(r"w[a-z]{2,7}[0-9]", fullmatch=True), min_size=1, max_size=4).map(
    " ".join
)
FORMS = r"""
{}|- {}|  - {}|\t* {}|1. {}|- [ ] {}|- [x] {}|☐ {}|[[{}]]|- [[{}]]|- [{}](u)|- [{}][r]|`{}`|- ~~{}~~|=={}==
<!-- {} -->|- x <!-- {} -->|<!-- {}|> {}|> "{}" (p. 4)|> [!note] {}|> [!quote]|— "{}" (p. 7)|  "{}"|~~~
#tag {}|- {} #{}|{} ^b1|- {} {{#id}}|<b>{}</b>|<aside>|</aside>|- [{}]|[{}]|<{}>|- {}[^1]|[^1]: {}|[^2]: {}
[r]: u://x|[q]: u://x {}|- {}<br>{}|- {}, {}; {}|**{}:** {}|- **{}** – {}|# {}|## {}: {}|### Tools: {}
## Challenges|Tools|RQ3: Challenges|Paper 3: {}|# Paper 4: {}|## Paper Title: {}|Title: {}|Title:|Authors: {}
Year: 2020 {}|DOI: {}|title: {}|tools: [{}, {}]|# T|## Conclusion|- N/A|?|{}: {}|---|```|- |-|* Year: {}|  p. 4
  - Quote: {}|  - Page: {}|- {} (p. 3)|Comments: {}|{}\|[x] {} [ ] {}|- {} [ ] {}|## Tools #x|![{}](u)|- x ![{}](u)
"""  # noqa: E501
TABLES = ["¦ {} ¦ {} ¦", "¦---¦---¦", "¦ Tools ¦ {} ¦", "¦ Paper title ¦ {} ¦", "{} ¦ {}", "¦ {} ¦"]
TABLES += ["¦ {} ¦ Page ¦ Quote ¦"]
forms = st.sampled_from(
    [*re.split(r"[|\n]", FORMS.strip("\n")), *(table.replace("¦", "|") for table in TABLES)]
)


@st.composite
def any_line(draw):
    form = draw(forms)
    return form.format(*(draw(typed) for _ in range(form.count("{}"))))


@settings(max_examples=200)
@given(st.lists(any_line(), max_size=20), st.sampled_from(["x.md", "x.org"]), st.booleans())
def test_every_word_is_in_an_answer_a_detail_or_reported(lines, file, has_codes):
    text = "\n".join(lines)
    words = re.findall(r"w[a-z]{2,7}[0-9]", text)
    sections = SECTIONS if has_codes else MLOPS
    kept = [word for one in read_all(text, sections, file) for word in words_of(one)]
    assert set(words) <= set(kept)
    last = len(lines)
    assert all(
        1 <= line.line <= last for one in read_all(text, sections, file) for line in one.unplaced
    )


def words_of(template):
    said = [
        template.title,
        template.venue,
        template.doi,
        str(template.year),
        *(template.authors or []),
    ]
    said += [
        text for answer in template.answers.values() for item in answer.items for text in item.texts
    ]
    said += [one.text for one in template.unplaced]
    return re.findall(r"w[a-z]{2,7}[0-9]", " ".join(filter(None, said)))
