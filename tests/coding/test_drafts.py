"""Filling in and submitting: nothing typed is lost, nothing submitted is changed."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import close_old_connections, connection
from django.utils import timezone

from mapping.judgement.values import Judgement
from mapping.models import Code, LogEntry, Membership, Section
from reviews.coding import drafts
from reviews.models import Answer, KeptEdit, Mark, Summary
from tests.answers import code, marks, said, save
from tests.making import make_assignment, make_code, make_paper, make_section, make_study


@pytest.fixture
def paper(study):
    return make_paper(study, "Towards MLOps")


@pytest.fixture
def draft(paper, ben):
    return drafts.open_summary(make_assignment(paper, ben))


def section(study, key):
    return Section.objects.get(study=study, key=key)


def test_a_draft_is_begun_once_and_found_again(paper, ben):
    assignment = make_assignment(paper, ben)
    assert drafts.open_summary(assignment) == drafts.open_summary(assignment)
    assert Summary.objects.count() == 1


def test_each_kind_of_section_keeps_what_was_said(draft, study):
    drift = code(study, "Model drift")
    save(
        draft,
        "challenges",
        marks=marks(drift, quote="it drifts", page="4", rationale="table 3"),
        confidence=4,
    )
    save(draft, "maturity-stage", marks=marks(code(study, "Manual")))
    save(draft, "replicable", yes_no=False, quote="data on request", page="9")
    save(draft, "cases", number="3.50")
    save(draft, "conclusion", text="  مرحبا\r\n結論 ")
    save(draft, "method", absence="unclear", rationale="two methods are named")

    challenges = said(draft, "challenges")
    assert [(mark.code, *mark.evidence.as_list()) for mark in challenges.marks] == [
        (drift.pk, "it drifts", "4", "table 3")
    ]
    assert challenges.confidence == 4
    assert said(draft, "replicable").yes_no is False
    assert said(draft, "cases") == Judgement.of({"number": "3.5"})
    assert said(draft, "conclusion").text == "مرحبا\n結論"
    assert (said(draft, "method").absence, said(draft, "method").evidence.rationale) == (
        "unclear",
        "two methods are named",
    )


def test_one_code_may_be_marked_twice_with_two_quotes(draft, study):
    drift = code(study, "Model drift")
    save(
        draft,
        "challenges",
        marks=[*marks(drift, quote="first"), *marks(drift, quote="second"), *marks(drift)],
    )
    assert [mark.evidence.quote for mark in said(draft, "challenges").marks] == ["first", "second"]


def test_blank_none_and_the_absences_stay_five_things(draft):
    save(draft, "challenges", none_apply=True)
    seen = {said(draft, "challenges"), said(draft, "method")}
    for version, absence in enumerate(["not_reported", "unclear", "not_applicable"], start=1):
        save(draft, "challenges", absence=absence, based_on=version)
        seen.add(said(draft, "challenges"))
    assert len(seen) == 5
    save(draft, "challenges", based_on=4)
    assert said(draft, "challenges").is_blank


def test_a_save_in_between_is_never_overwritten_and_both_texts_are_kept(draft):
    save(draft, "conclusion", text="from the first tab")
    outcome = save(draft, "conclusion", text="from the second tab")

    assert outcome.word == "kept"
    assert said(draft, "conclusion").text == "from the first tab"
    assert outcome.kept_edit.content["text"] == "from the second tab"


def test_saying_the_same_twice_is_no_conflict_as_after_an_answer_lost_on_the_way(draft):
    first = save(draft, "conclusion", text="the same words")
    again = save(draft, "conclusion", text="the same words ")
    assert (again.word, again.answer.version) == ("unchanged", first.answer.version)
    assert not KeptEdit.objects.exists()


def test_a_kept_edit_grows_with_its_writer_and_closes_when_the_reviewer_has_chosen(
    draft, study, ben
):
    conclusion = section(study, "conclusion")
    save(draft, "conclusion", text="one")
    kept = save(draft, "conclusion", text="two").kept_edit
    facts = {"based_on": 0, "by": ben, "kept_edit": kept.pk}
    grown = drafts.save_answer(draft, conclusion, {"text": "two and more"}, **facts).kept_edit
    assert (grown, grown.content["text"]) == (kept, "two and more")

    drafts.save_answer(
        draft, conclusion, {"text": "one, two and more"}, based_on=1, by=ben, resolves=[kept.pk]
    )
    assert said(draft, "conclusion").text == "one, two and more"
    assert not KeptEdit.objects.open().exists()
    assert KeptEdit.objects.get().content["text"] == "two and more"


def test_one_writers_kept_edit_is_not_replaced_by_another_ones(draft, study, ben):
    for text in ("one", "two"):
        save(draft, "conclusion", text=text)
    save(draft, "conclusion", text="three")
    assert sorted(kept.content["text"] for kept in KeptEdit.objects.open()) == ["three", "two"]


@pytest.mark.parametrize(
    ("key", "content", "word"),
    [
        ("conclusion", {"number": 3}, "no number"),
        ("cases", {"number": "NaN"}, "digits"),
        ("cases", {"number": "1e99"}, "digits"),
        ("cases", {"number": "0.0000001"}, "digits"),
        ("cases", {"number": "many"}, "no number"),
        ("conclusion", {"absence": "lost"}, "no reason"),
        ("conclusion", {"absence": "unclear", "text": "x"}, "not both"),
        ("challenges", {"text": "x"}, "no text"),
        ("conclusion", {"confidence": 6}, "confidence"),
        ("conclusion", {"text": "x", "page": "p" * 41}, "page"),
        ("conclusion", {"colour": "red"}, "colour"),
        ("conclusion", {"none_apply": True}, "no codes"),
        ("conclusion", {"yes_no": True}, "yes or no"),
    ],
)
def test_what_does_not_fit_its_section_is_refused_and_nothing_is_written(draft, key, content, word):
    with pytest.raises(ValidationError, match=word):
        save(draft, key, **content)
    assert not Answer.objects.exists()


def test_codes_of_another_section_another_study_or_nobody_are_refused(draft, study):
    elsewhere = make_study()
    for wrong in (code(study, "Manual"), code(elsewhere, "Model drift"), Code(pk=10**12)):
        with pytest.raises(ValidationError, match="no such code"):
            save(draft, "challenges", marks=marks(wrong))
    with pytest.raises(ValidationError, match="one code"):
        save(draft, "method", marks=marks(code(study, "Survey"), code(study, "Experiment")))
    with pytest.raises(ValidationError, match="not a section"):
        drafts.save_answer(
            draft,
            section(elsewhere, "conclusion"),
            {"text": "x"},
            based_on=0,
            by=draft.assignment.reviewer,
        )
    assert not Mark.objects.exists()


def test_a_retired_code_stays_where_it_stands_and_cannot_be_chosen_anew(draft, study, paper, cleo):
    drift = code(study, "Model drift")
    save(draft, "challenges", marks=marks(drift))
    Code.objects.filter(pk=drift.pk).update(status="retired")
    save(draft, "challenges", marks=marks(drift, quote="still"), based_on=1)
    assert said(draft, "challenges").codes == [drift.pk]
    other = drafts.open_summary(make_assignment(paper, cleo))
    with pytest.raises(ValidationError, match="“Model drift” was retired"):
        save(other, "challenges", marks=marks(drift))


def test_a_form_that_was_open_during_a_merge_means_the_code_that_stayed(draft, study):
    drift, talent = code(study, "Model drift"), code(study, "Talent")
    Code.objects.filter(pk=talent.pk).update(status="merged", merged_into=drift)
    save(draft, "challenges", marks=marks(talent, quote="few experts"))
    assert [(mark.code, mark.evidence.quote) for mark in said(draft, "challenges").marks] == [
        (drift.pk, "few experts")
    ]


def test_nobody_writes_or_submits_for_another_person(draft, ada, cleo):
    for other in (ada, cleo):
        with pytest.raises(PermissionDenied):
            save(draft, "conclusion", text="theirs", by=other)
        with pytest.raises(PermissionDenied):
            drafts.submit(draft, by=other)
    assert not Answer.objects.exists()


def test_submitting_names_what_is_missing_and_writes_nothing(draft, study, ben):
    make_section(study.phases.get(), "benefits", is_required=True)
    with pytest.raises(drafts.Incomplete) as refused:
        drafts.submit(draft, by=ben)
    assert [section.key for section in refused.value.missing] == ["challenges", "benefits"]
    save(draft, "challenges", none_apply=True)
    save(draft, "benefits", absence="not_reported")
    drafts.submit(draft, by=ben)
    assert Summary.objects.get().is_submitted


def test_evidence_without_a_judgement_is_no_answer(draft, ben):
    save(draft, "challenges", quote="something", confidence=3)
    with pytest.raises(drafts.Incomplete):
        drafts.submit(draft, by=ben)


def test_submitting_freezes_names_the_codebook_and_stands_in_the_log(draft, study, paper, ben):
    type(study).objects.update(codebook_version=7)
    save(draft, "challenges", none_apply=True)
    drafts.submit(draft, by=ben)
    summary = Summary.objects.get()
    assert (summary.codebook_version, summary.answers.get().codebook_version) == (7, 7)
    entry = LogEntry.objects.get(act="submit-summary")
    assert (entry.by, entry.paper) == (ben, paper)


def test_a_submitted_summary_is_changed_by_no_act(draft, study, ben):
    save(draft, "challenges", none_apply=True)
    drafts.submit(draft, by=ben)
    before = list(Answer.objects.values())
    for based_on in (0, 1, 99):
        with pytest.raises(drafts.Frozen):
            save(draft, "challenges", absence="unclear", based_on=based_on)
    with pytest.raises(drafts.Frozen):
        save(draft, "conclusion", text="late")
    with pytest.raises(drafts.Frozen):
        drafts.submit(draft, by=ben)
    assert drafts.open_summary(draft.assignment) == draft
    assert list(Answer.objects.values()) == before
    assert not KeptEdit.objects.exists()


def test_colliding_edits_must_be_settled_before_submitting(draft, ben):
    save(draft, "challenges", none_apply=True)
    save(draft, "challenges", absence="unclear")
    with pytest.raises(drafts.Incomplete) as refused:
        drafts.submit(draft, by=ben)
    assert [section.key for section in refused.value.colliding] == ["challenges"]


def test_a_closed_round_or_a_paper_taken_back_takes_no_submission_but_keeps_the_draft(draft, ben):
    save(draft, "challenges", none_apply=True)
    round, assignment = draft.assignment.round, draft.assignment
    round.closed_at = timezone.now()
    round.save()
    with pytest.raises(ValidationError, match="is closed"):
        drafts.submit(draft, by=ben)
    save(draft, "conclusion", text="on its way when the round closed")
    round.closed_at = None
    round.save()
    assignment.withdrawn_at = timezone.now()
    assignment.save()
    with pytest.raises(ValidationError, match="taken back"):
        drafts.submit(draft, by=ben)
    assert said(draft, "conclusion").text == "on its way when the round closed"


def test_who_left_the_study_submits_nothing(draft, study, ben):
    save(draft, "challenges", none_apply=True)
    Membership.objects.filter(study=study, user=ben).update(deactivated_at=timezone.now())
    with pytest.raises(PermissionDenied):
        drafts.submit(draft, by=ben)


def test_saving_takes_the_same_few_queries_however_much_there_is(
    draft, study, django_assert_num_queries
):
    challenges = section(study, "challenges")
    few = marks(code(study, "Talent"))
    many = [{"code": make_code(challenges, f"Code {n}").pk, "quote": f"q{n}"} for n in range(40)]
    save(draft, "challenges", marks=few)
    for based_on, wanted in ((1, many), (2, few)):
        with django_assert_num_queries(10):
            drafts.save_answer(
                draft,
                challenges,
                {"marks": wanted},
                based_on=based_on,
                by=draft.assignment.reviewer,
            )


@pytest.mark.django_db(transaction=True)
def test_of_many_saves_at_once_every_text_is_found_again(draft, study, ben):
    conclusion = section(study, "conclusion")

    def write(number):
        try:
            return drafts.save_answer(
                draft, conclusion, {"text": f"text {number}"}, based_on=0, by=ben
            ).word
        finally:
            close_old_connections()
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        words = sorted(pool.map(write, range(8)))
    assert words == ["kept"] * 7 + ["saved"]
    texts = {said(draft, "conclusion").text} | {
        kept.content["text"] for kept in KeptEdit.objects.all()
    }
    assert texts == {f"text {number}" for number in range(8)}


@pytest.mark.django_db(transaction=True)
def test_of_many_submissions_at_once_one_counts(draft, ben):
    save(draft, "challenges", none_apply=True)

    def press(_):
        try:
            drafts.submit(Summary.objects.get(pk=draft.pk), by=ben)
            return "submitted"
        except drafts.Frozen:
            return "frozen"
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        words = sorted(pool.map(press, range(6)))
    assert words == ["frozen"] * 5 + ["submitted"]
    assert LogEntry.objects.filter(act="submit-summary").count() == 1
