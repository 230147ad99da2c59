"""A fact travels in a value of its own or as an argument: nothing is hung onto an object whose
class does not declare it.
"""

import ast
from functools import cache
from pathlib import Path

import pytest
import tablib
from django.apps import apps

from mapping.admin.results import LinedResult
from reviews.coding.questionnaire import Question

ROOT = Path(__file__).parents[2]
# What our code calls the objects of these classes.
CLASSES = {
    **{model.__name__.lower(): model for model in apps.get_models()},
    "change": apps.get_model("mapping", "CodebookChange"),
    "task": apps.get_model("reviews", "RecodingTask"),
    "result": LinedResult,
    "dataset": tablib.Dataset,
    "question": Question,
}
# Where one of these names means a value of our own.
NAMESAKES = {
    ("reviews/exchange/importing/codings.py", "summary.judgements"),
    ("mapping/parsers/template_papers.py", "paper.document"),
    ("mapping/parsers/template_papers.py", "paper.last_title"),
    ("mapping/parsers/template_papers.py", "paper.title_place"),
}
# What the classes of libraries declare and our code sets.
OF_LIBRARIES = {
    *("required", "disabled", "help_text", "initial", "queryset", "attrs"),  # a form's field
    *("status_code", "_has_been_logged", "object_list", "reply_to"),  # Django
    *("_value_", "daemon", "called_from_command_line"),  # enum, threading, argparse of Django
    *("CharacterDataHandler", "EndElementHandler", "StartDoctypeDeclHandler"),  # expat
    "StartElementHandler",
    *("compress_type", "create_system", "external_attr"),  # zipfile
    *("freeze_panes", "data_type"),  # openpyxl
    *("timeout", "parser", "body", "headers", "_expected_100_continue"),  # gunicorn
}
# What is still hung, and why.
HUNG = {
    # Gunicorn makes its connections itself, and tells nobody when one was heard last.
    ("mapping/site/worker.py", "conn.heard_at"),
    ("mapping/site/worker.py", "silent.heard_at"),
}


@cache
def trees():
    files = [file for app in ("mapping", "reviews") for file in sorted((ROOT / app).rglob("*.py"))]
    return {
        file.relative_to(ROOT).as_posix(): ast.parse(file.read_text())
        for file in files
        if "migrations" not in file.parts
    }


def targets(node):
    """What an assignment or a loop sets, tuples taken apart."""
    set_here = (
        node.targets if isinstance(node, ast.Assign | ast.Delete) else [getattr(node, "target", 0)]
    )
    for one in set_here:
        yield from one.elts if isinstance(one, ast.Tuple | ast.List) else [one]


def set_attributes(tree):
    """`(name of the object, attribute)` of everything that is set on an object."""
    for node in ast.walk(tree):
        for target in targets(node):
            if isinstance(target, ast.Attribute):
                yield name_of(target.value), target.attr
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "setattr"
            and isinstance(node.args[1], ast.Constant)
        ):
            yield name_of(node.args[0]), node.args[1].value


def name_of(node):
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


@cache
def declared():
    """The attributes that any of our classes declares, in its body or on `self`."""
    names = set()
    for tree in trees().values():
        for one in ast.walk(tree):
            if isinstance(one, ast.ClassDef):
                names |= {
                    target.id
                    for node in one.body
                    for target in targets(node)
                    if isinstance(target, ast.Name)
                }
                names |= {name for owner, name in set_attributes(one) if owner == "self"}
    return names


def is_hung(owner, name):
    if owner in {"self", "cls"}:
        return False
    if owner in CLASSES:
        return not hasattr(CLASSES[owner], name) and name not in CLASSES[owner].__annotations__
    return name not in declared() | OF_LIBRARIES


def hung():
    return {
        (file, f"{owner}.{name}")
        for file, tree in trees().items()
        for owner, name in set_attributes(tree)
        if is_hung(owner, name) and (file, f"{owner}.{name}") not in NAMESAKES
    }


def test_nothing_is_hung_onto_an_object_but_what_is_listed():
    assert hung() == HUNG


@pytest.mark.parametrize(
    "written",
    [
        "paper.shown = 1",
        "row.paper.shown, other = 1, 2",
        "papers[0].never_declared = 1",
        "for paper.shown in papers: pass",
        "setattr(paper, 'shown', 1)",
    ],
)
def test_what_is_hung_is_found_however_it_is_written(written):
    assert any(is_hung(*one) for one in set_attributes(ast.parse(written)))


@pytest.mark.parametrize("written", ["paper.title = ''", "self.shown = 1", "paper.study = study"])
def test_what_a_class_declares_may_be_set(written):
    assert not any(is_hung(*one) for one in set_attributes(ast.parse(written)))
