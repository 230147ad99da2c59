"""The form of one paper as it is shown: the sections of its phase, grouped by research question, with what was said.

A constant number of queries, whatever the number of sections, codes and answers.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from django.db.models import Count, Exists, Max, OuterRef, Q

from mapping.models import Code, Section

from .coding import content_of, newest
from .content import BLANK, Content
from .kept import kept as kept_figures
from .models import KeptEdit, Mark
from .noticing import notices

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
    """A text that met another one. `pk` is 0 for what arrived too late to be kept in the database."""

    pk: int
    content: Content
    at: datetime | None = None


@dataclass(frozen=True)
class SectionSheet:
    """One section with what was said of it. Plain through and through: the same sheet gives the same HTML."""

    pk: int
    key: str
    label: str
    kind: str
    help: str = ""
    is_required: bool = False
    asks_confidence: bool = False
    is_retired: bool = False
    options: tuple[Option, ...] = ()
    content: Content = BLANK
    version: int = 0
    saved_at: datetime | None = None
    kept: tuple[Kept, ...] = ()
    may_propose: bool = True
    notices: tuple[str, ...] = ()  # what became of codes that are chosen here

    @property
    def has_codes(self):
        return self.kind in Section.WITH_CODES

    @property
    def is_multiple(self):
        return self.kind == Section.Kind.CODES

    @property
    def is_answered(self):
        return not self.content.is_blank

    @property
    def choices(self):
        """What may be chosen now: the open codes, and those that stand in the answer already."""
        chosen = set(self.content.codes)
        return [option for option in self.options if option.pk in chosen or option.status in OPEN]

    def option(self, pk):
        return next((option for option in self.options if option.pk == pk), None) or Option(pk, "a code that is gone")

    def marks_of(self, content):
        """`[(option, [marks])]`, a code once, in the order of marking."""
        return [(self.option(pk), [mark for mark in content.marks if mark.code == pk]) for pk in content.codes]


OPEN = {Code.Status.ACTIVE, Code.Status.PROPOSED}
MOVED = Code.Status.RETIRED  # as good as retired, where it came from


@dataclass
class Question:
    """The sections of one research question; `title` is empty for those that belong to none."""

    key: str
    title: str
    sections: list = field(default_factory=list)

    @property
    def answered(self):
        return sum(sheet.is_answered for sheet in self.sections)


@dataclass
class Questionnaire:
    assignment: object
    summary: object  # None while nothing was saved
    questions: list
    models: dict  # section key -> Section

    @property
    def sections(self):
        return [sheet for question in self.questions for sheet in question.sections]

    @property
    def answered(self):
        return sum(sheet.is_answered for sheet in self.sections)

    @property
    def missing(self):
        return [
            sheet for sheet in self.sections if sheet.is_required and not sheet.is_answered and not sheet.is_retired
        ]

    @property
    def colliding(self):
        return [sheet for sheet in self.sections if sheet.kept]


def of(assignment, *, only=None, also=()):
    """The questionnaire of this assignment's newest summary. `only` this section key; `also` these, retired or not."""
    summary = newest(assignment)
    answers = answers_of(summary)
    sections = sections_of(assignment, answers, only, also)
    said = contents(answers)
    kept = kept_edits(answers)
    options = options_of(assignment.reviewer, sections, said, kept)
    sheets = [sheet_of(section, answers.get(section.pk), said, kept, options) for section in sections]
    if summary and not summary.is_submitted:
        told = notices(sheets)
        sheets = [replace(sheet, notices=told.get(sheet.pk, ())) for sheet in sheets]
    models = {section.key: section for section in sections}
    return Questionnaire(assignment, summary, grouped(sheets, sections), models)


def answers_of(summary):
    """`{section id: Answer}`, each with `has_kept`: whether another text waits beside it."""
    if summary is None:
        return {}
    kept = KeptEdit.objects.open().filter(answer=OuterRef("pk"))
    return {one.section_id: one for one in summary.answers.order_by().annotate(has_kept=Exists(kept))}


def sections_of(assignment, answers, only, also):
    """The template as it is, and retired sections that were answered while they stood in it."""
    shown = Q(retired_at=None) | Q(pk__in=answers) | Q(key__in=also)
    sections = Section.objects.filter(shown, phase=assignment.round.phase_id)
    if only:
        sections = sections.filter(key=only)
    sections = list(sections.select_related("research_question"))
    for section in sections:
        section.study = assignment.round.study
    return sections


def contents(answers):
    """`{section id: Content}`."""
    marks = {}
    for mark in Mark.objects.filter(answer__in=answers.values()) if answers else []:
        marks.setdefault(mark.answer_id, []).append(mark)
    return {pk: content_of(answer, marks.get(answer.pk, [])) for pk, answer in answers.items()}


def kept_edits(answers):
    """`{section id: [Kept]}` of what waits for a choice."""
    section_of = {answer.pk: pk for pk, answer in answers.items() if answer.has_kept}
    found = {}
    for edit in KeptEdit.objects.open().filter(answer__in=section_of) if section_of else []:
        kept = Kept(edit.pk, Content.of(edit.content), edit.kept_at)
        found.setdefault(section_of[edit.answer_id], []).append(kept)
    return found


def options_of(user, sections, said, kept):
    """`{section id: [Option]}`: the codes open to this person, then those that only stand in an answer."""
    wanted = [section.pk for section in sections if section.has_codes]
    if not wanted:
        return {}
    named = {pk: set(said[pk].codes) for pk in said}
    for pk, edits in kept.items():
        named[pk].update(code for edit in edits for code in edit.content.codes)
    # A code that stands in an answer is shown there whatever became of it, even moved to another section.
    standing = Code.objects.filter(pk__in=set().union(*named.values()))
    codes = Code.objects.open_to(user).filter(section__in=wanted) | standing
    found, by_pk = {}, {}
    fields = ("section_id", "pk", "label", "definition", "when_not", "example", "status")
    for section, *facts in codes.values_list(*fields).order_by("position", "pk"):
        option = by_pk[facts[0]] = Option(*facts)
        found.setdefault(section, []).append(option)
    for pk, codes_there in named.items():
        moved = codes_there - {option.pk for option in found.get(pk, [])}
        found.setdefault(pk, []).extend(by_pk[code]._replace(status=MOVED) for code in sorted(moved & set(by_pk)))
    return found


def sheet_of(section, answer, said, kept, options):
    return SectionSheet(
        pk=section.pk,
        key=section.key,
        label=section.label,
        kind=section.kind,
        help=section.help,
        is_required=section.is_required,
        asks_confidence=section.asks_confidence,
        is_retired=section.is_retired,
        options=tuple(options.get(section.pk, ())),
        content=said.get(section.pk, BLANK),
        version=answer.version if answer else 0,
        saved_at=answer.updated_at if answer and section.pk in kept else None,
        kept=tuple(kept.get(section.pk, [])),
    )


def grouped(sheets, sections):
    pairs = zip(sections, sheets, strict=True)
    questions = []
    for question, members in groupby(pairs, key=lambda pair: pair[0].research_question):
        key, title = (question.key, question.text) if question else ("", "")
        questions.append(Question(key, title, [sheet for _, sheet in members]))
    return questions


def often_used(user, study):
    """`{section key: [code ids]}`: what this reviewer chose most often and most recently in the study.

    Counted anew when something happens in the study, as when they submit: the order of the codes is no fact.
    """
    return kept_figures(study, f"often.{user.pk}", lambda: counted_uses(user, study))


def counted_uses(user, study):
    marks = Mark.objects.filter(answer__summary__assignment__reviewer=user, answer__section__study=study)
    counted = marks.values_list("code__section__key", "code").annotate(times=Count("pk"), last=Max("pk")).order_by()
    found = {}
    for section, code, times, last in sorted(counted, key=lambda row: (row[2], row[3]), reverse=True):
        if times and last and len(found.setdefault(section, [])) < OFTEN:
            found[section].append(code)
    return found
