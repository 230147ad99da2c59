"""The rows of one paper, reviewer and section to one answer with its marks."""

from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError

from mapping.exchange.study_tables import NONE_APPLY
from mapping.models import Section
from mapping.models.fields import check_lengths
from reviews.exchange.importing.finders import NotFound
from reviews.models import Answer, Mark

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
LONGEST_PAGE = Mark._meta.get_field("page").max_length
_MOST_DIGITS = 14  # before the point, as the column holds them


def answer_from(rows, section, reviewer, codes):
    """(answer, marks), both unsaved and without their summary, or None for a blank; NotFound says
    what is wrong.
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
    answer = Answer(section=section, version=1, confidence=confidence(rows, section))
    if not values:
        # An empty value is no answer but where several codes may be given: there it is a judgement.
        answer.none_apply = NONE_APPLY in absences or (not absences and section.is_multiple)
        answer.absence = "" if answer.none_apply else next(iter(absences), "")
        take_evidence(answer, rows)
        refuse_too_long(answer, section)
        is_blank = not (
            answer.absence or answer.none_apply or answer.has_evidence or answer.confidence
        )
        return None if is_blank else (answer, [])
    if section.has_codes:
        return answer, marks_from(values, section, reviewer, codes)
    fill(answer, section, values)
    take_evidence(answer, values)
    refuse_too_long(answer, section)
    return answer, []


def refuse_too_long(answer, section):
    """Several rows make one text."""
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
        Mark(
            code=codes(section, row.value, reviewer),
            quote=row.quote,
            page=page_of([row], section),
            rationale=row.rationale,
            position=place,
        )
        for place, row in enumerate(values)
    ]
    labels = {mark.code.label for mark in marks}
    if len(labels) > 1 and not section.is_multiple:
        listed = ", ".join(f"“{label}”" for label in sorted(labels))
        raise NotFound(f"“{section}” takes one value, and one paper and reviewer has {listed}")
    return marks


def fill(answer, section, values):
    texts = list(dict.fromkeys(row.value for row in values))
    if section.kind == Section.Kind.TEXT:
        answer.text = "\n".join(texts)
        return
    if len(texts) > 1:
        raise NotFound(f"“{section}” takes one value, and one paper and reviewer has {len(texts)}")
    if section.kind == Section.Kind.YES_NO:
        answer.yes_no = yes_or_no(texts[0], section)
    else:
        answer.number = number(texts[0], section)


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


def take_evidence(answer, rows):
    answer.quote = "\n".join(row.quote for row in rows if row.quote)
    answer.page = page_of(rows, answer.section)
    answer.rationale = "\n".join(row.rationale for row in rows if row.rationale)


def page_of(rows, section):
    page = ", ".join(row.page for row in rows if row.page)
    if len(page) > LONGEST_PAGE:
        raise NotFound(
            f"“{section}” has a page of {len(page)} characters (“{page[:20]}…”): it may have "
            f"{LONGEST_PAGE}"
        )
    return page
