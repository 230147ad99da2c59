"""The YAML between `---` that a Markdown file may begin with: a few keys with texts and lists.

Read line by line and not as YAML: people's titles hold colons, which YAML would refuse.
"""

import re
from collections.abc import Sequence

_LONGEST = 300
_ENTRY = re.compile(r"^([\w][\w ./'-]{0,60}?)\s*:(?:\s+(.*))?$")
_ITEM = re.compile(r"^\s*-(?:\s+(.*))?$")
_BLOCK = re.compile(r"^[|>][+-]?\d?$")
_FLOW_PART = re.compile(
    r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|\[\[[^\[\]]*\]\]|[^,\[\]{}]+)\s*(?:,|$)"""
)


def front_matter(written: Sequence[str]) -> tuple[list[tuple[int, str, str]], int]:
    """([(line, kind, words)], length); kind: "rule", "key", "item", "text" or "comment". Length 0
    without any.
    """
    first = next((number for number, line in enumerate(written[:5]) if line.strip()), None)
    if first is None or written[first].strip() != "---":
        return [], 0
    last = next(
        (
            number
            for number in range(first + 1, min(len(written), _LONGEST))
            if written[number].strip() in ("---", "...")
        ),
        None,
    )
    if last is None:
        return [], 0
    inside = written[first + 1 : last]
    if not any(_ENTRY.match(line) for line in inside) or any(_is_foreign(line) for line in inside):
        return [], 0
    entries = [(first + 1, "rule", "")]
    for number, line in enumerate(inside, first + 2):
        entries += [(number, kind, text) for kind, text in _entries(line)]
    return [*entries, (last + 1, "rule", "")], last + 1


def _is_foreign(line: str) -> bool:
    return bool(line.strip()) and not (
        line[:1].isspace() or line.startswith("#") or _ENTRY.match(line) or _ITEM.match(line)
    )


def _entries(line: str) -> list[tuple[str, str]]:
    stripped, entry, item = line.strip(), _ENTRY.match(line), _ITEM.match(line)
    if not stripped or stripped in ("-", "- "):
        return []
    if stripped.startswith("#"):
        return [("comment", stripped.lstrip("# "))]
    if item:
        return [("item", re.sub(r"^(?:name|family)\s*:\s+", "", unquoted(item[1] or "")))]
    return (
        _entries_of_key(entry[1], (entry[2] or "").strip())
        if entry
        else [("text", unquoted(stripped))]
    )


def _entries_of_key(key: str, value: str) -> list[tuple[str, str]]:
    if value.startswith("[") and value.endswith("]") and not value.startswith("[["):
        return [
            ("key", key + ":"),
            *(("item", unquoted(part)) for part in _FLOW_PART.findall(value[1:-1])),
        ]
    if not value or _BLOCK.match(value) or value in ("[]", "~", "null", '""', "''"):
        return [("key", key + ":")]
    return [("key", f"{key}: {unquoted(value)}")]


def unquoted(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1].replace('\\"', '"').replace("''", "'")
    return value
