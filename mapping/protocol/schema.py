"""Problems that the JSON schema of a protocol finds, in plain sentences. No Django."""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from mapping.judgement.kinds import KINDS
from mapping.protocol.entries import Json

SCHEMA = Path(__file__).resolve().parent / "built_in" / "protocol.schema.json"


@cache
def rules() -> Json:
    """The schema, with the kinds of section that there are."""
    schema: Json = json.loads(SCHEMA.read_text(encoding="utf-8"))
    section = schema["properties"]["sections"]["items"]
    section["properties"]["kind"] = {"enum": list(KINDS)}
    return schema


@cache
def validator() -> Draft202012Validator:
    return Draft202012Validator(rules())


def schema_problems(content: Json) -> Iterator[str]:
    """Each begins with the place it speaks of."""
    for error in validator().iter_errors(content):
        place = path_in_words(error.absolute_path)
        yield f"{place}: {sentence(error)}" if place else sentence(error)


def path_in_words(path: Iterable[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(
        "."
    )


def sentence(error: ValidationError) -> str:
    write = SENTENCES.get(str(error.validator))
    if write is None:
        return str(error.message)
    return write(error.instance, error.validator_value, error)


def first_missing(value: Json, names: Iterable[str], error: ValidationError) -> str:
    # The validator reports each missing key by itself and names it only in its message.
    return next(name for name in names if name not in value and f"'{name}'" in error.message)


def in_quotes(value: object) -> str:
    return f"“{value}”" if isinstance(value, str | int | float) else type_in_words(value)


TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
SENTENCES: dict[str, Callable[[Any, Any, Any], str]] = {
    "required": lambda value, names, error: f"“{first_missing(value, names, error)}” is missing",
    "enum": lambda value, known, _: f"{in_quotes(value)} is none of {', '.join(map(str, known))}",
    "type": lambda value, types, _: (
        f"must be {' or '.join(TYPES[name] for name in as_list(types))}, not {type_in_words(value)}"
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


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def type_in_words(value: object) -> str:
    names = {
        str: "text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), "null")


def note_unknown_keys(value: Json, rule: Json, place: str, notes: list[str]) -> None:
    """A misspelt key must not vanish in silence."""
    for key, part in value.items():
        path = f"{place}.{key}".lstrip(".")
        known = rule["properties"].get(key)
        if known is None:
            notes.append(f"{path}: unknown, read over")
        elif "properties" in known:
            note_unknown_keys(part, known, path, notes)
        elif "properties" in known.get("items", {}):
            for index, item in enumerate(part):
                note_unknown_keys(item, known["items"], f"{path}[{index}]", notes)
