"""What can be settled on without composing: one reviewer's answer, the union or the common part of
the codes, the median. No Django: plain values in and out.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mapping.judgement.kinds import KINDS, Kind
from mapping.judgement.values import Judgement, Mark
from reviews.settling.differences_in_words import ComparedAnswer, alike


@dataclass(frozen=True)
class Option:
    """A possible settlement, without evidence. `name` is adopt, union, common or median; `basis` is
    the word the resolution will carry.
    """

    name: str
    basis: str
    reviewers: tuple[str, ...]
    judgement: Judgement


def options(
    kind: str,
    state: str,
    said: Mapping[str, ComparedAnswer],
    answers: Iterable[tuple[str, Judgement]],
    order: Mapping[Hashable, int],
    categories: Sequence[Hashable],
) -> tuple[Option, ...]:
    """What can be settled on without composing: each reviewer's answer, the union, the common part,
    the median.
    """
    basis = {"agrees": "unanimous", "single": "single"}.get(state, "adopted")
    # A text or a value is taken over as it was written, not as it was compared.
    texts = {reviewer: judgement.text for reviewer, judgement in answers}
    values = {reviewer: value_given(KINDS[kind], judgement) for reviewer, judgement in answers}
    adopted = []
    for answer, reviewers in alike(said).items():
        value = None if answer.value is None else values[reviewers[0]]
        text = texts[reviewers[0]] if answer.text else ""
        codes = tuple(sorted(answer.codes or (), key=order.__getitem__))
        judgement = settled_on(KINDS[kind], codes, value, answer.absence, text)
        adopted.append(Option("adopt", basis, reviewers, judgement))
    if state != "differs":
        return tuple(adopted)
    return (*adopted, *combined(said, order), *median(KINDS[kind], said, values, categories))


def settled_on(
    kind: Kind,
    codes: Sequence[Hashable] = (),
    value: Any = None,
    absence: str = "",
    text: str = "",
) -> Judgement:
    """Of codes, value, absence and text the one that fits is there; none of them is "none of the
    codes".
    """
    if absence:
        return Judgement(absence=absence)
    if not kind.has_codes:
        given: dict[str, Any] = {kind.field: text if kind.is_prose else value}
        return Judgement(**given)
    codes = codes or ((value,) if value else ())
    return Judgement(none_apply=not codes, marks=tuple(map(Mark, codes)))


def combined(said: Mapping[str, ComparedAnswer], order: Mapping[Hashable, int]) -> Iterator[Option]:
    """Union and common part of those who gave codes.

    There is no common part without a code in it: "none of the codes" is a judgement that nobody may
    have made.
    """
    sets = {reviewer: answer.codes for reviewer, answer in said.items() if answer.codes is not None}
    if len(sets) < 2 or len(set(sets.values())) < 2:
        return
    together = (
        ("union", "union", frozenset.union(*sets.values())),
        ("common", "intersection", frozenset.intersection(*sets.values())),
    )
    for name, basis, codes in together:
        if codes:
            ordered = sorted(codes, key=order.__getitem__)
            yield Option(name, basis, tuple(sets), settled_on(KINDS["codes"], ordered))


def median(
    kind: Kind,
    said: Mapping[str, ComparedAnswer],
    values: Mapping[str, Any],
    categories: Sequence[Hashable],
) -> Iterator[Option]:
    """The middle answer of three or more on a scale, of two middle ones the lower: always one that
    somebody gave.
    """
    places = {
        reviewer: place
        for reviewer, answer in said.items()
        if (place := kind.place(answer.value, categories)) is not None
    }
    if len(places) < 3:
        return
    middle = sorted(places.values())[(len(places) - 1) // 2]
    value = next(values[reviewer] for reviewer in places if places[reviewer] == middle)
    yield Option("median", "other", tuple(places), settled_on(kind, value=value))


def value_given(kind: Kind, judgement: Judgement) -> Any:
    """The one value of an answer, as it was given."""
    if kind.has_codes:
        return judgement.marks[0].code if judgement.marks else None
    return kind.value_of(judgement)
