"""What no text can hold that is to be kept: NUL, and half characters ("surrogates", as JSON can
write them).
"""

import re

_UNFIT = re.compile("[\x00\ud800-\udfff]")
UNFIT = "holds a character that is no text (NUL or half a character)"


def is_fit(text: str) -> bool:
    """Whether PostgreSQL can keep this text, and a page can show it."""
    return not _UNFIT.search(text)


def shown(text: str) -> str:
    """The text with a sign in the place of what cannot be shown."""
    return _UNFIT.sub("\ufffd", text)


def unfit_place(value: object, place: str = "") -> str | None:
    """Where in parsed JSON such a text stands, as `rounds[3].name`; None where all texts are fit,
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
