from django.contrib import admin
from django.db.models import Q

from mapping.models import Finding, FindingMark, LogEntry
from reviews.admin.blindness import ThroughPaper
from reviews.blindness import rules
from reviews.blindness.codes import telling_of_codes_in_admin
from reviews.blindness.log import TELLING
from reviews.models import Deferral, Mention, Remark, Resolution

SEARCHED = ["paper__title", "paper__key", "section__label"]


@admin.register(Finding)
class FindingPage(ThroughPaper):
    list_display = ["paper", "section", "absence", "none_apply", "number", "yes_no", "settled_at"]
    list_filter = [
        ("paper__study", admin.RelatedOnlyFieldListFilter),
        "section__kind",
        "absence",
        "settled_at",
    ]
    list_select_related = ["paper", "section"]
    search_fields = SEARCHED


@admin.register(FindingMark)
class FindingMarkPage(ThroughPaper):
    paper = "finding__paper"
    phase = "finding__section__phase"
    list_display = ["code", "finding", "quote", "page"]
    list_filter = [
        ("finding__paper__study", admin.RelatedOnlyFieldListFilter),
        ("finding__section", admin.RelatedOnlyFieldListFilter),
    ]
    list_select_related = ["code", "finding__paper", "finding__section"]
    search_fields = ["code__label", "quote", "finding__paper__title"]


@admin.register(Resolution)
class ResolutionPage(ThroughPaper):
    list_display = ["paper", "section", "basis", "cause", "decided_by", "decided_at", "undone_at"]
    list_filter = [
        ("paper__study", admin.RelatedOnlyFieldListFilter),
        *("basis", "cause", "is_unanimous", "by_coder", ("undone_at", admin.EmptyFieldListFilter)),
    ]
    list_select_related = ["paper", "section", "decided_by", "adopted_from", "undone_by", "finding"]
    search_fields = [*SEARCHED, "rationale"]


@admin.register(Deferral)
class DeferralPage(ThroughPaper):
    list_display = ["paper", "section", "note", "by", "at", "lifted_at"]
    list_filter = [
        ("paper__study", admin.RelatedOnlyFieldListFilter),
        ("lifted_at", admin.EmptyFieldListFilter),
    ]
    list_select_related = ["paper", "section", "by"]
    search_fields = [*SEARCHED, "note"]


@admin.register(Remark)
class RemarkPage(ThroughPaper):
    list_display = ["text", "paper", "section", "by", "at", "is_decision_rule", "resolved_at"]
    list_filter = [
        ("paper__study", admin.RelatedOnlyFieldListFilter),
        *("is_decision_rule", ("resolved_at", admin.EmptyFieldListFilter), "at"),
    ]
    list_select_related = ["paper", "section", "by", "resolved_by"]
    search_fields = [*SEARCHED, "text"]


@admin.register(Mention)
class MentionPage(ThroughPaper):
    paper = "remark__paper"
    phase = "remark__section__phase"
    list_display = ["user", "remark", "seen_at"]
    list_filter = [("seen_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user", "remark"]
    search_fields = ["user__username", "remark__text"]


@admin.register(LogEntry)
class LogEntryPage(ThroughPaper):
    """Lines about a paper may say what was answered; lines about none only by standing there."""

    exclude = ["facts"]  # numbers of marks, former words: more than the sentence says
    list_display = ["at", "study", "by", "act", "text"]
    list_filter = [("study", admin.RelatedOnlyFieldListFilter), "act", "at"]
    list_select_related = ["study", "by", "paper"]
    search_fields = ["text", "act", "by__username"]

    def is_open_to(self, user):
        # A log has many lines for each paper: the closed papers are found once, not line by line.
        closed = rules.closed_in_admin(user)
        telling = Q(act__in=TELLING, study__in=closed.values("round__study"))
        telling |= telling_of_codes_in_admin(user)
        return Q(paper=None) & ~telling | Q(paper__isnull=False) & ~Q(
            paper__in=closed.values("paper")
        )
