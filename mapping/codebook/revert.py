"""Writing codes back as they were before a change."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from mapping.codebook.versions import FIELD_NAMES, Act, Status, change_codes
from mapping.models import Code, CodebookChange


def revert_codes(change: CodebookChange) -> tuple[dict, dict]:
    """Write the codes as they were before this change; returns `(before, after)` for the history.

    Raises ValidationError where a later change has altered the same thing, and says which.
    """
    codes = Code.objects.filter(section__study=change.study_id).in_bulk(
        [int(pk) for pk in change.after["codes"]]
    )
    refuse_altered_since(change, codes)
    try:
        with transaction.atomic():
            before, after = change_codes(
                {codes[int(pk)]: values for pk, values in change.before["codes"].items()}
            )
    except IntegrityError:
        raise ValidationError(
            "Another code of the section has this label by now: rename that one first."
        ) from None
    refuse_third_level(change, codes)
    return before, after


def refuse_altered_since(change, codes):
    for pk, values in change.after["codes"].items():
        code = codes[int(pk)]
        altered = [
            FIELD_NAMES[name] for name, value in values.items() if getattr(code, name) != value
        ]
        if altered:
            raise ValidationError(
                f"“{code}” was changed since ({', '.join(altered)}){undo_first(change, pk)}."
            )


def refuse_third_level(change, codes):
    # Where only words come back, a parent that was split or retired meanwhile stays what it is.
    regrouped = [
        codes[int(pk)] for pk, values in change.before["codes"].items() if "parent_id" in values
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
    return any("status" in after.get("codes", {}).get(str(parent.pk), {}) for after in later)


def undo_first(change, pk):
    """Names the later change of this code that has to be undone before; empty if there is none."""
    later = change.study.codebook_changes.filter(
        version__gt=change.version, undone_by=None, after__codes__has_key=pk
    )
    last = later.exclude(act=Act.UNDO).order_by("-version").first()
    return f": undo version {last.version} first" if last else ""
