"""Every key of the coding page does what its help says, from the page as it comes; in a field it
types its letter.
"""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from mapping.models import Section
from reviews.models import Summary
from tests.answers import said
from tests.coding_screen import SAVED, at_rest, chosen, conclusion, line
from tests.making import make_assignment, make_code, make_paper

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SECTIONS = ["challenges", "maturity-stage", "method", "replicable", "cases", "conclusion"]
MORE_CODES = ("Noisy data", "Privacy", "Labelling", "Integration", "Verification")


@pytest.fixture
def paper(server, study):
    """Each section asks how sure one is; the challenges have a search."""
    Section.objects.update(asks_confidence=True)
    challenges = Section.objects.get(key="challenges")
    for label in MORE_CODES:
        make_code(challenges, label)
    return make_paper(
        study,
        "Towards MLOps",
        key="john",
        abstract="Teams retrain continuously when performance drops.",
    )


@pytest.fixture
def page(page_as, ben, url, assignment):
    page = page_as(ben)
    page.goto(url)
    expect(page.locator("#s-maturity-stage .confidence")).to_be_visible()
    yield page
    at_rest(page)


def section(page, key):
    return page.locator(f"#s-{key}")


def focus_of(page):
    return page.evaluate(
        "document.activeElement.name || document.activeElement.dataset.filter || "
        "document.activeElement.id"
    )


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("challenges", "#challenges-options"),
        ("maturity-stage", "maturity-stage-codes"),
        ("method", "method-codes"),
        ("replicable", "replicable-yes_no"),
        ("cases", "cases-number"),
        ("conclusion", "conclusion-text"),
    ],
)
def test_a_slash_goes_to_the_answer_of_the_section_never_to_how_sure_one_is(page, key, field):
    section(page, key).focus()
    page.keyboard.press("/")
    assert focus_of(page) == field
    page.keyboard.press("ArrowDown")
    confidence = section(page, key).locator("[name$=-confidence]:checked")
    expect(confidence).to_have_value("")


def test_a_slash_and_space_choose_the_first_of_the_choices(page):
    for key in ("maturity-stage", "method", "replicable"):
        section(page, key).focus()
        page.keyboard.press("/")
        page.keyboard.press("Space")
    assert chosen(page, "maturity-stage") == ["Manual"]
    assert chosen(page, "method") == ["Case study"]
    expect(section(page, "replicable").get_by_label("yes")).to_be_checked()
    # What is chosen already is where the next slash leads.
    section(page, "maturity-stage").get_by_role("radio", name="Monitored").check()
    section(page, "maturity-stage").focus()
    page.keyboard.press("/")
    expect(section(page, "maturity-stage").get_by_role("radio", name="Monitored")).to_be_focused()


def test_j_and_k_begin_with_the_first_section_and_stop_at_the_ends(page):
    for key in SECTIONS:
        page.keyboard.press("j")
        expect(section(page, key)).to_be_focused()
    page.keyboard.press("j")
    expect(section(page, "conclusion")).to_be_focused()
    for key in reversed(SECTIONS[:-1]):
        page.keyboard.press("k")
        expect(section(page, key)).to_be_focused()
    page.reload()
    page.keyboard.press("k")
    expect(section(page, "challenges")).to_be_focused()


def test_the_keys_of_an_absence_say_it_and_take_it_back(page, assignment):
    for key, value in {
        "x": "none_apply",
        "r": "not_reported",
        "u": "unclear",
        "n": "not_applicable",
    }.items():
        field = section(page, "challenges").locator(f"[name=challenges-absence][value={value}]")
        page.keyboard.press(key)
        expect(field).to_be_checked()
        page.keyboard.press(key)
        expect(field).not_to_be_checked()
    page.keyboard.press("u")
    expect(line(page)).to_have_text(SAVED)
    assert said(assignment, "challenges").absence == "unclear"


def test_evidence_a_proposal_the_panes_and_the_help_open_from_the_page_as_it_comes(page):
    page.keyboard.press("e")
    expect(page.locator("[name=challenges-quote]")).to_be_focused()
    page.keyboard.type("jkxrunecz/?.pfq")
    expect(page.locator("[name=challenges-quote]")).to_have_value("jkxrunecz/?.pfq")
    page.keyboard.press("Escape")
    expect(section(page, "challenges")).to_be_focused()
    page.keyboard.press("p")
    expect(page.locator("#paper-pane")).to_be_focused()
    page.keyboard.press("f")
    expect(section(page, "challenges")).to_be_focused()
    page.reload()
    page.keyboard.press("f")
    expect(section(page, "challenges")).to_be_focused()
    page.keyboard.press("c")
    expect(page.locator("#propose-dialog")).to_be_visible()
    page.keyboard.type("jk?")
    expect(page.locator("#propose-label")).to_have_value("jk?")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys-dialog")).to_be_visible()


def test_q_takes_the_selected_words_and_z_undoes(page):
    page.locator("[data-quotable] p").first.evaluate(
        "(paragraph) => getSelection().selectAllChildren(paragraph)",
    )
    page.keyboard.press("q")
    expect(page.locator("[data-quote-section]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("[data-quote-popup]")).to_be_hidden()
    section(page, "challenges").get_by_label("Privacy").check()
    page.get_by_role("button", name="Remove Privacy").click()
    assert chosen(page, "challenges") == []
    section(page, "cases").focus()
    page.keyboard.press("z")
    assert chosen(page, "challenges") == ["Privacy"]


def test_keys_of_one_letter_type_letters_in_every_field(page):
    letters = "jkxrunecz/?.pfq"
    search = section(page, "challenges").locator("[data-filter]")
    for field in (search, page.locator("[name=cases-number]"), conclusion(page)):
        field.focus()
        page.keyboard.type(letters)
        expect(field).to_have_value(letters)
    assert not any(page.locator("[name$=-absence]:checked:not([value=''])").all())


@pytest.mark.parametrize(
    "field", [None, "[data-filter]", "[name=conclusion-text]", "[name=challenges-quote]"]
)
def test_ctrl_enter_reviews_from_anywhere(page, field):
    if field == "[name=challenges-quote]":
        page.keyboard.press("e")
    elif field:
        page.locator(field).first.focus()
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url(re.compile("/summary/review/"))
    page.wait_for_load_state()  # the address is there before the page listens to keys
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/summary/\?"))


@pytest.mark.parametrize("skip", ["key", "button", "button without script"])
def test_skipping_goes_on_to_another_paper_and_keeps_the_draft(
    page_as, study, ben, url, assignment, skip
):
    for number in (2, 3):
        make_assignment(make_paper(study, f"Paper {number}", key=f"paper-{number}"), ben)
    page = page_as(ben, java_script_enabled=skip != "button without script")
    page.goto(url)
    seen = []
    for _ in range(4):
        seen.append(re.search(r"papers/([\w-]+)/summary", page.url)[1])
        conclusion(page).fill(f"Of {seen[-1]}.")
        if skip == "key":
            page.keyboard.press("Escape")
            page.keyboard.press(".")
        else:
            page.get_by_role("button", name="Skip this paper").click()
        expect(page).not_to_have_url(re.compile(f"/{seen[-1]}/"))
    assert seen == ["john", "paper-2", "paper-3", "john"]
    at_rest(page)
    assert Summary.objects.drafts().count() == 3


def test_the_last_paper_cannot_be_skipped_and_the_queue_says_so(page, study):
    page.keyboard.press(".")
    expect(page).to_have_url(re.compile(reverse("queue", args=[study.slug])))
    expect(page.locator("#messages")).to_contain_text("the one you skipped is the last")


TITLE = (
    "Quality assurance and monitoring of systems that learn: a systematic mapping study of "
    "approaches, tools and open "
)


@pytest.mark.parametrize("length", [40, 110, 300, 900])
@pytest.mark.parametrize("facts", [{}, {"viewport": {"width": 1100, "height": 700}}])
def test_the_page_does_not_scroll_beside_its_panes_whatever_the_title(
    page_as, ben, url, paper, assignment, length, facts
):
    paper.title = (TITLE * 9)[:length]
    paper.save()
    page = page_as(ben, **facts)
    page.goto(url)
    assert page.evaluate("document.documentElement.scrollHeight - innerHeight") == 0
    expect(page.locator(".sticky-bar")).to_be_in_viewport(ratio=1)


def test_the_review_opens_at_its_top_and_enter_submits(page, study, paper):
    conclusion(page).fill("A long text.\n" * 120)
    section(page, "challenges").get_by_label("Privacy").check()
    page.set_viewport_size({"width": 1440, "height": 500})
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Submit")).to_be_focused()
    assert page.evaluate("scrollY") == 0
    page.keyboard.press("Enter")
    expect(page.locator("#messages")).to_contain_text("Submitted")
