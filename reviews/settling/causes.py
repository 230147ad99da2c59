"""Why reviewers differed, as the deciders saw it: which codes need a better definition."""

from collections import Counter, defaultdict
from typing import NamedTuple

from mapping.judgement.values import CODE_GONE
from mapping.models import Paper, Section
from reviews.models import Resolution
from reviews.settling.answers import Codebook
from reviews.settling.decisions import codes_of_today
from reviews.settling.unanimous import hidden_from

EXAMPLES = 5


class Ranked(NamedTuple):
    section: Section
    code: int  # None where the section has no codes, or nobody's codes differed
    label: str
    ambiguous: int  # with an ambiguous definition as the cause
    decided: int  # decisions on differences in this code
    examples: list  # of (Paper, rationale)


def causes_in(membership):
    """`(counts by cause, [Ranked])` of the decisions in force, on papers where this member may see
    what was said.
    """
    study, hidden = membership.study, hidden_from(membership)
    decisions = [
        resolution
        for resolution in newest_with_cause(study)
        if (resolution.paper_id, resolution.section.phase_id) not in hidden
    ]
    by_cause = Counter(resolution.cause for resolution in decisions)
    went_to = codes_of_today(study)
    decided, examples = Counter(), defaultdict(list)
    for resolution in decisions:
        for code in apart(resolution, went_to) or [None]:
            decided[resolution.section, code] += 1
            if resolution.cause == Resolution.Cause.DEFINITION:
                examples[resolution.section, code].append(resolution)
    return by_cause, ranked(decided, examples, Codebook(study).labels)


def newest_with_cause(study):
    """Of each section of each paper the newest decision in force that names a cause."""
    decisions = Resolution.objects.in_force().filter(paper__study=study).exclude(cause="")
    decisions = decisions.select_related("section").order_by("decided_at", "pk")
    newest = {(resolution.paper_id, resolution.section_id): resolution for resolution in decisions}
    return newest.values()


def ranked(decided, examples, labels):
    """The codes whose definition was ambiguous most often first: `decided` counts the decisions on
    each, `examples` are those of this cause.
    """
    papers = Paper.objects.in_bulk(
        {resolution.paper_id for several in examples.values() for resolution in several}
    )
    rows = [
        Ranked(
            section,
            code,
            labels.get(code, "") if code else "",
            len(several),
            decided[section, code],
            [(papers[resolution.paper_id], resolution.rationale) for resolution in worst(several)],
        )
        for (section, code), several in examples.items()
    ]
    return sorted(rows, key=lambda row: (-row.ambiguous, -row.ambiguous / row.decided, row.label))


def worst(resolutions):
    """Those that took most words to settle."""
    return sorted(resolutions, key=lambda resolution: -len(resolution.rationale))[:EXAMPLES]


def apart(resolution, went_to):
    """The codes that some had given and others had not."""
    several = [
        {went_to.get(code, CODE_GONE) for code in answer["codes"]}
        for answer in resolution.content.get("said", {}).values()
        if not answer["is_blank"]
    ]
    return set.union(*several) - set.intersection(*several) if several else set()
