"""Reopening a submitted summary: a lead's act with a reason; it makes a revision and leaves the
first as it was.
"""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from mapping.models import LogEntry
from reviews.coding import drafts
from reviews.models import Answer, Summary
from tests.answers import code, fill, marks, said, save
from tests.making import make_paper


@pytest.fixture
def paper(study):
    return make_paper(study, "Towards MLOps")


@pytest.fixture
def draft(assignment):
    return drafts.open_summary(assignment)


def test_reopening_makes_a_revision_to_change_and_leaves_the_first_as_it_was(
    draft, study, ada, ben
):
    drift = code(study, "Model drift")
    save(draft, "challenges", marks=marks(drift, quote="it drifts", page="4"), confidence=2)
    drafts.submit(draft, by=ben)
    revision = drafts.reopen(draft.assignment, by=ada, reason="  The definition of drift changed. ")

    assert (revision.revision, revision.reopened_by, revision.reopened_reason) == (
        2,
        ada,
        "The definition of drift changed.",
    )
    assert said(revision, "challenges") == said(draft, "challenges")
    save(revision, "challenges", absence="unclear", based_on=1)
    drafts.submit(revision, by=ben)
    assert said(draft, "challenges").codes == [drift.pk]
    assert list(Summary.objects.first_submissions()) == [draft]
    assert list(Summary.objects.latest()) == [revision]
    assert LogEntry.objects.get(act="reopen-summary").facts["reviewer"] == "ben"


def test_only_a_lead_reopens_with_a_reason_and_only_what_is_submitted(draft, ada, ben):
    with pytest.raises(ValidationError, match="nothing to reopen"):
        drafts.reopen(draft.assignment, by=ada, reason="why")
    save(draft, "challenges", none_apply=True)
    drafts.submit(draft, by=ben)
    with pytest.raises(PermissionDenied):
        drafts.reopen(draft.assignment, by=ben, reason="why")
    with pytest.raises(ValidationError, match="Say why"):
        drafts.reopen(draft.assignment, by=ada, reason=" ")
    drafts.reopen(draft.assignment, by=ada, reason="why")
    with pytest.raises(ValidationError, match="nothing to reopen"):
        drafts.reopen(draft.assignment, by=ada, reason="once more")
    assert Summary.objects.count() == 2


def test_a_reopened_summary_may_come_in_after_its_round_was_closed(draft, ada, ben):
    save(draft, "challenges", none_apply=True)
    drafts.submit(draft, by=ben)
    round = draft.assignment.round
    round.closed_at = timezone.now()
    round.save()
    revision = drafts.reopen(draft.assignment, by=ada, reason="found while settling")
    assert drafts.submit(revision, by=ben).is_submitted


def test_a_tab_that_still_shows_the_first_revision_collides_instead_of_overwriting(draft, ada, ben):
    save(draft, "challenges", none_apply=True)
    save(draft, "challenges", absence="unclear", based_on=1)
    drafts.submit(draft, by=ben)
    revision = drafts.reopen(draft.assignment, by=ada, reason="why")
    assert save(revision, "challenges", absence="not_reported", based_on=1).word == "kept"


def test_a_reopened_revision_says_why(as_user, ada, ben, url, assignment):
    client = as_user(ben)
    fill(client, url, challenges__absence="none_apply")
    drafts.submit(Summary.objects.get(), by=ben)
    reopening = reverse(
        "reopen", args=[assignment.round.study.slug, assignment.paper.key, assignment.pk]
    )
    assert as_user(ada).post(reopening, {"reason": ""}).status_code == 422
    as_user(ada).post(reopening, {"reason": "The definition of drift changed."})
    page = client.get(url)
    assert "The definition of drift changed." in page.content.decode()
    fill(client, url, challenges__absence="unclear")
    assert [said.absence for said in map(drafts.content_of, Answer.objects.order_by("pk"))] == [
        "",
        "unclear",
    ]
