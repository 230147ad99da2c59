"""What a team server is told about its environment before it serves anybody."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def manage(*arguments, **environment):
    named = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=named | environment, capture_output=True, text=True, check=False)


def server(folder, **changed):
    facts = {
        "DATABASE_URL": "postgresql://concord:secret@localhost/concord",
        "SECRET_KEY": "Zq3v9TtW0yXc5LmN8bRf2HsJ6kPd4GaE1uQo7iVwCxYzBnMlKj5H",
        "CONCORD_URL": "https://concord.example.org",
        "BEHIND_PROXY": "1",
        "VAR_DIR": str(folder),
    }
    return facts | changed


def test_the_deployment_check_finds_nothing_to_complain_of(tmp_path):
    answer = manage("check", "--deploy", "--fail-level", "INFO", **server(tmp_path))
    assert answer.returncode == 0, answer.stderr
    assert "no issues" in answer.stdout


def test_a_server_without_a_secret_does_not_start(tmp_path):
    answer = manage("check", **server(tmp_path, SECRET_KEY=""))
    assert answer.returncode != 0
    assert "Set SECRET_KEY" in answer.stderr
    assert not (tmp_path / "secret-key").exists()


def test_browsers_learn_the_host_by_heart_only_where_it_was_asked_for(tmp_path):
    asked = "from django.conf import settings; print(settings.SECURE_HSTS_PRELOAD, settings.SECURE_HSTS_SECONDS > 0)"
    for named, expected in (({}, "False True"), ({"HSTS_PRELOAD": "1"}, "True True")):
        said = manage("shell", "-v", "0", "--no-imports", "-c", asked, **server(tmp_path, **named))
        assert said.stdout.strip() == expected, said.stderr
