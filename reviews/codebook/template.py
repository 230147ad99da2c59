"""Changing the sections of the template. A section in use is never deleted, only retired; its kind
stays.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, ProtectedError, Q, QuerySet
from django.utils import timezone
from django.utils.text import slugify

from mapping.codebook import versions
from mapping.codebook.kept import follow_key
from mapping.codebook.versions import ChangedMeanwhile, token
from mapping.models import CodebookChange, Finding, LogEntry, Phase, Section, Study, User
from mapping.protocol import files as protocol_files
from mapping.protocol.coefficients import COEFFICIENTS
from mapping.site.plurals import counted
from reviews.codebook.recoding_tasks import ask_again
from reviews.models import Answer, Assignment, Deferral, RecodingTask, Remark, Resolution, Summary

# The draft of a blank answer counts too: a person stands before that field.
USING_MODELS = (Answer, Finding, Resolution, Remark, Deferral, RecodingTask)
SECTION_FIELDS = ("key", "label", "help", "kind", "is_required", "asks_confidence")
FIELD_NAMES = {
    "research_question": "research question",
    "is_required": "required",
    "asks_confidence": "confidence",
    "primary_coefficient": "coefficient",
    "agreement_target": "target",
    "declared_at": "declaration",
}
IN_TEMPLATE = Q(codes__status__in=protocol_files.IN_TEMPLATES)


def section_token(section: Section) -> str:
    return token(section, (*SECTION_FIELDS, "phase_id", "research_question_id", "retired_at"))


def with_use(sections: QuerySet[Section]) -> QuerySet[Section]:
    """Sections with `is_used` (may not be deleted), `has_answers` (kind and phase are fixed) and
    `code_count`.
    """
    is_used = Q()
    for model in USING_MODELS:
        is_used |= Q(Exists(model.objects.filter(section=OuterRef("pk"))))
    return sections.annotate(
        is_used=is_used,
        has_answers=Q(Exists(Answer.objects.filter(section=OuterRef("pk"))))
        | Q(Exists(Finding.objects.filter(section=OuterRef("pk")))),
        code_count=Count("codes", filter=IN_TEMPLATE),
    )


def has_submissions(phase: Phase) -> bool:
    return Summary.objects.submitted().filter(assignment__round__phase=phase).exists()


def locked_study(study: Study) -> Study:
    """Every change of a template waits for the one before it: the second lead then sees what the
    first has done.
    """
    return Study.objects.select_for_update().get(pk=study.pk)


def locked_section(section: Section) -> Section:
    locked_study(section.study)
    locked = (
        with_use(Section.objects.filter(pk=section.pk))
        .select_related("study", "phase", "research_question")
        .first()
    )
    if locked is None:
        raise ValidationError("Somebody has removed this section meanwhile.")
    return locked


def refuse_stale(seen: str, now_token: str, row: Any, changes: QuerySet) -> None:
    """Raises ChangedMeanwhile where the row is no longer what its form was opened with."""
    if seen and seen != now_token:
        last = changes.select_related("by").first()
        raise ChangedMeanwhile(row, last and last.by, last and last.at)


def free_key(siblings: QuerySet, text: str, otherwise: str, length: int) -> str:
    """A key made of this text that none of the siblings has."""
    stem = slugify(text)[: length - 5].strip("-_") or otherwise
    taken = set(siblings.filter(key__startswith=stem).values_list("key", flat=True))
    number, key = 1, stem
    while key in taken:
        number += 1
        key = f"{stem}-{number}"
    return key


@transaction.atomic
def add_section(study: Study, *, by: User, facts: dict) -> Section:
    """A new section at the end of its phase. Submitted summaries are from now on incomplete in it,
    and in it alone.
    """
    study = locked_study(study)
    facts = {
        **facts,
        "key": facts.get("key") or free_key(study.sections, facts["label"], "section", 60),
    }
    section = Section(
        study=study, position=protocol_files.next_position(facts["phase"].sections), **facts
    )
    refuse_taken(section)
    section.save()
    record_section_change(
        section, by, before={}, text=f"Added the section “{section.label}” to {section.phase}."
    )
    ask_for_added_section(section, by=by)
    return section


@transaction.atomic
def edit_section(section: Section, *, by: User, facts: dict, seen: str = "") -> Section:
    """Raises ChangedMeanwhile if it is no longer what `seen` stands for."""
    section = locked_section(section)
    refuse_stale(seen, section_token(section), section, section.changes)
    before = protocol_files.section_dump(section)
    old_kind, old_phase, old_key = section.kind, section.phase_id, section.key
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
        if section.key != old_key:
            follow_key(section, old_key)
        # Of a kind that takes no codes the dump has none, not an empty list.
        names = [
            name
            for name in {**before, **after}
            if before.get(name) != after.get(name) and name != "codes"
        ]
        changed = ", ".join(FIELD_NAMES.get(name, name) for name in names)
        record_section_change(
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
        codes = counted(section.code_count, "codes")
        raise ValidationError(
            {
                "kind": f"This section has {codes}, which this kind could not show. "
                "Add a new section."
            }
        )


def drop_unfitting_declaration(section):
    coefficient = COEFFICIENTS.get(section.primary_coefficient)
    if not section.kind_of.is_coded or (coefficient and not coefficient.fits(section.kind)):
        section.primary_coefficient, section.agreement_target, section.declared_at = "", None, None


@transaction.atomic
def retire_section(section: Section, *, by: User) -> Section:
    """Hidden from new answers; what was answered stays, in exports too."""
    section = locked_section(section)
    if section.retired_at is None:
        before = protocol_files.section_dump(section)
        section.retired_at = timezone.now()
        section.save(update_fields=["retired_at"])
        record_section_change(
            section, by, before=before, text=f"Retired the section “{section.label}”."
        )
    return section


@transaction.atomic
def restore_section(section: Section, *, by: User) -> Section:
    section = locked_section(section)
    if section.retired_at is not None:
        before = protocol_files.section_dump(section)
        section.retired_at = None
        section.save(update_fields=["retired_at"])
        record_section_change(
            section, by, before=before, text=f"Restored the section “{section.label}”."
        )
        # What was submitted while it was away has no answer to it.
        ask_for_added_section(section, by=by)
    return section


@transaction.atomic
def remove_section(section: Section, *, by: User) -> CodebookChange:
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
def undo_removal(change: CodebookChange, *, by: User) -> Section:
    """Bring a removed section back, with its codes, to the place where it stood."""
    study = locked_study(change.study)
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
    ask_for_added_section(section, by=by)
    return section


@transaction.atomic
def move_section(section: Section, *, by: User, up: bool) -> Section:
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


def move(ordered: list, row: Any, up: bool, is_movable=lambda row: True) -> bool:
    """Swap the row with its neighbour and number all anew. Returns whether anything moved."""
    fixed = [other for other in ordered if not is_movable(other)]
    ordered = [other for other in ordered if is_movable(other)]
    index = ordered.index(row) if row in ordered else -1
    neighbour = index - 1 if up else index + 1
    if index < 0 or not 0 <= neighbour < len(ordered):
        return False
    ordered[index], ordered[neighbour] = ordered[neighbour], ordered[index]
    for position, other in enumerate([*ordered, *fixed]):
        other.position = position
    type(row).objects.bulk_update([*ordered, *fixed], ["position"])
    return True


def record_section_change(section, by, *, before, text):
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


def ask_for_added_section(section: Section, *, by: User) -> QuerySet[Assignment]:
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
