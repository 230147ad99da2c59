"""Times the papers list, the overview and the queue of a study of 10,000 papers against those of
one of 100.

Each study stands in a throw-away database of its own, behind the web server that `make run` starts:
in one database the small study would pay for the large one where a query reads both. Their pages
are asked for in turn, so that whatever else the machine does weighs on both. Exits non-zero where a
page takes longer than the bar.
"""

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

SMALL, LARGE = 100, 10_000
BAR = 1.5
WARM_UP, REPETITIONS = 5, int(os.environ.get("BENCH_REPETITIONS", "60"))
BATCH = 5_000
# (who, what, the address after the study's)
PAGES = [
    (who, what, address)
    for who in ("lead", "reader")
    for what, address in (
        ("overview", ""),
        ("queue", "queue/"),
        ("papers", "papers/"),
        ("papers, last page", "papers/?page=last"),
        ("papers by state", "papers/?sort=state"),
        ("papers to do", "papers/?state=todo"),
    )
]


@contextmanager
def throw_away():
    """A folder for a database and a web server of their own, gone with them afterwards; answers the
    server's port.
    """
    (ROOT / "var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "var") as folder:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        for name in ("DATABASE_URL", "DEBUG", "BEHIND_PROXY", "UPLOADS_DIR", "STATIC_DIR"):
            os.environ.pop(name, None)
        address = f"http://127.0.0.1:{port}"
        os.environ.update(
            VAR_DIR=folder, CONCORD_URL=address, DJANGO_SETTINGS_MODULE="mapping.settings"
        )
        import django

        django.setup()
        from django.db import connection

        from mapping.site import embedded

        try:
            yield port
        finally:
            connection.close()
            embedded.stop(Path(folder) / "postgres")


def in_batches(model, things):
    return model.objects.bulk_create(things, batch_size=BATCH)


def make_study(slug, size, people):
    """Three people read every paper; one of them leads. Each has submitted the first half of both
    rounds.
    """
    from mapping.models import Code, Membership, Paper, Phase, Section, Study
    from reviews.models import Assignment, Round

    study = Study.objects.create(title=f"A study of {size} papers", slug=slug, created_by=people[0])
    for person, role in zip(people, ("lead", "reviewer", "reviewer"), strict=True):
        Membership.objects.create(study=study, user=person, role=role)
    phase = Phase.objects.create(study=study, key="coding", name="Coding", kind="coding")
    kinds = {"challenges": "codes", "method": "code", "replicable": "yes_no"}
    sections = [
        Section.objects.create(
            study=study, phase=phase, key=key, kind=kind, label=key.title(), position=position
        )
        for position, (key, kind) in enumerate(kinds.items())
    ]
    codes = {
        section: [
            Code.objects.create(section=section, label=f"code {n}", position=n) for n in range(10)
        ]
        for section in sections[:2]
    }
    papers = in_batches(Paper, [paper_in(study, number) for number in range(size)])
    rounds = [
        Round.objects.create(study=study, phase=phase, name=name) for name in ("First", "Second")
    ]
    halves = (papers[: size // 2], papers[size // 2 :])
    assignments = in_batches(
        Assignment,
        [
            Assignment(round=round, paper=paper, reviewer=person, position=position)
            for round, half in zip(rounds, halves, strict=True)
            for position, paper in enumerate(half)
            for person in people
        ],
    )
    submit(study, [one for one in assignments if one.position < size // 4], sections, codes)


def paper_in(study, number):
    from mapping.models import Paper

    # Titles in another order than the numbers, as imports bring them.
    word = f"{number * 7919 % 10_007:05}"
    return Paper(
        study=study,
        key=f"paper{number}",
        title=f"{word}: deploying models, lessons of case {number}",
        authors=f"Family{number % 997}, Given; Other{number % 89}, Given",
        year=1990 + number % 35,
        venue=f"Conference {number % 40}",
        doi=f"10.1000/{number}",
        abstract="What teams told us about models. " * 30,
    )


def submit(study, assignments, sections, codes):
    """Write what these readers said; every third paper is told differently by one of them."""
    from django.utils import timezone

    from mapping.models import LogEntry
    from reviews.models import Answer, Mark, Summary

    now = timezone.now()
    said = {"submitted_at": now, "codebook_version": 1}
    summaries = in_batches(Summary, [Summary(assignment=one, **said) for one in assignments])
    line = {"study": study, "act": "submit-summary", "text": "Submitted"}
    in_batches(
        LogEntry, [LogEntry(by=one.reviewer, paper=one.paper, **line) for one in assignments]
    )
    answers = in_batches(
        Answer,
        [
            Answer(
                summary=one,
                section=section,
                version=1,
                yes_no=True if section.kind == "yes_no" else None,
            )
            for one in summaries
            for section in sections
        ],
    )
    marks = []
    for answer in (one for one in answers if one.section.has_codes):
        reader = answer.summary.assignment.reviewer_id
        place = answer.summary.assignment.position
        differs = place % 3 == 0 and reader % 3 == 0
        marks.append(
            Mark(answer=answer, code=codes[answer.section][(place + differs) % 10], position=0)
        )
    in_batches(Mark, marks)


@contextmanager
def served(port):
    """The web server as `make run` starts it."""
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "mapping.wsgi",
        "--config",
        "mapping/site/gunicorn.py",
    ]
    # One connection is kept all along, and with it one worker: each keeps figures of its own.
    command += ["--bind", f"127.0.0.1:{port}", "--keep-alive", "600"]
    server = subprocess.Popen(command, cwd=ROOT)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if server.poll() is not None or time.monotonic() > deadline:
                    sys.exit("The web server did not start.")
                time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait(30)


def signed_in(person):
    from django.test import Client

    client = Client()
    client.force_login(person)
    return f"sessionid={client.cookies['sessionid'].value}"


class Browser:
    """Somebody who asks a server for the pages of its study, as lead or as reader."""

    def __init__(self, port, cookies):
        self.cookies = cookies
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def seconds(self, who, address):
        headers = {"Cookie": self.cookies[who], "Accept-Encoding": "identity"}
        start = time.perf_counter()
        self.connection.request("GET", f"/s/study/{address}", headers=headers)
        response = self.connection.getresponse()
        body = response.read()
        taken = time.perf_counter() - start
        if response.status != 200:
            sys.exit(f"{address} answered {response.status}: {body[:300]!r}")
        return taken


def measure(browsers):
    """{(who, what): {"small": [seconds], "large": [seconds]}}"""
    found = {(who, what): {name: [] for name in browsers} for who, what, _ in PAGES}
    for repetition in range(WARM_UP + REPETITIONS):
        for who, what, address in PAGES:
            # Now one first, now the other: neither always follows a costly page.
            for name in sorted(browsers, reverse=bool(repetition % 2)):
                taken = browsers[name].seconds(who, address)
                if repetition >= WARM_UP:
                    found[who, what][name].append(taken)
    return found


def report(found):
    """Print the medians and their ratios; the pages over the bar."""
    print(
        f"{SMALL:,} and {LARGE:,} papers × 3 readers, half of the assignments submitted; medians "
        f"of {REPETITIONS}"
    )
    over = []
    for (who, what), times in found.items():
        small, large = (statistics.median(times[slug]) * 1000 for slug in ("small", "large"))
        ratio = large / small
        if ratio > BAR:
            over.append(f"{what} of a {who}")
        verdict = "held" if ratio <= BAR else "MISSED"
        print(
            f"  {who:7} {what:18} {small:7.1f} ms {large:7.1f} ms   ratio {ratio:.2f}, bar {BAR} "
            f"{verdict}"
        )
    return over


def serve(size):
    """Make the study, serve it, say where on one line, and stop when nobody listens any more."""
    with throw_away() as port:
        from django.conf import settings
        from django.core.management import call_command
        from django.db import connection
        from django.test import override_settings

        from mapping.models import User

        # Not compressed: that takes longer than all the rest, and no page waits for it.
        plain = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
        with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
            call_command("collectstatic", interactive=False, verbosity=0)
        call_command("migrate", interactive=False, verbosity=0)
        names = ("ada", "ben", "cleo")
        people = [
            User.objects.create_user(name, f"{name}@example.org", name=name.title())
            for name in names
        ]
        make_study("study", size, people)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")  # as autovacuum does some minutes after an import
        cookies = {"lead": signed_in(people[0]), "reader": signed_in(people[1])}
        with served(port):
            print(json.dumps({"port": port, "cookies": cookies}), flush=True)
            sys.stdin.read()


@contextmanager
def study_of(size):
    """A process that serves such a study; answers a `Browser`."""
    command = [sys.executable, __file__, str(size)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        line = process.stdout.readline()
        if not line:
            sys.exit(f"The study of {size} papers was not made.")
        browser = Browser(**json.loads(line))
        yield browser
        browser.connection.close()  # or the server waits for it
        process.stdin.close()


def main():
    with study_of(SMALL) as small, study_of(LARGE) as large:
        over = report(measure({"small": small, "large": large}))
    if over:
        sys.exit(f"Over the bar of {BAR}: {', '.join(over)}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        serve(int(sys.argv[1]))
    else:
        main()
