"""The study's papers as files of references: BibTeX and RIS."""

from mapping.exchange.table import CHUNK
from mapping.parsers import bibtex, ris
from mapping.parsers.records import PaperRecord

WRITERS = {"papers.bib": bibtex, "papers.ris": ris}
_SAME = (
    "title",
    "year",
    "venue",
    "doi",
    "url",
    "abstract",
    "kind",
    "volume",
    "number",
    "pages",
    "publisher",
)


def pieces(name, papers):
    """The file `name` of these papers, a piece of text for each. Nobody else's order, and nothing
    of them in memory.
    """
    writer = WRITERS[name]
    papers = papers.order_by("pk").defer("search")
    keys = writer.file_keys(papers.values_list("key", flat=True))
    for place, paper in enumerate(papers.iterator(chunk_size=CHUNK)):
        yield ("\n" if place else "") + writer.write([record_of(paper, keys[paper.key])])


def record_of(paper, key):
    """The paper as the writers take it; lists where the database has texts separated by
    semicolons.
    """
    return PaperRecord(
        key=key,
        authors=paper.author_list,
        keywords=paper.keyword_list,
        # `extra` may hold more than texts where somebody else wrote it.
        raw={name: value for name, value in paper.extra.items() if isinstance(value, str)},
        **{name: getattr(paper, name) for name in _SAME},
    )
