from django.conf import settings
from django.db import models
from django.utils import timezone

from mapping.models.papers import Paper
from mapping.models.studies import Study


class LogEntryQuerySet(models.QuerySet):
    def record(self, study, by, act, text, *, paper=None, **facts):
        """Write down who did what. Call it inside the transaction of the act, so that there is both
        or neither.
        """
        return self.create(study=study, by=by, act=act, text=text, paper=paper, facts=facts)


class LogEntry(models.Model):
    """One line of the study's log. Lines are only ever added."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField(default=timezone.now, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    act = models.SlugField(max_length=60)
    text = models.TextField()
    paper = models.ForeignKey(
        Paper, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    facts = models.JSONField(default=dict)

    objects = LogEntryQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name_plural = "log entries"
        indexes = [models.Index(fields=["study", "-at"], name="log_by_time")]

    def __str__(self):
        return self.text
