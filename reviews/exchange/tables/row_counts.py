"""How many rows each file would have, counted by the database and not by writing it."""

from django.db.models import Q

from mapping.models import Code, CodebookChange, Finding, FindingMark, LogEntry, Paper
from reviews.models import Answer, Mark, Remark, Resolution, Summary


def counts_of(scope):
    """`{file: rows}`; the agreement tables are computed, and have no count here."""
    findings = scope.of(Finding)
    in_findings = FindingMark.objects.filter(finding__in=findings.order_by()).count()
    in_findings += findings.filter(marks=None).count()
    papers_settled = findings.order_by().values("paper").distinct().count()
    return {
        "papers.csv": scope.of(Paper).count(),
        "codings.csv": codings(scope),
        "findings.csv": in_findings,
        "findings_wide.csv": papers_settled,
        "findings_onehot.csv": papers_settled,
        "codebook.csv": scope.of(Code).count(),
        "codebook_changes.csv": scope.of(CodebookChange).count(),
        "resolutions.csv": scope.of(Resolution).count(),
        "remarks.csv": scope.of(Remark).count(),
        "log.csv": scope.of(LogEntry).count(),
    }


def codings(scope):
    """A row per mark; a row for each answer that says something without marks."""
    summaries = scope.of(Summary).values("pk")
    marks = Mark.objects.filter(answer__summary__in=summaries).count()
    says = (
        ~Q(absence="")
        | Q(none_apply=True)
        | ~Q(text="")
        | Q(number__isnull=False)
        | Q(yes_no__isnull=False)
    )
    return marks + Answer.objects.filter(says, summary__in=summaries, marks=None).count()
