"""The tables of what happened around the codings: rounds, summaries, decisions,
discussions. The history of the codebook and the log are in `history`.
"""

from django.db.models import Prefetch

from mapping.exchange.study_tables import IMPORTS, SOURCES, TEAM, as_json, numbers_of_codes
from mapping.exchange.table import CHUNK, Column, Table
from reviews.blindness import independence
from reviews.exchange.references import outward
from reviews.exchange.tables.codings import ANSWERS
from reviews.models import (
    Assignment,
    Deferral,
    EarlyLook,
    Mention,
    PriorAccess,
    RecodingTask,
    Remark,
    Resolution,
    Round,
    Summary,
)

PAPER, SECTION = Column("paper", "key of the paper"), Column("section", "key of the section")
PHASE, ROUND = Column("phase", "key of the phase"), Column("round", "name of the round")
REVIEWER = Column("reviewer", "user name, or R1, R2 … under pseudonyms")


def in_order(scope, model, *related):
    return scope.of(model).select_related(*related).order_by("pk").iterator(chunk_size=CHUNK)


ROUND_COLUMNS = (
    Column("name", "name of the round"),
    PHASE,
    Column("kind", "pilot, calibration or main"),
    Column("due_on", "when it is due"),
    Column("guidance", "what its reviewers were told"),
    Column("opened_at", "when it was opened"),
    Column("closed_at", "when it was closed: from then on its agreement is frozen"),
    Column("closed_by", "who closed it"),
    Column("codebook_version", "under which it was closed"),
    Column("frozen_agreement", "the statistics as they stood at closing, as JSON"),
    Column("number", "what the log calls the round", is_later=True),
)


def rounds(scope):
    kept = outward(scope)
    for round in in_order(scope, Round, "phase", "closed_by"):
        yield [
            round.name,
            round.phase.key,
            round.kind,
            round.due_on.isoformat() if round.due_on else "",
            scope.words(round.guidance),
            round.opened_at,
            round.closed_at,
            scope.person(round.closed_by),
            round.codebook_version,
            as_json(kept(round.frozen_agreement)) if scope.is_whole else "",
            round.number,
        ]


ASSIGNMENT_COLUMNS = (
    PAPER,
    ROUND,
    REVIEWER,
    Column("position", "place in the reviewer's reading order"),
    Column("assigned_at", "when it was handed out"),
    Column("withdrawn_at", "when it was taken back"),
    Column("uid", "what the log and frozen agreement call it", is_later=True),
)


def assignments(scope):
    for assignment in in_order(scope, Assignment, "paper", "round", "reviewer"):
        yield [
            assignment.paper.key,
            assignment.round.name,
            scope.person(assignment.reviewer),
            assignment.position,
            assignment.assigned_at,
            assignment.withdrawn_at,
            assignment.uid if scope.has_history else None,
        ]


SUMMARY_COLUMNS = (
    PAPER,
    ROUND,
    REVIEWER,
    Column("revision", "1 is the first submission"),
    Column("origin", "browser, codings or template: typed, or imported from which kind of file"),
    Column("started_at", "when it was begun"),
    Column("submitted_at", "when it was submitted"),
    Column("codebook_version", "the codebook under which it was submitted"),
    Column("reopened_by", "who reopened it, for later revisions"),
    Column("reopened_reason", "why"),
    Column(
        "not_independent",
        "why it does not count for agreement: its reviewer could read others' answers on the paper "
        "before submitting "
        f"their own ({', '.join(PriorAccess.Why.values)}); empty: it is independent",
        is_later=True,
    ),
)


def summaries(scope):
    apart = independence.of_study(scope.study)
    related = ("assignment__paper", "assignment__round", "assignment__reviewer", "reopened_by")
    for summary in (
        scope.of(Summary)
        .submitted()
        .select_related(*related)
        .order_by("pk")
        .iterator(chunk_size=CHUNK)
    ):
        given = summary.assignment
        yield [
            given.paper.key,
            given.round.name,
            scope.person(given.reviewer),
            summary.revision,
            summary.origin,
            summary.started_at,
            summary.submitted_at,
            summary.codebook_version,
            scope.person(summary.reopened_by),
            scope.words(summary.reopened_reason),
            str(apart.get(given.pk, "")),
        ]


RESOLUTION_COLUMNS = (
    PAPER,
    PHASE,
    SECTION,
    Column("basis", "unanimous, single, adopted, union, intersection or other"),
    Column("adopted_from", "whose answer was adopted"),
    Column("cause", "what caused the difference"),
    Column("rationale", "why it was settled so"),
    Column("reviewers", "how many reviewers' answers it rests on"),
    Column("is_unanimous", "1: all said the same"),
    Column("by_coder", "1: whoever decided had coded the paper"),
    Column("decided_by", "who settled it; empty: it settled itself"),
    Column("decided_at", "when"),
    Column("undone_by", "who took it back"),
    Column("undone_at", "when it was taken back"),
    Column("of_finding", "1: belongs to the finding that stands in findings.csv"),
    Column(
        "content",
        (
            "what was settled and what everybody had said, as JSON; codes by their number in "
            "codebook.csv, people by their user name"
        ),
    ),
)


def resolutions(scope):
    kept = outward(scope)
    related = ("paper", "section__phase", "adopted_from", "decided_by", "undone_by")
    for resolution in in_order(scope, Resolution, *related):
        yield [
            resolution.paper.key,
            resolution.section.phase.key,
            resolution.section.key,
            resolution.basis,
            scope.person(resolution.adopted_from),
            resolution.cause,
            scope.words(resolution.rationale),
            resolution.reviewers,
            resolution.is_unanimous,
            resolution.by_coder,
            scope.person(resolution.decided_by),
            resolution.decided_at,
            scope.person(resolution.undone_by),
            resolution.undone_at,
            resolution.finding_id is not None,
            as_json(kept(resolution.content)),
        ]


REMARK_COLUMNS = (
    PAPER,
    PHASE,
    SECTION,
    Column("by", "who said it"),
    Column("at", "when"),
    Column("text", "what was said"),
    Column("is_decision_rule", "1: the team took it as a rule for further coding"),
    Column("resolved_by", "who closed the discussion"),
    Column("resolved_at", "when"),
    Column("mentions", "who was called to it, separated by semicolons"),
)


def remarks(scope):
    mentioned = Prefetch("mentions", Mention.objects.select_related("user").order_by("pk"))
    ordered = (
        scope.of(Remark)
        .select_related("paper", "section__phase", "by", "resolved_by")
        .order_by("pk")
    )
    for remark in ordered.prefetch_related(mentioned).iterator(chunk_size=CHUNK):
        yield [
            remark.paper.key,
            remark.section.phase.key,
            remark.section.key,
            scope.person(remark.by),
            remark.at,
            scope.words(remark.text),
            remark.is_decision_rule,
            scope.person(remark.resolved_by),
            remark.resolved_at,
            "; ".join(scope.person(mention.user) for mention in remark.mentions.all()),
        ]


DEFERRAL_COLUMNS = (
    PAPER,
    SECTION,
    Column("note", "why it was put off"),
    Column("by", "who put it off"),
    Column("at", "when"),
    Column("lifted_at", "until when"),
)


def deferrals(scope):
    for deferral in in_order(scope, Deferral, "paper", "section", "by"):
        yield [
            deferral.paper.key,
            deferral.section.key,
            scope.words(deferral.note),
            scope.person(deferral.by),
            deferral.at,
            deferral.lifted_at,
        ]


LOOK_COLUMNS = (
    PAPER,
    PHASE,
    Column("user", "who looked"),
    Column("reason", "why"),
    Column("at", "when"),
)


def looks(scope):
    for look in in_order(scope, EarlyLook, "paper", "phase", "user"):
        yield [
            look.paper.key,
            look.phase.key,
            scope.person(look.user),
            scope.words(look.reason),
            look.at,
        ]


ACCESS_COLUMNS = (
    PAPER,
    PHASE,
    Column("user", "who could read others' answers there while the paper was not theirs to code"),
    Column("why", f"{', '.join(PriorAccess.Why.values)}"),
    Column("at", "since when: what they submitted after that is not independent"),
)


def accesses(scope):
    for access in in_order(scope, PriorAccess, "paper", "phase", "user"):
        yield [access.paper.key, access.phase.key, scope.person(access.user), access.why, access.at]


TASK_COLUMNS = (
    PAPER,
    ROUND,
    REVIEWER,
    SECTION,
    Column("version", "the codebook version that asks for it"),
    Column("code_number", "number in codebook.csv of the code that was split"),
    Column("asked_at", "when it was asked for"),
    Column("done_at", "when it was done"),
    Column("uid", "what codebook_changes.csv calls it", is_later=True),
)


def tasks(scope):
    numbers = numbers_of_codes(scope)
    related = (
        "assignment__paper",
        "assignment__round",
        "assignment__reviewer",
        "section",
        "change",
    )
    for task in in_order(scope, RecodingTask, *related):
        given = task.assignment
        yield [
            given.paper.key,
            given.round.name,
            scope.person(given.reviewer),
            task.section.key,
            task.change.version if task.change else None,
            numbers.get(task.code_id),
            task.asked_at,
            task.done_at,
            task.uid if scope.has_history else None,
        ]


ROUNDS = Table(
    "rounds.csv", "Rounds, with the agreement frozen at their closing.", ROUND_COLUMNS, rounds
)
ASSIGNMENTS = Table(
    "assignments.csv", "Which paper was handed to whom.", ASSIGNMENT_COLUMNS, assignments
)
SUMMARIES = Table("summaries.csv", "One row per submitted summary.", SUMMARY_COLUMNS, summaries)
RESOLUTIONS = Table(
    "resolutions.csv", "How each finding came about.", RESOLUTION_COLUMNS, resolutions
)
REMARKS = Table("remarks.csv", "The discussions.", REMARK_COLUMNS, remarks)
DEFERRALS = Table("deferrals.csv", "What was put off while settling.", DEFERRAL_COLUMNS, deferrals)
LOOKS = Table(
    "early_looks.csv", "Who saw others' answers before submitting their own.", LOOK_COLUMNS, looks
)
ACCESSES = Table(
    "prior_access.csv",
    "Who could read others' answers before coding a paper themselves.",
    ACCESS_COLUMNS,
    accesses,
    is_later=True,
)
TASKS = Table(
    "recoding_tasks.csv",
    "What was to be coded again after the codebook changed.",
    TASK_COLUMNS,
    tasks,
)
# Beside the files that people ask for one by one: what a bundle needs to come back as the same
# study.
FURTHER = (
    *(TEAM, IMPORTS, SOURCES, ROUNDS, ASSIGNMENTS, SUMMARIES),
    *(ANSWERS, DEFERRALS, LOOKS, ACCESSES, TASKS),
)
