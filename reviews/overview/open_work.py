"""What waits for whom, and the first steps of a study: plain lines for the overview, each with its
page.
"""

from collections import defaultdict
from typing import NamedTuple

from django.urls import NoReverseMatch, reverse

from mapping.models import Membership, Study
from reviews.blindness import rules
from reviews.blindness.codes import proposals_waiting
from reviews.models import Assignment, RecodingTask
from reviews.models.study_cache import cached_for_study
from reviews.overview import corrections
from reviews.rounds import progress
from reviews.settling import disagreements


class Waiting(NamedTuple):
    """One line of the overview: "3 proposed codes wait for a decision", and where to deal
    with it.
    """

    count: int
    text: str
    url: str


def waiting(membership: Membership) -> list[Waiting]:
    """What waits for this member of the study, each line with its page.

    Every subject adds its own provider to PROVIDERS: a function of the membership that yields
    `Waiting` lines and asks a constant number of queries.
    """
    return [line for provider in PROVIDERS for line in provider(membership) if line.count]


def url_of(name: str, study: Study, *arguments) -> str:
    """The address of a page of this study, or "" where there is no such page."""
    try:
        return reverse(name, args=[study.slug, *arguments])
    except NoReverseMatch:
        return ""


def counted(number, one, several):
    return f"{number} {one if number == 1 else several}"


def own_recoding(membership):
    if membership.may_code:
        count = RecodingTask.objects.waiting().of(membership).count()
        text = (
            counted(count, "section of your summaries", "sections of your summaries")
            + " to look at again"
        )
        yield Waiting(count, text, url_of("queue", membership.study))


def proposed_codes(membership):
    if membership.is_lead:
        count = proposals_waiting(membership)
        text = counted(count, "proposed code waits", "proposed codes wait") + " for a decision"
        yield Waiting(count, text, url_of("proposals", membership.study))


def open_differences(membership):
    count = disagreements.open_count(membership)
    text = counted(count, "difference waits", "differences wait") + " for a decision"
    yield Waiting(count, text, url_of("disagreements", membership.study))


def rounds_to_close(membership):
    if membership.is_lead:
        count = progress.rounds_to_close(membership.study)
        text = counted(count, "round has", "rounds have") + " everything in and can be closed"
        yield Waiting(count, text, url_of("rounds", membership.study))


def others_recoding(membership):
    if membership.is_lead:
        tasks = RecodingTask.objects.waiting().filter(assignment__round__study=membership.study_id)
        # Who has to look again at a code that was split has used it.
        tasks = tasks.exclude(assignment__paper__in=rules.closed_papers(membership))
        count = tasks.exclude(assignment__reviewer=membership.user_id).count()
        text = (
            counted(count, "section is", "sections are")
            + " still to be looked at again by their reviewers"
        )
        yield Waiting(count, text, url_of("codebook-versions", membership.study))


def open_corrections(membership):
    if membership.is_lead:
        papers = corrections.papers_with_open_suggestions(membership.study)
        text = counted(
            len(papers),
            "correction of a paper's entry waits",
            "corrections of papers' entries wait",
        )
        url = f"{url_of('paper', membership.study, papers[0].key)}#suggestions" if papers else ""
        yield Waiting(len(papers), text, url)


def phases_under_way(study):
    """The phases that have rounds, and the one that comes next once every round before it is
    closed.
    """
    is_closed = defaultdict(list)
    for phase, closed_at in study.rounds.order_by().values_list("phase", "closed_at"):
        is_closed[phase].append(closed_at is not None)
    under_way, comes_next = [], True
    for phase in study.phases.order_by("position", "pk"):
        if phase.pk in is_closed:
            under_way.append(phase)
        elif comes_next and under_way and all(all(is_closed[other.pk]) for other in under_way):
            under_way.append(phase)
            comes_next = False
    return under_way


def papers_not_handed_out(membership):
    if membership.is_lead:
        for phase in phases_under_way(membership.study):
            count = cached_for_study(
                membership.study,
                f"papers-unread.{phase.pk}",
                lambda phase=phase: progress.papers_unread(phase).count(),
            )
            text = counted(count, "paper is", "papers are") + f" not handed out in {phase}"
            yield Waiting(count, text, url_of("rounds", membership.study))


PROVIDERS = [
    own_recoding,
    open_differences,
    proposed_codes,
    rounds_to_close,
    others_recoding,
    papers_not_handed_out,
    open_corrections,
]


class Step(NamedTuple):
    """One of the first steps of a study."""

    text: str
    is_done: bool
    url: str
    label: str


def first_steps(study: Study) -> list[Step]:
    """What a fresh study still needs before anybody can code; empty once everything was done."""
    steps = [
        Step(
            "The template says what to ask of every paper",
            study.sections.in_use().exists(),
            url_of("template", study),
            "Edit the template",
        ),
        Step(
            "The study has papers", study.papers.exists(), url_of("papers", study), "Import papers"
        ),
        Step(
            "At least two people code",
            study.memberships.who_code().count() > 1,
            url_of("team", study),
            "Invite",
        ),
        Step(
            "Papers are handed out in a round",
            Assignment.objects.in_force().filter(round__study=study).exists(),
            url_of("rounds", study),
            "Hand out papers",
        ),
    ]
    return [] if all(step.is_done for step in steps) else steps


def released_pages(study: Study) -> list[tuple[str, str]]:
    """`[(label, address)]` where members who do not lead find what the team settled on; empty until
    the study is released.
    """
    if not study.is_released:
        return []
    pages = {
        "map": "The map",
        "papers": "Papers and their findings",
        "agreement": "Agreement",
        "export": "Files",
    }
    return [(label, url_of(name, study)) for name, label in pages.items() if url_of(name, study)]
