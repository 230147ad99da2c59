"""Small inputs with the right value, one thing that real files do each; they stand beside the
checkout.
"""

import json
from pathlib import Path

import pytest

from mapping.parsers import UnreadableFile, read_papers
from mapping.parsers.keys import assigned_keys
from mapping.parsers.titles import find_duplicates
from tests.conftest import SHARED_DATA

FOLDER = SHARED_DATA.parent / "cases" / "references"
LIST = FOLDER / "cases.json"
CASES = json.loads(LIST.read_text()) if LIST.is_file() else []
NOT_READ_YET = {
    "wos-plain",
    "endnote-enw",
    "csljson",
    "scopus-csv",
    "ieee-csv",
    "springer-csv",
    "dimensions-csv",
    "csv-lead-blank-rows",
    "bib-keywords-repeated",
    "bib-extended-name",
    "bib-eventtitle",
    "bib-authors-comma",
    "bib-cnki",
}


def parameters():
    for case in CASES:
        marks = (
            pytest.mark.xfail(reason="format not read yet", strict=True)
            if case["id"] in NOT_READ_YET
            else ()
        )
        yield pytest.param(case["file"], case["want"], id=case["id"], marks=marks)


@pytest.mark.skipif(not CASES, reason="../shared/cases is not beside this checkout")
@pytest.mark.parametrize(("file", "want"), list(parameters()))
def test_files_of_real_programs_are_read_correctly(file, want):
    content = (FOLDER / file).read_bytes()
    if want["n"] == "refused":
        with pytest.raises(UnreadableFile):
            read_papers(file, content)
        return
    records, problems = read_papers(Path(file).name, content)
    assert {name: found(name, records, problems) for name in want if name != "raw_not"} == {
        name: value for name, value in want.items() if name != "raw_not"
    }
    assert not set(want.get("raw_not", [])) & set(records[0].raw)


def found(name, records, problems):
    of_the_file = {
        "n": lambda: len(records),
        "refused": lambda: sum(problem.is_refusal for problem in problems),
        "notes": lambda: sum(not problem.is_refusal for problem in problems),
        "dups": lambda: sum(match is not None for match in find_duplicates(records)),
        "years": lambda: [record.year for record in records],
        "nauthors": lambda: len(records[0].authors),
        "key": lambda: assigned_keys(records[:1])[0],
    }
    return of_the_file[name]() if name in of_the_file else getattr(records[0], name)
