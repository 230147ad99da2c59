"""Where the reviewers of one section differ, as a sentence. No Django."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, TypeVar

from mapping.judgement.absences import LABELS
from mapping.judgement.kinds import YesNo

Answer = TypeVar("Answer", bound=Hashable)


class ComparedAnswer(Hashable, Protocol):
    """What a reviewer says of a section, as far as it is compared."""

    @property
    def absence(self) -> str: ...
    @property
    def codes(self) -> frozenset[Hashable] | None: ...
    @property
    def value(self) -> Hashable: ...
    @property
    def text(self) -> str: ...


class PartialCode(Protocol):
    """A code that some gave and others, who answered too, did not."""

    @property
    def code(self) -> Hashable: ...
    @property
    def given_by(self) -> tuple[str, ...]: ...
    @property
    def not_by(self) -> tuple[str, ...]: ...


def alike(answers: Mapping[str, Answer]) -> dict[Answer, tuple[str, ...]]:
    """Reviewers by their answer, in the order of the first who gave it."""
    groups: dict[Answer, tuple[str, ...]] = {}
    for reviewer, answer in answers.items():
        groups[answer] = (*groups.get(answer, ()), reviewer)
    return groups


@dataclass(frozen=True)
class Sentence:
    """Describes in a sentence how the answers of a section differ."""

    labels: Mapping[Hashable, object]
    order: Mapping[Hashable, int]

    def why(
        self,
        state: str,
        answers: Mapping[str, ComparedAnswer],
        blank_by: Sequence[str],
        partial: Iterable[PartialCode],
        is_near: bool,
    ) -> str:
        if state == "blank":
            return "Nobody answered."
        if state == "single":
            blank = f"; {names(blank_by)} left it blank" if blank_by else ""
            return f"Only {names(tuple(answers))} answered{blank}."
        if state == "agrees":
            return self.about_agreement(answers)
        if all(answer.codes is not None for answer in answers.values()):
            return self.about_codes(partial)
        if all(answer.text for answer in answers.values()):
            groups = [names(reviewers) for reviewers in alike(answers).values()]
            return f"The texts of {' and of '.join(groups)} differ."
        clauses = [
            f"{names(reviewers)} {self.verb(answer, len(reviewers))}"
            for answer, reviewers in alike(answers).items()
        ]
        return ", ".join(clauses) + (": one step apart." if is_near else ".")

    def about_agreement(self, answers: Mapping[str, ComparedAnswer]) -> str:
        answer = next(iter(answers.values()))
        if answer.text:
            return "The texts are the same."
        return f"{names(tuple(answers))} {self.verb(answer, 2)}."

    def about_codes(self, partial: Iterable[PartialCode]) -> str:
        """Codes with the same givers are joined: "Ben gives Drift and Cost, Cleo does not"."""
        together: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
        for part in partial:
            together.setdefault((part.given_by, part.not_by), []).append(self.name(part.code))
        clauses = []
        for (given_by, not_by), codes in together.items():
            gives, does = (
                "gives" if len(given_by) == 1 else "give",
                "does" if len(not_by) == 1 else "do",
            )
            clauses.append(f"{names(given_by)} {gives} {names(codes)}, {names(not_by)} {does} not")
        return "; ".join(clauses) + "."

    def verb(self, answer: ComparedAnswer, number: int) -> str:
        """An answer as a verb phrase for one reviewer or several: "says not reported", "give 3"."""
        ending = "s" if number == 1 else ""
        if answer.absence:
            return f"say{ending} {LABELS[answer.absence]}"
        if answer.text:
            return "writes a text" if number == 1 else "write the same text"
        if answer.codes:
            codes = sorted(answer.codes, key=self.order.__getitem__)
            return f"give{ending} {names([self.name(code) for code in codes])}"
        if answer.codes is not None or answer.value is None:
            return f"give{ending} none of the codes"
        return f"give{ending} {self.name(answer.value)}"

    def name(self, value: Hashable) -> str:
        if isinstance(value, bool):
            # Before the labels: True is 1 to a dict, and some code may have the key 1.
            return YesNo.words[value]
        if isinstance(value, Fraction):
            return str(value) if value.denominator == 1 else str(float(value))
        return str(self.labels.get(value, value))


def names(several: Iterable[str]) -> str:
    """Names joined by commas and "and"."""
    *most, last = several
    return f"{', '.join(most)} and {last}" if most else last
