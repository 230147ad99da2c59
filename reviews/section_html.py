"""A section of a summary form as HTML, put together from pieces.

The same values give the same HTML, so every piece is kept under the values that stand in it: the codes of a section are
drawn once for all papers and reviewers, an answer once until it changes. Drawing 300 codes anew for every form would
take most of the time of the page.
"""

from functools import lru_cache

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.html import format_html_join

from mapping.models import Judgement

CONFIDENCE = (("1", "1 a guess"), ("2", "2"), ("3", "3"), ("4", "4"), ("5", "5 certain"))
# A section with its codes takes some 10 kB, a piece some hundred bytes.
SECTIONS_KEPT, PIECES_KEPT = 2_000, 10_000


@lru_cache(maxsize=PIECES_KEPT)
def kept_piece(template, **values):
    return render_to_string(template, values)


def piece(template, **values):
    """The template with these values, which tell all that it shows; they are compared by what they hold."""
    # Whoever works on a template wants to see it.
    return render_to_string(template, values) if settings.DEBUG else kept_piece(template, **values)


def joined(pieces):
    return format_html_join("", "{}", ((one,) for one in pieces))


def section_html(sheet):
    """The section with what was said of it (a questionnaire.SectionSheet)."""
    return drawn(sheet, values_of(sheet)) if settings.DEBUG else kept_section(sheet)


@lru_cache(maxsize=SECTIONS_KEPT)
def kept_section(sheet):
    return drawn(sheet, values_of(sheet))


def values_of(sheet):
    """What stands in the fields: `{field: value}`, with `chosen` (code ids) and `marks` ([(Option, [MarkContent])])."""
    content = sheet.content
    return {
        "version": sheet.version,
        "absence": "none_apply" if content.none_apply else content.absence,
        "text": content.text,
        "number": "" if content.number is None else str(content.number),
        "yes_no": {True: "yes", False: "no"}.get(content.yes_no, ""),
        "confidence": "" if content.confidence is None else str(content.confidence),
        "quote": content.quote,
        "page": content.page,
        "rationale": content.rationale,
        "chosen": content.codes,
        "marks": sheet.marks_of(content),
    }


def absences(sheet):
    """`((value, words), …)` of the reasons for no answer."""
    none = (("none_apply", "none of the codes apply"),) if sheet.has_codes else ()
    return (("", "none of these"), *none, *Judgement.Absence.choices)


def drawn(sheet, values, *, problems=(), with_confidence=None):
    """The section with these values in its fields, and the sentences that say why they were not saved."""
    if with_confidence is None:
        with_confidence = sheet.asks_confidence or bool(values["confidence"])
    facts = {
        "sheet": sheet,
        "version": values["version"],
        "problems": problems,
        "answer": joined(answer_of(sheet, values)),
        "absence": piece("_absence.html", key=sheet.key, absences=absences(sheet), chosen=values["absence"] or ""),
        "confidence": confidence_of(sheet, values) if with_confidence else "",
        "evidence": piece(
            "_section-evidence.html", key=sheet.key, label=sheet.label, has_codes=sheet.has_codes,
            **{name: values[name] or "" for name in ("quote", "page", "rationale")},
        ),
    }  # fmt: skip
    return render_to_string("_section.html", facts)


def confidence_of(sheet, values):
    return piece("_confidence.html", key=sheet.key, levels=CONFIDENCE, chosen=str(values["confidence"] or ""))


def answer_of(sheet, values):
    """The pieces where the answer itself stands."""
    named = {"key": sheet.key, "label": sheet.label}
    if sheet.kind == "text":
        # Texts are long and stand in one answer alone: not worth keeping.
        return [render_to_string("_text.html", {**named, "text": values["text"] or ""})]
    if sheet.kind == "number":
        return [piece("_number.html", **named, number=values["number"] or "")]
    if sheet.kind == "yes_no":
        return [piece("_yes-no.html", **named, value=values["yes_no"] or "")]
    marked = joined(marked_of(sheet, option, uses) for option, uses in values["marks"])
    return [render_to_string("_marks.html", {**named, "marked": marked}), picker_of(sheet, values["chosen"])]


def marked_of(sheet, option, uses):
    return piece("_marked.html", key=sheet.key, option=option, uses=tuple(uses))


def picker_of(sheet, chosen):
    if sheet.kind == "stage":
        choices = tuple(sheet.choices)
        ticked = tuple(option.pk for option in choices if option.pk in chosen)
        return piece("_scale.html", key=sheet.key, label=sheet.label, choices=choices, chosen=ticked)
    options = [
        piece(
            "_option.html", key=sheet.key, is_multiple=sheet.is_multiple, option=option, is_chosen=option.pk in chosen
        )
        for option in sheet.choices
    ]
    facts = {"sheet": sheet, "options": joined(options), "count": len(options), "is_nothing_chosen": not chosen}
    return render_to_string("_choices.html", facts)
