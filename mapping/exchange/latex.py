"""Text and tables as LaTeX for print. Reading LaTeX, and writing it into BibTeX:
`parsers/latex.py`.
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
    """The text on one line, with everything escaped that LaTeX would act upon."""
    return "".join(LATEX.get(character, character) for character in " ".join(str(text).split()))


def row(cells: Iterable[str]) -> str:
    """A line of a table from cells that are typeset already."""
    # A row that began with a bracket would be read as an option of the row before.
    return "{}" + " & ".join(cells) + r" \\"


def tabular(columns: str, header: Sequence[object], rows: Iterable[Sequence[object]]) -> list[str]:
    """Lines of a booktabs `tabular` from plain cells; `columns` is its column specification, as
    `lrr`.
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
