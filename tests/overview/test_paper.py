"""One paper: shown to members, added, edited and removed by leads."""

import pytest
from django.urls import reverse
from django.utils import timezone

from mapping.models import Finding, FindingMark, LogEntry, Paper
from tests.making import make_assignment, make_paper, make_study, make_summary

KEYS = [
    "john2021towards",
    "müller 2020",
    "日本語 論文",
    "a?b#c%20",
    "DBLP:conf/x".replace("/", ":"),
    'o\'neil "x" <b>',
]


def page_of(study, name="paper", key="paper"):
    return reverse(name, args=[study.slug, key])


@pytest.mark.parametrize("key", KEYS)
def test_paper_pages_open_for_any_key(key, study, as_user, ada):
    make_paper(study, "Found", key=key)
    for name in ("paper", "edit-paper", "delete-paper", "upload-pdf", "remove-pdf"):
        answer = as_user(ada).get(page_of(study, name, key))
        assert (answer.status_code, "Found" in answer.text) == (200, True)
    listed = as_user(ada).get(reverse("papers", args=[study.slug])).text
    assert page_of(study, key=key).replace("&", "&amp;").replace("'", "&#x27;") in listed


def test_the_paper_page_shows_details_and_sources(study, as_user, ben):
    make_paper(
        study,
        "Towards MLOps",
        key="paper",
        authors="John, M.; Olsson, H.",
        venue="SEAA",
        doi="10.1109/x.1",
        abstract="It <b>drifts</b>.",
        url="https://example.org/a",
    )
    text = as_user(ben).get(page_of(study)).text
    for words in (
        "Towards MLOps",
        "John, M.",
        "SEAA",
        "https://doi.org/10.1109/x.1",
        "It &lt;b&gt;drifts",
    ):
        assert words in text


def test_a_paper_of_another_study_is_404(study, as_user, ada):
    make_paper(make_study(), key="elsewhere")
    for name in ("paper", "edit-paper", "delete-paper", "pdf", "upload-pdf", "remove-pdf"):
        assert as_user(ada).get(page_of(study, name, "elsewhere")).status_code == 404
        assert as_user(ada).post(page_of(study, name, "elsewhere")).status_code in {404, 405}


def test_only_leads_see_who_reads_the_paper(study, as_user, ada, ben, cleo):
    paper = make_paper(study, key="paper")
    make_summary(paper, ben)
    make_assignment(paper, cleo)
    assert "Cleo Reviewer" in as_user(ada).get(page_of(study)).text
    text = as_user(cleo).get(page_of(study)).text
    assert "Ben Reviewer" not in text
    assert "Readers" not in text


def finding(paper, label):
    section = paper.study.sections.get(key="challenges")
    found = Finding.objects.create(paper=paper, section=section, settled_at=timezone.now())
    FindingMark.objects.create(finding=found, code=section.codes.get(label=label))


def test_findings_are_shown_to_leads_and_after_release_to_the_unblinded(
    study, as_user, ada, ben, cleo, olga
):
    paper = make_paper(study, key="paper")
    make_summary(paper, ben, answers={"challenges": ["Model drift"]})
    make_assignment(paper, cleo)
    finding(paper, "Model drift")

    def sees(user):
        return "Model drift" in as_user(user).get(page_of(study)).text

    assert [sees(user) for user in (ada, ben, cleo, olga)] == [True, False, False, False]
    study.released_at = timezone.now()
    study.save()
    assert [sees(user) for user in (ada, ben, cleo, olga)] == [True, True, False, True]
    make_assignment(paper, ada)
    assert not sees(ada), "a lead who still has to code the paper is blind"


# By hand

FACTS = {"title": "Towards MLOps", "authors": "John, Meenu; Olsson, Helena", "year": "2021"}


def test_a_lead_adds_a_paper_and_it_gets_a_key(study, as_user, ada):
    page = reverse("add-paper", args=[study.slug])
    answer = as_user(ada).post(
        page, FACTS | {"doi": "https://doi.org/10.1109/SEAA.1", "source": "snowballing"}
    )
    paper = study.papers.get()
    assert answer.url == page_of(study, key="john2021towards")
    assert (paper.key, paper.doi) == ("john2021towards", "10.1109/seaa.1")
    assert [str(source) for source in paper.sources.all()] == ["snowballing"]
    assert LogEntry.objects.get(act="add-paper").by == ada


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "This field is required"),
        ({"title": "T", "key": "a/b"}, "cannot hold a slash"),
        ({"title": "T", "key": "a\x07b"}, "control characters"),
        ({"title": "T", "key": "import"}, "cannot be a key"),
        ({"title": "T", "key": "..."}, "at least one letter"),
        ({"title": "T", "key": "taken"}, "Another paper of this study has this key"),
        ({"title": "T", "doi": "10.1109/taken"}, "Another paper of this study has this DOI"),
        ({"title": "T", "doi": "no doi"}, "A DOI looks like"),
        ({"title": "T", "year": "99999"}, "between 1500 and 2100"),
        ({"title": "T", "url": "javascript:alert(1)"}, "valid URL"),
    ],
)
def test_an_invalid_paper_is_refused_with_a_reason(facts, words, study, as_user, ada):
    make_paper(study, "Here", key="taken", doi="10.1109/taken")
    answer = as_user(ada).post(reverse("add-paper", args=[study.slug]), facts)
    assert answer.status_code == 422
    assert words in answer.text
    assert study.papers.count() == 1


def test_adding_a_possible_duplicate_asks_once(study, as_user, ada):
    make_paper(study, "Towards MLOps", key="here", year=2021)
    page = reverse("add-paper", args=[study.slug])
    answer = as_user(ada).post(page, FACTS)
    assert answer.status_code == 422
    assert "seems to be here already" in answer.text
    assert 'type="checkbox" name="is_another"' in answer.text
    assert as_user(ada).post(page, FACTS | {"is_another": "on"}).status_code == 302
    assert study.papers.count() == 2


def test_keys_are_unique_per_study_only(study, as_user, ada):
    make_paper(make_study(), key="shared")
    as_user(ada).post(reverse("add-paper", args=[study.slug]), FACTS | {"key": "shared"})
    assert study.papers.filter(key="shared").exists()


def test_editing_a_paper_is_logged(study, as_user, ada):
    make_paper(study, "Towrds MLOps", key="paper")
    answer = as_user(ada).post(page_of(study, "edit-paper"), FACTS | {"key": "paper"})
    assert answer.status_code == 302
    assert study.papers.get().title == "Towards MLOps"
    assert set(LogEntry.objects.get(act="edit-paper").facts["fields"]) == {"title", "authors"}
    answer = as_user(ada).post(page_of(study, "edit-paper"), {"title": ""})
    assert answer.status_code == 422
    assert study.papers.get().title == "Towards MLOps"


def test_only_a_paper_without_assignments_can_be_removed(study, as_user, ada, ben):
    free, taken = make_paper(study, key="free"), make_paper(study, key="taken")
    make_assignment(taken, ben)
    assert as_user(ada).post(page_of(study, "delete-paper", "free")).status_code == 302
    answer = as_user(ada).post(page_of(study, "delete-paper", "taken"))
    assert answer.status_code == 422
    assert "in reviewers&#x27; hands" in answer.text
    assert list(Paper.objects.values_list("key", flat=True)) == ["taken"]
    assert free.key in LogEntry.objects.get(act="delete-paper").text


def test_the_number_of_queries_does_not_grow_with_readers_sources_and_findings(
    study, as_user, ada, ben, cleo, django_assert_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    paper = make_paper(study, key="paper")
    make_summary(paper, ben, answers={"challenges": ["Talent"]})
    finding(paper, "Talent")
    client = as_user(ada)
    with CaptureQueriesContext(connection) as before:
        client.get(page_of(study))
    make_summary(paper, cleo, answers={"challenges": ["Talent"]})
    Finding.objects.create(
        paper=paper, section=study.sections.get(key="method"), settled_at=timezone.now()
    )
    for _ in range(3):
        paper.sources.create(source="ACM")
    with CaptureQueriesContext(connection) as after:
        client.get(page_of(study))
    assert len(after) == len(before)
