"""Every field of evidence is asked for in the form and shown where evidence is read, even alone."""

from types import SimpleNamespace

import pytest
from django.core.validators import RegexValidator
from django.template.loader import render_to_string

from mapping.judgement.values import NO_EVIDENCE, Evidence, Judgement, Mark
from mapping.models import EvidenceFields, Section
from mapping.site.jinja import jinja_template
from reviews.coding.questionnaire import Option, SectionSheet
from reviews.coding.section_html import section_html
from reviews.judgement.checks import misfits

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


def test_what_the_column_of_a_field_refuses_is_refused_once_with_the_name_of_the_field(monkeypatch):
    section = Section(label="A", kind="codes")
    proofs = (Evidence(page="4" * 41), Evidence(page="5" * 41), Evidence(page="iv"))
    said = Judgement(marks=tuple(Mark(1, proof) for proof in proofs))
    assert list(misfits(section, said)) == ["A: a page has at most 40 characters."]

    only_digits = [RegexValidator(r"^[0-9]+$", "only digits.")]
    monkeypatch.setattr(EvidenceFields._meta.get_field("page"), "validators", only_digits)
    said = Judgement(marks=(Mark(1, proofs[2]), Mark(1)), evidence=proofs[2])
    assert list(misfits(section, said)) == ["A: page: only digits."]
