"""The statistics as they leave: for the command, as CSV files, as tables for a paper."""

from collections.abc import Collection, Iterable, Iterator
from functools import partial

from mapping.exchange.latex import tabular, typeset
from mapping.exchange.table import Column, Scope, Table
from mapping.judgement.absences import listed
from mapping.judgement.kinds import CODED
from mapping.models import Study
from reviews.agreement import declarations, measures
from reviews.agreement import frozen as agreement_frozen
from reviews.agreement.methods_text import switched_off
from reviews.agreement.ratings import CODE, PARENT, Sheet, everything
from reviews.models import Round, Summary


def of_study(study: Study, rounds: Iterable[Round], level: str = CODE) -> dict:
    """What the command prints: every section of these rounds, from everybody's first
    submissions.
    """
    is_off = bool(study.statistics_off_reason)
    return {
        "study": study.slug,
        "statistics_off": study.statistics_off_reason,
        "level": level,
        "sections": [] if is_off else reports(Sheet(study, everything(study), level=level), rounds),
        "replicates": measures.REPLICATES,
        "seed": measures.SEED,
        "software": agreement_frozen.software(),
    }


def reports(
    sheet: Sheet, rounds: Iterable[Round], frozen: Collection[int] | None = None
) -> list[dict]:
    """Full reports: of a closed round the frozen ones (if its id is in `frozen`, None: of all),
    else from the sheet.
    """
    reports = []
    for round in rounds:
        is_frozen = sheet.level == CODE and (frozen is None or round.pk in frozen)
        report = round.frozen_agreement if is_frozen else None
        reports += agreement_frozen.frozen_or_live(report, sheet, round)
    return declarations.with_changes(reports, declarations.late_changes(sheet.study))


def reports_in(scope: Scope, level: str = CODE) -> list[dict]:
    """What a table shows: the frozen reports of rounds of which the scope holds every summary, else
    reports from the scope.
    """
    study = scope.study
    if study.statistics_off_reason:
        return []
    summaries = scope.of(Summary)
    rounds = study.rounds.select_related("phase")
    return reports(
        Sheet(study, summaries, level=level),
        rounds,
        agreement_frozen.fully_visible(study, summaries),
    )


COLUMNS = (
    Column("phase", "key of the phase"),
    Column("round", "name of the round"),
    Column("section", "key of the section"),
    Column("kind", listed(CODED, "or")),
    Column(
        "coefficient", "percent_agreement (a share from 0 to 1), krippendorff_alpha, fleiss_kappa …"
    ),
    Column(
        "metric",
        (
            "the distance between two ratings: nominal, ordinal, interval, masi, jaccard; or the "
            "weights"
        ),
    ),
    Column("value", "empty where undefined"),
    Column("low", "lower end of the 95 % interval"),
    Column("high", "upper end of the 95 % interval"),
    Column("papers", "with two ratings or more"),
    Column("units", "ratings on these papers"),
    Column("raters", "who gave them"),
    Column("reason", "why there is no value"),
    Column("is_primary", "1: the coefficient that judges the section"),
    Column("target", "what was declared as enough"),
    Column("replicates", "bootstrap replicates behind the interval"),
    Column(
        "changed_late",
        "what was declared after the first submission, and when; of the primary coefficient",
    ),
    Column(
        "not_independent",
        "answers left out because their readers could read others' before: see summaries.csv",
    ),
)
CODES_COLUMNS = (
    Column("phase", "key of the phase"),
    Column("round", "name of the round"),
    Column("section", "key of the section"),
    Column("code", "label of the code, or the absence"),
    Column("papers", "that got it from at least one reader"),
    Column("differing", "of these, papers whose readers differ over it"),
    Column("used_by", "how many readers used it"),
    Column("krippendorff_alpha", "of given or not given; empty where undefined"),
    Column("low", "lower end of the 95 % interval"),
    Column("high", "upper end of the 95 % interval"),
    Column("reason", "why there is no alpha"),
    Column(
        "positive_agreement", "of the times a reader gave it, the share where another gave it too"
    ),
    Column("negative_agreement", "the same of not giving it"),
    Column("percent_agreement", "a share from 0 to 1"),
    Column("kappa", "Cohen's of two readers, Conger's of more"),
    Column("gwet_ac1", "Gwet's AC1"),
    Column("units", "ratings"),
    Column("raters", "who gave them"),
    Column(
        "not_independent",
        "answers left out because their readers could read others' before: see summaries.csv",
    ),
)


def agreement_rows(scope: Scope, level: str = CODE) -> Iterator[list]:
    for report in reports_in(scope, level):
        yield percent_row(report)
        for name in report["coefficients"]:
            yield coefficient_row(report, name)


def percent_row(report):
    """The row of the percent agreement, in the order of COLUMNS."""
    share = report["percent_agreement"]
    reason = "" if share is not None else "no paper was coded by two raters"
    return [
        *(report[name] for name in ("phase", "round", "section", "kind")),
        "percent_agreement",
        "",
        *(share, None, None),
        *(report[name] for name in ("papers", "units", "raters")),
        reason,
        *(False, None, None),
        "",
        report.get("not_independent"),
    ]


def coefficient_row(report, name):
    """The row of one coefficient, in the order of COLUMNS."""
    coefficient, is_primary = report["coefficients"][name], name == report["primary"]
    figures = ("metric", "value", "low", "high", "papers", "units", "raters", "reason")
    return [
        *(report[name] for name in ("phase", "round", "section", "kind")),
        name,
        *(coefficient[figure] for figure in figures),
        is_primary,
        report["target"] if is_primary else None,
        coefficient["replicates"],
        "; ".join(report["changed_late"]) if is_primary else "",
        report.get("not_independent"),
    ]


def codes_rows(scope: Scope, level: str = CODE) -> Iterator[list]:
    for report in reports_in(scope, level):
        for code in report.get("codes", ()):
            yield [
                report["phase"],
                report["round"],
                report["section"],
                *(code[column.name] for column in CODES_COLUMNS[3:-1]),
                report.get("not_independent"),
            ]


AGREEMENT = Table(
    "agreement.csv", "How far independent summaries say the same.", COLUMNS, agreement_rows
)
AGREEMENT_CODES = Table("agreement_codes.csv", "The same, code by code.", CODES_COLUMNS, codes_rows)
# The same tables where a code counts as the one it stands under; not in the bundle.
AGREEMENT_PARENT = Table(
    "agreement_parent.csv",
    "The same, of parent codes.",
    COLUMNS,
    partial(agreement_rows, level=PARENT),
)
AGREEMENT_CODES_PARENT = Table(
    "agreement_codes_parent.csv",
    "The same, parent code by parent code.",
    CODES_COLUMNS,
    partial(codes_rows, level=PARENT),
)


LATE = "*"
HEADINGS = ("Section", "Coefficient", "Value", "95 % interval", "Agreement", "Papers", "Raters")


def table_rows(reports: Iterable[dict]) -> Iterator[list[str]]:
    """The primary coefficient of every section, as a paper would print it."""
    for report in reports:
        figure = report["coefficients"][report["primary"]]
        value, share = figure["value"], report["percent_agreement"]
        yield [
            report["label"] + (LATE if report["changed_late"] else ""),
            f"{measures.LABELS[report['primary']]} ({figure['metric']})",
            f"undefined: {figure['reason']}" if value is None else f"{value:.2f}",
            "–" if figure["low"] is None else f"[{figure['low']:.2f}, {figure['high']:.2f}]",
            "–" if share is None else f"{share:.0%}",
            str(report["papers"]),
            str(report["raters"]),
        ]


def notes(reports: list[dict]) -> Iterator[str]:
    """Below the table: what was left out, and what was declared when figures could be known
    already.
    """
    left_out = [
        f"{report['label']} {report['not_independent']}"
        for report in reports
        if report.get("not_independent")
    ]
    if left_out:
        yield (
            f"Not independent and left out (their reviewers could read others' answers before): "
            f"{', '.join(left_out)}."
        )
    for report in reports:
        if report["changed_late"]:
            yield (
                f"{LATE} {report['label']}: declared after the first submission: "
                f"{'; '.join(report['changed_late'])}."
            )


def markdown(study, reports):
    if study.statistics_off_reason:
        return f"{escaped_markdown(switched_off(study))}\n"
    rows = [HEADINGS, *table_rows(reports)]
    lines = [f"| {' | '.join(map(escaped_markdown, row))} |" for row in rows]
    lines.insert(1, "| --- | --- | ---: | --- | ---: | ---: | ---: |")
    for note in notes(reports):
        lines += ["", escaped_markdown(note)]
    return "\n".join(lines) + "\n"


def escaped_markdown(cell):
    for character in "\\|`*_<>":
        cell = cell.replace(character, f"\\{character}")
    return " ".join(cell.split())


def latex(study, reports):
    """A `tabular` for the package booktabs."""
    if study.statistics_off_reason:
        return f"{typeset(switched_off(study))}\n"
    below = [rf"\par\smallskip{{\footnotesize {typeset(note)}\par}}" for note in notes(reports)]
    return "\n".join([*tabular("llllrrr", HEADINGS, table_rows(reports)), *below, ""])
