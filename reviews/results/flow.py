"""How many papers passed each phase, and why the others left: the figures of a PRISMA flow
diagram.
"""

from collections import Counter
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q

from mapping.models import Finding, FindingMark, Paper, PaperSource, Phase, Section

UNKNOWN = "not recorded"


class Step(NamedTuple):
    """One phase: the papers that came to it, how many it settled as excluded and why, and who goes
    on; `undecided` of them only until the phase decides otherwise."""

    phase: Phase
    papers: int
    excluded: int
    reasons: dict  # {label of the code: papers}
    # {source: (papers that came, papers excluded)}; a paper found twice counts for both
    sources: dict
    remaining: int
    undecided: int


def prisma_flow(study):
    """`(identified by source, duplicates, [Step])`: five queries for each phase, whatever the
    number of papers.
    """
    found, duplicates = Counter(), 0
    by_paper = {}
    rows = PaperSource.objects.filter(paper__study=study).select_related("paper_import")
    for one in rows.order_by("pk"):
        source = one.source or one.file_name or UNKNOWN
        found[source] += 1
        duplicates += one.is_duplicate
        by_paper.setdefault(one.paper_id, set()).add(source)
    steps = []
    for phase in study.phases.order_by("position", "pk"):
        came = set(Paper.objects.available_in(phase).values_list("pk", flat=True))
        marks = FindingMark.objects.filter(
            Q(finding__section__phase=phase), code__excludes_paper=True, finding__paper__in=came
        ).order_by("finding__section__position", "code__position")
        reason = {}
        for paper, label in marks.values_list("finding__paper", "code__label"):
            reason.setdefault(paper, label)
        arrived = Counter(source for paper in came for source in by_paper.get(paper, {UNKNOWN}))
        left = Counter(source for paper in reason for source in by_paper.get(paper, {UNKNOWN}))
        steps.append(
            Step(
                phase,
                len(came),
                len(reason),
                dict(Counter(reason.values()).most_common()),
                {source: (number, left[source]) for source, number in arrived.most_common()},
                len(came) - len(reason),
                len(came - decided(phase)),
            )
        )
    return dict(found), duplicates, steps


def decided(phase):
    """The papers on which every section of the phase that can exclude has a finding; all, where
    none can.
    """
    papers = Paper.objects.filter(study=phase.study_id)
    judging = Section.objects.in_use().filter(phase=phase, codes__excludes_paper=True).distinct()
    for section in judging:
        papers = papers.filter(
            Exists(Finding.objects.filter(paper=OuterRef("pk"), section=section))
        )
    return set(papers.values_list("pk", flat=True))
