"""Opening, editing, closing and reopening rounds."""

from datetime import date

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.template.defaultfilters import pluralize
from django.utils import timezone

from mapping.codebook.versions import hold_codebook
from mapping.models import LogEntry, Paper, Phase, Study, User
from reviews.agreement.frozen import freeze
from reviews.models import Assignment, Resolution, Round
from reviews.settling.exclusion import unread
from reviews.settling.unanimous import settle_unanimous, wait_again


def kind_from_name(name: str) -> str:
    """What kind of round a name speaks of: "Pilot 2" is a pilot."""
    folded = name.casefold()
    return next(
        (kind for kind in (Round.Kind.PILOT, Round.Kind.CALIBRATION) if kind in folded),
        Round.Kind.MAIN,
    )


@transaction.atomic
def create_round(
    study: Study,
    *,
    phase: Phase,
    name: str,
    kind: str = "",
    due_on: date | None = None,
    guidance: str = "",
    by: User,
) -> Round:
    """Open a round. Without a kind, its name says which it is."""
    name = " ".join(name.split())
    round = Round(
        study=study,
        phase=phase,
        name=name,
        kind=kind or kind_from_name(name),
        due_on=due_on,
        guidance=guidance.strip(),
    )
    if phase.study_id != study.pk:
        raise ValidationError("This phase belongs to another study.")
    round.full_clean()
    try:
        with transaction.atomic():
            round.save()
    except IntegrityError:  # somebody else made it between the look and the save
        raise ValidationError(f"Another round of this study is called “{name}”.") from None
    LogEntry.objects.record(
        study,
        by,
        "create-round",
        f"Opened the round “{round}” ({phase}, {round.kind})",
        round=round.number,
    )
    return round


@transaction.atomic
def edit_round(round: Round, *, name: str, due_on: date | None, guidance: str, by: User) -> Round:
    """Name, due date and guidance may change at any time; phase and kind stay what they were."""
    locked = Round.objects.select_for_update(no_key=True).get(pk=round.pk)
    facts = {"name": " ".join(name.split()), "due_on": due_on, "guidance": guidance.strip()}
    changed = {
        field: [getattr(locked, field), value]
        for field, value in facts.items()
        if getattr(locked, field) != value
    }
    if not changed:
        return locked
    for field, (_, value) in changed.items():
        setattr(locked, field, value)
    locked.full_clean()
    locked.save(update_fields=list(changed))
    LogEntry.objects.record(
        locked.study,
        by,
        "edit-round",
        (
            f"Changed {', '.join(field.replace('_on', ' date') for field in changed)} of the round "
            f"“{locked}”"
        ),
        round=locked.number,
        changed={
            field: [str(value or "") for value in values] for field, values in changed.items()
        },
    )
    return locked


@transaction.atomic
def remove_round(round: Round, *, by: User) -> None:
    """An empty round may go; one that was handed out stays, withdrawn work included."""
    locked = Round.objects.select_for_update().get(pk=round.pk)
    if locked.assignments.exists():
        raise ValidationError(
            f"Papers of “{locked}” were handed out: undo that first, or close the round."
        )
    text = f"Removed the empty round “{locked}”"
    LogEntry.objects.record(locked.study, by, "remove-round", text, round=locked.number)
    locked.delete()


def lock_assignments(round: Round) -> None:
    """Wait for those who are submitting in this round now: submitting locks its assignment."""
    list(round.assignments.in_force().select_for_update().values_list("pk", flat=True))


@transaction.atomic
def close_round(round: Round, *, by: User) -> int:
    """Freeze the round: its agreement, its codebook version. What was not submitted is taken back,
    drafts are kept.

    Returns how many assignments were taken back. Whoever had one is not blind for its sake any
    longer, and cannot submit it any more. What the others said of those papers is settled where
    they say the same.
    """
    # Two leads may close at once, and a reviewer may be submitting: the locks put them in a row.
    hold_codebook(round.study)
    locked = Round.objects.select_for_update().get(pk=round.pk)
    if locked.is_closed:
        raise ValidationError(f"“{locked}” is closed already.")
    lock_assignments(locked)
    now = timezone.now()
    unfinished_papers = set(locked.assignments.unsubmitted().values_list("paper", flat=True))
    taken_back = locked.assignments.unsubmitted().update(withdrawn_at=now)
    write_closing(locked, at=now, by=by)
    log_closing(locked, by, taken_back)
    settle_unanimous(locked.study, unfinished_papers, phase=locked.phase_id, at=now)
    return taken_back


def write_closing(locked, *, at, by):
    locked.closed_at, locked.closed_by = at, by
    locked.codebook_version = Study.objects.values_list("codebook_version", flat=True).get(
        pk=locked.study_id
    )
    locked.save(update_fields=["closed_at", "closed_by", "codebook_version"])
    locked.frozen_agreement = freeze(locked)
    locked.save(update_fields=["frozen_agreement"])


def log_closing(locked, by, taken_back):
    submitted = locked.assignments.submitted().count()
    LogEntry.objects.record(
        locked.study,
        by,
        "close-round",
        (
            f"Closed the round “{locked}”: {submitted} submitted, {taken_back} not finished and "
            f"taken "
            f"back"
        ),
        round=locked.number,
        submitted=submitted,
        taken_back=taken_back,
        codebook_version=locked.codebook_version,
    )


def settled_since_closing(round: Round) -> QuerySet[Resolution]:
    """Decisions on the round's papers that were taken after it was closed: they rest on it."""
    return Resolution.objects.in_force().filter(
        section__phase=round.phase_id,
        paper__in=round.assignments.values("paper"),
        decided_at__gte=round.closed_at,
        decided_by__isnull=False,
    )


@transaction.atomic
def reopen_round(round: Round, *, by: User, reason: str) -> int:
    """Take a closing back, while no person has settled anything from it. Returns how many papers
    were given back.

    What closing took back goes to its reviewers again, but not to those who could read the others'
    answers meanwhile. What closing let settle by itself waits for them again.
    """
    hold_codebook(round.study)
    locked = Round.objects.select_for_update().select_related("study").get(pk=round.pk)
    refuse_reopening(locked, reason)
    blind = list(still_blind(locked).values_list("pk", "paper"))
    given_back = locked.assignments.filter(pk__in=[pk for pk, _ in blind]).update(withdrawn_at=None)
    closed_at = locked.closed_at
    papers = {paper for _, paper in blind}
    wait_again(locked.study, papers, phase=locked.phase_id, at=closed_at, by=by)
    locked.closed_at = locked.closed_by = locked.codebook_version = locked.frozen_agreement = None
    locked.save(update_fields=["closed_at", "closed_by", "codebook_version", "frozen_agreement"])
    LogEntry.objects.record(
        locked.study,
        by,
        "reopen-round",
        f"Opened the round “{locked}” again: {reason.strip()}",
        round=locked.number,
        closed_at=closed_at.isoformat(),
        given_back=given_back,
        reason=reason.strip(),
    )
    return given_back


def refuse_reopening(locked, reason):
    if not locked.is_closed:
        raise ValidationError(f"“{locked}” is open already.")
    if not reason.strip():
        raise ValidationError("Say why the round is opened again: it stays in the study's log.")
    settled = settled_since_closing(locked).count()
    if settled:
        raise ValidationError(
            f"{settled} section{pluralize(settled)} of its papers settled since “{locked}” was "
            f"closed: "
            "open another round instead."
        )


def still_blind(round: Round) -> QuerySet[Assignment]:
    """The assignments that closing took back from people who could not read others' answers since,
    of papers that are still in.
    """
    papers = Paper.objects.available_in(round.phase)
    taken_back = round.assignments.filter(withdrawn_at=round.closed_at, paper__in=papers)
    return unread(taken_back, round.study)
