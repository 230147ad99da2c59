"""What stands on the wire between two answers of one connection: nothing, whatever the first one
was about.
"""

import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from tests.making import make_paper, make_summary
from tests.raw_http import Connection

# A file that begins like an answer: whoever reads it behind a HEAD takes it for one.
POISON = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\nhacked"


@pytest.fixture
def connect(server):
    """`connect(ben)`: a connection on which Ben is signed in; nobody without him."""
    opened = []

    def connected(user=None, **facts):
        cookies = ""
        if user:
            client = Client()
            client.force_login(user)
            name = django_settings.SESSION_COOKIE_NAME
            cookies = f"{name}={client.cookies[name].value}"
        opened.append(Connection(server.port, cookies=cookies, **facts))
        return opened[-1]

    yield connected
    for connection in opened:
        connection.socket.close()


@pytest.fixture
def paper(server, study, cleo):
    paper = make_paper(study, key="poisoned")
    paper.pdf.save("some.pdf", ContentFile(POISON + b"%PDF-1.7\n" + bytes(range(256)) * 2000))
    make_summary(paper, cleo, answers={"conclusion": "Words", "cases": 2})
    return paper


PLACES = {
    "page": lambda study, paper: reverse("overview", args=[study.slug]),
    "form": lambda study, paper: reverse("add-paper", args=[study.slug]),
    "form by post alone": lambda study, paper: reverse("revoke-token", args=[study.slug, 1]),
    "pdf": lambda study, paper: reverse("pdf", args=[study.slug, paper.key]),
    "file": lambda study, paper: reverse("export-file", args=[study.slug, "codings.csv"]),
    "bundle": lambda study, paper: reverse("export-bundle", args=[study.slug]),
    "json": lambda study, paper: reverse("api-file", args=[study.slug, "codings"]),
    "picture": lambda study, paper: reverse("flow-svg", args=[study.slug]),
    "account": lambda study, paper: reverse("account"),
    "password": lambda study, paper: reverse("password-change"),
    "sign-in": lambda study, paper: reverse("sign-in"),
    "redirect without a slash": lambda study, paper: f"/s/{study.slug}",
    "unknown": lambda study, paper: "/no/such/page",
    "unknown study": lambda study, paper: "/s/none/",
    "bad": lambda study, paper: f"/s/{study.slug}/papers/?q=%00",
    "invitation": lambda study, paper: "/invitation/broken/",
    "health": lambda study, paper: "/healthz",
    "script": lambda study, paper: "/static/js/copy.js",
    "icon": lambda study, paper: "/static/favicon.svg",
    "no such script": lambda study, paper: "/static/none.js",
    "admin": lambda study, paper: "/admin/",
}


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("signed_in", [True, False], ids=["ada", "nobody"])
def test_an_answer_to_head_ends_with_its_headers_and_has_those_of_get(
    name, signed_in, study, paper, ada, connect
):
    path = PLACES[name](study, paper)
    connection = connect(ada if signed_in else None)

    head = connection.ask("HEAD", path)
    get = connection.ask("GET", path)
    after = connection.ask("GET", "/healthz")

    assert (after.status, after.body) == (200, b"ok\n"), "nothing stands between two answers"
    assert head.status == get.status
    same = {
        "content-type",
        "content-length",
        "location",
        "allow",
        "content-disposition",
        "etag",
        "accept-ranges",
    }
    if name != "bundle":  # it is written anew each time, and holds the time
        assert {k: v for k, v in head.headers.items() if k in same} == {
            k: v for k, v in get.headers.items() if k in same
        }


def test_what_has_no_body_by_its_status_has_none_on_the_wire(study, paper, ada, connect):
    path = reverse("pdf", args=[study.slug, paper.key])
    connection = connect(ada)
    tag = connection.ask("HEAD", path).headers["etag"]

    for method in ("GET", "HEAD"):
        unchanged = connection.ask(method, path, If_None_Match=tag)
        assert unchanged.status == 304
        assert "content-length" not in unchanged.headers, (
            "of a body that is not sent nothing is said"
        )
        assert connection.ask("GET", "/healthz").body == b"ok\n"
    part = connection.ask("GET", path, Range="bytes=0-9")
    assert (part.status, part.body) == (206, POISON[:10])
    assert connection.ask("HEAD", path, Range="bytes=999999999-").status in {200, 416}
    assert connection.ask("GET", path, Range="bytes=999999999-").status == 416
    assert connection.ask("GET", "/healthz").body == b"ok\n"


def test_a_head_with_a_body_of_its_own_and_a_refused_post_leave_nothing_behind(study, ada, connect):
    connection = connect(ada)
    refused = connection.ask(
        "POST", reverse("add-paper", args=[study.slug]), body=b"title=x" * 2000
    )
    assert refused.status == 403  # without the form's token
    assert connection.ask("HEAD", "/", body=b"GET /hidden HTTP/1.1\r\n\r\n").status == 200
    assert connection.ask("GET", "/healthz").body == b"ok\n"
