"""The kinds of section: one object for each, with all that differs between them. No Django.

A section keeps the name of its kind; `Section.kind_of` is the object. Whoever would ask "is this a
number?" asks the object what it wants to know instead. A new kind is a class here, a template for
its field in the form of a summary where no other fits, and a migration for the choices.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, ClassVar

from mapping.judgement.absences import CHOICES, NONE_APPLY, NONE_APPLY_LABEL

MARKS, TEXT, NUMBER, YES_NO = "marks", "text", "number", "yes_no"
MOST_DIGITS, MOST_DECIMALS = 14, 6  # as the column holds them

Value = Any  # a primary key, a text, a number or a truth, as the kind has it


def fits_column(number: Decimal) -> bool:
    is_short = number.is_finite() and number.adjusted() < MOST_DIGITS
    return is_short and number == round(number, MOST_DECIMALS)


def number_text(number: float) -> str:
    """Every digit and no exponent: “1.23457e+06” would be the name of many numbers."""
    return format(Decimal(repr(float(number))).normalize(), "f")


class Kind:
    """What holds of every kind unless it says otherwise: one value, a category of its own."""

    name: ClassVar[str]  # in the database and in files
    label: ClassVar[str]  # where a lead chooses
    field: ClassVar[str]  # of an answer or finding: where the value stands
    means: ClassVar[str]  # what stands as the value in a file

    is_multiple: ClassVar[bool] = False  # several codes at once
    is_scale: ClassVar[bool] = False  # its codes stand in an order that means something
    is_quantity: ClassVar[bool] = False  # values that can be subtracted, and are no categories
    is_prose: ClassVar[bool] = False  # one's own words: only a person can say how far they differ
    is_coded: ClassVar[bool] = True  # there is a coefficient for it
    is_axis: ClassVar[bool] = False  # can be counted on the map
    words: ClassVar[Mapping[Value, str]] = {}  # of its values, where the kind itself names them

    # The agreement of its ratings: alpha's distance, in words too, and a second one to show.
    metric: ClassVar[str] = "nominal"
    metric_words: ClassVar[str] = ""
    other_metric: ClassVar[str] = ""
    no_kappa: ClassVar[str] = ""  # why there are no kappas, where they are not made for it

    # The field in the form of a summary, and the one for a settlement of one's own.
    template: ClassVar[str] = "coding/_value.jinja"
    own_template: ClassVar[str] = "settling/_own_value.html"
    input_type: ClassVar[str] = ""
    input_mode: ClassVar[str] = ""
    own: ClassVar[str]  # what the radio button for it is called
    own_title: ClassVar[str] = ""  # what stands above the field, if not the same

    @property
    def has_codes(self) -> bool:
        return self.field == MARKS

    @property
    def is_on_scale(self) -> bool:
        """Whether values are nearer or farther: then an absence, which has no place among them, is
        left out of the coefficient; of other kinds it is a category like any value.
        """
        return self.is_scale or self.is_quantity

    @property
    def is_one_category(self) -> bool:
        """Whether a rating is one of a few values that can be laid out as a table."""
        return self.is_coded and not (self.is_multiple or self.is_quantity)

    @property
    def absences(self) -> tuple[tuple[str, str], ...]:
        """`((value, words), …)` of what may be said in the place of an answer."""
        none: tuple[tuple[str, str], ...] = ((NONE_APPLY, NONE_APPLY_LABEL),)
        return ((*none, *CHOICES)) if self.has_codes else CHOICES

    def value_of(self, judged: Any) -> Value:
        """The value of an answer or finding, None where there is none; never of codes."""
        value = getattr(judged, self.field)
        return None if value == "" else value

    def parse(self, text: str, where: str = "") -> Value:
        """The value that was typed, or stands in somebody's file; ValueError says what is wrong.

        `where` is said in the message, such as " (“Year”)".
        """
        return text

    def cell(self, value: Value) -> Value:
        """The value as our files have it."""
        return "" if value is None else value

    def from_cell(self, cell: str) -> Value:
        """The value from a file of ours, None where the cell is empty; ValueError says what is
        wrong.
        """
        return self.parse(cell) if cell else None

    def compared(self, value: Value) -> Value:
        """Equal for two values that say the same."""
        return value

    def measured(self, value: Value) -> Value:
        """The value as a rating."""
        return value

    def measured_text(self, rating: float) -> str:
        """How a rating that is a number reads."""
        return number_text(rating)

    def place(self, value: Value, categories: Sequence[Value]) -> Value:
        """Where the value stands on its scale, to be sorted by; None where it has no place."""
        return None

    def distance(self, one: Value, other: Value, categories: Sequence[Value]) -> Fraction | int:
        """How far two different values are apart, from 0 to 1."""
        return 1


class WithCodes(Kind):
    field = MARKS
    means = "label of the code"
    is_axis = True
    template = "coding/_choices.jinja"
    own_template = "settling/_own_codes.html"


class Codes(WithCodes):
    name, label = "codes", "codes: several"
    is_multiple = True
    metric, other_metric = "masi", "jaccard"
    metric_words = "the MASI distance between sets of codes (Passonneau 2006)"
    no_kappa = (
        "a set of codes is not one category: see alpha with a distance between sets, and the codes "
        "one by one"
    )
    own, own_title = "the ticked codes", "Other codes"


class Code(WithCodes):
    name, label = "code", "code: one"
    metric_words = "the nominal distance for single codes"
    own = "another code"


class Stage(WithCodes):
    name, label = "stage", "stage: one, ordered"
    is_scale = True
    metric, other_metric = "ordinal", "nominal"
    metric_words = "the ordinal distance for stages"
    template = "coding/_scale.jinja"
    own = "another stage"

    def place(self, value: Value, categories: Sequence[Value]) -> Value:
        return categories.index(value) if value in categories else None

    def distance(self, one: Value, other: Value, categories: Sequence[Value]) -> Fraction | int:
        """By steps; a stage off the scale is far away."""
        if one not in categories or other not in categories:
            return 1
        return Fraction(abs(categories.index(one) - categories.index(other)), len(categories) - 1)


class YesNo(Kind):
    name, label = "yes_no", "yes or no"
    field = YES_NO
    means = "yes or no"
    is_axis = True
    words = {True: "yes", False: "no"}
    metric_words = "the nominal distance for yes-or-no items"
    template = "coding/_yes-no.jinja"
    own_template = "settling/_own_yes_no.html"
    own = "another answer"

    said: ClassVar[Mapping[str, bool]] = {
        **{"yes": True, "true": True, "1": True, "y": True},
        **{"no": False, "false": False, "0": False, "n": False},
    }

    def parse(self, text: str, where: str = "") -> Value:
        found = self.said.get(text.strip().casefold())
        if found is None:
            raise ValueError(f"“{text[:40]}” is neither yes nor no{where}")
        return found

    def cell(self, value: Value) -> Value:
        return self.words.get(value, "")

    def from_cell(self, cell: str) -> Value:
        if cell and cell not in self.words.values():
            raise ValueError("neither yes nor no")
        return {word: truth for truth, word in self.words.items()}.get(cell)


class Number(Kind):
    name, label = "number", "number"
    field = NUMBER
    means = "the number"
    is_quantity = True
    metric, other_metric = "interval", "ratio"
    metric_words = "the squared difference for numbers"
    no_kappa = "numbers are no categories: see alpha"
    input_mode = "decimal"
    own = "another number"

    def parse(self, text: str, where: str = "") -> Value:
        try:
            found = Decimal(text)
        except InvalidOperation:
            raise ValueError(
                f"“{text[:40]}” is no number{where}; write it with a point, 2.5"
            ) from None
        if not fits_column(found):
            raise ValueError(
                f"“{text[:40]}” does not fit: at most {MOST_DIGITS} digits before the point and "
                f"{MOST_DECIMALS} behind"
            )
        return found

    def from_cell(self, cell: str) -> Value:
        if not cell:
            return None
        try:
            found = Decimal(cell)
        except InvalidOperation:
            found = Decimal("nan")
        if not found.is_finite():
            raise ValueError(f"“{cell[:60]}” is no number")
        return found

    def compared(self, value: Value) -> Value:
        """2, 2.0 and Decimal("2.00") are the same number; by way of text 0.1 stays a tenth."""
        return Fraction(str(value))

    def measured(self, value: Value) -> Value:
        return float(value)

    def place(self, value: Value, categories: Sequence[Value]) -> Value:
        return value

    def distance(self, one: Value, other: Value, categories: Sequence[Value]) -> Fraction | int:
        """By their difference relative to their size."""
        distance: Fraction = abs(one - other) / (abs(one) + abs(other))
        return distance


class Text(Kind):
    name, label = "text", "text"
    field = TEXT
    means = "the text"
    is_prose = True
    is_coded = False
    template = "coding/_text.jinja"
    own_template = "settling/_own_text.html"
    own = "my own words"


KINDS: Mapping[str, Kind] = {
    kind.name: kind for kind in (Codes(), Code(), Stage(), YesNo(), Number(), Text())
}
WITH_CODES = tuple(name for name, kind in KINDS.items() if kind.has_codes)
CODED = tuple(name for name, kind in KINDS.items() if kind.is_coded)
AXES = tuple(name for name, kind in KINDS.items() if kind.is_axis)
