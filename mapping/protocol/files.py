"""The template as a file: read it, start a study from it, write it out again (`protocol.json`)."""

from datetime import UTC
from functools import cache
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.text import slugify

from mapping.models import Code, LogEntry, Membership, Phase, ResearchQuestion, Section, Study, User
from mapping.parsers.lookalikes import look, sameness
from mapping.protocol.entries import MOMENTS, Protocol
from mapping.protocol.parser import LIMIT, ProtocolError, read

__all__ = [
    "BUILT_IN",
    "LIMIT",
    "PRESETS",
    "Protocol",
    "ProtocolError",
    "add_to",
    "built_in",
    "create_study",
    "dump",
    "preset",
    "read",
]

FOLDER = Path(__file__).resolve().parent / "built_in"
BUILT_IN = ("mlops", "software-engineering", "blank")
PRESETS = ("screening", "quality")
SETTINGS = (
    "others_visible",
    "who_settles",
    "may_settle_own",
    "is_anonymous",
    "statistics_off_reason",
)
SECTION_FIELDS = (
    "key",
    "label",
    "help",
    "kind",
    "is_required",
    "asks_confidence",
    "primary_coefficient",
    "agreement_target",
)
CODE_FIELDS = ("label", "definition", "when_not", "example", "excludes_paper", "status")
IN_TEMPLATES = (Code.Status.ACTIVE, Code.Status.RETIRED)


@cache
def built_in(name: str) -> Protocol:
    """One of the templates that come with Concord."""
    return read((FOLDER / f"{name}.json").read_bytes(), f"{name}.json")


@cache
def preset(name: str) -> Protocol:
    """A phase, with its sections and codes, that a lead may add to any study."""
    return read((FOLDER / "phases" / f"{name}.json").read_bytes(), f"{name}.json")


@transaction.atomic
def create_study(
    *,
    title: str,
    lead: User,
    protocol: Protocol,
    by: User,
    slug: str | None = None,
    template_name: str = "",
    description: str | None = None,
    as_recorded: bool = False,
) -> Study:
    """A new study with its lead and its template. Returns the Study.

    `as_recorded` keeps the file's dates and codebook version, as a study needs that comes back from
    its bundle; without it the template is declared now, and the codebook starts with version 1.
    """
    facts = {
        "title": checked_title(title),
        "description": protocol.description if description is None else description,
        "created_by": by,
        "template_name": template_name[:100],
        "codebook_version": protocol.codebook_version if as_recorded else 1,
        **protocol.settings,
    }
    study = create_with_free_slug(facts, slug)
    Membership.objects.create(study=study, user=lead, role=Membership.Role.LEAD)
    add_to(study, protocol, as_recorded=as_recorded)
    started = f" from the template {study.template_name}" if study.template_name else ""
    LogEntry.objects.record(
        study,
        by,
        "create-study",
        f"Created the study{started}; {lead} leads it.",
        lead=lead.username,
        template=study.template_name,
        sections=len(protocol.sections),
    )
    return study


def checked_title(title):
    title = " ".join(title.split())
    if not title:
        raise ValidationError("A study needs a title.")
    if len(title) > 300:
        raise ValidationError("The title is longer than 300 characters.")
    return title


def create_with_free_slug(facts, slug):
    if slug is not None:
        if Study.objects.filter(slug=slug).exists():
            raise ValidationError(f"There is a study “{slug}” already.")
        return Study.objects.create(slug=slug, **facts)
    # A title in a script that addresses cannot hold leaves nothing behind: then the word itself has
    # to do.
    stem = slugify(facts["title"])[:70].strip("-_") or "study"
    number = 1
    while True:
        slug = stem if number == 1 else f"{stem}-{number}"
        number += 1
        if Study.objects.filter(slug=slug).exists():
            continue
        try:
            # Somebody may start a study of the same title at this moment: the constraint decides,
            # we go on.
            with transaction.atomic():
                return Study.objects.create(slug=slug, **facts)
        except IntegrityError:
            if not Study.objects.filter(slug=slug).exists():
                raise


def add_to(study: Study, protocol: Protocol, *, as_recorded: bool = False) -> list[Section]:
    """Write the protocol's questions, phases, sections and codes behind those that the study
    has.
    """
    questions = ResearchQuestion.objects.bulk_create(
        ResearchQuestion(study=study, key=entry.key, text=entry.text, position=position)
        for position, entry in enumerate(
            protocol.research_questions, next_position(study.research_questions)
        )
    )
    phases = Phase.objects.bulk_create(
        Phase(study=study, key=entry.key, name=entry.name, kind=entry.kind, position=position)
        for position, entry in enumerate(protocol.phases, next_position(study.phases))
    )
    question_of = {question.key: question for question in questions}
    phase_of = {phase.key: phase for phase in phases}
    sections = Section.objects.bulk_create(
        section_of(
            study,
            entry,
            phase_of[entry.phase],
            question_of.get(entry.research_question),
            position,
            as_recorded,
        )
        for position, entry in enumerate(protocol.sections, next_position(study.sections))
    )
    write_codes(list(zip(sections, (entry.codes for entry in protocol.sections), strict=True)))
    return sections


def bring_back_section(study: Study, content: dict) -> Section:
    """Write one section again from what `section_dump` kept of it, and where it stood."""
    phase = study.phases.filter(key=content["phase"]).first()
    if phase is None:
        raise ValidationError(f"The phase “{content['phase']}” of this section is gone.")
    if study.sections.filter(key=content["key"]).exists():
        raise ValidationError(f"There is a section “{content['key']}” already.")
    question = study.research_questions.filter(key=content["research_question"]).first()
    outline = {"phases": [{"key": phase.key}], "sections": [{**content, "research_question": None}]}
    entry = read(outline).sections[0]
    section = section_of(study, entry, phase, question, content["position"], as_recorded=True)
    section.save()
    write_codes([(section, entry.codes)])
    return section


def next_position(ordered):
    """Behind the last of them."""
    last = ordered.aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1


def section_of(study, entry, phase, question, position, as_recorded):
    now = timezone.now()
    dates = {name: getattr(entry, name) for name in MOMENTS}
    if not as_recorded:
        is_declared = bool(entry.primary_coefficient or entry.agreement_target is not None)
        dates = {
            "declared_at": now if is_declared else None,
            "retired_at": now if entry.retired_at else None,
        }
    dates["added_at"] = dates.get("added_at") or now
    facts = {name: getattr(entry, name) for name in SECTION_FIELDS}
    return Section(
        study=study, phase=phase, research_question=question, position=position, **facts, **dates
    )


def write_codes(codes_of_sections):
    """`[(Section, CodeEntry…)]`: codes in their order, then whom each one belongs under."""
    by_label, by_sameness, children = {}, {}, []
    for section, entries in codes_of_sections:
        for position, entry in enumerate(entries):
            facts = {name: getattr(entry, name) for name in CODE_FIELDS}
            code = Code(section=section, position=position, **facts)
            by_label[section.pk, look(entry.label)] = code
            by_sameness.setdefault((section.pk, sameness(entry.label)), code)
            if entry.parent:
                children.append((code, section.pk, entry.parent))
    Code.objects.bulk_create(by_label.values())
    for code, section_id, parent in children:
        code.parent = (
            by_label.get((section_id, look(parent))) or by_sameness[section_id, sameness(parent)]
        )
    Code.objects.bulk_update([code for code, *_ in children], ["parent"], batch_size=1000)


def dump(study: Study) -> dict:
    """The study's template as plain values, in the order of the form: equal studies give equal
    dumps.
    """
    sections = (
        study.sections.select_related("phase", "research_question")
        .prefetch_related("codes__parent")
        .order_by("phase__position", "phase", "position", "pk")
    )
    return {
        "concord_protocol": 1,
        "title": study.title.strip(),
        "description": study.description.strip(),
        "codebook_version": study.codebook_version,
        "settings": {name: getattr(study, name) for name in SETTINGS},
        "research_questions": [
            {"key": question.key, "text": question.text.strip()}
            for question in study.research_questions.all()
        ],
        "phases": [
            {"key": phase.key, "name": phase.name.strip(), "kind": phase.kind}
            for phase in study.phases.all()
        ],
        "sections": [section_dump(section) for section in sections],
    }


def section_dump(section: Section) -> dict:
    """One section as the file has it, with its codes; also what the record of a change keeps
    of it.
    """
    codes = sorted(
        (code for code in section.codes.all() if code.status in IN_TEMPLATES),
        key=lambda code: (code.position, code.pk),
    )
    return {
        "key": section.key,
        "label": section.label.strip(),
        "help": section.help.strip(),
        "kind": section.kind,
        "phase": section.phase.key,
        "research_question": section.research_question.key if section.research_question else None,
        "is_required": section.is_required,
        "asks_confidence": section.asks_confidence,
        "primary_coefficient": section.primary_coefficient or None,
        "agreement_target": section.agreement_target,
        **{name: isoformat(getattr(section, name)) for name in MOMENTS},
        **({"codes": [code_dump(code) for code in codes]} if section.has_codes else {}),
    }


def code_dump(code: Code) -> dict:
    parent = code.parent if code.parent_id and code.parent.status in IN_TEMPLATES else None
    return {
        "label": code.label.strip(),
        "definition": code.definition.strip(),
        "when_not": code.when_not.strip(),
        "example": code.example.strip(),
        "parent": parent.label.strip() if parent else None,
        "excludes_paper": code.excludes_paper,
        "status": code.status,
    }


def isoformat(moment):
    return moment.astimezone(UTC).isoformat() if moment else None
