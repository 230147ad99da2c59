"""The cells of a map in reading order, and the sizes they are drawn in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from mapping.charts.theme import (
    FONT_SIZE,
    Table,
    TableCell,
    counted,
    distinct,
    is_whole,
    link,
    plain,
)

X_LINES = 3
# Widths in pixels: of all columns together that stand upright, and of a column whose label is
# slanted.
WIDEST, NARROW = 840, 38


class Cell(TypedDict):
    """A cell of a map: how many papers have both labels, and the address of those papers."""

    x: str
    y: str
    count: int
    href: NotRequired[str | None]


class GridRow(TypedDict):
    """A cell as it is drawn, with what is read aloud of it."""

    x: str
    y: str
    count: int
    href: str | None
    says: str


class SizedRow(GridRow):
    """A bubble with its number: inside it if it `fits`, else `offset` pixels to the right."""

    fits: bool
    offset: float


@dataclass(frozen=True)
class Grid:
    """One panel: full rows for every cell, and the sizes they are drawn in."""

    rows: list[GridRow]
    x_labels: list[str]
    y_labels: list[str]
    x_title: str = ""
    heading: str = ""
    unit: str = "paper"
    cell: tuple[int, int] = (0, 0)

    @property
    def width(self) -> int:
        return self.cell[0] * len(self.x_labels)

    @property
    def height(self) -> int:
        return self.cell[1] * len(self.y_labels)


def check_square(labels: Sequence[str], matrix: Sequence[Sequence[int]]) -> None:
    """ValueError unless the matrix is symmetric, with a row and a column for each label."""
    if len(matrix) != len(labels) or any(len(row) != len(labels) for row in matrix):
        raise ValueError("The matrix must have one row and one column per label.")
    if any(matrix[i][j] != matrix[j][i] for i in range(len(labels)) for j in range(i)):
        raise ValueError("The matrix must be symmetric.")


def lower_half(
    labels: Sequence[str],
    matrix: Sequence[Sequence[int]],
    hrefs: Mapping[tuple[int, int], str | None],
    unit: str,
) -> Grid:
    """The diagonal and what stands below it."""
    pairs = [(i, j) for i in range(len(labels)) for j in range(i + 1)]
    cells: list[Cell] = [
        {"x": labels[j], "y": labels[i], "count": matrix[i][j], "href": hrefs.get((i, j))}
        for i, j in pairs
    ]
    full = grid(cells, labels, labels, unit=unit)
    drawn = {(labels[j], labels[i]) for i, j in pairs}
    rows = [row for row in full.rows if (row["x"], row["y"]) in drawn]
    for row in rows:
        if row["x"] == row["y"]:
            row["says"] = f"{row['x']}: {counted(row['count'], unit)} in all"
    return Grid(rows, full.x_labels, full.y_labels, unit=unit, cell=full.cell)


def grid(
    cells: Iterable[Cell],
    x_labels: Iterable[str],
    y_labels: Iterable[str],
    x_title: str = "",
    *,
    heading: str = "",
    unit: str = "paper",
) -> Grid:
    """All cells of the panel, the missing ones as zero, in reading order."""
    x_labels, y_labels = distinct(x_labels, "columns"), distinct(y_labels, "rows")
    given = by_labels(cells, set(x_labels), set(y_labels))
    before = f"{heading}, " if heading else ""
    rows: list[GridRow] = []
    for y in y_labels:
        for x in x_labels:
            cell: Cell = given.get((x, y), {"x": x, "y": y, "count": 0})
            says = f"{before}{y} × {x}: {counted(cell['count'], unit)}"
            rows.append({"x": x, "y": y, "count": cell["count"], "href": link(cell), "says": says})
    return Grid(
        rows, x_labels, y_labels, x_title, heading, unit, cell_size(x_labels, len(y_labels))
    )


def by_labels(
    cells: Iterable[Cell], x_labels: set[str], y_labels: set[str]
) -> dict[tuple[str, str], Cell]:
    """The cells by their labels; ValueError where one stands on no axis, or is given twice."""
    given: dict[tuple[str, str], Cell] = {}
    for cell in cells:
        x, y = plain(cell["x"]), plain(cell["y"])
        if x not in x_labels or y not in y_labels:
            raise ValueError(f"The cell “{y}” × “{x}” stands on no axis.")
        if (x, y) in given:
            raise ValueError(f"The cell “{y}” × “{x}” is given twice.")
        given[x, y] = cell
    return given


def cell_size(x_labels: Sequence[str], rows: int) -> tuple[int, int]:
    """Width and height of a cell in pixels: as wide as its label needs, narrower where there are
    many columns.
    """
    wide = [width for width in (92, 116, 140) if width * len(x_labels) <= max(WIDEST, 92)]
    upright = (
        width
        for width in wide
        if all(is_whole(label, letters_in(width), X_LINES) for label in x_labels)
    )
    height = 44 if rows <= 8 else 36 if rows <= 16 else 30
    return next(upright, NARROW if len(x_labels) > 12 else 48), height


def letters_in(width: float) -> int:
    """How many letters fit into a width in pixels."""
    return int(width / (FONT_SIZE * 0.52))


def largest_of(grids: Iterable[Grid]) -> int:
    """The largest count of all panels; 0 without cells."""
    return max((row["count"] for panel in grids for row in panel.rows), default=0)


def table_of(grids: Sequence[Grid], y_title: str) -> Table:
    """The numbers as a table, one row per y label; with several panels each column
    names its panel.
    """
    several = len(grids) > 1
    header = [y_title or "Row"]
    for panel in grids:
        group = panel.heading or panel.x_title
        header += [f"{group}: {label}" if several and group else label for label in panel.x_labels]
    rows = []
    for index, label in enumerate(grids[0].y_labels if grids else []):
        counts: list[TableCell] = []
        for panel in grids:
            start = index * len(panel.x_labels)
            counts += [row["count"] for row in panel.rows[start : start + len(panel.x_labels)]]
        rows.append([label, *counts])
    return Table(header, rows)
