"""Pictures of coefficients: the numbers of an axis stand over their places, and so does everything
drawn on it.
"""

import pytest
from django.urls import reverse

from tests.making import make_paper, make_summary

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CENTRES = """(parts) => parts.map((part) => {
    const box = part.getBoundingClientRect();
    return [part.textContent.trim(), box.x + box.width / 2];
})"""


@pytest.fixture
def coded(server, study, ben, cleo):
    """They agree on the method, and say the opposite of each other on the stage."""
    for number in range(6):
        paper = make_paper(study)
        stages = ("Manual", "Monitored") if number % 2 else ("Monitored", "Manual")
        method = "Survey" if number % 2 else "Experiment"
        make_summary(
            paper,
            ben,
            answers={"method": method, "maturity-stage": stages[0], "replicable": number > 0},
        )
        make_summary(
            paper,
            cleo,
            answers={"method": method, "maturity-stage": stages[1], "replicable": number > 1},
        )


@pytest.mark.parametrize("width", [1440, 390])
def test_the_numbers_of_the_axis_stand_over_their_places_and_dots_below_0_where_they_belong(
    page_as, study, ada, coded, width
):
    page = page_as(ada, viewport={"width": width, "height": 900})
    page.goto(reverse("agreement", args=[study.slug]))
    # On a phone the head of the table is folded away, and each row brings the numbers.
    axis = page.locator("thead .axis-head" if width == 1440 else ".axis-below .axis-head").first
    numbers = dict(axis.locator("text").evaluate_all(CENTRES))
    assert list(numbers) == ["−1", "−.5", "0", ".5", "1"]
    track = page.locator(".whisker .axis").first.bounding_box()
    unit = track["width"] / 2
    for number, value in {"−1": -1, "−.5": -0.5, "0": 0, ".5": 0.5, "1": 1}.items():
        assert abs(numbers[number] - (track["x"] + unit * (value + 1))) < 1.5, number
    for row in page.locator("tr:has(circle)").all():
        value = float(row.locator("td.num").first.locator("b").inner_text().replace("−", "-"))
        dot = row.locator("circle").bounding_box()
        assert abs(dot["x"] + dot["width"] / 2 - (track["x"] + unit * (value + 1))) < 2
    assert page.locator("tr:has(circle)").count() == 3
