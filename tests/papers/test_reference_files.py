"""papers.bib and papers.ris, read back by readers that are not ours: the values are those of the
database.
"""

import io
import json
import zipfile

import pytest
from django.core.management import call_command

from mapping.models import Paper
from mapping.parsers import read_papers
from tests.foreign_readers import bibtex_entries, ris_records
from tests.making import make_paper

AUTHORS = [
    "John, Meenu Mary",
    "van der Berg, Jan-Willem",
    "de la Cruz y Gómez, María José",
    "King, Martin Luther, Jr.",
    "Müller, Jörg",
    "O'Neill, Séan",
    "Research and Innovation Council",
    "Smith and Sons, Ltd",
    "AT&T Research",
    "王, 小明",
    "Plato",
    "100% {Braces}, A_B",
]
KEYWORDS = [
    "machine learning",
    "MLOps, in practice",
    "C#",
    "R&D",
    "maschinelles Lernen",
    "深度学习",
    "50 % {off}",
]
HARD = {
    "john2021towards": {
        "title": 'Towards {MLOps}: 100 % of $5 & "quotes" #1 a_b ~c^d \\e – Größe 机器',
        "authors": "; ".join(AUTHORS),
        "keywords": "; ".join(KEYWORDS),
        "venue": "Journal of R&D {and} 50 % Things",
        "doi": "10.1000/a_b_c(1)",
        "url": "https://example.org/a_b?x=1&y=%20z#top",
        "abstract": (
            "First line, 5 % = a_b.\n\nSecond line: {x} & $y$.\r\n- @misc{not an entry,\nTY  - JOUR"
        ),
        "volume": "12_3",
        "number": "4 & 5",
        "pages": "165–176",
        "publisher": "Müller & Söhne {GmbH}",
        "kind": "article",
        "extra": {
            "note": "=1+1 {x} %",
            "ER": "not the end",
            "TI": "not the title",
            "AU": "Nobody, N.",
        },
    },
    "formula": {
        "title": "=cmd|' /C calc'!A0",
        "authors": "@Home, A.; -Dash, B.",
        "kind": "inproceedings",
    },
    "brace": {"title": "One } closed and { opened", "authors": "Brace, {A", "kind": "misc"},
    "comment": {"title": "A comment", "kind": "comment"},
    "string": {"title": "Strings", "kind": "string"},
    "nothing": {"title": "Nothing else", "kind": ""},
    "single": {
        "title": "One author, one word",
        "authors": "Müller, Jörg",
        "keywords": "Learning, deep",
    },
    "lines": {
        "title": "Two\nlines",
        "authors": "Eins, A.\nZwei, B.",
        "keywords": "one\ntwo",
        "pages": "1--9",
    },
}


@pytest.fixture
def papers(study):
    for key, facts in HARD.items():
        make_paper(
            study,
            facts["title"],
            key=key,
            **{name: facts[name] for name in facts if name != "title"},
        )
    return {paper.key: paper for paper in Paper.objects.order_by("pk")}


def file_of(client, study, name):
    return b"".join(client.get(f"/s/{study.slug}/export/{name}").streaming_content).decode()


def on_one_line(text):
    return " ".join(text.split())


def split(text):
    return [one for one in map(str.strip, text.replace("\n", ";").split(";")) if one]


VENUES = {"article": "journal", "inproceedings": "booktitle", "misc": "howpublished"}


def test_a_bibtex_reader_finds_every_value_of_the_database(study, papers, as_user, ada):
    entries = bibtex_entries(file_of(as_user(ada), study, "papers.bib"))

    assert list(entries) == list(papers)
    for key, paper in papers.items():
        entry = entries[key]
        assert entry["title"].split() == paper.title.split(), key
        assert entry.get("author", []) == split(paper.authors), key
        assert split(entry.get("keywords", "")) == split(paper.keywords), key
        assert entry.get("abstract", "").split() == paper.abstract.split(), key
        assert entry.get("pages", "").replace("--", "–") == paper.pages.replace("--", "–"), key
        assert entry.get(VENUES.get(paper.kind, "journal"), "") == paper.venue, key
        for name in ("doi", "url", "volume", "number", "publisher"):
            assert entry.get(name, "") == getattr(paper, name), (key, name)
        assert entry["year"] == "2021"
        assert entry["ENTRYTYPE"] == {"comment": "misc", "string": "misc", "": "misc"}.get(
            paper.kind, paper.kind
        )
    assert entries["john2021towards"]["note"] == "=1+1 {x} %"


def test_a_ris_reader_finds_every_value_of_the_database(study, papers, as_user, ada):
    records = ris_records(file_of(as_user(ada), study, "papers.ris"))

    assert list(records) == list(papers)
    named = {
        "venue": "secondary_title",
        "doi": "doi",
        "volume": "volume",
        "number": "number",
        "abstract": "abstract",
    }
    for key, paper in papers.items():
        record = records[key]
        assert record["title"] == on_one_line(paper.title), key
        assert record.get("authors", []) == split(paper.authors), key
        assert record.get("keywords", []) == split(paper.keywords), key
        assert record.get("urls", []) == split(paper.url), key
        assert record["year"] == "2021"
        for name, tag in (named | {"publisher": "publisher"}).items():
            assert record.get(tag, "") == on_one_line(getattr(paper, name)), (key, name)
    assert (records["lines"]["start_page"], records["lines"]["end_page"]) == ("1", "9")
    assert (records["john2021towards"]["start_page"], records["john2021towards"]["end_page"]) == (
        "165",
        "176",
    )


def test_our_own_import_finds_the_same_papers_in_both(study, papers, as_user, ada):
    for name in ("papers.bib", "papers.ris"):
        records, problems = read_papers(name, file_of(as_user(ada), study, name).encode())
        assert [problem for problem in problems if problem.is_refusal] == [], name
        assert {record.key: record.authors for record in records} == {
            k: split(p.authors) for k, p in papers.items()
        }
        assert {record.key: record.keywords for record in records} == {
            k: split(p.keywords) for k, p in papers.items()
        }
        assert {r.key: r.title for r in records} == {
            k: on_one_line(p.title) for k, p in papers.items()
        }, name
        assert {r.key: r.doi for r in records} == {k: p.doi for k, p in papers.items()}, name


def test_keys_that_bibtex_cannot_hold_stay_apart(study, as_user, ada):
    for key in ("a b", "a-b", "a,b", "A-b"):
        make_paper(study, f"Paper {key}", key=key)

    entries = bibtex_entries(file_of(as_user(ada), study, "papers.bib"))
    assert {entry["title"] for entry in entries.values()} == {
        "Paper a b",
        "Paper a-b",
        "Paper a,b",
        "Paper A-b",
    }
    assert entries["a-b"]["title"] == "Paper a-b", "whoever fits keeps their own key"


def test_the_bundle_and_the_command_hold_the_same_references(study, papers, as_user, ada, tmp_path):
    call_command("export_study", study.slug, str(tmp_path / "study.zip"))
    answer = as_user(ada).get(f"/s/{study.slug}/export/bundle.zip")
    for content in ((tmp_path / "study.zip").read_bytes(), b"".join(answer.streaming_content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name, reader in (("papers.bib", bibtex_entries), ("papers.ris", ris_records)):
                assert archive.read(name).decode() == file_of(as_user(ada), study, name)
                assert len(reader(archive.read(name).decode())) == len(papers)
            assert json.loads(archive.read("protocol.json"))
