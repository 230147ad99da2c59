from itertools import islice

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from mapping import access
from mapping.exchange.table_csv import csv_file, csv_url
from mapping.models import Paper
from mapping.site.answers import answer
from mapping.site.filters import Choices, ListFilters, Text
from mapping.site.numbers import is_id
from reviews.models import Assignment
from reviews.models.study_cache import read_only
from reviews.rounds import progress
from reviews.rounds.progress import STATES

PAGE = 50
MOST_TASKS = 20
# What was begun stands first, then what is to do, then what is in.
READING_ORDER = ["state_rank", *Assignment.NEED]
ORDERS = {"title": "paper__title", "year": "paper__year", "round": "round__opened_at"}


@require_safe
def queue(request, slug):
    membership = access.study_to_code(request.user, slug)
    study = membership.study
    read_only(study)
    rounds = progress.of_reader(membership)
    sort = request.GET.get("sort", "")
    sort = sort if sort.removeprefix("-") in ORDERS else ""
    own = Assignment.objects.of(membership).with_state()
    filters = QueueFilters(study, rounds, request.GET, own)
    shown = filters.qs.order_by(*order_of(sort)).values_list("pk", flat=True)
    if request.GET.get("format") == "csv":
        filters.require_known()
        return csv_file(
            f"{slug}-my-queue", ["paper", "title", "year", "round", "state"], rows(shown)
        )
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    assignments = progress.listed_assignments(page.object_list)
    tasks = progress.recoding_tasks(membership)
    answered = progress.sections_filled(assignments)
    return answer(
        request,
        "coding/queue.html",
        {
            "membership": membership,
            "next": progress.next_assignment(membership),
            "rounds": rounds,
            "open_rounds": [own for own in rounds if not own.round.is_closed],
            "tasks": tasks[:MOST_TASKS],
            "tasks_in_all": tasks.count(),
            "page": page,
            "assignments": assignments,
            "rows": [(one, answered.get(one.pk)) for one in assignments],
            "total": sum(own.assigned for own in rounds),
            "query": filters.query,
            "filters": filters.shown(),
            "sort": sort,
            "csv_url": csv_url(request),
        },
    )


def rows(pks):
    pks = pks.iterator(chunk_size=2000)
    while batch := list(islice(pks, 500)):
        for one in progress.listed_assignments(batch):
            yield one.paper.key, one.paper.title, one.paper.year, one.round.name, STATES[one.state]


@require_safe
def next_paper(request, slug):
    """Straight to the summary of the next paper; to the queue when there is none, or no other than
    the one skipped.
    """
    membership = access.study_to_code(request.user, slug)
    skipped = request.GET.get("after", "")
    skipped = int(skipped) if is_id(skipped) else None
    assignment = progress.next_assignment(membership, after=skipped)
    if assignment is None:
        if progress.next_assignment(membership):
            messages.info(request, "No other paper waits for you: the one you skipped is the last.")
        else:
            messages.success(request, "You have submitted everything that was handed to you.")
        return redirect("queue", slug)
    return redirect(assignment.get_absolute_url())


class QueueFilters(ListFilters):
    """What the address asks of the queue."""

    q = Text(method="by_words")
    state = Choices("State", "states")
    round = Choices("Round", "rounds_by_key", shown_from=2)

    def __init__(self, study, rounds, asked, assignments):
        self.study, self.rounds = study, rounds
        super().__init__(asked, assignments)

    def by_words(self, assignments, name, words):
        return assignments.filter(paper__in=Paper.objects.filter(study=self.study).matching(words))

    def states(self):
        return STATES.items()

    def rounds_by_key(self):
        return [(str(own.round.pk), own.round) for own in self.rounds]


def order_of(sort):
    if not sort:
        return READING_ORDER
    down = "-" if sort.startswith("-") else ""
    return [down + ORDERS[sort.removeprefix("-")], *READING_ORDER[1:]]
