"""Reads any kind of bibliography."""

import os
from pathlib import Path

from mapping.parsers import bibtex, paper_tables, ris
from mapping.parsers.encodings import LARGEST_FILE, check_size, decoded
from mapping.parsers.lengths import excess_of_record
from mapping.parsers.records import PaperRecord, PapersRead, Problem, UnreadableFile

_TABLES = {".csv", ".tsv", ".tab", ".xlsx", ".xlsm"}
_BIBTEX, _RIS = {".bib", ".bibtex", ".biblatex"}, {".ris"}


def read_papers(
    name: str | os.PathLike[str], content: bytes | None = None, *, limit: int = LARGEST_FILE
) -> PapersRead:
    """(records, problems) of a BibTeX, RIS, CSV or XLSX file, told apart by content first, then by
    the name's ending.

    `name` is a path if there is no `content` (bytes), else only what reports call the file. Raises
    UnreadableFile for what is no bibliography, empty, binary, or longer than `limit` bytes.
    """
    path = Path(name)
    if content is None:
        content = _content(path, limit)
    return _short_enough(*_read(path, content, limit))


def _short_enough(records: list[PaperRecord], problems: list[Problem]) -> PapersRead:
    """The records and problems, with a refusal for each record that is too long."""
    judged = [(record, excess_of_record(record)) for record in records]
    refused = [Problem(record.file, record.line, reason) for record, reason in judged if reason]
    if not refused:
        return records, problems
    kept = [record for record, reason in judged if not reason]
    return kept, sorted([*problems, *refused], key=lambda problem: problem.line or 0)


def _read(path: Path, content: bytes, limit: int) -> PapersRead:
    name = path.name
    check_size(len(content), limit, name)
    if content.startswith(b"PK\x03\x04"):
        return paper_tables.read(name, content, limit=limit)
    text = decoded(content, name)
    if text.lstrip()[:200].lower().startswith(("<!doctype html", "<html")):
        raise UnreadableFile("this is a web page, not a list of references", name)
    # A table with a BibTeX entry in one of its cells is a table still.
    is_table = path.suffix.lower() in _TABLES
    has_bibtex = not is_table and bibtex.has_entries(text)
    has_ris = not is_table and ris.has_records(text)
    if has_bibtex and has_ris:
        return _read_both(text, name)
    if has_bibtex:
        return bibtex.read(text, name)
    if has_ris:
        return ris.read(text, name)
    return _read_rest(name, content, path.suffix.lower(), limit)


def _read_both(text: str, name: str) -> PapersRead:
    """BibTeX and RIS in one file, as pasted together; both keep their line numbers."""
    in_ris, others = ris.divided(text, bibtex.lines_inside_entries(text))
    if not bibtex.has_entries(others):
        return ris.read(text, name)
    if not ris.has_records(in_ris):
        return bibtex.read(text, name)
    records, problems = bibtex.read(others, name)
    ris_records, ris_problems = ris.read(in_ris, name)
    return sorted(records + ris_records, key=_line), sorted(problems + ris_problems, key=_line)


def _line(item: PaperRecord | Problem) -> int:
    return item.line or 0


def _content(path: Path, limit: int) -> bytes:
    try:
        check_size(path.stat().st_size, limit, path.name)
        return path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"the file cannot be opened: {error.strerror}", path.name) from error


def _read_rest(name: str, content: bytes, suffix: str, limit: int) -> PapersRead:
    if suffix in _BIBTEX:
        raise UnreadableFile("there is no BibTeX entry in it, nothing like @article{key, …}", name)
    if suffix in _RIS:
        raise UnreadableFile("there is no RIS record in it, nothing like “TY  - JOUR”", name)
    try:
        return paper_tables.read(name, content, limit=limit)
    except UnreadableFile as error:
        if suffix in _TABLES:
            raise
        reason = (
            "this is no list of references: neither BibTeX, nor RIS, nor a table with a "
            "column “title”"
        )
        raise UnreadableFile(reason, name) from error
