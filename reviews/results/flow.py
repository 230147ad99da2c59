"""How many papers passed each phase, and why the others left: the figures of a PRISMA flow
diagram.
"""

from collections import Counter
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q

from mapping.models import Finding, FindingMark, Paper, PaperSource, Phase, Section, Study

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


def prisma_flow(study: Study) -> tuple[dict[str, int], int, list[Step]]:
    """`(records by source, duplicates, [Step])`: five queries for each phase, whatever the
    number of papers.
    """
    records, duplicates = Counter(), 0
    by_paper = {}
    rows = PaperSource.objects.filter(paper__study=study).select_related("paper_import")
    for row in rows.order_by("pk"):
        source = row.source or row.file_name or UNKNOWN
        records[source] += 1
        duplicates += row.is_duplicate
        by_paper.setdefault(row.paper_id, set()).add(source)
    phases = study.phases.order_by("position", "pk")
    return dict(records), duplicates, [step_of(phase, by_paper) for phase in phases]


def step_of(phase, sources_by_paper):
    papers = set(Paper.objects.available_in(phase).values_list("pk", flat=True))
    marks = FindingMark.objects.filter(
        Q(finding__section__phase=phase), code__excludes_paper=True, finding__paper__in=papers
    ).order_by("finding__section__position", "code__position")
    reasons = {}
    for paper, label in marks.values_list("finding__paper", "code__label"):
        reasons.setdefault(paper, label)
    arrived = Counter(
        source for paper in papers for source in sources_by_paper.get(paper, {UNKNOWN})
    )
    left = Counter(source for paper in reasons for source in sources_by_paper.get(paper, {UNKNOWN}))
    return Step(
        phase,
        len(papers),
        len(reasons),
        dict(Counter(reasons.values()).most_common()),
        {source: (count, left[source]) for source, count in arrived.most_common()},
        len(papers) - len(reasons),
        len(papers - decided_papers(phase)),
    )


def decided_papers(phase):
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
