"""axe finds nothing on any page, light or dark, for a lead and for a reviewer."""

import pytest
from django.urls import reverse

from mapping.models import Code, Study, User
from reviews.management import demo
from reviews.models import Assignment
from tests.browser import COLOURS
from tests.making import membership_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

STUDY_PAGES = [
    "",
    "papers/",
    "papers/makinen2021needs/",
    "template/",
    "codebook/",
    "codebook/?q=data",
    "codebook/versions/",
    "queue/",
    "papers/makinen2021needs/comparison/",
    "disagreements/",
    "causes/",
    "feedback/",
    "agreement/",
    "agreement/challenges/",
    "agreement/maturity-stage/",
    "agreement/challenges/papers/",
    "map/",
    "map/papers/",
    "export/",
    "api/",
    "evidence/",
    "methods/",
    "team/",
    "rounds/",
    "import-codings/",
    "import-summaries/",
]
OF_LEAD = [
    "papers/add/",
    "papers/import/",
    "papers/makinen2021needs/edit/",
    "papers/makinen2021needs/delete/",
    "papers/makinen2021needs/pdf/upload/",
    "template/new-section/",
    "template/new-phase/",
    "template/new-question/",
    "template/sections/challenges/",
    "template/phases/coding/",
    "codebook/new/",
    "codebook/import/",
    "settings/",
    "proposals/",
    "rounds/new/",
    "log/",
]
ELSEWHERE = [
    "/",
    "/account/",
    "/account/password/",
    "/mentions/",
    "/studies/new/",
    "/studies/import/",
    "/no-such-page/",
]


def lead_pages(study):
    round = study.rounds.last()
    code = Code.objects.filter(
        section__study=study, section__key="challenges", status="active"
    ).first()
    yield from STUDY_PAGES
    yield from OF_LEAD
    yield from (
        f"rounds/{round.pk}/{act}" for act in ("", "edit/", "hand-out/", "withdraw/", "close/")
    )
    yield from (
        f"codebook/{code.pk}/{act}"
        for act in ("", "quotes/", "retire/", "merge/", "split/", "move/")
    )


def reviewer_pages(study, reader):
    awaited = (
        Assignment.objects.to_code(membership_of(reader, study)).select_related("paper").first()
    )
    yield from STUDY_PAGES
    yield from (
        f"papers/{awaited.paper.key}/summary/{part}"
        for part in ("", "review/", "propose/?section=challenges")
    )


def faults(page, serious):
    """In both themes; what is folded away is opened first.

    The themes differ in colours and in nothing else, which `test_themes.py` holds: in the dark one
    axe is asked only after those.
    """
    page.evaluate(
        "document.querySelectorAll('details').forEach((details) => (details.open = true))"
    )
    found = []
    for theme, asked in (("light", None), ("dark", COLOURS)):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        found += [f"{theme}: {fault}" for fault in serious(page, asked)]
    return found


@pytest.mark.parametrize(("name", "pages"), [("ada", lead_pages), ("ben", reviewer_pages)])
def test_no_page_has_a_fault_that_axe_finds(name, pages, page_as, server, serious):
    demo.make("concord-demo")
    study = Study.objects.get(slug=demo.SLUG)
    user = User.objects.get(username=name)
    addresses = [
        f"/s/{study.slug}/{path}"
        for path in (pages(study, user) if name == "ben" else pages(study))
    ]
    page = page_as(user)
    found = {}
    for address in [*addresses, *ELSEWHERE]:
        answer = page.goto(address)
        assert answer.status < 500, address
        found[address] = faults(page, serious)
    assert {address: faults for address, faults in found.items() if faults} == {}


def test_the_pages_before_one_signs_in_have_none_either(page_as, server, serious):
    page = page_as()
    found = {}
    for name in ("sign-in", "password-reset", "password-reset-sent"):
        page.goto(reverse(name))
        found[name] = faults(page, serious)
    assert {name: faults for name, faults in found.items() if faults} == {}
