"""What each member finds first in a study."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from reviews.codebook.declare import declare
from reviews.rounds.lifecycle import close_round
from tests.making import (
    make_assignment,
    make_code,
    make_paper,
    make_round,
    make_study,
    make_summary,
)


@pytest.fixture
def round(study):
    return make_round(study, "Main")


def overview(client, study):
    return client.get(reverse("overview", args=[study.slug]))


def text(answer):
    return " ".join(answer.content.decode().split())


def test_a_reviewer_finds_their_next_paper_first(as_user, study, round, ben):
    make_assignment(make_paper(study, "What comes next"), ben, round=round)
    page = text(overview(as_user(ben), study))
    main = page[page.index("<main") :]
    assert main.index("What comes next") < main.index("My papers")
    assert "<b>0</b> of 1 submitted" in page
    assert "Waits for" not in page


def test_a_lead_finds_rounds_and_what_waits_for_them(as_user, study, round, ada, ben):
    make_assignment(make_paper(study), ben, round=round)
    make_code(study.sections.get(key="challenges"), "Drifting", status="proposed", proposed_by=ben)
    page = text(overview(as_user(ada), study))
    assert reverse("round", args=[study.slug, round.pk]) in page
    assert 'Ben Reviewer <span class="figure">1</span>' in page
    assert "1 proposed code waits for a decision" in page


def test_a_lead_who_reviews_finds_their_own_next_paper_first_too(as_user, study, round, ada):
    make_assignment(make_paper(study, "What comes next"), ada, round=round)
    page = text(overview(as_user(ada), study))
    main = page[page.index("<main") :]
    assert main.index("What comes next") < main.index("Rounds")


def test_a_fresh_study_shows_the_first_steps_to_its_lead_alone(as_user, ada, ben, study):
    assert "First steps" in text(overview(as_user(ada), study))
    assert "First steps" not in text(overview(as_user(ben), study))


def test_an_observer_sees_results_only_after_release(as_user, study, round, olga, ben):
    make_summary(make_paper(study), ben, round=round)
    assert "Nothing is released yet" in text(overview(as_user(olga), study))
    study.released_at = timezone.now()
    study.save()
    page = text(overview(as_user(olga), study))
    assert "Nothing is released yet" not in page
    assert "The leads released this study" in page


def test_the_overview_reveals_nothing_of_others_answers_to_the_blind(
    as_user, study, round, ada, ben, cleo
):
    paper = make_paper(study)
    make_assignment(paper, ben, round=round)
    make_assignment(paper, ada, round=round)
    said = {"challenges": ["Talent"], "conclusion": "A secret conclusion"}
    make_summary(paper, cleo, round=round, answers=said)
    for user in (ada, ben):
        page = text(overview(as_user(user), study))
        assert "Talent" not in page
        assert "secret" not in page


def test_the_overview_shows_nothing_of_other_studies(as_user, study, ada, round):
    other = make_study()
    make_round(other, "A foreign round")
    assert "A foreign round" not in text(overview(as_user(ada), study))


def close_with_figures(study, ada, ben, cleo, name):
    round = make_round(study, name)
    for one, other in (
        ("Survey", "Experiment"),
        ("Survey", "Survey"),
        ("Experiment", "Experiment"),
    ):
        paper = make_paper(study)
        make_summary(paper, ben, round=round, answers={"method": one})
        make_summary(paper, cleo, round=round, answers={"method": other})
    close_round(round, by=ada)
    return round


def test_frozen_agreement_is_shown_to_those_who_may_see_all_behind_it(
    as_user, study, ada, ben, cleo, olga
):
    study.sections.filter(key="method").update(agreement_target=0.8)
    closed = close_with_figures(study, ada, ben, cleo, "Pilot")
    address = f"{reverse('agreement-section', args=[study.slug, 'method'])}?round={closed.pk}"
    page = text(overview(as_user(ada), study))
    assert address in page
    assert "whether it meets the target 0.8" in page
    assert address in text(overview(as_user(ben), study))
    assert address not in text(overview(as_user(olga), study))

    paper = study.papers.first()
    make_assignment(paper, ada, round=make_round(study, "Again"))
    assert address not in text(overview(as_user(ada), study))


def test_agreement_of_more_closed_rounds_needs_no_more_queries(as_user, study, ada, ben, cleo):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            text(overview(as_user(ada), study))
        return len(asked)

    close_with_figures(study, ada, ben, cleo, "Pilot")
    queries()
    before = queries()
    close_with_figures(study, ada, ben, cleo, "Calibration")
    assert queries() == before


def test_a_target_changed_late_is_printed_beside_the_figure(as_user, study, ada, ben, cleo):
    close_with_figures(study, ada, ben, cleo, "Pilot")
    declare(study.sections.get(key="method"), by=ada, coefficient="", target=0.3)
    page = text(overview(as_user(ada), study))
    assert "after the first submission" in page
