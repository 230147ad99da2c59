import json

import pytest
from django.test import Client

from mapping import granting
from mapping.models import ApiToken, LogEntry
from tests.making import make_assignment, make_paper, make_study, make_summary


@pytest.fixture
def url(study):
    return f"/s/{study.slug}/api/codings.json"


def secret_of(study, user):
    return granting.grant(study.memberships.get(user=user), label="notebook")[1]


def asked(url, secret):
    return Client().get(url, headers={"authorization": f"Bearer {secret}"})


def rows(answer):
    return json.loads(b"".join(answer.streaming_content))["rows"]


def test_a_token_reads_what_its_member_may_see_and_nothing_else(study, url, ben, cleo):
    paper = make_paper(study)
    make_summary(paper, cleo, answers={"conclusion": "=secret", "cases": -2})
    assignment = make_assignment(paper, ben)
    hers, his = secret_of(study, cleo), secret_of(study, ben)
    assert [row["value"] for row in rows(asked(url, hers))] == [-2, "=secret"]
    assert rows(asked(url, his)) == []
    make_summary(paper, ben, answers={"conclusion": "mine"}, round=assignment.round)
    assert len(rows(asked(url, his))) == 3


def test_without_a_token_in_force_nothing_is_read(study, url, ben):
    secret = secret_of(study, ben)
    assert asked(url, secret).status_code == 200
    assert asked(url, "concord_invented").status_code == 401
    assert Client().get(url, headers={"accept": "application/json"}).status_code == 401
    granting.revoke(ApiToken.objects.get())
    assert asked(url, secret).status_code == 401


def test_a_token_opens_one_study_and_falls_with_its_membership(study, url, ben):
    other = make_study(lead=ben)
    secret = secret_of(study, ben)
    assert asked(f"/s/{other.slug}/api/codings.json", secret).status_code == 404
    membership = study.memberships.get(user=ben)
    membership.deactivated_at = membership.joined_at
    membership.save()
    assert asked(url, secret).status_code == 401


def test_a_token_is_shown_once_kept_as_a_digest_and_revoked_by_its_owner_alone(study, as_user, ben, cleo):
    client, page = as_user(ben), f"/s/{study.slug}/api/"
    made = client.post(f"{page}tokens/", {"label": "notebook"})
    secret = made.context["secret"]
    assert secret in made.content.decode()
    assert secret not in client.get(page).content.decode()
    token = ApiToken.objects.get()
    assert secret not in token.digest
    assert as_user(cleo).post(f"{page}tokens/{token.pk}/revoke/").status_code == 404
    client.post(f"{page}tokens/{token.pk}/revoke/")
    token.refresh_from_db()
    assert token.revoked_at
    assert list(LogEntry.objects.values_list("act", flat=True)) == ["revoke-token", "make-token"]
    assert client.post(f"{page}tokens/", {"label": " "}).status_code == 422


def test_nothing_can_be_written_and_unknown_tables_are_named(study, url, as_user, ada):
    assert as_user(ada).post(url).status_code == 405
    missing = as_user(ada).get(f"/s/{study.slug}/api/nothing.json")
    assert (missing.status_code, missing.json()["error"]) == (404, "not-found")
