"""Files out: one by one, as spreadsheets, as references, as the bundle."""

import tempfile
from urllib.parse import urlencode

from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe

from mapping import access
from mapping.models import Code, FindingMark, Paper
from mapping.site.answers import answer, asked_for
from mapping.site.numbers import whole_number
from reviews.exchange import workbook
from reviews.exchange.bundle import writer
from reviews.exchange.scope import scope_for
from reviews.exchange.tables.row_counts import counts_of
from reviews.models import Mark, Summary

# Spreadsheets end after so many rows; more than that is for the CSV.
CONTENT_TYPES = {
    "csv": "text/csv",
    "bib": "application/x-bibtex",
    "ris": "application/x-research-info-systems",
    "json": "application/json",
}


# The files that can go by the codes' parents. The bundle cannot: it has to come back as the same
# study.
LEVELS = {"code", "parent"}
LEVELLED = {"codings.csv", "findings.csv", "findings_wide.csv", "findings_onehot.csv"}


def asked_scope(request, slug):
    membership = access.study_to_read(request.user, slug)
    level = asked_for(request.GET, "level", LEVELS) or "code"
    pseudonyms = asks_pseudonyms(request)
    return membership, scope_for(membership, with_pseudonyms=pseudonyms, level=level)


def asks_pseudonyms(request):
    """Whoever asks for them in other words shall not be given names."""
    return asked_for(request.GET, "pseudonyms", {"0", "1"}) == "1"


def called(name, scope):
    """A file at the level of parents says so in its name: it is another one than the bundle's."""
    stem, _, suffix = name.rpartition(".")
    is_levelled = scope.level == "parent" and f"{stem}.csv" in LEVELLED
    return f"{stem}-parents.{suffix}" if is_levelled else name


def tables_for(membership):
    """The log and the codebook's history are for leads."""
    if membership.is_lead:
        return writer.TABLES
    return {
        name: table
        for name, table in writer.TABLES.items()
        if name not in {"log.csv", "codebook_changes.csv"}
    }


@require_safe
def export(request, slug):
    membership, scope = asked_scope(request, slug)
    study = membership.study
    counts = counts_of(scope)
    files = [
        {
            "name": name,
            "about": table.about,
            "rows": counts.get(name),
            "sheet": name.replace(".csv", ".xlsx"),
        }
        for name, table in tables_for(membership).items()
    ]
    drafts = (
        Summary.objects.filter(assignment__round__study=study).drafts().count()
        if membership.is_lead
        else 0
    )
    context = {
        "membership": membership,
        "files": files,
        "references": list(writer.REFERENCES.items()),
        "papers": scope.of(Paper).count(),
        "is_whole": scope.is_whole,
        "hides_names": study.is_anonymous and not study.is_released,
        "with_pseudonyms": bool(scope.pseudonyms),
        "query": query_of(request),
        "level": scope.level,
        "has_parents": scope.of(Code).filter(parent__isnull=False).exists(),
        "drafts": drafts,
        "codes": codes_in_use(scope),
    }
    return answer(request, "exchange/export.html", context)


def query_of(request):
    """What the links of the page carry on."""
    asked = {"pseudonyms": "1", "level": "parent"}
    chosen = {name: value for name, value in asked.items() if request.GET.get(name) == value}
    return f"?{urlencode(chosen)}" if chosen else ""


def codes_in_use(scope):
    """The codes that this person may see used somewhere: to take out the papers behind one
    of them.
    """
    settled = FindingMark.objects.filter(
        finding__in=scope.of(FindingMark.finding.field.related_model)
    ).values("code")
    given = Mark.objects.filter(answer__summary__in=scope.of(Summary)).values("code")
    used = scope.of(Code).filter(pk__in=settled.union(given))
    return used.select_related("section").order_by("section__position", "section", "position")


@require_safe
def export_file(request, slug, name):
    membership, scope = asked_scope(request, slug)
    if name in writer.REFERENCES:
        return as_download(writer.references(name, scope, papers_with_code(request, scope)), name)
    asked_for(request.GET, "code", ())  # papers alone can be those with a code
    tables = tables_for(membership)
    if name == "protocol.json":
        return as_download(writer.pages(name, scope), name)
    if name in tables:
        return as_download(writer.lines(tables[name], scope), called(name, scope))
    table = tables.get(name.replace(".xlsx", ".csv"))
    if table is None:
        raise Http404("There is no such file.")
    return as_sheet([table], scope, called(name, scope))


def papers_with_code(request, scope):
    """All papers, or those that have a code: settled on, or given by a reader whom this person may
    see.
    """
    code = request.GET.get("code", "")
    papers = scope.of(Paper)
    if not code:
        return papers
    if not scope.of(Code).filter(pk=whole_number(code)).exists():
        raise Http404("There is no such code.")
    settled = FindingMark.objects.filter(
        finding__in=scope.of(FindingMark.finding.field.related_model), code=code
    )
    given = Mark.objects.filter(answer__summary__in=scope.of(Summary), code=code)
    chosen = set(settled.values_list("finding__paper", flat=True))
    chosen |= set(given.values_list("answer__summary__assignment__paper", flat=True))
    return papers.filter(pk__in=chosen)


@require_safe
def export_workbook(request, slug):
    """All tables, one sheet each, and a sheet that says what the columns mean."""
    membership, scope = asked_scope(request, slug)
    name = f"{slug}-parents.xlsx" if scope.level == "parent" else f"{slug}.xlsx"
    return as_sheet(list(tables_for(membership).values()), scope, name)


@require_safe
def export_bundle(request, slug):
    membership = access.study_to_lead(request.user, slug)
    scope = scope_for(membership, with_pseudonyms=asks_pseudonyms(request))
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    writer.write(scope, file)
    file.seek(0)
    return FileResponse(
        file,
        as_attachment=True,
        filename=f"{membership.study.slug}.zip",
        content_type="application/zip",
    )


def as_download(pieces, name):
    kind = CONTENT_TYPES[name.rpartition(".")[2]]
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(pieces, content_type=f"{kind}; charset=utf-8", headers=headers)


def as_sheet(tables, scope, name):
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    try:
        workbook.write(tables, scope, file)
    except workbook.TooLong as error:
        file.close()
        return HttpResponse(str(error), status=422, content_type="text/plain; charset=utf-8")
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=name)
