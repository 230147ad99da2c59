"""What a code must be like: its label, its parent, and the reason for changing it.

Each check returns the value to write, or raises ValidationError.
"""

from collections.abc import Collection, Iterable

from django.core.exceptions import ValidationError

from mapping.models import Code, Section
from mapping.parsers.lengths import SENTENCES, excess
from mapping.parsers.lookalikes import sameness, visible

Status = Code.Status


def checked_reason(reason: str) -> str:
    """A change of what people use is explained to them."""
    reason = reason.strip()
    if not reason:
        raise ValidationError({"reason": "Say why: it stays in the history of the codebook."})
    if too_long := excess(reason, SENTENCES):
        raise ValidationError({"reason": f"This text {too_long}."})
    return reason


def checked_label(text: str, section: Section, *, besides: Collection[int] = ()) -> str:
    """A tidy label that no other code of the section has."""
    label = visible(text)
    if not label:
        raise ValidationError({"label": "A code needs a label."})
    if len(label) > 300:
        raise ValidationError({"label": "A label has at most 300 characters."})
    current = section.codes.filter(status__in=[Status.ACTIVE, Status.RETIRED]).exclude(
        pk__in=besides
    )
    if twin := same_label(label, current):
        state = " It is retired: restore it." if twin.status == Status.RETIRED else ""
        raise ValidationError({"label": f"{section} has the code “{twin.label}” already.{state}"})
    return label


def same_label(label: str, codes: Iterable[Code]) -> Code | None:
    """The code among these whose label nobody could tell from this one, or None."""
    wanted = sameness(label)
    return next((code for code in codes if sameness(code.label) == wanted), None)


def checked_parent(parent: Code | None, code: Code | None = None) -> int | None:
    """The parent's id. There are two levels and no more: a parent has none, and whoever gets one
    has no children.
    """
    if parent is None:
        return None
    parent = Code.objects.get(pk=parent.pk)  # as it is under the lock
    if code and parent.pk == code.pk:
        raise ValidationError({"parent": "A code is not its own parent."})
    if code and parent.section_id != code.section_id:
        raise ValidationError({"parent": "The parent stands in another section."})
    if parent.status != Status.ACTIVE:
        raise ValidationError({"parent": f"“{parent}” is not in use."})
    if parent.parent_id:
        raise ValidationError({"parent": f"“{parent}” has a parent itself: there are two levels."})
    if code and code.children.filter(status__in=[Status.ACTIVE, Status.RETIRED]).exists():
        raise ValidationError({"parent": f"“{code}” has codes under it: there are two levels."})
    return parent.pk
