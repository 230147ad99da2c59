"""What an admin may see of the answers, and of all that rests on them."""

from django.db.models import Exists, OuterRef, Q

from mapping.admin.records import ViewOnlyAdmin
from reviews.models import Assignment, EarlyLook, Summary


class ThroughSummary(ViewOnlyAdmin):
    """Parts of one summary: shown with it, or not at all."""

    summary = "summary"

    def get_queryset(self, request):
        visible = Summary.objects.visible_in_admin(request.user)
        return super().get_queryset(request).filter(**{f"{self.summary}__in": visible.values("pk")})


class ThroughPaper(ViewOnlyAdmin):
    """What rests on all the answers to one paper, such as a finding: shown to whoever may see every one of them."""

    paper = "paper"
    phase = "section__phase"

    def get_queryset(self, request):
        return super().get_queryset(request).filter(self.is_open_to(request.user))

    def is_open_to(self, user):
        paper, phase = OuterRef(self.paper), OuterRef(self.phase)
        visible = Summary.objects.visible_in_admin(user).values("pk")
        submitted = Summary.objects.submitted().filter(assignment__paper=paper, assignment__round__phase=phase)
        to_code = Assignment.objects.unsubmitted().filter(reviewer=user, paper=paper, round__phase=phase)
        hidden = submitted.exclude(pk__in=visible)
        return ~Q(Exists(hidden)) & ~Q(Exists(to_code.filter(~looked_at_early(user))))


def looked_at_early(user):
    """True for assignments whose paper this person looked at before coding it, which the log holds."""
    return Exists(EarlyLook.objects.filter(user=user, paper=OuterRef("paper"), phase=OuterRef("round__phase")))
