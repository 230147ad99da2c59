"""The list of papers: search, filter, sort, take away."""

from django.core.paginator import Paginator
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Left
from django.utils.functional import cached_property
from django.views.decorators.http import require_safe

from mapping import access
from mapping.exchange.table_csv import csv_url, require_known
from mapping.models import Membership, Paper, PaperSource
from mapping.site.answers import answer, filter_of
from reviews.models import Assignment
from reviews.models.study_cache import read_only
from reviews.overview import paper_states
from reviews.overview.paper_csv import paper_csv
from reviews.overview.paper_states import BY_TITLE

PAPERS_PER_PAGE = 50
ORDERS = {
    "title": Left("title", 200),
    "year": F("year"),
    "venue": Left("venue", 200),
    "authors": Left("authors", 200),
}
FILTERS = {
    "state": "State",
    "year": "Year",
    "source": "Found in",
    "pdf": "PDF",
    "reviewer": "Reader",
}
COLUMNS = ("pk", "key", "title", "authors", "year", "venue", "pdf", "study")


@require_safe
def papers(request, slug):
    study = access.study_to_read(request.user, slug)
    read_only(study)
    choice = Choice(study, request.GET)
    if request.GET.get("format") == "csv":
        require_known(request.GET, **{name: choice.chosen.get(name) for name in FILTERS})
        return paper_csv(study, choice.papers())
    total = study.papers.count()
    page = page_of(choice, total, request.GET.get("page"))
    paper_states.add_states(page.object_list, study.membership)
    context = {
        "study": study,
        "page": page,
        "query": choice.query,
        "filters": choice.filters(),
        "sort": choice.sort,
        "shown": page.paginator.count,
        "total": total,
        "has_states": bool(choice.states),
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
    """Which papers somebody asked for, in which order; what they may not ask or what makes no sense
    is left aside.
    """

    def __init__(self, study, asked):
        self.study, self.membership = study, study.membership
        self.query = asked.get("q", "").replace("\0", "").strip()
        self.states = paper_states.states_for(study.membership)
        sort = asked.get("sort", "")
        self.sort = (
            sort
            if sort.removeprefix("-") in {*ORDERS, *(["state"] if self.states else [])}
            else "title"
        )
        self.chosen = {
            name: asked[name]
            for name, options in self.options.items()
            if asked.get(name) in {value for value, _ in options}
        }

    @cached_property
    def options(self):
        """What each filter offers: `{name: [(value, label)]}`."""
        years = self.study.papers.exclude(year=None).order_by("-year")
        sources = self.study.paper_imports.exclude(source="").order_by("source")
        options = {
            "state": list(self.states.items()),
            "year": [
                (str(year), str(year)) for year in years.values_list("year", flat=True).distinct()
            ],
            "source": [
                *(
                    (source, source)
                    for source in sources.values_list("source", flat=True).distinct()
                ),
                ("-", "without a source"),
            ],
            "pdf": [("yes", "with PDF"), ("no", "without PDF")],
        }
        if self.membership.is_lead:
            options["reviewer"] = self.reviewers()
        return options

    def reviewers(self):
        team = (
            Membership.objects.filter(study=self.study)
            .select_related("user")
            .order_by("user__username")
        )
        return [(member.user.username, str(member.user)) for member in team if member.may_code]

    @property
    def is_narrowed(self):
        return bool(self.query or self.chosen)

    def papers(self):
        papers = Paper.objects.filter(study=self.study).matching(self.query)
        for name, value in self.chosen.items():
            papers = getattr(self, f"by_{name}")(papers, value)
        return papers.order_by(*self.order())

    def by_state_alone(self):
        """The pks in order where nothing but the state is asked for, from the cache; else None."""
        name, is_reversed = self.sort.removeprefix("-"), self.sort.startswith("-")
        if self.query or not {"state"}.issuperset(self.chosen):
            return None
        if name == "state" and not self.chosen:
            return paper_states.listed_papers(self.study, self.membership, is_reversed=is_reversed)
        if self.chosen and name in {"state", "title"}:
            pks = paper_states.listed_papers(
                self.study, self.membership, state=self.chosen["state"]
            )
            return pks[::-1] if self.sort == "-title" else pks
        return None

    def by_state(self, papers, state):
        return papers.filter(paper_states.condition(state, self.membership))

    def by_year(self, papers, year):
        return papers.filter(year=int(year))

    def by_source(self, papers, source):
        named = PaperSource.objects.filter(paper=OuterRef("pk")).exclude(source="")
        return papers.filter(
            ~Exists(named) if source == "-" else Exists(named.filter(source=source))
        )

    def by_pdf(self, papers, wanted):
        return papers.exclude(pdf="") if wanted == "yes" else papers.filter(pdf="")

    def by_reviewer(self, papers, username):
        theirs = Assignment.objects.in_force().filter(
            paper=OuterRef("pk"), reviewer__username=username
        )
        return papers.filter(Exists(theirs))

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

    def filters(self):
        return [
            filter_of(name, FILTERS[name], options, self.chosen.get(name))
            for name, options in self.options.items()
            if options
        ]
