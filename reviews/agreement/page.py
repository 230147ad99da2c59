"""What the agreement pages show to one person: of which round, from whose answers, and what was
left out for them.
"""

from collections import Counter
from functools import cached_property
from itertools import groupby
from typing import NamedTuple
from urllib.parse import urlencode

from mapping.models import Code, Paper, Phase
from mapping.protocol.coefficients import HEADLINE
from reviews.agreement import declarations, measures, statistics
from reviews.agreement import frozen as agreement_frozen
from reviews.agreement.methods_text import reasons
from reviews.agreement.papers_behind import answer_counts, papers_url
from reviews.agreement.ratings import CODE, PARENT, Sheet
from reviews.blindness import rules
from reviews.blindness.visible import visible_summaries
from reviews.models import Assignment, Round

DISCUSSED = 10
FROM_ONE_SECTION = 3
# where nearly all say the same, any difference is many times as far as chance: that is not worth
# more
FAR = 1.5
ALL = "all-"  # before the key of a phase: all its rounds together


class Scope(NamedTuple):
    """A round, or all rounds of a phase together. `name` stands in the address."""

    name: str
    label: str
    phase: Phase
    round: Round | None = None


class VisibleAgreement:
    """The agreement of a study as far as one person may see it. Every query is made once, however
    many rows.
    """

    def __init__(self, membership, asked="", sections=None, level=CODE):
        study = membership.study
        self.membership, self.study = membership, study
        self.visible = visible_summaries(membership).submitted()
        self.has_parents = has_parents(study, sections)
        self.level = PARENT if level == PARENT and self.has_parents else CODE
        self.sheet = Sheet(study, self.visible, sections, level=self.level)
        self.rounds = list(study.rounds.select_related("phase"))
        self.scopes = self._scopes(sections)
        self.scope = self._chosen(asked)

    def _scopes(self, sections):
        phases = {section.phase_id for section in sections} if sections is not None else None
        rounds = [round for round in self.rounds if phases is None or round.phase_id in phases]
        scopes = [Scope(str(round.pk), round.name, round.phase, round) for round in rounds]
        by_phase = groupby(
            sorted(rounds, key=lambda round: (round.phase.position, round.phase_id)),
            lambda round: round.phase,
        )
        for phase, rounds_of_phase in by_phase:
            if len(list(rounds_of_phase)) > 1:
                scopes.append(
                    Scope(f"{ALL}{phase.key}", f"{phase.name}: all rounds together", phase)
                )
        return scopes

    def _chosen(self, asked):
        """What the address asks for, else the newest round of which this person may see
        anything.
        """
        for scope in self.scopes:
            if scope.name == asked:
                return scope
        with_summaries = {reading.round for reading in self.sheet.counted}
        rounds = [scope for scope in self.scopes if scope.round]
        filled = [scope for scope in rounds if scope.round.pk in with_summaries]
        return (filled or rounds or [None])[-1]

    @property
    def scope_query(self) -> dict[str, str]:
        """Round and level as query parameters."""
        round = {"round": self.scope.name} if self.scope else {}
        return round | ({"level": PARENT} if self.level == PARENT else {})

    @property
    def query(self) -> str:
        return urlencode(self.scope_query)

    @property
    def readings(self):
        if self.scope is None:
            return []
        return self.sheet.readings(self.scope.round and self.scope.round.pk, self.scope.phase.pk)

    @property
    def readings_left_out(self):
        """Because they are not independent."""
        if self.scope is None:
            return []
        return self.sheet.left_out(self.scope.phase.pk, self.scope.round and self.scope.round.pk)

    @property
    def not_independent(self):
        return len(self.readings_left_out)

    @property
    def why_not_independent(self):
        """`{why: summaries}` that these figures leave out: of frozen ones, as was known at
        closing.
        """
        frozen = self.frozen_report
        if frozen is None:
            return Counter(reading.why_not for reading in self.readings_left_out)
        return agreement_frozen.why_left_out(frozen)

    @property
    def reasons(self):
        return reasons(Counter(reading.why_not for reading in self.readings_left_out))

    @property
    def known_since(self):
        frozen = self.frozen_report
        if not frozen:
            return 0
        left_out = [reading.pk for reading in self.readings_left_out]
        names = agreement_frozen.names_of_summaries(left_out) if left_out else {}
        return agreement_frozen.known_since(frozen, set(names.values()))

    def rated(self, section):
        return self.sheet.rated(section, self.scope.round and self.scope.round.pk)

    @cached_property
    def fully_visible_rounds(self):
        return agreement_frozen.fully_visible(self.study, self.visible)

    def frozen_report_of(self, round):
        """The frozen report, of single codes, if everything behind it may be seen by this
        person; else None.
        """
        if not round or not round.frozen_agreement or self.level == PARENT:
            return None
        return round.frozen_agreement if round.pk in self.fully_visible_rounds else None

    @property
    def frozen_report(self):
        return self.frozen_report_of(self.scope.round) if self.scope else None

    def reports(self, *, full=False):
        if self.scope is None:
            return []
        if self.scope.round:
            reports = agreement_frozen.frozen_or_live(
                self.frozen_report, self.sheet, self.scope.round, full=full
            )
            return declarations.with_changes(reports, self.late_changes)
        in_phase = [
            section for section in self.sheet.sections if section.phase_id == self.scope.phase.pk
        ]
        reports = [self.report(section, full=full) for section in in_phase]
        current = [
            report for report in reports if report["raters"] or report["section"] in self._in_use
        ]
        return declarations.with_changes(current, self.late_changes)

    def report(self, section, *, full=True):
        frozen = agreement_frozen.report_of_section(self.frozen_report, section)
        return frozen or measures.report(
            self.rated(section), phase=section.phase.key, round=self.scope.label, full=full
        )

    @cached_property
    def _in_use(self):
        return {section.key for section in self.sheet.sections if not section.is_retired}

    @cached_property
    def left_out(self):
        """Papers that this person reads and that are closed to them: no figure here tells of
        them.
        """
        if self.scope is None:
            return []
        closed = rules.closed_on_own(self.membership).filter(round__phase=self.scope.phase)
        papers = Paper.objects.filter(pk__in=closed.values("paper")).order_by("key")
        if self.scope.round:
            papers = papers.filter(
                pk__in=Assignment.objects.filter(round=self.scope.round).values("paper")
            )
        return list(papers.only("key", "title"))

    @cached_property
    def late_changes(self):
        return declarations.late_changes(self.study)

    def rows(self):
        """The overview, worst first; what is undefined comes last."""
        sections = {section.key: section for section in self.sheet.sections}
        rows = [
            self.row(sections[report["section"]], report)
            for report in self.reports()
            if report["section"] in sections
        ]
        return sorted(
            rows, key=lambda row: (row["value"] is None, row["value"] or 0, row["section"].position)
        )

    def target(self, section):
        """As it stands today; what was declared was declared of single codes."""
        return section.agreement_target if self.level == CODE else None

    def row(self, section, report):
        primary = section.primary_coefficient or HEADLINE
        if primary not in report["coefficients"]:
            primary = report["primary"]
        figure = report["coefficients"][primary]
        target = self.target(section)
        percent = report["percent_agreement"]
        return {
            "section": section,
            "report": report,
            "name": measures.LABELS[primary],
            "metric": figure["metric"],
            "value": figure["value"],
            "low": figure["low"],
            "high": figure["high"],
            "reason": figure["reason"],
            "percent": None if percent is None else 100 * percent,
            "verdict": measures.verdict(figure, target),
            "target": target,
            "strip": strip(report["prevalence"]),
            "late": self.late_changes.get(section.key, []),
            "papers_url": papers_url(self.study, section, self.scope_query),
            "differ_url": papers_url(self.study, section, self.scope_query, differ=1),
        }

    def to_discuss(self):
        """The ten disagreements most worth discussing: far apart, and of a kind that comes back;
        with the reason.
        """
        candidates = []
        for section in self.sheet.sections:
            if section.phase_id == self.scope.phase.pk:
                candidates += weighted_disagreements(self.rated(section))
        candidates.sort(key=lambda row: (-row["weight"], row["section"].position, row["paper"]))
        chosen, times = [], Counter()
        for row in candidates:
            times[row["section"].pk] += 1
            if times[row["section"].pk] <= FROM_ONE_SECTION:
                chosen.append(row)
        chosen = chosen[:DISCUSSED]
        papers = Paper.objects.only("key", "title").in_bulk({row["paper"] for row in chosen})
        return [row | {"paper": papers[row["paper"]]} for row in chosen]


def has_parents(study, sections=None):
    """Whether some code stands under another: then agreement can be computed of the codes above,
    too.
    """
    codes = Code.objects.filter(parent__isnull=False)
    if sections is None:
        return codes.filter(section__study=study).exists()
    return codes.filter(section__in=sections).exists()


def worst(rated, limit=None):
    """(index of the paper, distance relative to chance), worst first."""
    kind = rated.section.kind_of
    scale = rated.categories if kind.is_scale else None
    return statistics.worst_papers(rated.table, kind.metric, scale, limit)


def weighted_disagreements(rated):
    """Disagreements of one section with their weight: distance, and how often the same confusion
    comes back.
    """
    patterns = recurring_patterns(rated)
    rows = []
    for paper, distance in worst(rated, 4 * DISCUSSED):
        pattern, papers = patterns.get(paper, ("", [paper]))
        others = len(papers) - 1
        rows.append(
            {
                "section": rated.section,
                "paper": rated.papers[paper],
                "answers": answer_counts(rated, paper),
                "weight": min(distance, FAR) * (1 + others / 4),
                "why": why(rated.section, distance, pattern, others),
            }
        )
    return rows


def recurring_patterns(rated):
    """`{paper: (what differs in words, all papers where it does)}`: what most papers show. Of codes
    that stand for one another first; else of a code that some gave there and others did not."""
    if rated.section.kind_of.is_quantity:
        return {}
    patterns = one_sided_patterns(rated) if rated.section.is_multiple else {}
    pairs = statistics.confused_pairs(rated.table, limit=20 if rated.section.is_multiple else None)
    for pair in sorted(pairs, key=lambda pair: len(pair.papers)):
        first, second = measures.value_text(pair.one), measures.value_text(pair.other)
        pattern = f"“{first}” where another gives “{second}”"
        patterns.update(dict.fromkeys(pair.papers, (pattern, pair.papers)))
    return patterns


def one_sided_patterns(rated):
    """Of codes that some readers of a paper gave and others did not."""
    patterns = {}
    labels = statistics.one_sided(rated.table)
    for label, papers in sorted(labels.items(), key=lambda item: len(item[1])):
        pattern = f"“{measures.value_text(label)}” given by some alone"
        patterns.update(dict.fromkeys(papers, (pattern, papers)))
    return patterns


def why(section, distance, pattern, others):
    far = (
        "as far apart as two papers drawn by lot, or farther"
        if distance >= 1
        else "closer than two papers by lot"
    )
    if not others:
        return f"{far}; no other paper shows the same: perhaps an oversight"
    look = "look at their definitions" if section.has_codes else "look at what the section asks"
    return f"{far}; {pattern}, on {others} other paper{'s' if others > 1 else ''} too: {look}"


def strip(prevalence):
    """Shares as pieces of a strip: where each begins, how wide it is, in per cent."""
    pieces, start = [], 0.0
    for index, part in enumerate(prevalence):
        width = 100 * part["share"]
        pieces.append(
            {
                **part,
                "percent": width,
                "x": round(start, 2),
                "width": round(width, 2),
                "shade": index % 5,
            }
        )
        start += width
    return pieces
