"""The acts on one section of one paper. With htmx each answers the section anew, without it the
page.
"""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from mapping import access
from mapping.models import Code, User
from mapping.site.numbers import whole_number
from reviews.models import Remark
from reviews.settling import discussion, resolutions
from reviews.settling.comparison_page import Page
from reviews.settling.forms import DeferForm, RemarkForm
from reviews.settling.views.comparison import back_to, context_of, context_of_section, page_for


@require_POST
def settle(request, slug, key, section):
    page, section = entered(request, slug, key, section)
    sheet = page.sheet(section)
    if sheet is None:
        return shown(request, page, section, "Nobody has submitted anything on this section yet.")
    form = page.form(sheet, request.POST)
    if not form.is_valid():
        return shown(request, page, section, "", form=form)
    facts = form.cleaned_data
    reviewer = User.objects.filter(pk=form.adopted_from).first() if form.adopted_from else None
    return done(
        request,
        page,
        section,
        resolutions.resolve,
        page.paper,
        section,
        form=form,
        settled=form.settled,
        basis=form.basis,
        adopted_from=reviewer,
        cause=facts["cause"],
        rationale=facts["rationale"],
        seen=facts["seen"],
        answers_seen=facts["answers"] or None,
    )


@require_POST
def undo_settling(request, slug, key, section):
    page, section = entered(request, slug, key, section)
    current = resolutions.in_force(page.paper, section)
    if current is None or str(current.pk) != request.POST.get("resolution", ""):
        return shown(
            request,
            page,
            section,
            "This decision does not hold any longer, so nothing was changed.",
        )
    return done(request, page, section, resolutions.undo, current)


@require_POST
def defer(request, slug, key, section):
    page, section = entered(request, slug, key, section)
    form = DeferForm(request.POST)
    note = form.cleaned_data["note"] if form.is_valid() else ""
    typed = {"note": request.POST.get("note", "")}
    if form.errors:
        return shown(request, page, section, "A note has at most 2,000 characters.", typed=typed)
    return done(
        request, page, section, resolutions.defer, page.paper, section, typed=typed, note=note
    )


@require_POST
def take_up(request, slug, key, section):
    page, section = entered(request, slug, key, section)
    return done(request, page, section, resolutions.lift, page.paper, section)


@require_POST
def add_remark(request, slug, key, section):
    page = page_for(request, slug, key)
    section = access.section_in(page.study, section)
    form = RemarkForm(request.POST)
    typed = {"remark": request.POST.get("text", "")}
    if not form.is_valid():
        return shown(request, page, section, " ".join(form.errors["text"]), typed=typed)
    text = form.cleaned_data["text"]
    return done(
        request, page, section, discussion.remark, page.paper, section, typed=typed, text=text
    )


@require_POST
def resolve_remark(request, slug, remark):
    page, line = remark_to_read(request, slug, remark)
    is_resolved = request.POST.get("open") != "1"
    return done(
        request, page, line.section, discussion.resolve_remark, line, is_resolved=is_resolved
    )


@require_POST
def keep_rule(request, slug, remark):
    access.study_to_lead(request.user, slug)
    page, line = remark_to_read(request, slug, remark)
    code = request.POST.get("code", "")
    code = Code.objects.filter(section=line.section, pk=whole_number(code)).first()
    if code is None:
        return shown(request, page, line.section, "Choose the code that the rule belongs to.")
    text = request.POST.get("text", "").replace("\0", "")
    return done(request, page, line.section, discussion.keep_as_rule, line, code, text=text)


def entered(request, slug, key, section):
    """The page and its section, for whoever may settle this paper."""
    page = page_for(request, slug, key)
    if page.reason_not:
        raise PermissionDenied(page.reason_not)
    return page, access.section_in(page.study, section)


def remark_to_read(request, slug, pk):
    membership = access.study_to_code(request.user, slug)
    line = get_object_or_404(
        Remark.objects.select_related("paper__study", "section", "by"),
        pk=pk,
        paper__study=membership.study,
    )
    page = page_for(request, slug, line.paper.key)
    if line.section.phase_id not in page.phases:
        raise PermissionDenied("This discussion opens once you may see what everybody said.")
    return page, line


def done(request, page, section, act, *arguments, form=None, typed=None, **facts):
    """Carry the act out and show what it did, or why it refused. What was typed stays in the
    form.
    """
    try:
        act(*arguments, by=request.user, **facts)
    except ValidationError as error:
        return shown(request, page, section, " ".join(error.messages), form=form, typed=typed)
    return shown(request, page, section)


def shown(request, page, section, refusal=None, form=None, typed=None):
    if refusal is None and not request.htmx:
        return back_to(request, page.study, page.paper, section)
    # Read anew: what was just decided, or what somebody else decided meanwhile.
    page = Page(page.membership, page.paper, bound={section.pk: form} if form else None)
    sheet = page.sheet(section)
    if form and sheet:
        # The form answers what is shown now.
        form.current = sheet.current
    if sheet:
        sheet.typed = typed or {}
    if request.htmx and sheet:
        context = {
            **context_of_section(request, page),
            "sheet": sheet,
            "refusal": refusal,
            "is_part": True,
        }
        return render(
            request,
            "settling/_comparison_section.html",
            context,
            status=422 if refusal is not None else 200,
        )
    if refusal:
        messages.error(request, refusal)
    return render(request, "settling/comparison.html", context_of(request, page), status=422)
