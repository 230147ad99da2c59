"""The database is emptied after a test that commits.

Django truncates every table, which writes the files of forty tables and their indexes anew, and
makes content types and permissions again: longer than many a test takes. Here the rows that are
there are deleted, and what migrations made stays.
"""

from django.core.management import call_command
from django.db import connection, transaction

MADE_BY_MIGRATIONS = {"django_content_type", "auth_permission"}


def tables():
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return sorted(set(names) - MADE_BY_MIGRATIONS)


def with_rows(cursor, names):
    asked = (f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in names)  # noqa: S608
    cursor.execute(" UNION ALL ".join(asked))
    return [name for (name,) in cursor.fetchall()]


def is_superuser(cursor):
    cursor.execute("SHOW is_superuser")
    return cursor.fetchone() == ("on",)


def empty_tables():
    """Waits, as truncating does, for what still writes."""
    names = tables()
    with transaction.atomic(), connection.cursor() as cursor:
        if is_superuser(cursor):
            cursor.execute(f"LOCK TABLE {', '.join(names)}")
            # neither references nor stamps are looked after: nothing stays
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(
                "; ".join(f"DELETE FROM {name}" for name in with_rows(cursor, names))  # noqa: S608
            )
            return
    call_command("flush", verbosity=0, interactive=False, reset_sequences=False)
