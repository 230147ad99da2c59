"""Figures of a whole study, worked out once and kept until something happens in it: the log's length tells.

Only for what changes with a line in the log: papers handed out, summaries submitted, rounds closed. Not for drafts,
which nobody writes down, and never for answers: what somebody may see is asked anew on every page.
"""

from django.conf import settings
from django.core.cache import cache
from django.db.models import Count, Max

# Tests put rows in place by themselves, past the acts and their lines in the log.
KEPT_FOR = 0 if settings.IS_TESTED else 600  # seconds


def stamp(study):
    """Another one after every act in the study."""
    log = study.log.aggregate(Count("pk"), Max("pk"))
    return f"{log['pk__count']}.{log['pk__max']}"


def read_only(study):
    """For pages that change nothing any more: the log is asked once, however many figures they show."""
    study.stamp = stamp(study)


def is_read_only(study):
    return hasattr(study, "stamp")


def kept(study, name, work):
    """What `work()` answered when last something happened; `name` says what, and of whom. `work` never answers None."""
    # Read before the work: what happens meanwhile makes the figure newer than its stamp says, never older.
    key = f"{name}.{study.pk}.{getattr(study, 'stamp', None) or stamp(study)}"
    found = cache.get(key)
    if found is None:
        found = work()
        cache.set(key, found, KEPT_FOR)
    return found
