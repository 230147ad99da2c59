"""The two worlds of `test_two_worlds`, acted in: what somebody may do without knowing what others
said is answered the same whatever they said. A refusal that comes from their answers would tell of
them.
"""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse

from mapping.models import Code
from reviews.models import Assignment, Remark, Resolution
from tests.blindness import test_two_worlds
from tests.blindness.test_two_worlds import Other, tell, told, worlds

WORDS = {"reason": "because", "text": "because", "note": "because"}
VARYING = re.compile(rb"\d{1,2} \w{3}, \d\d:\d\d|name=\"held\" value=\S+")
dora, eve, papers = test_two_worlds.dora, test_two_worlds.eve, test_two_worlds.papers


def acts_on_codes(study):
    code = {one.label: one.pk for one in Code.objects.filter(section__study=study)}
    venues = study.sections.get(key="venues").pk
    for label in ("Talent", "Gone", "Whispered"):
        one = {"code": code[label]}
        for preview in ({"preview": "1"}, {}):
            yield "code", one, {"label": "Other", **preview}
            yield "merge-code", one, {"into": code["Cost"], **preview}
            yield "move-code", one, {"to": venues, **preview}
            yield "split-code", one, {"label_1": "A half", "label_2": "B half", **preview}
            yield "retire-code", one, preview
            yield "decide-proposal", one, {"act": "decline", **preview}
    for version in (1, 2, 3):
        yield "undo-change", {"version": version}, {}


def acts_on_template(study):
    for section in ("challenges", "venues"):
        for act in ("retire", "remove"):
            yield "change-section", {"section": section}, {"act": act}
    table = (
        "paper,reviewer,section,value\nhidden1,cleo,challenges,Cost\n"
        "hidden1,cleo,challenges,Whispered\n"
    )
    book = (
        "section,label,definition\nchallenges,Whispered,x\nchallenges,Never heard of,x\n"
        "challenges,Talent,y\n"
    )
    yield (
        "import-codings",
        {},
        {"act": "check", "file": SimpleUploadedFile("c.csv", table.encode())},
    )
    yield (
        "import-codebook",
        {},
        {"act": "check", "file": SimpleUploadedFile("b.csv", book.encode())},
    )


def acts_on_paper(study, paper):
    for section in ("challenges", "method"):
        resolution = Resolution.objects.filter(paper=paper, section__key=section).last()
        facts = {"way": "none", "resolution": resolution.pk if resolution else ""}
        for name in ("settle", "defer", "take-up", "add-remark", "undo-settling"):
            yield name, {"key": paper.key, "section": section}, facts
    yield "delete-paper", {"key": paper.key}, {"confirm": "yes"}
    for assignment in Assignment.objects.filter(paper=paper).order_by("pk"):
        yield "reopen", {"key": paper.key, "assignment": assignment.pk}, {}
    remark = Remark.objects.filter(paper=paper).first()
    if remark:
        yield "resolve-remark", {"remark": remark.pk}, {}


def answers(client, study, papers):
    found = {}
    several = [
        acts_on_codes(study),
        acts_on_template(study),
        *(acts_on_paper(study, one) for one in papers["hidden"]),
    ]
    for name, arguments, facts in (act for acts in several for act in acts):
        url = reverse(name, kwargs={"slug": study.slug, **arguments})
        try:
            with transaction.atomic():
                status, headers, content = told(client.post(url, {**WORDS, **facts}))
                raise Other
        except Other:
            found[url, "preview" in facts, facts.get("act")] = (
                status,
                headers,
                VARYING.sub(b"~", content),
            )
    return found


@pytest.mark.parametrize(("who", "how"), [("ada", {}), ("ben", {})])
def test_no_act_is_answered_by_what_others_said_of_a_paper_that_is_closed_to_whoever_acts(
    who, how, study, papers, ada, ben, cleo, dora, eve, as_user
):
    client = as_user({"ada": ada, "ben": ben}[who])
    one, other = worlds(
        lambda world: tell(world, study, papers, cleo, dora, eve),
        lambda: answers(client, study, papers),
    )
    both = set(one) & set(other)  # a remark of one world has no address in the other
    assert len(both) > 60
    assert [act for act in both if one[act] != other[act]] == []
    assert not [act for act in both if one[act][0] >= 500]
    assert len([act for act in both if one[act][0] in {200, 302}]) > (20 if who == "ada" else -1)
