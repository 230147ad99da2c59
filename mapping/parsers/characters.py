"""Characters that no kept text can hold: NUL, and halves of surrogate pairs, as JSON can write
them.
"""

import re

_UNFIT = re.compile("[\x00\ud800-\udfff]")
UNFIT = "holds a character that is no text (NUL or half a character)"


def is_fit(text: str) -> bool:
    """Whether PostgreSQL can store this text, and a page can show it."""
    return not _UNFIT.search(text)


def shown(text: str) -> str:
    """The text with the replacement character for what cannot be shown."""
    return _UNFIT.sub("\ufffd", text)


def unfit_place(value: object, place: str = "") -> str | None:
    """The path of the first unfit text in parsed JSON, as `rounds[3].name`; None where all are fit,
    keys included.
    """
    if isinstance(value, str):
        return None if is_fit(value) else place or "the whole"
    if isinstance(value, list):
        parts = ((part, f"{place}[{index}]") for index, part in enumerate(value))
    elif isinstance(value, dict):
        if not all(map(is_fit, value)):
            return f"a name in {place or 'the whole'}"
        parts = ((part, f"{place}.{key}".lstrip(".")) for key, part in value.items())
    else:
        return None
    return next((found for part, where in parts if (found := unfit_place(part, where))), None)
