"""The left rail: the study's pages that one's role may use, with counts that mean work."""

from collections.abc import Callable
from typing import NamedTuple

from django.urls import NoReverseMatch, reverse

from mapping.models import Membership
from reviews.blindness.codes import proposals_waiting
from reviews.models.study_cache import read_only
from reviews.rounds import progress
from reviews.settling import disagreements

EVERYBODY = {"lead", "reviewer", "observer"}
CODERS = {"lead", "reviewer"}
LEADS = {"lead"}


class Page(NamedTuple):
    label: str
    name: str  # of the address, and the last word of it
    roles: set[str]


PAGES = [
    Page("Overview", "overview", EVERYBODY),
    Page("My queue", "queue", CODERS),
    Page("Papers", "papers", EVERYBODY),
    Page("Template", "template", LEADS),
    Page("Codebook", "codebook", EVERYBODY),
    Page("Rounds", "rounds", LEADS),
    Page("Disagreements", "disagreements", CODERS),
    Page("Agreement", "agreement", EVERYBODY),
    Page("Map", "map", EVERYBODY),
    Page("Export", "export", EVERYBODY),
    Page("Team", "team", EVERYBODY),
    Page("Settings", "settings", LEADS),
    Page("Log", "log", LEADS),
]


class Counter(NamedTuple):
    """Work that waits on a page: how much, in which word, for whom."""

    count: Callable[[Membership], int]
    word: str
    roles: set[str]


def rounds_to_close(membership):
    return progress.rounds_to_close(membership.study)


# By the name of the page. Counts are of work, never of answers: they reach people who are blind.
COUNTERS = {
    "queue": Counter(progress.still_to_code, "to code", CODERS),
    "codebook": Counter(proposals_waiting, "proposed", LEADS),
    "disagreements": Counter(disagreements.open_count, "open", CODERS),
    "rounds": Counter(rounds_to_close, "to close", LEADS),
}


def entries(membership: Membership, path: str) -> list[dict]:
    """What `overview/_rail.html` shows: `[{label, url, current, count, word}]`; count and word say
    what work waits.
    """
    # The page is drawn: whatever the request did is done and written down.
    read_only(membership.study)
    return [
        entry(page, url, membership, path)
        for page in PAGES
        if membership.role in page.roles and (url := url_of(page, membership.study))
    ]


def url_of(page, study):
    """The address, or "" where there is no such page."""
    try:
        return reverse(page.name, args=[study.slug])
    except NoReverseMatch:
        return ""


def entry(page, url, membership, path):
    is_current = path == url if page.name == "overview" else path.startswith(url)
    work = waiting_work(page, membership)
    return {"label": page.label, "url": url, "current": is_current, **work}


def waiting_work(page, membership):
    counter = COUNTERS.get(page.name)
    if counter is None or membership.role not in counter.roles:
        return {}
    return {"count": counter.count(membership), "word": counter.word}
