import csv
import shutil
import subprocess
import sys
import zipfile

import pytest

from mapping.judgement.kinds import CODED, KINDS
from mapping.models import Section
from reviews.coding import drafts
from reviews.exchange.bundle import writer
from reviews.exchange.scope import scope_of_all
from reviews.management.demo import make as make_demo
from reviews.models import Summary
from reviews.settling import unanimous
from tests.answers import fill
from tests.judgement.test_round_trip_of_kinds import ANSWERS, typed
from tests.making import make_assignment, make_code, make_paper, make_round, make_section


@pytest.fixture
def folder(db, tmp_path):
    study, _ = make_demo("a long enough password")
    unanimous.settle(study)
    return unpacked(study, tmp_path)


def unpacked(study, tmp_path):
    writer.write(scope_of_all(study), tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        archive.extractall(tmp_path / "alone")
    return tmp_path / "alone"


def rows(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def run(*command, folder):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def check(folder, results):
    agreement = rows(results / "agreement.csv")
    assert {row["is"] for row in agreement} == {"same"}
    assert any(row["recomputed"] not in {"", "NA"} for row in agreement)
    counted = {
        (row["section"], row["said"]): int(row["papers"])
        for row in rows(results / "frequencies.csv")
    }
    expected = {}
    for row in rows(folder / "findings.csv"):
        if row["kind"] != "text" and row["value"]:
            expected.setdefault((row["section"], row["value"]), set()).add(row["paper"])
    assert {key: counted[key] for key in expected} == {
        key: len(papers) for key, papers in expected.items()
    }
    assert expected


def test_the_python_script_reproduces_frequencies_and_agreement_from_the_files_alone(folder):
    done = run(sys.executable, "analysis.py", folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    check(folder, folder / "results")
    assert "<circle" in (folder / "results" / "bubbles.svg").read_text()


def test_the_python_script_says_which_figure_differs(folder):
    path = folder / "agreement.csv"
    path.write_text(
        path.read_text().replace("krippendorff_alpha,masi,0.", "krippendorff_alpha,masi,0.9", 1)
    )
    done = run(sys.executable, "analysis.py", folder=folder)
    assert (done.returncode, "DIFFERS" in done.stdout) == (1, True)


def test_the_r_script_reproduces_frequencies_and_agreement_from_the_files_alone(folder):
    if shutil.which("Rscript") is None:
        pytest.skip("Rscript is not installed: analysis.R was NOT tried")
    done = run("Rscript", "analysis.R", folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    check(folder, folder / "results-r")
    assert (folder / "results-r" / "bubbles.pdf").stat().st_size > 1000


def key_of(kind):
    return f"a-{CODED.index(kind)}"


def answer(section, place):
    """With a third one, where the distance of two is more than that they differ."""
    far = "Legacy" if section.has_codes else {"number": "9", "yes_no": "yes"}.get(section.kind)
    given = ANSWERS[section.kind]
    return (*given, far or given[1])[place]


@pytest.fixture
def every_kind(study, ben, cleo, as_user, tmp_path):
    """Ben and Cleo differ on two of four papers, in a section of every kind, by near and by far."""
    Section.objects.update(is_required=False)
    sections = [make_section(study.phases.get(), key_of(name), name) for name in CODED]
    for section in sections:
        for label in ("Idea", "Product", "Legacy") if section.has_codes else ():
            make_code(section, label)
    make_round(study, "Main")
    for places in ((0, 1), (0, 0), (1, 1), (2, 0)):
        paper = make_paper(study)
        for user, place in zip((ben, cleo), places, strict=True):
            said = [(one.key, *typed(one, answer(one, place))) for one in sections]
            posted = {f"{key}__{field}": value for key, field, value in said}
            assignment = make_assignment(paper, user)
            fill(as_user(user), f"/s/{study.slug}/papers/{paper.key}/summary/", **posted)
            drafts.submit(Summary.objects.get(assignment=assignment), by=user)
    return unpacked(study, tmp_path)


@pytest.mark.parametrize(
    ("command", "results"),
    [((sys.executable, "analysis.py"), "results"), (("Rscript", "analysis.R"), "results-r")],
)
def test_the_scripts_reproduce_the_agreement_of_every_kind(every_kind, command, results):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed: {command[1]} was NOT tried")
    done = run(*command, folder=every_kind)
    assert done.returncode == 0, done.stdout + done.stderr
    found = {row["section"]: row for row in rows(every_kind / results / "agreement.csv")}
    for name in CODED:
        row = found[key_of(name)]
        assert (row["metric"], row["is"]) == (KINDS[name].metric, "same")
        assert -1 < float(row["recomputed"]) < 1
