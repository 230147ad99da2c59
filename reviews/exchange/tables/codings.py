"""The tables that tell who said what: codings, and findings with how they came about."""

from dataclasses import fields

from django.db.models import Prefetch

from mapping.exchange.study_tables import absence_of, findings_in, numbers_of_codes, value_of
from mapping.exchange.table import CHUNK_WITH_PARTS, Column, Table
from mapping.judgement.absences import NAMES, NONE_APPLY, NONE_APPLY_LABEL, listed
from mapping.judgement.kinds import KINDS
from mapping.judgement.values import NO_EVIDENCE, Evidence
from mapping.models import Code
from reviews.judgement.database import judgement_of
from reviews.models import Mark, Resolution, Summary

SINGLE = [name for name, kind in KINDS.items() if kind.has_codes and not kind.is_multiple]
ABSENCE = f"{listed(NAMES, 'or')}; of {listed(SINGLE)} also {NONE_APPLY}: {NONE_APPLY_LABEL}"
KIND = listed(KINDS, "or")
VALUE = "; ".join(dict.fromkeys(kind.means for kind in KINDS.values()))


def evidence_columns(**means):
    """A column for each field of evidence; `means` says what it holds here, if not the usual."""
    return [
        Column(one.name, means.get(one.name, one.metadata["means"]), one.metadata["is_later"])
        for one in fields(Evidence)
    ]


CODINGS_COLUMNS = (
    Column("paper", "key of the paper"),
    Column("phase", "key of the phase"),
    Column("round", "name of the round"),
    Column("reviewer", "user name, or R1, R2 … under pseudonyms"),
    Column("revision", "1 is the first submission; agreement counts no other"),
    Column("section", "key of the section"),
    Column("kind", KIND),
    Column(
        "value",
        f"{VALUE}; of codes, empty with an empty absence: none of them",
    ),
    Column("absence", ABSENCE),
    *evidence_columns(),
    Column("confidence", "1 guess … 5 certain"),
    Column("submitted_at", "when the summary was submitted"),
    Column("codebook_version", "the codebook under which it was submitted"),
)


def summaries_in(scope):
    """What was submitted, paper by paper, with answers and marks at hand. Drafts are their writers'
    own.
    """
    marks = Mark.objects.select_related("code").order_by("position", "pk")
    return (
        scope.of(Summary)
        .submitted()
        .select_related("assignment__round__phase", "assignment__paper", "assignment__reviewer")
        .prefetch_related("answers__section", Prefetch("answers__marks", marks))
        .order_by("assignment__paper", "assignment__round", "assignment", "revision")
    )


def answers_in(scope):
    """`(summary, answer)`, in the order of the form: so the rows of codings.csv and answers.csv
    meet.
    """
    for summary in summaries_in(scope).iterator(chunk_size=CHUNK_WITH_PARTS):
        for answer in sorted(
            summary.answers.all(), key=lambda one: (one.section.position, one.section_id)
        ):
            yield summary, answer


def codings(scope):
    """One row per mark; an answer without marks has one row; a blank has none."""
    for summary, answer in answers_in(scope):
        assignment, section = summary.assignment, answer.section
        head = [
            assignment.paper.key,
            assignment.round.phase.key,
            assignment.round.name,
            scope.person(assignment.reviewer),
            summary.revision,
            section.key,
            section.kind,
        ]
        tail = [answer.confidence, summary.submitted_at, summary.codebook_version]
        for *cells, _, _ in rows_of(answer, scope):
            yield [*head, *cells, *tail]


def rows_of(row, scope):
    """An answer or a finding as cells: `[value, absence, *evidence, primary key of the code, uid of
    the mark]`, once per mark or once. Nothing for a blank.
    """
    judgement, rows = judgement_of(row), []
    for mark, saved in zip(judgement.marks, row.marks.all(), strict=True):
        label, code = scope.code(saved.code)
        rows.append([label, "", *mark.evidence.as_list(), code, saved.uid])
    value = value_of(row)
    if rows or (value in {"", None} and not judgement.absence_word):
        return rows
    value = "" if value is None else value
    return [[value, absence_of(row), *judgement.evidence.as_list(), None, None]]


FINDINGS_COLUMNS = (
    Column("paper", "key of the paper"),
    Column("phase", "key of the phase"),
    Column("section", "key of the section"),
    Column("kind", KIND),
    Column(
        "value",
        "what was settled; one row per code; of codes, empty with an empty absence: none of them",
    ),
    Column("absence", ABSENCE),
    *evidence_columns(quote="evidence that carried it", rationale="the reader's why"),
    Column("basis", "unanimous, single, adopted, union, intersection or other"),
    Column("adopted_from", "whose answer was adopted"),
    Column("cause", "what caused the difference"),
    Column("decision_rationale", "why it was settled so"),
    Column("reviewers", "how many reviewers' answers it rests on"),
    Column("is_unanimous", "1: all said the same"),
    Column("decided_by", "who settled it; empty: it settled itself"),
    Column("decided_at", "when"),
    Column("none_apply", "1: none of the codes apply"),
    Column("code_number", "number of the code in codebook.csv"),
    Column("settled_at", "when the finding was last written"),
    Column("mark_uid", "what codebook_changes.csv calls the code's mark", is_later=True),
)


def findings(scope):
    numbers = numbers_of_codes(scope)
    newest = (
        scope.of(Resolution)
        .in_force()
        .select_related("adopted_from", "decided_by")
        .order_by("decided_at", "pk")
    )
    ordered = findings_in(scope).prefetch_related(
        Prefetch("resolutions", newest, to_attr="decisions")
    )
    for finding in ordered.iterator(chunk_size=CHUNK_WITH_PARTS):
        how = finding.decisions[-1] if finding.decisions else None
        head = [
            finding.paper.key,
            finding.section.phase.key,
            finding.section.key,
            finding.section.kind,
        ]
        blank = ["", "", *NO_EVIDENCE.as_list(), None, None]
        for *cells, code, uid in rows_of(finding, scope) or [blank]:
            tail = [finding.none_apply, numbers.get(code), finding.settled_at]
            tail.append(uid if scope.has_history else None)
            yield [*head, *cells, *came_about(how, scope), *tail]


def came_about(how, scope):
    if how is None:
        return [""] * 8
    return [
        how.basis,
        scope.person(how.adopted_from),
        how.cause,
        scope.words(how.rationale),
        how.reviewers,
        how.is_unanimous,
        scope.person(how.decided_by),
        how.decided_at,
    ]


ANSWER_COLUMNS = (
    Column("paper", "key of the paper"),
    Column("round", "name of the round"),
    Column("reviewer", "user name, or R1, R2 … under pseudonyms"),
    Column("revision", "revision of the summary"),
    Column("section", "key of the section"),
    Column("codebook_version", "the codebook under which the answer was last saved"),
    Column("version", "how often it was saved"),
    *evidence_columns(
        quote="evidence of the whole answer, where codings.csv has rows for its marks or none",
        page="page of that quote",
        rationale="why, for the whole answer",
    ),
    Column("confidence", "1 guess … 5 certain, where codings.csv has no row"),
    Column(
        "code_numbers",
        "the codes in the order of the marks, where another code of the section has the same label",
    ),
    Column("uid", "what codebook_changes.csv calls the answer", is_later=True),
    Column("mark_uids", "what it calls the marks, in their order", is_later=True),
)


def answers(scope):
    """One row per answer, with what codings.csv has no column for."""
    numbers = numbers_of_codes(scope)
    ambiguous = with_doubles(scope)
    for summary, answer in answers_in(scope):
        assignment, marks = summary.assignment, list(answer.marks.all())
        rows = rows_of(answer, scope)
        apart = Evidence.of(answer) if marks or not rows else NO_EVIDENCE
        is_unclear = any(mark.code_id in ambiguous for mark in marks)
        yield [
            assignment.paper.key,
            assignment.round.name,
            scope.person(assignment.reviewer),
            summary.revision,
            answer.section.key,
            answer.codebook_version,
            answer.version,
            *apart.as_list(),
            None if rows else answer.confidence,
            " ".join(str(numbers.get(mark.code_id)) for mark in marks) if is_unclear else "",
            *uids_of(answer, marks, scope),
        ]


def uids_of(answer, marks, scope):
    """Of use to the history alone."""
    return (
        [answer.uid, " ".join(str(mark.uid) for mark in marks)] if scope.has_history else ["", ""]
    )


def with_doubles(scope):
    """The codes whose section has another code of the same label."""
    by_label = {}
    for pk, section, label in scope.of(Code).values_list("pk", "section", "label"):
        by_label.setdefault((section, label), []).append(pk)
    return {pk for pks in by_label.values() if len(pks) > 1 for pk in pks}


CODINGS = Table(
    "codings.csv",
    "Every reviewer's codings, every revision, one row per mark.",
    CODINGS_COLUMNS,
    codings,
)
ANSWERS = Table(
    "answers.csv",
    "One row per answer, with what codings.csv has no column for.",
    ANSWER_COLUMNS,
    answers,
)
FINDINGS = Table(
    "findings.csv", "Settled, one row per code, with how it came about.", FINDINGS_COLUMNS, findings
)
