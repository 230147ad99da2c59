"""Two sections crossed: bubble plot, heat map, co-occurrence.

A cell is `{"x": label, "y": label, "count": papers, "href": address or None}`; cells not given are
zero, and labels that no axis names are refused with ValueError, because a count must not vanish
from a map.
"""

from dataclasses import dataclass

import altair as alt

from mapping.charts.theme import (
    ACCENT,
    FONT_SIZE,
    LINE_HEIGHT,
    MUTED,
    Table,
    counted,
    distinct,
    finished,
    is_whole,
    labels_above,
    labels_beside,
    labels_slanted,
    link,
    nothing,
    plain,
    targets,
    text_width,
    values,
    widest,
    wrapped,
)

Y_LETTERS, Y_LINES = 34, 2
X_LINES = 3
SLANT_LETTERS = 30
# Widths in pixels: of all columns together that stand upright, and of a column whose label is
# slanted.
WIDEST, NARROW = 840, 38
# So wide may panels be that stand side by side.
LINE = 960
# On either side of the labels between two halves.
GAP = 14


@dataclass(frozen=True)
class Half:
    """The other half of a back-to-back map: its cells, the labels of its own axis, and that axis'
    title.
    """

    cells: list
    x_labels: list
    x_title: str = ""


@dataclass(frozen=True)
class Grid:
    """One panel: full rows for every cell, and the sizes they are drawn in."""

    rows: list
    x_labels: list
    y_labels: list
    x_title: str = ""
    heading: str = ""
    unit: str = "paper"
    cell: tuple = (0, 0)

    @property
    def width(self):
        return self.cell[0] * len(self.x_labels)

    @property
    def height(self):
        return self.cell[1] * len(self.y_labels)


def bubble(
    cells,
    x_labels,
    y_labels,
    *,
    x_title="",
    y_title="",
    mirror=None,
    title="",
    subtitle="",
    unit="paper",
):
    """Bubble plot of two sections; with `mirror` (a Half), a third one stands back to back with it,
    left of the shared y axis (Petersen et al. 2008). The area of a bubble is proportional to its
    count; all halves share one scale.
    """
    halves = [Half(cells, x_labels, x_title)]
    if mirror is not None:
        halves.insert(0, mirror)
    grids = [grid(half.cells, half.x_labels, y_labels, half.x_title, unit=unit) for half in halves]
    table = table_of(grids, y_title)
    if not y_labels or not any(half.x_labels for half in halves):
        return nothing(title=title, subtitle=subtitle, header=table.header)
    largest = largest_of(grids)
    if mirror is None:
        chart = bubbles(grids[0], largest, y_title)
    else:
        chart = alt.hconcat(*back_to_back(grids, largest, y_title), spacing=GAP)
    said = (
        f"Bubble plot: {y_title or 'rows'} by "
        f"{' and by '.join(half.x_title or 'columns' for half in halves)}."
    )
    return finished(chart, title=title, subtitle=subtitle, description=said, table=table)


def bubble_by(
    panels, x_labels, y_labels, *, x_title="", y_title="", title="", subtitle="", unit="paper"
):
    """A small bubble plot per panel, for instance per year: `panels` is a list of (heading, cells);
    one scale.
    """
    distinct([heading for heading, _ in panels], "panels")
    grids = [
        grid(cells, x_labels, y_labels, x_title, heading=str(heading), unit=unit)
        for heading, cells in panels
    ]
    table = table_of(grids, y_title)
    if not grids or not x_labels or not y_labels:
        return nothing(title=title, subtitle=subtitle, header=table.header)
    largest = largest_of(grids)
    columns = min(max(LINE // grids[0].width, 1), 3)
    # The rows are the same in all panels: they are named once per line.
    drawn = [bubbles(one, largest, labels=not place % columns) for place, one in enumerate(grids)]
    chart = alt.concat(*drawn, columns=columns)
    said = (
        f"Bubble plots: {y_title or 'rows'} by {x_title or 'columns'}, in "
        f"{counted(len(grids), 'panel')}."
    )
    return finished(chart, title=title, subtitle=subtitle, description=said, table=table)


def heatmap(
    cells, x_labels, y_labels, *, x_title="", y_title="", title="", subtitle="", unit="paper"
):
    """Numbers in cells, the larger the darker; never so dark that the number would need another
    colour.
    """
    one = grid(cells, x_labels, y_labels, x_title, unit=unit)
    table = table_of([one], y_title)
    if not x_labels or not y_labels:
        return nothing(title=title, subtitle=subtitle, header=table.header)
    said = f"Heat map: {y_title or 'rows'} by {x_title or 'columns'}."
    return finished(
        tiles(one, y_title), title=title, subtitle=subtitle, description=said, table=table
    )


def cooccurrence(labels, matrix, *, title="", subtitle="", unit="paper", hrefs=None):
    """How often two codes share a paper: `matrix[i][j]` papers have both, `matrix[i][i]` have that
    code at all.

    Symmetric, so the half below the diagonal is drawn. `hrefs` maps (i, j) with i >= j to
    addresses.
    """
    labels = distinct(labels, "codes")
    pairs = [(i, j) for i in range(len(labels)) for j in range(i + 1)]
    if len(matrix) != len(labels) or any(len(row) != len(labels) for row in matrix):
        raise ValueError("The matrix must have one row and one column per label.")
    if any(matrix[i][j] != matrix[j][i] for i, j in pairs):
        raise ValueError("The matrix must be symmetric.")
    header = ["Code", *labels]
    if not labels:
        return nothing(title=title, subtitle=subtitle, header=header)
    cells = [
        {"x": labels[j], "y": labels[i], "count": matrix[i][j], "href": (hrefs or {}).get((i, j))}
        for i, j in pairs
    ]
    full = grid(cells, labels, labels, unit=unit)
    drawn = {(labels[j], labels[i]) for i, j in pairs}
    rows = [row for row in full.rows if (row["x"], row["y"]) in drawn]
    for row in rows:
        if row["x"] == row["y"]:
            row["says"] = f"{row['x']}: {counted(row['count'], unit)} in all"
    lower = Grid(rows, full.x_labels, full.y_labels, unit=unit, cell=full.cell)
    table = Table(header, [[label, *matrix[i]] for i, label in enumerate(labels)])
    said = (
        f"Co-occurrence of {counted(len(labels), 'code')}; the diagonal counts each code by itself."
    )
    return finished(
        tiles(lower, "", diagonal=True),
        title=title,
        subtitle=subtitle,
        description=said,
        table=table,
    )


def grid(cells, x_labels, y_labels, x_title="", *, heading="", unit="paper"):
    """All cells of the panel, the missing ones as zero, in reading order."""
    x_labels, y_labels = distinct(x_labels, "columns"), distinct(y_labels, "rows")
    given = {}
    known_x, known_y = set(x_labels), set(y_labels)
    for cell in cells:
        x, y = plain(cell["x"]), plain(cell["y"])
        if x not in known_x or y not in known_y:
            raise ValueError(f"The cell “{y}” × “{x}” stands on no axis.")
        if (x, y) in given:
            raise ValueError(f"The cell “{y}” × “{x}” is given twice.")
        given[x, y] = cell
    before = f"{heading}, " if heading else ""
    rows = []
    for y in y_labels:
        for x in x_labels:
            cell = given.get((x, y), {"count": 0})
            says = f"{before}{y} × {x}: {counted(cell['count'], unit)}"
            rows.append({"x": x, "y": y, "count": cell["count"], "href": link(cell), "says": says})
    return Grid(
        rows, x_labels, y_labels, x_title, heading, unit, cell_size(x_labels, len(y_labels))
    )


def cell_size(x_labels, rows):
    """Width and height of a cell in pixels: as wide as its label needs while few, still legible
    with thirty.
    """
    wide = [width for width in (92, 116, 140) if width * len(x_labels) <= max(WIDEST, 92)]
    upright = (
        width
        for width in wide
        if all(is_whole(label, letters_in(width), X_LINES) for label in x_labels)
    )
    height = 44 if rows <= 8 else 36 if rows <= 16 else 30
    return next(upright, NARROW if len(x_labels) > 12 else 48), height


def letters_in(width):
    return int(width / (FONT_SIZE * 0.52))


def largest_of(grids):
    return max((row["count"] for one in grids for row in one.rows), default=0)


def table_of(grids, y_title):
    """One row per y label; where there are several panels, each column says to which it belongs."""
    several = len(grids) > 1
    header = [y_title or "Row"]
    for one in grids:
        group = one.heading or one.x_title
        header += [f"{group}: {label}" if several and group else label for label in one.x_labels]
    rows = []
    for place, label in enumerate(grids[0].y_labels if grids else []):
        counts = []
        for one in grids:
            start = place * len(one.x_labels)
            counts += [row["count"] for row in one.rows[start : start + len(one.x_labels)]]
        rows.append([label, *counts])
    return Table(header, rows)


def back_to_back(grids, largest, y_title):
    """Left and right half with the labels of the shared axis between them, centred."""
    left, right = grids
    gutter = widest([*right.y_labels, y_title], Y_LETTERS, Y_LINES) + 2 * GAP
    labels = {
        "labelAlign": "center",
        "labelPadding": gutter / 2,
        "titleAlign": "center",
        "titleX": -gutter / 2,
    }
    return bubbles(left, largest, labels=False), bubbles(right, largest, y_title, **labels)


def bubbles(one, largest, y_title="", **y_axis):
    """One panel; `y_axis` holds properties of the axis that differ from the usual ones."""
    radius = 0.46 * min(one.cell)
    area = alt.Scale(domain=[0, max(largest, 1)], range=[0, (2 * radius) ** 2])
    x, y = positions(one, y_title, tickBand="extent", grid=True, **y_axis)
    shown = [sized(row, radius, largest) for row in one.rows if row["count"]]
    empty = [row for row in one.rows if not row["count"]]
    inside, beside = ([row for row in shown if row["fits"] is fits] for fits in (True, False))
    layers = [
        alt.Chart(values(empty))
        .mark_point(size=7, filled=True, color=MUTED, opacity=0.45, aria=False)
        .encode(x, y),
        alt.Chart(values(shown))
        .mark_circle(
            color=ACCENT, fillOpacity=0.28, stroke=ACCENT, strokeWidth=1, opacity=1, aria=False
        )
        .encode(x, y, size=alt.Size("count:Q", scale=area, legend=None)),
        alt.Chart(values(inside)).mark_text(aria=False).encode(x, y, text="count:Q"),
        alt.Chart(values(beside))
        .mark_text(aria=False, align="left", dx={"expr": "datum.offset"})
        .encode(x, y, text="count:Q"),
        targets(one.rows, x=x, y=y),
    ]
    return panel(layers, one)


def sized(row, radius, largest):
    """The row with the place of its number: in the bubble where it fits, else beside it."""
    own = radius * (row["count"] / largest) ** 0.5
    number = str(row["count"])
    fits = own >= 0.62 * max(text_width(number), 0.8 * FONT_SIZE)
    return {**row, "fits": fits, "offset": 0 if fits else round(own + 3, 2)}


def tiles(one, y_title, *, diagonal=False):
    x, y = positions(one, y_title, gap=0 if diagonal else 0.04)
    largest = max(
        (row["count"] for row in one.rows if not (diagonal and row["x"] == row["y"])), default=0
    )
    shade = alt.Scale(domain=[0, max(largest, 1)], range=[0.05, 0.6], clamp=True)
    filled = [row for row in one.rows if row["count"] and not (diagonal and row["x"] == row["y"])]
    layers = [
        alt.Chart(values(filled))
        .mark_rect(color=ACCENT, opacity=1, aria=False)
        .encode(x, y, fillOpacity=alt.FillOpacity("count:Q", scale=shade, legend=None)),
        alt.Chart(values([row for row in one.rows if row["count"]]))
        .mark_text(aria=False)
        .encode(x, y, text="count:Q"),
        alt.Chart(values([row for row in one.rows if not row["count"]]))
        .mark_text(aria=False, color=MUTED, text="·")
        .encode(x, y),
        targets(one.rows, x=x, y=y),
    ]
    if diagonal:
        own = [row for row in one.rows if row["x"] == row["y"]]
        frame = alt.Chart(values(own)).mark_rect(
            fillOpacity=0, stroke=MUTED, strokeWidth=1, aria=False
        )
        layers.insert(1, frame.encode(x, y))
    return panel(layers, one)


def positions(one, y_title, *, gap=0, **y_axis):
    """The two channels all layers share: columns on top, as in a table; rows on the left, their
    title above them.
    """
    letters = letters_in(one.cell[0])
    upright = all(is_whole(label, letters, X_LINES) for label in one.x_labels)
    across = (
        labels_above(one.x_labels, letters, X_LINES)
        if upright
        else labels_slanted(one.x_labels, SLANT_LETTERS)
    )
    x_axis = alt.Axis(orient="top", title=one.x_title or None, **across)
    down = labels_beside(one.y_labels, Y_LETTERS, Y_LINES)
    heading = {
        "titleAngle": 0,
        "titleAnchor": "start",
        "titleAlign": "right",
        "titleX": -8,
        "titleY": -12,
    }
    y_axis = alt.Axis(orient="left", title=y_title or None, **(heading | down | y_axis))
    x = alt.X(
        "x:N",
        axis=x_axis,
        scale=alt.Scale(domain=one.x_labels, paddingInner=gap, paddingOuter=gap / 2),
    )
    y = alt.Y(
        "y:N",
        axis=y_axis,
        scale=alt.Scale(domain=one.y_labels, paddingInner=gap, paddingOuter=gap / 2),
    )
    return x, y


def panel(layers, one):
    chart = alt.layer(*layers, width=one.width, height=one.height)
    if not one.heading:
        return chart
    heading = alt.TitleParams(
        text=wrapped(one.heading, 40, 2), fontSize=FONT_SIZE + 1, lineHeight=LINE_HEIGHT + 2
    )
    return chart.properties(title=heading)
