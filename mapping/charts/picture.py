"""A map in its forms: the same counts as a chart, as a table, and as a sentence with its
denominators. No Django.

`link(**where)` gives the address of the papers of a cell, by its `row`, `column`, and `half`:
"third" is the left one, a year the small plot of that year.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self, TypeVar

from mapping import charts
from mapping.charts.bars import CountedLabel, CountedYear
from mapping.charts.counts import MENTIONS, PAPERS, Axis, Counted, Paper, crossed, together
from mapping.charts.grid import Cell
from mapping.charts.theme import Spec, percent
from mapping.exchange.latex import tabular, typeset

# So many labels can be read on one axis of a figure; the files have all of them.
ROWS, COLUMNS, PANELS = 40, 30, 16
BY_ITSELF = {"bars", "venues"}


# A number of a table, and the address of the papers behind it.
LinkedNumber = tuple[int | str, str | None]
T = TypeVar("T")


@dataclass(frozen=True)
class Picture:
    """`rows` and `columns` are axes; `papers` those counted. A bubble plot may have one axis more:
    `left` stands back to back with the columns, `years` gives a small plot for each year. With
    `has_shares` tables tell percentages too.
    """

    kind: str
    rows: Axis
    columns: Axis
    papers: set[Paper]
    left: Axis | None = None
    by: str = PAPERS
    link: Callable[..., str | None] = lambda **where: None
    remark: str = ""
    years: Axis | None = None
    has_shares: bool = False

    @property
    def unit(self) -> str:
        return self.by.removesuffix("s")

    @cached_property
    def halves(self) -> list[tuple[str, Axis, Counted]]:
        """`[(name, axis, Counted)]` from left to right."""
        if self.kind in BY_ITSELF:
            return []
        if self.kind == "cooccurrence":
            return [("", self.rows, together(self.rows, self.papers))]
        if self.is_by_year:
            return [(year, self.columns, self.in_year(year)) for year in self.with_gaps.labels]
        halves = [("", self.columns, crossed(self.rows, self.columns, self.papers, self.by))]
        if self.left is not None and self.kind == "bubble":
            halves.insert(
                0, ("third", self.left, crossed(self.rows, self.left, self.papers, self.by))
            )
        return halves

    @property
    def is_by_year(self) -> bool:
        return self.kind == "bubble" and self.years is not None

    def in_year(self, year: str) -> Counted:
        return crossed(self.rows, self.columns, self.all_years.holding(year, self.papers), self.by)

    @property
    def all_years(self) -> Axis:
        """The axis of the years, empty where the picture has none."""
        return self.years or Axis("", [], {})

    @cached_property
    def with_gaps(self) -> Axis:
        """The years from the first to the last that has a paper, those without papers in between
        included.
        """
        filled = [
            index for index, year in enumerate(self.all_years.labels) if self.in_year(year).papers
        ]
        labels = self.all_years.labels[filled[0] : filled[-1] + 1] if filled else []
        return replace(self.all_years, labels=labels)

    @cached_property
    def counts(self) -> Counter[str]:
        """`{row label: number}`"""
        return self.rows.counts(self.papers, self.by)

    @cached_property
    def whole(self) -> int:
        """The number of papers with a label on the row axis: the denominator of percentages."""
        return len(self.papers - self.rows.missing(self.papers))

    @cached_property
    def drawn(self) -> Self:
        """The same picture with no more labels than fit into a figure."""
        limits = {"trend": (PANELS, 60), "cooccurrence": (COLUMNS, COLUMNS)}
        down, across = limits.get(self.kind, (ROWS, COLUMNS))
        rows = self.rows.only(down, self.papers, self.by)
        columns = self.columns.only(across, self.papers, self.by)
        left = self.left.only(across, self.papers, self.by) if self.left else None
        years = self.with_gaps.only(PANELS, self.papers, self.by) if self.is_by_year else None
        return replace(self, rows=rows, columns=columns, left=left, years=years)

    @cached_property
    def left_out(self) -> list[tuple[int, int, str]]:
        """`[(how many are drawn, of how many, axis)]` where the figure has not all labels."""
        drawn = self.drawn
        pairs = [(drawn.rows, self.rows)]
        if self.halves and self.kind != "cooccurrence":
            pairs.append((drawn.columns, self.columns))
            if drawn.left and self.left:
                pairs.append((drawn.left, self.left))
            if self.is_by_year:
                pairs.append((drawn.all_years, self.with_gaps))
        return [
            (len(few.labels), len(axis.labels), axis.title)
            for few, axis in pairs
            if len(few.labels) < len(axis.labels)
        ]

    @cached_property
    def header(self) -> list[str]:
        if self.kind in BY_ITSELF:
            return [
                self.rows.title,
                self.by,
                *([f"% of {self.whole} papers"] if self.by == PAPERS else []),
            ]
        labels = [label for half in self.halves for label in self.labels_of(*half[:2])]
        return [
            self.rows.title,
            *(text for label in labels for text in self.with_share(label, f"{label}, %")),
        ]

    def labels_of(self, half: str, axis: Axis) -> list[str]:
        """The headings of a half's columns in a table; with the half's name where there are
        several.
        """
        group = half if self.is_by_year else axis.title if len(self.halves) > 1 else ""
        return [f"{group}: {label}" if group else label for label in axis.labels]

    def with_share(self, number: T, share: T) -> list[T]:
        return [number, share] if self.tells_shares else [number]

    @property
    def tells_shares(self) -> bool:
        """Whether tables have percentages: only of papers, since mentions have no denominator."""
        return self.has_shares and self.by == PAPERS and self.kind not in BY_ITSELF

    @cached_property
    def table(self) -> list[tuple[str, list[LinkedNumber]]]:
        """`[(row label, cells)]`; each cell is a number and the address of its papers, or None."""
        lines: list[tuple[str, list[LinkedNumber]]] = []
        for row in self.rows.labels:
            if self.kind in BY_ITSELF:
                number = self.counts[row]
                share = [(percent(number, self.whole) or "", None)] if self.by == PAPERS else []
                lines.append((row, [(number, self.link(row=row) if number else None), *share]))
            else:
                lines.append(
                    (row, [cell for half in self.halves for cell in self.cells_of(row, *half)])
                )
        return lines

    def cells_of(self, row: str, half: str, axis: Axis, counted: Counted) -> Iterator[LinkedNumber]:
        """The cells of one row in one half, each followed by its share if shares are shown."""
        for column in axis.labels:
            number = counted.cells.get((row, column), 0)
            href = self.link(row=row, column=column, half=half) if number else None
            cell: LinkedNumber = (number, href)
            share: LinkedNumber = (percent(number, counted.papers) or "", None)
            yield from self.with_share(cell, share)

    def plain_rows(self) -> Iterator[list[str | int]]:
        """For files: label and numbers."""
        for row, cells in self.table:
            yield [row, *(number for number, _ in cells)]

    @cached_property
    def sentence(self) -> str:
        """What was counted and what was not, with the denominators."""
        if self.kind in BY_ITSELF:
            parts = [f"{counted(self.whole, 'paper')}"]
            if self.by == MENTIONS:
                parts[0] += f", {counted(sum(self.counts.values()), 'mention')}"
            parts.append("a paper may count in several rows")
        else:
            parts = [*self.counted_in_halves(), "a paper may count in several cells"]
            if self.tells_shares:
                parts.append(f"percentages are of the papers of {self.part}")
        for axis in self.axes:
            missing = len(axis.missing(self.papers))
            if missing:
                verb = "is" if missing == 1 else "are"
                parts.append(
                    f"{counted(missing, 'paper')} without {self.what(axis)} {verb} not counted"
                )
        return "; ".join(parts) + "."

    def counted_in_halves(self) -> Iterator[str]:
        """The number of papers and mentions of each half as text; years are summed, since a paper
        has one year.
        """
        if self.is_by_year:
            papers, total = (
                sum(getattr(counts, fact) for _, _, counts in self.halves)
                for fact in ("papers", "total")
            )
            halves = [("", papers, total)]
        else:
            several = len(self.halves) > 1
            halves = [
                (f" with {axis.title}" if several else "", f.papers, f.total)
                for _, axis, f in self.halves
            ]
        for with_what, papers, total in halves:
            times = counted(total, "time" if self.by == PAPERS else "mention")
            more = f", counted {times}" if self.by == PAPERS else f", {times}"
            yield (
                counted(papers, "paper") + with_what + ("" if self.kind == "cooccurrence" else more)
            )

    @property
    def part(self) -> str:
        return (
            "their year"
            if self.is_by_year
            else "their half"
            if len(self.halves) > 1
            else "this table"
        )

    @property
    def blank_axes(self) -> list[Axis]:
        """The axes without a label for any counted paper."""
        return [axis for axis in self.axes if len(axis.missing(self.papers)) == len(self.papers)]

    @property
    def axes(self) -> list[Axis]:
        axes = [
            self.rows,
            *(axis for _, axis, _ in self.halves),
            *([self.all_years] if self.is_by_year else []),
        ]
        return list({axis.key or axis.title: axis for axis in axes}.values())

    def what(self, axis: Axis) -> str:
        return (
            f"a {axis.title.lower()}"
            if axis.title in {"Year", "Venue"}
            else f"an entry in {axis.title}"
        )

    @cached_property
    def title(self) -> str:
        if self.kind in BY_ITSELF:
            return self.rows.title
        if self.kind == "cooccurrence":
            return f"{self.rows.title}: co-occurrence"
        if self.is_by_year:
            return f"{self.rows.title} × {self.columns.title}, by year"
        return " × ".join([self.rows.title, *(axis.title for _, axis, _ in self.halves)])

    @cached_property
    def spec(self) -> Spec:
        """The Vega-Lite specification of the figure. Raises NotDrawable."""
        subtitle = f"{self.remark} {self.sentence}".strip()
        try:
            draw: Callable[..., Spec] = getattr(self.drawn, f"draw_{self.kind}")
            return draw(title=self.title, subtitle=subtitle, of=self.whole)
        except ValueError as error:
            raise charts.NotDrawable(str(error)) from error

    def draw_bubble(self, *, of: int, **words: Any) -> Spec:
        if self.is_by_year:
            panels = [
                (year, list(self.cells(year, axis, counts))) for year, axis, counts in self.halves
            ]
            named = {"x_title": self.columns.title, "y_title": self.rows.title, "unit": self.unit}
            return charts.bubble_by(panels, self.columns.labels, self.rows.labels, **named, **words)
        halves = {
            name: (axis, list(self.cells(name, axis, counts))) for name, axis, counts in self.halves
        }
        axis, cells = halves[""]
        left = halves.get("third")
        mirror = charts.Half(left[1], left[0].labels, left[0].title) if left else None
        named = {"x_title": axis.title, "y_title": self.rows.title, "unit": self.unit}
        return charts.bubble(cells, axis.labels, self.rows.labels, mirror=mirror, **named, **words)

    def draw_heat(self, *, of: int, **words: Any) -> Spec:
        name, axis, counts = self.halves[0]
        named = {"x_title": axis.title, "y_title": self.rows.title, "unit": self.unit}
        return charts.heatmap(
            list(self.cells(name, axis, counts)), axis.labels, self.rows.labels, **named, **words
        )

    def draw_trend(self, *, of: int, **words: Any) -> Spec:
        counts = self.halves[0][2]
        rows: list[CountedYear] = [
            {"label": cell["y"], "year": cell["x"], "count": cell["count"], "href": cell["href"]}
            for cell in self.cells("", self.columns, counts)
        ]
        return charts.trend(
            rows, labels=self.rows.labels, years=self.columns.labels, unit=self.unit, **words
        )

    def draw_cooccurrence(self, *, of: int, **words: Any) -> Spec:
        labels, numbers = self.rows.labels, self.halves[0][2].cells
        matrix = [[numbers.get((row, column), 0) for column in labels] for row in labels]
        hrefs = {
            (i, j): self.link(row=row, column=column, half="")
            for i, row in enumerate(labels)
            for j, column in enumerate(labels[: i + 1])
            if matrix[i][j]
        }
        return charts.cooccurrence(labels, matrix, hrefs=hrefs, **words)

    def draw_bars(self, *, of: int, **words: Any) -> Spec:
        return charts.bars(
            self.own_rows(),
            of=of or None if self.by == PAPERS else None,
            **words,
            **self.row_words(),
        )

    draw_venues = draw_bars

    def row_words(self) -> dict[str, Any]:
        return {"unit": self.unit, "label_title": self.rows.title}

    def own_rows(self) -> list[CountedLabel]:
        numbers = ((row, self.counts[row]) for row in self.rows.labels)
        return [
            {"label": row, "count": number, "href": self.link(row=row) if number else None}
            for row, number in numbers
        ]

    def cells(self, name: str, axis: Axis, counts: Counted) -> Iterator[Cell]:
        drawn_rows, drawn_columns = set(self.rows.labels), set(axis.labels)
        for (row, column), number in counts.cells.items():
            if row in drawn_rows and column in drawn_columns:
                href = self.link(row=row, column=column, half=name)
                yield {"x": column, "y": row, "count": number, "href": href}


def counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number:,} {unit}s"


def latex(picture: Picture) -> str:
    """The table as LaTeX with booktabs."""
    caption = typeset(f"{picture.title}. {picture.remark} {picture.sentence}")
    columns = "l" + "r" * (len(picture.header) - 1)
    return "\n".join(
        [
            r"% Needs \usepackage{booktabs}.",
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{caption}}}",
            *tabular(columns, picture.header, picture.plain_rows()),
            r"\end{table}",
            "",
        ]
    )
