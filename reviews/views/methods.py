"""The methods section, as it happened: text, checklists, flow of papers."""

from django.core.exceptions import PermissionDenied
from django.views.decorators.http import require_safe

from mapping import access
from mapping.pages import answer
from reviews import describing, flow_chart
from reviews.checklists import Checklists


@require_safe
def methods(request, slug):
    study = access.study_to_read(request.user, slug)
    if not (study.membership.is_lead or study.is_released):
        raise PermissionDenied("Leads read this page now, everybody once the findings are released.")
    facts = describing.Facts(study, request.user)
    lists = Checklists(facts)
    stages = flow_chart.stages(*facts.flow, facts.papers["all"])
    context = {
        "study": study,
        "paragraphs": describing.paragraphs(facts),
        "is_partial": facts.is_partial,
        "inter_rater": lists.inter_rater(),
        "mapping_actions": lists.mapping_actions(),
        "stages": stages if facts.papers["all"] else [],
        "flow": flow_chart.drawn(stages),
    }
    return answer(request, "methods.html", context)
