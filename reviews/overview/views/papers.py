"""The list of papers: search, filter, sort, take away."""

from django.core.paginator import Paginator
from django.db.models import F
from django.db.models.functions import Left
from django.views.decorators.http import require_safe

from mapping import access
from mapping.exchange.table_csv import csv_url
from mapping.models import Paper
from mapping.site.answers import answer
from reviews.models.study_cache import read_only
from reviews.overview import paper_states
from reviews.overview.filters import PaperFilters
from reviews.overview.paper_csv import paper_csv
from reviews.overview.paper_states import BY_TITLE

PAPERS_PER_PAGE = 50
ORDERS = {
    "title": Left("title", 200),
    "year": F("year"),
    "venue": Left("venue", 200),
    "authors": Left("authors", 200),
}
COLUMNS = ("pk", "key", "title", "authors", "year", "venue", "pdf", "study")


@require_safe
def papers(request, slug):
    membership = access.study_to_read(request.user, slug)
    study = membership.study
    read_only(study)
    choice = Choice(membership, request.GET)
    if request.GET.get("format") == "csv":
        choice.filters.require_known()
        return paper_csv(membership, choice.papers())
    total = study.papers.count()
    page = page_of(choice, total, request.GET.get("page"))
    states = paper_states.states_of(page.object_list, membership)
    context = {
        "membership": membership,
        "page": page,
        "rows": [(paper, states.get(paper.pk)) for paper in page.object_list],
        "query": choice.filters.query,
        "filters": choice.filters.shown(),
        "sort": choice.sort,
        "shown": page.paginator.count,
        "total": total,
        "has_states": choice.has_states,
        "csv_url": csv_url(request),
    }
    return answer(request, "overview/papers.html", context)


def page_of(choice, total, number):
    pks = choice.by_state_alone()
    if pks is not None:
        page = Paginator(pks, PAPERS_PER_PAGE).get_page(number)
        by_pk = (
            Paper.objects.filter(study=choice.study).only(*COLUMNS).in_bulk(list(page.object_list))
        )
        # One may have been removed at this moment.
        page.object_list = [by_pk[pk] for pk in page.object_list if pk in by_pk]
        return page
    pages = PapersPaginator(choice.papers().only(*COLUMNS), PAPERS_PER_PAGE)
    pages.count = choice.papers().count() if choice.is_narrowed else total
    return pages.get_page(number)


class PapersPaginator(Paginator):
    """Pages of the second half are read from the end: the last page costs what the first one
    does.
    """

    def page(self, number):
        page = super().page(number)
        first, last = page.start_index(), page.end_index()
        if first > self.count / 2:
            page.object_list = list(
                self.object_list.reverse()[self.count - last : self.count - first + 1]
            )[::-1]
        else:
            page.object_list = list(page.object_list)
        return page


class Choice:
    """Which papers somebody asked for, in which order. An order that makes no sense is left
    aside.
    """

    def __init__(self, membership, asked):
        self.membership, self.study = membership, membership.study
        self.filters = PaperFilters(membership, asked)
        self.has_states = bool(paper_states.states_for(membership))
        sort = asked.get("sort", "")
        known = {*ORDERS, "state"} if self.has_states else {*ORDERS}
        self.sort = sort if sort.removeprefix("-") in known else "title"

    @property
    def is_narrowed(self):
        return bool(self.filters.chosen)

    def papers(self):
        return self.filters.qs.order_by(*self.order())

    def by_state_alone(self):
        """The pks in order where nothing but the state is asked for, from the cache; else None."""
        name, is_reversed = self.sort.removeprefix("-"), self.sort.startswith("-")
        chosen = self.filters.chosen
        if not {"state"}.issuperset(chosen):
            return None
        if name == "state" and not chosen:
            return paper_states.listed_papers(self.membership, is_reversed=is_reversed)
        if chosen and name in {"state", "title"}:
            pks = paper_states.listed_papers(self.membership, state=chosen["state"])
            return pks[::-1] if self.sort == "-title" else pks
        return None

    def order(self):
        name = self.sort.removeprefix("-")
        if name in {"title", "authors", "venue"}:
            # All in one direction, so that the index of this order serves either way.
            keys = [ORDERS[name], *BY_TITLE] if name != "title" else BY_TITLE
            return [key.desc() if self.sort.startswith("-") else key.asc() for key in keys]
        first = paper_states.rank(self.membership) if name == "state" else ORDERS[name]
        first = (
            first.desc(nulls_last=True) if self.sort.startswith("-") else first.asc(nulls_last=True)
        )
        return [first, *BY_TITLE]
