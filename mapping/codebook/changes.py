"""The codebook and its history: every change of sections and codes is one step of the study's
codebook version.

The acts here touch codes alone; those that touch what people marked stand in `reviews`. What an act
did to codes is kept as `{"codes": {id: {field: value}}}` before and after, which is all that
`take_back` needs.
"""

import hashlib
import json

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from mapping.models import Code, CodebookChange, LogEntry, Study
from mapping.models.fields import check_lengths
from mapping.parsers.lengths import SENTENCES, excess
from mapping.parsers.lookalikes import sameness, visible

WORDS = ("label", "definition", "when_not", "example")
EDITABLE = (*WORDS, "parent_id", "excludes_paper")
NAMES = {
    "label": "label",
    "definition": "definition",
    "when_not": "when not to use",
    "example": "example",
    "parent_id": "parent",
    "excludes_paper": "excludes the paper",
    "position": "place",
    "status": "status",
    "merged_into_id": "merged into",
    "section_id": "section",
    "reason": "reason",
}
Act, Status = CodebookChange.Act, Code.Status


class ChangedMeanwhile(Exception):
    """Somebody else saved the same thing after the writer had opened it. `now` is the thing as it
    stands.
    """

    def __init__(self, now, by=None, at=None):
        super().__init__("changed meanwhile")
        self.now = now
        self.by = by
        self.at = at


def token(thing, fields):
    """Stands for what the writer had before them; a save names the token it saw."""
    values = json.dumps([str(getattr(thing, name)) for name in fields])
    return hashlib.sha256(values.encode()).hexdigest()[:16]


def code_token(code):
    return token(code, (*EDITABLE, "status", "section_id"))


def hold_codebook(study):
    """Keep merges and retirements out until this transaction ends, but not other readers; returns
    the version.
    """
    with connection.cursor() as cursor:
        # The acts here lock the study's row first: a code checked here is the same when its mark is
        # written.
        table = connection.ops.quote_name(Study._meta.db_table)
        query = f"SELECT codebook_version FROM {table} WHERE id = %s FOR SHARE"  # noqa: S608
        cursor.execute(query, [study.pk])
        return cursor.fetchone()[0]


@transaction.atomic
def record_change(
    study,
    act,
    *,
    by,
    before,
    after,
    section=None,
    code=None,
    marks=0,
    papers=0,
    reason="",
    text="",
    log_act="",
    undoes=None,
):
    """Make the next codebook version and write down what it changed. Returns the CodebookChange.

    `act` is a CodebookChange.Act; `before` and `after` hold all that undoing needs. `text` is the
    sentence of the log.
    """
    # Two changes at once must not both become version 7: the second waits here for the first.
    version = (
        Study.objects.select_for_update()
        .values_list("codebook_version", flat=True)
        .get(pk=study.pk)
        + 1
    )
    Study.objects.filter(pk=study.pk).update(codebook_version=version)
    study.codebook_version = version
    change = CodebookChange.objects.create(
        study=study,
        version=version,
        act=act,
        section=section,
        code=code,
        before=before,
        after=after,
        marks=marks,
        papers=papers,
        reason=reason,
        by=by,
        undoes=undoes,
    )
    what = (
        f"Code “{code.label}”" if code else f"Section “{section.label}”" if section else "Template"
    )
    text = text or f"{what} {change.get_act_display()}."
    log_act = log_act or f"{act}-{'code' if code else 'section'}"
    # Which marks were touched stands in the change: lists of them would fill the log, and their
    # number would tell those who still have to code what is in there.
    facts = {} if "codes" in after else {"before": before, "after": after}
    LogEntry.objects.record(
        study,
        by,
        log_act,
        text + (f" Why: {reason}" if reason else ""),
        version=version,
        section=section.key if section else None,
        code=code.label if code else None,
        **facts,
    )
    return change


def locked_code(code):
    """The code as it is now; every other act on this study's codebook, and every save of an answer,
    waits.
    """
    Study.objects.select_for_update().get(pk=code.section.study_id)
    return Code.objects.select_related("section__study", "parent", "merged_into").get(pk=code.pk)


def why(reason):
    """A change of what people use is explained to them."""
    reason = reason.strip()
    if not reason:
        raise ValidationError({"reason": "Say why: it stays in the history of the codebook."})
    if too_long := excess(reason, SENTENCES):
        raise ValidationError({"reason": f"This text {too_long}."})
    return reason


def label_of(text, section, *, besides=()):
    """A tidy label that no other code of the section has."""
    label = visible(text)
    if not label:
        raise ValidationError({"label": "A code needs a label."})
    if len(label) > 300:
        raise ValidationError({"label": "A label has at most 300 characters."})
    standing = section.codes.filter(status__in=[Status.ACTIVE, Status.RETIRED]).exclude(
        pk__in=besides
    )
    if found := alike(label, standing):
        state = " It is retired: restore it." if found.status == Status.RETIRED else ""
        raise ValidationError({"label": f"{section} has the code “{found.label}” already.{state}"})
    return label


def alike(label, codes):
    """The code among these whose label nobody could tell from this one, or None."""
    wanted = sameness(label)
    return next((code for code in codes if sameness(code.label) == wanted), None)


def parent_for(parent, code=None):
    """Two levels and no more: a parent has none, and whoever gets one has no children."""
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


def change_codes(updates):
    """Write `{code: {field: value}}`; returns `(before, after)` of what differs, for the
    history.
    """
    before, after = {}, {}
    for code, values in updates.items():
        changed = {name: value for name, value in values.items() if getattr(code, name) != value}
        if not changed:
            continue
        before[str(code.pk)] = {name: getattr(code, name) for name in changed}
        after[str(code.pk)] = changed
        for name, value in changed.items():
            setattr(code, name, value)
        check_lengths(code)
        code.save(update_fields=[name.removesuffix("_id") for name in changed])
    return {"codes": before}, {"codes": after}


@transaction.atomic
def add(section, *, by, facts, reason=""):
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
        **{**facts, "label": label_of(facts["label"], section)},
    )
    if code.parent_id:
        if code.parent.section_id != section.pk:
            raise ValidationError({"parent": "The parent stands in another section."})
        parent_for(code.parent)
    check_lengths(code)
    code.save()
    record_added(code, by=by, reason=reason)
    return code


def addition(code):
    """`{before, after}` of a code that was added. Taking it back hides the code, as retiring does:
    somebody may have used it.
    """
    words = {name: getattr(code, name) for name in WORDS if getattr(code, name)}
    return {
        "before": {"codes": {str(code.pk): {"status": Status.RETIRED}}},
        "after": {"codes": {str(code.pk): {"status": Status.ACTIVE}}, "words": words},
    }


def record_added(code, *, by, reason=""):
    return record_change(
        code.section.study,
        Act.ADD,
        by=by,
        section=code.section,
        code=code,
        reason=reason.strip(),
        **addition(code),
        text=f"Added the code “{code.label}” to {code.section}.",
    )


def record_many(study, changes, *, by, reason):
    """Number these unsaved CodebookChanges of one study and write them at once.

    Whoever calls holds the study's row, and writes one line into the log for all of them.
    """
    version = Study.objects.values_list("codebook_version", flat=True).get(pk=study.pk)
    for step, change in enumerate(changes, start=1):
        change.study, change.by, change.reason, change.version = study, by, reason, version + step
    CodebookChange.objects.bulk_create(changes, batch_size=1000)
    study.codebook_version = version + len(changes)
    Study.objects.filter(pk=study.pk).update(codebook_version=study.codebook_version)


def no_marks(code):
    return {"marks": 0, "papers": 0}


@transaction.atomic
def change(code, *, by, facts, reason, seen="", touches=no_marks):
    """Rename, re-define, group under a parent, or all of it: one step of the codebook. Marks
    follow.

    `facts` are fields of Code, `parent` among them. `touches` counts the marks and papers of a
    code, which only those know who know of marks. Raises ChangedMeanwhile if the code is no longer
    what `seen` stands for.
    """
    code = locked_code(code)
    if seen and seen != code_token(code):
        last = code.changes.select_related("by").first()
        raise ChangedMeanwhile(code, last and last.by, last and last.at)
    if code.status not in {Status.ACTIVE, Status.RETIRED}:
        raise ValidationError(
            f"“{code}” is {code.get_status_display()}: it can no longer be edited."
        )
    facts = dict(facts)
    if "label" in facts:
        facts["label"] = label_of(facts["label"], code.section, besides=[code.pk])
    if "parent" in facts:
        parent = facts.pop("parent")
        facts["parent_id"] = (
            code.parent_id if parent and parent.pk == code.parent_id else parent_for(parent, code)
        )
    was = code.label
    before, after = change_codes({code: facts})
    changed = after["codes"].get(str(code.pk))
    if changed:
        record_edited(code, was, before, after, by=by, reason=why(reason), **touches(code))
    return code


def record_edited(code, was, before, after, *, by, reason, marks=0, papers=0):
    """One step for the words of a code that were changed. `was` is its former label."""
    changed = set(after["codes"][str(code.pk)])
    act = (
        Act.RENAME
        if "label" in changed
        else Act.GROUP
        if changed == {"parent_id"}
        else Act.REDEFINE
    )
    act = Act.REORDER if changed == {"position"} else act
    fields = ", ".join(NAMES[name] for name in NAMES if name in changed)
    text = (
        f"Renamed the code “{was}” to “{code.label}”"
        if act == Act.RENAME
        else f"Changed the code “{was}”"
    )
    return record_change(
        code.section.study,
        act,
        by=by,
        section=code.section,
        code=code,
        before=before,
        after=after,
        reason=reason,
        marks=marks,
        papers=papers,
        text=f"{text}: {fields}.",
    )


@transaction.atomic
def retire(code, *, by, reason, touches=no_marks):
    """Hidden from new answers; its marks stay. Codes under it stand alone from now on."""
    code = locked_code(code)
    if code.status != Status.ACTIVE:
        raise ValidationError(f"“{code}” is {code.get_status_display()}, not active.")
    reason = why(reason)
    children = {child: {"parent_id": None} for child in code.children.all()}
    before, after = change_codes({code: {"status": Status.RETIRED, "reason": reason}, **children})
    return record_change(
        code.section.study,
        Act.RETIRE,
        by=by,
        section=code.section,
        code=code,
        before=before,
        after=after,
        reason=reason,
        text=f"Retired the code “{code}” of {code.section}.",
        **touches(code),
    )


@transaction.atomic
def restore(code, *, by, reason="", touches=no_marks):
    """Back into use, without forgetting why it was retired: the history keeps that."""
    code = locked_code(code)
    if code.status != Status.RETIRED:
        raise ValidationError(f"“{code}” is {code.get_status_display()}, not retired.")
    before, after = change_codes({code: {"status": Status.ACTIVE, "reason": ""}})
    return record_change(
        code.section.study,
        Act.RESTORE,
        by=by,
        section=code.section,
        code=code,
        before=before,
        after=after,
        reason=reason.strip(),
        text=f"Restored the code “{code}” of {code.section}.",
        **touches(code),
    )


@transaction.atomic
def reorder(code, *, by, up=None, before=None, after=None, reason=""):
    """One place up or down among its siblings, or right before or after another one. Returns the
    change, or None.
    """
    code = locked_code(code)
    ordered = list(code.section.codes.all())
    siblings = [
        one for one in ordered if one.status == Status.ACTIVE and one.parent_id == code.parent_id
    ]
    if code not in siblings:
        raise ValidationError(
            f"“{code}” is {code.get_status_display()}: it has no place in the order."
        )
    here = siblings.index(code)
    beside = before or after
    if beside is None:
        there = here - 1 if up else here + 1
        if not 0 <= there < len(siblings):
            return None
    elif beside not in siblings:
        raise ValidationError("A code is ordered among the codes that stand beside it.")
    elif beside == code:
        return None
    wanted = [one for one in siblings if one != code]
    place = there if beside is None else wanted.index(beside) + (1 if after else 0)
    wanted.insert(place, code)
    return arrange(code, ordered, siblings, wanted, by, reason.strip())


def arrange(code, ordered, siblings, wanted, by, reason):
    places = iter(wanted)
    arranged = [next(places) if one in set(siblings) else one for one in ordered]
    before, after = change_codes({one: {"position": place} for place, one in enumerate(arranged)})
    if not after["codes"]:
        return None
    return record_change(
        code.section.study,
        Act.REORDER,
        by=by,
        section=code.section,
        code=code,
        before=before,
        after=after,
        reason=reason,
        text=f"Moved the code “{code}” within {code.section}.",
    )


def take_back(change):
    """Write the codes as they were before this change; returns `(before, after)` for the history.

    Refuses where a later change has altered the same thing, and says which.
    """
    found = Code.objects.filter(section__study=change.study_id).in_bulk(
        [int(pk) for pk in change.after["codes"]]
    )
    for pk, values in change.after["codes"].items():
        code = found[int(pk)]
        altered = [NAMES[name] for name, value in values.items() if getattr(code, name) != value]
        if altered:
            raise ValidationError(
                f"“{code}” was changed since ({', '.join(altered)}){later(change, pk)}."
            )
    try:
        with transaction.atomic():
            before, after = change_codes(
                {found[int(pk)]: values for pk, values in change.before["codes"].items()}
            )
    except IntegrityError:
        raise ValidationError(
            "Another code of the section has this label by now: rename that one first."
        ) from None
    # Where only words come back, a parent that was split or retired meanwhile stays what it is.
    regrouped = [
        found[int(pk)] for pk, values in change.before["codes"].items() if "parent_id" in values
    ]
    for code in regrouped:
        parent = code.parent if code.parent_id else None
        if parent and (parent.parent_id or code.children.exists() or left_since(change, parent)):
            raise ValidationError(
                f"“{code}” stood under “{parent}”, which has changed since: there are two levels."
            )
    return before, after


def left_since(change, parent):
    """Whether the parent went out of use after this change, not before."""
    if parent.status == Status.ACTIVE:
        return False
    steps = change.study.codebook_changes.filter(version__gt=change.version).values_list(
        "after", flat=True
    )
    return any("status" in after.get("codes", {}).get(str(parent.pk), {}) for after in steps)


def later(change, pk):
    newer = change.study.codebook_changes.filter(version__gt=change.version, undone_by=None)
    newer = (
        newer.filter(after__codes__has_key=pk).exclude(act=Act.UNDO).order_by("-version").first()
    )
    return f": undo version {newer.version} first" if newer else ""
