"""The page on which anybody who may make a study brings one in from its bundle."""

import io
import zipfile
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.utils import timezone

from mapping.models import LogEntry, Membership, Paper, Study, User
from reviews.exchange.bundle import uploads, writer
from reviews.exchange.scope import scope_of_all
from reviews.models import Mark, Summary
from tests.making import make_paper, make_summary

PAGE = "/studies/import/"
WRITTEN = (Study, User, Membership, Paper, Summary, Mark, LogEntry)


@pytest.fixture
def bundle(study, ben):
    make_summary(make_paper(study, key="shared"), ben, answers={"challenges": ["Cost", "Talent"]})
    target = io.BytesIO()
    writer.write(scope_of_all(study), target)
    return target.getvalue()


def uploaded(content, name="study.zip"):
    return {"file": SimpleUploadedFile(name, content, content_type="application/zip")}


def counts():
    return {model: model.objects.count() for model in WRITTEN}


def waiting():
    return (
        default_storage.listdir(uploads.FOLDER)[1] if default_storage.exists(uploads.FOLDER) else []
    )


def previewed(client, bundle):
    answer = client.post(PAGE, uploaded(bundle))
    assert answer.status_code == 200
    return answer.context["preview"]


def test_the_preview_says_what_the_bundle_holds_and_writes_nothing(study, bundle, zoe, as_user):
    before = counts()
    answer = as_user(zoe).post(PAGE, uploaded(bundle))
    found = answer.context["preview"]

    assert counts() == before
    assert dict(found["counts"]) | {
        "papers": 1,
        "submitted summaries": 1,
        "marks": 2,
        "sections": 6,
    } == dict(found["counts"])
    assert {(one["there"], one["part"].role, one["user"].username) for one in found["people"]} == {
        ("ada", "lead", "ada-2"),
        ("ben", "reviewer", "ben-2"),
        ("cleo", "reviewer", "cleo-2"),
        ("olga", "observer", "olga-2"),
    }
    assert found["study"].slug != study.slug
    assert "Nothing is imported yet" in answer.text


def test_confirmed_it_is_the_same_study_and_whoever_imported_it_leads_it(
    study, bundle, zoe, as_user
):
    client = as_user(zoe)
    token = previewed(client, bundle)["token"]
    answer = client.post(PAGE, {"act": "import", "token": token})

    here = Study.objects.exclude(pk=study.pk).get()
    assert (answer.status_code, answer.url) == (302, here.get_absolute_url())
    assert client.get(answer.url).status_code == 200
    assert set(here.memberships.leads().values_list("user__username", flat=True)) == {
        "ada-2",
        "zoe",
    }
    marks = Mark.objects.filter(answer__summary__assignment__round__study=here)
    assert set(marks.values_list("code__label", flat=True)) == {"Cost", "Talent"}
    assert "Zoe Stranger leads it here" in here.log.get(act="import-study").text
    assert waiting() == []


def test_who_says_who_they_are_gets_what_that_person_did(study, bundle, ben, as_user):
    client = as_user(ben)
    token = previewed(client, bundle)["token"]
    client.post(PAGE, {"act": "import", "token": token, "me": "ben"})

    here = Study.objects.exclude(pk=study.pk).get()
    assert Summary.objects.get(assignment__round__study=here).assignment.reviewer == ben
    assert here.memberships.get(user=ben).role == "lead"
    assert not User.objects.filter(username="ben-2").exists()


def test_the_same_press_twice_imports_once(bundle, zoe, as_user):
    client = as_user(zoe)
    press = {"act": "import", "token": previewed(client, bundle)["token"]}
    assert client.post(PAGE, press).status_code == 302
    before = counts()
    again = client.post(PAGE, press)

    assert (again.status_code, "Choose the bundle again" in again.text) == (422, True)
    assert counts() == before


@pytest.mark.parametrize("act", ["import", "put away"])
def test_nobody_takes_the_bundle_that_somebody_else_uploaded(act, bundle, zoe, cleo, as_user):
    token = previewed(as_user(zoe), bundle)["token"]
    before = counts()
    for wrong in (token, "nonsense", ""):
        assert as_user(cleo).post(PAGE, {"act": act, "token": wrong}).status_code == 422
    assert (counts(), len(waiting())) == (before, 1)


def test_a_bundle_that_is_put_away_is_gone(bundle, zoe, as_user):
    client = as_user(zoe)
    token = previewed(client, bundle)["token"]
    before = counts()
    assert client.post(PAGE, {"act": "put away", "token": token}).status_code == 302
    assert (counts(), waiting()) == (before, [])


def test_what_waited_too_long_is_cleared_by_the_next_upload(bundle, zoe, as_user, monkeypatch):
    client = as_user(zoe)
    token = previewed(client, bundle)["token"]
    monkeypatch.setattr(uploads, "LONGEST", timedelta(0))
    (first,) = waiting()
    previewed(client, bundle)
    assert first not in waiting()
    assert client.post(PAGE, {"act": "import", "token": token}).status_code == 422


def hostile(**entries):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return target.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no zip at all", "This is no sound ZIP file"),
        (hostile(**{"../papers.csv": "x"}), "names a file outside of itself"),
        (hostile(**{"papers.csv": "0" * 20_000_000}), "grows more than 300-fold"),
        (hostile(**{"papers.csv": "x"}), "The bundle has no codings.csv."),
        (hostile(**{"notes.txt": "x"}), "“notes.txt” is no file of a bundle"),
    ],
)
def test_a_hostile_upload_is_refused_in_words_and_leaves_nothing(content, words, zoe, as_user):
    before = counts()
    answer = as_user(zoe).post(PAGE, uploaded(content))

    assert answer.status_code == 422
    assert words in answer.text
    assert "Nothing was imported." in answer.text
    assert (counts(), waiting()) == (before, [])


def test_without_a_file_the_form_says_so(zoe, as_user):
    answer = as_user(zoe).post(PAGE)
    assert (answer.status_code, "This field is required" in answer.text) == (422, True)


def test_the_page_is_one_click_from_my_studies_and_from_a_new_one(study, zoe, ada, as_user):
    for user, page in ((zoe, "/"), (ada, "/"), (ada, "/studies/new/")):
        assert f'href="{PAGE}"' in as_user(user).get(page).text


def test_the_command_makes_a_lead_too(study, bundle, zoe, tmp_path, capsys):
    (tmp_path / "study.zip").write_bytes(bundle)
    call_command("import_study", str(tmp_path / "study.zip"), "--lead", "zoe")
    here = Study.objects.exclude(pk=study.pk).get()
    assert here.memberships.get(user=zoe).role == "lead"
    assert here.created_at <= timezone.now()
