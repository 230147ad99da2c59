"""Every key of the comparison page does what its help says, from the page as it comes and after
each decision.
"""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from mapping.models import Membership
from reviews.models import Resolution
from reviews.settling import unanimous
from tests.browser import wait_for_answers
from tests.making import make_paper, make_summary, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SECTIONS = ["challenges", "maturity-stage", "method", "replicable", "cases", "conclusion"]
BENS = {
    "challenges": ["Talent"],
    "maturity-stage": "Manual",
    "method": "Survey",
    "replicable": True,
    "cases": 3,
    "conclusion": "It works.",
}
CLEOS = {
    "challenges": ["Cost"],
    "maturity-stage": "Monitored",
    "method": "Experiment",
    "replicable": False,
    "cases": 5,
    "conclusion": "It does not.",
}


@pytest.fixture
def papers(server, study, ben, cleo):
    """Three papers, each with six sections that differ."""
    papers = [make_paper(study, f"Paper {number}") for number in (1, 2, 3)]
    for paper in papers:
        make_summary(paper, ben, answers=BENS)
        make_summary(paper, cleo, answers=CLEOS)
    return papers


@pytest.fixture
def page(page_as, ada, study, papers):
    page = page_as(ada)
    page.goto(reverse("comparison", args=[study.slug, papers[1].key]))
    expect(page.locator("#open-count")).to_have_text("6 of 6 open")
    yield page
    wait_for_answers(page)


def section(page, key):
    return page.locator(f"#s-{key}")


def is_current(page, key):
    expect(section(page, key)).to_be_focused()


def settle_by_keys(page, left):
    """Take A's answer in the current section, with a cause and a reason."""
    keys = page.keyboard
    keys.press("a")
    keys.type("overs")
    keys.press("Tab")
    keys.type("Table 3 says so.")
    keys.press("Enter")
    expect(page.locator("#open-count b")).to_have_text(str(left))


def test_after_settling_exactly_the_next_open_section_is_current(page):
    page.keyboard.press("j")
    for place, key in enumerate(SECTIONS):
        is_current(page, key)
        settle_by_keys(page, 5 - place)
    assert (
        list(Resolution.objects.order_by("pk").values_list("section__key", flat=True)) == SECTIONS
    )
    expect(page.locator("a[data-next-paper]")).to_be_focused()


def test_after_deferring_and_after_settling_by_mouse_the_next_open_section_is_current(page):
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    expect(page.locator("#open-count b")).to_have_text("5")
    is_current(page, "maturity-stage")
    middle = section(page, "replicable")
    middle.locator("[name=way]").first.check()
    middle.locator("[name=cause]").select_option("oversight")
    middle.locator("[name=rationale]").fill("Table 3 says so.")
    middle.get_by_role("button", name="Settle").click()
    expect(page.locator("#open-count b")).to_have_text("4")
    is_current(page, "cases")


def test_undoing_refusals_and_remarks_stay_in_their_section(page):
    page.keyboard.press("j")
    is_current(page, "challenges")
    page.keyboard.press("b")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")  # neither cause nor reason
    expect(section(page, "challenges").locator("[name=cause][aria-invalid=true]")).to_be_focused()
    page.keyboard.press("Escape")
    settle_by_keys(page, 5)
    is_current(page, "maturity-stage")
    section(page, "challenges").focus()
    page.keyboard.press("z")
    expect(page.locator("#open-count b")).to_have_text("6")
    is_current(page, "challenges")
    page.keyboard.press("r")
    page.keyboard.type("j k n: letters")
    section(page, "challenges").locator("[data-discussion]").get_by_role(
        "button", name="Add"
    ).click()
    expect(section(page, "challenges").locator("span", has_text="j k n: letters")).to_be_visible()
    is_current(page, "challenges")


PRESS_R_AFTER_THE_SWAP = """() => {
    const key = new KeyboardEvent("keydown", { key: "r", bubbles: true });
    const press = () => setTimeout(() => document.activeElement.dispatchEvent(key));
    document.addEventListener("htmx:afterSwap", press, { once: true });
}"""


def test_who_begins_a_remark_before_the_answer_has_settled_goes_on_typing(page):
    page.keyboard.press("j")
    settle_by_keys(page, 5)
    is_current(page, "maturity-stage")
    section(page, "challenges").focus()
    page.evaluate(PRESS_R_AFTER_THE_SWAP)
    page.keyboard.press("z")
    expect(page.locator("#open-count b")).to_have_text("6")
    wait_for_answers(page)
    remark = section(page, "challenges").locator("[data-discussion] textarea")
    expect(remark).to_be_focused()
    page.keyboard.type("n")
    expect(remark).to_have_value("n")


def test_who_went_on_before_the_answer_came_is_left_where_they_are(page):
    held = []

    def hold(route):  # Playwright marks its handlers, so a plain function
        held.append(route)

    page.route("**/settle/", hold)
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.keyboard.type("overs")
    page.keyboard.press("Tab")
    page.keyboard.type("Table 3 says so.")
    page.keyboard.press("Enter")
    section(page, "cases").focus()
    held[0].continue_()
    expect(page.locator("#open-count b")).to_have_text("5")
    is_current(page, "cases")


def test_the_first_j_goes_to_the_first_difference_and_k_to_the_last(page, study, papers):
    page.keyboard.press("j")
    is_current(page, "challenges")
    page.keyboard.press("j")
    is_current(page, "maturity-stage")
    page.keyboard.press("k")
    is_current(page, "challenges")
    page.reload()
    page.keyboard.press("k")
    is_current(page, "conclusion")
    page.goto(f"{reverse('comparison', args=[study.slug, papers[1].key])}#s-method")
    is_current(page, "method")
    page.keyboard.press("j")
    is_current(page, "replicable")


def test_keys_choose_in_the_first_difference_of_the_page_as_it_comes(page):
    ways = section(page, "challenges").locator("[name=way]")
    values = {way.get_attribute("data-key"): way.get_attribute("value") for way in ways.all()}
    assert set(values) == {"a", "b", "u", "o"}
    numbered = {str(number): value for number, value in enumerate(values.values(), 1)}
    for key, value in {**values, **numbered, "9": None, "m": None, "l": None, "q": None}.items():
        page.reload()
        page.keyboard.press(key)
        checked = page.locator("[name=way]:checked")
        expect(checked).to_have_count(1 if value else 0)
        if value:
            expect(section(page, "challenges").locator("[name=way]:checked")).to_have_value(value)


def test_the_median_and_a_settled_answer_have_their_keys(page, study, papers):
    dan = make_user("dan")
    Membership.objects.create(study=study, user=dan, role="reviewer")
    make_summary(papers[1], dan, answers=CLEOS | {"cases": 9})
    page.reload()
    section(page, "cases").focus()
    page.keyboard.press("m")
    expect(section(page, "cases").locator("[name=way]:checked")).to_have_attribute("data-key", "m")
    page.keyboard.press("Escape")
    settle_by_keys(page, 5)
    section(page, "cases").focus()
    page.keyboard.press("l")
    expect(section(page, "cases").locator("[name=way]:checked")).to_have_attribute("data-key", "l")


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("w", "[name=cause]"),
        ("x", ".put-off [name=note]"),
        ("r", "[data-discussion] textarea"),
    ],
)
def test_a_key_opens_its_field_in_the_first_difference_of_the_page_as_it_comes(page, key, field):
    page.keyboard.press(key)
    expect(section(page, "challenges").locator(field)).to_be_focused()
    if field != "[name=cause]":
        page.keyboard.type("jkna?o.1")
        expect(section(page, "challenges").locator(field)).to_have_value("jkna?o.1")
    page.keyboard.press("Escape")
    is_current(page, "challenges")


def test_n_p_and_the_question_mark_work_from_the_page_as_it_comes(page, papers):
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    following = page.locator("a[data-next-paper]").get_attribute("href")
    previous = page.locator("a[data-previous-paper]").get_attribute("href")
    page.keyboard.press("n")
    page.wait_for_url(f"**{following}")
    page.go_back()
    page.keyboard.press("p")
    page.wait_for_url(f"**{previous}")


def test_the_cause_and_reason_of_last_time_come_with_a_dot(page):
    page.keyboard.press("j")
    settle_by_keys(page, 5)
    is_current(page, "maturity-stage")
    page.keyboard.press("b")
    page.keyboard.press("Escape")
    page.keyboard.press(".")
    page.keyboard.press("Enter")
    expect(page.locator("#open-count b")).to_have_text("4")
    is_current(page, "method")


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_no_word_of_a_state_runs_into_the_name_of_its_section(
    page_as, study, ada, ben, papers, width
):
    alone = make_paper(study, "Read by one alone")
    make_summary(alone, ben, answers=BENS)
    unanimous.settle(study)
    page = page_as(ada, viewport={"width": width, "height": 900})
    for paper in (papers[0], alone):
        page.goto(reverse("comparison", args=[study.slug, paper.key]))
        for head in page.locator(".difference-head").all():
            state, name = head.locator(".state").bounding_box(), head.locator("h3").bounding_box()
            beside = state["x"] + state["width"] <= name["x"]
            above = state["y"] + state["height"] <= name["y"] + 1
            assert beside or above, head.inner_text()
    expect(page.locator(".difference-head .state").first).to_contain_text("one reviewer")
