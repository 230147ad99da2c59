"""The proxy files of docs/proxy, tried with the programs they are for, where those are
installed.
"""

import os
import re
import shutil
import socket
import subprocess
import time
from contextlib import suppress

import pytest

from tests.browser import ROOT, free_port
from tests.raw_http import Connection
from tests.site.test_slow_clients import BEGUN

PROXY = ROOT / "docs" / "proxy"


def nginx(folder, port, upstream):
    """The file as it stands, but for names, ports and the certificate."""
    _, server = (PROXY / "nginx.conf").read_text().split("\n\n", 1)
    server = server.replace("listen 443 ssl http2;", f"listen {port};").replace(
        ":8000", f":{upstream}"
    )
    server = re.sub(r"ssl_certificate\S* .*;", "", server).replace("$scheme", "http")
    kept = "".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "nginx.conf"
    # who else could write into the tests' folder
    person = "user root root; " if os.geteuid() == 0 else ""
    head = f"{person}daemon off; pid {folder}/pid; error_log {folder}/errors; events {{}}"
    file.write_text(f"{head} http {{ access_log off; {kept}\n{server}\n}}")
    return ["nginx", "-c", str(file), "-e", f"{folder}/errors", "-p", str(folder)]


def caddy(folder, port, upstream):
    text = (PROXY / "Caddyfile").read_text()
    text = text.replace("{\n\tservers", "{\n\tadmin off\n\tservers").replace(
        ":8000", f":{upstream}"
    )
    file = folder / "Caddyfile"
    file.write_text(
        text.replace("concord.example.org {", f"http://:{port} {{").replace("{scheme}", "http")
    )
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(file)]


@pytest.fixture(params=[nginx, caddy], ids=["nginx", "caddy"])
def proxy(request, server, tmp_path):
    if shutil.which(request.param.__name__) is None:
        pytest.skip(f"{request.param.__name__} is not installed: its file cannot be tried")
    port = free_port()
    command = request.param(tmp_path, port, server.port)
    home = {"PATH": "/usr/bin:/usr/sbin:/bin", "HOME": str(tmp_path)}
    with (tmp_path / "said").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=home)
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            break
        assert process.poll() is None, (tmp_path / "said").read_text()
        time.sleep(0.05)
    yield port
    process.terminate()
    process.wait()


def test_pages_come_through_the_proxy_and_none_mixes_with_the_next(proxy):
    with Connection(proxy) as browser:
        assert browser.ask("HEAD", "/sign-in/").status == 200
        assert b"Sign in" in browser.ask("GET", "/sign-in/").body
        assert browser.ask("POST", "/sign-in/", body=b"username=ben").status == 403
        assert browser.ask("GET", "/healthz").body == b"ok\n"


@pytest.mark.parametrize("name", ["half a form", "half a head"])
def test_half_sent_requests_wait_in_the_proxy_alone(name, proxy):
    opened = []
    for _ in range(60):
        one = socket.create_connection(("127.0.0.1", proxy))
        one.sendall(BEGUN[name])
        opened.append(one)
    began = time.monotonic()
    with Connection(proxy, timeout=10) as other:
        assert other.ask("GET", "/sign-in/").status == 200
    assert time.monotonic() - began < 5
    for one in opened:
        one.close()


def test_the_proxy_takes_the_largest_upload_and_refuses_what_is_beyond(proxy, settings):
    with Connection(proxy, timeout=60) as browser:
        body = b"x" * (settings.PDF_LIMIT + 1000)
        assert browser.ask("POST", "/sign-in/", body=body).status == 403
    with Connection(proxy, timeout=60) as browser:
        browser.send("POST", "/sign-in/", Content_Length="100000000")
        with suppress(OSError):  # it may close before it has heard everything
            browser.socket.sendall(b"x" * 100_000_000)
        with suppress(ConnectionError):
            assert browser.answer("POST").status == 413
    with Connection(proxy) as browser:
        assert browser.ask("GET", "/healthz").body == b"ok\n"
