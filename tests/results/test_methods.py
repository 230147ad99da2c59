"""The methods page says what happened, and nothing that did not."""

import re
import xml.etree.ElementTree as ET

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mapping.codebook import changes as codebook_changes
from mapping.models import Finding, FindingMark, PaperSource, Study
from reviews.models import EarlyLook, Round, Summary
from reviews.results import flow_chart
from reviews.rounds import lifecycle
from reviews.settling import unanimous
from tests.making import (
    make_assignment,
    make_code,
    make_paper,
    make_phase,
    make_round,
    make_section,
    make_summary,
)


def words(client, study):
    answer = client.get(f"/s/{study.slug}/methods/")
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


@pytest.fixture
def coded(study, ada, ben, cleo):
    """Two papers, both read by two, who agree on the first; the round is closed and what agrees is
    settled.
    """
    for label in ("Cost", "Talent"):
        paper = make_paper(study, venue="A journal")
        PaperSource.objects.create(paper=paper, source="Scopus")
        make_summary(paper, ben, answers={"challenges": ["Cost"]})
        make_summary(paper, cleo, answers={"challenges": [label]})
    PaperSource.objects.create(paper=paper, source="ACM", is_duplicate=True)
    lifecycle.close_round(Round.objects.get(), by=ada)
    unanimous.settle(study, by=ada)
    return study


def test_the_methods_text_reports_what_happened(coded, ada, as_user):
    text = words(as_user(ada), coded)

    assert (
        "The study holds 2 papers out of 3 records found (Scopus: 2; ACM: 1); 1 duplicate was "
        "merged."
    ) in text
    assert "2 papers were handed out to 2 reviewers; two or more read all of them." in text
    assert "Krippendorff&#x27;s alpha" in text
    assert "1 finding was settled: 1 because all reviewers had said the same." in text


def test_the_methods_text_does_not_vouch_for_imported_answers(coded, ada, as_user):
    def told():
        return words(as_user(ada), coded)

    assert "Nobody could see another reviewer" in told()
    assert "every reviewer worked without access" in told()
    Summary.objects.filter(assignment__reviewer__username="cleo").update(origin="codings")
    assert "2 summaries of 4 came from files and were made outside of Concord" in told()
    assert "Of those who coded here nobody could see" in told()
    assert "every reviewer worked without access" not in told()
    page = as_user(ada).get(f"/s/{coded.slug}/agreement/").content.decode()
    assert "but 2 of 4 summaries were imported from files" in page
    assert "every reviewer worked without access" not in page
    Summary.objects.update(origin="codings")
    assert "4 summaries of 4 came from files" in told()
    assert "could see another" not in told()
    assert "worked without access" not in told()


def test_the_methods_text_reports_a_closed_round_without_summaries(study, ada, as_user):
    lifecycle.close_round(make_round(study), by=ada)

    assert as_user(ada).get(f"/s/{study.slug}/methods/").status_code == 200


def test_the_methods_text_reports_early_looks(coded, ada, as_user):
    paper = coded.papers.first()
    EarlyLook.objects.create(paper=paper, phase=coded.phases.get(), user=ada, reason="had to")

    assert "own, but for 1 paper at which a lead looked early, as the log tells." in words(
        as_user(ada), coded
    )


def test_an_empty_study_has_no_methods_text(study, ada, as_user):
    text = words(as_user(ada), study)

    assert "settled:" not in text
    assert "alpha" not in text
    assert "handed out" not in text


def test_the_checklists_tick_only_what_the_records_show(coded, ada, as_user):
    text = words(as_user(ada), coded)

    assert "A further reviewer 2 papers coded by two or more" in text
    assert "Kind of venue 2 papers with a venue" in text
    assert "Motivate the need open" in text
    assert "Snowballing open" in text
    assert "Tells how disagreements were resolved open" in text


def test_the_methods_page_reveals_nothing_to_a_blind_lead(coded, ada, ben, as_user):
    paper = make_paper(coded)
    make_assignment(paper, ada)
    make_summary(paper, ben, answers={"challenges": ["Cost"]})
    phase = make_phase(coded, "screening", position=0)
    section = make_section(phase, "include", "code")
    out = make_code(section, "Off topic", excludes_paper=True)
    finding = Finding.objects.create(
        paper=coded.papers.first(), section=section, settled_at=timezone.now()
    )
    FindingMark.objects.create(finding=finding, code=out)
    text = words(as_user(ada), coded)

    assert "You still have papers to code" in text
    assert "Excluded" not in text

    make_summary(paper, ada, answers={"challenges": ["Cost"]})
    assert "Excluded: 1 (Off topic: 1)" in words(as_user(ada), coded)


def test_the_methods_page_is_for_leads_and_after_release_for_all(coded, ben, olga, as_user):
    address = f"/s/{coded.slug}/methods/"
    assert [as_user(user).get(address).status_code for user in (ben, olga)] == [403, 403]

    Study.objects.update(released_at=timezone.now())
    assert [as_user(user).get(address).status_code for user in (ben, olga)] == [200, 200]


def test_queries_do_not_grow_with_papers(coded, ada, ben, as_user):
    client = as_user(ada)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            words(client, coded)
        return len(captured)

    few = queries()
    for _ in range(3):
        make_summary(make_paper(coded), ben, answers={"challenges": ["Cost"]})
    assert queries() == few


def test_the_flow_has_a_box_for_every_step_and_room_for_every_reason():
    stages = [
        flow_chart.Stage("Found: 9", ["Scopus: 9"], ("Out: 3", ["a: 1", "b: 1", "c: 1"])),
        flow_chart.Stage("In: 6", []),
    ]
    flow = flow_chart.drawn(stages)
    _first, aside, last = flow["boxes"]

    assert [text for _, text in aside.lines] == ["Out: 3", "a: 1", "b: 1", "c: 1"]
    assert last.y >= aside.y + aside.height
    assert flow["height"] >= last.y + last.height
    assert (len(flow["down"]), len(flow["across"])) == (1, 1)


def test_the_flow_chart_can_be_downloaded(coded, ada, ben, as_user):
    answer = as_user(ada).get(f"/s/{coded.slug}/methods/flow.svg")
    assert answer["Content-Type"].startswith("image/svg+xml")
    drawn = ET.fromstring(answer.content)  # noqa: S314 (our own template wrote it)
    words = [text.text for text in drawn.iter() if text.tag.endswith("}text")]
    assert f"Included: {coded.papers.count()}" in words
    assert as_user(ben).get(f"/s/{coded.slug}/methods/flow.svg").status_code == 403


def test_the_methods_text_counts_only_changes_with_a_reason(coded, ada, as_user):
    make_section(coded.phases.get(), "later")
    code = make_code(coded.sections.get(key="later"), "First")
    codebook_changes.edit(code, by=ada, facts={"label": "Second"}, reason="clearer")
    assert "it was changed, each time with the reason on record: " in words(as_user(ada), coded)
    codebook_changes.add(code.section, by=ada, facts={"label": "Third"})
    assert "it was changed, 1 time of 2 with the reason on record: " in words(as_user(ada), coded)


def test_the_checklist_counts_a_paper_of_two_rounds_once(coded, ada, ben, cleo, as_user):
    again = make_round(coded, "Again")
    for reader in (ben, cleo):
        make_summary(coded.papers.first(), reader, round=again)
    assert "independently 2 papers read by two or more" in words(as_user(ada), coded)
