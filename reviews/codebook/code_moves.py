"""Moving a code to another section, with the marks that people made with it."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction

from mapping.codebook.checks import checked_label, checked_reason
from mapping.codebook.kept import keys_for, renamed
from mapping.codebook.versions import Act, Status, change_codes, locked_code, record_change
from mapping.models import Code, CodebookChange, FindingMark, Section, User
from reviews.codebook.code_changes import papers_of
from reviews.models import Answer, Mark, RecodingTask

FLAGS = ("absence", "none_apply")


@transaction.atomic
def move(code: Code, *, to: Section, by: User, reason: str) -> CodebookChange:
    """Take a code to another section of the same phase. Its marks go to that section's answers in
    the same summaries.

    An answer that is left without marks says from then on that none of the (remaining) codes apply,
    which is what its reviewer had said of them. What was merged into the code goes with it.
    """
    code = locked_code(code)
    to = Section.objects.select_related("study").get(pk=to.pk)
    reason = checked_reason(reason)
    refuse_unfitting_section(code, to)
    checked_label(code.label, to)
    marks = list(
        Mark.objects.filter(code=code).select_related("answer").order_by("answer", "position", "pk")
    )
    refuse_second_code(marks, to)
    source, papers = code.section, papers_of(Mark.objects.filter(code=code))
    before, after = move_codes(code, to)
    answers_before, answers_after = move_marks(marks, to, source)
    RecodingTask.objects.open().filter(code=code).update(section=to)
    return record_change(
        to.study,
        Act.MOVE,
        by=by,
        section=to,
        code=code,
        before=before | answers_before,
        after=after | answers_after,
        marks=len(marks),
        papers=papers,
        reason=reason,
        text=f"Moved the code “{code}” from {source} to {to}.",
    )


def move_codes(code, to):
    """Move the code, and what was merged into it, to the end of the section; returns
    `(before, after)`.
    """
    moved = (code, *code.merged_codes.all())
    # What a later undo must find as it is now, although moving does not change it.
    unchanged = {
        each: {"status": each.status, "merged_into_id": each.merged_into_id} for each in moved
    }
    keys = keys_for(unchanged.values())
    count = to.codes.count()
    updates = {
        each: {"section_id": to.pk, "position": count + offset} for offset, each in enumerate(moved)
    }
    updates[code]["parent_id"] = None
    updates |= {child: {"parent_id": None} for child in code.children.all()}
    before, after = change_codes(updates)
    for each, values in unchanged.items():
        before["codes"][str(each.number)] |= renamed(values, keys)
        after["codes"][str(each.number)] |= renamed(values, keys)
    return before, after


def refuse_unfitting_section(code, to):
    if code.status not in {Status.ACTIVE, Status.RETIRED}:
        raise ValidationError(f"“{code}” is {code.get_status_display()}: it cannot be moved.")
    if to.pk == code.section_id or to.study_id != code.section.study_id:
        raise ValidationError({"to": "Choose another section of this study."})
    if not to.has_codes or to.is_retired:
        raise ValidationError({"to": f"{to} takes no codes."})
    if to.phase_id != code.section.phase_id:
        raise ValidationError(
            {"to": f"{to} belongs to another phase: the same summary has no answer there."}
        )
    if FindingMark.objects.filter(code=code).exists():
        raise ValidationError(
            f"The team has settled on “{code}” in {code.section}, and a finding says who decided "
            f"on which section. "
            "Take those decisions back first, move the code, and settle again; or retire it and "
            "add a new one there."
        )


def refuse_second_code(marks, to):
    """Where the section takes one code, no summary may have two there after the move."""
    if to.is_multiple:
        return
    summaries = [mark.answer.summary_id for mark in marks]
    is_marked = Mark.objects.filter(answer__section=to, answer__summary__in=summaries).exists()
    if is_marked or len(summaries) != len(set(summaries)):
        # Without a number: it would tell a lead who still has papers to code.
        raise ValidationError(
            {
                "to": (
                    f"{to} takes one code, and some of the summaries would have two there. "
                    f"Nothing was moved."
                )
            }
        )


def move_marks(marks: Iterable[Mark], to: Section, source: Section) -> tuple[dict, dict]:
    """Put these marks into the answers of another section; returns `(before, after)` of marks and
    answers.
    """
    answers = {
        answer.summary_id: answer
        for answer in Answer.objects.filter(
            section=to, summary__in={mark.answer.summary_id for mark in marks}
        )
    }
    before, after = {"answers": {}, "flags": {}}, {"answers": {}, "flags": {}, "made": []}
    for mark in marks:
        target = answers.get(mark.answer.summary_id)
        if target is None:
            target = answers[mark.answer.summary_id] = empty_answer_like(mark.answer, to)
            after["made"].append(target.uid)
        uid = str(mark.uid)
        before["answers"][uid], after["answers"][uid] = mark.answer.uid, target.uid
        Mark.objects.filter(pk=mark.pk).update(answer=target)
        change_flags(target, {"absence": "", "none_apply": False}, before, after)
    for emptied in Answer.objects.filter(
        pk__in={mark.answer_id for mark in marks}, marks=None, section=source
    ):
        change_flags(emptied, {"none_apply": True}, before, after)
    return before, after


def empty_answer_like(answer, section):
    """A new answer of the same summary for another section."""
    return Answer.objects.create(
        summary_id=answer.summary_id,
        section=section,
        codebook_version=answer.codebook_version,
        version=1,
    )


def change_flags(answer, values, before, after):
    """Write the FLAGS. A tab that shows the answer as it was must meet this change: the version
    grows.
    """
    changed = {name: value for name, value in values.items() if getattr(answer, name) != value}
    if changed:
        before["flags"][str(answer.uid)] = {name: getattr(answer, name) for name in changed}
        after["flags"][str(answer.uid)] = changed
    for name, value in changed.items():
        setattr(answer, name, value)
    answer.version += 1
    answer.save(update_fields=[*changed, "version"])
