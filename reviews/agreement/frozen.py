"""The statistics of a round, for good: kept when it is closed, and shown from then on."""

import tomllib
from collections import Counter
from functools import cache

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone

from mapping.models import Paper
from reviews.agreement import measures
from reviews.agreement.ratings import Sheet, everything
from reviews.models import Round


@cache
def software():
    """Name and version, as results name what computed them."""
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    return f"{project['name'].title()} {project['version']}"


def freeze(round):
    """All statistics of a round with what they rest on, as plain JSON values. Of everybody's first
    submissions.
    """
    sheet = Sheet(
        round.study, everything(round.study).filter(assignment__round=round), sections_of(round)
    )
    sections = {section.pk: section.key for section in sheet.sections}
    keys = dict(Paper.objects.filter(assignments__round=round).values_list("pk", "key"))
    return {
        "sections": of_round(sheet, round),
        "codebook_version": round.codebook_version or round.study.codebook_version,
        "answers": [
            {"summary": one.pk, "revision": one.revision, "paper": keys[one.paper]}
            for one in sheet.read
        ]
        + [
            {
                "summary": one.pk,
                "revision": one.revision,
                "paper": keys[one.paper],
                "section": sections[section],
            }
            for one, section in sheet.late
        ],
        "not_independent": len(sheet.not_independent),
        "why_not_independent": dict(Counter(str(one.why_not) for one in sheet.not_independent)),
        "interval": "95 % percentile bootstrap over papers",
        "replicates": measures.REPLICATES,
        "seed": measures.SEED,
        "software": software(),
        "frozen_at": timezone.now().isoformat(),
    }


def why_left_out(kept):
    """`{why: summaries}` that figures kept at closing left out; in older ones early looks alone."""
    found = kept.get("why_not_independent", {})
    return found or ({"early_look": kept["not_independent"]} if kept.get("not_independent") else {})


def known_since(kept, apart):
    """How many of the summaries behind figures kept at closing are not independent, as is known
    now: `apart` are the summaries (primary keys) that are not. What was kept stays as it was, and
    says so.
    """
    return len({one["summary"] for one in kept.get("answers", ())} & apart)


def sections_of(round):
    return round.phase.sections.coded().select_related("phase")


def of_round(sheet, round, *, full=True):
    """Live reports of a round's sections; a retired one only where it was answered."""
    found = [
        (section, sheet.of(section, round.pk))
        for section in sheet.sections
        if section.phase_id == round.phase_id
    ]
    return [
        measures.report(rated, phase=section.phase.key, round=round.name, full=full)
        for section, rated in found
        if rated.papers or not section.is_retired
    ]


def as_kept(kept, sheet, round, *, full=True):
    """The reports of a round as they were kept at closing, if they were; a section that came later
    is told as it is.
    """
    if not kept:
        return of_round(sheet, round, full=full)
    there = {one["section"] for one in kept["sections"]}
    later = [
        one for one in sheet.sections if one.key not in there and one.phase_id == round.phase_id
    ]
    rated = [(section, sheet.of(section, round.pk)) for section in later]
    return kept["sections"] + [
        measures.report(found, phase=section.phase.key, round=round.name, full=full)
        for section, found in rated
        if found.papers
    ]


def fully_visible(study, summaries):
    """Ids of the rounds of which these summaries hold every first submission: whose kept figures
    they may be shown.
    """
    mine = dict(
        summaries.first_submissions()
        .order_by()
        .values_list("assignment__round")
        .annotate(number=Count("pk"))
    )
    counted = Count(
        "assignments__summaries",
        filter=Q(
            assignments__summaries__revision=1, assignments__summaries__submitted_at__isnull=False
        ),
    )
    rounds = Round.objects.filter(study=study).order_by().annotate(number=counted)
    return {
        pk for pk, number in rounds.values_list("pk", "number") if number and mine.get(pk) == number
    }
