"""The left rail: the study's pages that one's role may use, with counts that mean work."""

from typing import NamedTuple

from django.urls import NoReverseMatch, reverse

from reviews.blindness.codes import proposals_waiting
from reviews.models.study_cache import read_only
from reviews.rounds import progress
from reviews.settling import disagreements

EVERYBODY = {"lead", "reviewer", "observer"}
CODERS = {"lead", "reviewer"}
LEADS = {"lead"}


class Place(NamedTuple):
    label: str
    name: str  # of the address, and the last word of it
    roles: set


PLACES = [
    Place("Overview", "overview", EVERYBODY),
    Place("My queue", "queue", CODERS),
    Place("Papers", "papers", EVERYBODY),
    Place("Template", "template", LEADS),
    Place("Codebook", "codebook", EVERYBODY),
    Place("Rounds", "rounds", LEADS),
    Place("Disagreements", "disagreements", CODERS),
    Place("Agreement", "agreement", EVERYBODY),
    Place("Map", "map", EVERYBODY),
    Place("Export", "export", EVERYBODY),
    Place("Team", "team", EVERYBODY),
    Place("Settings", "settings", LEADS),
    Place("Log", "log", LEADS),
]


class Counter(NamedTuple):
    """Work that waits behind a place: how much (a function of study and user), in which words, for
    whom.
    """

    count: object
    word: str
    roles: set


def proposed_codes(study, user):
    return proposals_waiting(user, study)


# By the name of the place. Counts are of work, never of answers: they reach people who are blind.
COUNTERS = {
    "queue": Counter(progress.still_to_code, "to code", CODERS),
    "codebook": Counter(proposed_codes, "proposed", LEADS),
    "disagreements": Counter(disagreements.open_count, "open", CODERS),
    "rounds": Counter(progress.rounds_to_close, "to close", LEADS),
}


def entries(study, path):
    """What `overview/_rail.html` shows: `[{label, url, current, count, word}]`; count and word say
    what work waits.
    """
    # The page is drawn: whatever the request did is done and written down.
    read_only(study)
    return [
        entry
        for place in PLACES
        if study.membership.role in place.roles
        for entry in shown(place, study, path)
    ]


def shown(place, study, path):
    try:
        url = reverse(place.name, args=[study.slug])
    except NoReverseMatch:
        return
    is_current = path == url if place.name == "overview" else path.startswith(url)
    yield {"label": place.label, "url": url, "current": is_current, **work(place, study)}


def work(place, study):
    counter = COUNTERS.get(place.name)
    if counter is None or study.membership.role not in counter.roles:
        return {}
    return {"count": counter.count(study, study.membership.user), "word": counter.word}
