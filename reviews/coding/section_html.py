"""A section of a summary form as HTML: templates that are drawn once, with holes where each paper's
own words go.

Drawing 300 codes and their evidence anew for every form would take most of the time of the page.
The same values give the same HTML, so a template is kept as it came out for its values (the codes
of a section, for all papers and reviewers), cut open at the holes; filling them is putting strings
together.
"""

import re
from functools import lru_cache

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

from mapping.judgement.kinds import KINDS, YES_NO
from mapping.judgement.values import Evidence

CONFIDENCE = (("1", "1 a guess"), ("2", "2"), ("3", "3"), ("4", "4"), ("5", "5 certain"))
# Each some hundred bytes: a dozen large codebooks.
PIECES_KEPT = 20_000
# Characters for private use: where they came from a codebook after all, a hole stays empty.
HOLE = "\ue000{}\ue001"
CUTS = re.compile("\ue000([a-z]+)\ue001")


def cut_open(template, holes, **values):
    """`(text, hole, text, hole … text)`"""
    return tuple(
        CUTS.split(render_to_string(template, values | {name: HOLE.format(name) for name in holes}))
    )


kept_open = lru_cache(maxsize=PIECES_KEPT)(cut_open)


def piece(template, holes=None, **values):
    """The template with these values, which are compared by what they hold, and these words in its
    holes.

    A hole without a word is no hole but an empty value: a template may ask whether there is
    something.
    """
    words = {name: conditional_escape(word) for name, word in (holes or {}).items() if word}
    # Whoever works on a template wants to see it.
    parts = list((cut_open if settings.DEBUG else kept_open)(template, tuple(words), **values))
    parts[1::2] = [words.get(name, "") for name in parts[1::2]]
    return joined(parts)


def joined(parts):
    # Templates escape what they are given, `piece` what it puts into their holes.
    return SafeString("".join(parts))


def values_of(sheet):
    """What stands in the fields: `{field: value}`, with `chosen` (code ids) and `marks` ([(Option,
    [Mark])]).
    """
    content = sheet.content
    return {
        "version": sheet.version,
        "absence": content.absence_word,
        "text": content.text,
        "number": "" if content.number is None else str(content.number),
        "yes_no": KINDS[YES_NO].cell(content.yes_no),
        "confidence": "" if content.confidence is None else str(content.confidence),
        **content.evidence.as_dict(),
        "chosen": content.codes,
        "marks": sheet.marks_of(content),
    }


def absences(sheet):
    """`((value, words), …)` of the reasons for no answer."""
    return (("", "none of these"), *sheet.kind_of.absences)


def section_html(sheet, values=None, *, problems=(), with_confidence=None):
    """The section (a questionnaire.SectionSheet) with what was said of it, or with other values in
    its fields.

    `problems` are the sentences that say why those were not saved.
    """
    if values is None and sheet.is_untouched and not settings.DEBUG:
        return untouched_kept(sheet)
    return drawn(sheet, values, problems=problems, with_confidence=with_confidence)


def drawn(sheet, values=None, *, problems=(), with_confidence=None):
    values = values or values_of(sheet)
    if with_confidence is None:
        with_confidence = sheet.asks_confidence or bool(values["confidence"])
    named = {"key": sheet.key, "label": sheet.label}
    holes = {
        # A version that does not fit is refused, and goes back as it came.
        "version": str(values["version"]),
        "problems": problems
        and render_to_string("coding/_section-problems.html", {"problems": problems}),
        "notices": sheet.notices and render_to_string("coding/_notices.html", {"sheet": sheet}),
        "kept": sheet.kept and render_to_string("coding/_kept.html", {"sheet": sheet}),
        "answer": answer_of(sheet, values, named),
        "absence": piece(
            "coding/_absence.html",
            key=sheet.key,
            absences=absences(sheet),
            chosen=values["absence"] or "",
        ),
        "confidence": with_confidence and confidence_of(sheet, values),
        "evidence": piece(
            "coding/_section-evidence.html",
            {name: values.get(name) for name in Evidence.FIELDS},
            **named,
            has_codes=sheet.has_codes,
        ),
    }
    asked = {name: getattr(sheet, name) for name in ("kind", "help", "is_required", "is_retired")}
    return piece("coding/_section.html", holes, **named, **asked)


# Of a form half of the sections are as nobody has touched them yet: the same for all papers and
# reviewers.
untouched_kept = lru_cache(maxsize=500)(drawn)


def confidence_of(sheet, values):
    return piece(
        "coding/_confidence.html",
        key=sheet.key,
        levels=CONFIDENCE,
        chosen=str(values["confidence"] or ""),
    )


def answer_of(sheet, values, named):
    """Where the answer itself stands."""
    kind = sheet.kind_of
    if kind.words:
        return piece(kind.template, **named, value=values[kind.field] or "")
    if not kind.has_codes:
        return piece(kind.template, {"said": values[kind.field]}, key=sheet.key, **input_of(kind))
    marked = joined(marked_of(sheet, option, uses) for option, uses in values["marks"])
    return joined(
        [
            piece("coding/_marks.html", {"marked": marked}, label=sheet.label),
            picker_of(sheet, values["chosen"], named),
        ]
    )


def input_of(kind):
    return {"field": kind.field, "input_type": kind.input_type, "input_mode": kind.input_mode}


def marked_of(sheet, option, uses):
    """A chosen code with its evidence, and where there is some, empty fields for another quote."""
    named = {"key": sheet.key, "label": option.label, "code": option.pk}
    marks = [mark_of(mark, named) for mark in uses]
    if option.pk and uses[0].evidence:
        marks.append(piece("coding/_mark.html", **named, is_further=True))
    shown = {"code": option.pk, "label": option.label, "status": option.status}
    return piece("coding/_marked.html", {"marks": joined(marks)}, **shown)


def mark_of(mark, named):
    holes = mark.evidence.as_dict()
    return piece("coding/_mark.html", holes, **named, has_evidence=bool(mark.evidence))


def picker_of(sheet, chosen, named):
    choices = tuple(sheet.choices)
    ticked = tuple(option.pk for option in choices if option.pk in chosen)
    template = sheet.kind_of.template
    if sheet.kind_of.is_scale:
        return piece(template, **named, choices=choices, chosen=ticked)
    facts = {
        "count": len(choices),
        "may_propose": sheet.may_propose,
        "is_nothing_chosen": not chosen,
    }
    options = (options_drawn if settings.DEBUG else options_kept)(
        sheet.key, sheet.is_multiple, choices, ticked
    )
    return piece(
        template,
        {"options": options},
        **named,
        is_multiple=sheet.is_multiple,
        **facts,
    )


def options_drawn(key, is_multiple, choices, ticked):
    return joined(
        [
            piece(
                "coding/_option.html",
                key=key,
                is_multiple=is_multiple,
                option=option,
                is_chosen=option.pk in ticked,
            )
            for option in choices
        ]
    )


# What most forms show is the whole list with nothing or little ticked.
options_kept = lru_cache(maxsize=2_000)(options_drawn)
