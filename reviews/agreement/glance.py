"""Agreement at a glance: frozen figures, read and never computed, for those who may see everything
behind them.
"""

from urllib.parse import urlencode

from django.db.models import F
from django.urls import reverse

from mapping.models import Membership
from mapping.protocol.coefficients import HEADLINE
from reviews.agreement import declarations, frozen, measures
from reviews.blindness.visible import visible_summaries


def at_a_glance(membership: Membership) -> list[dict]:
    """One line per section in use, worst first: its declared coefficient in the newest closed round
    whose frozen figures this person may see. A constant number of queries; one without closed
    rounds.
    """
    study = membership.study
    closed = study.rounds.filter(closed_at__isnull=False, frozen_agreement__isnull=False)
    # Not the whole of what was frozen: it names every answer behind it.
    closed = list(
        closed.order_by("-closed_at", "-pk").values_list(
            "pk", "name", F("frozen_agreement__sections")
        )
    )
    if not closed or study.statistics_off_reason:
        return []
    visible = frozen.fully_visible(study, visible_summaries(membership).submitted())
    sections = {section.key: section for section in study.sections.coded().filter(retired_at=None)}
    lines = {}
    for pk, name, reports in closed:
        for report in reports if pk in visible else []:
            if report["section"] in sections and report["raters"]:
                lines.setdefault(
                    report["section"], line(study, sections[report["section"]], report, pk, name)
                )
    for section, entries in declarations.late_changes(study).items() if lines else ():
        if section in lines:
            lines[section]["late"] = entries
    return sorted(
        lines.values(),
        key=lambda line: (line["value"] is None, line["value"] or 0, line["section"].position),
    )


def line(study, section, report, round, name):
    primary = section.primary_coefficient or HEADLINE
    if primary not in report["coefficients"]:
        primary = report["primary"]
    figure = report["coefficients"][primary]
    url = reverse("agreement-section", args=[study.slug, section.key])
    return {
        "section": section,
        "round": name,
        "name": measures.LABELS[primary],
        "papers": report["papers"],
        "metric": figure["metric"],
        "value": figure["value"],
        "low": figure["low"],
        "high": figure["high"],
        "reason": figure["reason"],
        "late": [],
        "target": section.agreement_target,
        "not_independent": report.get("not_independent", 0),
        "verdict": measures.verdict(figure, section.agreement_target),
        "url": f"{url}?{urlencode({'round': round})}",
    }
