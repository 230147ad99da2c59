"""The axis of a table of coefficients: from 0 to 1, or from as far below 0 as its rows reach."""

import math
from typing import NamedTuple

from django import template

register = template.Library()
ENDS = ("value", "low", "high")
FURTHEST = -1.0  # where the coefficients of two readers end


class Tick(NamedTuple):
    label: str
    position: float


class Axis(NamedTuple):
    """`start` is 0, −.5 or −1. All rows of a table share one axis: lengths can be compared."""

    start: float

    def position(self, value):
        """In per cent of the axis; None where there is nothing to draw."""
        if value is None:
            return None
        return round(100 * (min(max(value, self.start), 1) - self.start) / (1 - self.start), 2)

    @property
    def ticks(self):
        labels = {-1.0: "−1", -0.5: "−.5", 0.0: "0", 0.5: ".5", 1.0: "1"}
        return [
            Tick(label, self.position(value))
            for value, label in labels.items()
            if value >= self.start
        ]

    @property
    def zero(self):
        """Where 0 stands, if the axis does not begin with it."""
        return self.position(0) if self.start < 0 else None


@register.simple_tag
def axis_of(rows):
    """The axis that holds every `value`, `low` and `high` of the rows."""
    lowest = min((row[end] for row in rows for end in ENDS if row[end] is not None), default=0)
    return Axis(max(math.floor(min(lowest, 0) * 2) / 2, FURTHEST))


@register.inclusion_tag("agreement/_whisker.html")
def whisker(axis, row, target=None):
    """A coefficient with its interval, and its target."""
    positions = {end: axis.position(row[end]) for end in ENDS}
    return {**positions, "target": axis.position(target), "axis": axis}
