"""Why an answer is empty on purpose: the one enumeration of the absences. No Django.

Whatever lists them (models, forms, parsers, statistics, files, pages) reads it here. A blank is
none of them, and neither is "none of the codes apply", which stands beside them wherever a section
takes codes.
"""

from collections.abc import Iterable
from enum import StrEnum


class Absence(StrEnum):
    """The absences by the names that files and the database use, with what pages call them."""

    label: str

    def __new__(cls, value: str, label: str) -> "Absence":
        absence = str.__new__(cls, value)
        absence._value_ = value
        absence.label = label
        return absence

    NOT_REPORTED = "not_reported", "not reported"
    UNCLEAR = "unclear", "unclear"
    NOT_APPLICABLE = "not_applicable", "not applicable"


NAMES = tuple(absence.value for absence in Absence)
LABELS = {absence.value: absence.label for absence in Absence}
CHOICES = tuple(LABELS.items())

# Said in the place of an absence where codes may be given: a judgement, and no absence.
NONE_APPLY = "none_apply"
NONE_OF_THE_CODES = "none of the codes"
NONE_APPLY_LABEL = f"{NONE_OF_THE_CODES} apply"
# By all names that may stand where an absence stands.
MEANINGS = {**LABELS, NONE_APPLY: NONE_OF_THE_CODES}


def label_of(name: str) -> str:
    """What pages call an absence, or what is counted beside them, such as none of the codes."""
    return LABELS.get(name, name.replace("_", " "))


def listed(words: Iterable[str], joined: str = "and") -> str:
    """“a, b and c”."""
    *first, last = words
    return f"{', '.join(first)} {joined} {last}" if first else last
