"""One section of a submitted summary, to look at again: because a code changed, or because the
section came later.
"""

from dataclasses import replace

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from mapping.models import Code
from mapping.site.answers import answer
from mapping.site.numbers import whole_number
from reviews import access
from reviews.coding import questionnaire, recoding_tasks
from reviews.coding.forms import SectionForm, rendered
from reviews.coding.views.summary import summary_url
from reviews.rounds import progress


@require_http_methods(["GET", "HEAD", "POST"])
def recode(request, slug, key, task):
    membership, task = access.task_to_do(request.user, slug, key, task)
    form = questionnaire.of(task.assignment, only=task.section.key, also=[task.section.key])
    if recoding_tasks.drop_if_settled(task):
        messages.info(request, f"{task.section} of this paper is done.")
        return onwards(membership)
    if refusal := recoding_tasks.reason_not_now(task, form.summary):
        messages.info(request, refusal)
        return redirect(f"{summary_url(task.assignment)}#s-{task.section.key}")
    said = form.sections[0]
    made = codes_made(task)
    sheet = to_fill(said, task, {code.pk for code in made})
    keeps_evidence = request.method != "POST" or "keep-evidence" in request.POST
    bound = SectionForm(sheet, request.POST) if request.method == "POST" else None
    if bound and bound.is_valid():
        try:
            seen = request.POST.get("revision", "")
            content = bound.content
            if keeps_evidence:
                content = with_evidence(content, said.content, task)
            recoding_tasks.recode(task, content, by=request.user, based_on=whole_number(seen) or 0)
        except ValidationError as error:
            bound.add_error(None, error)
        else:
            messages.success(request, f"{task.section} of “{task.assignment.paper}” is done.")
            return onwards(membership)
    context = {
        "membership": membership,
        "paper": task.assignment.paper,
        "task": task,
        "said": said,
        "sheet_html": rendered(sheet, bound),
        "revision": form.summary.revision,
        "changed_codes": made,
        "has_evidence": bool(evidence_for(said.content, task)),
        "keeps_evidence": keeps_evidence,
    }
    return answer(request, "coding/recode.html", context, refused=bool(bound))


def codes_made(task):
    """What came in the place of the code in question."""
    numbers = task.change.after.get("made", []) if task.change else []
    codes = Code.objects.filter(section__study=task.section.study_id, number__in=numbers)
    return list(codes) if numbers else []


def to_fill(sheet, task, made):
    """The section without the code in question: it stands beside, with its quote, and is not
    offered any longer. What came in its place is offered first; on a scale it has its own place.
    """
    if not task.code_id:
        return sheet
    marks = tuple(mark for mark in sheet.content.marks if mark.code != task.code_id)
    options = [option for option in sheet.options if option.pk != task.code_id]
    if not sheet.kind_of.is_scale:
        options.sort(key=lambda option: option.pk not in made)
    return replace(
        sheet,
        content=replace(sheet.content, marks=marks),
        options=tuple(options),
        may_propose=False,
    )


def evidence_for(said, task):
    """What was quoted for the code in question."""
    return [mark for mark in said.marks if mark.code == task.code_id and mark.evidence]


def with_evidence(content, said, task):
    """The old code's quotes stand for whatever is newly chosen, where nothing else is quoted for
    it.
    """
    evidence, before = evidence_for(said, task), set(said.codes)
    marks = []
    for mark in content.marks:
        is_bare = evidence and mark.code not in before and not mark.evidence
        marks += [replace(one, code=mark.code) for one in evidence] if is_bare else [mark]
    return replace(content, marks=tuple(marks))


def onwards(membership):
    """The next section that waits; after the last one, the queue."""
    for task in progress.recoding_tasks(membership):
        return redirect("recode", membership.study.slug, task.assignment.paper.key, task.pk)
    return redirect("queue", membership.study.slug)
