"""How a page answers: whole, or its partial alone when htmx asks for it."""

from pathlib import PurePosixPath

from django.http import Http404
from django.shortcuts import render


def posted(request):
    """What was posted, or None. `request.POST or None` would lose an empty POST: every code
    unticked.
    """
    return request.POST if request.method == "POST" else None


def uploaded(request):
    return request.FILES if request.method == "POST" else None


def answer(request, template, context, *, refused=False):
    """Render the page; for htmx its partial, `_name.html`, where it has one. A refused form answers
    422 with the same content."""
    # A boosted link or a restored page wants the whole page, as without script.
    if request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request:
        path = PurePosixPath(template)
        template = [str(path.with_name(f"_{path.name}")), template]
    return render(request, template, context, status=422 if refused else 200)


def asked_for(asked, name, options):
    """The value under this name in the address, or empty; 404 where it names nothing that
    there is.
    """
    value = asked.get(name, "")
    if value and value not in options:
        raise Http404(f"There is no {name} “{value[:100]}” here.")
    return value


def filter_of(name, label, options, chosen):
    """One filter as `shared/_table_tools.html` shows it: `options` are pairs of value and word,
    `chosen` a value or empty.
    """
    return {
        "name": name,
        "label": label,
        "active": bool(chosen),
        "options": [
            {"value": value, "label": str(word), "selected": value == chosen}
            for value, word in options
        ],
    }
