"""The rows of one paper, reviewer and section to one judgement."""

from dataclasses import replace

from django.core.exceptions import ValidationError

from mapping.judgement.absences import NONE_APPLY
from mapping.judgement.values import Evidence, Judgement, Mark
from mapping.models.fields import check_lengths
from reviews.exchange.importing.finders import NotFound
from reviews.judgement.database import fill
from reviews.models import Answer

LONGEST_PAGE = Answer._meta.get_field("page").max_length


def judgement_from(rows, section, reviewer, codes):
    """What the rows say, or None where they say nothing; NotFound says what is wrong. Its marks
    name their codes by the rows of the database, saved or not.
    """
    absences = {row.absence for row in rows if row.absence}
    values = [row for row in rows if row.value]
    empty = [row for row in rows if row.is_empty]
    if len(absences) > 1 or (absences and (values or empty)):
        raise NotFound(
            f"“{section}” has an absence and something else for one paper and reviewer: only one "
            f"can hold"
        )
    if values and empty:
        raise NotFound(
            f"“{section}” has an empty value beside others for one paper and reviewer: which one "
            f"holds?"
        )
    if NONE_APPLY in absences and not section.has_codes:
        raise NotFound(f"“{section}” takes no codes, so “{NONE_APPLY}” says nothing there")
    level = confidence(rows, section)
    if values and section.has_codes:
        return Judgement(marks=marks_from(values, section, reviewer, codes), confidence=level)
    if values:
        judgement = Judgement(**value_from(values, section))
    else:
        # An empty value is no answer but where several codes may be given: there it is a judgement.
        is_none = not absences and section.is_multiple
        judgement = Judgement.absent(NONE_APPLY if is_none else next(iter(absences), ""))
    evidence = evidence_of(values or rows, section)
    judgement = replace(judgement, evidence=evidence, confidence=level)
    refuse_too_long(judgement, section)
    is_empty = judgement.is_blank and not (evidence or level)
    return None if is_empty else judgement


def refuse_too_long(judgement, section):
    """Several rows make one text."""
    answer = Answer(section=section)
    fill(answer, judgement)
    try:
        check_lengths(answer, place=f"“{section}” of one paper and reviewer")
    except ValidationError as error:
        raise NotFound(" ".join(error.messages)) from None


def confidence(rows, section):
    said = {row.confidence for row in rows if row.confidence is not None}
    if len(said) > 1:
        raise NotFound(
            f"“{section}” has {len(said)} different confidences for one paper and reviewer"
        )
    return next(iter(said), None)


def marks_from(values, section, reviewer, codes):
    marks = [
        Mark(codes(section, row.value, reviewer), evidence_of([row], section)) for row in values
    ]
    labels = {mark.code.label for mark in marks}
    if len(labels) > 1 and not section.is_multiple:
        listed = ", ".join(f"“{label}”" for label in sorted(labels))
        raise NotFound(f"“{section}” takes one value, and one paper and reviewer has {listed}")
    return tuple(marks)


def value_from(values, section):
    """`{field of a Judgement: value}`"""
    texts = list(dict.fromkeys(row.value for row in values))
    kind = section.kind_of
    if kind.is_prose:
        return {kind.field: "\n".join(texts)}
    if len(texts) > 1:
        raise NotFound(f"“{section}” takes one value, and one paper and reviewer has {len(texts)}")
    return one_value(section, texts[0])


def one_value(section, text):
    """`{field of a Judgement: value}`; NotFound says why it is none."""
    kind = section.kind_of
    try:
        return {kind.field: kind.parse(text, f" (“{section}”)")}
    except ValueError as error:
        raise NotFound(str(error)) from None


def evidence_of(rows, section):
    """Of several rows in one: prose line by line, pages with commas."""
    evidence = Evidence.joined([row.evidence for row in rows])
    page = evidence.page
    if len(page) > LONGEST_PAGE:
        raise NotFound(
            f"“{section}” has a page of {len(page)} characters (“{page[:20]}…”): it may have "
            f"{LONGEST_PAGE}"
        )
    return evidence
