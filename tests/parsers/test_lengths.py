"""Every text has a longest length: refused by field and place, entry by entry; what is there stays
as it is.
"""

import io
from itertools import count, islice

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import models
from django.urls import reverse

from mapping.codebook import changes as codebook_changes
from mapping.models import Paper, PaperImport
from mapping.models.fields import LimitedTextField
from mapping.papers import importing
from mapping.parsers import read_papers
from mapping.parsers.lengths import OTHER_FIELD, PAPER, PROSE, SENTENCES
from mapping.protocol.files import ProtocolError, dump, read
from reviews.coding import drafts
from reviews.exchange.importing import import_codings, import_summaries
from reviews.models import Answer
from tests.exchange.test_bundle import bundle_of, come_back, tampered
from tests.exchange.test_hostile_bundle import refusal
from tests.making import make_assignment, make_paper, make_round, make_summary

# Written by the site itself, of texts that have their length.
COMPOSED = {"LogEntry.text"}


def test_every_text_column_has_a_maximum_length():
    ours = [
        model for app in ("mapping", "reviews") for model in apps.get_app_config(app).get_models()
    ]
    endless = {
        f"{model.__name__}.{field.name}"
        for model in ours
        for field in model._meta.concrete_fields
        if isinstance(field, models.TextField) and not getattr(field, "longest", None)
    }
    assert endless == COMPOSED


def bib(**fields):
    facts = {"title": "A title", "author": "Doe, Jane", **fields}
    return (
        "@article{a,\n"
        + ",\n".join(f"  {name} = {{{text}}}" for name, text in facts.items())
        + "\n}\n"
    )


FINE = "@article{fine,\n  title = {A fine one}\n}\n"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"title": "word " * 1_001}, "the title has 5,004 characters; at most 5,000 are taken"),
        (
            {"abstract": "word " * 360_000},
            "the abstract has 1,799,999 characters; at most 100,000 are taken",
        ),
        ({"author": " and ".join(["Doe, Jane"] * 10_000)}, "the authors has 109,998 characters"),
        ({"journal": "x" * 5_001}, "the venue has"),
        ({"keywords": ", ".join(f"word{n}" for n in range(3_000))}, "the keywords has"),
        ({"note": "x" * (OTHER_FIELD + 1)}, "the field “note” has 100,001 characters"),
        ({f"note{n}": "x" * 90_000 for n in range(6)}, "what has no column of its own has"),
        ({"doi": "10.1000/" + "x" * 200_000}, "characters; at most"),
    ],
)
def test_a_too_long_record_is_refused_and_others_are_read(fields, named):
    records, problems = read_papers("x.bib", (bib(**fields) + FINE).encode())
    assert [record.key for record in records] == ["fine"]
    (problem,) = problems
    assert (problem.file, problem.line, problem.is_refusal) == ("x.bib", 1, True)
    assert named in problem.reason


@pytest.mark.parametrize("name", ["x.ris", "x.csv"])
def test_too_long_records_are_refused_in_every_file_format(name):
    files = {
        "x.ris": (
            f"TY  - JOUR\nTI  - Long\nAB  - {'word ' * 30_000}\nER  - \n\nTY  - JOUR\nTI  - "
            "Fine\nER  - \n"
        ),
        "x.csv": f"title,abstract\nLong,{'word ' * 30_000}\nFine,x\n",
    }
    records, problems = read_papers(name, files[name].encode())
    assert ([record.title for record in records], len(problems)) == (["Fine"], 1)
    assert "the abstract has" in problems[0].reason


@pytest.mark.parametrize("script", [0x61, 0x4E00, 0x20000])
def test_the_longest_allowed_paper_can_be_saved_in_any_script(script, study):
    """In words of two letters: as many of them, and as long in bytes, as there is room for."""
    words = (f"{chr(script + place % 20_000)}{chr(script + place // 20_000)}" for place in count())
    texts = {name: " ".join(islice(words, longest // 3)) for name, longest in PAPER.items()}
    paper = Paper(study=study, key="long", **texts)
    paper.full_clean()
    paper.save()


def test_a_too_long_record_does_not_block_others_on_the_import_page(study, as_user, ada):
    lead, page = as_user(ada), reverse("import-papers", args=[study.slug])
    file = io.BytesIO((bib(abstract="word " * 360_000) + FINE).encode())
    file.name = "x.bib"
    shown = lead.post(page, {"files": file}, follow=True)
    assert shown.status_code == 200
    assert "the abstract has 1,799,999 characters" in shown.text
    importing.confirm(PaperImport.objects.get(), by=ada)
    assert [paper.key for paper in study.papers.all()] == ["fine"]


def test_an_old_import_preview_with_long_texts_is_refused(study, ada):
    preview = importing.preview(study, file_name="x.bib", content=FINE.encode(), by=ada)
    preview.records[0]["abstract"] = "word " * 360_000
    preview.save()
    with pytest.raises(
        ValidationError, match=r"x.bib, line 1: the abstract has 1,800,000 characters"
    ):
        importing.confirm(preview, by=ada)
    assert not study.papers.exists()


def test_forms_refuse_long_texts_and_never_truncate(study, as_user, ada):
    lead, page = as_user(ada), reverse("add-paper", args=[study.slug])
    assert 'name="abstract"' in lead.get(page).text
    assert "maxlength" not in lead.get(page).text.split('name="abstract"')[1].split(">")[0]
    refused = lead.post(page, {"title": "A title", "abstract": "x" * 100_001})
    assert (refused.status_code, "has 100,001 characters; at most 100,000" in refused.text) == (
        422,
        True,
    )


def test_existing_long_texts_stay_valid(study, as_user, ada):
    paper = make_paper(study, "T" * 6_000, key="a")
    facts = {"title": paper.title, "key": "a", "abstract": "Mended", "year": 2020}
    assert (
        as_user(ada).post(reverse("edit-paper", args=[study.slug, "a"]), facts).status_code == 302
    )
    paper.refresh_from_db()
    assert (len(paper.title), paper.abstract) == (6_000, "Mended")
    refused = as_user(ada).post(
        reverse("edit-paper", args=[study.slug, "a"]), {**facts, "title": "T" * 6_001}
    )
    assert refused.status_code == 422


def test_answers_have_a_maximum_length_and_older_longer_ones_can_be_saved(study, as_user, ben):
    paper = make_paper(study, key="a")
    assignment = make_assignment(paper, ben)
    url = reverse("section", args=[study.slug, "a", "conclusion"])
    facts = {
        "assignment": assignment.pk,
        "conclusion-version": 0,
        "conclusion-text": "x" * (PROSE + 1),
    }
    refused = as_user(ben).post(url, facts, headers={"Accept": "application/json"})
    assert refused.status_code == 422
    assert refused.json()["errors"] == [
        "Conclusion: the text has 100,001 characters; at most 100,000 are taken."
    ]
    assert not Answer.objects.exists()

    section = study.sections.get(key="conclusion")
    summary = drafts.open_summary(assignment)
    Answer.objects.create(summary=summary, section=section, text="y" * (PROSE + 5), version=1)
    content = {"text": "y" * (PROSE + 5), "quote": "because"}
    assert drafts.save_answer(summary, section, content, based_on=1, by=ben).word == "saved"


def test_codes_have_a_maximum_length_in_forms_and_files(study, as_user, ada):
    section = study.sections.get(key="challenges")
    long = "x" * (SENTENCES + 1)
    with pytest.raises(ValidationError, match="definition has 20,001 characters"):
        codebook_changes.add(section, by=ada, facts={"label": "New", "definition": long})
    with pytest.raises(ValidationError, match="when not to use has 20,001 characters"):
        codebook_changes.edit(section.codes.first(), by=ada, facts={"when_not": long}, reason="x")
    answer = as_user(ada).post(
        reverse("new-code", args=[study.slug]) + "?section=challenges",
        {"label": "New", "definition": long},
    )
    assert (answer.status_code, "20,001 characters" in answer.text) == (422, True)
    with pytest.raises(ProtocolError, match="is longer than 20000 characters"):
        read({**dump(study), "description": long})


def test_imported_codings_and_templates_name_the_line_or_the_section(study, ada, ben):
    make_paper(study, key="p")
    content = f"paper,reviewer,section,value,quote\np,ben,method,Survey,{'q' * 100_001}\n".encode()
    outcome = import_codings(study, file_name="c.csv", content=content, by=ada)
    assert [(one["line"], one["reason"]) for one in outcome["problems"]] == [
        (2, "the quote has 100,001 characters; at most 100,000 are taken")
    ]
    text = f"## Paper Title: A paper\n\n## Conclusion\n\n{'word ' * 30_000}\n"
    with pytest.raises(ValidationError, match=r"a.md, Conclusion: the text has"):
        import_summaries(study, files=[("a.md", text.encode())], reviewer=ben, by=ada)


def test_a_bundle_names_the_file_the_line_and_the_column(study, ben):
    make_summary(make_paper(study, "A paper", key="a"), ben, round=make_round(study))
    content = bundle_of(study)
    said = refusal(
        tampered(content, "papers.csv", lambda text: text.replace("A paper", "A" * 50_001))
    )
    assert said == (
        "papers.csv, line 2, column title: this text has 50,001 characters; at most 50,000 are "
        "taken."
    )
    make_paper(study, "B", key="b", abstract="An abstract", authors="Some authors")
    content = bundle_of(study)
    words = " ".join(f"word{number}" for number in range(80_000))

    def with_many_words(text):
        return text.replace("An abstract", words).replace("Some authors", words[::-1])

    assert refusal(tampered(content, "papers.csv", with_many_words)).startswith(
        "The texts of one paper are together"
    )


def test_a_bundle_with_longer_texts_from_before_can_be_restored(study, ben):
    make_summary(
        make_paper(study, "T" * 6_000, key="a", abstract="word " * 30_000),
        ben,
        round=make_round(study),
    )
    again = come_back(bundle_of(study))
    assert list(again.papers.values_list("title", "abstract")) == [("T" * 6_000, "word " * 30_000)]


def test_the_command_names_the_records_it_refuses(study, tmp_path):
    file = tmp_path / "x.bib"
    file.write_text(bib(abstract="word " * 360_000) + FINE)
    said = io.StringIO()
    call_command("import_papers", study.slug, str(file), stdout=said)
    assert (
        "x.bib, line 1: the abstract has 1,799,999 characters; at most 100,000 are taken"
        in said.getvalue()
    )
    assert study.papers.count() == 1


def test_a_limited_field_is_a_plain_text_to_the_database():
    assert LimitedTextField(longest=5).deconstruct()[1:] == ("django.db.models.TextField", [], {})
