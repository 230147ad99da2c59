"""Whose answers count, in which round, and under which code: what stands in `Rated`."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from mapping.judgement.kinds import KINDS
from mapping.models import Code
from mapping.people.membership import deactivate
from reviews.agreement.ratings import NONE_APPLY, PARENT, Sheet, code_names, everything, judged
from reviews.agreement.statistics import Absence
from reviews.codebook.code_changes import merge, retire
from reviews.models import Mark, Summary
from reviews.rounds.assignments import withdraw
from tests.making import (
    absent,
    make_answer,
    make_code,
    make_paper,
    make_phase,
    make_round,
    make_section,
    make_summary,
    make_user,
)

UNCLEAR = Absence("unclear")


def sheet(study, **options):
    return Sheet(study, everything(study), **options)


def rated(study, key, round=None, **options):
    return sheet(study, **options).rated(study.sections.get(key=key), round)


def label_sets(study, key="challenges", **options):
    """The sets of labels of the only rater, paper by paper."""
    (row,) = rated(study, key, **options).ratings
    return [sorted(map(str, labels)) for labels in row]


# One answer


@pytest.mark.parametrize(
    ("kind", "labels", "absence", "none_apply", "values", "answer"),
    [
        ("codes", ["a", "b", "a"], "", False, ("", None, None), (frozenset({"a", "b"}), "")),
        ("codes", [], "", True, ("", None, None), (frozenset(), "")),
        ("codes", [], "", False, ("", None, None), None),
        ("codes", [], "unclear", False, ("", None, None), ((), "unclear")),
        ("code", ["a", "b"], "", False, ("", None, None), ("a", "")),
        ("code", [], "", True, ("", None, None), (NONE_APPLY, "")),
        ("code", [], "", False, ("", None, None), None),
        ("code", [], "not_reported", False, ("", None, None), ("", "not_reported")),
        ("stage", ["low"], "", False, ("", None, None), ("low", "")),
        ("stage", [], "", True, ("", None, None), (NONE_APPLY, "")),
        ("yes_no", [], "", False, ("", None, False), (False, "")),
        ("yes_no", [], "", False, ("", None, None), None),
        ("yes_no", [], "unclear", False, ("", None, None), ("", "unclear")),
        ("number", [], "", False, ("", 0, None), (0.0, "")),
        ("number", [], "", False, ("", 3, True), (3.0, "")),
        ("number", [], "", False, ("", None, None), None),
    ],
)
def test_an_answer_is_a_value_an_absence_or_nothing(
    kind, labels, absence, none_apply, values, answer
):
    assert judged(KINDS[kind], labels, absence, none_apply, *values) == answer


def test_none_of_the_codes_is_a_category_of_one_code_and_leaves_a_scale(study, ben, cleo):
    paper = make_paper(study)
    make_summary(paper, ben, answers={"method": "Survey", "maturity-stage": "Manual"})
    nothing = make_summary(paper, cleo, answers={"method": None, "maturity-stage": None})
    assert nothing.answers.filter(none_apply=True).count() == 2

    method, stage = rated(study, "method"), rated(study, "maturity-stage")
    assert method.ratings == [["Survey"], [NONE_APPLY]]
    assert method.categories == ("Case study", "Experiment", "Survey", NONE_APPLY)
    assert (stage.ratings, stage.left_out) == (
        [["Manual"], [None]],
        {"none_of_the_codes": 1},
    )


# Who counts


def test_raters_stand_by_name_and_papers_by_their_number(study, ben, cleo):
    aaron = make_user("aaron")  # made last, first by name
    study.memberships.create(user=aaron, role="reviewer")
    first, second = make_paper(study), make_paper(study)
    make_summary(second, cleo, answers={"method": "Survey"})
    make_summary(second, aaron, answers={"method": "Experiment"})
    make_summary(first, ben, answers={"method": "Case study"})
    make_summary(first, aaron, answers={"method": absent("unclear")})
    found = rated(study, "method")

    assert found.raters == (aaron.pk, ben.pk, cleo.pk)
    assert found.papers == (first.pk, second.pk)
    assert found.ratings == [
        [UNCLEAR, "Experiment"],
        ["Case study", None],
        [None, "Survey"],
    ]


def test_who_left_is_still_counted_and_what_was_taken_back_is_not(study, ada, ben, cleo):
    done, begun = make_paper(study), make_paper(study)
    make_summary(done, ben, answers={"method": "Survey"})
    make_summary(done, cleo, answers={"method": "Survey"})
    make_summary(begun, ben, submitted=False, answers={"method": "Experiment"})
    withdraw(study.rounds.get().assignments.filter(reviewer=ben), by=ada, reason="Parental leave")
    deactivate(study.memberships.get(user=ben), by=ada)

    found = rated(study, "method")
    assert found.raters == (ben.pk, cleo.pk)
    assert found.ratings == [["Survey"], ["Survey"]]
    assert study.rounds.get().assignments.get(paper=begun).withdrawn_at


def test_codings_from_a_file_count_like_those_typed_here(study, ben, cleo):
    paper = make_paper(study)
    for reviewer, origin in ((ben, Summary.Origin.CODINGS), (cleo, Summary.Origin.TEMPLATE)):
        made = make_summary(paper, reviewer, answers={"method": "Survey"})
        Summary.objects.filter(pk=made.pk).update(origin=origin)

    assert rated(study, "method").ratings == [["Survey"], ["Survey"]]


def test_each_phase_has_its_own_readings_of_a_paper(study, ben, cleo):
    screening = make_phase(study, "screening", position=0)
    make_section(screening, "included", "yes_no")
    round, paper = make_round(study, phase=screening), make_paper(study)
    make_summary(paper, ben, round=round, answers={"included": True})
    make_summary(paper, cleo, answers={"method": "Survey"}, round=make_round(study))

    assert rated(study, "included").raters == (ben.pk,)
    assert rated(study, "method").raters == (cleo.pk,)
    assert rated(study, "method", round.pk).ratings == []
    found = sheet(study)
    assert [one.reviewer for one in found.readings(phase=screening.pk)] == [ben.pk]
    assert [one.reviewer for one in found.readings(round.pk)] == [ben.pk]
    assert len(found.readings()) == 2


def test_of_two_rounds_each_reader_counts_once_by_what_they_said_first(study, ben, cleo):
    paper, first, second = make_paper(study), make_round(study), make_round(study)
    make_summary(paper, cleo, round=second, answers={"method": "Experiment"})
    make_summary(paper, ben, round=first, answers={"method": "Survey"})
    make_summary(paper, ben, round=second, answers={"method": "Case study"})
    make_summary(paper, cleo, round=first, answers={"method": "Survey"})

    assert rated(study, "method").ratings == [["Survey"], ["Experiment"]]
    assert rated(study, "method", first.pk).ratings == [["Survey"], ["Survey"]]
    assert rated(study, "method", second.pk).ratings == [["Case study"], ["Experiment"]]


def test_the_earliest_reading_is_the_one_that_was_submitted_first(study, ben):
    paper, first, second = make_paper(study), make_round(study), make_round(study)
    begun = make_summary(paper, ben, round=first, answers={"method": "Survey"})
    make_summary(paper, ben, round=second, answers={"method": "Experiment"})
    Summary.objects.filter(pk=begun.pk).update(submitted_at=now() + timedelta(hours=1))

    assert rated(study, "method").ratings == [["Experiment"]]


def test_who_left_a_section_blank_at_first_counts_by_a_later_round(study, ben):
    paper, first, second = make_paper(study), make_round(study), make_round(study)
    make_summary(paper, ben, round=first)
    make_summary(paper, ben, round=second, answers={"method": "Survey"})

    assert rated(study, "method").ratings == [["Survey"]]
    assert rated(study, "method", first.pk).ratings == []


def test_after_discussion_the_latest_revision_counts_and_before_it_the_first(study, ada, ben, cleo):
    paper = make_paper(study)
    first = make_summary(paper, ben, answers={"method": "Survey"})
    make_summary(paper, cleo, answers={"method": "Experiment"})
    later = Summary.objects.create(
        assignment=first.assignment,
        revision=2,
        reopened_by=ada,
        submitted_at=first.submitted_at,
    )
    make_answer(later, "method", "Experiment")
    section = study.sections.get(key="method")
    after = Sheet(study, everything(study).latest(), [section], is_after_discussion=True)

    assert rated(study, "method").ratings == [["Survey"], ["Experiment"]]
    assert after.rated(section).ratings == [["Experiment"], ["Experiment"]]


# Under which code


def test_a_merged_code_counts_as_the_one_it_was_merged_into_and_once(study, ada, ben):
    challenges = study.sections.get(key="challenges")
    for labels in (["Talent", "Cost"], ["Talent"], ["Model drift"]):
        make_summary(make_paper(study), ben, answers={"challenges": labels})
    talent, cost = (challenges.codes.get(label=label) for label in ("Talent", "Cost"))
    merge(talent, into=cost, by=ada, reason="The same")

    assert label_sets(study) == [["Cost"], ["Cost"], ["Model drift"]]
    assert rated(study, "challenges").categories == ("Data quality", "Model drift", "Cost")
    assert Mark.objects.filter(code=cost).count() == 3, "both quotes stay"


def test_a_retired_code_counts_where_it_was_given_and_is_gone_where_it_was_not(study, ada, ben):
    challenges = study.sections.get(key="challenges")
    make_summary(make_paper(study), ben, answers={"challenges": ["Talent"]})
    for label in ("Talent", "Cost"):
        retire(challenges.codes.get(label=label), by=ada, reason="Too broad")

    assert label_sets(study) == [["Talent"]]
    assert rated(study, "challenges").categories == ("Data quality", "Model drift", "Talent")


def test_a_declined_or_proposed_code_counts_where_it_was_given(study, ben):
    challenges = study.sections.get(key="challenges")
    for status in (Code.Status.PROPOSED, Code.Status.DECLINED):
        make_code(challenges, f"given {status}", status=status, proposed_by=ben)
        make_code(challenges, f"unused {status}", status=status, proposed_by=ben)
    summary = make_summary(make_paper(study), ben, answers={"challenges": ["Talent"]})
    for code in challenges.codes.filter(label__startswith="given"):
        summary.answers.get().marks.create(code=code)

    assert label_sets(study) == [["Talent", "given declined", "given proposed"]]
    assert {label for label in rated(study, "challenges").categories if " " in label} == {
        "Data quality",
        "Model drift",
        "given declined",
        "given proposed",
    }


def test_categories_stand_in_the_codebooks_order_and_what_was_said_besides_behind(study, ben):
    paper = make_paper(study)
    make_summary(paper, ben, answers={"method": absent("unclear"), "replicable": True, "cases": 3})

    assert rated(study, "method").categories == ("Case study", "Experiment", "Survey", UNCLEAR)
    assert rated(study, "replicable").categories == (False, True)
    assert rated(study, "cases").categories == ()


@pytest.fixture
def family(study):
    """Model drift stands under Models, and Models under nothing."""
    challenges = study.sections.get(key="challenges")
    models = make_code(challenges, "Models")
    challenges.codes.filter(label="Model drift").update(parent=models)
    return challenges, models


def test_at_the_level_of_parents_a_code_has_the_name_of_the_one_above(study, ben, family):
    make_summary(make_paper(study), ben, answers={"challenges": ["Model drift", "Talent"]})
    make_summary(make_paper(study), ben, answers={"challenges": ["Model drift", "Models"]})

    assert label_sets(study) == [["Model drift", "Talent"], ["Model drift", "Models"]]
    assert label_sets(study, level=PARENT) == [["Models", "Talent"], ["Models"]]
    found = rated(study, "challenges", level=PARENT)
    assert found.categories == ("Data quality", "Talent", "Cost", "Models")
    assert (found.level, found.target) == (PARENT, None)


def test_a_chain_of_parents_is_climbed_one_step_at_most(study, family):
    challenges, models = family
    top = make_code(challenges, "Top")
    Code.objects.filter(pk=models.pk).update(parent=top)
    names, _ = code_names([challenges], set(), PARENT)
    by_label = {code.label: names[code.pk] for code in challenges.codes.all()}

    assert (by_label["Models"], by_label["Model drift"]) == ("Top", "Model drift")


def test_a_parent_that_is_retired_still_names_what_stands_under_it(study, ben, family):
    _challenges, models = family
    Code.objects.filter(pk=models.pk).update(status=Code.Status.RETIRED)
    make_summary(make_paper(study), ben, answers={"challenges": ["Model drift"]})

    assert label_sets(study, level=PARENT) == [["Models"]]


def test_equal_labels_are_numbered_in_their_section_alone(study):
    challenges, method = (study.sections.get(key=key) for key in ("challenges", "method"))
    codes = [make_code(challenges, "Twice"), make_code(method, "Twice")]
    again = make_code(challenges, "Twice", status=Code.Status.PROPOSED)
    names, scales = code_names([challenges, method], {again.pk})

    assert [names[code.pk] for code in codes] == ["Twice", "Twice"]
    assert names[again.pk] == "Twice (2)"
    assert scales[challenges.pk][-2:] == ["Twice", "Twice (2)"]


def test_a_sheet_of_some_sections_knows_no_other(study, ben):
    make_summary(make_paper(study), ben, answers={"method": "Survey", "replicable": True})
    method, replicable = (study.sections.get(key=key) for key in ("method", "replicable"))
    only = Sheet(study, everything(study), [method])

    assert only.rated(method).ratings == [["Survey"]]
    assert only.rated(replicable).ratings == []
    assert [section.key for section in only.sections] == ["method"]
    assert "conclusion" not in {section.key for section in sheet(study).sections}
