from datetime import timedelta

from django.db import models, transaction
from django.utils import timezone

from mapping.models.log import LogEntry
from mapping.models.studies import Membership


def in_ninety_days():
    return timezone.now() + ApiToken.GOOD_FOR


class ApiTokenQuerySet(models.QuerySet):
    def in_force(self):
        return self.filter(
            revoked_at=None, ends_at__gt=timezone.now(), membership__in=Membership.objects.active()
        )


class ApiToken(models.Model):
    """Lets a member's scripts read what the member may read. Only the digest of the secret
    is kept.
    """

    GOOD_FOR = timedelta(days=90)
    AT_MOST = timedelta(days=366)

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="api_tokens")
    label = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ends_at = models.DateTimeField(default=in_ninety_days)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self):
        return self.label

    @property
    def state(self):
        """`in force`, `revoked` or `ended`."""
        if self.revoked_at:
            return "revoked"
        return "in force" if self.ends_at > timezone.now() else "ended"

    @transaction.atomic
    def revoke(self):
        """Compare and swap: of two at once the second changes nothing."""
        if ApiToken.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=timezone.now()):
            member = self.membership
            text = f"{member.user} revoked an access token: {self.label}."
            LogEntry.objects.record(member.study, member.user, "revoke-token", text)
