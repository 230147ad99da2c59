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
    study = access.study_to_read(request.user, slug)
    paper = access.paper_in(study, key)
    member = study.membership
    own = paper_states.states_of_own([paper], request.user)[paper.pk] if member.may_code else None
    findings = visible_findings(request.user, study).filter(paper=paper)
    context = {
        "study": study,
        "paper": paper,
        "details": [
            (paper._meta.get_field(name).verbose_name, getattr(paper, name)) for name in DETAILS
        ],
        "sources": paper.sources.select_related("paper_import"),
        "readers": readers(paper) if member.is_lead else None,
        "suggestions": corrections.suggestions_for(paper, member),
        "may_upload": member.is_lead or (member.may_code and not paper.pdf),
        "own": own,
        "summary_url": page_of("summary", study, paper)
        if own and own.state != "not_coded"
        else None,
        "comparison_url": page_of("comparison", study, paper)
        if may_compare(request.user, study, paper)
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


def may_compare(user, study, paper):
    others = visible_summaries(user, study, paper).submitted().exclude(assignment__reviewer=user)
    return others.exists()


def page_of(name, study, paper):
    try:
        return reverse(name, args=[study.slug, paper.key])
    except NoReverseMatch:
        return None
