"""Import of reference files: preview, confirm, undo."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.template.defaultfilters import filesizeformat, pluralize
from django.utils import timezone

from mapping.models import LogEntry, Paper, PaperImport, PaperSource, Study, User
from mapping.papers.changes import delete_files_after_commit, delete_or_refuse
from mapping.papers.duplicates import (
    DUPLICATE,
    NEW,
    Entry,
    counts,
    is_choice,
    judge,
    questions_of,
    record_of,
)
from mapping.papers.keys import RESERVED_KEYS, key_refusal, tidied_key
from mapping.parsers import UnreadableFile, read_papers
from mapping.parsers.keys import proposed_key, unique_keys
from mapping.parsers.lengths import excess_of_record
from mapping.parsers.paper_fields import FIELDS
from mapping.site import analyze

_SHOWN = (
    "key",
    "title",
    "authors",
    "year",
    "doi",
    "line",
    "outcome",
    "why",
    "is_sure",
    "differs",
    "like",
    "which",
)


@transaction.atomic
def preview(
    study: Study, *, file_name: str, content: bytes, source: str = "", by: User
) -> PaperImport:
    """Read a file of references and save what importing it would do. No paper is written.

    Every record carries its `outcome`, and one that is similar to another says `why` (see
    `duplicates.judge`).
    """
    if len(content) > settings.IMPORT_LIMIT:
        raise ValidationError(too_large(file_name, len(content)))
    try:
        records, problems = read_papers(file_name, content)
    except UnreadableFile as error:
        raise ValidationError(str(error)) from error
    if not records:
        reasons = [str(problem) for problem in problems[:5]] or [
            f"{file_name}: there is no entry in it"
        ]
        raise ValidationError(f"Nothing could be taken. {'. '.join(reasons)}.")
    entries = [asdict(record) for record in records]
    judge(study, entries)
    return PaperImport.objects.create(
        study=study,
        file_name=file_name[:255],
        source=source.strip()[:100],
        records=entries,
        problems=[asdict(problem) for problem in problems],
        by=by,
        refused=sum(problem.is_refusal for problem in problems),
        **counts(entries),
    )


def too_large(file_name: str, size: int) -> str:
    limit = filesizeformat(settings.IMPORT_LIMIT)
    return (
        f"{file_name} has {filesizeformat(size)}; a file of references may have {limit}. Split it "
        "into smaller files."
    )


@transaction.atomic
def confirm(paper_import: PaperImport, *, by: User, is_asking: bool = False) -> PaperImport:
    """Write the new papers of a previewed file, and the sources of its duplicates. Confirming twice
    does no harm.

    With `is_asking`, the file stays a preview where it has questions that nobody has seen yet:
    another import brought papers since that are similar to some of its entries.
    """
    # Two confirms at once, of this file or of another one, wait here: the second sees the papers of
    # the first.
    study = Study.objects.select_for_update(no_key=True).get(pk=paper_import.study_id)
    paper_import = PaperImport.objects.select_for_update().get(pk=paper_import.pk)
    if paper_import.state == PaperImport.State.CONFIRMED:
        return paper_import
    if paper_import.state == PaperImport.State.UNDONE:
        raise ValidationError(
            f"The import of {paper_import.file_name} was undone. Upload the file again."
        )
    entries = paper_import.records
    asked = questions_of(entries)
    refuse_too_long(paper_import.file_name, entries)
    # Since the preview, another import may have brought the same papers.
    known = judge(study, entries, paper_import.choices)
    if is_asking and questions_of(entries) - asked - {int(place) for place in paper_import.choices}:
        for name, count in counts(entries).items():
            setattr(paper_import, name, count)
        paper_import.save()
        return paper_import
    write_papers(study, paper_import, entries, known)
    paper_import.records = [summary_of(entry) for entry in entries]
    paper_import.state = PaperImport.State.CONFIRMED
    paper_import.confirmed_at = timezone.now()
    for name, count in counts(entries).items():
        setattr(paper_import, name, count)
    paper_import.save()
    log_import(study, paper_import, entries, by)
    return paper_import


def log_import(study: Study, paper_import: PaperImport, entries: list[Entry], by: User) -> None:
    """Write the log entry; it says how many papers were imported although similar ones were
    here.
    """
    new, kept = (
        paper_import.new,
        sum(entry["outcome"] == NEW and is_choice(entry) for entry in entries),
    )
    although = (
        f", {kept} of them although something like {pluralize(kept, 'it,them')} was found"
        if kept
        else ""
    )
    LogEntry.objects.record(
        study,
        by,
        "import-papers",
        f"Imported {new} paper{pluralize(new)} from {paper_import.file_name}{although}; "
        f"{paper_import.duplicate} {pluralize(paper_import.duplicate, 'was,were')} there already, "
        f"{paper_import.refused} refused.",
        paper_import=paper_import.at.isoformat(),
    )


@transaction.atomic
def undo(paper_import: PaperImport, *, by: User) -> int:
    """Delete the papers of a confirmed import, as long as nobody was given them to read. Returns
    how many were deleted.

    A paper that another import found too stays, as found there.
    """
    study = Study.objects.select_for_update(no_key=True).get(pk=paper_import.study_id)
    paper_import = PaperImport.objects.select_for_update().get(pk=paper_import.pk)
    if paper_import.state != PaperImport.State.CONFIRMED:
        raise ValidationError(
            f"The import of {paper_import.file_name} is not in force: there is nothing to undo."
        )
    keep_papers_found_elsewhere(paper_import)
    papers = brought_by(paper_import)
    files = list(papers.exclude(pdf="").values_list("pdf", flat=True))
    count = papers.count()
    delete_or_refuse(papers)
    PaperSource.objects.filter(paper_import=paper_import).delete()
    paper_import.state, paper_import.undone_at = PaperImport.State.UNDONE, timezone.now()
    paper_import.save(update_fields=["state", "undone_at"])
    delete_files_after_commit(files)
    text = f"Undid the import of {paper_import.file_name}: {count} paper{pluralize(count)} removed."
    LogEntry.objects.record(
        study, by, "undo-import", text, paper_import=paper_import.at.isoformat()
    )
    return count


@transaction.atomic
def discard(paper_import: PaperImport) -> None:
    """Delete a preview that nobody confirmed."""
    paper_import = PaperImport.objects.select_for_update().get(pk=paper_import.pk)
    if paper_import.state != PaperImport.State.PREVIEWED:
        raise ValidationError(f"{paper_import.file_name} was imported already: undo it instead.")
    paper_import.delete()


def brought_by(paper_import: PaperImport) -> QuerySet[Paper]:
    """The papers that are in the study because of this import alone."""
    first_found = PaperSource.objects.filter(paper_import=paper_import, is_duplicate=False)
    return Paper.objects.filter(study=paper_import.study_id, pk__in=first_found.values("paper"))


def found_elsewhere(paper_import: PaperImport) -> QuerySet[PaperSource]:
    """Sources of this import's papers in other files: these papers stay when it is undone."""
    mine = PaperSource.objects.filter(
        paper_import=paper_import, is_duplicate=False, paper=OuterRef("paper")
    )
    return PaperSource.objects.filter(Exists(mine)).exclude(paper_import=paper_import)


def keep_papers_found_elsewhere(paper_import: PaperImport) -> None:
    """Make the next import that has them the first source of these papers."""
    heirs = found_elsewhere(paper_import).order_by("paper", "pk").distinct("paper")
    heirs = dict(heirs.values_list("pk", "paper"))
    PaperSource.objects.filter(pk__in=heirs).update(is_duplicate=False)
    PaperSource.objects.filter(paper_import=paper_import, paper__in=heirs.values()).delete()


def refuse_too_long(file_name: str, entries: list[Entry]) -> None:
    """ValidationError for an entry that is too long: previews may be older than the maximum
    lengths.
    """
    for entry in entries:
        if why := excess_of_record(record_of(entry)):
            place = f"{file_name}, line {entry['line']}" if entry["line"] else file_name
            raise ValidationError(f"{place}: {why}. Upload the file again.")


def write_papers(
    study: Study, paper_import: PaperImport, entries: list[Entry], known: dict[str, int]
) -> None:
    """Save the new papers, and a source for every entry. `known` maps the keys of the study's
    papers to their ids.
    """
    new = [entry for entry in entries if entry["outcome"] == NEW]
    for entry, key in zip(new, free_keys(new, known), strict=True):
        entry["which"] = key
    mark_shared_dois(study, new)
    papers = Paper.objects.bulk_create([paper_of(study, entry) for entry in new], batch_size=1000)
    known = known | {paper.key: paper.pk for paper in papers}
    for entry in entries:
        if entry["first"] is not None:
            entry["like"] = entries[entry["first"]]["which"]
        entry["which"] = entry["which"] or entry["like"]
    PaperSource.objects.bulk_create(
        [
            PaperSource(
                paper_id=known[entry["which"]],
                paper_import=paper_import,
                source=paper_import.source,
                file_name=paper_import.file_name,
                line=entry["line"],
                entry_key=entry["key"][:200],
                is_duplicate=entry["outcome"] == DUPLICATE,
            )
            for entry in entries
        ],
        batch_size=2000,
    )
    analyze.tell_of(len(entries), Paper, PaperSource)


def mark_shared_dois(study: Study, entries: list[Entry]) -> None:
    """Mark new entries whose DOI is taken: the database allows a second paper with a DOI only where
    it says so.
    """
    known = set(Paper.objects.filter(study=study).exclude(doi="").values_list("doi", flat=True))
    for entry in entries:
        entry["shares_doi"] = entry["doi"] in known
        known |= {entry["doi"]} - {""}


def free_keys(entries: Iterable[Entry], taken: Iterable[str]) -> Iterator[str]:
    """A key for each entry: its own if it is valid and free, else one like `john2021towards`."""
    return unique_keys(map(wanted_key, entries), [*taken, *RESERVED_KEYS])


def wanted_key(entry: Entry) -> str:
    key = tidied_key(entry["key"])
    return (
        proposed_key(entry["authors"], entry["year"], entry["title"]) if key_refusal(key) else key
    )


def paper_of(study: Study, entry: Entry) -> Paper:
    """An unsaved paper. A text that is too long for its column is kept whole in `extra`."""
    record, extra, columns = record_of(entry), dict(entry["raw"]), {}
    for one in FIELDS:
        value = getattr(record, one.name)
        columns[one.name] = "; ".join(value) if one.is_several else value
        longest = Paper._meta.get_field(one.name).max_length
        if longest and len(value) > longest:
            extra.setdefault(one.name, value)
            columns[one.name] = ""
    columns["key"] = entry["which"]
    if entry["key"] and entry["key"] != entry["which"]:
        extra.setdefault("key", entry["key"])
    # A record is taken with any of them, and a paper has to be called something.
    columns["title"] = entry["title"] or entry["doi"] or entry["which"]
    return Paper(study=study, shares_doi=entry["shares_doi"], extra=extra, **columns)


def summary_of(entry: Entry) -> Entry:
    """The part of an entry that the page of a confirmed import still shows."""
    return {name: entry[name] for name in _SHOWN}
