"""The codebook: to read, to search, to print, to take away; and what the papers say on one code."""

from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from mapping import access
from mapping.codebook import files as codebook_files
from mapping.models import Code, Section
from mapping.site.answers import answer, filter_of
from reviews import access as reading
from reviews.blindness import rules
from reviews.blindness.codes import known_codes
from reviews.codebook import page as codebook_page


@require_safe
def codebook(request, slug):
    membership = access.study_to_read(request.user, slug)
    query = request.GET.get("q", "").replace("\0", "").strip()
    sections = list(
        Section.objects.with_codes()
        .filter(study=membership.study)
        .order_by("phase__position", "position", "pk")
    )
    chosen = request.GET.get("section", "")
    chosen = chosen if chosen in {section.key for section in sections} else ""
    with_gone = request.GET.get("gone") == "yes"
    chapters = codebook_page.chapters(
        membership, query=query, section_key=chosen, with_gone=with_gone
    )
    counts = known_codes(membership).aggregate(
        active=Count("pk", filter=Q(status=Code.Status.ACTIVE)),
        gone=Count("pk", filter=Q(status__in=codebook_page.GONE)),
        proposed=Count("pk", filter=Q(status=Code.Status.PROPOSED)),
    )
    context = {
        "membership": membership,
        "chapters": chapters,
        "query": query,
        "counts": counts,
        "shown": sum(chapter.count for chapter in chapters),
        "total": counts["active"] + (counts["gone"] if with_gone else 0),
        "filters": filters(sections, chosen, with_gone),
        "may_edit": membership.is_lead,
        "narrowed": f"?{request.GET.urlencode()}",
        "is_blind": rules.is_blind_on_own(membership),
    }
    return answer(request, "codebook/codebook.html", context)


def filters(sections, chosen, with_gone):
    return [
        filter_of(
            "section", "Section", [(section.key, section.label) for section in sections], chosen
        ),
        filter_of(
            "gone", "In use", [("yes", "also retired and merged")], "yes" if with_gone else ""
        ),
    ]


@require_safe
def code_quotes(request, slug, code):
    membership = access.study_to_read(request.user, slug)
    code = reading.code_to_read(membership, code)
    quotes, total = codebook_page.quotes(code, membership)
    context = {"membership": membership, "code": code, "quotes": quotes, "total": total}
    return answer(request, "codebook/code-quotes.html", context)


@require_safe
def codebook_file(request, slug, suffix):
    membership = access.study_to_read(request.user, slug)
    study = membership.study
    if suffix not in codebook_files.WRITERS:
        raise Http404("The codebook leaves as csv, md or tex.")
    content_type, write = codebook_files.WRITERS[suffix]
    name = f"{study.slug}-codebook-{study.codebook_version}.{suffix}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(
        write(study, known_codes(membership)),
        content_type=f"{content_type}; charset=utf-8",
        headers=headers,
    )
