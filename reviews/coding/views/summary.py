"""Coding one paper: the whole form on one page, which works without script; with it, sections save
themselves.
"""

from dataclasses import replace
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from mapping.site.answers import answer
from reviews import access
from reviews.blindness.independence import Independence
from reviews.coding import drafts, questionnaire
from reviews.coding.forms import SectionForm, rendered
from reviews.models import Assignment
from reviews.models.study_cache import read_only
from reviews.rounds import progress


@never_cache  # answers do not come back with the Back button once somebody else sits there
@require_http_methods(["GET", "HEAD", "POST"])
def summary(request, slug, key):
    membership, paper, own = access.assignment_with_revisions(
        request.user,
        slug,
        key,
        pk=request.POST.get("assignment"),
        phase=request.GET.get("phase", ""),
    )
    if own is None:
        return answer(request, "coding/summary.html", {"membership": membership, "paper": paper})
    assignment, revisions = own
    if request.method == "POST":
        return save_form(request, membership, assignment)
    read_only(membership.study)
    form = questionnaire.of(assignment, revisions=revisions)
    return shown(request, membership, assignment, form)


def shown(request, membership, assignment, form, *, refused=(), late=(), status_refused=False):
    """The page. `refused` are bound forms by section key; `late` what arrived after the summary was
    submitted.
    """
    # What was posted is saved: from here on the page only reads.
    read_only(membership.study)
    reason = read_only_reason(assignment, form.summary)
    facts = {
        "membership": membership,
        "paper": assignment.paper,
        "assignment": assignment,
        "form": form,
        "questions": [] if reason else list(rendered_questions(form, refused)),
        "reason": reason,
        "late": late,
        "often": {} if reason else questionnaire.often_used(membership),
        "progress": own_progress(membership, assignment),
        "why_not_independent": why_not_independent(membership, assignment),
        "next": progress.next_assignment(membership) if reason else None,
    }
    return answer(request, "coding/summary.html", facts, refused=status_refused)


def rendered_questions(form, refused):
    """`(question, the HTML of each of its sections)` of the form."""
    for question in form.questions:
        yield (
            question,
            [
                rendered(sheet, refused.get(sheet.key) if refused else None)
                for sheet in question.sections
            ],
        )


def why_not_independent(membership, assignment):
    if not assignment.may_be_apart:
        return ""
    own = Independence(membership.study, paper=assignment.paper, user=membership.user)
    return own.apart(Assignment.objects.filter(pk=assignment.pk)).get(assignment.pk, "")


def read_only_reason(assignment, summary):
    if summary and summary.is_submitted:
        return "You submitted this summary: it stays as it is. A lead can reopen it."
    return drafts.closed_reason(assignment)


def save_form(request, membership, assignment):
    keys = [name.removesuffix("-version") for name in request.POST if name.endswith("-version")]
    form = questionnaire.of(assignment, also=keys)
    forms = {
        sheet.key: SectionForm(sheet, request.POST) for sheet in form.sections if sheet.key in keys
    }
    if not forms:
        messages.error(request, "The form arrived empty: nothing was changed.")
        return shown(request, membership, assignment, form, status_refused=True)
    try:
        kept = save_sections(assignment, form, forms, choice=request.POST.get("choose", ""))
    except drafts.Frozen:
        return too_late(request, membership, assignment, form, forms)
    refused = {key: bound for key, bound in forms.items() if bound.errors}
    for sheet in kept:
        messages.warning(
            request,
            f"{sheet.label} was changed in another tab: both versions are below. Choose one.",
        )
    if refused:
        names = ", ".join(sheet.label for sheet in form.sections if sheet.key in refused)
        messages.error(request, f"{names}. The rest is saved.")
        return shown(
            request,
            membership,
            assignment,
            questionnaire.of(assignment),
            refused=refused,
            status_refused=True,
        )
    if kept:
        return redirect(summary_url(assignment))
    return after_saving(request, assignment)


def after_saving(request, assignment):
    """Where the button that was pressed leads."""
    slug, key = assignment.round.study.slug, assignment.paper.key
    act, _, section = request.POST.get("act", "").partition(":")
    if act == "review":
        return redirect(review_url(assignment))
    if act == "propose":
        asked = urlencode({"section": section, "phase": assignment.round.phase.key})
        return redirect(f"{reverse('propose', args=[slug, key])}?{asked}")
    if act == "skip":
        return redirect(f"{reverse('next-paper', args=[slug])}?after={assignment.pk}")
    messages.success(request, "Saved.")
    return redirect(summary_url(assignment))


def save_sections(assignment, form, forms, *, choice=""):
    """Save what differs from what stands there; a refusal goes to its form. Returns what met
    another edit.
    """
    draft = None
    met = []
    chosen_key = choice.rpartition(":")[0]
    for sheet in form.sections:
        bound = forms.get(sheet.key)
        if bound is None or not bound.is_valid():
            continue
        try:
            wanted = wish(sheet, bound, choice if sheet.key == chosen_key else "")
            if wanted["content"] == sheet.content and not wanted.get("resolves"):
                continue
            draft = draft or drafts.open_summary(assignment)
            outcome = drafts.save_answer(
                draft, form.models[sheet.key], by=assignment.reviewer, **wanted
            )
        except drafts.Frozen:
            raise
        except ValidationError as error:
            bound.add_error(None, error)
        else:
            if outcome.word == "kept":
                met.append(sheet)
    return met


def wish(sheet, bound, choice=""):
    """What `save_answer` is asked: to save the fields, or what was chosen of several kept texts."""
    what = choice.rpartition(":")[2]
    if not what:
        return {"content": bound.content, "based_on": bound.cleaned_data["version"]}
    contents = {
        "fields": bound.content,
        "saved": sheet.content,
        **{str(kept.pk): kept.content for kept in sheet.kept},
    }
    if what not in contents:
        raise ValidationError(
            f"{sheet.label}: that version is not waiting any longer. Reload the page."
        )
    return {"content": contents[what], "based_on": bound.seen, "resolves": bound.kept_edits}


def too_late(request, membership, assignment, form, forms):
    """Submitted in another tab: nothing is changed, and what was typed here is shown to be
    copied.
    """
    late = [
        replace(sheet, content=forms[sheet.key].content)
        for sheet in form.sections
        if sheet.key in forms
        and forms[sheet.key].is_valid()
        and forms[sheet.key].content != sheet.content
    ]
    messages.error(
        request, "This summary was submitted before these changes arrived; they are not in it."
    )
    return shown(request, membership, assignment, form, late=late, status_refused=True)


def own_progress(membership, assignment):
    """`{submitted, assigned}` of this reviewer in this round."""
    assigned, submitted = progress.of_reader_in(assignment.round, membership)
    return {"submitted": submitted, "assigned": assigned}


def summary_url(assignment):
    address = reverse("summary", args=[assignment.round.study.slug, assignment.paper.key])
    return f"{address}?phase={assignment.round.phase.key}"


def review_url(assignment):
    address = reverse("review", args=[assignment.round.study.slug, assignment.paper.key])
    return f"{address}?assignment={assignment.pk}"
