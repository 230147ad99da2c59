"""The codebook as somebody may read it: codes in their order, with what they see of how each is
used.

A constant number of queries, whatever the number of codes. Quotes come for one code at a time, when
it is asked for.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from operator import itemgetter

from django.db.models import Count, Q

from mapping.models import Code, Membership, Section
from mapping.parsers.labels import search_rank
from reviews.agreement import measures
from reviews.agreement.ratings import Sheet
from reviews.agreement.statistics import Figure
from reviews.blindness import rules
from reviews.blindness.codes import known_codes
from reviews.blindness.visible import visible_summaries
from reviews.codebook import impact
from reviews.models import Mark

EXAMPLES = 10
GONE = (Code.Status.RETIRED, Code.Status.MERGED, Code.Status.DECLINED)


@dataclass
class Entry:
    """One code with its use: `marks`, `papers` and `quotes` as this reader may count them."""

    code: Code
    marks: int = 0
    papers: int = 0
    quotes: int = 0
    alpha: Figure | None = None
    children: list["Entry"] = field(default_factory=list)
    is_first: bool = False
    is_last: bool = False

    @property
    def is_active(self):
        return self.code.status == Code.Status.ACTIVE


@dataclass
class Chapter:
    """The codes of one section: `entries` without those under a parent, which stand in their
    parent's `children`.
    """

    section: Section
    entries: list[Entry]
    alpha: Figure | None
    count: int


def chapters(
    membership: Membership, *, query: str = "", section_key: str = "", with_gone: bool = False
) -> list[Chapter]:
    """The codebook, section by section."""
    sections = (
        Section.objects.with_codes()
        .filter(study=membership.study_id)
        .select_related("phase", "research_question", "study")
    )
    if section_key:
        sections = sections.filter(key=section_key)
    statuses = [Code.Status.ACTIVE, *(GONE if with_gone else ())]
    codes = (
        known_codes(membership)
        .filter(section__in=sections, status__in=statuses)
        .select_related("merged_into")
    )
    by_section = defaultdict(list)
    for code in search(codes.order_by("position", "pk"), query):
        by_section[code.section_id].append(Entry(code))
    add_use(by_section, membership)
    alphas = agreement(sections, membership)
    chapters = []
    for section in sections:
        entries = by_section.get(section.pk, [])
        alpha, by_code = alphas.get(section.pk, (None, {}))
        for entry in entries:
            entry.alpha = by_code.get(entry.code.pk)
        if entries or not (query or section.is_retired):
            chapters.append(Chapter(section, grouped(entries), alpha, len(entries)))
    return chapters


def search(codes, query):
    """The codes that a search finds, those with the words in their label first."""
    if not query.strip():
        return list(codes)
    ranked = [(search_rank(query, code.label, code.definition), code) for code in codes]
    hits = [(rank, code) for rank, code in ranked if rank is not None]
    return [code for _, code in sorted(hits, key=itemgetter(0))]


def add_use(by_section, membership):
    """Counts, from what this reader may see, never from anything else."""
    entries = {entry.code.pk: entry for entries in by_section.values() for entry in entries}
    marks = impact.visible_marks(membership).filter(code__in=list(entries)).order_by()
    counts = marks.values_list("code").annotate(
        number=Count("pk"),
        papers=Count("answer__summary__assignment__paper", distinct=True),
        quotes=Count("pk", filter=~Q(quote="")),
    )
    for code, count, papers, quotes in counts:
        entry = entries[code]
        entry.marks, entry.papers, entry.quotes = count, papers, quotes


def quotes(code: Code, membership: Membership) -> tuple[list[Mark], int]:
    """The newest quotes for a code that this reader may see, and how many there are. Their papers
    come in the same query.
    """
    marks = impact.visible_marks(membership).filter(code=code).exclude(quote="")
    newest = marks.order_by("-answer__summary__submitted_at", "pk").select_related(
        "answer__summary__assignment__paper"
    )
    return list(newest[:EXAMPLES]), marks.count()


def agreement(sections, membership):
    """`{section id: (Figure of the section, {code id: Figure})}`, the same as on the agreement page
    for all rounds together; nothing for who still has papers to code, nor in a study that works
    without statistics.
    """
    study = membership.study
    if study.statistics_off_reason or rules.is_blind_on_own(membership):
        return {}
    sheet = Sheet(study, visible_summaries(membership).submitted(), list(sections))
    rated = {section.pk: sheet.rated(section) for section in sections}
    return {
        pk: (impact.headline(section, replicates=0), alphas_by_code(section, sheet.names))
        for pk, section in rated.items()
        if section.raters
    }


def alphas_by_code(rated, names):
    if not rated.section.is_multiple:
        return {}
    by_name = measures.alphas_of_codes(rated)
    return {code: by_name[name] for code, name in names.items() if name in by_name}


def grouped(entries):
    """Children under their parents; a child whose parent is not shown stands by itself."""
    by_pk = {entry.code.pk: entry for entry in entries}
    top = []
    for entry in entries:
        parent = by_pk.get(entry.code.parent_id)
        (parent.children if parent else top).append(entry)
    for siblings in [top, *(entry.children for entry in entries)]:
        active = [entry for entry in siblings if entry.is_active]
        if active:
            active[0].is_first = active[-1].is_last = True
    return top
