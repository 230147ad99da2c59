"""One section counted: bars, venues, and bars by year."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NotRequired, TypedDict

import altair as alt

from mapping.charts.theme import (
    ACCENT,
    FONT_SIZE,
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
    percent,
    plain,
    targets,
    text_width,
    values,
    wrapped,
)

LETTERS, LINES = 44, 2
ROW_HEIGHT = 30
BAR_WIDTH = 380


class CountedLabel(TypedDict):
    """A row of bars: `href` leads to its papers, `apart` rows get their number but no bar."""

    label: str
    count: int
    href: NotRequired[str | None]
    apart: NotRequired[bool]


class CountedYear(TypedDict):
    label: str
    year: int | str
    count: int
    href: NotRequired[str | None]


class BarRow(TypedDict):
    """A row as it is drawn: with the text beside its bar, and what is read aloud of it."""

    label: str
    count: int
    share: str | None
    shown: str
    says: str
    href: str | None
    apart: bool


class YearRow(TypedDict):
    year: str
    count: int
    href: str | None
    says: str


def bars(
    rows: Sequence[CountedLabel],
    *,
    of: int | None = None,
    by_count: bool = False,
    title: str = "",
    subtitle: str = "",
    unit: str = "paper",
    label_title: str = "Code",
) -> Spec:
    """Horizontal bars from zero with count and percentage: rows are `{"label", "count", "href"}`.

    `of` is the whole of the percentages, for instance all papers of the study; without it only
    counts are shown. Rows stand in the order given, or with `by_count` the largest first. A row
    that is `apart` gets its numbers but no bar, because it is a sum that would dwarf the others.
    """
    labels = distinct([row["label"] for row in rows], "bars")
    full = [bar_row(label, row, of, unit) for label, row in zip(labels, rows, strict=True)]
    if by_count:
        full.sort(key=lambda row: -row["count"])
    header = [label_title, f"{unit.capitalize()}s"] + ([f"% of {of}"] if of else [])
    if not full:
        return empty_chart(title=title, subtitle=subtitle, header=header)
    table = Table(
        header, [[row["label"], row["count"], *([row["share"]] if of else [])] for row in full]
    )
    sentence = f"Bars: {counted(len(full), 'row')}, {label_title.lower()} by number of {unit}s."
    return finished(
        bar_rows(full), title=title, subtitle=subtitle, description=sentence, table=table
    )


def bar_row(label: str, row: CountedLabel, of: int | None, unit: str) -> BarRow:
    share = percent(row["count"], of)
    shown = f"{row['count']}" + (f"  ({share})" if share else "")
    says = f"{label}: {counted(row['count'], unit)}" + (f", {share} of {of}" if share else "")
    return {
        "label": label,
        "count": row["count"],
        "share": share,
        "shown": shown,
        "says": says,
        "href": link(row),
        "apart": bool(row.get("apart")),
    }


def venues(
    rows: Iterable[CountedLabel],
    *,
    of: int | None = None,
    limit: int = 20,
    title: str = "",
    subtitle: str = "",
    unit: str = "paper",
) -> Spec:
    """Bars of the venues with most papers; what is beyond the limit is summed in one row, not left
    out.
    """
    ordered = sorted(rows, key=lambda row: (-row["count"], plain(row["label"]).casefold()))
    shown, others = ordered[:limit], ordered[limit:]
    if others:
        label = f"{len(others)} other venue" + ("s" if len(others) > 1 else "")
        shown.append({"label": label, "apart": True, "count": sum(row["count"] for row in others)})
    return bars(shown, of=of, title=title, subtitle=subtitle, unit=unit, label_title="Venue")


def bar_rows(rows: Sequence[BarRow]) -> AnyChart:
    labels = [row["label"] for row in rows]
    drawn = [row for row in rows if not row["apart"]]
    largest = max(1, *(row["count"] for row in drawn))
    axis = alt.Axis(title=None, **labels_beside(labels, LETTERS, LINES))
    y = alt.Y(
        "label:N", axis=axis, scale=alt.Scale(domain=labels, paddingInner=0.46, paddingOuter=0.23)
    )
    # The text stands to the right of its bar: the scale leaves it room, so that the longest bar
    # keeps its text too.
    room = max(text_width(row["shown"]) for row in rows) + 10
    scale = alt.Scale(domain=[0, largest], range=[0, BAR_WIDTH - room], nice=False)
    length = alt.X("count:Q", axis=None, scale=scale, stack=None)
    layers = [
        alt.Chart(values(drawn)).mark_bar(color=ACCENT, aria=False).encode(y=y, x=length),
        alt.Chart(values(drawn))
        .mark_text(align="left", dx=6, aria=False)
        .encode(y=y, x=length, text=alt.Text("shown:N")),
        alt.Chart(values([row for row in rows if row["apart"]]))
        .mark_text(align="left", dx=6, color=MUTED, aria=False)
        .encode(y=y, x=alt.XValue(0), text=alt.Text("shown:N")),
        alt.Chart(values([{}])).mark_rule(color=MUTED, aria=False).encode(x=alt.XValue(0)),
        targets(rows, y=y, x=alt.XValue(0), x2=alt.X2Value(BAR_WIDTH)),
    ]
    return alt.layer(*layers, width=BAR_WIDTH, height=ROW_HEIGHT * len(rows))


def trend(
    rows: Sequence[CountedYear],
    *,
    labels: Iterable[str] | None = None,
    years: Iterable[int | str] | None = None,
    columns: int | None = None,
    title: str = "",
    subtitle: str = "",
    unit: str = "paper",
) -> Spec:
    """Papers per year for each code, as small bars on one scale: rows are `{"label", "year",
    "count", "href"}`.

    `labels` gives the codes in their order (else as they come in the rows), `years` the years (else
    all from the first to the last). A year without a row is zero papers, not a gap.
    """
    given = by_label_and_year(rows)
    labels = distinct(
        labels if labels is not None else dict.fromkeys(label for label, _ in given), "codes"
    )
    years = all_years(given) if years is None else [int(year) for year in years]
    known_labels, known_years = set(labels), set(years)
    for label, year in given:
        if label not in known_labels or year not in known_years:
            raise ValueError(f"“{label}” in {year} stands on no axis.")
    header = ["Code", *[str(year) for year in years]]
    if not labels or not years:
        return empty_chart(title=title, subtitle=subtitle, header=header)
    series = {label: [year_row(given, label, year, unit) for year in years] for label in labels}
    table = Table(header, [[label, *[row["count"] for row in series[label]]] for label in labels])
    largest = max(1, *(row["count"] for years in series.values() for row in years))
    panels = [year_bars(label, years, largest) for label, years in series.items()]
    chart = alt.concat(*panels, columns=columns or columns_for(len(panels)))
    sentence = f"Trend: {unit}s per year from {header[1]} to {header[-1]} for "
    sentence += f"{counted(len(labels), 'code')}."
    return finished(chart, title=title, subtitle=subtitle, description=sentence, table=table)


def by_label_and_year(rows: Iterable[CountedYear]) -> dict[tuple[str, int], CountedYear]:
    """The rows by label and year; ValueError where one is given twice."""
    given: dict[tuple[str, int], CountedYear] = {}
    for row in rows:
        key = plain(row["label"]), int(row["year"])
        if key in given:
            raise ValueError(f"“{key[0]}” is given twice for {key[1]}.")
        given[key] = row
    return given


def all_years(given: Iterable[tuple[str, int]]) -> list[int]:
    years = [year for _, year in given]
    return list(range(min(years), max(years) + 1)) if years else []


def columns_for(panels: int) -> int:
    return 1 if panels == 1 else 2 if panels <= 4 else 3


def year_row(
    given: Mapping[tuple[str, int], CountedYear], label: str, year: int, unit: str
) -> YearRow:
    row = given.get((label, year))
    count = row["count"] if row else 0
    says = f"{label}, {year}: {counted(count, unit)}"
    return {"year": str(year), "count": count, "href": link(row) if row else None, "says": says}


def year_bars(label: str, rows: Sequence[YearRow], largest: int) -> AnyChart:
    """One code: a bar and a number for every year."""
    step = 22 if len(rows) <= 14 else 15
    width, height = max(step * len(rows), 150), 62
    years = [row["year"] for row in rows]
    x = alt.X(
        "year:N",
        axis=year_axis(years, step),
        scale=alt.Scale(domain=years, paddingInner=0.2, paddingOuter=0.1),
    )
    y = alt.Y(
        "count:Q",
        axis=None,
        scale=alt.Scale(domain=[0, largest], range=[height, 14], nice=False),
        stack=None,
    )
    layers = [
        alt.Chart(values(rows)).mark_bar(color=ACCENT, aria=False).encode(x=x, y=y),
        alt.Chart(values([row for row in rows if row["count"]]))
        .mark_text(dy=-7, fontSize=FONT_SIZE - 2, aria=False)
        .encode(x=x, y=y, text=alt.Text("count:Q")),
        targets(rows, x=x, y=alt.YValue(0), y2=alt.Y2Value(height)),
    ]
    heading = alt.TitleParams(
        text=wrapped(label, int(width / (FONT_SIZE * 0.52)), 2),
        fontSize=FONT_SIZE,
        fontWeight="normal",
        lineHeight=15,
        offset=4,
    )
    return alt.layer(*layers, width=width, height=height, title=heading)


def year_axis(years: Sequence[str], step: int) -> alt.Axis:
    """A line under the bars that names the first and the last year only."""
    first = f"datum.value == '{years[0]}'"
    # A year in the corner is wider than its bar: turned inwards, it does not stick out of the
    # panel.
    has_corners = len(years) > 2
    return alt.Axis(
        title=None,
        labelAngle=0,
        labelExpr=f"indexof({[years[0], years[-1]]}, datum.value) >= 0 ? datum.label : ''",
        labelAlign={"expr": f"{first} ? 'left' : 'right'" if has_corners else "'center'"},
        labelOffset={"expr": f"{first} ? {-step / 2} : {step / 2}" if has_corners else "0"},
        labelColor=MUTED,
        labelFontSize=FONT_SIZE - 1,
        labelPadding=4,
        domain=True,
        domainColor=RULE,
    )
