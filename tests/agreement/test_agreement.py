"""The agreement page: worst first, undefined with its reason, and nothing from answers that its
reader is blind to.
"""

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from reviews.agreement import tags
from reviews.agreement.page import VisibleAgreement
from reviews.codebook.declare import declare
from reviews.codebook.template import add_section
from reviews.models import EarlyLook, RecodingTask, Summary
from reviews.rounds.lifecycle import close_round
from tests.making import (
    make_answer,
    make_assignment,
    make_code,
    make_paper,
    make_round,
    make_section,
    make_study,
    make_summary,
    make_user,
    membership_of,
)


@pytest.fixture(autouse=True)
def nothing_kept():
    caches["agreement"].clear()


def page(client, study, section=None, part="", **query):
    name = "agreement-section" if section and not part else f"agreement{'-' if part else ''}{part}"
    arguments = [study.slug, section] if section else [study.slug]
    return client.get(reverse(name, args=arguments), query)


def text(response):
    assert response.status_code == 200
    return response.content.decode()


def both(paper, one, other, answers, others, **facts):
    make_summary(paper, one, answers=answers, **facts)
    make_summary(paper, other, answers=others, **facts)


def papers_differing(study, ben, cleo, number=3):
    for _ in range(number):
        both(make_paper(study), ben, cleo, {"method": "Survey"}, {"method": "Experiment"})
        both(make_paper(study), ben, cleo, {"method": "Case study"}, {"method": "Case study"})


def test_sections_stand_worst_first_with_a_plain_sentence_and_undefined_ones_last(
    study, ada, ben, cleo, as_user
):
    for one, other in (
        ("Survey", "Experiment"),
        ("Survey", "Survey"),
        ("Experiment", "Experiment"),
    ):
        answers = {"method": one, "challenges": ["Talent"], "replicable": True, "cases": 3}
        others = {"method": other, "challenges": ["Cost"], "replicable": True, "cases": 3}
        both(make_paper(study), ben, cleo, answers, others)

    response = page(as_user(ada), study)

    rows = [(row["section"].key, row["value"] is None) for row in response.context["rows"]]
    assert rows[:2] == [("challenges", False), ("method", False)]
    assert {key for key, is_undefined in rows if is_undefined} == {
        "maturity-stage",
        "replicable",
        "cases",
    }
    shown = text(response)
    assert "1 of 3 papers differ, most between “Experiment” and “Survey” (1)." in shown
    assert "undefined: no variation: every rating is the same" in shown
    assert "undefined: nothing was coded" in shown
    assert "All 3 papers agree." in shown


def test_figures_of_papers_that_a_reviewer_still_has_to_code_reach_nobody_blind(
    study, ada, ben, cleo, as_user
):
    dan = make_user("dan")
    study.memberships.create(user=dan, role="reviewer")
    shared, open_to_ben = (
        make_paper(study, key="shared"),
        make_paper(study, "Not yet read", key="open"),
    )
    both(shared, ben, cleo, {"method": "Survey"}, {"method": "Survey"})
    both(open_to_ben, cleo, dan, {"method": "Case study"}, {"method": "Experiment"})
    make_assignment(open_to_ben, ben)
    client = as_user(ben)

    shown = (
        text(page(client, study))
        + text(page(client, study, "method"))
        + text(page(client, study, "method", "papers"))
    )

    assert "Case study" not in shown
    assert "papers differ" not in shown
    assert "differ=1" not in shown
    assert "<b>1</b> paper left out" in shown
    for name in ("agreement-csv", "agreement-codes-csv", "agreement-tex", "agreement-md"):
        response = client.get(reverse(name, args=[study.slug]))
        content = b"".join(response) if response.streaming else response.content
        assert b"Case study" not in content
        assert b"Experiment" not in content
    figures = VisibleAgreement(membership_of(ben, study)).reports(full=True)
    assert {one["papers"] for one in figures if one["section"] == "method"} == {1}
    assert {
        one["papers"]
        for one in VisibleAgreement(membership_of(ada, study)).reports()
        if one["section"] == "method"
    } == {2}

    make_answer(
        Summary.objects.create(assignment=open_to_ben.assignments.get(reviewer=ben)),
        "method",
        "Survey",
    )
    assert {
        one["papers"]
        for one in VisibleAgreement(membership_of(ben, study)).reports()
        if one["section"] == "method"
    } == {1}, "a draft is none"
    Summary.objects.drafts().update(submitted_at="2026-01-01T00:00Z")
    assert {
        one["papers"]
        for one in VisibleAgreement(membership_of(ben, study)).reports()
        if one["section"] == "method"
    } == {2}


def test_a_lead_who_still_has_to_code_is_told_which_papers_are_left_out(
    study, ada, ben, cleo, as_user
):
    mine = make_paper(study, "Mine to read")
    papers_differing(study, ben, cleo, 1)
    both(mine, ben, cleo, {"method": "Survey"}, {"method": "Experiment"})
    make_assignment(mine, ada)

    response = page(as_user(ada), study)

    assert [paper.title for paper in response.context["agreement"].left_out] == ["Mine to read"]
    assert "1 of 2 papers differ" in text(response)
    assert "Mine to read" not in text(page(as_user(ada), study, "method", "papers"))


def test_kept_figures_are_withheld_from_whoever_may_not_see_all_that_stands_behind_them(
    study, ada, ben, cleo, as_user
):
    papers_differing(study, ben, cleo, 1)
    pilot = study.rounds.get()
    close_round(pilot, by=ada)
    assert VisibleAgreement(membership_of(ada, study)).frozen_report["sections"]

    again = make_round(study, "Main")
    make_assignment(pilot.assignments.first().paper, ada, round=again)
    shown = VisibleAgreement(membership_of(ada, study), str(pilot.pk))

    assert shown.frozen_report is None
    assert {one["papers"] for one in shown.reports() if one["section"] == "method"} == {1}


def test_who_looked_early_is_not_independent_left_out_and_counted(study, ada, ben, as_user):
    paper = make_paper(study)
    EarlyLook.objects.create(paper=paper, phase=study.phases.get(), user=ada, reason="To train Ben")
    both(paper, ben, ada, {"method": "Survey"}, {"method": "Survey"})
    make_summary(make_paper(study), ben, answers={"method": "Survey"})

    response = page(as_user(ada), study)

    assert response.context["agreement"].not_independent == 1
    assert {row["report"]["papers"] for row in response.context["rows"]} == {0}
    assert "No paper has two summaries yet" in text(response)


def test_first_submissions_count_and_agreement_after_discussion_stands_apart(
    study, ada, ben, cleo, as_user
):
    papers_differing(study, ben, cleo, 2)
    before = VisibleAgreement(membership_of(ada, study)).reports()
    for first in Summary.objects.filter(
        assignment__reviewer=ben, answers__marks__code__label="Survey"
    ):
        later = Summary.objects.create(
            assignment=first.assignment,
            revision=2,
            reopened_by=ada,
            submitted_at="2026-02-01T00:00Z",
        )
        make_answer(later, "method", "Experiment")

    assert VisibleAgreement(membership_of(ada, study)).reports() == before
    response = page(as_user(ada), study, "method")
    assert response.context["detail"].after_discussion().value == 1.0
    assert "Agreement after discussion" in text(response)


@pytest.mark.parametrize(
    ("papers", "target", "verdict"),
    [
        (60, 0.4, "meets"),
        (60, 0.99, "below"),
        (6, 0.9, "too few papers to tell"),
        # Most drawings from three papers have no variation: the few that do make a narrow interval
        # of nothing.
        (3, 0.9, "too few papers to tell"),
    ],
)
def test_the_interval_is_held_against_the_target_not_the_point(
    study, ada, ben, cleo, papers, target, verdict
):
    method = study.sections.get(key="method")
    method.agreement_target = target
    method.save()
    for number in range(papers):
        one = ("Survey", "Experiment")[number % 2]
        other = "Case study" if number % 10 in {1, 3} else one
        both(make_paper(study), ben, cleo, {"method": one}, {"method": other})

    assert [
        row["verdict"]
        for row in VisibleAgreement(membership_of(ada, study)).rows()
        if row["section"] == method
    ] == [verdict]


def test_a_declaration_changed_late_is_printed_beside_the_result(study, ada, ben, cleo, as_user):
    papers_differing(study, ben, cleo, 1)
    declare(study.sections.get(key="method"), by=ada, coefficient="fleiss_kappa", target=0.8)

    for response in (page(as_user(ada), study), page(as_user(ada), study, "method")):
        assert "after the first submission" in text(response)


def test_switched_off_statistics_print_the_reason_and_no_figure(study, ada, ben, cleo, as_user):
    papers_differing(study, ben, cleo, 1)
    study.statistics_off_reason = "We read interpretively."
    study.save()
    client = as_user(ada)

    for response in (
        page(client, study),
        page(client, study, "method"),
        page(client, study, "method", "papers"),
    ):
        assert "We read interpretively." in text(response)
        assert "differ" not in text(response)
    assert b"".join(client.get(reverse("agreement-csv", args=[study.slug]))).count(b"\n") == 1


def test_many_different_numbers_are_told_as_ranges(study, ada, ben, cleo):
    for number in [1, 2, 3, 10, 11, 12, 13, 41]:
        both(make_paper(study), ben, cleo, {"cases": number}, {"cases": number})
    few = VisibleAgreement(membership_of(ada, study)).rows()
    both(make_paper(study), ben, cleo, {"cases": 51}, {"cases": 49})
    many = VisibleAgreement(membership_of(ada, study)).rows()

    def told(rows):
        return [
            (one["value"], one["times"])
            for row in rows
            if row["section"].key == "cases"
            for one in row["report"]["prevalence"]
        ]

    assert told(few) == [(str(number), 2) for number in [1, 2, 3, 10, 11, 12, 13, 41]]
    assert told(many) == [("1 to 10", 8), ("11 to 13", 6), ("41 to 51", 4)]


def rows_of(*values):
    return [{"value": value, "low": None, "high": None} for value in values]


def test_an_axis_begins_at_0_or_as_far_below_as_something_of_the_table_lies():
    assert [
        tags.axis_of(rows_of(value)).start for value in (None, 0, 0.5, -0.001, -0.5, -0.51, -1)
    ] == [
        0,
        0,
        0,
        -0.5,
        -0.5,
        -1,
        -1,
    ]
    axis = tags.axis_of([*rows_of(0.4), {"value": 0.1, "low": -0.3, "high": 0.6}])
    assert [(tick.label, tick.position) for tick in axis.ticks] == [
        ("−.5", 0),
        ("0", 33.33),
        (".5", 66.67),
        ("1", 100),
    ]


def test_what_lies_below_zero_is_drawn_where_it_lies():
    axis = tags.axis_of(rows_of(-0.2, -0.9, 0.5, None))
    assert [axis.position(value) for value in (None, -1, -0.9, -0.2, 0, 0.5, 1)] == [
        None,
        0,
        5,
        40,
        50,
        75,
        100,
    ]
    assert axis.zero == 50
    assert tags.axis_of(rows_of(0.2)).zero is None


def test_two_proposals_of_the_same_words_stay_two_and_reveal_nothing(study, ada, ben, cleo):
    challenges = study.sections.get(key="challenges")
    theirs, mine = (
        make_code(challenges, "Trust", status="proposed", proposed_by=one) for one in (cleo, ben)
    )
    summary = make_summary(make_paper(study), ben, answers={"challenges": ["Talent"]})
    summary.answers.get().marks.create(code=mine)

    found = VisibleAgreement(membership_of(ben, study)).sheet.rated(challenges)
    assert found.ratings == [[frozenset({"Talent", "Trust"})]]
    assert "Trust (2)" not in found.categories

    other = make_summary(make_paper(study), cleo, answers={"challenges": ["Talent"]})
    other.answers.get().marks.create(code=theirs)
    assert {"Trust", "Trust (2)"} <= set(
        VisibleAgreement(membership_of(ada, study)).sheet.rated(challenges).categories
    )


@pytest.mark.parametrize("section", [None, "method", "challenges"])
def test_the_number_of_queries_grows_neither_with_papers_nor_sections_nor_rounds(
    study, ada, ben, cleo, as_user, section
):
    client = as_user(ada)
    counts = []
    for number in (1, 3, 6):
        phase = study.phases.get()
        round = make_round(study)
        for _ in range(number):
            make_section(phase, f"more-{phase.sections.count()}", "yes_no")
            answers = {"challenges": ["Talent"], "method": "Survey"}
            both(
                make_paper(study),
                ben,
                cleo,
                answers,
                {"challenges": ["Cost"], "method": "Experiment"},
                round=round,
            )
        with CaptureQueriesContext(
            connection,
        ) as queries:
            text(page(client, study, section))
        counts.append(len(queries))
    assert len(set(counts)) == 1, counts


def test_names_stay_hidden_where_the_study_hides_them(study, ada, ben, cleo, as_user):
    study.is_anonymous = True
    study.save()
    papers_differing(study, ben, cleo, 2)

    shown = text(page(as_user(ada), study, "method"))

    assert "Ben" not in shown
    assert "Reviewer 1" in shown
    assert "reviewer=" not in shown
    asked = page(as_user(ada), study, "method", "papers", reviewer="ben", code="Survey")
    assert asked.context["total"] == 0, "no address tells which answers are whose"


def test_a_code_that_some_gave_alone_on_other_papers_too_is_not_called_an_oversight(
    study, ada, ben, cleo, as_user
):
    for _ in range(3):
        paper = make_paper(study)
        make_summary(paper, ben, answers={"challenges": ["Cost", "Talent"]})
        make_summary(paper, cleo, answers={"challenges": ["Cost"]})
    make_summary(last := make_paper(study), ben, answers={"challenges": ["Talent"]})
    make_summary(last, cleo, answers={"challenges": ["Talent"]})
    told = [one["why"] for one in page(as_user(ada), study).context["discuss"]]
    assert len(told) == 3
    assert all("“Talent” given by some alone, on 2 other papers too" in why for why in told)


def test_the_ten_disagreements_worth_discussing_say_why(study, ada, ben, cleo, as_user):
    papers_differing(study, ben, cleo, 4)
    discuss = page(as_user(ada), study).context["discuss"]

    assert len(discuss) == 3, "at most three of one section"
    assert "“Experiment” where another gives “Survey”, on 3 other papers too" in discuss[0]["why"]


def test_empty_pages_say_what_will_be_here(study, ada, ben, olga, as_user):
    assert "Hand out papers" in text(page(as_user(ada), study))
    make_summary(make_paper(study), ben, answers={"method": "Survey"})
    assert "No paper has two summaries yet" in text(page(as_user(ada), study))
    assert "Not released yet" in text(page(as_user(olga), study))
    assert "Texts have no coefficient" in text(page(as_user(ada), study, "conclusion"))
    assert page(as_user(ada), study, "of-another-study").status_code == 404


def test_a_study_without_sections_has_an_empty_page(ada, as_user):
    assert "No figures yet" in text(page(as_user(ada), make_study(lead=ada, with_sections=False)))


def test_at_the_level_of_parents_a_code_counts_as_the_one_it_stands_under(
    study, ada, ben, cleo, as_user
):
    challenges = study.sections.get(key="challenges")
    people = make_code(challenges, "People")
    challenges.codes.filter(label__in=["Talent", "Cost"]).update(parent=people)
    study.sections.filter(key="challenges").update(agreement_target=0.8)
    both(
        make_paper(study, key="a"), ben, cleo, {"challenges": ["Talent"]}, {"challenges": ["Cost"]}
    )
    both(
        make_paper(study, key="b"),
        ben,
        cleo,
        {"challenges": ["Model drift"]},
        {"challenges": ["Model drift"]},
    )
    close_round(study.rounds.get(), by=ada)
    client = as_user(ada)

    single, parents = page(client, study), page(client, study, level="parent")

    def row(response):
        return next(one for one in response.context["rows"] if one["section"] == challenges)

    assert row(single)["report"]["differing"] == 1
    assert (row(parents)["value"], row(parents)["report"]["differing"]) == (1.0, 0)
    assert "level=parent" in row(parents)["papers_url"]
    assert "computed now" in text(parents), "what was kept at closing is of single codes"
    assert "at the level of parent codes" in parents.context["methods"]
    assert (row(single)["target"], row(parents)["target"]) == (0.8, None)
    detail = page(client, study, "challenges", level="parent").context["detail"]
    assert [one["code"] for one in detail.codes() if one["papers"]] == ["Model drift", "People"]
    found = page(client, study, "challenges", "papers", level="parent", code="People")
    assert [paper.key for paper, _ in found.context["papers"]] == ["a"]
    assert found.context["kept"]["level"] == "parent"
    for name in ("agreement-codes-csv", "agreement-csv"):
        url = reverse(name, args=[study.slug])
        assert client.get(url, {"level": "parent"})["Content-Disposition"].endswith('_parent.csv"')
    rows = b"".join(
        client.get(reverse("agreement-codes-csv", args=[study.slug]), {"level": "parent"})
    ).decode()
    assert "People" in rows
    assert "Talent" not in rows


def test_levels_are_offered_only_where_codes_stand_under_others(study, ada, ben, cleo, as_user):
    papers_differing(study, ben, cleo, 1)

    assert 'name="level"' not in text(page(as_user(ada), study))
    assert page(as_user(ada), study, level="parent").context["agreement"].level == "code"


def test_a_section_that_came_after_closing_stands_beside_what_was_kept(study, ada, ben, cleo):
    papers_differing(study, ben, cleo, 1)
    close_round(study.rounds.get(), by=ada)
    facts = {"phase": study.phases.get(), "key": "open", "label": "Open", "kind": "yes_no"}
    add_section(study, by=ada, facts=facts)
    for first in list(Summary.objects.all()):
        later = Summary.objects.create(
            assignment=first.assignment, revision=2, reopened_by=ada, submitted_at=now()
        )
        make_answer(later, "open", True)
    RecodingTask.objects.update(done_at=now())

    shown = VisibleAgreement(membership_of(ada, study))

    assert shown.frozen_report
    assert {one["section"]: one["papers"] for one in shown.reports()}["open"] == 2
