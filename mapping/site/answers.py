"""Responses: a whole page, or its partial for htmx."""

from pathlib import PurePosixPath

from django.http import Http404
from django.shortcuts import render


def posted(request):
    """The POST data of a POST request, else None. `request.POST or None` would lose an empty POST,
    with every code unticked.
    """
    return request.POST if request.method == "POST" else None


def uploaded(request):
    """The files of a POST request, else None."""
    return request.FILES if request.method == "POST" else None


def answer(request, template, context, *, refused=False):
    """Render the page, or for htmx its partial `_name.html` if there is one; status 422 for a
    refused form. A page of a study is given the `membership` of whoever reads it.
    """
    # A boosted link or a restored page wants the whole page, as without script.
    if request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request:
        path = PurePosixPath(template)
        template = [str(path.with_name(f"_{path.name}")), template]
    return render(request, template, of_study(context), status=422 if refused else 200)


def of_study(context):
    """The context of a page of a study: with the `membership` comes its `study`."""
    membership = context.get("membership")
    return {"study": membership.study, **context} if membership else context


def asked_for(asked, name, options):
    """The value of a query parameter, or an empty text; 404 where it is none of the options."""
    value = asked.get(name, "")
    if value and value not in options:
        raise Http404(f"There is no {name} “{value[:100]}” here.")
    return value


def filter_of(name, label, options, chosen):
    """One filter for `shared/_table_tools.html`: `options` are pairs of value and label, `chosen` a
    value or empty.
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
