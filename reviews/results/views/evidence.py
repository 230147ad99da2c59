"""Every code of a section with its papers, and the words in them that carry it."""

from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.utils.functional import cached_property
from django.views.decorators.http import require_safe

from mapping import access
from mapping.exchange.table_csv import csv_file, csv_url, require_known
from mapping.judgement.values import Evidence
from mapping.models import Code, Paper
from mapping.site.answers import answer, asked_for, filter_of
from reviews.blindness.visible import visible_findings, visible_summaries
from reviews.results import evidence as evidence_rows
from reviews.results.forms import axis_name
from reviews.settling.answers import newest_of_each

PER_PAGE = 100
COLUMNS = ["section", "code", "paper", "title", "year", *Evidence.FIELDS, "said_by"]
SOURCES = {"settled": "settled findings", "provisional": "what reviewers said"}


@require_safe
def evidence(request, slug):
    membership = access.study_to_read(request.user, slug)
    choice = Choice(membership, request.GET)
    if request.GET.get("format") == "csv":
        require_known(request.GET, code=choice.code)
        return csv_file(f"{slug}-evidence", COLUMNS, choice.for_file())
    rows = choice.rows()
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "membership": membership,
        "page": page,
        "groups": choice.grouped(page.object_list),
        "filters": choice.filters(),
        "query": choice.query,
        "section": choice.section,
        "is_provisional": choice.is_provisional,
        "map_query": urlencode({"y": axis_name(choice.section), "source": choice.source})
        if choice.section
        else "",
        "shown": len(rows),
        "shown_too": f"{sum(bool(row.evidence.quote) for row in rows)} with a quote",
        "total": len(choice.all_rows),
        "csv_url": csv_url(request),
    }
    return answer(request, "results/evidence.html", context)


class Choice:
    """Which section, code and source somebody asked for. A code of another section is left aside:
    whoever chooses a section still has the code of the former one chosen.
    """

    def __init__(self, membership, asked):
        self.membership = membership
        self.query = asked.get("q", "").replace("\0", "").strip()
        self.sections = list(
            membership.study.sections.in_use()
            .with_codes()
            .order_by("-phase__position", "position", "pk")
        )
        keys = {section.key: section for section in self.sections}
        first = self.sections[0] if self.sections else None
        self.section = keys[asked_for(asked, "section", keys)] if asked.get("section") else first
        self.source = asked_for(asked, "source", SOURCES) or "settled"
        self.is_provisional = self.source == "provisional"
        anywhere = Code.objects.open_to(membership.user).filter(section__in=self.sections)
        code = asked_for(asked, "code", set(anywhere.values_list("label", flat=True)))
        self.code = code if code in set(self.labels) else ""

    @cached_property
    def codes(self):
        """`{code: what it is called}` of the section: a merged one as what it went into."""
        codes = (
            Code.objects.filter(section=self.section)
            .order_by("position", "pk")
            .select_related("merged_into")
        )
        return {
            code.pk: code.merged_into.label if code.merged_into else code.label for code in codes
        }

    @cached_property
    def labels(self):
        """The codes to choose from: what is open to this person, proposals of others only where
        they may see them.
        """
        chosen = (
            Code.objects.open_to(self.membership.user)
            .filter(section=self.section)
            .order_by("position", "pk")
        )
        return list(chosen.values_list("label", flat=True))

    @cached_property
    def all_rows(self):
        """In codebook order, then by title."""
        if self.section is None:
            return []
        if self.is_provisional:
            chosen = newest_of_each(visible_summaries(self.membership))
            rows = evidence_rows.of_summaries(self.membership, chosen, [self.section], self.codes)
        else:
            findings = visible_findings(self.membership).filter(section=self.section)
            rows = evidence_rows.of_findings(findings, self.codes)
        in_order = reversed(list(enumerate(self.codes.values())))
        position = {label: index for index, label in in_order}
        return sorted(rows, key=lambda row: position.get(row.label, len(position)))

    def rows(self):
        rows = self.all_rows
        if self.code:
            rows = [row for row in rows if row.label == self.code]
        if self.query:
            query = self.query.casefold()
            rows = [
                row
                for row in rows
                if query in " ".join([row.label, *row.evidence.prose()]).casefold()
            ]
        return rows

    def papers_of(self, rows):
        fields = ("pk", "key", "title", "authors", "year")
        return Paper.objects.only(*fields).in_bulk({row.paper for row in rows})

    def grouped(self, rows):
        """`[(label, [(paper, [CodeUse])])]`, as the rows come."""
        papers = self.papers_of(rows)
        groups = {}
        for row in rows:
            groups.setdefault(row.label, {}).setdefault(row.paper, []).append(row)
        return [
            (label, [(papers[pk], uses) for pk, uses in group.items()])
            for label, group in groups.items()
        ]

    def for_file(self):
        rows = self.rows()
        papers = self.papers_of(rows)
        for row in rows:
            paper = papers[row.paper]
            facts = (row.section, row.label, paper.key, paper.title, paper.year)
            yield [*facts, *row.evidence.as_list(), row.who or "finding"]

    def filters(self):
        sections = [(section.key, section.label) for section in self.sections]
        return [
            filter_of("section", "Section", sections, self.section.key if self.section else ""),
            filter_of("code", "Code", [(label, label) for label in self.labels], self.code),
            filter_of("source", "Source", SOURCES.items(), self.source),
        ]
