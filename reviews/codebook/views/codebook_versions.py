"""The history of the codebook: every version, what changed between two of them, and undo."""

from functools import partial
from typing import NamedTuple

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from mapping import access
from mapping.codebook import history
from mapping.models import CodebookChange
from mapping.site.answers import answer, posted
from mapping.site.numbers import LARGEST_COUNT, whole_number
from reviews import access as reading
from reviews.blindness.codes import known_changes
from reviews.codebook import impact, recoding_tasks, undo
from reviews.codebook.forms import UndoForm

PER_PAGE = 50


@require_safe
def codebook_versions(request, slug):
    """Newest first; `from` and `to` compare two versions, `code` narrows to what became of one
    code.
    """
    membership = access.study_to_read(request.user, slug)
    study = membership.study
    chosen = {
        name: whole_number(request.GET.get(name), LARGEST_COUNT) for name in ("from", "to", "code")
    }
    is_comparing = chosen["from"] is not None or chosen["to"] is not None
    if is_comparing:
        chosen["from"], chosen["to"] = compared_versions(study, chosen["from"], chosen["to"])
    changes = chosen_changes(membership, chosen)
    page = Paginator(changes, PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)
    # How many marks a change touched counts those of papers that this reader may not know of yet.
    with_marks = membership.is_lead and not impact.is_blind(membership)
    context = {
        "membership": membership,
        "page": page,
        "rows": listed(page.object_list, membership, with_marks=with_marks),
        "chosen": chosen,
        "is_comparing": is_comparing,
        "with_marks": with_marks,
    }
    if is_comparing:
        context["sentence"], context["net"] = history.between(
            study, list(changes.order_by("version"))
        )
    return answer(request, "codebook/codebook-versions.html", context)


def chosen_changes(membership, chosen):
    changes = known_changes(membership).select_related(
        "code", "section", "by", "undoes", "undone_by"
    )
    if chosen["code"]:
        changes = changes.filter(code=chosen["code"])
    if chosen["from"] is not None:
        changes = changes.filter(version__gt=chosen["from"], version__lte=chosen["to"])
    return changes


class ListedChange(NamedTuple):
    """A change with what the list says of it; `recoding` is done, asked, awaited."""

    change: CodebookChange
    lines: list[tuple]
    may_undo: bool
    recoding: tuple | None


def listed(changes, membership, *, with_marks):
    in_words = history.in_words(membership.study, changes)
    progress = recoding_tasks.recoding_progress(changes) if with_marks else {}
    return [
        ListedChange(
            change,
            lines,
            may_undo=membership.is_lead and undo.may_undo(change),
            recoding=progress.get(change.pk),
        )
        for change, lines in zip(changes, in_words, strict=True)
    ]


def compared_versions(study, first, second):
    """The two versions to compare, the older one first, within those that there are."""
    first = 1 if first is None else first
    second = study.codebook_version if second is None else second
    versions = [min(max(version, 1), study.codebook_version) for version in (first, second)]
    return min(versions), max(versions)


@require_http_methods(["GET", "HEAD", "POST"])
def undo_change(request, slug, version):
    """What taking a change back touches, and the button."""
    membership = access.study_to_lead(request.user, slug)
    study = membership.study
    change = reading.change_known_to(membership, version)
    if not undo.may_undo(change):
        messages.info(request, f"There is nothing to undo in version {version}.")
        return redirect(url_of_version(study, version))
    form = UndoForm(posted(request))
    if form.is_valid():
        done = form.perform(
            undo.undo, change=change, by=request.user, reason=form.cleaned_data["reason"]
        )
        if done:
            messages.success(
                request, f"Version {version} is undone; the codebook is at version {done.version}."
            )
            return redirect(url_of_version(study, done.version))
    [lines] = history.in_words(study, [change])
    touched = impact.touched_by_undoing(
        change, membership, partial(undo.undo, change, by=request.user)
    )
    context = {
        "membership": membership,
        "change": change,
        "lines": lines,
        "form": form,
        "touched": touched,
    }
    return answer(request, "codebook/undo-change.html", context, refused=form.is_bound)


def url_of_version(study, version):
    return f"{reverse('codebook-versions', args=[study.slug])}#version-{version}"
