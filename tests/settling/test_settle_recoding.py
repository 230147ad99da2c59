"""What is to be coded anew waits to be settled: a code that was split or declined, a section that
came later.
"""

import pytest

from mapping.judgement.values import Judgement, Mark
from mapping.models import Code, Finding
from reviews.codebook import code_changes, template
from reviews.coding import recoding_tasks
from reviews.models import RecodingTask
from reviews.settling import disagreements, unanimous
from tests.making import make_paper, make_round, make_summary, membership_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def paper(study, ben, cleo):
    """Both gave the same two codes in one section; nothing of it is settled yet."""
    make_round(study, "Main")
    paper = make_paper(study)
    for reader in (ben, cleo):
        make_summary(paper, reader, answers={"challenges": ["Data quality"], "method": "Survey"})
    return paper


def split(study, ada):
    code = Code.objects.get(section__study=study, label="Data quality")
    code_changes.split(
        code, into=[{"label": "Missing data"}, {"label": "Noisy data"}], by=ada, reason="two things"
    )


def look_again(paper, reader, *, label=None, text=""):
    task = RecodingTask.objects.open().get(assignment__paper=paper, assignment__reviewer=reader)
    marks = [Mark(code=Code.objects.get(section=task.section, label=label).pk)] if label else []
    content = Judgement(marks=marks, text=text)
    recoding_tasks.recode(task, content, by=reader, based_on=1)


def found(paper):
    return {finding.section.key for finding in Finding.objects.filter(paper=paper)}


def numbers(study, ada):
    return {
        key: disagreements.board_for(membership_of(ada, study)).numbers[key]
        for key in ("open", "ready")
    }


def test_a_section_with_a_split_code_is_not_settled_before_everybody_has_looked_again(
    study, paper, ada, ben, cleo
):
    split(study, ada)
    assert numbers(study, ada) == {"open": 0, "ready": 1}
    assert {key: unanimous.settle(study, by=ada)[key] for key in ("settled", "open")} == {
        "settled": 1,
        "open": 0,
    }
    assert found(paper) == {"method"}

    look_again(paper, ben, label="Noisy data")
    assert found(paper) == {"method"}
    assert numbers(study, ada) == {"open": 0, "ready": 0}
    look_again(paper, cleo, label="Noisy data")
    assert found(paper) == {"method", "challenges"}
    finding = Finding.objects.get(paper=paper, section__key="challenges")
    assert [mark.code.label for mark in finding.marks.all()] == ["Noisy data"]


def test_who_choose_different_halves_of_a_split_code_are_settled_by_a_lead(
    study, paper, ada, ben, cleo
):
    split(study, ada)
    look_again(paper, ben, label="Noisy data")
    look_again(paper, cleo, label="Missing data")
    assert numbers(study, ada) == {"open": 1, "ready": 0}
    assert found(paper) == {"method"}


def test_a_section_that_came_later_is_not_settled_from_the_first_answer_alone(
    study, paper, ada, ben, cleo
):
    facts = {"label": "Data set", "kind": "text", "phase": study.phases.get(), "is_required": True}
    section = template.add_section(study, by=ada, facts=facts)
    look_again(paper, ben, text="MNIST")
    unanimous.settle(study, by=ada)
    assert section.key not in found(paper)
    look_again(paper, cleo, text="MNIST")
    assert section.key in found(paper)
