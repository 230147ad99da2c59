"""Papers in a CSV or XLSX table, as databases, reference managers and people lay it out."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from mapping.parsers import latex, names
from mapping.parsers.bibtex import keywords_in, pages_in, year_in
from mapping.parsers.encodings import LARGEST_FILE
from mapping.parsers.keys import normalised_doi
from mapping.parsers.paper_fields import FIELDS, Type
from mapping.parsers.records import PaperRecord, PapersRead, Problem, UnreadableFile
from mapping.parsers.tables import Row, heading, read_table

# The first heading that has something in the row counts: a sheet may have a BibTeX key for some
# rows only.
_HEADINGS = {one.name: [one.name, *one.headings] for one in FIELDS}
_NAMING = {"title", "doi", "key"}
_START_PAGE, _END_PAGE = {"startpage", "pagestart"}, {"endpage", "pageend"}
_KINDS = {
    **dict.fromkeys(
        ["journalarticle", "researcharticle", "review", "articleinpress", "ieeejournals"], "article"
    ),
    **dict.fromkeys(
        ["conferencepaper", "proceedingspaper", "ieeeconferences", "conference", "paper"],
        "inproceedings",
    ),
    **dict.fromkeys(["bookchapter", "booksection", "chapter"], "incollection"),
    **dict.fromkeys(["thesis", "dissertation", "doctoralthesis"], "phdthesis"),
    **dict.fromkeys(["report", "technicalreport"], "techreport"),
}


def read(name: str, content: bytes, *, limit: int = LARGEST_FILE) -> PapersRead:
    """(records, problems) of a table of papers. A row needs a title, a DOI or a key of its own."""
    table = read_table(name, content, limit=limit, fits=_names_papers, joins=True)
    columns = _columns(table.columns)
    if not _NAMING & columns.keys():
        present = ", ".join(table.columns)
        raise UnreadableFile(
            f"the column “title” is missing (“doi” or “key” would do); the file has: {present}",
            name,
        )
    records = []
    problems = [
        *table.problems,
        *(Problem(name, None, note, is_refusal=False) for note in table.notes),
    ]
    for row in table.rows:
        record = _record(row, columns, row.file)
        if record.title or record.doi or record.key:
            records.append(record)
        else:
            problems.append(
                Problem(row.file, row.line, "the row has neither title nor DOI nor key")
            )
    return records, sorted(problems, key=lambda problem: problem.line or 0)


def _names_papers(headings: Collection[str]) -> bool:
    return any(heading(known) in headings for field in _NAMING for known in _HEADINGS[field])


def _columns(present: Sequence[str]) -> dict[str, list[str]]:
    """{field: its columns, best first}"""
    by_heading = {heading(column): column for column in reversed(present)}
    present_columns = {
        field: [
            by_heading[heading(known)] for known in known_headings if heading(known) in by_heading
        ]
        for field, known_headings in _HEADINGS.items()
    }
    return {field: columns for field, columns in present_columns.items() if columns}


def _record(row: Row, columns: Mapping[str, Sequence[str]], name: str) -> PaperRecord:
    left = {column: " ".join(value.split()) for column, value in row.cells.items() if value}

    def take(field: str) -> str:
        column = next((column for column in columns.get(field, ()) if left.get(column)), None)
        return left.pop(column) if column else ""

    record = PaperRecord(file=name, line=row.line)
    for one in FIELDS:
        if one.type in _READ:
            setattr(record, one.name, _READ[one.type](take(one.name)))
    written_year = take("year")
    record.year = year_in(written_year)
    if written_year and written_year != str(record.year):
        left["year"] = written_year
    written_doi = take("doi")
    record.doi = normalised_doi(written_doi)
    if written_doi and not record.doi:
        left["doi"] = written_doi
    record.pages = record.pages or _page_range(left)
    record.raw = {column: latex.tidied(value) for column, value in left.items()}
    return record


def _page_range(left: dict[str, str]) -> str:
    start = next((left.pop(column) for column in list(left) if heading(column) in _START_PAGE), "")
    end = next((left.pop(column) for column in list(left) if heading(column) in _END_PAGE), "")
    return f"{start}-{end}" if start and end and start != end else start or end


def _kind(written: str) -> str:
    compared = heading(written)
    return _KINDS.get(compared, compared) or "misc"


# By the type of a field; year and DOI have rules of their own in `_record`.
_READ: dict[Type, Callable[[str], Any]] = {
    Type.KEY: str,
    Type.TEXT: str,
    Type.ADDRESS: str,
    Type.PEOPLE: names.from_list,
    Type.WORDS: keywords_in,
    Type.PAGES: pages_in,
    Type.KIND: _kind,
}
