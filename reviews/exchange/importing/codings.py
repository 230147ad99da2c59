"""Independent codings from a spreadsheet: read whole, judged whole, then written whole or not at
all.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from django.db import transaction
from django.template.defaultfilters import pluralize

from mapping.models import LogEntry, Study, User
from mapping.parsers import Problem
from mapping.site.plurals import counted
from reviews.blindness import independence
from reviews.exchange.importing.absence_words import AbsenceWords
from reviews.exchange.importing.answers import judgement_from
from reviews.exchange.importing.finders import (
    CodeFinder,
    NotFound,
    PaperFinder,
    ReviewerFinder,
    small,
)
from reviews.exchange.importing.paper_names import check_names
from reviews.exchange.importing.rows import read_codings
from reviews.exchange.importing.sections import SectionFinder
from reviews.exchange.importing.writer import write
from reviews.models import Assignment, Round, Summary
from reviews.settling.unanimous import settle_unanimous


@dataclass
class PlannedSummary:
    """One revision of what one reviewer says of one paper in one round; nothing of it need be saved
    yet.
    """

    round: Round
    paper: object
    reviewer: object
    revision: int
    rows: list = field(default_factory=list)
    judgements: list = field(default_factory=list)  # (section, Judgement)

    @property
    def assignment_key(self):
        return id(self.round), id(self.paper), id(self.reviewer)


@transaction.atomic
def import_codings(
    study: Study,
    *,
    file_name: str,
    content: bytes,
    by: User,
    round_name: str = "",
    may_create: bool = False,
    columns: Mapping[str, str] | None = None,
    absences: Mapping[str, str] | None = None,
    is_dry_run: bool = False,
) -> dict[str, Any]:
    """Submitted summaries from the rows of a codings file; returns `{summaries, marks, created,
    problems, …}`.

    With any problem nothing is written. `round_name` names the round of all rows; else each row
    names its own, else they are a round of their own named after the file, so that two files about
    the same papers stay apart.
    """
    # Two imports at once would make the same papers, sections and codes twice: the second waits and
    # finds them.
    study = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    rows, problems, table = read_codings(file_name, content, columns=columns, absences=absences)
    plan = Plan(
        study,
        rows,
        file_name=file_name,
        round_name=round_name,
        may_create=may_create,
        problems=problems,
    )
    outcome = plan.outcome() | {"ignored": table.ignored, "rows": len(rows), "dry_run": is_dry_run}
    outcome["notes"] = [*table.notes, *outcome["notes"]]
    if plan.problems:
        return nothing_written(outcome)
    if not is_dry_run:
        write(plan, by=by)
        record(study, by, file_name, outcome)
        settle_unanimous(study, {summary.paper.pk for summary in plan.summaries.values()})
    return outcome


def nothing_written(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """The outcome of a file with problems: what it would have brought does not count."""
    return dict(outcome) | {
        "summaries": 0,
        "marks": 0,
        "created": dict.fromkeys(outcome["created"], 0),
        "made": {what: [] for what in outcome["made"]},
    }


def record(study: Study, by: User, file_name: str, outcome: Mapping[str, Any]) -> None:
    number = outcome["summaries"]
    made = ", ".join(counted(count, what) for what, count in outcome["created"].items() if count)
    text = f"Imported {number} submitted summar{pluralize(number, 'y,ies')} from {file_name}"
    LogEntry.objects.record(
        study,
        by,
        "import-codings",
        f"{text}; made {made}." if made else f"{text}.",
        rounds=outcome["rounds"],
    )


class Plan:
    """What the rows amount to, or all that is wrong with them."""

    def __init__(self, study, rows, *, file_name, round_name, may_create, problems):
        self.study, self.file_name, self.problems = study, file_name, problems
        self.sections = SectionFinder(study, rows, may_create=may_create)
        self.papers = PaperFinder(study, may_create=may_create)
        self.reviewers = ReviewerFinder(study, may_create=may_create)
        self.codes = CodeFinder(study, may_create=may_create)
        self.words = AbsenceWords(self.codes)
        self.rounds = RoundFinder(study, file_name, round_name)
        self.summaries, self.notes = {}, []
        for row in rows:
            self.place(row)
        check_names(self)
        self.check_revisions()
        self.assignments, self.coded = existing_assignments(self)
        self.prior_access = prior_access(self)
        self.refuse_coded()
        for summary in self.summaries.values():
            self.fill(summary)
        self.problems.sort(key=lambda problem: problem.line or 0)

    def refuse(self, row, reason):
        self.problems.append(Problem(row.file or self.file_name, row.line, str(reason)))

    def place(self, row):
        parts, reasons = {}, []
        for name, find in (
            ("section", lambda: self.sections(row)),
            ("paper", lambda: self.papers(row.paper)),
            ("reviewer", lambda: self.reviewers(row.reviewer)),
        ):
            try:
                parts[name] = find()
            except NotFound as error:
                reasons.append(str(error))
        if not reasons:
            try:
                parts["round"] = self.rounds(row, parts["section"].phase)
            except NotFound as error:
                reasons.append(str(error))
        for reason in reasons:
            self.refuse(row, reason)
        if not reasons:
            self.summary_of(row, parts).rows.append((row, parts["section"]))

    def summary_of(self, row, parts):
        key = id(parts["round"]), id(parts["paper"]), id(parts["reviewer"]), row.revision
        if key not in self.summaries:
            self.summaries[key] = PlannedSummary(
                parts["round"], parts["paper"], parts["reviewer"], row.revision
            )
        return self.summaries[key]

    def check_revisions(self):
        first = {
            summary.assignment_key for summary in self.summaries.values() if summary.revision == 1
        }
        for summary in self.summaries.values():
            if summary.assignment_key not in first:
                self.refuse(
                    summary.rows[0][0],
                    f"revision {summary.revision} comes without revision 1, the independent one",
                )

    def refuse_coded(self):
        """A summary that is there is never overwritten, a draft neither."""
        for summary in self.summaries.values():
            assignment = self.assignments.get(key_of(summary))
            if assignment and assignment.pk in self.coded and summary.revision == 1:
                self.refuse(
                    summary.rows[0][0],
                    (
                        f"already coded: {summary.reviewer} has a summary of “{summary.paper.key}” "
                        f"in {summary.round}"
                    ),
                )

    def fill(self, summary):
        by_section = defaultdict(list)
        sections = {}
        for row, section in summary.rows:
            try:
                self.words(row, section, summary.reviewer)
            except NotFound as error:
                self.refuse(row, error)
                continue
            by_section[id(section)].append(row)
            sections[id(section)] = section
        for name, rows in by_section.items():
            try:
                judgement = judgement_from(rows, sections[name], summary.reviewer, self.codes)
            except NotFound as error:
                self.refuse(rows[0], error)
            else:
                summary.judgements += [(sections[name], judgement)] if judgement else []

    @property
    def not_independent(self):
        """[(User, Paper, why)]: who could read others' answers here before theirs came in."""
        papers = {one.paper.pk: one.paper for one in self.summaries.values()}
        reviewers = {one.reviewer.pk: one.reviewer for one in self.summaries.values()}
        found = [pair for several in self.prior_access.values() for pair in several.items()]
        return [(reviewers[user], papers[paper], why) for (paper, user), why in found]

    def outcome(self):
        return {
            "summaries": len(self.summaries),
            "marks": sum(
                len(judgement.marks)
                for summary in self.summaries.values()
                for _, judgement in summary.judgements
            ),
            "created": {
                "papers": len(self.papers.made),
                "reviewers": len(self.reviewers.made),
                "sections": len(self.sections.made),
                "codes": len(self.codes.made),
            },
            "made": self.made(),
            "absences": self.words.told(),
            "problems": [
                {"file": problem.file, "line": problem.line, "reason": problem.reason}
                for problem in self.problems
            ],
            "rounds": sorted({summary.round.name for summary in self.summaries.values()}),
            "notes": [
                *self.sections.notes,
                *self.codes.notes,
                *self.notes,
                *(text for text, _ in independence.warnings(self.not_independent)),
            ],
            "not_independent": [independence.facts(*one) for one in self.not_independent],
        }

    def made(self):
        """Everything that would be new, by name."""
        return {
            "papers": [paper.key for paper in self.papers.made],
            "reviewers": [user.name for user in self.reviewers.made],
            "sections": [section.label for section in self.sections.made],
            "codes": [f"{code.section}: {code.label}" for code in self.codes.made],
        }


class RoundFinder:
    """The round of a row: made where the study has none of that name."""

    def __init__(self, study, file_name, round_name):
        self.study, self.round_name = study, round_name.strip()
        self.default = f"Imported: {PurePath(file_name).stem}"[
            : Round._meta.get_field("name").max_length
        ]
        self.by_name = {
            round.name: round for round in Round.objects.filter(study=study).select_related("phase")
        }
        self.exact_names = {small(name): name for name in reversed(self.by_name)}
        self.made = []

    def __call__(self, row, phase):
        name = self.round_name or row.round
        if not name:
            found = self.by_name.get(self.default)
            # The sections of a second phase cannot go into the round of the first.
            name = (
                self.default
                if found is None or found.phase == phase
                else f"{self.default[:80]} ({phase.key[:16]})"
            )
        longest = Round._meta.get_field("name").max_length
        if len(name) > longest:
            raise NotFound(f"the name of a round has at most {longest} characters")
        if name not in self.by_name:
            name = self.exact_names.setdefault(small(name), name)
        if name not in self.by_name:
            self.by_name[name] = Round(study=self.study, phase=phase, name=name)
            self.made.append(self.by_name[name])
        round = self.by_name[name]
        if round.phase != phase:
            raise NotFound(
                f"the round “{round}” belongs to the phase {round.phase.key}, the section to "
                f"{phase.key}"
            )
        if round.is_closed:
            raise NotFound(f"the round “{round}” is closed and its agreement frozen")
        return round


def key_of(summary):
    return summary.round.pk, summary.paper.pk, summary.reviewer.pk


def prior_access(plan):
    """`{phase: {(paper, user): why}}` of the readers and papers that were here before this file."""
    pairs = defaultdict(list)
    for summary in plan.summaries.values():
        if summary.round.phase.pk and summary.paper.pk and summary.reviewer.pk:
            pairs[summary.round.phase].append((summary.paper.pk, summary.reviewer.pk))
    return {phase: independence.prior_access(phase, several) for phase, several in pairs.items()}


def existing_assignments(plan):
    """The assignments of the rounds that are there already, by round, paper and reviewer, and the
    primary keys of those that are coded.
    """
    rounds = {summary.round.pk for summary in plan.summaries.values()} - {None}
    existing = Assignment.objects.filter(round__in=rounds)
    coded = set(
        Summary.objects.filter(assignment__round__in=rounds).values_list("assignment", flat=True)
    )
    assignments = {
        (assignment.round_id, assignment.paper_id, assignment.reviewer_id): assignment
        for assignment in existing
    }
    return assignments, coded
