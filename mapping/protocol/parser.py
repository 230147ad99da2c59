"""A protocol file (the study's template as JSON) read into records, or refused with every problem
named. No Django.

The format is `mapping/protocol/built_in/protocol.schema.json`; `docs/protocol.md` explains it.
"""

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from pathlib import Path

from jsonschema import Draft202012Validator

from mapping.parsers.characters import UNFIT, is_fit
from mapping.parsers.characters import shown as showable
from mapping.parsers.lookalikes import look, sameness, visible
from mapping.parsers.moments import in_our_time
from mapping.protocol.coefficients import COEFFICIENTS, choices_for

SCHEMA = Path(__file__).resolve().parent / "built_in" / "protocol.schema.json"
LIMIT = 5 * 1024 * 1024
SHOWN_PROBLEMS = 100
ENTRIES = 30_000
WITH_CODES = {"codes", "code", "stage"}
MOMENTS = ("declared_at", "added_at", "retired_at")


class ProtocolRefused(ValueError):
    """The file cannot be taken. `problems`: list of sentences, each beginning with the place it
    speaks of.
    """

    def __init__(self, file, problems):
        problems = [showable(problem) for problem in problems]
        super().__init__(f"{file}: " + "; ".join(problems))
        self.file = file
        self.problems = problems


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
    """A template. Lists stand in their order; `notes` say what was read over."""

    title: str = ""
    description: str = ""
    codebook_version: int = 1
    settings: dict = field(default_factory=dict)
    research_questions: tuple[QuestionEntry, ...] = ()
    phases: tuple[PhaseEntry, ...] = ()
    sections: tuple[SectionEntry, ...] = ()
    notes: tuple[str, ...] = ()

    def in_use(self):
        """Without what was retired: what another study starts from."""
        sections = (one for one in self.sections if one.retired_at is None)
        return replace(
            self, sections=tuple(replace(one, codes=codes_in_use(one)) for one in sections)
        )


def codes_in_use(section):
    active = [code for code in section.codes if code.status == "active"]
    labels = {sameness(code.label) for code in active}
    return tuple(
        code if sameness(code.parent) in labels else replace(code, parent="") for code in active
    )


def read(text_or_dict, file="protocol.json"):
    """Read a protocol from bytes, text or a parsed object. Raises ProtocolRefused with all problems
    at once.
    """
    problems, notes = [], []
    try:
        content = text_or_dict if isinstance(text_or_dict, dict) else parsed(text_or_dict, file)
        content = trimmed(content, "", problems)
    except RecursionError:
        raise ProtocolRefused(file, ["is nested too deeply to be a protocol"]) from None
    shape_problems = list(islice(shapes(content), SHOWN_PROBLEMS))
    problems += shape_problems
    if not shape_problems:
        content = with_labels_once(content, notes)
        unknown_keys(content, rules(), "", notes)
        problems += references(content)
    if problems:
        more = len(problems) - SHOWN_PROBLEMS
        raise ProtocolRefused(
            file, problems[:SHOWN_PROBLEMS] + ([f"and {more} more problems"] if more > 0 else [])
        )
    return protocol_from(content, tuple(notes))


def parsed(text, file):
    if len(text) > LIMIT:
        raise ProtocolRefused(file, [f"is larger than {LIMIT // 1024 // 1024} MB"])
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ProtocolRefused(file, [f"is not UTF-8 text (byte {error.start + 1})"]) from None
    # Checked before it is looked at: each entry takes its time, and a template of this size is
    # none.
    if text.count("{") > ENTRIES:
        raise ProtocolRefused(file, [f"has more than {ENTRIES} entries, which no template needs"])
    try:
        content = json.loads(
            text.removeprefix("\ufeff"), parse_constant=no_number, object_pairs_hook=once_each
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ProtocolRefused(file, [f"{place}: this is not JSON ({error.msg})"]) from None
    except ValueError as error:
        raise ProtocolRefused(file, [str(error)]) from None
    if not isinstance(content, dict):
        raise ProtocolRefused(
            file, [f"is {kind_of(content)}, not a JSON object with title, phases, sections"]
        )
    return content


def no_number(name):
    raise ValueError(f"“{name}” is not a number that JSON knows")


def once_each(pairs):
    content = dict(pairs)
    if len(content) < len(pairs):
        again = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"“{again}” appears twice in one object")
    return content


def trimmed(value, place, problems):
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


@cache
def rules():
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


@cache
def validator():
    return Draft202012Validator(rules())


def shapes(content):
    for error in validator().iter_errors(content):
        place = place_of(error.absolute_path)
        yield f"{place}: {sentence(error)}" if place else sentence(error)


def place_of(path):
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(
        "."
    )


def sentence(error):
    words = SENTENCES.get(error.validator)
    return words(error.instance, error.validator_value, error) if words else error.message


def first_missing(value, names, error):
    # The validator reports each missing key by itself and names it only in its message.
    return next(name for name in names if name not in value and f"'{name}'" in error.message)


def shown(value):
    return f"“{value}”" if isinstance(value, str | int | float) else kind_of(value)


SENTENCES = {
    "required": lambda value, names, error: f"“{first_missing(value, names, error)}” is missing",
    "enum": lambda value, known, _: (
        f"{shown(value)} is none of {', '.join(str(one) for one in known)}"
    ),
    "type": lambda value, types, _: (
        f"must be {' or '.join(TYPES[one] for one in as_list(types))}, not {kind_of(value)}"
    ),
    "minLength": lambda *_: "is empty",
    "maxLength": lambda value, limit, _: f"is longer than {limit} characters",
    "maxItems": lambda value, limit, _: (
        f"has {len(value)} entries, more than the {limit} that are possible"
    ),
    "pattern": lambda value, *_: (
        f"“{value}” may have only letters without accents, digits, - and _"
    ),
    "minimum": lambda value, limit, _: f"{value} is less than {limit}",
    "maximum": lambda value, limit, _: f"{value} is more than {limit}",
}
TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def as_list(value):
    return [value] if isinstance(value, str) else value


def kind_of(value):
    names = {
        str: "text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), "null")


def unknown_keys(value, rule, place, notes):
    """Note what no rule knows: a misspelt key must not vanish in silence."""
    for key, part in value.items():
        here = f"{place}.{key}".lstrip(".")
        known = rule["properties"].get(key)
        if known is None:
            notes.append(f"{here}: unknown, read over")
        elif "properties" in known:
            unknown_keys(part, known, here, notes)
        elif "properties" in known.get("items", {}):
            for index, item in enumerate(part):
                unknown_keys(item, known["items"], f"{here}[{index}]", notes)


def with_labels_once(content, notes):
    """Labels without what nobody can see, and codes that nobody could tell apart as the first of
    them.
    """
    sections = []
    for index, section in enumerate(content.get("sections", [])):
        first, codes = {}, []
        for place, code in enumerate(section.get("codes", [])):
            label = visible(code["label"])
            twin = first.setdefault(look(label), code)
            if twin is code or code["label"] == twin["label"]:
                codes.append({**code, "label": label} if label else code)
            else:
                here = f"sections[{index}].codes[{place}].label"
                notes.append(
                    f"{here}: “{label}” looks like the code “{visible(twin['label'])}” before it: "
                    f"taken as one"
                )
        sections.append({**section, **({"codes": codes} if "codes" in section else {})})
    return {**content, **({"sections": sections} if "sections" in content else {})}


def references(content):
    """What the shape cannot say: keys and labels once each, and every name leads somewhere."""
    phases = [phase["key"] for phase in content.get("phases", [])] or ["coding"]
    questions = {question["key"] for question in content.get("research_questions", [])}
    yield from repeated(content.get("research_questions", []), "research_questions", "key")
    yield from repeated(content.get("phases", []), "phases", "key")
    yield from repeated(content.get("sections", []), "sections", "key")
    for index, section in enumerate(content.get("sections", [])):
        place = f"sections[{index}]"
        phase = section.get("phase") or (phases[0] if len(phases) == 1 else "")
        if not phase:
            yield f"{place}.phase: is missing; choose one of {', '.join(phases)}"
        elif phase not in phases:
            yield f"{place}.phase: there is no phase “{phase}”, only {', '.join(phases)}"
        question = section.get("research_question")
        if question and question not in questions:
            known = ", ".join(sorted(questions)) or "none"
            yield (
                f"{place}.research_question: there is no “{question}” among the research "
                f"questions ({known})"
            )
        yield from declared(section, place)
        yield from coded(section, place)


def repeated(entries, place, name):
    seen = {}
    for index, entry in enumerate(entries):
        first = seen.setdefault(entry[name], index)
        if first != index:
            yield f"{place}[{index}].{name}: “{entry[name]}” stands at {place}[{first}] already"


def declared(section, place):
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


def coded(section, place):
    codes = section.get("codes", [])
    if codes and section["kind"] not in WITH_CODES:
        yield f"{place}.codes: a section of the kind {section['kind']} has no codes"
    yield from repeated(codes, f"{place}.codes", "label")
    by_label = {sameness(code["label"]): code for code in codes} | {
        look(code["label"]): code for code in codes
    }
    for index, code in enumerate(codes):
        if not code.get("parent"):
            continue
        here = f"{place}.codes[{index}].parent"
        parent = by_label.get(look(code["parent"])) or by_label.get(sameness(code["parent"]))
        if parent is None:
            yield f"{here}: this section has no code “{code['parent']}”"
        elif parent is code:
            yield f"{here}: a code cannot be its own parent"
        elif parent.get("parent"):
            yield f"{here}: “{code['parent']}” has a parent itself; there are two levels"


def moment(text):
    """A date and time in UTC, or None. Without a zone it is taken as UTC."""
    if not text:
        return None
    when = in_our_time(datetime.fromisoformat(text))
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def protocol_from(content, notes):
    phases = [
        PhaseEntry(
            phase["key"], phase.get("name") or named(phase["key"]), phase.get("kind", "coding")
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


def named(key):
    return key.replace("-", " ").replace("_", " ").strip().capitalize() or key


def section_from(section, only_phase):
    facts = {
        name: value for name, value in section.items() if name in SectionEntry.__dataclass_fields__
    }
    facts |= {name: moment(section.get(name)) for name in MOMENTS}
    facts["phase"] = section.get("phase") or only_phase
    for name in ("research_question", "primary_coefficient"):
        facts[name] = section.get(name) or ""
    facts["codes"] = tuple(code_from(code) for code in section.get("codes", []))
    return SectionEntry(**facts)


def code_from(code):
    facts = {name: value for name, value in code.items() if name in CodeEntry.__dataclass_fields__}
    return CodeEntry(**facts | {"parent": code.get("parent") or ""})
