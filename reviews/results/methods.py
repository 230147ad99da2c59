"""The methods section of a paper, written from what really happened in the study."""

from collections.abc import Iterator

from mapping.site.plurals import counted
from reviews.agreement import declarations, frozen, methods_text
from reviews.models import Summary
from reviews.results.facts import Facts

BASES = {
    "unanimous": "because all reviewers had said the same",
    "single": "from the one reviewer who coded the paper",
    "adopted": "by adopting one reviewer's answer",
    "union": "by taking all codes given",
    "intersection": "by taking the common part",
    "other": "by composing an answer",
}
EMPTY_ROUND = {"summaries": 0, "imported": 0}


def paragraphs(facts: Facts) -> list[str]:
    """True of this study, in the order in which a paper would tell it."""
    texts = [
        search_text(facts),
        " ".join(template_sentences(facts)),
        " ".join(round_sentences(facts)),
        agreement_text(facts),
        " ".join(decision_sentences(facts)),
    ]
    return [text for text in texts if text]


def search_text(facts: Facts) -> str:
    if not facts.papers["all"]:
        return ""
    records, duplicates, _ = facts.flow
    sources = "; ".join(f"{source}: {count}" for source, count in records.items())
    text = f"The study holds {counted(facts.papers['all'], 'papers')}"
    if sources:
        text += f" out of {counted(sum(records.values()), 'records')} found ({sources})"
    text += (
        f"; {counted(duplicates, 'duplicates')} {was(duplicates)} merged." if duplicates else "."
    )
    files = facts.imports["files"]
    if files:
        text += f" The records came from {counted(files, 'files')}"
        refused = facts.imports["refused"] or 0
        text += (
            f"; {counted(refused, 'entries')} could not be read and {was(refused)} left out."
            if refused
            else "."
        )
    return text


def template_sentences(facts: Facts) -> Iterator[str]:
    if not facts.sections:
        return
    yield (
        f"Every paper was to be described with {counted(len(facts.sections), 'items')}, "
        f"{len(facts.coded_sections)} of them coded, "
        f"under {counted(len(facts.questions), 'research questions')}."
    )
    if facts.codes["all"]:
        yield (
            f"The codebook has {counted(facts.codes['all'], 'codes')}, {facts.codes['defined']} "
            f"with a definition, and stands at version {facts.study.codebook_version}."
        )
    if facts.codebook_changes:
        done = ", ".join(f"{act} {times}×" for act, times in facts.codebook_changes.items())
        yield f"During the study it was changed, {reasons_given(facts)}: {done}."


def reasons_given(facts: Facts) -> str:
    """How many of the changes say why: adding and undoing ask for no reason."""
    changes, reasons = sum(facts.codebook_changes.values()), facts.changes_with_reason
    if reasons == 0:
        return "without a reason on record"
    if reasons == changes:
        return "each time with the reason on record"
    return f"{counted(reasons, 'times')} of {changes} with the reason on record"


def round_sentences(facts: Facts) -> Iterator[str]:
    for one in facts.rounds:
        round = one.round
        yield (
            f"In the {round.kind} round “{round}” ({round.phase}), "
            f"{counted(one.papers, 'papers')} {was(one.papers)} handed out to "
            f"{counted(one.readers, 'reviewers')}; two or more read {overlap_in_words(one)}"
            + ("; the round is still open." if not round.is_closed else ".")
        )
    if facts.rounds:
        yield from blindness_sentences(facts)


def overlap_in_words(handed_out):
    if not handed_out.overlap:
        return "none of them"
    return "all of them" if handed_out.overlap == handed_out.papers else str(handed_out.overlap)


def blindness_sentences(facts: Facts) -> Iterator[str]:
    """Who could see what: of what was coded here. What came in files was coded elsewhere."""
    imported = sum(origin["imported"] for origin in facts.origins.values())
    summaries = sum(origin["summaries"] for origin in facts.origins.values())
    if imported:
        yield (
            f"{counted(imported, 'summaries')} of {summaries:,} came from files and "
            f"{was(imported)} made "
            "outside of Concord, which cannot say whether their reviewers worked independently."
        )
    if imported and imported == summaries:
        return
    waits = facts.study.others_visible == facts.study.OthersVisible.AFTER_CLOSING
    when = "the round was closed" if waits else "they had submitted their own"
    exceptions = blindness_exceptions(facts)
    but_for = f", but for {' and '.join(exceptions)}" if exceptions else ""
    who = "Of those who coded here nobody" if imported else "Nobody"
    yield f"{who} could see another reviewer's answers on a paper before {when}{but_for}."


def blindness_exceptions(facts: Facts) -> list[str]:
    exceptions = []
    if facts.early_looks:
        papers = counted(facts.early_looks, "papers")
        exceptions.append(f"{papers} at which a lead looked early, as the log tells")
    if facts.why_not_independent:
        count = sum(facts.why_not_independent.values())
        exceptions.append(
            f"{counted(count, 'summaries')} whose reviewer could read others' answers "
            f"on the paper before ({methods_text.reasons(facts.why_not_independent)}), "
            f"which no figure of agreement counts"
        )
    return exceptions


def agreement_text(facts: Facts) -> str:
    if facts.study.statistics_off_reason:
        return methods_text.switched_off(facts.study)
    late = declarations.late_changes(facts.study)
    texts = [
        methods_text.methods(
            declarations.with_changes(report["sections"], late),
            round_name=f"the round “{round}”",
            not_independent=frozen.why_left_out(report),
            known_since=known_since(facts, report),
            **facts.origins.get(round.pk, EMPTY_ROUND),
        )
        for round, report in facts.frozen_reports
    ]
    return " ".join(text for text in texts if text)


def known_since(facts: Facts, report: dict) -> int:
    """How many summaries of a frozen report are known not to be independent only since then."""
    if not facts.not_independent:
        return 0
    first = Summary.objects.first_submissions().filter(assignment__in=facts.not_independent)
    names = first.values_list("assignment__uid", "revision")
    return frozen.known_since(report, {frozen.SummaryName(*name) for name in names})


def decision_sentences(facts: Facts) -> Iterator[str]:
    settled = facts.settled_by_basis
    if not settled:
        return
    ways = "; ".join(
        f"{settled[basis]} {words}" for basis, words in BASES.items() if settled[basis]
    )
    count = sum(settled.values())
    yield f"{counted(count, 'findings').capitalize()} {was(count)} settled: {ways}."
    yield (
        "No difference was settled by majority vote; every decision keeps who made it, and why "
        "where they differed."
    )
    remarks, rules = facts.remarks
    if remarks:
        yield (
            f"The discussion left {counted(remarks, 'remarks')}, {rules} of them kept as "
            f"decision rules."
        )
    if facts.study.is_anonymous:
        yield "Reviewers' names were hidden while differences were settled."


def was(count: int) -> str:
    return "was" if count == 1 else "were"
