"""Discussing one section of one paper: who reads it, who is called, what becomes a rule."""

import re

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from mapping.models import Membership
from mapping.papers import changes as paper_changes
from reviews.codebook import undo
from reviews.models import Mention, Remark
from reviews.settling import discussion
from tests.making import make_assignment, make_paper, make_user

SECRET = "Table 3 says persimmon"


def page(paper):
    return reverse("comparison", args=[paper.study.slug, paper.key])


def test_those_who_may_see_the_answers_read_the_discussion_and_nobody_else(
    paper, challenges, as_user, ada, ben, olga
):
    dan = make_user("dan")
    Membership.objects.create(study=paper.study, user=dan, role="reviewer")
    discussion.remark(paper, challenges, text=SECRET, by=ben)
    readers = {"ada": ada, "ben": ben, "dan": dan, "olga": olga}
    seen = {
        name
        for name, user in readers.items()
        if SECRET in as_user(user).get(page(paper)).content.decode()
    }
    assert seen == {"ada", "ben"}


def test_remarks_are_invisible_to_those_still_blind_on_every_page(
    paper, challenges, as_user, ada, ben
):
    line = discussion.remark(paper, challenges, text=f"{SECRET} @ada", by=ben)
    # Ada was called, then she is to code the paper herself.
    make_assignment(paper, ada)
    client = as_user(ada)
    slug = paper.study.slug
    for name in ("overview", "queue", "papers", "disagreements", "log", "causes", "feedback"):
        body = client.get(reverse(name, args=[slug])).content.decode()
        assert SECRET not in body
        assert "<b>1</b>" not in body.split("Mentions")[1][:80], name
    assert SECRET not in client.get(reverse("mentions")).content.decode()
    assert paper.title not in client.get(reverse("mentions")).content.decode()
    refused = client.get(page(paper))
    assert refused.status_code == 403
    assert SECRET not in refused.content.decode()
    for name in ("resolve-remark", "keep-rule"):
        assert client.post(reverse(name, args=[slug, line.pk])).status_code == 403
    address = reverse("add-remark", args=[slug, paper.key, challenges.key])
    answer = client.post(address, {"text": "Hello"}, headers={"HX-Request": "true"})
    assert answer.status_code == 403
    assert Remark.objects.count() == 1
    # Reading the mentions does not make the unreadable one seen.
    client.post(reverse("mentions-seen"))
    assert Mention.objects.get().seen_at is None


def test_a_mention_rings_until_it_is_seen_and_comes_by_mail(
    paper, challenges, as_user, ben, cleo, settings, django_capture_on_commit_callbacks
):
    settings.SENDS_MAIL = True
    with django_capture_on_commit_callbacks(execute=True):
        discussion.remark(paper, challenges, text=f"{SECRET}, @Cleo? And mail@ben.org", by=ben)
    assert [one.user for one in Mention.objects.all()] == [cleo]
    assert [message.to for message in mail.outbox] == [[cleo.email]]
    assert page(paper) in mail.outbox[0].body
    assert SECRET not in mail.outbox[0].body
    client = as_user(cleo)
    assert discussion.unseen_count(cleo) == 1
    assert paper.title in client.get(reverse("mentions")).content.decode()
    client.get(page(paper))
    assert discussion.unseen_count(cleo) == 0


def test_without_smtp_no_mail_is_tried(paper, challenges, ben, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        discussion.remark(paper, challenges, text="@cleo look", by=ben)
    assert mail.outbox == []


def test_whoever_may_not_see_the_answers_cannot_be_called(paper, challenges, ben):
    dan = make_user("dan")
    Membership.objects.create(study=paper.study, user=dan, role="reviewer")
    with pytest.raises(ValidationError):
        discussion.remark(paper, challenges, text="What do you think, @dan?", by=ben)
    assert not Remark.objects.exists()


def test_observers_and_blind_reviewers_write_nothing(paper, challenges, olga, study):
    dan = make_user("dan")
    Membership.objects.create(study=study, user=dan, role="reviewer")
    make_assignment(paper, dan)
    for user in (olga, dan):
        with pytest.raises(PermissionDenied):
            discussion.remark(paper, challenges, text="Hello", by=user)


def test_a_thread_is_resolved_and_taken_up_again(paper, challenges, ben, cleo):
    line = discussion.remark(paper, challenges, text="Look at table 3", by=ben)
    assert discussion.resolve_remark(line, by=cleo)
    assert not discussion.resolve_remark(line, by=ben)
    line.refresh_from_db()
    assert line.resolved_by == cleo
    assert discussion.resolve_remark(line, by=ben, is_resolved=False)


def test_a_decision_rule_joins_the_definition_with_the_paper_as_example(
    paper, challenges, ada, ben
):
    line = discussion.remark(paper, challenges, text="Only where a budget is named.", by=ben)
    code = challenges.codes.get(label="Cost")
    with pytest.raises(PermissionDenied):
        discussion.keep_as_rule(line, code, by=ben)
    version = paper.study.codebook_version
    change = discussion.keep_as_rule(line, code, by=ada)
    code.refresh_from_db()
    assert "Only where a budget is named." in code.definition
    assert paper.key in code.example
    assert (change.version, change.act) == (version + 1, "redefine")
    assert Remark.objects.get().is_decision_rule
    # Pressed twice, or by two leads, it is one rule; and like any change of the codebook it can be
    # taken back.
    with pytest.raises(ValidationError):
        discussion.keep_as_rule(line, code, by=ada)
    undo.undo(change, by=ada, reason="Too strict.")
    code.refresh_from_db()
    assert (code.definition, code.example) == ("", "")


def test_a_rule_waits_while_its_example_would_tell_somebody_who_still_codes_the_paper(
    paper, challenges, ada, study
):
    dan = make_user("dan")
    Membership.objects.create(study=study, user=dan, role="reviewer")
    line = discussion.remark(paper, challenges, text="Only where a budget is named.", by=ada)
    make_assignment(paper, dan)
    with pytest.raises(ValidationError):
        discussion.keep_as_rule(line, challenges.codes.first(), by=ada)


def test_in_an_anonymous_study_readers_are_called_by_letter_and_named_nowhere(
    paper, challenges, as_user, ada, ben, cleo
):
    paper.study.is_anonymous = True
    paper.study.save()
    letters = {
        user.pk: letter for letter, user in discussion.lettered(paper, challenges.phase_id).items()
    }
    discussion.remark(
        paper, challenges, text=f"I am ben, and @{letters[cleo.pk]} should look", by=ben
    )
    assert [one.user for one in Mention.objects.all()] == [cleo]
    body = as_user(ada).get(page(paper)).content.decode()
    body = re.sub(r'value="\w{64}"', "", body)  # a token may hold any three letters
    for name in ("Ben", "ben", "Cleo", "cleo"):
        assert name not in body, name


def test_a_discussed_paper_is_not_deleted(study, ada, challenges):
    paper = make_paper(study, "Discussed")
    Remark.objects.create(paper=paper, section=challenges, by=ada, text="Is this in scope?")
    with pytest.raises(
        ValidationError, match=r"Nothing was removed: 1 of these papers is .*remark"
    ):
        paper_changes.delete_paper(paper, by=ada)
    assert Remark.objects.filter(paper=paper).exists()
