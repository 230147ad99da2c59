"""Each kind of section says for itself what differs."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.template.loader import get_template
from hypothesis import given
from hypothesis import strategies as st

from mapping.judgement.kinds import CODED, KINDS, Kind
from mapping.models import Finding, Section
from mapping.protocol.coefficients import COEFFICIENTS, HEADLINE, choices_for
from reviews.agreement import measures
from reviews.models import Answer

ANALYSIS = Path(__file__).parents[2] / "reviews" / "exchange" / "analysis"
SCRIPTS = (ANALYSIS / "analysis.py", ANALYSIS / "analysis.R")
CATEGORIES = ["idea", "prototype", "product"]
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def test_the_models_choices_are_the_registry():
    assert [(name, kind.label) for name, kind in KINDS.items()] == Section.Kind.choices
    assert Section.WITH_CODES == ("codes", "code", "stage")
    assert set(Section.CODED) == set(KINDS) - {"text"}
    for name in KINDS:
        assert Section(kind=name).kind_of is KINDS[name]


@every_kind
def test_a_kind_fills_a_field_that_answers_and_findings_have(kind):
    if kind.has_codes:
        assert kind.field == "marks"
    else:
        assert Answer._meta.get_field(kind.field).name == Finding._meta.get_field(kind.field).name


@every_kind
def test_a_kind_has_its_templates_and_its_words(kind):
    get_template(kind.template, using="jinja2")
    get_template(kind.own_template)
    assert all([kind.label, kind.means, kind.own])
    assert bool(kind.metric_words) == kind.is_coded


@every_kind
def test_a_coded_kind_has_a_headline_coefficient_and_no_other_kind_has_one(kind):
    offered = [name for name, _ in choices_for(kind.name)]
    assert offered[:1] == ([HEADLINE] if kind.is_coded else [])
    if kind.is_coded:
        made = {one.name: one for one in measures.choices(kind.name, CATEGORIES)}
        assert next(iter(made)) == HEADLINE
        assert all(made[name].function for name in offered)
        assert made["gwet_ac1"].function is None or not kind.no_kappa


def test_what_may_be_declared_of_each_kind_stays_as_it_was():
    long_known = {"codes", "code", "stage", "yes_no", "number", "text"}
    assert {name: one.kinds & long_known for name, one in COEFFICIENTS.items()} == {
        "krippendorff_alpha": {"codes", "code", "stage", "yes_no", "number"},
        "cohen_kappa": {"code", "yes_no", "stage"},
        "fleiss_kappa": {"code", "yes_no", "stage"},
        "gwet_ac1": {"code", "yes_no"},
        "gwet_ac2": {"stage"},
    }


def test_an_absence_has_a_place_beside_categories_and_none_on_a_scale():
    assert {name for name, kind in KINDS.items() if kind.is_on_scale} == {"stage", "number"}


def test_none_of_the_codes_can_be_said_where_codes_can():
    for name, kind in KINDS.items():
        assert ("none_apply" in dict(kind.absences)) == (name in {"codes", "code", "stage"})


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("yes_no", " Yes", True),
        ("yes_no", "0", False),
        ("number", "2.50", Decimal("2.5")),
        ("text", "as it is ", "as it is "),
    ],
)
def test_what_was_typed_is_read_as_the_kind_has_it(kind, text, value):
    assert KINDS[kind].parse(text) == value


@pytest.mark.parametrize(
    ("kind", "text", "problem"),
    [
        ("yes_no", "perhaps", "“perhaps” is neither yes nor no (“Open”)"),
        ("number", "2,5", "“2,5” is no number (“Open”); write it with a point, 2.5"),
        ("number", "1e15", "“1e15” does not fit: at most 14 digits before the point and 6 behind"),
        ("number", "NaN", "“NaN” does not fit: at most 14 digits before the point and 6 behind"),
    ],
)
def test_what_cannot_be_read_is_told_in_words(kind, text, problem):
    with pytest.raises(ValueError, match="^" + problem.replace("(", r"\(").replace(")", r"\)")):
        KINDS[kind].parse(text, " (“Open”)")


@given(st.decimals(-(10**13), 10**13, places=6))
def test_a_number_comes_back_from_its_cell(number):
    kind = KINDS["number"]
    assert kind.from_cell(str(kind.cell(number))) == number
    assert kind.parse(str(kind.cell(number))) == number


@pytest.mark.parametrize("value", [True, False, None])
def test_yes_and_no_and_nothing_come_back_from_their_cell(value):
    kind = KINDS["yes_no"]
    assert kind.from_cell(kind.cell(value)) is value


def test_a_cell_of_ours_is_read_strictly():
    for kind, cell in (("yes_no", "YES"), ("number", "many"), ("number", "Infinity")):
        with pytest.raises(ValueError, match="no"):
            KINDS[kind].from_cell(cell)
    assert KINDS["number"].from_cell("") is None


def test_an_empty_text_is_no_value():
    assert KINDS["text"].value_of(SimpleNamespace(text="")) is None
    assert KINDS["yes_no"].value_of(SimpleNamespace(yes_no=False)) is False


def test_distances_go_from_nothing_to_one():
    number, stage, code = (KINDS[name] for name in ("number", "stage", "code"))
    assert number.distance(number.compared(1), number.compared(3), ()) == Fraction(1, 2)
    assert stage.distance("idea", "prototype", CATEGORIES) == Fraction(1, 2)
    assert stage.distance("idea", "rumour", CATEGORIES) == 1
    assert code.distance("idea", "prototype", CATEGORIES) == 1


def test_what_nobody_overrides_holds_for_a_new_kind():
    class Link(Kind):
        name, label, field, means, own = "link", "link", "text", "the address", "another link"

    link = Link()
    assert (link.has_codes, link.is_coded, link.is_one_category) == (False, True, True)
    assert not link.is_on_scale
    assert link.from_cell("https://example.org") == link.parse("https://example.org")
    assert link.place("a", ("a",)) is None


def test_the_scripts_of_the_bundle_know_every_distance_that_is_not_nominal():
    """They leave the house and cannot ask the kinds: they go by the metric in agreement.csv."""
    metrics = {kind.metric for kind in KINDS.values()} - {"nominal"}
    for script in SCRIPTS:
        text = script.read_text()
        assert [metric for metric in metrics if f'metric == "{metric}"' not in text] == []
        assert [name for name in CODED if f'kind == "{name}"' in text] == []
    # As they leave an absence out.
    on_scale = {KINDS[name].metric for name in CODED if KINDS[name].is_on_scale}
    assert on_scale == {"ordinal", "interval"}
