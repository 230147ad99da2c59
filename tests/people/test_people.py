"""One's own account, and the page one arrives at."""

import pytest
from django.core.management import call_command

from mapping.models import Membership, User
from tests.making import PASSWORD, make_assignment, make_paper, make_round, make_study, make_summary


def test_one_changes_ones_name_without_a_password(as_user, ben):
    done = as_user(ben).post("/account/", {"name": "Benedict", "email": ben.email})

    ben.refresh_from_db()
    assert (done.status_code, ben.name) == (302, "Benedict")


def test_a_new_email_address_takes_the_password(as_user, ben):
    facts = {"name": "Ben", "email": "new@example.org"}
    refused = as_user(ben).post("/account/", {**facts, "password": "wrong"})
    ben.refresh_from_db()
    assert (refused.status_code, ben.email) == (422, "ben@example.org")
    assert "This is not your password" in refused.content.decode()

    as_user(ben).post("/account/", {**facts, "password": PASSWORD})
    ben.refresh_from_db()
    assert ben.email == "new@example.org"


@pytest.mark.parametrize("email", ["cleo@example.org", "CLEO@example.org", "not an address"])
def test_an_email_address_that_cannot_be_is_refused(email, as_user, ben, cleo):
    refused = as_user(ben).post("/account/", {"name": "Ben", "email": email, "password": PASSWORD})

    ben.refresh_from_db()
    assert (refused.status_code, ben.email) == (422, "ben@example.org")


def test_nobody_takes_anothers_user_name_for_an_email_address(as_user, ben):
    User.objects.create_user("cleo@example.org", email="", password=PASSWORD)
    refused = as_user(ben).post(
        "/account/", {"name": "Ben", "email": "Cleo@example.org", "password": PASSWORD}
    )

    assert refused.status_code == 422


def test_a_refused_account_form_leaves_the_name_in_the_bar(as_user, ben):
    page = as_user(ben).post("/account/", {"name": "Somebody Else", "email": "no"}).content.decode()

    assert '<a href="/account/">Ben Reviewer</a>' in page
    assert 'value="Somebody Else"' in page


def test_one_changes_ones_password_and_stays_signed_in_here_alone(as_user, ben):
    here, elsewhere = as_user(ben), as_user(ben)
    new = {"new_password1": "quite another one", "new_password2": "quite another one"}
    assert here.post("/account/password/", {"old_password": "wrong", **new}).status_code == 422
    assert here.post("/account/password/", {"old_password": PASSWORD, **new}).status_code == 302

    assert here.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302


def test_the_first_page_shows_a_newcomer_the_first_step(as_user, zoe):
    page = as_user(zoe).get("/").content.decode()

    assert "You are in no study yet" in page
    assert "ask one of its leads for an invitation" in page


def test_the_first_page_shows_my_studies_my_roles_and_what_waits_for_me(as_user, ben, ada):
    one, other, third = (
        make_study("One", lead=ada),
        make_study("Other", lead=ada),
        make_study("Third", lead=ada),
    )
    for study, role in ((one, "reviewer"), (other, "observer")):
        Membership.objects.create(study=study, user=ben, role=role)
    open_paper, done_paper = make_paper(one, "Still to read"), make_paper(one, "Read already")
    make_assignment(open_paper, ben)
    make_summary(done_paper, ben)
    make_assignment(make_paper(third, "Of a study I am not in"), ben)
    page = as_user(ben).get("/").content.decode()

    assert page.index("One") < page.index("Other")
    assert "Third" not in page
    assert "Still to read" in page
    assert "Read already" not in page
    assert "Of a study I am not in" not in page
    assert "reads only" in page


def test_what_is_due_first_comes_first_and_closed_rounds_wait_for_nobody(as_user, ben, study):
    closed = "2026-01-01T00:00Z"
    for name, due, closed_at in (
        ("Late", "2030-01-02", None),
        ("Early", "2030-01-01", None),
        ("Closed", None, closed),
    ):
        round = make_round(study, name, due_on=due, closed_at=closed_at)
        make_assignment(make_paper(study, f"Paper of {name}"), ben, round=round)
    page = as_user(ben).get("/").content.decode()

    assert page.index("Paper of Early") < page.index("Paper of Late")
    assert "Paper of Closed" not in page


def test_the_first_page_asks_the_same_number_of_questions_of_one_study_and_of_three(
    as_user, ben, ada, django_assert_num_queries, django_assert_max_num_queries
):
    own = as_user(ben)

    def add_study():
        study = make_study(lead=ada)
        Membership.objects.create(study=study, user=ben, role="reviewer")
        make_assignment(make_paper(study), ben)

    add_study()
    with django_assert_max_num_queries(7) as with_one:
        own.get("/")
    add_study()
    add_study()
    with django_assert_num_queries(len(with_one)):
        own.get("/")


def test_an_admin_can_be_made_at_the_command_line(db, monkeypatch, client):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command(
        "createsuperuser", "--noinput", "--username", "root", "--email", "root@example.org"
    )

    client.post("/sign-in/", {"username": "root@example.org", "password": PASSWORD})
    assert client.get("/admin/").status_code == 200
