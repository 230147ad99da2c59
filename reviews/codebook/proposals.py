"""The proposed codes as one lead may see them: none that may come from a paper closed to them."""

from collections import defaultdict
from dataclasses import dataclass, field

from mapping.models import Code
from mapping.parsers.labels import near_codes
from reviews.blindness import rules
from reviews.blindness.codes import known_codes
from reviews.codebook import impact
from reviews.models import Assignment


@dataclass
class Proposal:
    code: Code
    proposer: object = None  # None where it would tell a blind lead something
    marks: list = field(default_factory=list)  # with `paper`, those this lead may see
    near: list = field(default_factory=list)  # codes in use that say nearly the same
    alike: list = field(default_factory=list)  # other proposals that do


def waiting(study, user):
    """All open proposals, oldest first, in a constant number of queries."""
    codes = list(
        known_codes(user, study).proposed().select_related("section", "proposed_by").order_by("pk")
    )
    marks = defaultdict(list)
    visible = impact.visible_marks(user, study).filter(code__in=codes)
    for mark in visible.select_related("answer__summary__assignment__paper").order_by("pk"):
        mark.paper = mark.answer.summary.assignment.paper
        marks[mark.code_id].append(mark)
    withheld = withheld_from(user, study, codes)
    near = near_of(codes)
    return [
        Proposal(
            code,
            proposer=None if study.is_anonymous or code.pk in withheld else code.proposed_by,
            marks=marks[code.pk],
            near=near[code.pk][0],
            alike=near[code.pk][1],
        )
        for code in codes
    ]


def withheld_from(user, study, codes):
    """The codes of whoever reads a paper that is closed to this person: their name would tell who
    found them there, and shown for the others alone it would tell as much.
    """
    closed = rules.closed_papers(user, study)
    there = Assignment.objects.in_force().filter(paper__in=closed).exclude(reviewer=user)
    readers = set(there.values_list("reviewer", flat=True))
    return {code.pk for code in codes if code.proposed_by_id in readers}


def near_of(codes):
    """`{code id: ([codes in use], [other proposals])}`."""
    active = defaultdict(dict)
    sections = {code.section_id for code in codes}
    for code in Code.objects.filter(section__in=sections, status=Code.Status.ACTIVE):
        active[code.section_id][code.label] = code
    found = {}
    for code in codes:
        others = {
            one.label: one
            for one in codes
            if one.section_id == code.section_id and one.pk != code.pk
        }
        in_use = active[code.section_id]
        found[code.pk] = (
            [in_use[label] for label, _ in near_codes(code.label, list(in_use))],
            [others[label] for label, _ in near_codes(code.label, list(others))],
        )
    return found
