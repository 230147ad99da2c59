"""BibTeX and BibLaTeX to records, and back."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from mapping.parsers import latex, names
from mapping.parsers.bibtex_source import RawEntry, entries_in, has_entries, lines_inside_entries
from mapping.parsers.keys import normalised_doi, unique_keys
from mapping.parsers.paper_fields import BY_NAME, FIELDS, IN_REFERENCES, PaperField, Type
from mapping.parsers.records import PaperRecord, PapersRead, Problem

__all__ = ["file_keys", "has_entries", "lines_inside_entries", "read", "write"]

_VENUE_OF_KIND = {
    **dict.fromkeys(
        ["inproceedings", "conference", "incollection", "inbook", "inreference"], "booktitle"
    ),
    **dict.fromkeys(["phdthesis", "mastersthesis", "thesis"], "school"),
    **dict.fromkeys(["techreport", "report"], "institution"),
    **dict.fromkeys(["misc", "online", "electronic", "www", "software", "dataset"], "howpublished"),
}
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d|2100)(?!\d)")
_DASHES = re.compile("[-–]+")
# To BibTeX these are no entries but its own.
_NO_ENTRIES = {"comment", "preamble", "string"}
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_:+.-]*")
_ADDRESSES = {"doi", "url", "file", "eprint", "pdf", "urldate", "date"}
# What a paper does not take from the volume it refers to: these are the volume's own.
_OWN = {
    "title",
    "subtitle",
    "shorttitle",
    "author",
    "doi",
    "url",
    "abstract",
    "keywords",
    "pages",
    "crossref",
}


def read(text: str, file: str = "") -> PapersRead:
    """(records, problems) of BibTeX `text`; every entry is either a record or named in a refusal.

    Entries with a repeated key or field are kept and reported. LaTeX becomes Unicode.
    """
    entries, problems = entries_in(text, file)
    volumes = {entry.key.casefold(): entry for entry in reversed(entries)}
    records: list[PaperRecord] = []
    lines: dict[str, int] = {}
    for entry in entries:
        fields = _fields(entry, problems, file)
        record = _record(entry, _with_volume(fields, volumes), file)
        if not record.title and not record.doi:
            problems.append(
                Problem(file, entry.line, f"the entry “{entry.key}” has neither title nor DOI")
            )
            continue
        if record.key and record.key in lines:
            reason = (
                f"the key “{record.key}” stands on line {lines[record.key]} already; both entries "
                "are kept"
            )
            problems.append(Problem(file, entry.line, reason, is_refusal=False))
        lines.setdefault(record.key, entry.line)
        records.append(record)
    return records, sorted(problems, key=lambda problem: problem.line or 0)


def write(papers: Iterable[PaperRecord]) -> str:
    """A BibTeX file of `papers`: PaperRecords, or anything with their attributes. Unicode stays as
    it is.
    """
    papers = list(papers)
    keys = file_keys(paper.key for paper in papers)
    return "\n".join(_written(paper, keys[paper.key]) for paper in papers)


def file_keys(keys: Iterable[str]) -> dict[str, str]:
    """`{key: its spelling in a BibTeX file}`, all different and without characters that BibTeX acts
    upon.
    """
    keys = list(keys)
    fitting = [key for key in keys if _written_key(key) == key]
    others = [key for key in keys if _written_key(key) != key]
    return dict(zip(fitting, fitting, strict=True)) | dict(
        zip(others, unique_keys(map(_written_key, others), fitting), strict=True)
    )


def year_in(text: str) -> int | None:
    """The first year in `text`, or None."""
    match = _YEAR.search(text)
    return int(match[0]) if match else None


def keywords_in(text: str) -> list[str]:
    """The keywords of a text, split at semicolons, else at commas and line ends."""
    separators = ";" if ";" in text else r"[,\n]"
    return list(
        dict.fromkeys(word for word in map(latex.tidied, re.split(separators, text)) if word)
    )


def pages_in(text: str) -> str:
    """The text with one hyphen in page ranges, whatever dash they were written with."""
    return re.sub(r"(?<=\w)\s*[-–—]+\s*(?=\w)", "-", text)


def _fields(entry: RawEntry, problems: list[Problem], file: str) -> dict[str, str]:
    """The fields by name. Of a repeated one the first counts; another value is kept under a
    numbered name, and reported.
    """
    fields: dict[str, str] = {}
    seen = Counter[str]()
    for name, value in entry.fields:
        if not value.strip() or fields.get(name) == value:
            continue
        if name in fields:
            other = name
            while other in fields:
                seen[name] += 1
                other = f"{name}_{seen[name] + 1}"
            reason = (
                f"the entry “{entry.key}” has two fields “{name}”; the second is kept as “{other}”"
            )
            problems.append(Problem(file, entry.line, reason, is_refusal=False))
            fields[other] = value
        else:
            fields[name] = value
    return fields


def _with_volume(fields: dict[str, str], volumes: Mapping[str, RawEntry]) -> dict[str, str]:
    """The fields, and those that the entry lacks from the volume it refers to by `crossref`."""
    volume = volumes.get(fields.get("crossref", "").strip().casefold())
    if volume is None or not volume.key:
        return fields
    inherited = {
        name: value for name, value in reversed(volume.fields) if name not in _OWN and value.strip()
    }
    title = next((value for name, value in volume.fields if name in ("booktitle", "title")), "")
    return {"booktitle": title} | inherited | fields


def _record(entry: RawEntry, fields: Mapping[str, str], file: str) -> PaperRecord:
    left = dict(fields)

    def take(*wanted: str) -> str:
        """The first of these fields that is there; the others stay for `raw`."""
        name = next((name for name in wanted if left.get(name)), None)
        return left.pop(name) if name else ""

    record = PaperRecord(key=_key(entry.key), kind=entry.kind, file=file, line=entry.line)
    instead = ["booktitle"] if "title" not in left else []
    record.title = latex.plain(take(*BY_NAME["title"].bibtex, *instead))
    subtitle = latex.plain(left.get("subtitle", ""))
    if record.title and subtitle and subtitle.casefold() not in record.title.casefold():
        record.title = f"{record.title}: {subtitle}"
        left.pop("subtitle")
    for one in FIELDS:
        if one.type in _READ and one.name != "title":
            setattr(record, one.name, _READ[one.type](take(*one.bibtex)))
    record.year = year_in(left.get("year", "")) or year_in(left.get("date", ""))
    if str(record.year) == latex.plain(left.get("year", "")):
        left.pop("year")
    record.doi = normalised_doi(latex.plain_address(left.get("doi", ""))) or _doi_in(record.url)
    if normalised_doi(latex.plain_address(left.get("doi", ""))):
        left.pop("doi")
    for name, value in left.items():
        record.raw[name] = latex.plain_address(value) if name in _ADDRESSES else latex.plain(value)
    return record


def _key(key: str) -> str:
    # A key is no LaTeX, "smith--jones" keeps its dashes; yet some programs write accents into keys
    # as commands.
    return " ".join((latex.plain(key) if "\\" in key else key).split())


def _doi_in(url: str) -> str:
    return normalised_doi(url) if "doi.org/" in url.lower() else ""


def _written(paper: PaperRecord, key: str) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in _written_fields(paper).items()]
    return "\n".join([f"@{_entry_type(paper.kind)}{{{key},", *lines, "}", ""])


def _written_fields(paper: PaperRecord) -> dict[str, str]:
    fields = {
        _written_name(one, paper): _WRITTEN[one.type](getattr(paper, one.name))
        for one in IN_REFERENCES
        if one.bibtex
    }
    for name, value in paper.raw.items():
        if not fields.get(name.lower()) and _FIELD_NAME.fullmatch(name.lower()):
            fields[name.lower()] = (
                latex.escaped_address(value) if name in _ADDRESSES else latex.escaped(value)
            )
    return {name: value for name, value in fields.items() if value}


def _written_name(field: PaperField, paper: PaperRecord) -> str:
    """The venue has another name in each kind of entry."""
    return _VENUE_OF_KIND.get(paper.kind, "journal") if field.name == "venue" else field.bibtex[0]


def _written_keywords(keywords: Sequence[str]) -> str:
    # The last semicolon keeps a single keyword with a comma in one piece.
    joined = "; ".join(map(latex.escaped, keywords))
    return joined + ";" if len(keywords) == 1 and "," in joined else joined


def _written_key(key: str) -> str:
    return re.sub(r"[\s,{}\"#%~\\=]+", "-", key)


def _entry_type(kind: str) -> str:
    return kind if _FIELD_NAME.fullmatch(kind) and kind not in _NO_ENTRIES else "misc"


# By the type of a field; what is not read here has rules of its own in `_record`.
_READ: dict[Type, Callable[[str], Any]] = {
    Type.TEXT: latex.plain,
    Type.ADDRESS: latex.plain_address,
    Type.PEOPLE: names.from_bibtex,
    Type.WORDS: lambda text: keywords_in(latex.plain(text.replace("\n", " "))),
    Type.PAGES: lambda text: pages_in(latex.plain(text)),
}
_WRITTEN: dict[Type, Callable[[Any], str]] = {
    Type.TEXT: latex.escaped,
    Type.ADDRESS: latex.escaped_address,
    Type.DOI: latex.escaped_address,
    Type.PEOPLE: names.to_bibtex,
    Type.WORDS: _written_keywords,
    Type.PAGES: lambda pages: latex.escaped(_DASHES.sub("-", pages)).replace("-", "--"),
    Type.YEAR: lambda year: str(year or ""),
}
