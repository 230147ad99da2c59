"""The history of the codebook: every version, what changed between two of them, and undo."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from mapping import access, codebook
from mapping.models import Code, CodebookChange, Section
from mapping.pages import answer
from reviews import touching, undoing

PER_PAGE = 50


@require_safe
def codebook_versions(request, slug):
    """Newest first; `from` and `to` narrow to what lies between two versions, `code` to what became of one code."""
    study = access.study_to_read(request.user, slug)
    chosen = {name: number(request.GET.get(name, "")) for name in ("from", "to", "code")}
    changes = study.codebook_changes.select_related("code", "section", "by", "undoes", "undone_by")
    if not study.membership.is_lead:
        # The decision on a proposal would tell that somebody had proposed it.
        changes = changes.exclude(act=CodebookChange.Act.DECLINE)
    if chosen["from"]:
        changes = changes.filter(version__gt=chosen["from"])
    if chosen["to"]:
        changes = changes.filter(version__lte=chosen["to"])
    if chosen["code"]:
        changes = changes.filter(code=chosen["code"])
    page = Paginator(changes, PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)
    describe(page.object_list)
    for change in page.object_list:
        change.may_undo = study.membership.is_lead and undoing.may_undo(change)
    context = {
        "study": study,
        "page": page,
        "chosen": chosen,
        # How many marks a change touched counts those of papers that this reader may not know of yet.
        "with_marks": study.membership.is_lead and not touching.is_blind(request.user, study),
    }
    return answer(request, "codebook-versions.html", context)


def number(text):
    return int(text) if text.isdecimal() and len(text) < 10 else None


def describe(changes):
    """Gives each change `lines`: (what, before, after), in words. Two queries for all of them."""
    ids = {int(pk) for change in changes for pk in change.after.get("codes", {})}
    named = {"parent_id", "merged_into_id"}
    for change in changes:
        for side in (change.before, change.after):
            for values in side.get("codes", {}).values():
                ids |= {values[name] for name in named & set(values) if values[name]}
    labels = dict(Code.objects.filter(pk__in=ids).values_list("pk", "label"))
    sections = dict(Section.objects.filter(study=changes[0].study_id).values_list("pk", "label")) if changes else {}
    for change in changes:
        change.lines = list(lines_of(change, labels, sections))


def lines_of(change, labels, sections):
    for name, text in change.after.get("words", {}).items():
        yield codebook.NAMES[name], "", text
    for pk, after in change.after.get("codes", {}).items():
        if change.act in {"reorder", "add"}:
            continue
        whose = f"{labels.get(int(pk), 'a code')}: " if int(pk) != change.code_id else ""
        for name, value in after.items():
            was = change.before["codes"].get(pk, {}).get(name)
            if name != "position" and was != value:
                yield (
                    f"{whose}{codebook.NAMES[name]}",
                    in_words(name, was, labels, sections),
                    in_words(name, value, labels, sections),
                )


def in_words(name, value, labels, sections):
    if value is None or value == "":
        return "–"
    if name in {"parent_id", "merged_into_id"}:
        return labels.get(value, "a code")
    if name == "section_id":
        return sections.get(value, "a section")
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


@require_POST
def undo_change(request, slug, version):
    study = access.study_to_lead(request.user, slug)
    change = access.change_in(study, version)
    try:
        done = undoing.undo(change, by=request.user, reason=request.POST.get("reason", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        place = version
    else:
        messages.success(request, f"Version {version} is undone; the codebook is at version {done.version}.")
        place = done.version
    return redirect(f"{reverse('codebook-versions', args=[study.slug])}#version-{place}")
