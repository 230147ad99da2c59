"""Counts for maps: from which papers have which labels to cells and denominators. No Django.

A `held` is `{paper: {label: mentions}}`: the labels that hold for a paper, and how often each was
mentioned in it.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self

from mapping.parsers.lookalikes import sameness, visible

PAPERS, MENTIONS = "papers", "mentions"
NAMELESS = "(nothing that can be seen)"


Paper = Hashable
Held = Mapping[Paper, Mapping[str, int]]


@dataclass(frozen=True)
class Axis:
    """One side of a map: its labels in the order they are drawn, and the papers that have each of
    them.
    """

    title: str
    labels: list[str]
    held: Held
    key: str = ""

    def counts(self, papers: Iterable[Paper], by: str = PAPERS) -> Counter[str]:
        """`{label: number}` over these papers."""
        counted = Counter[str]()
        for paper in papers:
            for label, mentions in self.held.get(paper, {}).items():
                counted[label] += weight(by, mentions)
        return counted

    def by_frequency(self, papers: Iterable[Paper], by: str = PAPERS) -> Self:
        """The same axis, the most frequent label first; among equals as it was."""
        counted = self.counts(papers, by)
        return replace(self, labels=sorted(self.labels, key=lambda label: -counted[label]))

    def only(self, limit: int, papers: Iterable[Paper], by: str = PAPERS) -> Self:
        """The same axis with its most frequent labels alone, in the order they had."""
        if len(self.labels) <= limit:
            return self
        kept = set(self.by_frequency(papers, by).labels[:limit])
        return replace(self, labels=[label for label in self.labels if label in kept])

    def holding(self, label: str, papers: Iterable[Paper]) -> set[Paper]:
        """The papers that have this label."""
        return {paper for paper in papers if label in self.held.get(paper, {})}

    def missing(self, papers: Iterable[Paper]) -> set[Paper]:
        """The papers without any label of this axis."""
        return {paper for paper in papers if not self.held.get(paper)}


@dataclass(frozen=True)
class Counted:
    """`cells` maps (row, column) to its number; `papers` is the number of papers in at least one
    cell, `total` the sum of all cells.
    """

    cells: Mapping[tuple[str, str], int]
    papers: int
    total: int


def weight(by: str, *mentions: int) -> int:
    """What one paper adds to a cell: 1, or with mentions the larger of the numbers of mentions."""
    return 1 if by == PAPERS else max(mentions)


def crossed(rows: Axis, columns: Axis, papers: Iterable[Paper], by: str = PAPERS) -> Counted:
    """The cells of two axes: how many papers, or mentions, have both the row's and the column's
    label.
    """
    cells, in_cells = Counter[tuple[str, str]](), 0
    for paper in papers:
        down, across = rows.held.get(paper), columns.held.get(paper)
        if not down or not across:
            continue
        in_cells += 1
        for row, in_row in down.items():
            for column, in_column in across.items():
                cells[row, column] += weight(by, in_row, in_column)
    return Counted(cells, in_cells, sum(cells.values()))


def together(axis: Axis, papers: Iterable[Paper]) -> Counted:
    """How many papers have both of two labels; the diagonal counts the papers of one label."""
    return crossed(axis, axis, papers)


def most_mentioned(marks: Iterable[tuple[Paper, Hashable, str]]) -> Held:
    """Mentions by paper and label, from one (paper, reviewer, label) per mark: the number of the
    reviewer who marked the label most often.
    """
    by_teller = Counter(marks)
    held: dict[Paper, dict[str, int]] = defaultdict(dict)
    for (paper, _, label), times in by_teller.items():
        held[paper][label] = max(times, held[paper].get(label, 0))
    return dict(held)


def merged(*several: Held) -> Held:
    """Several `held` as one; where two have the same label of a paper, the larger number of
    mentions counts.
    """
    whole: dict[Paper, dict[str, int]] = defaultdict(dict)
    for held in several:
        for paper, labels in held.items():
            for label, mentions in labels.items():
                whole[paper][label] = max(mentions, whole[paper].get(label, 0))
    return dict(whole)


def labels_in(held: Held) -> set[str]:
    """All labels of any paper."""
    return {label for labels in held.values() for label in labels}


def years_between(held: Held, longest: int = 60) -> list[str]:
    """All years from the first to the last as text; only the years that occur where the span is
    `longest` years or more.
    """
    years = sorted(int(label) for label in labels_in(held))
    if years and years[-1] - years[0] < longest:
        years = list(range(years[0], years[-1] + 1))
    return [str(year) for year in years]


def spelled_once(labels: Iterable[str]) -> dict[str, str]:
    """`{label: its spelling}`: labels that look alike get the spelling of the first of them."""
    first: dict[str, str] = {}
    return {
        label: first.setdefault(sameness(label), visible(label) or NAMELESS) for label in labels
    }
