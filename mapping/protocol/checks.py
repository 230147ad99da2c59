"""Problems of a protocol that its JSON schema cannot find: keys and labels stand once each, and
every name leads somewhere. No Django.
"""

from collections.abc import Iterator
from typing import Any

from mapping.judgement.kinds import KINDS
from mapping.parsers.lookalikes import look, sameness
from mapping.protocol.coefficients import COEFFICIENTS, choices_for
from mapping.protocol.entries import MOMENTS, Json, moment


def reference_problems(content: Json) -> Iterator[str]:
    """Each begins with the place it speaks of."""
    phases = [phase["key"] for phase in content.get("phases", [])] or ["coding"]
    questions = {question["key"] for question in content.get("research_questions", [])}
    for name in ("research_questions", "phases", "sections"):
        yield from repeated(content.get(name, []), name, "key")
    for index, section in enumerate(content.get("sections", [])):
        place = f"sections[{index}]"
        yield from phase_problems(section, place, phases)
        yield from question_problems(section, place, questions)
        yield from declaration_problems(section, place)
        yield from code_problems(section, place)


def phase_problems(section: Json, place: str, phases: list[str]) -> Iterator[str]:
    phase = section.get("phase") or (phases[0] if len(phases) == 1 else "")
    if not phase:
        yield f"{place}.phase: is missing; choose one of {', '.join(phases)}"
    elif phase not in phases:
        yield f"{place}.phase: there is no phase “{phase}”, only {', '.join(phases)}"


def question_problems(section: Json, place: str, questions: set[str]) -> Iterator[str]:
    question = section.get("research_question")
    if question and question not in questions:
        known = ", ".join(sorted(questions)) or "none"
        yield (
            f"{place}.research_question: there is no “{question}” among the research "
            f"questions ({known})"
        )


def repeated(entries: list[Json], place: str, name: str) -> Iterator[str]:
    first_of: dict[Any, int] = {}
    for index, entry in enumerate(entries):
        first = first_of.setdefault(entry[name], index)
        if first != index:
            yield f"{place}[{index}].{name}: “{entry[name]}” stands at {place}[{first}] already"


def declaration_problems(section: Json, place: str) -> Iterator[str]:
    for name in MOMENTS:
        try:
            moment(section.get(name))
        except (ValueError, OverflowError):
            yield f"{place}.{name}: “{section[name]}” is no date and time like 2024-11-03T14:05:00Z"
    coefficient, kind = section.get("primary_coefficient"), section["kind"]
    if coefficient and (
        coefficient not in COEFFICIENTS or not COEFFICIENTS[coefficient].fits(kind)
    ):
        fitting = ", ".join(name for name, _ in choices_for(kind)) or "none"
        yield (
            f"{place}.primary_coefficient: “{coefficient}” does not fit the kind {kind}; those "
            f"that do: {fitting}"
        )


def code_problems(section: Json, place: str) -> Iterator[str]:
    codes = section.get("codes", [])
    if codes and not KINDS[section["kind"]].has_codes:
        yield f"{place}.codes: a section of the kind {section['kind']} has no codes"
    yield from repeated(codes, f"{place}.codes", "label")
    by_label = {sameness(code["label"]): code for code in codes} | {
        look(code["label"]): code for code in codes
    }
    for index, code in enumerate(codes):
        if not code.get("parent"):
            continue
        path = f"{place}.codes[{index}].parent"
        parent = by_label.get(look(code["parent"])) or by_label.get(sameness(code["parent"]))
        if parent is None:
            yield f"{path}: this section has no code “{code['parent']}”"
        elif parent is code:
            yield f"{path}: a code cannot be its own parent"
        elif parent.get("parent"):
            yield f"{path}: “{code['parent']}” has a parent itself; there are two levels"
