"""Which keys a paper may have: they are part of its URL."""

import re
import unicodedata

# Words that stand where a key would in an address.
RESERVED_KEYS = frozenset({"add", "import"})
LONGEST_KEY = 200


class KeyConverter:
    """A paper's key in a URL: spaces and any script are fine (Django quotes them), a slash is
    not.
    """

    regex = r"[^/]+"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


def tidied_key(text: str) -> str:
    """The key with composed letters and single spaces, so that equal-looking keys are equal."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def key_refusal(key: str) -> str:
    """Why this cannot be a key, as a sentence; empty where it can."""
    rules = (
        # A browser would take a key of dots for a folder, and leave it out of the address.
        (not re.search(r"\w", key), "A key needs at least one letter or digit."),
        (
            len(key) > LONGEST_KEY,
            f"A key has at most {LONGEST_KEY} characters; this one has {len(key)}.",
        ),
        (
            "/" in key or "\\" in key,
            "A key cannot hold a slash: it is part of the paper's address.",
        ),
        (any(map(is_control, key)), "A key cannot hold control characters."),
        (
            key.lower() in RESERVED_KEYS,
            f"“{key}” cannot be a key: an address of its own has this word.",
        ),
    )
    return next((refusal for applies, refusal in rules if applies), "")


def is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs"}
