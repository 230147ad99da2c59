"""The queue of open differences: what stands first, what filters leave, what the numbers say, who
sees what.
"""

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mapping.judgement.values import Judgement
from mapping.models import Finding, Membership
from reviews.models import Assignment
from reviews.settling import disagreements, unanimous
from reviews.settling.resolutions import defer, resolve
from tests.making import (
    make_assignment,
    make_paper,
    make_round,
    make_summary,
    make_user,
    membership_of,
)

DIFFERENT = [
    {
        "challenges": ["Model drift", "Talent"],
        "maturity-stage": "Manual",
        "conclusion": "Yes.",
        "cases": 3,
    },
    {
        "challenges": ["Model drift", "Cost"],
        "maturity-stage": "Automated training",
        "conclusion": "No.",
        "cases": 3,
    },
]


@pytest.fixture
def paper(study, ben, cleo):
    make_round(study, "Main")
    return differing(study, ben, cleo)


def differing(study, *reviewers, title=None):
    paper = make_paper(study, title)
    for place, reviewer in enumerate(reviewers):
        make_summary(paper, reviewer, answers=DIFFERENT[min(place, 1)])
    unanimous.settle(study, papers=[paper.pk])
    return paper


def rows(client, study, **asked):
    answer = client.get(reverse("disagreements", args=[study.slug]), {**asked, "format": "csv"})
    text = b"".join(answer.streaming_content).decode()
    return [(row["paper"], row["section"]) for row in csv.DictReader(io.StringIO(text))]


def numbers(user, study):
    return disagreements.board_for(membership_of(user, study)).numbers


def test_what_lies_farthest_apart_stands_first_and_texts_last(paper, as_user, ada):
    sections = [section for _, section in rows(as_user(ada), paper.study)]
    assert sections == ["challenges", "maturity-stage", "conclusion"]


def test_the_numbers_are_true_after_every_act(paper, ada):
    study = paper.study
    before = {"open": 3, "deferred": 0, "settled": 1, "unanimous": 1, "ready": 0}
    assert numbers(ada, study) == before
    defer(paper, study.sections.get(key="conclusion"), note="", by=ada)
    assert numbers(ada, study) == before | {"open": 2, "deferred": 1}


@pytest.mark.django_db(transaction=True)
def test_the_numbers_are_worked_out_again_only_when_something_happened(paper, ada, monkeypatch):
    study = paper.study
    assert numbers(ada, study)["open"] == 3
    calls = []
    monkeypatch.setattr(disagreements, "compared", lambda *args, **facts: calls.append(1) or [])
    assert numbers(ada, study)["open"] == 3
    assert not calls
    defer(paper, study.sections.get(key="conclusion"), note="", by=ada)
    numbers(ada, study)
    assert calls


def test_filters_leave_what_was_asked_for(paper, as_user, ada, ben, cleo, study):
    dan = make_user("dan")
    Membership.objects.create(study=study, user=dan, role="reviewer")
    three = differing(study, ben, cleo, dan)
    client, talent = as_user(ada), study.sections.get(key="challenges").codes.get(label="Talent")
    everything = {
        (one.key, key)
        for one in (paper, three)
        for key in ("challenges", "maturity-stage", "conclusion")
    }
    assert set(rows(client, study)) == everything
    assert set(rows(client, study, section="conclusion")) == {
        (paper.key, "conclusion"),
        (three.key, "conclusion"),
    }
    assert set(rows(client, study, code=talent.pk)) == {
        (paper.key, "challenges"),
        (three.key, "challenges"),
    }
    assert set(rows(client, study, kind="near")) == {
        (paper.key, "maturity-stage"),
        (three.key, "maturity-stage"),
    }
    assert {one for one, _ in rows(client, study, kind="alone")} == {three.key}
    assert {one for one, _ in rows(client, study, pair=f"{ben.pk}-{dan.pk}")} == {three.key}
    nobody = {"pair": f"{cleo.pk}-{dan.pk}", "format": "csv"}
    assert client.get(reverse("disagreements", args=[study.slug]), nobody).status_code == 404
    defer(three, study.sections.get(key="conclusion"), note="", by=ada)
    assert rows(client, study, kind="deferred") == [(three.key, "conclusion")]
    assert set(rows(client, study)) == everything - {(three.key, "conclusion")}


def test_a_lead_who_is_blind_on_a_paper_neither_sees_nor_counts_its_differences(
    paper, as_user, ada, study
):
    Assignment.objects.filter(paper=paper).first()
    closed = make_round(study, "Closed", closed_at="2026-01-01T00:00Z")
    make_assignment(paper, ada, round=closed)
    assert rows(as_user(ada), study) == []
    assert numbers(ada, study)["settled"] == 0
    assert (
        paper.title
        not in as_user(ada).get(reverse("disagreements", args=[study.slug])).content.decode()
    )


def test_papers_that_somebody_still_codes_wait(paper, as_user, ada, study):
    dan = make_user("dan")
    Membership.objects.create(study=study, user=dan, role="reviewer")
    make_assignment(paper, dan)
    assert rows(as_user(ada), study) == []
    assert rows(as_user(dan), study) == []


def test_a_reviewer_sees_the_differences_of_their_own_papers_and_not_what_is_settled(
    paper, as_user, ben, ada, study
):
    other = make_user("dan")
    Membership.objects.create(study=study, user=other, role="reviewer")
    assert {key for key, _ in rows(as_user(ben), study)} == {paper.key}
    assert rows(as_user(other), study) == []
    assert (
        "settled"
        not in as_user(ben).get(reverse("disagreements", args=[study.slug])).content.decode()
    )


def test_next_leads_to_the_first_difference_with_the_filters(paper, as_user, ada):
    slug = paper.study.slug
    answer = as_user(ada).get(reverse("next-disagreement", args=[slug]), {"section": "conclusion"})
    assert (
        answer.url
        == reverse("comparison", args=[slug, paper.key]) + "?section=conclusion#s-conclusion"
    )


def test_what_needs_no_decision_is_adopted_with_a_count_and_taken_back(
    study, as_user, ada, ben, cleo
):
    make_round(study)
    paper = make_paper(study)
    for user in (ben, cleo):
        make_summary(paper, user, answers={"method": "Survey", "cases": 2})
    client, page = as_user(ada), reverse("disagreements", args=[study.slug])
    assert "Adopt all 2" in client.get(page).content.decode()
    client.post(reverse("adopt", args=[study.slug]))
    body = client.get(page).content.decode()
    assert "2 sections settled" in body
    at = body.split('name="at" value="')[1].split('"')[0]
    client.post(reverse("undo-adopting", args=[study.slug]), {"at": at})
    assert not Finding.objects.exists()
    for nonsense in ("", "x", "2026-13-45T99:99"):
        assert (
            client.post(reverse("undo-adopting", args=[study.slug]), {"at": nonsense}).status_code
            == 302
        )


def test_the_number_of_queries_is_the_same_for_one_and_for_three_papers(
    study, as_user, ada, ben, cleo
):
    make_round(study)
    counts = []
    for number in (1, 2):
        for _ in range(number):
            differing(study, ben, cleo)
        client = as_user(ada)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("disagreements", args=[study.slug]))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_formula_in_a_title_leaves_harmless(study, as_user, ada, ben, cleo):
    make_round(study)
    differing(study, ben, cleo, title="=HYPERLINK(1)")
    answer = as_user(ada).get(reverse("disagreements", args=[study.slug]), {"format": "csv"})
    assert "'=HYPERLINK" in b"".join(answer.streaming_content).decode()


def test_reviewers_see_settled_differences_apart_but_not_what_was_settled(
    paper, as_user, ada, ben, study
):
    section = study.sections.get(key="challenges")
    page = reverse("disagreements", args=[study.slug])
    number = len(rows(as_user(ben), study))
    settled = Judgement(absence="unclear")
    resolve(
        paper, section, settled=settled, basis="other", by=ada, cause="oversight", rationale="why"
    )

    shown = as_user(ben).get(page).content.decode()
    assert shown.count("state-settled") == 2  # the number above the list, and the one row
    assert "unclear" not in shown
    assert len(rows(as_user(ben), study)) == number
    for kind in ("open", "settled"):
        found = rows(as_user(ben), study, kind=kind)
        assert [key for _, key in found].count("challenges") == (kind == "settled")
    sheet = as_user(ben).get(reverse("comparison", args=[study.slug, paper.key])).context["page"]
    assert sheet.sheet(section).state == "settled"
