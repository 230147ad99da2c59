"""Filled-in summary templates: drafts of one reviewer, with every line placed or reported."""

import json
from io import BytesIO, StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.urls import reverse

from mapping.models import Code
from reviews.exchange.importing import import_summaries
from reviews.models import Answer, Mark, Summary
from tests.making import (
    make_assignment,
    make_code,
    make_paper,
    make_section,
    make_study,
    make_summary,
)
from tests.parsers.test_summary_templates import MLOPS

FILLED = """# Summary

## Paper Title: Towards MLOps: A Framework
## Authors: John, Meenu; Olsson, Helena
## Publication Year: 2021

## Challenges:
* model drifts
* Few people who know.
* few people who know

## Maturity stage:
* Manual
* or monitored, later

## Conclusion: It works.

## Weather:
* sunny
"""


def take(study, user, text=FILLED, name="filled.md", **how):
    return import_summaries(study, files=[(name, text.encode())], reviewer=user, by=user, **how)


def marks(key):
    return [
        (mark.code.label, mark.code.status, mark.quote)
        for mark in Mark.objects.filter(answer__section__key=key).order_by("position")
    ]


def test_a_filled_template_becomes_a_draft_with_codes_proposals_and_quotes(study, ben):
    outcome = take(study, ben)

    assert (outcome["papers"], outcome["new_papers"], outcome["summaries"]) == (1, 1, 1)
    summary = Summary.objects.get()
    assert (summary.is_submitted, summary.origin, summary.assignment.reviewer) == (
        False,
        "template",
        ben,
    )
    assert summary.assignment.round.name == "Imported"
    paper = summary.assignment.paper
    assert (paper.key, paper.year, paper.authors) == (
        "john2021towards",
        2021,
        "John, Meenu; Olsson, Helena",
    )
    assert marks("challenges") == [
        ("Model drift", "active", "model drifts"),
        ("Few people who know", "proposed", "Few people who know.\nfew people who know"),
    ]
    assert Code.objects.get(status="proposed").proposed_by == ben
    assert marks("maturity-stage") == [("Manual", "active", "Manual")]
    assert Answer.objects.get(section__key="conclusion").text == "It works."
    assert outcome["answers"]["filled.md"]["challenges"][0] == "model drifts"


def test_lines_without_a_place_are_reported_with_file_and_line(study, ben):
    outcome = take(study, ben)
    assert {(one["file"], one["text"].strip("# :")) for one in outcome["unplaced"]} >= {
        ("filled.md", "sunny"),
        ("filled.md", "or monitored, later"),
    }
    lines = FILLED.split("\n")
    assert all(one["text"].strip("# *:") in lines[one["line"] - 1] for one in outcome["unplaced"])
    assert Answer.objects.get(section__key="maturity-stage").rationale == "or monitored, later"


def test_what_was_left_empty_is_blank_and_nothing_else(study, ben):
    take(study, ben, "## Paper Title: T\n\n## Challenges:\n[Challenge 1]\n\n## Method:\n\n")
    assert not Answer.objects.exists()


def test_the_paper_is_found_by_its_title_and_the_open_assignment_is_used(study, ben):
    paper = make_paper(study, "Towards MLOps: a framework", year=2021, key="here")
    assignment = make_assignment(paper, ben)
    outcome = take(study, ben)
    assert (outcome["papers"], outcome["new_papers"]) == (1, 0)
    assert Summary.objects.get().assignment == assignment


TITLE = "Towards MLOps: A Framework and Maturity Model"


def test_a_title_that_two_papers_share_goes_to_the_one_that_was_handed_out(study, ben):
    make_paper(study, TITLE, key="preprint", year=2020)
    published = make_paper(study, TITLE, key="published", year=2021)
    make_assignment(published, ben)

    outcome = take(study, ben, f"## Paper Title: {TITLE}\n## Challenges:\n* model drifts\n")

    assert [one["paper"] for one in outcome["read"]] == ["published"]
    assert Summary.objects.get().assignment.paper == published


@pytest.mark.parametrize("given", ["none", "both"])
def test_a_title_that_two_papers_share_is_asked_about_where_nothing_tells_them_apart(
    given, study, ben
):
    papers = [
        make_paper(study, TITLE, key=key, year=year)
        for key, year in (("preprint", 2020), ("published", 2021))
    ]
    for paper in papers if given == "both" else []:
        make_assignment(paper, ben)

    outcome = take(study, ben, f"## Paper Title: {TITLE}\n## Challenges:\n* model drifts\n")

    assert not Summary.objects.exists()
    (skipped,) = outcome["skipped"]
    assert "title of several papers: “preprint”, “published”" in skipped["reason"]
    assert "model drifts" in [one["text"] for one in outcome["unplaced"]]
    told = take(
        study,
        ben,
        f"## Paper Title: {TITLE}\n## Publication Year: 2020\n## Challenges:\n* model drifts\n",
    )
    assert [one["paper"] for one in told["read"]] == ["preprint"]


def test_a_page_that_imported_nothing_does_not_say_that_it_did(study, as_user, ada):
    for year in (2020, 2021):
        make_paper(study, TITLE, year=year)
    file = BytesIO(f"## Paper Title: {TITLE}\n## Challenges:\n* model drifts\n".encode())
    file.name = "one.md"
    page = as_user(ada).post(
        reverse("import-summaries", args=[study.slug]), {"files": file, "reviewer": ada.pk}
    )
    assert [str(message) for message in page.context["messages"]] == [
        "No draft was imported: what was found in the files stands below."
    ]


@pytest.mark.parametrize("submitted", [True, False])
def test_a_summary_that_was_begun_is_left_as_it_is(submitted, study, ben):
    paper = make_paper(study, "Towards MLOps: a framework", year=2021)
    make_summary(paper, ben, submitted=submitted, answers={"conclusion": "Mine"})
    outcome = take(study, ben)
    assert (outcome["summaries"], [one["file"] for one in outcome["skipped"]]) == (0, ["filled.md"])
    assert Answer.objects.get().text == "Mine"


def test_the_same_file_twice_makes_nothing_twice(study, ben):
    take(study, ben)
    outcome = take(study, ben)
    assert outcome["summaries"] == 0
    assert "left as it is" not in outcome["unplaced"]
    assert "already" in outcome["skipped"][0]["reason"]
    assert (
        study.papers.count(),
        Summary.objects.count(),
        Code.objects.filter(status="proposed").count(),
    ) == (1, 1, 1)


def test_two_reviewers_may_propose_the_same_words(study, ben, cleo):
    take(study, ben)
    take(study, cleo)
    assert set(
        Code.objects.filter(status="proposed").values_list("proposed_by__username", "label")
    ) == {
        ("ben", "Few people who know"),
        ("cleo", "Few people who know"),
    }


def test_a_very_long_item_keeps_all_of_its_words(study, ben):
    words = "word " * 100
    take(study, ben, f"## Paper Title: T\n\n## Challenges:\n* {words}\n")
    (label, status, quote) = marks("challenges")[0]
    assert (len(label), label[-1], status, quote) == (300, "…", "proposed", words.strip())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("## Challenges:\n* drift\n", "no paper title"),
        ("", "empty"),
        ("%PDF-1.4", "PDF"),
        ("\0\1\2" * 99, "binary"),
    ],
)
def test_what_is_no_filled_template_is_refused_by_name(text, words, study, ben):
    with pytest.raises(ValidationError, match=words) as refused:
        take(study, ben, text)
    assert "filled.md" in str(refused.value)
    assert not study.papers.exists()


def test_strangers_and_observers_have_no_summaries(study, zoe, olga):
    for user in (zoe, olga):
        with pytest.raises(ValidationError):
            take(study, user)


def test_a_dry_run_says_the_same_and_writes_nothing(study, ben):
    dry = take(study, ben, is_dry_run=True)
    assert not study.papers.exists()
    assert not Code.objects.filter(status="proposed").exists()
    real = take(study, ben)
    assert {**dry, "dry_run": False} == real


# By command and by page


def command(*arguments):
    out = StringIO()
    call_command("import_summaries", *map(str, arguments), "--json", stdout=out)
    return json.loads(out.getvalue())


def test_the_command_takes_a_folder_all_or_nothing(study, ben, tmp_path):
    (tmp_path / "a.md").write_text(FILLED)
    (tmp_path / "b.md").write_text("## Paper Title: Another\n\n## Challenges:\n* Cost\n")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    outcome = command(study.slug, tmp_path, "--reviewer", "ben")
    assert (outcome["papers"], outcome["summaries"], set(outcome["answers"])) == (
        2,
        2,
        {"a.md", "b.md"},
    )

    (tmp_path / "c.md").write_text("## Paper Title: Third\n")
    (tmp_path / "d.md").write_text("nothing\n")
    for path, user in (
        (tmp_path, "ben"),
        (tmp_path / "none", "ben"),
        (tmp_path / "a.md", "nobody"),
    ):
        with pytest.raises(CommandError):
            command(study.slug, path, "--reviewer", user)
    assert study.papers.count() == 2


def test_the_real_template_is_read_as_a_careful_reader_reads_it(ada, shared_data):
    study = make_study(lead=ada, with_sections=False)
    for key, label, kind, _ in MLOPS:
        make_section(study.phases.get(), key, kind, label=label)
    make_code(study.sections.get(key="challenges"), "Labelling issues")
    folder = shared_data / "mlops-summary"

    outcome = command(study.slug, folder / "towards-mlops.md", "--reviewer", "ada")

    expected = json.loads((folder / "expected.json").read_text())
    assert outcome["answers"] == {"towards-mlops.md": expected["answers"]}
    assert (outcome["papers"], outcome["summaries"], outcome["unplaced"]) == (1, 1, [])
    challenges = Mark.objects.filter(answer__section__key="challenges")
    assert [mark.quote for mark in challenges] == expected["answers"]["challenges"]
    assert challenges.get(quote="labeling issues").code.label == "Labelling issues"


def markdown(text=FILLED, name="filled.md"):
    file = BytesIO(text.encode())
    file.name = name
    return file


def test_a_reviewer_imports_their_own_files_for_papers_in_their_hands(study, as_user, ben, cleo):
    page = reverse("import-summaries", args=[study.slug])
    unknown = as_user(ben).post(page, {"files": markdown()})
    assert (unknown.status_code, "is no paper of this study" in unknown.text) == (422, True)
    paper = make_paper(study, "Towards MLOps: a framework", year=2021)
    unasked = as_user(ben).post(page, {"files": markdown()})
    assert (unasked.status_code, "was not handed out" in unasked.text) == (422, True)
    make_assignment(paper, ben)
    answer = as_user(ben).post(page, {"files": markdown(), "reviewer": cleo.pk})
    assert (answer.status_code, "sunny" in answer.text) == (200, True)
    assert Summary.objects.get().assignment.reviewer == ben


def test_the_report_leads_to_the_papers_that_it_names(study, as_user, ben):
    paper = make_paper(study, "Towards MLOps: A Framework", year=2021)
    make_assignment(paper, ben)
    file = BytesIO(FILLED.encode())
    file.name = "filled.md"
    page = as_user(ben).post(reverse("import-summaries", args=[study.slug]), {"files": file})
    assert f'href="{paper.get_absolute_url()}"' in page.content.decode()


def test_a_lead_imports_for_members_of_this_study_alone(study, as_user, ada, cleo, zoe):
    page = reverse("import-summaries", args=[study.slug])
    assert as_user(ada).post(page, {"files": markdown(), "reviewer": zoe.pk}).status_code == 422
    assert as_user(ada).post(page, {}).status_code == 422
    assert not study.papers.exists()
    assert as_user(ada).post(page, {"files": markdown(), "reviewer": cleo.pk}).status_code == 200
    assert Summary.objects.get().assignment.reviewer == cleo
