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


def feedback_for(membership):
    """`[OfSection]` in the order of the template, of findings that this member may see."""
    study = membership.study
    sections = {section.pk: section for section in study.sections.in_use().select_related("phase")}
    mine = visible_summaries(membership).filter(assignment__reviewer=membership.user_id)
    labels = Codebook(study).labels
    decided = decisions(visible_findings(membership), labels)
    apart = papers_apart(membership)
    tallies = {pk: SectionTally(labels) for pk in sections}
    for own in compared(study, mine, sections.values()):
        settled, tally = decided.get((own.paper, own.section)), tallies[own.section]
        if settled is None or own.comparison.state == "blank":
            continue
        if (own.paper, sections[own.section].phase_id) in apart:
            tally.not_independent += 1
        else:
            tally.add(own.paper, own.comparison.options[0].judgement, settled)
    papers = Paper.objects.in_bulk(
        {paper for tally in tallies.values() for paper, *_ in tally.differing}
    )
    return [
        tally.of_section(sections[pk], papers)
        for pk, tally in tallies.items()
        if tally.papers or tally.not_independent
    ]


class SectionTally:
    """One reviewer's answers on one section against the findings, as they are counted."""

    def __init__(self, labels):
        self.labels = labels
        self.same = self.papers = self.not_independent = 0
        self.differing = []  # of (primary key of the paper, what was given, what was settled)
        self.codes = defaultdict(Counter)  # {code: {"kept", "dropped", "missed": papers}}

    def add(self, paper, given, settled):
        self.papers += 1
        if given.says_the_same(settled):
            self.same += 1
        else:
            self.differing.append(
                (paper, in_words(given, self.labels), in_words(settled, self.labels))
            )
        given_codes, settled_codes = set(given.codes), set(settled.codes)
        for outcome, codes in (
            ("kept", given_codes & settled_codes),
            ("dropped", given_codes - settled_codes),
            ("missed", settled_codes - given_codes),
        ):
            for code in codes:
                self.codes[code][outcome] += 1

    def of_section(self, section, papers):
        return OfSection(
            section,
            self.same,
            self.papers,
            self.of_codes(),
            [(papers[paper], given, settled) for paper, given, settled in self.differing],
            self.not_independent,
        )

    def of_codes(self):
        of_codes = [
            OfCode(self.labels[code], counts["kept"], counts["dropped"], counts["missed"])
            for code, counts in self.codes.items()
        ]
        return sorted(of_codes, key=lambda code: (-(code.dropped + code.missed), code.label))


def papers_apart(membership):
    """`{(paper, phase)}` of which this member submitted nothing that is independent."""
    mine = Assignment.objects.of(membership).submitted()
    apart = Independence(membership.study, user=membership.user).apart(mine)
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
        (finding.paper_id, finding.section_id): replace(
            judgement_of(finding, marks=()),
            marks=tuple(map(Mark, sorted(codes[finding.pk], key=labels.get))),
        )
        for finding in findings
    }
