"""The codebook as a file: CSV, Markdown, LaTeX; without counts, which would be computed from
answers.
"""

import csv
import io
import re
from collections.abc import Callable

from mapping.exchange.latex import row, typeset
from mapping.exchange.table import safe
from mapping.models import Code, Study
from mapping.models.codebook import CodeQuerySet

COLUMNS = (
    "section",
    "label",
    "parent",
    "definition",
    "when_not",
    "example",
    "position",
    "status",
    "merged_into",
    "excludes_paper",
)
IN_FILES = (Code.Status.ACTIVE, Code.Status.RETIRED, Code.Status.MERGED)


def codes_of(study: Study, known: CodeQuerySet | None, *statuses: str) -> CodeQuerySet:
    """The codes of the study, of those that the reader may know of; None: all of them."""
    codes = Code.objects.filter(section__study=study, status__in=statuses or IN_FILES)
    if known is not None:
        codes = codes.filter(pk__in=known.order_by().values("pk"))
    return codes.select_related("section", "parent", "merged_into").order_by(
        "section__phase__position", "section__position", "section", "position", "pk"
    )


def as_csv(study: Study, known: CodeQuerySet | None = None) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(map(safe, COLUMNS))
    for code in codes_of(study, known):
        writer.writerow(map(safe, cells(code)))
    return buffer.getvalue()


def cells(code):
    return [
        code.section.key,
        code.label,
        code.parent.label if code.parent else "",
        code.definition,
        code.when_not,
        code.example,
        code.position,
        code.status,
        code.merged_into.label if code.merged_into else "",
        int(code.excludes_paper),
    ]


def by_section(study: Study, known: CodeQuerySet | None = None) -> list:
    """`[(section, [(code, is_child)])]` of the codes in use, children after their parents."""
    sections = {}
    codes = list(codes_of(study, known, Code.Status.ACTIVE))
    active = {code.pk for code in codes}
    for code in codes:
        if code.parent_id in active:
            continue
        rows = sections.setdefault(code.section_id, (code.section, []))[1]
        rows.append((code, False))
        rows += [(child, True) for child in codes if child.parent_id == code.pk]
    return list(sections.values())


MARKDOWN_SIGNS = re.compile(r"([\\`*_{}\[\]<>()#+!|~])")


def escaped(text):
    """On one line, without anything that Markdown would read as markup."""
    return MARKDOWN_SIGNS.sub(r"\\\1", " ".join(text.split()))


def as_markdown(study: Study, known: CodeQuerySet | None = None) -> str:
    title = escaped(study.title)
    lines = [f"# Codebook of {title}", "", f"Version {study.codebook_version}.", ""]
    for section, codes in by_section(study, known):
        lines += [f"## {escaped(section.label)}", ""]
        for code, is_child in codes:
            indent = "  " * is_child
            lines.append(
                f"{indent}- **{escaped(code.label)}**"
                + (f": {escaped(code.definition)}" * bool(code.definition))
            )
            for heading, text in (("Not for", code.when_not), ("For example", code.example)):
                if text:
                    lines.append(f"{indent}  {heading}: {escaped(text)}")
        lines.append("")
    return "\n".join(lines)


LATEX_HEAD = r"""% Needs \usepackage{longtable,booktabs,array}
\begin{longtable}{@{}p{0.3\linewidth}p{0.65\linewidth}@{}}
\caption{Codebook of %(title)s, version %(version)s}\\
\toprule
Code & Definition \\
\midrule
\endfirsthead
\toprule
Code & Definition \\
\midrule
\endhead
\bottomrule
\endlastfoot"""


def as_latex(study: Study, known: CodeQuerySet | None = None) -> str:
    head = LATEX_HEAD.replace("%(title)s", typeset(study.title))
    lines = [head.replace("%(version)s", str(study.codebook_version))]
    for section, codes in by_section(study, known):
        lines.append(rf"\multicolumn{{2}}{{@{{}}l}}{{\textbf{{{typeset(section.label)}}}}} \\")
        for code, is_child in codes:
            texts = [typeset(code.definition)]
            texts += [rf"\emph{{Not for:}} {typeset(code.when_not)}"] if code.when_not else []
            texts += [rf"\emph{{For example:}} {typeset(code.example)}"] if code.example else []
            indent = r"\quad " if is_child else ""
            lines.append(row([indent + typeset(code.label), " ".join(filter(None, texts))]))
    return "\n".join([*lines, r"\end{longtable}", ""])


# By the suffix of the file: its content type and what writes it.
WRITERS: dict[str, tuple[str, Callable[..., str]]] = {
    "csv": ("text/csv", as_csv),
    "md": ("text/markdown", as_markdown),
    "tex": ("application/x-tex", as_latex),
}
