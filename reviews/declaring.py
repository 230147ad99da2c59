"""Declaring in advance how the agreement of a section will be judged: its primary coefficient and its target."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from mapping.coefficients import COEFFICIENTS
from mapping.models import LogEntry
from reviews.templating import has_submissions, locked_section, must_be_unchanged, token

FIELDS = ("primary_coefficient", "agreement_target", "declared_at")


def declaration_token(section):
    return token(section, FIELDS)


def values(section):
    return {"coefficient": section.primary_coefficient or None, "target": section.agreement_target}


def in_words(declared):
    if not declared["coefficient"] and declared["target"] is None:
        return "nothing"
    name = COEFFICIENTS[declared["coefficient"]].label if declared["coefficient"] else "no coefficient"
    return name if declared["target"] is None else f"{name}, target {declared['target']:g}"


def changes_of(section):
    """What was declared after the first summary of its phase was in: the study prints these beside every result."""
    return section.study.log.filter(act="declaration-changed", facts__section=section.key).select_related("by")


@transaction.atomic
def declare(section, *, by, coefficient, target, seen=""):
    """Before the first submission of the phase it is a declaration; after it a change, which the log keeps apart."""
    section = locked_section(section)
    declarations = section.study.log.filter(act__startswith="declaration-", facts__section=section.key)
    must_be_unchanged(seen, declaration_token(section), section, declarations)
    if coefficient and (coefficient not in COEFFICIENTS or not COEFFICIENTS[coefficient].fits(section.kind)):
        raise ValidationError({"coefficient": "This coefficient does not fit the kind of the section."})
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
        section.study, by, "declaration-changed" if late else "declaration-made",
        f"Changed what is declared for {said} (before: {in_words(before)}), after summaries were submitted."
        if late else f"Declared for {said}.",
        section=section.key, before=before, after=after,
    )  # fmt: skip
    return section
