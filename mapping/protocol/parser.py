"""A protocol file (the study's template as JSON) read into records, or refused with every problem
named. No Django.

The format is `mapping/protocol/built_in/protocol.schema.json`; `docs/protocol.md` explains it.
"""

import json
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Any, NoReturn

from mapping.parsers.characters import UNFIT, is_fit
from mapping.parsers.characters import shown as showable
from mapping.parsers.lookalikes import look, visible
from mapping.protocol.checks import reference_problems
from mapping.protocol.entries import (
    MOMENTS,
    CodeEntry,
    Json,
    PhaseEntry,
    Protocol,
    QuestionEntry,
    SectionEntry,
    moment,
)
from mapping.protocol.schema import note_unknown_keys, rules, schema_problems, type_in_words

LIMIT = 5 * 1024 * 1024
MOST_PROBLEMS = 100
MOST_ENTRIES = 30_000


class ProtocolError(ValueError):
    """The file is no protocol. `problems`: list of sentences, each beginning with the place it
    speaks of.
    """

    def __init__(self, file: str, problems: Iterable[str]) -> None:
        problems = [showable(problem) for problem in problems]
        super().__init__(f"{file}: " + "; ".join(problems))
        self.file = file
        self.problems = problems


def read(text_or_dict: bytes | str | Json, file: str = "protocol.json") -> Protocol:
    """Read a protocol from bytes, text or a parsed object. Raises ProtocolError with all problems
    at once.
    """
    problems: list[str] = []
    notes: list[str] = []
    try:
        content = text_or_dict if isinstance(text_or_dict, dict) else parsed(text_or_dict, file)
        content = trimmed(content, "", problems)
    except RecursionError:
        raise ProtocolError(file, ["is nested too deeply to be a protocol"]) from None
    shape_problems = list(islice(schema_problems(content), MOST_PROBLEMS))
    problems += shape_problems
    if not shape_problems:
        content = with_labels_once(content, notes)
        note_unknown_keys(content, rules(), "", notes)
        problems += reference_problems(content)
    if problems:
        more = len(problems) - MOST_PROBLEMS
        raise ProtocolError(
            file, problems[:MOST_PROBLEMS] + ([f"and {more} more problems"] if more > 0 else [])
        )
    return protocol_from(content, tuple(notes))


def parsed(text: bytes | str, file: str) -> Json:
    if len(text) > LIMIT:
        raise ProtocolError(file, [f"is larger than {LIMIT // 1024 // 1024} MB"])
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ProtocolError(file, [f"is not UTF-8 text (byte {error.start + 1})"]) from None
    # Checked before it is looked at: each entry takes its time, and a template of this size is
    # none.
    if text.count("{") > MOST_ENTRIES:
        raise ProtocolError(
            file, [f"has more than {MOST_ENTRIES} entries, which no template needs"]
        )
    try:
        content = json.loads(
            text.removeprefix("\ufeff"),
            parse_constant=refuse_constant,
            object_pairs_hook=without_repeated_keys,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ProtocolError(file, [f"{place}: this is not JSON ({error.msg})"]) from None
    except ValueError as error:
        raise ProtocolError(file, [str(error)]) from None
    if not isinstance(content, dict):
        raise ProtocolError(
            file, [f"is {type_in_words(content)}, not a JSON object with title, phases, sections"]
        )
    return content


def refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"“{name}” is not a number that JSON knows")


def without_repeated_keys(pairs: list[tuple[str, Any]]) -> Json:
    content = dict(pairs)
    if len(content) < len(pairs):
        again = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"“{again}” appears twice in one object")
    return content


def trimmed(value: Any, place: str, problems: list[str]) -> Any:
    """The content with its texts trimmed; what PostgreSQL cannot keep is a problem, not a crash
    later.
    """
    if isinstance(value, dict):
        problems += [
            f"{place or 'the whole'}: a name in it {UNFIT}" for key in value if not is_fit(key)
        ]
        return {
            key: trimmed(part, f"{place}.{key}".lstrip("."), problems)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [trimmed(part, f"{place}[{index}]", problems) for index, part in enumerate(value)]
    if isinstance(value, str):
        if not is_fit(value):
            problems.append(f"{place}: {UNFIT}")
        return value.strip()
    return value


def with_labels_once(content: Json, notes: list[str]) -> Json:
    """Labels without what nobody can see, and codes that nobody could tell apart as the first of
    them.
    """
    sections = []
    for index, section in enumerate(content.get("sections", [])):
        first: dict[str, Json] = {}
        codes = []
        for position, code in enumerate(section.get("codes", [])):
            label = visible(code["label"])
            twin = first.setdefault(look(label), code)
            if twin is code or code["label"] == twin["label"]:
                codes.append({**code, "label": label} if label else code)
            else:
                path = f"sections[{index}].codes[{position}].label"
                notes.append(
                    f"{path}: “{label}” looks like the code “{visible(twin['label'])}” before it: "
                    f"taken as one"
                )
        sections.append({**section, **({"codes": codes} if "codes" in section else {})})
    return {**content, **({"sections": sections} if "sections" in content else {})}


def protocol_from(content: Json, notes: tuple[str, ...]) -> Protocol:
    phases = [
        PhaseEntry(
            phase["key"],
            phase.get("name") or name_from_key(phase["key"]),
            phase.get("kind", "coding"),
        )
        for phase in content.get("phases", [])
    ] or [PhaseEntry("coding", "Coding")]
    known = rules()["properties"]["settings"]["properties"]
    return Protocol(
        title=content.get("title", ""),
        description=content.get("description", ""),
        codebook_version=int(content.get("codebook_version", 1)),
        settings={
            name: value for name, value in content.get("settings", {}).items() if name in known
        },
        research_questions=tuple(
            QuestionEntry(question["key"], question.get("text", ""))
            for question in content.get("research_questions", [])
        ),
        phases=tuple(phases),
        sections=tuple(
            section_from(section, phases[0].key) for section in content.get("sections", [])
        ),
        notes=notes,
    )


def name_from_key(key: str) -> str:
    return key.replace("-", " ").replace("_", " ").strip().capitalize() or key


def section_from(section: Json, only_phase: str) -> SectionEntry:
    facts = {
        name: value for name, value in section.items() if name in SectionEntry.__dataclass_fields__
    }
    facts |= {name: moment(section.get(name)) for name in MOMENTS}
    facts["phase"] = section.get("phase") or only_phase
    for name in ("research_question", "primary_coefficient"):
        facts[name] = section.get(name) or ""
    facts["codes"] = tuple(code_from(code) for code in section.get("codes", []))
    return SectionEntry(**facts)


def code_from(code: Json) -> CodeEntry:
    facts = {name: value for name, value in code.items() if name in CodeEntry.__dataclass_fields__}
    return CodeEntry(**facts | {"parent": code.get("parent") or ""})
