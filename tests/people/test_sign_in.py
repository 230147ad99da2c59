"""Signing in and out, limits, sessions that end, new passwords."""

import re

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.views.defaults import server_error

from mapping.models import Attempt, User
from mapping.people import rate_limit
from tests.making import PASSWORD, make_user

SIGN_IN = "/sign-in/"
HTMX = {"HX-Request": "true"}


def sign_in(client, name, password=PASSWORD, headers=None, **more):
    return client.post(SIGN_IN, {"username": name, "password": password, **more}, headers=headers)


def signed_in_as(client):
    number = client.session.get("_auth_user_id")
    return User.objects.get(pk=number) if number else None


@pytest.mark.parametrize("name", ["ben", "BEN", "ben@example.org", "Ben@Example.ORG"])
def test_one_signs_in_with_user_name_or_email_in_any_case(name, client, ben):
    answer = sign_in(client, name)

    assert (answer.status_code, answer.url, signed_in_as(client)) == (302, "/", ben)


def test_whoever_asked_for_a_page_arrives_there_after_signing_in(client, study, ben):
    asked = client.get(f"/s/{study.slug}/team/?x=1")
    assert asked.url == f"{SIGN_IN}?next=/s/{study.slug}/team/%3Fx%3D1"
    assert (
        f'name="next" value="/s/{study.slug}/team/?x=1"' in client.get(asked.url).content.decode()
    )

    answer = sign_in(client, "ben", next=f"/s/{study.slug}/team/?x=1")
    assert answer.url == f"/s/{study.slug}/team/?x=1"


def test_next_never_leads_to_another_site(client, ben):
    assert sign_in(client, "ben", next="https://evil.example/").url == "/"


@pytest.mark.parametrize(
    "word",
    [
        "inf",
        "queue",
        "../s",
        "1_0",
        "%00",
        "javascript:alert(1)",
        "\\\\evil.example",
        "//evil.example",
    ],
)
def test_next_that_is_no_address_of_this_site_leads_home(word, client, ben):
    assert sign_in(client, "ben", next=word).url == "/"
    assert client.get(SIGN_IN, {"next": word}).url == "/"


def test_a_wrong_password_an_unknown_name_and_a_closed_account_get_the_same_answer(
    client, ben, cleo
):
    User.objects.filter(pk=cleo.pk).update(is_active=False)
    pages = [
        sign_in(client, "ben", "wrong password"),
        sign_in(client, "nobody", "wrong password"),
        sign_in(client, "cleo", PASSWORD),
    ]
    told = [
        re.search(r"No account has this name and password[^<]*", page.content.decode())[0]
        for page in pages
    ]

    assert [page.status_code for page in pages] == [422, 422, 422]
    assert len(set(told)) == 1
    assert signed_in_as(client) is None


def test_an_empty_sign_in_says_what_is_missing(client, db):
    answer = client.post(SIGN_IN, {})

    assert answer.status_code == 422
    assert answer.content.decode().count("This field is required.") == 2


def test_too_many_failures_close_the_account_to_this_address_and_to_no_other(client, ben, cleo):
    for _ in range(rate_limit.SIGN_IN.most):
        assert sign_in(client, "ben", "wrong password").status_code == 422

    refused = sign_in(client, " BEN ")
    assert (refused.status_code, refused["Retry-After"]) == (429, "900")
    assert "Too many failed attempts" in refused.content.decode()
    assert sign_in(Client(), "cleo").status_code == 302
    assert sign_in(Client(REMOTE_ADDR="192.0.2.7"), "ben").status_code == 302


def test_user_name_and_email_of_one_account_count_together(client, ben):
    for number in range(rate_limit.SIGN_IN.most):
        name = ("ben", "ben@example.org", "BEN", "Ben@Example.ORG")[number % 4]
        assert sign_in(client, name, "wrong password").status_code == 422

    assert sign_in(client, "ben").status_code == 429
    assert sign_in(client, "ben@example.org").status_code == 429
    assert sign_in(Client(REMOTE_ADDR="192.0.2.7"), "ben@example.org").status_code == 302


def test_a_name_that_nobody_has_is_limited_alike_and_is_nobodys_number(client, ben):
    for _ in range(rate_limit.SIGN_IN.most):
        assert sign_in(client, f"{ben.pk}", "wrong password").status_code == 422
    assert sign_in(client, f"{ben.pk}", "wrong password").status_code == 429
    assert sign_in(client, "ben").status_code == 302


def changed(client, old, new="quite another one"):
    return client.post(
        reverse("password-change"),
        {"old_password": old, "new_password1": new, "new_password2": new},
    )


def renamed(client, password):
    return client.post(
        reverse("account"), {"name": "Ben", "email": "new@example.org", "password": password}
    )


def test_who_sits_at_an_open_page_guesses_the_password_ten_times_on_whatever_pages_ask_for_it(
    as_user, ben
):
    browser = as_user(ben)
    for _ in range(rate_limit.PASSWORD.most // 2):
        assert (
            "old password was entered incorrectly" in changed(browser, "a guess").content.decode()
        )
        assert "This is not your password" in renamed(browser, "a guess").content.decode()

    for refused in (changed(browser, PASSWORD), renamed(browser, PASSWORD)):
        assert refused.status_code == 422
        assert "Too many wrong passwords" in refused.content.decode()
    ben.refresh_from_db()
    assert ben.check_password(PASSWORD)
    assert ben.email == "ben@example.org"

    Attempt.objects.update(at="2020-01-01T00:00Z")
    assert changed(browser, PASSWORD).status_code == 302


def test_the_right_password_forgets_the_wrong_ones(as_user, ben):
    browser = as_user(ben)
    for _ in range(3):
        for _ in range(rate_limit.PASSWORD.most - 1):
            renamed(browser, "a guess")
        assert renamed(browser, PASSWORD).status_code == 302
        User.objects.filter(pk=ben.pk).update(email="ben@example.org")


def test_the_admin_site_has_no_password_form_beside(as_user, ada):
    User.objects.filter(pk=ada.pk).update(is_staff=True, is_superuser=True)
    answer = as_user(ada).post("/admin/password_change/", {"old_password": "a guess"})
    assert (answer.status_code, answer.url) == (302, reverse("password-change"))


def test_failures_of_many_names_from_one_address_are_limited_too(client, ben):
    for number in range(rate_limit.SIGN_IN_FROM.most):
        rate_limit.count(rate_limit.SIGN_IN_FROM, "127.0.0.1")
        assert number < rate_limit.SIGN_IN_FROM.most

    assert sign_in(client, "ben").status_code == 429


def test_signing_in_and_time_forget_failures(client, ben):
    for _ in range(rate_limit.SIGN_IN.most - 1):
        sign_in(client, "ben", "wrong password")
    assert sign_in(client, "ben").status_code == 302
    client.logout()
    assert sign_in(client, "ben", "wrong password").status_code == 422

    for _ in range(rate_limit.SIGN_IN.most):
        sign_in(client, "ben", "wrong password")
    assert sign_in(client, "ben").status_code == 429
    Attempt.objects.update(at="2020-01-01T00:00Z")
    assert sign_in(client, "ben").status_code == 302


def test_the_record_of_failures_names_nobody(client, ben):
    sign_in(client, "ben", "wrong password")

    assert {len(attempt.key) for attempt in Attempt.objects.all()} == {64}
    assert not Attempt.objects.filter(key__contains="ben").exists()


def test_behind_a_proxy_only_its_own_word_on_the_address_counts(rf, settings):
    request = rf.get(
        "/", headers={"X-Forwarded-For": "1.1.1.1, 203.0.113.9"}, REMOTE_ADDR="10.0.0.1"
    )
    assert rate_limit.address_of(request) == "10.0.0.1"
    settings.IS_BEHIND_PROXY = True
    assert rate_limit.address_of(request) == "203.0.113.9"


def test_one_machine_is_one_address_in_ipv6_too(rf):
    one, other = (rf.get("/", REMOTE_ADDR=address) for address in ("2001:db8::1", "2001:db8::ffff"))

    assert rate_limit.address_of(one) == rate_limit.address_of(other) == "2001:db8::/64"


def test_htmx_gets_the_sign_in_alone_and_then_an_event(client, ben):
    part = client.get(SIGN_IN, headers=HTMX).content.decode()
    assert "<html" not in part
    assert 'hx-post="/sign-in/"' in part

    refused = sign_in(client, "ben", "wrong password", headers=HTMX)
    assert refused.status_code == 422
    assert "<html" not in refused.content.decode()

    done = sign_in(client, "ben", headers=HTMX)
    assert (done.status_code, done["HX-Trigger"], done.content) == (204, "signed-in", b"")
    assert client.get(SIGN_IN, headers=HTMX)["HX-Trigger"] == "signed-in"


def test_htmx_is_told_of_too_many_failures_in_an_answer_it_shows(client, ben):
    for _ in range(rate_limit.SIGN_IN.most):
        sign_in(client, "ben", "wrong password")

    assert sign_in(client, "ben", headers=HTMX).status_code == 422


def test_on_an_open_page_nobody_signs_in_but_its_own_person(client, ben, cleo):
    refused = sign_in(client, "cleo", headers=HTMX, whose="ben")

    assert refused.status_code == 422
    assert "This page belongs to ben" in refused.content.decode()
    assert signed_in_as(client) is None
    assert sign_in(client, "ben", headers=HTMX, whose="ben").status_code == 204


@pytest.mark.parametrize(
    "headers",
    [HTMX, {"Sec-Fetch-Mode": "cors"}, {"X-Requested-With": "XMLHttpRequest"}],
)
def test_a_part_of_a_page_asked_for_after_the_session_ended_gets_401_and_no_page(
    headers, client, study
):
    for answer in (
        client.get(f"/s/{study.slug}/team/", headers=headers),
        client.post("/account/", headers=headers),
    ):
        assert (answer.status_code, answer["Cache-Control"]) == (401, "no-store")
        assert "Sign in again" in answer.content.decode()
        assert "<html" not in answer.content.decode()


def test_a_script_that_reads_json_is_told_so_in_json(client, study):
    answer = client.get(f"/s/{study.slug}/team/", headers={"Accept": "application/json"})

    assert (answer.status_code, answer.json()["error"], answer.json()["sign_in"]) == (
        401,
        "signed-out",
        SIGN_IN,
    )


def test_a_boosted_link_and_a_restored_page_lead_to_the_sign_in_page(client, study):
    for headers in ({**HTMX, "HX-Boosted": "true"}, {**HTMX, "HX-History-Restore-Request": "true"}):
        assert client.get(f"/s/{study.slug}/team/", headers=headers).status_code == 302


def test_a_form_sent_after_the_session_ended_is_kept_and_can_be_sent_once_more(client, study, ada):
    url = f"/s/{study.slug}/team/invite/"
    lost = client.post(
        url, {"role": "reviewer", "email": "new@example.org", "password": "secret words"}
    )
    page = lost.content.decode()
    kept = re.search(r'name="kept" value="([^"]*)"', page)[1].replace("&amp;", "&")
    assert lost.status_code == 401
    assert kept == "role=reviewer&email=new%40example.org"
    assert "secret words" not in page

    refused = sign_in(client, "ada", "wrong password", kept=kept, next=url).content.decode()
    assert kept.replace("&", "&amp;") in refused

    resumed = sign_in(client, "ada", kept=kept, next=url).content.decode()
    assert f'action="{url}"' in resumed
    assert '<input type="hidden" name="email" value="new@example.org">' in resumed
    assert not study.invitations.exists()
    client.post(url, {"role": "reviewer", "email": "new@example.org"})
    assert [invitation.email for invitation in study.invitations.all()] == ["new@example.org"]


def test_what_is_kept_is_never_sent_to_another_site(client, ada):
    page = sign_in(client, "ada", kept="a=1", next="https://evil.example/").content.decode()

    assert 'action="/"' in page
    assert "evil" not in page


def test_signing_out_ends_the_session_and_works_twice(client, as_user, ben):
    own = as_user(ben)

    assert own.post("/sign-out/").url == SIGN_IN
    assert own.post("/sign-out/").url == SIGN_IN
    assert own.get("/").status_code == 302


def reset_link(message):
    return re.search(rf"{re.escape(settings.PUBLIC_URL)}(/password-reset/\S+)", message.body)[1]


def test_a_forgotten_password_is_replaced_by_mail_once(client, ben):
    sent = client.post("/password-reset/", {"email": "BEN@example.org"})
    assert sent.url == reverse("password-reset-sent")
    link = reset_link(mail.outbox[0])
    assert mail.outbox[0].subject == "A new password for Concord"

    form = client.get(link, follow=True)
    chosen = {"new_password1": "quite another one", "new_password2": "quite another one"}
    done = client.post(form.redirect_chain[-1][0], chosen, follow=True)
    assert "Your new password is saved" in done.content.decode()
    assert sign_in(client, "ben", "quite another one").status_code == 302
    assert "does not work any more" in Client().get(link, follow=True).content.decode()


def test_a_new_password_opens_an_account_that_failures_had_closed(client, ben):
    for _ in range(rate_limit.SIGN_IN.most):
        sign_in(client, "ben", "wrong password")
    client.post("/password-reset/", {"email": "ben@example.org"})
    form = client.get(reset_link(mail.outbox[0]), follow=True)
    chosen = {"new_password1": "quite another one", "new_password2": "quite another one"}
    client.post(form.redirect_chain[-1][0], chosen)

    assert sign_in(client, "ben", "quite another one").status_code == 302


def test_asking_for_a_password_does_not_tell_who_has_an_account(client, ben):
    make_user("imported", email="", password=None)
    known, unknown, imported = (
        re.sub(
            r'"X-CSRFToken": "[^"]*"',
            "",
            client.post("/password-reset/", asked, follow=True).content.decode(),
        )
        for asked in (
            {"email": "ben@example.org"},
            {"email": "nobody@example.org"},
            {"email": "imported@example.org"},
        )
    )

    assert known == unknown == imported
    assert [message.to for message in mail.outbox] == [["ben@example.org"]]


def test_nobody_is_flooded_with_password_mails(client, ben):
    answers = [client.post("/password-reset/", {"email": "ben@example.org"}) for _ in range(7)]

    assert [answer.status_code for answer in answers] == [302] * 5 + [422] * 2
    assert len(mail.outbox) == 5


def test_a_weak_new_password_is_refused_with_its_reason(client, ben):
    client.post("/password-reset/", {"email": "ben@example.org"})
    form = client.get(reset_link(mail.outbox[0]), follow=True)
    refused = client.post(
        form.redirect_chain[-1][0], {"new_password1": "12345678", "new_password2": "12345678"}
    )

    assert refused.status_code == 422
    assert "entirely numeric" in refused.content.decode()


def test_a_page_that_was_open_before_signing_in_elsewhere_says_so_and_shows_what_was_typed(ben):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ben)
    refused = strict.post(
        "/account/", {"name": "A long sentence I typed", "password": "hidden words"}
    )
    page = refused.content.decode()

    assert refused.status_code == 403
    assert "This form was too old" in page
    assert "A long sentence I typed" in page
    assert "hidden words" not in page


def test_a_form_too_large_is_refused_with_the_limit(as_user, ben, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
    refused = as_user(ben).post("/account/", {"name": "x" * (1024 * 1024 + 10)})

    assert refused.status_code == 413
    assert "A form may hold 1 MB" in refused.content.decode()


def test_the_pages_for_what_went_wrong_stand_alone(client, as_user, ben, study, settings):
    assert "There is nothing at this address" in client.get("/no/such/page").content.decode()
    assert "There is nothing at this address" in as_user(ben).get("/s/other/").content.decode()
    refused = as_user(ben).get(reverse("invite", args=[study.slug]))
    assert (refused.status_code, "Only leads" in refused.content.decode()) == (403, True)


def test_a_failure_of_the_server_shows_a_page_that_needs_neither_person_nor_database(rf):
    failed = server_error(rf.get("/"))

    assert failed.status_code == 500
    assert "The server failed on this page" in failed.content.decode()
