"""Versions of the codebook: every change of sections and codes is one numbered step with a line in
the log.

What a change did to codes is recorded as `{"codes": {number: {field: value}}}` before and after,
which is all that taking it back needs.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection, transaction

from mapping.codebook.kept import keys_for, renamed
from mapping.models import Code, CodebookChange, LogEntry, Study, User
from mapping.models.fields import check_lengths

Act, Status = CodebookChange.Act, Code.Status

TEXT_FIELDS = ("label", "definition", "when_not", "example")
EDITABLE_FIELDS = (*TEXT_FIELDS, "parent_id", "excludes_paper")
FIELD_NAMES = {
    "label": "label",
    "definition": "definition",
    "when_not": "when not to use",
    "example": "example",
    "parent_id": "parent",
    "excludes_paper": "excludes the paper",
    "position": "place",
    "status": "status",
    "merged_into_id": "merged into",
    "section_id": "section",
    "reason": "reason",
}


class ChangedMeanwhile(Exception):
    """Somebody else saved the same row after the writer had opened it. `now` is the row as it
    stands.
    """

    def __init__(self, now, by=None, at=None):
        super().__init__("changed meanwhile")
        self.now = now
        self.by = by
        self.at = at


def token(row: Any, fields: Iterable[str]) -> str:
    """A short hash of these fields: a form sends back the one it was opened with, so that a save
    over somebody else's is noticed.
    """
    values = json.dumps([str(getattr(row, name)) for name in fields])
    return hashlib.sha256(values.encode()).hexdigest()[:16]


def code_token(code: Code) -> str:
    return token(code, (*EDITABLE_FIELDS, "status", "section_id"))


def hold_codebook(study: Study) -> int:
    """Keep merges and retirements out until this transaction ends, but not other readers; returns
    the version.
    """
    with connection.cursor() as cursor:
        # The acts lock the study's row first: a code checked here is the same when its mark is
        # written.
        table = connection.ops.quote_name(Study._meta.db_table)
        query = f"SELECT codebook_version FROM {table} WHERE id = %s FOR SHARE"  # noqa: S608
        cursor.execute(query, [study.pk])
        return cursor.fetchone()[0]


def locked_code(code: Code) -> Code:
    """The code as it is now; every other act on this study's codebook, and every save of an answer,
    waits.
    """
    Study.objects.select_for_update().get(pk=code.section.study_id)
    return Code.objects.select_related("section__study", "parent", "merged_into").get(pk=code.pk)


def change_codes(updates: Mapping[Code, dict]) -> tuple[dict, dict]:
    """Write `{code: {field: value}}`; returns `(before, after)` of what differs, for the
    history.
    """
    changes = {code: fields_that_differ(code, values) for code, values in updates.items()}
    changes = {code: changed for code, changed in changes.items() if changed}
    former = {code: {name: getattr(code, name) for name in changes[code]} for code in changes}
    keys = keys_for([*former.values(), *changes.values()])
    for code, changed in changes.items():
        for name, value in changed.items():
            setattr(code, name, value)
        check_lengths(code)
        code.save(update_fields=[name.removesuffix("_id") for name in changed])
    before, after = (
        {"codes": {str(code.number): renamed(values, keys) for code, values in side.items()}}
        for side in (former, changes)
    )
    return before, after


def fields_that_differ(code, values):
    return {name: value for name, value in values.items() if getattr(code, name) != value}


@transaction.atomic
def record_change(
    study: Study,
    act: str,
    *,
    by: User,
    before: dict,
    after: dict,
    text: str = "",
    log_act: str = "",
    **fields: Any,
) -> CodebookChange:
    """Make the next codebook version and write down what it changed.

    `before` and `after` hold all that undoing needs. `text` is the sentence of the log. `fields`
    are others of CodebookChange: section, code, marks, papers, reason, undoes.
    """
    study.codebook_version = next_version(study)
    change = CodebookChange.objects.create(
        study=study,
        version=study.codebook_version,
        act=act,
        by=by,
        before=before,
        after=after,
        **fields,
    )
    log_change(change, text or sentence_about(change), log_act or default_log_act(change))
    return change


def record_code_change(
    code: Code, act: str, *, by: User, before: dict, after: dict, text: str, **fields: Any
) -> CodebookChange:
    """`record_change` for a change of one code."""
    return record_change(
        code.section.study,
        act,
        by=by,
        before=before,
        after=after,
        text=text,
        section=code.section,
        code=code,
        **fields,
    )


def next_version(study: Study) -> int:
    # Two changes at once must not both become version 7: the second waits here for the first.
    locked = Study.objects.select_for_update().values_list("codebook_version", flat=True)
    version = locked.get(pk=study.pk) + 1
    Study.objects.filter(pk=study.pk).update(codebook_version=version)
    return version


def sentence_about(change):
    code, section = change.code, change.section
    subject = (
        f"Code “{code.label}”" if code else f"Section “{section.label}”" if section else "Template"
    )
    return f"{subject} {change.get_act_display()}."


def default_log_act(change):
    return f"{change.act}-{'code' if change.code else 'section'}"


def log_change(change, text, log_act):
    # Which marks were touched stands in the change: lists of them would fill the log, and their
    # number would tell those who still have to code what is in there.
    is_of_codes = "codes" in change.after
    facts = {} if is_of_codes else {"before": change.before, "after": change.after}
    LogEntry.objects.record(
        change.study,
        change.by,
        log_act,
        text + (f" Why: {change.reason}" if change.reason else ""),
        version=change.version,
        section=change.section.key if change.section else None,
        code=change.code.label if change.code else None,
        **facts,
    )


def record_many(study: Study, changes: list[CodebookChange], *, by: User, reason: str) -> None:
    """Number these unsaved CodebookChanges of one study and write them at once.

    Whoever calls holds the study's row, and writes one line into the log for all of them.
    """
    version = Study.objects.values_list("codebook_version", flat=True).get(pk=study.pk)
    for step, change in enumerate(changes, start=1):
        change.study, change.by, change.reason, change.version = study, by, reason, version + step
    CodebookChange.objects.bulk_create(changes, batch_size=1000)
    study.codebook_version = version + len(changes)
    Study.objects.filter(pk=study.pk).update(codebook_version=study.codebook_version)
