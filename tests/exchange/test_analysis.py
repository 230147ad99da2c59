import csv
import shutil
import subprocess
import sys
import zipfile

import pytest

from reviews.exchange.bundle import writer
from reviews.exchange.scope import scope_of_all
from reviews.management.demo import make as make_demo
from reviews.settling import unanimous


@pytest.fixture
def folder(db, tmp_path):
    study, _ = make_demo("a long enough password")
    unanimous.settle(study)
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
