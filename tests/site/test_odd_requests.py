"""Odd and hostile requests: whatever is sent to whatever address, nobody is answered by a stack
trace, and nobody reaches another study's things through their own study's address."""

import re

import pytest
from django.urls import reverse

from mapping.models import LogEntry, PaperImport
from tests.making import make_assignment, make_paper, make_round, make_study, make_task
from tests.site.test_doors import DOORS, MAY_ENTER, OF_MY_PAPER, address, addresses, things  # noqa: F401

ODD = [
    "",
    "\x00",
    "-1",
    "9" * 30,
    "' OR 1=1 --",
    "=cmd|' /C calc'!A0",
    "😀" * 300,
    "<script>alert(1)</script>",
    "../../x",
]
# What pages read from the address, beside the fields that stand on them.
QUERIES = [
    "assignment",
    "code",
    "format",
    "from",
    "gone",
    "into",
    "label",
    "level",
    "next",
    "outcome",
    "page",
    "phase",
    "pseudonyms",
    "q",
    "reader",
    "removed",
    "reviewer",
    "round",
    "section",
    "show",
    "sort",
    "state",
    "to",
    "versions",
    "whose",
    "x",
    "y",
    "years",
]
SIGNED_IN = sorted(name for name, who in DOORS.items() if who in MAY_ENTER)


def fields(answer):
    """The names of all fields on a page, with what a browser would send of them by itself."""
    page = answer.content.decode() if "html" in answer["Content-Type"] else ""
    names = set(re.findall(r'<(?:input|select|textarea|button)\b[^>]*?\bname="([^"]+)"', page))
    return sorted(names - {"csrfmiddlewaretoken"})


@pytest.mark.parametrize("name", SIGNED_IN)
def test_odd_values_are_answered_without_a_stack_trace(name, things, as_user, ada):  # noqa: F811
    lead = as_user(ada)
    url = address(name, {**things, "task": things["own task"][ada.pk]})
    plain = lead.get(url)
    assert lead.get(url, headers={"HX-Request": "true"}).status_code < 500
    known = fields(plain)
    for turn in range(3):  # every field meets three of the odd values, each beside other ones
        odd = {
            one: ODD[(3 * place + turn) % len(ODD)] for place, one in enumerate([*known, *QUERIES])
        }
        assert lead.get(url, odd).status_code < 500
        assert lead.post(url, odd).status_code < 500
    assert lead.post(url, {one: ["1", "2"] for one in known}).status_code < 500
    assert lead.post(url, "{]", content_type="application/json").status_code < 500
    assert lead.delete(url).status_code in {302, 400, 403, 404, 405, 409}


@pytest.fixture
def elsewhere(zoe):
    """Another study, Zoe's, with one of everything."""
    study = make_study(lead=zoe, title="Somebody else's study")
    paper = make_paper(study, key="their-paper")
    make_assignment(paper, zoe)
    section = study.sections.get(key="challenges")
    return {
        "key": paper.key,
        "code": section.codes.first().pk,
        "round": make_round(study).pk,
        "member": study.memberships.get(user=zoe).pk,
        "invitation": study.invitations.create(role="reviewer", invited_by=zoe).pk,
        "question": study.research_questions.first().pk,
        "import_id": PaperImport.objects.create(study=study, file_name="papers.bib", by=zoe).pk,
        "task": make_task(paper, zoe).pk,
        "remark": paper.remarks.create(section=section, text="Ours", by=zoe).pk,
    }


def keys(name):
    return set(next(pattern for pattern in addresses() if pattern.name == name).pattern.converters)


@pytest.mark.parametrize(
    "name", [name for name in SIGNED_IN if keys(name) - {"slug", "section", "phase", "name"}]
)
def test_another_studys_things_are_not_found_from_here(name, things, elsewhere, as_user, ada):  # noqa: F811
    lead = as_user(ada)
    before = LogEntry.objects.count()
    taken = keys(name) & set(elsewhere)
    for one in taken:
        strange = {**things, "own": things["own"], one: elsewhere[one]}
        if one == "key" and name in OF_MY_PAPER:
            strange["own"] = elsewhere["key"]
        url = address(name, strange)
        statuses = {lead.get(url).status_code, lead.post(url, {"reason": "because"}).status_code}
        assert statuses <= {404, 405}, url
        assert 404 in statuses, url
    assert LogEntry.objects.count() == before


@pytest.mark.parametrize(
    "target", ["//evil.example/", "https://evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_signing_in_sends_nobody_to_another_host(target, client, ada):
    ada.set_password("a long enough word")
    ada.save()
    answer = client.post(
        f"{reverse('sign-in')}?next={target}",
        {"username": "ada", "password": "a long enough word", "next": target},
    )
    assert answer.status_code == 302
    assert answer.url == reverse("home")


def test_a_person_whose_account_was_closed_is_signed_out_at_once(study, as_user, ben):
    browser = as_user(ben)
    assert browser.get(reverse("overview", args=[study.slug])).status_code == 200
    ben.is_active = False
    ben.save()
    answer = browser.get(reverse("overview", args=[study.slug]))
    assert answer.status_code == 302
    assert reverse("sign-in") in answer.url


def test_nothing_is_taken_without_the_token_of_the_form(study, ada):
    from django.test import Client

    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ada)
    assert (
        browser.post(reverse("new-round", args=[study.slug]), {"name": "Main"}).status_code == 403
    )
    assert not study.rounds.exists()
