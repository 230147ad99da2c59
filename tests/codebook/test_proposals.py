"""The inbox of proposed codes."""

import re

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from mapping.models import Code, CodebookChange, Membership
from reviews.codebook import code_changes, undo
from reviews.coding import drafts
from reviews.models import Mark, RecodingTask
from tests.making import make_assignment, make_code, make_paper, make_summary, make_user


@pytest.fixture
def section(study):
    return study.sections.get(key="challenges")


@pytest.fixture
def proposed(section, study, ben):
    code = make_code(
        section, "Lack of talents", status="proposed", proposed_by=ben, reason="nobody to hire"
    )
    make_summary(
        make_paper(study, "A telling title", key="one"),
        ben,
        answers={"challenges": ["Lack of talents"]},
    )
    Mark.objects.filter(code=code).update(quote="we could not hire anybody")
    return code


def inbox(study):
    return reverse("proposals", args=[study.slug])


def decide(client, study, code, act, **facts):
    from mapping.codebook.versions import code_token

    code.refresh_from_db()
    url = reverse("decide-proposal", args=[study.slug, code.pk])
    return client.post(url, {"act": act, "seen": code_token(code), **facts})


def test_a_lead_sees_proposers_papers_and_near_labels(study, proposed, section, ada, as_user):
    make_code(section, "Lack of talent")
    shown = as_user(ada).get(inbox(study)).content.decode()
    for words in (
        "Lack of talents",
        "Ben Reviewer",
        "A telling title",
        "we could not hire anybody",
        "Nearly the same",
    ):
        assert words in shown


def test_a_blind_lead_sees_no_proposals_from_a_paper_still_to_code(
    study, proposed, section, ada, ben, as_user
):
    """Not its words, not how many there are, in no list, file, log line or page of the code."""
    paper = proposed.marks.get().answer.summary.assignment.paper
    proposed.definition = "Nobody can be hired"
    proposed.save()
    eve = make_user("eve")
    Membership.objects.create(study=study, user=eve, role="lead")
    drafts.propose_code(section, label="Whispered", definition="", reason="", by=ben)
    declined, merged = (
        make_code(section, label, status="proposed", proposed_by=ben)
        for label in ("Lack of hands", "Lack of heads")
    )
    code_changes.decline(declined, by=eve, reason="what lack?")
    code_changes.merge(
        merged, into=section.codes.get(label="Talent"), by=eve, reason="no other lack"
    )
    make_assignment(paper, ada)

    client = as_user(ada)
    shown = told_by(client, study)
    for words in (
        "Lack of",
        "lack",
        "Whispered",
        "Nobody can be hired",
        "nobody to hire",
        "we could not hire",
    ):
        assert [address for address, page in shown.items() if words in page] == []
    assert "proposed code" not in shown["overview"] + shown["codebook"]
    for code in (proposed, declined, merged):
        for name in (
            "decide-proposal",
            "code",
            "code-quotes",
            "merge-code",
            "retire-code",
            "split-code",
            "move-code",
        ):
            assert client.get(reverse(name, args=[study.slug, code.pk])).status_code == 404
    for change in study.codebook_changes.all():
        assert (
            client.get(reverse("undo-change", args=[study.slug, change.version])).status_code == 404
        )

    make_summary(paper, ada)
    shown = told_by(client, study)
    assert "Lack of talents" in shown["proposals"]
    assert "Whispered" in shown["log"]
    assert "Lack of hands" in shown["codebook-versions"]


def told_by(client, study):
    """What everything says that a lead may ask of the codebook: `{address: text}`."""
    names = (
        "overview",
        "proposals",
        "codebook",
        "codebook-versions",
        "log",
        "log-csv",
        "agreement",
        "map",
        "methods",
    )
    files = (
        "codebook.csv",
        "codebook_changes.csv",
        "log.csv",
        "findings_onehot.csv",
        "protocol.json",
    )
    addresses = {
        **{name: (name, []) for name in names},
        **{f"codebook.{suffix}": ("codebook-file", [suffix]) for suffix in ("csv", "md", "tex")},
        **{name: ("export-file", [name]) for name in files},
    }
    shown = {}
    for address, (name, parts) in addresses.items():
        answer = client.get(reverse(name, args=[study.slug, *parts]) + "?gone=yes")
        shown[address] = b"".join(
            answer.streaming_content if answer.streaming else [answer.content]
        ).decode()
    return shown


def test_a_blind_lead_sees_proposals_used_in_open_answers(study, proposed, ada, ben, as_user):
    hidden = make_paper(study, "Still closed", key="closed")
    make_assignment(hidden, ada)
    for label in (None, ["Lack of talents"]):
        if label:
            make_summary(hidden, ben, answers={"challenges": label})
        shown = as_user(ada).get(inbox(study)).content.decode()
        assert "Lack of talents" in shown
        assert "Still closed" not in shown


def test_a_blind_lead_sees_proposals_of_readers_without_closed_papers(
    study, proposed, ada, cleo, as_user
):
    make_assignment(make_paper(study), ada)
    make_assignment(make_paper(study), cleo)
    assert "Lack of talents" in as_user(ada).get(inbox(study)).content.decode()


def test_other_reviewers_see_nothing_of_a_proposal(study, proposed, cleo, as_user):
    client = as_user(cleo)
    assert client.get(inbox(study)).status_code == 403
    for name in ("codebook", "codebook-versions"):
        shown = client.get(reverse(name, args=[study.slug]) + "?gone=yes").content.decode()
        assert "Lack of talents" not in shown


def test_accepting_a_proposal_with_edits_makes_it_a_code_for_all(
    study, proposed, ada, cleo, section, as_user
):
    answered = decide(
        as_user(ada), study, proposed, "accept", label="Skills gap", definition="Nobody to hire"
    )
    assert answered.status_code == 302
    proposed.refresh_from_db()
    assert (proposed.status, proposed.label) == ("active", "Skills gap")
    assert Mark.objects.get(code=proposed).quote == "we could not hire anybody"
    assert proposed in Code.objects.usable_by(cleo, section)
    undo.undo(CodebookChange.objects.get(), by=ada)
    proposed.refresh_from_db()
    assert (proposed.status, proposed.label) == ("proposed", "Lack of talents")


def test_all_fields_of_a_proposal_can_be_edited_on_accepting(
    study, proposed, ada, section, as_user
):
    talent = section.codes.get(label="Talent")
    words = {
        "label": "Skills gap",
        "when_not": "Money",
        "example": "“nobody applied”",
        "parent": talent.pk,
    }
    assert decide(as_user(ada), study, proposed, "accept", **words).status_code == 302
    proposed.refresh_from_db()
    assert (proposed.when_not, proposed.example, proposed.parent) == (
        "Money",
        "“nobody applied”",
        talent,
    )
    undo.undo(CodebookChange.objects.get(), by=ada)
    proposed.refresh_from_db()
    assert (proposed.status, proposed.parent) == ("proposed", None)


def test_accepting_a_taken_label_is_refused(study, proposed, ada, as_user):
    answered = decide(as_user(ada), study, proposed, "accept", label="talent")
    assert answered.status_code == 422
    assert "has the code “Talent” already" in answered.content.decode()


def test_merging_a_proposal_keeps_its_marks(study, proposed, ada, section, as_user):
    into = section.codes.get(label="Talent")
    assert (
        decide(as_user(ada), study, proposed, "merge", into=into.pk, reason="the same").status_code
        == 302
    )
    assert Mark.objects.get(quote="we could not hire anybody").code == into
    undo.undo(CodebookChange.objects.get(), by=ada)
    proposed.refresh_from_db()
    assert proposed.status == "proposed"


def test_declining_requires_a_reason_and_creates_recoding_tasks(study, proposed, ada, ben, as_user):
    client = as_user(ada)
    assert decide(client, study, proposed, "decline", reason="").status_code == 422
    assert decide(client, study, proposed, "decline", reason="too vague").status_code == 302
    assert Mark.objects.filter(code=proposed).count() == 1
    task = RecodingTask.objects.get()
    assert (task.assignment.reviewer, task.code) == (ben, proposed)
    shown = as_user(ben).get(reverse("recode", args=[study.slug, "one", task.pk])).content.decode()
    assert "too vague" in shown


def test_a_proposal_already_decided_on_is_reported_to_the_second_lead(
    study, proposed, ada, section, as_user
):
    code_changes.accept(proposed, by=ada)
    with pytest.raises(ValidationError, match="decided"):
        code_changes.decline(proposed, by=ada, reason="no")
    answered = as_user(ada).get(reverse("decide-proposal", args=[study.slug, proposed.pk]))
    assert answered.url == inbox(study)


def test_the_proposals_page_has_a_constant_query_count(
    study, proposed, section, ben, ada, as_user, django_assert_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = as_user(ada)
    client.get(inbox(study))
    with CaptureQueriesContext(connection) as one:
        client.get(inbox(study))
    for number in range(2):
        make_code(section, f"Another {number}", status="proposed", proposed_by=ben)
        make_summary(make_paper(study), ben, answers={"challenges": [f"Another {number}"]})
    with django_assert_num_queries(len(one)):
        client.get(inbox(study))


def test_choosing_a_code_previews_the_merge_of_a_proposal(study, proposed, section, ada, as_user):
    into = make_code(section, "Lack of talent")
    url = reverse("decide-proposal", args=[study.slug, proposed.pk])
    shown = as_user(ada).get(url, {"into": into.pk}, headers={"HX-Request": "true"})
    assert shown.status_code == 200
    assert 'id="touched"' in shown.content.decode()


def test_labels_on_the_proposal_page_have_unique_fields(study, proposed, ada, as_user):
    page = (
        as_user(ada)
        .get(reverse("decide-proposal", args=[study.slug, proposed.pk]))
        .content.decode()
    )
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'<label for="([^"]+)"', page)) <= set(ids)
