"""Beside the form in a real Chromium: quotes are taken from the paper and find their place
again.
"""

import csv
import re

import pytest
from django.core.files.base import ContentFile
from playwright.sync_api import expect

from reviews.models import Answer, Mark, Summary
from tests.answers import said
from tests.coding_screen import SAVED, attach, line, select_words
from tests.making import make_answer, make_paper

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def paper(server, study):
    abstract = (
        "Teams retrain continuously when performance drops. Teams wait. Models drift. Data rots."
    )
    return make_paper(study, "Towards MLOps", key="john2021towards", abstract=abstract)


def select_from_to(page, first, last):
    """Select from the start of one line of the PDF to the end of another, as a mouse would."""
    page.locator(".textLayer").first.evaluate(
        """(_, [first, last]) => {
            const spans = [...document.querySelectorAll(".textLayer span")];
            const find = (words) => spans.find((span) => span.textContent === words).firstChild;
            const range = document.createRange();
            range.setStart(find(first), 0);
            range.setEnd(find(last), last.length);
            getSelection().removeAllRanges();
            getSelection().addRange(range);
            find(first).parentElement.dispatchEvent(new PointerEvent("pointerup", {bubbles: true}));
        }""",
        [first, last],
    )
    expect(page.locator("[data-quote-popup]")).to_be_visible()


def take_for(bar, code):
    """What is selected becomes evidence of this code of the challenges."""
    bar.get_by_label("Quote for").select_option("challenges")
    bar.get_by_label("code").select_option(label=code)
    bar.get_by_role("button", name="Add").click()


def go_to(page, number):
    page.get_by_label("Go to page").fill(number)
    page.get_by_label("Go to page").press("Enter")


def test_a_quote_over_the_end_of_a_page_names_both_pages_and_is_found_again(
    page_as, ben, url, paper, assignment
):
    attach(paper, [["Nothing here."], ["Teams retrain"], ["when performance drops."], ["The end."]])
    page = page_as(ben)
    page.goto(url)
    go_to(page, "2")
    expect(page.locator(".pdf-page[data-page='3'] .textLayer span")).to_have_text(
        "when performance drops."
    )
    select_from_to(page, "Teams retrain", "when performance drops.")
    bar = page.locator("[data-quote-popup]")
    take_for(bar, "Model drift")
    expect(line(page)).to_have_text(SAVED)
    assert Mark.objects.values_list("quote", "page").get() == (
        "Teams retrain when performance drops.",
        "2–3",
    )

    go_to(page, "4")
    page.locator(".quote-link").click()
    shown = re.compile(r"^2: Teams retrain\s*when performance drops")
    expect(page.locator("[data-pdf]")).to_have_attribute("data-shown", shown)


def test_words_selected_in_the_pdf_stand_with_their_page_in_codings_csv(
    page_as, ben, url, study, paper, assignment
):
    attach(paper, [["Nothing here."], ["Teams retrain"], ["The end."]])
    page = page_as(ben)
    page.goto(url)
    go_to(page, "2")
    expect(page.locator(".pdf-page[data-page='2'] .textLayer span")).to_have_text("Teams retrain")
    select_from_to(page, "Teams retrain", "Teams retrain")
    bar = page.locator("[data-quote-popup]")
    take_for(bar, "Cost")
    expect(line(page)).to_have_text(SAVED)
    page.get_by_role("button", name="Review and submit").click()
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("#messages")).to_contain_text("Submitted")
    file = page.request.get(f"/s/{study.slug}/export/codings.csv").text()
    rows = [row for row in csv.DictReader(file.splitlines()) if row["section"] == "challenges"]
    assert [(row["paper"], row["value"], row["quote"], row["page"]) for row in rows] == [
        ("john2021towards", "Cost", "Teams retrain", "2")
    ]


def test_of_several_quotes_in_one_field_each_click_shows_the_next(
    page_as, ben, url, paper, assignment
):
    attach(paper, [["Teams wait for data."], ["Nothing."], ["Models drift away."]])
    draft = Summary.objects.create(assignment=assignment)
    answer = make_answer(draft, "conclusion", "It is hard.", quote="", page="")
    Answer.objects.filter(pk=answer.pk).update(
        quote="Teams wait for data.\nModels drift away.", page="1, 3"
    )
    page = page_as(ben)
    page.goto(url)
    for shown in ("1: Teams wait for data", "3: Models drift away", "1: Teams wait for data"):
        page.locator("#s-conclusion .quote-link").click()
        expect(page.locator("[data-pdf]")).to_have_attribute("data-shown", shown)
        expect(page.locator("[data-pdf-said]")).to_be_hidden()


def test_several_quotes_from_the_abstract_are_shown_together(page_as, ben, url, assignment):
    draft = Summary.objects.create(assignment=assignment)
    answer = make_answer(draft, "conclusion", "It is hard.")
    Answer.objects.filter(pk=answer.pk).update(quote="Teams wait.\nData rots.")
    page = page_as(ben)
    page.goto(url)
    page.locator("#s-conclusion .quote-link").click()
    expect(page.locator("[data-quotable]")).to_have_attribute("data-found", "Teams wait\nData rots")


def test_a_pdf_that_cannot_be_drawn_says_so_beside_the_abstract(
    page_as, ben, url, paper, assignment
):
    paper.pdf.save("paper.pdf", ContentFile(b"%PDF-1.4\nnot a PDF at all\n%%EOF\n"))
    page = page_as(ben)
    page.goto(url)
    expect(page.locator("#paper-pane").get_by_role("alert")).to_contain_text(
        "This PDF cannot be shown here"
    )
    expect(page.get_by_role("link", name="Open the PDF in a tab of its own")).to_be_visible()
    expect(page.locator("[data-quotable]")).to_be_visible()


def test_words_selected_in_the_pdf_become_evidence_with_their_page_and_a_click_finds_them_again(
    page_as, ben, url, paper, assignment
):
    attach(
        paper,
        [
            ["The first page says little."],
            ["Teams retrain continu-", "ously when performance drops."],
        ],
    )
    page = page_as(ben)
    page.goto(url)
    page.locator("#s-challenges").get_by_label("Model drift").check()
    go_to(page, "2")
    words = page.locator(".pdf-page[data-page='2'] .textLayer span")
    expect(words).to_have_count(2)
    start, end = words.nth(0).bounding_box(), words.nth(1).bounding_box()
    page.mouse.move(start["x"] + 1, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] - 1, end["y"] + end["height"] / 2, steps=5)
    page.mouse.up()
    bar = page.locator("[data-quote-popup]")
    expect(bar).to_be_visible()
    take_for(bar, "Model drift")
    expect(line(page)).to_have_text(SAVED)
    mark = Mark.objects.get()
    assert (mark.code.label, mark.quote, mark.page) == (
        "Model drift",
        "Teams retrain continuously when performance drops.",
        "2",
    )

    go_to(page, "1")
    page.locator(".quote-link").click()
    expect(page.locator("[data-pdf]")).to_have_attribute(
        "data-shown", re.compile("^2: Teams retrain")
    )
    page.get_by_label("Search in the paper").fill("RETRAIN")
    page.get_by_label("Search in the paper").press("Enter")
    expect(page.locator("[data-pdf-found]")).to_have_text("1 of 1, p. 2")


def test_words_selected_in_the_abstract_become_evidence(page_as, ben, url, assignment):
    page = page_as(ben)
    page.goto(url)
    bar = select_words(page, "retrain continuously")
    bar.get_by_label("Quote for").select_option("conclusion")
    bar.get_by_role("button", name="Add").click()
    expect(page.locator("#s-conclusion .quote-link")).to_have_text("“retrain continuously”")
    bar = select_words(page, "when performance drops")
    expect(bar.get_by_label("Quote for")).to_have_value("conclusion")
    bar.get_by_role("button", name="Add").click()
    bar = select_words(page, "Teams")
    take_for(bar, "Model drift")
    expect(page.locator("#s-challenges .quote-link")).to_have_text("“Teams”")
    bar = select_words(page, "performance")
    take_for(bar, "the answer as a whole")
    expect(line(page)).to_have_text(SAVED)
    assert (
        said(assignment, "conclusion").evidence.quote
        == "retrain continuously\nwhen performance drops"
    )
    challenges = said(assignment, "challenges")
    assert [(mark.evidence.quote, mark.evidence.page) for mark in challenges.marks] == [
        ("Teams", "")
    ]
    assert challenges.evidence.quote == "performance"
    page.reload()
    page.locator("#s-challenges .quote-link").first.click()
    expect(page.locator("[data-quotable]")).to_have_attribute("data-found", "Teams")
    page.get_by_label("Why for Conclusion").evaluate(
        "field => field.closest('details').open = true"
    )
    page.get_by_label("Why for Conclusion").fill("said twice")
    expect(line(page)).to_have_text(SAVED)
    page.locator("#s-conclusion [data-proof-answer] [data-remove-mark]").click()
    expect(page.locator("#s-conclusion .quote-link")).to_have_count(0)
    expect(line(page)).to_have_text(SAVED)
    assert not said(assignment, "conclusion").evidence.quote
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#s-conclusion [data-proof]")).to_contain_text("why: said twice")


def test_of_300_pages_the_first_is_there_without_the_rest(page_as, ben, url, paper, assignment):
    attach(paper, [[f"Page {number} {'x' * 60}"] * 40 for number in range(1, 301)])
    page = page_as(ben)
    page.goto(url)
    expect(page.locator(".pdf-page[data-page='1'] .textLayer span").first).to_have_text(
        re.compile("^Page 1 ")
    )
    expect(page.locator("[data-pdf-pages]")).to_have_text("300")
    assert page.locator(".pdf-page[data-drawn]").count() < 10
    page.get_by_label("Go to page").fill("250")
    page.get_by_label("Go to page").press("Enter")
    expect(page.locator(".pdf-page[data-page='250'] .textLayer span").first).to_have_text(
        re.compile("^Page 250 ")
    )
