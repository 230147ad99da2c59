"""The database dies, or restarts: a short answer meanwhile, then everything goes on, and no word is
lost.
"""

import os
import signal
import threading
import time
from urllib.parse import quote, urlencode

import psycopg
import pytest
from django.db import InterfaceError, OperationalError, connection

from mapping.site import embedded
from mapping.site.database_away import is_away
from tests.own_server import OwnServer
from tests.raw_http import Connection

MADE = """
from django.test import Client
from mapping.models import Membership
from tests.making import *
from reviews.models import Assignment
ben = make_user("ben", name="Ben Reviewer")
study = make_study(slug="own", lead=make_user("ada"))
Membership.objects.create(study=study, user=ben, role="reviewer")
assignment = make_assignment(make_paper(study, key="paper"), ben)
client = Client()
client.force_login(ben)
print(client.cookies["sessionid"].value, assignment.pk)
"""
READ = """
SELECT answer.text FROM reviews_answer answer
JOIN mapping_section section ON section.id = answer.section_id
WHERE section.key = 'conclusion'
"""


class Coder:
    """Ben, whose page keeps what he types and sends it until the server has it, as summary-save.js
    does.
    """

    def __init__(self, server):
        self.server, self.statuses = server, []
        key, self.assignment = server.manage("shell", "-v", "0", "-c", MADE).split()
        self.cookies = f"sessionid={key}; csrftoken={'x' * 32}"
        self.path = "/s/own/papers/paper/summary/"
        self.version = 0

    def send(self, text):
        posted = {
            "conclusion-text": text,
            "conclusion-version": self.version,
            "assignment": self.assignment,
        }
        with Connection(self.server.port, cookies=self.cookies) as page:
            answer = page.ask(
                "POST",
                f"{self.path}sections/conclusion/",
                body=urlencode(posted).encode(),
                X_CSRFToken="x" * 32,
                Accept="application/json",
                Content_Type="application/x-www-form-urlencoded",
            )
        self.statuses.append(answer.status)
        if answer.status == 200:
            self.version = int(answer.body.partition(b'"version": ')[2].split(b",")[0].rstrip(b"}"))
        return answer

    def keep(self, text):
        until = time.monotonic() + 20
        while (answer := self.send(text)).status == 503 and time.monotonic() < until:
            assert answer.headers["retry-after"] == "3"
            time.sleep(0.1)
        assert answer.status == 200, answer.body[:500]

    def kept(self):
        place = embedded.start(self.server.database)
        with psycopg.connect(host=place, user="postgres", dbname="concord") as database:
            return database.execute(READ).fetchone()[0]


@pytest.fixture(scope="module")
def coder(own_server):
    return Coder(own_server)


def ask(server, path, method="GET", cookies="", **headers):
    with Connection(server.port, cookies=cookies) as page:
        return page.ask(method, path, **headers)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGQUIT, signal.SIGINT])
def test_a_database_that_is_killed_while_somebody_types_comes_back_and_nothing_is_lost(
    own_server, coder, how
):
    coder.statuses.clear()
    coder.keep("before")
    threading.Timer(0.3, os.kill, [own_server.postmaster(), how]).start()
    last, until = "", time.monotonic() + 3
    while time.monotonic() < until:
        last = f"word{len(coder.statuses)}"
        coder.keep(last)

    assert set(coder.statuses) <= {200, 503}
    assert coder.kept() == last
    assert ask(own_server, "/healthz").body == b"ok\n"
    assert "Traceback" not in own_server.log.read_text()


def test_many_at_once_find_it_dead_and_it_is_started_once(own_server, coder):
    os.kill(own_server.postmaster(), signal.SIGKILL)
    found = []
    askers = [
        threading.Thread(
            target=lambda: found.append(ask(own_server, coder.path, cookies=coder.cookies).status)
        )
        for _ in range(12)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()

    assert set(found) <= {200, 503}
    coder.keep("and on")
    assert ask(own_server, coder.path, cookies=coder.cookies).status == 200


def test_a_number_that_another_process_has_by_now_does_not_keep_it_from_starting(own_server):
    file = own_server.database / "postmaster.pid"
    left = file.read_text().split("\n", 1)[1]
    os.kill(own_server.postmaster(), signal.SIGKILL)
    time.sleep(0.2)
    file.write_text(f"{os.getpid()}\n{left}")

    until = time.monotonic() + 10
    while ask(own_server, "/healthz").status != 200:
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.fixture
def stopped(own_server, coder):
    """Somebody stopped the database on purpose, to copy its files; it comes back with the next
    start.
    """
    embedded.stop(own_server.database)
    yield coder
    embedded.start(own_server.database)
    assert ask(own_server, "/healthz").status == 200


def test_what_was_stopped_on_purpose_is_not_started_by_a_request(stopped, own_server):
    for _ in range(3):
        answer = ask(own_server, "/healthz")
        assert (answer.status, answer.body) == (503, b"the database is away\n")
    assert not embedded.is_running(own_server.database)
    assert not (own_server.database / "postmaster.pid").exists()


def test_meanwhile_everybody_is_told_in_the_shape_they_asked_for(stopped, own_server):
    cookies = stopped.cookies
    page = ask(own_server, stopped.path, cookies=cookies)
    assert page.status == 503
    assert page.headers["retry-after"] == "3"
    assert page.headers["cache-control"] == "private, no-store"
    assert "The database is away for a moment" in page.body.decode()
    assert "is kept in this browser" in page.body.decode()
    assert ask(own_server, stopped.path, "HEAD", cookies=cookies).status == 503

    part = ask(own_server, stopped.path, cookies=cookies, HX_Request="true")
    assert (part.status, "<html" in part.body.decode()) == (503, False)
    said = ask(own_server, stopped.path, cookies=cookies, Accept="application/json")
    assert (said.status, b'"error": "database-away"' in said.body) == (503, True)
    token = ask(own_server, "/s/own/api/codings.json", Authorization="Bearer concord_x")
    assert token.status == 503

    for path in ("/", "/account/", "/sign-in/", "/password-reset/", "/admin/", "/no/such/page"):
        assert ask(own_server, path, cookies=cookies).status in {503, 404}, path
    assert ask(own_server, "/static/js/copy.js").status == 200


def test_a_form_that_was_sent_meanwhile_is_on_the_page_to_be_sent_once_more(stopped, own_server):
    with Connection(own_server.port, cookies=stopped.cookies) as page:
        body = urlencode(
            {
                "name": "Ben “B” <Reviewer>",
                "password": "secret words",
                "csrfmiddlewaretoken": "x" * 32,
            }
        )
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        answer = page.ask("POST", "/account/", body=body.encode(), **form).body.decode()
        assert 'action="/account/"' in answer
        assert 'name="name" value="Ben “B” &lt;Reviewer&gt;"' in answer
        assert "secret words" not in answer
        assert "Send it again" in answer

        foreign = page.ask("POST", "/account/", body=b"name=Evil", **form)
        assert foreign.status == 503
        assert "Evil" in foreign.body.decode()
        assert "Send it again" not in foreign.body.decode(), (
            "it came without the token of a form of ours"
        )


def test_a_postgresql_of_its_own_may_restart_under_the_server(own_server, coder, tmp_path):
    """As on a team server: `DATABASE_URL`, and somebody else starts the database."""
    place = quote(str(embedded.start(own_server.database)), safe="")
    other = OwnServer(tmp_path, DATABASE_URL=f"postgresql://postgres@{place}/concord")
    other.named["SECRET_KEY"] = (own_server.var / "secret-key").read_text()
    other.start()
    try:
        assert ask(other, coder.path, cookies=coder.cookies).status == 200
        os.kill(own_server.postmaster(), signal.SIGKILL)
        time.sleep(0.2)
        assert ask(other, "/healthz").status == 503
        assert ask(other, coder.path, cookies=coder.cookies).status == 503
        embedded.start(own_server.database)
        assert ask(other, "/healthz").status == 200
        assert ask(other, coder.path, cookies=coder.cookies).status == 200
        assert "Traceback" not in other.log.read_text()
    finally:
        other.kill()


def caught(error, cause):
    try:
        raise error from cause
    except type(error) as found:
        return found


@pytest.mark.parametrize(
    ("cause", "away"),
    [
        (psycopg.OperationalError("connection refused"), True),
        (psycopg.errors.AdminShutdown(), True),
        (psycopg.errors.CannotConnectNow(), True),
        (psycopg.errors.TooManyConnections(), True),
        (psycopg.errors.ConnectionFailure(), True),
        (psycopg.errors.DeadlockDetected(), False),
        (psycopg.errors.LockNotAvailable(), False),
        (psycopg.errors.QueryCanceled(), False),
        (psycopg.errors.DiskFull(), False),
    ],
)
def test_only_what_is_between_us_and_the_database_counts_as_away(cause, away):
    assert is_away(caught(OperationalError(), cause)) is away
    assert is_away(caught(ValueError(), caught(OperationalError(), cause))) is away


def test_a_fault_of_ours_is_not_taken_for_an_absence(db):
    assert not is_away(ValueError())
    assert is_away(InterfaceError("connection already closed"))
    with pytest.raises(Exception, match="does not exist") as found, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM nothing")
    assert not is_away(found.value)
