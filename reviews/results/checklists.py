"""What reviewers of a mapping study ask for, ticked where the study's own records show it.

After the ACM SIGSOFT Empirical Standards, supplement on inter-rater reliability and agreement, and
the actions in Petersen, Vakkalanka, Kuzniarz: Guidelines for conducting systematic mapping studies
in software engineering (2015). In our own words; what Concord cannot see stays open, to be argued
in the text.
"""

from collections.abc import Callable
from typing import NamedTuple

from django.db.models import Count
from django.urls import reverse

from mapping.models import Section
from mapping.site.plurals import counted
from reviews.models import Assignment
from reviews.results.facts import Facts


class Item(NamedTuple):
    """`evidence` is a sentence, empty where the records show none; `url` is where it stands."""

    text: str
    evidence: str = ""
    url: str = ""


class Criterion(NamedTuple):
    """Met where there is at least one of what `count` counts; without it, Concord cannot see it.

    The evidence reads: the count, the noun, then what `more` says of the facts. `page` names the
    page where it stands.
    """

    text: str
    count: Callable[[Facts], int] | None = None
    noun: str = ""
    more: str | Callable[[Facts], str] = ""
    page: str = ""

    def item(self, facts: Facts) -> Item:
        count = self.count(facts) if self.count else 0
        if not count:
            return Item(self.text)
        more = self.more(facts) if callable(self.more) else self.more
        evidence = f"{counted(count, self.noun)} {more}".strip()
        return Item(self.text, evidence, reverse(self.page, args=[facts.study.slug]))


def inter_rater(facts: Facts) -> list[Item]:
    return [criterion.item(facts) for criterion in (*ESSENTIAL, *DESIRABLE)]


def mapping_actions(facts: Facts) -> list[tuple[str, list[Item]]]:
    """`[(group, items)]`."""
    return [
        (group, [criterion.item(facts) for criterion in criteria])
        for group, criteria in MAPPING_ACTIONS.items()
    ]


def coded_sections(facts: Facts) -> int:
    return len(facts.coded_sections)


def kinds_of_sections(facts: Facts) -> str:
    kinds = {section.get_kind_display() for section in facts.coded_sections}
    return f"({', '.join(sorted(kinds))})"


def left_out(facts: Facts) -> str:
    count = len(facts.not_independent)
    but = f"; {counted(count, 'summaries')} not independent and left out" if count else ""
    return f"read by two or more{but}"


def remarks(facts: Facts) -> int:
    return facts.remarks[0]


def decision_rules(facts: Facts) -> int:
    return facts.remarks[1]


def decided_differences(facts: Facts) -> int:
    """Differences that somebody settled."""
    return sum(
        count
        for basis, count in facts.settled_by_basis.items()
        if basis not in {"unanimous", "single"}
    )


def declared_targets(facts: Facts) -> int:
    return sum(section.agreement_target is not None for section in facts.coded_sections)


def trial_rounds(facts: Facts) -> int:
    return sum(one.round.kind != "main" for one in facts.rounds)


def shared_papers_in(kind: str) -> Callable[[Facts], int]:
    """Counts the papers that two or more read in the phases of this kind."""
    return lambda facts: sum(one.overlap for one in facts.rounds if one.round.phase.kind == kind)


# A word of a source says how its records were found; of the others that a database was searched.
WAYS_OF_SEARCH = ("snowball", "hand", "manual")


def records_found_by(*ways: str) -> Callable[[Facts], int]:
    """Counts the records of sources that were found in one of these ways; "" is any other way."""
    return lambda facts: sum(
        count for source, count in facts.flow[0].items() if way_of_search(source) in ways
    )


def way_of_search(source: str) -> str:
    return next((way for way in WAYS_OF_SEARCH if way in source.casefold()), "")


def import_files(facts: Facts) -> int:
    return facts.imports["files"]


def sections_about(facts: Facts, subjects: tuple[str, ...]) -> list[Section]:
    return [
        section
        for section in facts.coded_sections
        if any(subject in str(section).casefold() for subject in subjects)
    ]


def classified_by(text: str, *subjects: str) -> Criterion:
    """Met by sections whose label names one of these subjects."""
    return Criterion(
        text,
        lambda facts: len(sections_about(facts, subjects)),
        "sections",
        lambda facts: f"({', '.join(map(str, sections_about(facts, subjects)))})",
        page="template",
    )


def papers_coded_twice(facts: Facts) -> int:
    """Papers that one reviewer submitted in two rounds of a phase."""
    submitted = Assignment.objects.submitted().in_force().filter(round__study=facts.study)
    twice = (
        submitted.order_by()
        .values("paper", "reviewer", "round__phase")
        .annotate(times=Count("pk"))
        .filter(times__gt=1)
    )
    return len(set(twice.values_list("paper", flat=True)))


ESSENTIAL = (
    Criterion("says which properties were rated", coded_sections, "coded items", page="template"),
    Criterion(
        "says how many raters rated each",
        lambda facts: facts.reviewer_count,
        "reviewers",
        "who read",
        page="rounds",
    ),
    # A paper that was shared in several rounds, for screening and for coding, is one paper.
    Criterion(
        "tells how two or more rated independently",
        lambda facts: len(facts.shared_independently),
        "papers",
        left_out,
        page="rounds",
    ),
    Criterion(
        "tells how disagreements were resolved",
        decided_differences,
        "differences",
        "settled, with how and why",
        page="disagreements",
    ),
    Criterion(
        "says of which type the variables are",
        coded_sections,
        "items",
        kinds_of_sections,
        page="template",
    ),
    Criterion(
        "reports a fitting measure",
        lambda facts: len(facts.frozen_reports) if facts.has_figures else 0,
        "closed rounds",
        "with its figures",
        page="agreement",
    ),
)
DESIRABLE = (
    Criterion(
        "gives the rating scheme as supplement",
        lambda facts: facts.codes["all"],
        "codes",
        page="codebook",
    ),
    Criterion(
        "gives decision rules as supplement",
        decision_rules,
        "decision rules",
        page="disagreements",
    ),
    Criterion(
        "breaks agreement down by property",
        lambda facts: len(facts.coded_sections) if facts.has_figures else 0,
        "sections",
        "one by one",
        page="agreement",
    ),
    Criterion(
        "says which value is enough",
        declared_targets,
        "sections",
        "with a declared target",
        page="agreement",
    ),
    Criterion("tells of the raters' training or experience"),
    Criterion(
        "resolves disagreements by discussion, not by vote",
        lambda facts: remarks(facts) if decided_differences(facts) else 0,
        "remarks",
        "in the discussion",
        page="disagreements",
    ),
    Criterion(
        "has more than three raters per property",
        lambda facts: facts.most_readers if facts.most_readers > 3 else 0,
        "reviewers",
        "of one paper",
        page="rounds",
    ),
    Criterion(
        "rates, resolves and mends the scheme in cycles",
        lambda facts: trial_rounds(facts) if facts.codebook_changes else 0,
        "pilot or calibration rounds",
        "and changes of the codebook",
        page="rounds",
    ),
)
MAPPING_ACTIONS = {
    "Need for the map": (
        Criterion("motivate the need"),
        Criterion(
            "define objectives and questions",
            lambda facts: len(facts.questions),
            "research questions",
            page="template",
        ),
        Criterion("ask the audience about the questions"),
    ),
    "Finding the papers": (
        Criterion("snowballing", records_found_by("snowball"), "records", page="papers"),
        Criterion("manual search", records_found_by("hand", "manual"), "records", page="papers"),
        Criterion(
            "search in databases",
            lambda facts: records_found_by("")(facts) if import_files(facts) else 0,
            "records",
            "from imported files",
            page="papers",
        ),
        Criterion("develop the search: population and outcome, experts, known papers, thesauri"),
        Criterion(
            "search again for more",
            lambda facts: import_files(facts) if import_files(facts) > 1 else 0,
            "imports",
            page="papers",
        ),
        Criterion("evaluate the search: known papers, experts, authors' pages, test and retest"),
    ),
    "Including and excluding": (
        Criterion(
            "objective criteria",
            lambda facts: facts.codes["excluding"],
            "codes",
            "that can exclude a paper",
            page="codebook",
        ),
        Criterion(
            "a further reviewer",
            shared_papers_in("screening"),
            "papers",
            "screened by two or more",
            page="rounds",
        ),
        Criterion("decision rules", decision_rules, "decision rules", page="disagreements"),
    ),
    "Extracting": (
        Criterion(
            "objective criteria",
            lambda facts: facts.codes["defined"],
            "codes",
            "with a definition",
            page="codebook",
        ),
        Criterion("hide what could bias, such as the authors"),
        Criterion(
            "a further reviewer",
            shared_papers_in("coding"),
            "papers",
            "coded by two or more",
            page="rounds",
        ),
        Criterion(
            "test and retest",
            papers_coded_twice,
            "papers",
            "coded twice by one reviewer",
            page="rounds",
        ),
    ),
    "Classifying": (
        classified_by("type of research", "research type", "type of research", "contribution"),
        classified_by("method of research", "method"),
        Criterion(
            "kind of venue",
            lambda facts: facts.papers["with_venue"],
            "papers",
            "with a venue",
            page="map",
        ),
    ),
    "Validity": (Criterion("discuss threats and limits"),),
}
