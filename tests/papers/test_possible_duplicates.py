"""What may be the same publication is asked, not decided: by page, by command, and among
codings.
"""

import json
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.urls import reverse

from mapping.models import LogEntry, Paper
from mapping.papers import duplicates, importing
from mapping.parsers import PaperRecord
from mapping.parsers.titles import find_duplicates
from reviews.exchange.importing import import_summaries
from tests.making import make_paper

LONG = "Continuous delivery of machine learning"
SAME_DOI = """key,title,authors,year,doi
59,Identifying and Quantifying Architectural Debt,L. Xiao; Y. Cai,2016,10.1145/2884781.2884825
61,Decoupling Level: A New Metric for Maintenance,R. Mo; Y. Cai,2016,10.1145/2884781.2884825
62,Identifying and quantifying architectural debt,L. Xiao; Y. Cai,2016,
"""
PREPRINT = """key,title,authors,year,doi,venue
v1,Continuous delivery of machine learning,"Vas, Ann",2017,,arXiv
v2,Continuous delivery of machine learning,"Vas, Ann",2018,10.1000/x,J
"""


def record(title=LONG, year=2018, doi="", authors=("Vas, Ann",), key="old"):
    return PaperRecord(key=key, title=title, year=year, doi=doi, authors=list(authors))


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        # sure
        (record(LONG.upper()), "sure"),
        (record(LONG.replace(" ", " – ", 1) + "!"), "sure"),
        (record(LONG, None), "sure"),
        (record(LONG, doi="10.1000/a"), "sure"),
        # possible
        (record(LONG, 2017), "possible"),
        (record(LONG.lower(), 2019, doi="10.1000/a"), "possible"),
        (record(f"{LONG}: a study of nine companies"), "possible"),
        (record(f"{LONG} – a study of nine companies", 2019), "possible"),
        (record(f"{LONG}. A study", authors=()), "possible"),
        (record(LONG.replace("delivery", "delivry"), 2017), "possible"),
        # no
        (record(LONG, 2016), "no"),
        (record(LONG, 2017, authors=["Other, Ben"]), "no"),
        (record(LONG, 2017, authors=()), "no"),
        (record(f"{LONG}: a study", authors=["Other, Ben"]), "no"),
        (record(f"{LONG}: a study", 2014), "no"),
        (record("Continuous delivery of games"), "no"),
        (record("Continuous delivery: of machine learning and others"), "no"),
    ],
)
def test_a_title_means_the_same_surely_possibly_or_not(new, expected):
    (match,) = find_duplicates([new], [record()])
    (in_file,) = find_duplicates([record(), new])[1:]

    for found in (match, in_file):
        assert ("no" if found is None else "sure" if found.is_sure else "possible") == expected
        assert found is None or found.found.key == "old"


def test_a_preprint_under_another_doi_and_a_slightly_other_title_is_possibly_the_same():
    preprint = record("Continuous delivery for machine learning", doi="10.48550/arxiv.1")
    (match,) = find_duplicates([preprint], [record(doi="10.1000/x")])
    assert (match.why, match.is_sure) == ("nearly the same title", False)
    assert [field for field, *_ in match.differences] == ["title", "DOI"]
    assert "DOI 10.48550/arxiv.1, there 10.1000/x" in str(match)


@pytest.mark.parametrize(
    ("title", "is_sure"),
    [
        (LONG.upper(), True),
        (f"{LONG}: a study of nine companies", True),
        ("Continuous delivry of machine-learning", True),
        ("", True),
        ("Decoupling Level: A New Metric for Maintenance", False),
        ("Continuous delivery of medical devices", False),
        (f"{LONG}, part 2", True),
    ],
)
def test_one_doi_under_quite_another_title_is_a_question(title, is_sure):
    (match,) = find_duplicates(
        [record(title, doi="10.1000/x")], [record(doi="https://doi.org/10.1000/X")]
    )
    assert (match.why, match.is_sure) == ("same DOI", is_sure)


def test_parts_of_a_series_under_one_doi_are_a_question():
    part = "Continuous deployment of learning systems in practice, part %s"
    (match,) = find_duplicates(
        [record(part % 2, doi="10.1000/x")], [record(part % 1, doi="10.1000/x")]
    )
    assert not match.is_sure


def test_of_two_papers_under_one_doi_the_one_with_the_title_is_meant():
    existing = [
        record("Another matter altogether", doi="10.1000/x", key="other"),
        record(doi="10.1000/x"),
    ]
    (match,) = find_duplicates([record(LONG.upper(), doi="10.1000/x")], existing)
    assert (match.found.key, match.is_sure) == ("old", True)


# Imports


def preview(study, text, *, by, name="search.csv"):
    return importing.preview(study, file_name=name, content=text.encode(), by=by)


def outcomes(found):
    return {one["key"]: (one["outcome"], one["is_sure"]) for one in found.records}


def test_two_papers_under_one_doi_in_a_file_are_both_taken_and_asked_about(study, ada):
    found = preview(study, SAME_DOI, by=ada)
    assert outcomes(found) == {"59": ("new", None), "61": ("new", False), "62": ("duplicate", True)}

    importing.confirm(found, by=ada)

    assert set(study.papers.values_list("key", "doi", "shares_doi")) == {
        ("59", "10.1145/2884781.2884825", False),
        ("61", "10.1145/2884781.2884825", True),
    }
    again = preview(study, SAME_DOI, by=ada)
    assert outcomes(again) == dict.fromkeys(["59", "61", "62"], ("duplicate", True))


def test_a_preprint_is_taken_and_asked_about_beside_the_papers_of_the_study(study, ada):
    importing.confirm(preview(study, PREPRINT, by=ada), by=ada)
    assert study.papers.count() == 2

    text = f"key,title,authors,year\nv3,{LONG.upper()},A. Vas,2019\n"
    (entry,) = preview(study, text, by=ada).records
    assert (entry["outcome"], entry["is_sure"], entry["like"]) == ("new", False, "v2")
    assert ["year", "2019", "2018"] in entry["differs"]


def test_every_duplicate_can_be_taken_and_every_question_left_out(study, ada):
    found = preview(study, SAME_DOI, by=ada)
    duplicates.choose(found, {1: False, 2: True, 0: False, 99: True})
    found.refresh_from_db()
    assert (found.choices, found.new, found.duplicate) == ({"1": False, "2": True}, 2, 1)

    confirmed = importing.confirm(found, by=ada)

    assert set(study.papers.values_list("key", flat=True)) == {"59", "62"}
    assert [one["which"] for one in confirmed.records] == ["59", "59", "62"]
    assert set(study.papers.get(key="59").sources.values_list("entry_key", "is_duplicate")) == {
        ("59", False),
        ("61", True),
    }
    with pytest.raises(ValidationError, match="imported already"):
        duplicates.choose(found, {1: True})
    assert importing.undo(confirmed, by=ada) == 2


def test_a_choice_stands_although_the_papers_came_in_meanwhile(study, ada):
    early = preview(study, SAME_DOI, by=ada)
    duplicates.choose(early, {2: True})
    importing.confirm(preview(study, SAME_DOI, by=ada, name="other.csv"), by=ada)

    importing.confirm(early, by=ada)

    assert sorted(study.papers.values_list("key", flat=True)) == ["59", "61", "62"]


def test_questions_that_came_up_since_the_preview_are_asked_before_anything_is_written(
    study, ada, as_user
):
    head, first, second = PREPRINT.splitlines()
    published = preview(study, f"{head}\n{second}\n", by=ada, name="published.csv")
    assert outcomes(published) == {"v2": ("new", None)}
    importing.confirm(preview(study, f"{head}\n{first}\n", by=ada), by=ada)

    lead, page = as_user(ada), reverse("paper-import", args=[study.slug, published.pk])
    answer = lead.post(page, follow=True)
    assert "look again" in answer.text
    assert "possibly the same" in answer.text
    assert study.papers.count() == 1
    assert "1 paper imported" in lead.post(page, {"shown": "0", "take": "0"}, follow=True).text
    assert study.papers.count() == 2


def test_an_entry_without_authors_does_not_outweigh_the_doi_of_a_paper_that_is_here(study, ada):
    make_paper(study, LONG, key="here", doi="10.1000/x")
    found = preview(study, "key,title,doi\na,Some other words,10.1000/x\n", by=ada)
    assert outcomes(found) == {"a": ("duplicate", False)}
    duplicates.choose(found, {0: True})
    importing.confirm(found, by=ada)
    assert set(study.papers.values_list("key", flat=True)) == {"here", "a"}


def test_ticks_of_a_page_are_kept_until_the_import(study, ada, as_user):
    lead, found = as_user(ada), preview(study, SAME_DOI, by=ada)
    page = reverse("paper-import", args=[study.slug, found.pk])
    choose = reverse("choose-entries", args=[study.slug, found.pk])
    assert "possibly the same" in lead.get(page).text
    assert lead.get(page, {"outcome": "possible"}).context["shown"] == 1

    told = lead.post(choose, {"shown": ["1", "2"], "take": ["2"]}, headers={"HX-Request": "true"})
    assert 'hx-swap-oob="true"' in told.text
    assert "Import 2 papers" in told.text
    rows = {row["key"]: row["is_taken"] for row in lead.get(page).context["page"].object_list}
    assert rows == {"59": True, "61": False, "62": True}

    answer = lead.post(page, follow=True)
    assert "2 papers imported" in answer.text
    assert "left out" in answer.text
    assert set(study.papers.values_list("key", flat=True)) == {"59", "62"}
    assert lead.post(choose, {"all": "take"}, follow=True).status_code == 200
    assert study.papers.count() == 2


def test_ticks_that_come_with_the_import_count(study, ada, as_user):
    found = preview(study, SAME_DOI, by=ada)
    page = reverse("paper-import", args=[study.slug, found.pk])
    as_user(ada).post(page, {"shown": ["1", "2", "x", "-1", "9" * 30], "take": ["2", "²"]})
    assert set(study.papers.values_list("key", flat=True)) == {"59", "62"}


def test_three_hundred_duplicates_are_ticked_at_once(study, ada, as_user):
    titles = [
        f"{chr(97 + number % 26) * 9} {chr(97 + number // 26) * 9} in practice"
        for number in range(300)
    ]
    text = "key,title\n" + "".join(f"k{number},{title}\n" for number, title in enumerate(titles))
    importing.confirm(preview(study, text, by=ada), by=ada)
    assert study.papers.count() == 300
    found = preview(study, text, by=ada, name="again.csv")
    assert (found.new, found.duplicate) == (0, 300)

    choose = reverse("choose-entries", args=[study.slug, found.pk])
    answer = as_user(ada).post(f"{choose}?q=aaaaaaaaa", {"all": "take"}, follow=True)
    found.refresh_from_db()
    assert found.new == answer.context["shown"] == 12 + 25
    as_user(ada).post(choose, {"all": "take"})
    found.refresh_from_db()
    assert (found.new, found.duplicate) == (300, 0)
    as_user(ada).post(choose, {"all": "leave"})
    found.refresh_from_db()
    assert (found.new, found.duplicate) == (0, 300)


# By command


def command(*arguments):
    out = StringIO()
    call_command("import_papers", *map(str, arguments), "--json", stdout=out)
    return json.loads(out.getvalue())


def test_the_command_lists_what_is_possibly_the_same_with_what_differs(study, tmp_path):
    (tmp_path / "a.csv").write_text(PREPRINT)
    outcome = command(study.slug, tmp_path / "a.csv")
    assert (outcome["new"], outcome["duplicate"], outcome["problems"]) == (2, 0, [])
    (one,) = outcome["possible"]
    assert {name: one[name] for name in ("file", "line", "key", "paper", "like", "taken")} == {
        "file": "a.csv",
        "line": 3,
        "key": "v2",
        "paper": "v2",
        "like": "v1",
        "taken": True,
    }
    assert {"field": "year", "here": "2018", "there": "2017"} in one["differs"]

    out = StringIO()
    call_command("import_papers", study.slug, str(tmp_path / "a.csv"), "--dry-run", stdout=out)
    assert "a.csv, line 3" in out.getvalue()


def test_the_command_names_which_key_fell_on_which_paper(study, tmp_path):
    (tmp_path / "a.csv").write_text(SAME_DOI)
    outcome = command(study.slug, tmp_path / "a.csv")
    assert (outcome["new"], outcome["duplicate"]) == (2, 1)
    (problem,) = outcome["problems"]
    assert (problem["line"], problem["key"], problem["paper"]) == (4, "62", "59")
    assert "“62”" in problem["reason"]
    assert "“59”" in problem["reason"]
    assert [(one["key"], one["like"]) for one in outcome["possible"]] == [("61", "59")]


def test_the_command_takes_duplicates_and_leaves_questions_out_where_it_is_told(study, tmp_path):
    (tmp_path / "a.csv").write_text(SAME_DOI)
    file = tmp_path / "a.csv"
    outcome = command(
        study.slug, file, "--keep-duplicates", "62", "--leave-out", "a.csv:3", "--dry-run"
    )
    assert (outcome["new"], outcome["duplicate"]) == (2, 1)
    assert [one["key"] for one in outcome["kept"]] == ["62"]
    assert [(one["key"], one["taken"]) for one in outcome["possible"]] == [("61", False)]
    assert command(study.slug, file, "--keep-duplicates", "all", "--dry-run")["new"] == 3
    for wrong in ("59", "nobody"):
        with pytest.raises(CommandError, match=wrong):
            command(study.slug, file, "--leave-out", wrong)
    with pytest.raises(CommandError, match="both"):
        command(study.slug, file, "--keep-duplicates", "61", "--leave-out", "all")
    assert Paper.objects.count() == 0
    assert command(study.slug, file, "--keep-duplicates", "4")["new"] == 3


# By hand


def test_a_paper_with_the_doi_of_another_is_taken_once_that_is_said(study, ada, as_user):
    make_paper(study, LONG, key="here", doi="10.1000/x")
    lead, page = as_user(ada), reverse("add-paper", args=[study.slug])
    facts = {"title": "Another matter altogether", "doi": "10.1000/x"}
    refused = lead.post(page, facts)
    assert refused.status_code == 422
    assert "Another paper of this study has this DOI" in refused.text
    assert 'type="checkbox" name="is_another"' in refused.text
    assert lead.post(page, facts | {"is_another": "on"}).status_code == 302

    paper = study.papers.get(title="Another matter altogether")
    assert (paper.doi, paper.shares_doi) == ("10.1000/x", True)
    edit = reverse("edit-paper", args=[study.slug, paper.key])
    kept = facts | {"key": paper.key, "title": "Another matter"}
    assert lead.post(edit, kept).status_code == 302
    assert lead.post(edit, kept | {"doi": "10.1000/y"}).status_code == 302
    paper.refresh_from_db()
    assert (paper.title, paper.doi, paper.shares_doi) == ("Another matter", "10.1000/y", False)
    assert lead.post(edit, kept).status_code == 422
    assert lead.post(edit, kept | {"is_another": "on"}).status_code == 302
    paper.refresh_from_db()
    assert (paper.doi, paper.shares_doi) == ("10.1000/x", True)


def test_a_key_in_other_capitals_is_another_papers_key(study, ada, as_user):
    make_paper(study, "Here", key="Smith2020")
    refused = as_user(ada).post(
        reverse("add-paper", args=[study.slug]), {"title": "There", "key": "smith2020"}
    )
    assert refused.status_code == 422
    assert "in other capitals: “Smith2020”" in refused.text


# Filled-in templates


def test_a_template_of_a_preprint_makes_a_paper_and_says_what_it_may_be(study, ben):
    make_paper(study, LONG, key="old", year=2017, authors="Vas, Ann")
    text = (
        f"## Paper Title: {LONG.upper()}\n## Authors: Vas, Ann\n## Publication Year: %s\n\n## "
        "Challenges:\n* x\n"
    )

    def take(year):
        files = [(f"{year}.md", (text % year).encode())]
        return import_summaries(study, files=files, reviewer=ben, by=ben)

    assert (take(2017)["new_papers"], study.papers.count()) == (0, 1)
    outcome = take(2018)
    assert (outcome["new_papers"], study.papers.count()) == (1, 2)
    (one,) = outcome["possible"]
    assert (one["file"], one["like"]) == ("2018.md", "old")
    assert "year 2018, there 2017" in one["reason"]


def test_the_log_says_how_many_were_taken_although_something_like_them_was_found(study, ada):
    importing.confirm(preview(study, SAME_DOI, by=ada), by=ada)
    text = LogEntry.objects.get(act="import-papers").text
    assert (
        "Imported 2 papers from search.csv, 1 of them although something like it was found; 1 was"
        in text
    )
