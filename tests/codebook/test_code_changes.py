"""Splitting a code asks its users to look again; what they say then is a new revision of one
section.
"""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from mapping.models import Code
from reviews.codebook import code_changes, impact, template, undo
from reviews.coding import recoding_tasks
from reviews.coding.drafts import reopen, save_answer, submit
from reviews.models import Answer, Mark, RecodingTask, Summary
from tests.making import make_assignment, make_code, make_paper, make_summary, membership_of

HALVES = [
    {"label": "Missing data", "definition": "Too little"},
    {"label": "Noisy data", "definition": "Too bad"},
]


@pytest.fixture
def code(study):
    return Code.objects.get(section__study=study, label="Data quality")


@pytest.fixture
def paper(study, ben, cleo):
    paper = make_paper(study, key="one")
    make_summary(paper, ben, answers={"challenges": ["Data quality", "Cost"], "conclusion": "Good"})
    make_summary(paper, cleo, answers={"challenges": ["Cost"]})
    make_summary(make_paper(study, key="two"), cleo, answers={"challenges": ["Data quality"]})
    Mark.objects.update(quote="the data are bad", page="3")
    return paper


@pytest.fixture
def change(code, paper, ada):
    return code_changes.split(code, into=HALVES, by=ada, reason="two things")


def task_of(user, paper):
    return RecodingTask.objects.get(assignment__reviewer=user, assignment__paper=paper)


def page(study, task):
    return reverse("recode", args=[study.slug, task.assignment.paper.key, task.pk])


def posted(task, codes, revision=1):
    made = {code.label: code.pk for code in Code.objects.filter(section=task.section)}
    ids = [made[label] for label in codes]
    empty = [""] * len(ids)
    return {
        "revision": revision,
        "challenges-version": 1,
        "challenges-codes": ids,
        "challenges-mark-code": ids,
        "challenges-mark-quote": ["the data are bad"] * len(ids),
        "challenges-mark-page": empty,
        "challenges-mark-rationale": empty,
        "challenges-absence": "",
    }


def test_only_users_of_a_split_code_are_asked_to_recode(change, paper, ben, cleo):
    tasks = RecodingTask.objects.values_list(
        "assignment__reviewer", "assignment__paper__key", "section__key"
    )
    assert set(tasks) == {(ben.pk, "one", "challenges"), (cleo.pk, "two", "challenges")}


def test_the_recoding_page_shows_the_old_mark_and_only_that_section(
    change, paper, study, ben, as_user
):
    shown = as_user(ben).get(page(study, task_of(ben, paper))).content.decode()
    assert "the data are bad" in shown
    assert "Data quality" in shown
    assert "Missing data" in shown
    assert 'name="conclusion-text"' not in shown


def test_recoding_is_a_new_revision_and_the_first_stays(change, paper, study, ben, as_user):
    task = task_of(ben, paper)
    answered = as_user(ben).post(page(study, task), posted(task, ["Noisy data", "Cost"]))
    assert answered.status_code == 302
    first, second = Summary.objects.filter(assignment=task.assignment).order_by("revision")
    labels = lambda summary: {str(mark) for mark in Mark.objects.filter(answer__summary=summary)}  # noqa: E731
    assert labels(first) == {"Data quality", "Cost"}
    assert labels(second) == {"Noisy data", "Cost"}
    assert second.answers.get(section__key="conclusion").text == "Good"
    assert second.is_submitted
    study.refresh_from_db()
    assert second.codebook_version == study.codebook_version
    assert second.answers.get(section__key="challenges").codebook_version == study.codebook_version
    task.refresh_from_db()
    assert task.done_at
    section = task.section
    rated = impact.rated([section], membership_of(study.created_by, study))[section, "code"]
    given = rated.ratings[rated.raters.index(ben.pk)][rated.papers.index(paper.pk)]
    assert given == {"Data quality", "Cost"}


def test_old_quotes_move_to_the_new_codes_if_the_reviewer_wants_it(
    change, paper, study, ben, as_user
):
    task = task_of(ben, paper)
    words = posted(task, ["Noisy data", "Missing data", "Cost"]) | {"keep-evidence": "yes"}
    words["challenges-mark-quote"] = ["something else", "", ""]
    shown = as_user(ben).get(page(study, task)).content.decode()
    # What came in place of the old code stands first.
    assert shown.index('data-option-label dir="auto">Missing data') < shown.index(
        'data-option-label dir="auto">Cost'
    )
    assert as_user(ben).post(page(study, task), words).status_code == 302
    newest = Mark.objects.filter(
        answer__summary__assignment=task.assignment, answer__summary__revision=2
    )
    assert set(newest.values_list("code__label", "quote", "page")) == {
        ("Noisy data", "something else", ""),
        ("Missing data", "the data are bad", "3"),
        ("Cost", "", ""),
    }


def test_new_codes_have_no_quotes_otherwise(change, paper, study, ben, as_user):
    task = task_of(ben, paper)
    words = posted(task, ["Noisy data"]) | {"challenges-mark-quote": [""]}
    assert as_user(ben).post(page(study, task), words).status_code == 302
    newest = Mark.objects.get(
        answer__summary__assignment=task.assignment, answer__summary__revision=2
    )
    assert newest.quote == ""


def test_a_split_code_can_no_longer_be_chosen(change, paper, study, ben, as_user):
    task = task_of(ben, paper)
    answered = as_user(ben).post(page(study, task), posted(task, ["Data quality"]))
    assert answered.status_code == 422
    assert Summary.objects.filter(assignment=task.assignment).count() == 1


def test_recoding_for_others_or_over_a_newer_revision_is_refused(
    change, paper, study, ben, cleo, ada, as_user
):
    task = task_of(ben, paper)
    assert as_user(cleo).get(page(study, task)).status_code == 404
    with pytest.raises(PermissionDenied):
        recoding_tasks.recode(task, {"none_apply": True}, by=cleo, based_on=1)
    with pytest.raises(ValidationError):
        recoding_tasks.recode(task, {"none_apply": True}, by=ben, based_on=2)
    recoding_tasks.recode(task, {"none_apply": True}, by=ben, based_on=1)
    with pytest.raises(ValidationError):
        recoding_tasks.recode(task, {"none_apply": True}, by=ben, based_on=2)


def test_a_reopened_summary_is_edited_instead_of_recoded(change, paper, study, ben, ada, as_user):
    task = task_of(ben, paper)
    reopen(task.assignment, by=ada, reason="a slip")
    answered = as_user(ben).get(page(study, task))
    assert "/summary/" in answered.url
    assert RecodingTask.objects.open().filter(pk=task.pk).exists()


def test_a_split_can_be_undone_only_while_its_codes_are_unused(change, paper, ben, ada, code):
    task = task_of(ben, paper)
    made = Code.objects.get(label="Noisy data")
    recoding_tasks.recode(task, {"marks": [{"code": made.pk}]}, by=ben, based_on=1)
    with pytest.raises(ValidationError, match="in use"):
        undo.undo(change, by=ada)
    Summary.objects.filter(revision=2).delete()
    undo.undo(change, by=ada)
    code.refresh_from_db()
    assert code.status == "active"
    assert not RecodingTask.objects.open().exists()


def test_merging_a_split_code_ends_its_tasks_until_undone(change, paper, ada, code):
    there = Code.objects.get(label="Noisy data")
    merged = code_changes.merge(code, into=there, by=ada, reason="one half is enough")
    assert not RecodingTask.objects.open().exists()
    undo.undo(merged, by=ada)
    assert RecodingTask.objects.open().count() == 2


def test_a_late_section_asks_for_recoding_of_submitted_summaries_only(
    study, paper, ada, ben, as_user
):
    section = template.add_section(
        study,
        by=ada,
        facts={
            "label": "Data set",
            "kind": "text",
            "phase": study.phases.get(),
            "is_required": True,
        },
    )
    assert RecodingTask.objects.open().filter(section=section).count() == 3
    task = RecodingTask.objects.get(assignment__reviewer=ben)
    client = as_user(ben)
    assert (
        client.post(page(study, task), {"revision": 1, f"{section.key}-version": 0}).status_code
        == 422
    )
    answered = client.post(
        page(study, task),
        {"revision": 1, f"{section.key}-version": 0, f"{section.key}-text": "MNIST"},
    )
    assert answered.status_code == 302
    answer = Answer.objects.get(section=section)
    assert (answer.text, answer.summary.revision) == ("MNIST", 2)
    assert not Answer.objects.filter(section=section, summary__revision=1).exists()


def test_a_lead_sees_the_progress_of_recoding(change, paper, study, ada, ben, as_user):
    history = reverse("codebook-versions", args=[study.slug])

    def told():
        return as_user(ada).get(history).content.decode()

    assert "looked at again: 0 of 2, waits for Ben Reviewer, Cleo Reviewer" in told()
    task = task_of(ben, paper)
    as_user(ben).post(page(study, task), posted(task, ["Noisy data"]))
    assert "looked at again: 1 of 2, waits for Cleo Reviewer" in told()
    assert "looked at again" not in as_user(ben).get(history).content.decode()
    make_assignment(make_paper(study), ada)
    assert "looked at again" not in told()


def test_the_queue_lists_recoding_tasks(change, paper, study, ben, as_user):
    shown = as_user(ben).get(reverse("queue", args=[study.slug])).content.decode()
    assert page(study, task_of(ben, paper)) in shown


@pytest.fixture
def draft(study, paper, ben):
    """Ben is still writing about a third paper, with the code in it."""
    return make_summary(
        make_paper(study, key="three"),
        ben,
        submitted=False,
        answers={"challenges": ["Data quality"]},
    )


def write(draft, codes, by):
    section = draft.assignment.round.study.sections.get(key="challenges")
    marks = [{"code": Code.objects.get(section=section, label=label).pk} for label in codes]
    version = Answer.objects.get(summary=draft, section=section).version
    save_answer(draft, section, {"marks": marks}, based_on=version, by=by)


def test_a_draft_shows_that_its_code_was_split(draft, code, study, ada, ben, as_user):
    code_changes.split(code, into=HALVES, by=ada, reason="two things")
    client = as_user(ben)
    task = RecodingTask.objects.get(assignment=draft.assignment)
    address = reverse("summary", args=[study.slug, "three"])
    assert address in client.get(page(study, task)).url
    notice = (
        "“Data quality” was split into “Missing data”, “Noisy data”: choose again. Why: two things"
    )
    for name in ("summary", "review"):
        assert notice in client.get(reverse(name, args=[study.slug, "three"])).content.decode()
    queue = reverse("queue", args=[study.slug])
    assert page(study, task) in client.get(queue).content.decode()

    write(draft, ["Noisy data"], ben)
    assert notice not in client.get(address).content.decode()
    assert page(study, task) not in client.get(queue).content.decode()
    submit(draft, by=ben)
    assert page(study, task) not in client.get(queue).content.decode()
    assert [str(mark) for mark in Mark.objects.filter(answer__summary=draft)] == ["Noisy data"]


def test_submitting_a_split_code_creates_a_recoding_task(draft, code, study, ada, ben, as_user):
    code_changes.split(code, into=HALVES, by=ada, reason="two things")
    submit(draft, by=ben)
    task = RecodingTask.objects.waiting().get(assignment=draft.assignment)
    assert "What you said" in as_user(ben).get(page(study, task)).content.decode()


def test_a_draft_shows_that_its_proposal_was_declined(study, ada, ben, as_user):
    section = study.sections.get(key="challenges")
    make_code(section, "Moon", status="proposed", proposed_by=ben)
    make_summary(
        make_paper(study, key="three"), ben, submitted=False, answers={"challenges": ["Moon"]}
    )
    code_changes.decline(Code.objects.get(label="Moon"), by=ada, reason="no challenge")
    shown = as_user(ben).get(reverse("summary", args=[study.slug, "three"])).content.decode()
    assert "“Moon” was declined: choose again. Why: no challenge" in shown
