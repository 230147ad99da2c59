"""Filled-in summary templates (Markdown) to draft summaries of one reviewer."""

from collections.abc import Iterable
from pathlib import PurePath
from types import SimpleNamespace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.template.defaultfilters import pluralize
from django.utils.functional import cached_property

from mapping.judgement.absences import MEANINGS
from mapping.judgement.values import Evidence, Judgement
from mapping.models import LogEntry, Membership, Paper, PaperSource, Phase, Section, Study, User
from mapping.models.fields import check_lengths
from mapping.papers.importing import free_keys
from mapping.parsers import UnreadableFile
from mapping.parsers.encodings import decoded
from mapping.parsers.summary_templates import TemplateSection, Unplaced, read_all
from mapping.parsers.titles import SAME_DOI, find_duplicates, normalised_title
from reviews.blindness import independence
from reviews.exchange.importing.proposals import CodesOfReviewer, one_code, single_value
from reviews.judgement.database import fill, marks_for
from reviews.models import Answer, Assignment, Mark, Round, Summary

ROUND = "Imported"
ENDINGS = {".md", ".markdown", ".mkd", ".mdown", ".mdwn", ".qmd", ".rmd", ".txt", ".text", ".org"}


@transaction.atomic
def import_summaries(
    study: Study,
    *,
    files: Iterable[tuple[str, bytes]],
    reviewer: User,
    by: User,
    may_create: bool = True,
    is_dry_run: bool = False,
) -> dict[str, Any]:
    """Draft summaries of `reviewer` from `files`, a list of (name, bytes).

    Returns `{papers, new_papers, summaries, answers, read, absences, unplaced, skipped}`; `answers`
    holds what was read of each file, `read` says which papers were found in which file, `absences`
    which words stand for an absence. A paper that the reviewer has begun or submitted already is
    skipped, never written over. Without `may_create` the papers must have been handed out to the
    reviewer.
    """
    # Two imports at once would make a paper twice.
    study = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    check_reviewer(study, reviewer)
    reading = Import(study, reviewer, may_create)
    for name, content in files:
        reading.take(name, content)
    outcome = reading.outcome | {"papers": len(reading.papers), "dry_run": is_dry_run}
    independence.record(reading.phase, reading.prior_access, by=by)
    if is_dry_run:
        transaction.set_rollback(True)
    elif outcome["summaries"]:
        number = outcome["summaries"]
        text = (
            f"Imported {number} draft summar{pluralize(number, 'y,ies')} of {reviewer} from "
            "filled-in templates."
        )
        LogEntry.objects.record(study, by, "import-summaries", text, reviewer=reviewer.username)
    return outcome


def check_reviewer(study: Study, reviewer: User) -> None:
    member = Membership.objects.active().filter(study=study, user=reviewer).first()
    if member is None:
        raise ValidationError(f"{reviewer} is no member of this study.")
    if not member.may_code:
        raise ValidationError(
            f"{reviewer} is an observer of this study, and observers do not code papers."
        )


class SeveralPapers(Exception):
    """The title of a template is that of several papers of the study; says their keys."""


class Import:
    """One run over several files; what a file brings is known to those after it."""

    def __init__(self, study, reviewer, may_create):
        self.study, self.reviewer, self.may_create = study, reviewer, may_create
        self.phase = Phase.objects.filter(study=study, kind=Phase.Kind.CODING).first()
        if self.phase is None:
            raise ValidationError("The template of this study has no coding phase yet.")
        self.sections = list(Section.objects.in_use().filter(phase=self.phase))
        self.codes = CodesOfReviewer(self.sections, reviewer)
        self.papers, self.written, self.prior_access = set(), {}, {}
        self.outcome = {"new_papers": 0, "summaries": 0, "answers": {}, "read": [], "absences": []}
        self.outcome |= {"unplaced": [], "skipped": [], "possible": [], "not_independent": []}

    @cached_property
    def known(self):
        papers = Paper.objects.filter(study=self.study).only(
            "study", "key", "title", "year", "doi", "authors"
        )
        return [comparable(paper) for paper in papers]

    def take(self, name, content):
        check_ending(name)
        try:
            text = decoded(content, name)
        except UnreadableFile as error:
            raise ValidationError(str(error)) from error
        templates = read_all(text, [self.described(section) for section in self.sections], name)
        if not any(template.title for template in templates):
            raise ValidationError(
                f"{name}: there is no paper title in it (a line such as “## Paper Title: …”)."
            )
        for template in templates:
            self.take_paper(template, name)

    def described(self, section):
        return TemplateSection(
            section.key, section.label, section.kind, codes=self.codes.labels(section)
        )

    def take_paper(self, template, name):
        unique_name = self.unique_name(name)
        self.outcome["answers"][unique_name] = template.values
        self.report(name, template.unplaced)
        if not template.title:
            self.skip(name, f"what begins at line {template.line} has no paper title")
            self.report(name, lines_of_answers(template, "its paper has no title"))
            return
        try:
            paper = self.paper_of(template, name)
        except SeveralPapers as several:
            self.skip(
                name,
                (
                    f"“{template.title}” is the title of several papers: {several}. Write its DOI "
                    "or year too"
                ),
            )
            self.report(name, lines_of_answers(template, "its title is that of several papers"))
            return
        assignment = self.assignment_of(paper, name)
        place = {"file": name, "line": template.line, "title": template.title, "paper": paper.key}
        self.outcome["read"].append({**place, "is_draft": assignment is not None})
        if assignment is not None:
            self.papers.add(paper.pk)
            self.written[paper.pk] = unique_name
            self.write(
                Summary.objects.create(assignment=assignment, origin=Summary.Origin.TEMPLATE),
                template,
            )
            self.outcome["summaries"] += 1

    def skip(self, name, reason):
        self.outcome["skipped"].append({"file": name, "reason": reason})

    def unique_name(self, name):
        """Two folders may hold files of one name."""
        number, unique = 1, name
        while unique in self.outcome["answers"]:
            number += 1
            unique = f"{name} ({number})"
        return unique

    def report(self, name, lines):
        self.outcome["unplaced"] += [
            {"file": name, "line": line.line, "text": line.text, "reason": line.reason}
            for line in lines
        ]

    def paper_of(self, template, name):
        wanted = SimpleNamespace(
            title=template.title,
            year=template.year,
            doi=template.doi or "",
            authors=template.authors or [],
        )
        match = find_duplicates([wanted], self.known)[0]
        if match and match.is_sure:
            return self.one_of(self.as_sure(wanted, match))
        if not self.may_create:
            likeness = f" It is {match}." if match else ""
            raise ValidationError(
                f"{name}: “{template.title}” is no paper of this study.{likeness} Ask a lead to "
                "import it first."
            )
        paper = self.new_paper(wanted, template.venue or "", name)
        if match:
            possible_duplicate = {
                "file": name,
                "title": paper.title,
                "like": match.found.key,
                "reason": str(match),
            }
            self.outcome["possible"].append(possible_duplicate)
        return paper

    def new_paper(self, wanted, venue, name):
        entry = {
            "key": "",
            "authors": wanted.authors,
            "year": wanted.year,
            "title": wanted.title,
        }
        paper = Paper(
            study=self.study,
            key=next(free_keys([entry], [known.key for known in self.known])),
            title=wanted.title,
            authors="; ".join(wanted.authors),
            year=wanted.year,
            venue=venue,
            doi=wanted.doi,
            shares_doi=any(known.doi == wanted.doi for known in self.known if known.doi),
        )
        check_lengths(paper, place=name)
        paper.save()
        PaperSource.objects.create(paper=paper, file_name=name[:255])
        self.known.append(comparable(paper))
        self.outcome["new_papers"] += 1
        return paper

    def as_sure(self, wanted, match):
        """The papers that the template may be about: a preprint and its publication have one
        title.
        """
        if match.why == SAME_DOI:
            return [match.found.paper]
        title = normalised_title(match.found.title)
        fellows = [
            one
            for one in self.known
            if one is not match.found and normalised_title(one.title) == title
        ]
        others = [
            one
            for one in fellows
            if (found := find_duplicates([wanted], [one])[0]) and found.is_sure
        ]
        return [match.found.paper, *(one.paper for one in others)]

    def one_of(self, papers):
        """Where a template fits several papers as well, the only one that its reviewer was
        given.
        """
        if len(papers) > 1:
            mine = Assignment.objects.in_force().filter(
                reviewer=self.reviewer, round__phase=self.phase
            )
            given = set(mine.filter(paper__in=papers).values_list("paper", flat=True))
            papers = [paper for paper in papers if paper.pk in given] if len(given) == 1 else papers
        if len(papers) > 1:
            raise SeveralPapers(", ".join(sorted(f"“{paper.key}”" for paper in papers)))
        return papers[0]

    def assignment_of(self, paper, name):
        """The reviewer's own open assignment, else one in the round of imports; None if they have
        begun already.
        """
        mine = Assignment.objects.in_force().filter(
            paper=paper, reviewer=self.reviewer, round__phase=self.phase
        )
        begun = Summary.objects.filter(assignment__in=mine).order_by("-submitted_at").first()
        if begun and paper.pk in self.written:
            self.skip(
                name,
                (
                    f"“{paper.title}” is the paper of {self.written[paper.pk]} too: the first was "
                    "taken"
                ),
            )
            return None
        if begun:
            state = "submitted" if begun.is_submitted else "begun"
            reason = (
                f"{self.reviewer} has {state} a summary of “{paper.title}” already: it was left as "
                "it is"
            )
            self.skip(name, reason)
            return None
        assignment = mine.filter(round__closed_at=None).first()
        if assignment is None and not self.may_create:
            raise ValidationError(f"{name}: “{paper.title}” was not handed out to {self.reviewer}.")
        return assignment or self.assignment_in_own_round(paper)

    def assignment_in_own_round(self, paper):
        round, _ = Round.objects.get_or_create(
            study=self.study, name=ROUND, defaults={"phase": self.phase}
        )
        if round.is_closed or round.phase != self.phase:
            raise ValidationError(
                f"The round “{ROUND}” is closed or of another phase: rename it, then import again."
            )
        accesses = independence.prior_access(self.phase, [(paper.pk, self.reviewer.pk)])
        self.prior_access |= accesses
        self.outcome["not_independent"] += [
            independence.sentence(self.reviewer, [paper], independence.Why(why))
            for why in accesses.values()
        ]
        assignment, _ = Assignment.objects.update_or_create(
            round=round, paper=paper, reviewer=self.reviewer, defaults={"withdrawn_at": None}
        )
        return assignment

    def write(self, summary, template):
        for section in self.sections:
            answered = template.answers.get(section.key)
            if answered is None or not answered.items:
                continue  # asked and not answered: blank, neither "none" nor "not reported"
            judgement, left = self.judgement_of(section, answered, template.file)
            self.report(template.file, left)
            answer = Answer(
                summary=summary,
                section=section,
                version=1,
                codebook_version=self.study.codebook_version,
            )
            fill(answer, judgement)
            marks = list(marks_for(answer, judgement))
            check_lengths(answer, *marks, place=f"{template.file}, {section}")
            answer.save()
            Mark.objects.bulk_create(marks)

    def judgement_of(self, section, answered, name):
        """(Judgement, items that found no place)"""
        if answered.absence:
            return self.absent(section, answered, name), []
        if section.is_multiple:
            return Judgement(marks=self.codes.marks(section, answered.items)), []
        if section.has_codes:
            judgement, left = one_code(section, answered.items, self.codes)
            return judgement, unplaced(left, f"“{section}” takes one code")
        if section.kind_of.is_prose:
            return Judgement(**{section.kind_of.field: answered.text}), []
        judgement, left = single_value(section, answered.items)
        return judgement, unplaced(left, f"“{section}” takes one value")

    def absent(self, section, answered, name):
        evidence = Evidence(
            quote="\n".join(quote for item in answered.items for quote in item.quotes),
            rationale="\n".join(
                text for item in answered.items for text in [*item.notes, *item.pages]
            ),
        )
        judgement = Judgement.absent(answered.absence, evidence=evidence)
        meaning = MEANINGS[answered.absence]
        absence = {"file": name, "section": section.key, "section_label": section.label}
        absence |= {"absence": answered.absence, "meaning": meaning}
        self.outcome["absences"] += [
            {**absence, "line": item.line, "text": item.text} for item in answered.items
        ]
        return judgement


def check_ending(name):
    ending = PurePath(name).suffix.lower()
    if ending and ending not in ENDINGS:
        raise ValidationError(
            f"{name}: a filled-in template is a Markdown file "
            f"({', '.join(sorted(ENDINGS - {'.org'}))}) or one of "
            "Emacs’s Org mode (.org): save it as one of these, then import it again."
        )


def unplaced(items, reason):
    return [Unplaced(item.line, text, reason) for item in items for text in item.texts]


def lines_of_answers(template, reason):
    items = [item for answer in template.answers.values() for item in answer.items]
    return unplaced(sorted(items, key=lambda item: item.line), reason)


def comparable(paper):
    return SimpleNamespace(
        paper=paper,
        key=paper.key,
        title=paper.title,
        year=paper.year,
        doi=paper.doi,
        authors=paper.author_list,
    )
