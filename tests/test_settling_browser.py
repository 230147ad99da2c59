"""A lead settles twelve papers by keyboard alone, in a real browser, after the reviewers have discussed them."""

from pathlib import Path

import pytest
from django.urls import reverse

from mapping.models import Finding
from reviews import disagreements, remarking, settling
from reviews.models import Remark, Resolution
from tests.making import PASSWORD, make_paper, make_round, make_summary

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AXE = Path(__file__).resolve().parents[1] / "node_modules" / "axe-core" / "axe.min.js"
PAPERS = 12


@pytest.fixture
def browser(chromium):
    return chromium


@pytest.fixture
def papers(study, ben, cleo):
    make_round(study, "Main")
    section = study.sections.get(key="challenges")
    papers = []
    for number in range(PAPERS):
        paper = make_paper(study, f"Paper {number + 1}")
        make_summary(paper, ben, answers={"challenges": ["Talent"], "maturity-stage": "Manual", "method": "Survey"})
        make_summary(paper, cleo, answers={"challenges": ["Cost"], "maturity-stage": "Monitored", "method": "Survey"})
        remarking.remark(paper, section, text="I took it from table 3. @cleo?", by=ben)
        papers.append(paper)
    settling.settle(study)
    return papers


def signed_in(browser, server, name):
    page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if "Content Security" in line.text else None)
    page.goto(f"{server.url}{reverse('sign-in')}")
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(f"{server.url}/")
    return page, problems


def open_count(page):
    return int(page.locator("#open-count b").inner_text())


def test_a_lead_settles_twelve_papers_by_keyboard_alone(browser, server, study, papers, ada, cleo):
    # Cleo answers Ben's remark on the first paper.
    page, problems = signed_in(browser, server, "cleo")
    page.goto(f"{server.url}{reverse('mentions')}")
    page.click("a:has-text('Paper 1') >> nth=0")
    page.locator("#s-challenges [data-discussion] textarea").fill("Agreed, the table counts.")
    page.locator("#s-challenges [data-discussion] button:has-text('Add')").click()
    page.wait_for_selector("#s-challenges :text('Agreed, the table counts.')")
    assert problems == []
    assert Remark.objects.filter(by=cleo).count() == 1

    page, problems = signed_in(browser, server, "ada")
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
    study.membership = study.memberships.get(user=ada)
    assert disagreements.open_count(study, ada) == 0


@pytest.mark.parametrize("width", [1440, 390])
def test_the_pages_have_no_accessibility_faults(browser, server, study, papers, ada, width):
    if not AXE.exists():
        pytest.skip("axe-core is not among the front-end packages")
    page, problems = signed_in(browser, server, "ada")
    page.set_viewport_size({"width": width, "height": 900})
    for address in (
        reverse("disagreements", args=[study.slug]),
        reverse("comparison", args=[study.slug, papers[0].key]),
        reverse("causes", args=[study.slug]),
        reverse("mentions"),
    ):
        page.goto(f"{server.url}{address}")
        # The content security policy of the page forbids scripts of others; the debugger's door does not ask it.
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        assert [(one["id"], [node["html"][:200] for node in one["nodes"]][:3]) for one in found] == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
    assert problems == []
