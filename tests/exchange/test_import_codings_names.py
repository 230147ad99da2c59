"""What a file of codings calls papers, sections and people, in whatever capitals."""

import pytest
from django.core.management import call_command

from mapping.models import User
from mapping.papers import importing
from mapping.protocol.files import built_in, create_study
from reviews.exchange.importing import import_codings
from reviews.models import Mark, Summary
from tests.codings import reasons, take
from tests.making import make_paper, make_section, make_study

SAME_DOI = "references/papers-same-doi.csv"


def test_names_in_other_capitals_are_one_paper_one_reviewer_one_section(ada):
    study = make_study(lead=ada, with_sections=False)
    outcome = take(
        study,
        ada,
        "P1,Kaique,TOOLS,Docker",
        "p1 ,kaique,tools,Git",
        "p1,KAIQUE,Tools,GIT",
        "10.1000/ABC,Kaique,tools,Git",
        "https://doi.org/10.1000/abc,Kaique,tools,Docker",
        "A long title: of a paper,Kaique,tools,Git",
        "A LONG TITLE OF A PAPER,Kaique,tools,Docker",
        may_create=True,
    )
    assert outcome["problems"] == []
    assert outcome["created"] == {"papers": 3, "reviewers": 1, "sections": 1, "codes": 2}
    assert study.sections.get().kind == "codes"
    assert User.objects.filter(name__iexact="kaique").count() == 1
    assert (outcome["summaries"], outcome["marks"]) == (3, 7)


def test_keys_in_other_capitals_find_papers_and_sections_that_are_there(study, ada, ben):
    make_paper(study, key="Smith2020")
    make_section(study.phases.get(), "RQ1", label="Something else")
    outcome = take(study, ada, "SMITH2020,ben,rq1,x", "smith2020,BEN,RQ1,x", may_create=True)
    assert (outcome["problems"], outcome["summaries"]) == ([], 1)
    assert outcome["created"] == {"papers": 0, "reviewers": 0, "sections": 0, "codes": 1}


def test_a_round_in_other_capitals_is_one_round(study, ada, ben, cleo):
    make_paper(study, key="p1")
    head = "paper,reviewer,section,value,round"
    outcome = take(
        study, ada, "p1,ben,method,Survey,Pilot", "p1,cleo,method,Survey,PILOT ", head=head
    )
    assert (outcome["problems"], outcome["rounds"]) == ([], ["Pilot"])
    outcome = take(study, ada, "p1,ada,method,Survey,pilot", head=head)
    assert (outcome["problems"], outcome["rounds"]) == ([], ["Pilot"])


def test_papers_that_share_a_doi_are_known_by_key_and_asked_for_by_doi(study, ada, ben):
    make_paper(study, "One", key="one", doi="10.1000/x")
    make_paper(study, "Two", key="two", doi="10.1000/x", shares_doi=True)
    outcome = take(study, ada, "10.1000/x,ben,method,Survey")
    assert reasons(outcome) == [
        (2, "2 papers go by “10.1000/x”: name the key of the one that is meant")
    ]
    outcome = take(study, ada, "one,ben,method,Survey", "two,ben,method,Survey")
    assert (outcome["problems"], outcome["summaries"]) == ([], 2)


def brought(study, by):
    text = (
        "key,title,year\na,Towards continuous delivery,2020\nb,Towards Continuous Delivery,2020\n"
    )
    importing.confirm(
        importing.preview(study, file_name="x.csv", content=text.encode(), by=by), by=by
    )
    assert study.papers.count() == 1


def test_keys_that_fall_on_one_paper_are_named_and_make_no_mixed_answer(study, ada, ben):
    brought(study, ada)
    outcome = take(study, ada, "a,ben,method,Survey", "B,ben,method,Survey")
    ((line, reason),) = reasons(outcome)
    assert line == 3
    assert "“B” falls on the paper “a”, as “a” in line 2 does" in reason
    assert not Summary.objects.exists()


def test_two_reviewers_may_know_one_paper_by_different_keys_and_the_report_says_so(
    study, ada, ben, cleo
):
    brought(study, ada)
    outcome = take(study, ada, "a,ben,method,Survey", "b,cleo,method,Survey")
    assert (outcome["problems"], outcome["summaries"]) == ([], 2)
    assert outcome["notes"] == ["Line 3: “b” falls on the paper “a”, as “a” in line 2 does."]


@pytest.fixture
def cases(shared_data):
    folder = shared_data.parent / "cases"
    if not folder.is_dir():
        pytest.skip("no folder with cases beside this checkout")
    return folder


def test_two_papers_of_one_doi_have_two_answers(ada, cases):
    study = make_study(lead=ada, with_sections=False)
    call_command("import_papers", study.slug, str(cases / SAME_DOI), "--json")
    content = (cases / "codings" / "codings-same-doi.csv").read_bytes()
    outcome = import_codings(study, file_name="c.csv", content=content, by=ada, may_create=True)
    assert (outcome["problems"], outcome["summaries"], outcome["created"]["papers"]) == ([], 2, 0)
    assert set(Summary.objects.values_list("assignment__paper__key", flat=True)) == {"59", "61"}


def test_a_key_in_other_capitals_is_the_paper_that_is_there(ada, cases):
    study = create_study(title="A study", lead=ada, by=ada, protocol=built_in("mlops"))
    make_paper(study, key="p1")
    content = (cases / "codings" / "t_key_case.csv").read_bytes()
    outcome = import_codings(study, file_name="c.csv", content=content, by=ada, may_create=True)
    assert (outcome["problems"], outcome["summaries"]) == ([], 1)
    assert (
        study.papers.count(),
        outcome["created"]["papers"],
        outcome["created"]["reviewers"],
    ) == (1, 0, 0)
    labels = Mark.objects.values_list("code__label", flat=True)
    assert {label.casefold() for label in labels} == {"docker", "git"}


def test_names_with_letters_that_nobody_sees_are_those_that_are_there(study, ada, ben):
    make_paper(study, "Red studies", key="p1")
    outcome = take(
        study,
        ada,
        "p1\u200b,ben,method,Survey",
        "\u00adp1,ben\u2060,method,Survey",
        "\uff501,b\u00aden,method,Survey",
        "Red\u00ad studies,New\u200b one,method,Survey",
        "p1,new one,method,Survey",
        may_create=True,
    )
    assert (outcome["problems"], outcome["summaries"]) == ([], 2)
    assert (outcome["created"]["papers"], outcome["made"]["reviewers"]) == (0, ["New one"])


def test_a_doi_and_a_key_that_fall_on_one_paper_are_named(study, ada, ben):
    make_paper(study, key="p1", doi="10.1000/x")
    outcome = take(
        study, ada, "p1,ben,method,Survey", "10.1000/X,ben,method,Survey", "P1,ben,method,Survey"
    )
    assert (outcome["problems"], outcome["summaries"]) == ([], 1)
    assert outcome["notes"] == [
        "Line 3: “10.1000/X” falls on the paper “p1”, as “p1” in line 2 does."
    ]
