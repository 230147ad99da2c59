"""Files read by somebody else's readers: what comes out of Concord must mean the same to them as to
us.
"""

import csv
import io
import re
import unicodedata

import bibtexparser
import rispy
from bibtexparser.middlewares import SeparateCoAuthors, SplitNameParts
from pylatexenc.latex2text import LatexNodes2Text


def bibtex_entries(text):
    """`{key: {field: value}}` by bibtexparser and pylatexenc, authors as “Family, Given,
    Suffix”.
    """
    stack = [SeparateCoAuthors(), SplitNameParts()]
    library = bibtexparser.parse_string(text, append_middleware=stack)
    assert library.failed_blocks == []
    entries = [
        (
            entry.key,
            {
                "ENTRYTYPE": entry.entry_type,
                **{f.key: decoded(f.key, f.value) for f in entry.fields},
            },
        )
        for entry in library.entries
    ]
    assert len({key for key, _ in entries}) == len(entries)
    return dict(entries)


def decoded(name, value):
    # Programs take addresses literally: “&” and “%” are part of them.
    if name in {"doi", "url"}:
        return value
    return [person(one) for one in value] if isinstance(value, list) else unicode_of(value)


def unicode_of(latex):
    # pylatexenc shows \textasciicircum as another circumflex.
    return LatexNodes2Text(strict_latex_spaces=True).latex_to_text(latex).replace("ˆ", "^")


def person(parts):
    pieces = [[*parts.von, *parts.last], parts.first, parts.jr]
    return ", ".join(unicode_of(" ".join(piece)) for piece in pieces if piece)


def ris_records(text):
    """`{ID: record}` by rispy."""
    records = rispy.loads(text)
    assert len({record["id"] for record in records}) == len(records) == text.count("TY  - ")
    return {record["id"]: record for record in records}


def csv_rows(text):
    """By the csv module, refusing whatever RFC 4180 does not allow."""
    assert text.replace("\r\n", "").count("\r") == 0
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


SIGNS = set("=+-@\t\r\n＝＋－＠﹢﹣﹦﹫−")


NUMBER = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")


def is_live(cell):
    """Whether some spreadsheet may run the cell: no number, and a sign comes first once all that
    nobody sees is gone.
    """
    if NUMBER.fullmatch(cell):
        return False
    seen = [
        letter
        for letter in cell
        if unicodedata.category(letter) not in {"Cf", "Zs", "Zl", "Zp", "Cc", "Mn"}
    ]
    first = cell[:1] if cell[:1] in {"\t", "\r", "\n"} else "".join(seen)[:1]
    return first in SIGNS
