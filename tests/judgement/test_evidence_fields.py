"""Every field of evidence is asked for in the form and shown where evidence is read, even alone."""

from types import SimpleNamespace

import pytest
from django.template.loader import render_to_string

from mapping.judgement.values import NO_EVIDENCE, Evidence, Judgement, Mark
from mapping.site.jinja import jinja_template
from reviews.coding.questionnaire import Option, SectionSheet
from reviews.coding.section_html import section_html

every_field = pytest.mark.parametrize("name", Evidence.FIELDS)


def with_only(name):
    return Evidence(**{name: "Says it"})


@every_field
def test_a_single_field_is_evidence(name):
    assert with_only(name)
    assert with_only(name).has_more == (name != "quote")
    assert not NO_EVIDENCE
    assert not NO_EVIDENCE.has_more


@every_field
def test_the_form_asks_for_every_field_of_marks_and_of_the_answer(name):
    said = Judgement(marks=(Mark(1, with_only(name)),), evidence=with_only(name))
    options = (Option(1, "Drift"),)
    page = section_html(SectionSheet(1, "a", "A", "codes", options=options, content=said))
    assert f'name="a-mark-{name}"' in page
    assert f'name="a-{name}"' in page
    assert page.count("Says it") == 4  # each in its field, and read above it
    # What the script makes more of.
    assert f'name="KEY-mark-{name}"' in jinja_template("coding/_marks-templates.jinja")


@every_field
@pytest.mark.parametrize(
    "template", ["judgement/_quoted.html", "settling/_quote.html", "results/_evidence-quote.html"]
)
def test_every_field_is_read(name, template):
    evidence = with_only(name)
    page = SimpleNamespace(paper=SimpleNamespace(pdf=None))
    row = SimpleNamespace(evidence=evidence, who="")
    facts = {"evidence": evidence, "row": row, "page": page}
    assert "Says it" in render_to_string(template, facts)
