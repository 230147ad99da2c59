"""Papers in a CSV or XLSX table, as databases, reference managers and people lay it out."""

from collections.abc import Collection, Mapping, Sequence

from mapping.parsers import latex, names
from mapping.parsers.bibtex import keywords_in, pages_in, year_in
from mapping.parsers.encodings import LARGEST_FILE
from mapping.parsers.keys import normalised_doi
from mapping.parsers.records import PaperRecord, PapersRead, Problem, UnreadableFile
from mapping.parsers.tables import Row, heading, read_table

# The first heading that has something in the row counts: a sheet may have a BibTeX key for some
# rows only.
_HEADINGS = {
    "key": [
        "key",
        "paper",
        "bib key",
        "bibtex key",
        "citation key",
        "cite key",
        "paper key",
        "paper id",
        "id",
    ],
    "title": [
        "title",
        "paper title",
        "article title",
        "document title",
        "publication title of the article",
        "name",
    ],
    "authors": ["authors", "author", "author full names", "author names", "author(s)", "creators"],
    "year": [
        "year",
        "publication year",
        "pub year",
        "year of publication",
        "date",
        "publication date",
        "py",
    ],
    "venue": [
        *[
            "venue",
            "journal",
            "source title",
            "source",
            "publication title",
            "journal title",
            "conference",
        ],
        *[
            "journal/book",
            "book title",
            "conference name",
            "conference title",
            "container title",
            "journal/conference",
        ],
    ],
    "doi": ["doi", "doi link", "article doi", "digital object identifier"],
    "url": ["url", "link", "pdf link", "article url", "urls"],
    "abstract": ["abstract", "abstract note", "summary"],
    "kind": ["kind", "type", "document type", "item type", "publication type", "entry type"],
    "volume": ["volume"],
    "number": ["number", "issue"],
    "pages": ["pages", "page range", "page numbers"],
    "publisher": ["publisher"],
    "keywords": ["keywords", "author keywords", "manual tags", "index terms", "tags"],
}
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

    record = PaperRecord(
        key=take("key"), title=take("title"), venue=take("venue"), file=name, line=row.line
    )
    record.authors = names.from_list(take("authors"))
    written_year = take("year")
    record.year = year_in(written_year)
    if written_year and written_year != str(record.year):
        left["year"] = written_year
    written_doi = take("doi")
    record.doi = normalised_doi(written_doi)
    if written_doi and not record.doi:
        left["doi"] = written_doi
    record.url = take("url")
    record.abstract, record.publisher = take("abstract"), take("publisher")
    record.volume, record.number = take("volume"), take("number")
    record.pages = pages_in(take("pages")) or _page_range(left)
    record.keywords = keywords_in(take("keywords"))
    record.kind = _kind(take("kind"))
    record.raw = {column: latex.tidied(value) for column, value in left.items()}
    return record


def _page_range(left: dict[str, str]) -> str:
    start = next((left.pop(column) for column in list(left) if heading(column) in _START_PAGE), "")
    end = next((left.pop(column) for column in list(left) if heading(column) in _END_PAGE), "")
    return f"{start}-{end}" if start and end and start != end else start or end


def _kind(written: str) -> str:
    compared = heading(written)
    return _KINDS.get(compared, compared) or "misc"
