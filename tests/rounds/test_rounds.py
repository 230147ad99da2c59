"""The pages on which leads open rounds, hand out papers, close, and help when somebody drops
out.
"""

from urllib.parse import quote

import pytest
from django.urls import reverse

from reviews.models import Assignment, Round, Summary
from reviews.rounds import assignments, lifecycle
from tests.making import (
    make_assignment,
    make_paper,
    make_round,
    make_study,
    make_summary,
    make_user,
)


@pytest.fixture
def round(study):
    return make_round(study, "Main")


@pytest.fixture
def papers(study):
    return [make_paper(study) for _ in range(6)]


@pytest.fixture
def lead(as_user, ada):
    return as_user(ada)


def address(name, round):
    return reverse(name, args=[round.study.slug, round.pk])


def wishes(*readers, **facts):
    reads = {f"reads_{reader.pk}": "on" for reader in readers}
    return (
        {"which": "left", "sample": "", "per_paper": "2", "overlap": "100", "seed": "1"}
        | reads
        | facts
    )


def text(answer):
    return " ".join(answer.content.decode().split())


# The list


def test_the_rounds_page_shows_states_and_who_is_awaited(lead, study, round, papers, ben, cleo):
    make_summary(papers[0], ben, round=round)
    make_assignment(papers[0], cleo, round=round)
    page = text(lead.get(reverse("rounds", args=[study.slug])))
    assert "under way" in page
    assert "<b>1</b> of 2 submitted" in page
    assert 'Cleo Reviewer <span class="figure">1</span>' in page
    assert "5 papers left" in page


def test_the_first_visit_offers_the_first_round(lead, study):
    page = text(lead.get(reverse("rounds", args=[study.slug])))
    assert "No rounds yet" in page
    assert reverse("new-round", args=[study.slug]) in page


@pytest.mark.parametrize("name", ["rounds", "overview"])
def test_the_rounds_page_has_a_constant_query_count(
    lead, study, ben, cleo, name, django_assert_num_queries, django_assert_max_num_queries
):
    def grow(number):
        round = make_round(study)
        for reviewer in (ben, cleo)[:number]:
            for _ in range(number):
                make_summary(make_paper(study), reviewer, round=round)

    url = reverse(name, args=[study.slug])
    grow(1)
    # Nothing is kept in tests: the differences and the figures of the study are all worked out
    # here, for the rail and for what waits.
    with django_assert_max_num_queries(60) as few:
        lead.get(url)
    for _ in range(3):
        grow(2)
    with django_assert_num_queries(len(few)):
        lead.get(url)


# Opening and editing


def test_a_round_is_opened_and_papers_come_next(lead, study):
    url = reverse("new-round", args=[study.slug])
    phase = study.phases.get()
    answer = lead.post(
        url, {"name": "Pilot", "phase": phase.pk, "due_on": "2030-12-12", "guidance": "Read all."}
    )
    made = Round.objects.get()
    assert (made.kind, made.guidance, str(made.due_on)) == ("pilot", "Read all.", "2030-12-12")
    assert answer.url == address("hand-out", made)


def test_invalid_round_forms_are_refused_and_keep_the_input(lead, study, round):
    url = reverse("new-round", args=[study.slug])
    own, foreign = study.phases.get().pk, make_study().phases.get().pk
    for posted in (
        {},
        {"name": "Main", "phase": own},
        {"name": "New", "phase": foreign},
        {"name": "New", "phase": "x"},
    ):
        answer = lead.post(url, posted | {"guidance": "typed"})
        assert answer.status_code == 422
        assert "typed" in text(answer)
    assert Round.objects.count() == 2 - 1


def test_editing_changes_due_date_and_guidance(lead, round):
    url = address("edit-round", round)
    assert (
        lead.post(url, {"name": "Main", "due_on": "2031-01-01", "guidance": "New"}).status_code
        == 302
    )
    round.refresh_from_db()
    assert (str(round.due_on), round.guidance) == ("2031-01-01", "New")
    assert lead.post(url, {}).status_code == 422


def test_an_empty_round_is_removed_and_one_with_papers_stays(lead, study, round, papers, ben):
    make_assignment(papers[0], ben, round=round)
    assert lead.post(address("remove-round", round)).url == address("round", round)
    empty = make_round(study, "Empty")
    assert lead.post(address("remove-round", empty)).url == reverse("rounds", args=[study.slug])
    assert set(Round.objects.all()) == {round}


@pytest.mark.parametrize(
    "name", ["round", "edit-round", "hand-out", "withdraw", "close-round", "reopen-round"]
)
def test_a_round_of_another_study_is_404(lead, study, ada, name):
    foreign = make_round(make_study(lead=make_user()))
    assert lead.get(reverse(name, args=[study.slug, foreign.pk])).status_code == 404


# Handing out


def test_the_plan_is_shown_first_and_written_when_it_is_confirmed(lead, round, papers, ben, cleo):
    url = address("hand-out", round)
    preview = lead.post(url, wishes(ben, cleo))
    assert preview.status_code == 200
    assert "<b>12</b> assignments on <b>6</b> papers to <b>2</b> people" in text(preview)
    assert Assignment.objects.count() == 0
    expected = preview.context["proposal"].fingerprint
    assert lead.post(url, wishes(ben, cleo, expected=expected)).url == address("round", round)
    assert Assignment.objects.count() == 12


def test_a_plan_that_changed_meanwhile_is_shown_again_and_nothing_is_written(
    lead, study, round, papers, ben, cleo
):
    url = address("hand-out", round)
    expected = lead.post(url, wishes(ben, cleo)).context["proposal"].fingerprint
    make_paper(study)
    answer = lead.post(url, wishes(ben, cleo, expected=expected))
    assert answer.status_code == 422
    assert "not the plan you saw" in text(answer)
    assert Assignment.objects.count() == 0
    assert (
        lead.post(
            url, wishes(ben, cleo, expected=answer.context["proposal"].fingerprint)
        ).status_code
        == 302
    )
    assert Assignment.objects.count() == 14


def test_the_plan_shows_own_papers_and_missing_readers(lead, study, round, ben):
    make_paper(study, "What I wrote", authors="Reviewer, Ben")
    page = text(lead.post(address("hand-out", round), wishes(ben)))
    assert "Skipped, because it is their own paper: 1" in page
    assert "Papers with too few reviewers: 1" in page
    assert "What I wrote" in page


def test_capacity_of_each_reviewer_is_kept(lead, round, papers, ben, cleo):
    answer = lead.post(
        address("hand-out", round), wishes(ben, cleo, per_paper="1", **{f"most_{ben.pk}": "1"})
    )
    assert {user.username: number for user, number, _ in answer.context["proposal"].loads} == {
        "ben": 1,
        "cleo": 5,
    }


def test_papers_of_the_round_are_filled_up(lead, round, papers, ada, ben, cleo):
    for paper in papers[:2]:
        make_assignment(paper, ben, round=round)
    url = address("hand-out", round)
    asked = wishes(ben, cleo, which="round")
    expected = lead.post(url, asked).context["proposal"].fingerprint
    lead.post(url, asked | {"expected": expected})
    assert set(Assignment.objects.filter(reviewer=cleo).values_list("paper", flat=True)) == {
        one.pk for one in papers[:2]
    }


@pytest.mark.parametrize(
    "change",
    [
        {"per_paper": "0"},
        {"per_paper": ""},
        {"overlap": "101"},
        {"sample": "-1"},
        {"which": "all"},
        {"seed": "x"},
        {"per_paper": "9" * 30},
    ],
)
def test_impossible_wishes_are_refused(lead, round, papers, ben, change):
    answer = lead.post(address("hand-out", round), wishes(ben, **change))
    assert answer.status_code == 422
    assert answer.context["proposal"] is None


def test_nobody_chosen_and_an_empty_post_are_refused(lead, round, papers, olga):
    for posted in (wishes(), {}, wishes(olga)):
        assert lead.post(address("hand-out", round), posted).status_code == 422


def test_a_hand_out_can_be_undone_while_nobody_has_begun(lead, round, papers, ada, ben, cleo):
    assignments.hand_out(round, reviewers=[ben, cleo], by=ada)
    undo = address("undo-hand-out", round)
    assert f'action="{undo}"' in text(lead.get(address("round", round)))
    lead.post(undo)
    assert Assignment.objects.count() == 0

    assignments.hand_out(round, reviewers=[ben, cleo], by=ada)
    Summary.objects.create(assignment=round.assignments.first())
    assert f'action="{undo}"' not in text(lead.get(address("round", round)))
    assert "somebody has begun" in text(lead.post(undo, follow=True))
    assert Assignment.objects.count() == 12


# One round


def test_a_round_page_shows_papers_and_progress_but_no_answers(lead, round, papers, ben, cleo):
    make_summary(papers[0], ben, round=round, answers={"conclusion": "A secret conclusion"})
    make_summary(papers[0], cleo, submitted=False, round=round)
    page = text(lead.get(address("round", round)))
    assert "Ben Reviewer: submitted" in page
    assert "Cleo Reviewer: draft" in page
    assert "secret" not in page


def test_a_round_page_links_to_reopening_submitted_summaries_only(lead, study, round, ben, cleo):
    paper = make_paper(study)
    done, begun = (
        make_summary(paper, ben, round=round),
        make_summary(paper, cleo, round=round, submitted=False),
    )
    body = lead.get(address("round", round)).content.decode()
    reopen = [
        reverse("reopen", args=[study.slug, paper.key, one.assignment_id]) for one in (done, begun)
    ]
    assert [f'href="{url}"' in body for url in reopen] == [True, False]
    assert lead.get(reopen[0]).status_code == 200


def test_the_papers_of_a_round_are_searched_and_filtered_by_reader(lead, study, round, ben, cleo):
    first, second = make_paper(study, "About drift"), make_paper(study, "About cost")
    make_assignment(first, ben, round=round)
    make_assignment(second, cleo, round=round)
    url = address("round", round)

    def shown(query):
        return [paper for paper, _ in lead.get(url, query).context["papers"]]

    assert shown({"reader": ben.pk}) == [first]
    assert shown({"q": "cost"}) == [second]
    assert shown({"q": "cost", "reader": ben.pk}) == []
    assert shown({"reader": "nobody", "page": "x"}) == [first, second]


def test_a_round_page_has_a_constant_query_count(
    lead, study, round, ada, ben, cleo, django_assert_num_queries, django_assert_max_num_queries
):
    url = address("round", round)
    make_summary(make_paper(study), ben, round=round)
    # Nothing is kept in tests: the differences and the figures of the study are all worked out
    # here, for the rail and for what waits.
    with django_assert_max_num_queries(60) as few:
        lead.get(url)
    for paper in (make_paper(study), make_paper(study)):
        for reviewer in (ada, ben, cleo):
            make_summary(paper, reviewer, round=round)
    with django_assert_num_queries(len(few)):
        lead.get(url)


def test_papers_of_a_round_can_be_downloaded_as_csv(lead, study, round, ben, cleo):
    paper = make_paper(study, "Title, with a comma", key="one")
    make_summary(paper, ben, round=round)
    make_assignment(paper, cleo, round=round)
    lines = (
        b"".join(lead.get(address("round", round), {"format": "csv"}).streaming_content)
        .decode()
        .splitlines()
    )
    assert lines == [
        "paper,title,year,reviewer,state",
        'one,"Title, with a comma",2021,ben,submitted',
        'one,"Title, with a comma",2021,cleo,to do',
    ]


# Closing


def test_closing_shows_what_it_freezes_and_who_is_not_finished(lead, round, papers, ben, cleo):
    make_summary(papers[0], ben, round=round)
    make_summary(papers[0], cleo, submitted=False, round=round)
    page = text(lead.get(address("close-round", round)))
    assert (
        "<b>5</b> coded sections from <b>1</b> submitted summary on <b>1</b> paper, under codebook "
        "version <b>1</b>"
    ) in page
    assert "<b>1</b> of 2" in page
    assert "Cleo Reviewer" in page
    round.refresh_from_db()
    assert not round.is_closed
    lead.post(address("close-round", round))
    round.refresh_from_db()
    assert round.is_closed
    assert lead.post(address("close-round", round)).status_code == 422


def test_a_closed_round_is_opened_again_with_a_reason(lead, round, ada):
    lifecycle.close_round(round, by=ada)
    assert lead.post(address("reopen-round", round), {"reason": ""}).status_code == 422
    assert lead.post(address("reopen-round", round), {"reason": "too early"}).url == address(
        "round", round
    )
    round.refresh_from_db()
    assert not round.is_closed
    assert lead.post(address("reopen-round", round), {"reason": "again"}).status_code == 422


# Dropping out


def test_a_reviewer_is_withdrawn_after_a_preview_and_others_take_over(
    lead, round, papers, ben, cleo
):
    make_summary(papers[0], ben, round=round)
    for paper in papers[1:3]:
        make_assignment(paper, ben, round=round)
    url = address("withdraw", round)
    asked = {"reviewer": ben.pk, "reason": "on leave", "seed": "1", f"reads_{cleo.pk}": "on"}
    preview = lead.post(url, asked)
    assert "<b>2</b> open papers back from <b>Ben Reviewer</b>" in text(preview)
    assert Assignment.objects.in_force().filter(reviewer=cleo).count() == 0
    lead.post(url, asked | {"expected": preview.context["proposal"].fingerprint})
    assert set(Assignment.objects.in_force().values_list("paper", "reviewer")) == {
        (papers[0].pk, ben.pk),
        (papers[1].pk, cleo.pk),
        (papers[2].pk, cleo.pk),
    }


def test_only_somebody_with_open_papers_can_be_withdrawn(lead, round, papers, ben, cleo):
    make_summary(papers[0], ben, round=round)
    url = address("withdraw", round)
    for posted in (
        {},
        {"reviewer": ben.pk, "reason": "x", "seed": "1"},
        {"reviewer": "x", "reason": "x", "seed": "1"},
    ):
        assert lead.post(url, posted).status_code == 422


def test_markup_in_names_is_escaped(lead, study):
    make_round(study, "<b>Main</b> & more")
    page = text(lead.get(reverse("rounds", args=[study.slug])))
    assert "&lt;b&gt;Main&lt;/b&gt; &amp; more" in page
    assert quote("<b>") not in page


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (0, "those that nobody was given in Coding: there are none"),
        (1, "the one that nobody was given in Coding"),
        (2, "the 2 that nobody was given in Coding"),
    ],
)
def test_the_plan_counts_its_papers_in_words(left, words, study, ben, lead):
    round = make_round(study, "Main")
    make_assignment(make_paper(study), ben, round=round)
    for _ in range(left):
        make_paper(study)

    form = lead.get(address("hand-out", round)).context["form"]

    assert dict(form.fields["which"].choices) == {
        "left": words,
        "round": "the one of this round: fill it up to the number of reviewers",
    }
    assert form["which"].initial == ("left" if left else "round")
