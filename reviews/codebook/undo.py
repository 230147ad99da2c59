"""Taking changes of the codebook back, exactly: codes, marks and findings as they were. What was
done since stays.
"""

from django.core.exceptions import ValidationError
from django.db import transaction

from mapping.codebook.revert import revert_codes
from mapping.codebook.versions import Act, record_change
from mapping.judgement.values import NO_EVIDENCE
from mapping.models import CodebookChange, Finding, FindingMark, Study, User
from reviews.codebook.code_changes import papers_of
from reviews.models import Answer, Mark, RecodingTask

# Sections are brought back by `template.undo_removal`.
NOT_UNDOABLE = {Act.UNDO, Act.SECTION}


def may_undo(change: CodebookChange) -> bool:
    """Whether there is something to take back at all; whether it still can be, `undo` finds out."""
    return (
        change.act not in NOT_UNDOABLE
        and bool(change.after.get("codes"))
        and not hasattr(change, "undone_by")
    )


@transaction.atomic
def undo(change: CodebookChange, *, by: User, reason: str = "") -> CodebookChange:
    """Take one change back, be it the last or an earlier one. Returns the CodebookChange that does
    so.

    Raises ValidationError, and changes nothing, where a later change stands in the way. Marks that
    their reviewers have replaced since are theirs: they stay as they are.
    """
    study = Study.objects.select_for_update().get(pk=change.study_id)
    change = CodebookChange.objects.select_related("code", "section", "study").get(pk=change.pk)
    refuse_not_undoable(change)
    refuse_used_since(change)
    before, after = revert_codes(change)
    marks = Mark.objects.filter(pk__in=moved_marks(change))
    papers = papers_of(marks)
    count = marks.count()
    revert_marks(change)
    revert_tasks(change)
    code, section = change.code, change.section
    if code:
        code.refresh_from_db()
        section = code.section
    return record_change(
        study,
        Act.UNDO,
        by=by,
        section=section,
        code=code,
        before=before,
        after=after,
        marks=count,
        papers=papers,
        reason=reason.strip(),
        undoes=change,
        log_act="undo-codebook-change",
        text=f"Undid version {change.version} of the codebook ({change.get_act_display()}"
        + (f": “{code}”)." if code else ")."),
    )


def refuse_not_undoable(change):
    if CodebookChange.objects.filter(undoes=change).exists():
        raise ValidationError(f"Version {change.version} is undone already.")
    if not may_undo(change):
        raise ValidationError(
            f"Version {change.version} cannot be undone here: {change.get_act_display()}."
        )


def moved_marks(change):
    """The marks that this change re-pointed or carried."""
    by_code = [pk for ids in change.after.get("marks", {}).values() for pk in ids]
    return [*by_code, *map(int, change.after.get("answers", {}))]


def refuse_used_since(change):
    # Without numbers: they would tell a lead who still has papers to code what others found there.
    if change.act == Act.SPLIT:
        used = Mark.objects.filter(code__in=change.after["made"]).exists()
        if used or FindingMark.objects.filter(code__in=change.after["made"]).exists():
            raise ValidationError(
                "The new codes are in use: the split cannot be undone. Merge them, or retire those "
                "you do not want."
            )
    if change.act == Act.MOVE:
        newer = Mark.objects.filter(code=change.code).exclude(pk__in=moved_marks(change)).exists()
        is_settled = FindingMark.objects.filter(code=change.code).exists()
        if newer or is_settled:
            raise ValidationError(
                f"“{change.code}” was used in {change.section} since: move it back instead."
            )


def revert_marks(change):
    for origin, ids in change.before.get("marks", {}).items():
        for target, target_ids in change.after["marks"].items():
            moved = Mark.objects.filter(pk__in=set(ids) & set(target_ids), code=int(target))
            moved.update(code=int(origin))
            settled = change.before.get("finding_marks", {}).get(origin, [])
            FindingMark.objects.filter(pk__in=settled, code=int(target)).update(code=int(origin))
    for row in change.before.get("set_aside", []):
        restore_finding_mark(row, change)
    revert_moved_marks(change)


def restore_finding_mark(row, change):
    """A finding that was settled anew since has marks of its own: there the old one does not
    return.
    """
    facts = {name: value for name, value in row.items() if name != "beside"}
    is_settled_as_then = (
        Finding.objects.filter(pk=row["finding_id"]).exists()
        and FindingMark.objects.filter(pk=row["beside"]).exists()
    )
    if (
        is_settled_as_then
        and not FindingMark.objects.filter(finding=row["finding_id"], code=change.code).exists()
    ):
        FindingMark.objects.create(code=change.code, **facts)


def revert_moved_marks(change):
    answers_after = change.after.get("answers", {})
    for mark, origin in change.before.get("answers", {}).items():
        if Answer.objects.filter(pk=origin).exists():
            Mark.objects.filter(pk=int(mark), answer=answers_after[mark]).update(answer=origin)
    for pk, values in change.before.get("flags", {}).items():
        answer = Answer.objects.filter(pk=int(pk), **change.after["flags"][pk]).first()
        # What a reviewer has said there since is not overwritten.
        is_filled = answer and answer.marks.exists()
        if answer and not (is_filled and (values.get("none_apply") or values.get("absence"))):
            for name, value in values.items():
                setattr(answer, name, value)
            answer.version += 1
            answer.save(update_fields=[*values, "version"])
    if change.act == Act.MOVE:
        made = Answer.objects.filter(
            pk__in=change.after["made"], marks=None, absence="", none_apply=False
        )
        made.filter(**NO_EVIDENCE.as_dict(), kept_edits=None).delete()


def revert_tasks(change):
    """Nobody looks again at what was taken back; what had ended with the change begins anew."""
    RecodingTask.objects.open().filter(change=change).delete()
    RecodingTask.objects.filter(pk__in=change.before.get("tasks", [])).update(done_at=None)
    if change.act == Act.MOVE:
        RecodingTask.objects.open().filter(code=change.code).update(
            section=change.before["codes"][str(change.code_id)]["section_id"]
        )
