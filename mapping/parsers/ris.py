"""RIS files to records, and back."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import rispy

from mapping.parsers import latex, names
from mapping.parsers.bibtex import pages_in, year_in
from mapping.parsers.encodings import unified_line_ends
from mapping.parsers.keys import normalised_doi
from mapping.parsers.paper_fields import BY_NAME, FIELDS, IN_REFERENCES, PaperField, Type
from mapping.parsers.records import PaperRecord, PapersRead, Problem
from mapping.parsers.ris_lines import DOIS, KNOWN_TAGS, TITLES, chunks, divided, has_records

__all__ = ["divided", "has_records", "read", "write"]

_KIND_OF_TYPE = {
    **dict.fromkeys(["JOUR", "EJOUR", "MGZN", "NEWS", "INPR", "JFULL", "ABST"], "article"),
    **dict.fromkeys(["CONF", "CPAPER"], "inproceedings"),
    **dict.fromkeys(["CHAP", "ECHAP"], "incollection"),
    **dict.fromkeys(["BOOK", "EBOOK", "EDBOOK"], "book"),
    "THES": "phdthesis",
    "RPRT": "techreport",
    "UNPB": "unpublished",
    "ELEC": "online",
    "DATA": "dataset",
    "COMP": "software",
}
_TYPE_OF_KIND = {
    "article": "JOUR",
    "inproceedings": "CPAPER",
    "incollection": "CHAP",
    "book": "BOOK",
    "phdthesis": "THES",
    "techreport": "RPRT",
    "unpublished": "UNPB",
    "online": "ELEC",
    "dataset": "DATA",
    "software": "COMP",
    **dict.fromkeys(["mastersthesis", "thesis"], "THES"),
    "conference": "CPAPER",
    "proceedings": "CONF",
    "inbook": "CHAP",
    "report": "RPRT",
}
# Fields that have a name in BibTeX go by it.
_RAW_NAMES = {
    "SN": "issn",
    "LA": "language",
    "ET": "edition",
    "CY": "address",
    "N1": "note",
    "A2": "editor",
}
_RAW_TAGS = {name: tag for tag, name in _RAW_NAMES.items()}
_ADDRESSES = {"DO", "DI", "UR", "ID", "L1", "L2", "L3"}
# Fields that one record may give under several tags: `{tag: field}`.
_SAID_BY_TAG = {
    tag: one.name for one in FIELDS if one.type is Type.TEXT and one.ris[1:] for tag in one.ris
}
_UNKNOWN = "unknown"


class _TagParser(rispy.RisParser):
    """rispy with tags as the names of fields: its own names are ambiguous."""

    UNKNOWN_TAG = _UNKNOWN  # its default, UK, may stand in a file
    DEFAULT_MAPPING = {tag: tag for tag in KNOWN_TAGS} | {_UNKNOWN: _UNKNOWN}
    DEFAULT_DELIMITER_MAPPING: ClassVar[dict[str, str]] = {}


# User-defined field 1 carries what RIS has no tag for, as "name: value".
_NAMED_FIELD = re.compile(r"([a-z][a-z0-9_+.-]*): (.+)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# Fields of the entry that are called like these would end the record, or be taken for what it is.
_RESERVED = {"TY", "ER", "ID", "TI", "T1", "AU", "A1", "KW", "AB", "PY", "DO", "SP", "EP", "M3"}
_PAGE_RANGE = re.compile(r"([^\s-]+)-([^\s-]+)")


def read(text: str, file: str = "") -> PapersRead:
    """(records, problems) of RIS `text`; every record that begins with TY is either taken or named
    in a refusal.
    """
    records, problems = [], []
    for chunk in chunks(unified_line_ends(text)):
        if chunk.is_stray:
            words = " … ".join(chunk.lines)[:200]
            # With a title or a DOI it was a record once: its line TY is missing.
            is_refusal = bool(chunk.tags() & (TITLES | DOIS))
            problems.append(
                Problem(file, chunk.line, f"outside of any record, not taken: {words}", is_refusal)
            )
            continue
        closed = "\n".join([*chunk.lines, "ER  - "])
        parsed = rispy.loads(closed, implementation=_TagParser, enforce_list_tags=False)[0]
        known_and_unknown = parsed | parsed.pop(_UNKNOWN, {})
        record = _record(_values(known_and_unknown), file, chunk.line)
        if not record.title and not record.doi:
            problems.append(
                Problem(file, chunk.line, "the record that begins here has neither title nor DOI")
            )
            continue
        if not chunk.is_closed:
            reason = "the record that begins here has no ER line; it was taken as far as it goes"
            problems.append(Problem(file, chunk.line, reason, is_refusal=False))
        records.append(record)
    return records, problems


def write(papers: Iterable[PaperRecord]) -> str:
    """A RIS file of `papers`: PaperRecords, or anything with their attributes."""
    return "\n".join(line for paper in papers for line in _written(paper))


def file_keys(keys: Iterable[str]) -> dict[str, str]:
    """`{key: its spelling in a RIS file}`: unchanged."""
    return {key: key for key in keys}


def _values(record: Mapping[str, str | list[str]]) -> dict[str, list[str]]:
    """{tag: its values}, tidied, the empty ones left out."""
    values = {}
    for tag, value in record.items():
        texts = [_tidied(tag, text) for text in (value if isinstance(value, list) else [value])]
        values[tag] = [text for text in texts if text]
    return {tag: texts for tag, texts in values.items() if texts}


def _tidied(tag: str, value: str) -> str:
    # What looks like HTML in "10.1002/…26:10<1155::AID-SPE55>…" belongs to the DOI.
    return " ".join(value.split()) if tag in _ADDRESSES else latex.tidied(value)


def _record(values: dict[str, list[str]], file: str, line: int) -> PaperRecord:
    def take(*tags: str) -> str:
        """The first value of the first of these tags that has one; further values stay for
        `raw`.
        """
        tag = next((tag for tag in tags if values.get(tag)), None)
        return values[tag].pop(0) if tag else ""

    record = PaperRecord(file=file, line=line, key=take("ID"), kind=_kind(take("TY"), values))
    instead = ["BT"] if record.kind == "book" else []
    record.title = take(*BY_NAME["title"].ris, *instead)
    for one in FIELDS:
        if one.type in {Type.TEXT, Type.ADDRESS} and one.name != "title":
            setattr(record, one.name, take(*one.ris))
        elif one.is_several:
            said = [value for tag in one.ris for value in values.pop(tag, [])]
            setattr(record, one.name, _READ_SEVERAL[one.type](said))
    record.pages = _pages(take("SP"), values)
    record.year = _year(values)
    record.doi = _doi(values, record.url)
    _fill_raw(record, values)
    return record


def _kind(written: str, values: dict[str, list[str]]) -> str:
    kind = _KIND_OF_TYPE.get(written, "misc")
    more_exact = values.get("M3", [""])[0]
    # Our own files say in M3 what RIS has no type for; elsewhere M3 is free text, or even a DOI.
    if (
        re.fullmatch(r"[a-z][a-z0-9-]*", more_exact)
        and _TYPE_OF_KIND.get(more_exact, "GEN") == written
    ):
        values["M3"].pop(0)
        return more_exact
    return kind


def _keywords(values: Sequence[str]) -> list[str]:
    keywords = [word for text in values for word in map(latex.tidied, text.split(";"))]
    if len(keywords) == 1 and keywords[0].count(",") > 1:
        # One comma may stand within a keyword ("Neoplasms, experimental"); a list has more.
        keywords = [latex.tidied(word) for word in keywords[0].split(",")]
    return list(dict.fromkeys(word for word in keywords if word))


def _people(values: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(map(_name, values)))


def _name(name: str) -> str:
    """“Family, Given”. Embase and Ovid write “Family I.”, without the comma."""
    return names.with_comma(re.sub(r"\s*,\s*", ", ", name).strip(" ,"))


_READ_SEVERAL = {Type.PEOPLE: _people, Type.WORDS: _keywords}


def _pages(start: str, values: dict[str, list[str]]) -> str:
    end = (values.get("EP") or [""])[0]
    if start and end:
        values.pop("EP")
    return pages_in(f"{start}-{end}" if start and end and start != end else start)


def _year(values: dict[str, list[str]]) -> int | None:
    for tag in BY_NAME["year"].ris:
        for written in values.get(tag, []):
            year = year_in(written)
            if year is not None:
                if written.rstrip("/ ") == str(year):
                    values[tag].remove(written)
                return year
    return None


def _doi(values: dict[str, list[str]], url: str) -> str:
    for tag in BY_NAME["doi"].ris:
        for written in values.get(tag, []):
            doi = normalised_doi(written)
            if doi:
                values[tag].remove(written)
                return doi
    return normalised_doi(url) if "doi.org/" in url.lower() else ""


def _fill_raw(record: PaperRecord, values: Mapping[str, list[str]]) -> None:
    for tag, kept in values.items():
        named = [_NAMED_FIELD.fullmatch(value) for value in kept] if tag == "U1" else []
        record.raw |= {match[1]: match[2] for match in named if match}
        rest = [value for value in kept if not (tag == "U1" and _NAMED_FIELD.fullmatch(value))]
        # Journals come with their name, its abbreviation and the same again; abstracts as AB and
        # N2.
        field = _SAID_BY_TAG.get(tag, "")
        is_repetition = field and all(
            value.casefold() == getattr(record, field).casefold() for value in rest
        )
        if rest and not is_repetition:
            record.raw[_RAW_NAMES.get(tag, tag)] = "; ".join(rest)


def _written(paper: PaperRecord) -> Iterator[str]:
    written_type = _TYPE_OF_KIND.get(paper.kind, "GEN")
    yield f"TY  - {written_type}"
    fields = [
        line for one in IN_REFERENCES for line in _written_field(one, getattr(paper, one.name))
    ]
    if _KIND_OF_TYPE.get(written_type, "misc") != paper.kind:
        fields.append(("M3", paper.kind))
    taken = _RESERVED | {tag for tag, value in fields if value}
    for name, value in paper.raw.items():
        tag = _RAW_TAGS.get(name, name)
        is_free = re.fullmatch(r"[A-Z][A-Z0-9]", tag) and tag not in taken
        fields.append((tag, value) if is_free else ("U1", f"{name.lower()}: {value}"))
    for tag, value in fields:
        if value.strip():
            yield f"{tag}  - {_on_one_line(value)}"
    yield from ["ER  - ", ""]


def _written_field(field: PaperField, value: Any) -> list[tuple[str, str]]:
    """Its lines, as pairs of tag and text. The kind stands in the first line of the record."""
    if field.type is Type.KIND:
        return []
    if field.type is Type.PAGES:
        return list(zip(field.ris, _written_pages(value), strict=True))
    return [(field.ris[0], str(text or "")) for text in (value if field.is_several else [value])]


def _on_one_line(value: str) -> str:
    return " ".join(_CONTROL.sub(" ", value).split())


def _written_pages(pages: str) -> tuple[str, str]:
    pair = _PAGE_RANGE.fullmatch(pages_in(pages))
    return (pair[1], pair[2]) if pair and pair[1] != pair[2] else (pages, "")
