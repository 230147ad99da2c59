"""Proposing a code where none fits: usable at once by its proposer, and nobody else learns
of it.
"""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from mapping.models import Code, LogEntry, Section
from reviews.coding import drafts
from tests.answers import code, fill, marks, said, save
from tests.making import make_assignment, make_paper
from tests.reading import form_in


@pytest.fixture
def paper(study):
    return make_paper(study, "Towards MLOps", key="john2021towards")


@pytest.fixture
def draft(assignment):
    return drafts.open_summary(assignment)


@pytest.fixture
def challenges(study):
    return Section.objects.get(study=study, key="challenges")


def test_a_proposed_code_is_usable_at_once_by_its_proposer_and_by_nobody_else(
    draft, challenges, paper, cleo, ben
):
    proposal = drafts.propose_code(
        challenges, label=" Data  poisoning", definition="d", reason="r", by=ben
    )
    assert (proposal.label, proposal.status) == ("Data poisoning", "proposed")
    save(draft, "challenges", marks=marks(proposal))
    other = drafts.open_summary(make_assignment(paper, cleo))
    with pytest.raises(ValidationError, match="no such code"):
        save(other, "challenges", marks=marks(proposal))
    # Cleo may propose the same words, and learns nothing from it.
    drafts.propose_code(challenges, label="data poisoning", definition="d", reason="r", by=cleo)
    assert not LogEntry.objects.filter(act="propose-code", paper__isnull=False).exists()
    assert "poisoning" not in str(
        list(LogEntry.objects.filter(act="propose-code").values_list("facts", flat=True))
    )


def test_a_proposal_must_be_new_to_its_proposer(study, challenges, ben):
    for label, word in (("model DRIFT", "already"), ("", "blank"), ("x" * 301, "300")):
        with pytest.raises(ValidationError, match=word):
            drafts.propose_code(challenges, label=label, definition="", reason="", by=ben)
    with pytest.raises(ValidationError, match="no codes"):
        drafts.propose_code(
            Section.objects.get(key="conclusion"), label="new", definition="", reason="", by=ben
        )


def test_a_proposal_is_taken_back_while_no_answer_uses_it(draft, challenges, ben, cleo):
    proposal = drafts.propose_code(challenges, label="Poisoning", definition="", reason="", by=ben)
    save(draft, "challenges", marks=marks(proposal))
    with pytest.raises(ValidationError, match="in use"):
        drafts.withdraw_proposal(proposal, by=ben)
    save(draft, "challenges", based_on=1)
    with pytest.raises(ValidationError, match="not an open proposal of yours"):
        drafts.withdraw_proposal(proposal, by=cleo)
    drafts.withdraw_proposal(proposal, by=ben)
    assert not Code.objects.usable_by(ben, proposal.section).filter(pk=proposal.pk).exists()


def test_a_proposal_without_script(as_user, ben, url, study, paper, assignment):
    client = as_user(ben)
    to = reverse("propose", args=[study.slug, paper.key])
    assert client.get(to, {"section": "challenges"}).status_code == 200
    assert client.get(to, {"section": "conclusion"}).status_code == 404
    refused = client.post(to, {"section": "challenges", "label": "Models drift"})
    assert refused.status_code == 422
    assert "Model drift" in refused.content.decode()
    facts = {"section": "challenges", "label": "Data poisoning", "definition": "d", "reason": "r"}
    page = client.post(to, facts, follow=True)
    assert "Data poisoning" in page.content.decode()
    fill(client, url, challenges__codes=[str(code(study, "Data poisoning").pk)])
    assert said(assignment, "challenges").codes == [code(study, "Data poisoning").pk]
    made = client.post(to, facts | {"label": "Another"}, headers={"Accept": "application/json"})
    assert (made.status_code, made.json()["label"]) == (201, "Another")
    client.post(
        reverse("withdraw-proposal", args=[study.slug, paper.key]), {"code": made.json()["pk"]}
    )
    assert not Code.objects.proposed().filter(label="Another").exists()


def test_what_was_ticked_is_saved_before_a_code_is_proposed_without_script(
    as_user, ben, url, study, paper, assignment
):
    client = as_user(ben)
    fields = form_in(client.get(url), "summary-form")
    fields["conclusion-text"] = "Typed before."
    answer = client.post(url, {**fields, "act": "propose:challenges"})
    assert said(assignment, "conclusion").text == "Typed before."
    asked = client.get(answer.url)
    assert answer.url.startswith(reverse("propose", args=[study.slug, paper.key]))
    assert "Propose a code for" in asked.content.decode()


def test_near_codes_are_pointed_out_while_one_types(as_user, ben, study, paper, assignment):
    near = reverse("near", args=[study.slug, paper.key])
    answer = as_user(ben).get(near, {"section": "challenges", "label": "model drifts"})
    assert "Model drift" in answer.content.decode()
