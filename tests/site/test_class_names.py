"""Every class that is worn has a rule or a script that looks for it, and every rule is worn."""

import re
from fnmatch import fnmatchcase
from pathlib import Path

from django.conf import settings

BASE = Path(settings.BASE_DIR)
TAGS = r"\{%.*?%\}|\{\{.*?\}\}"
NAME = r"-?[A-Za-z_][\w-]*"

# Made by pdf.js within our pages; the style sheet places them.
OF_PDF_JS = {"hiddenCanvasElement", "markedContent"}


def texts(folder, suffix):
    paths = sorted((BASE / folder).rglob(f"*{suffix}"))
    return [path.read_text(encoding="utf-8") for path in paths if "vendor" not in path.parts]


def templates():
    """All but those for Django's admin, which has a style sheet of its own."""
    paths = sorted((BASE / "templates").rglob("*.*"))
    return [path.read_text(encoding="utf-8") for path in paths if "admin" not in path.parts]


def ruled():
    """The classes that the style sheets name."""
    names = set()
    for text in texts("static/css", ".css"):
        rules = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        for selectors in re.findall(r"([^{};]*)\{", rules):
            names.update(re.findall(rf"\.({NAME})", selectors))
    return names


def words(value):
    """The names in what stands between the quotes of a class attribute. What a variable says is a
    star: `reader-*`. A tag parts words.
    """
    return re.sub(r"\{\{.*?\}\}", "*", re.sub(r"\{%.*?%\}", " ", value)).split()


def in_markup(text):
    for value in re.findall(rf'\bclass=\\?"((?:{TAGS}|[^"\\])*)', text, flags=re.S):
        yield from words(value)
    for value in re.findall(r"\{% block body_class %\}(.*?)\{% endblock %\}", text):
        yield from words(value)


def in_script(text):
    for value in re.findall(r'\bclass(?:Name)?: "([^"]*)"', text):
        yield from value.split()
    for values in re.findall(r"\bclassList\.\w+\((.*)\)", text):
        yield from re.findall(rf'"({NAME})"', values)
        yield from (re.sub(r"\$\{.*?\}", "*", value) for value in re.findall("`(.*?)`", values))


def worn():
    """The classes that templates, scripts and crispy's pack give."""
    names = set(settings.CRISPY_CLASS_CONVERTERS.values())
    for text in (*templates(), *texts("mapping", ".py"), *texts("reviews", ".py")):
        names.update(in_markup(text))
    for text in texts("static/js", ".js"):
        names.update(in_script(text))
    return names


def looked_for():
    """The classes in the selectors of the scripts."""
    names = set()
    for text in texts("static/js", ".js"):
        said = re.sub(r"/\*.*?\*/|\$\{(?:[^{}]|\{[^{}]*\})*\}", "", text, flags=re.S)
        for literal in re.findall(r'"[^"\n]*"|`[^`\n]*`', said):
            names.update(re.findall(rf"(?<![./\d])\.({NAME})", literal[1:-1]))
    return names


def without(names, others):
    """Those of names that none of the others is or, with a star in either, may be."""
    return sorted(
        name
        for name in names
        if not any(fnmatchcase(other, name) or fnmatchcase(name, other) for other in others)
    )


def test_no_template_leaves_a_whole_class_to_a_variable():
    assert "*" not in worn()


def test_every_class_that_is_worn_has_a_rule_or_a_script_that_looks_for_it():
    assert without(worn(), ruled() | looked_for()) == []


def test_every_rule_is_for_a_class_that_is_worn():
    assert without(ruled() - OF_PDF_JS, worn()) == []


def test_every_class_that_a_script_looks_for_is_worn():
    assert without(looked_for(), worn()) == []


def test_the_guide_to_the_screens_wears_no_class_that_is_without_a_rule():
    guide = (BASE / "docs/screens.md").read_text(encoding="utf-8")
    assert without(set(in_markup(guide)), ruled()) == []
