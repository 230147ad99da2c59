"""The same publication twice, in spite of another spelling; keys and codes that mean the same."""

import random
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.parsers import PaperRecord, keys, labels, read_papers, titles

LONG = "Towards MLOps: A Framework and Maturity Model for Companies"


def paper(title=LONG, year=2021, doi="", authors=(), key=""):
    return PaperRecord(key=key, title=title, year=year, doi=doi, authors=list(authors))


def reasons(new, existing=()):
    return [
        match and (match.why, match.is_in_file) for match in titles.find_duplicates(new, existing)
    ]


def test_the_same_doi_is_the_same_publication_however_it_is_written():
    existing = paper("Another title", 1999, "https://doi.org/10.1000/ABC")

    assert reasons([paper(doi="doi:10.1000/abc"), paper(doi="10.1000/abcd")], [existing]) == [
        ("same DOI", False),
        None,
    ]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (paper(LONG.upper().replace(":", " –")), "same title"),
        (paper(LONG, None), "same title"),
        (paper(LONG, 2020), None),
        (paper(LONG.replace("Framework", "Framwork")), "nearly the same title"),
        (paper(LONG.replace("Framework", "Framwork"), None), "nearly the same title"),
        (paper(LONG.replace("Framework", "Framwork"), 2020), None),
        (paper("Monitoring models in production: a survey of practice"), None),
    ],
)
def test_equal_titles_are_duplicates_within_one_year(other, expected):
    (match,) = titles.find_duplicates([other], [paper(key="john2021towards")])

    assert (match and match.why) == expected
    assert match is None or match.found.key == "john2021towards"


def test_papers_with_different_dois_need_a_shared_author_and_an_equal_title():
    existing = paper("Editorial", doi="10.1000/a", authors=["John, Meenu"])

    assert reasons(
        [
            paper("Editorial", doi="10.1000/b", authors=["Other, Ann"]),
            paper("Editorial", doi="10.1000/c", authors=["John, M."]),
        ],
        [existing],
    ) == [None, ("same title", False)]
    assert reasons([paper(LONG + "s", doi="10.1000/b")], [paper(doi="10.1000/a")]) == [None]


def test_parts_of_a_series_and_other_authors_are_not_near_duplicates():
    part = "Continuous deployment of learning systems in practice, part %s"

    assert reasons([paper(part % 2)], [paper(part % 1)]) == [None]
    assert reasons([paper(part % "II")], [paper(part % "I")]) == [None]
    assert reasons(
        [paper(LONG + "s", authors=["Other, Ann"])], [paper(authors=["John, Meenu"])]
    ) == [None]


def test_a_repeated_record_points_to_its_first_appearance():
    first = PaperRecord(key="a", title=LONG, year=2021, line=1)
    second = PaperRecord(key="b", title=LONG, year=2021, line=9)
    third = PaperRecord(key="c", title=LONG.replace("Framework", "Framwork"), year=2021, line=20)

    matches = titles.find_duplicates([first, second, third])

    assert matches[0] is None
    assert [match.found.key for match in matches[1:]] == ["a", "a"]
    assert str(matches[1]) == "same title as “a”, repeated in the file (line 1)"
    assert str(matches[2]) == "nearly the same title (99 %) as “a”, repeated in the file (line 1)"


def test_records_without_title_are_compared_by_doi_alone():
    assert (
        reasons([paper("", doi="10.1000/a"), paper("", doi="10.1000/b"), paper(""), paper("")])
        == [None] * 4
    )


def test_near_duplicates_are_found_in_short_titles_and_scripts_without_spaces():
    chinese = "机器学习系统的持续部署与监控挑战研究综述报告"

    assert reasons([paper(chinese.replace("部", "布"))], [paper(chinese)]) == [
        ("nearly the same title", False)
    ]
    assert reasons(
        [paper("Hyperparameter optimisation")], [paper("Hyperparameter optimization")]
    ) == [("nearly the same title", False)]


def test_any_object_with_title_year_and_doi_can_be_compared():
    assert reasons([paper()], [SimpleNamespace(title=LONG, year=2021, doi="")]) == [
        ("same title", False)
    ]


def test_the_survey_repeats_three_of_its_entries(shared_data):
    records, _ = read_papers(shared_data / "plant-pathology" / "articles.bib")
    found = {
        record.key: (match.found.key, match.why)
        for record, match in zip(records, titles.find_duplicates(records), strict=True)
        if match
    }

    assert found == {
        "JesusBermudezGuzman2017": ("bermudez-guzman_deteccion_2017", "same DOI"),
        "BermudezGuzman2017": ("bermudez-guzman_deteccion_2017", "same DOI"),
        "Castillo2011a": ("Castillo2011", "same title"),
    }
    assert [match.why for match in titles.find_duplicates(records, records)] == [
        "same DOI" if record.doi else "same title" for record in records
    ]


def test_exactly_the_misspelt_copies_among_thousands_are_found():
    chance = random.Random(7)
    words = [
        "".join(chance.choices("abcdefghijklmnoprstuv", k=chance.randint(3, 10)))
        for _ in range(3000)
    ]
    originals = [
        paper(" ".join(chance.choices(words, k=9)), chance.randint(2010, 2020)) for _ in range(2000)
    ]
    copies = [paper(one.title[:20] + one.title[21:], one.year) for one in originals[:500]]
    others = [
        paper(" ".join(chance.choices(words, k=9)), chance.randint(2010, 2020)) for _ in range(500)
    ]

    matches = titles.find_duplicates([*copies, *others], originals)

    assert [match and match.found for match in matches[:500]] == originals[:500]
    assert matches[500:] == [None] * 500


@pytest.mark.parametrize(
    ("written", "doi"),
    [
        ("https://doi.org/10.1000/ABC.1.", "10.1000/abc.1"),
        ("doi: 10.1000/x", "10.1000/x"),
        ("http://dx.doi.org/10.1002/(SICI)1097-024X(199610)26:10<1155::AID-SPE55>3.0.CO;2-D", None),
        ("https://doi.org/10.1000%2Fabc", "10.1000/abc"),
        ("none", ""),
        ("", ""),
    ],
)
def test_a_doi_has_one_spelling(written, doi):
    expected = (
        "10.1002/(sici)1097-024x(199610)26:10<1155::aid-spe55>3.0.co;2-d" if doi is None else doi
    )
    assert keys.normalised_doi(written) == expected


@pytest.mark.parametrize(
    ("record", "key"),
    [
        (paper(authors=["John, Meenu Mary"]), "john2021towards"),
        (paper("The Über-Model", 2020, authors=["van der Müller, Jörg"]), "vandermuller2020uber"),
        (paper("机器学习", None), "anon"),
        (PaperRecord(key="Müller 2020/x:y", title="T"), "Muller-2020-x:y"),
        (PaperRecord(key="漢字", title="Deep work", year=2020), "anon2020deep"),
        (PaperRecord(key="..", title="Deep work"), "anondeep"),
    ],
)
def test_a_paper_gets_a_key_that_fits_an_address(record, key):
    assert keys.assigned_keys([record]) == [key]


def test_keys_are_unique_in_file_and_study_regardless_of_case():
    records = [
        paper(authors=["John, M."]),
        paper(authors=["John, M."]),
        PaperRecord(key="X", title="T"),
    ]

    assert keys.assigned_keys(records, taken=["x", "john2021towards"]) == [
        "john2021towards-2",
        "john2021towards-3",
        "X-2",
    ]


@given(
    st.lists(
        st.builds(
            PaperRecord,
            key=st.text(max_size=120),
            title=st.text(),
            year=st.none() | st.integers(1, 3000),
        )
    )
)
def test_keys_are_always_unique_safe_and_not_empty(records):
    assigned = keys.assigned_keys(records)

    assert len({key.casefold() for key in assigned}) == len(records)
    assert all(
        key and len(key) <= keys.LONGEST_KEY and keys.safe_key(key) == key for key in assigned
    )


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Need for large datasets", "need for large data sets"),
        ("privacy concerns", "Privacy concern"),
        ("labeling issues", "Labelling issue"),
        ("enduser communication", "End-user communication"),
        ("High AI costs and expectations.", "high AI costs & expectations"),
        ("CI / CD  pipelines", "CI/CD pipeline"),
        ("Optimisation of behaviours", "optimization of behavior"),
        ("analysing centres", "analyzing centers"),
        ("artefacts", "artifact"),
        ("databases", "database"),
        ("biases", "bias"),
        ("analyses", "analysis"),
        ("strategies", "strategy"),
        ("APIs", "API"),
        ("approaches", "approach"),
        ("naïve models", "naive model"),
    ],
)
def test_an_item_matches_its_code_despite_case_plural_spacing_and_spelling(text, label):
    assert labels.match_code(text, ["something else", label]) == label
    assert labels.match_code(label, [text]) == text


@pytest.mark.parametrize(
    ("text", "label"),
    [("model drift", "data drift"), ("cost", "coast"), ("not noisy data", "noisy data"), ("", "a")],
)
def test_labels_with_another_meaning_do_not_match(text, label):
    assert labels.match_code(text, [label]) is None


def test_codes_may_be_objects_and_an_identical_label_wins():
    codes = [SimpleNamespace(label="Drifts"), SimpleNamespace(label="Drift")]

    assert labels.match_code("Drift", codes) is codes[1]
    assert labels.match_code("drift", codes) is codes[0]


def test_near_codes_come_best_first():
    known = [
        "CI/CD pipeline",
        "Continuous retraining",
        "Performance-triggered retraining",
        "Model drift",
        "Data drift",
    ]

    assert (
        next(label for label, _ in labels.near_codes("Continuous retrainign", known))
        == "Continuous retraining"
    )
    assert {label for label, _ in labels.near_codes("drift", known)} == {
        "Model drift",
        "Data drift",
    }
    assert len(labels.near_codes("drift", known, limit=1)) == 1
    assert labels.near_codes("quantum", known) == []
