"""What became of one's codings, why reviewers differed, and how many papers passed each phase."""

import pytest
from django.urls import reverse
from django.utils import timezone

from mapping.models import PaperSource
from reviews.codebook import phases
from reviews.results import flow_chart
from reviews.results.flow import prisma_flow
from reviews.settling import unanimous
from reviews.settling.causes import causes_in
from reviews.settling.feedback import feedback_for
from reviews.settling.resolutions import resolve, said_of
from tests.making import make_assignment, make_paper, make_round, make_summary, membership_of


@pytest.fixture
def paper(study, ben, cleo, ada):
    """Ben and Cleo differ in Talent and Cost; Ada settled on Cost, for the definition was
    ambiguous.
    """
    make_round(study, "Main")
    paper = make_paper(study)
    make_summary(paper, ben, answers={"challenges": ["Model drift", "Talent"], "method": "Survey"})
    make_summary(paper, cleo, answers={"challenges": ["Model drift", "Cost"], "method": "Survey"})
    unanimous.settle(study)
    section = study.sections.get(key="challenges")
    option = next(
        one for one in said_of(paper, section).comparison.options if one.reviewers == ("Cleo",)
    )
    resolve(
        paper,
        section,
        settled=option.judgement,
        basis="adopted",
        adopted_from=cleo,
        by=ada,
        cause="ambiguous_definition",
        rationale="Is a missing expert a cost?",
    )
    return paper


def release(study):
    study.released_at = timezone.now()
    study.save()


def test_before_the_release_there_is_no_feedback(paper, as_user, ben):
    assert feedback_for(membership_of(ben, paper.study)) == []
    assert (
        "Not released yet"
        in as_user(ben).get(reverse("feedback", args=[paper.study.slug])).content.decode()
    )


def test_after_the_release_one_sees_ones_codings_against_what_was_settled(paper, as_user, ben):
    release(paper.study)
    by_section = {one.section.key: one for one in feedback_for(membership_of(ben, paper.study))}
    assert set(by_section) == {"challenges", "method"}
    assert (by_section["method"].same, by_section["method"].papers) == (1, 1)
    challenges = by_section["challenges"]
    assert (challenges.same, challenges.papers) == (0, 1)
    assert {tuple(code) for code in challenges.codes} == {
        ("Model drift", 1, 0, 0),
        ("Talent", 0, 1, 0),
        ("Cost", 0, 0, 1),
    }
    assert (
        paper.title
        in as_user(ben).get(reverse("feedback", args=[paper.study.slug])).content.decode()
    )


def test_feedback_says_nothing_on_a_paper_that_one_codes_again_in_another_round(paper, ben):
    release(paper.study)
    make_assignment(paper, ben, round=make_round(paper.study, "Again"))
    assert feedback_for(membership_of(ben, paper.study)) == []


def test_codes_are_ranked_by_ambiguous_definition_with_examples(paper, as_user, ada, ben):
    by_cause, ranked = causes_in(membership_of(ada, paper.study))
    assert dict(by_cause) == {"ambiguous_definition": 1}
    assert {(one.label, one.ambiguous, one.decided) for one in ranked} == {
        ("Talent", 1, 1),
        ("Cost", 1, 1),
    }
    assert ranked[0].examples == [(paper, "Is a missing expert a cost?")]
    page = reverse("causes", args=[paper.study.slug])
    assert "Is a missing expert a cost?" in as_user(ada).get(page).content.decode()
    assert as_user(ben).get(page).status_code == 403


def test_causes_leave_out_papers_on_which_the_lead_is_blind(paper, ada):
    make_assignment(paper, ada)
    by_cause, ranked = causes_in(membership_of(ada, paper.study))
    assert (by_cause.total(), ranked) == (0, [])


def test_the_flow_counts_papers_by_reason_and_source_from_phase_to_phase(study, ada, ben):
    phases.add_preset(study, "screening", by=ada)
    round = make_round(study, "Screening", phase=study.phases.get(key="screening"))
    decisions = ["Include", "Exclude: language", "Exclude: language", "Exclude: secondary study"]
    for place, decision in enumerate(decisions):
        paper = make_paper(study)
        PaperSource.objects.create(paper=paper, source=["Scopus", "ACM"][place % 2])
        make_summary(paper, ben, round=round, answers={"decision": decision})
    unanimous.settle(study)
    found, duplicates, steps = prisma_flow(study)
    assert (found, duplicates) == ({"Scopus": 2, "ACM": 2}, 0)
    screening, coding = steps
    assert (screening.papers, screening.excluded, screening.remaining) == (4, 3, 1)
    assert screening.reasons == {"Exclude: language": 2, "Exclude: secondary study": 1}
    assert screening.sources == {"Scopus": (2, 1), "ACM": (2, 2)}
    assert (coding.papers, coding.excluded, coding.remaining) == (1, 0, 1)


def test_the_flow_tells_how_many_papers_are_not_decided_yet(study, ada, ben, cleo):
    phases.add_preset(study, "screening", by=ada)
    round = make_round(study, "Screening", phase=study.phases.get(key="screening"))
    for other in ("Include", "Exclude: language"):
        paper = make_paper(study)
        make_summary(paper, ben, round=round, answers={"decision": "Include"})
        make_summary(paper, cleo, round=round, answers={"decision": other})
    make_paper(study)
    unanimous.settle(study)
    found, duplicates, steps = prisma_flow(study)
    assert [(step.papers, step.undecided) for step in steps] == [(3, 2), (3, 0)]
    told = [
        (stage.heading, stage.details) for stage in flow_chart.stages(found, duplicates, steps, 3)
    ]
    assert told[1:] == [
        ("Screening: 3", ["not decided yet: 2"]),
        ("Coding: 3", []),
        ("Included so far: 3", []),
    ]
