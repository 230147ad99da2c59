"""The tables of what happened around the codings: rounds, summaries, decisions,
discussions. The history of the codebook and the log are in `history`.
"""

from django.db.models import Prefetch

from mapping.exchange.study_tables import as_json, numbers_of_codes
from mapping.exchange.table import CHUNK, Column, Table
from reviews.blindness import independence
from reviews.exchange.references import Outward
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
)


def rounds(scope):
    outward = Outward(scope)
    for one in in_order(scope, Round, "phase", "closed_by"):
        yield [
            one.name,
            one.phase.key,
            one.kind,
            one.due_on.isoformat() if one.due_on else "",
            scope.words(one.guidance),
            one.opened_at,
            one.closed_at,
            scope.person(one.closed_by),
            one.codebook_version,
            as_json(outward(one.frozen_agreement)) if scope.is_whole else "",
        ]


ASSIGNMENT_COLUMNS = (
    PAPER,
    ROUND,
    REVIEWER,
    Column("position", "place in the reviewer's reading order"),
    Column("assigned_at", "when it was handed out"),
    Column("withdrawn_at", "when it was taken back"),
)


def assignments(scope):
    for one in in_order(scope, Assignment, "paper", "round", "reviewer"):
        yield [
            one.paper.key,
            one.round.name,
            scope.person(one.reviewer),
            one.position,
            one.assigned_at,
            one.withdrawn_at,
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
    for one in (
        scope.of(Summary)
        .submitted()
        .select_related(*related)
        .order_by("pk")
        .iterator(chunk_size=CHUNK)
    ):
        given = one.assignment
        yield [
            given.paper.key,
            given.round.name,
            scope.person(given.reviewer),
            one.revision,
            one.origin,
            one.started_at,
            one.submitted_at,
            one.codebook_version,
            scope.person(one.reopened_by),
            scope.words(one.reopened_reason),
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
            "codebook.csv"
        ),
    ),
)


def resolutions(scope):
    outward = Outward(scope)
    related = ("paper", "section__phase", "adopted_from", "decided_by", "undone_by")
    for one in in_order(scope, Resolution, *related):
        yield [
            one.paper.key,
            one.section.phase.key,
            one.section.key,
            one.basis,
            scope.person(one.adopted_from),
            one.cause,
            scope.words(one.rationale),
            one.reviewers,
            one.is_unanimous,
            one.by_coder,
            scope.person(one.decided_by),
            one.decided_at,
            scope.person(one.undone_by),
            one.undone_at,
            one.finding_id is not None,
            as_json(outward(one.content)),
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
    for one in ordered.prefetch_related(mentioned).iterator(chunk_size=CHUNK):
        yield [
            one.paper.key,
            one.section.phase.key,
            one.section.key,
            scope.person(one.by),
            one.at,
            scope.words(one.text),
            one.is_decision_rule,
            scope.person(one.resolved_by),
            one.resolved_at,
            "; ".join(scope.person(mention.user) for mention in one.mentions.all()),
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
    for one in in_order(scope, Deferral, "paper", "section", "by"):
        yield [
            one.paper.key,
            one.section.key,
            scope.words(one.note),
            scope.person(one.by),
            one.at,
            one.lifted_at,
        ]


LOOK_COLUMNS = (
    PAPER,
    PHASE,
    Column("user", "who looked"),
    Column("reason", "why"),
    Column("at", "when"),
)


def looks(scope):
    for one in in_order(scope, EarlyLook, "paper", "phase", "user"):
        yield [
            one.paper.key,
            one.phase.key,
            scope.person(one.user),
            scope.words(one.reason),
            one.at,
        ]


ACCESS_COLUMNS = (
    PAPER,
    PHASE,
    Column("user", "who could read others' answers there while the paper was not theirs to code"),
    Column("why", f"{', '.join(PriorAccess.Why.values)}"),
    Column("at", "since when: what they submitted after that is not independent"),
)


def accesses(scope):
    for one in in_order(scope, PriorAccess, "paper", "phase", "user"):
        yield [one.paper.key, one.phase.key, scope.person(one.user), one.why, one.at]


TASK_COLUMNS = (
    PAPER,
    ROUND,
    REVIEWER,
    SECTION,
    Column("version", "the codebook version that asks for it"),
    Column("code_number", "number in codebook.csv of the code that was split"),
    Column("asked_at", "when it was asked for"),
    Column("done_at", "when it was done"),
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
    for one in in_order(scope, RecodingTask, *related):
        given = one.assignment
        yield [
            given.paper.key,
            given.round.name,
            scope.person(given.reviewer),
            one.section.key,
            one.change.version if one.change else None,
            numbers.get(one.code_id),
            one.asked_at,
            one.done_at,
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
)
TASKS = Table(
    "recoding_tasks.csv",
    "What was to be coded again after the codebook changed.",
    TASK_COLUMNS,
    tasks,
)
