"""Changing the outline of the template: its phases and its research questions."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.template.defaultfilters import pluralize

from mapping.codebook import versions
from mapping.models import CodebookChange, LogEntry, Phase, ResearchQuestion
from mapping.protocol import files as protocol_files
from reviews.codebook.template import free_of, locked, move, must_be_unchanged, token

PHASE_FIELDS = ("name", "kind")
QUESTION_FIELDS = ("key", "text")
# Papers are screened before anybody judges or codes them.
ORDER = {"screening": 0, "quality": 1, "coding": 2}


def phase_token(phase):
    return token(phase, PHASE_FIELDS)


def question_token(question):
    return token(question, QUESTION_FIELDS)


def values(thing):
    fields = PHASE_FIELDS if isinstance(thing, Phase) else QUESTION_FIELDS
    return {
        "of": thing._meta.verbose_name,
        "key": thing.key,
        **{name: getattr(thing, name) for name in fields},
    }


def record(thing, by, verb, *, before, after):
    return versions.record_change(
        thing.study,
        CodebookChange.Act.SECTION,
        by=by,
        before=before,
        after=after,
        log_act="change-template",
        text=f"{verb} the {thing._meta.verbose_name} “{thing}”.",
    )


def current(thing):
    """The thing as it stands, behind the lock on its study."""
    locked(thing.study)
    found = type(thing).objects.select_related("study").filter(pk=thing.pk).first()
    if found is None:
        raise ValidationError(f"Somebody has removed this {thing._meta.verbose_name} meanwhile.")
    return found


def changes_of(thing):
    return thing.study.codebook_changes.filter(
        after__of=thing._meta.verbose_name, after__key=thing.key
    )


@transaction.atomic
def add_phase(study, *, by, facts):
    study = locked(study)
    key = free_of(study.phases, facts["name"], "phase", 40)
    phase = Phase.objects.create(
        study=study, key=key, position=protocol_files.next_position(study.phases), **facts
    )
    record(phase, by, "Added", before={}, after=values(phase))
    return phase


@transaction.atomic
def edit_phase(phase, *, by, facts, seen=""):
    phase = current(phase)
    must_be_unchanged(seen, phase_token(phase), phase, changes_of(phase))
    if facts["kind"] != phase.kind and phase.rounds.exists():
        raise ValidationError(
            {"kind": "Papers were handed out in this phase: its kind cannot change any more."}
        )
    return save_changed(phase, by, facts)


@transaction.atomic
def add_question(study, *, by, facts):
    study = locked(study)
    question = ResearchQuestion(
        study=study, position=protocol_files.next_position(study.research_questions), **facts
    )
    refuse_taken(question)
    question.save()
    record(question, by, "Added", before={}, after=values(question))
    return question


@transaction.atomic
def edit_question(question, *, by, facts, seen=""):
    question = current(question)
    must_be_unchanged(seen, question_token(question), question, changes_of(question))
    return save_changed(question, by, facts)


def refuse_taken(question):
    if question.study.research_questions.filter(key=question.key).exclude(pk=question.pk).exists():
        raise ValidationError({"key": "Another research question of this study has this key."})


def save_changed(thing, by, facts):
    before = values(thing)
    for name, value in facts.items():
        setattr(thing, name, value)
    if isinstance(thing, ResearchQuestion):
        refuse_taken(thing)
    if values(thing) != before:
        thing.save()
        record(thing, by, "Changed", before=before, after=values(thing))
    return thing


@transaction.atomic
def remove(thing, *, by):
    """Delete a phase or a research question that nothing belongs to."""
    thing = current(thing)
    if thing.sections.exists() or (isinstance(thing, Phase) and thing.rounds.exists()):
        raise ValidationError(f"“{thing}” has sections or rounds. Move or remove them first.")
    record(thing, by, "Removed", before=values(thing), after={})
    thing.delete()


@transaction.atomic
def move_part(thing, *, by, up):
    """One place up or down; at the edge nothing happens."""
    thing = current(thing)
    if move(list(type(thing).objects.filter(study=thing.study)), thing, up):
        LogEntry.objects.record(
            thing.study,
            by,
            "order-template",
            f"Moved the {thing._meta.verbose_name} “{thing}” {'up' if up else 'down'}.",
        )
    return thing


@transaction.atomic
def add_preset(study, name, *, by):
    """A whole phase with its sections and codes: screening or quality. Returns the Phase."""
    study = locked(study)
    template = protocol_files.preset(name)
    taken = study.phases.filter(key__in=[phase.key for phase in template.phases]).values_list(
        "key", flat=True
    )
    taken = [
        *taken,
        *study.sections.filter(key__in=[one.key for one in template.sections]).values_list(
            "key", flat=True
        ),
    ]
    if taken:
        raise ValidationError(
            f"This study has “{taken[0]}” already, which {template.title} would add."
        )
    sections = protocol_files.add_to(study, template)
    phase = study.phases.get(key=template.phases[0].key)
    ordered = sorted(study.phases.all(), key=lambda one: ORDER[one.kind])
    for position, one in enumerate(ordered):
        one.position = position
    Phase.objects.bulk_update(ordered, ["position"])
    count = f"{len(sections)} section{pluralize(len(sections))}"
    record(phase, by, f"Added {count} with", before={}, after=values(phase))
    return phase
