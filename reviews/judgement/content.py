"""What somebody says of one section, as a plain value: what a form sends, an answer holds, a kept
edit remembers.
"""

from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal, InvalidOperation

from mapping.site.numbers import whole_number


@dataclass(frozen=True)
class MarkContent:
    """One use of a code; `code` is its primary key."""

    code: int
    quote: str = ""
    page: str = ""
    rationale: str = ""

    @property
    def has_evidence(self):
        return bool(self.quote or self.page or self.rationale)


@dataclass(frozen=True)
class Content:
    """Judgement and evidence. Equal contents say the same; nothing at all is blank."""

    absence: str = ""
    none_apply: bool = False
    text: str = ""
    number: Decimal | None = None
    yes_no: bool | None = None
    marks: tuple[MarkContent, ...] = field(default=())
    confidence: int | None = None
    quote: str = ""
    page: str = ""
    rationale: str = ""

    @classmethod
    def of(cls, values):
        """From a dict with any of the fields (a mark being a dict too), or a Content, tidied."""
        if isinstance(values, cls):
            return values.tidied()
        unknown = set(values) - set(cls.__dataclass_fields__)
        if unknown:
            raise TypeError(f"An answer has no {', '.join(sorted(unknown))}.")
        marks = [
            mark if isinstance(mark, MarkContent) else MarkContent(**mark)
            for mark in values.get("marks") or ()
        ]
        given = {name: value for name, value in values.items() if value is not None}
        return cls(**{**given, "marks": tuple(marks)}).tidied()

    def tidied(self):
        """Line ends as one, no space around, and no mark that only repeats a code without saying
        more.
        """
        marks = [
            replace(
                mark, quote=tidy(mark.quote), page=tidy(mark.page), rationale=tidy(mark.rationale)
            )
            for mark in self.marks
        ]
        words = {name: tidy(getattr(self, name)) for name in ("text", "quote", "page", "rationale")}
        return replace(
            self, **words, number=as_number(self.number), marks=tuple(without_repeats(marks))
        )

    @property
    def is_blank(self):
        """Evidence and confidence alone judge nothing."""
        return (
            not (self.absence or self.none_apply or self.text or self.marks)
            and self.number is self.yes_no is None
        )

    def named_texts(self):
        """`(what it is called, text)` of everything typed, marks included."""
        yield "text", self.text
        for one in (self, *self.marks):
            yield from (("quote", one.quote), ("page", one.page), ("note", one.rationale))

    def texts(self):
        return [text for _, text in self.named_texts()]

    @property
    def codes(self):
        """The codes marked, once each, in order."""
        return list(dict.fromkeys(mark.code for mark in self.marks))

    def as_json(self):
        values = asdict(self)
        values["marks"] = [asdict(mark) for mark in self.marks]
        values["number"] = None if self.number is None else str(self.number)
        return values


BLANK = Content()


def tidy(text):
    # PostgreSQL cannot store NUL; browsers send \r\n for the line ends of a text area.
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n").strip()


def as_number(value):
    """A plain decimal, without trailing zeros: 3.50 and 3.5 say the same."""
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"“{value}” is no number.") from None
    if not number.is_finite() or number.adjusted() > 13 or number != round(number, 6):
        raise ValueError("A number has at most 14 digits before the point and 6 after it.")
    number = number.normalize()
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number


def without_repeats(marks):
    """A code may be marked twice with two quotes; a second mark of it without evidence says
    nothing.
    """
    kept = []
    for mark in marks:
        if mark in kept:
            continue
        same = [other for other in marks if other.code == mark.code]
        if not mark.has_evidence and any(other.has_evidence for other in same):
            continue
        kept.append(mark)
    return kept


def is_id(text):
    """Whether this text from a form could be a primary key."""
    return whole_number(text) is not None
