"""Every address, walked as nobody, stranger, observer, reviewer and lead. A new page without a door
fails here.
"""

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.standing import things_of_this_test

# What each address answers to whom. A new address must say here who may enter: E everybody in the
# study, C those who code, L leads alone; S every signed-in person; O open to the world.
DOORS = {
    "home": "S",
    "healthz": "O",
    "sign-in": "O",
    "sign-out": "S",
    "account": "S",
    "password-change": "S",
    "password-reset": "O",
    "password-reset-sent": "O",
    "password-reset-choose": "O",
    "invitation": "O",
    "overview": "E",
    "team": "E",
    "invite": "L",
    "revoke-invitation": "L",
    "renew-invitation": "L",
    "role": "L",
    "deactivate": "L",
    "reactivate": "L",
    "new-study": "S",
    "import-study": "S",
    "template": "L",
    "new-section": "L",
    "new-phase": "L",
    "new-question": "L",
    "template-section": "L",
    "change-section": "L",
    "template-phase": "L",
    "change-phase": "L",
    "template-question": "L",
    "change-question": "L",
    "add-preset": "L",
    "undo-removal": "L",
    "protocol": "L",
    "settings": "L",
    "release": "L",
    "log": "L",
    "log-csv": "L",
    "papers": "E",
    "add-paper": "L",
    "import-papers": "L",
    "paper-import": "L",
    "undo-import": "L",
    "choose-entries": "L",
    "paper": "E",
    "edit-paper": "L",
    "suggest-correction": "C",
    "answer-correction": "L",
    "delete-paper": "L",
    "pdf": "E",
    "upload-pdf": "L",  # a reviewer may bring the one that is missing: test_pdf.py
    "remove-pdf": "L",
    "import-codings": "L",
    "import-summaries": "C",
    "export": "E",
    "export-bundle": "L",
    "export-workbook": "E",
    "export-file": "E",
    "api": "E",
    "new-token": "E",
    "revoke-token": "E",  # one's own alone: test_api.py
    "api-file": "E",
    "map": "E",
    "methods": "L",  # everybody once released: test_methods.py
    "flow-svg": "L",  # as the methods
    "evidence": "E",
    "map-papers": "E",
    "map-svg": "E",
    "map-png": "E",
    "map-pdf": "E",
    "map-csv": "E",
    "map-tex": "E",
    "rounds": "L",
    "new-round": "L",
    "round": "L",
    "edit-round": "L",
    "remove-round": "L",
    "hand-out": "L",
    "undo-hand-out": "L",
    "withdraw": "L",
    "close-round": "L",
    "reopen-round": "L",
    "queue": "C",
    "next-paper": "C",
    "comparison": "E",
    "look-early": "L",
    "former-look-early": "L",
    "settle": "L",  # or who did not code the paper, where the study says so
    "undo-settling": "L",
    "defer": "L",
    "take-up": "L",
    "add-remark": "C",
    "resolve-remark": "C",
    "keep-rule": "L",
    "disagreements": "C",
    "next-disagreement": "C",
    "adopt": "L",
    "undo-adopting": "L",
    "causes": "L",  # for everybody who codes, once the study is released
    "feedback": "C",
    "mentions": "S",
    "mentions-seen": "S",
    "summary": "C",
    "section": "C",
    "propose": "C",
    "near": "C",
    "withdraw-proposal": "C",
    "review": "C",
    "agreement": "E",
    "agreement-csv": "E",
    "agreement-codes-csv": "E",
    "agreement-tex": "E",
    "agreement-md": "E",
    "agreement-section": "E",
    "agreement-papers": "E",
    "reopen": "L",
    "codebook": "E",
    "codebook-file": "E",
    "new-code": "L",
    "near-code": "L",
    "import-codebook": "L",
    "codebook-versions": "E",
    "undo-change": "L",
    "code": "L",
    "code-quotes": "E",
    "order-code": "L",
    "retire-code": "L",
    "restore-code": "L",
    "merge-code": "L",
    "split-code": "L",
    "move-code": "L",
    "proposals": "L",
    "decide-proposal": "L",
    "recode": "C",
}

# On a paper that was not handed to somebody these say so.
OF_MY_PAPER = {
    "summary",
    "section",
    "propose",
    "near",
    "withdraw-proposal",
    "review",
    "reopen",
    "recode",
}
MAY_ENTER = {"E": {"observer", "reviewer", "lead"}, "C": {"reviewer", "lead"}, "L": {"lead"}}


def addresses(patterns=None, prefix=""):
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin":
                yield from addresses(pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            yield pattern


def test_every_address_says_who_may_enter():
    assert {pattern.name for pattern in addresses()} == set(DOORS)


@pytest.fixture
def things(standing, db):
    """Something for every kind of argument, so that a page is refused for the person and not for
    the thing.
    """
    return things_of_this_test()


def address(name, things):
    pattern = next(pattern for pattern in addresses() if pattern.name == name)
    # Study addresses have the slug from the resolver around them.
    names = list(pattern.pattern.converters)
    if DOORS[name] in MAY_ENTER and "slug" not in names:
        names = ["slug", *names]
    things = {**things, "name": "codings.csv" if name == "export-file" else "codings"}
    if name in OF_MY_PAPER:
        things = {**things, "key": things["own"]}
    return reverse(name, kwargs={argument: things[argument] for argument in names})


def asked(client, url):
    """What the address answers, as a POST where it takes nothing else: its door stands behind the
    method.
    """
    shown = client.get(url)
    return client.post(url) if shown.status_code == 405 else shown


@pytest.mark.parametrize("name", sorted(name for name, who in DOORS.items() if who in MAY_ENTER))
def test_strangers_find_nothing_and_members_only_what_their_role_may(
    name, things, client, as_user, zoe, olga, ben, ada
):
    url = address(name, things)
    signed_out = client.get(url)
    assert (signed_out.status_code, signed_out.url.split("?")[0]) == (302, reverse("sign-in"))
    assert asked(as_user(zoe), url).status_code == 404
    for role, user in (("observer", olga), ("reviewer", ben), ("lead", ada)):
        # Nobody looks at somebody else's section again.
        task = things["own task"].get(user.pk, things["task"])
        token = things["own token"][user.pk]
        status = asked(
            as_user(user), address(name, {**things, "task": task, "token": token})
        ).status_code
        if role in MAY_ENTER[DOORS[name]]:
            assert status not in {403, 404, 500}, f"{role} at {url}: {status}"
        else:
            assert status == 403, f"{role} at {url}: {status}"


@pytest.mark.parametrize("name", sorted(name for name, who in DOORS.items() if who == "S"))
def test_nobody_signed_in_is_sent_to_sign_in(name, client, db):
    answer = client.get(reverse(name))
    assert answer.status_code in {302, 405}


POST_ONLY = [
    "add-preset",
    "add-remark",
    "adopt",
    "answer-correction",
    "change-phase",
    "change-question",
    "change-section",
    "choose-entries",
    "defer",
    "former-look-early",
    "keep-rule",
    "look-early",
    "mentions-seen",
    "new-token",
    "order-code",
    "release",
    "resolve-remark",
    "revoke-token",
    "settle",
    "sign-out",
    "take-up",
    "undo-adopting",
    "undo-removal",
    "undo-settling",
    "withdraw-proposal",
]


def test_every_address_that_takes_only_a_post_is_among_those_with_a_way_back(things, as_user, ada):
    client = as_user(ada)
    names = [name for name, who in DOORS.items() if who in {*MAY_ENTER, "S"}]
    assert (
        sorted(name for name in names if client.get(address(name, things)).status_code == 405)
        == POST_ONLY
    )


@pytest.mark.parametrize("name", POST_ONLY)
def test_a_person_who_comes_to_the_address_of_a_button_finds_its_page(name, things, as_user, ada):
    url = address(name, things)
    client = as_user(ada)
    shown = client.get(url, follow=True, HTTP_ACCEPT="text/html,*/*;q=0.8")
    assert shown.status_code == 200
    assert url.startswith(shown.redirect_chain[-1][0])
    assert "Nothing was changed." in shown.content.decode()
    assert client.get(url, HTTP_ACCEPT="application/json").status_code == 405
    assert client.get(url, HTTP_ACCEPT="text/html", HTTP_HX_REQUEST="true").status_code == 405
    assert client.delete(url, HTTP_ACCEPT="text/html").status_code == 405


def test_no_browser_or_proxy_stores_what_stands_behind_the_sign_in(things, as_user, ada):
    lead, stored = as_user(ada), []
    for name in sorted(set(DOORS) - {"password-reset-choose"}):
        url = address(name, {**things, "task": things["own task"][ada.pk]})
        for answer in (lead.get(url), lead.get(url, headers={"HX-Request": "true"})):
            if not {"private", "no-store"} <= set(answer.get("Cache-Control", "").split(", ")):
                stored.append(name)
    assert stored == []
