"""Labels that look the same to a reader, or differ only in case, are equal.

Labels that differ in a soft hyphen, a zero-width space, a composed letter, full-width signs or the
kind of a dash cannot be told apart on a page. Every way in compares them here, and takes what
nobody can see out of the text.
"""

import re
import unicodedata

# Zero-width joiners shape letters of many scripts, and pictures: between these they can be seen.
_JOINERS = "\u200c\u200d"
_VARIATIONS = re.compile(
    "[\ufe00-\ufe0f\U000e0100-\U000e01ef\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0]"
)
_DASHES = re.compile("[\u2010-\u2015\u2212\u2043\ufe58\ufe63\uff0d]")
_APOSTROPHES = str.maketrans(dict.fromkeys("‘’‛ʼ′＇", "'"))
_QUOTES = str.maketrans(dict.fromkeys("“”„‟″＂", '"'))


def visible(text: str) -> str:
    """The text as a label is kept: one line, only visible characters, letters composed."""
    composed = unicodedata.normalize("NFC", text)
    seen = (_seen(composed, index, letter) for index, letter in enumerate(composed))
    return " ".join("".join(seen).split())


def _seen(text: str, index: int, letter: str) -> str:
    category = unicodedata.category(letter)
    if category == "Cf":
        is_shaping = letter in _JOINERS and 0 < index < len(text) - 1 and _joins(text[index - 1])
        return letter if is_shaping else ""
    return " " if category in {"Cc", "Cs", "Zs", "Zl", "Zp"} else letter


def _joins(letter: str) -> bool:
    is_latin = letter.isascii() or "LATIN" in unicodedata.name(letter, "")
    return not is_latin and unicodedata.category(letter)[0] in "LMS"


def look(text: str) -> str:
    """A form that labels share if they look the same; case counts."""
    plain = unicodedata.normalize("NFKC", visible(text))
    plain = "".join(letter for letter in plain if unicodedata.category(letter) != "Cf")
    plain = _DASHES.sub("-", _VARIATIONS.sub("", plain)).translate(_APOSTROPHES).translate(_QUOTES)
    return " ".join(plain.split())


def sameness(text: str) -> str:
    """A form that labels share if they look the same, regardless of case."""
    return look(unicodedata.normalize("NFKC", look(text).casefold()))
