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
from reviews.blindness.former_rights import came_in
from reviews.blindness.independence import Independence, answered_before_asked
from reviews.models import Answer, Assignment, Mark, PriorAccess, RecodingTask, Summary

NONE_APPLY = Absence("none_of_the_codes")
CODE, PARENT = "code", "parent"
VALUES = (TEXT, NUMBER, YES_NO)


class Read(NamedTuple):
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
    """Everything coded in the summaries handed in, read once; `of` cuts one section and round out
    of it.

    First submissions count (law 2); of a section that came after them, the first answer, which its
    reader gave as blind as the others (`Assignment.objects.blinding`). With `is_after_discussion`
    the summaries count as they are. At the level `PARENT` a code counts as the code it stands
    under.
    """

    def __init__(self, study, summaries, sections=None, *, level=CODE, is_after_discussion=False):
        self.study, self.level = study, level
        coded = study.sections.coded().select_related("phase") if sections is None else sections
        self.sections = list(coded)
        counted = summaries if is_after_discussion else summaries.with_late_sections()
        read, self.not_independent = independent(
            study, counted, is_after_discussion=is_after_discussion
        )
        self._said = self._answers(counted)
        self.read, self.late = read, []
        if not is_after_discussion:
            self._keep_first(read)

    def _answers(self, summaries):
        """`{section: {summary: (value, absence)}}`; blanks are not in it."""
        kinds = {section.pk: section.kind for section in self.sections}
        marks = defaultdict(list)
        rows = Mark.objects.filter(answer__summary__in=summaries, answer__section__in=kinds)
        rows = list(rows.values_list("answer", "code").order_by("position", "pk"))
        self.names, self.scales = code_names(self.sections, {code for _, code in rows}, self.level)
        for answer, code in rows:
            marks[answer].append(self.names[code])
        said = defaultdict(dict)
        rows = Answer.objects.filter(summary__in=summaries, section__in=kinds).order_by()
        for pk, summary, section, *values in rows.values_list(
            "pk", "summary", "section", "absence", "none_apply", *VALUES
        ):
            answer = judged(KINDS[kinds[section]], marks.get(pk, ()), *values)
            if answer is not None:
                said[section][summary] = answer
        return said

    def _keep_first(self, read):
        """Of later revisions keeps nothing but the first answer to a section that the first one
        could not have.
        """
        self.read = [one for one in read if one.revision == 1]
        first = {one.assignment: one.pk for one in self.read}
        looked = [one for one in self.not_independent if one.revision > 1]
        self.not_independent = [one for one in self.not_independent if one.revision == 1]
        apart = {one.assignment: one.why_not for one in self.not_independent}
        if len(self.read) == len(read) and not looked:
            return
        asked = self._asked_later()
        late = sorted(
            [*(one for one in read if one.revision > 1), *looked], key=lambda one: one.revision
        )
        unread = set(looked)
        for one in late:
            for section, until, was_answered in asked[one.assignment]:
                said = self._said[section]
                if until is not None and one.submitted_at > until:
                    # the section had been answered, or left blank, and from then on others' could
                    # be read
                    continue
                if one.assignment in first and one.pk in said and first[one.assignment] not in said:
                    read = (
                        one._replace(why_not=PriorAccess.Why.CODED_BEFORE) if was_answered else one
                    )
                    is_independent = not was_answered and one not in unread
                    self._count_late(
                        read, section, first[one.assignment], is_independent=is_independent
                    )
                elif one.assignment in apart and one.pk in said:
                    self._leave_out(one._replace(why_not=apart[one.assignment]))

    def _asked_later(self):
        """`{assignment: [(section, until when it was open, whether others had answered it before it
        was asked)]}`
        """
        tasks = RecodingTask.objects.came_later().filter(assignment__round__study=self.study)
        asked = defaultdict(list)
        rows = tasks.values_list(
            "assignment", "section", "done_at", answered_before_asked()
        ).order_by("asked_at")
        for assignment, *task in rows:
            asked[assignment].append(task)
        return asked

    def _count_late(self, one, section, first, *, is_independent):
        if is_independent:
            self._said[section][first] = self._said[section][one.pk]
            self.late.append((one, section))
        else:
            self._leave_out(one)

    def _leave_out(self, one):
        if one not in self.not_independent:
            self.not_independent.append(one)

    def of(self, section, round=None):
        """`Rated` of one round (its id), or of all rounds together: then each reader's earliest
        reading of a paper.
        """
        said, chosen = self._said.get(section.pk, {}), {}
        for one in self.read:
            if one.phase == section.phase_id and round in {None, one.round} and one.pk in said:
                chosen.setdefault((one.reviewer, one.paper), said[one.pk])
        raters = tuple(sorted({reviewer for reviewer, _ in chosen}, key=self.usernames.__getitem__))
        papers = tuple(sorted({paper for _, paper in chosen}))
        answers = [[chosen.get((reviewer, paper)) for paper in papers] for reviewer in raters]
        apart = sum(one.pk in said for one in self.apart(section.phase_id, round))
        return replace(self._rated(section, raters, papers, answers), not_independent=apart)

    def apart(self, phase, round=None):
        """Readings of a phase or round that are left out because they are not independent."""
        return [
            one for one in self.not_independent if one.phase == phase and round in {None, one.round}
        ]

    def _rated(self, section, raters, papers, answers):
        left_out = Counter()
        if section.kind_of.is_on_scale:
            answers = [[self._on_scale(answer, left_out) for answer in row] for row in answers]
        found = prepared(answers, section.kind)
        values = tabulate(found.ratings).values
        used = {
            label
            for value in values
            for label in (value if isinstance(value, frozenset) else [value])
        }
        left_out = found.left_out | dict(left_out)
        return Rated(
            section,
            raters,
            papers,
            found.ratings,
            self._categories(section, used),
            left_out,
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
        return User.objects.in_bulk({one.reviewer for one in self.read})

    @cached_property
    def usernames(self):
        return {pk: user.username for pk, user in self.people.items()}

    def readings(self, round=None, phase=None):
        return [
            one for one in self.read if round in {None, one.round} and phase in {None, one.phase}
        ]


def independent(study, summaries, *, is_after_discussion=False):
    """(readings in the order they were submitted, readings left out because they are not
    independent).

    After discussion a reader's first submission decides, whatever revision counts.
    """
    rows = summaries.order_by("submitted_at", "pk").values_list(
        "pk",
        "revision",
        "assignment",
        "assignment__round",
        "assignment__round__phase",
        "assignment__paper",
        "assignment__reviewer",
        "submitted_at",
        "origin",
        "started_at",
    )
    independence, first = Independence(study), {}
    if is_after_discussion and independence:
        first = independence.apart(Assignment.objects.filter(round__study=study))
    read, apart = [], []
    for *row, started_at in rows:
        one = Read(*row)
        moment, is_first = came_in(one.origin, started_at, one.submitted_at), one.revision == 1
        why = independence.why_not(one.paper, one.phase, one.reviewer, moment, is_first=is_first)
        why = why or first.get(one.assignment, "")
        if why:
            apart.append(one._replace(why_not=why))
        else:
            read.append(one)
    return read, apart


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
