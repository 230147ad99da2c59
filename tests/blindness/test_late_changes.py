"""A decision and what comes after it: answers that change, codes that are merged, retired or
moved.
"""

import pytest

from mapping.codebook import changes as codebook_changes
from mapping.models import Code
from reviews.codebook import code_changes, code_moves
from reviews.coding import drafts
from reviews.models import Summary
from reviews.settling import resolutions
from tests.making import make_paper, make_round, make_section, make_summary
from tests.settling.test_comparison_page import at, finding, settle


@pytest.fixture
def paper(study, ben, cleo):
    make_round(study, "Main")
    paper = make_paper(study)
    make_summary(paper, ben, answers={"challenges": ["Model drift", "Talent"], "cases": 3})
    make_summary(paper, cleo, answers={"challenges": ["Model drift", "Cost"], "cases": "4.5"})
    return paper


def code(label):
    return Code.objects.get(label=label)


def revise(paper, ben, ada, label):
    """Ben's summary is reopened by Ada; now he gives this challenge alone."""
    first = Summary.objects.get(assignment__paper=paper, assignment__reviewer=ben)
    revision = drafts.reopen(first.assignment, by=ada, reason="Again")
    section = paper.study.sections.get(key="challenges")
    version = revision.answers.get(section=section).version
    drafts.save_answer(
        revision, section, {"marks": [{"code": code(label).pk}]}, based_on=version, by=ben
    )
    drafts.submit(revision, by=ben)


def shown(client, paper):
    return client.get(at(paper)).content.decode()


def test_of_a_late_change_the_page_shows_what_was_said_before_beside_what_is_said_now(
    paper, as_user, ada, ben
):
    client = as_user(ada)
    settle(client, paper, way="union")
    assert "had said" not in shown(client, paper)
    revise(paper, ben, ada, "Data quality")
    body = shown(client, paper)
    assert 'reader-a">A</span> had said: <span dir="auto">Model drift, Talent</span>' in body
    assert body.count("had said") == 1
    assert "Data quality" in body


def test_a_finding_is_shown_with_the_code_that_another_was_merged_into(paper, as_user, ada):
    client = as_user(ada)
    settle(client, paper, way="union")
    code_changes.merge(code("Cost"), into=code("Talent"), by=ada, reason="the same")
    assert '<b dir="auto">Model drift, Talent</b>' in shown(client, paper)
    assert finding(paper) == {"Model drift", "Talent"}


def test_a_decision_can_be_left_as_it_was_after_its_codes_were_merged(paper, as_user, ada, ben):
    client = as_user(ada)
    settle(client, paper, way="union")
    code_changes.merge(code("Cost"), into=code("Talent"), by=ada, reason="the same")
    revise(paper, ben, ada, "Data quality")
    assert settle(client, paper, way="keep").status_code == 302
    assert finding(paper) == {"Model drift", "Talent"}
    assert "Answers changed after" not in shown(client, paper)


@pytest.mark.parametrize("way", ["keep", "own"])
def test_a_decision_can_be_left_as_it_was_after_a_code_that_nobody_gave_was_retired(
    paper, as_user, ada, ben, way
):
    client = as_user(ada)
    settle(client, paper, way="own", codes=[code("Data quality").pk])
    codebook_changes.retire(code("Data quality"), by=ada, reason="too wide")
    revise(paper, ben, ada, "Cost")
    # The form as it stands has the ticks of what was settled.
    assert settle(client, paper, way=way).status_code == 302
    assert finding(paper) == {"Data quality"}


def test_a_retired_code_that_neither_a_reader_nor_the_finding_has_is_refused(paper, as_user, ada):
    codebook_changes.retire(code("Data quality"), by=ada, reason="too wide")
    assert (
        settle(as_user(ada), paper, way="own", codes=[code("Data quality").pk]).status_code == 422
    )
    assert finding(paper) is None


def test_a_decision_is_not_taken_back_to_a_code_that_went_to_another_section(
    paper, as_user, ada, study
):
    client = as_user(ada)
    settle(client, paper, way="own", codes=[code("Data quality").pk])
    settle(client, paper, way="common")
    code_moves.move(
        code("Data quality"),
        to=make_section(study.phases.get(), "data"),
        by=ada,
        reason="it is data",
    )
    standing = resolutions.in_force(paper, study.sections.get(key="challenges"))
    answer = client.post(at(paper, "undo-settling", "challenges"), {"resolution": standing.pk})
    assert answer.status_code == 422
    assert "no longer in “Challenges”" in answer.content.decode()
    assert finding(paper) == {"Model drift"}


def test_numbers_are_shown_as_they_were_given(paper, as_user, ada):
    client = as_user(ada)
    assert {f"<b>{said}</b>" in shown(client, paper) for said in ("3", "4.5")} == {True}
    settle(client, paper, section="cases", way="take-B")
    assert '<b dir="auto">4.5</b>' in shown(client, paper)
