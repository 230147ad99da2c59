"""Settling one section: who may, from what, what is kept, and what two leads at once do to each
other.
"""

import threading

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.utils import timezone

from mapping.judgement.stored import settled_from_json
from mapping.judgement.values import Judgement, Mark
from mapping.models import Code, Finding, Membership
from reviews.blindness.early_look import look_early
from reviews.coding import drafts as coding_drafts
from reviews.models import Deferral, Resolution, Summary
from reviews.settling.decisions import digest, is_late
from reviews.settling.permissions import Blind
from reviews.settling.resolutions import (
    AlreadySettled,
    AnswersChanged,
    defer,
    lift,
    resolve,
    said_of,
    undo,
)
from tests.making import (
    absent,
    make_answer,
    make_assignment,
    make_paper,
    make_round,
    make_study,
    make_summary,
    make_user,
)

BEN, CLEO = ["Model drift", "Talent"], ["Model drift", "Cost"]


@pytest.fixture
def paper(study, ben, cleo):
    """Ben and Cleo share one challenge of three."""
    make_round(study, "Main")
    paper = make_paper(study)
    make_summary(paper, ben, answers={"challenges": BEN, "maturity-stage": "Manual"})
    make_summary(paper, cleo, answers={"challenges": CLEO, "maturity-stage": "Manual"})
    return paper


def marked(*codes, **more):
    return Judgement(marks=tuple(map(Mark, codes)), **more)


def options(paper, section):
    said = said_of(paper, section)
    return {
        (one.name, *one.reviewers): said.comparison.with_evidence(one.judgement)
        for one in said.comparison.options
    }


def settle_on(paper, section, by, *, way=None, basis="union", **facts):
    found = options(paper, section)
    settled = next(one for name, one in found.items() if way in (None, name[0]))
    return resolve(
        paper,
        section,
        settled=settled,
        basis=basis,
        by=by,
        **{"cause": "oversight", "rationale": "Both are in table 3.", **facts},
    )


def found(paper, section):
    finding = Finding.objects.filter(paper=paper, section=section).first()
    return finding and {str(mark.code) for mark in finding.marks.all()}


def test_the_union_becomes_the_finding_with_the_quotes_that_carried_it(
    study, ada, ben, cleo, challenges
):
    make_round(study)
    paper = make_paper(study)
    make_answer(
        make_summary(paper, ben), "challenges", ["Talent"], quote="few data scientists", page="2"
    )
    make_answer(
        make_summary(paper, cleo), "challenges", ["Cost"], quote="insufficient budget", page="6"
    )
    settle_on(paper, challenges, ada, way="union")
    marks = Finding.objects.get(paper=paper, section=challenges).marks.all()
    assert {(str(mark.code), mark.quote, mark.page) for mark in marks} == {
        ("Talent", "few data scientists", "2"),
        ("Cost", "insufficient budget", "6"),
    }


def test_the_record_says_who_from_what_why_and_what_everybody_had_said(
    paper, ada, ben, cleo, challenges
):
    adopted = options(paper, challenges)["adopt", "Ben"]
    one = resolve(
        paper,
        challenges,
        settled=adopted,
        basis="adopted",
        adopted_from=ben,
        by=ada,
        cause="oversight",
        rationale=" It is in table 3. ",
    )
    assert (one.basis, one.adopted_from, one.cause, one.rationale) == (
        "adopted",
        ben,
        "oversight",
        "It is in table 3.",
    )
    assert (one.decided_by, one.reviewers, one.is_unanimous, one.by_coder) == (ada, 2, False, False)
    assert set(one.content["said"]) == {"ben", "cleo"}
    assert paper.study.log.get(act="settle-section").paper == paper


def test_what_no_option_says_is_composed_whatever_was_claimed(paper, ada, ben, challenges):
    only_talent = marked(challenges.codes.get(label="Talent").pk)
    one = resolve(
        paper,
        challenges,
        settled=only_talent,
        basis="adopted",
        adopted_from=ben,
        by=ada,
        cause="other",
        rationale="x",
    )
    assert (one.basis, one.adopted_from) == ("other", None)


@pytest.mark.parametrize(
    ("cause", "rationale"),
    [("", "because"), ("oversight", ""), ("oversight", "  "), ("boredom", "x")],
)
def test_a_difference_is_settled_with_a_cause_and_a_reason_or_not_at_all(
    paper, ada, challenges, cause, rationale
):
    with pytest.raises(ValidationError):
        settle_on(paper, challenges, ada, cause=cause, rationale=rationale)
    assert not Resolution.objects.exists()


def test_codes_of_another_section_or_study_two_answers_in_one_and_blanks_are_refused(
    paper, ada, challenges
):
    stage = paper.study.sections.get(key="maturity-stage")
    foreign = make_study().sections.get(key="challenges").codes.first()
    retired = challenges.codes.get(label="Data quality")
    Code.objects.filter(pk=retired.pk).update(status="retired")
    drift = challenges.codes.get(label="Model drift").pk
    both = tuple(stage.codes.values_list("pk", flat=True)[:2])
    for section, settled in [
        (challenges, marked(foreign.pk)),
        (challenges, marked(stage.codes.first().pk)),
        (challenges, marked(retired.pk)),
        (challenges, marked(drift, none_apply=True)),
        (challenges, marked(drift, absence="unclear")),
        (challenges, Judgement(absence="lost")),
        (challenges, Judgement(text="a text")),
        (challenges, Judgement()),
        (stage, marked(*both)),
    ]:
        with pytest.raises(ValidationError):
            resolve(
                paper, section, settled=settled, basis="other", by=ada, cause="other", rationale="x"
            )
    assert not Finding.objects.exists()


def test_none_of_the_codes_and_each_absence_stay_different_findings(
    study, ada, ben, cleo, challenges
):
    make_round(study)
    for why, expected in (
        (None, ("", True)),
        ("not_reported", ("not_reported", False)),
        ("unclear", ("unclear", False)),
    ):
        paper = make_paper(study)
        make_summary(paper, ben, answers={"challenges": absent(why) if why else []})
        make_summary(paper, cleo, answers={"challenges": ["Cost"]})
        settle_on(paper, challenges, ada, way="adopt", basis="adopted", adopted_from=ben)
        finding = Finding.objects.get(paper=paper)
        assert (finding.absence, finding.none_apply) == expected


# Who may


def test_reviewers_observers_and_strangers_settle_nothing(paper, ben, olga, zoe, challenges):
    for user in (ben, olga, zoe):
        with pytest.raises(PermissionDenied):
            settle_on(paper, challenges, user)


def test_whoever_did_not_code_the_paper_settles_it_where_the_study_says_so(paper, ben, challenges):
    dan = make_user("dan")
    Membership.objects.create(study=paper.study, user=dan, role="reviewer")
    with pytest.raises(PermissionDenied):
        settle_on(paper, challenges, dan)
    paper.study.who_settles = "not_coders"
    paper.study.save()
    assert settle_on(paper, challenges, dan).decided_by == dan
    with pytest.raises(PermissionDenied):
        settle_on(paper, challenges, ben)


def test_a_lead_who_coded_the_paper_is_marked_in_the_record_or_refused(paper, ada, challenges):
    make_summary(paper, ada, answers={"challenges": ["Cost"]})
    assert settle_on(paper, challenges, ada).by_coder
    paper.study.may_settle_own = False
    paper.study.save()
    with pytest.raises(PermissionDenied):
        settle_on(paper, challenges, ada)


def test_a_lead_who_still_has_to_code_the_paper_settles_nothing_before_looking_early(
    paper, ada, challenges
):
    make_assignment(paper, ada)
    for act in (
        lambda: settle_on(paper, challenges, ada),
        lambda: defer(paper, challenges, note="later", by=ada),
        lambda: lift(paper, challenges, by=ada),
    ):
        with pytest.raises(Blind):
            act()
    look_early(paper, challenges.phase, user=ada, reason="Nobody else is left.")
    assert settle_on(paper, challenges, ada).by_coder


def test_a_lead_who_waits_for_the_round_to_close_settles_nothing_in_it(paper, ada, challenges):
    paper.study.others_visible = "closed"
    paper.study.save()
    make_summary(paper, ada, answers={"challenges": ["Cost"]})
    with pytest.raises(Blind):
        settle_on(paper, challenges, ada)
    paper.study.rounds.update(closed_at=timezone.now())
    assert settle_on(paper, challenges, ada)


def test_one_answer_is_not_settled_while_somebody_still_codes_the_paper(
    study, ada, ben, cleo, challenges
):
    make_round(study)
    paper = make_paper(study)
    make_summary(paper, ben, answers={"challenges": BEN})
    make_assignment(paper, cleo)
    with pytest.raises(ValidationError):
        settle_on(paper, challenges, ada, way="adopt", basis="single")


# Undo, defer, decide again


def test_undoing_brings_back_exactly_what_was_there_before(paper, ada, challenges):
    first = settle_on(paper, challenges, ada, way="common", basis="intersection")
    before = Finding.objects.values(
        "absence", "none_apply", "text", "number", "yes_no", "settled_at"
    ).get()
    marks = set(Finding.objects.get().marks.values_list("code", "quote", "page", "rationale"))
    second = settle_on(paper, challenges, ada, way="union", seen=first.pk)
    assert undo(second, by=ada) == first
    assert (
        Finding.objects.values(
            "absence", "none_apply", "text", "number", "yes_no", "settled_at"
        ).get()
        == before
    )
    assert (
        set(Finding.objects.get().marks.values_list("code", "quote", "page", "rationale")) == marks
    )
    assert undo(first, by=ada) is None
    assert not Finding.objects.exists()
    assert [one.undone_by for one in Resolution.objects.all()] == [ada, ada]


def test_undoing_points_to_where_a_code_has_gone_since(paper, ada, challenges):
    first = settle_on(paper, challenges, ada, way="common", basis="intersection")
    second = settle_on(paper, challenges, ada, way="union", seen=first.pk)
    drift, cost = challenges.codes.get(label="Model drift"), challenges.codes.get(label="Cost")
    Code.objects.filter(pk=drift.pk).update(status="merged", merged_into=cost)
    undo(second, by=ada)
    assert found(paper, challenges) == {"Cost"}


def test_only_the_decision_in_force_is_undone(paper, ada, challenges):
    first = settle_on(paper, challenges, ada)
    second = settle_on(paper, challenges, ada, seen=first.pk)
    with pytest.raises(AlreadySettled):
        undo(first, by=ada)
    undo(second, by=ada)
    with pytest.raises(AlreadySettled):
        undo(second, by=ada)


def test_settling_ends_a_deferral_and_undoing_puts_it_off_again(paper, ada, challenges):
    defer(paper, challenges, note="Ask the authors", by=ada)
    one = settle_on(paper, challenges, ada)
    assert not Deferral.objects.in_force().exists()
    undo(one, by=ada)
    assert Deferral.objects.in_force().get().note == "Ask the authors"
    assert lift(paper, challenges, by=ada)
    assert not lift(paper, challenges, by=ada)


def test_what_is_settled_is_not_put_off(paper, ada, challenges):
    settle_on(paper, challenges, ada)
    with pytest.raises(AlreadySettled):
        defer(paper, challenges, note="", by=ada)


def test_the_second_lead_sees_the_firsts_decision_and_may_answer_it(paper, ada, challenges):
    eve = make_user("eve")
    Membership.objects.create(study=paper.study, user=eve, role="lead")
    first = settle_on(paper, challenges, ada, way="union")
    with pytest.raises(AlreadySettled) as refusal:
        settle_on(paper, challenges, eve, way="common", basis="intersection")
    assert refusal.value.resolution == first
    assert found(paper, challenges) == {"Model drift", "Talent", "Cost"}
    second = settle_on(paper, challenges, eve, way="common", basis="intersection", seen=first.pk)
    assert second.content["replaces"] == first.decided_at.isoformat()
    assert found(paper, challenges) == {"Model drift"}
    assert list(Resolution.objects.in_force().order_by("pk")) == [first, second]


# Late changes


def revise(paper, reviewer, ada, labels):
    summary = Summary.objects.get(
        assignment__paper=paper, assignment__reviewer=reviewer, revision=1
    )
    revision = coding_drafts.reopen(summary.assignment, by=ada, reason="Look at section 4 again")
    section = paper.study.sections.get(key="challenges")
    marks = [{"code": section.codes.get(label=label).pk} for label in labels]
    version = revision.answers.get(section=section).version
    coding_drafts.save_answer(revision, section, {"marks": marks}, based_on=version, by=reviewer)
    return coding_drafts.submit(revision, by=reviewer)


def test_a_revision_after_settling_overwrites_nothing_and_asks_for_a_second_look(
    paper, ada, ben, challenges
):
    one = settle_on(paper, challenges, ada, way="union")
    assert not is_late(one, said_of(paper, challenges))
    revise(paper, ben, ada, ["Data quality"])
    assert found(paper, challenges) == {"Model drift", "Talent", "Cost"}
    assert is_late(one, said_of(paper, challenges))
    codes = dict(challenges.codes.values_list("number", "pk"))
    kept = settled_from_json(one.content["settled"], codes)
    again = resolve(
        paper,
        challenges,
        settled=kept,
        basis="other",
        by=ada,
        seen=one.pk,
        cause="other",
        rationale="It stays.",
    )
    assert not is_late(again, said_of(paper, challenges))


def test_a_revision_that_only_confirms_the_finding_asks_for_nothing(
    paper, ada, ben, cleo, challenges
):
    one = settle_on(paper, challenges, ada, way="adopt", basis="adopted", adopted_from=ben)
    revise(paper, cleo, ada, BEN)
    assert not is_late(one, said_of(paper, challenges))


def test_nobody_settles_on_an_answer_that_changed_under_their_eyes(paper, ada, ben, challenges):
    seen = digest(said_of(paper, challenges))
    revise(paper, ben, ada, ["Data quality"])
    with pytest.raises(AnswersChanged):
        settle_on(paper, challenges, ada, answers_seen=seen)


# At once


@pytest.mark.django_db(transaction=True)
def test_of_two_leads_at_once_one_settles_and_the_other_is_shown_it(ada, ben, cleo):
    study = make_study(lead=ada)
    eve = make_user("eve")
    for user, role in ((ben, "reviewer"), (cleo, "reviewer"), (eve, "lead")):
        Membership.objects.create(study=study, user=user, role=role)
    make_round(study)
    section = study.sections.get(key="challenges")
    for _ in range(25):
        paper = make_paper(study)
        make_summary(paper, ben, answers={"challenges": BEN})
        make_summary(paper, cleo, answers={"challenges": CLEO})
        outcomes = at_once(
            lambda paper=paper: settle_on(paper, section, ada, way="union"),
            lambda paper=paper: settle_on(paper, section, eve, way="common", basis="intersection"),
        )
        settled = [one for one in outcomes if isinstance(one, Resolution)]
        refused = [one for one in outcomes if isinstance(one, AlreadySettled)]
        assert (len(settled), len(refused)) == (1, 1), outcomes
        assert refused[0].resolution == settled[0]
        codes = set(Finding.objects.get(paper=paper).marks.values_list("code__number", flat=True))
        assert codes == set(settled[0].content["settled"]["codes"])
        late = eve if settled[0].decided_by == ada else ada
        answer = settle_on(paper, section, late, way="union", seen=settled[0].pk)
        undone = at_once(lambda one=answer: undo(one, by=ada), lambda one=answer: undo(one, by=eve))
        assert sum(isinstance(one, AlreadySettled) for one in undone) == 1, undone
        assert Resolution.objects.filter(paper=paper).count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_last_readers_who_submit_at_once_settle_what_they_agree_on(ada, ben, cleo):
    study = make_study(lead=ada)
    for user in (ben, cleo):
        Membership.objects.create(study=study, user=user, role="reviewer")
    make_round(study)
    for _ in range(15):
        paper = make_paper(study)
        drafts = [
            make_summary(paper, user, submitted=False, answers={"challenges": BEN})
            for user in (ben, cleo)
        ]
        outcomes = at_once(
            lambda one=drafts[0]: coding_drafts.submit(one, by=ben),
            lambda one=drafts[1]: coding_drafts.submit(one, by=cleo),
        )
        assert all(isinstance(one, Summary) for one in outcomes), outcomes
        assert Resolution.objects.get(paper=paper).basis == "unanimous"


def at_once(*acts):
    """What each returns or raises, carried out in threads that start together."""
    barrier, outcomes = threading.Barrier(len(acts)), [None] * len(acts)

    def run(place, act):
        barrier.wait()
        try:
            outcomes[place] = act()
        except Exception as error:
            outcomes[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=one) for one in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
