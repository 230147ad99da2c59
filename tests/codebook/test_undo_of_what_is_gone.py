"""A section that is removed takes its codes with it: their history stays, and cannot be undone."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from mapping.codebook import changes as codebook_changes
from mapping.codebook import history
from mapping.models import Code
from reviews.codebook import code_moves, template, undo
from tests.exchange.test_bundle import bundle_of, come_back
from tests.making import make_section


@pytest.fixture
def trial(study):
    return make_section(study.phases.get(), "on-trial")


@pytest.fixture
def wanderer(trial, study, ada):
    """A code that has left its section, which was removed then."""
    code = codebook_changes.add(trial, by=ada, facts={"label": "Wanderer"})
    code_moves.move(code, to=study.sections.get(key="challenges"), by=ada, reason="it fits")
    template.remove_section(trial, by=ada)
    return code


def test_what_was_done_to_codes_that_are_gone_is_told_and_not_undone(trial, study, ada, as_user):
    code = codebook_changes.add(trial, by=ada, facts={"label": "One"})
    codebook_changes.edit(code, by=ada, facts={"label": "Uno"}, reason="in Italian")
    template.remove_section(trial, by=ada)

    change = study.codebook_changes.get(act="rename")
    assert history.in_words(study, [change]) == [[("a code: label", "One", "Uno")]]
    with pytest.raises(ValidationError, match="cannot be undone here"):
        undo.undo(change, by=ada)
    page = as_user(ada).get(reverse("undo-change", args=[study.slug, change.version]))
    assert page.status_code == 302


def test_a_code_does_not_go_back_into_a_section_that_is_gone(wanderer, study, ada):
    with pytest.raises(ValidationError, match="the section from which its codes came is gone"):
        undo.undo(study.codebook_changes.get(act="move"), by=ada)


def test_a_study_from_which_a_section_went_comes_back_from_its_bundle(wanderer, study):
    here = come_back(bundle_of(study))
    change = here.codebook_changes.get(act="move")
    assert change.before["codes"][str(wanderer.number)]["section_id"] is None
    with pytest.raises(ValidationError, match="the section from which its codes came is gone"):
        undo.undo(change, by=here.created_by)
    assert ("section", "a section", "Challenges") in history.in_words(here, [change])[0]


def test_nor_into_another_one_of_its_key_that_takes_no_codes(wanderer, study, ada):
    make_section(study.phases.get(), "on-trial", kind="text")
    with pytest.raises(ValidationError, match="or takes no codes any more"):
        undo.undo(study.codebook_changes.get(act="move"), by=ada)
    assert Code.objects.get(pk=wanderer.pk).section.key == "challenges"
