"""A paper that is settled as excluded leaves the phases that follow, and comes back when the
decision is taken back.
"""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from mapping.judgement.values import Judgement, Mark
from mapping.models import Finding, LogEntry, Paper
from reviews.codebook import phases
from reviews.coding import drafts
from reviews.models import Assignment, Resolution, Summary
from reviews.rounds import lifecycle
from reviews.settling import disagreements, unanimous
from reviews.settling.resolutions import defer, resolve, undo
from tests.exchange.test_bundle import bundle_of, come_back, empty_the_site, files_in
from tests.making import make_assignment, make_paper, make_round, make_summary, membership_of

INCLUDE, LANGUAGE, SECONDARY = "Include", "Exclude: language", "Exclude: secondary study"


@pytest.fixture
def screening(study, ada):
    phases.add_preset(study, "screening", by=ada)
    return make_round(study, "Screening", phase=study.phases.get(key="screening"))


@pytest.fixture
def main(study, screening):
    return make_round(study, "Main")


@pytest.fixture
def paper(study, screening, main, ben, cleo):
    """Ben and Cleo differ on whether it is in; both have coded it already, and agree on the
    stage.
    """
    paper = make_paper(study)
    for reviewer, decision, challenge in ((ben, INCLUDE, "Cost"), (cleo, LANGUAGE, "Talent")):
        make_summary(paper, reviewer, round=screening, answers={"decision": decision})
        make_summary(
            paper,
            reviewer,
            round=main,
            answers={"challenges": [challenge], "maturity-stage": "Manual"},
        )
    unanimous.settle(study)
    return paper


def decide(paper, label, by, *, section="decision", seen=None):
    section = paper.study.sections.get(key=section)
    return resolve(
        paper,
        section,
        settled=Judgement(marks=(Mark(section.codes.get(label=label).pk),)),
        basis="other",
        by=by,
        seen=seen,
        cause="oversight",
        rationale="It is in Finnish.",
    )


def found(paper):
    return {finding.section.key for finding in Finding.objects.filter(paper=paper)}


def open_sections(study, user):
    sections = dict(study.sections.values_list("pk", "key"))
    return [
        sections[one.section] for one in disagreements.board_for(membership_of(user, study)).open
    ]


def test_what_an_excluded_paper_left_open_or_settled_later_asks_for_nothing_and_counts_nowhere(
    paper, study, ada
):
    assert open_sections(study, ada) == ["decision", "challenges"]
    decide(paper, LANGUAGE, ada)
    assert open_sections(study, ada) == []
    assert found(paper) == {"decision"}
    assert unanimous.settle(study)["settled"] == 0
    # The decision itself is kept, and so is what was submitted.
    assert (
        Resolution.objects.in_force().filter(paper=paper, section__key="maturity-stage").count()
        == 1
    )
    assert Summary.objects.submitted().filter(assignment__paper=paper).count() == 4


def test_taking_the_exclusion_back_brings_findings_and_differences_back(paper, study, ada):
    before = Finding.objects.get(paper=paper, section__key="maturity-stage")
    decision = decide(paper, LANGUAGE, ada)
    undo(decision, by=ada)
    assert open_sections(study, ada) == ["decision", "challenges"]
    after = Finding.objects.get(paper=paper, section__key="maturity-stage")
    assert [str(mark.code) for mark in after.marks.all()] == ["Manual"]
    assert after.settled_at == before.settled_at
    assert after.resolutions.get().basis == "unanimous"


def test_deciding_anew_to_include_brings_the_paper_back_too(paper, study, ada):
    first = decide(paper, LANGUAGE, ada)
    other = decide(paper, SECONDARY, ada, seen=first.pk)
    assert found(paper) == {"decision"}
    decide(paper, INCLUDE, ada, seen=other.pk)
    assert found(paper) == {"decision", "maturity-stage"}


def test_nothing_is_decided_where_an_excluded_paper_never_came(paper, study, ada, as_user):
    decide(paper, LANGUAGE, ada)
    challenges = study.sections.get(key="challenges")
    stage = Resolution.objects.get(paper=paper, section__key="maturity-stage")
    for act in (
        lambda: decide(paper, "Cost", ada, section="challenges"),
        lambda: defer(paper, challenges, note="", by=ada),
        lambda: undo(stage, by=ada),
    ):
        with pytest.raises(ValidationError, match="excluded this paper"):
            act()
    body = as_user(ada).get(reverse("comparison", args=[study.slug, paper.key])).content.decode()
    assert "An earlier phase excluded this paper" in body
    assert 'id="settle-decision"' in body
    assert 'id="settle-challenges"' not in body
    assert "<b>0</b> of 3 open" in body


def test_reviewers_do_not_learn_of_the_exclusion_before_the_release(
    paper, study, ada, ben, as_user
):
    decide(paper, LANGUAGE, ada)
    body = as_user(ben).get(reverse("comparison", args=[study.slug, paper.key])).content.decode()
    assert "Cost" in body
    assert "excluded" not in body


def test_work_on_an_excluded_paper_is_taken_back_with_its_draft_and_given_back(
    study, screening, main, ada, ben, cleo
):
    paper, other = make_paper(study), make_paper(study)
    for reviewer, decision in ((ben, INCLUDE), (cleo, LANGUAGE)):
        make_summary(paper, reviewer, round=screening, answers={"decision": decision})
    draft = make_summary(paper, ben, round=main, submitted=False, answers={"challenges": ["Cost"]})
    make_assignment(paper, cleo, round=main)
    make_assignment(other, ben, round=main)

    decision = decide(paper, LANGUAGE, ada)
    waiting = Assignment.objects.awaiting().values_list("paper", "reviewer")
    assert set(waiting) == {(other.pk, ben.pk)}
    draft.refresh_from_db()
    with pytest.raises(ValidationError):
        drafts.submit(draft, by=ben)
    line = LogEntry.objects.get(act="leave-phases")
    assert (line.paper, line.facts["assignments"], line.facts["findings"]) == (paper, 2, 0)

    undo(decision, by=ada)
    assert set(waiting.all()) == {(other.pk, ben.pk), (paper.pk, ben.pk), (paper.pk, cleo.pk)}
    assert Summary.objects.get(pk=draft.pk).answers.get().marks.count() == 1


def test_work_that_a_lead_took_back_does_not_come_back_with_the_paper(
    study, screening, main, ada, ben, cleo
):
    paper = make_paper(study)
    for reviewer, decision in ((ben, INCLUDE), (cleo, LANGUAGE)):
        make_summary(paper, reviewer, round=screening, answers={"decision": decision})
    given = make_assignment(paper, ben, round=main)
    Assignment.objects.filter(pk=given.pk).update(withdrawn_at=given.assigned_at)
    undo(decide(paper, LANGUAGE, ada), by=ada)
    assert not Assignment.objects.awaiting().exists()


def test_a_round_that_is_opened_again_gives_no_excluded_paper_back(
    study, screening, main, ada, ben, cleo
):
    paper, other = make_paper(study), make_paper(study)
    for reviewer, decision in ((ben, INCLUDE), (cleo, LANGUAGE)):
        make_summary(paper, reviewer, round=screening, answers={"decision": decision})
        make_assignment(paper, reviewer, round=main)
    make_assignment(other, ben, round=main)
    lifecycle.close_round(main, by=ada)
    decide(paper, LANGUAGE, ada)
    main.refresh_from_db()
    assert lifecycle.reopen_round(main, by=ada, reason="One was forgotten.") == 1
    assert Assignment.objects.awaiting().get().paper == other


def test_a_unanimous_exclusion_does_the_same_when_the_last_reader_submits(
    study, screening, main, ada, ben, cleo
):
    paper = make_paper(study)
    make_summary(paper, ben, round=screening, answers={"decision": LANGUAGE})
    last = make_summary(
        paper, cleo, round=screening, submitted=False, answers={"decision": LANGUAGE}
    )
    make_assignment(paper, ben, round=main)
    drafts.submit(last, by=cleo)
    assert found(paper) == {"decision"}
    assert not Assignment.objects.awaiting().exists()
    assert paper not in Paper.objects.available_in(main.phase)
    assert LogEntry.objects.filter(act="leave-phases").count() == 1
    undo(Resolution.objects.get(paper=paper), by=ada)
    assert set(Assignment.objects.awaiting().values_list("paper", "reviewer")) == {
        (paper.pk, ben.pk)
    }


def test_what_was_set_aside_goes_out_and_comes_back_as_the_same_files(paper, study, ada):
    decide(paper, LANGUAGE, ada)
    first = bundle_of(study)
    empty_the_site()
    again = files_in(bundle_of(come_back(first)))
    assert again == files_in(first)
    assert "maturity-stage" not in again["findings.csv"]
    assert "maturity-stage" in again["resolutions.csv"]
