"""The statistics of a round, frozen when it is closed, and shown from then on."""

import tomllib
from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from mapping.models import Paper, Section, Study
from reviews.agreement import measures
from reviews.agreement.ratings import Sheet, everything
from reviews.models import Round, Summary


@cache
def software():
    """Name and version, as results name what computed them."""
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    return f"{project['name'].title()} {project['version']}"


def freeze(round: Round) -> dict:
    """All statistics of a round with what they rest on, as plain JSON values. Of everybody's first
    submissions.
    """
    summaries = everything(round.study).filter(assignment__round=round)
    sheet = Sheet(round.study, summaries, sections_of(round))
    return {
        "sections": of_round(sheet, round),
        "codebook_version": round.codebook_version or round.study.codebook_version,
        "answers": answers_behind(sheet, round),
        "not_independent": len(sheet.not_independent),
        "why_not_independent": dict(
            Counter(str(reading.why_not) for reading in sheet.not_independent)
        ),
        "interval": "95 % percentile bootstrap over papers",
        "replicates": measures.REPLICATES,
        "seed": measures.SEED,
        "software": software(),
        "frozen_at": timezone.now().isoformat(),
    }


def answers_behind(sheet, round):
    """The summaries that were counted, and later revisions that were counted for one section."""
    readings = [*sheet.counted, *(reading for reading, _ in sheet.late)]
    names = names_of_summaries(reading.pk for reading in readings)
    paper_keys = dict(Paper.objects.filter(assignments__round=round).values_list("pk", "key"))
    section_keys = {section.pk: section.key for section in sheet.sections}

    def named(reading):
        return {**names[reading.pk]._asdict(), "paper": paper_keys[reading.paper]}

    return [
        *(named(reading) for reading in sheet.counted),
        *(named(reading) | {"section": section_keys[pk]} for reading, pk in sheet.late),
    ]


def why_left_out(frozen: dict) -> dict[str, int]:
    """`{why: summaries}` that frozen statistics left out; in older ones early looks alone."""
    reasons = frozen.get("why_not_independent", {})
    count = frozen.get("not_independent")
    return reasons or ({"early_look": count} if count else {})


class SummaryName(NamedTuple):
    """What frozen statistics call a summary."""

    assignment: int  # its uid
    revision: int


def names_of_summaries(summaries: Iterable[int]) -> dict[int, SummaryName]:
    """`{primary key: SummaryName}`"""
    rows = Summary.objects.filter(pk__in=list(summaries)).order_by()
    rows = rows.values_list("pk", "assignment__uid", "revision")
    return {pk: SummaryName(*name) for pk, *name in rows}


def known_since(frozen: dict, not_independent: set[SummaryName]) -> int:
    """How many of the summaries behind frozen statistics are not independent, as is known now. What
    was frozen stays as it was, and says so.
    """
    names = {
        SummaryName(answer.get("assignment"), answer.get("revision"))
        for answer in frozen.get("answers", ())
    }
    return len(names & not_independent)


def sections_of(round):
    return round.phase.sections.coded().select_related("phase")


def of_round(sheet, round, *, full=True):
    """Live reports of a round's sections; a retired one only where it was answered."""
    rated_sections = [
        (section, sheet.rated(section, round.pk))
        for section in sheet.sections
        if section.phase_id == round.phase_id
    ]
    return [
        measures.report(rated, phase=section.phase.key, round=round.name, full=full)
        for section, rated in rated_sections
        if rated.papers or not section.is_retired
    ]


def frozen_or_live(
    frozen: dict | None, sheet: Sheet, round: Round, *, full: bool = True
) -> list[dict]:
    """The frozen reports of a round, if there are any; of a section that came later, as it is
    now.
    """
    if not frozen:
        return of_round(sheet, round, full=full)
    section_keys = {report["section"] for report in frozen["sections"]}
    later = [
        section
        for section in sheet.sections
        if section.key not in section_keys and section.phase_id == round.phase_id
    ]
    rated_sections = [(section, sheet.rated(section, round.pk)) for section in later]
    return frozen["sections"] + [
        measures.report(rated, phase=section.phase.key, round=round.name, full=full)
        for section, rated in rated_sections
        if rated.papers
    ]


def report_of_section(frozen: dict | None, section: Section) -> dict | None:
    """The frozen report of one section, if there is one."""
    reports = frozen["sections"] if frozen else ()
    return next((report for report in reports if report["section"] == section.key), None)


def fully_visible(study: Study, summaries: QuerySet[Summary]) -> set[int]:
    """Ids of the rounds of which these summaries hold every first submission: whoever may see the
    summaries may see their frozen statistics.
    """
    visible = dict(
        summaries.first_submissions()
        .order_by()
        .values_list("assignment__round")
        .annotate(count=Count("pk"))
    )
    counted = Count(
        "assignments__summaries",
        filter=Q(
            assignments__summaries__revision=1, assignments__summaries__submitted_at__isnull=False
        ),
    )
    rounds = Round.objects.filter(study=study).order_by().annotate(count=counted)
    return {
        pk for pk, count in rounds.values_list("pk", "count") if count and visible.get(pk) == count
    }
