"""Which figures a section of each kind gets, and what they say in one sentence. Ratings in, plain
values out.
"""

from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from django.core.cache import caches

from mapping.judgement.kinds import KINDS, MOST_DECIMALS, number_text
from mapping.protocol.coefficients import HEADLINE, LABELS
from reviews.agreement import statistics
from reviews.agreement.statistics import Absence, Figure
from reviews.agreement.statistics.coefficients import NOMINAL
from reviews.agreement.statistics.ratings import labels_in

REPLICATES = 1000
SEED = 0
NUMBERS_LISTED, RANGES = 8, 5
USABLE = 0.95  # of the replicates, for a verdict
NO_STAGE = "weights need a scale: see AC1"


class Choice(NamedTuple):
    """A coefficient as one kind of section takes it; without a function it is not made for that
    kind.
    """

    name: str
    metric: str
    function: Callable | None
    reason: str = ""

    @property
    def label(self):
        return LABELS[self.name]


def choices(kind, categories):
    """Every coefficient of a kind of section, the headline first. `categories` in the order of the
    scale.
    """
    kind = KINDS[kind]
    in_order = {"categories": categories} if kind.is_scale else {}
    alpha = partial(statistics.krippendorff_alpha, metric=kind.metric, **in_order)
    alphas = [Choice(HEADLINE, kind.metric, alpha)]
    if other := kind.other_metric:
        second = partial(statistics.krippendorff_alpha, metric=other)
        alphas.append(Choice(f"{HEADLINE}_{other}", other, second))
    further = refused(kind.no_kappa) if kind.no_kappa else of_categories(kind, categories)
    return [*alphas, *further]


def of_categories(kind, categories):
    ordered = {"categories": categories}
    nominal = [
        Choice(name, "nominal", partial(function, **ordered) if takes_categories else function)
        for name, (function, takes_categories) in NOMINAL.items()
    ]
    if not kind.is_scale:
        return [*nominal, Choice("gwet_ac2", "quadratic", None, NO_STAGE)]
    weighted = ordered | {"weights": "quadratic"}
    return [
        *nominal,
        Choice("cohen_kappa_weighted", "quadratic", partial(statistics.cohen_kappa, **weighted)),
        Choice("gwet_ac2", "quadratic", partial(statistics.gwet_ac, **weighted)),
    ]


def refused(reason):
    return [Choice(name, "", None, reason) for name in (*NOMINAL, "gwet_ac2")]


def figure(rated, choice, replicates=REPLICATES):
    """The `Figure` of one coefficient, with its interval."""
    if choice.function is None:
        papers, units, raters = statistics.bootstrap.denominators(rated.table)
        return Figure(None, None, None, choice.reason, papers, units, raters, 0)
    return cached(
        (choice.name, choice.metric, rated, replicates),
        lambda: _measured(rated, choice, replicates),
    )


def _measured(rated, choice, replicates):
    try:
        return statistics.measure(rated.table, choice.function, replicates, SEED)
    except ValueError as error:
        # A ratio scale with a number below 0, say: the message names the value.
        papers, units, raters = statistics.bootstrap.denominators(rated.table)
        return Figure(None, None, None, str(error), papers, units, raters, 0)


def codes_of(rated, replicates=REPLICATES):
    """`CodeAgreement` of every code of a section with several."""
    compute = partial(statistics.per_code, rated.table, rated.categories, replicates, SEED)
    return cached(("per_code", "", rated, replicates), compute)


def alphas_of_codes(rated):
    """`{code: Figure}`: the yes-or-no alpha of every code that somebody gave, without intervals."""
    return cached(
        ("alphas_of_codes", "", rated, 0), lambda: statistics.alphas_of_codes(rated.table)
    )


def cached(key, compute):
    """Cached under a digest of the very ratings it is made of: never older than they are, and
    whoever may see other ratings has another digest. `key`: (name, metric, rated, replicates).
    """
    name, metric, rated, replicates = key
    values = [
        sorted(map(repr, value)) if isinstance(value, frozenset) else repr(value)
        for value in rated.table.values
    ]
    content = repr(
        (name, metric, replicates, SEED, rated.table.codes.shape, values, rated.categories)
    )
    digest = sha256(content.encode() + rated.table.codes.tobytes()).hexdigest()
    return caches["agreement"].get_or_set(digest, compute)


def value_text(value, kind=None) -> str:
    """A rating in words, as its kind has them."""
    if isinstance(value, frozenset):
        return ", ".join(sorted(map(value_text, value), key=str.casefold)) or "none of the codes"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float):
        return kind.measured_text(value) if kind else number_text(value)
    return str(value)


def token(value):
    """A rating as an address names it; `~` keeps an absence apart from a code of the same name."""
    return f"~{value.name}" if isinstance(value, Absence) else value_text(value)


def shared(table):
    return (table.codes >= 0).sum(axis=0) >= 2


def differing(rated):
    """Indexes of the papers whose raters differ."""
    codes = rated.table.codes
    if not codes.size:
        return []
    least = np.where(codes < 0, codes.max() + 1, codes).min(axis=0)
    return np.flatnonzero(shared(rated.table) & (codes.max(axis=0) != least)).tolist()


def sentence(rated):
    """The figure in plain words: how many differ, and over what."""
    papers, differ = int(shared(rated.table).sum()), len(differing(rated))
    if not papers:
        return ""
    if not differ:
        return f"All {papers} papers agree." if papers > 1 else "The one paper agrees."
    text = f"{differ} of {papers} papers differ" if papers > 1 else "The one paper differs"
    return f"{text}{_mostly(rated)}."


def _mostly(rated):
    if rated.section.kind_of.is_quantity:
        # A difference of floats has digits that nobody entered: as many as the column holds.
        difference = round(statistics.median_absolute_difference(rated.table), MOST_DECIMALS)
        return f"; the median difference of two raters is {number_text(difference)}"
    if rated.section.is_multiple:
        codes = [
            (len(code.differing), index, code.code) for index, code in enumerate(codes_of(rated, 0))
        ]
        count, _, code = max(codes, key=lambda row: (row[0], -row[1]))
        return f", most over “{value_text(code)}” ({count})"
    cells = statistics.coincidence_matrix(rated.table, rated.categories)
    apart = {cell: papers for cell, papers in cells.papers.items() if cell[0] != cell[1]}
    first, second = max(apart, key=lambda cell: (len(apart[cell]), -cell[0], -cell[1]))
    names = f"“{value_text(cells.categories[first])}” and “{value_text(cells.categories[second])}”"
    return f", most between {names} ({len(apart[first, second])})"


def prevalence(rated):
    """How often each value or code was given: `[{value, times, share}]`, shares of all that was
    given, in order.

    Many different numbers are told as ranges.
    """
    table = rated.table
    rated_codes = table.codes[table.codes >= 0]
    times = {}
    for code, number in enumerate(np.bincount(rated_codes, minlength=len(table.values)).tolist()):
        for label in labels_in(table.values[code]):
            times[label] = times.get(label, 0) + number
    total = sum(times.values())
    order = [value for value in rated.categories or sorted(times) if times.get(value)]
    kind = rated.section.kind_of
    pieces = [(value_text(value, kind), times[value]) for value in order]
    if kind.is_quantity and len(order) > NUMBERS_LISTED:
        pieces = ranges(order, times, kind)
    return [{"value": text, "times": count, "share": count / total} for text, count in pieces]


def ranges(numbers, times, kind):
    """Numbers in order as ranges of equal width, each named by the least and the greatest number
    that is in it.
    """
    least, width = numbers[0], (numbers[-1] - numbers[0]) / RANGES
    by_range = {}
    for number in numbers:
        by_range.setdefault(min(int((number - least) / width), RANGES - 1), []).append(number)
    return [
        (
            " to ".join(value_text(end, kind) for end in dict.fromkeys((members[0], members[-1]))),
            sum(times[number] for number in members),
        )
        for members in by_range.values()
    ]


def verdict(figure, target):
    """The interval of a coefficient against the declared target; "" where there is no target or no
    value.

    Where one replicate in twenty had no variation, the interval is of the others alone and decides
    nothing.
    """
    if target is None or figure["value"] is None:
        return ""
    if figure["replicates"] >= USABLE * REPLICATES:
        if figure["low"] >= target:
            return "meets"
        if figure["high"] < target:
            return "below"
    return "too few papers to tell"


def report(rated, *, phase, round, full=True):
    """One section of one round as plain values: what the command prints, closing keeps and the
    overview shows.

    Without `full` only the headline and the declared coefficient.
    """
    section = rated.section
    primary = section.primary_coefficient or HEADLINE
    report = {
        "phase": phase,
        "section": section.key,
        "label": section.label,
        "kind": section.kind,
        "round": round,
        **counts(rated),
        "primary": primary,
        "not_independent": rated.not_independent,
        "target": rated.target,
        "sentence": sentence(rated),
        "prevalence": prevalence(rated),
        "coefficients": coefficients(rated, None if full else {HEADLINE, primary}),
    }
    if section.is_multiple and full:
        report["codes"] = [of_code(code, rated) for code in codes_of(rated)]
    return report


def counts(rated):
    """What the figures of a section rest on, and how many papers differ."""
    papers, units, raters = statistics.bootstrap.denominators(rated.table)
    return {
        "papers": papers,
        "papers_rated_by_all": rated_by_all(rated),
        "units": units,
        "raters": raters,
        "percent_agreement": statistics.percent_agreement(rated.table),
        "differing": len(differing(rated)),
        "left_out": dict(rated.left_out),
    }


def coefficients(rated, names=None):
    """`{name: coefficient}` of these names, or of all that the kind of section has."""
    return {
        choice.name: coefficient(choice, figure(rated, choice))
        for choice in choices(rated.section.kind, rated.categories)
        if names is None or choice.name in names
    }


def rated_by_all(rated):
    """Papers that every rater of the section coded, where there are two raters or more."""
    codes = rated.table.codes
    return int((codes >= 0).all(axis=0).sum()) if len(codes) > 1 else 0


def coefficient(choice, figure):
    return {
        "metric": choice.metric,
        "value": figure.value,
        "low": figure.low,
        "high": figure.high,
        "reason": figure.reason or None,
        "papers": figure.papers,
        "units": figure.units,
        "raters": figure.raters,
        "replicates": figure.replicates,
    }


def of_code(code, rated):
    alpha = code.krippendorff_alpha
    return {
        "code": value_text(code.code),
        "papers": code.papers,
        "krippendorff_alpha": alpha.value,
        "low": alpha.low,
        "high": alpha.high,
        "reason": alpha.reason or None,
        "positive_agreement": code.positive_agreement,
        "negative_agreement": code.negative_agreement,
        "percent_agreement": code.percent_agreement,
        "kappa": code.kappa.value,
        "gwet_ac1": code.gwet_ac1.value,
        "units": alpha.units,
        "raters": alpha.raters,
        "differing": len(code.differing),
        "used_by": sum(1 for times in code.given if times),
        "by_all": code.by_all,
        "only": list(code.only),
    }
