"""The rows of a codings file, each checked on its own. Nothing here asks the database."""

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from mapping.judgement.absences import MEANINGS
from mapping.judgement.values import NO_EVIDENCE, Evidence
from mapping.parsers import Problem, UnreadableFile
from mapping.parsers.absences import read_absence
from mapping.parsers.lengths import PROSE, excess
from mapping.parsers.lookalikes import sameness
from mapping.parsers.moments import in_our_time
from mapping.parsers.tables import read_table

REQUIRED = ("paper", "reviewer", "section", "value")
OPTIONAL = (
    "phase",
    "round",
    "revision",
    "kind",
    "absence",
    *Evidence.FIELDS,
    "confidence",
    "submitted_at",
    "codebook_version",
)
ABSENCES = tuple(MEANINGS)


@dataclass
class CodingRow:
    """One row. `absence` is one of `ABSENCES`, or empty; what the file does not say is empty or
    None.

    `word` is what stood in the place of the absence, where that was another word. `file` is what
    reports call the file, with its sheet where a workbook has several.
    """

    line: int
    paper: str
    reviewer: str
    section: str
    value: str
    phase: str = ""
    round: str = ""
    kind: str = ""
    absence: str = ""
    word: str = ""
    file: str = ""
    evidence: Evidence = NO_EVIDENCE
    revision: int = 1
    confidence: int | None = None
    submitted_at: datetime | None = None
    codebook_version: int | None = None

    @property
    def is_empty(self):
        return not self.value and not self.absence


def read_codings(file_name, content, *, columns=None, absences=None):
    """(rows, problems, Table); raises ValidationError where the file as a whole is no codings file.

    `columns` maps ours to the file's headings, `absences` the file's words to ours.
    """
    words = absence_words(absences or {})
    check_columns(columns or {})
    try:
        table = read_table(
            file_name,
            content,
            required=REQUIRED,
            optional=OPTIONAL,
            columns=columns or {},
            joins=True,
        )
    except UnreadableFile as error:
        raise ValidationError(str(error)) from error
    rows, problems = [], list(table.problems)
    for cells in table.rows:
        found = [
            Problem(cells.file, cells.line, reason) for reason in coding_row(cells, words, rows)
        ]
        problems += found
    if not rows and not problems:
        raise ValidationError(f"{file_name}: there is no row below the headings.")
    return rows, problems, table


def check_columns(columns):
    for name in columns:
        if name not in (*REQUIRED, *OPTIONAL):
            known = ", ".join((*REQUIRED, *OPTIONAL))
            raise ValidationError(f"There is no column “{name}” to read: the columns are {known}.")


def absence_words(absences):
    """{word in the file, as words are compared: absence}."""
    for meaning in absences.values():
        if meaning not in ABSENCES:
            raise ValidationError(
                f"“{meaning}” is no absence: the absences are {', '.join(ABSENCES)}."
            )
    return {sameness(word): meaning for word, meaning in absences.items()}


def coding_row(cells, words, rows):
    """Append the row to `rows`; yield what is wrong with it."""
    row = CodingRow(
        line=cells.line,
        file=cells.file,
        evidence=Evidence.from_mapping(cells.cells),
        **{name: cells[name] for name in (*REQUIRED, *_TEXTS)},
    )
    reasons = [
        f"no {name} is named" for name in ("paper", "reviewer", "section") if not getattr(row, name)
    ]
    if row.value and sameness(row.value) in words:
        row.word, row.value, row.absence = row.value, "", words[sameness(row.value)]
    else:
        reasons += absence_in_its_column(row, words)
    reasons += texts_too_long(row)
    for name, reading in _TYPED.items():
        if cells[name]:
            try:
                setattr(row, name, reading(cells[name]))
            except ValueError as error:
                reasons.append(f"{name} “{cells[name]}”: {error}")
    if not reasons:
        rows.append(row)
    return reasons


def texts_too_long(row):
    texts = {name: getattr(row, name) for name in REQUIRED}
    texts |= {name: getattr(row.evidence, name) for name in Evidence.PROSE}
    for name, text in texts.items():
        if why := excess(text, PROSE):
            yield f"the {name} {why}"


def absence_in_its_column(row, words):
    written = row.absence
    if not written:
        return
    row.absence = words.get(sameness(written)) or str(read_absence(written) or "")
    if row.absence != written:
        row.word = written
    if row.absence not in ABSENCES:
        yield f"“{written}” is no absence: use {', '.join(ABSENCES)}, or say what it means"
    elif row.value:
        yield (
            f"a value (“{shortened(row.value)}”) and an absence ({row.absence}) contradict each "
            "other"
        )


def shortened(text, most=60):
    return text if len(text) <= most else f"{text[:most]}…"


def whole_number(text, least, most):
    try:
        number = int(text)
    except ValueError:
        raise ValueError("a whole number is needed") from None
    if not least <= number <= most:
        raise ValueError(f"a number from {least} to {most} is needed")
    return number


def moment(text):
    try:
        found = parse_datetime(text)
        if found is None and (day := parse_date(text)):
            found = datetime(day.year, day.month, day.day)
        found = found and in_our_time(found)
    except ValueError:
        found = None
    if found is None:
        raise ValueError("a time such as 2024-11-03T14:03:00Z is needed")
    return found if timezone.is_aware(found) else timezone.make_aware(found)


_TEXTS = ("phase", "round", "kind", "absence")
_TYPED = {
    "revision": lambda text: whole_number(text, 1, 1000),
    "confidence": lambda text: whole_number(text, 1, 5),
    "codebook_version": lambda text: whole_number(text, 0, 1_000_000),
    "submitted_at": moment,
}
