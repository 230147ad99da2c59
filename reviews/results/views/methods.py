"""The methods section, as it happened: text, checklists, flow of papers."""

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from mapping import access
from mapping.site.answers import answer
from reviews.results import checklists, flow_chart
from reviews.results.facts import Facts
from reviews.results.methods import paragraphs


def stages_of(facts):
    return flow_chart.stages(*facts.flow, facts.papers["all"])


@require_safe
def methods(request, slug):
    membership = access.study_to_publish(request.user, slug)
    facts = Facts(membership)
    stages = stages_of(facts)
    context = {
        "membership": membership,
        "paragraphs": paragraphs(facts),
        "is_partial": facts.is_partial,
        "inter_rater": checklists.inter_rater(facts),
        "mapping_actions": checklists.mapping_actions(facts),
        "stages": stages if facts.papers["all"] else [],
        "flow": flow_chart.drawn(stages),
    }
    return answer(request, "results/methods.html", context)


@require_safe
def flow_svg(request, slug):
    """The flow of papers as a figure for the publication."""
    membership = access.study_to_publish(request.user, slug)
    drawn = flow_chart.drawn(stages_of(Facts(membership)))
    disposition = {
        "Content-Disposition": f'attachment; filename="{membership.study.slug}-flow.svg"'
    }
    figure = render_to_string("results/_flow.html", {"flow": drawn}).strip()
    return HttpResponse(figure, content_type="image/svg+xml; charset=utf-8", headers=disposition)
