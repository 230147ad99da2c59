"""The order of the codes of a section."""

from django.core.exceptions import ValidationError
from django.db import transaction

from mapping.codebook.versions import Act, Status, change_codes, locked_code, record_code_change
from mapping.models import Code, CodebookChange, User


@transaction.atomic
def reorder(
    code: Code,
    *,
    by: User,
    up: bool | None = None,
    before: Code | None = None,
    after: Code | None = None,
    reason: str = "",
) -> CodebookChange | None:
    """One place up or down among its siblings, or right before or after another one. Returns the
    change, or None where nothing moves.
    """
    code = locked_code(code)
    ordered = list(code.section.codes.all())
    siblings = [
        other
        for other in ordered
        if other.status == Status.ACTIVE and other.parent_id == code.parent_id
    ]
    if code not in siblings:
        raise ValidationError(
            f"“{code}” is {code.get_status_display()}: it has no place in the order."
        )
    if before or after:
        index = index_beside(code, siblings, before or after, is_after=bool(after))
    else:
        index = siblings.index(code) + (-1 if up else 1)
    if index is None or not 0 <= index < len(siblings):
        return None
    wanted = [other for other in siblings if other != code]
    wanted.insert(index, code)
    return write_order(code, ordered, wanted, by, reason.strip())


def index_beside(code, siblings, neighbour, *, is_after):
    """Where the code stands among its siblings once it is beside this one; None: it is this one."""
    if neighbour not in siblings:
        raise ValidationError("A code is ordered among the codes that stand beside it.")
    if neighbour == code:
        return None
    return [other for other in siblings if other != code].index(neighbour) + is_after


def write_order(code, ordered, siblings, by, reason):
    """`ordered` are all codes of the section; the siblings take the siblings' places in turn."""
    in_turn = iter(siblings)
    arranged = [next(in_turn) if other in set(siblings) else other for other in ordered]
    before, after = change_codes(
        {other: {"position": position} for position, other in enumerate(arranged)}
    )
    if not after["codes"]:
        return None
    return record_code_change(
        code,
        Act.REORDER,
        by=by,
        before=before,
        after=after,
        reason=reason,
        text=f"Moved the code “{code}” within {code.section}.",
    )
