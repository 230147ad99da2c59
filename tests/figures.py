"""The figures of the rail, kept between the pages of a test as on a site.

Inside a transaction nothing is kept: what it does is not counted yet, and a test is one transaction
from beginning to end. So every page of it works out anew what a site works out once, which takes
half the time of a page. Here nothing is kept beyond a write, whatever was written; a transaction
that a page begins keeps nothing, as ever.
"""

from contextlib import contextmanager
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.db import connection

from reviews.models import study_cache


class Writes:
    """Counts what is written, in place of the stamps, and tells the test's own transaction from
    those in it.
    """

    def __init__(self):
        self.depth = len(connection.savepoint_ids)
        self.called, self.number = uuid4().hex, 0

    @property
    def in_atomic_block(self):
        return len(connection.savepoint_ids) > self.depth

    def count(self, execute, sql, params, many, context):
        if not sql.startswith(("SELECT", "SAVEPOINT", "RELEASE")):
            self.number += 1
        return execute(sql, params, many, context)

    def stamp(self, study):
        return f"{self.called}.{self.number}"


@contextmanager
def figures_kept():
    writes = Writes()
    with (
        connection.execute_wrapper(writes.count),
        patch.object(study_cache, "connection", writes),
        patch.object(study_cache, "stamp", writes.stamp),
    ):
        yield


@pytest.fixture
def with_figures_kept(db):
    with figures_kept():
        yield
