"""Exports a study of 500,000 marks and watches the memory: it must be that of a study of 5,000.

Both studies stand in one throw-away database. Every file is asked for as a lead asks for it,
through its page, in a process of its own: first of the small study, which loads whatever exporting
needs, then of the large one. What the process grows beyond its largest size so far is what the
larger study costs. Exits non-zero where that is over the bar.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.pages import in_batches, throw_away  # noqa: E402

SMALL, MIDDLE, LARGE = 5_000, 50_000, int(os.environ.get("BENCH_MARKS", "500000"))
SIZES = {"small": SMALL, "middle": MIDDLE, "large": LARGE}
PER_ANSWER, CODES = 5, 20
SECTIONS, READERS = 5, 2
PER_PAPER = PER_ANSWER * SECTIONS * READERS
# Megabytes: the noise of what is collected a little sooner or later. Held in memory, the large
# study takes hundreds.
BAR = 32
# What is asked for: (address, slug of the study). A workbook takes ten times as long as the CSV,
# and a bundle computes the agreement too: those are tried at the middle size.
FILES = [
    ("export/codings.csv", "large"),
    ("api/codings.json", "large"),
    ("export/findings.csv", "large"),
    ("export/findings_wide.csv", "large"),
    ("export/findings_onehot.csv", "large"),
    ("export/papers.bib", "large"),
    ("export/log.csv", "large"),
    ("export/codings.xlsx", "middle"),
    ("export/bundle.zip", "middle"),
]


def make_study(slug, marks, people):
    """Rows made by the database itself: through the models half a million would take longer than
    all the rest.
    """
    from mapping.models import Code, Membership, Phase, Section, Study
    from reviews.models import Round

    study = Study.objects.create(title=f"A study of {marks} marks", slug=slug, created_by=people[0])
    for person, role in zip(people, ("lead", "reviewer", "reviewer"), strict=True):
        Membership.objects.create(study=study, user=person, role=role)
    phase = Phase.objects.create(study=study, key="coding", name="Coding", kind="coding")
    round = Round.objects.create(study=study, phase=phase, name="Main")
    for place in range(SECTIONS):
        section = Section.objects.create(
            study=study,
            phase=phase,
            key=f"s{place}",
            kind="codes",
            label=f"Section {place}",
            position=place,
        )
        in_batches(
            Code, [Code(section=section, label=f"code {n:02}", position=n) for n in range(CODES)]
        )
    write_rows(study, round, papers=marks // PER_PAPER)


def write_rows(study, round, *, papers):
    from mapping.models import Finding, FindingMark, LogEntry, Paper
    from reviews.models import Answer, Assignment, Mark, Summary

    of_study, of_round = f"p.study_id = {study.pk}", f"a.round_id = {round.pk}"
    insert(
        Paper,
        f"generate_series(1, {papers}) AS n",
        study_id=study.pk,
        key="'paper' || n",
        year="1990 + n % 35",
        title="'Deploying models, lessons of case ' || n",
        authors="'Family, Given'",
        venue="'Conference ' || n % 40",
        abstract="repeat('What teams told us about models. ', 30)",
    )
    readers = (
        f"mapping_membership m ON m.study_id = p.study_id AND m.role = 'reviewer' WHERE {of_study}"
    )
    insert(
        Assignment,
        f"mapping_paper p JOIN {readers}",
        round_id=round.pk,
        paper_id="p.id",
        reviewer_id="m.user_id",
        position="p.id",
    )
    given = f"reviews_assignment a WHERE {of_round}"
    insert(Summary, given, assignment_id="a.id", submitted_at="now()", codebook_version=1)
    insert(
        LogEntry,
        given,
        study_id=study.pk,
        by_id="a.reviewer_id",
        act="'submit-summary'",
        text="'Submitted'",
        paper_id="a.paper_id",
        facts="jsonb_build_object('assignment', a.id)",
    )
    read = f"reviews_summary s JOIN reviews_assignment a ON a.id = s.assignment_id AND {of_round}"
    sections = f"mapping_section c ON c.study_id = {study.pk}"
    insert(Answer, f"{read} JOIN {sections}", summary_id="s.id", section_id="c.id", version=1)
    paper = f"mapping_paper p ON {of_study} AND p.id"
    some = f"mapping_code k ON (k.position + p.id) % {CODES} < {PER_ANSWER} AND k.section_id"
    insert(
        Mark,
        f"{read} JOIN {paper} = a.paper_id JOIN reviews_answer w ON w.summary_id = s.id "
        f"JOIN {some} = w.section_id",
        answer_id="w.id",
        code_id="k.id",
        position="k.position",
        page="'4'",
        quote="'teams retrain their models when performance drops, as case ' || p.id || ' shows'",
    )
    insert(
        Finding,
        f"mapping_paper p JOIN {sections} WHERE {of_study}",
        paper_id="p.id",
        section_id="c.id",
    )
    insert(
        FindingMark,
        f"mapping_finding f JOIN {paper} = f.paper_id JOIN {some} = f.section_id",
        finding_id="f.id",
        code_id="k.id",
    )


def insert(model, source, **columns):
    """INSERT … SELECT: `columns` are SQL; one that is not named gets what a new object of the model
    has, or what the database gives it.
    """
    from django.db import connection

    for field in model._meta.concrete_fields:
        if not (field.primary_key or field.generated or field.has_db_default()):
            columns.setdefault(field.column, usual(field))
    names, values = ", ".join(columns), ", ".join(map(str, columns.values()))
    with connection.cursor() as cursor:
        query = f"INSERT INTO {model._meta.db_table} ({names}) SELECT {values} FROM {source}"  # noqa: S608
        cursor.execute(query)


def usual(field):
    if field.get_internal_type() == "DateTimeField":
        return "NULL" if field.null else "now()"
    default = field.get_default()
    if default is None:
        return "NULL"
    return (
        "'{}'"
        if isinstance(default, dict)
        else default
        if isinstance(default, bool | int)
        else f"'{default}'"
    )


def asked_for(client, address):
    """The file as the page sends it, thrown away piece by piece. Its size and how long it took."""
    start = time.perf_counter()
    answer = client.get(address)
    if answer.status_code != 200:
        sys.exit(f"{address} answered {answer.status_code}")
    pieces = answer.streaming_content if answer.streaming else [answer.content]
    size = sum(len(piece) for piece in pieces)
    answer.close()
    return size, time.perf_counter() - start


def largest():
    """The most memory that this process has had, in MB; Linux counts in kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def watch(address, slug):
    """In a process of its own: what this study costs beyond the small one, on one line."""
    import django

    django.setup()
    from django.test import Client

    from mapping.models import User

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(User.objects.get(username="ada"))
    # Twice: what is kept between requests is there then.
    for _ in range(2):
        small, _ = asked_for(client, f"/s/small/{address}")
    before = largest()
    large, taken = asked_for(client, f"/s/{slug}/{address}")
    print(
        json.dumps(
            {
                "before": before,
                "grown": largest() - before,
                "small": small,
                "large": large,
                "taken": taken,
            }
        )
    )


def report(address, marks, found):
    """Print what was found. Returns whether it is over the bar."""
    sizes = f"{found['small'] / 1e6:6.1f} -> {found['large'] / 1e6:6.1f} MB of file"
    verdict = "held" if found["grown"] <= BAR else "MISSED"
    memory = f"memory {found['before']:4.0f} MB + {found['grown']:5.1f}, bar {BAR} {verdict}"
    print(
        f"  {address:26} {marks:7,} marks {sizes}   {memory}   {found['taken']:5.1f} s", flush=True
    )
    return verdict == "MISSED"


def main():
    with throw_away():
        from django.core.management import call_command
        from django.db import connection

        from mapping.models import User
        from reviews.models import Mark

        call_command("migrate", interactive=False, verbosity=0)
        names = ("ada", "ben", "cleo")
        people = [
            User.objects.create_user(name, f"{name}@example.org", name=name.title())
            for name in names
        ]
        for slug, marks in SIZES.items():
            make_study(slug, marks, people)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        counts = [
            Mark.objects.filter(code__section__study__slug=slug).count()
            for slug in ("small", "large")
        ]
        print(
            f"{counts[0]:,} and {counts[1]:,} marks; the most memory of a process that exports the "
            "one, then the other"
        )
        over = []
        for address, slug in FILES:
            command = [sys.executable, __file__, address, slug]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
            if done.returncode or report(address, SIZES[slug], json.loads(done.stdout)):
                over.append(address)
    if over:
        sys.exit(f"Memory grew by more than {BAR} MB, or not measured: {', '.join(over)}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        watch(*sys.argv[1:])
    else:
        main()
