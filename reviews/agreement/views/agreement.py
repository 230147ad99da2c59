from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe

from mapping import access
from mapping.exchange.table import Scope, lines
from mapping.models import Paper
from mapping.site.answers import answer, asked_for
from reviews.agreement import measures
from reviews.agreement import tables as agreement_tables
from reviews.agreement.methods_text import methods
from reviews.agreement.page import VisibleAgreement
from reviews.agreement.papers_behind import PARAMETERS, answer_counts, papers_behind
from reviews.agreement.ratings import CODE, PARENT
from reviews.agreement.section_page import Detail
from reviews.blindness.visible import visible_summaries
from reviews.models import Summary

PAGE = 50


@require_safe
def agreement(request, slug):
    membership = access.study_to_read(request.user, slug)
    if membership.study.statistics_off_reason:
        return answer(request, "agreement/agreement.html", {"membership": membership})
    visible = visible_agreement(request, membership)
    rows = visible.rows()
    context = {
        "membership": membership,
        "agreement": visible,
        "rows": rows,
        "has_figures": any(row["report"]["papers"] for row in rows),
        "discuss": visible.to_discuss() if rows else [],
        "methods": methods_of(visible, [row["report"] for row in rows]) if rows else "",
        "replicates": measures.REPLICATES,
    }
    return answer(request, "agreement/agreement.html", context)


def visible_agreement(request, membership, sections=None):
    """What this person may see of the round and level that the address asks for."""
    level = asked_level(request)
    visible = VisibleAgreement(membership, request.GET.get("round", ""), sections, level)
    asked_for(request.GET, "round", {scope.name for scope in visible.scopes})
    return visible


def asked_level(request):
    return asked_for(request.GET, "level", {CODE, PARENT}) or CODE


def methods_of(visible, reports):
    level = ", at the level of parent codes" if visible.level == PARENT else ""
    origins = [reading.origin for reading in visible.readings]
    return methods(
        reports,
        round_name=f"the round “{visible.scope.label}”{level}",
        not_independent=visible.why_not_independent,
        known_since=visible.known_since,
        summaries=len(origins),
        imported=len(origins) - origins.count(Summary.Origin.BROWSER),
    )


@require_safe
def agreement_section(request, slug, section):
    membership = access.study_to_read(request.user, slug)
    study = membership.study
    section = access.section_in(study, section)
    if study.statistics_off_reason or not section.kind_of.is_coded:
        return answer(
            request,
            "agreement/agreement-section.html",
            {"membership": membership, "section": section},
        )
    visible = visible_agreement(request, membership, [section])
    context = {
        "membership": membership,
        "section": section,
        "agreement": visible,
        "replicates": measures.REPLICATES,
    }
    if visible.scope is not None:
        report = visible.report(section)
        detail = Detail(visible, section)
        context |= {
            "detail": detail,
            "row": visible.row(section, report),
            "coefficients": detail.coefficients(report),
        }
    return answer(request, "agreement/agreement-section.html", context)


@require_safe
def agreement_papers(request, slug, section):
    """The papers behind one figure."""
    membership = access.study_to_read(request.user, slug)
    study = membership.study
    section = access.section_in(study, section)
    context = {"membership": membership, "section": section}
    if study.statistics_off_reason or not section.kind_of.is_coded:
        return answer(request, "agreement/agreement-papers.html", context)
    visible = visible_agreement(request, membership, [section])
    if visible.scope is not None:
        context |= papers_context(request, visible, section)
    return answer(request, "agreement/agreement-papers.html", context | {"agreement": visible})


def papers_context(request, visible, section):
    detail = Detail(visible, section)
    parameters = {name: text_in(request, name) for name in PARAMETERS}
    reviewers = {} if visible.study.is_anonymous else detail.rows
    behind = papers_behind(detail.rated, parameters, reviewers)
    index_of = {detail.rated.papers[index]: index for index in behind.papers}
    query = text_in(request, "q")
    papers = Paper.objects.filter(pk__in=index_of).order_by("key")
    page = Paginator(papers.matching(query) if query else papers, PAGE).get_page(
        request.GET.get("page")
    )
    listed = [
        (paper, answer_counts(detail.rated, index_of[paper.pk])) for paper in page.object_list
    ]
    kept = {
        name: value
        for name, value in request.GET.items()
        if name in {*PARAMETERS, "round", "level"}
    }
    return {
        "page": page,
        "papers": listed,
        "description": behind.text,
        "total": len(index_of),
        "query": query,
        "kept": kept,
    }


def text_in(request, name):
    return request.GET.get(name, "").replace("\x00", "").strip()


@require_safe
def agreement_csv(request, slug):
    is_parent = asked_level(request) == PARENT
    return table_file(
        request,
        slug,
        agreement_tables.AGREEMENT_PARENT if is_parent else agreement_tables.AGREEMENT,
    )


@require_safe
def agreement_codes_csv(request, slug):
    is_parent = asked_level(request) == PARENT
    return table_file(
        request,
        slug,
        agreement_tables.AGREEMENT_CODES_PARENT if is_parent else agreement_tables.AGREEMENT_CODES,
    )


def table_file(request, slug, table):
    membership = access.study_to_read(request.user, slug)
    asked_for(request.GET, "round", ())  # the file has all rounds, in a column of its own
    scope = Scope(study=membership.study, rows={Summary: visible_summaries(membership)})
    return StreamingHttpResponse(
        lines(table, scope), content_type="text/csv; charset=utf-8", headers=as_file(table.name)
    )


@require_safe
def agreement_tex(request, slug):
    return text_file(request, slug, agreement_tables.latex, "agreement.tex", "application/x-tex")


@require_safe
def agreement_md(request, slug):
    return text_file(request, slug, agreement_tables.markdown, "agreement.md", "text/markdown")


def text_file(request, slug, write, name, content_type):
    membership = access.study_to_read(request.user, slug)
    study = membership.study
    is_off = bool(study.statistics_off_reason)
    content = write(study, [] if is_off else visible_agreement(request, membership).reports())
    return HttpResponse(
        content, content_type=f"{content_type}; charset=utf-8", headers=as_file(name)
    )


def as_file(name):
    return {"Content-Disposition": f'attachment; filename="{name}"'}
