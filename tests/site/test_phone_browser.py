"""On a phone no page is wider than the phone, whatever stands in its tables."""

import pytest
from django.urls import reverse
from django.utils import timezone

from reviews.rounds import lifecycle
from reviews.settling import unanimous
from tests.making import make_paper, make_round, make_summary

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("name", ["overview", "feedback"])
def test_tables_of_figures_fit_on_a_phone(name, study, page_as, ada, ben, cleo):
    round = make_round(study, "Main")
    # all say the same: the coefficient is undefined, and says why in a long line
    for _ in range(2):
        paper = make_paper(study)
        for reader in (ben, cleo):
            make_summary(
                paper,
                reader,
                round=round,
                answers={"method": "Survey", "challenges": ["Data quality"]},
            )
    unanimous.settle(study, by=ada)
    lifecycle.close_round(round, by=ada)
    study.released_at = timezone.now()
    study.save()
    page = page_as(ben, viewport={"width": 390, "height": 844})
    page.goto(reverse(name, args=[study.slug]))
    assert page.get_by_text("undefined" if name == "overview" else "given and settled").count()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_what_scrolls_sideways_on_a_phone_can_be_reached_by_keyboard(study, page_as, ada, serious):
    page = page_as(ada, viewport={"width": 390, "height": 844})
    page.goto(reverse("api", args=[study.slug]))
    assert page.evaluate(
        "(({scrollWidth, clientWidth}) => scrollWidth > clientWidth)(document.querySelector('pre'))"
    )
    assert serious(page) == []
