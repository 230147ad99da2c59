"""The page on which one codes, as it works without script: plain posts, clear refusals, nothing
lost.
"""

import re
from itertools import pairwise

import pytest
from django.urls import reverse
from django.utils import timezone

from mapping.models import Code, Section
from reviews.coding import drafts
from reviews.models import Answer, KeptEdit, Mark, Summary
from tests.answers import fill, said
from tests.making import (
    make_assignment,
    make_code,
    make_paper,
    make_section,
    make_study,
    make_summary,
)
from tests.reading import form_in

JSON = {"Accept": "application/json"}


@pytest.fixture
def paper(study):
    return make_paper(
        study, "Towards MLOps", key="john2021towards", abstract="We study the maturity of MLOps."
    )


def code(study, label):
    return str(Code.objects.get(section__study=study, label=label).pk)


def part(study, paper, key):
    return reverse("section", args=[study.slug, paper.key, key])


def test_the_page_shows_the_paper_and_every_section_with_its_codes(as_user, ben, url, study):
    page = as_user(ben).get(url)
    text = page.content.decode()
    assert page.status_code == 200
    assert "We study the maturity of MLOps." in text
    for section in Section.objects.filter(study=study):
        assert f'id="s-{section.key}"' in text
    for label in Code.objects.filter(section__study=study).values_list("label", flat=True):
        assert label in text
    assert not Summary.objects.exists()  # looking begins nothing


def test_what_was_filled_in_without_script_is_saved_and_stands_there_again(
    as_user, ben, url, study, assignment
):
    client = as_user(ben)
    drift = code(study, "Model drift")
    fill(
        client,
        url,
        challenges__codes=[drift],
        conclusion__text="It is hard.\r\n結論",
        cases__number="3.5",
        replicable__yes_no="yes",
        method__absence="unclear",
        maturity_stage__codes=code(study, "Manual"),
    )
    fields = form_in(client.get(url), "summary-form")
    assert fields["challenges-codes"] == [drift]
    assert fields["conclusion-text"] == ["It is hard.\n結論"]
    assert (fields["cases-number"], fields["replicable-yes_no"]) == (["3.5"], ["yes"])
    assert fields["method-absence"] == ["unclear"]
    assert said(assignment, "maturity-stage").codes == [int(code(study, "Manual"))]


def test_evidence_is_given_to_a_code_once_it_is_chosen_and_a_second_quote_beside_it(
    as_user, ben, url, study, assignment
):
    client = as_user(ben)
    drift = code(study, "Model drift")
    fill(client, url, challenges__codes=[drift])
    fields = form_in(client.get(url), "summary-form")
    assert fields["challenges-mark-code"] == [drift]
    fill(client, url, **{"challenges__mark-quote": ["it drifts"], "challenges__mark-page": ["4"]})
    fields = form_in(client.get(url), "summary-form")
    assert fields["challenges-mark-quote"] == ["it drifts", ""]
    fill(client, url, **{"challenges__mark-quote": ["it drifts", "and again"]})
    assert [
        (mark.evidence.quote, mark.evidence.page) for mark in said(assignment, "challenges").marks
    ] == [
        ("it drifts", "4"),
        ("and again", ""),
    ]


def test_every_section_takes_a_quote_for_the_answer_as_a_whole(
    as_user, ben, url, study, assignment
):
    client = as_user(ben)
    fields = form_in(client.get(url), "summary-form")
    for key in Section.objects.filter(study=study).values_list("key", flat=True):
        assert {f"{key}-quote", f"{key}-page", f"{key}-rationale"} <= set(fields)
    assert "No codes yet" not in client.get(url).content.decode()
    fill(
        client,
        url,
        conclusion__text="It is hard.",
        conclusion__quote="hard indeed",
        conclusion__page="8",
    )
    evidence = said(assignment, "conclusion").evidence
    assert (evidence.quote, evidence.page) == (
        "hard indeed",
        "8",
    )
    assert form_in(client.get(url), "summary-form")["conclusion-quote"] == ["hard indeed"]


def test_what_is_typed_is_text_whatever_it_looks_like(as_user, ben, url, study, assignment):
    client = as_user(ben)
    odd = "<b>&amp; {{ label }} \ue000quote\ue001</b>"
    drift = code(study, "Model drift")
    fill(client, url, challenges__codes=[drift], conclusion__text=odd, conclusion__quote=odd)
    fields = form_in(client.get(url), "summary-form")
    client.post(
        url,
        {**fields, "challenges-mark-quote": odd, "challenges-mark-rationale": odd, "act": "save"},
    )
    text = client.get(url).content.decode()
    assert "<b>&amp;amp;" not in text
    assert (
        text.count("&lt;b&gt;&amp;amp; {{ label }} \ue000quote\ue001&lt;/b&gt;") == 7
    )  # a text; two quotes and a reason, each shown too
    assert form_in(client.get(url), "summary-form")["challenges-mark-quote"][0] == odd


def test_unticking_every_code_is_saved(as_user, ben, url, study, assignment):
    client = as_user(ben)
    fill(client, url, challenges__codes=[code(study, "Talent"), code(study, "Cost")])
    assert len(said(assignment, "challenges").codes) == 2
    fill(client, url, challenges__codes=[])
    assert said(assignment, "challenges").is_blank
    assert not Mark.objects.exists()


def test_saving_an_unchanged_form_writes_nothing(as_user, ben, url):
    client = as_user(ben)
    fill(client, url, conclusion__text="words")
    before = list(Answer.objects.values())
    fill(client, url)
    assert list(Answer.objects.values()) == before


def test_an_empty_post_changes_nothing_and_says_so(as_user, ben, url, assignment):
    client = as_user(ben)
    fill(client, url, conclusion__text="words")
    answer = client.post(url, {})
    assert answer.status_code == 422
    assert "arrived empty" in answer.content.decode()
    assert said(assignment, "conclusion").text == "words"


@pytest.mark.parametrize("number", ["many", "1e400", "NaN", "-inf", "9" * 30, "0.00000001", "١٢؟"])
def test_an_absurd_number_is_refused_kept_in_its_field_and_the_rest_is_saved(
    as_user, ben, url, assignment, number
):
    answer = fill(as_user(ben), url, cases__number=number, conclusion__text="words")
    assert answer.status_code == 422
    assert form_in(answer, "summary-form")["cases-number"] == [number]
    assert said(assignment, "conclusion").text == "words"
    assert said(assignment, "cases").is_blank


def test_codes_of_other_sections_and_studies_and_no_ids_at_all_are_refused(
    as_user, ben, url, study, assignment
):
    other = make_study()
    for wrong in (
        code(other, "Model drift"),
        code(study, "Manual"),
        "99999999999999999999",
        "drift",
        "-1",
    ):
        answer = fill(as_user(ben), url, challenges__codes=[wrong])
        assert answer.status_code == 422, wrong
    assert not Mark.objects.exists()


def test_a_section_of_another_study_is_not_found(as_user, ben, study, paper, assignment):
    other = make_study()
    make_section(other.phases.get(), "theirs", "text")
    client = as_user(ben)
    facts = {"theirs-version": 0, "theirs-text": "x"}
    assert client.post(part(study, paper, "theirs"), facts).status_code == 404
    assert client.get(part(study, paper, "theirs")).status_code == 404
    answer = client.post(reverse("summary", args=[study.slug, paper.key]), facts)
    assert answer.status_code == 422
    assert not Answer.objects.exists()


def test_somebody_elses_assignment_is_not_found(as_user, ben, cleo, url, study, paper, assignment):
    theirs = make_assignment(paper, cleo)
    facts = {"assignment": theirs.pk, "conclusion-version": 0, "conclusion-text": "x"}
    assert as_user(ben).post(url, facts).status_code == 404
    assert as_user(ben).post(part(study, paper, "conclusion"), facts).status_code == 404
    assert (
        as_user(ben)
        .get(reverse("review", args=[study.slug, paper.key]), {"assignment": theirs.pk})
        .status_code
        == 404
    )
    assert not Answer.objects.exists()


def test_two_tabs_without_script_both_texts_are_kept_shown_and_one_is_chosen(
    as_user, ben, url, assignment
):
    client = as_user(ben)
    stale = form_in(client.get(url), "summary-form")
    fill(client, url, conclusion__text="from the first tab")
    page = client.post(
        url, {**stale, "conclusion-text": "from the second tab", "act": "save"}, follow=True
    )
    assert "from the first tab" in page.content.decode()
    assert "from the second tab" in page.content.decode()
    assert said(assignment, "conclusion").text == "from the first tab"

    kept = KeptEdit.objects.get()
    fields = form_in(page, "summary-form")
    client.post(url, {**fields, "choose": f"conclusion:{kept.pk}"})
    assert said(assignment, "conclusion").text == "from the second tab"
    assert not KeptEdit.objects.open().exists()


@pytest.mark.parametrize(("choice", "text"), [("saved", "first"), ("fields", "first and second")])
def test_the_saved_text_or_what_was_brought_together_is_chosen_too(
    as_user, ben, url, assignment, choice, text
):
    client = as_user(ben)
    stale = form_in(client.get(url), "summary-form")
    fill(client, url, conclusion__text="first")
    page = client.post(url, {**stale, "conclusion-text": "second", "act": "save"}, follow=True)
    fields = form_in(page, "summary-form")
    client.post(url, {**fields, "conclusion-text": text, "choose": f"conclusion:{choice}"})
    assert said(assignment, "conclusion").text == text
    assert not KeptEdit.objects.open().exists()


def test_saving_one_section_answers_what_happened(as_user, ben, study, paper, assignment):
    client = as_user(ben)
    to = part(study, paper, "conclusion")

    def save(**facts):
        fields = {f"conclusion-{name}": value for name, value in facts.items()}
        return client.post(
            to, {"assignment": assignment.pk, **fields}, headers={"Accept": "application/json"}
        )

    assert (
        save(version=0, text="one").json()["word"],
        save(version=0, text="one").json()["word"],
    ) == ("saved", "unchanged")
    met = save(version=0, text="two")
    assert (met.json()["word"], met.json()["version"]) == ("kept", 1)
    assert save(version="x").status_code == 422
    assert save(version=1, absence="lost").status_code == 422
    assert said(assignment, "conclusion").text == "one"


def test_a_form_that_arrives_after_submission_changes_nothing_and_its_words_are_shown(
    as_user, ben, url, study, paper, assignment
):
    client = as_user(ben)
    fill(client, url, challenges__absence="none_apply", conclusion__text="submitted words")
    stale = form_in(client.get(url), "summary-form")
    drafts.submit(Summary.objects.get(), by=ben)
    answer = client.post(url, {**stale, "conclusion-text": "late words", "act": "save"})
    assert answer.status_code == 422
    assert "late words" in answer.content.decode()
    for refused in (
        client.post(
            part(study, paper, "conclusion"), stale | {"conclusion-text": "late"}, headers=JSON
        ),
        client.post(
            part(study, paper, "conclusion"),
            stale | {"conclusion-text": "late", "conclusion-version": 99},
            headers=JSON,
        ),
    ):
        assert refused.status_code == 409
    client.post(reverse("review", args=[study.slug, paper.key]), {"assignment": assignment.pk})
    assert said(assignment, "conclusion").text == "submitted words"
    assert 'name="conclusion-text"' not in client.get(url).content.decode()


def test_review_names_what_is_missing_with_links_and_submitting_opens_the_next_paper(
    as_user, ben, url, study, paper, assignment
):
    following = make_paper(study, "Who Needs MLOps", key="next")
    make_assignment(following, ben)
    client = as_user(ben)
    review = reverse("review", args=[study.slug, paper.key])
    assert "#s-challenges" in client.get(review).content.decode()
    refused = client.post(review)
    assert refused.status_code == 422
    assert "Not answered yet: Challenges." in refused.content.decode()

    fill(client, url, challenges__codes=[code(study, "Cost")])
    answer = client.post(review, follow=True)
    assert answer.redirect_chain[0][0].startswith(reverse("summary", args=[study.slug, "next"]))
    assert "1 of 2" in answer.content.decode()
    assert Summary.objects.get(assignment=assignment).is_submitted


def test_no_heading_of_the_review_skips_a_level(as_user, ben, study, paper, assignment):
    """Sections without a research question stand under the name of their phase, as in the form."""
    page = as_user(ben).get(reverse("review", args=[study.slug, paper.key])).content.decode()
    levels = [int(level) for level in re.findall(r"<h([1-6])\b", page.partition("<main")[2])]
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels
    assert '<h2 dir="auto">Coding</h2>' in page


def test_reviewing_from_the_form_saves_it_first(as_user, ben, url, assignment):
    client = as_user(ben)
    fields = form_in(client.get(url), "summary-form")
    answer = client.post(url, {**fields, "conclusion-text": "words", "act": "review"}, follow=True)
    assert "words" in answer.content.decode()
    assert answer.redirect_chain[0][0].endswith(f"/review/?assignment={assignment.pk}")


def test_a_paper_taken_back_or_a_closed_round_is_read_only_and_says_why(
    as_user, ben, url, assignment
):
    fill(as_user(ben), url, conclusion__text="words")
    assignment.round.closed_at = timezone.now()
    assignment.round.save()
    page = as_user(ben).get(url).content.decode()
    assert "is closed" in page
    assert "words" in page
    assert 'name="conclusion-text"' not in page


def test_who_was_not_handed_the_paper_is_told_so_and_sees_nobodys_answers(
    as_user, cleo, ada, url, paper, ben
):
    summary = Summary.objects.create(assignment=paper.assignments.get())
    conclusion = Section.objects.get(key="conclusion")
    Answer.objects.create(summary=summary, section=conclusion, text="a secret of Ben's")
    for other in (cleo, ada):
        page = as_user(other).get(url)
        assert "not handed to you" in page.content.decode()
        assert "secret" not in page.content.decode()


def test_the_form_shows_nothing_of_what_others_said_of_the_paper(
    as_user, ben, cleo, url, study, paper
):
    make_summary(paper, cleo, answers={"challenges": ["Talent"], "conclusion": "Cleo's own words"})
    theirs = drafts.propose_code(
        Section.objects.get(key="challenges"),
        label="Poisoning",
        definition="d",
        reason="r",
        by=cleo,
    )
    client = as_user(ben)
    pages = [client.get(url), client.get(part(study, paper, "challenges"))]
    near = reverse("near", args=[study.slug, paper.key])
    pages.append(client.get(near, {"section": "challenges", "label": "Poisoning"}))
    for page in pages:
        assert "Cleo" not in page.content.decode()
        assert theirs.label not in page.content.decode()
    assert (
        "checked"
        not in client.get(part(study, paper, "challenges")).content.decode().split("absence")[0]
    )


def test_two_rounds_of_one_paper_are_two_summaries(as_user, ben, study, paper, assignment, url):
    screening = study.phases.create(key="screening", name="Screening", kind="screening", position=1)
    make_section(screening, "include", "text")
    round = study.rounds.create(phase=screening, name="Screen")
    make_assignment(paper, ben, round=round)
    client = as_user(ben)
    assert 'id="s-include"' in client.get(url, {"phase": "screening"}).content.decode()
    assert 'id="s-challenges"' in client.get(url, {"phase": "coding"}).content.decode()


@pytest.mark.parametrize(("sections", "codes"), [(2, 10), (30, 300)])
def test_the_form_takes_the_same_queries_whatever_its_size(
    as_user, ben, study, paper, assignment, url, django_assert_num_queries, sections, codes
):
    for number in range(sections):
        section = make_section(study.phases.get(), f"more-{number}")
        for place in range(codes // sections):
            make_code(section, f"Code {place}")
    client = as_user(ben)
    fill(client, url, challenges__codes=[code(study, "Cost")], conclusion__text="words")
    client.get(url)
    with django_assert_num_queries(QUERIES_OF_THE_FORM):
        client.get(url)


QUERIES_OF_THE_FORM = 14


@pytest.mark.parametrize("size", [1, 30])
def test_saving_a_section_takes_the_same_queries_whatever_the_form(
    as_user, ben, study, paper, assignment, django_assert_num_queries, size
):
    challenges = Section.objects.get(key="challenges")
    codes = [make_code(challenges, f"Code {number}").pk for number in range(size + 1)]
    client = as_user(ben)
    to = part(study, paper, "challenges")
    client.post(
        to,
        {"challenges-version": 0, "challenges-codes": codes[:-1], "assignment": assignment.pk},
        headers=JSON,
    )
    with django_assert_num_queries(QUERIES_OF_A_SAVE):
        client.post(
            to,
            {
                "challenges-version": 1,
                "challenges-codes": codes[1:],
                "challenges-rationale": "why",
                "assignment": assignment.pk,
            },
            headers=JSON,
        )


QUERIES_OF_A_SAVE = 16
