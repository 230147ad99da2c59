from django.views.decorators.http import require_safe

from mapping import access
from mapping.site.answers import answer
from reviews.agreement.glance import at_a_glance
from reviews.models.study_cache import read_only
from reviews.overview import open_work
from reviews.rounds import progress


@require_safe
def overview(request, slug):
    membership = access.study_to_read(request.user, slug)
    study = membership.study
    read_only(study)
    context = {
        "membership": membership,
        "waiting": open_work.waiting(membership),
        "glance": at_a_glance(membership),
    }
    if membership.may_code:
        context |= {
            "next": progress.next_assignment(membership),
            "own": [own for own in progress.of_reader(membership) if not own.round.is_closed],
        }
    if membership.is_lead:
        steps = open_work.first_steps(study)
        context |= {
            "rounds": progress.of_rounds(study.rounds.all(), with_papers=False),
            "steps": steps,
            "next_step": next((step for step in steps if not step.is_done), None),
        }
    else:
        context["released"] = open_work.released_pages(study)
    return answer(request, "overview/overview.html", context)
