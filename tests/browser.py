"""A real Chromium against a real server: fixtures for tests marked `browser`.

`server` is gunicorn in a process of its own on the database of the tests: what the tests make with
`making.py`, it serves; it can be killed and started again. `page_as(ben)` opens a page in a browser
where Ben is signed in. Nothing here waits for a clock: Playwright's `expect` waits for what is to
be seen.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client

ROOT = Path(__file__).resolve().parents[1]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # else every page begins in one process and goes on in another
    "--disable-site-isolation-trials",
]
# The shell has no window, tabs and toolbar to draw: half the work. What the pages do is the same.
NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
WINDOW = {"width": 1440, "height": 900}
# The stricter contrast of WCAG's level AAA is asked of no page.
COLOURS = {
    "runOnly": {"type": "tag", "values": ["cat.color"]},
    "rules": {"color-contrast-enhanced": {"enabled": False}},
}


def database_url():
    """The database that this process is connected to, for another process."""
    facts = connection.settings_dict
    person = quote(facts["USER"], safe="") + (
        f":{quote(facts['PASSWORD'], safe='')}" if facts["PASSWORD"] else ""
    )
    place = quote(str(facts["HOST"]), safe="") + (f":{facts['PORT']}" if facts["PORT"] else "")
    return f"postgresql://{person}@{place}/{facts['NAME']}"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Server:
    """Gunicorn as `make run` starts it, on the tests' database."""

    def __init__(self, folder):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.uploads = folder / "uploads"
        self.log = folder / "server.log"
        self.process = None

    def environment(self):
        return {
            **os.environ,
            "DATABASE_URL": database_url(),
            "CONCORD_URL": self.url,
            "UPLOADS_DIR": str(self.uploads),
            "VAR_DIR": str(django_settings.VAR_DIR),
            "WEB_WORKERS": "1",
        }

    def start(self):
        gunicorn = [
            sys.executable,
            "-m",
            "gunicorn",
            "mapping.wsgi",
            "--config",
            "mapping/site/gunicorn.py",
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*gunicorn, "--bind", f"127.0.0.1:{self.port}"],
                cwd=ROOT,
                env=self.environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait_until_it_answers()

    def wait_until_it_answers(self):
        # The socket takes the connection at once and answers when the worker is there: one long
        # try, few short ones.
        for _ in range(2000):
            if self.process.poll() is not None:
                pytest.fail(f"The server did not start:\n{self.log.read_text()[-3000:]}")
            with suppress(OSError):
                urllib.request.urlopen(f"{self.url}/healthz", timeout=30).close()  # noqa: S310
                return
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.02)
        pytest.fail("The server does not answer.")

    def kill(self):
        """As a power cut would: no goodbye to anybody."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def address(self, path):
        return f"{self.url}{path}"


@pytest.fixture(scope="session")
def server_process(django_db_setup, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock():
        server = Server(tmp_path_factory.mktemp("server"))
        server.start()
    yield server
    server.kill()


@pytest.fixture
def server(server_process, transactional_db, settings):
    if server_process.process.poll() is not None:
        server_process.start()
    settings.MEDIA_ROOT = server_process.uploads
    return server_process


@pytest.fixture(scope="session")
def chromium():
    found = next((found for name in NAMES if (found := shutil.which(name))), None)
    if found is None:
        pytest.fail(
            "Browser tests need Chromium: apt-get install chromium-headless-shell, or chromium."
        )
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=20_000)  # a busy machine; what is there already is seen at once

    # Playwright's loop runs in this thread, and Django would take every query for one from within
    # it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def warm_context(chromium, server_process):
    """A context that the tests use one after the other: the scripts and styles are in its cache.

    The page that stays open in it keeps its process alive; a new process for each test takes longer
    than most tests.
    """
    context = chromium.new_context(base_url=server_process.url, viewport=WINDOW)
    context.new_page().goto("/healthz")
    return context


def emptied(context):
    """As new: but for the cache, nothing of a test is left in it."""
    stays, *others = context.pages
    # a page sends what it has not saved as it closes; the database is emptied next
    context.set_offline(True)
    for page in others:
        page.close()
    context.set_offline(False)
    context.clear_cookies()
    stays.evaluate("localStorage.clear()")


@pytest.fixture
def page_as(chromium, server, warm_context):
    """`page_as(ben)`: a page where Ben is signed in, and nobody was before.

    The first page comes warm; every other, and one with facts of its own by keyword
    (java_script_enabled …) or asked for as `fresh`, is of a new context. `page.problems` collects
    what went wrong in script; a test that expects none gets them checked here.
    """
    contexts = []

    def context_with(facts, fresh):
        if facts or contexts or fresh:
            return chromium.new_context(base_url=server.url, viewport=WINDOW, **facts)
        return warm_context

    def opened(user=None, *, viewport=WINDOW, color_scheme="light", fresh=False, **facts):
        context = context_with(facts, fresh)
        contexts.append(context)
        if user:
            sign_in(context, server, user)
        page = context.new_page()
        if viewport != WINDOW:
            page.set_viewport_size(viewport)
        if color_scheme != "light":
            page.emulate_media(color_scheme=color_scheme)
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        watch_requests(page)
        return page

    yield opened
    problems = [
        problem
        for context in contexts
        for page in context.pages
        for problem in getattr(page, "problems", [])
    ]
    for context in contexts:
        emptied(context) if context is warm_context else context.close()
    assert not problems, problems


def watch_requests(page):
    """`page.unanswered`: the requests of the document it shows that are on their way."""
    page.unanswered = set()

    def asked(request):  # Playwright marks its handlers, so plain functions
        page.unanswered.add(request)

    def answered(request):
        page.unanswered.discard(request)

    def gone_on(frame):
        if frame == page.main_frame:
            page.unanswered.clear()

    page.on("request", asked)
    page.on("requestfinished", answered)
    page.on("requestfailed", answered)
    page.on("framenavigated", gone_on)


def wait_for_answers(page):
    """Until the page waits for nothing from the server."""
    page.wait_for_load_state()
    while page.unanswered:
        request = page.unanswered.pop()
        if response := request.response():
            response.finished()


def sign_in(context, server, user):
    client = Client()
    client.force_login(user)
    name = django_settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": server.url}])


@pytest.fixture
def serious():
    """`serious(page)`: what axe finds serious or critical, as lines; an empty list is a good
    page. `serious(page, COLOURS)` asks only after colours.
    """
    if not AXE.exists():
        pytest.fail("Accessibility tests need axe-core: run `make test`, or npm ci.")

    def found(page, asked=None):
        if page.evaluate("!window.axe"):
            axe = AXE.read_text(encoding="utf-8")
            page.evaluate(axe)
            page.add_init_script(axe)  # half a megabyte, sent once for all it will show
        violations = page.evaluate(
            "async (options) => (await axe.run(document, options)).violations",
            {"resultTypes": ["violations"], **(asked or {})},
        )
        return [
            (
                f"{violation['id']}: {violation['help']}: "
                f"{[node['html'][:150] for node in violation['nodes']][:3]}"
            )
            for violation in violations
            if violation["impact"] in {"serious", "critical"}
        ]

    return found
