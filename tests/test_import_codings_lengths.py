"""What is too long for its column is refused by line, and never cut short."""

import pytest

from mapping.models import Section, User
from reviews.importing import import_codings
from reviews.models import Summary
from tests.making import make_paper


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("john2021,ben,challenges,Talent," + "p" * 41, "a page of 41 characters"),
        ("john2021,ben,conclusion,It works," + "p" * 41, "a page of 41 characters"),
        ("john2021,ben,challenges,," + "p" * 41, "a page of 41 characters"),
        (f"john2021,ben,{'s' * 201},Talent,", "the name of a section has at most 200 characters"),
        (f"john2021,{'r' * 151},challenges,Talent,", "a reviewer's name has at most 150 characters"),
    ],
)
def test_what_does_not_fit_is_refused_whole(study, ada, row, reason):
    make_paper(study, key="john2021")
    sections, people = Section.objects.count(), User.objects.count()
    content = f"paper,reviewer,section,value,page\n{row}\n".encode()
    outcome = import_codings(study, file_name="codings.csv", content=content, by=ada, may_create=True)
    assert [(problem["line"], reason in problem["reason"]) for problem in outcome["problems"]] == [(2, True)]
    assert not Summary.objects.exists()
    assert (Section.objects.count(), User.objects.count()) == (sections, people)
