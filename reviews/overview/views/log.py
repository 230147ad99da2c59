from dataclasses import replace

from django.core.paginator import Paginator
from django.views.decorators.http import require_safe

from mapping import access
from mapping.exchange.table import lines
from mapping.models import LogEntry, User
from mapping.site.answers import answer, filter_of
from reviews.blindness import log as blindness_log
from reviews.exchange.scope import scope_for
from reviews.exchange.tables.records import LOG
from reviews.exchange.views.export import as_download

PER_PAGE = 50


@require_safe
def log(request, slug):
    study = access.study_to_lead(request.user, slug)
    chosen = chosen_filters(request)
    readable = blindness_log.lines(study, request.user)
    entries = blindness_log.narrowed(readable, **chosen)
    page = Paginator(entries, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "study": study,
        "page": page,
        "query": chosen["words"],
        "filters": filters(readable, chosen),
        "shown": page.paginator.count,
        "total": readable.count(),
        "withheld": blindness_log.WITHHELD,
        "csv_address": request.GET.urlencode(),
    }
    return answer(request, "overview/log.html", context)


@require_safe
def log_csv(request, slug):
    """What the filters show, all pages of it: the bundle's log.csv with these lines alone."""
    study = access.study_to_lead(request.user, slug)
    entries = blindness_log.narrowed(
        blindness_log.lines(study, request.user), **chosen_filters(request)
    )
    scope = scope_for(request.user, study)
    return as_download(lines(LOG, replace(scope, rows={**scope.rows, LogEntry: entries})), LOG.name)


def chosen_filters(request):
    # PostgreSQL takes no NUL in a text, and nothing has one.
    return {
        name: request.GET.get(parameter, "").replace("\x00", "").strip()
        for name, parameter in (("words", "q"), ("person", "person"), ("act", "act"))
    }


def filters(readable, chosen):
    people = User.objects.filter(pk__in=readable.filter(is_unnamed=False).values("by")).order_by(
        "username"
    )
    acts = readable.order_by("act").values_list("act", flat=True).distinct()
    return [
        filter_of("person", "Person", [(user.username, user) for user in people], chosen["person"]),
        filter_of("act", "Act", [(act, act.replace("-", " ")) for act in acts], chosen["act"]),
    ]
