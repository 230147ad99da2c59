"""Words and tables as LaTeX to be printed. (Reading LaTeX, and writing it into BibTeX, is in
`parsers/latex.py`.)
"""

from collections.abc import Iterable, Sequence

# Letters beyond ASCII stay as they are, as every engine of today reads them; these two shapes older
# fonts lack.
LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    '"': "''",
    "–": "--",
}


def typeset(text: object) -> str:
    """The text on one line, with nothing in it that LaTeX would act upon."""
    return "".join(LATEX.get(character, character) for character in " ".join(str(text).split()))


def row(cells: Iterable[str]) -> str:
    """A line of a table. Its cells are typeset already."""
    # A row that began with a bracket would be read as an option of the row before.
    return "{}" + " & ".join(cells) + r" \\"


def tabular(columns: str, header: Sequence[object], rows: Iterable[Sequence[object]]) -> list[str]:
    """Lines of a `tabular` for the package booktabs, out of plain cells; `columns` is how they are
    set: `lrr`.
    """
    head, *body = (row(map(typeset, cells)) for cells in [header, *rows])
    return [
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        head,
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
    ]
