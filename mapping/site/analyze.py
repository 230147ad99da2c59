"""ANALYZE after bulk inserts.

PostgreSQL's planner uses the row counts of the last ANALYZE. Where that was an empty table, of
which thousands of rows were written since, it takes them for one and goes through all pairs of
them: minutes instead of milliseconds, and for ever in a large study.
"""

from django.db import connection

MANY = 1000


def tell_of(rows, *models):
    """Call this after a bulk insert, within its transaction: `rows` in all, into the tables of
    these models.
    """
    if rows >= MANY:
        with connection.cursor() as cursor:
            # In one order: two acts that end at once wait for each other's tables instead of for
            # ever.
            tables = sorted(connection.ops.quote_name(model._meta.db_table) for model in models)
            cursor.execute(f"ANALYZE {', '.join(tables)}")
