"""A judgement in the JSON that is kept of a decision: what was settled, and what every reviewer had
said then. Sites and bundles hold these layouts; a kept edit has `Judgement.as_json`. Codes stand in
all of them by their number in the study (`Judgement.with_codes`). No Django.
"""

from collections.abc import Hashable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from mapping.judgement.values import CODE_GONE, JUDGED, Evidence, Judgement, Mark

Merged = Mapping[Any, Any] | Iterable[tuple[Any, Any]]  # code as it was kept: the code today


def settled_as_json(judgement: Judgement) -> dict[str, Any]:
    """Its codes, and apart from them the evidence of those that have some."""
    return {
        "codes": [mark.code for mark in judgement.marks],
        **{name: getattr(judgement, name) for name in JUDGED},
        "number": None if judgement.number is None else str(judgement.number),
        "quotes": [
            [mark.code, *mark.evidence.as_list()] for mark in judgement.marks if mark.evidence
        ],
    }


def settled_from_json(values: Mapping[str, Any], went_to: Merged | None = None) -> Judgement:
    """`went_to` says what codes are called here, or where they have gone since; one that it does
    not have is gone. Without it they are called as they were kept.
    """
    number, today = values["number"], None if went_to is None else dict(went_to)

    def called(code: Hashable) -> Hashable:
        return code if today is None else today.get(code, CODE_GONE)

    proofs: dict[Hashable, Evidence] = {}
    for code, *evidence in values["quotes"]:
        proofs.setdefault(called(code), Evidence(*evidence))
    codes = dict.fromkeys(map(called, values["codes"]))
    return Judgement(
        **{name: values[name] for name in JUDGED if name != "number"},
        number=None if number is None else Decimal(number),
        marks=tuple(Mark(code, proofs.get(code, Evidence())) for code in codes),
    )


def record_of(judgement: Judgement) -> dict[str, Any]:
    """One reviewer's answer as it stood at a decision, without its evidence."""
    return {
        "codes": [mark.code for mark in judgement.marks],
        "absence": judgement.absence,
        "text": judgement.text,
        "value": None if judgement.value is None else str(judgement.value),
        "is_blank": judgement.is_blank,
    }


def from_record(values: Mapping[str, Any]) -> Judgement:
    value, truths = values["value"], {"True": True, "False": False}
    return Judgement(
        absence=values["absence"],
        text=values["text"],
        number=None if value is None or value in truths else Decimal(value),
        yes_no=truths.get(value),
        marks=tuple(map(Mark, values["codes"])),
    )
