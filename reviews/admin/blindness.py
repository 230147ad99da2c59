"""What an admin may see of the answers, and of all that rests on them."""

from mapping.admin.records import ViewOnlyAdmin
from reviews.blindness import rules
from reviews.models import Summary


class ThroughSummary(ViewOnlyAdmin):
    """Parts of one summary: shown with it, or not at all."""

    summary = "summary"

    def get_queryset(self, request):
        visible = Summary.objects.filter(rules.may_read_summary_in_admin(request.user))
        return super().get_queryset(request).filter(**{f"{self.summary}__in": visible.values("pk")})


class ThroughPaper(ViewOnlyAdmin):
    """What rests on all the answers to a paper, such as a finding: for whoever may know them."""

    paper = "paper"
    phase = "section__phase"

    def get_queryset(self, request):
        return super().get_queryset(request).filter(self.is_open_to(request.user))

    def is_open_to(self, user):
        return rules.may_know_in_admin(
            user, study=f"{self.paper}__study", paper=self.paper, phase=self.phase
        )
