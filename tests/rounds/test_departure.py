"""Somebody leaves the team, or codes no longer: nobody waits for them, and their papers go to
others.
"""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from mapping.models import LogEntry, Membership, User
from reviews.models import Assignment, RecodingTask
from reviews.overview.open_work import waiting
from reviews.rounds import assignments, progress
from reviews.settling.unanimous import settle
from tests.making import (
    make_assignment,
    make_paper,
    make_round,
    make_summary,
    make_task,
    make_user,
    membership_of,
)


@pytest.fixture
def round(study):
    return make_round(study, "Main")


@pytest.fixture
def dan(study):
    return member(study, make_user("dan"))


def member(study, user):
    Membership.objects.create(study=study, user=user, role="reviewer")
    return user


def part_of(user, study):
    return study.memberships.get(user=user)


def page(name, study, user):
    return reverse(name, args=[study.slug, part_of(user, study).pk])


def readers_of(paper):
    living = Assignment.objects.living().filter(paper=paper)
    return set(living.values_list("reviewer__username", flat=True))


def without_login(study, name):
    user = User.objects.create(username=name)
    user.set_unusable_password()
    user.save()
    return member(study, user)


def leave_by_team_page(study, user):
    Membership.objects.filter(study=study, user=user).update(deactivated_at=timezone.now())


def leave_by_account(study, user):
    User.objects.filter(pk=user.pk).update(is_active=False)


def leave_by_role(study, user):
    Membership.objects.filter(study=study, user=user).update(role="observer")


LEAVING = [leave_by_team_page, leave_by_account, leave_by_role]


@pytest.mark.parametrize("leaves", LEAVING)
def test_a_round_waits_for_nobody_who_has_left(leaves, study, round, ada, ben, cleo):
    paper = make_paper(study)
    make_summary(paper, cleo, round=round, answers={"method": "Survey"})
    make_assignment(paper, ben, round=round)
    assert not progress.of_round(round).is_ready_to_close

    leaves(study, ben)

    found = progress.of_round(round)
    assert found.is_ready_to_close
    assert [reader.reader for reader in found.readers] == [cleo]
    assert "1 round has everything in" in " ".join(
        line.text for line in waiting(membership_of(ada, study))
    )


@pytest.mark.parametrize("leaves", LEAVING)
def test_filling_up_counts_readers_who_can_still_answer(leaves, study, round, ada, ben, cleo, dan):
    papers = [make_paper(study) for _ in range(3)]
    for paper in papers:
        make_assignment(paper, ben, round=round)
        make_assignment(paper, cleo, round=round)
    make_summary(papers[0], ben, round=round, answers={"method": "Survey"})

    leaves(study, ben)
    assignments.hand_out(round, papers=papers, reviewers=[cleo, dan], per_paper=2, by=ada)

    # What Ben submitted stays a reading; what he left behind is read by somebody else.
    assert [readers_of(paper) for paper in papers] == [
        {"ben", "cleo"},
        {"cleo", "dan"},
        {"cleo", "dan"},
    ]


@pytest.mark.parametrize("leaves", LEAVING)
def test_papers_of_a_reviewer_who_left_can_be_handed_out(leaves, study, round, ada, ben, cleo):
    paper = make_paper(study)
    make_assignment(paper, ben, round=round)
    leaves(study, ben)

    assert list(progress.papers_left(round.phase)) == [paper]
    assignments.hand_out(round, reviewers=[cleo], per_paper=1, by=ada)
    assert readers_of(paper) == {"cleo"}


def test_unanimous_answers_settle_without_a_reviewer_who_left(study, round, ada, ben, cleo, dan):
    paper = make_paper(study)
    for user in (cleo, dan):
        make_summary(paper, user, round=round, answers={"method": "Survey"})
    make_assignment(paper, ben, round=round)
    assert settle(study, by=ada)["settled"] == 0

    leave_by_account(study, ben)

    assert settle(study, by=ada)["settled"] == 1


def test_recoding_waits_for_nobody_who_has_left(study, round, ada, ben):
    paper = make_paper(study)
    make_summary(paper, ben, round=round, answers={"method": "Survey"})
    task = make_task(paper, ben)
    assert list(RecodingTask.objects.waiting()) == [task]

    leave_by_team_page(study, ben)

    assert list(RecodingTask.objects.waiting()) == []
    assert "looked at again" not in " ".join(
        line.text for line in waiting(membership_of(ada, study))
    )


def test_codings_from_a_file_do_not_keep_a_paper_from_being_handed_out(
    study, round, ada, ben, cleo
):
    imported = without_login(study, "r1")
    paper = make_paper(study)
    make_summary(paper, imported, round=round, answers={"method": "Survey"})

    assert list(progress.papers_left(round.phase)) == [paper]
    # But nobody is told to hand out what a finished study brought along.
    assert "not handed out" not in " ".join(
        line.text for line in waiting(membership_of(ada, study))
    )
    assignments.hand_out(round, reviewers=[ben, cleo], per_paper=2, by=ada)
    assert readers_of(paper) == {"r1", "ben", "cleo"}


def test_somebody_who_cannot_sign_in_is_given_no_papers(study, round, as_user, ada, ben, cleo):
    imported = without_login(study, "r1")
    make_paper(study)

    with pytest.raises(ValidationError, match=r"Cannot sign in.*: r1\. Invite them"):
        assignments.hand_out(round, reviewers=[ben, imported], by=ada)
    form = as_user(ada).get(reverse("hand-out", args=[study.slug, round.pk])).context["form"]
    assert [person.username for person in form.people] == ["ada", "ben", "cleo"]


# The page


def test_deactivating_shows_open_work_before_writing_anything(study, round, as_user, ada, ben):
    make_assignment(make_paper(study), ben, round=round)
    make_summary(make_paper(study), ben, round=round, submitted=False)
    make_summary(make_paper(study), ben, round=round, answers={"method": "Survey"})

    shown = as_user(ada).post(page("deactivate", study, ben))

    departure = shown.context["departure"]
    assert (departure.papers, departure.drafts, departure.submitted) == (2, 1, 1)
    assert departure.handed_over == 2
    assert part_of(ben, study).is_active
    assert not LogEntry.objects.exists()


def test_deactivating_hands_over_what_was_previewed(study, round, as_user, ada, ben, cleo):
    papers = [make_paper(study) for _ in range(4)]
    for paper in papers:
        make_assignment(paper, ben, round=round)
    make_assignment(papers[0], cleo, round=round)
    seen = as_user(ada).post(page("deactivate", study, ben)).context["departure"]
    posted = {"seed": 1, "reason": "On leave", f"reads_{cleo.pk}": "on"}

    plan = as_user(ada).post(page("deactivate", study, ben), posted).context["departure"]
    refused = as_user(ada).post(
        page("deactivate", study, ben), posted | {"expected": seen.fingerprint}
    )
    assert refused.status_code == 422
    assert part_of(ben, study).is_active
    as_user(ada).post(page("deactivate", study, ben), posted | {"expected": plan.fingerprint})

    assert not part_of(ben, study).is_active
    assert [readers_of(paper) for paper in papers] == [{"cleo"}] * 4
    assert not Assignment.objects.in_force().filter(reviewer=ben).exists()
    acts = set(LogEntry.objects.values_list("act", flat=True))
    assert acts == {"withdraw", "hand-over", "deactivate-member"}


def test_a_reviewer_who_becomes_observer_hands_over_too(study, round, as_user, ada, ben, cleo):
    paper = make_paper(study)
    make_assignment(paper, ben, round=round)
    posted = {"role": "observer"}
    shown = as_user(ada).post(page("role", study, ben), posted)
    posted |= {"seed": 1, "reason": "Only reads now", f"reads_{cleo.pk}": "on"}
    plan = as_user(ada).post(page("role", study, ben), posted).context["departure"]
    assert (shown.status_code, part_of(ben, study).role) == (200, "reviewer")

    as_user(ada).post(page("role", study, ben), posted | {"expected": plan.fingerprint})

    assert (part_of(ben, study).role, readers_of(paper)) == ("observer", {"cleo"})


def test_the_only_lead_keeps_their_papers_when_they_cannot_leave(study, round, as_user, ada, ben):
    paper = make_paper(study)
    make_assignment(paper, ada, round=round)
    posted = {"seed": 1, "reason": "Bye", f"reads_{ben.pk}": "on"}
    plan = as_user(ada).post(page("deactivate", study, ada), posted).context["departure"]

    refused = as_user(ada).post(
        page("deactivate", study, ada), posted | {"expected": plan.fingerprint}
    )

    assert refused.status_code == 422
    assert "is the only active lead" in refused.content.decode()
    assert readers_of(paper) == {"ada"}


def test_unanimous_answers_settle_when_the_last_reader_leaves(
    study, round, as_user, ada, ben, cleo, dan
):
    paper = make_paper(study)
    for user in (cleo, dan):
        make_summary(paper, user, round=round, answers={"method": "Survey"})
    make_assignment(paper, ben, round=round)
    posted = {"seed": 1, "reason": "Bye"}
    plan = as_user(ada).post(page("deactivate", study, ben), posted).context["departure"]

    as_user(ada).post(page("deactivate", study, ben), posted | {"expected": plan.fingerprint})

    assert [finding.section.key for finding in paper.findings.all()] == ["method"]


def test_the_preview_warns_of_takers_who_could_read_the_paper_before(
    study, round, as_user, ada, ben, cleo
):
    paper = make_paper(study, "Drift in practice")
    make_summary(paper, cleo, round=round, answers={"method": "Survey"})
    make_assignment(paper, ben, round=round)
    posted = {"seed": 1, "reason": "Bye", f"reads_{ada.pk}": "on"}

    shown = as_user(ada).post(page("deactivate", study, ben), posted).content.decode()

    assert "could read others" in shown
    assert "Drift in practice" in shown
