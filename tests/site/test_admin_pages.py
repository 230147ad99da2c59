"""Every page of the admin site opens, for everybody who may come there, and asks nothing that it
hides.
"""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.auth.models import Group, Permission
from django.test import RequestFactory
from django.urls import reverse

from mapping.models import Attempt, CodebookChange, Membership, PasswordMail, User
from tests.making import make_assignment, make_code, make_section, make_user
from tests.site.test_admin import fill, make_admin, page_of

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
everybody = pytest.mark.parametrize("who", ["root", "staff", "viewer", "lead"])


def staff(name, *permissions):
    person = make_user(name)
    person.is_staff = True
    person.save()
    person.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return User.objects.get(pk=person.pk)


@pytest.fixture
def people(study, ada):
    """Who may come to the admin site: to each of them every page has an answer."""
    root, viewer = (
        make_admin(),
        staff("viewer", *(f"view_{model._meta.model_name}" for model in MODELS)),
    )
    lead = make_user("blindlead")
    lead.is_staff = lead.is_superuser = True
    lead.save()
    Membership.objects.create(study=study, user=lead, role="lead")
    return {"root": root, "staff": staff("helper"), "viewer": viewer, "lead": lead}


@pytest.fixture
def filled(study, ben, cleo, ada, people):
    """One of everything; the lead still has to code the paper, which makes them blind to it."""
    fill(study, ben, ada)
    make_code(make_section(study.phases.get(), "approaches"), "CI/CD pipeline")
    make_code(
        study.sections.get(key="challenges"), "A proposal", status="proposed", proposed_by=ben
    )
    make_assignment(study.papers.get(), people["lead"])
    Attempt.objects.create(key="a" * 64)
    PasswordMail.objects.create(email=ben.email)
    Group.objects.create(name="Helpers")
    return study


def get(client, address, **asked):
    answer = client.get(address, asked)
    assert answer.status_code < 500, address
    return answer


def first_shown(client, model):
    page = client.get(page_of(model))
    return page.context["cl"].queryset.first() if page.status_code == 200 else None


@everybody
@pytest.mark.usefixtures("sidebar_once")
def test_lists_open_with_search_and_filters(who, filled, people, as_user):
    client = as_user(people[who])
    for model in MODELS:
        opened = get(client, page_of(model))
        assert opened.status_code == (403 if who == "staff" else 200), model
        if who == "staff":
            continue
        assert get(client, page_of(model), q="a b", o="-1.2").status_code == 200, model
        specs = opened.context["cl"].filter_specs
        choices = [one for spec in specs for one in spec.choices(opened.context["cl"])]
        # "All" is one page, of whichever filter.
        for query in {choice["query_string"] for choice in choices}:
            assert get(client, page_of(model) + query).status_code == 200, (model, query)


@pytest.mark.usefixtures("sidebar_once")
def test_lists_can_be_ordered_by_every_column_and_take_whatever_else_an_address_has(
    filled, people, as_user
):
    client = as_user(people["root"])
    for model in MODELS:
        for column in range(len(admin.site._registry[model].list_display) + 2):
            assert get(client, page_of(model), o=f"-{column}").status_code == 200, (model, column)
        for name, value in (("o", "9.x"), ("all", ""), ("p", "x"), ("p", "9"), ("e", "1")):
            answer = get(client, page_of(model), **{name: value})
            assert answer.status_code in {200, 302}, (model, name, value)
        assert get(client, page_of(model), _facets="True", _popup="1").status_code == 200, model


@everybody
@pytest.mark.usefixtures("sidebar_once")
def test_forms_open_and_refuse_what_is_empty(who, filled, people, as_user):
    client = as_user(people[who])
    for model in MODELS:
        may_add = may(people[who], model, "add")
        assert get(client, page_of(model, "add")).status_code == (200 if may_add else 403), model
        empty = client.post(page_of(model, "add"), {})
        assert empty.status_code == (200 if may_add else 403), model
        assert not may_add or empty.context["errors"], model

        shown = first_shown(client, model)
        record = shown or model._default_manager.first()
        for view in ("change", "history", "delete"):
            expected = {200} if shown and view != "delete" else {302, 403}
            opened = get(client, page_of(model, view, record.pk))
            assert opened.status_code in expected, (model, view)
            opened = get(client, page_of(model, view, "no-number"))
            assert opened.status_code in {302, 403}, (model, view)
        for sent in ({}, {"_popup": "1"}, {"_to_field": "digest"}):
            changed = client.post(page_of(model, "change", record.pk), sent)
            assert changed.status_code < 500, (model, sent)
        deleted = client.post(page_of(model, "delete", record.pk), {"post": "yes"})
        assert deleted.status_code in {302, 403}, model
        assert model._default_manager.filter(pk=record.pk).exists(), "nothing is deleted here"


def may(person, model, act):
    request = RequestFactory().get("/")
    request.user = person
    return getattr(admin.site._registry[model], f"has_{act}_permission")(request)


@pytest.mark.parametrize("who", ["root", "lead"])
def test_a_form_sent_back_as_it_is_changes_nothing(who, filled, people, as_user):
    client = as_user(people[who])
    for model in MODELS:
        record = first_shown(client, model)
        if record is None:
            assert who == "lead"
            continue
        before = model._default_manager.filter(pk=record.pk).values().get()
        page = client.get(page_of(model, "change", record.pk))
        form = page.context["adminform"].form
        sent = {form.add_prefix(name): form[name].value() for name in form.fields}
        sent = {name: value for name, value in sent.items() if value not in (None, False)}
        answer = client.post(page_of(model, "change", record.pk), sent)
        expected = 302 if page.context["has_change_permission"] else 403
        assert answer.status_code == expected, model
        assert model._default_manager.filter(pk=record.pk).values().get() == before


@everybody
def test_no_action_deletes_and_unknown_ones_do_nothing(who, filled, people, as_user):
    client = as_user(people[who])
    request = RequestFactory().get("/")
    request.user = people[who]
    for model in MODELS:
        pks = list(model._default_manager.values_list("pk", flat=True))
        acts = {"delete_selected", *admin.site._registry[model].get_actions(request)}
        for action in acts:
            sent = {"action": action, "_selected_action": pks, "post": "yes"}
            assert client.post(page_of(model), sent).status_code in {200, 302, 403}, (model, action)
        assert model._default_manager.count() == len(pks), model


@everybody
def test_the_other_pages_of_the_admin_site_open(who, filled, people, as_user, ben):
    client = as_user(people[who])
    assert get(client, "/admin/").status_code == 200
    assert get(client, "/admin/jsi18n/").status_code == 200
    for label in {model._meta.app_label for model in MODELS}:
        assert get(client, f"/admin/{label}/").status_code == (404 if who == "staff" else 200)
    assert get(client, "/admin/nothing/").status_code == 404
    assert get(client, "/admin/mapping").status_code in {301, 404}
    assert get(client, "/admin/doc/").status_code == 404
    assert get(client, "/admin/password_change/").status_code < 400
    assert get(client, "/admin/password_change/done/").status_code < 400
    assert client.post("/admin/password_change/", {}).status_code < 400
    assert get(client, "/admin/r/999999/1/").status_code == 404
    password = reverse("admin:auth_user_password_change", args=[ben.pk])
    may = who in {"root", "lead"}
    assert get(client, password).status_code == (200 if may else 403)
    assert client.post(password, {}).status_code == (200 if may else 403)
    assert get(
        client, reverse("admin:auth_user_password_change", args=[999_999_999])
    ).status_code == (404 if may else 403)
    assert get(client, "/admin/logout/").status_code == 405


@everybody
def test_autocompletion_offers_what_the_list_shows(who, filled, people, as_user):
    client = as_user(people[who])
    for model in MODELS:
        for field in (field for field in model._meta.fields if field.is_relation):
            asked = {"app_label": model._meta.app_label, "model_name": model._meta.model_name}
            answer = get(client, "/admin/autocomplete/", term="a", field_name=field.name, **asked)
            is_offered = field.name in admin.site._registry[model].autocomplete_fields
            expected = 200 if is_offered and who != "staff" else 403
            assert answer.status_code == expected, (model, field)
            if expected == 200:
                target = page_of(field.related_model)
                found = client.get(target, {"q": "a"}).context["cl"].queryset
                shown = {str(one.pk) for one in found}
                assert {one["id"] for one in answer.json()["results"]} <= shown, (model, field)
    for asked in ({}, {"app_label": "x", "model_name": "y", "field_name": "z"}):
        assert get(client, "/admin/autocomplete/", **asked).status_code == 403
    for name in ("title", "no_such", "assignments"):
        asked = {"app_label": "mapping", "model_name": "paper", "field_name": name}
        assert get(client, "/admin/autocomplete/", term="a", **asked).status_code == 403


def test_an_admin_adds_a_user_by_the_rules_of_invitations(as_user, db, ben, client):
    site = as_user(make_admin())
    facts = {
        "username": "dora",
        "name": "Dora",
        "email": "dora@example.org",
        "usable_password": "true",
        "password1": "quite another one",
        "password2": "quite another one",
    }
    for wrong in (
        {"username": "BEN"},
        {"username": "dora@x.org"},
        {"email": "BEN@example.org"},
        {"password2": "x"},
    ):
        refused = site.post(page_of(User, "add"), facts | wrong)
        assert (refused.status_code, User.objects.filter(name="Dora").exists()) == (200, False), (
            wrong
        )
        assert refused.context["errors"]
    for name, sent in (
        ("dora", facts),
        ("nopassword", {"username": "nopassword", "usable_password": "false"}),
    ):
        made = site.post(page_of(User, "add"), sent)
        person = User.objects.get(username=name)
        assert made.url == page_of(User, "change", person.pk)
        assert person.has_usable_password() is (name == "dora")
        assert (person.is_staff, person.is_superuser) == (False, False)
    assert (
        client.post("/sign-in/", {"username": "dora", "password": "quite another one"}).status_code
        == 302
    )


def test_an_address_that_is_anothers_user_name_is_refused_in_the_change_form_too(as_user, db, ben):
    other = make_user("cleo@example.org")
    site = as_user(make_admin())
    sent = {"username": "ben", "name": "Ben", "email": other.username.upper(), "is_active": "on"}
    refused = site.post(page_of(User, "change", ben.pk), sent)
    assert refused.status_code == 200
    assert "email" in refused.context["adminform"].form.errors


# What an address may not ask


LOOKUPS = [
    "",
    "exact",
    "iexact",
    "contains",
    "icontains",
    "startswith",
    "regex",
    "gt",
    "gte",
    "lt",
    "in",
    "isnull",
    "range",
]
LOOKUPS += ["isempty", "year", "has_key", "0", "length"]


def asked_by_filters(request, model):
    """The parameters that the filters of the list read, as Django's own classes say it."""
    found, page = set(), admin.site._registry[model]
    for one in page.list_filter:
        path, kind = one if isinstance(one, tuple) else (one, admin.FieldListFilter.create)
        field = get_fields_from_path(model, path)[-1]
        spec = kind(field, request, {}, model, page, field_path=path)
        found |= set(spec.expected_parameters())
    return found


def paths(model, depth):
    for field in model._meta.get_fields(include_hidden=True):
        yield field.name
        if getattr(field, "attname", field.name) != field.name:
            yield field.attname
        if depth and field.is_relation and field.related_model:
            yield from (f"{field.name}__{path}" for path in paths(field.related_model, depth - 1))


def test_no_lookup_is_allowed_but_those_of_the_filters(filled, people):
    request = RequestFactory().get("/")
    request.user = people["root"]
    for model in MODELS:
        page = admin.site._registry[model]
        sent = asked_by_filters(request, model)
        assert [one for one in sent if not page.lookup_allowed(one, "1", request)] == [], model

        asked = (
            f"{path}__{one}" if one else path
            for path in {*paths(model, 2), "pk"}
            for one in LOOKUPS
        )
        allowed = {lookup for lookup in asked if page.lookup_allowed(lookup, "1", request)}
        bare = {lookup.removesuffix("__exact") for lookup in sent}
        blank = {lookup.replace("__exact", "__isnull") for lookup in sent}
        assert allowed <= sent | bare | blank, model


def test_every_own_field_is_refused_as_a_question_in_the_address(filled, people, as_user):
    client = as_user(people["root"])
    for model in MODELS:
        record = model._default_manager.first()
        for field in model._meta.get_fields():
            expected = 200 if getattr(field, "primary_key", False) else 400
            asked = {f"{field.name}__icontains": "1"}
            assert client.get(page_of(model), asked).status_code == 400, (model, field)
            asked = {"_to_field": field.name, "_popup": "1"}
            assert client.get(page_of(model), asked).status_code == expected, (model, field)
            if expected == 400:
                opened = client.get(page_of(model, "change", record.pk), {"_to_field": field.name})
                assert opened.status_code == 400, (model, field)


@pytest.mark.parametrize(
    ("model", "question"),
    [
        ("reviews.round", {"frozen_agreement__icontains": "a"}),
        ("reviews.round", {"frozen_agreement__challenges": "a"}),
        ("mapping.codebookchange", {"marks": "2"}),
        ("mapping.codebookchange", {"marks__gte": "2"}),
        ("mapping.codebookchange", {"before__icontains": "a"}),
        ("mapping.apitoken", {"digest__startswith": "a"}),
        ("mapping.apitoken", {"digest": "a"}),
        ("mapping.user", {"password__startswith": "a"}),
        ("mapping.invitation", {"invited_by__password__startswith": "a"}),
        ("mapping.membership", {"user__password__startswith": "a"}),
        ("mapping.paperimport", {"records__icontains": "a"}),
        ("mapping.logentry", {"facts__icontains": "a"}),
        ("auth.group", {"user__password__startswith": "a"}),
    ],
)
def test_the_questions_that_told_what_is_hidden_are_refused(
    model, question, filled, people, as_user
):
    client, model = as_user(people["root"]), apps.get_model(model)
    assert client.get(page_of(model), question).status_code == 400
    if hasattr(admin.site._registry[model], "export_action"):
        assert client.get(page_of(model, "export"), question).status_code == 400


@pytest.mark.parametrize("address", ["export/", "import/"])
def test_files_are_asked_no_more_than_lists(address, filled, people, as_user):
    client = as_user(people["root"])
    for model in MODELS:
        if hasattr(admin.site._registry[model], "export_action"):
            asked = page_of(model) + address + "?assignments__summaries__answers__text__contains=a"
            assert client.post(asked, {"format": "0"}).status_code in {400, 422}, model


def test_a_reviewer_in_the_admin_site_reads_no_decisions_on_proposals(
    filled, people, as_user, study, ben, ada
):
    declined = make_code(
        study.sections.get(key="challenges"), "Declined words", status="declined", proposed_by=ben
    )
    merged = make_code(
        study.sections.get(key="challenges"),
        "Merged words",
        status="merged",
        proposed_by=ben,
        merged_into=declined,
    )
    for number, (code, act) in enumerate([(declined, "decline"), (merged, "merge")]):
        study.codebook_changes.create(
            version=90 + number, act=act, section=code.section, code=code, by=ada
        )
    person = people["root"]
    assert (
        CodebookChange.objects.count()
        == as_user(person).get(page_of(CodebookChange)).context["cl"].result_count
    )

    Membership.objects.create(study=study, user=person, role="reviewer")
    page = as_user(person).get(page_of(CodebookChange))
    assert {change.act for change in page.context["cl"].queryset} == {"add"}
    for words in ("Declined", "Merged"):
        assert (
            as_user(person).get(page_of(CodebookChange), {"q": words}).context["cl"].result_count
            == 0
        )
