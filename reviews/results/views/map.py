"""The map: counts, figure, table, files, and the papers behind each cell. All settings stand in the
address.
"""

import logging
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from mapping import access, charts
from mapping.charts.picture import Picture, latex
from mapping.exchange.table_csv import csv_file
from mapping.models import Paper
from mapping.site.answers import answer, asked_for
from reviews.blindness.visible import visible_findings
from reviews.results import evidence
from reviews.results.forms import VENUE, YEAR, MapForm
from reviews.results.map import MapMaterial

log = logging.getLogger(__name__)
PER_PAGE = 25
FILES = [
    ("SVG", "map-svg"),
    ("PNG", "map-png"),
    ("PDF", "map-pdf"),
    ("CSV", "map-csv"),
    ("LaTeX", "map-tex"),
]
FIGURES = {
    "svg": ("image/svg+xml", charts.svg),
    "png": ("image/png", charts.png),
    "pdf": ("application/pdf", charts.pdf),
}


@require_safe
def map(request, slug):
    membership = access.study_to_read(request.user, slug)
    view = ChosenMap(membership, request.GET)
    context = {
        "membership": membership,
        "form": view.form,
        "chosen": view.query,
        "files": view.files,
    }
    if view.form.is_valid():
        picture = view.picture
        context |= {
            "picture": picture,
            "table": picture.drawn,
            "is_partial": view.material.is_partial,
            "is_provisional": view.material.is_provisional,
        }
        context["figure"], context["undrawn"] = inline(picture)
    return answer(request, "results/map.html", context)


def inline(picture):
    """`(figure, "")` for the page, or `("", why not)`: the page still has its table."""
    try:
        # Our own renderer wrote it: text in it is escaped, addresses are checked.
        return mark_safe(charts.svg(picture.spec, inline=True)), ""  # noqa: S308
    except charts.NotDrawn as error:
        return "", reason_undrawn(error)


def reason_undrawn(error):
    """Why there is no figure, for whoever asked for it."""
    if isinstance(error, charts.NotDrawable):
        return f"The figure cannot be drawn: {error}"
    log.error("The map was not drawn.", exc_info=error)
    return "The figure could not be drawn just now: load the page again to see it."


@require_safe
def figure(request, slug, kind):
    membership = access.study_to_read(request.user, slug)
    view = ChosenMap(membership, request.GET, is_linked=False)
    if reason := view.refusal:
        return HttpResponse(reason, status=404, content_type="text/plain; charset=utf-8")
    content_type, draw = FIGURES[kind]
    try:
        image = draw(view.picture.spec)
    except charts.NotDrawn as error:
        text = f"{reason_undrawn(error)} Its numbers are there as CSV and LaTeX."
        status = 422 if isinstance(error, charts.NotDrawable) else 503
        return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
    disposition = {"Content-Disposition": f'attachment; filename="{slug}-map.{kind}"'}
    return HttpResponse(image, content_type=content_type, headers=disposition)


@require_safe
def table(request, slug, kind):
    membership = access.study_to_read(request.user, slug)
    view = ChosenMap(membership, request.GET, is_linked=False)
    if reason := view.refusal:
        return HttpResponse(reason, status=404, content_type="text/plain; charset=utf-8")
    if kind == "csv":
        return csv_file(f"{slug}-map", view.picture.header, view.picture.plain_rows())
    disposition = {"Content-Disposition": f'attachment; filename="{slug}-map.tex"'}
    return HttpResponse(
        latex(view.picture), content_type="application/x-tex; charset=utf-8", headers=disposition
    )


@require_safe
def map_papers(request, slug):
    """The papers of one cell, with the quotes that put them there."""
    membership = access.study_to_read(request.user, slug)
    view = ChosenMap(membership, request.GET)
    if view.form.notes:
        raise Http404(view.refusal)
    context = {"membership": membership, "chosen": view.query, "form": view.form}
    if view.form.is_valid():
        cell = Cell(view, request.GET)
        page = Paginator(cell.papers, PER_PAGE).get_page(request.GET.get("page"))
        page.object_list = list(page.object_list)
        context |= {
            "page": page,
            "quoted": cell.quoted(page.object_list),
            "cell": cell,
            "is_provisional": view.material.is_provisional,
        }
    return answer(request, "results/map-papers.html", context)


class ChosenMap:
    """What was asked for, and the picture of it."""

    def __init__(self, membership, asked, *, is_linked=True):
        self.membership, self.study, self.is_linked = membership, membership.study, is_linked
        self.form = MapForm(asked, membership=membership)

    @property
    def refusal(self):
        """Why there is nothing to take away: a page says what it shows instead, a file has no place
        for it.
        """
        if not self.form.is_valid():
            return "This study has no section that can be counted yet."
        return " ".join(self.form.refusals)

    @cached_property
    def query(self):
        return urlencode(self.form.settings)

    @cached_property
    def material(self):
        return MapMaterial(self.membership, self.form)

    @cached_property
    def files(self):
        return [
            (label, f"{reverse(name, args=[self.study.slug])}?{self.query}")
            for label, name in FILES
        ]

    @cached_property
    def picture(self):
        settings, material = self.form.cleaned_data, self.material
        kind = settings["kind"]
        rows = material.axis(VENUE if kind == "venues" else settings["y"])
        if kind == "venues":
            rows = rows.by_frequency(material.papers, settings["count"])
        columns = material.axis(YEAR if kind == "trend" else settings["x"])
        return Picture(
            kind,
            rows,
            columns,
            material.papers,
            by=settings["count"],
            link=self.link(),
            remark=self.remark,
            left=material.axis(settings["third"]) if settings["third"] else None,
            years=material.axis(YEAR) if settings["years"] else None,
            has_shares=settings["shares"],
        )

    @property
    def remark(self):
        if not self.material.is_provisional:
            return ""
        return "Provisional: counted where any reviewer gave it, not settled."

    def link(self):
        if not self.is_linked:
            return lambda **where: None
        start = f"{reverse('map-papers', args=[self.study.slug])}?{self.query}"
        return lambda **where: (
            f"{start}&{urlencode({name: value for name, value in where.items() if value})}"
        )


class Cell:
    """One cell of the map: what it is called, its papers, and the evidence of each."""

    def __init__(self, view, asked):
        self.view, self.picture, self.material = view, view.picture, view.material
        half = (
            self.picture.left
            if asked.get("half") == "third" and self.picture.left
            else self.picture.columns
        )
        if self.picture.kind == "cooccurrence":
            half = self.picture.rows
        asked_for(asked, "half", self.halves)
        self.wanted = []
        if self.picture.is_by_year and asked.get("half") in self.picture.years.labels:
            self.wanted.append((self.picture.years, asked["half"]))
        for axis, name in ((self.picture.rows, "row"), (half, "column")):
            label = asked.get(name, "").replace("\0", "")
            if label and not (name == "column" and self.picture.kind in {"bars", "venues"}):
                self.wanted.append((axis, label))

    @property
    def halves(self):
        """What a table's columns may be called in the address beside their own name."""
        years = self.picture.years.labels if self.picture.is_by_year else []
        return {*years, *(["third"] if self.picture.left else [])}

    @property
    def title(self):
        return " × ".join(label for _, label in self.wanted) or "All papers"

    @cached_property
    def papers(self):
        pks = self.material.papers
        for axis, label in self.wanted:
            pks = {paper for paper in pks if label in axis.held.get(paper, {})}
        fields = ("pk", "key", "title", "authors", "year", "venue", "study")
        return Paper.objects.filter(pk__in=pks).only(*fields).order_by("title", "pk")

    def quoted(self, papers):
        """`[(paper, evidence)]`: what was quoted of each for the labels of this cell."""
        sections = self.material.sections
        labels = {
            (sections[axis.key].key, label) for axis, label in self.wanted if axis.key in sections
        }
        chosen = [sections[axis.key] for axis, _ in self.wanted if axis.key in sections]
        by_paper = {paper.pk: [] for paper in papers}
        for row in self.rows(chosen, list(by_paper)):
            if (row.section, row.label) in labels:
                by_paper[row.paper].append(row)
        return [(paper, by_paper[paper.pk]) for paper in papers]

    def rows(self, sections, papers):
        material, view = self.material, self.view
        if material.is_provisional:
            summaries = [row for row in material.summaries if row[1] in set(papers)]
            return evidence.of_summaries(view.membership, summaries, sections, material.code_labels)
        findings = visible_findings(view.membership).filter(section__in=sections, paper__in=papers)
        return evidence.of_findings(findings, material.code_labels)
