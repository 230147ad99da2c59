"""Corrections of a paper's entry: suggested by reviewers, taken over or left by the leads.

They stand in the study's log, which names who suggested what and when: a suggestion is a line, and
what became of it another.
"""

from datetime import datetime
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import model_to_dict

from mapping.models import LogEntry, Membership, Paper, Study, User
from mapping.papers import changes as paper_changes
from mapping.papers.forms import PaperForm
from mapping.parsers.paper_fields import in_order

FIELDS = tuple(one.name for one in in_order("abstract", "authors", "year") if one.may_be_suggested)
SUGGEST, ANSWER = "suggest-correction", "answer-correction"
NAMES = {name: str(Paper._meta.get_field(name).verbose_name) for name in FIELDS}


class AlreadyAnswered(Exception):
    """Another lead was quicker."""


class Suggestion(NamedTuple):
    pk: int
    field: str
    text: str
    by: User
    at: datetime

    @property
    def name(self):
        return NAMES[self.field]


def open_lines(log):
    """The log entries of corrections that no lead has answered since, oldest first."""
    unanswered = {}
    for line in (
        log.filter(act__in=[SUGGEST, ANSWER], paper__isnull=False)
        .select_related("by")
        .order_by("pk")
    ):
        # Named by what they say: an imported study has other ids.
        key = (line.paper_id, line.facts["field"], line.facts["should_be"])
        if line.act == SUGGEST:
            unanswered[key] = line
        else:
            unanswered.pop(key, None)
    return list(unanswered.values())


def open_suggestions(paper: Paper) -> list[Suggestion]:
    lines = open_lines(paper.study.log.filter(paper=paper))
    return [
        Suggestion(line.pk, line.facts["field"], line.facts["should_be"], line.by, line.at)
        for line in lines
    ]


def suggestions_for(paper: Paper, member: Membership) -> list[Suggestion]:
    """Those that this member sees: a lead answers all of them; who made one sees that it waits."""
    if not member.may_code:
        return []
    return [
        suggestion
        for suggestion in open_suggestions(paper)
        if member.is_lead or suggestion.by == member.user
    ]


def papers_with_open_suggestions(study: Study) -> list[Paper]:
    """One paper per open suggestion, oldest first."""
    return [line.paper for line in open_lines(study.log.select_related("paper"))]


@transaction.atomic
def suggest(paper: Paper, *, field: str, text: str, by: User) -> None:
    """Tell the leads what should stand in this field. The same suggestion twice is one."""
    text = checked_text(paper, field, text)
    for known in open_suggestions(paper):
        if (known.field, known.text) == (field, text):
            return
    sentence = f"Told the leads what is missing or wrong in “{paper.title}”: {NAMES[field]}."
    LogEntry.objects.record(
        paper.study, by, SUGGEST, sentence, paper=paper, field=field, should_be=text
    )


def checked_text(paper: Paper, field: str, text: str) -> str:
    """The text as the form of a paper takes it. Raises ValidationError where it does not."""
    form = form_with(Paper.objects.select_related("study").get(pk=paper.pk), field, text.strip())
    form.is_valid()
    if field in form.errors:
        raise ValidationError(list(form.errors[field]))
    if form.cleaned_data[field] in {None, ""}:
        raise ValidationError("Say what should stand there.")
    return str(form.cleaned_data[field])


def form_with(paper, field, text):
    current = {
        name: value
        for name, value in model_to_dict(paper, PaperForm.Meta.fields).items()
        if value is not None
    }
    return PaperForm(current | {field: text}, instance=paper, study=paper.study)


@transaction.atomic
def answer(paper: Paper, pk: int, *, is_taken: bool, by: User) -> None:
    """Put a suggestion into the entry, or leave it.

    Raises ValidationError where the entry refuses it, AlreadyAnswered where another lead was
    quicker.
    """
    # Two leads may press at once; the lock lets the second see the first.
    paper = Paper.objects.select_for_update(of=("self",)).select_related("study").get(pk=paper.pk)
    by_pk = {suggestion.pk: suggestion for suggestion in open_suggestions(paper)}
    suggestion = by_pk.get(pk)
    if suggestion is None:
        raise AlreadyAnswered
    if is_taken:
        take_over(paper, suggestion, by)
    sentence = (
        f"{'Took over' if is_taken else 'Left'} what {suggestion.by} said of “{paper.title}”: "
        f"{suggestion.name}."
    )
    facts = {"field": suggestion.field, "should_be": suggestion.text, "taken": is_taken}
    LogEntry.objects.record(paper.study, by, ANSWER, sentence, paper=paper, **facts)


def take_over(paper, suggestion, by):
    form = form_with(paper, suggestion.field, suggestion.text)
    if not form.is_valid():
        raise ValidationError(
            [message for messages in form.errors.values() for message in messages]
        )
    paper_changes.edit_paper(form.save(commit=False), changed=[suggestion.field], by=by)
