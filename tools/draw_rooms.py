"""Draws the rooms of the house from the imports in the code, as a Mermaid graph in `docs/rooms.md`.

    python -m tools.draw_rooms           writes the file
    python -m tools.draw_rooms --print   prints the graph alone

An arrow means "imports". Arrows that others imply are left out (the transitive reduction), and so
are the imports that import-linter is told to overlook.
"""

import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "rooms.md"
APPS = ("reviews", "mapping")
# Files that Django asks for: each may import every room.
DJANGO = {"admin", "apps", "management", "migrations", "settings", "urls", "wsgi"}
PAGE = """\
# The rooms

Drawn from the code by `python -m tools.draw_rooms`; a test fails where it is not up to date.
An arrow means “imports”. An arrow that follows from others is left out: who imports a room
may import what lies below it, too.

```mermaid
{graph}
```
"""

Imports = dict[str, set[str]]


def room_of(module: str) -> str | None:
    """The room of a module, as `reviews.coding`; None for an app itself and for Django's files."""
    app, _, path = module.partition(".")
    room = path.partition(".")[0]
    return f"{app}.{room}" if room and room not in DJANGO else None


def overlooked_imports() -> set[str]:
    """The imports that no contract of import-linter counts, each as `module -> module`."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    return {line for contract in contracts for line in contract.get("ignore_imports", [])}


def imports_of_rooms() -> Imports:
    """{room: the rooms that its modules import}"""
    code = grimp.build_graph(*APPS, cache_dir=None)
    overlooked = overlooked_imports()
    imports: Imports = {room: set() for room in map(room_of, code.modules) if room}
    for importer in code.modules:
        for imported in code.find_modules_directly_imported_by(importer):
            above, below = room_of(importer), room_of(imported)
            is_overlooked = f"{importer} -> {imported}" in overlooked
            if above and below and above != below and not is_overlooked:
                imports[above].add(below)
    return imports


def reachable(room: str, imports: Imports) -> set[str]:
    """Every room that this one imports, be it through others."""
    rooms: set[str] = set()
    waiting = list(imports[room])
    while waiting:
        below = waiting.pop()
        if below not in rooms:
            rooms.add(below)
            waiting += imports[below]
    return rooms


def without_implied(imports: Imports) -> Imports:
    """The transitive reduction; it is unique, since rooms do not import one another in circles."""
    below = {room: reachable(room, imports) for room in imports}
    return {
        room: {imported for imported in direct if not any(imported in below[d] for d in direct)}
        for room, direct in imports.items()
    }


def mermaid(imports: Imports) -> str:
    lines = ["graph TD"]
    for app in APPS:
        rooms = sorted(room for room in imports if room.startswith(f"{app}."))
        lines += [f"  subgraph {app}", *(f"    {node(room)}" for room in rooms), "  end"]
    lines += arrows(imports)
    return "\n".join(lines)


def node(room: str) -> str:
    return f'{identifier(room)}["{room.partition(".")[2]}"]'


def identifier(room: str) -> str:
    return room.replace(".", "_")


def arrows(imports: Imports) -> Iterable[str]:
    for room in sorted(imports):
        for below in sorted(imports[room]):
            yield f"  {identifier(room)} --> {identifier(below)}"


def page() -> str:
    """What `docs/rooms.md` says while the code is as it is."""
    return PAGE.format(graph=mermaid(without_implied(imports_of_rooms())))


if __name__ == "__main__":
    if "--print" in sys.argv[1:]:
        sys.stdout.write(mermaid(without_implied(imports_of_rooms())) + "\n")
    else:
        PICTURE.write_text(page(), encoding="utf-8")
