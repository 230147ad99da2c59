"""Figures of a whole study, worked out once and kept until something changes in it.

What changes is counted by the database (`Stamp`), whichever way it came. Only drafts are not: what
depends on them is asked anew on every page.
"""

from django.core.cache import cache
from django.db import connection

from reviews.models import Stamp

KEPT_FOR = 3600  # seconds


def stamp(study):
    """Another one after every commit that changed something in the study."""
    return Stamp.objects.filter(study=study.pk).values_list("number", flat=True).first() or 0


def read_only(study):
    """For pages that change nothing any more: the stamp is asked for once, however many figures
    they show, and however many parts of the page say so."""
    if not hasattr(study, "stamp") and not connection.in_atomic_block:
        study.stamp = stamp(study)


def kept(study, name, work):
    """What `work()` answered since something last changed; `name` says what, and of whom. `work`
    never answers None.
    """
    if connection.in_atomic_block:
        # The stamp grows at the commit: before it, one's own changes are not counted, and may yet
        # be taken back.
        return work()
    # Read before the work: what happens meanwhile makes the figure newer than its stamp says, never
    # older.
    number = getattr(study, "stamp", None)
    key = f"{name}.{study.pk}.{stamp(study) if number is None else number}"
    found = cache.get(key)
    if found is None:
        found = work()
        cache.set(key, found, KEPT_FOR)
    return found
