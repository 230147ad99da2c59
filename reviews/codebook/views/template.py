"""The template: phases, research questions, sections."""

from typing import NamedTuple

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mapping import access
from mapping.models import CodebookChange, Phase, Section
from mapping.protocol import files as protocol_files
from mapping.protocol.coefficients import COEFFICIENTS
from mapping.site.answers import answer, posted
from mapping.site.numbers import LARGEST_COUNT, whole_number
from reviews.agreement import declarations
from reviews.codebook import declare
from reviews.codebook import phases as codebook_phases
from reviews.codebook import template as codebook_template
from reviews.codebook.template_forms import DeclarationForm, PhaseForm, QuestionForm, SectionForm


@require_safe
def template(request, slug):
    return template_page(request, access.study_to_lead(request.user, slug))


def template_page(request, membership, *, removed=None, refused=False):
    """The template as a lead sees it; `removed` is a change that can be undone."""
    study = membership.study
    removed = removed or removal_to_undo(study, request.GET.get("removed", ""))
    sections = sections_of(study)
    phases = phases_with_sections(study, sections)
    taken = {one.phase.key for one in phases} | {section.key for section in sections}
    context = {
        "membership": membership,
        "phases": phases,
        "questions": study.research_questions.annotate(section_count=Count("sections")).order_by(
            "position", "key"
        ),
        "section_count": sum(len(one.in_use) for one in phases),
        "presets": [preset for preset in presets() if taken.isdisjoint(preset["takes"])],
        "removed": removed,
    }
    return answer(request, "codebook/template.html", context, refused=refused)


class PhaseSections(NamedTuple):
    """A phase with its sections, in the order of the form."""

    phase: Phase
    in_use: list[Section]
    retired: list[Section]

    @property
    def is_empty(self):
        return not (self.in_use or self.retired or self.phase.round_count)

    @property
    def rows(self):
        """The sections in use, each with what is declared of its agreement."""
        last = len(self.in_use) - 1
        for place, section in enumerate(self.in_use):
            yield SectionRow(
                section,
                declared_in_words(section),
                is_first=place == 0,
                is_last=place == last,
            )


class SectionRow(NamedTuple):
    section: Section
    declared: str
    is_first: bool
    is_last: bool


def declared_in_words(section):
    return declarations.in_words(declarations.values(section)) if section.declared_at else ""


def sections_of(study):
    """Each with its use."""
    return list(
        codebook_template.with_use(study.sections.select_related("research_question")).order_by(
            "phase__position", "phase", "position", "pk"
        )
    )


def phases_with_sections(study, sections):
    # Counting groups the rows, and grouped rows come in no order unless they are told to.
    phases = list(study.phases.annotate(round_count=Count("rounds")).order_by("position", "pk"))
    return [
        PhaseSections(
            phase,
            [one for one in sections if one.phase_id == phase.pk and not one.is_retired],
            [one for one in sections if one.phase_id == phase.pk and one.is_retired],
        )
        for phase in phases
    ]


def presets():
    for name in protocol_files.PRESETS:
        preset = protocol_files.preset(name)
        yield {
            "name": name,
            "title": preset.title,
            "description": preset.description,
            "takes": {entry.key for entry in (*preset.phases, *preset.sections)},
        }


def removal_to_undo(study, version):
    return study.codebook_changes.filter(
        version=whole_number(version, LARGEST_COUNT),
        act=CodebookChange.Act.SECTION,
        after={},
        before__has_key="kind",
        undone_by=None,
    ).first()


def back(study, anchor=""):
    return redirect(reverse("template", args=[study.slug]) + (f"#{anchor}" if anchor else ""))


@require_http_methods(["GET", "POST"])
def new_section(request, slug):
    membership = access.study_to_lead(request.user, slug)
    study = membership.study
    phase = study.phases.filter(key=request.GET.get("phase", "")).first() or study.phases.last()
    form = SectionForm(posted(request), study=study, phase=phase)
    if form.is_valid():
        section = form.perform(
            codebook_template.add_section, study=study, by=request.user, facts=form.facts()
        )
        if section:
            messages.success(request, f"“{section.label}” is part of the template.")
            return back(study, f"section-{section.key}")
    begun = [phase for phase in study.phases.all() if codebook_template.has_submissions(phase)]
    context = {"membership": membership, "form": form, "title": "New section", "begun": begun}
    return answer(request, "codebook/template-part.html", context, refused=form.is_bound)


@require_http_methods(["GET", "POST"])
def template_section(request, slug, section):
    """One section: what it asks, and how its agreement will be judged."""
    membership = access.study_to_lead(request.user, slug)
    study = membership.study
    section = access.section_in(study, section)
    section = codebook_template.with_use(
        study.sections.select_related("phase", "research_question")
    ).get(pk=section.pk)
    is_declaring = "declare" in request.POST
    form = SectionForm(None if is_declaring else posted(request), study=study, section=section)
    declaration = DeclarationForm(posted(request) if is_declaring else None, section=section)
    saved = save_section(form, declaration, section, request.user)
    if saved:
        messages.success(request, f"“{saved.label}” is saved.")
        return back(study, f"section-{saved.key}")
    context = {
        "membership": membership,
        "section": section,
        "form": form,
        "declaration": declaration,
        "has_submissions": codebook_template.has_submissions(section.phase),
        "declaration_changes": declaration_changes(study, section),
        "coefficients": [
            coefficient for coefficient in COEFFICIENTS.values() if coefficient.fits(section.kind)
        ],
    }
    return answer(
        request, "codebook/template-section.html", context, refused=request.method == "POST"
    )


def save_section(form, declaration, section, by):
    """Carry out whichever of the two forms was posted; returns the section, or None."""
    if form.is_valid():
        return form.perform(
            codebook_template.edit_section,
            section=section,
            by=by,
            facts=form.facts(),
            seen=form.cleaned_data["seen"],
        )
    if declaration.is_valid():
        return declaration.perform(
            declare.declare,
            section=section,
            by=by,
            seen=declaration.cleaned_data["seen"],
            **declaration.facts(),
        )
    return None


def declaration_changes(study, section):
    """The late changes of what was declared, `before` and `after` in words."""
    return [
        {
            "entry": entry,
            **{name: declarations.in_words(entry.facts[name]) for name in ("before", "after")},
        }
        for entry in declarations.late_changes(study)[section.key]
    ]


SECTION_ACTS = {
    "up": lambda section, by: codebook_template.move_section(section, by=by, up=True),
    "down": lambda section, by: codebook_template.move_section(section, by=by, up=False),
    "retire": lambda section, by: codebook_template.retire_section(section, by=by),
    "restore": lambda section, by: codebook_template.restore_section(section, by=by),
    "remove": lambda section, by: codebook_template.remove_section(section, by=by),
}
PART_ACTS = {
    "up": lambda part, by: codebook_phases.move_part(part, by=by, up=True),
    "down": lambda part, by: codebook_phases.move_part(part, by=by, up=False),
    "remove": lambda part, by: codebook_phases.remove(part, by=by),
}


def perform_act(request, membership, part, acts, anchor):
    """Do the act whose button was pressed: htmx gets the template anew, a browser without script is
    sent to it.
    """
    study = membership.study
    act = acts.get(request.POST.get("act"))
    if act is None:
        messages.error(request, "This is none of the things that can be done here.")
        return template_page(request, membership, refused=True)
    try:
        outcome = act(part, request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return template_page(request, membership, refused=True)
    removed = outcome if isinstance(outcome, CodebookChange) else None
    if request.htmx:
        return template_page(request, membership, removed=removed)
    if removed:
        return redirect(f"{reverse('template', args=[study.slug])}?removed={removed.version}")
    return back(study, anchor)


@require_POST
def change_section(request, slug, section):
    membership = access.study_to_lead(request.user, slug)
    section = access.section_in(membership.study, section)
    return perform_act(request, membership, section, SECTION_ACTS, f"section-{section.key}")


@require_POST
def change_phase(request, slug, phase):
    membership = access.study_to_lead(request.user, slug)
    phase = access.phase_in(membership.study, phase)
    return perform_act(request, membership, phase, PART_ACTS, f"phase-{phase.key}")


@require_POST
def change_question(request, slug, question):
    membership = access.study_to_lead(request.user, slug)
    return perform_act(
        request, membership, access.question_in(membership.study, question), PART_ACTS, "questions"
    )


@require_POST
def undo_removal(request, slug, version):
    membership = access.study_to_lead(request.user, slug)
    study = membership.study
    change = removal_to_undo(study, str(version))
    if change is None:
        raise Http404("There is no removed section of this number.")
    try:
        section = codebook_template.undo_removal(change, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return template_page(request, membership, refused=True)
    return back(study, f"section-{section.key}")


@require_POST
def add_preset(request, slug, preset):
    membership = access.study_to_lead(request.user, slug)
    study = membership.study
    if preset not in protocol_files.PRESETS:
        raise Http404("There is no such phase to add.")
    try:
        phase = codebook_phases.add_preset(study, preset, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return template_page(request, membership, refused=True)
    messages.success(
        request, f"{phase.name} is added. Adapt its sections and codes to your protocol."
    )
    return back(study, f"phase-{phase.key}")


@require_http_methods(["GET", "POST"])
def new_phase(request, slug):
    membership = access.study_to_lead(request.user, slug)
    form = PhaseForm(posted(request))
    add = lambda **facts: codebook_phases.add_phase(membership.study, by=request.user, **facts)  # noqa: E731
    return part_page(request, membership, form, add, {"title": "New phase"})


@require_http_methods(["GET", "POST"])
def template_phase(request, slug, phase):
    membership = access.study_to_lead(request.user, slug)
    phase = access.phase_in(membership.study, phase)
    form = PhaseForm(posted(request), phase=phase)
    return part_page(
        request,
        membership,
        form,
        edit_with(codebook_phases.edit_phase, phase, request, form),
        {"title": phase.name},
    )


@require_http_methods(["GET", "POST"])
def new_question(request, slug):
    membership = access.study_to_lead(request.user, slug)
    study = membership.study
    form = QuestionForm(posted(request), key=f"RQ{study.research_questions.count() + 1}")
    add = lambda **facts: codebook_phases.add_question(study, by=request.user, **facts)  # noqa: E731
    return part_page(request, membership, form, add, {"title": "New research question"})


@require_http_methods(["GET", "POST"])
def template_question(request, slug, question):
    membership = access.study_to_lead(request.user, slug)
    question = access.question_in(membership.study, question)
    form = QuestionForm(posted(request), question=question)
    edit = edit_with(codebook_phases.edit_question, question, request, form)
    return part_page(request, membership, form, edit, {"title": question.key})


def edit_with(act, part, request, form):
    return lambda **facts: act(part, by=request.user, seen=form.cleaned_data["seen"], **facts)


def part_page(request, membership, form, act, context):
    """A page with one small form: a phase or a research question."""
    if form.is_valid() and form.perform(act, facts=form.facts()):
        messages.success(request, "Saved.")
        return back(membership.study)
    return answer(
        request,
        "codebook/template-part.html",
        {"membership": membership, "form": form, **context},
        refused=form.is_bound,
    )
