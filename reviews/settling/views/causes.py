from django.core.exceptions import PermissionDenied
from django.views.decorators.http import require_safe

from mapping import access
from mapping.site.answers import answer
from reviews.blindness import settlers
from reviews.models import Resolution
from reviews.settling.causes import causes_in


@require_safe
def causes(request, slug):
    """Which codes need a better definition, and the worst examples."""
    membership = access.study_to_code(request.user, slug)
    if not settlers.is_settler(membership) and not membership.study.is_released:
        raise PermissionDenied("What was settled, and why, opens once the study is released.")
    by_cause, ranked = causes_in(membership)
    labels = dict(Resolution.Cause.choices)
    counted = [(labels[cause], number) for cause, number in by_cause.most_common()]
    context = {
        "membership": membership,
        "counted": counted,
        "total": by_cause.total(),
        "ranked": ranked,
    }
    return answer(request, "settling/causes.html", context)
