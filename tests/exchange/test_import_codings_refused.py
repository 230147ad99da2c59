"""What a file of codings is refused for: every reason with its line, and nothing is written."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from mapping.models import Code, Membership, Section, User
from reviews.exchange.importing import import_codings
from reviews.models import Round, Summary
from tests.codings import HEAD, nothing_written, reasons, take
from tests.making import make_code, make_paper, make_section, make_study, make_summary, make_user


@pytest.fixture
def paper(study):
    return make_paper(study, "Towards MLOps", key="john2021")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("john2021,ben,challenges,Talent," + "p" * 41, "a page of 41 characters"),
        ("john2021,ben,conclusion,It works," + "p" * 41, "a page of 41 characters"),
        ("john2021,ben,challenges,," + "p" * 41, "a page of 41 characters"),
        (f"john2021,ben,{'s' * 201},Talent,", "the name of a section has at most 200 characters"),
        (
            f"john2021,{'r' * 151},challenges,Talent,",
            "a reviewer's name has at most 150 characters",
        ),
    ],
)
def test_what_is_too_long_for_its_column_is_never_cut_short(study, ada, paper, row, reason):
    sections, people = Section.objects.count(), User.objects.count()
    outcome = take(study, ada, row, head=f"{HEAD},page", may_create=True)
    assert [(line, reason in words) for line, words in reasons(outcome)] == [(2, True)]
    assert nothing_written()
    assert (Section.objects.count(), User.objects.count()) == (sections, people)


def test_everything_unknown_is_named_with_its_line_and_nothing_is_written(study, ada, ben, paper):
    make_section(make_study().phases.get(), "elsewhere")
    foreign = make_study()
    make_code(foreign.sections.get(key="method"), "Foreign code")
    make_paper(foreign, "Foreign paper", key="foreign")
    outcome = take(
        study,
        ada,
        "john2021,ben,method,Survey",
        "foreign,ben,method,Survey",
        "john2021,nobody,method,Survey",
        "john2021,zoe,method,Survey",
        "john2021,ben,elsewhere,Survey",
        "john2021,cleo,method,Foreign code",
        ",ben,method,Survey",
    )

    assert [line for line, _ in reasons(outcome)] == [3, 4, 5, 6, 7, 8]
    words = " | ".join(reason for _, reason in reasons(outcome))
    for expected in (
        "no paper “foreign”",
        "no member of this study is called “nobody”",
        "“zoe”",
        "no section “elsewhere”",
        "has no code “Foreign code”",
        "no paper is named",
    ):
        assert expected in words
    assert (outcome["summaries"], outcome["marks"]) == (0, 0)
    assert nothing_written()


def test_two_members_of_one_name_are_asked_apart_and_observers_do_not_code(study, ada, paper):
    twin = make_user("ben2", name="Ben Reviewer")
    Membership.objects.create(study=study, user=twin, role="reviewer")
    outcome = take(
        study,
        ada,
        "john2021,Ben Reviewer,method,Survey",
        "john2021,olga,method,Survey",
        may_create=True,
    )
    assert "2 members are called" in reasons(outcome)[0][1]
    assert "observer" in reasons(outcome)[1][1]


def test_a_summary_that_is_there_is_never_written_over(study, ada, ben, cleo, paper):
    make_summary(
        paper,
        ben,
        submitted=False,
        round=Round.objects.create(study=study, phase=study.phases.get(), name="M"),
    )
    outcome = take(
        study, ada, "john2021,cleo,method,Survey", "john2021,ben,method,Survey", round_name="M"
    )
    assert reasons(outcome) == [(3, "already coded: Ben Reviewer has a summary of “john2021” in M")]
    assert Summary.objects.count() == 1

    take(study, ada, "john2021,cleo,method,Survey")
    again = take(study, ada, "john2021,cleo,method,Survey")
    assert [line for line, _ in reasons(again)] == [2]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["john2021,ben,method,Survey", "john2021,ben,method,Experiment"], "takes one value"),
        (["john2021,ben,cases,many"], "is no number"),
        (["john2021,ben,cases,NaN"], "does not fit"),
        (["john2021,ben,cases,1e30"], "does not fit"),
        (["john2021,ben,replicable,maybe"], "neither yes nor no"),
        (
            ["john2021,ben,challenges,Talent", "john2021,ben,challenges,"],
            "empty value beside others",
        ),
        (["john2021,ben,challenges,Talent", "john2021,ben,challenges,NA"], "only one can hold"),
        ([f"john2021,ben,challenges,{'x' * 301}"], "a code has at most 300"),
    ],
)
def test_what_a_section_cannot_hold_is_refused(rows, words, study, ada, ben, paper):
    outcome = take(study, ada, *rows, may_create=True, absences={"NA": "not_applicable"})
    assert words in reasons(outcome)[0][1]
    assert nothing_written()
    assert not Code.objects.filter(label__startswith="xxx").exists()


@pytest.mark.parametrize(
    ("more", "cell", "words"),
    [
        ("revision", "0", "from 1"),
        ("revision", "2", "without revision 1"),
        ("confidence", "9", "from 1 to 5"),
        ("submitted_at", "2024-13-45", "a time such as"),
        ("absence", "dunno", "is no absence"),
        ("absence", "unclear", "contradict"),
        ("phase", "nonsense", "no phase"),
        ("round", "r" * 101, "at most 100"),
    ],
)
def test_cells_that_make_no_sense_are_named(more, cell, words, study, ada, ben, paper):
    outcome = take(study, ada, f"john2021,ben,method,Survey,{cell}", head=f"{HEAD},{more}")
    assert [line for line, _ in reasons(outcome)] == [2]
    assert words in reasons(outcome)[0][1]
    assert nothing_written()


def test_a_closed_round_takes_nothing_more(study, ada, ben, paper):
    Round.objects.create(
        study=study, phase=study.phases.get(), name="Pilot", closed_at=timezone.now()
    )
    outcome = take(study, ada, "john2021,ben,method,Survey", round_name="Pilot")
    assert "is closed" in reasons(outcome)[0][1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"paper,reviewer,section\na,b,c\n", "value"),
        (b"", "empty"),
        (b"paper,reviewer,section,value\n", "no row"),
        (b"%PDF-1.4", "PDF"),
    ],
)
def test_what_is_no_codings_file_is_refused_as_a_whole(content, words, study, ada):
    with pytest.raises(ValidationError, match=words):
        import_codings(study, file_name="codings.csv", content=content, by=ada)
