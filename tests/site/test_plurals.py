"""Numbers and their nouns: "1 papers" stands on no page, in no report and in no line of the log."""

import re
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse
from django.utils.html import strip_tags

from mapping.site.plurals import counted
from reviews.exchange.importing import import_codings
from reviews.rounds import assignments
from reviews.rounds.lifecycle import close_round
from reviews.settling import unanimous
from tests.making import absent, make_code, make_paper, make_round, make_section, make_summary

PLURALS = (
    "answers assignments changes codes differences drafts entries files imports lines marks "
    "mentions papers people quotes raters ratings reviewers rows sections summaries uses"
)
WRONG = re.compile(rf"(?<![\d.,–])\b1 (?:{'|'.join(PLURALS.split())})\b(?! called)")


def words_of(response):
    """What is read, with a bar where a cell or a line ends: the number of one cell has not the noun
    of the next.
    """
    text = re.sub(r"</(?:td|th|li|p|dt|dd|option|summary|h\d)>", " | ", response.content.decode())
    return re.sub(r"\s+", " ", strip_tags(text))


@pytest.mark.parametrize(
    ("number", "noun", "words"),
    [
        (1, "papers", "1 paper"),
        (0, "papers", "0 papers"),
        (1204, "entries", "1,204 entries"),
        (1, "entries", "1 entry"),
        (1, "summaries", "1 summary"),
        (1, "uses of codes", "1 use of codes"),
        (1, "people", "1 person"),
    ],
)
def test_a_noun_agrees_with_its_number(number, noun, words):
    assert counted(number, noun) == words


@pytest.fixture
def small(study, ada, ben, cleo):
    """A study that has one of everything."""
    section = make_section(study.phases.get(), "venue-kind", "codes")
    make_code(section, "Journal")
    paper, round = make_paper(study, key="only"), make_round(study, "Main")
    for reader, codes in ((ben, ["Cost"]), (cleo, [])):
        answers = {
            "method": "Survey",
            "challenges": codes,
            "maturity-stage": "Manual",
            "cases": absent("unclear"),
        }
        make_summary(paper, reader, round=round, answers=answers)
    return study


PAGES = [
    "overview",
    "papers",
    "rounds",
    "codebook",
    "disagreements",
    "agreement",
    "map",
    "evidence",
    "log",
    "template",
    "export",
    "methods",
    "feedback",
    "team",
    "import-papers",
]


@pytest.mark.parametrize("is_closed", [False, True])
def test_no_page_of_a_study_that_has_one_of_everything_says_1_papers(
    is_closed, small, ada, as_user
):
    client = as_user(ada)
    round = small.rounds.get()
    unanimous.settle(small, by=ada)
    if is_closed:
        close_round(round, by=ada)
    addresses = [reverse(name, args=[small.slug]) for name in PAGES]
    addresses += [reverse("papers", args=[small.slug]) + "?q=nothing", reverse("new-study")]
    addresses += [
        reverse("comparison", args=[small.slug, "only"]),
        reverse("round", args=[small.slug, round.pk]),
    ]
    for key in ("challenges", "maturity-stage", "method"):
        addresses += [
            reverse(name, args=[small.slug, key])
            for name in ("agreement-section", "agreement-papers")
        ]
    addresses.append(reverse("template-section", args=[small.slug, "venue-kind"]))

    for address in addresses:
        said = words_of(client.get(address))
        assert not [said[hit.start() - 60 : hit.end() + 30] for hit in WRONG.finditer(said)], (
            address
        )


def test_a_log_and_a_check_name_one_code_as_one(study, ada, ben, as_user):
    paper = make_paper(study, key="p")
    round = make_round(study, "Main")
    for _ in range(2):
        assignments.hand_out(round, by=ada, papers=[paper], reviewers=[ben], per_paper=1)
        assignments.undo_hand_out(round, by=ada)
    content = b"paper,reviewer,section,value\np,ben,challenges,Something new\n"
    page = reverse("import-codings", args=[study.slug])
    with_file = {"file": SimpleUploadedFile("c.csv", content), "may_create": "on", "act": "check"}
    assert "1 code." in words_of(as_user(ada).post(page, with_file))
    import_codings(study, file_name="c.csv", content=content, by=ada, may_create=True)

    assert not WRONG.findall(" / ".join(study.log.values_list("text", flat=True)))


def test_reports_of_commands_count_too(small):
    for command in ("agreement", "settle"):
        out = StringIO()
        call_command(command, small.slug, stdout=out)
        assert not WRONG.findall(out.getvalue())
