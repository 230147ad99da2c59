"""One section of a summary: shown alone, saved alone."""

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from mapping.models import Section
from mapping.site.numbers import whole_number
from reviews import access
from reviews.coding import drafts, questionnaire
from reviews.coding.forms import SectionForm, rendered
from reviews.coding.views.summary import read_only_reason, summary_url, wish


@require_http_methods(["GET", "HEAD", "POST"])
def section(request, slug, key, section):
    if request.method == "POST":
        _, assignment = access.assignment_to_save(
            request.user, slug, key, request.POST.get("assignment", "")
        )
        return save(request, assignment, section)
    _, _, assignment = access.assignment_to_code(
        request.user, slug, key, pk=request.GET.get("assignment")
    )
    form = sheet_in(assignment, section)
    if read_only_reason(assignment, form.summary):
        return redirect(summary_url(assignment))
    return HttpResponse(rendered(form.sections[0]))


def sheet_in(assignment, key):
    form = questionnaire.of(assignment, only=key, also=[key]) if assignment else None
    if form is None or not form.sections:
        raise Http404("No such section on this paper's form.")
    return form


def save(request, assignment, key):
    choice = request.POST.get("choose", "")
    if choice:
        form = sheet_in(assignment, key)
        sheet, section = form.sections[0], form.models[key]
    else:
        # Nothing of what is saved is needed to read the form: `save_answer` looks at it under its
        # lock.
        section = get_object_or_404(Section, phase=assignment.round.phase_id, key=key)
        sheet = questionnaire.sheet_of(section, None, {}, {}, {})
    bound = SectionForm(sheet, request.POST)
    if not bound.is_valid():
        return refused(request, assignment, bound)
    try:
        outcome = drafts.save_answer(
            drafts.open_summary(assignment),
            section,
            by=request.user,
            kept_edit=whole_number(request.POST.get("kept_edit")),
            **wish(sheet, bound, choice),
        )
    except drafts.Frozen as error:
        return frozen(request, assignment, error)
    except ValidationError as error:
        bound.add_error(None, error)
        return refused(request, assignment, bound)
    if not wants_json(request):
        return redirect(f"{summary_url(assignment)}#s-{key}")
    said = {
        "word": outcome.word,
        "version": outcome.answer.version,
        "at": outcome.answer.updated_at,
        "kept_edit": outcome.kept_edit and outcome.kept_edit.pk,
    }
    return JsonResponse(said)


def wants_json(request):
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def refused(request, assignment, bound):
    if wants_json(request):
        errors = [message for messages in bound.errors.values() for message in messages]
        return JsonResponse({"word": "refused", "errors": errors}, status=422)
    sheet = sheet_in(assignment, bound.sheet.key).sections[0]
    again = SectionForm(sheet, request.POST)
    again.errors.update(bound.errors)
    return HttpResponse(rendered(sheet, again), status=422)


def frozen(request, assignment, error):
    if wants_json(request):
        return JsonResponse({"word": "frozen", "errors": error.messages}, status=409)
    return redirect(summary_url(assignment))
