"""Changes of the codebook that touch what people marked: merging, splitting, and deciding on
proposals.

Each locks the study first (saving an answer shares that lock), is one version of the codebook with
one line in the log, and keeps in the CodebookChange all that `undo` needs. No mark is ever deleted
here.
"""

from functools import partial

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from mapping.codebook import changes as codebook_changes
from mapping.codebook.checks import checked_label, checked_parent, checked_reason
from mapping.codebook.versions import Act, Status, change_codes, locked_code, record_code_change
from mapping.judgement.values import Evidence
from mapping.models import Code, CodebookChange, FindingMark, User
from reviews.codebook.recoding_tasks import ask_users_of
from reviews.models import Mark, RecodingTask


def papers_of(marks):
    return marks.values("answer__summary__assignment__paper").distinct().count()


def count_use(code: Code) -> dict:
    """The marks and papers of a code, which `mapping` cannot count itself."""
    marks = Mark.objects.filter(code=code)
    return {"marks": marks.count(), "papers": papers_of(marks)}


edit, retire, restore = (
    partial(act, count_use=count_use)
    for act in (codebook_changes.edit, codebook_changes.retire, codebook_changes.restore)
)


@transaction.atomic
def merge(code: Code, *, into: Code, by: User, reason: str) -> CodebookChange:
    """Every mark of `code` becomes one of `into`, with its quote; both in one answer stay two
    marks. Undoable exactly.

    Serves proposals too. In a finding a code stands once: a second one is set aside, and comes back
    with the undo.
    """
    code = locked_code(code)
    into = Code.objects.get(pk=into.pk)
    reason = checked_reason(reason)
    refuse_unfitting_merge(code, into)
    was_proposed = code.status == Status.PROPOSED
    marks = Mark.objects.filter(code=code)
    moved, papers = sorted(marks.values_list("uid", flat=True)), papers_of(marks)
    before, after = change_codes(merged_codes(code, into))
    before |= {"marks": {str(code.number): moved}, **move_finding_marks(code, into)}
    after |= {"marks": {str(into.number): moved}}
    marks.update(code=into)
    before["tasks"] = end_tasks(code)
    return record_code_change(
        code,
        Act.MERGE,
        by=by,
        before=before,
        after=after,
        marks=len(moved),
        papers=papers,
        reason=reason,
        text=f"Merged the {'proposed ' * was_proposed}code “{code}” into “{into}”.",
    )


def refuse_unfitting_merge(code, into):
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


def end_tasks(code):
    """End the open recoding tasks about this code; returns their uids."""
    tasks = RecodingTask.objects.open().filter(code=code)
    uids = sorted(tasks.values_list("uid", flat=True))
    tasks.update(done_at=timezone.now())
    return uids


def merged_codes(code, into):
    """What becomes of the codes themselves, `{code: {field: value}}`: whoever stood under the one
    stands under the other, if levels allow.
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


def move_finding_marks(code, into):
    """Re-point finding marks. Returns `{"finding_marks": uids moved, "set_aside": whole rows}`,
    each with the mark that stays beside it in the finding.
    """
    marks_of_into = dict(FindingMark.objects.filter(code=into).values_list("finding", "uid"))
    double = FindingMark.objects.filter(code=code, finding__in=marks_of_into)
    fields = ("uid", *Evidence.FIELDS)
    set_aside = [
        {**dict(zip(fields, row, strict=True)), "beside": marks_of_into[finding]}
        for finding, *row in double.values_list("finding", *fields)
    ]
    double.delete()
    rest = FindingMark.objects.filter(code=code)
    moved = sorted(rest.values_list("uid", flat=True))
    rest.update(code=into)
    return {"finding_marks": {str(code.number): moved}, "set_aside": set_aside}


@transaction.atomic
def split(code: Code, *, into: list[dict], by: User, reason: str) -> CodebookChange:
    """Several codes take the place of one, which is retired. Its marks stay, until their reviewers
    have looked again.

    `into` is a list of facts of codes: label, definition, when_not, example. Returns the change;
    its `recoding_tasks` are the queue.
    """
    code = locked_code(code)
    reason = checked_reason(reason)
    if code.status not in {Status.ACTIVE, Status.RETIRED}:
        raise ValidationError(f"“{code}” is {code.get_status_display()}: it cannot be split.")
    if len(into) < 2:
        raise ValidationError("Splitting needs two new codes at least.")
    parts = [create_part(code, facts) for facts in into]
    before, after = change_codes({code: {"status": Status.RETIRED, "reason": reason}})
    for part in parts:
        before["codes"][str(part.number)] = {"status": Status.RETIRED}
        after["codes"][str(part.number)] = {"status": Status.ACTIVE}
    after["made"] = [part.number for part in parts]
    names = ", ".join(f"“{part}”" for part in parts)
    change = record_code_change(
        code,
        Act.SPLIT,
        by=by,
        before=before,
        after=after,
        **count_use(code),
        reason=reason,
        text=f"Split the code “{code}” into {names}.",
    )
    ask_users_of(code, change)
    return change


def create_part(code, facts):
    """One of the codes that a code is split into. With its position they stand right behind it,
    which on a scale is what they mean.
    """
    return Code.objects.create(
        section=code.section,
        parent=code.parent,
        position=code.position,
        **{**facts, "label": checked_label(facts["label"], code.section)},
    )


@transaction.atomic
def accept(code: Code, *, by: User, facts: dict | None = None, reason: str = "") -> CodebookChange:
    """A proposal becomes a code like any other, its words edited first if need be. Its marks stay
    as they are.
    """
    code = locked_proposal(code)
    facts = dict(facts or {})
    if "parent" in facts:
        facts["parent_id"] = checked_parent(facts.pop("parent"), code)
    label = checked_label(facts.get("label", code.label), code.section)
    before, after = change_codes({code: {**facts, "label": label, "status": Status.ACTIVE}})
    return record_code_change(
        code,
        Act.ACCEPT,
        by=by,
        before=before,
        after=after,
        **count_use(code),
        reason=reason.strip(),
        text=f"Accepted the proposed code “{code}” for {code.section}.",
    )


@transaction.atomic
def decline(code: Code, *, by: User, reason: str) -> CodebookChange:
    """A proposal that does not become a code. Its marks stay, flagged, until their reviewers have
    re-coded them.
    """
    code = locked_proposal(code)
    reason = checked_reason(reason)
    before, after = change_codes({code: {"status": Status.DECLINED, "reason": reason}})
    change = record_code_change(
        code,
        Act.DECLINE,
        by=by,
        before=before,
        after=after,
        **count_use(code),
        reason=reason,
        text=f"Declined the proposed code “{code}” for {code.section}.",
    )
    ask_users_of(code, change)
    return change


def locked_proposal(code):
    """Raises ValidationError where somebody has decided on it already."""
    code = locked_code(code)
    if code.status != Status.PROPOSED:
        raise ValidationError(f"“{code}” is decided on already: it is {code.get_status_display()}.")
    return code
