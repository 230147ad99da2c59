"""What a change of the codebook would touch, and how far the reviewers agree: from what this reader
may see alone.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet

from mapping.models import Code, CodebookChange, FindingMark, Membership, Paper, Section
from reviews.agreement import measures
from reviews.agreement.ratings import CODE, PARENT, Sheet
from reviews.agreement.statistics import Figure
from reviews.blindness import rules
from reviews.blindness.visible import visible_findings, visible_summaries
from reviews.codebook import undo
from reviews.models import Mark, Summary


class Touched(NamedTuple):
    """`is_blind`: this reader still has papers to code, whose marks are not in these figures, be
    there any or not.
    """

    marks: int
    papers: int
    reviewers: int
    findings: int
    is_blind: bool
    agreement: "tuple[AgreementChange, ...]" = ()
    refusal: str = ""  # why the act cannot be done as it was asked for


class AgreementChange(NamedTuple):
    """How far a section agrees, and how far it would; None where nothing was rated."""

    section: Section
    level: str
    now: Figure | None
    then: Figure | None

    @property
    def is_same(self) -> bool:
        return self.now == self.then


def visible_marks(membership: Membership) -> QuerySet[Mark]:
    return Mark.objects.filter(
        answer__summary__in=visible_summaries(membership).submitted().latest()
    )


def is_blind(membership: Membership) -> bool:
    return rules.is_blind_somewhere(membership)


def touched(
    code: Code,
    membership: Membership,
    act: Callable[[], object] | None = None,
    *,
    also: Iterable[Section] = (),
) -> Touched:
    """What a change of this code touches. With `act`, which does it, also what becomes of the
    agreement of its section and of the sections in `also`. Nothing is changed.
    """
    marks = visible_marks(membership).filter(code=code)
    findings = FindingMark.objects.filter(code=code, finding__in=visible_findings(membership))
    return touched_by(marks, findings, membership, [code.section, *also], act)


def touched_by_undoing(
    change: CodebookChange, membership: Membership, act: Callable[[], object]
) -> Touched:
    """What taking this change back touches: the marks it had moved, or, where it moved none, those
    of its code.
    """
    moved = undo.moved_marks(change)
    if not moved:
        return touched(change.code, membership, act)
    before = change.before
    settled = [uid for uids in before.get("finding_marks", {}).values() for uid in uids]
    settled += [row["beside"] for row in before.get("set_aside", [])]
    findings = FindingMark.objects.filter(uid__in=settled, finding__in=visible_findings(membership))
    former = {values["section_id"] for values in before["codes"].values() if "section_id" in values}
    touched_sections = Q(pk=change.code.section_id) | Q(key__in=former)
    sections = list(change.study.sections.filter(touched_sections).select_related("study"))
    marks = visible_marks(membership).filter(uid__in=moved)
    return touched_by(marks, findings, membership, sections, act)


def touched_by(marks, findings, membership, sections, act=None):
    rows = set(
        marks.values_list(
            "pk", "answer__summary__assignment__paper", "answer__summary__assignment__reviewer"
        )
    )
    blind = is_blind(membership)
    # Refusals too may come from what others said.
    agreement, refusal = try_out(sections, membership, act) if act and not blind else ((), "")
    if membership.study.statistics_off_reason:
        agreement = ()
    return Touched(
        len(rows),
        len({row[1] for row in rows}),
        len({row[2] for row in rows}),
        findings.count(),
        blind,
        agreement,
        refusal,
    )


def try_out(sections, membership, act):
    """`((AgreementChange, …), refusal)`: the act is done, looked at and taken back, so that it is
    the very act to come.

    The figures are computed when the codebook's lock is gone again.
    """
    now = rated(sections, membership)
    try:
        with transaction.atomic():
            act()
            then = rated(sections, membership)
            transaction.set_rollback(True)
    except ValidationError as error:
        return (), " ".join(error.messages)
    changes = [
        AgreementChange(
            section,
            level,
            headline(now.get((section, level))),
            headline(then.get((section, level))),
        )
        for section in sections
        for level in (CODE, PARENT)
    ]
    return tuple(change for change in changes if change.now or change.then), ""


def rated(sections, membership):
    """`{(section, level): Rated}` of what this reader may see; by parent codes only where codes
    stand under others.
    """
    visible = visible_summaries(membership).submitted()
    grouped = set(
        Code.objects.filter(section__in=sections, parent__isnull=False, status=Code.Status.ACTIVE)
        .values_list("section", flat=True)
        .order_by()
    )
    by_level = {CODE: sections, PARENT: [section for section in sections if section.pk in grouped]}
    rated = {}
    for level, sections_of_level in by_level.items():
        if sections_of_level:
            sheet = Sheet(membership.study, visible, sections_of_level, level=level)
            rated |= {(section, level): sheet.rated(section) for section in sections_of_level}
    return rated


def headline(rated, replicates=measures.REPLICATES):
    if rated is None or not rated.raters:
        return None
    return measures.figure(
        rated, measures.choices(rated.section.kind, rated.categories)[0], replicates
    )


def is_scale_in_use(section: Section) -> bool:
    """Whether the order of these codes is what submitted answers mean."""
    submitted = Summary.objects.filter(assignment__round__phase=section.phase_id).submitted()
    return section.kind_of.is_scale and submitted.exists()


def settled_on(code: Code, membership: Membership) -> list[Paper]:
    """The papers on which the team has settled on this code, as far as this reader may know."""
    findings = visible_findings(membership).filter(marks__code=code)
    papers = Paper.objects.filter(study=membership.study_id, pk__in=findings.values("paper"))
    return list(papers.only("key", "title", "study"))
