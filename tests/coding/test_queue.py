"""A reviewer's queue: what is next, how far, in which state."""

import pytest
from django.urls import reverse
from django.utils import timezone

from mapping.models import Code
from reviews.models import Assignment, RecodingTask
from tests.making import (
    absent,
    make_answer,
    make_assignment,
    make_paper,
    make_phase,
    make_round,
    make_study,
    make_summary,
)


@pytest.fixture
def round(study):
    return make_round(study, "Main")


def queue(client, study, **asked):
    return client.get(reverse("queue", args=[study.slug]), asked)


def text(answer):
    return " ".join(answer.content.decode().split())


def titles(answer):
    return [assignment.paper.title for assignment in answer.context["assignments"]]


@pytest.fixture
def three(study, round, ben):
    """One to do, one draft, one submitted, handed out in this order."""
    todo, draft, done = (
        make_paper(study, title, year=year)
        for title, year in (("To do", 2019), ("Begun", 2023), ("Done", 2021))
    )
    make_assignment(todo, ben, round=round)
    make_summary(draft, ben, submitted=False, round=round)
    make_summary(done, ben, round=round)
    return todo, draft, done


def test_the_next_paper_stands_on_top_with_progress_and_states(as_user, study, three, ben):
    page = queue(as_user(ben), study)
    assert page.context["next"].paper == three[0]
    assert "<b>1</b> of 3 submitted" in text(page)
    assert titles(page) == ["Begun", "To do", "Done"]
    assert [one.state for one in page.context["assignments"]] == ["draft", "todo", "submitted"]


def test_what_was_not_begun_comes_before_drafts_and_then_the_drafts(as_user, study, three, ben):
    client = as_user(ben)
    next_paper = reverse("next-paper", args=[study.slug])
    assert three[0].key in client.get(next_paper).url
    Assignment.objects.filter(paper=three[0]).update(withdrawn_at=timezone.now())
    assert three[1].key in client.get(next_paper).url
    Assignment.objects.filter(paper=three[1]).update(withdrawn_at=timezone.now())
    answer = client.get(next_paper)
    assert answer.url == reverse("queue", args=[study.slug])
    assert "submitted everything" in text(queue(client, study))


def test_a_draft_says_how_many_of_the_sections_hold_something(as_user, study, round, ben):
    draft = make_summary(make_paper(study), ben, submitted=False, round=round)
    for key, value in {
        "challenges": [],
        "maturity-stage": "Manual",
        "replicable": False,
        "cases": 0,
        "method": absent("unclear"),
        "conclusion": "",
    }.items():
        make_answer(draft, key, value)
    assert "draft, 5 of 6" in text(queue(as_user(ben), study))


def test_only_ones_own_papers_in_force_of_this_study_are_shown(as_user, study, round, ben, cleo):
    mine = make_paper(study, "Mine")
    make_assignment(mine, ben, round=round)
    make_assignment(make_paper(study, "Hers"), cleo, round=round)
    withdrawn = make_assignment(make_paper(study, "Withdrawn"), ben, round=round)
    Assignment.objects.filter(pk=withdrawn.pk).update(withdrawn_at=timezone.now())
    elsewhere = make_study()
    make_assignment(make_paper(elsewhere, "Elsewhere"), ben)
    assert titles(queue(as_user(ben), study)) == ["Mine"]


def test_nothing_of_others_answers_or_progress_reaches_the_queue_of_somebody_blind(
    as_user, study, round, ben, cleo
):
    paper = make_paper(study)
    make_assignment(paper, ben, round=round)
    before = queue(as_user(ben), study).content
    make_summary(
        paper, cleo, round=round, answers={"conclusion": "a secret", "challenges": ["Talent"]}
    )
    after = queue(as_user(ben), study).content
    assert without_tokens(before) == without_tokens(after)


def without_tokens(content):
    import re

    return re.sub(rb'(csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+', b"", content)


def test_a_closed_round_asks_for_nothing_more(as_user, study, round, three, ben):
    round.closed_at = timezone.now()
    round.save()
    assert queue(as_user(ben), study).context["next"] is None


def test_guidance_and_due_date_of_the_round_are_shown(as_user, study, round, three, ben):
    from datetime import date

    round.guidance, round.due_on = "Quote one sentence.", date(2030, 12, 12)
    round.save()
    page = text(queue(as_user(ben), study))
    assert "Quote one sentence." in page
    assert "due 12 Dec 2030" in page


def test_the_queue_is_searched_filtered_and_sorted_in_the_address(as_user, study, three, ben):
    client = as_user(ben)
    assert titles(queue(client, study, q="beg")) == ["Begun"]
    assert titles(queue(client, study, state="submitted")) == ["Done"]
    assert titles(queue(client, study, sort="year")) == ["To do", "Done", "Begun"]
    assert titles(queue(client, study, sort="-title")) == ["To do", "Done", "Begun"]
    assert titles(queue(client, study, state="nonsense", sort="nonsense", round="9", page="x")) == [
        "Begun",
        "To do",
        "Done",
    ]
    assert "None of your papers match" in text(queue(client, study, q="nowhere"))


def test_rounds_are_a_filter_once_there_are_two(as_user, study, three, ben):
    other = make_round(study, "Second")
    make_assignment(make_paper(study, "Later"), ben, round=other)
    assert titles(queue(as_user(ben), study, round=other.pk)) == ["Later"]


def test_sections_to_look_at_again_are_a_group_of_their_own(
    as_user, study, three, ben, cleo, round
):
    section = study.sections.get(key="challenges")
    done = Assignment.objects.get(paper=three[2])
    make_answer(done.summaries.get(), "challenges", ["Talent"])
    task = RecodingTask.objects.create(
        assignment=done, section=section, code=Code.objects.get(label="Talent")
    )
    RecodingTask.objects.create(
        assignment=done, section=study.sections.get(key="cases"), done_at=timezone.now()
    )
    hers = make_summary(make_paper(study), cleo, round=round).assignment
    RecodingTask.objects.create(assignment=hers, section=section)
    page = queue(as_user(ben), study)
    assert list(page.context["tasks"]) == [task]
    assert "“Talent” was changed" in text(page)


def test_an_empty_queue_says_what_will_be_here(as_user, study, ben):
    assert "No papers are waiting for you" in text(queue(as_user(ben), study))


def test_the_queue_is_in_pages_of_fifty(as_user, study, round, ben):
    for _ in range(51):
        make_assignment(make_paper(study), ben, round=round)
    client = as_user(ben)
    assert (len(titles(queue(client, study))), len(titles(queue(client, study, page=2)))) == (50, 1)


def test_three_papers_ask_as_many_queries_as_one(
    as_user, study, round, ben, django_assert_num_queries, django_assert_max_num_queries
):
    client = as_user(ben)
    first = make_summary(
        make_paper(study), ben, submitted=False, round=round, answers={"challenges": ["Talent"]}
    )
    RecodingTask.objects.create(
        assignment=first.assignment, section=study.sections.get(key="cases")
    )
    with django_assert_max_num_queries(25) as few:
        queue(client, study)
    for submitted in (True, False):
        summary = make_summary(
            make_paper(study),
            ben,
            submitted=submitted,
            round=round,
            answers={"challenges": ["Cost"]},
        )
        RecodingTask.objects.create(
            assignment=summary.assignment, section=study.sections.get(key="cases")
        )
    with django_assert_num_queries(len(few)):
        queue(client, study)


def test_what_is_shown_can_be_taken_away_as_a_table_that_no_spreadsheet_runs(
    as_user, study, round, ben
):
    make_assignment(make_paper(study, "=1+1", key="one"), ben, round=round)
    make_summary(make_paper(study, "Done", key="two"), ben, round=round)
    client = as_user(ben)

    def lines(**asked):
        return (
            b"".join(queue(client, study, format="csv", **asked).streaming_content)
            .decode()
            .splitlines()
        )

    assert lines() == [
        "paper,title,year,round,state",
        "one,'=1+1,2021,Main,to do",
        "two,Done,2021,Main,submitted",
    ]
    assert len(lines(state="submitted")) == 2


def test_a_search_for_what_no_text_can_hold_finds_nothing_amiss(as_user, study, three, ben):
    assert queue(as_user(ben), study, q="To\0").status_code == 200


def test_the_round_that_is_due_first_comes_first(as_user, study, three, ben):
    from datetime import date

    urgent = make_round(study, "Urgent", due_on=date(2030, 1, 1))
    make_assignment(make_paper(study, "Soon"), ben, round=urgent)
    assert queue(as_user(ben), study).context["next"].paper.title == "Soon"


def test_a_paper_in_two_phases_opens_in_the_phase_of_its_round(as_user, study, ben):
    paper = make_paper(study, key="a key with ünicode")
    screening = make_round(study, phase=make_phase(study, "screening"))
    coding = make_round(study)
    for round in (screening, coding):
        make_assignment(paper, ben, round=round)
    addresses = {
        one.get_absolute_url() for one in queue(as_user(ben), study).context["assignments"]
    }
    summary = f"/s/{study.slug}/papers/a%20key%20with%20%C3%BCnicode/summary/"
    assert addresses == {f"{summary}?phase=screening", f"{summary}?phase=coding"}
