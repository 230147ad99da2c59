"""One rule of blindness: in every case, whoever asks, every place that asks gives the same answer.

Cleo and Dan submitted the paper in the main round. What happened, step by step, to Ben, who asks,
and to the rounds stands in the table below. Before it `y` and `n`: whether he may know what they
said, as a lead, as a reviewer where leads settle, as a reviewer where those settle who did not
code, and as an observer; each first where others are visible once one has submitted, then where
once the round is closed.
"""

import pytest
from django.test import RequestFactory
from django.utils import timezone

from mapping.judgement.stored import settled_as_json
from mapping.judgement.values import Judgement
from mapping.models import Finding, LogEntry, Membership
from reviews.admin import resolutions as admin_pages
from reviews.blindness import log, rules
from reviews.blindness.early_look import look_early
from reviews.blindness.visible import open_to, visible_findings, visible_summaries
from reviews.codebook import impact
from reviews.exchange import scope
from reviews.models import Assignment, Deferral, RecodingTask, Remark, Resolution, Summary
from reviews.settling import discussion, permissions, unanimous
from reviews.settling.comparison_page import Page, closed_phases
from reviews.settling.disagreements import board_for
from tests.making import (
    make_assignment,
    make_paper,
    make_phase,
    make_round,
    make_section,
    make_summary,
    make_user,
    membership_of,
)

ASKERS = [
    ("lead", "leads"),
    ("reviewer", "leads"),
    ("reviewer", "not_coders"),
    ("observer", "leads"),
]
SETTINGS = ("submitted", "closed")
TABLE = """
yy nn yn nn : have no part
yy nn yy nn : close main
yn yn yn nn : submit in pilot, close pilot
yn yn yn nn : submit in pilot, close main
yy yy yy nn : submit in pilot, close pilot, close main
yn yn yn nn : submit in pilot, close pilot, close main, a third has an open round
yn yn yn nn : submit in main
nn nn nn nn : be asked in main
nn nn nn nn : begin in main
nn nn nn nn : be asked in pilot, close pilot
nn nn nn nn : submit in pilot, be asked in main
nn nn nn nn : submit in pilot, close pilot, be asked in main, close main
yy nn nn nn : be asked in main, look early
yy yn yn nn : submit in main, look early
yy nn yn nn : be asked in main, withdraw
nn nn nn nn : be asked in main, withdraw, hand out again
yn nn yn nn : submit in main, withdraw
yn yn yn nn : submit in main, reopen
yy yy yy nn : submit in main, reopen, close main
nn nn nn nn : submit in main, close main, add a section
yy yy yy nn : submit in main, close main, add a section, answer it
yy nn yn nn : submit in another phase, close it
nn nn nn nn : submit in main, close main, leave the study
nn nn nn nn : submit in main, close main, close the account
yy yy yy yy : release
nn nn nn nn : be asked in main, release
yy yy yy yy : submit in main, release
"""
CASES = {
    steps.strip(): answers.split()
    for answers, steps in (line.split(":") for line in TABLE.strip().splitlines())
}


class Story:
    """What happens to Ben, the asker, and to the rounds. The others submitted in the main round."""

    def __init__(self, study, paper, ben, ada, rounds):
        self.study, self.paper, self.ben, self.ada, self.rounds = study, paper, ben, ada, rounds

    def tell(self, steps):
        for step in steps.split(", "):
            act, _, where = step.partition(" in ")
            getattr(self, act.replace(" ", "_"))(*([self.round(where)] if where else []))

    def round(self, name):
        if name == "another phase":
            return make_round(self.study, "Screening", phase=make_phase(self.study, "screening"))
        return self.rounds[name]

    def have_no_part(self):
        pass

    def submit(self, round):
        self.own = make_summary(
            self.paper, self.ben, round=round, answers={"method": "Survey"}
        ).assignment

    def be_asked(self, round):
        self.own = make_assignment(self.paper, self.ben, round=round)

    def begin(self, round):
        make_summary(
            self.paper, self.ben, round=round, submitted=False, answers={"method": "Survey"}
        )

    def close(self, name):
        self.rounds[name].closed_at = timezone.now()
        self.rounds[name].save()

    def close_it(self):
        self.own.round.closed_at = timezone.now()
        self.own.round.save()

    def close_main(self):
        self.close("main")

    def close_pilot(self):
        self.close("pilot")

    def a_third_has_an_open_round(self):
        make_assignment(self.paper, self.ada, round=make_round(self.study, "Third"))

    def look_early(self):
        look_early(self.paper, self.own.round.phase, user=self.ben, reason="to help")

    def withdraw(self):
        Assignment.objects.filter(pk=self.own.pk).update(withdrawn_at=timezone.now())

    def hand_out_again(self):
        Assignment.objects.filter(pk=self.own.pk).update(withdrawn_at=None)

    def reopen(self):
        Summary.objects.create(
            assignment=self.own, revision=2, reopened_by=self.ada, reopened_reason="a slip"
        )

    def add_a_section(self):
        section = make_section(self.own.round.phase, "later", "yes_no")
        RecodingTask.objects.create(assignment=self.own, section=section)

    def answer_it(self):
        RecodingTask.objects.update(done_at=timezone.now())

    def leave_the_study(self):
        Membership.objects.filter(user=self.ben).update(deactivated_at=timezone.now())

    def close_the_account(self):
        self.ben.is_active = False
        self.ben.save()

    def release(self):
        self.study.released_at = timezone.now()
        self.study.save()


@pytest.fixture
def told(study, ada, ben, cleo):
    """What may leak: what two others said of a paper, and all that rests on it."""
    dan = make_user("dan")
    Membership.objects.create(study=study, user=dan, role="reviewer")
    pilot, main = make_round(study, "Pilot"), make_round(study, "Main")
    paper = make_paper(study, "A secret paper")
    theirs = make_summary(paper, cleo, round=main, answers={"method": "Experiment"})
    make_summary(paper, dan, round=main, answers={"method": "Case study"})
    section = study.sections.get(key="method")
    finding = Finding.objects.create(paper=paper, section=section, settled_at=timezone.now())
    facts = {"paper": paper, "section": section}
    content = {"settled": settled_as_json(Judgement(none_apply=True)), "said": {}, "replaces": None}
    rows = {
        Finding: finding,
        Resolution: Resolution.objects.create(
            **facts,
            finding=finding,
            basis="other",
            content=content,
            reviewers=2,
            decided_by=ada,
            decided_at=timezone.now(),
        ),
        Remark: Remark.objects.create(**facts, by=ada, text="an experiment here"),
        Deferral: Deferral.objects.create(**facts, by=ada, note="differs"),
        LogEntry: LogEntry.objects.record(study, ada, "defer-section", "Put it off", paper=paper),
    }
    return paper, theirs, rows, {"pilot": pilot, "main": main}


def everybody_asked(user, study, paper, theirs, rows):
    """What every place says: `{place: may know}`."""
    membership = membership_of(user, study)
    phase = theirs.assignment.round.phase
    pair = (paper.pk, phase.pk)
    finding = Finding.objects.filter(pk=rows[Finding].pk)
    found = {
        "visible_summaries": theirs in visible_summaries(membership, paper),
        "rules.may_read_summary_in_admin": theirs
        in Summary.objects.filter(rules.may_read_summary_in_admin(user)),
        "rules.may_know": finding.filter(rules.may_know(membership)).exists(),
        "rules.may_know with one phase": study.papers.filter(
            rules.may_know(membership, paper="pk", phase=phase), pk=paper.pk
        ).exists(),
        "rules.closed_pairs": pair not in rules.closed_pairs(membership),
        "rules.is_blind_somewhere": not rules.is_blind_somewhere(membership),
        "visible.open_to": finding.filter(open_to(membership)).exists(),
        "log.papers_closed_to": not log.papers_closed_to(membership).filter(paper=paper).exists(),
        "impact.is_blind": not impact.is_blind(membership),
        "impact.visible_marks": impact.visible_marks(membership)
        .filter(answer__summary=theirs)
        .exists(),
        "permissions.is_blind": not permissions.is_blind(membership, paper, phase),
        "settling.hidden_from": pair not in unanimous.hidden_from(membership),
        "discussion.visible_pairs": pair in discussion.visible_pairs(membership, [paper.pk]),
        "discussion.remarks_visible_to": discussion.remarks_visible_to(membership, paper).exists(),
    }
    found |= {f"admin: {name}": seen for name, seen in shown_in_admin(user, rows).items()}
    is_member = rules.active_membership(user, study)
    return found | (asked_as_member(membership, paper, theirs, rows) if is_member else {})


def shown_in_admin(user, rows):
    request = RequestFactory().get("/")
    request.user = user
    pages = {
        Finding: admin_pages.FindingPage,
        Resolution: admin_pages.ResolutionPage,
        Remark: admin_pages.RemarkPage,
        Deferral: admin_pages.DeferralPage,
        LogEntry: admin_pages.LogEntryPage,
    }
    return {
        page.__name__: rows[model] in page(model, None).get_queryset(request)
        for model, page in pages.items()
    }


def asked_as_member(membership, paper, theirs, rows):
    phase = theirs.assignment.round.phase
    leaving = scope.visible(membership)
    page = Page(membership, paper)
    found = {
        f"scoping: {model.__name__}": rows[model] in leaving[model]
        for model in (Resolution, Remark, Deferral)
    }
    found |= {
        "scoping: Summary": theirs in leaving[Summary],
        "side_by_side.Page": phase.pk in page.phases,
        "side_by_side.closed_phases": phase not in closed_phases(membership, paper)
        and phase.pk in page.phases,
    }
    if membership.is_lead:
        found |= {
            "log.lines": rows[LogEntry] in log.lines(membership),
            "scoping: Finding": rows[Finding] in leaving[Finding],
            "visible.visible_findings": visible_findings(membership).exists(),
        }
    return found


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("others_visible", SETTINGS)
def test_every_place_that_asks_who_may_know_gives_one_answer(
    case, others_visible, study, ada, ben, told
):
    paper, theirs, rows, rounds = told
    study.others_visible = others_visible
    study.save()
    member = Membership.objects.filter(user=ben, study=study)
    member.update(role="lead")
    Story(study, paper, ben, ada, rounds).tell(case)
    for (role, who_settles), wanted in zip(ASKERS, CASES[case], strict=True):
        member.update(role=role)
        study.who_settles = who_settles
        study.save()
        may = wanted[SETTINGS.index(others_visible)] == "y"
        said = everybody_asked(ben, study, paper, theirs, rows)
        assert {place: found for place, found in said.items() if found != may} == {}, (
            role,
            who_settles,
            may,
        )
        if not may:
            membership = membership_of(ben, study)
            assert not visible_findings(membership).exists()
            assert not board_for(membership).differences


def test_what_is_told_by_paper_alone_is_closed_where_any_phase_of_it_is(study, ben, told):
    paper, theirs, rows, _ = told
    screening = make_round(study, "Screening", phase=make_phase(study, "screening"))
    make_assignment(paper, ben, round=screening)
    member = Membership.objects.filter(user=ben, study=study)
    member.update(role="lead")
    phase = theirs.assignment.round.phase
    membership = membership_of(ben, study)
    assert not permissions.is_blind(membership, paper, phase)
    assert permissions.is_blind(membership, paper, screening.phase)
    assert rules.closed_pairs(membership) == {(paper.pk, screening.phase_id)}
    assert log.papers_closed_to(membership).filter(paper=paper).exists()
    assert rows[LogEntry] not in log.lines(membership)


def test_to_know_of_many_papers_takes_as_many_questions_as_of_one(
    study, ben, told, django_assert_num_queries
):
    for number in range(4):
        make_summary(make_paper(study), ben, round=told[3]["main"], submitted=bool(number % 2))
    membership = membership_of(ben, study)
    with django_assert_num_queries(1):
        rules.closed_pairs(membership)
    with django_assert_num_queries(1):
        rules.open_pairs(membership, study.papers.values("pk"))
    with django_assert_num_queries(1):
        list(visible_summaries(membership))
