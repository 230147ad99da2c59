"""Keys of papers, such as `john2021towards`, and normalised DOIs."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from mapping.parsers import names
from mapping.parsers.records import PaperRecord

_DOI = re.compile(r"10\.\d{4,9}(?:\.\d{1,9}){0,9}/\S+")
_WITHOUT_DECOMPOSITION = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th"}
    | {"ł": "l", "Ł": "L", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ı": "i", "ŋ": "ng"}
)
_ARTICLES = {"a", "an", "the", "on"}
LONGEST_KEY = 100


def normalised_doi(text: str) -> str:
    """The DOI alone, in lower case, without resolver or `doi:`; empty where the text holds none."""
    # Scopus writes the DOI with its resolver, BibTeX without: strip it, or duplicates slip through.
    match = _DOI.search(text.replace("%2F", "/").replace("%2f", "/"))
    return match[0].rstrip(".,;\"'").lower() if match else ""


def ascii_letters(text: str) -> str:
    """The text in ASCII, without accents; letters of other scripts are dropped."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_WITHOUT_DECOMPOSITION))
    return decomposed.encode("ascii", "ignore").decode()


def safe_key(text: str) -> str:
    """A key that fits an address and a file name: letters, digits and `. _ : + -`, the rest becomes
    `-`.
    """
    cleaned = re.sub(r"[^A-Za-z0-9._:+-]+", "-", ascii_letters(text.strip()))
    # A key of dots alone would be a folder in an address.
    return (
        cleaned.strip("-")[:LONGEST_KEY].rstrip("-") if re.search(r"[A-Za-z0-9]", cleaned) else ""
    )


def proposed_key(authors: Sequence[str], year: int | None, title: str) -> str:
    """First family name, year and first telling word of the title, as Google Scholar builds its
    keys.
    """
    person = _letters(names.family(authors[0])) if authors else ""
    letters = [_letters(word) for word in title.replace("-", " ").split()]
    telling = next((word for word in letters if word and word not in _ARTICLES), "")
    return f"{person or 'anon'}{year or ''}{telling}"[:LONGEST_KEY]


def unique_key(wanted: str, taken: Iterable[str]) -> str:
    """`wanted`, or with `-2`, `-3` … behind it; keys that differ only in case count as taken."""
    return next(unique_keys([wanted], taken))


def unique_keys(wanted: Iterable[str], taken: Iterable[str]) -> Iterator[str]:
    """Each key as `unique_key` gives it, unique among those before it too."""
    used, last = {key.casefold() for key in taken}, Counter[str]()
    for key in wanted:
        # A file may hold one key ten thousand times: what was found taken once is not asked for
        # again.
        number = last[key.casefold()] + 1
        while (free := _numbered(key, number)).casefold() in used:
            number += 1
        last[key.casefold()] = number
        used.add(free.casefold())
        yield free


def assigned_keys(records: Iterable[PaperRecord], taken: Iterable[str] = ()) -> list[str]:
    """A key for each record, in order, unique among themselves and those `taken` in the study."""
    wanted = (
        safe_key(record.key) or proposed_key(record.authors, record.year, record.title)
        for record in records
    )
    return list(unique_keys(wanted, taken))


def _numbered(wanted: str, number: int) -> str:
    return wanted if number == 1 else f"{wanted[: LONGEST_KEY - len(str(number)) - 1]}-{number}"


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", ascii_letters(text).lower())
