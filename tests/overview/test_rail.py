"""The rail: places for one's role, with counts that mean work."""

import pytest
from django.urls import reverse

from reviews.overview import rail
from tests.making import (
    make_assignment,
    make_code,
    make_paper,
    make_round,
    make_summary,
    membership_of,
)


def places(study, user, path="/"):
    return {entry["label"]: entry for entry in rail.entries(membership_of(user, study), path)}


def counts(study, user):
    return {
        label: entry["count"] for label, entry in places(study, user).items() if entry.get("count")
    }


@pytest.fixture
def work(study, ben, cleo):
    round = make_round(study)
    make_assignment(make_paper(study), ben, round=round)
    make_summary(make_paper(study), ben, round=round)
    make_summary(make_paper(study), cleo, round=make_round(study))
    make_code(study.sections.get(key="challenges"), "Drifting", status="proposed", proposed_by=ben)


def test_rail_counts_are_of_own_work(study, work, ada, ben, cleo, olga):
    assert counts(study, ben) == {"My queue": 1}
    assert counts(study, cleo) == {}
    assert counts(study, ada)["Rounds"] == 1
    assert counts(study, olga) == {}


def test_rail_counts_are_read_out_in_words(study, work, ben, as_user):
    page = as_user(ben).get(reverse("overview", args=[study.slug])).content.decode()
    assert '<span class="count">1<span class="visually-hidden"> to code</span></span>' in page


def test_the_rail_lists_the_pages_of_each_role(study, ada, ben, olga):
    assert "Rounds" in places(study, ada)
    assert {"My queue"} <= set(places(study, ben))
    assert not {"Rounds", "My queue"} & set(places(study, olga))


def test_the_rail_marks_the_current_page(study, ada):
    url = reverse("rounds", args=[study.slug])
    assert [
        label for label, entry in places(study, ada, url + "1/").items() if entry["current"]
    ] == ["Rounds"]
    home = reverse("overview", args=[study.slug])
    assert [label for label, entry in places(study, ada, home).items() if entry["current"]] == [
        "Overview"
    ]


def test_rail_counts_have_a_constant_query_count(
    study, work, ada, ben, django_assert_num_queries, django_assert_max_num_queries
):
    membership = membership_of(ada, study)
    # Differences are worked out anew here; outside of tests only after something happened, else it
    # is one query.
    with django_assert_max_num_queries(20) as few:
        rail.entries(membership, "/")
    for _ in range(3):
        make_assignment(make_paper(study), ada, round=make_round(study))
    with django_assert_num_queries(len(few)):
        rail.entries(membership, "/")
