"""Whether what was typed fits its section."""

from dataclasses import replace

from django.core.exceptions import ValidationError

from mapping.models import Code, Judgement, Section
from mapping.parsers.lengths import PROSE, excess
from reviews.judgement.content import Content

LONGEST_PAGE = 40


def checked(section, content, *, by, already=(), standing=()):
    """The content as it may be saved; ValidationError names what does not fit this section.

    `already` are codes that stand in the answer: they stay, retired or not. So do the texts
    `standing` in it, however long.
    """
    try:
        content = Content.of(content)
    except (TypeError, ValueError) as error:
        raise ValidationError(str(error)) from None
    refusals = [*misfits(section, content), *too_long(section, content, set(standing))]
    if refusals:
        raise ValidationError(refusals)
    return with_codes_that_hold(section, content, by, set(already))


def misfits(section, content):
    if content.absence and content.absence not in Judgement.Absence.values:
        yield f"“{content.absence}” is no reason for an absence."
    elif content.absence and not replace(content, absence="").is_blank:
        yield (
            f"{section}: either an answer or “{Judgement.Absence(content.absence).label}”, not "
            f"both."
        )
    if content.none_apply and content.marks:
        yield f"{section}: either codes or “none of the codes apply”, not both."
    if len(content.codes) > 1 and not section.is_multiple:
        yield f"{section} takes one code."
    if content.confidence is not None and content.confidence not in range(1, 6):
        yield f"{section}: confidence goes from 1 (a guess) to 5 (certain)."
    if any(
        len(page) > LONGEST_PAGE for page in [content.page, *(mark.page for mark in content.marks)]
    ):
        yield f"{section}: a page has at most {LONGEST_PAGE} characters."
    yield from of_another_kind(section, content)


def too_long(section, content, standing):
    for name, text in content.named_texts():
        if text not in standing and (why := excess(text, PROSE)):
            yield f"{section}: the {name} {why}."


def of_another_kind(section, content):
    if (content.marks or content.none_apply) and not section.has_codes:
        yield f"{section} takes no codes."
    if content.text and section.kind != Section.Kind.TEXT:
        yield f"{section} takes no text."
    if content.number is not None and section.kind != Section.Kind.NUMBER:
        yield f"{section} takes no number."
    if content.yes_no is not None and section.kind != Section.Kind.YES_NO:
        yield f"{section} is no question of yes or no."


def with_codes_that_hold(section, content, by, already):
    unknown = set(content.codes) - already
    if not unknown:
        return content
    usable = Code.objects.usable_by(by, section)
    unknown -= set(usable.filter(pk__in=unknown).values_list("pk", flat=True))
    if not unknown:
        return content
    # A form that was open while codes were merged still names the old one: what was meant is where
    # it went.
    merged = Code.objects.filter(section=section, pk__in=unknown, merged_into__in=usable)
    went_to = dict(merged.values_list("pk", "merged_into"))
    gone = unknown - set(went_to)
    if gone:
        retired = Code.objects.filter(section=section, pk__in=gone, status=Code.Status.RETIRED)
        names = ", ".join(f"“{code}”" for code in retired)
        raise ValidationError(
            f"{section}: {names} was retired; choose another code."
            if names
            else f"{section}: no such code here."
        )
    marks = tuple(replace(mark, code=went_to.get(mark.code, mark.code)) for mark in content.marks)
    return replace(content, marks=marks).tidied()
