import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mapping.models import LogEntry, Membership
from reviews.models import EarlyLook
from reviews.settling import resolutions
from tests.making import (
    make_assignment,
    make_paper,
    make_round,
    make_study,
    make_summary,
    make_user,
)


@pytest.fixture
def url(study):
    return f"/s/{study.slug}/log/"


def write(study, by, act="paper-edited", text="did something", **more):
    return LogEntry.objects.record(study, by, act, text, **more)


def texts(answer):
    return [line.text for line in answer.context["page"]]


def table(answer):
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def test_the_log_lists_this_studys_acts_newest_first(study, url, as_user, ada, ben):
    write(study, ada, text="first")
    write(study, ben, text="second")
    write(make_study(lead=ada), ada, text="elsewhere")
    assert texts(as_user(ada).get(url)) == ["second", "first"]


def test_the_log_is_filtered_by_person_act_and_words(study, url, as_user, ada, ben):
    write(study, ada, "round-closed", "closed the pilot")
    write(study, ben, "round-closed", "closed the main round")
    write(study, ben, "paper-added", "added a paper", paper=make_paper(study, "On pilots"))
    client = as_user(ada)
    assert texts(client.get(url, {"person": "ben"})) == ["added a paper", "closed the main round"]
    assert texts(client.get(url, {"person": "ben", "act": "round-closed"})) == [
        "closed the main round"
    ]
    assert texts(client.get(url, {"q": "PILOT"})) == ["added a paper", "closed the pilot"]
    nothing = client.get(url, {"q": "pilot\x00 nix%_'"})
    assert (nothing.status_code, texts(nothing)) == (200, [])
    assert "No line fits" in nothing.content.decode()


def test_the_log_csv_matches_the_page_and_escapes_formulas(study, url, as_user, ada, ben):
    paper = make_paper(study, key="john2021")
    write(study, ada, text="hidden by the filter")
    write(study, ben, text="=cmd()", paper=paper)
    (row,) = table(as_user(ada).get(f"{url}log.csv", {"person": "ben"}))
    assert row.pop("at")
    assert row == {
        "by": "ben",
        "act": "paper-edited",
        "text": "'=cmd()",
        "paper": "john2021",
        "facts": "",
    }


def test_the_log_hides_papers_that_a_lead_still_has_to_code(study, url, as_user, ada, ben):
    paper = make_paper(study, "A paper")
    write(study, ben, "section-settled", "Challenges settled as Drift", paper=paper)
    write(study, ada, "paper-edited", "her own Drift", paper=paper)
    client = as_user(ada)
    assert "settled as Drift" in client.get(url).content.decode()

    assignment = make_assignment(paper, ada)
    shown = client.get(url).content.decode()
    assert "settled as Drift" not in shown
    assert "her own Drift" in shown
    assert texts(client.get(url, {"q": "Drift"})) == ["her own Drift"]
    rows = table(client.get(f"{url}log.csv"))
    assert [row["text"] for row in rows] == [
        "Closed to you until your own summary of this paper is in.",
        "her own Drift",
    ]

    assignment.summaries.create(submitted_at=timezone.now())
    assert "settled as Drift" in client.get(url).content.decode()


def test_an_early_look_opens_the_log_of_that_paper(study, url, as_user, ada, ben):
    paper = make_paper(study)
    assignment = make_assignment(paper, ada)
    write(study, ben, text="settled as Drift", paper=paper)
    EarlyLook.objects.create(paper=paper, phase=assignment.round.phase, user=ada, reason="needed")
    assert "settled as Drift" in as_user(ada).get(url).content.decode()


def test_the_log_stays_closed_until_the_round_closes(study, url, as_user, ada, ben):
    study.others_visible = "closed"
    study.save()
    paper = make_paper(study)
    summary = make_summary(paper, ada)
    write(study, ben, text="settled as Drift", paper=paper)
    assert "settled as Drift" not in as_user(ada).get(url).content.decode()
    round = summary.assignment.round
    round.closed_at = timezone.now()
    round.save()
    assert "settled as Drift" in as_user(ada).get(url).content.decode()


def test_the_log_escapes_what_people_typed(study, url, as_user, ada):
    write(study, ada, text="<script>alert(1)</script>")
    assert "<script>alert" not in as_user(ada).get(url).content.decode()


def test_pages_of_the_log_keep_the_filter(study, url, as_user, ada, ben):
    for number in range(60):
        write(study, ben, text=f"line {number}")
    write(study, ada, text="other")
    client = as_user(ada)
    first = client.get(url, {"person": "ben"})
    assert texts(first)[0] == "line 59"
    assert "person=ben&amp;page=2" in first.content.decode()
    assert texts(client.get(url, {"person": "ben", "page": 2}))[-1] == "line 0"
    assert client.get(url, {"page": "x"}).status_code == 200


def test_the_log_has_a_constant_query_count(study, url, as_user, ada, ben):
    client = as_user(ada)
    numbers = []
    for number in range(3):
        write(study, (ada, ben)[number % 2], f"act-{number}", paper=make_paper(study))
        with CaptureQueriesContext(connection) as asked:
            client.get(url)
        numbers.append(len(asked))
    assert len(set(numbers)) == 1


def test_the_log_hides_what_the_comparison_hides(study, url, ada, cleo, as_user):
    """Her own round is closed, but the paper stands in an open one, and the study waits for
    that.
    """
    study.others_visible = "closed"
    study.save()
    dan = make_user("dan")
    Membership.objects.create(study=study, user=dan, role="lead")
    pilot, main = make_round(study, "Pilot"), make_round(study, "Main")
    paper = make_paper(study, "A secret paper")
    make_summary(paper, ada, round=pilot, answers={"method": "Survey"})
    make_summary(paper, cleo, round=main, answers={"method": "Experiment"})
    pilot.closed_at = timezone.now()
    pilot.save()
    resolutions.defer(paper, study.sections.get(key="method"), note="an experiment here", by=dan)

    client = as_user(ada)
    assert client.get(f"/s/{study.slug}/papers/{paper.key}/comparison/").status_code == 403
    told = client.get(url).content.decode() + str(table(client.get(f"{url}log.csv")))
    assert "Put off" not in told
    assert "defer-section" not in told

    main.closed_at = timezone.now()
    main.save()
    assert "Put off" in client.get(url).content.decode()
