"""From answers to ratings: five different things stay five."""

import pytest

from reviews.agreement import Absence
from reviews.rating import Sheet, everything
from tests.making import absent, make_paper, make_round, make_summary


def rated(study, key, round=None):
    return Sheet(study, everything(study)).of(study.sections.get(key=key), round)


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
