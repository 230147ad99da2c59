"""Declaring in advance how the agreement of a section will be judged: its primary coefficient and
its target.
"""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from mapping.models import LogEntry, Section, User
from mapping.protocol.coefficients import COEFFICIENTS
from reviews.agreement import declarations
from reviews.codebook.template import has_submissions, locked_section, refuse_stale, token

FIELDS = ("primary_coefficient", "agreement_target", "declared_at")


def declaration_token(section: Section) -> str:
    return token(section, FIELDS)


@transaction.atomic
def declare(
    section: Section, *, by: User, coefficient: str, target: float | None, seen: str = ""
) -> Section:
    """Before the first submission of the phase it is a declaration; after it a change, which the
    log keeps apart.
    """
    section = locked_section(section)
    made_before = section.study.log.filter(
        act__startswith="declaration-", facts__section=section.key
    )
    refuse_stale(seen, declaration_token(section), section, made_before)
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
    log_declaration(section, by, before, after)
    return section


def log_declaration(section, by, before, after):
    is_late = has_submissions(section.phase)
    declared = f"“{section.label}”: {declarations.in_words(after)}"
    text = (
        f"Changed what is declared for {declared} (before: {declarations.in_words(before)}), "
        "after summaries were submitted."
        if is_late
        else f"Declared for {declared}."
    )
    LogEntry.objects.record(
        section.study,
        by,
        "declaration-changed" if is_late else "declaration-made",
        text,
        section=section.key,
        before=before,
        after=after,
    )
