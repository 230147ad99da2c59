"""The evidence table: code, papers, quotes; nothing of a paper one still has to code."""

import csv
import io

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mapping.models import Study
from reviews.models import Mark
from tests.making import make_answer, make_assignment, make_paper, make_summary
from tests.results.test_map import settle


def quotes(client, study, **asked):
    answer = client.get(
        f"/s/{study.slug}/evidence/", {"format": "csv", "section": "challenges", **asked}
    )
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode())))


def test_evidence_lists_codes_with_papers_and_quotes(study, ada, as_user):
    paper = make_paper(study, "Towards MLOps", key="john2021")
    settle(paper, "challenges", "Cost", quote="=money is short", page="4")
    page = (
        as_user(ada).get(f"/s/{study.slug}/evidence/", {"section": "challenges"}).content.decode()
    )

    assert all(words in page for words in ("Cost", "Towards MLOps", "=money is short", "p. 4"))
    (row,) = quotes(as_user(ada), study)
    assert (row["code"], row["paper"], row["quote"], row["page"], row["said_by"]) == (
        "Cost",
        "john2021",
        "'=money is short",
        "4",
        "finding",
    )


def test_evidence_is_filtered_by_code_and_words(study, ada, as_user):
    paper = make_paper(study)
    settle(paper, "challenges", "Cost", "Talent", quote="few people")
    client = as_user(ada)

    assert [row["code"] for row in quotes(client, study)] == ["Talent", "Cost"]
    assert [row["code"] for row in quotes(client, study, code="Cost")] == ["Cost"]
    assert quotes(client, study, q="nowhere") == []
    assert (
        client.get(f"/s/{study.slug}/evidence/", {"format": "csv", "code": "no such"}).status_code
        == 404
    )


def test_evidence_hides_papers_that_a_reviewer_still_has_to_code(study, ben, cleo, as_user):
    closed, own = make_paper(study, key="closed"), make_paper(study, key="own")
    for paper in (closed, own):
        make_summary(paper, cleo, answers={"challenges": ["Cost"]})
        settle(paper, "challenges", "Cost", quote="telling")
    make_assignment(closed, ben)
    make_summary(own, ben, answers={"challenges": ["Talent"]})
    Study.objects.update(released_at=timezone.now())

    for source in ("settled", "provisional"):
        assert {row["paper"] for row in quotes(as_user(ben), study, source=source)} == {"own"}


def test_evidence_shows_letters_in_an_anonymous_study(study, ada, ben, as_user):
    Study.objects.update(is_anonymous=True)
    make_summary(make_paper(study), ben, answers={"challenges": ["Cost"]})

    assert [row["said_by"] for row in quotes(as_user(ada), study, source="provisional")] == ["A"]


def test_queries_do_not_grow_with_quotes(study, ada, ben, as_user):
    client = as_user(ada)

    def queries(source):
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/s/{study.slug}/evidence/", {"section": "challenges", "source": source})
        return len(captured)

    def another():
        paper = make_paper(study)
        make_summary(paper, ben, answers={"challenges": ["Cost"]})
        settle(paper, "challenges", "Cost")
        Mark.objects.update(quote="short")

    another()
    few = [queries("settled"), queries("provisional")]
    another(), another()
    assert [queries("settled"), queries("provisional")] == few


def test_evidence_counts_uses_and_quotes_separately(study, ada, ben, as_user):
    make_summary(make_paper(study), ben, answers={"challenges": ["Talent", "Cost"]})
    summary = make_summary(make_paper(study), ben)
    make_answer(summary, "challenges", ["Cost"], quote="too dear")
    page = reverse("evidence", args=[study.slug]) + "?source=provisional"
    text = " ".join(as_user(ada).get(page).content.decode().split())
    assert "<b>3</b> of 3 uses of codes, 1 with a quote" in text
    assert "of 3 quotes" not in text
