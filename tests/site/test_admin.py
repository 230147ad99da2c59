"""The admin site: who enters, what it shows, what it refuses."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mapping.models import (
    Attempt,
    Code,
    CodebookChange,
    Finding,
    LastNumber,
    LogEntry,
    Membership,
    Paper,
    PasswordMail,
)
from reviews.models import Assignment, Deferral, Mention, Remark, Resolution, Stamp, Summary
from tests.making import (
    make_assignment,
    make_code,
    make_paper,
    make_section,
    make_study,
    make_summary,
    make_user,
)

OURS = [model for model in admin.site._registry if model._meta.app_label in {"mapping", "reviews"}]


def page_of(model, page="changelist", *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def make_admin():
    person = make_user("root", name="Root Admin")
    person.is_staff = person.is_superuser = True
    person.save()
    return person


@pytest.fixture
def root(db):
    return make_admin()


@pytest.fixture
def site(root, as_user):
    return as_user(root)


def test_every_model_has_its_page_with_search_and_filters():
    from django.apps import apps

    models = {
        model for app in ("mapping", "reviews") for model in apps.get_app_config(app).get_models()
    }
    assert models - set(OURS) == {Stamp, LastNumber}  # numbers that the database keeps for itself
    for model in OURS:
        page = admin.site._registry[model]
        assert len(page.list_display) > 1, model
        assert page.list_filter, model
        assert page.search_fields, model


def test_the_admin_site_signs_in_on_our_page(client, as_user, ben, root):
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == "/sign-in/?next=%2Fadmin%2F"
    assert (
        client.get("/admin/login/?next=/admin/mapping/").url
        == "/sign-in/?next=%2Fadmin%2Fmapping%2F"
    )
    refused = as_user(ben).get("/admin/", follow=True)
    assert (refused.status_code, "for those who run this server" in refused.content.decode()) == (
        403,
        True,
    )
    page = as_user(root).get("/admin/").content.decode()
    assert "Concord" in page
    assert as_user(root).post("/admin/logout/").url == "/sign-in/"


def fill(study, ben, ada):
    """One of everything that a list shows."""
    paper = make_paper(study)
    section = study.sections.get(key="challenges")
    summary = make_summary(paper, ben, answers={"challenges": ["Talent"], "conclusion": "Works."})
    answer = summary.answers.get(section=section)
    answer.kept_edits.create(content={}, based_on=1)
    summary.assignment.recoding_tasks.create(section=section, code=Code.objects.first())
    finding = Finding.objects.create(paper=paper, section=section, settled_at=timezone.now())
    finding.marks.create(code=Code.objects.first())
    Resolution.objects.create(
        paper=paper,
        section=section,
        finding=finding,
        basis="single",
        content={},
        reviewers=1,
        decided_by=ada,
        decided_at=timezone.now(),
    )
    Deferral.objects.create(paper=paper, section=section, by=ada)
    remark = Remark.objects.create(paper=paper, section=section, by=ada, text="Why?")
    Mention.objects.create(remark=remark, user=ben)
    paper.early_looks.create(phase=section.phase, user=ada, reason="Helping")
    paper.prior_accesses.create(phase=section.phase, user=ben, why="lead")
    paper.sources.create(source="Scopus")
    LogEntry.objects.record(study, ada, "settle", "Settled.", paper=paper)
    record = study.paper_imports.create(file_name="a.bib", by=ada)
    study.invitations.create(role="reviewer", invited_by=ada)
    version = study.codebook_changes.count() + 2
    study.codebook_changes.create(
        version=version, act="add", section=section, code=Code.objects.first(), by=ada
    )
    membership = Membership.objects.get(study=study, user=ben)
    membership.api_tokens.create(label="script", digest=f"{paper.pk:064}")
    return record


def test_every_list_asks_the_same_number_of_questions_of_1_and_of_3_rows(site, ada, ben):
    def add_study():
        study = make_study(lead=ada)
        Membership.objects.create(study=study, user=ben, role="reviewer")
        fill(study, ben, ada)
        make_code(make_section(study.phases.get(), "approaches"), "CI/CD pipeline")

    def questions_of(model):
        with CaptureQueriesContext(connection) as asked:
            assert site.get(page_of(model)).status_code == 200
        return len(asked)

    add_study()
    site.get("/admin/")
    of_one = {model: questions_of(model) for model in OURS}
    add_study()
    add_study()
    assert {model: questions_of(model) for model in OURS} == of_one
    assert max(of_one.values()) < 20


def test_every_record_opens_every_list_can_be_searched_and_nothing_is_deleted(
    site, study, ada, ben
):
    fill(study, ben, ada)
    make_code(make_section(study.phases.get(), "approaches"), "CI/CD pipeline")
    Attempt.objects.create(key="a" * 64)
    PasswordMail.objects.create(email=ben.email)
    for model in OURS:
        record = model.objects.first()
        assert site.get(page_of(model), {"q": "a"}).status_code == 200
        for page in ("change", "history"):
            assert site.get(page_of(model, page, record.pk)).status_code == 200, (model, page)
        assert site.post(page_of(model, "delete", record.pk), {"post": "yes"}).status_code == 403
        assert model.objects.filter(pk=record.pk).exists()


@pytest.mark.parametrize(
    "name", ["summary", "answer", "mark", "resolution", "remark", "finding", "logentry"]
)
def test_what_a_law_protects_is_only_shown(name, site, study, ada, ben):
    fill(study, ben, ada)
    model = next(model for model in OURS if model._meta.model_name == name)
    record = model.objects.first()

    assert site.post(page_of(model, "change", record.pk), {"text": "changed"}).status_code == 403
    assert site.get(page_of(model, "add")).status_code == 403


SECRET = "Zebra finding nobody else may read"
RESTING = [
    "summary",
    "answer",
    "mark",
    "keptedit",
    "recodingtask",
    "finding",
    "findingmark",
    "resolution",
    "deferral",
]
RESTING += ["remark", "mention", "logentry"]


@pytest.fixture
def secret(study, ben, ada):
    """Ben's submitted summary, and one thing of each kind that rests on it."""
    fill(study, ben, ada)
    paper = Paper.objects.get()
    Summary.objects.get().answers.filter(section__key="conclusion").update(text=SECRET)
    return paper


def rows(site, name):
    model = next(model for model in OURS if model._meta.model_name == name)
    return {row.pk for row in site.get(page_of(model)).context["cl"].queryset}, model


@pytest.mark.parametrize("name", RESTING)
@pytest.mark.parametrize("role", ["lead", "reviewer"])
def test_an_admin_who_still_has_to_code_a_paper_is_blind_to_it_here_too(
    name, role, site, root, study, secret
):
    assert rows(site, name)[0], "an admin outside of the study sees it"

    Membership.objects.create(study=study, user=root, role=role)
    make_assignment(secret, root)
    shown, model = rows(site, name)
    hidden = model.objects.exclude(pk__in=shown)
    assert hidden.exists()
    assert not shown & set(hidden.values_list("pk", flat=True))
    if name != "logentry":
        assert shown == set()
    for record in hidden:
        gone = site.get(page_of(model, "change", record.pk), follow=True)
        assert SECRET not in gone.content.decode()
        assert gone.redirect_chain
        assert site.get(page_of(model, "history", record.pk)).status_code == 302


@pytest.mark.parametrize("name", RESTING)
def test_an_admin_sees_it_once_their_own_summary_is_in(name, site, root, study, secret):
    Membership.objects.create(study=study, user=root, role="reviewer")
    make_summary(secret, root)

    shown, model = rows(site, name)
    assert model.objects.exclude(pk__in=shown).count() == 0


@pytest.mark.parametrize("name", RESTING)
def test_neither_leaving_nor_observing_lifts_an_admins_blindness(name, site, root, study, secret):
    part = Membership.objects.create(study=study, user=root, role="observer")
    shown, model = rows(site, name)
    assert model.objects.exclude(pk__in=shown).exists()

    Membership.objects.filter(pk=part.pk).update(deactivated_at=timezone.now(), role="reviewer")
    assert rows(site, name)[0] == shown


def test_an_admin_without_a_part_in_the_study_sees_what_was_submitted_and_no_drafts(
    site, study, cleo, secret
):
    draft = make_summary(secret, cleo, submitted=False)

    assert rows(site, "summary")[0] == set(
        Summary.objects.exclude(pk=draft.pk).values_list("pk", flat=True)
    )


def test_a_handed_out_paper_blinds_even_without_a_membership(site, root, study, secret):
    Assignment.objects.create(round=study.rounds.get(), paper=secret, reviewer=root)

    assert rows(site, "summary")[0] == set()
    assert rows(site, "finding")[0] == set()


@pytest.mark.parametrize(
    ("model", "question"),
    [
        ("paper", "assignments__summaries__answers__text__contains"),
        ("section", "answers__text__contains"),
        ("section", "answers__number"),
        ("code", "marks__quote__contains"),
        ("code", "marks"),
        ("user", "assignments__summaries__answers__text__contains"),
        ("round", "assignments__summaries__answers__text__contains"),
        ("assignment", "summaries__answers__text__contains"),
    ],
)
def test_no_address_asks_the_answers_through_the_back_door(model, question, site, secret):
    _, model = rows(site, model)
    assert site.get(page_of(model), {question: "Zebra"}).status_code == 400


def test_the_admin_is_shown_no_frozen_statistics(site, study, secret):
    study.rounds.update(frozen_agreement={"challenges": "alpha 0.4321"})
    round = study.rounds.get()

    assert "0.4321" not in site.get(page_of(type(round), "change", round.pk)).content.decode()


def test_proposed_codes_are_shown_to_their_proposer_to_leads_and_outside_of_the_team(
    site, root, study, ben
):
    proposal = make_code(
        study.sections.get(key="challenges"), "A word of Ben", status="proposed", proposed_by=ben
    )
    assert proposal.pk in rows(site, "code")[0]
    part = Membership.objects.create(study=study, user=root, role="reviewer")
    assert proposal.pk not in rows(site, "code")[0]
    assert proposal.pk not in rows(site, "challenge")[0]
    part.role = "lead"
    part.save()
    assert proposal.pk in rows(site, "challenge")[0]


def test_words_mended_here_are_a_step_of_the_codebook_and_in_the_log(site, root, study):
    code = study.sections.get(key="challenges").codes.get(label="Talent")
    words = {"label": "Talent and skills", "definition": "", "when_not": "", "example": ""}
    site.post(page_of(Code, "change", code.pk), words)

    code.refresh_from_db()
    change = CodebookChange.objects.get()
    study.refresh_from_db()
    assert (code.label, study.codebook_version) == ("Talent and skills", 2)
    # as the codebook page records it: undone there
    before = {"codes": {str(code.number): {"label": "Talent"}}}
    assert (change.act, change.version, change.before) == ("rename", 2, before)
    assert LogEntry.objects.get().by == root


def test_a_change_in_the_admin_site_is_in_the_log_of_the_study(site, root, study):
    site.post(
        page_of(type(study), "change", study.pk), {"title": "A better title", "description": ""}
    )

    entry = LogEntry.objects.get()
    assert (entry.study.title, entry.by, entry.facts["fields"]) == (
        "A better title",
        root,
        ["title"],
    )


def test_a_paper_added_here_has_a_key_that_fits_an_address(site, study):
    facts = {
        "study": study.pk,
        "title": "A paper",
        "doi": "https://doi.org/10.1234/ABC",
        "kind": "article",
    }
    assert (
        "cannot hold a slash"
        in site.post(page_of(Paper, "add"), {**facts, "key": "a/b"}).content.decode()
    )

    site.post(page_of(Paper, "add"), {**facts, "key": " a  b "})
    assert [(paper.key, paper.doi) for paper in Paper.objects.all()] == [("a b", "10.1234/abc")]


def test_the_admin_site_does_not_take_the_last_lead_either(site, study, ada):
    part = Membership.objects.get(study=study, user=ada)
    refused = site.post(page_of(Membership, "change", part.pk), {"role": "observer"})
    assert "is the only active lead" in refused.content.decode()
    part.refresh_from_db()
    assert part.role == "lead"


def test_an_admin_gives_a_study_whose_leads_are_gone_a_new_one(site, study, zoe):
    site.post(page_of(Membership, "add"), {"study": study.pk, "user": zoe.pk, "role": "lead"})

    assert Membership.objects.get(study=study, user=zoe).is_lead
    assert LogEntry.objects.filter(act="added-in-admin").count() == 1


def test_an_admin_sets_a_new_password(site, client, ben):
    url = reverse("admin:auth_user_password_change", args=[ben.pk])
    site.post(
        url,
        {
            "password1": "quite another one",
            "password2": "quite another one",
            "usable_password": "true",
        },
    )

    assert (
        client.post("/sign-in/", {"username": "ben", "password": "quite another one"}).status_code
        == 302
    )
