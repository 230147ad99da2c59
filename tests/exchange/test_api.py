import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from mapping.models import ApiToken, LogEntry, User
from mapping.people import tokens
from tests.making import PASSWORD, make_assignment, make_paper, make_study, make_summary


@pytest.fixture
def url(study):
    return f"/s/{study.slug}/api/codings.json"


def secret_of(study, user):
    return tokens.grant(study.memberships.get(user=user), label="notebook")[1]


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
    ApiToken.objects.get().revoke()
    assert asked(url, secret).status_code == 401


def test_a_token_opens_one_study_and_falls_with_its_membership(study, url, ben):
    other = make_study(lead=ben)
    secret = secret_of(study, ben)
    assert asked(f"/s/{other.slug}/api/codings.json", secret).status_code == 404
    membership = study.memberships.get(user=ben)
    membership.deactivated_at = membership.joined_at
    membership.save()
    assert asked(url, secret).status_code == 401


def test_a_token_is_shown_once_kept_as_a_digest_and_revoked_by_its_owner_alone(
    study, as_user, ben, cleo
):
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


def test_a_token_ends_by_itself_after_ninety_days_or_on_the_day_that_was_asked_for(
    study, url, as_user, ben
):
    client, page = as_user(ben), f"/s/{study.slug}/api/"
    secret = client.post(f"{page}tokens/", {"label": "notebook"}).context["secret"]
    token = ApiToken.objects.get()
    assert token.ends_at - token.created_at == pytest.approx(
        timedelta(days=90), abs=timedelta(minutes=1)
    )
    assert asked(url, secret).status_code == 200
    ApiToken.objects.update(ends_at=timezone.now())
    assert asked(url, secret).status_code == 401
    assert "ended" in client.get(page).content.decode()

    tomorrow = timezone.localdate() + timedelta(days=1)
    secret = client.post(
        f"{page}tokens/", {"label": "short", "ends_on": tomorrow.isoformat()}
    ).context["secret"]
    assert asked(url, secret).status_code == 200
    assert timezone.localdate(ApiToken.objects.get(label="short").ends_at) == tomorrow


@pytest.mark.parametrize("day", ["2020-01-01", "2999-01-01", "soon"])
def test_no_token_is_for_ever_and_none_for_yesterday(day, study, as_user, ben):
    refused = as_user(ben).post(
        f"/s/{study.slug}/api/tokens/", {"label": "notebook", "ends_on": day}
    )
    assert refused.status_code == 422
    assert (
        "within a year" in refused.content.decode()
        or "Enter a valid date" in refused.content.decode()
    )
    assert 'value="notebook"' in refused.content.decode()
    assert not ApiToken.objects.exists()


def by_form(client, user):
    words = {
        "old_password": PASSWORD,
        "new_password1": "quite another one",
        "new_password2": "quite another one",
    }
    client.post("/account/password/", words)


def by_admin(client, user):
    root = User.objects.create_superuser("root", "root@example.org", PASSWORD)
    other = Client()
    other.force_login(root)
    words = {"password1": "quite another one", "password2": "quite another one"}
    other.post(f"/admin/mapping/user/{user.pk}/password/", words)


def by_command(client, user):
    user.set_password("quite another one")
    user.save()


@pytest.mark.parametrize("change", [by_form, by_admin, by_command])
def test_tokens_are_gone_with_the_password_they_were_made_under(
    change, study, url, as_user, ben, cleo
):
    elsewhere = make_study(lead=ben)
    secret, others, second = (
        secret_of(study, ben),
        secret_of(study, cleo),
        secret_of(elsewhere, ben),
    )
    change(as_user(ben), ben)
    ben.refresh_from_db()
    assert ben.check_password("quite another one")
    assert asked(url, secret).status_code == 401
    assert asked(f"/s/{elsewhere.slug}/api/codings.json", second).status_code == 401
    assert asked(url, others).status_code == 200
    assert ApiToken.objects.filter(revoked_at=None).count() == 1
    assert LogEntry.objects.filter(act="revoke-token").count() == 2


def test_what_is_no_new_password_leaves_tokens_alone(study, url, as_user, ben, settings):
    secret = secret_of(study, ben)
    as_user(ben).post("/account/", {"name": "Ben B", "email": ben.email})
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        *settings.PASSWORD_HASHERS,
    ]
    assert Client().post("/sign-in/", {"username": "ben", "password": PASSWORD}).status_code == 302
    ben.refresh_from_db()
    assert ben.password.startswith("pbkdf2"), "the same password, hashed better on signing in"
    assert asked(url, secret).status_code == 200
