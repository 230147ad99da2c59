"""Codings made elsewhere: all rows or none, matched to this study's people, papers, sections and
codes alone.
"""

import csv
import json
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mapping.exchange.table import lines
from mapping.models import Code, CodebookChange, LogEntry, Membership, PaperSource, User
from reviews.codebook import undo
from reviews.exchange.importing import import_codings
from reviews.exchange.scope import scope_of_all
from reviews.exchange.tables.codings import CODINGS
from reviews.models import Answer, Assignment, Mark, Round, Summary
from tests.codings import HEAD, nothing_written, reasons, take
from tests.making import make_code, make_paper, make_section, make_study, make_summary


def said(user, section):
    """What an imported answer holds: its labels, or its one value."""
    answer = Answer.objects.get(summary__assignment__reviewer=user, section__key=section)
    labels = [mark.code.label for mark in answer.marks.all()]
    return (
        labels
        or answer.absence
        or answer.none_apply
        or answer.text
        or answer.number
        or answer.yes_no
    )


@pytest.fixture
def paper(study):
    return make_paper(study, "Towards MLOps", key="john2021", doi="10.1109/x.1")


def test_rows_become_a_submitted_summary_with_every_kind_of_answer(study, ada, ben, paper):
    outcome = take(
        study,
        ada,
        "john2021,ben,challenges,Talent",
        "john2021,ben,challenges,  model   DRIFT ",
        "john2021,ben,maturity-stage,manual",
        "john2021,ben,replicable,Yes",
        "john2021,ben,cases,2.0",
        "john2021,ben,conclusion,It works",
    )

    assert outcome["problems"] == []
    assert (outcome["summaries"], outcome["marks"]) == (1, 3)
    assert outcome["created"] == {"papers": 0, "reviewers": 0, "sections": 0, "codes": 0}
    summary = Summary.objects.get()
    assert (summary.is_submitted, summary.revision, summary.origin) == (True, 1, "codings")
    assert (summary.assignment.round.name, summary.assignment.round.kind) == (
        "Imported: codings",
        "main",
    )
    assert said(ben, "challenges") == ["Talent", "Model drift"]
    assert said(ben, "maturity-stage") == ["Manual"]
    assert said(ben, "replicable") is True
    assert said(ben, "cases") == 2
    assert said(ben, "conclusion") == "It works"
    assert LogEntry.objects.get(act="import-codings").by == ada


def test_none_of_the_codes_blank_and_absences_stay_apart(study, ada, ben, cleo, olga, paper):
    other = make_paper(study, key="other")
    head = f"{HEAD},absence"
    outcome = take(
        study,
        ada,
        "john2021,ben,challenges,,",
        "john2021,ben,conclusion,,",
        "john2021,ben,method,,unclear",
        "john2021,cleo,challenges,NA,",
        "other,cleo,challenges,,?",
        head=head,
        absences={"NA": "not_applicable", "?": "unclear"},
    )

    assert outcome["problems"] == []
    assert said(ben, "challenges") is True, "none of the codes apply"
    assert not Answer.objects.filter(section__key="conclusion").exists(), "a blank is no answer"
    assert said(ben, "method") == "unclear"
    assert set(
        Answer.objects.filter(summary__assignment__reviewer=cleo).values_list(
            "absence", "none_apply"
        )
    ) == {
        ("not_applicable", False),
        ("unclear", False),
    }
    assert other.assignments.count() == 1


def test_none_of_the_codes_comes_back_from_a_file_of_codings_in_every_coded_kind(
    study, ada, ben, paper
):
    none = {"challenges": None, "method": None, "maturity-stage": None}
    make_summary(paper, ben, answers={**none, "conclusion": "nothing"})
    table = "".join(lines(CODINGS, scope_of_all(study)))
    Summary.objects.all().delete()
    Assignment.objects.all().delete()

    outcome = import_codings(study, file_name="codings.csv", content=table.encode(), by=ada)
    assert (reasons(outcome), outcome["created"]["codes"]) == ([], 0)
    answers = Answer.objects.filter(summary__assignment__reviewer=ben)
    assert set(answers.values_list("section__key", "none_apply", "absence", "text")) == {
        *((key, True, "", "") for key in none),
        ("conclusion", False, "", "nothing"),
    }
    assert "".join(lines(CODINGS, scope_of_all(study))).count("none_apply") == 2


def test_none_of_the_codes_may_be_called_otherwise_and_says_nothing_where_there_are_none(
    study, ada, ben, paper
):
    outcome = take(
        study, ada, "john2021,ben,method,-,", head=f"{HEAD},absence", absences={"-": "none_apply"}
    )
    assert (reasons(outcome), said(ben, "method")) == ([], True)
    outcome = take(
        study, ada, "john2021,ben,cases,,none_apply", head=f"{HEAD},absence", round_name="Again"
    )
    assert "takes no codes" in reasons(outcome)[0][1]
    outcome = take(study, ada, "john2021,ben,method,,", head=f"{HEAD},absence", round_name="Again")
    assert not Answer.objects.filter(summary__assignment__round__name="Again").exists(), (
        "empty is blank there"
    )


def test_papers_are_known_by_key_former_key_doi_and_title(study, ada, ben, paper):
    PaperSource.objects.create(paper=paper, entry_key="OldKey")
    for number, name in enumerate(
        ["john2021", "JOHN2021", "oldkey", "https://doi.org/10.1109/X.1", "towards  mlops!"]
    ):
        outcome = take(study, ada, f'"{name}",ben,method,Survey', round_name=f"Round {number}")
        assert (reasons(outcome), outcome["summaries"]) == ([], 1)
    assert paper.assignments.count() == 5


def test_reviewers_are_known_by_user_name_address_and_full_name(study, ada, ben, paper):
    for number, name in enumerate(["BEN", "ben@example.org", "ben  reviewer "]):
        outcome = take(study, ada, f"john2021,{name},method,Survey", round_name=f"Round {number}")
        assert (reasons(outcome), outcome["summaries"]) == ([], 1)
    assert set(Assignment.objects.values_list("reviewer", flat=True)) == {ben.pk}


def test_create_makes_papers_reviewers_sections_and_codes(study, ada, ben, paper):
    before = study.codebook_version
    outcome = take(
        study,
        ada,
        "new2020,Kaique ,tools,MLflow",
        "new2020,Kaique,tools,Kubeflow",
        "10.1234/abc,Kaique,score,2.0",
        "john2021,Kaique,score,0",
        "A paper known by its title alone,Kaique,score,10",
        "john2021,Kaique,method,Interviews",
        may_create=True,
    )

    assert outcome["problems"] == []
    assert outcome["created"] == {"papers": 3, "reviewers": 1, "sections": 2, "codes": 6}
    kaique = User.objects.get(name="Kaique")
    assert not kaique.has_usable_password()
    assert Membership.objects.get(study=study, user=kaique).role == "reviewer"
    assert dict(study.sections.filter(key__in=["tools", "score"]).values_list("key", "kind")) == {
        "tools": "codes",
        "score": "code",
    }
    labels = (
        Code.objects.filter(section__key="score")
        .order_by("position")
        .values_list("label", flat=True)
    )
    assert list(labels) == ["0", "2", "10"], "numbers stand in the order of a scale"
    assert set(study.papers.values_list("key", "doi")) == {
        ("john2021", "10.1109/x.1"),
        ("new2020", ""),
        ("10.1234-abc", "10.1234/abc"),
        ("anonpaper", ""),
    }
    study.refresh_from_db()
    assert study.codebook_version == before + 8
    assert study.codebook_changes.count() == 8


def test_a_code_that_came_with_a_file_is_taken_back_like_one_that_was_added(study, ada, ben, paper):
    take(study, ada, "john2021,ben,challenges,Skills", may_create=True)
    change = CodebookChange.objects.get()
    assert "Skills" in change.after["words"].values()
    undo.undo(change, by=ada)
    assert Code.objects.get(label="Skills").status == "retired"


def test_a_strangers_name_is_never_taken(study, ada, zoe, paper):
    make_study(lead=zoe)
    for name in ("zoe", "Zoe Stranger", "zoe@example.org"):
        take(study, ada, f"john2021,{name},method,Survey", may_create=True, round_name=f"As {name}")

    assert not Membership.objects.filter(study=study, user=zoe).exists()
    assert (
        User.objects.filter(
            memberships__study=study, name__in=["zoe", "Zoe Stranger", "zoe@example.org"]
        ).count()
        == 3
    )
    assert not Assignment.objects.filter(reviewer=zoe).exists()
    made = User.objects.filter(assignments__isnull=False).distinct()
    assert {user.has_usable_password() or bool(user.email) for user in made} == {False}
    assert "zoe" not in {user.username for user in made}


def test_a_bundles_codings_come_back_with_revisions_rounds_phases_and_times(study, ada, ben, paper):
    screening = study.phases.create(key="screening", name="Screening", kind="screening")
    make_code(make_section(screening, "include", "code"), "yes")
    head = (
        "paper,phase,round,reviewer,revision,section,kind,value,absence,quote,page,rationale,confidence,submitted_at,"
        "codebook_version"
    )
    outcome = take(
        study,
        ada,
        (
            "john2021,coding,Pilot,ben,1,challenges,codes,Talent,,few people,p. 2,see "
            "table,4,2024-03-01T10:00:00+00:00,3"
        ),
        "john2021,coding,Pilot,ben,1,challenges,codes,'=formula,,,,,4,2024-03-01T10:00:00+00:00,3",
        "john2021,coding,Pilot,ben,2,challenges,codes,Cost,,,,,,2024-03-02T10:00:00Z,5",
        "john2021,coding,Main,ben,1,challenges,codes,Cost,,,,,,,",
        "john2021,screening,Screen,ben,1,include,code,yes,,,,,,2024-01-01,",
        head=head,
        may_create=True,
    )

    assert reasons(outcome) == []
    found = Summary.objects.order_by("assignment__round__name", "revision")
    assert list(found.values_list("assignment__round__name", "revision", "codebook_version")) == [
        ("Main", 1, study.codebook_version + 1),
        ("Pilot", 1, 3),
        ("Pilot", 2, 5),
        ("Screen", 1, study.codebook_version + 1),
    ]
    assert found[1].submitted_at.isoformat() == "2024-03-01T10:00:00+00:00"
    assert found[2].reopened_by == ada
    mark = Mark.objects.get(answer__summary=found[1], code__label="Talent")
    assert (mark.quote, mark.page, mark.rationale, mark.answer.confidence) == (
        "few people",
        "p. 2",
        "see table",
        4,
    )
    assert Mark.objects.filter(code__label="=formula").exists()
    assert Round.objects.get(name="Screen").phase == screening


def test_other_headings_and_columns(study, ada, ben, paper):
    outcome = take(
        study,
        ada,
        "10.1109/x.1,ben,method,Survey,blue",
        head="DOI,rater,Section,Value,colour",
        columns={"paper": "doi", "reviewer": "rater"},
    )
    assert (outcome["summaries"], outcome["ignored"]) == (1, ["colour"])
    with pytest.raises(ValidationError, match="no column “papr”"):
        take(study, ada, "a,b,c,d", columns={"papr": "doi"})


def test_five_times_the_rows_need_no_more_queries(study, ada, ben, cleo):
    def queries(papers, round_name):
        rows = []
        for number in range(papers):
            key = make_paper(study).key
            rows += [f"{key},{who},challenges,Code {number}" for who in ("ben", "cleo")]
        with CaptureQueriesContext(connection) as captured:
            assert reasons(take(study, ada, *rows, round_name=round_name, may_create=True)) == []
        return len(captured)

    assert queries(3, "A") == queries(15, "B")


# By command


def command(*arguments):
    out = StringIO()
    try:
        call_command("import_codings", *map(str, arguments), "--json", stdout=out)
        return 0, json.loads(out.getvalue())
    except CommandError:
        return 1, json.loads(out.getvalue() or "null")


def test_the_command_reports_refused_rows_and_fails(study, tmp_path, ben, paper):
    file = tmp_path / "codings.csv"
    file.write_text(f"{HEAD}\njohn2021,ben,method,Survey\njohn2021,stranger,method,Survey\n")
    status, outcome = command(study.slug, file)
    assert (status, outcome["summaries"], [one["line"] for one in outcome["problems"]]) == (
        1,
        0,
        [3],
    )
    assert nothing_written()
    status, outcome = command(study.slug, file, "--create", "--dry-run", "--round", "Second")
    assert (status, outcome["summaries"], outcome["created"]["reviewers"]) == (0, 2, 1)
    assert nothing_written()
    assert not User.objects.filter(username="stranger").exists()
    status, outcome = command(study.slug, file, "--create", "--round", "Second")
    assert (status, outcome["summaries"], outcome["rounds"]) == (0, 2, ["Second"])
    assert command(study.slug, tmp_path / "missing.csv") == (1, None)
    assert command(study.slug, file, "--absence", "NA=perhaps") == (1, None)
    assert command(study.slug, file, "--columns", "paper") == (1, None)


def test_the_real_survey_comes_in_whole(ada, shared_data):
    study = make_study(lead=ada, with_sections=False)
    folder = shared_data / "plant-pathology"
    call_command("import_papers", study.slug, str(folder / "articles.bib"), stdout=StringIO())

    options = ["--create", "--absence", "NA=not_applicable"]
    status, first = command(study.slug, folder / "codes-450.csv", *options)
    assert (status, first["problems"], first["summaries"]) == (0, [], 450)
    assert first["ignored"] == ["article"]
    status, second = command(study.slug, folder / "double-coded-5x5.csv", *options)
    assert (status, second["problems"], second["summaries"]) == (0, [], 25)

    with open(folder / "codes-450.csv", newline="", encoding="utf-8") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["value"] != "NA" and row["section"] != "comments"
        ]
    assert first["marks"] == len(rows)
    assert first["created"]["papers"] == 14, "the articles that have no key in the bibliography"
    counted = Mark.objects.filter(code__section__key="software_used", code__label__iexact="MrBayes")
    papers = counted.filter(answer__summary__assignment__round__name="Imported: codes-450")
    assert (papers.count(), papers.values("answer").distinct().count()) == (16, 15)
    assert {
        user.name for user in User.objects.filter(memberships__study=study).exclude(pk=ada.pk)
    } == {
        "Adam",
        "Emerson",
        "Kaique",
        "Nik",
        "Zach",
    }
