"""A bundle that an earlier commit made comes in, by the command and by the page: see README.md."""

import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse

from mapping.models import Code, Study, User
from reviews.models import EarlyLook, PriorAccess
from tests.earlier import meaning, sites

pytestmark = pytest.mark.django_db
# What the page says that it counted, and the table that has it.
COUNTED = {
    "papers": "papers.csv",
    "codes": "codebook.csv",
    "submitted summaries": "summaries.csv",
    "rounds": "rounds.csv",
    "remarks": "remarks.csv",
    "lines of the log": "log.csv",
}
MERGED = {"Insufficient purchasing budget": (1, 0), "Compliance and explainability": (4, 2)}


@pytest.fixture(params=sites.BUNDLES)
def bundle(request):
    return sites.FOLDER / request.param


@pytest.fixture
def slug(bundle):
    return bundle.stem


def export(slug, file):
    call_command("export_study", slug, str(file), verbosity=0)
    return file


def empty_the_site():
    """Its names are free again."""
    for study in Study.objects.all():
        Study.objects.filter(pk=study.pk).update(slug=f"old-{study.pk}")
    for user in User.objects.all():
        User.objects.filter(pk=user.pk).update(username=f"old-{user.pk}")


def kept_columns(tables, then):
    """Tables and columns that came since are left out of today's."""
    return {
        name: [{column: row[column] for column in rows[0]} for row in tables[name]]
        if rows
        else tables[name]
        for name, rows in then.items()
    }


def contents(file):
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_it_comes_in_and_every_table_says_what_it_said(bundle, slug, tmp_path):
    """`not_independent` and the file `prior_access.csv` came later, and are worked out. What JSON
    names has other keys since: there the meaning is compared.
    """
    call_command("import_study", str(bundle), verbosity=0)
    then, now = sites.tables_in(bundle), sites.tables_in(export(slug, tmp_path / "now.zip"))
    then, now = meaning.comparable(bundle, then, now)
    same = kept_columns(now, then)
    for name, rows in then.items():
        assert same[name] == rows, name


def test_what_went_out_again_comes_in_again_and_goes_out_as_the_same_files(bundle, slug, tmp_path):
    call_command("import_study", str(bundle), verbosity=0)
    first = export(slug, tmp_path / "first.zip")
    empty_the_site()
    call_command("import_study", str(first), verbosity=0)
    assert contents(export(slug, tmp_path / "second.zip")) == contents(first)


def test_it_comes_in_through_the_page(bundle, slug, zoe, as_user, tmp_path):
    client, then = as_user(zoe), sites.tables_in(bundle)
    page = reverse("import-study")
    file = SimpleUploadedFile(bundle.name, bundle.read_bytes(), content_type="application/zip")
    preview = client.post(page, {"file": file}).context["preview"]
    counts = dict(preview["counts"])
    for words, name in COUNTED.items():
        assert counts[words] == len(then[name]), words
    answer = client.post(page, {"act": "import", "token": preview["token"]})
    study = Study.objects.get()
    assert (answer.status_code, answer.url) == (302, study.get_absolute_url())
    for name in ("overview", "codebook", "agreement", "log"):
        assert client.get(reverse(name, args=[study.slug])).status_code == 200, name
    now = sites.tables_in(export(study.slug, tmp_path / "now.zip"))
    then, now = meaning.comparable(bundle, then, now)
    now = kept_columns(now, then)
    # Whoever brought it in leads it here, and the log says so.
    assert [row for row in now.pop("team.csv") if row["user"] != "zoe"] == then.pop("team.csv")
    assert now == then


@pytest.fixture(params=[name for name in sites.BUNDLES if name.endswith("mlops-demo.zip")])
def demo(request):
    call_command("import_study", str(sites.FOLDER / request.param), verbosity=0)
    return Study.objects.get()


def test_merges_made_back_then_are_undone_in_the_study_that_came_in(demo, as_user):
    ada = demo.memberships.get(user__username="ada").user
    for version in (2, 3):
        url = reverse("undo-change", args=[demo.slug, version])
        assert as_user(ada).post(url, {"reason": "It was right before."}).status_code == 302
    for label, marked in MERGED.items():
        code = Code.objects.get(label=label)
        assert code.status == "active"
        assert (code.marks.count(), code.finding_marks.count()) == marked


def test_who_could_read_others_answers_before_is_worked_out(demo):
    found = PriorAccess.objects.values_list("paper__key", "phase__key", "user__username", "why")
    assert set(found) == {("paleyes2022challenges", "coding", "ada", "lead")}
    assert EarlyLook.objects.get().user.username == "ada"
