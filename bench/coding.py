"""Times saving one section, and the form of a large template, against the cheapest page behind the
login.

The study has 30 sections with 300 codes, each with definition, limits and example. It stands in a
throw-away database behind the web server that `make run` starts; what is compared is asked for in
turn over one connection, so that whatever else the machine does weighs on all of it. Exits non-zero
where a ratio is over its bar.
"""

import http.client
import json
import statistics
import sys
import time
from urllib.parse import urlencode

from pages import REPETITIONS, ROOT, WARM_UP, in_batches, served, signed_in, throw_away

SAVE_BAR, FORM_BAR = 2.0, 3.0
SECTIONS_WITH_CODES, CODES_EACH = 20, 15
OTHERS = ("stage", "yes_no", "number", "text", "text") * 2
PAPERS = 100
CHEAP = {"account": "/account/", "change the password": "/account/password/", "my studies": "/"}


def make_study(reader):
    """One reader with a hundred papers, codes in two thirds of the sections; answers `{paper key:
    assignment}`.
    """
    from mapping.models import Code, Membership, Phase, ResearchQuestion, Section, Study
    from reviews.models import Assignment, Round

    study = Study.objects.create(title="A study with a long form", slug="study", created_by=reader)
    Membership.objects.create(study=study, user=reader, role="reviewer")
    phase = Phase.objects.create(study=study, key="coding", name="Coding", kind="coding")
    asked = [
        ResearchQuestion.objects.create(study=study, key=f"RQ{n}", text="Why?", position=n)
        for n in range(1, 6)
    ]
    kinds = ["codes"] * SECTIONS_WITH_CODES + list(OTHERS)
    sections = [
        Section.objects.create(
            study=study,
            phase=phase,
            key=f"section-{place}",
            kind=kind,
            label=f"Section {place}",
            position=place,
            help="What the paper says of it.",
            is_required=place % 2,
            research_question=asked[place * 5 // len(kinds)],
        )
        for place, kind in enumerate(kinds)
    ]
    words = {
        "definition": "What is meant. " * 6,
        "when_not": "What is not meant. " * 4,
        "example": "As here. " * 5,
    }
    codes = {
        one.pk: [code_in(one, n, words) for n in range(CODES_EACH)]
        for one in sections[:SECTIONS_WITH_CODES]
    }
    in_batches(Code, [code for found in codes.values() for code in found])
    round = Round.objects.create(study=study, phase=phase, name="Main")
    papers = in_batches(type_of_paper(), [paper_in(study, number) for number in range(PAPERS)])
    assignments = in_batches(
        Assignment,
        [
            Assignment(round=round, paper=paper, reviewer=reader, position=n)
            for n, paper in enumerate(papers)
        ],
    )
    begin(assignments[PAPERS // 2 :], sections, codes)
    return {assignment.paper.key: assignment.pk for assignment in assignments}


def code_in(section, number, words):
    from mapping.models import Code

    return Code(section=section, label=f"Code {number} of {section}", position=number, **words)


def type_of_paper():
    from mapping.models import Paper

    return Paper


def paper_in(study, number):
    return type_of_paper()(
        study=study,
        key=f"paper{number}",
        title=f"Lessons of case {number}",
        authors="Family, Given",
        year=2020,
        abstract="What teams told us about models. " * 30,
    )


def begin(assignments, sections, codes):
    """Drafts in which two thirds of the sections are answered, each paper in its own words."""
    from reviews.models import Answer, Mark, Summary

    answers, marks = [], []
    for place, summary in enumerate(
        in_batches(Summary, [Summary(assignment=one) for one in assignments])
    ):
        for number, section in enumerate(sections):
            if number % 3:
                text = f"Words about paper {place}." if section.kind == "text" else ""
                answers.append(Answer(summary=summary, section=section, version=1, text=text))
    for place, answer in enumerate(in_batches(Answer, answers)):
        if answer.section.kind == "codes":
            chosen = (
                codes[answer.section_id][place % CODES_EACH],
                codes[answer.section_id][(place + 4) % CODES_EACH],
            )
            marks += [
                Mark(answer=answer, code=code, position=n, quote=f"A quote, {place}.")
                for n, code in enumerate(chosen)
            ]
    in_batches(Mark, marks)


class Reader:
    """A browser with the reader's session."""

    def __init__(self, port, cookie):
        self.cookie = cookie
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        # The token that a save needs comes with any form.
        self.ask("/account/")
        self.token = (
            self.last.getheader("Set-Cookie", "").partition("csrftoken=")[2].partition(";")[0]
        )

    def ask(self, address, body=None):
        """Seconds until the answer is there."""
        headers = {"Cookie": self.cookie, "Accept-Encoding": "identity"}
        if body is not None:
            headers |= {
                "Cookie": f"{self.cookie}; csrftoken={self.token}",
                "X-CSRFToken": self.token,
            }
            headers |= {
                "Accept": "application/json",
                "Content-Type": "application/x-www-form-urlencoded",
            }
        start = time.perf_counter()
        self.connection.request("GET" if body is None else "POST", address, body, headers)
        self.last = self.connection.getresponse()
        self.said = self.last.read()
        taken = time.perf_counter() - start
        if self.last.status != 200:
            sys.exit(f"{address} answered {self.last.status}: {self.said[:300]!r}")
        return taken


class Saves:
    """One section after the other of a paper, saved again and again, each time with other words."""

    def __init__(self, reader, key, assignment, section, answer):
        self.reader, self.section, self.answer, self.version = reader, section, answer, 0
        self.address = f"/s/study/papers/{key}/summary/sections/{section}/"
        self.assignment = assignment

    def __call__(self, repetition):
        fields = [(f"{self.section}-{name}", value) for name, value in self.answer(repetition)]
        fields += [("assignment", self.assignment), (f"{self.section}-version", self.version)]
        taken = self.reader.ask(self.address, urlencode(fields))
        said = json.loads(self.reader.said)
        if said["word"] != "saved":
            sys.exit(f"Not saved: {said}")
        self.version = said["version"]
        return taken


def what_to_time(reader, assignments, codes):
    """{what: a function of the repetition that answers seconds}"""
    keys = list(assignments)
    blank, drafts = keys[: PAPERS // 2], keys[PAPERS // 2 :]

    def opening(papers):
        return lambda repetition: reader.ask(
            f"/s/study/papers/{papers[repetition % len(papers)]}/summary/"
        )

    def quoted(repetition):
        for place in range(3):
            code = codes[(repetition + place) % len(codes)]
            yield "codes", code
            yield from (
                ("mark-code", code),
                ("mark-quote", f"Quote {repetition}"),
                ("mark-page", place),
                ("mark-rationale", ""),
            )

    def text(repetition):
        yield "text", f"What was typed, {repetition}. " * 20

    first, second = (f"section-{place}" for place in (0, len(OTHERS) + SECTIONS_WITH_CODES - 1))
    things = {
        name: lambda _, address=address: reader.ask(address) for name, address in CHEAP.items()
    }
    things["save three codes with quotes"] = Saves(
        reader, keys[0], assignments[keys[0]], first, quoted
    )
    things["save a text"] = Saves(reader, keys[0], assignments[keys[0]], second, text)
    things["form of a new paper"] = opening(blank[1:])
    things["form of a draft"] = opening(drafts)
    return things


def measure(things):
    """{what: median of the seconds}"""
    found = {name: [] for name in things}
    for repetition in range(WARM_UP + REPETITIONS):
        # Now in this order, now in that: nothing always follows the same costly request.
        for name in sorted(things, reverse=bool(repetition % 2)):
            taken = things[name](repetition)
            if repetition >= WARM_UP:
                found[name].append(taken)
    return {name: statistics.median(times) for name, times in found.items()}


def report(found):
    """Print the medians and their ratios to the cheapest page; what is over its bar."""
    cheapest = min(CHEAP, key=found.get)
    size = f"{SECTIONS_WITH_CODES + len(OTHERS)} sections, {SECTIONS_WITH_CODES * CODES_EACH} codes"
    print(f"{size}; medians of {REPETITIONS}; the cheapest page behind the login is “{cheapest}”")
    over = []
    for name, seconds in found.items():
        ratio = seconds / found[cheapest]
        bar = SAVE_BAR if name.startswith("save") else FORM_BAR if name.startswith("form") else None
        verdict = f", bar {bar} {'held' if ratio <= bar else 'MISSED'}" if bar else ""
        print(f"  {name:30} {seconds * 1000:7.1f} ms   ratio {ratio:.2f}{verdict}")
        if bar and ratio > bar:
            over.append(name)
    return over


def main():
    with throw_away() as port:
        from django.conf import settings
        from django.core.management import call_command
        from django.test import override_settings

        from mapping.models import Code, User

        # Not compressed: that takes longer than all the rest, and no page waits for it.
        plain = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
        with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
            call_command("collectstatic", interactive=False, verbosity=0)
        call_command("migrate", interactive=False, verbosity=0)
        person = User.objects.create_user("ben", "ben@example.org", name="Ben")
        assignments = make_study(person)
        codes = list(Code.objects.filter(section__key="section-0").values_list("pk", flat=True))
        with served(port):
            reader = Reader(port, signed_in(person))
            over = report(measure(what_to_time(reader, assignments, codes)))
            reader.connection.close()  # or the server waits for it
    if over:
        sys.exit(f"Over the bar: {', '.join(over)}")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
