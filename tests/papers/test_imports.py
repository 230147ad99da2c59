"""Importing files of references: what is new, what is here already, what is refused; confirmed
once, undone whole.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO, StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from mapping.models import LogEntry, Paper, PaperImport, PaperSource
from mapping.papers import importing
from tests.making import make_assignment, make_paper, make_study


def entry(key, title, *, year=2021, **fields):
    more = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@article{{{key},\n  title = {{{title}}},\n  year = {{{year}}},\n{more}}}\n\n"


TWO = entry(
    "john2021", "Towards MLOps", author="John, Meenu and Olsson, Helena", doi="10.1109/MLOPS.2021.1"
) + entry("felderer2021", "Quality Assurance for AI-Based Systems")


def preview(study, text, *, by, name="search.bib", source="Scopus"):
    return importing.preview(study, file_name=name, content=text.encode(), source=source, by=by)


def take(study, text, *, by, **facts):
    return importing.confirm(preview(study, text, by=by, **facts), by=by)


def titles(study):
    return set(study.papers.values_list("title", flat=True))


def test_a_preview_writes_no_paper_and_confirming_writes_them_all(study, ada):
    previewed = preview(study, TWO, by=ada)
    assert (previewed.state, previewed.new, titles(study)) == ("previewed", 2, set())

    confirmed = importing.confirm(previewed, by=ada)

    assert (confirmed.state, confirmed.new, confirmed.duplicate, confirmed.refused) == (
        "confirmed",
        2,
        0,
        0,
    )
    assert titles(study) == {"Towards MLOps", "Quality Assurance for AI-Based Systems"}
    paper = study.papers.get(key="john2021")
    assert (paper.authors, paper.year, paper.doi) == (
        "John, Meenu; Olsson, Helena",
        2021,
        "10.1109/mlops.2021.1",
    )
    assert list(paper.sources.values_list("source", "file_name", "line", "is_duplicate")) == [
        ("Scopus", "search.bib", 1, False)
    ]
    assert LogEntry.objects.filter(study=study, act="import-papers", by=ada).count() == 1


def test_confirming_twice_gives_one_set_of_papers(study, ada):
    previewed = preview(study, TWO, by=ada)
    importing.confirm(previewed, by=ada)
    importing.confirm(previewed, by=ada)

    assert study.papers.count() == 2
    assert PaperSource.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_files_with_the_same_papers_confirmed_at_once_give_one_set(ada):
    study = make_study(lead=ada)
    previews = [preview(study, TWO, by=ada, name=name) for name in ("a.bib", "b.bib")]

    def confirm(one):
        try:
            return importing.confirm(one, by=ada)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        confirmed = list(pool.map(confirm, previews))

    assert study.papers.count() == 2
    assert sorted((one.new, one.duplicate) for one in confirmed) == [(0, 2), (2, 0)]


def test_duplicates_say_which_paper_and_why_and_remember_where_they_were_found(study, ada):
    make_paper(study, "Towards MLOps", key="john", doi="10.1109/SEAA.2021.1".lower())
    make_paper(study, "Quality Assurance for AI-Based Systems", key="felderer")
    text = (
        entry("x1", "Another title", doi="https://doi.org/10.1109/SEAA.2021.1")
        + entry("x2", "Quality assurance for {AI-based} systems.")
        + entry("x3", "Quality Assurence for AI-Based Systems")
        + entry("x4", "Quality Assurance for AI-Based Systems", year=2015)
        + entry("x5", "Who Needs MLOps")
        + entry("x6", "Who needs {MLOps}")
    )

    confirmed = take(study, text, by=ada, source="ACM")

    outcomes = {one["key"]: (one["outcome"], one["which"]) for one in confirmed.records}
    assert outcomes == {
        "x1": ("duplicate", "john"),
        "x2": ("duplicate", "felderer"),
        "x3": ("duplicate", "felderer"),
        "x4": ("new", "x4"),
        "x5": ("new", "x5"),
        "x6": ("duplicate", "x5"),
    }
    reasons = {one["key"]: one["why"] for one in confirmed.records}
    assert "same DOI" in reasons["x1"]
    assert "same title" in reasons["x2"]
    assert "nearly the same title" in reasons["x3"]
    assert "repeated in the file (line" in reasons["x6"]
    assert list(
        Paper.objects.get(key="felderer").sources.values_list("source", "entry_key", "is_duplicate")
    ) == [
        ("ACM", "x2", True),
        ("ACM", "x3", True),
    ]


def test_what_another_import_brought_since_the_preview_is_a_duplicate_by_then(study, ada):
    early = preview(study, TWO, by=ada)
    take(study, TWO, by=ada, name="other.bib")

    confirmed = importing.confirm(early, by=ada)

    assert (confirmed.new, confirmed.duplicate) == (0, 2)
    assert study.papers.count() == 2


def test_half_an_entry_is_named_with_its_line_and_the_others_are_taken(study, ada):
    text = TWO + "@article{broken,\n  title = {Half an"

    confirmed = take(study, text, by=ada)

    assert titles(study) == {"Towards MLOps", "Quality Assurance for AI-Based Systems"}
    assert [(one["file"], one["line"], one["is_refusal"]) for one in confirmed.problems] == [
        ("search.bib", 13, True)
    ]
    assert "broken" in confirmed.problems[0]["reason"]
    assert (confirmed.new, confirmed.refused) == (2, 1)


def test_a_file_of_nothing_but_half_an_entry_is_refused_with_its_line(study, ada, as_user):
    half = "\n@article{broken,\n  title = {Half an"
    answer = as_user(ada).post(reverse("import-papers", args=[study.slug]), {"files": upload(half)})
    assert answer.status_code == 422
    assert "search.bib, line 2" in answer.text
    assert not PaperImport.objects.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("prose.bib", b"This is a letter to my grandmother, and no bibliography."),
        ("empty.bib", b""),
        ("paper.bib", b"%PDF-1.4 binary"),
        ("noise.ris", bytes(range(256)) * 20),
        ("table.csv", b"shade,colour\nash,green\n"),
    ],
)
def test_what_is_no_list_of_references_is_refused_by_name(study, ada, name, content):
    with pytest.raises(ValidationError, match=name.replace(".", r"\.")):
        importing.preview(study, file_name=name, content=content, by=ada)
    assert not PaperImport.objects.exists()


def test_keys_stay_as_they_are_where_they_fit_an_address_and_are_made_where_not(study, ada):
    text = (
        entry("müller 2020", "Spaces and umlauts")
        + entry("a/b", "A slash in the key", author="Smith, Jane")
        + entry("import", "A word of ours", author="Smith, Jane")
        + entry("Same", "One thing")
        + entry("same", "Quite another matter")
    )

    take(study, text, by=ada)

    assert set(study.papers.values_list("key", "title")) == {
        ("müller 2020", "Spaces and umlauts"),
        ("smith2021slash", "A slash in the key"),
        ("smith2021word", "A word of ours"),
        ("Same", "One thing"),
        ("same-2", "Quite another matter"),
    }
    assert PaperSource.objects.get(paper__key="smith2021slash").entry_key == "a/b"


def test_fields_too_long_for_their_column_are_kept_whole(study, ada):
    take(
        study,
        entry("long", "A title", volume="9" * 300, url="https://example.org/" + "x" * 2000),
        by=ada,
    )

    paper = study.papers.get()
    assert (paper.volume, paper.extra["volume"]) == ("", "9" * 300)
    assert len(paper.extra["url"]) > 2000


def test_undo_takes_the_papers_away_and_leaves_those_of_others(study, ada):
    before = make_paper(study, "Who Needs MLOps", key="before")
    confirmed = take(study, TWO + entry("again", "Who Needs MLOps"), by=ada)
    assert before.sources.count() == 1

    assert importing.undo(confirmed, by=ada) == 2

    assert titles(study) == {"Who Needs MLOps"}
    assert before.sources.count() == 0
    confirmed.refresh_from_db()
    assert confirmed.state == "undone"
    with pytest.raises(ValidationError, match="nothing to undo"):
        importing.undo(confirmed, by=ada)
    with pytest.raises(ValidationError, match="was undone"):
        importing.confirm(confirmed, by=ada)


def test_undo_leaves_a_paper_that_a_later_import_found_too(study, ada):
    first = take(study, TWO, by=ada, name="first.bib")
    second = take(study, entry("other", "Towards MLOps"), by=ada, name="second.bib")

    assert importing.undo(first, by=ada) == 1
    assert titles(study) == {"Towards MLOps"}
    assert importing.undo(second, by=ada) == 1
    assert titles(study) == set()


def test_undo_is_refused_once_a_paper_is_in_somebodys_hands(study, ada, ben):
    confirmed = take(study, TWO, by=ada)
    make_assignment(study.papers.get(key="john2021"), ben)

    with pytest.raises(ValidationError, match="1 of these papers is in reviewers' hands"):
        importing.undo(confirmed, by=ada)

    assert study.papers.count() == 2
    confirmed.refresh_from_db()
    assert confirmed.state == "confirmed"


# By page


def upload(text, name="search.bib"):
    file = BytesIO(text if isinstance(text, bytes) else text.encode())
    file.name = name
    return file


def test_a_lead_uploads_looks_confirms_and_undoes(study, ada, as_user):
    lead = as_user(ada)
    page = reverse("import-papers", args=[study.slug])

    answer = lead.post(page, {"files": upload(TWO), "source": "Scopus"}, follow=True)
    found = PaperImport.objects.get()
    assert answer.redirect_chain[-1][0] == reverse("paper-import", args=[study.slug, found.pk])
    assert "Towards MLOps" in answer.text
    assert study.papers.count() == 0
    assert "Look and import" in lead.get(page).text

    answer = lead.post(reverse("paper-import", args=[study.slug, found.pk]), follow=True)
    assert "2 papers imported" in answer.text
    assert study.papers.count() == 2

    undo = reverse("undo-import", args=[study.slug, found.pk])
    assert "<b>2</b> papers" in lead.get(undo).text
    lead.post(undo)
    assert study.papers.count() == 0


def test_several_files_and_pasted_text_are_read_at_once(study, ada, as_user):
    ris = "TY  - JOUR\nTI  - From RIS\nPY  - 2020\nER  - \n"
    facts = {"files": [upload(TWO), upload(ris, "more.ris")], "text": entry("p", "Pasted")}

    answer = as_user(ada).post(reverse("import-papers", args=[study.slug]), facts, follow=True)

    assert set(PaperImport.objects.values_list("file_name", "new")) == {
        ("search.bib", 2),
        ("more.ris", 1),
        ("pasted text", 1),
    }
    assert "pasted text" in answer.text


def test_one_bad_file_among_several_leaves_no_preview_behind(study, ada, as_user):
    answer = as_user(ada).post(
        reverse("import-papers", args=[study.slug]),
        {"files": [upload(TWO), upload("just prose", "bad.bib")]},
    )
    assert answer.status_code == 422
    assert "bad.bib" in answer.text
    assert not PaperImport.objects.exists()


def test_the_preview_shows_every_entry_and_can_be_filtered(study, ada, as_user):
    make_paper(study, "Towards MLOps", key="here")
    text = TWO + "@article{nothing,\n  year = {2020}\n}\n"
    found = preview(study, text, by=ada)
    page = reverse("paper-import", args=[study.slug, found.pk])
    lead = as_user(ada)

    everything = lead.get(page).context
    assert (everything["shown"], everything["total"]) == (3, 3)
    for outcome, words in (
        ("new", "Quality"),
        ("duplicate", "Towards"),
        ("refused", "neither title nor DOI"),
    ):
        answer = lead.get(page, {"outcome": outcome})
        assert (answer.context["shown"], words in answer.text) == (1, True)
    assert lead.get(page, {"q": "assurance"}).context["shown"] == 1


def test_an_empty_form_is_refused_with_words(study, ada, as_user):
    answer = as_user(ada).post(reverse("import-papers", args=[study.slug]), {})
    assert answer.status_code == 422
    assert "Choose a file" in answer.text


def test_an_import_of_another_study_is_not_there(study, ada, as_user):
    elsewhere = preview(make_study(lead=ada), TWO, by=ada)
    for name in ("paper-import", "undo-import"):
        url = reverse(name, args=[study.slug, elsewhere.pk])
        assert as_user(ada).get(url).status_code == 404
        assert as_user(ada).post(url).status_code == 404
    assert Paper.objects.count() == 0


def test_a_file_over_the_limit_is_refused_by_its_size(study, ada, as_user, settings):
    settings.IMPORT_LIMIT = 100
    with pytest.raises(ValidationError, match="Split it"):
        preview(study, TWO, by=ada)


def test_a_body_of_200_megabytes_is_refused_unread(study, ada, as_user):
    class Endless:
        taken = 0

        def read(self, size=-1):
            Endless.taken += size
            return b"x" * size

        def readline(self, size=-1):
            raise AssertionError("somebody parses what should not be read")

    answer = as_user(ada).generic(
        "POST",
        reverse("import-papers", args=[study.slug]),
        b"",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(200 * 1024 * 1024),
        **{"wsgi.input": Endless()},
    )
    assert answer.status_code == 413
    assert "200.0" in answer.text
    assert not PaperImport.objects.exists()


# By command


def command(*arguments):
    out = StringIO()
    call_command("import_papers", *map(str, arguments), "--json", stdout=out)
    return json.loads(out.getvalue())


def test_the_command_imports_counts_and_names_what_it_did_not_take(study, tmp_path):
    (tmp_path / "a.bib").write_text(TWO + "@article{nothing,\n  year = {2020}\n}\n")
    (tmp_path / "b.ris").write_text("TY  - JOUR\nTI  - Towards MLOps\nPY  - 2021\nER  - \n")

    dry = command(study.slug, tmp_path / "a.bib", tmp_path / "b.ris", "--dry-run")
    assert study.papers.count() == 0
    real = command(study.slug, tmp_path / "a.bib", tmp_path / "b.ris")

    for outcome in (dry, real):
        assert {name: outcome[name] for name in ("new", "duplicate", "refused")} == {
            "new": 2,
            "duplicate": 1,
            "refused": 1,
        }
        assert [(one["file"], one["line"]) for one in outcome["problems"]] == [
            ("a.bib", 13),
            ("b.ris", 1),
        ]
    assert study.papers.count() == 2


def test_one_unreadable_file_and_the_command_changes_nothing(study, tmp_path):
    (tmp_path / "a.bib").write_text(TWO)
    (tmp_path / "b.bib").write_text("no references here")
    for last in ("b.bib", "missing.bib"):
        with pytest.raises(CommandError, match=last):
            command(study.slug, tmp_path / "a.bib", tmp_path / last)
    assert Paper.objects.count() == 0
    with pytest.raises(CommandError, match="no study"):
        command("nowhere", tmp_path / "a.bib")


def test_the_450_real_entries_are_papers_or_named(study, shared_data):
    outcome = command(study.slug, shared_data / "plant-pathology" / "articles.bib")

    assert outcome["new"] + outcome["duplicate"] + outcome["refused"] == 450
    assert len(outcome["problems"]) == 450 - outcome["new"]
    assert (outcome["new"], outcome["refused"], study.papers.count()) == (447, 0, 447)
