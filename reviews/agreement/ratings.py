"""From the database to plain ratings: raters × papers, per section and round, in a constant number
of queries.

Whoever asks hands in a queryset of summaries: pages what `visible_summaries` allows, acts
of the system all.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from django.db.models import F, Q

from mapping.judgement.kinds import KINDS, NUMBER, TEXT, YES_NO
from mapping.models import Code, Section, User
from reviews.agreement.statistics import Absence, prepared, tabulate
from reviews.agreement.statistics.ratings import labels_in
from reviews.blindness.former_rights import came_in
from reviews.blindness.independence import Independence, answered_before_asked
from reviews.models import Answer, Assignment, Mark, PriorAccess, RecodingTask, Summary

NONE_APPLY = Absence("none_of_the_codes")
CODE, PARENT = "code", "parent"
VALUES = (TEXT, NUMBER, YES_NO)


class Reading(NamedTuple):
    """One summary that counts: who read what, in which round."""

    pk: int
    revision: int
    assignment: int
    round: int
    phase: int
    paper: int
    reviewer: int
    submitted_at: object
    origin: str
    why_not: str = ""  # it is independent


@dataclass(frozen=True)
class Rated:
    """One section as its raters filled it in. `raters` and `papers` are ids; `categories` in the
    codebook's order.

    `left_out`: ratings without a place on the scale, by absence.
    """

    section: Section
    raters: tuple
    papers: tuple
    ratings: list
    categories: tuple
    left_out: dict = field(default_factory=dict)
    level: str = CODE
    not_independent: int = 0  # answers left out because their readers could read others' before

    @property
    def target(self):
        """What was declared was declared of single codes."""
        return self.section.agreement_target if self.level == CODE else None

    @cached_property
    def table(self):
        return tabulate(self.ratings)

    @property
    def has_two(self):
        return bool((self.table.codes >= 0).sum(axis=0).max(initial=0) >= 2)


class Sheet:
    """Everything coded in the summaries handed in, read once; `rated` cuts one section and round
    out of it.

    First submissions count (law 2); of a section that came after them, the first answer, which its
    reader gave as blind as the others (`Assignment.objects.blinding`). With `is_after_discussion`
    the summaries count as they are. At the level `PARENT` a code counts as the code it stands
    under.
    """

    def __init__(self, study, summaries, sections=None, *, level=CODE, is_after_discussion=False):
        self.study, self.level = study, level
        coded = study.sections.coded().select_related("phase") if sections is None else sections
        self.sections = list(coded)
        summaries = summaries if is_after_discussion else summaries.with_late_sections()
        self.counted, self.not_independent = independent(
            study, summaries, is_after_discussion=is_after_discussion
        )
        self.answers = self._answers_in(summaries)
        self.late = []
        if not is_after_discussion:
            self._keep_first()

    def _answers_in(self, summaries):
        """`{section: {summary: (value, absence)}}`; blanks are not in it."""
        kinds = {section.pk: section.kind for section in self.sections}
        marks = defaultdict(list)
        rows = Mark.objects.filter(answer__summary__in=summaries, answer__section__in=kinds)
        rows = list(rows.values_list("answer", "code").order_by("position", "pk"))
        self.names, self.scales = code_names(self.sections, {code for _, code in rows}, self.level)
        for answer, code in rows:
            marks[answer].append(self.names[code])
        answers = defaultdict(dict)
        rows = Answer.objects.filter(summary__in=summaries, section__in=kinds).order_by()
        for pk, summary, section, *values in rows.values_list(
            "pk", "summary", "section", "absence", "none_apply", *VALUES
        ):
            answer = judged(KINDS[kinds[section]], marks.get(pk, ()), *values)
            if answer is not None:
                answers[section][summary] = answer
        return answers

    def _keep_first(self):
        """Of later revisions keeps nothing but the first answer to a section that the first one
        could not have.
        """
        counted, left_out = self.counted, self.not_independent
        self.counted = [reading for reading in counted if reading.revision == 1]
        self.not_independent = [reading for reading in left_out if reading.revision == 1]
        later = [reading for reading in counted if reading.revision > 1]
        not_blind = [reading for reading in left_out if reading.revision > 1]
        if later or not_blind:
            self._count_later(
                sorted([*later, *not_blind], key=lambda reading: reading.revision), set(not_blind)
            )

    def _count_later(self, readings, not_blind):
        """Counts the first answers among later revisions; `not_blind` are those whose reader could
        read others' answers by then.
        """
        first = {reading.assignment: reading.pk for reading in self.counted}
        reasons = {reading.assignment: reading.why_not for reading in self.not_independent}
        tasks = self._asked_later()
        for reading in readings:
            for section, until, was_answered in tasks[reading.assignment]:
                answers = self.answers[section]
                if until is not None and reading.submitted_at > until:
                    # The section had been answered, or left blank, and from then on others' could
                    # be read.
                    continue
                if reading.pk not in answers:
                    continue
                if reading.assignment in reasons:
                    self._leave_out(reading._replace(why_not=reasons[reading.assignment]))
                elif first.get(reading.assignment, reading.pk) in answers:
                    continue
                elif was_answered:
                    self._leave_out(reading._replace(why_not=PriorAccess.Why.CODED_BEFORE))
                elif reading in not_blind:
                    self._leave_out(reading)
                else:
                    answers[first[reading.assignment]] = answers[reading.pk]
                    self.late.append((reading, section))

    def _asked_later(self):
        """`{assignment: [(section, until when it was open, whether others had answered it before it
        was asked)]}`
        """
        tasks = RecodingTask.objects.came_later().filter(assignment__round__study=self.study)
        by_assignment = defaultdict(list)
        rows = tasks.values_list(
            "assignment", "section", "done_at", answered_before_asked()
        ).order_by("asked_at")
        for assignment, *task in rows:
            by_assignment[assignment].append(task)
        return by_assignment

    def _leave_out(self, reading):
        if reading not in self.not_independent:
            self.not_independent.append(reading)

    def rated(self, section, round=None):
        """`Rated` of one round (its id), or of all rounds together: then each reader's earliest
        reading of a paper.
        """
        answers, chosen = self.answers.get(section.pk, {}), {}
        for reading in self.readings(round, section.phase_id):
            if reading.pk in answers:
                chosen.setdefault((reading.reviewer, reading.paper), answers[reading.pk])
        raters = tuple(sorted({reviewer for reviewer, _ in chosen}, key=self.usernames.__getitem__))
        papers = tuple(sorted({paper for _, paper in chosen}))
        rows = [[chosen.get((reviewer, paper)) for paper in papers] for reviewer in raters]
        left_out = self.left_out(section.phase_id, round)
        return replace(
            self._prepared(section, raters, papers, rows),
            not_independent=sum(reading.pk in answers for reading in left_out),
        )

    def readings(self, round=None, phase=None):
        """Those that count, of a round or phase, or of all."""
        return readings_of(self.counted, round, phase)

    def left_out(self, phase, round=None):
        """Readings of a phase or round that are left out because they are not independent."""
        return readings_of(self.not_independent, round, phase)

    def _prepared(self, section, raters, papers, answers):
        """`Rated` of these answers, raters × papers."""
        left_out = Counter()
        if section.kind_of.is_on_scale:
            answers = [[self._on_scale(answer, left_out) for answer in row] for row in answers]
        made = prepared(answers, section.kind)
        used = frozenset().union(*map(labels_in, tabulate(made.ratings).values))
        return Rated(
            section,
            raters,
            papers,
            made.ratings,
            self._categories(section, used),
            made.left_out | dict(left_out),
            self.level,
        )

    @staticmethod
    def _on_scale(answer, left_out):
        if answer is not None and answer[0] is NONE_APPLY:
            left_out[NONE_APPLY.name] += 1
            return None
        return answer

    def _categories(self, section, used):
        """What could be said, in the codebook's order; then what was said besides."""
        kind = section.kind_of
        if kind.is_quantity:
            return ()
        declared = sorted(kind.words) or self.scales[section.pk]
        return (*declared, *sorted(used - set(declared), key=str))

    @cached_property
    def people(self):
        return User.objects.in_bulk({reading.reviewer for reading in self.counted})

    @cached_property
    def usernames(self):
        return {pk: user.username for pk, user in self.people.items()}


def readings_of(readings, round=None, phase=None):
    return [
        reading
        for reading in readings
        if round in {None, reading.round} and phase in {None, reading.phase}
    ]


READING = (
    "pk",
    "revision",
    "assignment",
    "assignment__round",
    "assignment__round__phase",
    "assignment__paper",
    "assignment__reviewer",
    "submitted_at",
    "origin",
)


def independent(study, summaries, *, is_after_discussion=False):
    """(readings in the order they were submitted, readings left out because they are not
    independent).

    After discussion a reader's first submission decides, whatever revision counts.
    """
    independence, first = Independence(study), {}
    if is_after_discussion and independence:
        first = independence.apart(Assignment.objects.filter(round__study=study))
    counted, left_out = [], []
    rows = summaries.order_by("submitted_at", "pk").values_list(*READING, "started_at")
    for *row, started_at in rows:
        reading = Reading(*row)
        why = independence.why_not(
            reading.paper,
            reading.phase,
            reading.reviewer,
            came_in(reading.origin, started_at, reading.submitted_at),
            is_first=reading.revision == 1,
        )
        why = why or first.get(reading.assignment, "")
        if why:
            left_out.append(reading._replace(why_not=why))
        else:
            counted.append(reading)
    return counted, left_out


def judged(kind, labels, absence, none_apply, *values):
    """One answer as `agreement.prepared` takes it: None when blank, else (value, absence)."""
    if absence:
        return ((), absence) if kind.is_multiple else ("", absence)
    if kind.is_multiple:
        return (frozenset(labels), "") if labels or none_apply else None
    if not kind.has_codes:
        value = dict(zip(VALUES, values, strict=True))[kind.field]
        return None if value in {None, ""} else (kind.measured(value), "")
    if labels:
        return labels[0], ""
    return (NONE_APPLY, "") if none_apply else None


def code_names(sections, used, level=CODE):
    """(name of every code, names per section in the codebook's order), of active codes and of those
    used here.

    Equal labels, as of two proposals, stay two codes. Codes that nobody used here may be proposals
    on papers that the reader has not coded: they take no part, not even in the numbering. At the
    level `PARENT` a code has the name of the code it stands under, if there is one.
    """
    names, scales, taken = {}, defaultdict(list), Counter()
    codes = Code.objects.filter(section__in=sections).order_by("section", "position", "pk")
    taking_part = Q(status=Code.Status.ACTIVE) | Q(pk__in=used)
    above = {}
    if level == PARENT:
        # Two levels, as the codebook has them: a chain or a circle that got in otherwise is left as
        # it is.
        under = codes.filter(taking_part, parent__section=F("section"), parent__parent=None)
        above = dict(under.values_list("pk", "parent"))
        taking_part |= Q(pk__in=set(above.values()))
    for pk, section, label in codes.filter(taking_part).values_list("pk", "section", "label"):
        if pk in above:
            continue
        taken[section, label] += 1
        again = taken[section, label]
        names[pk] = label if again == 1 else f"{label} ({again})"
        scales[section].append(names[pk])
    return names | {pk: names[parent] for pk, parent in above.items()}, scales


def everything(study):
    """For acts and commands, never for a page: what everybody submitted."""
    return Summary.objects.filter(assignment__round__study=study).submitted()
