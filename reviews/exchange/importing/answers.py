"""The rows of one paper, reviewer and section to one judgement."""

from dataclasses import replace
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError

from mapping.exchange.study_tables import NONE_APPLY
from mapping.judgement.values import Evidence, Judgement, Mark
from mapping.models import Section
from mapping.models.fields import check_lengths
from reviews.exchange.importing.finders import NotFound
from reviews.judgement.database import fill
from reviews.models import Answer

_YES_NO = {
    "yes": True,
    "true": True,
    "1": True,
    "y": True,
    "no": False,
    "false": False,
    "0": False,
    "n": False,
}
LONGEST_PAGE = Answer._meta.get_field("page").max_length
_MOST_DIGITS = 14  # before the point, as the column holds them


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
    if section.kind == Section.Kind.TEXT:
        return {"text": "\n".join(texts)}
    if len(texts) > 1:
        raise NotFound(f"“{section}” takes one value, and one paper and reviewer has {len(texts)}")
    if section.kind == Section.Kind.YES_NO:
        return {"yes_no": yes_or_no(texts[0], section)}
    return {"number": number(texts[0], section)}


def yes_or_no(text, section):
    found = _YES_NO.get(text.strip().casefold())
    if found is None:
        raise NotFound(f"“{text[:40]}” is neither yes nor no (“{section}”)")
    return found


def number(text, section):
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise NotFound(
            f"“{text[:40]}” is no number (“{section}”); write it with a point, 2.5"
        ) from None
    if not found.is_finite() or found.adjusted() >= _MOST_DIGITS or found != round(found, 6):
        raise NotFound(
            f"“{text[:40]}” does not fit: at most {_MOST_DIGITS} digits before the point and 6 "
            f"behind"
        )
    return found


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
