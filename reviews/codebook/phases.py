"""Changing the outline of the template: its phases and its research questions."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.template.defaultfilters import pluralize

from mapping.codebook import versions
from mapping.models import CodebookChange, LogEntry, Phase, ResearchQuestion, Study, User
from mapping.protocol import files as protocol_files
from reviews.codebook.template import free_key, locked_study, move, refuse_stale, token

PHASE_FIELDS = ("name", "kind")
QUESTION_FIELDS = ("key", "text")
# By this, papers are screened before anybody judges or codes them.
ORDER = {"screening": 0, "quality": 1, "coding": 2}


Part = Phase | ResearchQuestion


def phase_token(phase: Phase) -> str:
    return token(phase, PHASE_FIELDS)


def question_token(question: ResearchQuestion) -> str:
    return token(question, QUESTION_FIELDS)


def values(part):
    fields = PHASE_FIELDS if isinstance(part, Phase) else QUESTION_FIELDS
    return {
        "of": part._meta.verbose_name,
        "key": part.key,
        **{name: getattr(part, name) for name in fields},
    }


def record_part_change(part, by, verb, *, before, after):
    return versions.record_change(
        part.study,
        CodebookChange.Act.SECTION,
        by=by,
        before=before,
        after=after,
        log_act="change-template",
        text=f"{verb} the {part._meta.verbose_name} “{part}”.",
    )


def locked_part(part: Part) -> Part:
    """The phase or question as it stands, behind the lock on its study."""
    locked_study(part.study)
    locked = type(part).objects.select_related("study").filter(pk=part.pk).first()
    if locked is None:
        raise ValidationError(f"Somebody has removed this {part._meta.verbose_name} meanwhile.")
    return locked


def changes_of(part):
    return part.study.codebook_changes.filter(
        after__of=part._meta.verbose_name, after__key=part.key
    )


@transaction.atomic
def add_phase(study: Study, *, by: User, facts: dict) -> Phase:
    study = locked_study(study)
    key = free_key(study.phases, facts["name"], "phase", 40)
    phase = Phase.objects.create(
        study=study, key=key, position=protocol_files.next_position(study.phases), **facts
    )
    record_part_change(phase, by, "Added", before={}, after=values(phase))
    return phase


@transaction.atomic
def edit_phase(phase: Phase, *, by: User, facts: dict, seen: str = "") -> Phase:
    phase = locked_part(phase)
    refuse_stale(seen, phase_token(phase), phase, changes_of(phase))
    if facts["kind"] != phase.kind and phase.rounds.exists():
        raise ValidationError(
            {"kind": "Papers were handed out in this phase: its kind cannot change any more."}
        )
    return save_changed(phase, by, facts)


@transaction.atomic
def add_question(study: Study, *, by: User, facts: dict) -> ResearchQuestion:
    study = locked_study(study)
    question = ResearchQuestion(
        study=study, position=protocol_files.next_position(study.research_questions), **facts
    )
    refuse_taken(question)
    question.save()
    record_part_change(question, by, "Added", before={}, after=values(question))
    return question


@transaction.atomic
def edit_question(
    question: ResearchQuestion, *, by: User, facts: dict, seen: str = ""
) -> ResearchQuestion:
    question = locked_part(question)
    refuse_stale(seen, question_token(question), question, changes_of(question))
    return save_changed(question, by, facts)


def refuse_taken(question):
    if question.study.research_questions.filter(key=question.key).exclude(pk=question.pk).exists():
        raise ValidationError({"key": "Another research question of this study has this key."})


def save_changed(part, by, facts):
    before = values(part)
    for name, value in facts.items():
        setattr(part, name, value)
    if isinstance(part, ResearchQuestion):
        refuse_taken(part)
    if values(part) != before:
        part.save()
        record_part_change(part, by, "Changed", before=before, after=values(part))
    return part


@transaction.atomic
def remove(part: Part, *, by: User) -> None:
    """Delete a phase or a research question that nothing belongs to."""
    part = locked_part(part)
    if part.sections.exists() or (isinstance(part, Phase) and part.rounds.exists()):
        raise ValidationError(f"“{part}” has sections or rounds. Move or remove them first.")
    record_part_change(part, by, "Removed", before=values(part), after={})
    part.delete()


@transaction.atomic
def move_part(part: Part, *, by: User, up: bool) -> Part:
    """One place up or down; at the edge nothing happens."""
    part = locked_part(part)
    if move(list(type(part).objects.filter(study=part.study)), part, up):
        LogEntry.objects.record(
            part.study,
            by,
            "order-template",
            f"Moved the {part._meta.verbose_name} “{part}” {'up' if up else 'down'}.",
        )
    return part


@transaction.atomic
def add_preset(study: Study, name: str, *, by: User) -> Phase:
    """A whole phase with its sections and codes: screening or quality. Returns the Phase."""
    study = locked_study(study)
    template = protocol_files.preset(name)
    taken = [
        *taken_keys(study.phases, template.phases),
        *taken_keys(study.sections, template.sections),
    ]
    if taken:
        raise ValidationError(
            f"This study has “{taken[0]}” already, which {template.title} would add."
        )
    sections = protocol_files.add_to(study, template)
    phase = study.phases.get(key=template.phases[0].key)
    ordered = sorted(study.phases.all(), key=lambda phase: ORDER[phase.kind])
    for position, other in enumerate(ordered):
        other.position = position
    Phase.objects.bulk_update(ordered, ["position"])
    count = f"{len(sections)} section{pluralize(len(sections))}"
    record_part_change(phase, by, f"Added {count} with", before={}, after=values(phase))
    return phase


def taken_keys(rows, entries):
    return rows.filter(key__in=[entry.key for entry in entries]).values_list("key", flat=True)
