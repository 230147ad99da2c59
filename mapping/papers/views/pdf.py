"""A paper's PDF: shown inline, in byte ranges as pdf.js and browsers ask for it, uploaded and
removed.
"""

import re

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import (
    FileResponse,
    Http404,
    HttpResponse,
    HttpResponseNotModified,
    StreamingHttpResponse,
)
from django.shortcuts import redirect
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_safe

from mapping import access
from mapping.papers import changes as paper_changes
from mapping.papers.forms import PdfForm
from mapping.site.answers import answer, posted, uploaded
from mapping.site.numbers import LARGEST_KEY, whole_number

_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")
_BLOCK = 256 * 1024
# A PDF can hold script; in a sandbox of its own it acts for nobody on this site. Safari's viewer
# shows nothing at all without allow-scripts, others' nothing under object-src 'none'.
_POLICY = "sandbox allow-scripts; object-src 'self'; frame-ancestors 'self'"


@require_safe
def pdf(request, slug, key):
    membership = access.study_to_read(request.user, slug)
    paper = access.paper_in(membership.study, key)
    if not paper.pdf:
        raise Http404("This paper has no PDF yet.")
    # A replaced PDF gets a new name, so the name tells one content from another.
    tag = f'"{paper.pdf.name.rpartition("/")[2]}"'
    if request.headers.get("If-None-Match") == tag:
        return with_headers(HttpResponseNotModified(), paper, tag)
    try:
        file, size = paper.pdf.storage.open(paper.pdf.name), paper.pdf.size
    except FileNotFoundError:
        raise Http404("The PDF of this paper is missing on the server.") from None
    asked = request.headers.get("Range", "") if request.headers.get("If-Range", tag) == tag else ""
    part = byte_range(asked, size)
    if part is None:
        reply = FileResponse(file, content_type="application/pdf")
        reply["Content-Length"] = size
        return with_headers(reply, paper, tag)
    start, end = part
    if start >= size:
        file.close()
        reply = HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
        return with_headers(reply, paper, tag)
    reply = StreamingHttpResponse(
        blocks(file, start, end), status=206, content_type="application/pdf"
    )
    reply["Content-Range"], reply["Content-Length"] = f"bytes {start}-{end}/{size}", end - start + 1
    return with_headers(reply, paper, tag)


def byte_range(header, size):
    """(first, last) byte of a single range; None for no range, several, or an invalid one: then the
    whole file is sent.

    `first` beyond the end means that the range cannot be satisfied.
    """
    match = _RANGE.fullmatch(header.replace(" ", ""))
    if not match or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:  # the last so many bytes
        count = position(last)
        return (max(size - count, 0), size - 1) if count else (size, size)
    first, last = position(first), min(position(last), size - 1) if last else size - 1
    if first < size and last < first:
        return None
    return first, last


def position(digits):
    """The number, or one beyond the end of every file where it has too many digits."""
    found = whole_number(digits.lstrip("0") or "0")
    return LARGEST_KEY if found is None else found


def blocks(file, start, end):
    with file:
        file.seek(start)
        left = end - start + 1
        while left > 0:
            block = file.read(min(_BLOCK, left))
            if not block:
                return
            left -= len(block)
            yield block


def with_headers(reply, paper, tag):
    reply["ETag"], reply["Accept-Ranges"] = tag, "bytes"
    reply["Content-Security-Policy"] = _POLICY
    # as the policy says: a browser's viewer may frame the file itself
    reply["X-Frame-Options"] = "SAMEORIGIN"
    reply["X-Content-Type-Options"] = "nosniff"
    # `key` may be in any script: Django writes what old programs cannot read as filename*.
    reply["Content-Disposition"] = content_disposition_header(False, f"{paper.key}.pdf")
    return reply


@require_http_methods(["GET", "POST"])
def upload_pdf(request, slug, key):
    """Whoever codes may upload a PDF that is missing; a lead may also replace one."""
    membership = access.study_to_code(request.user, slug)
    paper = access.paper_in(membership.study, key)
    if paper.pdf and not membership.is_lead:
        raise PermissionDenied(
            "This paper has its PDF. Only a lead may replace it: quotes name its pages."
        )
    form = PdfForm(posted(request), uploaded(request))
    if form.is_valid():
        try:
            paper_changes.attach_pdf(paper, upload=form.cleaned_data["pdf"], by=request.user)
        except ValidationError as error:
            form.add_error("pdf", error)
        else:
            messages.success(request, "The PDF is here.")
            return redirect(paper)
    return answer(
        request,
        "papers/upload-pdf.html",
        {"membership": membership, "paper": paper, "form": form},
        refused=form.is_bound,
    )


@require_http_methods(["GET", "POST"])
def remove_pdf(request, slug, key):
    membership = access.study_to_lead(request.user, slug)
    paper = access.paper_in(membership.study, key)
    if request.method == "POST":
        paper_changes.remove_pdf(paper, by=request.user)
        messages.success(request, "The PDF was removed.")
        return redirect(paper)
    return answer(request, "papers/remove-pdf.html", {"membership": membership, "paper": paper})
