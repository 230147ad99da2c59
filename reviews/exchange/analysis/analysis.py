"""Reproduces the tables and figures of this study from the files beside it: `python analysis.py`.
Needs pandas.

Writes into `results`: how often each code was settled on, a cross-table and its bubble plot, and
Krippendorff's alpha computed anew from codings.csv, beside what agreement.csv says. Any difference
is printed, and ends with status 1.
"""

import math
import sys
from collections import Counter
from datetime import date
from html import escape
from itertools import combinations
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
FORMULA = r"^'(?='*[=+\-@\t\r\n])"
NEAR = 1e-9


def table(name):
    """A file of the bundle, every cell a text as it was typed."""
    read = pd.read_csv(HERE / name, dtype=str, keep_default_na=False, encoding="utf-8")
    return read.apply(lambda column: column.str.replace(FORMULA, "", regex=True)).reset_index(
        drop=True
    )


def frequencies(findings):
    """Papers per value; a paper may count for several codes of a section, and once for each."""
    coded = findings[findings.kind != "text"].copy()
    coded["said"] = coded.value.where(coded.absence == "", coded.absence)
    coded.loc[coded.none_apply == "1", "said"] = "none of the codes"
    counted = (
        coded[coded.said != ""]
        .groupby(["section", "said"], sort=True)
        .paper.nunique()
        .reset_index(name="papers")
    )
    of = coded.groupby("section").paper.nunique().reset_index(name="papers_settled")
    counted = counted.merge(of, on="section")
    counted["percent"] = (100 * counted.papers / counted.papers_settled).round(1)
    return counted


def crossed(findings, rows, columns):
    """Papers that have both codes: one section down, another across."""
    marks = findings[(findings.value != "") & (findings.absence == "")][
        ["paper", "section", "value"]
    ]
    down = marks[marks.section == rows][["paper", "value"]].drop_duplicates()
    across = marks[marks.section == columns][["paper", "value"]].drop_duplicates()
    both = down.merge(across, on="paper", suffixes=("_row", "_column"))
    return pd.crosstab(both.value_row, both.value_column)


def bubbles(counts, rows, columns):
    """The cross-table as an SVG: the area of a bubble is its number of papers."""
    step, left, top = 90, 260, 40
    width, height = left + step * len(counts.columns) + 20, top + step * len(counts.index) + 90
    most = max(int(counts.to_numpy().max()), 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" '
        f'font-family="sans-serif" font-size="12"><title>{escape(rows)} × {escape(columns)}, '
        f"papers</title>"
    ]
    for i, label in enumerate(counts.index):
        y = top + step * i + step / 2
        parts.append(
            f'<text x="{left - 10}" y="{y + 4}" text-anchor="end">{escape(label[:40])}</text>'
        )
        for j, other in enumerate(counts.columns):
            number = int(counts.loc[label, other])
            if number:
                x, radius = left + step * j + step / 2, 0.45 * step * math.sqrt(number / most)
                parts.append(
                    f'<circle cx="{x}" cy="{y}" r="{radius:.1f}" fill="#9bb8d3" stroke="#345"/>'
                )
                parts.append(f'<text x="{x}" y="{y + 4}" text-anchor="middle">{number}</text>')
    for j, label in enumerate(counts.columns):
        x, y = left + step * j + step / 2, top + step * len(counts.index) + 14
        parts.append(f'<text transform="translate({x},{y}) rotate(25)">{escape(label[:28])}</text>')
    return "\n".join([*parts, "</svg>\n"])


def masi(one, other):
    if one == other:
        return 0.0
    shared, union = len(one & other), len(one | other)
    monotonic = 2 / 3 if one < other or other < one else (1 / 3 if shared else 0)
    if not one or not other:
        return 1.0
    return 1 - shared / union * monotonic


def ordinal(values, order):
    """Krippendorff's: how many ratings lie between two stages, half of each end among them."""
    times = Counter(values)

    def distance(one, other):
        low, high = sorted((order[one], order[other]))
        between = sum(count for value, count in times.items() if low <= order[value] <= high)
        return (between - (times[one] + times[other]) / 2) ** 2 if one != other else 0.0

    return distance


def alpha(units, distance_of):
    """Krippendorff's alpha; `units` are lists of values, one per paper. None where it is
    undefined.
    """
    units = [values for values in units if len(values) > 1]
    pooled = [value for values in units for value in values]
    if not pooled:
        return None
    distance = distance_of(pooled)
    observed = sum(
        2 * sum(distance(a, b) for a, b in combinations(values, 2)) / (len(values) - 1)
        for values in units
    ) / len(pooled)
    times = list(Counter(pooled).items())
    expected = sum(2 * m * n * distance(a, b) for (a, m), (b, n) in combinations(times, 2))
    expected /= len(pooled) * (len(pooled) - 1)
    return None if expected == 0 else 1 - observed / expected


def ratings(codings, metric):
    """One list of values per paper. Absences as agreement.csv counts them; a blank has no row and
    is no rating.
    """
    units = {}
    for (paper, _), rows in codings.groupby(["paper", "reviewer"], sort=False):
        absence = next((word for word in rows.absence if word), "")
        if metric == "masi":
            value = frozenset(
                [("absent", absence)] if absence else [label for label in rows.value if label]
            )
        elif metric in {"ordinal", "interval"}:
            if absence or not rows.value.iloc[0]:
                continue
            value = rows.value.iloc[0]
            value = as_number(value) if metric == "interval" else value
        else:
            value = ("absent", absence) if absence else rows.value.iloc[0]
            if value == "":
                continue
        units.setdefault(paper, []).append(value)
    return list(units.values())


def as_number(text):
    """What can be subtracted: a number, or of a day how many there were before it."""
    try:
        return float(text)
    except ValueError:
        return float(date.fromisoformat(text).toordinal())


def distances(metric, order):
    if metric == "masi":
        return lambda pooled: masi
    if metric == "ordinal":
        return lambda pooled: ordinal(pooled, order)
    if metric == "interval":
        return lambda pooled: lambda a, b: (a - b) ** 2
    return lambda pooled: lambda a, b: float(a != b)


def agreement(codings, codebook, summaries, told):
    """alpha computed anew for each row of agreement.csv that has one, and how far it lies from what
    stands there.
    """
    first = codings[codings.revision == "1"]
    apart = summaries[summaries.not_independent != ""]
    apart = set(zip(apart.paper, apart["round"], apart.reviewer, strict=True))
    independent = [
        key not in apart for key in zip(first.paper, first["round"], first.reviewer, strict=True)
    ]
    first = first[independent]
    found = []
    headline = told[(told.coefficient == "krippendorff_alpha")]
    for row in headline.itertuples():
        own = first[(first["round"] == row.round) & (first.section == row.section)]
        scale = codebook[codebook.section == row.section]
        order = {
            label: int(place) for label, place in zip(scale.label, scale.position, strict=True)
        }
        value = alpha(ratings(own, row.metric), distances(row.metric, order)) if len(own) else None
        stated = float(row.value) if row.value else None
        same = value is stated if None in (value, stated) else abs(value - stated) < NEAR
        found.append(
            [
                row.phase,
                row.round,
                row.section,
                row.metric,
                stated,
                value,
                "same" if same else "DIFFERS",
            ]
        )
    return pd.DataFrame(
        found, columns=["phase", "round", "section", "metric", "agreement_csv", "recomputed", "is"]
    )


def main():
    RESULTS.mkdir(exist_ok=True)
    findings, codebook = table("findings.csv"), table("codebook.csv")
    counted = frequencies(findings)
    counted.to_csv(RESULTS / "frequencies.csv", index=False)
    sys.stdout.write(counted.to_string(index=False) + "\n\n")

    with_codes = findings[findings.code_number != ""]
    sections = list(with_codes.section.drop_duplicates())[:2]
    if len(sections) == 2:
        counts = crossed(findings, *sections)
        counts.to_csv(RESULTS / "crossed.csv")
        if counts.size:
            (RESULTS / "bubbles.svg").write_text(bubbles(counts, *sections), encoding="utf-8")

    compared = agreement(
        table("codings.csv"), codebook, table("summaries.csv"), table("agreement.csv")
    )
    compared.to_csv(RESULTS / "agreement.csv", index=False)
    sys.stdout.write(compared.to_string(index=False) + "\n")
    is_different = (compared["is"] == "DIFFERS").any()
    if is_different:
        sys.stderr.write(
            "Some figures differ. Closed rounds keep theirs, even where the codebook changed "
            "since.\n"
        )
    return int(is_different)


if __name__ == "__main__":
    sys.exit(main())
