"""Two sections crossed: bubble plot, heat map, co-occurrence.

A cell is `{"x": label, "y": label, "count": papers, "href": address or None}`; cells not given are
zero, and labels that no axis names are refused with ValueError, because a count must not vanish
from a map.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from mapping.charts.grid import (
    X_LINES,
    Cell,
    Grid,
    GridRow,
    SizedRow,
    check_square,
    grid,
    largest_of,
    letters_in,
    lower_half,
    table_of,
)
from mapping.charts.theme import (
    ACCENT,
    FONT_SIZE,
    LINE_HEIGHT,
    MUTED,
    AnyChart,
    Spec,
    Table,
    counted,
    distinct,
    empty_chart,
    finished,
    is_whole,
    labels_above,
    labels_beside,
    labels_slanted,
    targets,
    text_width,
    values,
    widest,
    wrapped,
)

Y_LETTERS, Y_LINES = 34, 2
SLANT_LETTERS = 30
# So wide may panels be that stand side by side.
LINE = 960
# On either side of the labels between two halves.
GAP = 14


@dataclass(frozen=True)
class Half:
    """The other half of a back-to-back map: its cells, the labels of its own axis, and that axis'
    title.
    """

    cells: list[Cell]
    x_labels: list[str]
    x_title: str = ""


def bubble(
    cells: Iterable[Cell],
    x_labels: Sequence[str],
    y_labels: Sequence[str],
    *,
    x_title: str = "",
    y_title: str = "",
    mirror: Half | None = None,
    title: str = "",
    subtitle: str = "",
    unit: str = "paper",
) -> Spec:
    """Bubble plot of two sections; with `mirror` (a Half), a third one stands back to back with it,
    left of the shared y axis (Petersen et al. 2008). The area of a bubble is proportional to its
    count; all halves share one scale.
    """
    halves = [Half(list(cells), list(x_labels), x_title)]
    if mirror is not None:
        halves.insert(0, mirror)
    grids = [grid(half.cells, half.x_labels, y_labels, half.x_title, unit=unit) for half in halves]
    table = table_of(grids, y_title)
    if not y_labels or not any(half.x_labels for half in halves):
        return empty_chart(title=title, subtitle=subtitle, header=table.header)
    largest = largest_of(grids)
    chart: AnyChart
    if mirror is None:
        chart = bubbles(grids[0], largest, y_title)
    else:
        chart = alt.hconcat(*back_to_back(grids, largest, y_title), spacing=GAP)
    columns = " and by ".join(half.x_title or "columns" for half in halves)
    sentence = f"Bubble plot: {y_title or 'rows'} by {columns}."
    return finished(chart, title=title, subtitle=subtitle, description=sentence, table=table)


def bubble_by(
    panels: Sequence[tuple[object, Iterable[Cell]]],
    x_labels: Sequence[str],
    y_labels: Sequence[str],
    *,
    x_title: str = "",
    y_title: str = "",
    title: str = "",
    subtitle: str = "",
    unit: str = "paper",
) -> Spec:
    """A small bubble plot for each panel, on one scale; `panels` are (heading, cells), for instance
    by year.
    """
    distinct([heading for heading, _ in panels], "panels")
    grids = [
        grid(cells, x_labels, y_labels, x_title, heading=str(heading), unit=unit)
        for heading, cells in panels
    ]
    table = table_of(grids, y_title)
    if not grids or not x_labels or not y_labels:
        return empty_chart(title=title, subtitle=subtitle, header=table.header)
    largest = largest_of(grids)
    columns = min(max(LINE // grids[0].width, 1), 3)
    # The rows are the same in all panels: they are named once per line.
    drawn = [
        bubbles(panel, largest, labels=not index % columns) for index, panel in enumerate(grids)
    ]
    chart = alt.concat(*drawn, columns=columns)
    sentence = (
        f"Bubble plots: {y_title or 'rows'} by {x_title or 'columns'}, in "
        f"{counted(len(grids), 'panel')}."
    )
    return finished(chart, title=title, subtitle=subtitle, description=sentence, table=table)


def heatmap(
    cells: Iterable[Cell],
    x_labels: Sequence[str],
    y_labels: Sequence[str],
    *,
    x_title: str = "",
    y_title: str = "",
    title: str = "",
    subtitle: str = "",
    unit: str = "paper",
) -> Spec:
    """A map with numbers in its cells, the larger the darker; never so dark that the number would
    need another colour.
    """
    panel = grid(cells, x_labels, y_labels, x_title, unit=unit)
    table = table_of([panel], y_title)
    if not x_labels or not y_labels:
        return empty_chart(title=title, subtitle=subtitle, header=table.header)
    sentence = f"Heat map: {y_title or 'rows'} by {x_title or 'columns'}."
    return finished(
        tiles(panel, y_title), title=title, subtitle=subtitle, description=sentence, table=table
    )


def cooccurrence(
    labels: Sequence[str],
    matrix: Sequence[Sequence[int]],
    *,
    title: str = "",
    subtitle: str = "",
    unit: str = "paper",
    hrefs: Mapping[tuple[int, int], str | None] | None = None,
) -> Spec:
    """How often two codes share a paper: `matrix[i][j]` papers have both, `matrix[i][i]` have that
    code at all.

    Symmetric, so the half below the diagonal is drawn. `hrefs` maps (i, j) with i >= j to
    addresses.
    """
    labels = distinct(labels, "codes")
    check_square(labels, matrix)
    header = ["Code", *labels]
    if not labels:
        return empty_chart(title=title, subtitle=subtitle, header=header)
    table = Table(header, [[label, *matrix[i]] for i, label in enumerate(labels)])
    sentence = f"Co-occurrence of {counted(len(labels), 'code')}; "
    sentence += "the diagonal counts each code by itself."
    return finished(
        tiles(lower_half(labels, matrix, hrefs or {}, unit), "", diagonal=True),
        title=title,
        subtitle=subtitle,
        description=sentence,
        table=table,
    )


def back_to_back(grids: Sequence[Grid], largest: int, y_title: str) -> tuple[AnyChart, AnyChart]:
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


def bubbles(panel: Grid, largest: int, y_title: str = "", **y_axis: Any) -> AnyChart:
    """One panel; `y_axis` holds properties of the axis that differ from the usual ones."""
    radius = 0.46 * min(panel.cell)
    area = alt.Scale(domain=[0, max(largest, 1)], range=[0, (2 * radius) ** 2])
    x, y = positions(panel, y_title, tickBand="extent", grid=True, **y_axis)
    filled = [sized(row, radius, largest) for row in panel.rows if row["count"]]
    empty = [row for row in panel.rows if not row["count"]]
    inside, beside = ([row for row in filled if row["fits"] is fits] for fits in (True, False))
    layers = [
        alt.Chart(values(empty))
        .mark_point(size=7, filled=True, color=MUTED, opacity=0.45, aria=False)
        .encode(x, y),
        alt.Chart(values(filled))
        .mark_circle(
            color=ACCENT, fillOpacity=0.28, stroke=ACCENT, strokeWidth=1, opacity=1, aria=False
        )
        .encode(x, y, size=alt.Size("count:Q", scale=area, legend=None)),
        alt.Chart(values(inside)).mark_text(aria=False).encode(x, y, text=alt.Text("count:Q")),
        alt.Chart(values(beside))
        .mark_text(aria=False, align="left", dx={"expr": "datum.offset"})
        .encode(x, y, text=alt.Text("count:Q")),
        targets(panel.rows, x=x, y=y),
    ]
    return panel_of(layers, panel)


def sized(row: GridRow, radius: float, largest: int) -> SizedRow:
    """The row with the place of its number: in the bubble where it fits, else beside it."""
    own = radius * (row["count"] / largest) ** 0.5
    number = str(row["count"])
    fits = own >= 0.62 * max(text_width(number), 0.8 * FONT_SIZE)
    return {**row, "fits": fits, "offset": 0 if fits else round(own + 3, 2)}


def tiles(panel: Grid, y_title: str, *, diagonal: bool = False) -> AnyChart:
    """The panel as shaded cells with numbers; a `diagonal` is framed instead of shaded."""
    x, y = positions(panel, y_title, gap=0 if diagonal else 0.04)
    largest = max(
        (row["count"] for row in panel.rows if not (diagonal and row["x"] == row["y"])), default=0
    )
    shade = alt.Scale(domain=[0, max(largest, 1)], range=[0.05, 0.6], clamp=True)
    filled = [row for row in panel.rows if row["count"] and not (diagonal and row["x"] == row["y"])]
    layers = [
        alt.Chart(values(filled))
        .mark_rect(color=ACCENT, opacity=1, aria=False)
        .encode(x, y, fillOpacity=alt.FillOpacity("count:Q", scale=shade, legend=None)),
        alt.Chart(values([row for row in panel.rows if row["count"]]))
        .mark_text(aria=False)
        .encode(x, y, text=alt.Text("count:Q")),
        alt.Chart(values([row for row in panel.rows if not row["count"]]))
        .mark_text(aria=False, color=MUTED, text="·")
        .encode(x, y),
        targets(panel.rows, x=x, y=y),
    ]
    if diagonal:
        own = [row for row in panel.rows if row["x"] == row["y"]]
        frame = alt.Chart(values(own)).mark_rect(
            fillOpacity=0, stroke=MUTED, strokeWidth=1, aria=False
        )
        layers.insert(1, frame.encode(x, y))
    return panel_of(layers, panel)


def positions(panel: Grid, y_title: str, *, gap: float = 0, **y_axis: Any) -> tuple[alt.X, alt.Y]:
    """The x and y channels that all layers share: columns on top, rows on the left."""
    letters = letters_in(panel.cell[0])
    upright = all(is_whole(label, letters, X_LINES) for label in panel.x_labels)
    across = (
        labels_above(panel.x_labels, letters, X_LINES)
        if upright
        else labels_slanted(panel.x_labels, SLANT_LETTERS)
    )
    heading = {"titleAngle": 0, "titleAnchor": "start", "titleAlign": "right"}
    heading |= {"titleX": -8, "titleY": -12}
    down: dict[str, Any] = heading | labels_beside(panel.y_labels, Y_LETTERS, Y_LINES) | y_axis
    x = alt.X(
        "x:N",
        axis=alt.Axis(orient="top", title=panel.x_title or None, **across),
        scale=alt.Scale(domain=panel.x_labels, paddingInner=gap, paddingOuter=gap / 2),
    )
    y = alt.Y(
        "y:N",
        axis=alt.Axis(orient="left", title=y_title or None, **down),
        scale=alt.Scale(domain=panel.y_labels, paddingInner=gap, paddingOuter=gap / 2),
    )
    return x, y


def panel_of(layers: Sequence[alt.Chart], panel: Grid) -> AnyChart:
    """The layers as one chart, with its heading if it has one."""
    chart = alt.layer(*layers, width=panel.width, height=panel.height)
    if not panel.heading:
        return chart
    heading = alt.TitleParams(
        text=wrapped(panel.heading, 40, 2), fontSize=FONT_SIZE + 1, lineHeight=LINE_HEIGHT + 2
    )
    return chart.properties(title=heading)
