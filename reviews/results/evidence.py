"""Code by code, the papers that have it and the words that carry it: findings, or what each
reviewer quoted.
"""

from typing import NamedTuple

from mapping.judgement.values import Evidence
from mapping.models import FindingMark
from reviews.models import Mark
from reviews.settling.answers import voices


class CodeUse(NamedTuple):
    """One use of a code in a paper. `who` is empty where it is what the team settled on."""

    paper: int
    section: str
    label: str
    evidence: Evidence
    who: str


def of_findings(findings, code_labels):
    """The marks of these findings as CodeUse; `code_labels` maps codes to what they are called."""
    rows = FindingMark.objects.filter(finding__in=findings).order_by(
        "finding__paper__title", "finding__paper", "pk"
    )
    fields = ("finding__paper", "finding__section__key", "code", *Evidence.FIELDS)
    for paper, section, code, *evidence in rows.values_list(*fields):
        yield CodeUse(paper, section, code_labels.get(code, ""), Evidence(*evidence), "")


def of_summaries(membership, chosen, sections, code_labels, papers=None):
    """The marks of these summaries, `[(pk, paper, reviewer, phase)]`, each under its reviewer's
    letter and name.
    """
    names = voices(membership.study, chosen)
    reader = {pk: (reviewer, names[paper][reviewer]) for pk, paper, reviewer, _ in chosen}
    rows = Mark.objects.filter(answer__section__in=sections, answer__summary__in=list(reader))
    if papers is not None:
        rows = rows.filter(answer__summary__assignment__paper__in=papers)
    path = "answer__summary__assignment__paper"
    fields = (
        "answer__summary",
        path,
        "answer__section__key",
        "code",
        *Evidence.FIELDS,
    )
    for summary, paper, section, code, *evidence in rows.order_by(
        f"{path}__title", path, "pk"
    ).values_list(*fields):
        reviewer, (letter, name) = reader[summary]
        who = f"{letter} (you)" if reviewer == membership.user_id else f"{letter} {name}".strip()
        yield CodeUse(paper, section, code_labels.get(code, ""), Evidence(*evidence), who)
