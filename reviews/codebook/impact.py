"""What a change of the codebook would touch, and how far the reviewers agree: from what this reader
may see alone.
"""

from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction

from mapping.models import Code, FindingMark, Paper, Section
from reviews.agreement import measures
from reviews.agreement.ratings import CODE, PARENT, Sheet
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
    agreement: tuple = ()  # of Foreseen
    refusal: str = ""  # why the act cannot be done as it was asked for


class Foreseen(NamedTuple):
    """How far a section agrees, and how far it would; a Figure each, None where nothing was
    rated.
    """

    section: object
    level: str
    now: object
    then: object

    @property
    def is_same(self):
        return self.now == self.then


def visible_marks(user, study):
    return Mark.objects.filter(
        answer__summary__in=visible_summaries(user, study).submitted().latest()
    )


def is_blind(user, study):
    return rules.is_blind_somewhere(user, study)


def touched(code, user, act=None, *, also=()):
    """What a change of this code touches. With `act`, which does it, also what becomes of the
    agreement of its section and of the sections in `also`. Nothing is changed.
    """
    study = code.section.study
    marks = visible_marks(user, study).filter(code=code)
    findings = FindingMark.objects.filter(code=code, finding__in=visible_findings(user, study))
    return told(marks, findings, user, [code.section, *also], act)


def touched_by_undoing(change, user, act):
    """What taking this change back touches: the marks it had moved, or, where it moved none, those
    of its code.
    """
    study = change.study
    ids = undo.moved_marks(change)
    if not ids:
        return touched(change.code, user, act)
    before = change.before
    settled = [pk for several in before.get("finding_marks", {}).values() for pk in several]
    settled += [row["beside"] for row in before.get("set_aside", [])]
    findings = FindingMark.objects.filter(pk__in=settled, finding__in=visible_findings(user, study))
    left = {values["section_id"] for values in before["codes"].values() if "section_id" in values}
    sections = {change.code.section_id, *left}
    there = list(Section.objects.filter(pk__in=sections).select_related("study"))
    return told(visible_marks(user, study).filter(pk__in=ids), findings, user, there, act)


def told(marks, findings, user, sections, act=None):
    study = sections[0].study
    rows = set(
        marks.values_list(
            "pk", "answer__summary__assignment__paper", "answer__summary__assignment__reviewer"
        )
    )
    blind = is_blind(user, study)
    # Refusals too may come from what others said.
    agreement, refusal = foreseen(sections, user, act) if act and not blind else ((), "")
    if study.statistics_off_reason:
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


def foreseen(sections, user, act):
    """`((Foreseen, …), refusal)`: the act is done, looked at and taken back, so that it is the very
    act to come.

    The figures are worked out when the codebook's lock is gone again.
    """
    now = rated(sections, user)
    try:
        with transaction.atomic():
            act()
            then = rated(sections, user)
            transaction.set_rollback(True)
    except ValidationError as error:
        return (), " ".join(error.messages)
    places = [(section, level) for section in sections for level in (CODE, PARENT)]
    figures = [(*place, headline(now.get(place)), headline(then.get(place))) for place in places]
    return tuple(Foreseen(*one) for one in figures if one[2] or one[3]), ""


def rated(sections, user):
    """`{(section, level): Rated}` of what this reader may see; by parent codes only where codes
    stand under others.
    """
    study = sections[0].study
    visible = visible_summaries(user, study).submitted()
    grouped = set(
        Code.objects.filter(section__in=sections, parent__isnull=False, status=Code.Status.ACTIVE)
        .values_list("section", flat=True)
        .order_by()
    )
    by_level = {CODE: sections, PARENT: [section for section in sections if section.pk in grouped]}
    found = {}
    for level, several in by_level.items():
        sheet = Sheet(study, visible, several, level=level) if several else None
        found |= {(section, level): sheet.of(section) for section in several}
    return found


def headline(rated, replicates=measures.REPLICATES):
    if rated is None or not rated.raters:
        return None
    return measures.figure(
        rated, measures.choices(rated.section.kind, rated.categories)[0], replicates
    )


def is_scale_in_use(section):
    """Whether the order of these codes is what submitted answers mean."""
    submitted = Summary.objects.filter(assignment__round__phase=section.phase_id).submitted()
    return section.kind_of.is_scale and submitted.exists()


def settled_on(code, user):
    """The papers on which the team has settled on this code, as far as this reader may know."""
    study = code.section.study
    findings = visible_findings(user, study).filter(marks__code=code)
    return list(
        Paper.objects.filter(study=study, pk__in=findings.values("paper")).only(
            "key", "title", "study"
        )
    )
