"""What pages name is there: a missing name is an error page on a server, and nothing at all while developing."""

import re
from pathlib import Path

from django.contrib.staticfiles import finders

ROOT = Path(__file__).resolve().parents[1]
NAMED = re.compile(r"""\{%\s*static\s+["']([^"']+)["']""")
IMPORTED = re.compile(r"""^\s*(?:import|export)\b[^"'\n]*["'](\.[^"']+)["']""", re.MULTILINE)


def test_every_static_file_that_a_template_names_is_there():
    missing = {
        (template.name, name)
        for template in (ROOT / "templates").rglob("*.html")
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
    files = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "static" / "css").glob("*.css")]
    # Links that a person may follow are no loads.
    loads = [
        (file.name, line.strip())
        for file in files
        for line in file.read_text(encoding="utf-8").splitlines()
        if elsewhere.search(line) and "<a " not in line
    ]
    assert loads == []
