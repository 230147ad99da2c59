"""A lead settles twelve papers by keyboard alone, in a real browser, after the reviewers have
discussed them.
"""

from pathlib import Path

import pytest
from django.urls import reverse

from mapping.models import Finding
from reviews.models import Remark, Resolution
from reviews.settling import disagreements, discussion, unanimous
from tests.making import make_paper, make_round, make_summary, membership_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
PAPERS = 12


@pytest.fixture
def papers(request, study, ben, cleo):
    """As many as the test asks for; four are more than the others go through."""
    make_round(study, "Main")
    section = study.sections.get(key="challenges")
    papers = []
    for number in range(getattr(request, "param", 4)):
        paper = make_paper(study, f"Paper {number + 1}")
        make_summary(
            paper,
            ben,
            answers={"challenges": ["Talent"], "maturity-stage": "Manual", "method": "Survey"},
        )
        make_summary(
            paper,
            cleo,
            answers={"challenges": ["Cost"], "maturity-stage": "Monitored", "method": "Survey"},
        )
        discussion.remark(paper, section, text="I took it from table 3. @cleo?", by=ben)
        papers.append(paper)
    unanimous.settle(study)
    return papers


def signed_in(page_as, user):
    page = page_as(user)
    page.set_viewport_size({"width": 1440, "height": 1000})
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda line: problems.append(line.text) if "Content Security" in line.text else None,
    )
    return page, problems


def open_count(page):
    return int(page.locator("#open-count b").inner_text())


@pytest.mark.parametrize("papers", [PAPERS], indirect=True)
def test_a_lead_settles_twelve_papers_by_keyboard_alone(page_as, server, study, papers, ada, cleo):
    # Cleo answers Ben's remark on the first paper.
    page, problems = signed_in(page_as, cleo)
    page.goto(f"{server.url}{reverse('mentions')}")
    page.click("a:has-text('Paper 1') >> nth=0")
    page.locator("#s-challenges [data-discussion] textarea").fill("Agreed, the table counts.")
    page.locator("#s-challenges [data-discussion] button:has-text('Add')").click()
    page.wait_for_selector("#s-challenges :text('Agreed, the table counts.')")
    assert problems == []
    assert Remark.objects.filter(by=cleo).count() == 1

    page, problems = signed_in(page_as, ada)
    page.goto(f"{server.url}{reverse('disagreements', args=[study.slug])}")
    keys = page.keyboard
    keys.press("Enter")
    page.wait_for_selector("#open-count")
    for number in range(PAPERS):
        for way, left in (("a", 1), ("2", 0)):
            assert open_count(page) == left + 1
            if left or page.evaluate("!document.activeElement.closest('[data-sheet]')"):
                keys.press("j")
            keys.press(way)
            keys.type("overs")
            keys.press("Tab")
            keys.type(f"Because of table {number}.")
            keys.press("Enter")
            page.wait_for_selector(f"#open-count b:text-is('{left}')")
        if number + 1 < PAPERS:
            page.wait_for_selector("a[data-next-paper]:focus")
            keys.press("Enter")
            page.wait_for_selector("#open-count b:text-is('2')")
    assert problems == []
    assert Finding.objects.count() == 3 * PAPERS
    decided = Resolution.objects.exclude(cause="")
    assert decided.count() == 2 * PAPERS
    assert set(decided.values_list("cause", "decided_by")) == {("oversight", ada.pk)}
    assert disagreements.open_count(membership_of(ada, study)) == 0


@pytest.mark.parametrize("width", [1440, 390])
def test_the_pages_have_no_accessibility_faults(page_as, server, study, papers, ada, width):
    if not AXE.exists():
        pytest.skip("axe-core is not among the front-end packages")
    page, problems = signed_in(page_as, ada)
    page.set_viewport_size({"width": width, "height": 900})
    for address in (
        reverse("disagreements", args=[study.slug]),
        reverse("comparison", args=[study.slug, papers[0].key]),
        reverse("causes", args=[study.slug]),
        reverse("mentions"),
    ):
        page.goto(f"{server.url}{address}")
        # The content security policy of the page forbids scripts of others; the debugger's door
        # does not ask it.
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        assert [
            (one["id"], [node["html"][:200] for node in one["nodes"]][:3]) for one in found
        ] == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
    assert problems == []


def test_a_narrowed_queue_is_walked_through_by_keyboard_as_it_stands(
    page_as, server, study, papers, ada
):
    page, problems = signed_in(page_as, ada)
    page.goto(f"{server.url}{reverse('disagreements', args=[study.slug])}?section=challenges")
    keys = page.keyboard
    keys.press("Enter")
    for number in range(3):
        page.wait_for_selector("#s-challenges:focus")
        keys.press("b")
        if number:
            # The cause and the reason of last time.
            keys.press("Escape")
            keys.press(".")
        else:
            keys.type("ambig")
            keys.press("Tab")
            keys.type("The rule was not clear.")
        keys.press("Enter")
        # What was not asked for stays open, and the next paper is what comes next.
        page.wait_for_selector("#open-count b:text-is('1')")
        page.wait_for_selector("a[data-next-paper].button-primary:focus")
        keys.press("Enter")
        page.wait_for_selector("#open-count b:text-is('2')")
    assert problems == []
    decided = Resolution.objects.exclude(cause="")
    assert set(decided.values_list("section__key", "cause", "rationale")) == {
        ("challenges", "ambiguous_definition", "The rule was not clear.")
    }
    assert decided.count() == 3


def test_codes_are_kept_one_by_one_put_off_taken_up_and_taken_back_by_keyboard(
    page_as, server, study, papers, ada
):
    page, problems = signed_in(page_as, ada)
    page.goto(f"{server.url}{reverse('comparison', args=[study.slug, papers[0].key])}#s-challenges")
    keys = page.keyboard
    keys.press("x")
    keys.type("Ask the authors.")
    keys.press("Enter")
    page.wait_for_selector("#s-challenges [data-deferral]:has-text('Ask the authors.')")
    page.wait_for_selector("#s-maturity-stage:focus")
    page.locator("#s-challenges").focus()
    keys.press("x")
    page.wait_for_selector("#open-count b:text-is('2')")
    page.wait_for_selector("#s-challenges:focus")
    keys.press("o")
    keys.press("Space")
    keys.press("Enter")
    # Refused: no cause and no reason. The tick is still there, and what is missing has the focus.
    page.wait_for_selector("#s-challenges [name=cause]:focus")
    assert page.locator("#s-challenges [name=codes]:checked").count() == 1
    keys.press("Escape")
    keys.press("w")
    keys.type("code")
    keys.press("Tab")
    keys.type("One of two.")
    keys.press("Enter")
    page.wait_for_selector("#open-count b:text-is('1')")
    page.locator("#s-challenges").focus()
    keys.press("z")
    page.wait_for_selector("#open-count b:text-is('2')")
    assert problems == []
    taken_back = Resolution.objects.get(cause="code_missing")
    assert (taken_back.basis, len(taken_back.content["settled"]["codes"])) == ("other", 1)
    assert taken_back.undone_by == ada
