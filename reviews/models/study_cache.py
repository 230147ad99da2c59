"""A cache of figures of a whole study, which ends when anything in the study changes.

The database counts the changes (`Stamp`), whichever way they came. Drafts are not counted: what
depends on them is asked anew on every page.
"""

from collections.abc import Callable
from typing import Any

from django.core.cache import cache
from django.db import connection

from mapping.models import Study
from reviews.models import Stamp

SECONDS = 3600


def stamp(study: Study) -> int:
    """A number that grows with every commit that changed something in the study."""
    return Stamp.objects.filter(study=study.pk).values_list("number", flat=True).first() or 0


def read_only(study: Study) -> None:
    """For pages that only read: asks for the stamp once, however many figures they show."""
    if study.stamp is None and not connection.in_atomic_block:
        study.stamp = stamp(study)


def cached_for_study(study: Study, key: str, compute: Callable[[], Any]) -> Any:
    """Cached until anything in the study changes.

    The key names the figure, and whose it is where it differs from person to person. `compute`
    never returns None. Inside a transaction nothing is cached.
    """
    if connection.in_atomic_block:
        # The stamp grows at the commit: before it, one's own changes are not counted, and may yet
        # be taken back.
        return compute()
    # Read before computing: what happens meanwhile makes the figure newer than its stamp says,
    # never older.
    number = stamp(study) if study.stamp is None else study.stamp
    full_key = f"{key}.{study.pk}.{number}"
    figure = cache.get(full_key)
    if figure is None:
        figure = compute()
        cache.set(full_key, figure, SECONDS)
    return figure
