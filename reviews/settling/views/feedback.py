from django.core.exceptions import PermissionDenied
from django.views.decorators.http import require_safe

from mapping import access
from mapping.site.answers import answer
from reviews.settling.feedback import feedback_for


@require_safe
def feedback(request, slug):
    """My codings against what the team settled on; for reviewers once the study is released."""
    membership = access.study_to_read(request.user, slug)
    if not membership.may_code:
        raise PermissionDenied("Feedback is for those who code.")
    sections = feedback_for(membership) if membership.study.is_released else []
    return answer(
        request, "settling/feedback.html", {"membership": membership, "sections": sections}
    )
