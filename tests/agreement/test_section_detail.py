"""One section in detail, and what is worth discussing: every line against the statistics it is made
of.
"""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils.timezone import now

from mapping.models import CodebookChange
from reviews.agreement.section_page import Detail
from reviews.agreement.statistics import (
    Absence,
    confused_pairs,
    krippendorff_alpha,
    leave_one_code_out,
    leave_one_rater_out,
    pairwise,
    worst_papers,
)
from reviews.models import Summary
from reviews.rounds.lifecycle import close_round
from tests.agreement.rated import visible_to
from tests.agreement.test_agreement import nothing_kept, page, text  # noqa: F401
from tests.making import (
    absent,
    make_answer,
    make_paper,
    make_phase,
    make_round,
    make_section,
    make_summary,
    make_user,
)

_ = None
METHODS = [
    # Ben, Cleo and Dan on six papers.
    ("Survey", "Survey", "Survey"),
    ("Survey", "Experiment", "Survey"),
    ("Experiment", "Survey", _),
    ("Case study", "Case study", "Experiment"),
    ("Experiment", "Experiment", _),
    (absent("unclear"), "Experiment", _),
]
PLAIN = [
    [answer and (Absence("unclear") if isinstance(answer, absent) else answer) for answer in reader]
    for reader in zip(*METHODS, strict=True)
]
CHALLENGES = [
    (["Talent"], ["Talent", "Cost"]),
    (["Talent"], ["Cost"]),
    (["Talent"], ["Cost"]),
    ([], ["Model drift"]),
    (["Cost"], ["Cost"]),
]


@pytest.fixture
def dan(study):
    user = make_user("dan", name="Dan Reviewer")
    study.memberships.create(user=user, role="reviewer")
    return user


@pytest.fixture
def methods(study, ben, cleo, dan):
    round = make_round(study, "Pilot")
    for answers in METHODS:
        paper = make_paper(study)
        for reader, answer in zip((ben, cleo, dan), answers, strict=True):
            if answer is not None:
                make_summary(paper, reader, round=round, answers={"method": answer})
    return round


@pytest.fixture
def challenges(study, ben, cleo):
    for answers in CHALLENGES:
        paper = make_paper(study)
        for reader, labels in zip((ben, cleo), answers, strict=True):
            make_summary(paper, reader, answers={"challenges": labels})


def detail(study, user, key, asked=""):
    section = study.sections.get(key=key)
    return Detail(visible_to(user, study, asked, [section]), section)


def query(url):
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


def test_pairs_of_reviewers_stand_with_the_papers_both_coded(study, ada, methods):
    found = detail(study, ada, "method").pairs()
    wanted = pairwise(PLAIN, krippendorff_alpha)

    assert found["names"] == ["Ben Reviewer", "Cleo Reviewer", "Dan Reviewer"]
    for row, (name, cells) in enumerate(found["rows"]):
        assert name == found["names"][row]
        for column, cell in enumerate(cells):
            assert (cell["value"], cell["papers"]) == (
                wanted.values[row][column],
                wanted.papers[row][column],
            )
            assert cell["is_diagonal"] == (row == column)
    assert wanted.papers[0] == [0, 6, 3]
    asked = query(found["rows"][0][1][2]["url"])
    assert (asked["reviewer"], asked["with"]) == ("ben", "dan")


def test_there_are_no_pairs_of_one_reviewer(study, ada, ben):
    make_summary(make_paper(study), ben, answers={"method": "Survey"})

    assert detail(study, ada, "method").pairs() is None


def test_each_reviewer_stands_with_what_they_give_most_and_the_figure_without_them(
    study, ada, methods
):
    ben, cleo, dan = detail(study, ada, "method").marginals()
    without = leave_one_rater_out(PLAIN, krippendorff_alpha)

    assert [row["without"] for row in (ben, cleo, dan)] == [figure.value for figure in without]
    assert [row["papers"] for row in (ben, cleo, dan)] == [6, 6, 3]
    assert [row["mean"] for row in (ben, cleo, dan)] == [None] * 3
    assert [(value, times) for value, times, _url in cleo["most"]] == [
        ("Experiment", 3),
        ("Survey", 2),
        ("Case study", 1),
    ]
    assert [value for value, _times, _url in ben["most"]][-2:] == ["Case study", "unclear"]
    asked = query(ben["most"][-1][2])
    assert (asked["reviewer"], asked["code"]) == ("ben", "~unclear")


def test_the_matrix_has_what_met_what(study, ada, methods):
    found = detail(study, ada, "method").matrix()

    assert found["names"] == ["Case study", "Experiment", "Survey", "unclear"]
    times = [[cell["times"] for cell in cells] for _, cells in found["rows"]]
    # Of three raters each pair weighs a half.
    assert times == [
        ["1", "1", "0", "0"],
        ["1", "2", "2", "1"],
        ["0", "2", "4", "0"],
        ["0", "1", "0", "0"],
    ]
    cells = dict(found["rows"])
    assert [cell["papers"] for cell in cells["Experiment"]] == [1, 1, 2, 1]
    assert [cell["is_diagonal"] for cell in cells["Survey"]] == [False, False, True, False]
    assert cells["Survey"][0]["url"] == ""
    asked = query(cells["Experiment"][3]["url"])
    assert (asked["one"], asked["other"]) == ("Experiment", "~unclear")


def test_sets_numbers_and_single_readings_have_no_matrix(study, ada, ben, cleo, challenges):
    make_summary(paper := make_paper(study), ben, answers={"cases": 1, "method": "Survey"})
    make_summary(paper, cleo, answers={"cases": 2})

    for key in ("challenges", "cases", "method"):
        assert detail(study, ada, key).matrix() is None


def test_confused_codes_stand_by_lift_with_who_gave_which(study, ada, challenges):
    (found,) = detail(study, ada, "challenges").confused()
    sets_of = [[frozenset(labels) for labels in reader] for reader in zip(*CHALLENGES, strict=True)]
    (wanted,) = confused_pairs(sets_of)

    assert (found["one"], found["other"]) == ("Cost", "Talent")
    assert (found["count"], found["papers"], found["lift"]) == (2, 2, wanted.lift)
    assert found["by"] == [("Cleo Reviewer", "Ben Reviewer", 2)]
    assert query(found["url"])["one"] == "Cost"
    assert query(found["url"])["other"] == "Talent"


def test_who_gave_which_of_two_confused_codes_stands_most_often_first(
    study, ada, ben, cleo, challenges
):
    paper = make_paper(study)
    make_summary(paper, ben, answers={"challenges": ["Cost"]})
    make_summary(paper, cleo, answers={"challenges": ["Talent"]})
    (found,) = detail(study, ada, "challenges").confused()

    assert (found["count"], found["papers"]) == (3, 3)
    assert found["by"] == [
        ("Cleo Reviewer", "Ben Reviewer", 2),
        ("Ben Reviewer", "Cleo Reviewer", 1),
    ]


def test_codes_stand_worst_first_with_who_alone_gave_them(study, ada, challenges):
    rows = detail(study, ada, "challenges").codes()

    assert [(row["code"], row["value"] is None) for row in rows][-1] == ("Data quality", True)
    values = [row["value"] for row in rows if row["value"] is not None]
    assert values == sorted(values)
    talent = next(row for row in rows if row["code"] == "Talent")
    assert (talent["papers"], talent["used_by"], talent["raters"], talent["by_all"]) == (3, 2, 2, 1)
    ((name, times, url),) = talent["only"]
    assert (name, times) == ("Ben Reviewer", 2)
    assert {"reviewer": "ben", "code": "Talent", "alone": "1"}.items() <= query(url).items()
    assert query(talent["all_url"])["all"] == "1"
    assert detail(study, ada, "method").codes() == []


def test_without_one_code_the_one_that_pulls_down_comes_first(study, ada, challenges):
    rows = detail(study, ada, "challenges").without_codes()
    sets_of = [[frozenset(labels) for labels in reader] for reader in zip(*CHALLENGES, strict=True)]
    headline = detail(study, ada, "challenges").headline.function
    wanted = leave_one_code_out(sets_of, headline, ["Model drift", "Talent", "Cost"])

    assert {code: value for code, value, _reason, _url in rows} == {
        code: figure.value for code, figure in wanted.items()
    }
    values = [value for _code, value, _reason, _url in rows]
    assert values == sorted(values, reverse=True)
    assert all(query(url)["code"] == code for code, _value, _reason, url in rows)
    assert detail(study, ada, "maturity-stage").without_codes() == []
    assert detail(study, ada, "cases").without_codes() == []


def test_the_worst_papers_stand_with_what_was_said_of_them(study, ada, methods):
    found = detail(study, ada, "method").worst()
    papers = list(study.papers.order_by("pk"))

    assert [(papers.index(paper), distance) for paper, distance, _ in found] == worst_papers(PLAIN)
    assert found[0][2] in (
        [("Experiment", 1), ("Survey", 1)],
        [("Experiment", 1), ("unclear", 1)],
    )


def test_rounds_stand_one_after_another_with_what_changed_in_between(study, ada, ben, cleo):
    section = study.sections.get(key="method")
    first, second = make_round(study, "Pilot"), make_round(study, "Main")
    screening = make_phase(study, "screening", position=0)
    make_section(screening, "included", "yes_no")
    make_round(study, "Screening", phase=screening)
    for round, answers in ((first, ("Survey", "Experiment")), (second, ("Survey", "Survey"))):
        for of_ben, of_cleo in (answers, ("Experiment", "Experiment")):
            paper = make_paper(study)
            make_summary(paper, ben, round=round, answers={"method": of_ben})
            make_summary(paper, cleo, round=round, answers={"method": of_cleo})
    close_round(first, by=ada)
    study.refresh_from_db()
    version = study.codebook_version
    for number, changed in enumerate((section, study.sections.get(key="challenges"), section)):
        CodebookChange.objects.create(
            study=study, section=changed, act="rename", version=version + number, by=ada, at=now()
        )
    study.codebook_version = version + 2
    study.save()

    pilot, main = detail(study, ada, "method").trend()
    assert [row["round"].name for row in (pilot, main)] == ["Pilot", "Main"]
    assert (pilot["is_kept"], main["is_kept"]) == (True, False)
    assert (pilot["version"], main["version"]) == (version, version + 2)
    # What was changed before the pilot is no change in between; what came last, is.
    assert (pilot["changes"], [one.version for one in main["changes"]]) == ([], [version + 2])
    assert pilot["value"] == krippendorff_alpha([["a", "b"], ["b", "b"]]) == 0
    assert main["value"] == 1
    assert [row["papers"] for row in (pilot, main)] == [2, 2]
    assert query(main["url"])["round"] == str(second.pk)


def test_agreement_after_discussion_is_there_once_somebody_says_something_else(study, ada, methods):
    def revised(**answers):
        paper = study.papers.order_by("pk")[2]
        first = Summary.objects.get(
            assignment__reviewer__username="cleo", assignment__paper=paper, revision=1
        )
        later = Summary.objects.create(
            assignment=first.assignment,
            revision=first.assignment.summaries.count() + 1,
            reopened_by=ada,
            submitted_at=now(),
        )
        for key, answer in answers.items():
            make_answer(later, key, answer)

    assert detail(study, ada, "method").after_discussion() is None
    revised(method="Survey")
    assert detail(study, ada, "method").after_discussion() is None, "the same was said again"
    revised(method="Experiment")
    after = detail(study, ada, "method").after_discussion()
    agreed = [list(row) for row in PLAIN]
    agreed[1][2] = "Experiment"
    assert after.value == krippendorff_alpha(agreed)
    assert after.value > detail(study, ada, "method").after_discussion().low


def test_a_study_that_hides_names_numbers_reviewers_and_links_to_none(study, ada, methods):
    study.is_anonymous = True
    study.save()
    found = detail(study, ada, "method")

    assert {name for _, name in found.reviewers} == {f"Reviewer {n}" for n in (1, 2, 3)}
    assert {cell["url"] for _, cells in found.pairs()["rows"] for cell in cells} == {""}
    assert {row["url"] for row in found.marginals()} == {""}
    again = detail(study, ada, "method")
    assert again.reviewers == found.reviewers, "the same number on every page"
