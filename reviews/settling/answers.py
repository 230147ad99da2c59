"""From the database to plain comparisons, for one paper or for all, in a constant number of
queries.

Whoever asks hands in a queryset of summaries: pages `visible_summaries`, acts of the
system all of them.
"""

from collections import Counter, defaultdict
from typing import NamedTuple

from django.db.models import Exists, OuterRef
from django.utils.crypto import salted_hmac

from mapping.judgement.values import BLANK
from mapping.models import Code, Finding, User
from reviews.judgement.database import judgements_in
from reviews.models import Answer, Mark
from reviews.settling.comparison import ReviewerAnswer, compare


class Voice(NamedTuple):
    """A reviewer of one paper, as the comparison calls them. `name` is empty where the study hides
    names.
    """

    letter: str
    name: str
    reviewer: int
    summary: int
    username: str

    @property
    def label(self):
        return self.name or self.letter


class Compared(NamedTuple):
    """One section of one paper over its reviewers."""

    paper: int
    section: int
    voices: tuple  # of Voice, in the order of the letters
    comparison: object
    numbers: dict  # primary key of a code: its number, by which it is kept


def newest_of_each(summaries):
    """Of every reviewer's submitted summaries of a paper, in a phase, the newest: `[(pk, paper,
    reviewer, phase)]`.
    """
    rows = (
        summaries.latest()
        .order_by("submitted_at", "pk")
        .values_list("assignment__paper", "assignment__round__phase", "assignment__reviewer", "pk")
    )
    newest = {(paper, phase, reviewer): pk for paper, phase, reviewer, pk in rows}
    return [(pk, paper, reviewer, phase) for (paper, phase, reviewer), pk in newest.items()]


def answers_given(summaries, sections, *, is_open_only=False):
    """What these summaries say: `{summary: {section: Judgement}}`, in two queries."""
    answers = Answer.objects.filter(summary__in=summaries, section__in=sections).order_by()
    if is_open_only:
        settled = Finding.objects.filter(
            paper=OuterRef("summary__assignment__paper"), section=OuterRef("section")
        )
        answers = answers.filter(~Exists(settled))
    # Asked by the summaries, not by the answers above: of rows that came in this very transaction,
    # as in an import, the planner knows nothing yet, and the question within the question took
    # minutes. A few marks too many harm nobody.
    marks = Mark.objects.filter(answer__summary__in=summaries, answer__section__in=sections)
    return judgements_in(answers, marks)


def compared(study, summaries, sections=None, *, papers=None, is_open_only=False):
    """Every section that anybody answered, of every paper: a list of `Compared`, papers in the
    order they come.

    `summaries` says whose answers may be used; `sections` narrows (default: those in use), `papers`
    too. `is_open_only` leaves out what has a finding.
    """
    if papers is not None:
        summaries = summaries.filter(assignment__paper__in=papers)
    chosen = newest_of_each(summaries)
    sections = list(study.sections.in_use() if sections is None else sections)
    given = answers_given([pk for pk, *_ in chosen], sections, is_open_only=is_open_only)
    by_phase = defaultdict(list)
    for section in sections:
        by_phase[section.phase_id].append(section)
    codebook = Codebook(study)
    comparisons = []
    for (paper, phase), said_by in readers_together(study, chosen).items():
        for section in by_phase[phase]:
            answers = [
                ReviewerAnswer(voice.label, given[voice.summary].get(section.pk, BLANK))
                for voice in said_by
            ]
            comparison = compare(
                section.kind, answers, codebook.categories(section, answers), labels=codebook.labels
            )
            if comparison.state != "blank":
                comparisons.append(
                    Compared(paper, section.pk, said_by, comparison, codebook.numbers)
                )
    return comparisons


def readers_together(study, chosen):
    """`{(paper, phase): its voices, in the order of the letters}` of the summaries chosen."""
    people = people_behind(chosen)
    letters = voices(study, chosen, people)
    together = defaultdict(list)
    for pk, paper, reviewer, phase in chosen:
        letter, name = letters[paper][reviewer]
        together[paper, phase].append(Voice(letter, name, reviewer, pk, people[reviewer].username))
    return {pair: tuple(sorted(said_by)) for pair, said_by in together.items()}


class Codebook:
    """The codes of a study as comparisons need them. One query."""

    def __init__(self, study):
        self.place, self.labels, self.numbers = {}, {}, {}
        self.scale = defaultdict(list)
        codes = Code.objects.filter(section__study=study).order_by("position", "pk")
        for place, (pk, number, section, label, status) in enumerate(
            codes.values_list("pk", "number", "section", "label", "status")
        ):
            self.place[pk], self.labels[pk], self.numbers[pk] = place, label, number
            if status == Code.Status.ACTIVE:
                self.scale[section].append(pk)

    def categories(self, section, answers):
        """The codes given, in codebook order; of a scale all its stages, retired ones where
        somebody gave them.
        """
        given = {mark.code for answer in answers for mark in answer.judgement.marks}
        if section.kind_of.is_scale:
            given.update(self.scale[section.pk])
        return sorted(given, key=self.place.__getitem__)


def people_behind(chosen):
    return User.objects.in_bulk({reviewer for _, _, reviewer, _ in chosen})


def voices(study, chosen, people=None):
    """What every reviewer of a paper is called: `{paper: {reviewer: (letter, name)}}`. `people` are
    they, by primary key, where somebody has asked for them.

    Letters go by name; where the study hides names their order is another on every paper, but
    always the same there.
    """
    readers = defaultdict(set)
    for _, paper, reviewer, _ in chosen:
        readers[paper].add(reviewer)
    names = called((people_behind(chosen) if people is None else people).values())
    order = {}
    for paper, several in readers.items():
        ranked = sorted(
            several,
            key=lambda pk: (
                shuffled(study, paper, pk) if study.is_anonymous else names[pk].casefold()
            ),
        )
        order[paper] = {
            reviewer: (letter_of(place), "" if study.is_anonymous else names[reviewer])
            for place, reviewer in enumerate(ranked)
        }
    return order


def called(users):
    """First names where they tell people apart, else user names: never two people by one name."""
    names = Counter(
        name
        for user in users
        for name in {user.get_short_name().casefold(), user.username.casefold()}
    )
    return {
        user.pk: user.get_short_name()
        if names[user.get_short_name().casefold()] == 1
        else user.username
        for user in users
    }


def shuffled(study, paper, reviewer):
    """A place that says nothing about the person, without the server's secret."""
    return salted_hmac("comparing.order", f"{study.pk}:{paper}:{reviewer}").hexdigest()


def letter_of(place):
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return (
        letters[place]
        if place < len(letters)
        else f"{letters[place // 26 - 1]}{letters[place % 26]}"
    )
