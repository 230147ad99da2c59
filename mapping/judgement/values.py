"""What somebody says of one section of one paper, as plain values: what a form sends, an answer or
a finding holds, a kept edit or a decision remembers, a row of a file tells. No Django.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar, Self

from mapping.judgement.absences import NONE_APPLY
from mapping.judgement.kinds import MOST_DECIMALS, MOST_DIGITS, fits_column

# What names a code that there is not any more.
CODE_GONE = 0


def tidy(text: str) -> str:
    # PostgreSQL cannot store NUL; browsers send \r\n for the line ends of a text area.
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n").strip()


def evidence_field(
    called: str, means: str, *, is_prose: bool = True, is_later: bool = False
) -> Any:
    """`called` is its name in a sentence, `means` what its column in a file holds; prose may be
    long, and is searched. A later one is not in bundles made before there was such a field.
    """
    facts = {"called": called, "means": means, "is_prose": is_prose, "is_later": is_later}
    return field(default="", metadata=facts)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What in the paper supports a judgement. Whatever shows, stores or sends evidence asks here
    for its fields.
    """

    quote: str = evidence_field("quote", "evidence, word for word")
    page: str = evidence_field("page", "page of the quote", is_prose=False)
    rationale: str = evidence_field("note", "why")

    FIELDS: ClassVar[tuple[str, ...]]
    PROSE: ClassVar[tuple[str, ...]]

    def __bool__(self) -> bool:
        return any(self.as_list())

    @property
    def has_more(self) -> bool:
        """Whether there is anything to show but the words of the quote."""
        return bool(replace(self, quote=""))

    @classmethod
    def of(cls, row: Any) -> Self:
        """From whatever has attributes of these names: a row of the database, a form."""
        return cls(*[getattr(row, name) for name in cls.FIELDS])

    @classmethod
    def from_mapping(cls, values: Mapping[str, str]) -> Self:
        """From the cells of a row of a file, or stored JSON; empty where there is none of that
        name.
        """
        return cls(**{name: values[name] for name in cls.FIELDS if name in values})

    def as_dict(self) -> dict[str, str]:
        return asdict(self)

    def as_list(self) -> list[str]:
        return [getattr(self, name) for name in self.FIELDS]

    def tidied(self) -> Self:
        return type(self)(*map(tidy, self.as_list()))

    def prose(self) -> list[str]:
        return [getattr(self, name) for name in self.PROSE]

    @classmethod
    def joined(cls, several: "list[Evidence]") -> Self:
        """All that several say, in one: prose line by line, the rest with commas."""
        found = {}
        for name in cls.FIELDS:
            texts = filter(None, (getattr(one, name) for one in several))
            found[name] = ("\n" if name in cls.PROSE else ", ").join(texts)
        return cls(**found)

    def named_texts(self) -> Iterator[tuple[str, str]]:
        for one in fields(self):
            yield one.metadata["called"], getattr(self, one.name)


Evidence.FIELDS = tuple(one.name for one in fields(Evidence))
Evidence.PROSE = tuple(one.name for one in fields(Evidence) if one.metadata["is_prose"])
NO_EVIDENCE = Evidence()


@dataclass(frozen=True, slots=True)
class Mark:
    """One use of a code; `code` is its primary key, or its label where codes have no key yet."""

    code: Any
    evidence: Evidence = NO_EVIDENCE

    def as_dict(self) -> dict[str, Any]:
        return {"code": self.code, **self.evidence.as_dict()}

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        refuse_unknown(values, {"code", *Evidence.FIELDS}, "A mark")
        return cls(values["code"], Evidence.from_mapping(values))


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is said, with its evidence. Equal judgements are word for word the same; nothing at all
    is blank.
    """

    absence: str = ""
    none_apply: bool = False
    text: str = ""
    number: Decimal | None = None
    yes_no: bool | None = None
    marks: tuple[Mark, ...] = ()
    confidence: int | None = None
    evidence: Evidence = NO_EVIDENCE

    @classmethod
    def of(cls, values: "Judgement | Mapping[str, Any]") -> "Judgement":
        """From a Judgement or a dict with any of the fields of `as_json`, tidied. TypeError where
        there is no such field, ValueError where a number is none.
        """
        return (values if isinstance(values, Judgement) else cls._read(values)).tidied()

    @classmethod
    def _read(cls, values: Mapping[str, Any]) -> Self:
        own = {one.name for one in fields(cls)} - {"evidence"}
        refuse_unknown(values, own | set(Evidence.FIELDS), "An answer")
        present = {name: value for name, value in values.items() if value is not None}
        marks = tuple(
            mark if isinstance(mark, Mark) else Mark.from_mapping(mark)
            for mark in present.get("marks") or ()
        )
        kept = {name: present[name] for name in own if name in present}
        return cls(**{**kept, "marks": marks, "evidence": Evidence.from_mapping(present)})

    @classmethod
    def absent(cls, word: str, **more: Any) -> Self:
        """Where there is no value: `word` as `absence_word` has it."""
        is_none = word == NONE_APPLY
        return cls(absence="" if is_none else word, none_apply=is_none, **more)

    @property
    def absence_word(self) -> str:
        return NONE_APPLY if self.none_apply else self.absence

    def as_json(self) -> dict[str, Any]:
        """As a kept edit stores it: the evidence beside the other fields."""
        values = {name: getattr(self, name) for name in JUDGED}
        values["number"] = None if self.number is None else str(self.number)
        values["marks"] = [mark.as_dict() for mark in self.marks]
        return {**values, "confidence": self.confidence, **self.evidence.as_dict()}

    def tidied(self) -> "Judgement":
        """Line ends as one, no space around, and no mark that only repeats a code without saying
        more.
        """
        marks = [replace(mark, evidence=mark.evidence.tidied()) for mark in self.marks]
        return replace(
            self,
            text=tidy(self.text),
            number=as_number(self.number),
            marks=without_repeats(marks),
            evidence=self.evidence.tidied(),
        )

    def with_codes(self, codes: Mapping[Any, Any]) -> "Judgement":
        """The same with its codes as `codes` has them: by number where it is kept, else by primary
        key. One that it does not have is gone: as it stood it would name another.
        """
        marks = [replace(mark, code=codes.get(mark.code, CODE_GONE)) for mark in self.marks]
        return replace(self, marks=tuple(marks))

    @property
    def is_blank(self) -> bool:
        """Evidence and confidence alone judge nothing."""
        is_empty = not (self.absence or self.none_apply or self.text or self.marks)
        return is_empty and self.number is None and self.yes_no is None

    @property
    def value(self) -> Any:
        """The number, or yes or no."""
        return self.number if self.yes_no is None else self.yes_no

    @property
    def codes(self) -> list[Any]:
        """The codes marked, once each, in order."""
        return list(dict.fromkeys(mark.code for mark in self.marks))

    def says_the_same(self, other: "Judgement") -> bool:
        """Evidence, confidence and the order of codes aside."""
        return set(self.codes) == set(other.codes) and all(
            getattr(self, name) == getattr(other, name) for name in JUDGED
        )

    def named_texts(self) -> Iterator[tuple[str, str]]:
        """`(what it is called, text)` of everything typed, marks included."""
        yield "text", self.text
        for evidence in (self.evidence, *(mark.evidence for mark in self.marks)):
            yield from evidence.named_texts()

    def texts(self) -> list[str]:
        return [text for _, text in self.named_texts()]


BLANK = Judgement()
# What is judged, as models, forms and files call it; the marks hang on it, evidence stands beside.
JUDGED = ("absence", "none_apply", "text", "number", "yes_no")


def refuse_unknown(values: Mapping[str, Any], known: set[str], what: str) -> None:
    unknown = set(values) - known
    if unknown:
        raise TypeError(f"{what} has no {', '.join(sorted(unknown))}.")


def as_number(value: Any) -> Decimal | None:
    """A plain decimal, without trailing zeros: 3.50 and 3.5 say the same."""
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"“{value}” is no number.") from None
    if not fits_column(number):
        raise ValueError(
            f"A number has at most {MOST_DIGITS} digits before the point and {MOST_DECIMALS} after "
            "it."
        )
    number = number.normalize()
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number


def without_repeats(marks: list[Mark]) -> tuple[Mark, ...]:
    """A code may be marked twice with two quotes; a second mark of it without evidence says
    nothing.
    """
    kept: list[Mark] = []
    for mark in marks:
        if mark in kept:
            continue
        same = [other for other in marks if other.code == mark.code]
        if not mark.evidence and any(other.evidence for other in same):
            continue
        kept.append(mark)
    return tuple(kept)
