"""The papers that nobody should read because they wrote them, by the names. No Django."""

import re
import unicodedata
from collections.abc import Hashable, Iterable, Mapping
from itertools import product

Paper = Reviewer = Hashable
# Parts of names which some lists keep with the family name and others leave out, and titles that
# belong to neither.
PARTICLES = frozenset(
    re.findall(
        r"\w+",
        (
            "af al da dal das de del della den der di do dos du el la le ten ter und van vom von y "
            "zu "
            "zum zur"
        ),
    )
)
TITLES = frozenset(["dr", "prof", "professor", "jr", "sr", "ii", "iii", "iv", "phd", "msc", "bsc"])
# Letters that are not an accent on another one.
SPECIAL_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def own_papers(
    papers_authors: Mapping[Paper, Iterable[str]], reviewers_names: Mapping[Reviewer, str]
) -> set[tuple[Paper, Reviewer]]:
    """The papers that reviewers wrote themselves, as a set of (paper, reviewer): use it as
    `conflicts`.

    `papers_authors` maps a paper to its authors' names, `reviewers_names` a reviewer to their full
    name, both as "Given Family" or "Family, Given". Names match by family name and first initial,
    accents, case, particles and titles aside: rather one paper too many than one's own.
    """
    reviewers_keys = {reviewer: name_keys(name) for reviewer, name in reviewers_names.items()}
    own = set()
    for paper, authors in papers_authors.items():
        keys = set().union(*(name_keys(author) for author in authors))
        own |= {(paper, reviewer) for reviewer, names in reviewers_keys.items() if names & keys}
    return own


def name_keys(name: str) -> set[tuple[str, str]]:
    """Every (family name, first initial) the name may mean; empty where there is no given name."""
    choices = product(spellings(name), (TITLES, TITLES | PARTICLES))
    return {key for spelling, left_out in choices for key in keys_of(spelling, left_out)}


def spellings(name):
    """The name in plain small letters, umlauts both dropped and written out (Müller: muller,
    mueller).
    """
    name = unicodedata.normalize("NFC", name).casefold()
    for spelled in (name, name.translate(UMLAUTS)):
        letters = unicodedata.normalize("NFKD", spelled.translate(SPECIAL_LETTERS))
        yield "".join(letter for letter in letters if not unicodedata.combining(letter))


def keys_of(name, left_out):
    family, *rest = (parts_of(piece, left_out) for piece in name.split(","))
    # "Family, Jr., Given": what is left of the suffix is nothing.
    given = [part for piece in rest for part in piece]
    if rest:
        return {("".join(family), given[0][0])} if family and given else set()
    # Without a comma nobody knows where the family name begins: with García in Gabriel García
    # Márquez, or Márquez?
    return {("".join(family[start:]), family[0][0]) for start in range(1, len(family))}


def parts_of(text, left_out):
    # A hyphen holds a name together: Smith-Jones is neither Smith nor Jones.
    parts = re.findall(r"[^\W\d_]+", re.sub(r"[-‐‑’'`]", "", text))
    return [part for part in parts if part not in left_out]
