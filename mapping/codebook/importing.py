"""A codebook from a table: first what it would change, then the same through the codebook's own
acts.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction

from mapping.codebook import changes as codebook_changes
from mapping.codebook.files import COLUMNS
from mapping.codebook.versions import FIELD_NAMES
from mapping.models import Code, Section, Study, User
from mapping.parsers.labels import match_code
from mapping.parsers.lookalikes import sameness
from mapping.parsers.tables import Table, read_table

TEXT_COLUMNS = ("definition", "when_not", "example")
TRUTHS = {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}


class Line(NamedTuple):
    """One row of the file. `outcome`: new, changed, unchanged or refused; `why` says what changes,
    or why not.
    """

    line: int
    section: str
    label: str
    outcome: str
    why: str = ""


class Imported(NamedTuple):
    """What the rows did, or would do. `is_written` is False for a dry run, and where a row was
    refused unasked.
    """

    lines: list[Line]
    ignored: list[str]
    is_written: bool
    notes: list[str]

    def count(self, outcome: str) -> int:
        return sum(line.outcome == outcome for line in self.lines)

    @property
    def counts(self) -> dict[str, int]:
        return {name: self.count(name) for name in ("new", "changed", "unchanged", "refused")}

    @property
    def refused(self) -> list[int]:
        """The line numbers of the rows that cannot be taken."""
        return [line.line for line in self.lines if line.outcome == "refused"]


def read(name: str, content: bytes) -> Table:
    """The table in a file, which needs the columns section and label. Raises UnreadableFile."""
    others = [name for name in COLUMNS if name not in {"section", "label"}]
    return read_table(name, content, required=["section", "label"], optional=others)


@transaction.atomic
def import_codebook(
    study: Study,
    table: Table,
    *,
    by: User,
    reason: str,
    is_dry_run: bool = False,
    without: Collection[int] = (),
) -> Imported:
    """Add what is new, change what differs: all rows, or nothing (law 10).

    `without` are the lines that the person has seen refused and agreed to leave out; with any other
    refused row nothing is written. Only columns that the file has are looked at: a file without
    definitions changes none.
    """
    Study.objects.select_for_update().get(pk=study.pk)
    lines = [*import_rows(study, table, by, reason)]
    lines += [Line(problem.line, "", "", "refused", problem.reason) for problem in table.problems]
    outcome = Imported(sorted(lines), table.ignored, is_written=not is_dry_run, notes=table.notes)
    if is_dry_run or set(outcome.refused) - set(without):
        transaction.set_rollback(True)
        return outcome._replace(is_written=False)
    return outcome


def import_rows(study: Study, table: Table, by: User, reason: str) -> Iterator[Line]:
    """One Line per row of the table, each done or refused by itself."""
    sections = {
        section.key: section
        for section in Section.objects.filter(study=study).select_related("study")
    }
    known = {(code.section_id, sameness(code.label)): code for code in editable_codes(study)}
    first = {}
    for row in table.rows:
        first.setdefault((row["section"], sameness(row["label"])), row.line)
    # Parents first: a row may name one that another row brings.
    for row in sorted(table.rows, key=lambda row: bool(row["parent"])):
        line = first[row["section"], sameness(row["label"])]
        try:
            if line != row.line:
                raise ValidationError(f"“{row['label']}” stands in line {line} already.")
            with transaction.atomic():
                outcome, why = import_row(row, table.columns, sections, known, by, reason)
        except ValidationError as error:
            outcome, why = "refused", " ".join(error.messages)
        yield Line(row.line, row["section"], row["label"], outcome, why)


def editable_codes(study):
    statuses = [Code.Status.ACTIVE, Code.Status.RETIRED]
    return Code.objects.filter(section__study=study, status__in=statuses).select_related(
        "section__study", "parent"
    )


def import_row(row, columns, sections, known, by, reason):
    """Returns `(outcome, why)` of a Line; `known` grows with the codes that are added."""
    section = sections.get(row["section"])
    if section is None:
        raise ValidationError(f"There is no section “{row['section']}”: the column takes its key.")
    code = known.get((section.pk, sameness(row["label"])))
    status = row["status"].casefold()
    if status not in {"", code.status if code else Code.Status.ACTIVE}:
        if status == Code.Status.MERGED and code is None:
            return "unchanged", "merged away"
        raise ValidationError(
            f"Its status would become “{row['status']}”: that is done on the page of the code."
        )
    facts = facts_of(row, columns, section, known)
    if code is None:
        return add_code(row, facts, section, known, by, reason)
    changed = [name for name, value in facts.items() if getattr(code, name) != value]
    if not changed:
        return "unchanged", ""
    known[section.pk, sameness(code.label)] = codebook_changes.edit(
        code, by=by, facts=facts, reason=reason
    )
    return "changed", ", ".join(
        FIELD_NAMES.get(f"{name}_id", FIELD_NAMES.get(name, name)) for name in changed
    )


def add_code(row, facts, section, known, by, reason):
    codes = [code for (section_id, _), code in known.items() if section_id == section.pk]
    near = match_code(row["label"], codes)
    code = codebook_changes.add(
        section, by=by, facts={"label": row["label"], **facts}, reason=reason
    )
    known[section.pk, sameness(code.label)] = code
    return "new", f"nearly the same as “{near}”" if near else ""


def facts_of(row, columns, section, known):
    """What the row says of the code, as fields; of columns that the file has alone."""
    facts = {name: row[name] for name in TEXT_COLUMNS if name in columns}
    if "parent" in columns:
        facts["parent"] = (
            known.get((section.pk, sameness(row["parent"]))) if row["parent"] else None
        )
        if row["parent"] and facts["parent"] is None:
            raise ValidationError(
                f"There is no code “{row['parent']}” in {section} to stand under."
            )
    if row["excludes_paper"]:
        if row["excludes_paper"].casefold() not in TRUTHS:
            raise ValidationError(f"excludes_paper is 1 or 0, not “{row['excludes_paper']}”.")
        facts["excludes_paper"] = TRUTHS[row["excludes_paper"].casefold()]
    return facts
