"""Numbers without end, half characters, texts without end: in addresses, queries, forms, headers
and files.
"""

import re
from html import unescape

import pytest
from django.urls import reverse

from mapping.codebook import versions
from reviews.models import Answer
from tests import standing
from tests.making import make_assignment, make_paper
from tests.site.test_doors import address, things  # noqa: F401
from tests.site.test_odd_requests import QUERIES, SIGNED_IN, keys

NUMBERS = ["9" * 40, "9" * 5000, "²"]
HALF = "%ED%A0%80"  # half a character, as no text may hold it
TAGS = re.compile(
    r"<(input|select|textarea|button)\b([^>]*)>(.*?)(?=<(?:input|select|textarea|button)\b|$)",
    re.DOTALL,
)
SEEN = {}


def typed(answer):
    """`{name: value}` as a browser would send the page's fields by itself."""
    page = answer.content.decode() if "html" in answer["Content-Type"] else ""
    found = {}
    for tag, facts, inside in TAGS.findall(page):
        name = re.search(r'\bname="([^"]+)"', facts)
        value = re.search(r'\bvalue="([^"]*)"', facts if tag != "select" else inside)
        if name and name[1] != "csrfmiddlewaretoken":
            found.setdefault(name[1], unescape(value[1]) if value else "1")
    return found


def typed_on(client, url):
    """`typed` of this page: as the study stands, it is the same in every test."""
    here = standing.now.called, url
    if here not in SEEN:
        SEEN[here] = typed(client.get(url))
    return SEEN[here]


@pytest.mark.parametrize("name", SIGNED_IN)
def test_no_number_in_a_query_or_a_form_is_too_long_for_a_page(name, things, as_user, ada):  # noqa: F811
    lead = as_user(ada)
    url = address(name, {**things, "task": things["own task"][ada.pk]})
    fields = typed_on(lead, url)
    for number in NUMBERS:
        assert lead.get(url, dict.fromkeys([*fields, *QUERIES], number)).status_code < 500, number[
            :20
        ]
    for number in ("9" * 5000, "2147483648"):
        assert lead.post(url, dict.fromkeys(fields, number)).status_code < 500, number[:20]


@pytest.mark.parametrize("name", SIGNED_IN)
def test_no_field_takes_what_no_column_can_hold(name, things, as_user, ada):  # noqa: F811
    lead = as_user(ada)
    url = address(name, {**things, "task": things["own task"][ada.pk]})
    fields = typed_on(lead, url)
    for place, one in enumerate(fields):
        # Beside what a browser would send of the others, so that this one is looked at.
        hostile = ("9" * 40, "ä" * 150_000)[place % 2]
        assert lead.post(url, {**fields, one: hostile}).status_code < 500, one


@pytest.mark.parametrize("name", [name for name in SIGNED_IN if keys(name)])
@pytest.mark.parametrize("number", ["9" * 19, "9" * 40, "9" * 5000])
def test_no_number_in_an_address_is_too_long(name, number, things, as_user, ada):  # noqa: F811
    lead = as_user(ada)
    url = address(name, {**things, "task": things["own task"][ada.pk]})
    for part in re.findall(r"(?<=/)\d+(?=/)", url):
        strange = url.replace(f"/{part}/", f"/{number}/")
        assert lead.get(strange).status_code in {404, 405}
        assert lead.post(strange).status_code in {404, 405}


@pytest.mark.parametrize("name", SIGNED_IN)
def test_half_characters_are_answered_in_words(name, things, as_user, ada):  # noqa: F811
    lead = as_user(ada)
    url = address(name, {**things, "task": things["own task"][ada.pk]})
    fields = typed_on(lead, url)
    for hostile in (HALF, "%00"):
        query = "&".join(f"{one}={hostile}" for one in [*fields, *QUERIES])
        assert lead.get(f"{url}?{query}").status_code < 500
        form = "&".join(f"{one}={hostile}" for one in fields)
        assert (
            lead.post(url, form, content_type="application/x-www-form-urlencoded").status_code < 500
        )


def test_a_version_without_end_saves_nothing_and_says_so(study, as_user, ben):
    paper = make_paper(study, key="a")
    assignment = make_assignment(paper, ben)
    url = reverse("section", args=[study.slug, "a", "challenges"])
    for version in ("9" * 40, "9" * 5000, "2147483648", "-1", "²"):
        facts = {
            "assignment": assignment.pk,
            "challenges-version": version,
            "challenges-absence": "unclear",
        }
        assert as_user(ben).post(url, facts).status_code == 422
    assert not Answer.objects.exists()


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-" + "9" * 5000,
        "bytes=" + "9" * 5000 + "-",
        "bytes=-" + "9" * 5000,
        "bytes=" + "9" * 40 + "-",
    ],
)
def test_a_range_without_end_is_answered_as_the_protocol_says(asked, things, study, as_user, ben):  # noqa: F811
    answer = as_user(ben).get(
        reverse("pdf", args=[study.slug, "a-paper"]), headers={"Range": asked}
    )
    assert answer.status_code in {200, 206, 416}


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=0-1,2-3"},
        {"If-Modified-Since": "9" * 5000},
        {"Accept": "text/html;q=" + "9" * 5000},
        {"HX-Request": "true", "HX-Current-URL": "http://[" + "9" * 5000},
        {"Authorization": "Bearer " + "9" * 5000},
        {"Cookie": "sessionid=" + "9" * 5000 + "; csrftoken=\x00"},
        {"X-Forwarded-For": "9" * 5000},
        {"Accept-Language": "9" * 5000},
    ],
)
@pytest.mark.parametrize("name", ["overview", "pdf", "papers", "map"])
def test_headers_without_end_are_answered(name, headers, things, as_user, ben):  # noqa: F811
    assert as_user(ben).get(address(name, things), headers=headers).status_code < 500


def test_a_refusal_of_an_act_stands_in_the_form_that_has_no_such_field(study, as_user, ada):
    code = study.sections.get(key="challenges").codes.first()
    facts = {
        "label_1": "Same",
        "label_2": "same",
        "reason": "two things",
        "seen": versions.code_token(code),
    }
    answer = as_user(ada).post(reverse("split-code", args=[study.slug, code.pk]), facts)
    assert (answer.status_code, "already" in answer.text) == (422, True)
