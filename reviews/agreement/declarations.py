"""What a study declared of how the agreement of a section is judged, and what changed late."""

from collections import defaultdict

from django.utils.formats import date_format
from django.utils.timezone import localtime

from mapping.protocol.coefficients import COEFFICIENTS


def values(section):
    return {"coefficient": section.primary_coefficient or None, "target": section.agreement_target}


def in_words(declared):
    if not declared["coefficient"] and declared["target"] is None:
        return "nothing"
    name = (
        COEFFICIENTS[declared["coefficient"]].label if declared["coefficient"] else "no coefficient"
    )
    return name if declared["target"] is None else f"{name}, target {declared['target']:g}"


def late_changes(study):
    """`{section key: log entries}`: what was declared after the first summary of the phase was in.
    The study prints these beside every result, on pages and in files."""
    by_section = defaultdict(list)
    # A log that came with a bundle may hold lines without their facts.
    entries = study.log.filter(
        act="declaration-changed", facts__has_keys=["section", "before", "after"]
    )
    for entry in entries.select_related("by").order_by("at", "pk"):
        by_section[entry.facts["section"]].append(entry)
    return by_section


def change_in_words(entry):
    """When what became what: dates as the pages print them."""
    before, after = (in_words(entry.facts[name]) for name in ("before", "after"))
    return f"{date_format(localtime(entry.at), 'j F Y')}, {before} became {after}"


def with_changes(reports, late):
    """The reports of sections, each with its `late_changes` in words."""
    return [
        report | {"changed_late": list(map(change_in_words, late.get(report["section"], ())))}
        for report in reports
    ]
