"""The doors of the study. A stranger gets 404, a member without the role 403; a door returns the
membership, which has the study and the user.
"""

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404

from mapping.models import (
    Code,
    CodebookChange,
    Membership,
    Paper,
    PaperImport,
    Phase,
    ResearchQuestion,
    Section,
    Study,
    User,
)


def study_to_read(user: User, slug: str) -> Membership:
    """This person's part in the study, with both loaded. Any active member may enter, observers
    included.
    """
    membership = (
        Membership.objects.active()
        .filter(user_id=user.pk, study__slug=slug)
        .select_related("study")
        .first()
    )
    if membership is None:
        raise Http404("No such study.")
    membership.user = user
    return membership


def study_to_code(user: User, slug: str) -> Membership:
    """For those who fill in summaries: reviewers, and leads, who often review too."""
    membership = study_to_read(user, slug)
    if not membership.may_code:
        raise PermissionDenied("Observers do not code papers.")
    return membership


def study_to_lead(user: User, slug: str) -> Membership:
    membership = study_to_read(user, slug)
    if not membership.is_lead:
        raise PermissionDenied("Only leads of this study may do this.")
    return membership


def study_to_publish(user: User, slug: str) -> Membership:
    """For what goes into the publication: leads read it now, everybody once the findings are
    released.
    """
    membership = study_to_read(user, slug)
    if not (membership.is_lead or membership.study.is_released):
        raise PermissionDenied(
            "Leads read this page now, everybody once the findings are released."
        )
    return membership


def paper_in(study: Study, key: str) -> Paper:
    """A paper of this study, which somebody has already entered through its own door."""
    return get_object_or_404(Paper.objects.select_related("study"), study=study, key=key)


def section_in(study: Study, key: str) -> Section:
    return get_object_or_404(
        Section.objects.select_related("study", "phase", "research_question"), study=study, key=key
    )


def phase_in(study: Study, key: str) -> Phase:
    return get_object_or_404(Phase.objects.select_related("study"), study=study, key=key)


def question_in(study: Study, pk: int) -> ResearchQuestion:
    return get_object_or_404(ResearchQuestion.objects.select_related("study"), study=study, pk=pk)


def paper_import_in(study: Study, import_id: int) -> PaperImport:
    return get_object_or_404(PaperImport.objects.select_related("study"), study=study, pk=import_id)


def code_in(study: Study, pk: int) -> Code:
    return get_object_or_404(
        Code.objects.select_related("section__study", "section__phase", "parent", "merged_into"),
        section__study=study,
        pk=pk,
    )


def change_in(study: Study, version: int) -> CodebookChange:
    return get_object_or_404(
        CodebookChange.objects.select_related("code", "section", "study", "by"),
        study=study,
        version=version,
    )
