"""Declaring in advance how the agreement of a section will be judged: its primary coefficient and
its target.
"""

from collections import defaultdict

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime

from mapping.models import LogEntry
from mapping.protocol.coefficients import COEFFICIENTS
from reviews.codebook.template import has_submissions, locked_section, must_be_unchanged, token

FIELDS = ("primary_coefficient", "agreement_target", "declared_at")


def declaration_token(section):
    return token(section, FIELDS)


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
    found = defaultdict(list)
    # A log that came with a bundle may hold lines without their facts.
    entries = study.log.filter(
        act="declaration-changed", facts__has_keys=["section", "before", "after"]
    )
    for entry in entries.select_related("by").order_by("at", "pk"):
        found[entry.facts["section"]].append(entry)
    return found


def change_in_words(entry):
    """When what became what: dates as the pages print them."""
    before, after = (in_words(entry.facts[name]) for name in ("before", "after"))
    return f"{date_format(localtime(entry.at), 'j F Y')}, {before} became {after}"


def with_changes(reports, late):
    """The reports of sections, each with its `late_changes` in words."""
    return [
        one | {"changed_late": list(map(change_in_words, late.get(one["section"], ())))}
        for one in reports
    ]


@transaction.atomic
def declare(section, *, by, coefficient, target, seen=""):
    """Before the first submission of the phase it is a declaration; after it a change, which the
    log keeps apart.
    """
    section = locked_section(section)
    declarations = section.study.log.filter(
        act__startswith="declaration-", facts__section=section.key
    )
    must_be_unchanged(seen, declaration_token(section), section, declarations)
    if coefficient and (
        coefficient not in COEFFICIENTS or not COEFFICIENTS[coefficient].fits(section.kind)
    ):
        raise ValidationError(
            {"coefficient": "This coefficient does not fit the kind of the section."}
        )
    before = values(section)
    section.primary_coefficient, section.agreement_target = coefficient, target
    after = values(section)
    if after == before:
        return section
    section.declared_at = timezone.now() if coefficient or target is not None else None
    section.save(update_fields=FIELDS)
    late = has_submissions(section.phase)
    said = f"“{section.label}”: {in_words(after)}"
    LogEntry.objects.record(
        section.study,
        by,
        "declaration-changed" if late else "declaration-made",
        (
            f"Changed what is declared for {said} (before: {in_words(before)}), after summaries "
            f"were "
            f"submitted."
        )
        if late
        else f"Declared for {said}.",
        section=section.key,
        before=before,
        after=after,
    )
    return section
