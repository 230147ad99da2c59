"""Members, their roles, leaving and coming back."""

from threading import Barrier, Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from mapping.models import LogEntry, Membership
from mapping.people.membership import change_role, deactivate, reactivate
from reviews.models import Summary
from tests.making import make_paper, make_study, make_summary, make_user


def part_of(user, study):
    return Membership.objects.get(user=user, study=study)


def team_of(study, page=""):
    return f"/s/{study.slug}/team/{page}"


def at_once(*acts):
    """Run the acts in threads of their own that start together; what each raised, or None."""
    together, raised = Barrier(len(acts)), [None] * len(acts)

    def run(number, act):
        try:
            together.wait(timeout=10)
            act()
        except Exception as error:
            raised[number] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_every_member_sees_the_team_and_only_leads_see_addresses_and_invitations(
    study, as_user, ada, olga
):
    study.invitations.create(role="reviewer", email="guest@example.org", invited_by=ada)
    for user, sees in ((ada, True), (olga, False)):
        page = as_user(user).get(team_of(study)).content.decode()
        assert all(
            name in page for name in ("Ada Lead", "Ben Reviewer", "Cleo Reviewer", "Olga Observer")
        )
        assert ("ben@example.org" in page, "guest@example.org" in page, "Deactivate" in page) == (
            sees,
            sees,
            sees,
        )


def test_the_team_page_asks_the_same_number_of_questions_with_1_and_4_more_members(
    as_user, ada, django_assert_num_queries, django_assert_max_num_queries
):
    study, own = make_study(lead=ada), as_user(ada)

    def add():
        person = make_user()
        Membership.objects.create(study=study, user=person, role="reviewer")
        study.invitations.create(
            role="reviewer", invited_by=ada, accepted_by=person, accepted_at="2026-01-01T00:00Z"
        )

    add()
    with django_assert_max_num_queries(40) as with_one:
        own.get(team_of(study))
    for _ in range(3):
        add()
    with django_assert_num_queries(len(with_one)):
        own.get(team_of(study))


def test_many_invitations_come_in_pages(study, as_user, ada):
    for _ in range(27):
        study.invitations.create(role="reviewer", invited_by=ada)

    assert as_user(ada).get(team_of(study)).content.decode().count("Copy the link") == 25
    assert (
        as_user(ada).get(team_of(study), {"page": 2}).content.decode().count("Copy the link") == 2
    )


def test_a_lead_changes_a_role_and_the_log_says_so(study, as_user, ada, ben):
    done = as_user(ada).post(
        team_of(study, f"{part_of(ben, study).pk}/role/"), {"role": "observer"}
    )

    assert (done.status_code, part_of(ben, study).role) == (302, "observer")
    entry = LogEntry.objects.get(act="change-role")
    assert (entry.by, entry.facts["before"]) == (ada, "reviewer")
    assert entry.text == "Ben Reviewer is now observer, was reviewer."


@pytest.mark.parametrize("role", ["", "owner"])
def test_a_role_that_does_not_exist_is_refused(role, study, as_user, ada, ben):
    refused = as_user(ada).post(team_of(study, f"{part_of(ben, study).pk}/role/"), {"role": role})

    assert (refused.status_code, part_of(ben, study).role) == (422, "reviewer")


def test_a_member_of_another_study_is_nowhere_to_be_found(study, as_user, ada, zoe):
    other = part_of(zoe, make_study(lead=zoe))
    for page, posted in (("role", {"role": "observer"}), ("deactivate", {}), ("reactivate", {})):
        assert as_user(ada).post(team_of(study, f"{other.pk}/{page}/"), posted).status_code == 404
    other.refresh_from_db()
    assert (other.role, other.is_active) == ("lead", True)


def test_a_deactivated_member_is_outside_and_their_work_stays(study, as_user, ada, ben):
    summary = make_summary(make_paper(study), ben, answers={"challenges": ["Talent"]})
    as_user(ada).post(team_of(study, f"{part_of(ben, study).pk}/deactivate/"))

    assert as_user(ben).get(team_of(study)).status_code == 404
    assert list(Summary.objects.submitted()) == [summary]
    assert "Ben Reviewer" in as_user(ada).get(team_of(study)).content.decode()

    as_user(ada).post(team_of(study, f"{part_of(ben, study).pk}/reactivate/"))
    assert as_user(ben).get(team_of(study)).status_code == 200
    assert part_of(ben, study).role == "reviewer"
    assert set(LogEntry.objects.values_list("act", flat=True)) == {
        "deactivate-member",
        "reactivate-member",
    }


def test_the_last_lead_can_neither_be_demoted_nor_deactivated(study, as_user, ada):
    for page, posted in (("role", {"role": "reviewer"}), ("deactivate", {})):
        refused = as_user(ada).post(team_of(study, f"{part_of(ada, study).pk}/{page}/"), posted)
        assert refused.status_code == 422
        assert "is the only active lead" in refused.content.decode()
    assert (part_of(ada, study).role, part_of(ada, study).is_active) == ("lead", True)
    assert not LogEntry.objects.exists()


def test_a_lead_whose_account_is_closed_does_not_count(study, ada, ben):
    change_role(part_of(ben, study), role="lead", by=ada)
    ben.is_active = False
    ben.save()

    with pytest.raises(ValidationError, match="only active lead"):
        deactivate(part_of(ada, study), by=ada)


def test_a_lead_who_steps_back_arrives_at_a_page_they_may_see(study, as_user, ada, ben):
    change_role(part_of(ben, study), role="lead", by=ada)
    own = as_user(ada)

    stepped = own.post(
        team_of(study, f"{part_of(ada, study).pk}/role/"), {"role": "reviewer"}, follow=True
    )
    assert stepped.status_code == 200
    change_role(part_of(ada, study), role="lead", by=ben)
    assert own.post(team_of(study, f"{part_of(ada, study).pk}/deactivate/")).url == "/"


def test_a_lead_who_leaves_cannot_come_back_by_a_link_they_kept(study, ada, ben):
    change_role(part_of(ben, study), role="lead", by=ada)
    kept = study.invitations.create(role="lead", invited_by=ben)
    change_role(part_of(ben, study), role="reviewer", by=ada)

    kept.refresh_from_db()
    assert kept.state == "revoked"


def demote(membership, *, by):
    change_role(membership, role="observer", by=by)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", [demote, deactivate])
def test_of_two_leads_who_remove_each_other_at_once_one_stays(act, study, ada, ben):
    change_role(part_of(ben, study), role="lead", by=ada)
    of_ada, of_ben = part_of(ada, study), part_of(ben, study)
    raised = at_once(lambda: act(of_ada, by=ben), lambda: act(of_ben, by=ada))

    assert Membership.objects.leads().filter(study=study).count() == 1
    assert [type(error) for error in raised if error] == [ValidationError]


@pytest.mark.django_db(transaction=True)
def test_of_two_leads_who_both_step_back_at_once_one_stays(study, ada, ben):
    change_role(part_of(ben, study), role="lead", by=ada)
    of_ada, of_ben = part_of(ada, study), part_of(ben, study)
    raised = at_once(lambda: deactivate(of_ada, by=ada), lambda: deactivate(of_ben, by=ben))

    assert Membership.objects.leads().filter(study=study).count() == 1
    assert [type(error) for error in raised if error] == [ValidationError]


def test_an_act_of_somebody_who_is_no_lead_any_more_changes_nothing(study, ada, ben, cleo):
    for act in (
        lambda: change_role(part_of(cleo, study), role="lead", by=ben),
        lambda: deactivate(part_of(cleo, study), by=ben),
        lambda: reactivate(part_of(cleo, study), by=ben),
    ):
        with pytest.raises(ValidationError, match="no longer a lead"):
            act()
    assert not LogEntry.objects.exists()


def test_coming_to_the_address_of_an_act_without_posting_changes_nothing(study, as_user, ada, ben):
    for page in ("role", "deactivate", "reactivate"):
        came = as_user(ada).get(team_of(study, f"{part_of(ben, study).pk}/{page}/"))
        assert (came.status_code, came.url) == (302, team_of(study))
    assert part_of(ben, study).is_active
