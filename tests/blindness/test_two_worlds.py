"""Law 1 as a comparison of two worlds: whatever others said of a paper that somebody still has to
judge for themselves, every address answers that person the same. No list of secrets: any byte that
differs was told by others' answers.
"""

import io
import re
import zipfile
from itertools import product

import pytest
from django.core.cache import caches
from django.db import connection, transaction
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from mapping.models import Code, Membership
from reviews.codebook import code_changes
from reviews.coding import drafts
from reviews.exchange.bundle.writer import TABLES
from reviews.models import Assignment
from reviews.rounds import lifecycle
from reviews.settling import discussion, resolutions, unanimous
from tests.figures import figures_kept
from tests.making import (
    absent,
    make_code,
    make_paper,
    make_round,
    make_section,
    make_summary,
    make_user,
)
from tests.site.test_doors import DOORS, addresses

SECTIONS = ("challenges", "maturity-stage", "method", "replicable", "cases", "conclusion")
WORLDS = {
    "agreeing": [
        {
            "challenges": ["Cost"],
            "maturity-stage": "Manual",
            "method": "Survey",
            "replicable": True,
            "cases": 3,
            "conclusion": "good",
        },
        {
            "challenges": ["Cost"],
            "maturity-stage": "Manual",
            "method": "Survey",
            "replicable": True,
            "cases": 3,
            "conclusion": "good",
        },
    ],
    "differing": [
        {
            "challenges": ["Talent", "Model drift", "Whispered"],
            "maturity-stage": "Monitored",
            "method": None,
            "replicable": False,
            "cases": 917,
            "conclusion": "a very bad paper",
        },
        {
            "challenges": absent("unclear"),
            "maturity-stage": absent("not_reported"),
            "method": "Case study",
            "cases": 44,
            "conclusion": "another one",
        },
    ],
}
MAP = "x=method&y=challenges&absences=on&shares=on&years=on"
QUERIES = {
    "papers": ["", "state=settled", "sort=-state", "format=csv"],
    "codebook": ["", "gone=yes"],
    "codebook-versions": ["", "from=1&to=9"],
    "agreement": ["", "round={earlier}", "round={main}", "level=parent"],
    "agreement-section": ["", "round={earlier}"],
    "agreement-papers": [
        "differ=1",
        "code=Talent",
        "reviewer=cleo&code=Talent&alone=1",
        "round={earlier}&differ=1",
    ],
    "map": [
        "",
        *(
            f"source={source}&kind={kind}&{MAP}"
            for source in ("settled", "provisional")
            for kind in ("bubble", "trend", "together")
        ),
    ],
    "map-csv": [f"source=provisional&{MAP}", f"source=settled&{MAP}"],
    "map-tex": [f"source=provisional&{MAP}"],
    "map-svg": [f"source=provisional&{MAP}"],
    "map-papers": ["source=provisional&x=method&y=challenges&row=Talent&column=Survey"],
    "evidence": [
        f"source={source}&section={section}"
        for source in ("settled", "provisional")
        for section in ("challenges", "conclusion")
    ],
    "disagreements": ["", "format=csv", "kind=deferred"],
    "log": ["", "q=settled", "act=defer-section"],
    "export-file": [""],
    "round": ["", "format=csv"],
}
FILES = [*TABLES, "papers.bib", "protocol.json"]
PICTURES = {"map-png", "map-pdf"}
VARYING = re.compile(
    rb"csrfmiddlewaretoken\W+value=\S+|(\"|&quot;)X-CSRFToken(\"|&quot;): \S+|nonce-\S+"
    rb"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?([+-]\d\d:\d\d|Z)?"
    rb"|\d{1,2} \w+ \d{4}, \d\d:\d\d(:\d\d)?"
)


@pytest.fixture
def dora(study):
    dora = make_user("dora", name="Dora Reviewer")
    Membership.objects.create(study=study, user=dora, role="reviewer")
    return dora


@pytest.fixture
def eve(study):
    eve = make_user("eve", name="Eve Lead")
    Membership.objects.create(study=study, user=eve, role="lead")
    return eve


@pytest.fixture
def papers(how, study, ada, ben, cleo, dora, eve):
    """What everybody may know: two papers all have coded. And two papers that Ada and Ben still
    have to code; where the study waits for closing also one that they submitted in a closed round,
    and others read in an open one.
    """
    challenges = study.sections.get(key="challenges")
    for label in ("Old", "Gone", "Same", "Sub"):
        make_code(
            challenges,
            label,
            **({"parent": challenges.codes.get(label="Cost")} if label == "Sub" else {}),
        )
    make_code(challenges, "Whispered", status="proposed", proposed_by=cleo)
    make_section(study.phases.get(), "venues", "codes")
    earlier, main = make_round(study, "Earlier"), make_round(study, "Main")
    known = [make_paper(study, f"Known {number}", key=f"known{number}") for number in (1, 2)]
    for paper in known:
        for who in (ada, ben, cleo, dora):
            said = WORLDS["differing"][who == ben] if who != cleo else WORLDS["agreeing"][0]
            said = (
                {**said, "challenges": ["Cost", "Talent"]}
                if isinstance(said["challenges"], list)
                else said
            )
            make_summary(paper, who, round=main, answers=said)
    hidden = [make_paper(study, f"Hidden {number}", key=f"hidden{number}") for number in (1, 2)]
    for paper in hidden:
        Assignment.objects.create(round=main, paper=paper, reviewer=ada)
        make_summary(paper, ben, round=main, submitted=False, answers={"challenges": ["Cost"]})
    if how.get("others_visible") == "closed":
        hidden.append(make_paper(study, "Waited for", key="waited"))
        for who in (ada, ben):
            make_summary(
                hidden[-1], who, round=earlier, answers={"challenges": ["Cost"], "method": "Survey"}
            )
    return {"known": known, "hidden": hidden, "earlier": earlier, "main": main}


def tell(world, study, papers, cleo, dora, eve):
    """What others say of the hidden papers, in this world."""
    challenges = study.sections.get(key="challenges")
    codes = {code.label: code for code in challenges.codes.all()}
    for number, paper in enumerate(papers["hidden"]):
        round = papers["earlier"] if number == 1 else papers["main"]
        for who, said in zip((cleo, dora), WORLDS[world], strict=True):
            summary = make_summary(paper, who, round=round, answers=said)
            if world == "differing":
                extra = {"challenges": ["Old", "Gone", "Same", "Sub"]}
                answer, _ = summary.answers.get_or_create(section=challenges)
                if not answer.absence:
                    for label in extra["challenges"]:
                        answer.marks.create(
                            code=codes[label], quote=f"{label} is said here", page="7"
                        )
    lifecycle.close_round(papers["earlier"], by=eve)
    for paper in papers["hidden"]:
        said = resolutions.said_of(paper, challenges)
        option = said.comparison.options[0 if world == "agreeing" else -1]
        resolutions.resolve(
            paper,
            challenges,
            settled=said.comparison.with_evidence(option.judgement),
            basis="other",
            by=eve,
            cause="oversight",
            rationale="Talent is said" if world == "differing" else "Cost is",
        )
    method = study.sections.get(key="method")
    words = (
        "@dora and @cleo, Case study it is" if world == "differing" else "Survey, @dora and @cleo"
    )
    words = (
        words
        if study.others_visible == "submitted" or study.is_released
        else words.replace("@", "")
    )
    discussion.remark(papers["hidden"][0], method, text=words, by=eve)
    if world == "differing":
        resolutions.defer(papers["hidden"][0], method, note="differs", by=eve)
        discussion.remark(papers["hidden"][1], method, text="what now", by=eve)
    # What the lead does to the codebook is the same in both worlds; what it touches is not.
    code_changes.split(
        codes["Old"], into=[{"label": "Old one"}, {"label": "Old two"}], by=eve, reason="two things"
    )
    code_changes.retire(codes["Gone"], by=eve, reason="no more")
    code_changes.merge(codes["Same"], into=codes["Cost"], by=eve, reason="the same")
    unanimous.settle(study, by=eve)
    if world == "differing":
        # Last, so that nothing made after it bears another number.
        drafts.propose_code(
            challenges, label="Never heard of", definition="in Hidden 1", reason="new", by=dora
        )


def arguments_of(pattern, study, papers):
    """What the parts of this address may stand for: each of the hidden papers, and whatever would
    tell of them.
    """
    codes = Code.objects.filter(section__study=study, label__in=["Talent", "Old", "Whispered"])
    every = {
        "key": [paper.key for paper in papers["hidden"]],
        "section": ["challenges"],
        "phase": ["coding"],
        "code": list(codes.values_list("pk", flat=True)),
        "round": [papers["main"].pk, papers["earlier"].pk],
        "suffix": ["csv", "md"],
        "question": [study.research_questions.get().pk],
        "version": list(study.codebook_changes.values_list("version", flat=True)),
        "name": ["codings", "resolutions", "findings"] if pattern.name == "api-file" else FILES,
    }
    names = list(pattern.pattern.converters)
    if not set(names) <= set(every):
        return []
    return [
        dict(zip(names, values, strict=True)) for values in product(*(every[one] for one in names))
    ]


@figures_kept()
def walk(client, study, papers):
    """What every address of the study answers: `{address: (status, headers, bytes)}`."""
    rounds = {name: papers[name].pk for name in ("earlier", "main")}
    found = {}
    for pattern in addresses():
        if DOORS[pattern.name] not in {"E", "C", "L"} or pattern.name in PICTURES:
            continue
        for arguments in arguments_of(pattern, study, papers):
            try:
                url = reverse(pattern.name, kwargs={"slug": study.slug, **arguments})
            except NoReverseMatch:  # an address outside of studies
                continue
            for query in QUERIES.get(pattern.name, [""]):
                full = f"{url}?{query.format(**rounds)}"
                found[full] = told(client.get(full))
    for name in ("home", "mentions"):
        found[name] = told(client.get(reverse(name)))
    return found


def told(answer):
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            content = b"\n".join(
                name.encode() + b"\n" + file.read(name) for name in file.namelist()
            )
    headers = sorted(
        (name, value)
        for name, value in answer.headers.items()
        if name not in {"Content-Length", "Content-Security-Policy", "Expires"}
    )
    return answer.status_code, VARYING.sub(b"~", repr(headers).encode()), VARYING.sub(b"~", content)


def sequences():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"
        )
        return cursor.fetchall()


def put_back(counters):
    with connection.cursor() as cursor:
        for name, value in counters:
            cursor.execute(
                "SELECT setval(%s, %s, %s)", [f'public."{name}"', value or 1, value is not None]
            )


class Other(Exception):
    """The end of a world."""


def worlds(tell_one, look):
    """What is seen in each world, which ends after it."""
    counters, seen = sequences(), []
    for world in WORLDS:
        try:
            with transaction.atomic():
                tell_one(world)
                seen.append(look())
                raise Other
        except Other:
            put_back(counters)
        for name in ("default", "agreement"):
            caches[name].clear()
    return seen


CASES = [
    ("ada", {}),
    ("ada", {"others_visible": "closed"}),
    ("ben", {"others_visible": "closed", "who_settles": "not_coders"}),
    ("ben", {}),
    ("ben", {"who_settles": "not_coders"}),
    ("ben", {"released_at": timezone.now()}),
    ("olga", {}),
]


@pytest.mark.parametrize(("who", "how"), CASES)
def test_what_others_said_of_a_paper_changes_nothing_for_somebody_who_may_not_know_it(
    who, how, study, papers, ada, ben, cleo, dora, eve, olga, as_user
):
    for name, value in how.items():
        setattr(study, name, value)
    study.save()
    client = as_user({"ada": ada, "ben": ben, "olga": olga}[who])
    one, other = worlds(
        lambda world: tell(world, study, papers, cleo, dora, eve),
        lambda: walk(client, study, papers),
    )
    assert set(one) == set(other)
    assert [url for url in one if one[url] != other[url]] == []
    assert not [url for url, (status, *_) in one.items() if status >= 500]
    assert len([url for url, (status, *_) in one.items() if status == 200]) > 50
