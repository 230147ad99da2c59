"""The codebook as a file: CSV, Markdown, LaTeX; without counts, which would be computed from
answers.
"""

import csv
import io
import re

from mapping.exchange.latex import row, typeset
from mapping.exchange.table import safe
from mapping.models import Code

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
STANDING = (Code.Status.ACTIVE, Code.Status.RETIRED, Code.Status.MERGED)


def codes_of(study, codes, *statuses):
    """Those of the study, or of `codes`, a queryset of what the reader may know of."""
    found = Code.objects.filter(section__study=study, status__in=statuses or STANDING)
    if codes is not None:
        found = found.filter(pk__in=codes.order_by().values("pk"))
    return found.select_related("section", "parent", "merged_into").order_by(
        "section__phase__position", "section__position", "section", "position", "pk"
    )


def as_csv(study, known=None):
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(map(safe, COLUMNS))
    for code in codes_of(study, known):
        into, parent = code.merged_into, code.parent
        writer.writerow(
            map(
                safe,
                [
                    code.section.key,
                    code.label,
                    parent.label if parent else "",
                    code.definition,
                    code.when_not,
                    code.example,
                    code.position,
                    code.status,
                    into.label if into else "",
                    int(code.excludes_paper),
                ],
            )
        )
    return buffer.getvalue()


def by_section(study, known=None):
    """`[(section, [(code, is_child)])]` of the codes in use, children after their parents."""
    chapters = {}
    codes = list(codes_of(study, known, Code.Status.ACTIVE))
    active = {code.pk for code in codes}
    for code in codes:
        if code.parent_id in active:
            continue
        rows = chapters.setdefault(code.section_id, (code.section, []))[1]
        rows.append((code, False))
        rows += [(child, True) for child in codes if child.parent_id == code.pk]
    return list(chapters.values())


MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|~])")


def marked(text):
    return MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def as_markdown(study, known=None):
    lines = [f"# Codebook of {marked(study.title)}", "", f"Version {study.codebook_version}.", ""]
    for section, codes in by_section(study, known):
        lines += [f"## {marked(section.label)}", ""]
        for code, is_child in codes:
            indent = "  " * is_child
            lines.append(
                f"{indent}- **{marked(code.label)}**"
                + (f": {marked(code.definition)}" * bool(code.definition))
            )
            for word, text in (("Not for", code.when_not), ("For example", code.example)):
                if text:
                    lines.append(f"{indent}  {word}: {marked(text)}")
        lines.append("")
    return "\n".join(lines)


HEAD = r"""% Needs \usepackage{longtable,booktabs,array}
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


def as_latex(study, known=None):
    lines = [
        HEAD.replace("%(title)s", typeset(study.title)).replace(
            "%(version)s", str(study.codebook_version)
        )
    ]
    for section, codes in by_section(study, known):
        lines.append(rf"\multicolumn{{2}}{{@{{}}l}}{{\textbf{{{typeset(section.label)}}}}} \\")
        for code, is_child in codes:
            words = [typeset(code.definition)]
            words += [rf"\emph{{Not for:}} {typeset(code.when_not)}"] if code.when_not else []
            words += [rf"\emph{{For example:}} {typeset(code.example)}"] if code.example else []
            indent = r"\quad " if is_child else ""
            lines.append(row([indent + typeset(code.label), " ".join(filter(None, words))]))
    return "\n".join([*lines, r"\end{longtable}", ""])


WRITERS = {
    "csv": ("text/csv", as_csv),
    "md": ("text/markdown", as_markdown),
    "tex": ("application/x-tex", as_latex),
}
