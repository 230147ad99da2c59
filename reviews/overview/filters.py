"""What the lists of papers and of the log can be filtered by: a filter is a line of its class."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import QueryDict

from mapping.models import Membership, Paper, PaperSource, User
from mapping.site.filters import AnyChoices, Choices, ListFilters, Text
from reviews.blindness import log as blindness_log
from reviews.models import Assignment
from reviews.overview import paper_states

Options = Iterable[tuple[str, Any]]


class PaperFilters(ListFilters):
    """The papers of a study; what somebody may not ask is no option for them."""

    q = Text(method="by_words")
    state = Choices("State", "states", method="by_state")
    year = Choices("Year", "years")
    source = Choices("Found in", "sources", method="by_source")
    pdf = Choices("PDF", "with_or_without_pdf", method="by_pdf")
    reviewer = Choices("Reader", "readers", method="by_reviewer")

    def __init__(self, membership: Membership, asked: QueryDict) -> None:
        self.membership, self.study = membership, membership.study
        super().__init__(asked, Paper.objects.filter(study=self.study))

    def by_words(self, papers: QuerySet, name: str, words: str) -> QuerySet:
        return papers.matching(words)

    def states(self) -> Options:
        return paper_states.states_for(self.membership).items()

    def by_state(self, papers: QuerySet, name: str, state: str) -> QuerySet:
        return papers.filter(paper_states.condition(state, self.membership))

    def years(self) -> Options:
        years = self.study.papers.exclude(year=None).order_by("-year")
        return [(str(year), str(year)) for year in years.values_list("year", flat=True).distinct()]

    def sources(self) -> Options:
        sources = self.study.paper_imports.exclude(source="").order_by("source")
        named = sources.values_list("source", flat=True).distinct()
        return [*((source, source) for source in named), ("-", "without a source")]

    def by_source(self, papers: QuerySet, name: str, source: str) -> QuerySet:
        named = PaperSource.objects.filter(paper=OuterRef("pk")).exclude(source="")
        return papers.filter(
            ~Exists(named) if source == "-" else Exists(named.filter(source=source))
        )

    def with_or_without_pdf(self) -> Options:
        return [("yes", "with PDF"), ("no", "without PDF")]

    def by_pdf(self, papers: QuerySet, name: str, wanted: str) -> QuerySet:
        return papers.exclude(pdf="") if wanted == "yes" else papers.filter(pdf="")

    def readers(self) -> Options:
        if not self.membership.is_lead:
            return []
        team = Membership.objects.filter(study=self.study).select_related("user")
        return [
            (member.user.username, str(member.user))
            for member in team.order_by("user__username")
            if member.may_code
        ]

    def by_reviewer(self, papers: QuerySet, name: str, username: str) -> QuerySet:
        theirs = Assignment.objects.in_force().filter(
            paper=OuterRef("pk"), reviewer__username=username
        )
        return papers.filter(Exists(theirs))


class LogFilters(ListFilters):
    """Lines of the log, as `blindness.log` lets this person read them."""

    q = Text(method="by_words")
    person = AnyChoices("Person", "people", method="by_person")
    act = AnyChoices("Act", "acts", method="by_act")

    def by_words(self, lines: QuerySet, name: str, words: str) -> QuerySet:
        return blindness_log.with_words(lines, words)

    def people(self) -> Options:
        named = self.queryset.filter(is_unnamed=False).values("by")
        people = User.objects.filter(pk__in=named).order_by("username")
        return [(user.username, user) for user in people]

    def by_person(self, lines: QuerySet, name: str, username: str) -> QuerySet:
        return blindness_log.by(lines, username)

    def acts(self) -> Options:
        acts = self.queryset.order_by("act").values_list("act", flat=True).distinct()
        return [(act, act.replace("-", " ")) for act in acts]

    def by_act(self, lines: QuerySet, name: str, act: str) -> QuerySet:
        return lines.filter(act=act)
