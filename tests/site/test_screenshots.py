"""The pictures in the README, taken from the demo study in a real browser.

They land in var/screenshots; SCREENSHOTS=docs/screenshots takes them anew for the README.
"""

import os
from itertools import product
from pathlib import Path

import pytest

from mapping.models import Study, User
from reviews.management import demo
from tests.browser import wait_for_answers

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    "comparison": ("ada", "papers/makinen2021needs/comparison/"),
    "summary": ("ben", "papers/amershi2019software/summary/"),
    "queue": ("ben", "queue/"),
    "disagreements": ("ada", "disagreements/"),
    "agreement": ("ada", "agreement/"),
    "codebook": ("ada", "codebook/"),
    "map": ("ada", "map/"),
    "overview": ("ada", ""),
}


def test_the_demo_study_shows_itself_without_an_error_and_within_the_window(page_as, server):
    demo.make("concord-demo")
    folder = ROOT / (os.environ.get("SCREENSHOTS") or "var/screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    study = Study.objects.get(slug=demo.SLUG)
    pages = {name: page_as(User.objects.get(username=name)) for name in ("ada", "ben")}
    for width, (name, (username, path)) in product((1440, 390), PAGES.items()):
        page = pages[username]
        page.set_viewport_size({"width": width, "height": 900})
        answer = page.goto(f"/s/{study.slug}/{path}")
        wait_for_answers(page)
        assert answer.status == 200, name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (
            f"{name} is wider than {width} px"
        )
        page.screenshot(path=folder / (f"{name}.png" if width == 1440 else f"{name}-{width}.png"))
