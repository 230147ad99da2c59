import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from mapping.models import Code, LogEntry, Membership, Study
from mapping.protocol import files as protocol_files
from tests.making import make_code, make_study, make_user

NEW = "/studies/new/"


def run(*words, capsys):
    call_command("new_study", *words, "--json")
    return json.loads(capsys.readouterr().out)


def json_file(content, name="protocol.json"):
    return SimpleUploadedFile(
        name, content if isinstance(content, bytes) else json.dumps(content).encode()
    )


def test_the_command_makes_a_study_with_its_lead_and_template(ada, capsys):
    outcome = run(
        "A Map of MLOps", "--lead", "ADA@example.org", "--template", "mlops", capsys=capsys
    )
    study = Study.objects.get(slug=outcome["study"])
    assert (study.slug, study.template_name, study.codebook_version) == (
        "a-map-of-mlops",
        "mlops",
        1,
    )
    assert list(study.memberships.values_list("user__username", "role")) == [("ada", "lead")]
    assert study.sections.count() == 14
    assert study.log.get().act == "create-study"


def test_without_a_template_the_study_is_blank(ada, capsys):
    study = Study.objects.get(slug=run("T", "--lead", "ada", capsys=capsys)["study"])
    assert [phase.key for phase in study.phases.all()] == ["coding"]
    assert not study.sections.exists()


def test_the_command_takes_a_protocol_file(ada, capsys, tmp_path):
    file = tmp_path / "ours.json"
    file.write_text(
        json.dumps({"sections": [{"key": "a", "label": "A", "kind": "text", "colour": 1}]})
    )
    outcome = run("T", "--lead", "ada", "--template", str(file), capsys=capsys)
    assert outcome["notes"] == ["sections[0].colour: unknown, read over"]
    assert Study.objects.get(slug=outcome["study"]).sections.get().key == "a"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["T", "--lead", "nobody"], "There is no user “nobody”."),
        (["T", "--lead", "ada", "--template", "nix"], "“nix” is neither a built-in template"),
        (["  ", "--lead", "ada"], "A study needs a title."),
        (["x" * 301, "--lead", "ada"], "longer than 300"),
    ],
)
def test_invalid_arguments_are_refused_and_nothing_is_written(words, said, ada):
    with pytest.raises(CommandError, match=said):
        call_command("new_study", *words)
    assert not Study.objects.exists()


def test_a_refused_file_and_a_deactivated_lead_make_no_study(ada, tmp_path):
    file = tmp_path / "bad.json"
    file.write_text('{"sections": [{"key": "a", "label": "A", "kind": "coedes"}]}')
    with pytest.raises(CommandError, match=r"bad.json: sections\[0\].kind: “coedes” is none of"):
        call_command("new_study", "T", "--lead", "ada", "--template", str(file))
    ada.is_active = False
    ada.save()
    with pytest.raises(CommandError, match="deactivated"):
        call_command("new_study", "T", "--lead", "ada")
    assert not Study.objects.exists()


def test_slugs_are_unique_and_exist_for_titles_in_any_script(ada):
    def slug(title):
        return protocol_files.create_study(
            title=title, lead=ada, by=ada, protocol=protocol_files.built_in("blank")
        ).slug

    assert [slug("Été à Paris!"), slug("Ete a Paris"), slug("系统映射研究"), slug("دراسة")] == [
        "ete-a-paris",
        "ete-a-paris-2",
        "study",
        "study-2",
    ]
    assert len(slug("long " * 60)) <= 80


def test_anybody_signed_in_may_start_a_study_and_leads_it(as_user, zoe):
    page = as_user(zoe).get(NEW)
    assert page.status_code == 200
    assert "Main focus and purpose" in page.content.decode()

    answer = as_user(zoe).post(
        NEW, {"title": "Mine", "description": "About it", "start": "software-engineering"}
    )
    study = Study.objects.get()
    assert answer.url == f"/s/{study.slug}/template/"
    assert (study.title, study.description) == ("Mine", "About it")
    assert Membership.objects.get(study=study).user == zoe
    assert study.sections.count() == 6


def test_a_study_starts_from_a_protocol_file(as_user, zoe):
    content = {
        "settings": {"others_visible": "closed"},
        "sections": [{"key": "a", "label": "A", "kind": "text"}],
    }
    as_user(zoe).post(NEW, {"title": "Mine", "start": "file", "file": json_file(content)})
    study = Study.objects.get()
    assert (study.others_visible, study.sections.get().label, study.template_name) == (
        "closed",
        "A",
        "protocol.json",
    )


def test_a_refused_file_shows_all_its_problems_and_keeps_what_was_typed(as_user, zoe):
    content = {"sections": [{"key": "a b", "label": "<b>A</b>", "kind": "coedes"}]}
    answer = as_user(zoe).post(
        NEW,
        {
            "title": "My own title",
            "description": "My words",
            "start": "file",
            "file": json_file(content),
        },
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "sections[0].key: “a b”" in page
    assert "sections[0].kind: “coedes” is none of" in page
    assert "My own title" in page
    assert "My words" in page
    assert not Study.objects.exists()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"title": "T"},
        {"title": "T", "start": "nix"},
        {"title": "T", "start": "file"},
        {"title": "T", "start": "study"},
        {"title": "T", "start": "study", "study": "no-such"},
        {"title": "x" * 301, "start": "blank"},
        {"title": "a\x00b", "start": "blank"},
        {"title": "   ", "start": "blank"},
    ],
)
def test_a_form_that_lacks_something_is_refused(facts, as_user, zoe):
    assert as_user(zoe).post(NEW, facts).status_code == 422
    assert not Study.objects.exists()


def test_starting_from_a_study_copies_its_template_alone(study, as_user, ben):
    make_code(
        study.sections.get(key="challenges"), "Bens secret", status="proposed", proposed_by=ben
    )
    as_user(ben).post(NEW, {"title": "Next", "start": "study", "study": study.slug})
    copied = Study.objects.get(title="Next")
    assert list(copied.memberships.values_list("user__username", "role")) == [("ben", "lead")]
    assert {one.key for one in copied.sections.all()} == {one.key for one in study.sections.all()}
    assert not Code.objects.filter(section__study=copied, label="Bens secret").exists()


def test_a_study_of_others_cannot_be_started_from(study, as_user, zoe):
    assert study.title not in as_user(zoe).get(NEW).content.decode()
    assert (
        as_user(zoe).post(NEW, {"title": "T", "start": "study", "study": study.slug}).status_code
        == 422
    )


@pytest.mark.parametrize("others", [1, 3])
def test_the_new_study_page_has_a_constant_query_count(
    others, as_user, zoe, django_assert_num_queries
):
    for _ in range(others):
        make_study(lead=zoe)
    client = as_user(zoe)
    with django_assert_num_queries(5):
        client.get(NEW)


def test_the_lead_need_not_be_the_one_who_starts_it(ada):
    ben = make_user("ben")
    study = protocol_files.create_study(
        title="T", lead=ben, by=ada, protocol=protocol_files.built_in("blank")
    )
    assert (study.created_by, study.memberships.get().user, study.log.get().by) == (ada, ben, ada)
