"""A paper's fields: the one list that models, forms, tables, readers and writers of files, the
admin site, pages and bundles read.

A new field is an entry of `PaperRecord` here, a column of the model `Paper`, and its migration;
`tests/papers/test_paper_fields.py` fails where a place does not know it.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from typing import Any


class Type(Enum):
    """How the text of a field is understood in a file."""

    KEY = "key"
    KIND = "kind"
    TEXT = "text"
    ADDRESS = "address"
    PEOPLE = "people"
    WORDS = "words"
    YEAR = "year"
    PAGES = "pages"
    DOI = "doi"


@dataclass(frozen=True)
class PaperField:
    """What differs between one field of a paper and the next. Its label is the model's."""

    means: str  # what the description of the columns says
    type: Type = Type.TEXT
    # Where it stands in a file, best first. In BibTeX and RIS the first one is written; in a table
    # these headings come after the field's own name.
    bibtex: tuple[str, ...] = ()
    ris: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    longest: int | None = None  # of texts whose columns have no length of their own
    lines: int = 1  # of its box in the form
    is_searched: bool = False
    is_compared: bool = False  # where two entries may be one publication
    is_in_wide_tables: bool = False  # stands there beside the key
    is_in_papers_list: bool = False  # in the file of the papers list
    is_detail: bool = True  # a line among the details of the paper's page, which places the others
    may_be_suggested: bool = False  # by reviewers, as a correction
    is_later: bool = False  # bundles made before there was this field are read without it
    name: str = ""

    @property
    def is_several(self) -> bool:
        return self.type in {Type.PEOPLE, Type.WORDS}


def of_paper(**facts: Any) -> dict[str, PaperField]:
    """What marks a field of `PaperRecord` as a field of the paper: the facts of its PaperField."""
    return {"of_paper": PaperField(**facts)}


@dataclass
class PaperRecord:
    """One publication as a file describes it; what the file does not say is empty.

    `authors` are "Family, Given" (or "Family, Given, Suffix"; organisations without a comma),
    `kind` is a BibTeX entry type in lower case, `pages` is "165-176". `raw` holds the remaining
    fields, named as in BibTeX where there is such a name, else by their RIS tag or their column's
    heading. `file` and `line` say where the record begins.
    """

    key: str = field(
        default="",
        metadata=of_paper(
            means="stable key of the paper, as in a BibTeX file",
            type=Type.KEY,
            ris=("ID",),
            headings=(
                *("paper", "bib key", "bibtex key", "citation key", "cite key"),
                *("paper key", "paper id", "id"),
            ),
            is_in_wide_tables=True,
            is_in_papers_list=True,
            is_detail=False,
        ),
    )
    title: str = field(
        default="",
        metadata=of_paper(
            means="title",
            bibtex=("title", "shorttitle"),
            ris=("TI", "T1", "CT"),
            headings=(
                *("paper title", "article title", "document title"),
                *("publication title of the article", "name"),
            ),
            longest=5_000,
            lines=2,
            is_searched=True,
            is_compared=True,
            is_in_wide_tables=True,
            is_in_papers_list=True,
            is_detail=False,
            may_be_suggested=True,
        ),
    )
    authors: list[str] = field(
        default_factory=list,
        metadata=of_paper(
            means="“Family, Given”, separated by semicolons",
            type=Type.PEOPLE,
            bibtex=("author", "authors"),
            ris=("AU", "A1"),
            headings=("author", "author full names", "author names", "author(s)", "creators"),
            longest=100_000,  # a paper of a large collaboration has three thousand
            lines=2,
            is_searched=True,
            is_compared=True,
            is_in_wide_tables=True,
            is_in_papers_list=True,
            is_detail=False,
            may_be_suggested=True,
        ),
    )
    year: int | None = field(
        default=None,
        metadata=of_paper(
            means="year of publication",
            type=Type.YEAR,
            bibtex=("year", "date"),
            ris=("PY", "Y1", "DA"),
            headings=(
                *("publication year", "pub year", "year of publication"),
                *("date", "publication date", "py"),
            ),
            is_compared=True,
            is_in_wide_tables=True,
            is_in_papers_list=True,
            is_detail=False,
            may_be_suggested=True,
        ),
    )
    venue: str = field(
        default="",
        metadata=of_paper(
            means="journal, conference or book",
            bibtex=(
                *("journal", "journaltitle", "booktitle"),
                *("school", "institution", "howpublished"),
            ),
            ris=("T2", "JO", "JF", "JA", "J2", "BT", "T3"),
            headings=(
                *("journal", "source title", "source", "publication title", "journal title"),
                *(
                    "conference",
                    "journal/book",
                    "book title",
                    "conference name",
                    "conference title",
                ),
                *("container title", "journal/conference"),
            ),
            longest=5_000,
            is_searched=True,
            is_compared=True,
            is_in_wide_tables=True,
            is_in_papers_list=True,
            is_detail=False,
            may_be_suggested=True,
        ),
    )
    doi: str = field(
        default="",
        metadata=of_paper(
            means="DOI, without resolver",
            type=Type.DOI,
            bibtex=("doi",),
            ris=("DO", "DI", "M3", "L3"),
            headings=("doi link", "article doi", "digital object identifier"),
            is_compared=True,
            is_in_wide_tables=True,
            is_in_papers_list=True,
            is_detail=False,
            may_be_suggested=True,
        ),
    )
    url: str = field(
        default="",
        metadata=of_paper(
            means="address",
            type=Type.ADDRESS,
            bibtex=("url",),
            ris=("UR",),
            headings=("link", "pdf link", "article url", "urls"),
            is_in_papers_list=True,
            is_detail=False,
        ),
    )
    kind: str = field(
        default="misc",
        metadata=of_paper(
            means="kind of entry: article, inproceedings …",
            type=Type.KIND,
            ris=("TY", "M3"),
            headings=("type", "document type", "item type", "publication type", "entry type"),
        ),
    )
    volume: str = field(
        default="",
        metadata=of_paper(
            means="volume",
            bibtex=("volume",),
            ris=("VL",),
        ),
    )
    number: str = field(
        default="",
        metadata=of_paper(
            means="issue",
            bibtex=("number", "issue"),
            ris=("IS",),
            headings=("issue",),
        ),
    )
    pages: str = field(
        default="",
        metadata=of_paper(
            means="pages",
            type=Type.PAGES,
            bibtex=("pages",),
            ris=("SP", "EP"),
            headings=("page range", "page numbers"),
        ),
    )
    publisher: str = field(
        default="",
        metadata=of_paper(
            means="publisher",
            bibtex=("publisher",),
            ris=("PB",),
            longest=5_000,
        ),
    )
    keywords: list[str] = field(
        default_factory=list,
        metadata=of_paper(
            means="keywords, separated by semicolons",
            type=Type.WORDS,
            bibtex=("keywords", "keyword", "author_keywords"),
            ris=("KW",),
            headings=("author keywords", "manual tags", "index terms", "tags"),
            longest=20_000,
            is_searched=True,
        ),
    )
    abstract: str = field(
        default="",
        metadata=of_paper(
            means="abstract",
            bibtex=("abstract",),
            ris=("AB", "N2"),
            headings=("abstract note", "summary"),
            longest=100_000,
            lines=8,
            is_searched=True,
            is_detail=False,
            may_be_suggested=True,
        ),
    )
    raw: dict[str, str] = field(default_factory=dict)
    file: str = ""
    line: int | None = None


# In the order of papers.csv.
FIELDS: tuple[PaperField, ...] = tuple(
    replace(one.metadata["of_paper"], name=one.name)
    for one in fields(PaperRecord)
    if "of_paper" in one.metadata
)
BY_NAME: dict[str, PaperField] = {one.name: one for one in FIELDS}


def in_order(
    *first: str, last: Collection[str] = (), among: Collection[PaperField] = FIELDS
) -> list[PaperField]:
    """The fields with these in front and those at the end: a place that orders them its own way
    forgets none.
    """
    wanted = {name: place for place, name in enumerate(first)}
    wanted |= {name: place for place, name in enumerate(last, start=len(first) + 1)}
    return sorted(among, key=lambda one: wanted.get(one.name, len(first)))


# Files of references keep what is long, and what is an address, for the end.
IN_REFERENCES = in_order(last=("doi", "url", "keywords", "abstract"))
