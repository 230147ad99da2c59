"""Jinja2 beside Django's own templates, where hundreds of fields are drawn at once: files that end
in `.jinja`. Django's own would take eight times as long.
"""

from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from jinja2 import Environment, StrictUndefined


def environment(**options: Any) -> Environment:
    # A name that is missing is an error, not a gap in the page.
    made = Environment(  # noqa: S701  (Django asks for escaping, in `options`)
        **options | {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    )
    # Both ways, HTML stands in one file: `{% jinja_template … %}` is the other one.
    made.globals["django_template"] = django_template
    return made


def django_template(name: str, **facts: Any) -> SafeString:
    return render_to_string(name, facts)


def jinja_template(name: str, **facts: Any) -> SafeString:
    return SafeString(render_to_string(name, facts, using="jinja2"))
