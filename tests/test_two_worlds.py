"""Law 1 as a comparison of two worlds: whatever others said of a paper that somebody still has to judge for themselves,
every address answers that person the same. No list of secrets: any byte that differs was told by others' answers.
"""

import io
import re
import zipfile

import pytest
from itertools import product

from django.core.cache import caches
from django.db import connection, transaction
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from mapping import granting
from mapping.models import Code, Membership
from reviews import closing, recoding, remarking, resolving, settling
from reviews.models import Assignment, Remark, Resolution, Round, Summary
from reviews.resolving import Settled
from tests.making import (
    absent,
    make_code,
    make_paper,
    make_round,
    make_section,
    make_summary,
    make_user,
)
from tests.test_doors import DOORS, addresses

SECTIONS = ("challenges", "maturity-stage", "method", "replicable", "cases", "conclusion")
WORLDS = {
    "agreeing": [
        {"challenges": ["Cost"], "maturity-stage": "Manual", "method": "Survey", "replicable": True, "cases": 3,
         "conclusion": "good"},
        {"challenges": ["Cost"], "maturity-stage": "Manual", "method": "Survey", "replicable": True, "cases": 3,
         "conclusion": "good"},
    ],
    "differing": [
        {"challenges": ["Talent", "Model drift", "Whispered"], "maturity-stage": "Monitored", "method": None,
         "replicable": False, "cases": 917, "conclusion": "a very bad paper"},
        {"challenges": absent("unclear"), "maturity-stage": absent("not_reported"), "method": "Case study",
         "cases": 44, "conclusion": "another one"},
    ],
}  # fmt: skip
QUERIES = {
    "papers": ["", "state=settled", "state=submitted", "state=draft", "sort=state", "sort=-state", "format=csv"],
    "paper": [""],
    "codebook": ["", "gone=yes", "section=challenges", "q=whispered"],
    "codebook-versions": ["", "from=1&to=9", "from=0&to=99"],
    "agreement": ["", "round={r0}", "round={main}", "level=parent"],
    "agreement-section": ["", "round={r0}", "round={main}", "level=parent"],
    "agreement-papers": ["", "differ=1", "code=Talent", "code=Cost&all=1", "one=Cost&other=Talent", "reviewer=cleo",
                         "reviewer=cleo&with=dora", "reviewer=cleo&code=Talent&alone=1", "round={r0}",
                         "round={main}&differ=1"],
    "agreement-csv": ["", "level=parent"], "agreement-codes-csv": ["", "level=parent"],
    "map": ["", *(f"source={source}&kind={kind}&x=method&y=challenges&count={count}&order={order}&absences=on&shares=on"
                  "&years=on" for source in ("settled", "provisional")
                  for kind in ("bubble", "bars", "heat", "trend", "venues", "together")
                  for count, order in (("mentions", "frequency"),)),
            "source=provisional&round={r0}&x=year&y=method", "source=provisional&code={talent}&x=year&y=challenges"],
    "map-csv": ["source=provisional&x=method&y=challenges&absences=on&shares=on&years=on",
                "source=settled&x=method&y=challenges&absences=on&shares=on"],
    "map-tex": ["source=provisional&x=method&y=challenges&absences=on&shares=on"],
    "map-svg": ["source=provisional&x=method&y=challenges&absences=on&years=on"],
    "map-papers": ["source=provisional&x=method&y=challenges&row=Talent&column=Survey"],
    "evidence": ["", *(f"source={source}&section={section}{rest}" for source in ("settled", "provisional")
                       for section in ("challenges", "method", "conclusion", "cases") for rest in ("", "&format=csv")),
                 "source=provisional&q=bad"],
    "disagreements": ["", "format=csv", "kind=deferred", "kind=settled", "q=hidden", "sort=paper"],
    "log": ["", "q=settled", "q=talent"], "log-csv": [""],
    "comparison": ["", "phase=coding"],
    "summary": ["", "phase=coding"],
    "export-file": ["", "code={talent}"],
    "near-code": ["section=challenges&label=Talents", "section=challenges&label=whisper"],
    "near": ["section=challenges&label=Talents", "section=challenges&label=whisper"],
    "rounds": [""], "round": ["", "reader=cleo", "format=csv"],
    "queue": ["", "format=csv"],
}  # fmt: skip
FILES = ("papers.csv papers.bib papers.ris codings.csv findings.csv findings_wide.csv findings_onehot.csv codebook.csv "
         "codebook_changes.csv protocol.json agreement.csv agreement_codes.csv resolutions.csv remarks.csv log.csv "
         "rounds.csv assignments.csv README.md analysis.py").split()  # fmt: skip
VARYING = re.compile(
    rb"csrfmiddlewaretoken\W+value=\S+|\"X-CSRFToken\": \S+|nonce-\S+|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?([+-]\d\d:\d\d|Z)?"
    rb"|\d{1,2} \w+ \d{4}, \d\d:\d\d(:\d\d)?|&quot;X-CSRFToken&quot;: &quot;\w+&quot;"
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
def papers(study, ada, ben, cleo, dora, eve):
    """What everybody may know: two papers all have coded. And two papers that Ada and Ben still have to code."""
    challenges = study.sections.get(key="challenges")
    for label in ("Old", "Gone", "Same", "Sub"):
        make_code(challenges, label, **({"parent": challenges.codes.get(label="Cost")} if label == "Sub" else {}))
    make_code(challenges, "Whispered", status="proposed", proposed_by=cleo)
    make_section(study.phases.get(), "venues", "codes")
    earlier, main = make_round(study, "Earlier"), make_round(study, "Main")
    known = [make_paper(study, f"Known {number}", key=f"known{number}") for number in (1, 2)]
    for paper in known:
        for who in (ada, ben, cleo, dora):
            said = WORLDS["differing"][who == ben] if who != cleo else WORLDS["agreeing"][0]
            said = {**said, "challenges": ["Cost", "Talent"]} if isinstance(said["challenges"], list) else said
            make_summary(paper, who, round=main, answers=said)
    hidden = [make_paper(study, f"Hidden {number}", key=f"hidden{number}") for number in (1, 2)]
    for paper in hidden:
        Assignment.objects.create(round=main, paper=paper, reviewer=ada)
        make_summary(paper, ben, round=main, submitted=False, answers={"challenges": ["Cost"]})
    return {"known": known, "hidden": hidden, "earlier": earlier, "main": main}


def tell(world, study, papers, cleo, dora, eve):
    """What others say of the hidden papers, in this world."""
    challenges = study.sections.get(key="challenges")
    codes = {code.label: code for code in challenges.codes.all()}
    for number, paper in enumerate(papers["hidden"]):
        round = papers["earlier"] if number else papers["main"]
        for who, said in zip((cleo, dora), WORLDS[world], strict=True):
            summary = make_summary(paper, who, round=round, answers=said)
            if world == "differing":
                extra = {"challenges": ["Old", "Gone", "Same", "Sub"]}
                answer, _ = summary.answers.get_or_create(section=challenges)
                if not answer.absence:
                    for label in extra["challenges"]:
                        answer.marks.create(code=codes[label], quote=f"{label} is said here", page="7")
    closing.close_round(papers["earlier"], by=eve)
    for paper in papers["hidden"]:
        said = resolving.said_of(paper, challenges)
        option = said.comparison.options[0 if world == "agreeing" else -1]
        resolving.resolve(
            paper, challenges, settled=Settled.by(option, challenges, said.comparison), basis="other", by=eve,
            cause="oversight", rationale="Talent is said" if world == "differing" else "Cost is",
        )  # fmt: skip
    method = study.sections.get(key="method")
    words = "@dora and @cleo, Case study it is" if world == "differing" else "Survey, @dora and @cleo"
    remarking.remark(papers["hidden"][0], method, text=words, by=eve)
    if world == "differing":
        resolving.defer(papers["hidden"][0], method, note="differs", by=eve)
        remarking.remark(papers["hidden"][1], method, text="what now", by=eve)
    # What the lead does to the codebook is the same in both worlds; what it touches is not.
    recoding.split(codes["Old"], into=[{"label": "Old one"}, {"label": "Old two"}], by=eve, reason="two things")
    recoding.retire(codes["Gone"], by=eve, reason="no more")
    recoding.merge(codes["Same"], into=codes["Cost"], by=eve, reason="the same")
    settling.settle(study, by=eve)


def arguments_of(pattern, name, study, papers):
    """Every value that a part of the address may take."""
    names = list(pattern.pattern.converters)
    paper_keys = [paper.key for paper in (*papers["known"], *papers["hidden"])]
    every = {
        "key": paper_keys, "section": list(study.sections.values_list("key", flat=True)),
        "phase": ["coding"], "code": list(Code.objects.filter(section__study=study, label__in=["Talent", "Old", "Whispered"]).values_list("pk", flat=True)),
        "round": [papers["main"].pk, papers["earlier"].pk], "suffix": ["csv", "md", "tex"], "question": [study.research_questions.get().pk],
        "version": list(study.codebook_changes.values_list("version", flat=True)),
        "task": [1], "member": [study.memberships.first().pk], "preset": ["screening"],
        "name": [name.removesuffix(".csv") for name in FILES if name.endswith(".csv")] if name == "api-file" else FILES,
        "assignment": list(Assignment.objects.filter(paper__in=papers["hidden"], round=papers["main"]).values_list("pk", flat=True)),
        "remark": [1], "import_id": [1], "invitation": [1], "token": [1],
    }  # fmt: skip
    return [dict(zip(names, values, strict=True)) for values in product(*(every[one] for one in names))]


def walk(client, study, papers, only=None):
    """What every address answers: `{address: (status, headers, bytes)}`."""
    place = {"r0": papers["earlier"].pk, "main": papers["main"].pk,
             "talent": Code.objects.get(section__study=study, label="Talent").pk}  # fmt: skip
    found = {}
    for pattern in addresses():
        if pattern.name in {"map-png", "map-pdf", "sign-in", "sign-out", "healthz"} or (only and pattern.name not in only):
            continue
        try:
            reverse(pattern.name)
            choices, in_study = [{}], False
        except NoReverseMatch:
            if DOORS[pattern.name] not in "ECL":
                continue
            choices, in_study = arguments_of(pattern, pattern.name, study, papers), True
        for arguments in choices:
            url = reverse(pattern.name, kwargs={**arguments, **({"slug": study.slug} if in_study else {})})
            for query in QUERIES.get(pattern.name, [""]):
                full = f"{url}?{query.format(**place)}" if query else url
                import time; t0=time.time()
                found[full] = told(client.get(full))
                import sys; d=time.time()-t0
                if d>.4: print("SLOW", round(d,2), full)
                if query == "" and in_study and pattern.name in {"log", "comparison", "papers", "map"}:
                    found[f"{full} (htmx)"] = told(client.get(full, headers={"hx-request": "true"}))
    return found


def told(answer):
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            content = b"\n".join(name.encode() + b"\n" + file.read(name) for name in file.namelist())
    headers = sorted((name, value) for name, value in answer.headers.items() if name not in {"Content-Length", "Content-Security-Policy", "Expires"})
    return answer.status_code, VARYING.sub(b"~", repr(headers).encode()), VARYING.sub(b"~", content)


def sequences():
    with connection.cursor() as cursor:
        cursor.execute("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'")
        return cursor.fetchall()


def put_back(counters):
    with connection.cursor() as cursor:
        for name, value in counters:
            cursor.execute("SELECT setval(%s, %s, %s)", [f'public."{name}"', value or 1, value is not None])


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


SETTINGS = {
    "plain": {},
    "waiting": {"others_visible": "closed"},
    "outsiders": {"who_settles": "not_coders"},
    "anonymous": {"is_anonymous": True},
    "released": {"released_at": timezone.now()},
}


@pytest.mark.parametrize("who", ["ada", "ben", "olga"])
@pytest.mark.parametrize("how", SETTINGS)
def test_what_others_said_of_a_paper_changes_nothing_for_somebody_who_still_has_to_code_it(
    how, who, study, papers, ada, ben, cleo, dora, eve, olga, as_user
):
    person = {"ada": ada, "ben": ben, "olga": olga}[who]
    if (how, who) == ("released", "olga"):
        return
    for name, value in SETTINGS[how].items():
        setattr(study, name, value)
    study.save()
    client = as_user(person)
    client.raise_request_exception = False
    one, other = worlds(
        lambda world: tell(world, study, papers, cleo, dora, eve), lambda: walk(client, study, papers)
    )
    assert set(one) == set(other)
    import os, pathlib
    differing = {url: (one[url], other[url]) for url in one if one[url] != other[url]}
    out = pathlib.Path(os.environ.get("OUT", "/tmp/i3/diff")) / f"{how or 'plain'}-{who}"
    out.mkdir(parents=True, exist_ok=True)
    for n, (url, (a, b)) in enumerate(differing.items()):
        (out / f"{n}.url").write_text(f"{url}\n{a[0]} {b[0]}\n{a[1]}\n{b[1]}")
        (out / f"{n}.a").write_bytes(a[2]); (out / f"{n}.b").write_bytes(b[2])
    assert [url for url in differing] == []
    assert not [url for url, (status, *_) in one.items() if status >= 500]
