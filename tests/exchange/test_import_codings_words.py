"""Words that say why there is no answer, in a file of codings; and everything a file would make, by
name.
"""

from io import BytesIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from mapping.codebook import changes as codebook_changes
from mapping.models import Code
from reviews.exchange.importing import import_codings
from reviews.models import Answer
from tests.exchange.test_import_codings import command, reasons
from tests.making import make_paper, make_study

HEAD = "paper,reviewer,section,value"
CASES = Path(__file__).resolve().parents[3] / "shared" / "cases" / "codings"


def take(study, ada, *rows, head=HEAD, **how):
    how = {"may_create": True} | how
    content = "\n".join([head, *rows]).encode()
    return import_codings(study, file_name="c.csv", content=content, by=ada, **how)


def answers(study):
    found = Answer.objects.filter(summary__assignment__round__study=study)
    return {
        (one.summary.assignment.paper.key, str(one.summary.assignment.reviewer)): (
            one.absence or one.none_apply
        )
        or [str(mark) for mark in one.marks.all()]
        for one in found
    }


@pytest.mark.parametrize(
    ("word", "absence"),
    [
        *(
            (word, "not_reported")
            for word in ("NA", "n/a", "N.A.", "-", "–", "Not reported", "not_reported", "ＮＡ")
        ),
        *((word, "unclear") for word in ("unclear", "Unclear.")),
        ("not applicable", "not_applicable"),
        *((word, True) for word in ("none", "None", "none_apply", "NONE\u00ad")),
    ],
)
@pytest.mark.parametrize("section", ["challenges", "method", "a-new-one"])
def test_a_word_for_an_absence_is_an_absence_and_never_a_code(
    section, word, absence, study, ada, ben
):
    make_paper(study, key="p")
    before = Code.objects.count()
    outcome = take(study, ada, f'p,ben,{section},"{word}"')
    assert (reasons(outcome), outcome["marks"], Code.objects.count()) == ([], 0, before)
    assert answers(study) == {("p", "Ben Reviewer"): absence}
    (told,) = outcome["absences"]
    assert (told["absence"], told["rows"]) == ("none_apply" if absence is True else absence, 1)


@pytest.mark.parametrize("word", ["?", "TBD", "#N/A", "#REF!", "unknown", "null"])
def test_a_word_that_could_mean_several_things_is_refused_until_it_is_said(word, study, ada, ben):
    make_paper(study, key="p")
    rows = ["p,ben,tools,Docker", f"p,cleo,tools,{word}"]
    outcome = take(study, ada, *rows)
    assert outcome["summaries"] == 0
    ((line, reason),) = reasons(outcome)
    assert line == 3
    assert f"“{word}” (“tools”) is no code" in reason
    assert f"{word}=unclear" in reason
    assert outcome["made"]["codes"] == []

    outcome = take(study, ada, *rows, absences={word.lower(): "unclear"})
    assert reasons(outcome) == []
    assert answers(study)["p", "Cleo Reviewer"] == "unclear"
    assert outcome["absences"] == [
        {"word": word, "absence": "unclear", "meaning": "unclear", "section": "tools", "rows": 1}
    ]


def test_what_the_lead_says_and_what_the_codebook_says_come_first(study, ada, ben, cleo):
    section = study.sections.get(key="challenges")
    for label in ("None", "N/A"):
        codebook_changes.add(section, by=ada, facts={"label": label})
    make_paper(study, key="p")
    take(study, ada, "p,ben,challenges,none", "p,cleo,challenges,n/a")
    assert answers(study) == {("p", "Ben Reviewer"): ["None"], ("p", "Cleo Reviewer"): ["N/A"]}
    outcome = take(
        study, ada, "p,ben,challenges,n/a", absences={"N/A": "not_applicable"}, round_name="Again"
    )
    assert outcome["absences"][0]["absence"] == "not_applicable"


def test_ones_own_words_stay_as_they_are_and_numbers_may_be_absent(study, ada, ben):
    make_paper(study, key="p")
    outcome = take(study, ada, "p,ben,conclusion,None", "p,ben,cases,n/a")
    assert reasons(outcome) == []
    found = {one.section.key: one for one in Answer.objects.all()}
    assert (found["conclusion"].text, found["conclusion"].none_apply) == ("None", False)
    assert (found["cases"].number, found["cases"].absence) == (None, "not_reported")


def test_a_code_beside_an_absence_contradicts_it(study, ada, ben):
    make_paper(study, key="p")
    outcome = take(study, ada, "p,ben,challenges,Cost", "p,ben,challenges,N/A")
    assert "an absence and something else" in reasons(outcome)[0][1]


def test_the_column_of_absences_takes_the_same_words(study, ada, ben, cleo):
    make_paper(study, key="p")
    outcome = take(
        study, ada, "p,ben,method,,n.a.", "p,cleo,method,,Not applicable", head=f"{HEAD},absence"
    )
    assert reasons(outcome) == []
    assert answers(study) == {
        ("p", "Ben Reviewer"): "not_reported",
        ("p", "Cleo Reviewer"): "not_applicable",
    }
    outcome = take(study, ada, "p,ben,method,,TBD", head=f"{HEAD},absence", round_name="Again")
    assert "“TBD” is no absence" in reasons(outcome)[0][1]


def test_the_small_files_with_their_right_values(ada, ben):
    if not CASES.is_dir():
        pytest.skip("../shared/cases is not beside this checkout")
    study = make_study(lead=ada)
    for key in ("p1", "p2", "p3", "p4", "p5"):
        make_paper(study, key=key)
    content = (CASES / "l_na.csv").read_bytes()
    outcome = import_codings(study, file_name="l_na.csv", content=content, by=ada, may_create=True)
    assert [line for line, _ in reasons(outcome)] == [10, 11]
    said = {"?": "unclear", "TBD": "not_reported"}
    outcome = import_codings(
        study, file_name="l.csv", content=content, by=ada, may_create=True, absences=said
    )
    assert (reasons(outcome), outcome["created"]["codes"], outcome["marks"]) == ([], 0, 0)
    assert sum(one["rows"] for one in outcome["absences"]) == 9


def test_everything_that_would_be_made_is_named(study, ada, as_user, tmp_path, capsys):
    rows = [
        "p9,Kaique,tools,Docker",
        "p9,Kaique,tools,Git",
        "p9,Kaique,method,Interviews",
        "p9,Kaique,score,n/a",
    ]
    made = {
        "papers": ["p9"],
        "reviewers": ["Kaique"],
        "sections": ["tools", "score"],
        "codes": ["tools: Docker", "tools: Git", "Method: Interviews"],
    }
    outcome = take(study, ada, *rows, is_dry_run=True)
    assert outcome["made"] == made
    assert {what: len(names) for what, names in made.items()} == outcome["created"]

    file = tmp_path / "c.csv"
    file.write_text("\n".join([HEAD, *rows]))
    _, told = command(study.slug, file, "--create", "--dry-run")
    assert told["made"] == made
    capsys.readouterr()
    call_command("import_codings", study.slug, str(file), "--create", "--dry-run")
    said = capsys.readouterr().out
    assert "New codes: tools: Docker; tools: Git; Method: Interviews." in said
    assert "“n/a” in score becomes “not reported”: 1 row." in said

    upload = BytesIO(file.read_bytes())
    upload.name = "c.csv"
    page = as_user(ada).post(
        reverse("import-codings", args=[study.slug]),
        {"file": upload, "act": "check", "may_create": "on"},
    )
    for name in (
        "p9",
        "Kaique",
        "score",
        "tools: Docker",
        "Method: Interviews",
        "n/a",
        "not reported",
    ):
        assert name in page.text
    assert page.text.count("<details open") == 4


def test_thousands_of_names_are_folded_on_the_page(study, ada, as_user):
    rows = [f"p{number},r,tools,Tool {number}" for number in range(300)]
    upload = BytesIO("\n".join([HEAD, *rows]).encode())
    upload.name = "c.csv"
    page = as_user(ada).post(
        reverse("import-codings", args=[study.slug]),
        {"file": upload, "act": "check", "may_create": "on"},
    )
    assert "New codes: 300" in page.text
    assert "tools: Tool 299" in page.text
    assert page.text.count("<details open") == 2


def test_a_refused_file_fails_as_a_command_too(study, ada, tmp_path):
    file = tmp_path / "c.csv"
    file.write_text(f"{HEAD}\np1,ben,tools,TBD\n")
    with pytest.raises(CommandError):
        call_command("import_codings", study.slug, str(file), "--create")


@pytest.mark.parametrize("labels", [["+-5", "3"], ["--1", "2"], ["9" * 290, "٣"]])
def test_labels_that_are_nearly_numbers_are_labels(labels, study, ada):
    rows = [f"p{place},r,scale,{label}" for place, label in enumerate(labels)]
    assert reasons(take(study, ada, *rows)) == []


@pytest.mark.parametrize(
    "when", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "9" * 5000, "2024-13-45"]
)
def test_a_moment_that_no_database_gives_back_is_refused(when, study, ada, ben):
    make_paper(study, key="p")
    outcome = take(study, ada, f"p,ben,method,Survey,{when}", head=f"{HEAD},submitted_at")
    assert "a time such as" in reasons(outcome)[0][1]
