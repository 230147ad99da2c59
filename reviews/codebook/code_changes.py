"""Changes of the codebook that touch what people marked: merging, splitting, moving, and deciding
on proposals.

Each locks the study first (saving an answer shares that lock), is one step of the codebook with one
line in the log, and keeps in the CodebookChange all that `undoing` needs. No mark is ever deleted
here.
"""

from collections import defaultdict
from functools import partial

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Exists, OuterRef
from django.utils import timezone

from mapping.codebook import changes as codebook_changes
from mapping.codebook.changes import (
    Act,
    Status,
    change_codes,
    label_of,
    locked_code,
    record_change,
    why,
)
from mapping.models import Code, FindingMark, Section
from reviews.models import Answer, Mark, RecodingTask, Summary

EVIDENCE = ("quote", "page", "rationale")


def ask_again(assignments, *, section, change, code=None):
    """A task for each of these assignments to look at one section again, where there is none
    yet.
    """
    there = (
        RecodingTask.objects.open()
        .filter(section=section, code=code)
        .values_list("assignment", flat=True)
    )
    wanted = [
        RecodingTask(assignment=one, section=section, change=change, code=code)
        for one in assignments
    ]
    asked = set(there)
    return RecodingTask.objects.bulk_create(
        [task for task in wanted if task.assignment_id not in asked]
    )


def ask_users_of(code, change):
    """Whoever has this code in the newest revision of their summary, submitted or still a draft,
    looks again.
    """
    newer = Summary.objects.filter(
        assignment=OuterRef("assignment"), revision__gt=OuterRef("revision")
    )
    newest = Summary.objects.filter(
        ~Exists(newer), answers__marks__code=code, assignment__withdrawn_at=None
    )
    assignments = {summary.assignment for summary in newest.select_related("assignment").distinct()}
    return ask_again(
        sorted(assignments, key=lambda one: one.pk), section=code.section, change=change, code=code
    )


def looked_again(changes):
    """`{id of the change: (how many are done, how many were asked for, [those who have not looked
    yet])}`.
    """
    tasks = RecodingTask.objects.filter(change__in=changes, assignment__withdrawn_at=None)
    awaited = defaultdict(list)
    for task in tasks.waiting().select_related("assignment__reviewer"):
        awaited[task.change_id].append(task.assignment.reviewer)
    asked = tasks.values_list("change").annotate(Count("pk")).order_by()
    return {
        pk: (
            number - len(awaited[pk]),
            number,
            sorted(set(awaited[pk]), key=lambda one: one.username),
        )
        for pk, number in asked
    }


def papers_of(marks):
    return marks.values("answer__summary__assignment__paper").distinct().count()


def touches(code):
    """What the acts of the codebook cannot count themselves: they know of no marks."""
    marks = Mark.objects.filter(code=code)
    return {"marks": marks.count(), "papers": papers_of(marks)}


# The same acts as in the codebook, with what they touch.
edit, retire, restore = (
    partial(act, touches=touches)
    for act in (codebook_changes.change, codebook_changes.retire, codebook_changes.restore)
)


@transaction.atomic
def merge(code, *, into, by, reason):
    """Every mark of `code` becomes one of `into`, with its quote; both in one answer stay two
    marks. Undoable exactly.

    Serves proposals too. In a finding a code stands once: a second one is set aside, and comes back
    with the undo.
    """
    code = locked_code(code)
    into = Code.objects.get(pk=into.pk)
    reason = why(reason)
    if code.pk == into.pk:
        raise ValidationError({"into": "A code is merged into another one."})
    if code.section_id != into.section_id:
        raise ValidationError(
            {"into": f"“{into}” belongs to another section: move one of them first."}
        )
    if code.status in {Status.MERGED, Status.DECLINED}:
        raise ValidationError(f"“{code}” is {code.get_status_display()} already.")
    if into.status != Status.ACTIVE:
        raise ValidationError({"into": f"“{into}” is {into.get_status_display()}, not active."})
    marks = Mark.objects.filter(code=code)
    moved, papers = sorted(marks.values_list("pk", flat=True)), papers_of(marks)
    before, after = change_codes(merging(code, into))
    before |= {"marks": {str(code.pk): moved}, **settled_onto(code, into)}
    after |= {"marks": {str(into.pk): moved}}
    marks.update(code=into)
    tasks = RecodingTask.objects.open().filter(code=code)
    before["tasks"] = sorted(tasks.values_list("pk", flat=True))
    tasks.update(done_at=timezone.now())
    what = (
        "the proposed code"
        if before["codes"][str(code.pk)]["status"] == Status.PROPOSED
        else "the code"
    )
    return record_change(
        code.section.study,
        Act.MERGE,
        by=by,
        section=code.section,
        code=code,
        before=before,
        after=after,
        marks=len(moved),
        papers=papers,
        reason=reason,
        text=f"Merged {what} “{code}” into “{into}”.",
    )


def merging(code, into):
    """What becomes of the codes themselves: whoever stood under the one stands under the other, if
    levels allow.
    """
    updates = {code: {"status": Status.MERGED, "merged_into_id": into.pk, "parent_id": None}}
    if into.parent_id == code.pk:
        updates[into] = {"parent_id": None}
    keeps_children = into.parent_id in {None, code.pk}
    for child in code.children.exclude(pk=into.pk):
        updates[child] = {"parent_id": into.pk if keeps_children else None}
    for earlier in code.merged_codes.all():
        updates[earlier] = {"merged_into_id": into.pk}
    return updates


def settled_onto(code, into):
    """Re-point finding marks. Returns `{"finding_marks": ids moved, "set_aside": whole rows}`."""
    there = dict(FindingMark.objects.filter(code=into).values_list("finding", "pk"))
    double = FindingMark.objects.filter(code=code, finding__in=there)
    fields = ("pk", "finding_id", *EVIDENCE)
    aside = [
        {**dict(zip(fields, row, strict=True)), "beside": there[row[1]]}
        for row in double.values_list(*fields)
    ]
    double.delete()
    rest = FindingMark.objects.filter(code=code)
    moved = sorted(rest.values_list("pk", flat=True))
    rest.update(code=into)
    return {"finding_marks": {str(code.pk): moved}, "set_aside": aside}


@transaction.atomic
def split(code, *, into, by, reason):
    """Several codes take the place of one, which is retired. Its marks stay, until their reviewers
    have looked again.

    `into` is a list of facts of codes: label, definition, when_not, example. Returns the change;
    its `recoding_tasks` are the queue.
    """
    code = locked_code(code)
    reason = why(reason)
    if code.status not in {Status.ACTIVE, Status.RETIRED}:
        raise ValidationError(f"“{code}” is {code.get_status_display()}: it cannot be split.")
    if len(into) < 2:
        raise ValidationError("Splitting needs two new codes at least.")
    made = []
    for facts in into:
        label = label_of(facts["label"], code.section)
        # With the place of the old code they stand right behind it, which on a scale is what they
        # mean.
        place = {"section": code.section, "parent": code.parent, "position": code.position}
        made.append(Code.objects.create(**place, **{**facts, "label": label}))
    before, after = change_codes({code: {"status": Status.RETIRED, "reason": reason}})
    for one in made:
        before["codes"][str(one.pk)], after["codes"][str(one.pk)] = (
            {"status": Status.RETIRED},
            {"status": Status.ACTIVE},
        )
    after["made"] = [one.pk for one in made]
    names = ", ".join(f"“{one}”" for one in made)
    change = record_change(
        code.section.study,
        Act.SPLIT,
        by=by,
        section=code.section,
        code=code,
        before=before,
        after=after,
        **touches(code),
        reason=reason,
        text=f"Split the code “{code}” into {names}.",
    )
    ask_users_of(code, change)
    return change


@transaction.atomic
def accept(code, *, by, facts=None, reason=""):
    """A proposal becomes a code like any other, its words edited first if need be. Its marks stay
    as they are.
    """
    code = proposal(code)
    facts = dict(facts or {})
    if "parent" in facts:
        facts["parent_id"] = codebook_changes.parent_for(facts.pop("parent"), code)
    label = label_of(facts.get("label", code.label), code.section)
    before, after = change_codes({code: {**facts, "label": label, "status": Status.ACTIVE}})
    return record_change(
        code.section.study,
        Act.ACCEPT,
        by=by,
        section=code.section,
        code=code,
        before=before,
        after=after,
        **touches(code),
        reason=reason.strip(),
        text=f"Accepted the proposed code “{code}” for {code.section}.",
    )


@transaction.atomic
def decline(code, *, by, reason):
    """A proposal that does not become a code. Its marks stay, flagged, until their reviewers have
    re-coded them.
    """
    code = proposal(code)
    reason = why(reason)
    before, after = change_codes({code: {"status": Status.DECLINED, "reason": reason}})
    change = record_change(
        code.section.study,
        Act.DECLINE,
        by=by,
        section=code.section,
        code=code,
        before=before,
        after=after,
        **touches(code),
        reason=reason,
        text=f"Declined the proposed code “{code}” for {code.section}.",
    )
    ask_users_of(code, change)
    return change


def proposal(code):
    code = locked_code(code)
    if code.status != Status.PROPOSED:
        raise ValidationError(f"“{code}” is decided on already: it is {code.get_status_display()}.")
    return code


@transaction.atomic
def move(code, *, to, by, reason):
    """Take a code to another section of the same phase. Its marks go to that section's answers in
    the same summaries.

    An answer that is left without marks says from then on that none of the (remaining) codes apply,
    which is what its reviewer had said of them. What was merged into the code goes with it.
    """
    code = locked_code(code)
    to = Section.objects.select_related("study").get(pk=to.pk)
    reason = why(reason)
    refuse_unfitting(code, to)
    label_of(code.label, to)
    marks = list(
        Mark.objects.filter(code=code).select_related("answer").order_by("answer", "position", "pk")
    )
    refuse_crowded(marks, to)
    source, papers = code.section, papers_of(Mark.objects.filter(code=code))
    # What a later undo must find as it is now, although moving does not change it.
    fixed = {
        one: {"status": one.status, "merged_into_id": one.merged_into_id}
        for one in (code, *code.merged_codes.all())
    }
    updates = {
        one: {"section_id": to.pk, "position": to.codes.count() + place}
        for place, one in enumerate(fixed)
    }
    updates[code]["parent_id"] = None
    updates |= {child: {"parent_id": None} for child in code.children.all()}
    before, after = change_codes(updates)
    for one, values in fixed.items():
        before["codes"][str(one.pk)] |= values
        after["codes"][str(one.pk)] |= values
    carried = carry(marks, to, source)
    RecodingTask.objects.open().filter(code=code).update(section=to)
    return record_change(
        to.study,
        Act.MOVE,
        by=by,
        section=to,
        code=code,
        before=before | carried[0],
        after=after | carried[1],
        marks=len(marks),
        papers=papers,
        reason=reason,
        text=f"Moved the code “{code}” from {source} to {to}.",
    )


def refuse_unfitting(code, to):
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


def refuse_crowded(marks, to):
    if to.is_multiple:
        return
    summaries = [mark.answer.summary_id for mark in marks]
    there = set(
        Mark.objects.filter(answer__section=to, answer__summary__in=summaries).values_list(
            "answer__summary", flat=True
        )
    )
    if there or len(summaries) != len(set(summaries)):
        # Without a number: it would tell a lead who still has papers to code.
        raise ValidationError(
            {
                "to": (
                    f"{to} takes one code, and some of the summaries would have two there. "
                    f"Nothing was moved."
                )
            }
        )


FLAGS = ("absence", "none_apply")


def carry(marks, to, source):
    """Put these marks into the answers of another section; returns `(before, after)` of marks and
    answers.
    """
    there = {
        one.summary_id: one
        for one in Answer.objects.filter(
            section=to, summary__in={m.answer.summary_id for m in marks}
        )
    }
    before, after = {"answers": {}, "flags": {}}, {"answers": {}, "flags": {}, "made": []}
    for mark in marks:
        target = there.get(mark.answer.summary_id)
        if target is None:
            target = there[mark.answer.summary_id] = Answer.objects.create(
                summary_id=mark.answer.summary_id,
                section=to,
                codebook_version=mark.answer.codebook_version,
                version=1,
            )
            after["made"].append(target.pk)
        before["answers"][str(mark.pk)], after["answers"][str(mark.pk)] = mark.answer_id, target.pk
        Mark.objects.filter(pk=mark.pk).update(answer=target)
        flag(target, {"absence": "", "none_apply": False}, before, after)
    for left in Answer.objects.filter(
        pk__in={mark.answer_id for mark in marks}, marks=None, section=source
    ):
        flag(left, {"none_apply": True}, before, after)
    return before, after


def flag(answer, values, before, after):
    """A tab that shows the answer as it was must meet this change: the version grows."""
    changed = {name: value for name, value in values.items() if getattr(answer, name) != value}
    if changed:
        before["flags"][str(answer.pk)] = {name: getattr(answer, name) for name in changed}
        after["flags"][str(answer.pk)] = changed
    for name, value in changed.items():
        setattr(answer, name, value)
    answer.version += 1
    answer.save(update_fields=[*changed, "version"])
