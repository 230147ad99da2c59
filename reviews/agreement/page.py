"""What the agreement pages show to one person: of which round, from whose answers, and what was
left out for them.
"""

from collections import Counter
from functools import cached_property
from itertools import groupby
from typing import NamedTuple
from urllib.parse import urlencode

from mapping.models import Code, Paper
from mapping.protocol.coefficients import HEADLINE
from reviews.agreement import declarations, measures, statistics
from reviews.agreement import frozen as agreement_frozen
from reviews.agreement.papers_behind import address, said
from reviews.agreement.ratings import CODE, PARENT, Sheet
from reviews.agreement.tables import reasons
from reviews.blindness import rules
from reviews.blindness.visible import visible_summaries
from reviews.models import Assignment

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
    phase: object
    round: object = None


class Shown:
    """The agreement of a study as far as one person may see it. Every query is made once, however
    many rows.
    """

    def __init__(self, study, user, asked="", sections=None, level=CODE):
        self.study, self.user = study, user
        self.visible = visible_summaries(user, study).submitted()
        self.has_parents = has_parents(study, sections)
        self.level = PARENT if level == PARENT and self.has_parents else CODE
        self.sheet = Sheet(study, self.visible, sections, level=self.level)
        self.rounds = list(study.rounds.select_related("phase"))
        self.scopes = self._scopes(sections)
        self.scope = self._chosen(asked)

    def _scopes(self, sections):
        phases = {section.phase_id for section in sections} if sections is not None else None
        rounds = [one for one in self.rounds if phases is None or one.phase_id in phases]
        scopes = [Scope(str(one.pk), one.name, one.phase, one) for one in rounds]
        by_phase = groupby(
            sorted(rounds, key=lambda one: (one.phase.position, one.phase_id)),
            lambda one: one.phase,
        )
        for phase, several in by_phase:
            if len(list(several)) > 1:
                scopes.append(
                    Scope(f"{ALL}{phase.key}", f"{phase.name}: all rounds together", phase)
                )
        return scopes

    def _chosen(self, asked):
        """What the address asks for, else the newest round of which this person may see
        anything.
        """
        found = next((scope for scope in self.scopes if scope.name == asked), None)
        if found is not None:
            return found
        with_something = {one.round for one in self.sheet.read}
        rounds = [scope for scope in self.scopes if scope.round]
        told = [scope for scope in rounds if scope.round.pk in with_something]
        return (told or rounds or [None])[-1]

    @property
    def place(self):
        """Round and level as addresses name them."""
        found = {"round": self.scope.name} if self.scope else {}
        return found | ({"level": PARENT} if self.level == PARENT else {})

    @property
    def query(self):
        return urlencode(self.place)

    @property
    def readings(self):
        if self.scope is None:
            return []
        return self.sheet.readings(self.scope.round and self.scope.round.pk, self.scope.phase.pk)

    @property
    def apart(self):
        """Readings left out because they are not independent."""
        if self.scope is None:
            return []
        return self.sheet.apart(self.scope.phase.pk, self.scope.round and self.scope.round.pk)

    @property
    def not_independent(self):
        return len(self.apart)

    @property
    def why_not_independent(self):
        """`{why: summaries}` that these figures leave out: of kept ones, as was known at
        closing.
        """
        kept = self.kept_now
        if kept is None:
            return Counter(one.why_not for one in self.apart)
        return agreement_frozen.why_left_out(kept)

    @property
    def reasons(self):
        return reasons(Counter(one.why_not for one in self.apart))

    @property
    def known_since(self):
        kept = self.kept_now
        return agreement_frozen.known_since(kept, {one.pk for one in self.apart}) if kept else 0

    def rated(self, section):
        return self.sheet.of(section, self.scope.round and self.scope.round.pk)

    @cached_property
    def frozen(self):
        return agreement_frozen.fully_visible(self.study, self.visible)

    def kept(self, round):
        """The figures kept at closing, of single codes, if everything behind them may be seen by
        this person.
        """
        if not round or not round.frozen_agreement or self.level == PARENT:
            return None
        return round.frozen_agreement if round.pk in self.frozen else None

    @property
    def kept_now(self):
        return self.kept(self.scope.round) if self.scope else None

    def reports(self, *, full=False):
        if self.scope is None:
            return []
        if self.scope.round:
            found = agreement_frozen.as_kept(self.kept_now, self.sheet, self.scope.round, full=full)
            return declarations.with_changes(found, self.late_changes)
        sections = [one for one in self.sheet.sections if one.phase_id == self.scope.phase.pk]
        found = [self.report(section, full=full) for section in sections]
        found = [one for one in found if one["raters"] or one["section"] in self._in_use]
        return declarations.with_changes(found, self.late_changes)

    def report(self, section, *, full=True):
        kept = self.kept_now
        found = (
            next((one for one in kept["sections"] if one["section"] == section.key), None)
            if kept
            else None
        )
        label = self.scope.label
        return found or measures.report(
            self.rated(section), phase=section.phase.key, round=label, full=full
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
        closed = rules.closed_on_own(self.user, self.study).filter(round__phase=self.scope.phase)
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
            self.row(sections[one["section"]], one)
            for one in self.reports()
            if one["section"] in sections
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
        found = report["coefficients"][primary]
        target = self.target(section)
        verdict = measures.verdict(found, target)
        percent = report["percent_agreement"]
        return {
            "section": section,
            "report": report,
            "name": measures.LABELS[primary],
            "metric": found["metric"],
            "value": found["value"],
            "low": found["low"],
            "high": found["high"],
            "reason": found["reason"],
            "percent": None if percent is None else 100 * percent,
            "verdict": verdict,
            "target": target,
            "strip": strip(report["prevalence"]),
            "late": self.late_changes.get(section.key, []),
            "papers_url": address(self.study, section, self.place),
            "differ_url": address(self.study, section, self.place, differ=1),
        }

    def to_discuss(self):
        """The ten disagreements most worth discussing: far apart, and of a kind that comes back;
        with the reason.
        """
        found = []
        for section in self.sheet.sections:
            if section.phase_id == self.scope.phase.pk:
                found += worth(self.rated(section))
        found.sort(key=lambda one: (-one["weight"], one["section"].position, one["paper"]))
        chosen, times = [], {}
        for one in found:
            times[one["section"].pk] = times.get(one["section"].pk, 0) + 1
            if times[one["section"].pk] <= FROM_ONE_SECTION:
                chosen.append(one)
        chosen = chosen[:DISCUSSED]
        papers = Paper.objects.only("key", "title").in_bulk({one["paper"] for one in chosen})
        return [one | {"paper": papers[one["paper"]]} for one in chosen]


def has_parents(study, sections=None):
    """Whether some code stands under another: then agreement can be told of the codes above,
    too.
    """
    of = {"section__study": study} if sections is None else {"section__in": sections}
    return Code.objects.filter(parent__isnull=False, **of).exists()


def worst(rated, limit=None):
    """(index of the paper, distance relative to chance), worst first."""
    kind = rated.section.kind_of
    scale = rated.categories if kind.is_scale else None
    return statistics.worst_papers(rated.table, kind.metric, scale, limit)


def worth(rated):
    """Disagreements of one section with their weight: distance, and how often the same confusion
    comes back.
    """
    again = coming_back(rated)
    found = []
    for paper, distance in worst(rated, 4 * DISCUSSED):
        words, papers = again.get(paper, ("", [paper]))
        others = len(papers) - 1
        found.append(
            {
                "section": rated.section,
                "paper": rated.papers[paper],
                "said": said(rated, paper),
                "weight": min(distance, FAR) * (1 + others / 4),
                "why": why(rated.section, distance, words, others),
            }
        )
    return found


def coming_back(rated):
    """`{paper: (what differs in words, all papers where it does)}`: what most papers show. Of codes
    that stand for one another first; else of a code that some gave there and others did not."""
    if rated.section.kind_of.is_quantity:
        return {}
    again = {}
    if rated.section.is_multiple:
        for label, papers in sorted(
            statistics.one_sided(rated.table).items(), key=lambda one: len(one[1])
        ):
            again.update(
                dict.fromkeys(papers, (f"“{measures.shown(label)}” given by some alone", papers))
            )
    pairs = statistics.confused_pairs(rated.table, limit=20 if rated.section.is_multiple else None)
    for pair in sorted(pairs, key=lambda one: len(one.papers)):
        words = f"“{measures.shown(pair.one)}” where another gives “{measures.shown(pair.other)}”"
        again.update(dict.fromkeys(pair.papers, (words, pair.papers)))
    return again


def why(section, distance, words, others):
    far = (
        "as far apart as two papers drawn by lot, or farther"
        if distance >= 1
        else "closer than two papers by lot"
    )
    if not others:
        return f"{far}; no other paper shows the same: perhaps an oversight"
    look = "look at their definitions" if section.has_codes else "look at what the section asks"
    return f"{far}; {words}, on {others} other paper{'s' if others > 1 else ''} too: {look}"


def strip(prevalence):
    """Shares as pieces of a strip: where each begins, how wide it is, in per cent."""
    pieces, start = [], 0.0
    for number, one in enumerate(prevalence):
        width = 100 * one["share"]
        pieces.append(
            {
                **one,
                "percent": width,
                "x": round(start, 2),
                "width": round(width, 2),
                "shade": number % 5,
            }
        )
        start += width
    return pieces
