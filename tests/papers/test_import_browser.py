"""Ticking what is possibly the same, in a real browser."""

import pytest
from playwright.sync_api import expect

from mapping.papers import importing
from tests.making import make_paper, make_study
from tests.papers.test_possible_duplicates import SAME_DOI

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(
    "facts", [{}, {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}}]
)
def test_a_tick_changes_the_numbers_at_once_and_is_there_after_a_reload(
    ada, page_as, serious, facts
):
    study = make_study(lead=ada)
    make_paper(study, "Towards MLOps", key="here", year=2020)
    text = SAME_DOI + "a,Towards MLOps,,2020,\nb,A paper that is like no other,,2019,\n"
    found = importing.preview(study, file_name="search.csv", content=text.encode(), by=ada)
    page = page_as(ada, **facts)
    page.goto(f"/s/{study.slug}/papers/import/{found.pk}/")
    expect(page.locator("#import-counts")).to_contain_text("3 new")

    page.get_by_label("Take “Towards MLOps” as a paper of its own").check()
    expect(page.locator("#import-counts")).to_contain_text("4 new")
    page.get_by_label("Take “Decoupling Level").uncheck()
    expect(page.locator("#import-counts")).to_contain_text("3 new")
    expect(page.get_by_role("button", name="Import 3 papers")).to_be_visible()
    assert serious(page) == []
    page.screenshot(
        path=f"var/screenshots/paper-import-{page.viewport_size['width']}.png", full_page=True
    )

    page.reload()
    expect(page.get_by_label("Take “Towards MLOps” as a paper of its own")).to_be_checked()
    page.get_by_role("button", name="Import 3 papers").click()
    expect(page.get_by_text("3 papers imported")).to_be_visible()
    assert set(study.papers.values_list("key", flat=True)) == {"here", "59", "a", "b"}
