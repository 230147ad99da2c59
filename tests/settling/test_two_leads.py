"""Two leads on one paper at the same moment, through their pages: nobody gets an error, no decision
is lost.
"""

import random
from functools import partial

import pytest
from django.test import Client

from mapping.models import Code, Finding, LogEntry, Membership
from reviews.codebook import code_changes
from reviews.coding import drafts
from reviews.models import Resolution, Summary
from tests.making import make_paper, make_round, make_study, make_summary, make_user
from tests.reading import form_in
from tests.settling.test_comparison_page import HTMX, at
from tests.settling.test_resolutions import at_once

ROUNDS = 12


@pytest.fixture
def study(transactional_db, ada, ben, cleo):
    study = make_study(lead=ada)
    Membership.objects.create(study=study, user=make_user("eve", name="Eve Second"), role="lead")
    for user in (ben, cleo):
        Membership.objects.create(study=study, user=user, role="reviewer")
    make_round(study)
    return study


@pytest.fixture
def leads(study):
    return [signed_in(one.user) for one in study.memberships.filter(role="lead").order_by("pk")]


def signed_in(user):
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def differing(study):
    people = {one.user.username: one.user for one in study.memberships.select_related("user")}
    paper = make_paper(study)
    make_summary(
        paper,
        people["ben"],
        answers={"challenges": ["Model drift", "Talent"], "conclusion": "Good"},
    )
    make_summary(
        paper, people["cleo"], answers={"challenges": ["Model drift", "Cost"], "conclusion": "Bad"}
    )
    return paper


def decision(client, paper, way, section="challenges"):
    """The act of settling the section as its page stands now, to be carried out later."""
    fields = form_in(client.get(at(paper)), f"settle-{section}")
    fields |= {"way": way, "cause": "oversight", "rationale": f"{way}, as table 3 says."}
    return partial(client.post, at(paper, "settle", section), fields, headers=HTMX)


def stands(paper, section="challenges"):
    """The newest decision in force, once it is sure that the finding says just what it says."""
    newest = (
        Resolution.objects.in_force()
        .filter(paper=paper, section__key=section)
        .order_by("decided_at", "pk")
        .last()
    )
    finding = Finding.objects.filter(paper=paper, section__key=section).first()
    assert (newest is None) == (finding is None)
    if newest:
        assert newest.finding == finding
        assert set(finding.marks.values_list("code__number", flat=True)) == set(
            newest.content["settled"]["codes"]
        )
    return newest


def test_of_two_decisions_posted_at_once_one_holds_and_the_other_lead_is_shown_it_and_answers(
    study, leads
):
    for _ in range(ROUNDS):
        paper = differing(study)
        ways = ["union", "common"]
        answers = at_once(
            *(decision(client, paper, way) for client, way in zip(leads, ways, strict=True))
        )
        assert sorted(one.status_code for one in answers) == [200, 422]
        late = [one.status_code for one in answers].index(422)
        first = stands(paper)
        body = answers[late].content.decode()
        assert f"{first.decided_by} has settled “Challenges” in the meantime" in body
        assert f"{ways[late]}, as table 3 says." in body
        again = form_in(answers[late], "settle-challenges") | {"way": ways[late], "cause": "other"}
        assert (
            leads[late].post(at(paper, "settle", "challenges"), again, headers=HTMX).status_code
            == 200
        )
        second = stands(paper)
        assert (second.content["replaces"], second.rationale) == (
            first.decided_at.isoformat(),
            f"{ways[late]}, as table 3 says.",
        )
        assert (
            Resolution.objects.in_force().filter(paper=paper, section__key="challenges").count()
            == 2
        )


def test_decisions_on_two_sections_of_a_paper_do_not_get_in_each_others_way(study, leads):
    for _ in range(ROUNDS):
        paper = differing(study)
        acts = [
            decision(leads[0], paper, "union"),
            decision(leads[1], paper, "take-A", "conclusion"),
        ]
        assert [one.status_code for one in at_once(*acts)] == [200, 200]
        assert {finding.section.key for finding in Finding.objects.filter(paper=paper)} == {
            "challenges",
            "conclusion",
        }


def test_whatever_two_leads_and_a_reviewer_do_at_once_the_finding_is_what_the_newest_decision_says(
    study, leads, ben
):
    ada = study.memberships.get(user__username="ada").user
    acts = random.Random(5)
    for number in range(ROUNDS):
        paper = differing(study)
        decision(leads[0], paper, "union")()
        standing = stands(paper)
        talent, cost = Code.objects.get(label="Talent"), Code.objects.get(label="Cost")
        summary = Summary.objects.get(assignment__paper=paper, assignment__reviewer=ben)
        possible = {
            "settle": decision(leads[0], paper, "common"),
            "settle too": decision(leads[1], paper, "take-B"),
            "undo": partial(
                leads[1].post,
                at(paper, "undo-settling", "challenges"),
                {"resolution": standing.pk},
                headers=HTMX,
            ),
            "defer": partial(
                leads[0].post, at(paper, "defer", "challenges"), {"note": "later"}, headers=HTMX
            ),
            "remark": partial(
                leads[1].post,
                at(paper, "add-remark", "challenges"),
                {"text": "@ben?"},
                headers=HTMX,
            ),
            "reopen": partial(drafts.reopen, summary.assignment, by=ada, reason="Again"),
        }
        if number == ROUNDS - 1:
            possible["merge"] = partial(
                code_changes.merge, cost, into=talent, by=ada, reason="the same"
            )
        chosen = acts.sample(sorted(possible), 3 if number < ROUNDS - 1 else 2)
        if "merge" in possible:
            chosen = sorted({*chosen, "merge"})
        outcomes = at_once(*(possible[name] for name in chosen))
        broken = [
            (name, one)
            for name, one in zip(chosen, outcomes, strict=True)
            if isinstance(one, Exception)
        ]
        assert broken == []
        told = [one.status_code for one in outcomes if hasattr(one, "status_code")]
        assert set(told) <= {200, 422}, (chosen, told)
        if "merge" not in possible:
            stands(paper)
    # Every decision has its line in the log; none was overwritten.
    assert (
        LogEntry.objects.filter(act="settle-section").count()
        == Resolution.objects.filter(decided_by__isnull=False).count()
    )
