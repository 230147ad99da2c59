import csv

from django.core.paginator import Paginator
from django.http import StreamingHttpResponse
from django.views.decorators.http import require_safe

from mapping import access
from mapping.exporting import safe
from mapping.models import User
from mapping.pages import answer
from reviews import logbook

PER_PAGE = 50
COLUMNS = ("at", "by", "act", "text", "paper")


@require_safe
def log(request, slug):
    study = access.study_to_lead(request.user, slug)
    asked = asked_for(request)
    found = logbook.narrowed(logbook.lines(study, request.user), **asked)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "study": study,
        "page": page,
        "query": asked["words"],
        "filters": filters(study, asked),
        "shown": page.paginator.count,
        "total": study.log.count(),
        "withheld": logbook.WITHHELD,
        "csv_address": request.GET.urlencode(),
    }
    return answer(request, "log.html", context)


@require_safe
def log_csv(request, slug):
    """What the filters show, all pages of it."""
    study = access.study_to_lead(request.user, slug)
    found = logbook.narrowed(logbook.lines(study, request.user), **asked_for(request))
    disposition = {"Content-Disposition": 'attachment; filename="log.csv"'}
    return StreamingHttpResponse(rows(found), content_type="text/csv; charset=utf-8", headers=disposition)


class Echo:
    def write(self, line):
        return line


def rows(found):
    writer = csv.writer(Echo(), lineterminator="\n")
    yield writer.writerow(COLUMNS)
    for line in found.iterator(chunk_size=2000):
        text = logbook.WITHHELD if line.is_withheld else line.text
        who, paper = line.by.username if line.by else "", line.paper.key if line.paper else ""
        yield writer.writerow([line.at.isoformat(), *map(safe, (who, line.act, text, paper))])


def asked_for(request):
    # PostgreSQL takes no NUL in a text, and nothing has one.
    return {
        name: request.GET.get(parameter, "").replace("\x00", "").strip()
        for name, parameter in (("words", "q"), ("person", "person"), ("act", "act"))
    }


def filters(study, asked):
    people = User.objects.filter(pk__in=study.log.values("by")).order_by("username")
    acts = study.log.order_by("act").values_list("act", flat=True).distinct()
    options = {
        "person": ("Person", [(user.username, str(user)) for user in people]),
        "act": ("Act", [(act, act.replace("-", " ")) for act in acts]),
    }
    return [
        {
            "name": name,
            "label": label,
            "active": bool(asked[name]),
            "options": [{"value": value, "label": words, "selected": value == asked[name]} for value, words in choices],
        }
        for name, (label, choices) in options.items()
    ]
