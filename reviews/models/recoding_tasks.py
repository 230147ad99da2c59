from functools import cache

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from mapping.models import Code, CodebookChange, Section
from mapping.models.fields import UidField
from reviews.models.rounds import Assignment, has_able_reviewer
from reviews.models.summaries import Mark, Summary


@cache
def is_called_for():
    """Of a section, or of a code that the newest revision still has. Built once: every page of a
    coder asks.
    """
    newer = Summary.objects.filter(
        assignment=OuterRef("answer__summary__assignment"),
        revision__gt=OuterRef("answer__summary__revision"),
    )
    stands = Mark.objects.filter(
        code=OuterRef("code"),
        answer__section=OuterRef("section"),
        answer__summary__assignment=OuterRef("assignment"),
    )
    return Q(code=None) | Exists(stands.filter(~Exists(newer)))


class RecodingTaskQuerySet(models.QuerySet):
    def open(self):
        return self.filter(done_at=None)

    def of(self, membership):
        """What this member has to look at again."""
        return self.filter(assignment__in=Assignment.objects.of(membership))

    def waiting(self):
        """Open, and still called for, of somebody who can answer.

        Who has taken the code out of their draft has nothing left to look at; who has left looks at
        nothing.
        """
        able = has_able_reviewer("assignment__")
        return self.open().filter(is_called_for(), able, assignment__withdrawn_at=None)

    def came_later(self):
        """The whole section was not in the form when the summary was submitted; the others are
        about one code.
        """
        return self.filter(code=None)


class RecodingTask(models.Model):
    """One section of one submitted summary to look at again: its code was split, or the section
    came later.
    """

    assignment = models.ForeignKey(
        Assignment, on_delete=models.CASCADE, related_name="recoding_tasks"
    )
    section = models.ForeignKey(Section, on_delete=models.PROTECT, related_name="recoding_tasks")
    change = models.ForeignKey(
        CodebookChange,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="recoding_tasks",
    )
    code = models.ForeignKey(
        Code, null=True, blank=True, on_delete=models.PROTECT, related_name="recoding_tasks"
    )
    uid = UidField()
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    done_at = models.DateTimeField(null=True, blank=True)

    objects = RecodingTaskQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "section", "change"],
                condition=Q(done_at=None),
                name="one_open_recoding_task",
            )
        ]

    def __str__(self):
        return f"re-code {self.section} of {self.assignment}"
