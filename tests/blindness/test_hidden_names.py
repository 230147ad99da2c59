"""Where a study hides names nothing leads from a letter to a person: no refusal, log line or
file.
"""

import hashlib
import json

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from mapping.judgement.values import Judgement, Mark
from mapping.models import Membership
from reviews.blindness import rules
from reviews.blindness.names import NAME
from reviews.models import Mention, Resolution, Summary
from reviews.settling import discussion, resolutions
from reviews.settling.decisions import heard, what_was_said
from tests.making import make_assignment, make_paper, make_round, make_summary, make_user
from tests.reading import form_in

NAMES = ("ben", "Ben", "cleo", "Cleo")


@pytest.fixture
def section(study):
    return study.sections.get(key="method")


@pytest.fixture
def paper(study, ben, cleo):
    study.is_anonymous = True
    study.save()
    make_round(study, "Main")
    paper = make_paper(study, "Read by two")
    make_summary(paper, ben, answers={"method": "Survey"})
    make_summary(paper, cleo, answers={"method": "Experiment"})
    return paper


@pytest.fixture
def letter(paper, section):
    """What each reader is called on the paper, by user name."""
    return {
        user.username: letter
        for letter, user in discussion.lettered(paper, section.phase_id).items()
    }


def page(paper):
    return reverse("comparison", args=[paper.study.slug, paper.key])


def names_in(text):
    return [name for name in NAMES if name in text]


def log_of(client, study, query=""):
    return client.get(reverse("log", args=[study.slug]) + query).content.decode()


def test_a_reader_who_is_called_by_letter_is_refused_by_letter(
    paper, section, letter, ben, ada, as_user
):
    make_assignment(paper, ben, round=make_round(paper.study, "Retest"))
    called = f"@{letter['ben']} look"
    with pytest.raises(ValidationError) as refused:
        discussion.remark(paper, section, text=called, by=ada)
    assert refused.value.messages == [
        f"@{letter['ben']} may not see what was said on this paper yet, and so cannot be called."
    ]
    answer = as_user(ada).post(
        reverse("add-remark", args=[paper.study.slug, paper.key, "method"]), {"text": called}
    )
    assert answer.status_code == 422
    assert names_in(answer.content.decode()) == []


def test_calling_by_user_name_tells_nothing_of_who_is_behind_a_letter(
    paper, section, ben, cleo, ada
):
    """Whether they read the paper or not, may see it or not: the same answer."""
    dan, eve = make_user("dan"), make_user("eve")
    Membership.objects.create(study=paper.study, user=dan, role="reviewer")
    Membership.objects.create(study=paper.study, user=eve, role="lead")
    make_assignment(paper, ben, round=make_round(paper.study, "Retest"))
    discussion.remark(paper, section, text="@ben @cleo @dan @eve look", by=ada)
    assert [mention.user for mention in Mention.objects.all()] == [eve]


def test_a_name_that_somebody_types_does_not_become_its_letter(paper, section, ada, as_user):
    discussion.remark(
        paper, section, text="I think ben is right, and Cleo Reviewer is not; ada too", by=ada
    )
    shown = as_user(ada).get(page(paper)).content.decode()
    assert f"I think {NAME} is right, and {NAME} is not; {NAME} too" in shown
    assert names_in(shown) == []


def test_a_remark_kept_as_a_rule_names_nobody(paper, section, ada, ben):
    line = discussion.remark(paper, section, text="I, Ben, count only surveys", by=ben)
    code = section.codes.first()
    discussion.keep_as_rule(line, code, by=ada)
    code.refresh_from_db()
    assert code.definition == f"Decision rule: I, {NAME}, count only surveys"


def test_whoever_comes_too_late_to_settle_does_not_learn_who_was_first(
    paper, section, ada, ben, as_user
):
    Membership.objects.filter(user=ben).update(role="lead")
    client = as_user(ada)
    fields = form_in(client.get(page(paper)), "settle-method")
    settled = Judgement(marks=(Mark(section.codes.get(label="Survey").pk),))
    resolutions.resolve(
        paper, section, settled=settled, basis="other", by=ben, cause="oversight", rationale="mine"
    )
    assert Resolution.objects.get().by_coder
    fields |= {"way": "own", "cause": "oversight", "rationale": "late"}
    answer = client.post(reverse("settle", args=[paper.study.slug, paper.key, "method"]), fields)
    assert answer.status_code == 422
    assert "Somebody has settled" in answer.content.decode()
    assert names_in(answer.content.decode()) == []


def test_the_log_does_not_tell_whose_letter_wrote_a_remark(paper, section, ada, ben, as_user):
    discussion.remark(paper, section, text="Look at table 3", by=ben)
    client = as_user(ada)
    shown = log_of(client, paper.study)
    assert "Remarked on" in shown
    assert names_in(shown) == []
    assert "Remarked on" not in log_of(client, paper.study, "?person=ben")
    lines = b"".join(
        client.get(reverse("log-csv", args=[paper.study.slug])).streaming_content
    ).decode()
    assert ",,add-remark," in lines


def test_what_a_form_carries_confirms_no_guess_of_who_said_what(paper, section, ada, as_user):
    said = resolutions.said_of(paper, section)
    guess = hashlib.sha256(
        json.dumps(sorted(heard(what_was_said(said)).items())).encode()
    ).hexdigest()[:16]
    assert guess not in as_user(ada).get(page(paper)).content.decode()


def test_no_file_names_anybody_nor_tells_a_writer_which_number_a_name_has(
    paper, section, ada, as_user
):
    discussion.remark(paper, section, text="I think ben is right", by=ada)
    client, study = as_user(ada), paper.study
    for name in ("codings.csv", "remarks.csv", "resolutions.csv", "log.csv", "agreement.csv"):
        answer = client.get(reverse("export-file", args=[study.slug, name]))
        text = b"".join(answer.streaming_content if answer.streaming else [answer.content]).decode()
        assert names_in(text) == [], name
        if name == "remarks.csv":
            assert f"I think {NAME} is right" in text


def test_the_admin_site_tells_nobody_who_said_what_in_their_own_study(paper, ada, ben, as_user):
    own = make_summary(make_paper(paper.study), ada)
    ada.is_staff = ada.is_superuser = True
    ada.save()
    assert set(Summary.objects.filter(rules.may_read_summary_in_admin(ada))) == {own}
    shown = as_user(ada).get(reverse("admin:reviews_summary_changelist")).content.decode()
    assert paper.title not in shown
