"""A Concord as somebody runs it for themselves: with a PostgreSQL of its own, and nothing of the
tests'.
"""

import os
import subprocess
import sys

import pytest

from mapping.site import embedded
from tests.browser import ROOT, Server


class OwnServer(Server):
    def __init__(self, folder, **named):
        super().__init__(folder)
        self.var = folder / "var"
        self.named = named

    def environment(self):
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        facts = {
            "CONCORD_URL": self.url,
            "VAR_DIR": str(self.var),
            "WEB_WORKERS": "2",
            "WEB_THREADS": "4",
        }
        return kept | facts | self.named

    @property
    def database(self):
        return self.var / "postgres"

    def manage(self, *arguments, said=""):
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment(),
            input=said,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def postmaster(self):
        return int((self.database / "postmaster.pid").read_text().split("\n")[0])


@pytest.fixture(scope="session")
def own_server(tmp_path_factory):
    server = OwnServer(tmp_path_factory.mktemp("own"))
    server.manage("migrate", "--verbosity", "0")
    server.start()
    yield server
    server.kill()
    embedded.stop(server.database)
