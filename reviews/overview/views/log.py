from collections import ChainMap
from dataclasses import replace

from django.core.paginator import Paginator
from django.views.decorators.http import require_safe

from mapping import access
from mapping.exchange.table import lines
from mapping.models import LogEntry
from mapping.site.answers import answer
from reviews.blindness import log as blindness_log
from reviews.exchange.scope import scope_for
from reviews.exchange.tables.history import LOG
from reviews.exchange.views.export import as_download
from reviews.overview.filters import LogFilters

PER_PAGE = 50


@require_safe
def log(request, slug):
    membership = access.study_to_lead(request.user, slug)
    readable = blindness_log.lines(membership)
    filters = LogFilters(request.GET, readable)
    page = Paginator(filters.qs, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "membership": membership,
        "page": page,
        "query": filters.query,
        "filters": filters.shown(),
        "shown": page.paginator.count,
        "total": readable.count(),
        "withheld": blindness_log.WITHHELD,
        "csv_address": request.GET.urlencode(),
    }
    return answer(request, "overview/log.html", context)


@require_safe
def log_csv(request, slug):
    """What the filters show, all pages of it: the bundle's log.csv with these lines alone."""
    membership = access.study_to_lead(request.user, slug)
    entries = LogFilters(request.GET, blindness_log.lines(membership)).qs
    scope = scope_for(membership)
    rows = ChainMap({LogEntry: entries}, scope.rows)
    return as_download(lines(LOG, replace(scope, rows=rows)), LOG.name)
