"""NUL and half characters: no database keeps them, so every door says where they stand."""

import io
import json
import re
import warnings
import zipfile

import pytest
from django.core.management import CommandError, call_command
from django.db import DataError
from django.urls import reverse

from mapping.models import Paper
from mapping.parsers import read_papers
from mapping.parsers.characters import unfit_place
from mapping.protocol.files import ProtocolError, dump, read
from mapping.site.middleware import WholeText
from tests.exchange.test_bundle import bundle_of, tampered
from tests.exchange.test_hostile_bundle import demo_bundle, refusal, rewritten  # noqa: F401
from tests.making import make_paper

HALVES = ["\ud800", "a \udfff b", "\x00"]


def rewritten_json(content, name, change):
    return tampered(content, name, lambda text: json.dumps(change(json.loads(text))))


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("study.json", lambda kept, half: {**kept, "title": half}),
        ("study.json", lambda kept, half: {**kept, "slug": half}),
        ("study.json", lambda kept, half: {**kept, half: "x"}),
        ("study.json", lambda kept, half: {**kept, "concord_bundle": half}),
        ("protocol.json", lambda kept, half: {**kept, "title": half}),
        ("protocol.json", lambda kept, half: {**kept, half: half}),
        (
            "protocol.json",
            lambda kept, half: {**kept, "sections": [{**kept["sections"][0], "kind": half}]},
        ),
    ],
)
def test_a_bundles_json_with_half_a_character_is_refused(name, change, half, study):
    said = refusal(rewritten_json(bundle_of(study), name, lambda kept: change(kept, half)))
    said.encode()
    assert said.startswith(name)


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize(
    ("name", "column", "change"),
    [
        ("papers.csv", "extra", lambda kept, half: {**kept, "note": half}),
        ("papers.csv", "extra", lambda kept, half: {**kept, half: "x"}),
        ("log.csv", "facts", lambda kept, half: {**kept, "file": half}),
        ("rounds.csv", "frozen_agreement", lambda kept, half: {**kept, "software": half}),
    ],
)
def test_kept_json_with_half_a_character_is_refused_by_line_and_column(
    name,
    column,
    change,
    half,
    demo_bundle,  # noqa: F811
):
    said = refusal(rewritten(demo_bundle, name, column, lambda kept: change(kept, half)))
    said.encode()
    assert said.startswith(f"{name}, line ")


def test_a_nul_in_a_cell_is_refused_by_line_and_column(study):
    make_paper(study, "A paper", key="a")
    said = refusal(
        tampered(
            bundle_of(study), "papers.csv", lambda text: text.replace("A paper", "A \x00paper")
        )
    )
    assert said == (
        "papers.csv, line 2, column title: holds a character that is no text (NUL or half a "
        "character)."
    )


def test_the_import_page_refuses_a_bundle_with_half_a_character(study, as_user, ada):
    content = rewritten_json(
        bundle_of(study), "study.json", lambda kept: {**kept, "title": "\ud800"}
    )
    file = io.BytesIO(content)
    file.name = "bundle.zip"
    answer = as_user(ada).post(reverse("import-study"), {"file": file, "act": "check"})
    assert answer.status_code == 422


@pytest.mark.parametrize("half", HALVES)
def test_a_protocol_with_half_a_character_is_refused_in_a_sentence(half, study):
    kept = dump(study)
    for change in (
        {"title": half},
        {half: 1},
        {"phases": [{"key": half}]},
        {"sections": [{half: half}]},
    ):
        try:
            read(json.dumps(kept | change))
        except ProtocolError as refused:
            str(refused).encode()
        else:
            assert half not in (change.get("title"), *change)


def test_unfit_text_that_reaches_the_database_is_answered_with_400(rf):
    wall = WholeText(lambda request: None)
    error = DataError("unsupported Unicode escape sequence")
    error.__cause__ = type("Cause", (Exception,), {"sqlstate": "22P05"})()
    assert wall.process_exception(rf.get("/"), error).status_code == 400
    with pytest.raises(UnicodeEncodeError) as half:
        "\ud800".encode()
    assert wall.process_exception(rf.get("/"), half.value).status_code == 400
    assert wall.process_exception(rf.get("/"), DataError("something else")) is None


def test_a_command_reports_an_undecodable_file_name_in_one_line(study, tmp_path):
    with pytest.raises(CommandError, match="is no text"):
        call_command("import_papers", study.slug, str(tmp_path / "a\udcff.bib"))
    assert not Paper.objects.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"@article{a, title = {One \x00 two}}",
        b"TY  - JOUR\nTI  - One \x00 two\nER  - \n",
        b"title,year\nOne \x00 two,2020\n",
        "@article{a, title = {One two}}".encode("utf-16") + b"\x00\xd8\x41\x00",
        b'@article{a, title = {\\char"D800 x}, note = {&#xD800; &#0;}}',
        b"TY  - JOUR\nTI  - One &#xD800; \\u{d800} two\nER  - \n",
        b"title,year\n\xed\xa0\x80 one,2020\n",
    ],
)
def test_readers_of_references_never_return_unfit_characters(content):
    records, problems = read_papers("x.csv" if content.startswith(b"title") else "x.bib", content)
    for record in records:
        assert unfit_place({**record.__dict__}) is None
    assert records or problems


def test_a_bundle_with_very_many_files_of_one_name_is_refused(study):
    stored = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stored, "w") as archive:
        warnings.simplefilter("ignore")
        for _ in range(60_000):
            archive.writestr(zipfile.ZipInfo("log.csv"), b"")
    assert refusal(stored.getvalue()) == "The ZIP has two files called log.csv."


@pytest.mark.parametrize("when", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_a_date_out_of_range_is_refused_with_its_line(when, study):
    make_paper(study, key="a")
    stamped = re.compile(r"\d{4}-\d\d-\d\dT[^,\r\n]*")
    said = refusal(tampered(bundle_of(study), "papers.csv", lambda text: stamped.sub(when, text)))
    assert said.startswith("papers.csv, line 2, column added_at:")
