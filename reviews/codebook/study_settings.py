"""The settings of a study, and the release of what was found."""

from django.db import transaction
from django.utils import timezone

from mapping.models import LogEntry, Study, User
from mapping.protocol.files import SETTINGS
from reviews.codebook.template import locked_study, refuse_stale, token
from reviews.models import Assignment, Summary

FIELDS = ("title", "description", *SETTINGS)


def settings_token(study: Study) -> str:
    return token(study, FIELDS)


def has_begun(study: Study) -> bool:
    return Summary.objects.submitted().filter(assignment__round__study=study).exists()


def still_open(study: Study) -> int:
    """How many papers somebody still has to code: there that person stays blind, released or
    not.
    """
    return (
        Assignment.objects.awaiting().filter(round__study=study).values("paper").distinct().count()
    )


@transaction.atomic
def change_settings(study: Study, *, by: User, facts: dict, seen: str = "") -> Study:
    """Every changed setting is logged with before and after; one that touches blindness under its
    own name.
    """
    study = locked_study(study)
    changes = study.log.filter(act__in=["change-settings", "change-visibility"])
    refuse_stale(seen, settings_token(study), study, changes)
    before = {name: getattr(study, name) for name in facts if getattr(study, name) != facts[name]}
    after = {name: facts[name] for name in before}
    if not after:
        return study
    for name, value in after.items():
        setattr(study, name, value)
    study.save(update_fields=list(after))
    if "others_visible" in after:
        log_visibility(study, by, before.pop("others_visible"), after.pop("others_visible"))
    if after:
        names = ", ".join(str(Study._meta.get_field(name).verbose_name) for name in after)
        LogEntry.objects.record(
            study,
            by,
            "change-settings",
            f"Changed the settings: {names}.",
            before=before,
            after=after,
        )
    return study


def log_visibility(study, by, before, after):
    when = " after the first summary was submitted" if has_begun(study) else ""
    labels = dict(Study.OthersVisible.choices)
    LogEntry.objects.record(
        study,
        by,
        "change-visibility",
        f"Changed{when} when others' summaries are visible: "
        f"{labels[after]} (before: {labels[before]}).",
        before=before,
        after=after,
        after_submissions=bool(when),
    )


@transaction.atomic
def release(study: Study, *, by: User) -> Study:
    """Observers and reviewers see findings and everybody's summaries, except where they still have
    to code.
    """
    study = locked_study(study)
    if study.released_at is None:
        study.released_at = timezone.now()
        study.save(update_fields=["released_at"])
        LogEntry.objects.record(
            study, by, "release-findings", "Released the findings to all members."
        )
    return study


@transaction.atomic
def withdraw_release(study: Study, *, by: User) -> Study:
    study = locked_study(study)
    if study.released_at is not None:
        study.released_at = None
        study.save(update_fields=["released_at"])
        LogEntry.objects.record(
            study, by, "withdraw-release", "Took the release of the findings back."
        )
    return study
