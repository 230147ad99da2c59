"""A protocol as values: the template with its phases, sections and codes. No Django."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from mapping.parsers.lookalikes import sameness
from mapping.parsers.moments import in_our_time

Json = dict[str, Any]  # an object of the file
MOMENTS = ("declared_at", "added_at", "retired_at")


@dataclass(frozen=True)
class QuestionEntry:
    key: str
    text: str = ""


@dataclass(frozen=True)
class PhaseEntry:
    key: str
    name: str
    kind: str = "coding"


@dataclass(frozen=True)
class CodeEntry:
    label: str
    definition: str = ""
    when_not: str = ""
    example: str = ""
    parent: str = ""
    excludes_paper: bool = False
    status: str = "active"


@dataclass(frozen=True)
class SectionEntry:
    key: str
    label: str
    kind: str
    phase: str
    help: str = ""
    research_question: str = ""
    is_required: bool = False
    asks_confidence: bool = False
    primary_coefficient: str = ""
    agreement_target: float | None = None
    declared_at: datetime | None = None
    added_at: datetime | None = None
    retired_at: datetime | None = None
    codes: tuple[CodeEntry, ...] = ()


@dataclass(frozen=True)
class Protocol:
    """A template. Lists stand in their order; `notes` say what was ignored."""

    title: str = ""
    description: str = ""
    codebook_version: int = 1
    settings: Json = field(default_factory=dict)
    research_questions: tuple[QuestionEntry, ...] = ()
    phases: tuple[PhaseEntry, ...] = ()
    sections: tuple[SectionEntry, ...] = ()
    notes: tuple[str, ...] = ()

    def in_use(self) -> "Protocol":
        """Without what was retired: what another study starts from."""
        return replace(
            self,
            sections=tuple(
                replace(section, codes=codes_in_use(section))
                for section in self.sections
                if section.retired_at is None
            ),
        )


def codes_in_use(section: SectionEntry) -> tuple[CodeEntry, ...]:
    active = [code for code in section.codes if code.status == "active"]
    labels = {sameness(code.label) for code in active}
    return tuple(
        code if sameness(code.parent) in labels else replace(code, parent="") for code in active
    )


def moment(text: str | None) -> datetime | None:
    """A date and time in UTC, or None. Without a zone it is taken as UTC."""
    if not text:
        return None
    when = in_our_time(datetime.fromisoformat(text))
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
