"""What a reviewer misses in a paper's entry reaches a lead, who puts it in or leaves it."""

import pytest
from django.urls import reverse

from mapping.models import LogEntry
from reviews.overview import corrections
from tests.making import make_assignment, make_paper


@pytest.fixture
def paper(study, ben):
    paper = make_paper(study, "Towards MLOps", key="john", abstract="")
    make_assignment(paper, ben)
    return paper


@pytest.fixture
def page(study, paper):
    return reverse("suggest-correction", args=[study.slug, paper.key])


def told(client, page, **facts):
    return client.post(page, {"field": "abstract", "text": "Teams retrain."} | facts)


def overview(client, study):
    return " ".join(client.get(reverse("overview", args=[study.slug])).content.decode().split())


def answered(client, study, paper, act, pk=None):
    pk = pk or corrections.open_suggestions(paper)[0].pk
    url = reverse("answer-correction", args=[study.slug, paper.key, pk])
    return client.post(url, {"act": act}, follow=True).content.decode()


def test_paper_and_summary_pages_link_to_suggesting_a_correction(
    study, paper, page, as_user, ben, olga, ada
):
    for name in ("paper", "summary"):
        text = as_user(ben).get(reverse(name, args=[study.slug, paper.key])).content.decode()
        assert page in text
        assert reverse("edit-paper", args=[study.slug, paper.key]) not in text
    refused = as_user(ben).get(reverse("edit-paper", args=[study.slug, paper.key]))
    assert refused.status_code == 403
    assert page in refused.content.decode()
    refused = as_user(olga).get(reverse("edit-paper", args=[study.slug, paper.key]))
    assert refused.status_code == 403
    assert page not in refused.content.decode()
    assert page not in as_user(olga).get(paper.get_absolute_url()).content.decode()
    assert as_user(ada).get(page).url == reverse("edit-paper", args=[study.slug, paper.key])


def test_a_suggestion_is_visible_to_its_author_and_the_leads(
    study, paper, page, as_user, ada, ben, cleo, olga
):
    told(as_user(ben), page)
    mine = as_user(ben).get(paper.get_absolute_url()).content.decode()
    assert "What you told the leads" in mine
    assert "Teams retrain." in mine
    assert "Put it in" not in mine
    for other in (cleo, olga):
        assert "Teams retrain." not in as_user(other).get(paper.get_absolute_url()).content.decode()
    answered(as_user(ada), study, paper, "leave")
    assert (
        "What you told the leads" not in as_user(ben).get(paper.get_absolute_url()).content.decode()
    )


def test_a_lead_finds_a_suggestion_and_takes_it_over(study, paper, page, as_user, ada, ben, cleo):
    assert told(as_user(ben), page).url == paper.get_absolute_url()
    told(as_user(ben), page)  # twice is once
    lead = as_user(ada)
    assert "1 correction of a paper's entry waits" in overview(lead, study).replace("&#x27;", "'")
    assert f"{paper.get_absolute_url()}#suggestions" in overview(lead, study)
    assert "correction of a paper" not in overview(as_user(ben), study)
    text = lead.get(paper.get_absolute_url()).content.decode()
    assert "Teams retrain." in text
    assert "Teams retrain." not in as_user(cleo).get(paper.get_absolute_url()).content.decode()
    pk = corrections.open_suggestions(paper)[0].pk
    assert "It is in the paper&#x27;s entry now." in answered(lead, study, paper, "take")
    paper.refresh_from_db()
    assert paper.abstract == "Teams retrain."
    assert "correction of a paper" not in overview(lead, study)
    assert "Somebody has answered this already." in answered(lead, study, paper, "take", pk)
    acts = list(LogEntry.objects.order_by("pk").values_list("act", flat=True))
    assert acts == ["suggest-correction", "edit-paper", "answer-correction"]


def test_a_rejected_suggestion_changes_nothing(study, paper, page, as_user, ada, ben):
    told(as_user(ben), page, field="year", text="2019")
    told(as_user(ben), page, field="authors", text="John, Meenu")
    assert "It was left as it is." in answered(as_user(ada), study, paper, "leave")
    paper.refresh_from_db()
    assert paper.year == 2021
    assert [one.field for one in corrections.open_suggestions(paper)] == ["authors"]


@pytest.mark.parametrize(
    ("field", "text", "why"),
    [
        ("year", "long ago", "Enter a whole number."),
        ("year", "99999", "A year between 1500 and 2100"),
        ("doi", "no doi", "A DOI looks like"),
        ("abstract", "  \n ", "Say what should stand there."),
        ("title", "", "Say what should stand there."),
        ("key", "x", "Select a valid choice."),
    ],
)
def test_an_invalid_suggestion_is_refused_with_the_reason(
    paper, page, as_user, ben, field, text, why
):
    refused = told(as_user(ben), page, field=field, text=text)
    assert refused.status_code == 422
    assert why in refused.content.decode()
    assert not LogEntry.objects.exists()


def test_a_suggestion_that_became_invalid_stays_open(study, paper, page, as_user, ada, ben):
    told(as_user(ben), page, field="doi", text="10.1145/12.34")
    make_paper(study, doi="10.1145/12.34")
    assert "Another paper of this study has this DOI." in answered(
        as_user(ada), study, paper, "take"
    )
    assert len(corrections.open_suggestions(paper)) == 1
