"""Judgements out of the database and into it: the one place that knows both."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import QuerySet

from mapping.judgement import values
from mapping.judgement.values import BLANK, JUDGED, NO_EVIDENCE, Evidence, Judgement
from mapping.models import Finding, FindingMark
from reviews.models import Answer, Mark

# All that an answer says; a finding has no confidence and no evidence beside its marks.
ANSWER_FIELDS = (*JUDGED, "confidence", *Evidence.FIELDS)


def judgement_of(row: Answer | Finding | None, marks: Iterable[Any] | None = None) -> Judgement:
    """What an answer or a finding says, as it stands there; no row is blank. `marks` are its marks,
    where somebody has asked for them.
    """
    if row is None:
        return BLANK
    if marks is None:
        marks = row.marks.all() if row.pk else []
    judgement = {name: getattr(row, name) for name in JUDGED}
    if isinstance(row, Answer):
        judgement |= {"confidence": row.confidence, "evidence": Evidence.of(row)}
    return Judgement(**judgement, marks=tuple(map(mark_of, marks)))


def mark_of(mark: Mark | FindingMark) -> values.Mark:
    return values.Mark(mark.code_id, Evidence.of(mark))


def columns_of(judgement: Judgement) -> dict[str, Any]:
    """What answers and findings have columns for; the marks are for `marks_for`."""
    return {name: getattr(judgement, name) for name in JUDGED}


def fill(answer: Answer, judgement: Judgement) -> None:
    own = {"confidence": judgement.confidence, **judgement.evidence.as_dict()}
    for name, value in (columns_of(judgement) | own).items():
        setattr(answer, name, value)


def marks_for(row: Answer | Finding, judgement: Judgement) -> Iterator[Mark | FindingMark]:
    """Its marks as rows, unsaved: in the order given, or of a finding each code once."""
    if isinstance(row, Finding):
        proofs = {mark.code: mark.evidence for mark in reversed(judgement.marks)}
        for code in judgement.codes:
            yield FindingMark(finding=row, code_id=code, **proofs[code].as_dict())
        return
    for place, mark in enumerate(judgement.marks):
        yield Mark(answer=row, code_id=mark.code, position=place, **mark.evidence.as_dict())


def judgements_in(
    answers: QuerySet[Answer], marks: QuerySet[Mark]
) -> dict[int, dict[int, Judgement]]:
    """`{summary: {section: Judgement}}` of many answers and their marks, in two queries."""
    of_answer = defaultdict(list)
    for answer, code, *evidence in marks.values_list("answer", "code", *Evidence.FIELDS):
        of_answer[answer].append(values.Mark(code, proof(evidence)))
    found: dict[int, dict[int, Judgement]] = defaultdict(dict)
    fields = ("pk", "summary", "section", *JUDGED, "confidence", *Evidence.FIELDS)
    for pk, summary, section, *row in answers.values_list(*fields):
        judged, (confidence, *evidence) = row[: len(JUDGED)], row[len(JUDGED) :]
        marked = tuple(of_answer.get(pk, ()))
        found[summary][section] = Judgement(*judged, marked, confidence, proof(evidence))
    return found


def proof(texts: list[str]) -> Evidence:
    return Evidence(*texts) if any(texts) else NO_EVIDENCE
