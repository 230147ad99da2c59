"""The demo study: real papers, invented readers. Every page has something on it, and everything is
made by the acts that the pages call.

The abstracts are descriptions in our own words, and the quotes are taken from them: nobody's text
is copied.
"""

import json
from datetime import timedelta
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from mapping.models import Code, Membership, Paper, PaperSource, Study, User
from mapping.protocol import files as protocol_files
from reviews.blindness.rules import active_membership
from reviews.blindness.visible import visible_summaries
from reviews.coding import drafts
from reviews.models import Assignment
from reviews.rounds import assignments, lifecycle
from reviews.settling import resolutions, unanimous
from reviews.settling.answers import compared

SLUG = "mlops-demo"
PEOPLE = {
    "ada": ("Ada Ekström", Membership.Role.LEAD),
    "ben": ("Ben Okafor", Membership.Role.REVIEWER),
    "cleo": ("Cleo Marchetti", Membership.Role.REVIEWER),
    "dan": ("Dan Novák", Membership.Role.REVIEWER),
    "olga": ("Olga Sund", Membership.Role.OBSERVER),
}
PILOT = ["john2021towards", "makinen2021needs", "tamburri2020sustainable", "kreuzberger2023machine"]
# Who reads what in the main round; two of three, so that everybody has something to do.
MAIN = {
    ("ben", "cleo"): ["testi2022mlops", "breck2017ml", "recupito2022multivocal"],
    ("cleo", "dan"): ["paleyes2022challenges", "baylor2017tfx"],
    ("ben", "dan"): ["amershi2019software", "sculley2015hidden", "felderer2021quality"],
}
# Of the first paper: section: (name of the option, cause of the difference, rationale).
DECISIONS = {
    "challenges": (
        "common",
        "oversight",
        "Two of three had it from the related work, not from the companies.",
    ),
    "maturity-stage": (
        "median",
        "depth_of_reading",
        "Table and text together place it on the highest stage.",
    ),
    "motivation": (
        "union",
        "ambiguous_definition",
        "Both motivations are named in the introduction.",
    ),
}


def read(name):
    return json.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))


@transaction.atomic
def make(password: str) -> tuple[Study, bool]:
    """The study, new or as it is, and whether it is new."""
    existing = Study.objects.filter(slug=SLUG).first()
    if existing:
        return existing, False
    people = {name: make_person(name, password) for name in PEOPLE}
    ada = people["ada"]
    study = protocol_files.create_study(
        title="MLOps mapping study (demo)",
        slug=SLUG,
        lead=ada,
        by=ada,
        protocol=protocol_files.built_in("mlops"),
        template_name="mlops",
    )
    for name, (_, role) in PEOPLE.items():
        Membership.objects.get_or_create(study=study, user=people[name], defaults={"role": role})
    add_papers(study)
    pilot(study, people)
    main_round(study, people)
    return study, True


def make_person(name, password):
    full_name, _ = PEOPLE[name]
    # Never somebody else's account: on a server the names may be taken.
    username = name if not User.objects.known_as(name).exists() else f"demo-{name}"
    user, is_new = User.objects.get_or_create(
        username=username, defaults={"name": full_name, "email": f"{username}@example.org"}
    )
    if is_new:
        user.set_password(password)
        user.save()
    return user


def add_papers(study):
    papers = [Paper(study=study, **facts) for facts in read("papers.json")]
    Paper.objects.bulk_create(papers)
    PaperSource.objects.bulk_create(PaperSource(paper=paper, source="demo") for paper in papers)


def pilot(study, people):
    """Everybody read four papers; the round is closed, and the lead has settled some of what
    differed.
    """
    ada, readers = people["ada"], [people[name] for name in ("ben", "cleo", "dan")]
    round = lifecycle.create_round(
        study,
        phase=study.phases.get(key="coding"),
        name="Pilot",
        kind="pilot",
        by=ada,
        guidance=(
            "Four papers, everybody reads all of them. Note in the comments where a "
            "definition did not help."
        ),
    )
    assignments.hand_out(
        round, by=ada, papers=papers_named(study, PILOT), reviewers=readers, per_paper=3, seed=1
    )
    code_papers(round, people)
    lifecycle.close_round(round, by=ada)
    unanimous.settle(study, by=ada, papers=[paper.pk for paper in papers_named(study, PILOT)])
    settle_some(study, ada)


def main_round(study, people):
    """Two readers for each of the other papers; some have been coded, one is being coded."""
    ada = people["ada"]
    round = lifecycle.create_round(
        study,
        phase=study.phases.get(key="coding"),
        name="Main round",
        kind="main",
        by=ada,
        due_on=timezone.localdate() + timedelta(days=21),
    )
    for seed, (names, keys) in enumerate(MAIN.items()):
        readers = [people[name] for name in names]
        assignments.hand_out(
            round,
            by=ada,
            papers=papers_named(study, keys),
            reviewers=readers,
            per_paper=2,
            seed=seed,
        )
    code_papers(round, people)


def papers_named(study, keys):
    return list(study.papers.filter(key__in=keys))


def code_papers(round, people):
    """Fill in and submit what the file has for the papers of this round; drafts stay drafts."""
    names = {user.pk: name for name, user in people.items()}
    sections = {section.key: section for section in round.phase.sections.all()}
    codes = {
        (code.section_id, code.label): code.pk
        for code in Code.objects.filter(section__in=sections.values())
    }
    codings = read("codings.json")
    for assignment in Assignment.objects.filter(round=round).select_related(
        "paper", "reviewer", "round__study"
    ):
        answers = codings.get(assignment.paper.key, {}).get(names[assignment.reviewer_id])
        if answers is None:
            continue
        summary = drafts.open_summary(assignment)
        for key, value in answers.items():
            if key != "draft":
                content = content_of(sections[key], value, codes)
                drafts.save_answer(
                    summary, sections[key], content, based_on=0, by=assignment.reviewer
                )
        if not answers.get("draft"):
            drafts.submit(summary, by=assignment.reviewer)


def content_of(section, value, codes):
    """Labels, or labels with a quote; a text; `{"absence": …}`; `{"none": true}`."""
    if isinstance(value, dict):
        return {"absence": value["absence"]} if "absence" in value else {"none_apply": True}
    if not section.has_codes:
        return {section.kind_of.field: value}
    marks = [
        mark if isinstance(mark, list) else [mark, ""]
        for mark in ([value] if isinstance(value, str) else value)
    ]
    return {"marks": [{"code": codes[section.pk, label], "quote": quote} for label, quote in marks]}


def settle_some(study, ada):
    """The first paper's differences, so that the record shows several ways of deciding; the rest
    waits for the lead.
    """
    paper = study.papers.get(key=PILOT[0])
    sections = {section.pk: section for section in study.sections.all()}
    visible = visible_summaries(active_membership(ada, study), paper)
    for compared_section in compared(study, visible, papers=[paper.pk]):
        comparison, section = compared_section.comparison, sections[compared_section.section]
        way, cause, rationale = DECISIONS.get(section.key, (None, "", ""))
        option = next((option for option in comparison.options if option.name == way), None)
        if option and comparison.state == "differs":
            resolutions.resolve(
                paper,
                section,
                settled=comparison.with_evidence(option.judgement),
                basis=option.basis,
                by=ada,
                cause=cause,
                rationale=rationale,
            )
