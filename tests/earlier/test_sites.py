"""Whoever runs an earlier commit moves on to this one: all is kept, work goes on. See README.md.

Each test runs on that site, migrated, and what it changes is taken back.
"""

import re

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from mapping.models import ApiToken, Code, FindingMark, Study, User
from reviews.models import KeptEdit, Mark, PriorAccess, Round, Summary
from tests.earlier import meaning, sites

DEMO, SURVEYS = "mlops-demo", "surveys"
# Who leads the study and has nothing left to code in it: nothing is hidden from them.
LEADS = {DEMO: "ada", SURVEYS: "cleo"}
TABLES = ("codings.csv", "findings.csv", "codebook.csv", "resolutions.csv", "papers.csv")
# Django's own: a row for every migration, and a kind and four rights for every model.
OF_DJANGO = {"django_migrations", "django_content_type", "auth_permission"}


@pytest.fixture(scope="module", params=sites.COMMITS)
def site(request, django_db_setup, django_db_blocker, tmp_path_factory):
    """The folder of the commit, and how many rows its tables had before they were migrated."""
    uploads = override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("uploads"))
    with django_db_blocker.unblock(), sites.database(request.param) as tests_database:
        rows = sites.rows_of_tables()
        with uploads:
            call_command("migrate", verbosity=0)
        yield sites.FOLDER / request.param, rows, tests_database


@pytest.fixture(autouse=True)
def migrated(site, db):
    """Nothing here runs on another database."""


@pytest.fixture
def folder(site):
    return site[0]


@pytest.fixture
def demo(migrated):
    return Study.objects.get(slug=DEMO)


def signed_in(name):
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def text_of(response):
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode("utf-8-sig")


def kept_columns(now, then):
    """Tables may gain columns: of today's rows those that there were, in the rows there are."""
    columns = list(then[0]) if then else []
    return [{column: row[column] for column in columns} for row in now]


def test_no_row_of_any_table_is_lost(site):
    _, before, _ = site
    after = sites.rows_of_tables()
    assert {name: after.get(name) for name in before if name not in OF_DJANGO} == {
        name: rows for name, rows in before.items() if name not in OF_DJANGO
    }


SCHEMA = """
SELECT 'column', table_name, column_name, concat_ws(
    ' ', data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable,
    column_default, is_identity, generation_expression
)
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL
SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid)
FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'function', '', proname, pg_get_functiondef(oid)
FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""
CASTS = re.compile(r"::(character varying|text)(\[\])?|[()]")


def as_written(cursor):
    """A condition that came back from a dump has its casts and brackets at other places."""
    return {(*names, CASTS.sub("", words)) for *names, words in cursor.fetchall()}


def test_a_migrated_site_has_the_tables_constraints_and_triggers_of_a_new_one(site):
    *_, tests_database = site
    with connection.cursor() as cursor:
        cursor.execute(SCHEMA)
        migrated = as_written(cursor)
    facts = connection.get_connection_params() | {"dbname": tests_database}
    with psycopg.connect(**facts) as beside:
        new = as_written(beside.execute(SCHEMA))
    assert migrated - new == set()
    assert new - migrated == set()


def test_no_model_lacks_a_migration():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


@pytest.mark.parametrize("slug", [DEMO, SURVEYS])
def test_every_table_of_the_bundle_says_what_it_said_then(slug, folder, tmp_path):
    """All columns that there were; `not_independent` and the file `prior_access.csv` came later.
    What JSON names has other keys since: there the meaning is compared.
    """
    call_command("export_study", slug, str(tmp_path / "now.zip"), verbosity=0)
    bundle = folder / f"{slug}.zip"
    then, now = sites.tables_in(bundle), sites.tables_in(tmp_path / "now.zip")
    then, now = meaning.comparable(bundle, then, now)
    for name, rows in then.items():
        assert kept_columns(now[name], rows) == rows, name


@pytest.mark.parametrize("slug", [DEMO, SURVEYS])
def test_files_that_a_lead_takes_from_the_pages_say_what_they_said_then(slug, folder, tmp_path):
    bundle = folder / f"{slug}.zip"
    call_command("export_study", slug, str(tmp_path / "now.zip"), verbosity=0)
    now = sites.tables_in(tmp_path / "now.zip")
    then, _ = meaning.comparable(bundle, sites.tables_in(bundle), now)
    client = signed_in(LEADS[slug])
    places = {name: reverse("export-file", args=[slug, name]) for name in TABLES}
    places["agreement.csv"] = reverse("agreement-csv", args=[slug])
    places["agreement_codes.csv"] = reverse("agreement-codes-csv", args=[slug])
    for name, place in places.items():
        rows = sites.rows_of(text_of(client.get(place)))
        _, shown = meaning.comparable(bundle, {}, {**now, name: rows})
        assert kept_columns(shown[name], then[name]) == then[name], name


def test_figures_kept_when_a_round_was_closed_are_shown():
    pilot = Round.objects.get(study__slug=DEMO, name="Pilot")
    page = signed_in("ada").get(reverse("agreement", args=[DEMO]), {"round": pilot.pk})
    assert "As it stood when the round was closed" in page.content.decode()
    assert pilot.frozen_agreement["sections"]


def test_who_could_read_others_answers_before_is_worked_out():
    """Ada led the study when she got the paper, after Cleo and Dan had submitted it."""
    found = PriorAccess.objects.values_list("paper__key", "phase__key", "user__username", "why")
    assert set(found) == {("paleyes2022challenges", "coding", "ada", "lead")}
    rows = sites.rows_of(
        text_of(signed_in("ada").get(reverse("export-file", args=[DEMO, "agreement.csv"])))
    )
    main = [row for row in rows if row["round"] == "Main round"]
    assert {row["not_independent"] for row in main if row["section"] == "approaches"} == {"1"}


EVERYBODY = (
    "overview papers paper comparison team codebook codebook-versions code-quotes agreement "
    "agreement-section "
    "agreement-papers map map-papers map-svg evidence export export-workbook api"
)
WHO_CODE = "queue disagreements feedback import-summaries"
FOR_LEADS = (
    "rounds round hand-out template template-section code undo-change proposals settings log "
    "causes methods "
    "protocol paper-import edit-paper export-bundle"
)
OF_PAPER, OF_CODE = {"paper", "comparison", "edit-paper"}, {"code", "code-quotes"}
OF_SECTION = {"agreement-section", "agreement-papers", "template-section"}
OF_ROUND = {"round", "hand-out"}


def address(study, name):
    """The page of this name, of a thing that is there."""
    more = {}
    if name in OF_PAPER:
        more = {"key": "makinen2021needs"}
    elif name in OF_SECTION:
        more = {"section": "challenges"}
    elif name in OF_CODE:
        more = {"code": Code.objects.get(section__study=study, label="Concept drift").pk}
    elif name in OF_ROUND:
        more = {"round": study.rounds.get(name="Main round").pk}
    elif name == "paper-import":
        more = {"import_id": study.paper_imports.order_by("pk").first().pk}
    elif name == "undo-change":
        more = {"version": 2}
    return reverse(name, kwargs={"slug": study.slug, **more})


@pytest.mark.parametrize(
    ("names", "members"),
    [(EVERYBODY, {"ada", "ben", "olga"}), (WHO_CODE, {"ada", "ben"}), (FOR_LEADS, {"ada"})],
    ids=["everybody", "who code", "leads"],
)
def test_pages_open_for_those_who_may_enter(names, members, demo):
    clients = {name: signed_in(name) for name in ("ada", "ben", "olga")}
    for name in names.split():
        url = address(demo, name)
        for user, client in clients.items():
            assert client.get(url).status_code == (200 if user in members else 403), (user, url)


def test_pages_of_the_other_study_open_too():
    for name in (
        "overview",
        "papers",
        "codebook",
        "template",
        "rounds",
        "agreement",
        "map",
        "methods",
        "disagreements",
    ):
        assert signed_in("cleo").get(reverse(name, args=[SURVEYS])).status_code == 200, name
    excluded = signed_in("cleo").get(reverse("paper", args=[SURVEYS, "survey4"]))
    assert "Exclude: language" in excluded.content.decode()


def test_a_token_made_before_still_opens_the_figures():
    """Tokens end by now; those made before have as long as a new one."""
    url = reverse("api-file", args=[DEMO, "findings"])
    answer = Client().get(url, headers={"authorization": "Bearer concord_the-token-of-the-tests"})
    assert answer.status_code == 200
    assert ApiToken.objects.get(revoked_at=None).ends_at > timezone.now()


def undo(version):
    return signed_in("ada").post(
        reverse("undo-change", args=[DEMO, version]), {"reason": "It was right before."}
    )


def marked(label):
    """`(marks, findings)` with a code."""
    code = Code.objects.get(section__study__slug=DEMO, label=label)
    return Mark.objects.filter(code=code).count(), FindingMark.objects.filter(code=code).count()


def test_merges_made_back_then_are_undone_exactly():
    """The second had four marks and two findings; one of these had both codes and lost one."""
    into, costs = marked("Faster delivery"), marked("High AI costs and expectations")
    for label in ("Insufficient purchasing budget", "Compliance and explainability"):
        assert marked(label) == (0, 0)
    for version in (2, 3):
        assert undo(version).status_code == 302

    assert marked("Insufficient purchasing budget") == (1, 0)
    assert marked("High AI costs and expectations") == (costs[0] - 1, costs[1])
    assert marked("Compliance and explainability") == (4, 2)
    assert marked("Faster delivery") == (into[0] - 4, into[1] - 1)
    assert set(Code.objects.filter(merged_into__isnull=False, section__study__slug=DEMO)) == set()


def test_other_changes_made_back_then_are_undone_too(demo):
    changes = {change.version: change for change in demo.codebook_changes.filter(undone_by=None)}
    undoable = [
        version
        for version, change in sorted(changes.items(), reverse=True)
        if change.act in {"rename", "group", "reorder", "move", "accept", "decline", "redefine"}
    ]
    assert len(undoable) >= 8
    for version in undoable:
        answer = undo(version)
        assert answer.status_code == 302, (version, changes[version].get_act_display())
    labels = set(Code.objects.filter(section__study=demo).values_list("label", flat=True))
    assert {"Noisy data", "Human oversight tools"} <= labels
    assert set(
        Code.objects.proposed().filter(section__study=demo).values_list("label", flat=True)
    ) == {
        "Team boundaries",
        "Marketing",
        "Data hunger",
    }


def test_a_split_of_which_somebody_uses_a_part_is_still_refused(demo):
    split = demo.codebook_changes.get(act="split")
    answer = undo(split.version)
    assert answer.status_code == 422
    assert "The new codes are in use" in answer.content.decode()


def test_a_draft_begun_before_is_there_with_the_text_that_met_another(demo):
    client = signed_in("ben")
    draft = Summary.objects.drafts().get(
        assignment__reviewer__username="ben", assignment__round__study=demo
    )
    page = client.get(reverse("summary", args=[DEMO, draft.assignment.paper.key]))
    assert page.status_code == 200
    assert "Data hunger" in page.content.decode()
    assert KeptEdit.objects.open().get().content["absence"] == "unclear"


def test_the_migrated_study_goes_out_and_comes_in_again(tmp_path):
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    call_command("export_study", DEMO, str(first), verbosity=0)
    people = User.objects.filter(memberships__study__slug=DEMO).values_list("username", flat=True)
    known = ",".join(f"{name}={name}" for name in people)
    call_command("import_study", str(first), "--slug", "again", "--as", known, verbosity=0)
    call_command("export_study", "again", str(second), verbosity=0)
    before, after = sites.tables_in(first), sites.tables_in(second)
    # Who brings a study in is a line of its log; the rest is the same.
    assert after.pop("log.csv")[: len(before["log.csv"])] == before.pop("log.csv")
    assert after == before
