"""Filled-in templates of many editors into a study with the built-in template: codes, evidence,
absences, papers.
"""

import json
from io import BytesIO, StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.urls import reverse

from mapping.models import Code, Study
from reviews.exchange.importing import import_summaries
from reviews.models import Answer, Mark, Summary

OF_MODELS = "Continuous delivery of ML models"
CASES = "cases/summaries"
TITLE = "# Paper title\nContinuous delivery\n\n"


@pytest.fixture
def mlops(ada):
    call_command(
        "new_study", "A map of MLOps", "--lead", "ada", "--template", "mlops", stdout=StringIO()
    )
    return Study.objects.get()


def take(study, user, *files):
    """`files`: texts, or (name, content)."""
    named = [("filled.md", one) if isinstance(one, str) else one for one in files]
    content = [(name, text.encode() if isinstance(text, str) else text) for name, text in named]
    return import_summaries(study, files=content, reviewer=user, by=user)


def labels(study, key, title=None):
    marks = Mark.objects.filter(answer__section__study=study, answer__section__key=key)
    if title:
        marks = marks.filter(answer__summary__assignment__paper__title=title)
    return [mark.code.label for mark in marks.order_by("answer__summary", "position")]


@pytest.fixture
def case(mlops, ada, shared_data):
    folder = shared_data.parent / CASES
    if not folder.is_dir():
        pytest.skip("../shared/cases is not beside this checkout")
    return lambda *names: take(
        mlops, ada, *((name, (folder / name).read_bytes()) for name in names)
    )


@pytest.mark.parametrize(
    ("name", "title", "tools", "challenges"),
    [
        ("b_setext.md", OF_MODELS, ["Docker", "Git"], ["Noisy data"]),
        (
            "c_numbered.md",
            "Continuous delivery",
            ["Docker", "Git"],
            ["Noisy data", "Privacy concerns"],
        ),
        (
            "d_table.md",
            "Continuous delivery",
            ["Docker", "Git"],
            ["Noisy data", "Privacy concerns"],
        ),
        ("e_bold.md", "Continuous delivery", ["Docker", "Git"], ["Noisy data"]),
        (
            "g_yaml_obsidian.md",
            "Continuous delivery of ML models",
            ["Docker", "Git"],
            ["Noisy data", "Privacy concerns"],
        ),
        ("j_typora_toc.md", "Continuous delivery", ["Docker"], []),
        ("l_html_comment.md", "Continuous delivery", ["Docker"], ["Noisy data"]),
        ("o_links.md", "Continuous delivery", ["Docker", "Git"], ["Noisy data"]),
        ("r_inline_heading.md", "Continuous delivery", ["Docker"], []),
        ("t_latin1.md", "Größenmessung für Modelle", ["Docker"], []),
        ("v_german.md", "Kontinuierlich", [], []),
    ],
)
def test_files_of_many_editors_are_read_as_people_read_them(
    name, title, tools, challenges, case, mlops
):
    case(name)
    assert [paper.title for paper in mlops.papers.all()] == [title]
    assert (labels(mlops, "tools"), labels(mlops, "challenges")) == (tools, challenges)
    assert not Code.objects.filter(status="proposed").exists()


def test_a_table_and_bold_headings_fill_the_other_sections_too(case, mlops):
    case("d_table.md")
    paper = mlops.papers.get()
    assert (paper.authors, paper.year, labels(mlops, "maturity-stage")) == (
        "John, M. M.",
        2021,
        ["Automated model deployment"],
    )


def test_a_quote_of_obsidian_goes_to_the_mark_above_it(case, mlops):
    case("g_yaml_obsidian.md")
    mark = Mark.objects.get(code__label="Privacy concerns")
    assert (mark.quote, mark.page, mlops.papers.get().doi) == (
        "Data are noisy",
        "3",
        "10.1145/12.34",
    )


def test_unknown_headings_and_unticked_boxes_are_reported(case):
    assert {(one["line"], one["text"]) for one in case("v_german.md")["unplaced"]} == {
        (3, "Werkzeuge"),
        (4, "Docker"),
    }
    assert [(one["line"], one["text"]) for one in case("j_typora_toc.md")["unplaced"]] == [
        (10, "[ ] Git")
    ]


def test_one_code_twice_is_one_mark_with_the_words_of_both(case, mlops):
    case("o_links.md")
    mark = Mark.objects.get(code__label="Noisy data")
    assert (mark.quote, mark.page) == ("Noisy data: sensors drift\nNoisy data - labels", "4")
    assert mlops.papers.get().doi == "10.1145/12.34"


def test_words_for_an_absence_become_absences(case, mlops):
    outcome = case("p_na.md")
    absences = {one.section.key: one.absence or one.none_apply for one in Answer.objects.all()}
    assert absences == {
        "tools": "not_reported",
        "challenges": "not_reported",
        "maturity-stage": "not_reported",
        "benefits": True,
        "concerns": "unclear",
    }
    assert not Mark.objects.exists()
    assert (8, "-", "not_reported") in [
        (one["line"], one["text"], one["absence"]) for one in outcome["absences"]
    ]


def test_numbered_forms_are_two_papers_with_their_own_titles(case, mlops):
    outcome = case("paper7.md", "paper8.md")
    titles = ["Bridging the Gap Between Java and Python", "A second, different paper"]
    assert [one["title"] for one in outcome["read"]] == titles
    assert (outcome["summaries"], outcome["skipped"], outcome["unplaced"]) == (2, [], [])
    for title in titles:
        assert labels(mlops, "approaches", title) == ["Plug-in Architecture"]
        assert labels(mlops, "challenges", title) == ["Limited python support"]
    mark = Mark.objects.filter(answer__section__key="approaches").first()
    assert mark.rationale == "relies on adding features as plug-ins"
    texts = Answer.objects.exclude(text="").values_list("text", flat=True)
    assert list(texts) == ["The paper bridges Java and Python on phones."] * 2


def test_evidence_and_notes_of_bullets_are_kept_on_their_marks(mlops, ada):
    take(
        mlops,
        ada,
        TITLE
        + (
            '# Challenges\n- Sensors are noisy data\n  > "Bad values" (p. 4)\n  - fix\n    - '
            "later\n"
            "- Model drift\n"
        ),
    )
    first, second = Mark.objects.order_by("position")
    assert (first.code.label, first.quote, first.page) == (
        "Sensors are noisy data",
        "Bad values",
        "4",
    )
    assert first.rationale == "fix\n  later"
    assert (second.code.label, second.quote, second.rationale) == ("Model drift", "Model drift", "")


def test_the_words_of_a_mark_stay_beside_the_quote_of_the_paper(mlops, ada):
    take(mlops, ada, TITLE + '# Challenges\n- Noisy data: sensors\n  - "Bad values" (p. 4)\n')
    mark = Mark.objects.get()
    assert (mark.code.label, mark.quote, mark.rationale) == (
        "Noisy data",
        "Bad values",
        "Noisy data: sensors",
    )


@pytest.mark.parametrize(
    "words",
    [
        "Noisy data: sensors",
        "**Noisy data** – sensors",
        "Noisy data (in sensors)",
        "[[Noisy data|noise]]",
        "noisy data.",
    ],
)
def test_explained_codes_are_known(words, mlops, ada):
    take(mlops, ada, f"{TITLE}# Challenges\n- {words}\n")
    assert (labels(mlops, "challenges"), Code.objects.filter(status="proposed").count()) == (
        ["Noisy data"],
        0,
    )


def test_a_bullet_that_lists_nothing_but_codes_is_several_marks_and_one_item(mlops, ada):
    outcome = take(
        mlops,
        ada,
        TITLE + "# Challenges\n- noisy data, lack of domain experts\n- Noisy data, odd things\n",
    )
    assert labels(mlops, "challenges") == [
        "Noisy data",
        "Lack of domain experts",
        "Noisy data, odd things",
    ]
    assert outcome["answers"]["filled.md"]["challenges"][0] == "noisy data, lack of domain experts"


def test_the_real_template_reads_the_same_with_the_built_in_codebook(mlops, ada, shared_data):
    folder = shared_data / "mlops-summary"
    outcome = take(mlops, ada, ("towards-mlops.md", (folder / "towards-mlops.md").read_bytes()))
    expected = json.loads((folder / "expected.json").read_text())
    assert (outcome["answers"]["towards-mlops.md"], outcome["unplaced"]) == (
        expected["answers"],
        [],
    )


def test_a_bold_lead_is_proposed_and_the_rest_is_kept(mlops, ada):
    take(mlops, ada, TITLE + "# Challenges\n- **Sensor decay**: parts wear (p. 5)\n")
    mark = Mark.objects.get()
    assert (mark.code.label, mark.quote, mark.page) == (
        "Sensor decay",
        "Sensor decay: parts wear",
        "5",
    )


def test_several_papers_of_one_file_are_told_apart_and_named(mlops, ada):
    text = (
        "# Paper 1: First things\n## Tools\n- Docker\n- ?\n\n# Paper 2: Other matters\n## "
        "Tools\n- Git\n"
    )
    outcome = take(mlops, ada, ("both.md", text))
    assert [(one["file"], one["line"], one["title"]) for one in outcome["read"]] == [
        ("both.md", 1, "First things"),
        ("both.md", 6, "Other matters"),
    ]
    assert (labels(mlops, "tools", "First things"), labels(mlops, "tools", "Other matters")) == (
        ["Docker"],
        ["Git"],
    )
    assert set(outcome["answers"]) == {"both.md", "both.md (2)"}
    assert [(one["line"], one["text"]) for one in outcome["unplaced"]] == [(4, "?")]


def test_a_second_file_about_the_same_paper_is_named_as_that(mlops, ada):
    outcome = take(
        mlops, ada, ("a.md", TITLE + "# Tools\n- Docker\n"), ("b.md", TITLE + "# Tools\n- Git\n")
    )
    (skipped,) = outcome["skipped"]
    assert (skipped["file"], "paper of a.md too" in skipped["reason"]) == ("b.md", True)
    assert Summary.objects.count() == 1


def test_a_part_without_title_is_reported_line_by_line(mlops, ada):
    text = "## Paper Title: One\n## Tools\n- Docker\n\n## Paper Title: [Title]\n## Tools\n- Git\n"
    outcome = take(mlops, ada, text)
    assert (outcome["summaries"], [one["text"] for one in outcome["unplaced"]]) == (1, ["Git"])
    assert "line 5 has no paper title" in outcome["skipped"][0]["reason"]


def test_an_absence_keeps_its_note_and_a_quote(mlops, ada):
    take(
        mlops,
        ada,
        TITLE + '# Tools\n- not reported\n  - I looked twice\n  - "We do not say" (p. 2)\n',
    )
    answer = Answer.objects.get()
    assert (answer.absence, answer.quote) == ("not_reported", "We do not say")
    assert answer.rationale == "I looked twice\n2"


def test_an_org_file_becomes_a_draft(mlops, ada):
    text = "#+TITLE: A paper\n* Tools\n- [X] Docker\n- [ ] Git\n* Challenges\n- Noisy data\n"
    take(mlops, ada, ("a.org", text))
    assert (mlops.papers.get().title, labels(mlops, "tools"), labels(mlops, "challenges")) == (
        "A paper",
        ["Docker"],
        ["Noisy data"],
    )


@pytest.mark.parametrize("name", ["a.html", "a.tex", "a.csv", "a.rst", "a.json", "a.rtf", "A.DOCX"])
def test_files_of_other_kinds_are_refused_by_name(name, mlops, ada):
    with pytest.raises(ValidationError, match=r"Markdown file .* Org mode"):
        take(mlops, ada, (name, TITLE + "# Tools\n- Docker\n"))


def test_the_page_says_what_was_read_and_why_lines_found_no_place(mlops, as_user, ada):
    text = "# Paper title\nOne\n# Tools\n- [ ] Docker\n# Challenges\nN/A\n# Benefits\n- TBD\n"
    take_file = reverse("import-summaries", args=[mlops.slug])
    file = BytesIO(text.encode())
    file.name = "one.md"
    page = as_user(ada).post(take_file, {"files": file, "reviewer": ada.pk})
    assert page.status_code == 200
    for words in (
        "the box before it is not ticked",
        "“N/A”",
        "not reported",
        "neither what there is",
        "One",
    ):
        assert words in page.text
    assert Study.objects.count() == 1
