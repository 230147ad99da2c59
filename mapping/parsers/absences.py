"""Words for an absence of an answer: "N/A", "not reported", "-", "none", "unclear", "TBD" ….

The one place that knows them: whatever reads answers out of a file asks here before it takes a text
for a code. What a study or its lead has defined (a code "None", `--absence NA=not_applicable`)
comes first; that is for the caller to look up.
"""

import re
import unicodedata

from mapping.judgement.absences import NONE_APPLY, Absence

__all__ = ["AMBIGUOUS", "read_absence"]


AMBIGUOUS = "ambiguous"  # what nobody can tell

# No wording of an absence is longer.
_LONGEST = 80
_SPREADSHEET_ERRORS = {
    *(
        "#n/a",
        "#ref!",
        "#value!",
        "#name?",
        "#div/0!",
        "#null!",
        "#num!",
        "#spill!",
        "#calc!",
        "#field!",
    ),
    *("#blocked!", "#connect!", "#unknown!", "#busy!", "#getting_data", "#error!"),
    *("#nv", "#bezug!", "#wert!", "#zahl!"),
}
_SAID = "reported|given|stated|mentioned|available|specified|described|provided|disclosed|indicated"
_WHERE = (
    r"(?: (?:in|by|from) (?:the |this |any )?"
    r"(?:papers?|articles?|stud(?:y|ies)|authors?|text|publications?|abstract|full text))?"
)
# Tried on the words alone: small letters, one space between them, no punctuation.
_WORDINGS = [
    (
        Absence.NOT_REPORTED,
        rf"na|nr|not (?:\w{{2,12}}ly )?(?:{_SAID})(?: at all)?{_WHERE}|none (?:{_SAID}){_WHERE}"
        rf"|no(?:t any)? (?:information|mention)(?: (?:{_SAID}))?{_WHERE}"
        r"|ka|keine angaben?|nicht (?:angegeben|berichtet|genannt|erwaehnt|erwähnt)",
    ),
    (Absence.NOT_APPLICABLE, r"(?:not|non) ?applicable|inapplicable|does not apply|doesnt apply"),
    (Absence.UNCLEAR, rf"unclear{_WHERE}|not (?:\w{{2,12}}ly )?clear{_WHERE}"),
    (
        NONE_APPLY,
        r"none|none ?appl(?:y|ies)"
        r"|none of (?:these|those|them|(?:(?:the|these|our) )?(?:codes?|above|options))"
        r"(?: appl(?:y|ies))?",
    ),
    (
        AMBIGUOUS,
        r"tbd|tba|tbc|todo|to do|fixme|x{3,}"
        r"|to be (?:determined|decided|defined|done|added|confirmed|completed|filled(?: in)?)"
        r"|nil|null|nan|nothing|unknown|missing|blank|empty|unsure|not sure|nd"
        r"|dont know|do not know"
        rf"|no idea|none so far|not yet|(?:nothing|not|none) (?:identified|found|{_SAID}){_WHERE}",
    ),
]
_COMPILED = [(str(absence), re.compile(wording)) for absence, wording in _WORDINGS]


def read_absence(text: str) -> str | None:
    """The absence that a whole text stands for; None where it is an answer, or empty.

    `AMBIGUOUS` is for what is no answer and says no reason either ("?", "TBD", "#REF!"): it must be
    reported and asked about, never become a code. Case, spaces, dashes, underscores and punctuation
    do not matter: "N.A." and "n/a" are the same, "not_reported" and "Not reported." too.
    """
    if len(text) > _LONGEST:
        return None
    folded = _folded(text)
    if not folded:
        return None
    if folded in _SPREADSHEET_ERRORS:
        return AMBIGUOUS
    words = _words_alone(folded)
    if not words:
        return _mere_signs(folded)
    found = next((absence for absence, wording in _COMPILED if wording.fullmatch(words)), None)
    return found or _CALLED.get(words)


def _words_alone(folded: str) -> str:
    words = " ".join(re.sub(r"[\W_]+", " ", re.sub(r"(?<=\w)['’](?=\w)", "", folded)).split())
    return re.sub(r"(?<=\b\w) (?=\w\b)", "", words)  # "n. a." is "na"


def _folded(text: str) -> str:
    """In lower case, with plain signs instead of full-width ones, without invisible characters."""
    composed = unicodedata.normalize("NFKC", text).casefold()
    visible = (
        character
        for character in composed
        if character.isspace() or unicodedata.category(character) not in {"Cf", "Cc"}
    )
    return " ".join("".join(visible).split())


def _mere_signs(folded: str) -> str:
    """The absence that punctuation alone stands for: a dash is "not reported"."""
    signs = re.sub(r"[\s()\[\]]", "", folded)
    is_dash = signs and all(sign == "−" or unicodedata.category(sign) == "Pd" for sign in signs)
    return Absence.NOT_REPORTED.value if is_dash else AMBIGUOUS


# An absence is always read by its name and by what pages call it, whatever other words there are.
_CALLED = {
    _words_alone(_folded(words)): absence.value
    for absence in Absence
    for words in (absence.value, absence.label)
}
