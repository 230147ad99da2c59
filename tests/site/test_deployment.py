"""What a team server is told about its environment before it serves anybody."""

import os
import subprocess
import sys
from pathlib import Path

from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


def manage(*arguments, **environment):
    named = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=named | environment, capture_output=True, text=True, check=False
    )


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
    asked = (
        "from django.conf import settings; print(settings.SECURE_HSTS_PRELOAD, "
        "settings.SECURE_HSTS_SECONDS > 0)"
    )
    for named, expected in (({}, "False True"), ({"HSTS_PRELOAD": "1"}, "True True")):
        said = manage("shell", "-v", "0", "--no-imports", "-c", asked, **server(tmp_path, **named))
        assert said.stdout.strip() == expected, said.stderr


def compose():
    """What stands under each service, as lines: the file is plain enough to be read without a
    parser.
    """
    services, name = {}, None
    text = (ROOT / "docker-compose.yml").read_text().split("\nvolumes:\n")[0]
    for line in text.splitlines():
        if line.startswith("  ") and line[2] not in " #":
            name = line.strip(" :")
            services[name] = []
        elif name and line.startswith("    "):
            services[name].append(line.strip())
    return services


def test_every_service_of_the_compose_file_has_a_limit_to_its_memory():
    services = compose()
    assert {"web", "database"} <= set(services)
    without = [
        name
        for name in ("web", "database")
        if not any("mem_limit:" in line for line in services[name])
    ]
    assert without == []


def test_the_compose_file_gives_the_application_a_role_that_is_not_the_servers_superuser(db):
    services = compose()
    assert (
        "DATABASE_URL: postgresql://concord:${POSTGRES_PASSWORD:?set it in "
        ".env}@database:5432/concord"
    ) in (services["web"])
    assert not any("POSTGRES_USER" in line for line in services["database"]), (
        "it would be a superuser"
    )
    assert (
        "- ./docker/make-database.sh:/docker-entrypoint-initdb.d/make-database.sh:ro"
        in services["database"]
    )
    script = (ROOT / "docker" / "make-database.sh").read_text()
    sql = script.split("<<'SQL'\n")[1].split("SQL\n")[0].split(";")[0]
    with connection.cursor() as cursor:
        cursor.execute(
            sql.replace("ROLE concord", "ROLE concord_tried").replace(":'password'", "'x'")
        )
        cursor.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = "
            "'concord_tried'"
        )
        assert cursor.fetchone() == (False, False, False)
