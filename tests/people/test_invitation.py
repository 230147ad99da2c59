"""Invitations: made, mailed, accepted, taken back."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from mapping.models import Invitation, LogEntry, Membership, User
from mapping.people.invitations import (
    NotInvited,
    accept,
    accept_as_newcomer,
    claimable_in,
    invite,
    renew,
    revoke,
)
from mapping.people.membership import deactivate
from reviews.models import Assignment
from tests.making import make_assignment, make_paper, make_study, make_user
from tests.people.test_team import at_once, part_of, team_of

NEWCOMER = {
    "name": "Nia New",
    "username": "nia",
    "email": "nia@example.org",
    "password": "a quite new password",
}


@pytest.fixture
def invitation(study, ada):
    return invite(study, role="reviewer", by=ada)


@pytest.fixture
def link(invitation):
    return invitation.get_absolute_url()


def test_a_lead_makes_a_link_to_copy_and_the_log_says_so(study, as_user, ada):
    own = as_user(ada)
    assert own.post(team_of(study, "invite/"), {"role": "observer", "email": ""}).status_code == 302
    page = own.get(team_of(study)).content.decode()
    made = Invitation.objects.get()

    assert f"{settings.PUBLIC_URL}{made.get_absolute_url()}" in page
    assert (made.role, made.state, made.invited_by) == ("observer", "open", ada)
    assert LogEntry.objects.get().text == "Ada Lead invited somebody as observer."
    assert mail.outbox == []


def test_an_invitation_with_an_address_is_mailed(study, as_user, ada):
    as_user(ada).post(team_of(study, "invite/"), {"role": "reviewer", "email": "new@example.org"})
    message = mail.outbox[0]

    assert (message.to, message.reply_to) == (["new@example.org"], ["ada@example.org"])
    assert message.subject == f"Ada Lead invites you to {study.title}"
    assert f"{settings.PUBLIC_URL}{Invitation.objects.get().get_absolute_url()}" in message.body


def test_where_the_mail_cannot_be_sent_the_link_is_there_to_copy(study, as_user, ada, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    page = as_user(ada).post(
        team_of(study, "invite/"), {"role": "reviewer", "email": "new@example.org"}, follow=True
    )

    assert "could not be sent. Copy the link instead" in page.content.decode()
    assert Invitation.objects.get().state == "open"


@pytest.mark.parametrize("posted", [{}, {"role": "owner"}, {"role": "reviewer", "email": "nobody"}])
def test_a_refused_invitation_says_why_and_writes_nothing(posted, study, as_user, ada):
    refused = as_user(ada).post(team_of(study, "invite/"), posted)

    assert refused.status_code == 422
    assert 'aria-invalid="true"' in refused.content.decode()
    assert not Invitation.objects.exists()


def test_a_newcomer_makes_an_account_and_is_in(study, client, invitation, link):
    assert "Make my account and join" in client.get(link).content.decode()
    joined = client.post(link, NEWCOMER)

    nia = User.objects.get(username="nia")
    assert joined.url == study.get_absolute_url()
    assert (
        "Welcome, Nia New. You are a reviewer of this study."
        in client.get(joined.url).content.decode()
    )
    assert part_of(nia, study).role == "reviewer"
    invitation.refresh_from_db()
    assert (invitation.state, invitation.accepted_by) == ("accepted", nia)
    assert LogEntry.objects.get(act="join").by == nia


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"password": "12345678"}, "entirely numeric"),
        ({"password": "nia@example.org"}, "too similar"),
        ({"username": "BEN"}, "This user name is taken"),
        ({"username": "nia@home"}, "A user name has no @"),
        ({"email": "Ben@Example.org"}, "Somebody already uses this e-mail address"),
        ({"email": ""}, "This field is required"),
        ({"name": ""}, "This field is required"),
        ({"username": "ni a"}, "Enter a valid username"),
    ],
)
def test_a_refused_account_says_why_and_the_link_stays_good(
    changed, said, study, client, ben, invitation, link
):
    people = User.objects.count()
    refused = client.post(link, {**NEWCOMER, **changed})

    assert refused.status_code == 422
    assert said in refused.content.decode()
    assert User.objects.count() == people
    invitation.refresh_from_db()
    assert invitation.state == "open"


def test_somebody_with_an_account_signs_in_and_joins(study, client, zoe, link):
    page = client.get(link).content.decode()
    sign_in = re.search(r'href="(/sign-in/\?next=[^"]+)"', page)[1]
    assert f'name="next" value="{link}"' in client.get(sign_in).content.decode()
    client.force_login(zoe)
    assert "Join as reviewer" in client.get(link).content.decode()
    assert not Membership.objects.filter(user=zoe).exists()

    assert client.post(link).url == study.get_absolute_url()
    assert part_of(zoe, study).role == "reviewer"
    assert client.post(link).url == study.get_absolute_url()
    assert Membership.objects.filter(user=zoe).count() == 1


@pytest.mark.parametrize(
    ("state", "said", "what_to_do"),
    [
        ("accepted", "This invitation was used already", "ask for a new link"),
        ("revoked", "This invitation was revoked", "for a new one"),
        ("expired", "This invitation has expired", "to renew it"),
    ],
)
def test_a_link_that_is_no_longer_good_says_so_and_what_to_do(
    state, said, what_to_do, study, client, as_user, ben, zoe, invitation, link
):
    now = timezone.now()
    facts = {
        "accepted": {"accepted_by": ben, "accepted_at": now},
        "revoked": {"revoked_at": now},
        "expired": {"invited_at": now - timedelta(days=15)},
    }
    Invitation.objects.update(**facts[state])
    for who in (client, as_user(zoe)):
        for answer in (who.get(link), who.post(link, NEWCOMER)):
            assert answer.status_code == 410
            assert said in answer.content.decode()
            assert what_to_do in answer.content.decode()
    assert not User.objects.filter(username="nia").exists()
    assert not Membership.objects.filter(user=zoe).exists()


def test_a_link_that_was_tampered_with_leads_nowhere(client, invitation, link, study, ada):
    other = invite(study, role="lead", by=ada)
    signature = link.rstrip("/").split(".")[1]
    for token in (f"{other.pk}.{signature}", f"{invitation.pk}", f"{invitation.pk}.x", "x"):
        answer = client.get(f"/invitation/{token}/")
        assert answer.status_code == 404
        assert "This link is not complete" in answer.content.decode()


def test_an_invitation_raises_a_role_and_never_lowers_one(study, ada, ben, olga):
    assert accept(invite(study, role="reviewer", by=ada), user=olga).role == "reviewer"
    assert accept(invite(study, role="observer", by=ada), user=ben).role == "reviewer"
    assert accept(invite(study, role="observer", by=ada), user=ada).role == "lead"


def test_whoever_was_deactivated_needs_a_newer_invitation(study, ada, ben, link):
    old = Invitation.objects.get()
    deactivate(part_of(ben, study), by=ada)

    with pytest.raises(NotInvited, match="taken off this study"):
        accept(old, user=ben)
    assert accept(invite(study, role="observer", by=ada), user=ben).is_active


def test_a_lead_revokes_and_renews(study, as_user, ada, client, invitation, link):
    Invitation.objects.update(invited_at=timezone.now() - timedelta(days=20))
    assert client.get(link).status_code == 410
    as_user(ada).post(team_of(study, f"invitations/{invitation.pk}/renew/"))
    assert client.get(link).status_code == 200

    as_user(ada).post(team_of(study, f"invitations/{invitation.pk}/revoke/"))
    assert client.get(link).status_code == 410
    refused = as_user(ada).post(team_of(study, f"invitations/{invitation.pk}/renew/"))
    assert refused.status_code == 422
    assert "make a new one" in refused.content.decode()
    acts = LogEntry.objects.order_by("pk").values_list("act", flat=True)
    assert list(acts) == ["invite", "renew-invitation", "revoke-invitation"]


def test_renewing_mails_the_link_again(study, as_user, ada):
    made = invite(study, role="reviewer", email="new@example.org", by=ada)
    as_user(ada).post(team_of(study, f"invitations/{made.pk}/renew/"))

    assert [message.to for message in mail.outbox] == [["new@example.org"]]


def test_an_invitation_of_another_study_cannot_be_touched(study, as_user, ada, zoe):
    other = invite(make_study(lead=zoe), role="reviewer", by=zoe)
    for page in ("revoke", "renew"):
        assert (
            as_user(ada).post(team_of(study, f"invitations/{other.pk}/{page}/")).status_code == 404
        )
    other.refresh_from_db()
    assert other.state == "open"


@pytest.mark.django_db(transaction=True)
def test_accepting_twice_at_once_makes_one_membership(study, zoe, invitation):
    raised = at_once(*[lambda: accept(invitation, user=zoe)] * 4)

    assert raised == [None] * 4
    assert Membership.objects.filter(user=zoe).count() == 1
    assert LogEntry.objects.filter(act="join").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_people_with_one_link_one_is_in(study, zoe, invitation):
    other = make_user("yan")
    raised = at_once(lambda: accept(invitation, user=zoe), lambda: accept(invitation, user=other))

    assert [type(error) for error in raised if error] == [NotInvited]
    assert Membership.objects.filter(user__in=[zoe, other]).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_newcomers_with_one_link_make_one_account(study, invitation):
    facts = [
        {**NEWCOMER, "username": name, "email": f"{name}@example.org"} for name in ("nia", "noa")
    ]
    raised = at_once(
        *(lambda facts=each: accept_as_newcomer(invitation, **facts) for each in facts)
    )

    assert [type(error) for error in raised if error] == [NotInvited]
    assert User.objects.filter(username__in=["nia", "noa"]).count() == 1


@pytest.mark.django_db(transaction=True)
def test_revoked_and_accepted_at_once_is_one_of_the_two(study, ada, zoe, invitation):
    at_once(lambda: accept(invitation, user=zoe), lambda: revoke(invitation, by=ada))

    invitation.refresh_from_db()
    assert (invitation.state == "accepted") == Membership.objects.filter(user=zoe).exists()


@pytest.fixture
def rater(study):
    person = make_user("Rater 1", name="Rater 1", email="", password=None)
    Membership.objects.create(study=study, user=person, role="reviewer")
    make_assignment(make_paper(study), person)
    return person


def test_a_reviewer_from_an_imported_file_takes_over_their_own_account(
    study, as_user, ada, rater, client
):
    as_user(ada).post(team_of(study, "invite/"), {"role": "reviewer", "claims": rater.pk})
    link = Invitation.objects.get().get_absolute_url()
    assert "You take over the account <b>Rater 1</b>" in client.get(link).content.decode()

    client.post(
        link,
        {"name": "Rita Rater", "email": "rita@example.org", "password": "a quite new password"},
    )
    rater.refresh_from_db()
    assert (rater.username, rater.name, rater.email) == (
        "Rater 1",
        "Rita Rater",
        "rita@example.org",
    )
    assert Assignment.objects.get().reviewer == rater
    assert Membership.objects.filter(study=study, user=rater).count() == 1
    assert (
        Client()
        .post("/sign-in/", {"username": "rita@example.org", "password": "a quite new password"})
        .url
        == "/"
    )


def test_nobody_hands_over_an_account_with_a_login_or_of_two_studies_or_of_an_admin(
    study, ada, ben, rater
):
    assert list(claimable_in(study)) == [rater]
    User.objects.filter(pk=rater.pk).update(is_staff=True)
    assert list(claimable_in(study)) == []
    User.objects.filter(pk=rater.pk).update(is_staff=False)
    Membership.objects.create(study=make_study(), user=rater, role="reviewer")
    assert list(claimable_in(study)) == []
    for person in (ben, rater):
        with pytest.raises(ValidationError, match="cannot be handed over"):
            invite(study, role="reviewer", by=ada, claims=person)


def test_an_account_is_handed_over_once(study, ada, rater):
    first, second = (invite(study, role="reviewer", by=ada, claims=rater) for _ in range(2))
    facts = {"name": "Rita", "email": "rita@example.org", "password": "a quite new password"}
    accept_as_newcomer(first, **facts)

    with pytest.raises(NotInvited, match="has a login by now"):
        accept_as_newcomer(second, **{**facts, "email": "other@example.org"})


def test_somebody_signed_in_does_not_swallow_anothers_account(study, as_user, ada, zoe, rater):
    link = invite(study, role="reviewer", by=ada, claims=rater).get_absolute_url()

    assert "Two accounts cannot become one" in as_user(zoe).get(link).content.decode()
    assert as_user(zoe).post(link).status_code == 410
    assert not Membership.objects.filter(user=zoe).exists()


def test_renewing_is_for_leads_even_when_two_act_at_once(study, ben, invitation):
    for act in (renew, revoke):
        with pytest.raises(ValidationError, match="no longer a lead"):
            act(invitation, by=ben)


def test_a_new_account_signs_in_with_what_was_chosen(client, link):
    client.post(link, NEWCOMER)

    assert (
        Client().post("/sign-in/", {"username": "nia", "password": NEWCOMER["password"]}).url == "/"
    )


def test_an_observer_is_welcomed_in_good_english(study, ada, client):
    joined = client.post(invite(study, role="observer", by=ada).get_absolute_url(), NEWCOMER)
    assert "You are an observer of this study." in client.get(joined.url).content.decode()


def test_a_mailed_link_is_for_the_account_of_its_address(study, as_user, ada, zoe):
    mailed = invite(study, role="lead", email="nia@example.org", by=ada)
    link = mailed.get_absolute_url()
    for refused in (as_user(zoe).get(link), as_user(zoe).post(link)):
        assert refused.status_code == 410
        assert "This invitation was made for nia@example.org" in refused.content.decode()
    assert not study.memberships.filter(user=zoe).exists()
    with pytest.raises(NotInvited):
        accept(mailed, user=zoe)

    nia = make_user("nia", email="Nia@Example.org")
    assert as_user(nia).post(link).status_code == 302
    assert study.memberships.get(user=nia).role == "lead"


def test_a_newcomer_by_mail_gets_the_address_that_was_mailed_to_whatever_they_send(
    study, client, ada
):
    mailed = invite(study, role="reviewer", email="nia@example.org", by=ada)
    page = client.get(mailed.get_absolute_url()).content.decode()
    assert re.search(r'name="email"[^>]*value="nia@example.org"[^>]*disabled', page)
    client.post(mailed.get_absolute_url(), {**NEWCOMER, "email": "mallory@example.org"})
    assert User.objects.get(username="nia").email == "nia@example.org"
    assert not User.objects.filter(email="mallory@example.org").exists()


def test_no_account_is_made_under_another_address_by_whoever_calls_the_act(study, ada):
    mailed = invite(study, role="reviewer", email="nia@example.org", by=ada)
    with pytest.raises(NotInvited):
        accept_as_newcomer(mailed, **{**NEWCOMER, "email": "mallory@example.org"})
    assert not User.objects.filter(username="nia").exists()


def test_a_link_without_an_address_is_for_whoever_has_it(study, as_user, ada, zoe):
    assert (
        as_user(zoe).post(invite(study, role="reviewer", by=ada).get_absolute_url()).status_code
        == 302
    )
    assert study.memberships.filter(user=zoe).exists()
