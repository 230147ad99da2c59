"""How forms are drawn: templates/concord/, the pack that crispy uses."""

import re
from importlib import import_module
from pkgutil import walk_packages

import pytest
from crispy_forms.templatetags.crispy_forms_filters import (
    as_crispy_errors,
    as_crispy_field,
    as_crispy_form,
)
from django import forms
from django.conf import settings

import mapping
import reviews
from mapping.people.forms import AdminChangeForm
from reviews.settling.forms import SettleForm


class Example(forms.Form):
    title = forms.CharField(help_text="In <b>one</b> line.")
    notes = forms.CharField(required=False, widget=forms.Textarea)
    kind = forms.ChoiceField(choices=[("a", "first"), ("b", "second")])
    way = forms.ChoiceField(
        choices=[("a", "this"), ("b", "that")], widget=forms.RadioSelect, help_text="One of them."
    )
    days = forms.MultipleChoiceField(
        choices=[("mon", "Monday"), ("tue", "Tuesday")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    agreed = forms.BooleanField(label="I agree", help_text="To all of it.")
    file = forms.FileField()
    whose = forms.CharField(widget=forms.HiddenInput, required=False)

    def clean(self):
        raise forms.ValidationError("Not <i>so</i>.")


def drawn(name, given=None):
    return re.sub(r"\s+", " ", as_crispy_field(Example(given)[name]))


def every(kind):
    for below in kind.__subclasses__():
        yield below
        yield from every(below)


def test_a_field_has_a_label_and_says_its_help():
    html = drawn("title")
    assert '<label class="field-label" for="id_title">' in html
    assert 'Title<span class="required">*</span>' in html
    assert 'class="input"' in html
    assert 'aria-describedby="id_title_helptext"' in html
    assert '<div class="field-help" id="id_title_helptext">In <b>one</b> line.</div>' in html
    assert "aria-invalid" not in html
    assert "field-error" not in html


def test_a_refused_field_is_marked_and_says_why():
    html = drawn("title", {})
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_title_helptext id_title_error"' in html
    error = '<div class="field-error" id="id_title_error"><p>This field is required.</p></div>'
    assert error in html
    assert html.index(error) < html.index("field-help")


def test_only_what_has_to_be_given_is_marked():
    assert 'class="required"' in drawn("kind")
    assert 'class="required"' not in drawn("notes")


@pytest.mark.parametrize(("name", "kind"), [("kind", "select"), ("notes", "input")])
def test_a_widget_wears_the_class_of_its_look_alone(name, kind):
    assert f'class="{kind}"' in drawn(name)


def test_a_group_of_choices_has_a_legend_and_a_label_for_each():
    html = drawn("way", {"way": "b"})
    assert '<fieldset aria-describedby="id_way_helptext">' in html
    assert html.count("<legend") == html.count("</fieldset>") == 1
    assert 'id="id_way_1" required checked><label for="id_way_1">that</label>' in html
    assert '<label for="id_way_0">this</label>' in html
    assert "<label for" not in drawn("days").split("<legend")[0]
    assert drawn("days").count('type="checkbox"') == 2


def test_a_refused_group_is_described_by_its_error():
    html = drawn("way", {"way": "neither"})
    assert '<fieldset aria-describedby="id_way_helptext id_way_error">' in html
    assert '<div class="field-error" id="id_way_error">' in html
    assert html.count('aria-invalid="true"') == 2


def test_a_tick_stands_before_its_label():
    html = drawn("agreed", {})
    assert html.index('type="checkbox"') < html.index('<label for="id_agreed">I agree<span')
    assert 'aria-describedby="id_agreed_helptext id_agreed_error"' in html
    assert 'id="id_agreed_error"' in html
    assert 'id="id_agreed_helptext"' in html


def test_a_file_is_chosen_in_a_field_with_a_label():
    html = drawn("file")
    assert '<label class="field-label" for="id_file">' in html
    assert '<input type="file" name="file" class="input"' in html


def test_a_hidden_field_is_nothing_but_itself():
    assert drawn("whose").strip() == '<input type="hidden" name="whose" id="id_whose">'


def test_a_form_says_first_what_is_wrong_with_the_whole():
    form = Example({})
    error = '<div class="notice notice-error"><ul><li>Not &lt;i&gt;so&lt;/i&gt;.</li></ul></div>'
    html = re.sub(r"\s+", " ", as_crispy_form(form)).replace("<ul> <li>", "<ul><li>")
    assert html.index("notice-error") < html.index("id_title")
    assert html.count('class="field"') == len(form.visible_fields())
    for whole in (html, as_crispy_errors(form)):
        assert re.sub(r"\s*([<>])\s*", r"\1", error) in re.sub(r"\s*([<>])\s*", r"\1", whole)
    assert not as_crispy_errors(Example()).strip()


# The template of the one draws each field itself, Django's admin the other.
NOT_BY_CRISPY = {SettleForm, AdminChangeForm}
OURS = r"(mapping|reviews)\.(?!admin\b)"


def test_every_widget_of_every_form_is_one_that_the_pack_draws():
    for part in (mapping, reviews):
        for module in walk_packages(part.__path__, f"{part.__name__}."):
            if not re.search(r"\.(migrations|admin|wsgi)\b", module.name):
                import_module(module.name)
    known = {*settings.CRISPY_CLASS_CONVERTERS, "checkboxinput", "radioselect", "hiddeninput"}
    ours = {form for form in every(forms.BaseForm) if re.match(OURS, form.__module__)}
    assert len(ours) > 30
    for form in ours - NOT_BY_CRISPY:
        for name, field in form.base_fields.items():
            widget = type(field.widget).__name__.lower()
            assert widget in known, f"{form.__name__}.{name} is a {widget}"
