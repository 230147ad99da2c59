"""Compares labels of codes in spite of case, plural, spelling and spacing."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Protocol, TypeVar

from rapidfuzz import fuzz, process


class HasLabel(Protocol):
    @property
    def label(self) -> str: ...


Labelled = TypeVar("Labelled", bound=str | HasLabel)

_IRREGULAR = {
    "criteria": "criterion",
    "phenomena": "phenomenon",
    "matrices": "matrix",
    "indices": "index",
}
_IRREGULAR |= {
    "people": "person",
    "children": "child",
    "women": "woman",
    "men": "man",
    "vertices": "vertex",
}
_IRREGULAR |= {"appendices": "appendix"}
_NO_PLURAL = {"bias", "canvas", "atlas", "alias", "gas", "series", "species"}
_AMERICAN_WORDS = {
    "licence": "license",
    "defence": "defense",
    "offence": "offense",
    "grey": "gray",
    "ageing": "aging",
}
_AMERICAN_WORDS |= {
    "programme": "program",
    "judgement": "judgment",
    "artefact": "artifact",
    "practise": "practice",
}
_AMERICAN_WORDS |= {
    "sceptical": "skeptical",
    "acknowledgement": "acknowledgment",
    "instal": "install",
}
_AMERICAN_WORDS |= {
    "cheque": "check",
    "tyre": "tire",
    "kerb": "curb",
    "aluminium": "aluminum",
    "enrol": "enroll",
}
_AMERICAN_WORDS |= {
    "fulfil": "fulfill",
    "skilful": "skillful",
    "mould": "mold",
    "draught": "draft",
    "sulphur": "sulfur",
}
# Applied to stems, see `_stem`: pattern, replacement, shortest stem it applies to.
_AMERICAN_ENDINGS = [
    (re.compile(r"is(|ation|ational|ed|er|ing|abl)$"), r"iz\1", 7),
    (re.compile(r"yz(|ed|er|ing)$"), r"ys\1", 6),
    (re.compile(r"our(|ed|ing|al|abl|ful|it|ist)$"), r"or\1", 5),
    (re.compile(r"([tb])r$"), r"\1er", 4),
    (re.compile(r"ogu(|ed)$"), r"og\1", 6),
    (re.compile(r"ll(ing|ed|er)$"), r"l\1", 7),
]
_APOSTROPHE = re.compile(r"(?<=\w)['’‘](?=\w)")
LEAST_LIKENESS = 72


@lru_cache(maxsize=20_000)
def normalised_label(text: str) -> str:
    """The words of a label without case, accents, punctuation and plural, British spelling as
    American.
    """
    decomposed = unicodedata.normalize("NFKD", _APOSTROPHE.sub("", text).casefold())
    kept = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(
        _stem(word) for word in re.sub(r"[\W_]+", " ", kept.replace("&", " and ")).split()
    )


def match_code(text: str, codes: Iterable[Labelled]) -> Labelled | None:
    """The code with the same label as `text`, or None. `codes` are labels, or objects with a
    `label`.

    Spacing does not matter either: "data sets" is "datasets", "end-user" is "enduser".
    """
    wanted = _without_spaces(text)
    if not wanted:
        return None
    fitting = [code for code in codes if _without_spaces(_label(code)) == wanted]
    exact = [code for code in fitting if _label(code).strip() == text.strip()]
    return next(iter(exact or fitting), None)


def near_codes(text: str, labels: Sequence[str], limit: int = 5) -> list[tuple[str, float]]:
    """(label, likeness 0 to 100) of the labels that look most like `text`, best first."""
    wanted = normalised_label(text)
    if not wanted:
        return []
    normalised = [normalised_label(label) for label in labels]
    nearest = process.extract(
        wanted, normalised, scorer=_likeness, score_cutoff=LEAST_LIKENESS, limit=limit
    )
    return [(labels[index], score) for _, score, index in nearest]


def _likeness(label: str, other_label: str, **_: object) -> float:
    # A label inside a longer one ("drift", "model drift") is a good guess, yet no better than a
    # typing error.
    """The likeness of two normalised labels, 0 to 100."""
    inside = 0.9 * fuzz.token_set_ratio(label, other_label)
    return max(fuzz.ratio(label, other_label), fuzz.token_sort_ratio(label, other_label), inside)


def _label(code: str | HasLabel) -> str:
    return code if isinstance(code, str) else code.label


def _without_spaces(text: str) -> str:
    return normalised_label(text).replace(" ", "")


def _american(word: str) -> str:
    if word.endswith("s") and word[:-1] in _AMERICAN_WORDS:
        return _AMERICAN_WORDS[word[:-1]] + "s"
    return _AMERICAN_WORDS.get(word, word)


def _stem(word: str) -> str:
    """A form that singular and plural, British and American spelling share; not always a word."""
    stem = _singular(_american(word))
    for ending, replacement, shortest in _AMERICAN_ENDINGS:
        if len(stem) >= shortest:
            stem = ending.sub(replacement, stem)
    return stem[:-1] + "i" if len(stem) > 2 and stem.endswith("y") else stem


def _singular(word: str) -> str:
    word = _IRREGULAR.get(word, word)
    if len(word) <= 3 or word in _NO_PLURAL:
        return word
    if word.endswith(("sis", "xis", "es")):
        word = word[:-2]
    elif word.endswith("s") and not (word.endswith(("ss", "us")) and len(word) > 4):
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


LEAST_LIKENESS_OF_A_SLIP = 85
SEARCH_EXACT, SEARCH_BEGINNING, SEARCH_WORDS, SEARCH_NEARLY, SEARCH_DEFINITION = range(5)


def search_rank(typed: str, label: str, definition: str = "") -> int | None:
    """How well a code fits a search, 0 the best; None where it does not fit.

    The label, its beginning, words of it, nearly its words, then its definition.
    """
    wanted = normalised_label(typed)
    if not wanted:
        return SEARCH_WORDS
    known = normalised_label(label)
    if known.replace(" ", "") == wanted.replace(" ", ""):
        return SEARCH_EXACT
    if known.startswith(wanted) or label.casefold().startswith(typed.casefold().strip()):
        return SEARCH_BEGINNING
    if all(word in known or word in known.replace(" ", "") for word in wanted.split()):
        return SEARCH_WORDS
    if (
        max(fuzz.ratio(wanted, known), fuzz.token_sort_ratio(wanted, known))
        >= LEAST_LIKENESS_OF_A_SLIP
    ):
        return SEARCH_NEARLY
    text = f"{known} {normalised_label(definition)}"
    return SEARCH_DEFINITION if all(word in text for word in wanted.split()) else None
