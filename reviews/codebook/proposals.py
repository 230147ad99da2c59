"""The proposed codes as one lead may see them: none that may come from a paper closed to them."""

from collections import defaultdict
from dataclasses import dataclass, field

from mapping.models import Code, Membership, User
from mapping.parsers.labels import near_codes
from reviews.blindness import rules
from reviews.blindness.codes import known_codes
from reviews.codebook import impact
from reviews.models import Assignment, Mark


@dataclass
class Proposal:
    code: Code
    proposer: User | None = None  # None where it would tell a blind lead something
    marks: list[Mark] = field(default_factory=list)  # those this lead may see
    near: list[Code] = field(default_factory=list)  # codes in use that say nearly the same
    alike: list[Code] = field(default_factory=list)  # other proposals that do


def open_proposals(membership: Membership) -> list[Proposal]:
    """Oldest first, in a constant number of queries."""
    codes = list(
        known_codes(membership).proposed().select_related("section", "proposed_by").order_by("pk")
    )
    marks = defaultdict(list)
    visible = impact.visible_marks(membership).filter(code__in=codes)
    for mark in visible.select_related("answer__summary__assignment__paper").order_by("pk"):
        marks[mark.code_id].append(mark)
    nameless = codes_without_proposer(membership, codes)
    near = nearly_same(codes)
    return [
        Proposal(
            code,
            proposer=None
            if membership.study.is_anonymous or code.pk in nameless
            else code.proposed_by,
            marks=marks[code.pk],
            near=near[code.pk][0],
            alike=near[code.pk][1],
        )
        for code in codes
    ]


def codes_without_proposer(membership, codes):
    """Ids of the codes of whoever reads a paper that is closed to this member: their name would
    tell who found them there, and shown for the others alone it would tell as much.
    """
    closed = rules.closed_papers(membership)
    assignments = Assignment.objects.in_force().filter(paper__in=closed)
    others = assignments.exclude(reviewer=membership.user_id)
    readers = set(others.values_list("reviewer", flat=True))
    return {code.pk for code in codes if code.proposed_by_id in readers}


def nearly_same(codes):
    """`{code id: ([codes in use], [other proposals])}`."""
    active = defaultdict(dict)
    sections = {code.section_id for code in codes}
    for code in Code.objects.filter(section__in=sections, status=Code.Status.ACTIVE):
        active[code.section_id][code.label] = code
    near = {}
    for code in codes:
        others = {
            other.label: other
            for other in codes
            if other.section_id == code.section_id and other.pk != code.pk
        }
        in_use = active[code.section_id]
        near[code.pk] = (
            [in_use[label] for label, _ in near_codes(code.label, list(in_use))],
            [others[label] for label, _ in near_codes(code.label, list(others))],
        )
    return near
