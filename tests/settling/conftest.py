"""What most tests of settling begin with; a file that needs another paper has its own."""

import pytest

from tests.making import make_paper, make_round, make_summary


@pytest.fixture
def challenges(study):
    return study.sections.get(key="challenges")


@pytest.fixture
def paper(study, ben, cleo):
    """Of which Ben and Cleo say different things."""
    make_round(study, "Main")
    paper = make_paper(study)
    make_summary(paper, ben, answers={"challenges": ["Talent"]})
    make_summary(paper, cleo, answers={"challenges": ["Cost"]})
    return paper
