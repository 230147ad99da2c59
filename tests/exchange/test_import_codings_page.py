"""The page on which a lead checks and imports a codings file."""

from io import BytesIO

import pytest
from django.urls import reverse

from reviews.models import Summary
from tests.making import make_paper

HEAD = "paper,reviewer,section,value"


@pytest.fixture
def paper(study):
    return make_paper(study, "Towards MLOps", key="john2021")


def sheet(*rows, head=HEAD):
    file = BytesIO("\n".join([head, *rows]).encode())
    file.name = "codings.csv"
    return file


def test_a_lead_checks_then_imports_by_page(study, as_user, ada, ben, paper):
    page = reverse("import-codings", args=[study.slug])
    lead = as_user(ada)
    checked = lead.post(page, {"file": sheet("john2021,ben,method,Survey"), "act": "check"})
    assert (checked.status_code, "can be taken" in checked.text) == (200, True)
    assert not Summary.objects.exists()
    refused = lead.post(page, {"file": sheet("john2021,ben,method,Surveys"), "act": "import"})
    assert (refused.status_code, "has no code “Surveys”" in refused.text) == (422, True)
    assert not Summary.objects.exists()
    assert (
        lead.post(page, {"file": sheet("john2021,ben,method,Survey"), "act": "import"}).status_code
        == 302
    )
    assert Summary.objects.count() == 1


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "This field is required"),
        ({"file": "x", "columns": "paper"}, "not of the form"),
        ({"file": "x", "absences": "NA=perhaps"}, "is no absence"),
        ({"file": "x", "columns": "nothing=doi"}, "no column “nothing”"),
    ],
)
def test_a_refused_form_says_why(facts, words, study, as_user, ada):
    if "file" in facts:
        facts = facts | {"file": sheet("john2021,ben,method,Survey")}
    answer = as_user(ada).post(reverse("import-codings", args=[study.slug]), facts)
    assert (answer.status_code, words in answer.text) == (422, True)
