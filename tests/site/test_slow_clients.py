"""Whoever sends slowly, or not to the end, waits alone."""

import socket
import threading
import time

import pytest
from django.urls import reverse

from mapping.site import worker
from tests.raw_http import Connection

BEGUN = {
    "half a form": (
        b"POST /sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nusername=ben&"
    ),
    "half a chunk": (
        b"POST /sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
        b"\r\nff\r\nusername"
    ),
    "half a head": b"GET /sign-in/ HTTP/1.1\r\nHost: 127.0.",
    "nothing": b"",
    "announced": (
        b"POST /sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\n"
        b"Content-Length: 9\r\n\r\n"
    ),
}


@pytest.fixture
def half_sent(server):
    opened = []

    def sent(begun, number):
        for _ in range(number):
            one = socket.create_connection(("127.0.0.1", server.port))
            one.sendall(begun)
            opened.append(one)

    yield sent
    for one in opened:
        one.close()


@pytest.mark.parametrize("number", [16, 40])
@pytest.mark.parametrize("name", BEGUN)
def test_a_page_answers_beside_many_half_sent_requests(name, number, half_sent, server):
    half_sent(BEGUN[name], number)
    time.sleep(0.5)  # until the server has read what came
    began = time.monotonic()
    with Connection(server.port, timeout=10) as other:
        assert other.ask("GET", reverse("sign-in")).status == 200
    assert time.monotonic() - began < 5


def test_where_more_than_can_be_waited_for_are_half_sent_the_longest_silent_are_dropped(
    half_sent, server
):
    half_sent(BEGUN["half a form"], worker.READERS + 20)
    with Connection(server.port, timeout=10) as other:
        assert other.ask("GET", "/healthz").status == 200


def test_a_form_that_comes_bit_by_bit_arrives_whole(server):
    body = b"username=nobody&password=none&csrfmiddlewaretoken=" + b"x" * 64
    with Connection(server.port, timeout=10) as slow:
        head = (
            f"POST /sign-in/ HTTP/1.1\r\nHost: {slow.host}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        for piece in (head[:20].encode(), head[20:].encode(), *(bytes([byte]) for byte in body)):
            slow.socket.sendall(piece)
            time.sleep(0.005)
        assert slow.answer("POST").status == 403
        assert slow.ask("GET", "/healthz").body == b"ok\n"


def sign_in_page(connection):
    """The form's token, kept as a browser keeps its cookie."""
    token = (
        connection.ask("GET", "/sign-in/").headers["set-cookie"].partition(";")[0].partition("=")[2]
    )
    connection.cookies = f"csrftoken={token}"
    return f"csrfmiddlewaretoken={token}&username=ben&password=a+long+enough+password".encode()


FORM = "application/x-www-form-urlencoded"


def test_a_form_in_chunks_is_read_as_one_whose_length_is_said(server, ben):
    with Connection(server.port, timeout=10) as connection:
        body = sign_in_page(connection)
        connection.send("POST", "/sign-in/", Content_Type=FORM, Transfer_Encoding="chunked")
        for piece in (body[:30], body[30:]):
            connection.socket.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            time.sleep(0.1)
        connection.socket.sendall(b"0\r\n\r\n")
        assert connection.answer("POST").status == 302
        assert connection.ask("GET", "/healthz").body == b"ok\n"


def test_who_asks_before_sending_is_told_to_go_on_once(server, ben):
    with Connection(server.port, timeout=10) as connection:
        body = sign_in_page(connection)
        head = {"Content_Type": FORM, "Content_Length": str(len(body)), "Expect": "100-continue"}
        connection.send("POST", "/sign-in/", **head)
        assert connection.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue"
        connection.socket.sendall(body)
        assert connection.answer("POST").status == 302


def test_requests_that_come_in_one_piece_are_answered_one_after_the_other(server):
    with Connection(server.port, timeout=10) as connection:
        one = f"GET /healthz HTTP/1.1\r\nHost: {connection.host}\r\n\r\n".encode()
        connection.socket.sendall(one * 3 + one[:10])
        assert [connection.answer("GET").body for _ in range(3)] == [b"ok\n"] * 3
        connection.socket.sendall(one[10:])
        assert connection.answer("GET").body == b"ok\n"


def test_a_form_that_breaks_off_is_not_carried_out(server, ben):
    with Connection(server.port, timeout=10) as connection:
        body = sign_in_page(connection)
        connection.send("POST", "/sign-in/", Content_Type=FORM, Content_Length=str(len(body) + 10))
        connection.socket.sendall(body)
        connection.socket.shutdown(socket.SHUT_WR)
        assert connection.rest() == b""


def test_what_is_too_large_is_refused_once_it_was_sent(server, settings):
    size = settings.BODY_LIMIT + 1
    with Connection(server.port, timeout=60) as connection:
        connection.send("POST", "/sign-in/", Content_Type=FORM, Content_Length=str(size))
        block, left = b"x" * 2**20, size
        while left:
            sent = block[:left]
            connection.socket.sendall(sent)
            left -= len(sent)
        refused = connection.answer("POST")
        assert refused.status == 413
        assert "one upload may have" in refused.body.decode()
        assert connection.ask("GET", "/healthz").body == b"ok\n"


@pytest.mark.parametrize(
    "smuggled",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 5\r\nContent-Length: 0\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: 5, 5\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: chunked, chunked\r\n",
        b"Transfer_Encoding: chunked\r\nContent-Length: 5\r\nX: \x00\r\n",
        b"Content-Length : 5\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhelloo\r\n",
        b" folded\r\n",
    ],
)
def test_a_request_whose_end_can_be_read_in_two_ways_ends_the_connection(smuggled, server):
    with Connection(server.port, timeout=10) as connection:
        host = f"Host: {connection.host}\r\n".encode()
        connection.socket.sendall(
            b"POST /sign-in/ HTTP/1.1\r\n"
            + host
            + smuggled
            + b"\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n"
            + host
            + b"\r\n"
        )
        everything = connection.rest()
    assert everything[9:12] in {b"400", b"501"}
    assert everything.count(b"HTTP/1.1 ") == 1


def test_who_takes_nothing_of_an_answer_is_let_go(monkeypatch):
    """The time is long, so the socket alone is tried, with a short one."""
    monkeypatch.setattr(worker, "ANSWER_SECONDS", 0.3)
    ours, theirs = socket.socketpair()
    patient = worker.PatientSocket(fileno=ours.detach())
    patient.setblocking(True)
    with patient, theirs, pytest.raises(BrokenPipeError):
        patient.sendall(b"x" * 50_000_000)


def test_who_takes_an_answer_slowly_gets_all_of_it(monkeypatch):
    monkeypatch.setattr(worker, "ANSWER_SECONDS", 0.5)
    ours, theirs = socket.socketpair()
    patient = worker.PatientSocket(fileno=ours.detach())
    patient.setblocking(True)
    size, got = 1_500_000, []

    def take():
        while block := theirs.recv(50_000):
            got.append(len(block))
            time.sleep(0.05)

    reader = threading.Thread(target=take)
    reader.start()
    with patient:
        patient.sendall(b"x" * size)
    reader.join()
    theirs.close()
    assert sum(got) == size
