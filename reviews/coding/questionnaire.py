"""The form of one paper as it is shown: the sections of its phase, grouped by research question,
with what was said.

A constant number of queries, whatever the number of sections, codes and answers.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from django.db.models import Count, Exists, Max, OuterRef

from mapping.judgement.kinds import KINDS
from mapping.judgement.values import BLANK, Judgement
from mapping.models import Code, Section
from reviews.coding.drafts import content_of, newest
from reviews.models import KeptEdit, Mark
from reviews.models.study_cache import cached_for_study
from reviews.settling.code_notices import notices

OFTEN = 5


class Option(NamedTuple):
    """A code as one chooses it."""

    pk: int
    label: str
    definition: str = ""
    when_not: str = ""
    example: str = ""
    status: str = Code.Status.ACTIVE


@dataclass(frozen=True)
class Kept:
    """A text that met another one. `pk` is 0 for what arrived too late to be kept in the
    database.
    """

    pk: int
    content: Judgement
    at: datetime | None = None


@dataclass(frozen=True)
class SectionSheet:
    """One section with what was said of it. Plain through and through: the same sheet gives the
    same HTML.
    """

    pk: int
    key: str
    label: str
    kind: str
    help: str = ""
    is_required: bool = False
    asks_confidence: bool = False
    is_retired: bool = False
    options: tuple[Option, ...] = ()
    content: Judgement = BLANK
    version: int = 0
    saved_at: datetime | None = None
    kept: tuple[Kept, ...] = ()
    may_propose: bool = True
    notices: tuple[str, ...] = ()  # what became of codes that are chosen here

    @property
    def kind_of(self):
        return KINDS[self.kind]

    @property
    def has_codes(self):
        return self.kind_of.has_codes

    @property
    def is_multiple(self):
        return self.kind_of.is_multiple

    @property
    def is_answered(self):
        return not self.content.is_blank

    @property
    def is_untouched(self):
        return not self.version and not self.kept and not self.notices and self.content == BLANK

    @property
    def choices(self):
        """What may be chosen now: the open codes, and those that stand in the answer already."""
        chosen = set(self.content.codes)
        return [option for option in self.options if option.pk in chosen or option.status in OPEN]

    def option(self, pk):
        return next((option for option in self.options if option.pk == pk), None) or Option(
            pk, "a code that is gone"
        )

    def marks_of(self, content):
        """`[(option, [marks])]`, a code once, in the order of marking."""
        return [
            (self.option(pk), [mark for mark in content.marks if mark.code == pk])
            for pk in content.codes
        ]


OPEN = {Code.Status.ACTIVE, Code.Status.PROPOSED}
MOVED = Code.Status.RETIRED  # as good as retired, where it came from


@dataclass
class Question:
    """The sections of one research question; `title` is empty for those that belong to none."""

    key: str
    title: str
    sections: list = field(default_factory=list)

    @cached_property
    def answered(self):
        return sum(sheet.is_answered for sheet in self.sections)


@dataclass
class Questionnaire:
    assignment: object
    summary: object  # None while nothing was saved
    questions: list

    @cached_property
    def models(self):
        """`{section key: Section}`, for whoever saves."""
        study = self.assignment.round.study
        sections = {
            section.key: section
            for section in Section.objects.filter(pk__in=[sheet.pk for sheet in self.sections])
        }
        for section in sections.values():
            section.study = study
        return sections

    @cached_property
    def sections(self):
        return [sheet for question in self.questions for sheet in question.sections]

    @cached_property
    def answered(self):
        return sum(sheet.is_answered for sheet in self.sections)

    @cached_property
    def missing(self):
        return [
            sheet
            for sheet in self.sections
            if sheet.is_required and not sheet.is_answered and not sheet.is_retired
        ]

    @cached_property
    def colliding(self):
        return [sheet for sheet in self.sections if sheet.kept]


def of(assignment, *, only=None, also=(), revisions=None):
    """The questionnaire of this assignment's newest summary. `only` this section key; `also` these,
    retired or not.

    `revisions` are its summaries, where somebody has just asked for them.
    """
    summary = newest(assignment) if revisions is None else revisions[-1] if revisions else None
    if summary:
        summary.assignment = assignment
    answers = answers_of(summary)
    sections = sections_of(assignment, answers, only, also)
    said = contents(summary, answers)
    kept = kept_edits(answers)
    options = options_of(assignment, sections, said, kept)
    sheets = [
        sheet_of(section, answers.get(section.pk), said, kept, options) for section in sections
    ]
    if summary and not summary.is_submitted:
        noticed = notices(sheets)
        sheets = [
            replace(sheet, notices=noticed[sheet.pk]) if sheet.pk in noticed else sheet
            for sheet in sheets
        ]
    return Questionnaire(assignment, summary, grouped(sheets, sections))


def answers_of(summary):
    """`{section id: Answer}`, each with `has_kept`: whether another text waits beside it."""
    if summary is None:
        return {}
    kept = KeptEdit.objects.open().filter(answer=OuterRef("pk"))
    answers = summary.answers.order_by().annotate(has_kept=Exists(kept))
    return {answer.section_id: answer for answer in answers}


def sections_of(assignment, answers, only, also):
    """The template as it is, and retired sections that were answered while they stood in it."""
    sections = Section.objects.filter(phase=assignment.round.phase_id)
    if only:
        sections = sections.filter(key=only)
    rows = sections.order_by("position", "pk").values_list(*SECTION, named=True)
    return [row for row in rows if row.retired_at is None or row.pk in answers or row.key in also]


# As rows: making thirty models, and the same research question ten times, takes as long as all the
# rest of it.
SECTION = (
    *("pk", "key", "label", "kind", "help", "is_required", "asks_confidence", "retired_at"),
    *("research_question__key", "research_question__text"),
)


def contents(summary, answers):
    """`{section id: Judgement}`."""
    marks = {}
    for mark in Mark.objects.filter(answer__summary=summary) if answers else []:
        marks.setdefault(mark.answer_id, []).append(mark)
    return {pk: content_of(answer, marks.get(answer.pk, [])) for pk, answer in answers.items()}


def kept_edits(answers):
    """`{section id: [Kept]}` of what waits for a choice."""
    section_of = {answer.pk: pk for pk, answer in answers.items() if answer.has_kept}
    if not section_of:
        return {}
    found, edits = {}, list(KeptEdit.objects.open().filter(answer__in=section_of))
    codes = Code.objects.filter(section__study__sections__in=section_of.values())
    codes = dict(codes.order_by().values_list("number", "pk").distinct())
    for edit in edits:
        kept = Kept(edit.pk, Judgement.of(edit.content).with_codes(codes), edit.kept_at)
        found.setdefault(section_of[edit.answer_id], []).append(kept)
    return found


def options_of(assignment, sections, said, kept):
    """`{section id: [Option]}`: the codes open to this person, then those that only stand in an
    answer.
    """
    found = {}
    if any(KINDS[section.kind].has_codes for section in sections):
        found.update(open_codes(assignment.reviewer, assignment.round.study))
    named = {pk: set(said[pk].codes) for pk in said}
    for pk, edits in kept.items():
        named[pk].update(code for edit in edits for code in edit.content.codes)
    # A code that stands in an answer is shown there whatever became of it, even moved to another
    # section.
    standing = {
        pk: codes - {option.pk for option in found.get(pk, ())} for pk, codes in named.items()
    }
    by_pk = standing_codes(set().union(*standing.values()))
    for pk, codes in standing.items():
        here = [by_pk[code] for code in sorted(codes & set(by_pk))]
        moved = [
            option if section == pk else option._replace(status=MOVED) for section, option in here
        ]
        found[pk] = (*found.get(pk, ()), *moved)
    return found


def open_codes(user, study):
    """`{section id: (Option, …)}` of the study, for whoever has an assignment, a member or no
    longer: thousands of words that change with the codebook alone.
    """
    return cached_for_study(
        study, f"codes.{user.pk}", lambda: grouped_codes(Code.objects.open_to(user), study)
    )


def grouped_codes(codes, study):
    found = {}
    for section, *facts in (
        codes.filter(section__study=study).values_list(*OPTION).order_by("position", "pk")
    ):
        found.setdefault(section, []).append(Option(*facts))
    return {section: tuple(options) for section, options in found.items()}


OPTION = ("section_id", "pk", "label", "definition", "when_not", "example", "status")


def standing_codes(pks):
    """`{code id: (section id, Option)}`"""
    rows = Code.objects.filter(pk__in=pks).values_list(*OPTION) if pks else []
    return {facts[0]: (section, Option(*facts)) for section, *facts in rows}


def sheet_of(section, answer, said, kept, options):
    """Of a Section, or of a row of `sections_of`."""
    return SectionSheet(
        pk=section.pk,
        key=section.key,
        label=section.label,
        kind=section.kind,
        help=section.help,
        is_required=section.is_required,
        asks_confidence=section.asks_confidence,
        is_retired=section.retired_at is not None,
        options=tuple(options.get(section.pk, ())),
        content=said.get(section.pk, BLANK),
        version=answer.version if answer else 0,
        saved_at=answer.updated_at if answer and section.pk in kept else None,
        kept=tuple(kept.get(section.pk, [])),
    )


def grouped(sheets, sections):
    pairs = zip(sections, sheets, strict=True)
    questions = []
    # the research question
    for (key, title), members in groupby(pairs, key=lambda pair: pair[0][-2:]):
        questions.append(Question(key or "", title or "", [sheet for _, sheet in members]))
    return questions


def often_used(membership):
    """`{section key: [code ids]}`: what this member chose most often and most recently in the
    study.

    Counted anew when something happens in the study, as when they submit: the order of the codes is
    no fact.
    """
    key = f"often.{membership.user_id}"
    return cached_for_study(membership.study, key, lambda: counted_uses(membership))


def counted_uses(membership):
    marks = Mark.objects.filter(
        answer__summary__assignment__reviewer=membership.user_id,
        answer__section__study=membership.study_id,
    )
    counted = (
        marks.values_list("code__section__key", "code")
        .annotate(times=Count("pk"), last=Max("pk"))
        .order_by()
    )
    found = {}
    for section, code, times, last in sorted(
        counted, key=lambda row: (row[2], row[3]), reverse=True
    ):
        if times and last and len(found.setdefault(section, [])) < OFTEN:
            found[section].append(code)
    return found
