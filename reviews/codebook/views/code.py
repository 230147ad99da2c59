"""One code of the codebook: adding, editing, ordering, and the acts that touch what people
marked.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mapping import access
from mapping.codebook import changes as codebook_changes
from mapping.codebook.order import reorder
from mapping.models import Code, CodebookChange, Section
from mapping.parsers.labels import near_codes
from mapping.site.answers import answer, posted
from mapping.site.numbers import is_id
from reviews import access as reading
from reviews.codebook import code_changes, code_moves, impact
from reviews.codebook.forms import (
    TRIED,
    CodeActForm,
    CodeForm,
    MergeForm,
    MoveForm,
    ReasonForm,
    RestoreForm,
    SplitForm,
)
from reviews.codebook.views.codebook_versions import url_of_version


def back(study, code):
    return redirect(
        f"{reverse('codebook', args=[study.slug])}?section={code.section.key}#code-{code.pk}"
    )


def nearly_same(section, label, *, besides=None):
    """Codes of the section whose label says nearly the same."""
    current = section.codes.filter(status__in=[Code.Status.ACTIVE, Code.Status.RETIRED]).exclude(
        pk=besides
    )
    labels = {code.label: code for code in current}
    return [labels[near] for near, _ in near_codes(label, list(labels))] if label.strip() else []


@require_safe
def near_code(request, slug):
    """The codes that say nearly the same as the label that is being typed, whichever field of its
    form it stands in.
    """
    membership = access.study_to_lead(request.user, slug)
    study = membership.study
    key, besides = request.GET.get("section", ""), request.GET.get("besides", "")
    section = get_object_or_404(Section, study=study, key=key) if key else None
    label = next((text for name, text in request.GET.items() if name.startswith("label")), "")
    besides = besides if is_id(besides) else None
    near = nearly_same(section, label, besides=besides) if section else []
    return render(request, "codebook/_near.html", {"study": study, "near": near, "may_edit": True})


@require_http_methods(["GET", "HEAD", "POST"])
def new_code(request, slug):
    membership = access.study_to_lead(request.user, slug)
    study = membership.study
    sections = Section.objects.in_use().with_codes().filter(study=study)
    key = request.POST.get("section") or request.GET.get("section", "")
    section = get_object_or_404(sections, key=key) if key else sections.first()
    if section is None:
        messages.error(request, "The template has no section that takes codes yet: add one first.")
        return redirect("template", study.slug)
    form = CodeForm(posted(request), section=section)
    near = nearly_same(section, request.POST.get("label", ""))
    # What is nearly there already is shown once; whoever saves again means it.
    is_warned = not near or request.POST.get("anyway")
    if form.is_valid() and is_warned:
        code = form.perform(
            codebook_changes.add,
            section=section,
            by=request.user,
            facts=form.facts(),
            reason=form.cleaned_data["reason"],
        )
        if code:
            messages.success(
                request,
                f"“{code}” is part of the codebook, version {section.study.codebook_version}.",
            )
            return back(study, code)
    context = {
        "membership": membership,
        "section": section,
        "sections": sections,
        "form": form,
        "near": near,
    }
    return answer(request, "codebook/code.html", context, refused=form.is_bound)


@require_http_methods(["GET", "HEAD", "POST"])
def code(request, slug, code):
    membership = access.study_to_lead(request.user, slug)
    code = reading.code_known_to(membership, code)
    form = CodeForm(
        posted(request), section=code.section, code=code, parent=request.GET.get("parent")
    )
    is_preview = "preview" in request.POST
    if form.is_valid() and not is_preview:
        saved = form.perform(
            code_changes.edit,
            code=code,
            by=request.user,
            facts=form.facts(),
            reason=form.cleaned_data["reason"],
            seen=form.cleaned_data["seen"],
        )
        if saved:
            messages.success(request, f"“{saved}” is saved.")
            return back(membership.study, saved)
    if is_preview:
        form.errors.clear()  # the reason may come later
    near = nearly_same(code.section, request.POST.get("label", ""), besides=code.pk)
    touched = impact.touched(code, membership, form.trial(by=request.user))
    context = {
        "membership": membership,
        "section": code.section,
        "code": code,
        "form": form,
        "near": near,
        "touched": touched,
    }
    return answer(request, "codebook/code.html", context, refused=form.is_bound and not is_preview)


@require_POST
def order_code(request, slug, code):
    """One step up or down, or beside another code. For a scale that answers stand on, there is a
    page first.
    """
    membership = access.study_to_lead(request.user, slug)
    code = reading.code_known_to(membership, code)
    target = target_of_order(code, request.POST)
    if target is None:
        return back_to_order(request, membership.study, code)
    if impact.is_scale_in_use(code.section):
        return order_on_scale(request, membership, code, target)
    try:
        reorder(code, by=request.user, **target)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return back_to_order(request, membership.study, code)


def target_of_order(code, posted):
    """Where the code shall go, as `reorder` takes it; None where nothing of the kind was posted."""
    for side in ("before", "after"):
        if is_id(posted.get(side, "")):
            return {side: get_object_or_404(Code, section=code.section, pk=posted[side])}
    return {"up": posted["act"] == "up"} if posted.get("act") in {"up", "down"} else None


def back_to_order(request, study, code):
    """To the codebook as its reader had narrowed it."""
    return redirect(
        f"{reverse('codebook', args=[study.slug])}?{request.GET.urlencode()}#code-{code.pk}"
    )


def order_on_scale(request, membership, code, target):
    act = partial(reorder, **target)
    form = ReasonForm(request.POST if "reason" in request.POST else None, code=code)
    if form.is_valid():
        form.act(act, by=request.user)
        if form.is_done:
            return back_to_order(request, membership.study, code)
    tried = partial(act, code, by=request.user, reason=TRIED)
    context = {
        "membership": membership,
        "section": code.section,
        "code": code,
        "form": form,
        "title": "Order",
        "button": "Move it there",
        "about": (
            "Answers stand on this scale: its order is what its stages mean, and the "
            "agreement counts by it."
        ),
        "carried": [
            (name, request.POST[name])
            for name in ("act", "before", "after")
            if name in request.POST
        ],
        "touched": impact.touched(code, membership, tried),
    }
    return answer(request, "codebook/code-act.html", context, refused=form.is_bound)


class CodeAct(NamedTuple):
    """What the page of an act says, its form, and the act itself."""

    title: str
    button: str
    about: str
    form: type[CodeActForm]
    act: Callable[..., CodebookChange]
    parameter: str = ""  # of the address: fills the form field of this name
    may_preview: bool = False
    with_settled: bool = False


def act_view(page: CodeAct):
    """The page of one act: what it touches, why, and the button. `preview` shows the figures and
    does nothing.
    """

    @require_http_methods(["GET", "HEAD", "POST"])
    def view(request, slug, code):
        membership = access.study_to_lead(request.user, slug)
        code = reading.code_known_to(membership, code)
        initial = {page.parameter: request.GET.get(page.parameter)} if page.parameter else None
        form = page.form(posted(request), code=code, initial=initial)
        is_preview = "preview" in request.POST
        if form.is_valid() and not is_preview:
            change = form.act(page.act, by=request.user)
            if change:
                messages.success(
                    request, f"{done_in_words(change)} Version {change.version} of the codebook."
                )
                return redirect(url_of_version(membership.study, change.version))
        if is_preview:
            form.errors.clear()  # the reason may come later
        refused = form.is_bound and not is_preview
        context = act_context(membership, code, form, page)
        return answer(request, "codebook/code-act.html", context, refused=refused)

    return view


def act_context(membership, code, form, page):
    trial = form.trial(page.act, by=membership.user)
    context = {
        "membership": membership,
        "section": code.section,
        "code": code,
        "form": form,
        "touched": impact.touched(code, membership, trial, also=form.also()),
        "title": page.title,
        "button": page.button,
        "about": page.about,
        "may_preview": page.may_preview,
    }
    return context | ({"settled": impact.settled_on(code, membership)} if page.with_settled else {})


def done_in_words(change):
    return f"“{change.code}”: {change.get_act_display()}."


retire_code = act_view(
    CodeAct(
        title="Retire",
        button="Retire it",
        about=(
            "It is hidden from new answers. Its marks stay as they are, and so does the agreement; "
            "it can be restored at any time."
        ),
        form=ReasonForm,
        act=code_changes.retire,
    )
)
restore_code = act_view(
    CodeAct(
        title="Restore",
        button="Restore it",
        about="It can be chosen again in new answers. Whatever was said with it has stayed.",
        form=RestoreForm,
        act=code_changes.restore,
    )
)
merge_code = act_view(
    CodeAct(
        title="Merge",
        button="Merge",
        about=(
            "Its marks become marks of the other code, each with its quote. This can be undone "
            "exactly."
        ),
        form=MergeForm,
        act=code_changes.merge,
        parameter="into",
        may_preview=True,
    )
)
split_code = act_view(
    CodeAct(
        title="Split",
        button="Split and ask to re-code",
        about=(
            "The code is retired, the new ones take its place. Everybody who used it is asked to "
            "look at that section of those papers again; until then their marks stay on the old "
            "code. The agreement stays too: it counts what was said first."
        ),
        form=SplitForm,
        act=code_changes.split,
    )
)
move_code = act_view(
    CodeAct(
        title="Move",
        button="Move",
        about=(
            "Its marks go to the answers of the other section, in the same summaries. An answer "
            "that is left without marks says then that none of the codes apply."
        ),
        form=MoveForm,
        act=code_moves.move,
        parameter="to",
        may_preview=True,
        with_settled=True,
    )
)
