"""Whom a remark calls and whom it refuses, what a rule may be made of, and what the page answers
when an act is refused.
"""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from mapping.judgement.values import Judgement
from reviews.models import Deferral, Mention, Remark, Resolution
from reviews.settling import discussion
from reviews.settling.resolutions import resolve
from tests.making import (
    make_assignment,
    make_member,
    make_round,
)

HTMX = {"HX-Request": "true"}


def remark(paper, text, by):
    return discussion.remark(paper, paper.study.sections.get(key="challenges"), text=text, by=by)


def called(line):
    return {mention.user.username for mention in line.mentions.all()}


# Who is called


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@cleo", {"cleo"}),
        ("@Cleo, @ADA: look.", {"cleo", "ada"}),
        ("(@cleo)", {"cleo"}),
        ("@cleo. And again @cleo!", {"cleo"}),
        ("write to cleo@cleo.org", set()),
        ("@@cleo", set()),
        ("@cleopatra", set()),
        ("@nobody", set()),
        ("@ben", set()),  # nobody calls themselves
        ("cleo", set()),
    ],
)
def test_a_name_after_an_at_sign_calls_whoever_has_it(paper, ben, text, names):
    assert called(remark(paper, text, ben)) == names


def test_names_with_dots_and_signs_are_found_whole(study, paper, ada, ben):
    make_member(study, "kim.lee-2+x", "lead")
    assert called(remark(paper, "Ask @kim.lee-2+x.", ben)) == {"kim.lee-2+x"}


def test_strangers_and_those_who_left_are_not_called_and_refuse_nothing(study, paper, ben, zoe):
    make_member(study, "eve", "lead", deactivated_at=timezone.now())
    assert called(remark(paper, "@zoe @eve", ben)) == set()


def test_one_who_may_not_read_it_yet_refuses_the_whole_remark_by_name(study, paper, ben, ada):
    make_assignment(paper, ada)
    with pytest.raises(ValidationError, match="@Ada may not see"):
        remark(paper, "@cleo @Ada", ben)
    assert not Remark.objects.exists()
    assert not Mention.objects.exists()
    assert not study.log.filter(act="add-remark").exists()


def test_where_names_are_hidden_readers_are_called_by_letter_alone(study, paper, ben, cleo, ada):
    study.is_anonymous = True
    study.save()
    letters = discussion.lettered(paper, study.phases.get().pk)
    (hers,) = [letter for letter, user in letters.items() if user == cleo]
    assert called(remark(paper, "@cleo", ben)) == set()
    assert called(remark(paper, f"@{hers.lower()}", ben)) == {"cleo"}
    assert called(remark(paper, "@ada", ben)) == {"ada"}
    # A user name refuses nothing: it would tell whose it is not.
    make_assignment(paper, ada)
    assert called(remark(paper, "@ada", ben)) == set()
    # A reader who reads it once more is blind again, and refused by letter.
    make_assignment(paper, cleo, round=make_round(study, "Again"))
    with pytest.raises(ValidationError, match=f"@{hers} may not see"):
        remark(paper, f"@{hers}", ben)


@pytest.mark.parametrize("text", ["", "  \n"])
def test_a_remark_says_something(paper, ben, text):
    with pytest.raises(ValidationError, match="a word or two"):
        remark(paper, text, ben)


def test_mentions_come_newest_first_and_only_of_what_may_be_read(study, paper, ben, cleo):
    first, second = (remark(paper, f"@cleo {number}", ben) for number in ("one", "two"))
    found = discussion.mentions_visible_to(cleo)
    assert [mention.remark for mention in found] == [second, first]
    assert discussion.unseen_count(cleo) == 2
    Mention.objects.filter(remark=first).update(seen_at=timezone.now())
    assert discussion.unseen_count(cleo) == 1
    make_assignment(paper, cleo, round=make_round(study, "Again"))
    assert (discussion.mentions_visible_to(cleo), discussion.unseen_count(cleo)) == ([], 0)


# What becomes a rule


def test_a_rule_belongs_to_a_code_of_its_section_and_may_be_put_in_other_words(
    study, paper, challenges, ada, ben
):
    line = remark(paper, "Ben says: only where a budget is named.", ben)
    foreign = study.sections.get(key="method").codes.first()
    with pytest.raises(ValidationError, match="no code of"):
        discussion.keep_as_rule(line, foreign, by=ada)
    assert not Remark.objects.get().is_decision_rule
    cost = challenges.codes.get(label="Cost")
    cost.definition, cost.example = "What it costs.", "See table 1."
    cost.save()
    change = discussion.keep_as_rule(line, cost, by=ada, text=" Only where money is named. ")
    cost.refresh_from_db()
    assert cost.definition == ("What it costs.\n\nDecision rule: Only where money is named.")
    assert cost.example == f"See table 1.\nSee {paper.key}."
    # The codebook is for everybody: nothing in the change tells of the paper's answers.
    assert "Ben" not in change.reason


def test_a_rule_names_nobody_where_names_are_hidden(study, paper, challenges, ada, ben):
    study.is_anonymous = True
    study.save()
    line = remark(paper, "Cleo is right here.", ben)
    discussion.keep_as_rule(line, challenges.codes.get(label="Cost"), by=ada)
    assert challenges.codes.get(label="Cost").definition == "Decision rule: (name) is right here."


# What the page answers


def test_what_is_refused_on_the_page_says_why_keeps_what_was_typed_and_writes_nothing(
    study, paper, challenges, ada, as_user
):
    line = remark(paper, "Only where a budget is named.", ada)
    settled = resolve(
        paper,
        challenges,
        settled=Judgement(absence="unclear"),
        basis="other",
        by=ada,
        cause="other",
        rationale="x",
    )
    Resolution.objects.filter(pk=settled.pk).update(undone_at=timezone.now())
    client, section = as_user(ada), (study.slug, paper.key, challenges.key)
    for address, posted, expected in (
        ("undo-settling", {"resolution": settled.pk}, "does not hold any longer"),
        ("undo-settling", {}, "does not hold any longer"),
        ("defer", {"note": "n" * 2001}, "at most 2,000 characters"),
        ("add-remark", {"text": "  "}, "a word or two"),
        ("add-remark", {"text": "typed " * 2000}, "typed typed"),
    ):
        answer = client.post(reverse(address, args=section), posted, headers=HTMX)
        assert (answer.status_code, expected in answer.content.decode()) == (422, True), expected
    for posted in ({}, {"code": "x"}, {"code": study.sections.get(key="method").codes.first().pk}):
        answer = client.post(reverse("keep-rule", args=[study.slug, line.pk]), posted, headers=HTMX)
        assert answer.status_code == 422
        assert "Choose the code" in answer.content.decode()
    assert not Deferral.objects.exists()
    assert Remark.objects.get().is_decision_rule is False


def test_a_section_that_nobody_answered_cannot_be_settled_from_an_old_page(
    study, paper, ada, as_user
):
    address = reverse("settle", args=[study.slug, paper.key, "cases"])
    answer = as_user(ada).post(address, {"way": "own", "number": "3"})
    assert answer.status_code == 422
    assert "Nobody has submitted anything on this section yet." in answer.content.decode()
