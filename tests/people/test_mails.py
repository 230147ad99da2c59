"""Mails lead to the public address whatever host a request names, none is lost, and none tells who
has an account.
"""

import re
import socketserver
import statistics
import threading
import time
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends import locmem
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mapping.models import PasswordMail, Section
from mapping.people import password_mail
from reviews.settling import discussion
from tests.making import make_paper, make_summary
from tests.own_server import OwnServer
from tests.people.test_team import team_of
from tests.raw_http import Connection

PUBLIC = "https://concord.example.org"
# What somebody who wants the link for themselves would send.
FOREIGN = [
    {"Host": "localhost:6666"},
    {"Host": "127.0.0.1:6666"},
    {"X-Forwarded-Host": "evil.example"},
    {"X-Forwarded-Port": "6666"},
    {"X-Forwarded-Proto": "https"},
    {"Forwarded": "host=evil.example"},
]


@pytest.fixture(autouse=True)
def public_address(settings):
    settings.PUBLIC_URL = PUBLIC


def links(message):
    return re.findall(r"https?://\S+", message.body)


@pytest.mark.parametrize("headers", FOREIGN, ids=lambda headers: " ".join(*headers.items()))
def test_password_and_invitation_mails_lead_to_the_public_address(
    headers, study, as_user, ada, ben
):
    Client().post(reverse("password-reset"), {"email": ben.email}, headers=headers)
    lead = as_user(ada)
    lead.post(
        team_of(study, "invite/"), {"role": "reviewer", "email": "new@example.org"}, headers=headers
    )
    lead.post(team_of(study, f"invitations/{study.invitations.get().pk}/renew/"), headers=headers)

    assert [message.to for message in mail.outbox] == [
        [ben.email],
        ["new@example.org"],
        ["new@example.org"],
    ]
    found = [link for message in mail.outbox for link in links(message)]
    assert len(found) == 3
    assert all(link.startswith(f"{PUBLIC}/") for link in found), found


def test_links_that_are_copied_from_a_page_lead_there_too(study, as_user, ada):
    lead = as_user(ada)
    lead.post(team_of(study, "invite/"), {"role": "reviewer"})
    page = lead.get(team_of(study), headers={"Host": "localhost:6666"}).content.decode()
    assert f"{PUBLIC}{study.invitations.get().get_absolute_url()}" in page
    api = lead.get(
        reverse("api", args=[study.slug]), headers={"Host": "localhost:6666"}
    ).content.decode()
    assert f"{PUBLIC}/s/{study.slug}/api/codings.json" in api
    assert "localhost:6666" not in page + api


def test_a_mention_leads_to_the_public_address(
    study, ben, cleo, settings, django_capture_on_commit_callbacks
):
    settings.SENDS_MAIL = True
    paper = make_paper(study)
    for user in (ben, cleo):
        make_summary(paper, user, answers={"challenges": ["Cost"]})
    with django_capture_on_commit_callbacks(execute=True):
        discussion.remark(paper, Section.objects.get(key="challenges"), text="@cleo look", by=ben)
    assert links(mail.outbox[0])[0].startswith(
        f"{PUBLIC}/s/{study.slug}/papers/{paper.key}/comparison/"
    )


class Away(locmem.EmailBackend):
    is_away = True

    def send_messages(self, messages):
        if self.is_away:
            raise ConnectionRefusedError
        return super().send_messages(messages)


def test_a_mail_that_the_mail_server_refuses_waits_and_goes_out_later_once(
    client, ben, settings, monkeypatch
):
    settings.EMAIL_BACKEND = "tests.people.test_mails.Away"
    assert client.post(reverse("password-reset"), {"email": ben.email}).status_code == 302
    assert mail.outbox == []
    assert [waiting.email for waiting in PasswordMail.objects.all()] == [ben.email]

    monkeypatch.setattr(Away, "is_away", False)
    assert password_mail.send_waiting()
    assert password_mail.send_waiting()
    assert [message.to for message in mail.outbox] == [[ben.email]]
    assert not PasswordMail.objects.exists()


def test_nothing_is_kept_of_an_address_without_an_account_and_nothing_is_sent_after_a_day(
    client, ben
):
    client.post(reverse("password-reset"), {"email": "nobody@example.org"})
    assert not PasswordMail.objects.exists()
    PasswordMail.objects.create(email=ben.email)
    PasswordMail.objects.update(asked_at=timezone.now() - timedelta(days=2))
    password_mail.send_waiting()
    assert not PasswordMail.objects.exists()
    assert mail.outbox == []


class SlowMailServer(socketserver.StreamRequestHandler):
    """Speaks as much SMTP as is needed to be slow."""

    got: list[str] = []

    def handle(self):
        time.sleep(0.5)
        self.wfile.write(b"220 slow\r\n")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                text = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.got.append(text.decode())
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                return


MADE = """
from tests.making import *
make_user("ben")
"""


@pytest.fixture
def mail_server():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), SlowMailServer) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        SlowMailServer.got.clear()
        yield server.server_address[1]
        server.shutdown()


def test_the_time_of_an_answer_does_not_tell_who_has_an_account(own_server, mail_server, tmp_path):
    """The mail server takes half a second; the scheme is one that asks for no TLS."""
    mailing = OwnServer(
        tmp_path, VAR_DIR=str(own_server.var), EMAIL_URL=f"smtp+plain://127.0.0.1:{mail_server}"
    )
    mailing.manage("shell", "-v", "0", "-c", MADE.replace("ben", "timed"))
    mailing.start()
    try:
        taken = {}
        for name in ("timed", "nobody"):
            times = []
            for _ in range(4):
                with Connection(mailing.port) as browser:
                    token = (
                        browser.ask("GET", "/password-reset/")
                        .headers["set-cookie"]
                        .split(";")[0]
                        .split("=")[1]
                    )
                    browser.cookies = f"csrftoken={token}"
                    body = f"email={name}@example.org&csrfmiddlewaretoken={token}".encode()
                    began = time.monotonic()
                    form = "application/x-www-form-urlencoded"
                    assert (
                        browser.ask("POST", "/password-reset/", body=body, Content_Type=form).status
                        == 302
                    )
                    # nor that of the next one here
                    assert browser.ask("GET", "/healthz").status == 200
                    times.append(time.monotonic() - began)
            taken[name] = statistics.median(times)
        assert abs(taken["timed"] - taken["nobody"]) < 0.25, taken
        until = time.monotonic() + 20
        while len(SlowMailServer.got) < 4 and time.monotonic() < until:
            time.sleep(0.1)
        assert len(SlowMailServer.got) == 4
        assert all(f"{mailing.url}/password-reset/" in text for text in SlowMailServer.got)
    finally:
        mailing.kill()
