"""From answers to ratings: five different things stay five."""

import pytest
from django.utils import timezone

from reviews.agreement.frozen import freeze
from reviews.agreement.ratings import Sheet, everything
from reviews.agreement.statistics import Absence
from reviews.blindness.visible import visible_summaries
from reviews.codebook.template import add_section, restore_section, retire_section
from reviews.coding.drafts import reopen, submit
from reviews.coding.recoding_tasks import recode
from reviews.models import EarlyLook, RecodingTask, Summary
from tests.making import absent, make_answer, make_paper, make_round, make_summary, membership_of


def rated(study, key, round=None):
    return Sheet(study, everything(study)).rated(study.sections.get(key=key), round)


@pytest.mark.parametrize(
    ("key", "said", "rating"),
    [
        ("challenges", ["Talent", "Cost"], frozenset({"Talent", "Cost"})),
        ("challenges", [], frozenset()),
        ("challenges", absent("unclear"), frozenset({Absence("unclear")})),
        ("method", "Survey", "Survey"),
        ("method", absent("not_reported"), Absence("not_reported")),
        ("replicable", False, False),
        ("replicable", absent("not_applicable"), Absence("not_applicable")),
        ("cases", 7, 7.0),
        ("cases", absent("unclear"), None),
        ("maturity-stage", "Manual", "Manual"),
        ("maturity-stage", absent("unclear"), None),
    ],
)
def test_every_kind_of_answer_is_rated_as_it_was_meant(study, ben, key, said, rating):
    make_summary(make_paper(study), ben, answers={key: said})
    found = rated(study, key)

    assert found.ratings == [[rating]]
    assert found.left_out == ({said.why: 1} if rating is None else {})


def test_a_blank_is_missing_everywhere(study, ben, cleo):
    paper = make_paper(study)
    make_summary(paper, ben, answers={"method": "Survey"})
    make_summary(paper, cleo)

    assert rated(study, "method").ratings == [["Survey"]]
    assert rated(study, "challenges").ratings == []


def test_categories_stand_in_the_order_of_the_codebook(study, ben):
    make_summary(make_paper(study), ben, answers={"maturity-stage": "Monitored"})
    names = ("Manual", "Automated training", "Automated deployment", "Monitored")

    assert rated(study, "maturity-stage").categories == names


def test_of_all_rounds_together_the_earliest_reading_of_a_paper_counts(study, ben):
    paper, first, second = make_paper(study), make_round(study), make_round(study)
    make_summary(paper, ben, round=first, answers={"method": "Survey"})
    make_summary(paper, ben, round=second, answers={"method": "Experiment"})

    assert rated(study, "method", first.pk).ratings == [["Survey"]]
    assert rated(study, "method", second.pk).ratings == [["Experiment"]]
    assert rated(study, "method").ratings == [["Survey"]]


def test_drafts_and_later_revisions_are_no_ratings(study, ada, ben, cleo):
    paper = make_paper(study)
    make_summary(paper, ben, submitted=False, answers={"method": "Survey"})
    later = make_summary(paper, cleo, answers={"method": "Experiment"})
    later.revision, later.reopened_by = 2, ada
    later.save()

    assert rated(study, "method").ratings == []


def later(summary, by, **answers):
    """A further revision, submitted at once."""
    revision = Summary.objects.create(
        assignment=summary.assignment,
        revision=summary.assignment.summaries.count() + 1,
        reopened_by=by,
        submitted_at=timezone.now(),
    )
    for key, value in answers.items():
        make_answer(revision, key, value)
    return revision


def test_of_a_section_that_came_later_the_first_answer_counts_whatever_its_revision(
    study, ada, ben, cleo
):
    paper = make_paper(study)
    for reader in (ben, cleo):
        make_summary(paper, reader, answers={"method": "Survey"})
    add_section(
        study,
        by=ada,
        facts={"phase": study.phases.get(), "key": "open", "label": "Open", "kind": "yes_no"},
    )
    for first, said in zip(Summary.objects.order_by("pk"), (True, False), strict=True):
        later(first, ada, method="Experiment", open=said)
    later(Summary.objects.get(assignment__reviewer=ben, revision=1), ada, open=False)

    assert rated(study, "open").ratings == [[True], [False]]
    assert rated(study, "method").ratings == [["Survey"], ["Survey"]], (
        "of the others revision 1 counts"
    )
    kept = freeze(study.rounds.get())
    assert sorted((one["revision"], one.get("section", "")) for one in kept["answers"]) == [
        (1, ""),
        (1, ""),
        (2, "open"),
        (2, "open"),
    ]


def test_a_section_left_blank_at_first_stays_blank_when_it_is_answered_after_reopening(
    study, ada, ben
):
    first = make_summary(make_paper(study), ben, answers={"method": "Survey"})
    later(first, ada, method="Survey", replicable=True)

    assert rated(study, "replicable").ratings == []


def test_a_code_that_is_asked_for_again_does_not_make_the_section_late(study, ada, ben):
    first = make_summary(make_paper(study), ben, answers={"method": "Survey"})
    challenges = study.sections.get(key="challenges")
    RecodingTask.objects.create(
        assignment=first.assignment, section=challenges, code=challenges.codes.first()
    )
    later(first, ada, challenges=["Cost"])

    assert rated(study, "challenges").ratings == []


def test_who_looked_at_others_answers_before_the_later_section_is_not_independent_there(
    study, ada, ben
):
    first = make_summary(make_paper(study), ben, answers={"method": "Survey"})
    add_section(
        study,
        by=ada,
        facts={"phase": study.phases.get(), "key": "open", "label": "Open", "kind": "yes_no"},
    )
    EarlyLook.objects.create(
        paper=first.assignment.paper, phase=study.phases.get(), user=ben, reason="To train"
    )
    later(first, ada, open=True)
    sheet = Sheet(study, everything(study))

    assert sheet.rated(study.sections.get(key="open")).ratings == []
    assert sheet.rated(study.sections.get(key="method")).ratings == [["Survey"]]
    assert [one.revision for one in sheet.not_independent] == [2]


def asked_for(study, ada, key="open"):
    return add_section(
        study,
        by=ada,
        facts={"phase": study.phases.get(), "key": key, "label": key, "kind": "yes_no"},
    )


def answer_task(reviewer, section, said):
    task = RecodingTask.objects.open().get(assignment__reviewer=reviewer, section=section)
    latest = task.assignment.summaries.order_by("-revision").first()
    return recode(task, {"yes_no": said}, by=reviewer, based_on=latest.revision)


def test_who_left_the_later_section_blank_and_read_the_others_does_not_answer_it_independently(
    study, ada, ben, cleo
):
    paper = make_paper(study)
    for who in (ada, cleo):
        make_summary(paper, who, answers={"challenges": ["Cost"]})
    section = asked_for(study, ada)
    answer_task(cleo, section, True)
    answer_task(ada, section, None)  # it is not required; she is blind no longer
    assert (
        visible_summaries(membership_of(ada, study))
        .filter(assignment__reviewer=cleo, answers__section=section)
        .exists()
    )

    draft = reopen(paper.assignments.get(reviewer=ada), by=ada, reason="I forgot one")
    draft.answers.filter(section=section).delete()
    make_answer(draft, section.key, True)
    submit(draft, by=ada)

    assert rated(study, "open").ratings == [[True]]


def test_who_submitted_while_a_section_was_away_and_could_read_it_does_not_answer_it_independently(
    study, ada, ben, cleo
):
    paper = make_paper(study)
    section = study.sections.get(key="replicable")
    make_summary(paper, cleo, answers={"replicable": True, "method": "Survey"})
    retire_section(section, by=ada)
    make_summary(paper, ada, answers={"method": "Survey"})
    assert (
        visible_summaries(membership_of(ada, study))
        .filter(assignment__reviewer=cleo, answers__section=section)
        .exists()
    )
    restore_section(section, by=ada)
    answer_task(ada, section, True)
    sheet = Sheet(study, everything(study))

    assert sheet.rated(section).ratings == [[True]]
    assert sheet.rated(section).not_independent == 1
    assert sheet.rated(study.sections.get(key="method")).ratings == [["Survey"], ["Survey"]]
