"""Changes of single codes: adding, editing, retiring, restoring.

These touch codes alone; changes that touch what people marked stand in `reviews/codebook`.
"""

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.db import transaction

from mapping.codebook.checks import checked_label, checked_parent, checked_reason
from mapping.codebook.versions import (
    FIELD_NAMES,
    TEXT_FIELDS,
    Act,
    ChangedMeanwhile,
    Status,
    change_codes,
    code_token,
    locked_code,
    record_code_change,
)
from mapping.models import Code, CodebookChange, Section, Study, User
from mapping.models.fields import check_lengths


@transaction.atomic
def add(section: Section, *, by: User, facts: dict, reason: str = "") -> Code:
    """A new code at the end of its section. `facts` are fields of it: label, definition, when_not,
    example, parent …
    """
    Study.objects.select_for_update().get(pk=section.study_id)
    section.refresh_from_db()
    if not section.has_codes:
        raise ValidationError(f"{section} takes no codes.")
    code = Code(
        section=section,
        position=section.codes.count(),
        **{**facts, "label": checked_label(facts["label"], section)},
    )
    if code.parent_id:
        if code.parent.section_id != section.pk:
            raise ValidationError({"parent": "The parent stands in another section."})
        checked_parent(code.parent)
    check_lengths(code)
    code.save()
    record_added(code, by=by, reason=reason)
    return code


def addition(code: Code) -> dict:
    """`{before, after}` of a code that was added. Taking it back hides the code, as retiring does:
    somebody may have used it.
    """
    texts = {name: getattr(code, name) for name in TEXT_FIELDS if getattr(code, name)}
    return {
        "before": {"codes": {str(code.number): {"status": Status.RETIRED}}},
        "after": {"codes": {str(code.number): {"status": Status.ACTIVE}}, "words": texts},
    }


def record_added(code: Code, *, by: User, reason: str = "") -> CodebookChange:
    return record_code_change(
        code,
        Act.ADD,
        by=by,
        reason=reason.strip(),
        **addition(code),
        text=f"Added the code “{code.label}” to {code.section}.",
    )


def no_marks(code):
    return {"marks": 0, "papers": 0}


@transaction.atomic
def edit(
    code: Code,
    *,
    by: User,
    facts: dict,
    reason: str,
    seen: str = "",
    count_use: Callable[[Code], dict] = no_marks,
) -> Code:
    """Rename, re-define, group under a parent, or all of it: one version of the codebook. Marks
    follow.

    `facts` are fields of Code, `parent` among them. `count_use` counts the marks and papers of a
    code, which only those know who know of marks. Raises ChangedMeanwhile if the code is no longer
    what the token `seen` stands for.
    """
    code = locked_code(code)
    if seen and seen != code_token(code):
        last = code.changes.select_related("by").first()
        raise ChangedMeanwhile(code, last and last.by, last and last.at)
    if code.status not in {Status.ACTIVE, Status.RETIRED}:
        raise ValidationError(
            f"“{code}” is {code.get_status_display()}: it can no longer be edited."
        )
    former_label = code.label
    before, after = change_codes({code: checked_facts(code, facts)})
    if str(code.number) in after["codes"]:
        record_edited(
            code,
            former_label,
            before,
            after,
            by=by,
            reason=checked_reason(reason),
            **count_use(code),
        )
    return code


def checked_facts(code, facts):
    """The facts as fields to write, label and parent checked."""
    facts = dict(facts)
    if "label" in facts:
        facts["label"] = checked_label(facts["label"], code.section, besides=[code.pk])
    if "parent" in facts:
        parent = facts.pop("parent")
        is_same = parent and parent.pk == code.parent_id
        facts["parent_id"] = code.parent_id if is_same else checked_parent(parent, code)
    return facts


def record_edited(
    code: Code, former_label: str, before: dict, after: dict, *, by: User, reason: str, **use: int
) -> CodebookChange:
    """One version for the words of a code that were changed. `use` are its marks and papers."""
    changed = set(after["codes"][str(code.number)])
    act = act_of_edit(changed)
    fields = ", ".join(FIELD_NAMES[name] for name in FIELD_NAMES if name in changed)
    text = (
        f"Renamed the code “{former_label}” to “{code.label}”"
        if act == Act.RENAME
        else f"Changed the code “{former_label}”"
    )
    return record_code_change(
        code,
        act,
        by=by,
        before=before,
        after=after,
        reason=reason,
        **use,
        text=f"{text}: {fields}.",
    )


def act_of_edit(changed):
    """What it is called when these fields were changed."""
    if "label" in changed:
        return Act.RENAME
    return {frozenset({"parent_id"}): Act.GROUP, frozenset({"position"}): Act.REORDER}.get(
        frozenset(changed), Act.REDEFINE
    )


@transaction.atomic
def retire(
    code: Code, *, by: User, reason: str, count_use: Callable[[Code], dict] = no_marks
) -> CodebookChange:
    """Hidden from new answers; its marks stay. Codes under it stand alone from now on."""
    code = locked_code(code)
    if code.status != Status.ACTIVE:
        raise ValidationError(f"“{code}” is {code.get_status_display()}, not active.")
    reason = checked_reason(reason)
    children = {child: {"parent_id": None} for child in code.children.all()}
    before, after = change_codes({code: {"status": Status.RETIRED, "reason": reason}, **children})
    return record_code_change(
        code,
        Act.RETIRE,
        by=by,
        before=before,
        after=after,
        reason=reason,
        text=f"Retired the code “{code}” of {code.section}.",
        **count_use(code),
    )


@transaction.atomic
def restore(
    code: Code, *, by: User, reason: str = "", count_use: Callable[[Code], dict] = no_marks
) -> CodebookChange:
    """Back into use, without forgetting why it was retired: the history keeps that."""
    code = locked_code(code)
    if code.status != Status.RETIRED:
        raise ValidationError(f"“{code}” is {code.get_status_display()}, not retired.")
    before, after = change_codes({code: {"status": Status.ACTIVE, "reason": ""}})
    return record_code_change(
        code,
        Act.RESTORE,
        by=by,
        before=before,
        after=after,
        reason=reason.strip(),
        text=f"Restored the code “{code}” of {code.section}.",
        **count_use(code),
    )
