from django.core.paginator import Paginator
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from mapping.site.answers import answer
from reviews.models import Mention
from reviews.settling import discussion

PER_PAGE = 50


@require_safe
def mentions(request):
    """Where somebody called me, in all my studies, newest first."""
    mentioned = discussion.mentions_visible_to(request.user)
    page = Paginator(mentioned, PER_PAGE).get_page(request.GET.get("page"))
    unseen = sum(mention.seen_at is None for mention in mentioned)
    return answer(request, "settling/mentions.html", {"page": page, "unseen": unseen})


@require_POST
def mentions_seen(request):
    # What is not visible yet stays unseen: the bell rings when it opens.
    seen = [mention.pk for mention in discussion.mentions_visible_to(request.user)]
    Mention.objects.filter(pk__in=seen, user=request.user, seen_at=None).update(
        seen_at=timezone.now()
    )
    return redirect("mentions")
