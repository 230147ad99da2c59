"""A paragraph on agreement for the methods section of a paper."""

from django.template.defaultfilters import pluralize

from mapping.judgement.absences import listed
from mapping.judgement.kinds import KINDS
from mapping.protocol.coefficients import HEADLINE
from reviews.agreement import frozen as agreement_frozen
from reviews.agreement import measures
from reviews.models import PriorAccess


def switched_off(study):
    return f"No agreement statistics are reported: {study.statistics_off_reason}"


def methods(
    reports: list[dict],
    *,
    round_name: str,
    not_independent: dict[str, int],
    summaries: int,
    imported: int,
    known_since: int = 0,
) -> str:
    """The paragraph, true of these reports.

    `not_independent`: `{why: summaries}` left out; `imported`: how many of the summaries came out
    of files; `known_since`: how many behind frozen figures are not independent either, as is known
    now.
    """
    if not any(report["papers"] for report in reports):
        return ""
    is_whole = not (not_independent or known_since)
    counts = coded_papers(reports, round_name)
    sentences = [
        f"{counts}; {independence_clause(summaries, imported, is_whole=is_whole)}",
        *left_out_sentences(not_independent, known_since),
        coefficients_used(reports),
        *declaration_sentences(reports),
        missing_answers(reports),
        intervals_used(),
    ]
    return " ".join(sentences)


def coded_papers(reports, round_name):
    papers = max(report["papers"] for report in reports)
    raters = max(report["raters"] for report in reports)
    return (
        f"In {round_name}, {papers} paper{pluralize(papers, ' was,s were')} coded by two or more "
        f"of {raters} reviewers with {len(reports)} coded item{pluralize(len(reports))}"
    )


def intervals_used():
    return (
        "Intervals are 95 % percentile bootstrap intervals over papers with "
        f"{measures.REPLICATES:,} replicates (seed {measures.SEED}), each of which recomputes the "
        "expected disagreement. Coefficients without variation in the ratings are reported as "
        f"undefined. Computed with {agreement_frozen.software()}."
    )


def left_out_sentences(not_independent, known_since):
    """What was left out because it was not independent, and what should have been."""
    count = sum(not_independent.values())
    if count:
        yield (
            f"{count} {pluralize(count, 'summary,summaries')} {pluralize(count, 'was,were')} "
            "left out as not independent, since the reviewer could read others' answers on the "
            f"paper before submitting their own: {reasons(not_independent)}."
        )
    if known_since:
        yield (
            f"{known_since} of the summaries behind these figures "
            f"{pluralize(known_since, 'is,are')} not independent: "
            "that the reviewer could read others' answers before was not on record when the round "
            "was closed."
        )


def reasons(not_independent: dict[str, int]) -> str:
    """How many for each reason, in words."""
    labels = dict(PriorAccess.Why.choices)
    return ", ".join(
        f"{count} {labels[why]}" for why, count in sorted(not_independent.items()) if count
    )


def independence_clause(summaries, imported, *, is_whole=True):
    """How independent the codings were: what was coded elsewhere, nobody here can vouch for. Not
    `is_whole`: some were left out, or should have been."""
    limit = "" if is_whole else " whose answers count as independent"
    blind = "worked without access to the others' answers until they had submitted their own"
    if not imported:
        return (
            f"every reviewer{limit} {blind}, and reliability was computed from these first "
            "submissions alone."
        )
    if imported == summaries:
        return (
            "their codings were imported from files, so how independently they were made is "
            "not on record here."
        )
    return (
        f"reviewers{limit} {blind}, and reliability was computed from first submissions alone; "
        f"but {imported} of {summaries} summaries were imported from files, and how independently "
        "these were made is not on record here."
    )


def coefficients_used(reports):
    distances = dict.fromkeys(KINDS[report["kind"]].metric_words for report in reports)
    text = (
        f"We report Krippendorff's alpha (Krippendorff 2011) with {listed(distances)}, because one "
        "definition covers any number of reviewers, missing codings and every scale"
    )
    chosen = {
        report["label"]: measures.LABELS[report["primary"]]
        for report in reports
        if report["primary"] != HEADLINE
    }
    named = [f"{name} for “{label}”" for label, name in chosen.items()]
    return (
        f"{text}; {listed(named)} had been chosen as primary coefficient." if named else f"{text}."
    )


def declaration_sentences(reports):
    targets = {
        report["label"]: report["target"] for report in reports if report["target"] is not None
    }
    if targets:
        named = [f"{target:g} for “{label}”" for label, target in targets.items()]
        yield (
            f"Targets were {listed(named)}; where an interval includes its target, the papers "
            "are too few to tell."
        )
    late = [
        f"for “{report['label']}” ({'; '.join(report['changed_late'])})"
        for report in reports
        if report["changed_late"]
    ]
    if late:
        yield (
            "After the first submission the declaration of coefficient and target was changed "
            f"{listed(late)}."
        )


def missing_answers(reports):
    text = (
        "Blank answers count as missing. “Not reported”, “unclear” and “not applicable” count as "
        "categories of their own, except on ordinal and numeric scales, where they have no place "
        "and are left out"
    )
    left_out = sum(sum(report["left_out"].values()) for report in reports)
    return f"{text} ({left_out} here)."
