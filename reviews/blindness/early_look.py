"""Looking at others' answers before one's own are in: only a lead may, as an act of their own, kept
in the log.
"""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from mapping.models import LogEntry, Membership
from reviews.models import EarlyLook


@transaction.atomic
def look_early(paper, phase, *, user, reason):
    """Lift this lead's blindness on one paper in one phase, for good. A second look returns the
    first.

    Refused: an empty reason (ValidationError), anybody but a lead of the study (PermissionDenied).
    """
    reason = reason.strip()
    if not reason:
        raise ValidationError(
            "Say why you look before your own answers are in: it stays in the study's log."
        )
    if phase.study_id != paper.study_id:
        raise ValidationError("This phase belongs to another study.")
    if not Membership.objects.leads().filter(study=paper.study_id, user=user).exists():
        raise PermissionDenied("Only leads of this study may look early.")
    look, is_new = EarlyLook.objects.get_or_create(
        paper=paper, phase=phase, user=user, defaults={"reason": reason}
    )
    if is_new:
        LogEntry.objects.record(
            paper.study,
            user,
            "look-early",
            (
                f"{user} looked at others' answers on “{paper}” ({phase}) before submitting their "
                f"own: {reason}"
            ),
            paper=paper,
            phase=phase.key,
            reason=reason,
        )
    return look
