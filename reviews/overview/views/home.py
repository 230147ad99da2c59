from django.db.models import Count
from django.views.decorators.http import require_safe

from mapping.models import Membership
from mapping.site.answers import answer
from reviews.models import Assignment

NEXT_PAPERS = 8


@require_safe
def home(request):
    memberships = (
        Membership.objects.active()
        .filter(user=request.user)
        .select_related("study")
        .order_by("study__title")
    )
    awaiting = Assignment.objects.awaited_from(request.user)
    waiting = dict(awaiting.order_by().values_list("round__study").annotate(Count("pk")))
    studies = [
        {"membership": membership, "waiting": waiting.get(membership.study_id, 0)}
        for membership in memberships
    ]
    return answer(
        request,
        "overview/home.html",
        {
            "studies": studies,
            "waiting": sum(waiting.values()),
            "next": awaiting.in_order_of_need().select_related("paper", "round__study")[
                :NEXT_PAPERS
            ],
        },
    )
