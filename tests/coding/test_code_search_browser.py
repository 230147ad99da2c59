"""Searching codes by keyboard finds the code that is meant, and takes no other: wherever codes are
chosen.
"""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from mapping.models import Section
from reviews.models import Mark, Resolution
from tests.answers import said
from tests.browser import wait_for_answers
from tests.coding_screen import SAVED, at_rest, chosen, line, select_words
from tests.making import make_code, make_paper, make_summary

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CODES = {
    "Need for large data sets": (
        "Too little data.",
        "Not for noisy data, labelling issues or privacy concerns.",
    ),
    "Noisy data": ("Values that are wrong.", "Missing values."),
    "Noisy data pipelines": ("", ""),
    "Labelling issues": ("Labels are missing or wrong.", ""),
    "Behaviour of centres": ("", ""),
    "Datasets age": ("Drift of what comes in.", ""),
    "Organisation": ("Teams and roles.", ""),
    "Model governance": ("Who may use noisy data is decided.", ""),
}


@pytest.fixture
def paper(server, study):
    challenges = Section.objects.get(key="challenges")
    for label, (definition, when_not) in CODES.items():
        make_code(
            challenges,
            label,
            definition=definition,
            when_not=when_not,
            example="Noisy data, for example.",
        )
    method = Section.objects.get(key="method")
    for label in ("Case survey", "Interview", "Simulation", "Delphi", "Action research"):
        make_code(method, label)
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
    yield page
    at_rest(page)


def search(page, words, section="challenges"):
    field = page.locator(f"#s-{section} [data-filter]")
    field.focus()
    field.fill("")
    page.keyboard.type(words)
    return field


def hits(page, section="challenges"):
    return page.locator(f"#s-{section} .options .choice:visible [data-option-label]")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("noisy data", ["Noisy data", "Noisy data pipelines", "Model governance"]),
        ("NOISY  Data", ["Noisy data", "Noisy data pipelines", "Model governance"]),
        ("labeling issues", ["Labelling issues"]),
        ("labelling issue", ["Labelling issues"]),
        ("lablling isues", ["Labelling issues"]),
        ("behavior of centers", ["Behaviour of centres"]),
        ("organizations", ["Organisation"]),
        ("datasets", ["Datasets age", "Need for large data sets"]),
        ("data drift", ["Datasets age"]),
        ("privacy concerns", []),
        ("missing values", []),
    ],
)
def test_hits_come_best_first_and_what_a_code_is_not_for_never_counts(page, typed, found):
    search(page, typed)
    assert hits(page).all_text_contents() == found


def test_arrow_and_space_or_enter_take_what_was_typed_in_full(page, assignment):
    search(page, "noisy data")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    assert chosen(page, "challenges") == ["Noisy data"]
    field = search(page, "labeling issues")
    page.keyboard.press("Enter")
    expect(page.locator("#challenges-count")).to_have_text("“Labelling issues” is chosen.")
    expect(field).to_be_focused()
    expect(field).to_have_value("")
    expect(line(page)).to_have_text(SAVED)
    assert len(said(assignment, "challenges").codes) == 2
    everything = ["Data quality", "Model drift", "Talent", "Cost", *CODES]
    assert hits(page).all_text_contents() == everything


@pytest.mark.parametrize(
    "typed", ["noisy", "data", "lablling isues", "who may use", "nothing of the kind"]
)
def test_enter_takes_nothing_that_could_be_another_code(page, typed):
    search(page, typed)
    page.evaluate("window.stays = true")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert chosen(page, "challenges") == []
    assert page.evaluate("window.stays"), "no form was sent"


@pytest.mark.parametrize("press", [["Enter"], ["ArrowDown", "Space"]])
def test_a_hit_that_is_ticked_stays_ticked_and_the_page_says_so(page, press):
    page.locator("#s-challenges").get_by_label("Noisy data", exact=True).check()
    search(page, "noisy data")
    for key in press:
        page.keyboard.press(key)
    expect(page.locator("#challenges-count")).to_have_text(
        "“Noisy data” is chosen already, and stays so."
    )
    assert chosen(page, "challenges") == ["Noisy data"]
    page.locator("#s-challenges").get_by_label("Noisy data", exact=True).uncheck()
    assert chosen(page, "challenges") == []


def test_the_search_of_a_section_with_one_code_takes_and_keeps_it(page, assignment):
    search(page, "survey", section="method")
    assert hits(page, "method").all_text_contents() == ["Survey", "Case survey"]
    page.keyboard.press("Enter")
    search(page, "Survey", section="method")
    page.keyboard.press("Enter")
    expect(page.locator("#method-count")).to_have_text("“Survey” is chosen already, and stays so.")
    expect(line(page)).to_have_text(SAVED)
    assert chosen(page, "method") == ["Survey"]


def test_codes_are_searched_where_one_settles(page_as, study, ada, ben, cleo, paper):
    make_summary(paper, ben, answers={"challenges": ["Talent"]})
    make_summary(paper, cleo, answers={"challenges": ["Cost"]})
    page = page_as(ada)
    page.goto(reverse("comparison", args=[study.slug, paper.key]))
    page.locator("#s-challenges [data-own] summary").click()
    field = search(page, "noisy data")
    first = page.locator("#own-options-challenges .choice:visible").first
    expect(first).to_have_text("Noisy data")
    page.keyboard.press("Enter")
    expect(first.locator("input")).to_be_visible()
    checked = page.locator("#own-options-challenges :checked:not([name=absence])")
    expect(checked).to_have_count(1)
    expect(page.locator("#s-challenges [name=way][value=own]")).to_be_checked()
    page.keyboard.press("Enter")
    expect(checked).to_have_count(1)
    expect(field).to_be_focused()
    search(page, "data")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#own-count-challenges")).to_have_text("Space chooses it.")
    expect(checked).to_have_count(1)
    wait_for_answers(page)
    assert not Resolution.objects.exists()


def test_a_quote_goes_to_no_code_before_one_is_chosen(page, assignment):
    bar = select_words(page, "retrain continuously")
    code = bar.locator("[data-quote-code]")
    for section in ("challenges", "maturity-stage", "method"):
        bar.get_by_label("Quote for").select_option(section)
        expect(code).to_have_value("")
        bar.get_by_role("button", name="Add").click()
        expect(bar.locator("[data-quote-hint]")).to_have_text(
            "Choose a code first, or “the answer as a whole”."
        )
        expect(code).to_be_focused()
        page.keyboard.press("Enter")
        expect(bar).to_be_visible()
    assert not any(chosen(page, key) for key in ("challenges", "maturity-stage", "method"))
    bar.get_by_label("Quote for").select_option("challenges")
    code.select_option(label="Cost")
    expect(bar.locator("[data-quote-hint]")).to_have_text("")
    bar.get_by_label("Quote for").select_option("method")
    expect(code).to_have_value("")
    code.select_option(label="the answer as a whole")
    bar.get_by_role("button", name="Add").click()
    expect(line(page)).to_have_text(SAVED)
    assert not Mark.objects.exists()
    assert said(assignment, "method").evidence.quote == "retrain continuously"


def test_the_code_of_a_quote_is_searched_as_in_the_form(page, assignment):
    bar = select_words(page, "retrain continuously")
    bar.get_by_label("Quote for").select_option("challenges")
    code = bar.locator("[data-quote-code]")
    bar.locator("[data-quote-search]").focus()
    page.keyboard.type("data")
    page.keyboard.press("Enter")
    expect(code).to_have_value("")
    bar.locator("[data-quote-search]").fill("labeling issues")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(code).to_be_focused()
    page.keyboard.press("Enter")
    expect(bar).to_be_hidden()
    expect(line(page)).to_have_text(SAVED)
    assert [mark.code.label for mark in Mark.objects.all()] == ["Labelling issues"]
