"""The dark theme is the light one in other colours: what holds in one of any page holds in the
other, but for its colours.
"""

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "static"
SHEETS = [
    *sorted((STATIC / "css").glob("*.css")),
    *sorted((STATIC / "vendor").glob("*.css")),
]
COMMENT = re.compile(r"/\*.*?\*/", re.S)
DECLARATION = re.compile(r"\s*([\w-]+)\s*:\s*(.*?)\s*", re.S)
COLOUR = re.compile(r"#[0-9a-f]{3,8}")
ASKS_FOR_THEME = re.compile(r"prefers-color-scheme|light-dark\(|data-(?:bs-)?theme")
THEME = "@media screen and (prefers-color-scheme: dark)"


def text_of(path):
    return COMMENT.sub("", path.read_text(encoding="utf-8"))


def block(text, prelude):
    """What stands between the braces after this prelude."""
    _, _, rest = text.partition(prelude)
    depth = 0
    for place, sign in enumerate(rest):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if sign == "}" and depth == 0:
            return rest[rest.index("{") + 1 : place]
    raise AssertionError(f"{prelude} is not there")


def declared(text):
    """The properties of a block without blocks in it."""
    found = [DECLARATION.fullmatch(part) for part in text.split(";") if part.strip()]
    assert all(found), text
    return {match[1]: match[2] for match in found}


@pytest.fixture
def base():
    return text_of(STATIC / "css" / "base.css")


def test_one_block_of_one_sheet_is_the_dark_theme(base):
    asking = {
        path.name: found
        for path in SHEETS
        if (found := [ask for ask in ASKS_FOR_THEME.findall(text_of(path)) if "data-" not in ask])
    }
    assert asking == {"base.css": ["prefers-color-scheme"]}
    assert base.count(THEME) == 1


def test_it_sets_what_root_has_and_every_value_is_a_colour(base):
    rule = block(base, THEME)
    assert re.fullmatch(r"\s*:root\s*\{[^{}]*\}\s*", rule)
    dark, light = declared(block(rule, ":root")), declared(block(base, ":root"))
    assert (light.pop("color-scheme"), dark.pop("color-scheme")) == ("light", "dark")
    assert dark
    for name, value in dark.items():
        assert name.startswith("--"), name
        assert COLOUR.fullmatch(value), (name, value)
        assert COLOUR.fullmatch(light[name]), (name, light[name])


def test_no_page_and_no_script_asks_for_the_theme():
    """Nor is Bootstrap's own attribute for it set anywhere."""
    files = [*(STATIC / "js").glob("*.js"), *(STATIC.parent / "templates").rglob("*.*")]
    assert files
    assert not [path for path in files if ASKS_FOR_THEME.search(path.read_text(encoding="utf-8"))]
