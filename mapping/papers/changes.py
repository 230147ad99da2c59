"""Papers added, edited and removed by hand, and their PDFs."""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, QuerySet
from django.template.defaultfilters import filesizeformat

from mapping.models import Finding, LogEntry, Paper, PaperSource, User

# Acrobat accepts a PDF whose mark stands within the first kilobyte. What stands before it may be
# blank, and nothing else: a file that begins like an answer of a server, or like a page, is taken
# for one somewhere.
_PDF_HEADER = re.compile(rb"(?:\xef\xbb\xbf)?[\x00\t\n\f\r ]*%PDF-")
_PDF_HEADER_WITHIN = 1024


@transaction.atomic
def add_paper(paper: Paper, *, source: str = "", by: User) -> Paper:
    """Save a paper that somebody typed, valid and with its key."""
    save_or_refuse(paper)
    PaperSource.objects.create(paper=paper, source=source)
    LogEntry.objects.record(
        paper.study, by, "add-paper", f"Added the paper “{paper.title}” by hand.", paper=paper
    )
    return paper


@transaction.atomic
def edit_paper(paper: Paper, *, changed: Collection[str], by: User) -> Paper:
    """Save a paper whose fields `changed` were edited."""
    if changed:
        # The PDF is another act's: a form that was open meanwhile must not put the old one back.
        save_or_refuse(paper, update_fields=changed)
        text = f"Edited the paper “{paper.title}”: {', '.join(changed)}."
        LogEntry.objects.record(
            paper.study, by, "edit-paper", text, paper=paper, fields=list(changed)
        )
    return paper


def save_or_refuse(paper: Paper, **how: Any) -> None:
    """Save the paper; ValidationError where another one took its key or DOI meanwhile."""
    try:
        with transaction.atomic():
            paper.save(**how)
    except IntegrityError as error:  # somebody was quicker
        raise ValidationError(
            "Another paper of this study has this key or this DOI by now."
        ) from error


@transaction.atomic
def delete_paper(paper: Paper, *, by: User) -> None:
    """Delete a paper that nobody was given to read."""
    Paper.objects.select_for_update().get(pk=paper.pk)
    delete_or_refuse(Paper.objects.filter(pk=paper.pk))
    delete_files_after_commit([paper.pdf.name] if paper.pdf else [])
    LogEntry.objects.record(
        paper.study, by, "delete-paper", f"Removed the paper “{paper.title}” ({paper.key})."
    )


def delete_or_refuse(papers: QuerySet[Paper]) -> None:
    """Delete papers; ValidationError where other records protect them, saying which.

    Records that reveal answers (`tells_of_answers`), such as findings, are named only where nothing
    else protects the papers: whoever still has to read one must not learn by trying to remove it
    whether it is settled.
    """
    settled = Finding.objects.filter(paper__in=papers).values("paper").distinct().count()
    try:
        with transaction.atomic():
            papers.delete()
            if settled:
                raise ValidationError(
                    f"Nothing was removed: {settled} of these papers have findings."
                )
    except ProtectedError as error:
        silent = [
            one for one in error.protected_objects if not getattr(one, "tells_of_answers", False)
        ]
        holders = silent or error.protected_objects
        held = {holder.paper_id for holder in holders}
        kinds = Counter(str(holder._meta.verbose_name_plural) for holder in holders)
        what = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
        of_them = "1 of these papers is" if len(held) == 1 else f"{len(held)} of these papers are"
        raise ValidationError(
            f"Nothing was removed: {of_them} in reviewers' hands ({what})."
        ) from error


def delete_files_after_commit(names: Iterable[str]) -> None:
    """Delete files once the transaction is committed: a rollback brings back rows, not files."""

    def delete():
        for name in names:
            default_storage.delete(name)

    transaction.on_commit(delete)


def pdf_refusal(upload: UploadedFile) -> str:
    """Why this upload cannot be a paper's PDF; empty where it can. Its content decides, not its
    name or declared type.
    """
    if upload.size > settings.PDF_LIMIT:
        return (
            f"This file has {filesizeformat(upload.size)}; a PDF may have "
            f"{filesizeformat(settings.PDF_LIMIT)}."
        )
    upload.seek(0)
    head = upload.read(_PDF_HEADER_WITHIN)
    upload.seek(0)
    if _PDF_HEADER.match(head):
        return ""
    if b"%PDF-" in head:
        return (
            "This is not a PDF that every program reads as one: something stands before its %PDF- "
            "mark. Open it in a PDF reader, save it anew, and upload that."
        )
    return "This is not a PDF: its content does not begin like one."


@transaction.atomic
def attach_pdf(paper: Paper, *, upload: UploadedFile, by: User) -> Paper:
    """Save the upload as the paper's PDF, in place of the one before."""
    refusal = pdf_refusal(upload)
    if refusal:
        raise ValidationError(refusal)
    # Two uploads at once: the later one replaces the earlier, and no file stays behind without a
    # paper.
    paper = Paper.objects.select_for_update().select_related("study").get(pk=paper.pk)
    before = paper.pdf.name
    paper.pdf.save(upload.name, upload, save=False)
    try:
        paper.save(update_fields=["pdf"])
    except Exception:
        default_storage.delete(paper.pdf.name)
        raise
    delete_files_after_commit([before] if before else [])
    text = f"{'Replaced' if before else 'Added'} the PDF of “{paper.title}”."
    LogEntry.objects.record(paper.study, by, "attach-pdf", text, paper=paper)
    return paper


@transaction.atomic
def remove_pdf(paper: Paper, *, by: User) -> Paper:
    """Delete the paper's PDF, if it has one."""
    paper = Paper.objects.select_for_update().select_related("study").get(pk=paper.pk)
    if not paper.pdf:
        return paper
    delete_files_after_commit([paper.pdf.name])
    paper.pdf = ""
    paper.save(update_fields=["pdf"])
    LogEntry.objects.record(
        paper.study, by, "remove-pdf", f"Removed the PDF of “{paper.title}”.", paper=paper
    )
    return paper
