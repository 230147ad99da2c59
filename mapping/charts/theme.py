"""What all charts share: colours, fonts, wrapped labels, and the title, description and table of
every chart.
"""

import json
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import altair as alt
from altair.utils.schemapi import disable_debug_mode

from mapping.parsers.lookalikes import visible

# Charts are held against the schema by the tests, not on every page: that takes longer than the
# drawing.
disable_debug_mode()

INK = "#1f2328"
MUTED = "#5c6773"
RULE = "#d3d8de"
ACCENT = "#2456a6"

# The metrics of Arial are on every machine under one name or another: what is measured here fits in
# any browser.
FONT = "Arial, Liberation Sans, Helvetica, DejaVu Sans, sans-serif"
FONT_SIZE = 12
LINE_HEIGHT = 14
# Mean width of a letter of a sans-serif font, as a share of its size; a little generous, so that
# nothing is cut.
LETTER = 0.56

CONFIG: dict[str, Any] = {
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "domain": False,
        "ticks": False,
        "grid": False,
        "labelColor": INK,
        "labelFontSize": FONT_SIZE,
        "labelLimit": 0,
        "labelLineHeight": LINE_HEIGHT,
        "labelPadding": 8,
        "labelOverlap": False,
        "titleColor": MUTED,
        "titleFontSize": FONT_SIZE,
        "titleFontWeight": "normal",
        "titlePadding": 12,
        "gridColor": RULE,
    },
    "title": {
        "anchor": "start",
        "frame": "bounds",
        "color": INK,
        "fontSize": 15,
        "fontWeight": "bold",
        "lineHeight": 19,
        "subtitleColor": MUTED,
        "subtitleFontSize": FONT_SIZE,
        "subtitleLineHeight": 16,
        "subtitlePadding": 5,
        "offset": 16,
    },
    "text": {"fontSize": FONT_SIZE, "color": INK, "lineHeight": LINE_HEIGHT},
    "concat": {"spacing": 28},
    # Beside the figure there is room for words that come out wider in another font than they were
    # measured in.
    "padding": {"left": 24, "top": 8, "right": 24, "bottom": 8},
}


# The JSON of a picture, in the shape that Vega-Lite defines.
Spec = dict[str, Any]
AnyChart = alt.Chart | alt.LayerChart | alt.FacetChart | alt.ConcatChart | alt.HConcatChart
TableCell = str | int | float | None


class Table(NamedTuple):
    """The numbers of a chart in words: every row has as many cells as the header, all of them plain
    text or numbers.
    """

    header: list[str]
    rows: list[list[TableCell]]


def text_alternative(spec: Spec) -> Table:
    """The table that says what the chart shows."""
    table = spec["usermeta"]["table"]
    return Table(table["header"], table["rows"])


def finished(chart: AnyChart, *, title: str, subtitle: str, description: str, table: Table) -> Spec:
    """The specification as JSON values, with title, description, table and theme."""
    # Written into the chart: each of altair's own methods would return a copy of all its panels.
    chart["description"] = plain(description)
    chart["usermeta"] = {"table": {"header": table.header, "rows": table.rows}}
    if title or subtitle:
        # Titles do not wrap by themselves, and a long one would make the picture wider than its
        # plot.
        chart["title"] = alt.TitleParams(
            text=wrapped(title, 90, 3), subtitle=wrapped(subtitle, 110, 4)
        )
    chart["config"] = alt.Config(**CONFIG)
    spec: Spec = json.loads(json.dumps(chart.to_dict(validate=False)))
    return spec


def empty_chart(
    *, title: str, subtitle: str, header: list[str], message: str = "No papers to show."
) -> Spec:
    """The specification of a chart without rows: its message instead of an empty frame."""
    chart = alt.Chart(values([{"message": message}]), width=360, height=60)
    chart = chart.mark_text(align="left", color=MUTED, aria=False).encode(
        text=alt.Text("message:N"), x=alt.XValue(0)
    )
    return finished(
        chart, title=title, subtitle=subtitle, description=message, table=Table(header, [])
    )


def values(rows: Sequence[Mapping[str, object]]) -> dict[str, object]:
    # As a dict: altair would hold every row of its own object against the schema.
    return {"values": rows}


def plain(text: object) -> str:
    """The text as one line, without the control characters that an SVG file must not hold."""
    seen = visible(str(text))
    return " ".join(
        "".join(
            letter if unicodedata.category(letter)[0] != "C" else " " for letter in seen
        ).split()
    )


def distinct(labels: Iterable[object], what: str) -> list[str]:
    """The labels as plain text in their order; ValueError where two are the same, because rows are
    found by them.
    """
    names = [plain(label) for label in labels]
    seen = set()
    for name in names:
        if name in seen:
            raise ValueError(f"Two {what} are called “{name}”.")
        seen.add(name)
    return names


def columns_wide(text: str) -> int:
    """The width of a text in letters: Chinese, Japanese and Korean letters count twice."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def text_width(text: str, size: int = FONT_SIZE) -> float:
    """The width of a text in pixels, estimated."""
    return columns_wide(text) * size * LETTER


def wrapped(text: str, letters: int, lines: int) -> list[str]:
    """At most so many lines of at most so many letters, broken at words; more than that is cut at a
    word, with `…`.
    """
    text = plain(text)
    letters = letters_for(text, letters)
    parts = textwrap.wrap(text, width=max(letters, 4)) or [""]
    if len(parts) <= lines:
        return parts
    last = parts[lines - 1][: letters - 2]
    if " " in last and len(last) < len(parts[lines - 1]):
        last = last.rsplit(" ", 1)[0]
    return [*parts[: lines - 1], last + " …"]


def letters_for(text: str, letters: int) -> int:
    """How many letters of this text fit where so many narrow letters do."""
    return letters // 2 if columns_wide(text) > 1.5 * len(text) else letters


def distinct_lines(labels: Iterable[str], letters: int, lines: int) -> list[list[str]]:
    """The lines shown for each label, all different.

    A label without room is cut at its end; where labels begin alike, in its middle; where they
    end alike too, to where they begin to differ.
    """
    labels = [plain(label) for label in labels]
    texts = [wrapped(label, letters, lines) for label in labels]
    for indexes in equal_groups(texts):
        for index in indexes:
            texts[index] = cut_in_the_middle(labels[index], letters, lines)
    for indexes in equal_groups(texts):
        start = common_start([labels[index] for index in indexes])
        for index in indexes:
            texts[index] = wrapped(f"… {labels[index][start:].lstrip(' ,;:')}", letters, lines)
    for indexes in equal_groups(texts):
        for number, index in enumerate(indexes, 1):
            *before, last = texts[index]
            texts[index] = [*before, f"{last[: letters - 5].rstrip(' …')} … {number}"]
    return texts


def common_start(texts: Sequence[str]) -> int:
    """How many letters all the texts begin with."""
    first, last = min(texts), max(texts)
    return next(
        (at for at, letters in enumerate(zip(first, last, strict=False)) if len({*letters}) > 1),
        len(first),
    )


def equal_groups(texts: Iterable[Sequence[str]]) -> list[list[int]]:
    """Groups of indexes of equal texts."""
    by_text: dict[tuple[str, ...], list[int]] = {}
    for index, text in enumerate(texts):
        by_text.setdefault(tuple(text), []).append(index)
    return [indexes for indexes in by_text.values() if len(indexes) > 1]


def cut_in_the_middle(text: str, letters: int, lines: int) -> list[str]:
    """The text without its middle: its end has the last of several lines, or half of one."""
    letters = letters_for(text, letters)
    head = (
        wrapped(text, letters, lines - 1)
        if lines > 1
        else [text[: letters // 2 - 2].rstrip() + " …"]
    )
    room = letters - 2 if lines > 1 else letters - len(head[0]) - 1
    tail = text[-room:]
    if " " in tail.strip() and text[-room - 1] != " ":
        tail = tail.split(" ", 1)[1]
    return [*head, f"… {tail.strip()}"] if lines > 1 else [f"{head[0]} {tail.strip()}"]


def is_whole(text: str, letters: int, lines: int) -> bool:
    """Whether the text fits without a word being broken or cut."""
    fits = max((columns_wide(word) for word in plain(text).split()), default=0) <= letters
    return fits and len(textwrap.wrap(plain(text), width=max(letters, 4))) <= lines


def labels_beside(labels: Sequence[str], letters: int, lines: int) -> dict[str, Any]:
    """Properties of a vertical axis whose labels wrap, each centred on its row."""
    texts = distinct_lines(labels, letters, lines)
    lift = [-LINE_HEIGHT / 2 * (len(text) - 1) for text in texts]
    return {
        "labelExpr": per_label(labels, texts),
        "labelOffset": {"expr": f"{lift}[{index_of(labels)}] || 0"},
    }


def labels_above(labels: Sequence[str], letters: int, lines: int) -> dict[str, Any]:
    """Properties of an axis on top whose labels wrap, each standing on the plot."""
    texts = distinct_lines(labels, letters, lines)
    # A label of several lines hangs from its first line: lift it by the others.
    near = CONFIG["axis"]["labelPadding"]
    lift = [near + (len(text) - 1) * LINE_HEIGHT for text in texts]
    padding = {"expr": f"{lift}[{index_of(labels)}] || {near}"}
    return {"labelExpr": per_label(labels, texts), "labelPadding": padding, "labelAngle": 0}


def labels_slanted(labels: Sequence[str], letters: int) -> dict[str, Any]:
    """Properties of an axis on top whose labels are slanted, one line each."""
    texts = distinct_lines(labels, letters, 1)
    return {
        "labelExpr": per_label(labels, texts),
        "labelAngle": -50,
        "labelAlign": "left",
        "titleAnchor": "start",
    }


def per_label(labels: Sequence[str], texts: Sequence[Sequence[str]]) -> str:
    """A Vega expression for the lines that an axis shows for each label; the data keep the full
    text.
    """
    lines = [f"={chr(10).join(text)}" for text in texts]
    # A grid between the rows comes with one tick more than there are labels.
    return f"split(slice({json.dumps(lines)}[{index_of(labels)}] || '=', 1), '\\n')"


def index_of(labels: Sequence[str]) -> str:
    # Vega takes a text that is called like a property of every object ("constructor") for one of
    # its own operators. No such property begins with an equals sign.
    """A Vega expression for the index of the label of a datum."""
    return f"indexof({json.dumps([f'={label}' for label in labels])}, '=' + datum.value)"


def widest(labels: Iterable[str], letters: int, lines: int) -> float:
    """Width in pixels of the widest line the labels take."""
    return max(
        (text_width(line) for text in distinct_lines(labels, letters, lines) for line in text),
        default=0,
    )


def counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def percent(count: int, whole: int | None) -> str | None:
    """The share as text; None where the whole is 0 or unknown."""
    if not whole:
        return None
    rounded = (200 * count + whole) // (2 * whole)
    if rounded == 0 and count > 0:
        return "<1 %"
    return ">99 %" if rounded == 100 and count < whole else f"{rounded} %"


def link(row: Mapping[str, object]) -> str | None:
    """The row's address, or None; ValueError for an address that charts do not link to."""
    href = row.get("href")
    if not href:
        return None
    href = str(href)
    if href.startswith("//") or not href.startswith(("/", "?", "#", "http://", "https://")):
        raise ValueError(f"A chart does not link to {href!r}.")
    return href


def targets(rows: Sequence[Mapping[str, object]], **encoding: Any) -> alt.Chart:
    """Invisible areas over the marks, each with one link and one name, large enough to
    be touched. Channels are objects of altair's: of words and dicts it makes these objects itself,
    and compares each with its whole schema for it.
    """
    layer: alt.Chart = alt.Chart(values(rows)).mark_rect(fillOpacity=0)
    channels: dict[str, Any] = {"description": alt.Description("says:N"), **encoding}
    if any(row["href"] for row in rows):
        channels["href"] = alt.Href("href:N")
    return layer.encode(**channels)
