"""What became of one reviewer's codings: theirs against what was settled, per section and
per code.
"""

from collections import Counter, defaultdict
from dataclasses import replace
from typing import NamedTuple

from mapping.judgement.values import Mark
from mapping.models import FindingMark, Paper
from reviews.blindness.independence import Independence
from reviews.blindness.visible import visible_findings, visible_summaries
from reviews.judgement.database import judgement_of
from reviews.models import Assignment
from reviews.settling.answers import Codebook, compared
from reviews.settling.decisions import in_words


class OfSection(NamedTuple):
    section: object
    same: int
    papers: int
    codes: list  # of OfCode, those with most differences first
    differing: list  # of (Paper, what was given, what was settled)
    not_independent: int = 0  # papers of which others' answers could be read before: not counted


class OfCode(NamedTuple):
    label: str
    kept: int  # given and settled
    dropped: int  # given, not settled
    missed: int  # settled, not given


def feedback_for(user, study):
    """`[OfSection]` in the order of the template, of findings that this person may see."""
    sections = {one.pk: one for one in study.sections.in_use().select_related("phase")}
    mine = visible_summaries(user, study).filter(assignment__reviewer=user)
    labels = Codebook(study).labels
    decided = decisions(visible_findings(user, study), labels)
    counts, same, papers, differing = defaultdict(Counter), Counter(), Counter(), defaultdict(list)
    apart, not_counted = papers_apart(user, study), Counter()
    for said in compared(study, mine, sections.values()):
        settled, section = decided.get((said.paper, said.section)), sections[said.section]
        if settled is None or said.comparison.state == "blank":
            continue
        if (said.paper, section.phase_id) in apart:
            not_counted[section.pk] += 1
            continue
        given = said.comparison.options[0].judgement
        papers[section.pk] += 1
        if given.says_the_same(settled):
            same[section.pk] += 1
        else:
            differing[section.pk].append(
                (said.paper, in_words(given, labels), in_words(settled, labels))
            )
        mine_codes, theirs = set(given.codes), set(settled.codes)
        for word, several in (
            ("kept", mine_codes & theirs),
            ("dropped", mine_codes - theirs),
            ("missed", theirs - mine_codes),
        ):
            for code in several:
                counts[section.pk, code][word] += 1
    titles = Paper.objects.in_bulk(
        {paper for several in differing.values() for paper, *_ in several}
    )
    return [
        OfSection(
            section,
            same[pk],
            papers[pk],
            of_codes(pk, counts, labels),
            [(titles[paper], given, settled) for paper, given, settled in differing[pk]],
            not_counted[pk],
        )
        for pk, section in sections.items()
        if papers[pk] or not_counted[pk]
    ]


def papers_apart(user, study):
    """`{(paper, phase)}` of which this person submitted nothing that is independent."""
    mine = Assignment.objects.of(user, study).submitted()
    apart = Independence(study, user=user).apart(mine)
    if not apart:
        return set()
    counted = set(mine.exclude(pk__in=apart).values_list("paper", "round__phase"))
    return set(mine.filter(pk__in=apart).values_list("paper", "round__phase")) - counted


def decisions(findings, labels):
    """`{(paper, section): Judgement}`: what was settled, codes by label as everywhere."""
    codes = defaultdict(set)
    for finding, code in FindingMark.objects.filter(finding__in=findings).values_list(
        "finding", "code"
    ):
        codes[finding].add(code)
    return {
        (one.paper_id, one.section_id): replace(
            judgement_of(one, marks=()),
            marks=tuple(map(Mark, sorted(codes[one.pk], key=labels.get))),
        )
        for one in findings
    }


def of_codes(section, counts, labels):
    found = [
        OfCode(labels[code], words["kept"], words["dropped"], words["missed"])
        for (one, code), words in counts.items()
        if one == section
    ]
    return sorted(found, key=lambda code: (-(code.dropped + code.missed), code.label))
