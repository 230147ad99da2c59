"""Sites of earlier commits, each brought to life in a database of its own: see README.md."""

import csv
import gzip
import io
import zipfile
from contextlib import contextmanager
from pathlib import Path

from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection

FOLDER = Path(__file__).resolve().parent
COMMITS = sorted(file.parent.name for file in FOLDER.glob("*/site.sql.gz"))
BUNDLES = sorted(str(file.relative_to(FOLDER)) for file in FOLDER.glob("*/*.zip"))


@contextmanager
def database(commit):
    """Everything that asks Django's database asks that site's instead, as the commit left it.

    It stands on the tests' server beside their database, which nothing here touches. Yields the
    name of the latter.
    """
    tests = connection.settings_dict["NAME"]
    own = f"{tests}_{commit}"
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{own}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{own}" {connection.creation.sql_table_creation_suffix()}')
    try:
        turn_to(own)
        with connection.cursor() as cursor:
            cursor.execute(gzip.decompress((FOLDER / commit / "site.sql.gz").read_bytes()).decode())
        yield tests
    finally:
        turn_to(tests)
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{own}" WITH (FORCE)')


def turn_to(name):
    connection.close()
    connection.settings_dict["NAME"] = name
    # What was kept in memory is of the other database.
    cache.clear()
    ContentType.objects.clear_cache()


def rows_of_tables():
    """How many rows each table has."""
    with connection.cursor() as cursor:
        numbers = {}
        for name in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f'SELECT count(*) FROM "{name}"')  # noqa: S608 - the names are its own
            (numbers[name],) = cursor.fetchone()
    return numbers


def tables_in(bundle):
    """The tables of a bundle, as rows: `{name: [{column: cell}]}`."""
    with zipfile.ZipFile(bundle) as archive:
        names = [name for name in archive.namelist() if name.endswith(".csv")]
        return {name: rows_of(archive.read(name).decode("utf-8-sig")) for name in names}


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))
