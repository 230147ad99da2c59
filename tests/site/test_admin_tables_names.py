"""Tables for the admin site with other capitals, or without the columns that are needed."""

import pytest
from django.urls import reverse

from mapping.models import Approach, Challenge, Paper
from tests.making import make_paper
from tests.site.test_admin_tables import CSV, bring, root, site, table  # noqa: F401 - fixtures


@pytest.mark.parametrize("model", [Challenge, Approach, Paper])
def test_a_table_without_the_needed_columns_says_which_and_nothing_else(model, site, study):  # noqa: F811
    address = reverse(f"admin:mapping_{model._meta.model_name}_import")
    page = site.post(address, {"import_file": table("label,foo\nA,1\nB,2\n"), "format": CSV})
    text = page.content.decode()
    assert page.status_code == 422
    assert "Missing column" in text
    assert not {said for said in ("has no attribute", "KeyError", "Line 2") if said in text}


def test_a_key_in_other_capitals_is_the_paper_that_is_there(site, study):  # noqa: F811
    make_paper(study, "A title", key="p1")
    bring(site, Paper, f"study,key,title\n{study.slug},P1,Another title\n")
    assert list(study.papers.values_list("key", "title")) == [("p1", "Another title")]


def test_keys_of_one_file_in_other_capitals_are_one(site, study):  # noqa: F811
    address = reverse("admin:mapping_paper_import")
    content = table(f"study,key,title\n{study.slug},p9,A title\n{study.slug},P9,Other things\n")
    page = site.post(address, {"import_file": content, "format": CSV})
    assert (page.status_code, "stands in line 2 already" in page.content.decode()) == (422, True)
