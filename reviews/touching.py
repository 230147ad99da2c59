"""What a change of the codebook would touch, and how far the reviewers agree: from what this reader may see alone."""

from collections import defaultdict
from functools import partial
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q

from mapping.models import Code, FindingMark, Paper
from reviews.agreement import binary, krippendorff_alpha, measure, prepared, tabulate
from reviews.logbook import papers_closed_to
from reviews.models import Answer, Mark, RecodingTask, Summary
from reviews.seeing import visible_findings


class Touched(NamedTuple):
    """`is_blind`: this reader still has papers to code, whose marks are not in these figures, be there any or not."""

    marks: int
    papers: int
    reviewers: int
    findings: int
    is_blind: bool
    agreement: tuple | None = None  # (Alpha now, Alpha then)


class Alpha(NamedTuple):
    """Krippendorff's alpha with its denominators; `value` is None where there is no variation.

    `low` and `high` are its 95 % interval, None where none was asked for, or there is none.
    """

    value: float | None
    papers: int
    raters: int
    low: float | None = None
    high: float | None = None


def visible_marks(user, study):
    return Mark.objects.filter(answer__summary__in=Summary.objects.visible_to(user, study).submitted().latest())


def is_blind(user, study):
    return papers_closed_to(user, study).exists()


def touched(codes, user, *, relabel=None):
    """What a change of these codes touches. `relabel` maps code ids to code ids, or to None for "no longer counted":
    then it says what the agreement of the section would become.
    """
    section = codes[0].section
    study = section.study
    marks = visible_marks(user, study).filter(code__in=codes)
    blind = is_blind(user, study)
    rows = set(marks.values_list("pk", "answer__summary__assignment__paper", "answer__summary__assignment__reviewer"))
    findings = FindingMark.objects.filter(code__in=codes, finding__in=visible_findings(user, study))
    agreement = None
    if relabel is not None and not blind:
        answers = rated(section, user)
        agreement = (alpha(section, answers, replicates=1000), alpha(section, answers, relabel, replicates=1000))
    return Touched(
        len(rows), len({row[1] for row in rows}), len({row[2] for row in rows}), findings.count(), blind, agreement
    )


def settled_on(code, user):
    """The papers on which the team has settled on this code, as far as this reader may know."""
    study = code.section.study
    findings = visible_findings(user, study).filter(marks__code=code)
    return list(Paper.objects.filter(study=study, pk__in=findings.values("paper")).only("key", "title", "study"))


def rated(section, user):
    """`{reviewer: {paper: (codes, absence)}}` of the first submissions this reader may see, without blanks."""
    return rated_by_section([section], user, section.study).get(section.pk, {})


def rated_by_section(sections, user, study):
    """`{section id: {reviewer: {paper: (codes, absence)}}}`, in two queries."""
    counted = Summary.objects.visible_to(user, study).with_late_sections()
    came_later = RecodingTask.objects.came_later().filter(
        assignment=OuterRef("summary__assignment"), section=OuterRef("section")
    )
    answers = Answer.objects.filter(Q(summary__revision=1) | Q(Exists(came_later)), section__in=sections)
    answers = answers.filter(summary__in=counted).order_by("summary__submitted_at", "pk")
    marks = defaultdict(list)
    for answer, code in Mark.objects.filter(answer__in=answers.order_by()).values_list("answer", "code"):
        marks[answer].append(code)
    found = {}
    fields = ("pk", "section", "summary__assignment__reviewer", "summary__assignment__paper", "absence", "none_apply")
    for pk, section, reviewer, paper, absence, none_apply in answers.values_list(*fields):
        if marks[pk] or absence or none_apply:
            said = found.setdefault(section, defaultdict(dict))[reviewer]
            said.setdefault(paper, (marks[pk], absence))
    return found


def scales_of(study):
    """`{section id: [code ids in order]}` of the stages."""
    found = defaultdict(list)
    stages = Code.objects.filter(section__study=study, section__kind="stage").order_by("position", "pk")
    for section, pk in stages.values_list("section", "pk"):
        found[section].append(pk)
    return found


def table_of(section, answers, relabel=None):
    relabel = relabel or {}
    papers = sorted({paper for said in answers.values() for paper in said})
    rows = [[value_of(section, said.get(paper), relabel) for paper in papers] for _, said in sorted(answers.items())]
    return prepared(rows, section.kind).ratings


def value_of(section, said, relabel):
    if said is None:
        return None
    codes = {relabel.get(code, code) for code in said[0]} - {None}
    if section.is_multiple:
        return codes, said[1]
    return (min(codes), said[1]) if codes else (None, said[1]) if said[1] else None


def alpha(section, answers, relabel=None, scale=None, replicates=0):
    """An Alpha; with `replicates`, which take their time, its interval too."""
    ratings = table_of(section, answers, relabel)
    several = sum(
        sum(row[place] is not None for row in ratings) > 1 for place in range(len(ratings[0]) if ratings else 0)
    )
    metric = {"codes": "masi", "stage": "ordinal"}.get(section.kind, "nominal")
    if section.kind == "stage" and scale is None:
        scale = list(section.codes.order_by("position", "pk").values_list("pk", flat=True))
    if not several:
        return Alpha(None, 0, len(ratings))
    found = measure(ratings, partial(krippendorff_alpha, metric=metric, categories=scale), replicates=replicates)
    return Alpha(found.value, several, len(ratings), found.low, found.high)


def alpha_of_codes(section, answers):
    """`{code id: Alpha}`, one yes-or-no alpha per code that somebody gave, on the papers that two people coded."""
    ratings = table_of(section, answers)
    if section.kind != "codes" or not ratings:
        return {}
    table = tabulate(ratings)
    several = sum(sum(row[place] is not None for row in ratings) > 1 for place in range(len(ratings[0])))
    codes = {code for said in answers.values() for given, _ in said.values() for code in given}
    return {
        code: Alpha(krippendorff_alpha(binary(table, code)) if several else None, several, len(ratings))
        for code in codes
    }
