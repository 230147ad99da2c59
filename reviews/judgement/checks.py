"""Whether what was typed fits its section."""

from dataclasses import replace

from django.core.exceptions import ValidationError

from mapping.judgement.absences import LABELS
from mapping.judgement.kinds import MARKS, NUMBER, TEXT, YES_NO
from mapping.judgement.values import NO_EVIDENCE, Evidence, Judgement
from mapping.models import Code, EvidenceFields
from mapping.parsers.lengths import PROSE, excess

EVIDENCE_COLUMNS = [EvidenceFields._meta.get_field(name) for name in Evidence.FIELDS]
CALLED = [called for called, _ in NO_EVIDENCE.named_texts()]
REFUSALS = {
    MARKS: "takes no codes",
    TEXT: "takes no text",
    NUMBER: "takes no number",
    YES_NO: "is no question of yes or no",
}


def checked(section, content, *, by, already=(), standing=()):
    """The content as it may be saved; ValidationError names what does not fit this section.

    `already` are codes that stand in the answer: they stay, retired or not. So do the texts
    `standing` in it, however long.
    """
    try:
        content = Judgement.of(content)
    except (TypeError, ValueError) as error:
        raise ValidationError(str(error)) from None
    refusals = [*misfits(section, content), *too_long(section, content, set(standing))]
    if refusals:
        raise ValidationError(refusals)
    return with_codes_that_hold(section, content, by, set(already))


def misfits(section, content):
    if content.absence and content.absence not in LABELS:
        yield f"“{content.absence}” is no reason for an absence."
    elif content.absence and not replace(content, absence="").is_blank:
        yield (f"{section}: either an answer or “{LABELS[content.absence]}”, not both.")
    if content.none_apply and content.marks:
        yield f"{section}: either codes or “none of the codes apply”, not both."
    if len(content.codes) > 1 and not section.is_multiple:
        yield f"{section} takes one code."
    if content.confidence is not None and content.confidence not in range(1, 6):
        yield f"{section}: confidence goes from 1 (a guess) to 5 (certain)."
    proofs = [content.evidence, *(mark.evidence for mark in content.marks)]
    for why in dict.fromkeys(why for proof in proofs for why in unfit_evidence(proof)):
        yield f"{section}: {why}."
    yield from of_another_kind(section, content)


def unfit_evidence(proof):
    """What the columns do not take. How long prose may be is asked apart: what stands there
    stays.
    """
    for called, column, text in zip(CALLED, EVIDENCE_COLUMNS, proof.as_list(), strict=True):
        if column.max_length and len(text) > column.max_length:
            yield f"a {called} has at most {column.max_length} characters"
            continue
        try:
            column.run_validators(text)
        except ValidationError as error:
            yield from (f"{called}: {message.rstrip('.')}" for message in error.messages)


def too_long(section, content, standing):
    for name, text in content.named_texts():
        if text not in standing and (why := excess(text, PROSE)):
            yield f"{section}: the {name} {why}."


def of_another_kind(section, content):
    filled = {
        MARKS: content.marks or content.none_apply,
        TEXT: content.text,
        NUMBER: content.number is not None,
        YES_NO: content.yes_no is not None,
    }
    kind = section.kind_of
    for field, refusal in REFUSALS.items():
        if filled[field] and field != kind.field:
            yield f"{section} {refusal}."
    if content.text and kind.field == TEXT:
        try:
            kind.parse(content.text)
        except ValueError as error:
            yield f"{section}: {error}."


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
