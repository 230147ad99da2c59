"""The figures of the rail, kept between the pages of a test as on a site.

Inside a transaction nothing is kept: what it does is not counted yet, and a test is one transaction
from beginning to end. So every page of it would work out anew what a site works out once, which
takes a third of the time of a page. Here nothing is kept beyond a write, whatever was written; a
transaction that a page begins keeps nothing, as ever. Of a study that stands through a module, what
was worked out before anything was written is kept for the tests that follow: each finds it as it
was made.

While queries are counted, nothing is kept.
"""

import re
from contextlib import contextmanager
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.db import connection

from reviews.models import study_cache
from tests import standing

# No figure is made of these, as no stamp counts them.
NO_WRITE = re.compile(
    r"SELECT|SAVEPOINT|RELEASE"
    r'|(INSERT INTO|UPDATE|DELETE FROM) "django_session"'
    r'|UPDATE "mapping_user" SET "last_login" = %s WHERE'
)


class Writes:
    """Counts what is written, in place of the stamps, and tells the test's own transaction from
    those in it.
    """

    def __init__(self):
        self.depth = len(connection.savepoint_ids)
        self.untouched = standing.now.called or uuid4().hex
        self.called, self.number = uuid4().hex, 0

    @property
    def in_atomic_block(self):
        # Whoever counts queries counts them as on the first page after a write.
        return connection.force_debug_cursor or len(connection.savepoint_ids) > self.depth

    def count(self, execute, sql, params, many, context):
        if not NO_WRITE.match(sql):
            self.number += 1
        return execute(sql, params, many, context)

    def stamp(self, study):
        return f"{self.called}.{self.number}" if self.number else self.untouched


@contextmanager
def figures_kept():
    writes = Writes()
    with (
        connection.execute_wrapper(writes.count),
        patch.object(study_cache, "connection", writes),
        patch.object(study_cache, "stamp", writes.stamp),
    ):
        yield


def is_one_transaction(request):
    """Whether the test writes, and takes all of it back at its end."""
    marker = request.node.get_closest_marker("django_db")
    if "transactional_db" in request.fixturenames or (marker and marker.kwargs):
        return False
    return "db" in request.fixturenames or marker is not None


@pytest.fixture(autouse=True)
def with_figures_kept(request):
    if not is_one_transaction(request):
        yield
        return
    request.getfixturevalue("db")
    with figures_kept():
        yield
