"""The study's papers as BibTeX and RIS files."""

from mapping.exchange.table import CHUNK
from mapping.models.papers import listed
from mapping.parsers import bibtex, ris
from mapping.parsers.paper_fields import FIELDS, PaperRecord

WRITERS = {"papers.bib": bibtex, "papers.ris": ris}


def pieces(name, papers):
    """The file `name` of these papers, one piece of text per paper, so that memory does not grow
    with them.
    """
    writer = WRITERS[name]
    papers = papers.order_by("pk").defer("search")
    keys = writer.file_keys(papers.values_list("key", flat=True))
    for place, paper in enumerate(papers.iterator(chunk_size=CHUNK)):
        yield ("\n" if place else "") + writer.write([record_of(paper, keys[paper.key])])


def record_of(paper, key):
    """The paper as a PaperRecord, with lists where the database has texts separated by
    semicolons.
    """
    facts = {one.name: getattr(paper, one.name) for one in FIELDS}
    facts |= {one.name: listed(facts[one.name]) for one in FIELDS if one.is_several}
    # `extra` may hold more than texts where somebody else wrote it.
    raw = {name: value for name, value in paper.extra.items() if isinstance(value, str)}
    return PaperRecord(**facts | {"key": key}, raw=raw)
