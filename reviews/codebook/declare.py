"""Declaring in advance how the agreement of a section will be judged: its primary coefficient and
its target.
"""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from mapping.models import LogEntry
from mapping.protocol.coefficients import COEFFICIENTS
from reviews.agreement import declarations
from reviews.codebook.template import has_submissions, locked_section, must_be_unchanged, token

FIELDS = ("primary_coefficient", "agreement_target", "declared_at")


def declaration_token(section):
    return token(section, FIELDS)


@transaction.atomic
def declare(section, *, by, coefficient, target, seen=""):
    """Before the first submission of the phase it is a declaration; after it a change, which the
    log keeps apart.
    """
    section = locked_section(section)
    made_before = section.study.log.filter(
        act__startswith="declaration-", facts__section=section.key
    )
    must_be_unchanged(seen, declaration_token(section), section, made_before)
    if coefficient and (
        coefficient not in COEFFICIENTS or not COEFFICIENTS[coefficient].fits(section.kind)
    ):
        raise ValidationError(
            {"coefficient": "This coefficient does not fit the kind of the section."}
        )
    before = declarations.values(section)
    section.primary_coefficient, section.agreement_target = coefficient, target
    after = declarations.values(section)
    if after == before:
        return section
    section.declared_at = timezone.now() if coefficient or target is not None else None
    section.save(update_fields=FIELDS)
    late = has_submissions(section.phase)
    said = f"“{section.label}”: {declarations.in_words(after)}"
    LogEntry.objects.record(
        section.study,
        by,
        "declaration-changed" if late else "declaration-made",
        (
            f"Changed what is declared for {said} (before: {declarations.in_words(before)}), "
            "after summaries were submitted."
        )
        if late
        else f"Declared for {said}.",
        section=section.key,
        before=before,
        after=after,
    )
    return section
