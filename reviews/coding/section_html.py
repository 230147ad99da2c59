"""A section of a summary form as HTML: what `templates/coding/section.jinja` needs to be drawn."""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString

from mapping.judgement.kinds import KINDS, YES_NO
from mapping.site.jinja import jinja_template
from reviews.coding.questionnaire import Option, SectionSheet

CONFIDENCE = (("1", "1 a guess"), ("2", "2"), ("3", "3"), ("4", "4"), ("5", "5 certain"))

# HTML that is the same for all papers and reviewers, some kilobytes each. Whoever works on a
# template wants to see it drawn anew.
KEPT = 0 if settings.DEBUG else 1_000


def values_of(sheet: SectionSheet) -> dict[str, Any]:
    """What stands in the fields: `{field: value}`, with `evidence`, `chosen` (code ids) and `marks`
    ([(Option, [Mark])]).
    """
    content = sheet.content
    return {
        "version": sheet.version,
        "absence": content.absence_word,
        "text": content.text,
        "number": "" if content.number is None else str(content.number),
        "yes_no": KINDS[YES_NO].cell(content.yes_no),
        "confidence": "" if content.confidence is None else str(content.confidence),
        "evidence": content.evidence,
        "chosen": content.codes,
        "marks": sheet.marks_of(content),
    }


def absences(sheet: SectionSheet) -> tuple[tuple[str, str], ...]:
    """`((value, words), …)` of the reasons for no answer."""
    return (("", "none of these"), *sheet.kind_of.absences)


def section_html(
    sheet: SectionSheet,
    values: Mapping[str, Any] | None = None,
    *,
    problems: Sequence[str] = (),
    asks_confidence: bool | None = None,
) -> SafeString:
    """The section with what was said of it, or with other values in its fields.

    `problems` are the sentences that say why those were not saved.
    """
    if values is None and sheet.is_untouched:
        return untouched_html(sheet)
    if asks_confidence is None:
        asks_confidence = sheet.asks_confidence or sheet.content.confidence is not None
    return drawn(sheet, values or values_of(sheet), problems, asks_confidence)


@lru_cache(maxsize=KEPT)
def untouched_html(sheet: SectionSheet) -> SafeString:
    """Half of the sections of a form."""
    return drawn(sheet, values_of(sheet), (), sheet.asks_confidence)


def drawn(
    sheet: SectionSheet, values: Mapping[str, Any], problems: Sequence[str], asks_confidence: bool
) -> SafeString:
    return jinja_template(
        "coding/section.jinja",
        sheet=sheet,
        values=values,
        problems=problems,
        absences=absences(sheet),
        levels=CONFIDENCE if asks_confidence else (),
        options_html=options_html,
        blank_proof=blank_proof,
    )


@lru_cache(maxsize=KEPT)
def blank_proof(
    prefix: str, label: str, why: str, act: str, more: str, code: int | None = None
) -> SafeString:
    """The fields of evidence with nothing in them: most of those of a form."""
    named = {"prefix": prefix, "label": label, "why": why, "act": act, "more": more, "code": code}
    return jinja_template("coding/_blank-proof.jinja", **named)


def options_html(sheet: SectionSheet, chosen: Collection[int]) -> SafeString:
    choices = tuple(sheet.choices)
    ticked = tuple(option.pk for option in choices if option.pk in chosen)
    return options_drawn(sheet.key, sheet.is_multiple, choices, ticked)


@lru_cache(maxsize=KEPT)
def options_drawn(
    key: str, is_multiple: bool, choices: tuple[Option, ...], chosen: tuple[int, ...]
) -> SafeString:
    """A long list with nothing or little ticked."""
    return jinja_template(
        "coding/_options.jinja",
        key=key,
        input_type="checkbox" if is_multiple else "radio",
        choices=choices,
        chosen=chosen,
    )
