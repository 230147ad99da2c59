"""Writing codes back as they were before a change."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from mapping.codebook.kept import codes_by_number, pks_for, renamed
from mapping.codebook.versions import (
    FIELD_NAMES,
    Act,
    Status,
    change_codes,
    fields_that_differ,
)
from mapping.models import CodebookChange


def revert_codes(change: CodebookChange) -> tuple[dict, dict]:
    """Write the codes as they were before this change; returns `(before, after)` for the history.

    Raises ValidationError where a later change has altered the same thing, and says which.
    """
    codes = codes_by_number(change.study_id, change.after["codes"])
    refuse_gone(change, codes)
    sides = [change.before["codes"], change.after["codes"]]
    pks = pks_for(change.study_id, [values for side in sides for values in side.values()])
    refuse_altered_since(change, codes, pks)
    try:
        with transaction.atomic():
            before, after = change_codes(
                {
                    codes[number]: renamed(values, pks)
                    for number, values in change.before["codes"].items()
                }
            )
    except IntegrityError:
        raise ValidationError(
            "Another code of the section has this label by now: rename that one first."
        ) from None
    refuse_third_level(change, codes)
    return before, after


def refuse_gone(change, codes):
    """Codes go with a section that is removed; and where they came from may be gone, or take no
    codes any more.
    """
    if not {*change.before["codes"], *change.after["codes"]} <= set(codes):
        raise ValidationError(
            f"Version {change.version} cannot be undone: its codes were removed with their section."
        )
    moved = [values for values in change.before["codes"].values() if "section_id" in values]
    for key in {values["section_id"] for values in moved}:
        section = change.study.sections.filter(key=key).first()
        if section is None or not section.has_codes:
            raise ValidationError(
                f"Version {change.version} cannot be undone: the section from which its codes came "
                "is gone, or takes no codes any more."
            )


def refuse_altered_since(change, codes, pks):
    for number, values in change.after["codes"].items():
        code = codes[number]
        altered = [FIELD_NAMES[name] for name in fields_that_differ(code, renamed(values, pks))]
        if altered:
            raise ValidationError(
                f"“{code}” was changed since ({', '.join(altered)}){undo_first(change, number)}."
            )


def refuse_third_level(change, codes):
    # Where only words come back, a parent that was split or retired meanwhile stays what it is.
    regrouped = [
        codes[number] for number, values in change.before["codes"].items() if "parent_id" in values
    ]
    for code in regrouped:
        parent = code.parent if code.parent_id else None
        if parent and (
            parent.parent_id or code.children.exists() or is_out_of_use_since(change, parent)
        ):
            raise ValidationError(
                f"“{code}” stood under “{parent}”, which has changed since: there are two levels."
            )


def is_out_of_use_since(change, parent):
    """Whether the parent went out of use after this change, not before."""
    if parent.status == Status.ACTIVE:
        return False
    later = change.study.codebook_changes.filter(version__gt=change.version).values_list(
        "after", flat=True
    )
    return any("status" in after.get("codes", {}).get(str(parent.number), {}) for after in later)


def undo_first(change, number):
    """Names the later change of this code that has to be undone before; empty if there is none."""
    later = change.study.codebook_changes.filter(
        version__gt=change.version, undone_by=None, after__codes__has_key=number
    )
    last = later.exclude(act=Act.UNDO).order_by("-version").first()
    return f": undo version {last.version} first" if last else ""
