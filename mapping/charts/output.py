"""Specification -> SVG, PNG, PDF with vl-convert, in a process of its own (`engine.py`)."""

import copy
import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from mapping.charts.engine import Engine
from mapping.charts.theme import ACCENT, INK, MUTED, RULE, Spec

SVG_NAMES = "http://www.w3.org/2000/svg"
LINK = "{http://www.w3.org/1999/xlink}href"
PLACEHOLDER = "https://link.invalid/"
engine = Engine()

# Inside a page the chart takes the page's colours, also when these change from light to dark.
PAGE_COLOURS = {
    INK: "currentColor",
    MUTED: f"var(--chart-muted, {MUTED})",
    RULE: f"var(--chart-rule, {RULE})",
    ACCENT: f"var(--chart-accent, {ACCENT})",
}


def svg(spec: Spec, *, inline: bool = False) -> str:
    """The chart as SVG text; the same specification gives the same bytes on the same machine.

    Links are plain `<a href>`, every mark has its sentence as `<title>`. With `inline`, for use
    inside a page, colours follow its `color`, `--chart-accent`, `--chart-muted` and `--chart-rule`;
    the font stays, as it was measured.
    """
    return svg_of(json.dumps(spec), inline)


# Drawing takes most of the time of a page with a chart, and many look at the same one: a few
# hundred kilobytes each.
@lru_cache(maxsize=64)
def svg_of(written: str, inline: bool) -> str:
    """The SVG of a specification written as JSON."""
    spec, addresses = with_placeholders(json.loads(written))
    drawn = engine.draw("svg", spec, config={"background": "transparent"}).decode()
    ET.register_namespace("", SVG_NAMES)
    root = ET.fromstring(drawn)  # noqa: S314 (our own renderer wrote it)
    for element in list(root.iter()):
        put_addresses_back(element, addresses)
    for element in list(root.iter()):
        give_title(element)
        if inline:
            take_page_colours(element)
    root.set("role", "group" if any(addresses) else "img")
    root.set("aria-label", spec.get("description", ""))
    return ET.tostring(root, encoding="unicode")


def png(spec: Spec, *, scale: int = 3) -> bytes:
    """The chart as PNG on white; a scale of 3 gives 288 dots per inch at the size it has on
    a page.
    """
    spec, _ = with_placeholders(spec)
    return engine.draw("png", spec, config={"background": "white"}, scale=scale)


def pdf(spec: Spec) -> bytes:
    """The chart as PDF with real text, on white. Its fonts stand in any order: bytes are not always
    equal.
    """
    spec, _ = with_placeholders(spec)
    return engine.draw("pdf", spec, config={"background": "white"})


def with_placeholders(spec: Spec) -> tuple[Spec, list[str | None]]:
    """A copy with every `href` in its rows replaced by a numbered address, and the list of the real
    ones.

    vl-convert puts the host of its example data before every address that names no host, and fails
    on some others.
    """
    spec = copy.deepcopy(spec)
    addresses = []
    for row in all_rows(spec):
        if "href" in row:
            addresses.append(row["href"])
            row["href"] = f"{PLACEHOLDER}{len(addresses) - 1}"
    return spec, addresses


def all_rows(part: object) -> Iterator[dict[str, Any]]:
    """All rows of data anywhere in a specification."""
    if isinstance(part, list):
        for item in part:
            yield from all_rows(item)
    elif isinstance(part, dict):
        for name, item in part.items():
            if name == "datasets":
                for rows in item.values():
                    yield from rows
            elif name == "data" and "values" in item:
                yield from item["values"]
            elif name != "usermeta":
                yield from all_rows(item)


def put_addresses_back(parent: ET.Element, addresses: Sequence[str | None]) -> None:
    """Gives the links right under this element their real addresses, and removes links
    without one.
    """
    for index, child in enumerate(list(parent)):
        if child.tag != f"{{{SVG_NAMES}}}a":
            continue
        href = addresses[int(child.attrib.pop(LINK).removeprefix(PLACEHOLDER))]
        if href:
            child.set("href", href)
        else:
            parent[index] = child[0]


def give_title(element: ET.Element) -> None:
    """A mark's sentence becomes its tooltip, and the name of the link around it."""
    for child in list(element):
        if child.get("role") != "graphics-symbol" or not child.get(
            "aria-roledescription", ""
        ).endswith("mark"):
            continue
        title = ET.SubElement(child, f"{{{SVG_NAMES}}}title")
        title.text = child.get("aria-label")
        if element.tag == f"{{{SVG_NAMES}}}a":
            element.set("aria-label", child.attrib.pop("aria-label"))
            child.set("aria-hidden", "true")


def take_page_colours(element: ET.Element) -> None:
    """Replaces the colours of the theme by those of the page."""
    for paint in ("fill", "stroke"):
        colour = element.get(paint)
        if colour in PAGE_COLOURS:
            element.set(paint, PAGE_COLOURS[colour])
