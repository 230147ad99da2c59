"""The agreement as it leaves: CSV, Markdown, LaTeX, a paragraph for the methods section, the
bundle's README.
"""

import json
import zipfile
from io import BytesIO, StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse

from mapping.models import LogEntry
from reviews.codebook.declare import declare
from reviews.exchange.bundle.writer import write
from reviews.exchange.scope import scope_of_all
from reviews.models import Round, Summary
from reviews.results.facts import Facts
from reviews.results.methods import agreement_text
from reviews.rounds.lifecycle import close_round
from tests.agreement.test_agreement import both, page, papers_differing
from tests.making import make_code, make_paper, membership_of


@pytest.fixture
def file(study, ada, as_user):
    def content(name):
        response = as_user(ada).get(reverse(name, args=[study.slug]))
        return (b"".join(response) if response.streaming else response.content).decode()

    return content


def test_tables_and_files_are_safe_for_spreadsheets_and_latex(study, ben, cleo, file):
    section = study.sections.get(key="method")
    section.label = "50 % & more_of | it"
    section.save()
    make_code(study.sections.get(key="challenges"), "=HYPERLINK(1)")
    answers = {"method": "Survey", "challenges": ["=HYPERLINK(1)"]}
    both(make_paper(study), ben, cleo, answers, {"method": "Experiment", "challenges": ["Talent"]})

    assert r"50 \% \& more\_of | it" in file("agreement-tex")
    assert r"50 % & more\_of \| it" in file("agreement-md")
    assert ",'=HYPERLINK(1)," in file("agreement-codes-csv")
    head = file("agreement-csv").split("\r\n")[0].split(",")
    assert {
        "phase",
        "round",
        "section",
        "coefficient",
        "metric",
        "value",
        "low",
        "high",
        "papers",
        "units",
        "raters",
        "reason",
    } <= set(head)


def test_the_methods_paragraph_names_what_was_done(study, ada, ben, cleo, as_user):
    papers_differing(study, ben, cleo, 2)
    methods = page(as_user(ada), study).context["methods"]

    for words in (
        "4 papers",
        "2 reviewers",
        "first submissions",
        "Krippendorff",
        "1,000 replicates (seed 0)",
        "Concord 0",
    ):
        assert words in methods


def declared_late(study, ada, ben, cleo):
    papers_differing(study, ben, cleo, 1)
    declare(study.sections.get(key="method"), by=ada, coefficient="fleiss_kappa", target=0.8)
    return "nothing became Fleiss' kappa, target 0.8"


def test_a_declaration_changed_late_is_printed_with_every_result_that_leaves(
    study, ada, ben, cleo, as_user, file
):
    change = declared_late(study, ada, ben, cleo)

    for name in ("agreement-csv", "agreement-md", "agreement-tex"):
        assert file(name).count(change) == 1, name
    assert "Method\\*" in file("agreement-md")
    methods = page(as_user(ada), study).context["methods"]
    assert (
        "After the first submission the declaration of coefficient and target was changed for "
        "“Method” ("
    ) in methods
    assert change in methods


def test_what_was_kept_at_closing_is_told_with_what_was_declared_too_late(study, ada, ben, cleo):
    change = declared_late(study, ada, ben, cleo)
    close_round(Round.objects.get(), by=ada)

    assert change in agreement_text(Facts(membership_of(ada, study)))


def test_the_command_tells_of_a_declaration_changed_late(study, ada, ben, cleo):
    change = declared_late(study, ada, ben, cleo)
    words, plain = StringIO(), StringIO()
    call_command("agreement", study.slug, stdout=words)
    call_command("agreement", study.slug, "--json", stdout=plain)

    late = {one["section"]: one["changed_late"] for one in json.loads(plain.getvalue())["sections"]}
    assert {section for section, changes in late.items() if changes} == {"method"}
    assert late["method"][0].endswith(change)
    assert f"declared after the first submission: {late['method'][0]}" in words.getvalue()


def test_a_line_of_the_log_without_its_facts_breaks_no_page(study, ada, ben, cleo, as_user):
    papers_differing(study, ben, cleo, 1)
    LogEntry.objects.record(study, ada, "declaration-changed", "This line is withheld.")

    assert page(as_user(ada), study).status_code == 200
    assert page(as_user(ada), study, "method").status_code == 200


def test_what_was_declared_in_time_has_no_note(study, ada, ben, cleo, file):
    declare(study.sections.get(key="method"), by=ada, coefficient="fleiss_kappa", target=0.8)
    papers_differing(study, ben, cleo, 1)

    assert "Fleiss' kappa" in file("agreement-md")
    assert "after the first submission" not in file("agreement-md") + file("agreement-tex")


def test_files_of_a_study_without_statistics_print_the_reason_instead_of_an_empty_table(
    study, ben, cleo, file
):
    papers_differing(study, ben, cleo, 1)
    study.statistics_off_reason = "We read interpretively & talk."
    study.save()
    bundle = BytesIO()
    write(scope_of_all(study), bundle)

    assert (
        file("agreement-md")
        == "No agreement statistics are reported: We read interpretively & talk.\n"
    )
    assert (
        file("agreement-tex")
        == "No agreement statistics are reported: We read interpretively \\& talk.\n"
    )
    readme = zipfile.ZipFile(bundle).read("README.md").decode()
    assert "without agreement statistics: We read interpretively & talk." in readme


@pytest.mark.parametrize(
    ("imported", "said"),
    [
        (0, "every reviewer worked without access to the others' answers"),
        (1, "but 1 of 4 summaries were imported from files"),
        (
            4,
            (
                "their codings were imported from files, so how independently they were made is "
                "not on record here"
            ),
        ),
    ],
)
def test_the_methods_paragraph_vouches_for_no_coding_that_came_from_a_file(
    study, ada, ben, cleo, as_user, imported, said
):
    papers_differing(study, ben, cleo, 1)
    some = Summary.objects.order_by("pk").values("pk")[:imported]
    Summary.objects.filter(pk__in=some).update(origin=Summary.Origin.CODINGS)

    methods = page(as_user(ada), study).context["methods"]
    assert said in methods
    assert ("every reviewer worked without access" in methods) == (not imported)
    close_round(Round.objects.get(), by=ada)
    assert said in agreement_text(Facts(membership_of(ada, study)))
