"""A paper's PDF: taken by content, served to members alone, in ranges, and never as anything but a
PDF.
"""

import stat
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from mapping.models import LogEntry
from mapping.papers.views.pdf import byte_range
from mapping.site.uploads import close_to_others
from tests.making import make_paper

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 8


@pytest.fixture
def paper(study):
    return make_paper(study, key="müller 2020")


@pytest.fixture
def kept(paper):
    paper.pdf.save("some name.pdf", ContentFile(PDF))
    return paper


def address(paper, name="pdf"):
    return reverse(name, args=[paper.study.slug, paper.key])


def send(client, paper, content=PDF, name="secret-reviewer-name.pdf"):
    return client.post(
        address(paper, "upload-pdf"),
        {"pdf": SimpleUploadedFile(name, content, content_type="application/pdf")},
    )


@pytest.mark.django_db(transaction=True)
def test_a_pdf_is_uploaded_replaced_and_removed_without_leaving_files(paper, as_user, ada):
    lead = as_user(ada)
    assert send(lead, paper).status_code == 302
    paper.refresh_from_db()
    first = paper.pdf.name
    assert "secret" not in first
    assert lead.get(address(paper)).getvalue() == PDF

    send(lead, paper, PDF + b"second")
    paper.refresh_from_db()
    assert paper.pdf.name != first
    assert not default_storage.exists(first)

    second = paper.pdf.name
    lead.post(address(paper, "remove-pdf"))
    paper.refresh_from_db()
    assert not paper.pdf
    assert not default_storage.exists(second)
    assert lead.get(address(paper)).status_code == 404
    assert LogEntry.objects.filter(act__in=["attach-pdf", "remove-pdf"]).count() == 3


def test_a_reviewer_brings_the_missing_one_and_does_not_replace_it(paper, as_user, ben, olga):
    assert send(as_user(olga), paper).status_code == 403
    assert send(as_user(ben), paper).status_code == 302
    assert send(as_user(ben), paper, PDF + b"other").status_code == 403
    assert as_user(ben).post(address(paper, "remove-pdf")).status_code == 403
    assert as_user(ben).get(address(paper)).getvalue() == PDF


@pytest.mark.parametrize(
    "content", [b"<html><script>alert(1)</script>", b"x" * 1024 + PDF, b"PK\x03\x04"]
)
def test_what_is_no_pdf_by_content_is_refused_whatever_it_is_called(content, paper, as_user, ada):
    answer = send(as_user(ada), paper, content)
    assert answer.status_code == 422
    assert "not a PDF" in answer.text
    paper.refresh_from_db()
    assert not paper.pdf


def test_a_mark_within_the_first_kilobyte_is_enough(paper, as_user, ada):
    assert send(as_user(ada), paper, b"\n" * 1019 + PDF).status_code == 302


@pytest.mark.parametrize(
    "before",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"<script>alert(1)</script>",
        b"GIF89a",
        b"PK\x03\x04",
        b"%!",
    ],
)
def test_a_file_that_begins_like_something_else_is_no_pdf_wherever_its_mark_stands(
    before, paper, as_user, ada
):
    answer = send(as_user(ada), paper, before + PDF)
    assert answer.status_code == 422
    assert "something stands before its %PDF- mark" in answer.text
    paper.refresh_from_db()
    assert not paper.pdf


def test_too_large_empty_and_missing_files_are_refused(paper, as_user, ada, settings):
    settings.PDF_LIMIT = 1000
    answer = send(as_user(ada), paper)
    assert (answer.status_code, "a PDF may have" in answer.text) == (422, True)
    assert send(as_user(ada), paper, b"").status_code == 422
    assert as_user(ada).post(address(paper, "upload-pdf"), {}).status_code == 422


def test_members_get_it_inline_and_tied_down_strangers_do_not(kept, as_user, olga, zoe, client):
    answer = as_user(olga).get(address(kept))
    assert answer["Content-Type"] == "application/pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == "inline; filename*=utf-8''m%C3%BCller%202020.pdf"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert (answer["Accept-Ranges"], answer["Content-Length"]) == ("bytes", str(len(PDF)))
    assert answer.streaming
    assert as_user(zoe).get(address(kept)).status_code == 404
    assert client.get(address(kept)).status_code == 302
    assert client.get(f"/uploads/{kept.pdf.name}").status_code in {302, 404}


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-9", 0, 9),
        ("bytes=100-", 100, None),
        ("bytes=-5", -5, None),
        ("bytes=2000-9999", 2000, None),
    ],
)
def test_a_range_is_answered_with_that_part(asked, first, last, kept, as_user, ben):
    answer = as_user(ben).get(address(kept), headers={"Range": asked})
    part = PDF[first:] if last is None else PDF[first : last + 1]
    assert (answer.status_code, answer.getvalue()) == (206, part)
    start = len(PDF) - 5 if first == -5 else first
    assert answer["Content-Range"] == f"bytes {start}-{start + len(part) - 1}/{len(PDF)}"
    assert answer["Content-Length"] == str(len(part))


def test_a_range_beyond_the_end_is_416_and_one_that_makes_no_sense_is_left_aside(
    kept, as_user, ben
):
    reader = as_user(ben)
    beyond = reader.get(address(kept), headers={"Range": "bytes=99999-"})
    assert (beyond.status_code, beyond["Content-Range"]) == (416, f"bytes */{len(PDF)}")
    for asked in ("bytes=9-2", "bytes=a-b", "pages=1-2", "bytes=0-1,5-6", "bytes=-"):
        assert reader.get(address(kept), headers={"Range": asked}).status_code == 200


def test_a_range_of_a_replaced_file_gives_the_whole_new_one(kept, as_user, ben):
    reader = as_user(ben)
    tag = reader.get(address(kept))["ETag"]
    ranged = {"Range": "bytes=0-3", "If-Range": tag}
    assert reader.get(address(kept), headers=ranged).status_code == 206
    assert reader.get(address(kept), headers=ranged | {"If-Range": '"other"'}).status_code == 200
    assert reader.get(address(kept), headers={"If-None-Match": tag}).status_code == 304


def test_an_empty_suffix_cannot_be_satisfied():
    assert byte_range("bytes=-0", 10) == (10, 10)
    assert byte_range("bytes=-20", 10) == (0, 9)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_uploads_are_readable_by_whoever_runs_the_server_alone(kept, settings):
    file = Path(kept.pdf.path)
    assert mode(file) == 0o600
    assert {
        mode(folder) for folder in file.parents if folder.is_relative_to(settings.MEDIA_ROOT)
    } == {0o700}


def test_what_was_uploaded_before_is_closed_too(kept, settings, tmp_path):
    file, elsewhere = Path(kept.pdf.path), tmp_path / "elsewhere"
    elsewhere.write_text("somebody else's")
    elsewhere.chmod(0o644)
    (file.parent / "link").symlink_to(elsewhere)
    for path, open_mode in ((file, 0o644), (file.parent, 0o755), (settings.MEDIA_ROOT, 0o755)):
        path.chmod(open_mode)

    close_to_others(settings.MEDIA_ROOT)
    assert (mode(file), mode(file.parent), mode(settings.MEDIA_ROOT)) == (0o600, 0o700, 0o700)
    assert mode(elsewhere) == 0o644
    close_to_others(tmp_path / "none")
