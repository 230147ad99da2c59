"""Filled-in summary templates (Markdown) to draft summaries of one reviewer."""

from types import SimpleNamespace

from django.core.exceptions import ValidationError
from django.db import transaction
from django.template.defaultfilters import pluralize
from django.utils.functional import cached_property

from mapping.importing import free_keys
from mapping.models import LogEntry, Membership, Paper, PaperSource, Phase, Section, Study
from mapping.models.fields import check_lengths
from mapping.parsers import UnreadableFile
from mapping.parsers.decoding import decoded
from mapping.parsers.summary_templates import TemplateSection, read
from mapping.parsers.titles import find_duplicates
from reviews.blindness import independence
from reviews.models import Answer, Assignment, Mark, Round, Summary

from .proposing import CodesOfReviewer, fill_single, fill_text, fill_value

ROUND = "Imported"


@transaction.atomic
def import_summaries(study, *, files, reviewer, by, may_create=True, is_dry_run=False):
    """Draft summaries of `reviewer` from `files`, a list of (name, bytes).

    Returns `{papers, new_papers, summaries, answers, unplaced, skipped}`; `answers` holds what was read of each file. A
    paper that the reviewer has begun or submitted already is skipped, never written over. Without `may_create` the
    papers must have been handed out to the reviewer.
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
        text = f"Imported {number} draft summar{pluralize(number, 'y,ies')} of {reviewer} from filled-in templates."
        LogEntry.objects.record(study, by, "import-summaries", text, reviewer=reviewer.username)
    return outcome


def check_reviewer(study, reviewer):
    member = Membership.objects.active().filter(study=study, user=reviewer).first()
    if member is None:
        raise ValidationError(f"{reviewer} is no member of this study.")
    if not member.may_code:
        raise ValidationError(f"{reviewer} is an observer of this study, and observers do not code papers.")


class Import:
    """One run over several files; what a file brings is known to those after it."""

    def __init__(self, study, reviewer, may_create):
        self.study, self.reviewer, self.may_create = study, reviewer, may_create
        self.phase = Phase.objects.filter(study=study, kind=Phase.Kind.CODING).first()
        if self.phase is None:
            raise ValidationError("The template of this study has no coding phase yet.")
        self.sections = list(Section.objects.in_use().filter(phase=self.phase))
        self.codes = CodesOfReviewer(self.sections, reviewer)
        self.papers, self.prior_access = set(), {}
        self.outcome = {"new_papers": 0, "summaries": 0, "answers": {}, "unplaced": [], "skipped": [], "possible": []}
        self.outcome["not_independent"] = []

    @cached_property
    def known(self):
        papers = Paper.objects.filter(study=self.study).only("study", "key", "title", "year", "doi", "authors")
        return [comparable(paper) for paper in papers]

    def take(self, name, content):
        try:
            text = decoded(content, name)
        except UnreadableFile as error:
            raise ValidationError(str(error)) from error
        template = read(text, [TemplateSection(one.key, one.label, one.kind) for one in self.sections], name)
        if not template.title:
            raise ValidationError(f"{name}: there is no paper title in it (a line such as “## Paper Title: …”).")
        self.outcome["answers"][self.unique_name(name)] = template.values
        self.report(name, template.unplaced)
        paper = self.paper_of(template, name)
        assignment = self.assignment_of(paper, name)
        if assignment is not None:
            self.papers.add(paper.pk)
            self.write(Summary.objects.create(assignment=assignment, origin=Summary.Origin.TEMPLATE), template)
            self.outcome["summaries"] += 1

    def unique_name(self, name):
        """Two folders may hold files of one name."""
        number, unique = 1, name
        while unique in self.outcome["answers"]:
            number += 1
            unique = f"{name} ({number})"
        return unique

    def report(self, name, lines):
        self.outcome["unplaced"] += [{"file": name, "line": one.line, "text": one.text} for one in lines]

    def paper_of(self, template, name):
        wanted = SimpleNamespace(
            title=template.title, year=template.year, doi=template.doi or "", authors=template.authors or []
        )
        match = find_duplicates([wanted], self.known)[0]
        if match and match.is_sure:
            return match.found.paper
        if not self.may_create:
            likeness = f" It is {match}." if match else ""
            raise ValidationError(
                f"{name}: “{template.title}” is no paper of this study.{likeness} Ask a lead to import it first."
            )
        entry = {"key": "", "authors": wanted.authors, "year": template.year, "title": template.title}
        paper = Paper(
            study=self.study,
            key=next(free_keys([entry], [one.key for one in self.known])),
            title=template.title,
            authors="; ".join(wanted.authors),
            year=template.year,
            venue=template.venue or "",
            doi=wanted.doi,
            shares_doi=any(one.doi == wanted.doi for one in self.known if one.doi),
        )
        check_lengths(paper, place=name)
        paper.save()
        PaperSource.objects.create(paper=paper, file_name=name[:255])
        self.known.append(comparable(paper))
        self.outcome["new_papers"] += 1
        if match:
            told = {"file": name, "title": paper.title, "like": match.found.key, "reason": str(match)}
            self.outcome["possible"].append(told)
        return paper

    def assignment_of(self, paper, name):
        """The reviewer's own open assignment, else one in the round of imports; None if they have begun already."""
        mine = Assignment.objects.in_force().filter(paper=paper, reviewer=self.reviewer, round__phase=self.phase)
        begun = Summary.objects.filter(assignment__in=mine).order_by("-submitted_at").first()
        if begun:
            state = "submitted" if begun.is_submitted else "begun"
            reason = f"{self.reviewer} has {state} a summary of “{paper.title}” already: it was left as it is"
            self.outcome["skipped"].append({"file": name, "reason": reason})
            return None
        found = mine.filter(round__closed_at=None).first()
        if found is None and not self.may_create:
            raise ValidationError(f"{name}: “{paper.title}” was not handed out to {self.reviewer}.")
        return found or self.assignment_in_own_round(paper)

    def assignment_in_own_round(self, paper):
        round, _ = Round.objects.get_or_create(study=self.study, name=ROUND, defaults={"phase": self.phase})
        if round.is_closed or round.phase != self.phase:
            raise ValidationError(f"The round “{ROUND}” is closed or of another phase: rename it, then import again.")
        found = independence.prior_access(self.phase, [(paper.pk, self.reviewer.pk)])
        self.prior_access |= found
        self.outcome["not_independent"] += [
            independence.sentence(self.reviewer, [paper], independence.Why(why)) for why in found.values()
        ]
        assignment, _ = Assignment.objects.update_or_create(
            round=round, paper=paper, reviewer=self.reviewer, defaults={"withdrawn_at": None}
        )
        return assignment

    def write(self, summary, template):
        for section in self.sections:
            said = template.answers.get(section.key)
            if said is None or not said.items:
                continue  # asked and not answered: blank, neither "none" nor "not reported"
            answer, marks, left = self.answer_of(section, said)
            self.report(template.file, left)
            answer.summary = summary
            check_lengths(answer, *marks, place=f"{template.file}, {section}")
            answer.save()
            for place, mark in enumerate(marks):
                mark.answer, mark.position = answer, place
            Mark.objects.bulk_create(marks)

    def answer_of(self, section, said):
        """(answer, marks, items that found no place), unsaved."""
        answer = Answer(section=section, version=1, codebook_version=self.study.codebook_version)
        if section.kind == Section.Kind.CODES:
            return answer, [self.codes.mark(section, item) for item in said.items], []
        if section.has_codes:
            return answer, *fill_single(answer, section, said.items, self.codes)
        if section.kind == Section.Kind.TEXT:
            return fill_text(answer, said), [], []
        return answer, [], fill_value(answer, section, said.items)


def comparable(paper):
    return SimpleNamespace(
        paper=paper, key=paper.key, title=paper.title, year=paper.year, doi=paper.doi, authors=paper.author_list
    )
