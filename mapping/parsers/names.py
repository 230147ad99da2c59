"""Names of authors from many formats into one: "Family, Given" or "Family, Given, Suffix"."""

import re
from collections.abc import Iterable

from bibtexparser.middlewares.names import (
    NameParts,
    parse_single_name_into_parts,
    split_multiple_persons_names,
)

from mapping.parsers import latex

_INITIALS = r"(?:[^\W\d_]\.?[-\s]?){1,4}"
# "Smith J.", "van der Berg JM": how Scopus and PubMed write names.
_FAMILY_THEN_INITIALS = re.compile(r"^([^\W\d_][\w'’ -]*[^\W\d_])\s+((?:[A-ZÀ-Þ]\.?[-\s]?){1,4})$")
_NUMBER_IN_BRACKETS = re.compile(r" ?\(\d{5,}\)")


def from_bibtex(value: str) -> list[str]:
    """The names of a BibTeX author field, LaTeX decoded; `and others` stays as "others"."""
    # Some programs put semicolons where BibTeX wants "and".
    if ";" in value and not re.search(r"\sand\s", value):
        value = _semicolons_to_and(value)
    names = [_from_bibtex_name(name) for name in split_multiple_persons_names(value)]
    return [name for name in names if name]


def _semicolons_to_and(value: str) -> str:
    """The names separated by "and" instead of semicolons, except for semicolons inside braces."""
    pieces = re.split(r"([{}])", value)
    following = [*pieces[1:], ""]
    return "".join(
        piece if brace == "}" else re.sub(r"(?<!\\);", " and ", piece)
        for piece, brace in zip(pieces, following, strict=True)
    )


def to_bibtex(names: Iterable[str]) -> str:
    return " and ".join(_to_bibtex_name(name) for name in names)


def from_list(text: str) -> list[str]:
    """Names as people and spreadsheets list them: separated by `;`, "and", `&`, line ends, or by
    commas if clear.

    Names stay as they are written, but for "Smith J." which becomes "Smith, J.".
    """
    # Blanks first become one each: a run of them would be looked through from every one of its
    # places.
    text = "\n".join(" ".join(line.split()) for line in text.split("\n"))
    text = _NUMBER_IN_BRACKETS.sub("", text).strip()
    if ";" in text:
        parts = text.split(";")
    else:
        parts = re.split(r"\n|,? (?:and|&) ", text)
        # "John, Olsson and Bosch": who writes the last one without a comma means people by the
        # commas before.
        split = _split_at_commas if "," in parts[-1] or len(parts) == 1 else _split_at_every_comma
        parts = [name for part in parts for name in split(part)]
    return [name for name in (_listed_name(part) for part in parts) if name]


def family_first(name: str) -> str:
    """ "Meenu Mary John" becomes "John, Meenu Mary"; a name with a comma stays."""
    return name if "," in name else _joined(parse_single_name_into_parts(name, strict=False))


def family(name: str) -> str:
    """The family name alone, for keys and for comparing people."""
    return family_first(name).split(",")[0].strip()


def _from_bibtex_name(name: str) -> str:
    return _joined(parse_single_name_into_parts(name.strip(), strict=False))


def _joined(parts: NameParts) -> str:
    pieces = [" ".join([*parts.von, *parts.last]), " ".join(parts.first), " ".join(parts.jr)]
    return ", ".join(piece for piece in map(latex.plain, pieces) if piece)


def _to_bibtex_name(name: str) -> str:
    pieces = [piece.strip() for piece in name.split(",")]
    if len(pieces) == 1 or len(pieces) > 3 or not all(pieces):
        is_one_word = len(pieces) == 1 and not re.search(r"\s", name)
        return latex.escaped(name) if is_one_word else "{" + latex.escaped(name) + "}"
    written = [_kept_whole(latex.escaped(piece)) for piece in pieces]
    return ", ".join(written if len(written) == 2 else [written[0], written[2], written[1]])


def _kept_whole(piece: str) -> str:
    # "and" separates people, braces keep it inside a name.
    return "{" + piece + "}" if re.search(r"(^|\s)and(\s|$)", piece, re.IGNORECASE) else piece


def _split_at_commas(text: str) -> list[str]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 1:
        return parts
    if all(_FAMILY_THEN_INITIALS.match(part) for part in parts) or all(
        re.search(r"\S\s+\S", part) for part in parts
    ):
        return parts
    if len(parts) == 2:
        return [text]
    # "Smith, J., Jones, A. B.": every second part is nothing but initials.
    if len(parts) % 2 == 0 and all(re.fullmatch(_INITIALS, given) for given in parts[1::2]):
        return [
            f"{family_name}, {given}"
            for family_name, given in zip(parts[::2], parts[1::2], strict=True)
        ]
    return parts if not any(re.fullmatch(_INITIALS, part) for part in parts) else [text]


def _split_at_every_comma(text: str) -> list[str]:
    parts = _split_at_commas(text)
    # "Smith, J. and the consortium": initials are no person.
    if len(parts) == 1 and not re.fullmatch(_INITIALS, text.rpartition(",")[2].strip()):
        return text.split(",")
    return parts


def _listed_name(name: str) -> str:
    name = " ".join(name.split()).strip(" ,;")
    return with_comma(re.sub(r"^and\s+", "", name))


def with_comma(name: str) -> str:
    """“Smith J.” as “Smith, J.”; every other name as it is."""
    reversed_name = _FAMILY_THEN_INITIALS.match(name)
    if reversed_name and "," not in name:
        return f"{reversed_name[1]}, {reversed_name[2].strip()}"
    return name
