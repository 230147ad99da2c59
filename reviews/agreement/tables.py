"""The statistics as they leave: for the command, as files, as tables for a paper, as a paragraph
for its methods.
"""

from functools import partial

from django.template.defaultfilters import pluralize

from mapping.exchange.latex import tabular, typeset
from mapping.exchange.table import Column, Table
from mapping.protocol.coefficients import HEADLINE
from reviews.agreement import declarations, measures
from reviews.agreement import frozen as agreement_frozen
from reviews.agreement.ratings import CODE, PARENT, Sheet, everything
from reviews.models import PriorAccess, Summary


def of_study(study, rounds, level=CODE):
    """What the command prints: every section of these rounds, from everybody's first
    submissions.
    """
    found = {
        "study": study.slug,
        "statistics_off": study.statistics_off_reason,
        "level": level,
        "sections": [],
    }
    if not study.statistics_off_reason:
        found["sections"] = reports(Sheet(study, everything(study), level=level), rounds)
    return found | {
        "replicates": measures.REPLICATES,
        "seed": measures.SEED,
        "software": agreement_frozen.software(),
    }


def reports(sheet, rounds, frozen=None):
    """Full reports: of a closed round as it was kept (if its id is in `frozen`, None: all), else
    from the sheet.
    """
    found = []
    for round in rounds:
        is_kept = sheet.level == CODE and (frozen is None or round.pk in frozen)
        found += agreement_frozen.as_kept(round.frozen_agreement if is_kept else None, sheet, round)
    return declarations.with_changes(found, declarations.late_changes(sheet.study))


def reports_in(scope, level=CODE):
    """What a table shows: kept figures of the rounds of which the scope holds every summary, else
    from the scope.
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
    Column("kind", "codes, code, stage, yes_no or number"),
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


def agreement_rows(scope, level=CODE):
    for one in reports_in(scope, level):
        head = [one["phase"], one["round"], one["section"], one["kind"]]
        counts = [one["papers"], one["units"], one["raters"]]
        share = one["percent_agreement"]
        reason = "" if share is not None else "no paper was coded by two raters"
        apart = one.get("not_independent")
        yield [
            *head,
            "percent_agreement",
            "",
            share,
            None,
            None,
            *counts,
            reason,
            False,
            None,
            None,
            "",
            apart,
        ]
        for name, found in one["coefficients"].items():
            is_primary = name == one["primary"]
            yield [
                *head,
                name,
                found["metric"],
                found["value"],
                found["low"],
                found["high"],
                found["papers"],
                found["units"],
                found["raters"],
                found["reason"],
                is_primary,
                one["target"] if is_primary else None,
                found["replicates"],
                "; ".join(one["changed_late"]) if is_primary else "",
                apart,
            ]


def codes_rows(scope, level=CODE):
    for one in reports_in(scope, level):
        for code in one.get("codes", ()):
            yield [
                one["phase"],
                one["round"],
                one["section"],
                *(code[column.name] for column in CODES_COLUMNS[3:-1]),
                one.get("not_independent"),
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
HEAD = ("Section", "Coefficient", "Value", "95 % interval", "Agreement", "Papers", "Raters")


def table_rows(reports):
    """The primary coefficient of every section, as a paper would print it."""
    for one in reports:
        found = one["coefficients"][one["primary"]]
        value = (
            f"undefined: {found['reason']}" if found["value"] is None else f"{found['value']:.2f}"
        )
        between = "–" if found["low"] is None else f"[{found['low']:.2f}, {found['high']:.2f}]"
        share = "–" if one["percent_agreement"] is None else f"{one['percent_agreement']:.0%}"
        name = f"{measures.LABELS[one['primary']]} ({found['metric']})"
        label = one["label"] + (LATE if one["changed_late"] else "")
        yield [label, name, value, between, share, str(one["papers"]), str(one["raters"])]


def notes(reports):
    """Below the table: what was left out, and what was declared when figures could be known
    already.
    """
    apart = [
        f"{one['label']} {one['not_independent']}" for one in reports if one.get("not_independent")
    ]
    if apart:
        yield (
            f"Not independent and left out (their reviewers could read others' answers before): "
            f"{', '.join(apart)}."
        )
    for one in reports:
        if one["changed_late"]:
            yield (
                f"{LATE} {one['label']}: declared after the first submission: "
                f"{'; '.join(one['changed_late'])}."
            )


def switched_off(study):
    return f"No agreement statistics are reported: {study.statistics_off_reason}"


def markdown(study, reports):
    if study.statistics_off_reason:
        return f"{escaped_markdown(switched_off(study))}\n"
    rows = [HEAD, *table_rows(reports)]
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
    return "\n".join([*tabular("llllrrr", HEAD, table_rows(reports)), *below, ""])


def methods(reports, *, round_name, not_independent, summaries, imported, known_since=0):
    """A paragraph for the methods section of a paper, true of these reports. `not_independent`:
    `{why: summaries}` left out; `imported`: how many of the summaries came out of files;
    `known_since`: how many behind figures that were kept at closing are not independent either, as
    is known now.
    """
    if not any(one["papers"] for one in reports):
        return ""
    papers, raters = (max(one[fact] for one in reports) for fact in ("papers", "raters"))
    sentences = [
        f"In {round_name}, {papers} paper{pluralize(papers, ' was,s were')} coded by two or more "
        f"of {raters} reviewers "
        f"with {len(reports)} coded item{pluralize(len(reports))}; "
        f"{independence(summaries, imported, is_whole=not (not_independent or known_since))}",
        *not_counted(not_independent, known_since),
    ]
    sentences += [statistics_used(reports), *declared(reports), missing(reports)]
    sentences.append(
        f"Intervals are 95 % percentile bootstrap intervals over papers with "
        f"{measures.REPLICATES:,} replicates (seed "
        f"{measures.SEED}), each of which recomputes the expected disagreement. Coefficients "
        f"without variation in the "
        f"ratings are reported as undefined. Computed with {agreement_frozen.software()}."
    )
    return " ".join(sentences)


def not_counted(not_independent, known_since):
    """What was left out because it was not independent, and what should have been."""
    number = sum(not_independent.values())
    if number:
        yield (
            f"{number} {pluralize(number, 'summary,summaries')} {pluralize(number, 'was,were')} "
            f"left out as not "
            f"independent, since the reviewer could read others' answers on the paper before "
            f"submitting their own: "
            f"{reasons(not_independent)}."
        )
    if known_since:
        yield (
            f"{known_since} of the summaries behind these figures "
            f"{pluralize(known_since, 'is,are')} not independent: "
            "that the reviewer could read others' answers before was not on record when the round "
            "was closed."
        )


def reasons(not_independent):
    labels = dict(PriorAccess.Why.choices)
    return ", ".join(
        f"{number} {labels[why]}" for why, number in sorted(not_independent.items()) if number
    )


def independence(summaries, imported, *, is_whole=True):
    """How independent the codings were: what was coded elsewhere, nobody here can vouch for. Not
    `is_whole`: some were left out, or should have been."""
    counted = "" if is_whole else " whose answers count as independent"
    blind = "worked without access to the others' answers until they had submitted their own"
    if not imported:
        return (
            f"every reviewer{counted} {blind}, and reliability was computed from these first "
            f"submissions alone."
        )
    if imported == summaries:
        return (
            "their codings were imported from files, so how independently they were made is "
            "not on record here."
        )
    return (
        f"reviewers{counted} {blind}, and reliability was computed from first submissions alone; "
        f"but {imported} of {summaries} summaries were imported from files, and how independently "
        f"these were made is "
        "not on record here."
    )


WHY = {
    "codes": "the MASI distance between sets of codes (Passonneau 2006)",
    "code": "the nominal distance for single codes",
    "yes_no": "the nominal distance for yes-or-no items",
    "stage": "the ordinal distance for stages",
    "number": "the squared difference for numbers",
}


def statistics_used(reports):
    kinds = dict.fromkeys(WHY[one["kind"]] for one in reports)
    text = (
        f"We report Krippendorff's alpha (Krippendorff 2011) with {listed(kinds)}, because one "
        f"definition covers any "
        "number of reviewers, missing codings and every scale"
    )
    others = {
        one["label"]: measures.LABELS[one["primary"]]
        for one in reports
        if one["primary"] != HEADLINE
    }
    named = [f"{name} for “{label}”" for label, name in others.items()]
    return (
        f"{text}; {listed(named)} had been chosen as primary coefficient." if named else f"{text}."
    )


def declared(reports):
    targets = {one["label"]: one["target"] for one in reports if one["target"] is not None}
    if targets:
        named = [f"{target:g} for “{label}”" for label, target in targets.items()]
        yield (
            f"Targets were {listed(named)}; where an interval includes its target, the papers "
            f"are too few to tell."
        )
    late = [
        f"for “{one['label']}” ({'; '.join(one['changed_late'])})"
        for one in reports
        if one["changed_late"]
    ]
    if late:
        yield (
            f"After the first submission the declaration of coefficient and target was changed "
            f"{listed(late)}."
        )


def missing(reports):
    text = (
        "Blank answers count as missing. “Not reported”, “unclear” and “not applicable” count as "
        "categories of their "
        "own, except on ordinal and numeric scales, where they have no place and are left out"
    )
    left_out = sum(number for one in reports for number in one["left_out"].values())
    return f"{text} ({left_out} here)."


def listed(words):
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
