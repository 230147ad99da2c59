"""Asking reviewers to look at a section of their papers again after a change of the codebook."""

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Count, Exists, OuterRef

from mapping.models import Code, CodebookChange, Section
from reviews.models import Assignment, RecodingTask, Summary


def ask_again(
    assignments: Iterable[Assignment],
    *,
    section: Section,
    change: CodebookChange,
    code: Code | None = None,
) -> list[RecodingTask]:
    """A task for each of these assignments to look at one section again, where there is none
    yet.
    """
    asked = set(
        RecodingTask.objects.open()
        .filter(section=section, code=code)
        .values_list("assignment", flat=True)
    )
    tasks = [
        RecodingTask(assignment=assignment, section=section, change=change, code=code)
        for assignment in assignments
    ]
    return RecodingTask.objects.bulk_create(
        [task for task in tasks if task.assignment_id not in asked]
    )


def ask_users_of(code: Code, change: CodebookChange) -> list[RecodingTask]:
    """A task for whoever has this code in the newest revision of their summary, submitted or still
    a draft.
    """
    newer = Summary.objects.filter(
        assignment=OuterRef("assignment"), revision__gt=OuterRef("revision")
    )
    newest = Summary.objects.filter(
        ~Exists(newer), answers__marks__code=code, assignment__withdrawn_at=None
    )
    assignments = {summary.assignment for summary in newest.select_related("assignment").distinct()}
    return ask_again(
        sorted(assignments, key=lambda assignment: assignment.pk),
        section=code.section,
        change=change,
        code=code,
    )


def recoding_progress(changes: Iterable[CodebookChange]) -> dict[int, tuple]:
    """`{id of the change: (how many are done, how many were asked for, [those who have not looked
    yet])}`.
    """
    tasks = RecodingTask.objects.filter(change__in=changes, assignment__withdrawn_at=None)
    awaited = defaultdict(list)
    for task in tasks.waiting().select_related("assignment__reviewer"):
        awaited[task.change_id].append(task.assignment.reviewer)
    asked = tasks.values_list("change").annotate(Count("pk")).order_by()
    return {
        pk: (
            count - len(awaited[pk]),
            count,
            sorted(set(awaited[pk]), key=lambda reviewer: reviewer.username),
        )
        for pk, count in asked
    }
