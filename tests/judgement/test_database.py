"""A judgement is written into an answer or a finding and read from it as it was."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.utils import timezone

from mapping.judgement.values import BLANK, Evidence, Judgement
from mapping.judgement.values import Mark as MarkValue
from mapping.models import Code, Finding, FindingMark
from reviews.judgement.database import (
    columns_of,
    fill,
    judgement_of,
    judgements_in,
    marks_for,
)
from reviews.models import Answer, Mark
from tests.making import make_paper, make_round, make_summary

pytestmark = pytest.mark.django_db

PROOF, OTHER = Evidence("it drifts", "4", "said twice"), Evidence("again")


@pytest.fixture
def paper(study):
    make_round(study)
    return make_paper(study)


def write(summary, key, judgement):
    section = summary.assignment.round.study.sections.get(key=key)
    answer = Answer(summary=summary, section=section)
    fill(answer, judgement)
    answer.save()
    Mark.objects.bulk_create(marks_for(answer, judgement))
    return Answer.objects.get(pk=answer.pk)


def test_an_answer_says_what_was_written_into_it(study, paper, ben):
    drift, cost = (Code.objects.get(label=label).pk for label in ("Model drift", "Cost"))
    said = {
        "challenges": Judgement(
            marks=(MarkValue(cost, PROOF), MarkValue(drift), MarkValue(cost, OTHER)),
            confidence=4,
            evidence=OTHER,
        ),
        "cases": Judgement(number=Decimal("2.5"), evidence=PROOF),
        "replicable": Judgement(yes_no=False),
        "conclusion": Judgement(text="It is hard."),
        "method": Judgement(absence="unclear", confidence=1),
        "maturity-stage": Judgement(none_apply=True),
    }
    summary = make_summary(paper, ben)
    for key, judgement in said.items():
        assert judgement_of(write(summary, key, judgement)) == judgement


def test_no_answer_is_blank_and_so_is_one_that_is_not_saved_yet(study):
    assert judgement_of(None) == BLANK
    assert judgement_of(Answer(section=study.sections.get(key="challenges"))) == BLANK


def test_a_finding_has_each_code_once_with_the_first_evidence_for_it(study, paper):
    drift, cost = (Code.objects.get(label=label).pk for label in ("Model drift", "Cost"))
    marks = (MarkValue(drift, PROOF), MarkValue(cost), MarkValue(drift, OTHER))
    judgement = Judgement(marks=marks, confidence=4, evidence=PROOF)
    section = study.sections.get(key="challenges")
    finding = Finding.objects.create(
        paper=paper, section=section, settled_at=timezone.now(), **columns_of(judgement)
    )
    FindingMark.objects.bulk_create(marks_for(finding, judgement))

    assert judgement_of(finding) == Judgement(marks=marks[:2])


def test_many_answers_are_read_in_two_queries(study, paper, ben, cleo, django_assert_num_queries):
    drift = Code.objects.get(label="Model drift").pk
    said = Judgement(marks=(MarkValue(drift, PROOF), MarkValue(drift)), evidence=OTHER)
    his, hers = make_summary(paper, ben), make_summary(paper, cleo)
    sections = [write(one, "challenges", said).section_id for one in (his, hers)]
    write(his, "cases", replace(said, marks=(), number=Decimal("3.000000")))

    with django_assert_num_queries(2):
        found = judgements_in(Answer.objects.order_by(), Mark.objects.all())

    assert found[hers.pk] == {sections[1]: said}
    assert found[his.pk][sections[0]] == said
    assert len(found[his.pk]) == 2
