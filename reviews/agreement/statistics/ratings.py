"""Ratings as whole numbers: raters × papers, each rating an index into the list of distinct values.

`ratings` is raters × papers everywhere: `ratings[r][p]` is a value, a set of labels, or `None` for
"did not code it".
"""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Any, TypeGuard

import numpy as np

from mapping.judgement.absences import NAMES as ABSENCES
from mapping.judgement.absences import label_of
from mapping.judgement.kinds import CODED, KINDS
from reviews.agreement.statistics.arrays import Floats, Ints

MISSING = -1


class NotApplicable(ValueError):
    """The coefficient is not made for ratings of this shape; the message is a sentence for the
    page.
    """


@dataclass(frozen=True)
class Absence:
    """Why an answer is empty on purpose, as a type of its own: it never equals a code of the same
    name.
    """

    name: str

    def __str__(self) -> str:
        return label_of(self.name)


Value = Hashable
Rating = Value | AbstractSet[Value] | None
# A value and the absence beside it.
Answer = tuple[Any, str]


@dataclass(frozen=True)
class Table:
    """`codes[r, p]` is an index into `values`, or -1 where rater r did not code paper p.

    `values` are the declared categories in their order, or the values seen: numbers by size, the
    rest by type and text, so that the same ratings give the same figures in whatever order papers
    and raters come. Every function that takes `ratings` takes a table too; a page makes it once and
    asks it many things.
    """

    codes: Ints
    values: tuple[Value, ...]

    def numbers(self) -> Floats:
        """The values as floats; ValueError names the first that is not a finite number."""
        return np.array([_as_number(value) for value in self.values], dtype=float)

    def within(self, categories: Iterable[Value]) -> "Table":
        """The same ratings over the declared categories; ValueError names a rating that is none of
        them.
        """
        declared = tuple(comparable(category) for category in categories)
        position = {value: index for index, value in enumerate(declared)}
        if len(position) < len(declared):
            twice = next(value for value, times in Counter(declared).items() if times > 1)
            raise ValueError(f"The category {named(twice)} is declared twice.")
        used = set(np.unique(self.codes).tolist()) - {MISSING}
        for code in sorted(used):
            if self.values[code] not in position:
                raise ValueError(
                    f"{named(self.values[code])} is not among the categories {_listed(declared)}."
                )
        new = [position.get(value, MISSING) for value in self.values]
        return Table(_renumbered(self.codes, new), declared)

    def on_scale(self) -> "Table":
        """The same table; ValueError unless all values are numbers, which alone have an order of
        their own.
        """
        for value in self.values:
            if not _is_number(value):
                raise ValueError(
                    f"Give `categories` in the order of the scale: {named(value)} is not a number."
                )
        self.numbers()
        return self


Ratings = Table | Sequence[Sequence[Rating]]


def tabulate(ratings: Ratings, categories: Iterable[Value] | None = None) -> Table:
    """Reads ratings into a `Table`. ValueError names the value and place of what cannot be read."""
    table = ratings if isinstance(ratings, Table) else _read(ratings)
    return table if categories is None else table.within(categories)


def _read(ratings: Sequence[Sequence[Rating]]) -> Table:
    rows = _even_rows(ratings)
    try:
        values = set().union(*rows) - {None}
    except TypeError:
        _name_unreadable(rows)
        raise
    if any(value != value for value in values):  # noqa: PLR0124 - only nan differs from itself
        _name_unreadable(rows)
    ordered = tuple(_sorted_values(values))
    index = {value: code for code, value in enumerate(ordered)} | {None: MISSING}
    # Whole rows at a time, without a Python step for each of 100,000 ratings.
    codes = np.array([list(map(index.__getitem__, row)) for row in rows], dtype=np.int64)
    return Table(codes.reshape(len(rows), len(rows[0]) if rows else 0), ordered)


def _even_rows(ratings: Sequence[Sequence[Rating]]) -> list[list[Rating]]:
    """Rows of equal length, their sets hashable; ValueError names the row that is none."""
    try:
        rows = [list(row) for row in ratings]
    except TypeError as error:
        raise ValueError(
            f"Give ratings as one row per rater with one entry per paper, not {named(ratings)}."
        ) from error
    for rater, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise ValueError(
                f"Rater {rater} has {len(row)} entries, rater 1 has {len(rows[0])}: "
                "give every rater one entry per paper, None where they did not code it."
            )
    return [
        [frozenset(value) if isinstance(value, set) else value for value in row] for row in rows
    ]


def _name_unreadable(rows: Sequence[Sequence[object]]) -> None:
    for rater, row in enumerate(rows, start=1):
        for paper, rating in enumerate(row, start=1):
            try:
                hash(rating)
            except TypeError as error:
                raise ValueError(
                    f"Rater {rater}, paper {paper}: {named(rating)} cannot be compared; give a "
                    "plain value or a set."
                ) from error
            if rating != rating:  # noqa: PLR0124
                raise ValueError(
                    f"Rater {rater}, paper {paper}: nan is no rating; use None for a missing one."
                )


def _renumbered(codes: Ints, new: Sequence[int]) -> Ints:
    # The extra last entry answers for -1.
    return np.append(np.asarray(new, dtype=np.int64), MISSING)[codes]


def comparable(value: Value) -> Value:
    """The value as a rating can hold it; ValueError where it is not hashable."""
    value = frozenset(value) if isinstance(value, set) else value
    try:
        hash(value)
    except TypeError as error:
        raise ValueError(
            f"The category {named(value)} cannot be compared; give a plain value."
        ) from error
    return value


def in_order(labels: Iterable[Value]) -> list[Value]:
    """Labels sorted by type and text, so that their order does not depend on the ratings' order."""
    return sorted(labels, key=lambda label: (type(label).__name__, repr(label)))


def _sorted_values(values: Iterable[Value]) -> list[Value]:
    labels = in_order(
        {label for value in values if isinstance(value, frozenset) for label in value}
    )
    bits = {label: 1 << index for index, label in enumerate(labels)}

    def key(value: Value) -> tuple[int, Any, str]:
        if isinstance(value, frozenset):
            return (1, sum(map(bits.__getitem__, value)), "")
        return (0, value, "") if _is_number(value) else (2, 0, f"{type(value).__name__} {value!r}")

    return sorted(values, key=key)


def labels_in(value: Value) -> frozenset[Value]:
    """The labels of a set; a plain value counts as a set of itself."""
    return value if isinstance(value, frozenset) else frozenset([value])


def _is_number(value: object) -> TypeGuard[Real | Decimal]:
    return isinstance(value, Real | Decimal)


def _as_number(value: object) -> float:
    if not _is_number(value) or not math.isfinite(value):
        raise ValueError(f"{named(value)} is not a number.")
    return float(value)


def named(value: object) -> str:
    """The value as messages name it."""
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(map(repr, value))) + "}"
    if isinstance(value, np.generic):
        return repr(value.item())
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"


def _listed(values: Sequence[object]) -> str:
    text = ", ".join(named(value) for value in values[:12])
    return text + (f" and {len(values) - 12} more" if len(values) > 12 else "")


@dataclass(frozen=True)
class Prepared:
    """`ratings`: raters × papers for the coefficients. `left_out`: ratings without a place on the
    scale, by absence.
    """

    ratings: list[list[Rating]]
    left_out: dict[str, int]


def prepared(answers: Sequence[Sequence[Answer | None]], kind: str) -> Prepared:
    """Maps absences as the kind of section wants it.

    `answers[r][p]` is None (not coded, or blank) or a pair `(value, absence)`: the value (for
    `codes` a collection of labels, empty for "none of the codes apply") and "" or one of
    `ABSENCES`. An absence is a category of its own, of several codes a label of its own; it has no
    place on a scale (`Kind.is_on_scale`), so there the rating is left out and counted.
    """
    if kind not in CODED:
        raise ValueError(f"{kind!r} has no coefficient; the coded kinds are {', '.join(CODED)}.")
    left_out = Counter[str]()
    ratings = [[_rating(answer, kind, left_out) for answer in row] for row in answers]
    return Prepared(ratings, {name: left_out[name] for name in ABSENCES if left_out[name]})


def _rating(answer: Answer | None, kind: str, left_out: Counter[str]) -> Rating:
    if answer is None:
        return None
    value, absence = answer
    if absence and absence not in ABSENCES:
        raise ValueError(f"{absence!r} is no absence; the absences are {', '.join(ABSENCES)}.")
    if KINDS[kind].is_multiple:
        return _label_set(value, absence)
    if not absence:
        return None if value == "" else value
    if KINDS[kind].is_on_scale:
        left_out[absence] += 1
        return None
    return Absence(absence)


def _label_set(labels: Any, absence: str) -> frozenset[Value] | None:
    if isinstance(labels, str):
        raise ValueError(f"{labels!r} is one label; give a collection of labels.")
    if absence:
        return frozenset(labels or ()) | {Absence(absence)}
    return None if labels is None else frozenset(labels)
