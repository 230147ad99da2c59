"""What pages name is there: a missing name is an error page on a server, and nothing at all while
developing.
"""

import os
import re
from pathlib import Path

from django.contrib.staticfiles import finders

from mapping.site.static_files import CollectedStorage
from tests.raw_http import Connection

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = [
    file for ending in ("html", "jinja") for file in (ROOT / "templates").rglob(f"*.{ending}")
]
NAMED = re.compile(r"""\{%\s*static\s+["']([^"']+)["']""")
IMPORTED = re.compile(r"""^\s*(?:import|export)\b[^"'\n]*["'](\.[^"']+)["']""", re.MULTILINE)


def test_every_static_file_that_a_template_names_is_there():
    missing = {
        (template.name, name)
        for template in TEMPLATES
        for name in NAMED.findall(template.read_text(encoding="utf-8"))
        if not finders.find(name)
    }
    assert missing == set()


def test_every_module_that_a_script_imports_is_there():
    missing = {
        (script.name, name)
        for script in (ROOT / "static" / "js").rglob("*.js")
        for name in IMPORTED.findall(script.read_text(encoding="utf-8"))
        if not (script.parent / name).resolve().is_file()
    }
    assert missing == set()


def test_pages_load_nothing_from_other_hosts():
    elsewhere = re.compile(r"""(?:src|href)=["'](?:https?:)?//|@import|url\(["']?https?:""")
    files = [*TEMPLATES, *(ROOT / "static" / "css").glob("*.css")]
    # Links that a person may follow are no loads.
    loads = [
        (file.name, line.strip())
        for file in files
        for line in file.read_text(encoding="utf-8").splitlines()
        if elsewhere.search(line) and "<a " not in line
    ]
    assert loads == []


def collect(folder):
    storage = CollectedStorage(location=folder, base_url="/static/")
    names = [name for name in ("big.mjs", "page.css") if (folder / name).exists()]
    list(storage.post_process({name: (storage, name) for name in names}))
    return storage


def test_what_pages_name_is_compressed_once_and_anew_when_it_has_changed_or_was_broken_off(
    tmp_path,
):
    (tmp_path / "big.mjs").write_text("export const words = 'words';\n" * 100)
    (tmp_path / "page.css").write_text("p { color: red }\n" * 100)
    named = tmp_path / collect(tmp_path).hashed_files["big.mjs"]
    assert {file.name for file in tmp_path.glob("*.br")} == {
        f"{named.name}.br",
        *(f"{file.name}.br" for file in tmp_path.glob("page.*.css")),
    }

    compressed = Path(f"{named}.br")
    good, at = compressed.read_bytes(), compressed.stat().st_mtime_ns
    compressed.write_bytes(b"as it was")
    os.utime(compressed, ns=(at, at))
    collect(tmp_path)
    assert compressed.read_bytes() == b"as it was", "what is whole is left alone"
    os.utime(compressed, ns=(at, at + 1_000_000_000))
    collect(tmp_path)
    assert compressed.read_bytes() == good, "what was broken off is made again"

    (tmp_path / "big.mjs").write_text("export const words = 'others';\n" * 100)
    other = tmp_path / collect(tmp_path).hashed_files["big.mjs"]
    assert other != named
    assert Path(f"{other}.br").exists()


def test_pages_and_what_they_name_are_there_while_nothing_is_collected(own_server):
    assert not (own_server.var / "static" / "staticfiles.json").exists()
    with Connection(own_server.port) as browser:
        page = browser.ask("GET", "/sign-in/")
        named = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.body.decode()))
        assert page.status == 200
        assert "/static/css/base.css" in named
        assert {path: browser.ask("GET", path).status for path in named} == dict.fromkeys(
            named, 200
        )
        assert browser.ask("GET", "/no/such/page").status == 404


def test_a_file_that_came_after_collecting_is_named_plainly(tmp_path):
    (tmp_path / "big.mjs").write_text("export const words = 'words';\n")
    storage = collect(tmp_path)
    (tmp_path / "later.mjs").write_text("export const words = 'later';\n")
    assert storage.url("later.mjs") == "/static/later.mjs"
    assert storage.url("none.mjs") == "/static/none.mjs"
    assert storage.url("big.mjs") == f"/static/{storage.hashed_files['big.mjs']}"
