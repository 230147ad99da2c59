"""Coefficients of agreement: a dot for the value, a whisker for its interval, a line for the
target.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NotRequired, TypedDict

import altair as alt

from mapping.charts.theme import (
    ACCENT,
    FONT_SIZE,
    INK,
    MUTED,
    RULE,
    AnyChart,
    Spec,
    Table,
    counted,
    distinct,
    empty_chart,
    finished,
    labels_beside,
    link,
    plain,
    targets,
    text_width,
    values,
)

TICKS = [0, 0.5, 0.67, 0.8, 1]
PLOT_WIDTH = 400
ROW_HEIGHT = 34
HEADER = ["Section", "Value", "Low", "High"]


class Interval(TypedDict):
    """A coefficient of one section: `low` and `high` are None together, `value` where undefined."""

    label: str
    value: float | None
    low: NotRequired[float | None]
    high: NotRequired[float | None]
    note: NotRequired[str | None]
    href: NotRequired[str | None]


class DescribedInterval(TypedDict):
    """The same in words: `figures` beside the plot, `says` as it is read aloud."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    note: str
    figures: str
    says: str
    href: str | None


def dot_whisker(
    rows: Sequence[Interval],
    *,
    target: float | None = None,
    title: str = "",
    subtitle: str = "",
    value_title: str = "α",
) -> Spec:
    """Coefficients with their intervals, as given: rows are `{"label", "value", "low", "high",
    "note", "href"}`.

    A value of None is undefined: it gets no dot, but its `note` ("undefined: no variation") in
    words, on the row. For the others the note stands after the numbers ("40 papers"). `low` and
    `high` are None together: no interval.
    """
    labels = distinct([row["label"] for row in rows], "rows")
    if not rows:
        return empty_chart(
            title=title, subtitle=subtitle, header=HEADER, message="No section to compare yet."
        )
    full = [described(label, row) for label, row in zip(labels, rows, strict=True)]
    defined = [row for row in full if row["value"] is not None]
    table = Table(
        [HEADER[0], value_title, *HEADER[2:], "Note"],
        [
            [row["label"], *[rounded(row[name]) for name in ("value", "low", "high")], row["note"]]
            for row in full
        ],
    )
    sentence = f"Agreement of {counted(len(full), 'section')} with 95 % intervals"
    sentence += f", target {short(target)}." if target else "."
    chart = whiskers(full, lowest_of(defined), target, value_title)
    return finished(chart, title=title, subtitle=subtitle, description=sentence, table=table)


def described(label: str, row: Interval) -> DescribedInterval:
    """The row with its numbers in words; ValueError where its interval has one end only."""
    value, low, high = row["value"], row.get("low"), row.get("high")
    if (low is None) != (high is None):
        raise ValueError(f"The interval of “{label}” has one end only.")
    note = plain(row.get("note") or "")
    if value is None:
        figures, note = "—", note or "undefined"
        says = f"{label}: {note}"
    else:
        interval = "" if low is None or high is None else f" [{short(low)}, {short(high)}]"
        figures = short(value) + interval
        says = f"{label}: {figures}" + (f", {note}" if note else "")
    return {
        "label": label,
        "value": value,
        "low": low,
        "high": high,
        "note": note,
        "figures": figures,
        "says": says,
        "href": link(row),
    }


def lowest_of(rows: Iterable[DescribedInterval]) -> float:
    """Where the axis begins: at 0, or at the next lower half or tenth when a value is negative."""
    ends = [end for row in rows for end in (row["value"], row["low"]) if end is not None]
    return min(0, math.floor(min(ends, default=0) * 10) / 10)


def whiskers(
    rows: Sequence[DescribedInterval], lowest: float, target: float | None, value_title: str
) -> AnyChart:
    """A dot and a whisker for each row, on an axis from `lowest` to 1, with the target's line."""
    labels = [row["label"] for row in rows]
    height = ROW_HEIGHT * len(rows)
    down = alt.Axis(title=None, **labels_beside(labels, 34, 2))
    y = alt.Y("label:N", axis=down, scale=alt.Scale(domain=labels, padding=0))
    scale = alt.Scale(domain=[lowest, 1], nice=False, zero=False)
    undefined = [row for row in rows if row["value"] is None]
    layers = [
        *dots_and_whiskers(rows, y, value_axis(lowest), scale),
        # The words start where the numbers of the axis start, so that they cannot be taken for a
        # value.
        alt.Chart(values(undefined))
        .mark_text(align="left", color=MUTED, fontStyle="italic", aria=False)
        .encode(y=y, x=alt.XValue(6), text=alt.Text("note:N")),
        *figures(rows, y, value_title),
        targets(rows, y=y, x=alt.XValue(0), x2=alt.X2Value(PLOT_WIDTH)),
    ]
    if target is not None:
        layers = [*target_line(target, scale, height), *layers]
    return alt.layer(*layers, width=PLOT_WIDTH, height=height)


def value_axis(lowest: float) -> alt.Axis:
    """The axis on top, from `lowest` to 1, with its fixed ticks."""
    ticks = ([lowest] if lowest < 0 else []) + TICKS
    return alt.Axis(
        orient="top",
        values=ticks,
        title=None,
        grid=True,
        gridColor=RULE,
        labelColor=MUTED,
        labelFontSize=FONT_SIZE - 1,
        labelFlush=False,
        labelExpr=f"{[short(tick) for tick in ticks]}[indexof({ticks}, datum.value)]",
    )


def dots_and_whiskers(
    rows: Iterable[DescribedInterval], y: alt.Y, axis: alt.Axis, scale: alt.Scale
) -> list[alt.Chart]:
    defined = [row for row in rows if row["value"] is not None]
    bounded = [row for row in defined if row["low"] is not None]
    return [
        alt.Chart(values(bounded))
        .mark_rule(color=ACCENT, strokeWidth=1.5, aria=False)
        .encode(y=y, x=alt.X("low:Q", axis=axis, scale=scale), x2=alt.X2("high:Q")),
        *[
            alt.Chart(values(bounded))
            .mark_tick(color=ACCENT, thickness=1.5, size=9, opacity=1, aria=False)
            .encode(y=y, x=alt.X(f"{end}:Q", axis=axis, scale=scale))
            for end in ("low", "high")
        ],
        alt.Chart(values(defined))
        .mark_circle(color=ACCENT, size=80, opacity=1, aria=False)
        .encode(y=y, x=alt.X("value:Q", axis=axis, scale=scale)),
    ]


def target_line(target: float, scale: alt.Scale, height: int) -> list[alt.Chart]:
    row = values([{"target": target, "shown": f"target {short(target)}"}])
    x = alt.X("target:Q", scale=scale)
    return [
        alt.Chart(row).mark_rule(color=INK, strokeDash=[4, 3], aria=False).encode(x=x),
        alt.Chart(row)
        .mark_text(color=INK, baseline="top", dy=6, fontSize=FONT_SIZE - 1, aria=False)
        .encode(x=x, y=alt.YValue(height), text=alt.Text("shown:N")),
    ]


def figures(rows: Sequence[DescribedInterval], y: alt.Y, value_title: str) -> list[alt.Chart]:
    """The numbers as text to the right of the plot, then the notes."""
    defined = [row for row in rows if row["value"] is not None]
    interval = " [95 %]" if any(row["low"] is not None for row in rows) else ""
    numbers = alt.XValue(PLOT_WIDTH + 16)
    notes = alt.XValue(PLOT_WIDTH + 16 + max(text_width(row["figures"]) for row in rows) + 10)
    heading = alt.Chart(values([{"shown": value_title + interval}]))
    muted: dict[str, Any] = {"align": "left", "color": MUTED, "aria": False}
    return [
        heading.mark_text(fontSize=FONT_SIZE - 1, **muted).encode(
            x=numbers, y=alt.YValue(-12), text=alt.Text("shown:N")
        ),
        alt.Chart(values(rows))
        .mark_text(align="left", aria=False)
        .encode(y=y, x=numbers, text=alt.Text("figures:N")),
        alt.Chart(values(defined)).mark_text(**muted).encode(y=y, x=notes, text=alt.Text("note:N")),
    ]


def short(number: float) -> str:
    """Two decimals without the leading zero, as coefficients are printed: .61, −.05, 1.00
    stays 1.
    """
    if number in (0, 1, -1):
        return str(int(number)).replace("-", "−")
    text = f"{number:.2f}".replace("0.", ".", 1).replace("-", "−")
    return "0" if text in (".00", "−.00") else text


def rounded(number: float | None) -> float | None:
    """Three decimals, for the table."""
    return None if number is None else round(number, 3)
