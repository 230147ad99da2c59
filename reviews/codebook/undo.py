"""Taking changes of the codebook back, exactly: codes, marks and findings as they were. What was
done since stays.
"""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from mapping.codebook.kept import codes_by_number
from mapping.codebook.revert import revert_codes
from mapping.codebook.versions import Act, fields_that_differ, record_change
from mapping.judgement.values import NO_EVIDENCE, Evidence
from mapping.models import Code, CodebookChange, FindingMark, Study, User
from reviews.codebook.code_changes import papers_of
from reviews.models import Answer, Mark, RecodingTask

BATCH = 1000
# Sections are brought back by `template.undo_removal`.
NOT_UNDOABLE = {Act.UNDO, Act.SECTION}


def may_undo(change: CodebookChange) -> bool:
    """Whether there is something to take back at all; whether it still can be, `undo` finds out."""
    return (
        change.act not in NOT_UNDOABLE
        and change.code_id is not None  # else it went with its section
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
    marks = marks_in(study).filter(uid__in=moved_marks(change))
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


def marks_in(study: Study) -> QuerySet[Mark]:
    """A uid says which mark of the study; in another one somebody may have given it on purpose."""
    return Mark.objects.filter(code__section__study=study)


def moved_marks(change):
    """The uids of the marks that this change re-pointed or carried."""
    by_code = [uid for uids in change.after.get("marks", {}).values() for uid in uids]
    return [*by_code, *map(int, change.after.get("answers", {}))]


def refuse_used_since(change):
    # Without numbers: they would tell a lead who still has papers to code what others found there.
    if change.act == Act.SPLIT:
        made = Code.objects.filter(section__study=change.study, number__in=change.after["made"])
        used = Mark.objects.filter(code__in=made).exists()
        if used or FindingMark.objects.filter(code__in=made).exists():
            raise ValidationError(
                "The new codes are in use: the split cannot be undone. Merge them, or retire those "
                "you do not want."
            )
    if change.act == Act.MOVE:
        newer = Mark.objects.filter(code=change.code).exclude(uid__in=moved_marks(change)).exists()
        is_settled = FindingMark.objects.filter(code=change.code).exists()
        if newer or is_settled:
            raise ValidationError(
                f"“{change.code}” was used in {change.section} since: move it back instead."
            )


def revert_marks(change):
    before, after = change.before.get("marks", {}), change.after.get("marks", {})
    codes = codes_by_number(change.study_id, [*before, *after])
    for origin, uids in before.items():
        for target, target_uids in after.items():
            moved = Mark.objects.filter(uid__in=set(uids) & set(target_uids), code=codes[target])
            moved.update(code=codes[origin])
            settled = change.before.get("finding_marks", {}).get(origin, [])
            finding_marks = FindingMark.objects.filter(uid__in=settled, code=codes[target])
            finding_marks.update(code=codes[origin])
    restore_finding_marks(change)
    revert_moved_marks(change)
    revert_flags(change)
    if change.act == Act.MOVE:
        delete_empty_answers(change)


def restore_finding_marks(change):
    """A finding that was settled anew since has marks of its own: there the old one does not
    return.
    """
    rows = change.before.get("set_aside", [])
    beside = FindingMark.objects.filter(
        uid__in=[row["beside"] for row in rows], code__section__study=change.study
    )
    finding_of = dict(beside.values_list("uid", "finding")) if rows else {}
    taken = FindingMark.objects.filter(finding__in=finding_of.values(), code=change.code)
    has_the_code = set(taken.values_list("finding", flat=True)) if finding_of else set()
    marks = []
    for row in rows:
        finding = finding_of.get(row["beside"])
        if finding and finding not in has_the_code:
            has_the_code.add(finding)
            # One that came with a bundle of before has no uid.
            uid = {"uid": row["uid"]} if row.get("uid") else {}
            evidence = Evidence.from_mapping(row).as_dict()
            marks.append(FindingMark(finding_id=finding, code=change.code, **evidence, **uid))
    FindingMark.objects.bulk_create(marks, batch_size=BATCH)


def answers_by_uid(change, uids):
    answers = Answer.objects.filter(section__study=change.study, uid__in=uids) if uids else []
    return {answer.uid: answer for answer in answers}


def revert_moved_marks(change):
    """Back into the answers in which they stood, from those into which the change had put them."""
    before, after = change.before.get("answers", {}), change.after.get("answers", {})
    if not before:
        return
    answers = answers_by_uid(change, [*before.values(), *after.values()])
    moved = []
    for mark in Mark.objects.filter(code=change.code, uid__in=map(int, before)):
        origin, target = (answers.get(side[str(mark.uid)]) for side in (before, after))
        if origin and target and mark.answer_id == target.pk:
            mark.answer = origin
            moved.append(mark)
    Mark.objects.bulk_update(moved, ["answer"], batch_size=BATCH)


def revert_flags(change):
    before, after = change.before.get("flags", {}), change.after.get("flags", {})
    answers = answers_by_uid(change, [int(uid) for uid in before])
    for uid, values in before.items():
        answer = answers.get(int(uid))
        if answer is None or fields_that_differ(answer, after[uid]):
            continue
        # What a reviewer has said there since is not overwritten.
        if answer.marks.exists() and (values.get("none_apply") or values.get("absence")):
            continue
        for name, value in values.items():
            setattr(answer, name, value)
        answer.version += 1
        answer.save(update_fields=[*values, "version"])


def delete_empty_answers(change):
    made = Answer.objects.filter(
        section__study=change.study,
        uid__in=change.after["made"],
        marks=None,
        absence="",
        none_apply=False,
    )
    made.filter(**NO_EVIDENCE.as_dict(), kept_edits=None).delete()


def revert_tasks(change):
    """Nobody looks again at what was taken back; what had ended with the change begins anew."""
    RecodingTask.objects.open().filter(change=change).delete()
    of_study = RecodingTask.objects.filter(section__study=change.study)
    of_study.filter(uid__in=change.before.get("tasks", [])).update(done_at=None)
    if change.act == Act.MOVE:
        former = change.before["codes"][str(change.code.number)]["section_id"]
        tasks = RecodingTask.objects.open().filter(code=change.code)
        tasks.update(section=change.study.sections.get(key=former))
