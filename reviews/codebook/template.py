"""Changing the sections of the template. A section in use is never deleted, only retired; its kind
stays.
"""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, ProtectedError, Q
from django.utils import timezone
from django.utils.text import slugify

from mapping.codebook import versions
from mapping.codebook.versions import ChangedMeanwhile, token
from mapping.models import CodebookChange, Finding, LogEntry, Section, Study
from mapping.protocol import files as protocol_files
from mapping.protocol.coefficients import COEFFICIENTS
from mapping.site.plurals import counted
from reviews.codebook.recoding_tasks import ask_again
from reviews.models import Answer, Assignment, Deferral, RecodingTask, Remark, Resolution, Summary

# The draft of a blank answer counts too: a person stands before that field.
USERS = (Answer, Finding, Resolution, Remark, Deferral, RecodingTask)
PLAIN = ("key", "label", "help", "kind", "is_required", "asks_confidence")
WORDS = {
    "research_question": "research question",
    "is_required": "required",
    "asks_confidence": "confidence",
    "primary_coefficient": "coefficient",
    "agreement_target": "target",
    "declared_at": "declaration",
}
IN_TEMPLATE = Q(codes__status__in=protocol_files.IN_TEMPLATES)


def section_token(section):
    return token(section, (*PLAIN, "phase_id", "research_question_id", "retired_at"))


def with_use(sections):
    """Sections with `is_used` (may not be deleted), `has_answers` (kind and phase are fixed) and
    `code_count`.
    """
    used = Q()
    for model in USERS:
        used |= Q(Exists(model.objects.filter(section=OuterRef("pk"))))
    return sections.annotate(
        is_used=used,
        has_answers=Q(Exists(Answer.objects.filter(section=OuterRef("pk"))))
        | Q(Exists(Finding.objects.filter(section=OuterRef("pk")))),
        code_count=Count("codes", filter=IN_TEMPLATE),
    )


def has_submissions(phase):
    return Summary.objects.submitted().filter(assignment__round__phase=phase).exists()


def locked(study):
    # Every change of a template waits for the one before it: the second lead then sees what the
    # first has done.
    return Study.objects.select_for_update().get(pk=study.pk)


def locked_section(section):
    locked(section.study)
    found = (
        with_use(Section.objects.filter(pk=section.pk))
        .select_related("study", "phase", "research_question")
        .first()
    )
    if found is None:
        raise ValidationError("Somebody has removed this section meanwhile.")
    return found


def must_be_unchanged(seen, now_token, thing, changes):
    if seen and seen != now_token:
        last = changes.select_related("by").first()
        raise ChangedMeanwhile(thing, last and last.by, last and last.at)


def free_of(siblings, words, otherwise, length):
    """A key made of these words that none of the siblings has."""
    stem = slugify(words)[: length - 5].strip("-_") or otherwise
    taken = set(siblings.filter(key__startswith=stem).values_list("key", flat=True))
    number, key = 1, stem
    while key in taken:
        number += 1
        key = f"{stem}-{number}"
    return key


@transaction.atomic
def add_section(study, *, by, facts):
    """A new section at the end of its phase. Submitted summaries are from now on incomplete in it,
    and in it alone.
    """
    study = locked(study)
    facts = {
        **facts,
        "key": facts.get("key") or free_of(study.sections, facts["label"], "section", 60),
    }
    section = Section(
        study=study, position=protocol_files.next_position(facts["phase"].sections), **facts
    )
    refuse_taken(section)
    section.save()
    record(section, by, before={}, text=f"Added the section “{section.label}” to {section.phase}.")
    section_added(section, by=by)
    return section


@transaction.atomic
def edit_section(section, *, by, facts, seen=""):
    """Raises ChangedMeanwhile if it is no longer what `seen` stands for."""
    section = locked_section(section)
    must_be_unchanged(seen, section_token(section), section, section.changes)
    before = protocol_files.section_dump(section)
    old_kind, old_phase = section.kind, section.phase_id
    for name, value in facts.items():
        setattr(section, name, value)
    refuse_taken(section)
    refuse_changed_use(section, old_kind, old_phase)
    drop_unfitting_declaration(section)
    if section.phase_id != old_phase:
        section.position = protocol_files.next_position(section.phase.sections)
    after = protocol_files.section_dump(section)
    if after != before:
        section.save()
        # Of a kind that takes no codes the dump has none, not an empty list.
        names = [
            name
            for name in {**before, **after}
            if before.get(name) != after.get(name) and name != "codes"
        ]
        changed = ", ".join(WORDS.get(name, name) for name in names)
        record(
            section, by, before=before, text=f"Changed the section “{section.label}”: {changed}."
        )
    return section


def refuse_taken(section):
    if section.study.sections.filter(key=section.key).exclude(pk=section.pk).exists():
        raise ValidationError({"key": "Another section of this study has this key."})


def refuse_changed_use(section, old_kind, old_phase):
    if section.has_answers and section.kind != old_kind:
        raise ValidationError(
            {
                "kind": (
                    "This section has answers: its kind cannot change. Retire it and add a new "
                    "one instead."
                )
            }
        )
    if section.has_answers and section.phase_id != old_phase:
        raise ValidationError(
            {
                "phase": (
                    "This section has answers: they belong to the phase in which they were given."
                )
            }
        )
    if section.code_count and not section.has_codes:
        held = counted(section.code_count, "codes")
        raise ValidationError(
            {"kind": f"This section has {held}, which this kind could not show. Add a new section."}
        )


def drop_unfitting_declaration(section):
    coefficient = COEFFICIENTS.get(section.primary_coefficient)
    if section.kind == Section.Kind.TEXT or (coefficient and not coefficient.fits(section.kind)):
        section.primary_coefficient, section.agreement_target, section.declared_at = "", None, None


@transaction.atomic
def retire_section(section, *, by):
    """Hidden from new answers; what was answered stays, in exports too."""
    section = locked_section(section)
    if section.retired_at is None:
        before = protocol_files.section_dump(section)
        section.retired_at = timezone.now()
        section.save(update_fields=["retired_at"])
        record(section, by, before=before, text=f"Retired the section “{section.label}”.")
    return section


@transaction.atomic
def restore_section(section, *, by):
    section = locked_section(section)
    if section.retired_at is not None:
        before = protocol_files.section_dump(section)
        section.retired_at = None
        section.save(update_fields=["retired_at"])
        record(section, by, before=before, text=f"Restored the section “{section.label}”.")
        # What was submitted while it was away has no answer to it.
        section_added(section, by=by)
    return section


@transaction.atomic
def remove_section(section, *, by):
    """Delete an unused section with its codes. Returns the CodebookChange, which `undo_removal`
    takes.
    """
    section = locked_section(section)
    if section.is_used:
        raise ValidationError(f"“{section.label}” is in use and can only be retired.")
    before = {**protocol_files.section_dump(section), "position": section.position}
    label, study = section.label, section.study
    try:
        with transaction.atomic():
            # Its history stays: each step holds the words it needs.
            CodebookChange.objects.filter(section=section).update(section=None)
            CodebookChange.objects.filter(code__section=section).update(code=None)
            delete_codes(section)
            section.delete()
    except ProtectedError as error:
        raise ValidationError(
            f"Other codes or records point to “{label}”: it can only be retired."
        ) from error
    return versions.record_change(
        study,
        CodebookChange.Act.SECTION,
        by=by,
        before=before,
        after={},
        log_act="remove-section",
        text=(
            f"Removed the unused section “{label}” with "
            f"{counted(len(before.get('codes', [])), 'codes')}."
        ),
    )


def delete_codes(section):
    section.codes.update(parent=None)
    # A merged code points to the one that took its place, which cannot go before it.
    while section.codes.filter(merged_codes=None).delete()[0]:
        pass


@transaction.atomic
def undo_removal(change, *, by):
    """Bring a removed section back, with its codes, to the place where it stood."""
    study = locked(change.study)
    if (
        change.after
        or "key" not in change.before
        or CodebookChange.objects.filter(undoes=change).exists()
    ):
        raise ValidationError("There is nothing to undo: the section is back already.")
    section = protocol_files.bring_back_section(study, change.before)
    undo = versions.record_change(
        study,
        CodebookChange.Act.UNDO,
        by=by,
        section=section,
        before={},
        after=protocol_files.section_dump(section),
        log_act="add-section",
        text=f"Brought the removed section “{section.label}” back.",
    )
    undo.undoes = change
    undo.save(update_fields=["undoes"])
    section_added(section, by=by)
    return section


@transaction.atomic
def move_section(section, *, by, up):
    """One place up or down among the sections of its phase that are in use; at the edge nothing
    happens.
    """
    section = locked_section(section)
    if move(
        list(section.phase.sections.order_by("retired_at", "position", "pk")),
        section,
        up,
        is_movable=in_use,
    ):
        LogEntry.objects.record(
            section.study,
            by,
            "move-section",
            f"Moved the section “{section.label}” {'up' if up else 'down'}.",
            section=section.key,
        )
    return section


def in_use(section):
    return section.retired_at is None


def move(ordered, thing, up, is_movable=lambda one: True):
    """Swap `thing` with its neighbour and number all anew. Returns whether anything moved."""
    fixed = [one for one in ordered if not is_movable(one)]
    ordered = [one for one in ordered if is_movable(one)]
    here = ordered.index(thing) if thing in ordered else -1
    there = here - 1 if up else here + 1
    if here < 0 or not 0 <= there < len(ordered):
        return False
    ordered[here], ordered[there] = ordered[there], ordered[here]
    for position, one in enumerate([*ordered, *fixed]):
        one.position = position
    type(thing).objects.bulk_update([*ordered, *fixed], ["position"])
    return True


def record(section, by, *, before, text):
    return versions.record_change(
        section.study,
        CodebookChange.Act.SECTION,
        by=by,
        section=section,
        before=before,
        after=protocol_files.section_dump(section),
        text=text,
        log_act="change-section" if before else "add-section",
    )


def section_added(section, *, by):
    """A section came after coding began. The log says how many submitted summaries it leaves
    incomplete.

    Every way into the template leads through here (added, restored, brought back): re-coding starts
    from this place. Returns the assignments concerned.
    """
    lacking = Assignment.objects.in_force().submitted().filter(round__phase=section.phase)
    lacking = lacking.exclude(
        pk__in=Answer.objects.filter(section=section).values("summary__assignment")
    )
    ask_again(lacking, section=section, change=section.changes.first())
    if count := lacking.count():
        LogEntry.objects.record(
            section.study,
            by,
            "add-late-section",
            f"{count} submitted summaries are incomplete in “{section.label}” alone.",
            section=section.key,
            summaries=count,
        )
    return lacking
