"""One paper: what it is, where it was found, who reads it, what the team found in it."""

from django.db.models import Exists, OuterRef
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from mapping import access
from mapping.parsers.paper_fields import FIELDS
from mapping.site.answers import answer
from reviews.blindness.visible import visible_findings, visible_summaries
from reviews.models import Assignment, Summary
from reviews.overview import corrections, paper_states

DETAILS = tuple(one.name for one in FIELDS if one.is_detail)


@require_safe
def paper(request, slug, key):
    membership = access.study_to_read(request.user, slug)
    study = membership.study
    paper = access.paper_in(study, key)
    own = None
    if membership.may_code:
        own = paper_states.states_of_own([paper], request.user)[paper.pk]
    findings = visible_findings(membership).filter(paper=paper)
    context = {
        "membership": membership,
        "paper": paper,
        "details": [
            (paper._meta.get_field(name).verbose_name, getattr(paper, name)) for name in DETAILS
        ],
        "sources": paper.sources.select_related("paper_import"),
        "readers": readers(paper) if membership.is_lead else None,
        "suggestions": corrections.suggestions_for(paper, membership),
        "may_upload": membership.is_lead or (membership.may_code and not paper.pdf),
        "own": own,
        "summary_url": page_of("summary", study, paper)
        if own and own.state != "not_coded"
        else None,
        "comparison_url": page_of("comparison", study, paper)
        if may_compare(membership, paper)
        else None,
        "findings": findings.select_related("section", "section__phase")
        .prefetch_related("marks__code")
        .order_by("section__phase__position", "section__position"),
    }
    return answer(request, "overview/paper.html", context)


def readers(paper):
    """Who was handed the paper, and whether their summary is in; drafts are nobody else's
    business.
    """
    submitted = Summary.objects.submitted().filter(assignment=OuterRef("pk"))
    assignments = (
        Assignment.objects.in_force()
        .filter(paper=paper)
        .select_related("reviewer", "round", "round__phase")
    )
    return assignments.annotate(is_in=Exists(submitted)).order_by("round", "reviewer__username")


def may_compare(membership, paper):
    submitted = visible_summaries(membership, paper).submitted()
    return submitted.exclude(assignment__reviewer=membership.user_id).exists()


def page_of(name, study, paper):
    try:
        return reverse(name, args=[study.slug, paper.key])
    except NoReverseMatch:
        return None
