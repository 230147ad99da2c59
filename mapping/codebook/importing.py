"""A codebook from a table: first what it would change, then the same through the codebook's own
acts.
"""

from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction

from mapping.codebook import changes as codebook_changes
from mapping.codebook.files import COLUMNS
from mapping.models import Code, Section, Study
from mapping.parsers.labels import match_code
from mapping.parsers.lookalikes import sameness
from mapping.parsers.tables import read_table

WORDS = ("definition", "when_not", "example")


class Line(NamedTuple):
    """One row of the file. `word`: new, changed, unchanged or refused; `why` says what changes, or
    why not.
    """

    line: int
    section: str
    label: str
    word: str
    why: str = ""


class Imported(NamedTuple):
    """What the rows did, or would do. `is_written` is False for a dry run, and where a row was
    refused unasked.
    """

    lines: list
    ignored: list
    is_written: bool
    notes: list

    def count(self, word):
        return sum(line.word == word for line in self.lines)

    @property
    def counts(self):
        return {word: self.count(word) for word in ("new", "changed", "unchanged", "refused")}

    @property
    def refused(self):
        """The line numbers of the rows that cannot be taken."""
        return [line.line for line in self.lines if line.word == "refused"]


def read(name, content):
    """The Table of a file; UnreadableFile where it is none. Section and label are needed."""
    others = [name for name in COLUMNS if name not in {"section", "label"}]
    return read_table(name, content, required=["section", "label"], optional=others)


@transaction.atomic
def import_codebook(study, table, *, by, reason, is_dry_run=False, without=()):
    """Add what is new, change what differs: all rows, or nothing (law 10).

    `without` are the lines that the person has seen refused and agreed to leave out; with any other
    refused row nothing is written. Only columns that the file has are looked at: a file without
    definitions changes none.
    """
    Study.objects.select_for_update().get(pk=study.pk)
    lines = [*brought_in(study, table, by, reason)]
    lines += [Line(problem.line, "", "", "refused", problem.reason) for problem in table.problems]
    outcome = Imported(sorted(lines), table.ignored, is_written=not is_dry_run, notes=table.notes)
    if is_dry_run or set(outcome.refused) - set(without):
        transaction.set_rollback(True)
        return outcome._replace(is_written=False)
    return outcome


def brought_in(study, table, by, reason):
    """One Line per row of the table, each done or refused by itself."""
    sections = {one.key: one for one in Section.objects.filter(study=study).select_related("study")}
    known = {(code.section_id, sameness(code.label)): code for code in standing(study)}
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
                word, why = brought(row, table.columns, sections, known, by, reason)
        except ValidationError as error:
            word, why = "refused", " ".join(error.messages)
        yield Line(row.line, row["section"], row["label"], word, why)


def standing(study):
    statuses = [Code.Status.ACTIVE, Code.Status.RETIRED]
    return Code.objects.filter(section__study=study, status__in=statuses).select_related(
        "section__study", "parent"
    )


def brought(row, columns, sections, known, by, reason):
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
        alike = match_code(
            row["label"], [one for (pk, _), one in known.items() if pk == section.pk]
        )
        code = codebook_changes.add(
            section, by=by, facts={"label": row["label"], **facts}, reason=reason
        )
        known[section.pk, sameness(code.label)] = code
        return "new", f"nearly the same as “{alike}”" if alike else ""
    changed = [name for name, value in facts.items() if getattr(code, name) != value]
    if not changed:
        return "unchanged", ""
    known[section.pk, sameness(code.label)] = codebook_changes.change(
        code, by=by, facts=facts, reason=reason
    )
    return "changed", ", ".join(
        codebook_changes.NAMES.get(f"{name}_id", codebook_changes.NAMES.get(name, name))
        for name in changed
    )


def facts_of(row, columns, section, known):
    facts = {name: row[name] for name in WORDS if name in columns}
    if "parent" in columns:
        facts["parent"] = (
            known.get((section.pk, sameness(row["parent"]))) if row["parent"] else None
        )
        if row["parent"] and facts["parent"] is None:
            raise ValidationError(
                f"There is no code “{row['parent']}” in {section} to stand under."
            )
    if row["excludes_paper"]:
        truths = {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}
        if row["excludes_paper"].casefold() not in truths:
            raise ValidationError(f"excludes_paper is 1 or 0, not “{row['excludes_paper']}”.")
        facts["excludes_paper"] = truths[row["excludes_paper"].casefold()]
    return facts
