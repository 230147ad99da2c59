"""Why reviewers differed, as the deciders saw it: which codes need a better definition."""

from collections import Counter, defaultdict
from typing import NamedTuple

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
    times: int  # with an ambiguous definition as the cause
    of: int  # decisions on differences in this code
    examples: list  # of (Paper, rationale)


def causes_in(study, user):
    """`(counts by cause, [Ranked])` of the decisions in force, on papers where this person may see
    what was said.
    """
    hidden = hidden_from(user, study)
    labels, went_to = Codebook(study).labels, codes_of_today(study)
    decided = (
        Resolution.objects.in_force()
        .filter(paper__study=study)
        .exclude(cause="")
        .select_related("section")
    )
    newest = {(one.paper_id, one.section_id): one for one in decided.order_by("decided_at", "pk")}
    by_cause, times, total, papers = Counter(), Counter(), Counter(), defaultdict(list)
    sections = {}
    for one in newest.values():
        if (one.paper_id, one.section.phase_id) in hidden:
            continue
        by_cause[one.cause] += 1
        sections[one.section_id] = one.section
        for code in apart(one, went_to) or [None]:
            total[one.section_id, code] += 1
            if one.cause == Resolution.Cause.DEFINITION:
                times[one.section_id, code] += 1
                papers[one.section_id, code].append((one.paper_id, one.rationale))
    titles = Paper.objects.in_bulk({paper for several in papers.values() for paper, _ in several})
    ranked = [
        Ranked(
            sections[section],
            code,
            labels.get(code, "") if code else "",
            number,
            total[section, code],
            [(titles[paper], why) for paper, why in worst(papers[section, code])],
        )
        for (section, code), number in times.items()
    ]
    return by_cause, sorted(ranked, key=lambda one: (-one.times, -one.times / one.of, one.label))


def worst(examples):
    """Those that took most words to settle."""
    return sorted(examples, key=lambda one: -len(one[1]))[:EXAMPLES]


def apart(resolution, went_to):
    """The codes that some had given and others had not."""
    several = [
        {went_to.get(code, code) for code in answer["codes"]}
        for answer in resolution.content.get("said", {}).values()
        if not answer["is_blank"]
    ]
    return set.union(*several) - set.intersection(*several) if several else set()
