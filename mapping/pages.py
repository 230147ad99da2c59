"""How a page answers: whole, or its partial alone when htmx asks for it."""

from pathlib import PurePosixPath

from django.shortcuts import render


def posted(request):
    """What was posted, or None. `request.POST or None` would lose an empty POST: every code unticked."""
    return request.POST if request.method == "POST" else None


def uploaded(request):
    return request.FILES if request.method == "POST" else None


def answer(request, template, context, *, refused=False):
    """Render the page; for htmx its partial, `_name.html`. A refused form answers 422 with the same content."""
    # A boosted link or a restored page wants the whole page, as without script.
    if request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request:
        path = PurePosixPath(template)
        # A page without a partial answers whole, whatever header comes with the question.
        template = [str(path.with_name(f"_{path.name}")), template]
    return render(request, template, context, status=422 if refused else 200)
