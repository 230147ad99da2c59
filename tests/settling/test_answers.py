"""From the database to plain comparisons: whose answers, of which papers and sections, by which
name. Called directly, as every page and act does.
"""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mapping.models import Code, Finding, Membership
from reviews.codebook import code_changes
from reviews.coding import drafts
from reviews.models import Summary
from reviews.settling import discussion
from reviews.settling.answers import Codebook, called, compared, newest_of_each, voices
from reviews.settling.code_notices import marked_labels, notices
from reviews.settling.decisions import codes_of_today
from reviews.settling.resolutions import said_of
from tests.making import (
    absent,
    make_code,
    make_paper,
    make_phase,
    make_round,
    make_section,
    make_study,
    make_summary,
    make_user,
)


@pytest.fixture
def main(study):
    return make_round(study, "Main")


@pytest.fixture
def paper(study, main, ben, cleo):
    paper = make_paper(study)
    make_summary(paper, ben, answers={"challenges": ["Talent"], "cases": 1})
    make_summary(paper, cleo, answers={"challenges": ["Cost"]})
    return paper


def everything(study):
    return Summary.objects.filter(assignment__round__study=study)


def told(study, **facts):
    """`{(paper, section key): {reviewer: codes or value}}`"""
    keys = dict(study.sections.values_list("pk", "key"))
    found = {}
    for one in compared(study, facts.pop("summaries", everything(study)), **facts):
        found[one.paper, keys[one.section]] = {
            voice.reviewer: answer.judgement.codes or answer.judgement.value
            for voice, answer in zip(one.voices, one.comparison.answers, strict=True)
            if not answer.judgement.is_blank
        }
    return found


def code(study, label, section="challenges"):
    return Code.objects.get(section__study=study, section__key=section, label=label)


def person(first, username, **facts):
    return make_user(username, name=f"{first} Somebody", **facts)


# Whose answers


def test_a_section_that_nobody_answered_is_not_there_and_a_blank_beside_an_answer_is(
    study, paper, ben, cleo
):
    talent, cost = code(study, "Talent").pk, code(study, "Cost").pk
    assert told(study) == {
        (paper.pk, "challenges"): {ben.pk: [talent], cleo.pk: [cost]},
        (paper.pk, "cases"): {ben.pk: 1},
    }
    (cases,) = [
        one for one in compared(study, everything(study)) if one.comparison.kind == "number"
    ]
    assert cases.comparison.blank_by == ("Cleo",)
    assert cases.comparison.state == "single"


def test_drafts_say_nothing(study, paper, ada):
    make_summary(paper, ada, submitted=False, answers={"cases": 9})
    assert ada.pk not in told(study)[paper.pk, "cases"]


def test_of_two_readings_of_a_paper_in_one_phase_the_later_counts_whole(study, paper, ben):
    second = make_round(study, "Second")
    later = make_summary(paper, ben, round=second, answers={"challenges": ["Cost"]})
    found = told(study)
    assert found[paper.pk, "challenges"][ben.pk] == [code(study, "Cost").pk]
    # What was said the first time and not the second is not said.
    assert (paper.pk, "cases") not in found
    Summary.objects.filter(pk=later.pk).update(submitted_at="2020-01-01T00:00Z")
    assert told(study)[paper.pk, "cases"] == {ben.pk: 1}


def test_a_revision_counts_once_it_is_submitted(study, paper, ada, ben):
    first = Summary.objects.get(assignment__paper=paper, assignment__reviewer=ben)
    revision = drafts.reopen(first.assignment, by=ada, reason="Look again")
    section = study.sections.get(key="cases")
    version = revision.answers.get(section=section).version
    drafts.save_answer(revision, section, {"number": 2}, based_on=version, by=ben)
    assert told(study)[paper.pk, "cases"] == {ben.pk: 1}
    drafts.submit(revision, by=ben)
    assert told(study)[paper.pk, "cases"] == {ben.pk: 2}
    newest = newest_of_each(everything(study))
    assert {(row[0], row[2]) for row in newest} >= {(revision.pk, ben.pk)}
    assert len(newest) == 2


def test_two_phases_of_a_paper_are_compared_apart(study, paper, ben):
    phase = make_phase(study, "screening")
    section = make_section(phase, "fits", "yes_no")
    make_summary(paper, ben, round=make_round(study, phase=phase), answers={"fits": False})
    found = compared(study, everything(study))
    by_section = {one.section: one for one in found}
    assert [voice.reviewer for voice in by_section[section.pk].voices] == [ben.pk]
    assert len(by_section[study.sections.get(key="cases").pk].voices) == 2


def test_only_the_summaries_sections_and_papers_that_were_asked_for(study, paper, ben, cleo):
    other = make_paper(study)
    make_summary(other, ben, answers={"challenges": ["Cost"], "cases": 2})
    mine = everything(study).filter(assignment__reviewer=ben)
    assert all(set(said) == {ben.pk} for said in told(study, summaries=mine).values())
    assert set(told(study, papers=[other.pk])) == {
        (other.pk, "challenges"),
        (other.pk, "cases"),
    }
    assert told(study, papers=[]) == {}
    cases = study.sections.get(key="cases")
    assert {key for _, key in told(study, sections=[cases])} == {"cases"}
    study.sections.filter(key="cases").update(retired_at=timezone.now())
    assert {key for _, key in told(study)} == {"challenges"}


def test_what_has_a_finding_is_left_out_where_only_open_sections_are_asked_for(study, paper, ben):
    other = make_paper(study)
    make_summary(other, ben, answers={"cases": 2})
    Finding.objects.create(
        paper=paper, section=study.sections.get(key="cases"), number=1, settled_at=timezone.now()
    )
    assert set(told(study, is_open_only=True)) == {
        (paper.pk, "challenges"),
        (other.pk, "cases"),
    }


def test_the_number_of_queries_does_not_grow(study, paper, ben, cleo):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            compared(study, everything(study))
        return len(queries)

    before = asked()
    for _ in range(3):
        other = make_paper(study)
        for reviewer in (ben, cleo):
            make_summary(other, reviewer, answers={"challenges": ["Cost"], "cases": 2})
    assert asked() == before


# Names and letters


def test_nobody_is_called_as_somebody_else_is(db):
    people = [
        person("Kim", "kim1"),
        person("Kim", "kim2"),
        person("Lou", "kim"),  # whose user name is the first name of others
        person("Max", "lou2"),
        person("Kai", "max"),  # whose user name is a first name
        person("Ida", "ida"),
    ]
    names = called(people)
    assert [names[one.pk] for one in people] == ["kim1", "kim2", "Lou", "lou2", "Kai", "Ida"]
    assert len({name.casefold() for name in names.values()}) == len(people)
    # Among fewer, more go by their first name.
    assert called([people[0], people[5]])[people[0].pk] == "Kim"


def test_letters_go_by_name_and_where_names_are_hidden_by_an_order_of_the_papers_own(study, main):
    readers = [person(name, name.lower()) for name in ("Dora", "Emil", "Finn", "Gil", "Hans")]
    papers = [make_paper(study) for _ in range(12)]
    chosen = [(None, paper.pk, reader.pk, None) for paper in papers for reader in readers]
    order = voices(study, chosen)
    for paper in papers:
        assert [order[paper.pk][one.pk] for one in readers] == [
            (letter, one.get_short_name()) for letter, one in zip("ABCDE", readers, strict=True)
        ]
    study.is_anonymous = True
    hidden = voices(study, chosen)
    assert hidden == voices(study, chosen[::-1])
    letters = {tuple(hidden[paper.pk][one.pk][0] for one in readers) for paper in papers}
    assert len(letters) > 1
    for paper in papers:
        assert sorted(hidden[paper.pk].values()) == [(letter, "") for letter in "ABCDE"]


def test_whose_letter_it_is_follows_from_nothing_that_a_member_knows(study, main, settings):
    readers = [person(name, name.lower()) for name in ("Dora", "Emil", "Finn", "Gil", "Hans")]
    study.is_anonymous = True
    chosen = [(None, paper, reader.pk, None) for paper in range(1, 9) for reader in readers]
    before = voices(study, chosen)
    settings.SECRET_KEY = "that of another server"
    assert voices(study, chosen) != before


# Codes


def test_codes_stand_in_codebook_order_and_of_a_scale_all_its_stages(study, paper, ben, cleo):
    codebook = Codebook(study)
    (challenges,) = [
        one for one in compared(study, everything(study)) if one.comparison.kind == "codes"
    ]
    section = study.sections.get(key="challenges")
    labels = [
        codebook.labels[pk] for pk in codebook.categories(section, challenges.comparison.answers)
    ]
    assert labels == ["Talent", "Cost"]
    stage = study.sections.get(key="maturity-stage")
    assert len(codebook.categories(stage, [])) == 4
    Code.objects.filter(section=stage, label="Automated training").update(status="retired")
    retired = Codebook(study)
    assert len(retired.categories(stage, [])) == 3
    two = make_paper(study)
    with_retired = code(study, "Automated training", "maturity-stage")
    for reviewer, label in ((ben, "Manual"), (cleo, "Automated deployment")):
        make_summary(two, reviewer, answers={"maturity-stage": label})
    neighbours = said_of(two, stage).comparison
    assert neighbours.near_miss  # the stage between them is in use no longer
    Code.objects.filter(pk=with_retired.pk).update(status="active")
    assert not said_of(two, stage).comparison.near_miss


def test_a_code_that_was_proposed_counts_and_declined_it_is_still_told(study, paper, ada, cleo):
    challenges = study.sections.get(key="challenges")
    proposed = make_code(challenges, "Hype", status="proposed", proposed_by=cleo)
    other = make_paper(study)
    make_summary(other, cleo, answers={"challenges": ["Hype"]})
    assert told(study, papers=[other.pk])[other.pk, "challenges"] == {cleo.pk: [proposed.pk]}
    code_changes.decline(proposed, by=ada, reason="Too vague")
    comparison = said_of(other, challenges).comparison
    assert comparison.codes == {proposed.pk}
    assert comparison.why == "Only Cleo answered."
    assert marked_labels([Code.objects.get(pk=proposed.pk)])[proposed.pk].startswith("Hype (")


def test_merges_are_followed_to_their_end_in_one_study_alone(study, main):
    cost, talent, drift = (code(study, label) for label in ("Cost", "Talent", "Model drift"))
    Code.objects.filter(pk=cost.pk).update(status="merged", merged_into=talent)
    Code.objects.filter(pk=talent.pk).update(status="merged", merged_into=drift)
    for code_now in (cost, talent, drift):
        assert codes_of_today(study)[code_now.number] == drift.pk
    other = make_study()
    own = {one.number: one.pk for one in Code.objects.filter(section__study=other)}
    assert codes_of_today(other) == own


def test_two_who_differ_in_codes_that_are_merged_agree_from_then_on(study, paper, ada):
    challenges = study.sections.get(key="challenges")
    assert said_of(paper, challenges).comparison.state == "differs"
    code_changes.merge(
        code(study, "Talent"), into=code(study, "Cost"), by=ada, reason="They mean the same"
    )
    assert said_of(paper, challenges).comparison.settles_itself


# What became of codes


def sheet_of(section, *chosen):
    """A section of a draft, as far as notices ask for it."""

    class Content:
        codes = [one.pk for one in chosen]

    class Draft:
        pk = section.pk
        content = Content
        options = list(section.codes.all())

    return Draft


def test_a_draft_is_told_what_became_of_its_codes_and_nothing_else_is_asked(
    study, main, ada, django_assert_num_queries
):
    challenges, method = (study.sections.get(key=key) for key in ("challenges", "method"))
    cost = code(study, "Cost")
    calm = sheet_of(challenges, code(study, "Talent"))
    with django_assert_num_queries(0):
        assert notices([calm]) == {}
    code_changes.split(
        cost, into=[{"label": "Hardware"}, {"label": "People"}], by=ada, reason="two things"
    )
    hype = make_code(challenges, "Hype", status="proposed", proposed_by=ada)
    code_changes.decline(hype, by=ada, reason="Too vague")
    both = sheet_of(challenges, cost, hype, code(study, "Talent"))
    assert notices([both, calm, sheet_of(method)])[challenges.pk] == (
        "“Cost” was split into “Hardware”, “People”: choose again. Why: two things",
        "“Hype” was declined: choose again. Why: Too vague",
    )


def test_a_code_that_is_no_longer_in_use_says_so_and_where_it_went(study, main, ada):
    cost, talent, drift, quality = (
        code(study, label) for label in ("Cost", "Talent", "Model drift", "Data quality")
    )
    code_changes.split(cost, into=[{"label": "Hardware"}, {"label": "People"}], by=ada, reason="x")
    Code.objects.filter(pk=talent.pk).update(status="merged", merged_into=drift)
    Code.objects.filter(pk=quality.pk).update(status="retired")
    labels = marked_labels(Code.objects.filter(section__study=study))
    assert [labels[one.pk] for one in (cost, talent, drift, quality)] == [
        "Cost (split into “Hardware”, “People”)",
        "Talent (merged into “Model drift”)",
        "Model drift",
        "Data quality (retired)",
    ]


# Letters in discussions


def test_a_letter_stands_for_one_reader_of_that_paper_and_phase(study, paper, ben, cleo):
    study.is_anonymous = True
    study.save()
    letters = discussion.lettered(paper, study.phases.get().pk)
    assert set(letters.values()) == {ben, cleo}
    assert set(letters) == {"A", "B"}
    assert discussion.lettered(make_paper(study), study.phases.get().pk) == {}


def test_absences_and_none_of_the_codes_come_out_of_the_database_as_they_are(study, main, ben):
    paper = make_paper(study)
    given = {"challenges": [], "method": absent("unclear"), "replicable": absent("not_reported")}
    make_summary(paper, ben, answers=given)
    answers = {
        one.comparison.kind: one.comparison.answers[0].judgement.absence_word
        for one in compared(study, everything(study))
    }
    assert answers == {"codes": "none_apply", "code": "unclear", "yes_no": "not_reported"}


def test_members_who_left_are_still_called_by_their_names(study, paper, ben):
    Membership.objects.filter(user=ben).update(deactivated_at=timezone.now())
    names = {voice.name for one in compared(study, everything(study)) for voice in one.voices}
    assert names == {"Ben", "Cleo"}
