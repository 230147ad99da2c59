"""What an address names and nobody has is not answered with something else: files above all, which
say nothing.
"""

import pytest
from django.urls import reverse

from tests.making import absent, make_code, make_paper, make_summary


@pytest.fixture
def coded(study, ben, cleo):
    """One paper with two readers; the second phase has a round of its own."""
    parent = make_code(study.sections.get(key="challenges"), "People")
    study.sections.get(key="challenges").codes.filter(label="Talent").update(parent=parent)
    paper = make_paper(study)
    for reader in (ben, cleo):
        make_summary(
            paper,
            reader,
            answers={"challenges": ["Cost"], "method": "Survey", "cases": absent("unclear")},
        )
    return paper


FILES = ["map-csv", "map-tex", "map-svg", "map-png", "map-pdf", "map-papers"]
MAP = [
    "y",
    "x",
    "third",
    "code",
    "phase",
    "round",
    "kind",
    "source",
    "count",
    "order",
    "level",
    "from",
    "to",
]


@pytest.mark.parametrize("page", FILES)
def test_a_file_of_the_map_is_404_where_a_setting_names_nothing(page, coded, study, as_user, ada):
    client, address = as_user(ada), reverse(page, args=[study.slug])
    assert client.get(address).status_code == 200
    for name in MAP:
        for value in ("unknown", "999999", "conclusion\0"):
            if not (value == "999999" and page == "map-papers" and name in {"from", "to"}):
                assert client.get(address, {name: value}).status_code == 404, (name, value)


def test_the_map_says_which_setting_it_left_aside_and_its_files_refuse_it(
    coded, study, as_user, ada
):
    client = as_user(ada)
    page = client.get(reverse("map", args=[study.slug]), {"y": "unknown"})
    refused = client.get(reverse("map-csv", args=[study.slug]), {"y": "unknown"})
    assert "“unknown” makes no sense for rows: the usual setting is shown" in page.content.decode()
    assert (refused.status_code, refused.content.decode()) == (
        404,
        "“unknown” makes no sense for rows.",
    )
    assert (
        client.get(reverse("map-papers", args=[study.slug]), {"half": "unknown"}).status_code == 404
    )


# Page, what is asked, and whether the page itself may leave it aside where its filters show that it
# did.
LISTS = [
    ("papers", {"reviewer": "nobody"}),
    ("papers", {"state": "unknown"}),
    ("papers", {"year": "1066"}),
    ("papers", {"source": "Nowhere"}),
    ("papers", {"pdf": "perhaps"}),
    ("disagreements", {"section": "unknown"}),
    ("disagreements", {"code": "999999"}),
    ("disagreements", {"round": "999999"}),
    ("disagreements", {"kind": "unknown"}),
    ("disagreements", {"pair": "1-2"}),
    ("queue", {"round": "999999"}),
    ("queue", {"state": "unknown"}),
    ("evidence", {"section": "unknown"}),
    ("evidence", {"section": "conclusion"}),
    ("evidence", {"code": "No such code"}),
    ("evidence", {"source": "unknown"}),
    ("evidence", {"section": "method", "code": "Cost"}),
]


@pytest.mark.parametrize(("page", "asked"), LISTS)
def test_a_list_as_csv_is_404_where_a_filter_names_nothing(page, asked, coded, study, as_user, ada):
    client, address = as_user(ada), reverse(page, args=[study.slug])
    assert client.get(address, {"format": "csv"}).status_code == 200
    assert client.get(address, asked | {"format": "csv"}).status_code == 404


def test_a_round_as_csv_is_404_for_a_reader_who_is_not_in_it(coded, study, as_user, ada, ben):
    client, address = as_user(ada), reverse("round", args=[study.slug, study.rounds.get().pk])
    assert client.get(address, {"format": "csv", "reader": ben.pk}).status_code == 200
    assert client.get(address, {"format": "csv", "reader": ada.pk}).status_code == 404


def test_evidence_shows_no_other_section_than_was_asked_for(coded, study, as_user, ada):
    client, address = as_user(ada), reverse("evidence", args=[study.slug])
    for asked in ({"section": "unknown"}, {"source": "unknown"}, {"code": "No such code"}):
        assert client.get(address, asked).status_code == 404, asked
    # Whoever chooses another section in the form still sends the code of the former one.
    assert client.get(address, {"section": "method", "code": "Cost"}).status_code == 200


@pytest.mark.parametrize(
    "page", ["agreement", "agreement-csv", "agreement-codes-csv", "agreement-tex", "agreement-md"]
)
@pytest.mark.parametrize(
    "asked", [{"round": "999999"}, {"round": "all-unknown"}, {"level": "unknown"}]
)
def test_agreement_of_an_unknown_round_or_level_is_404(page, asked, coded, study, as_user, ada):
    client, address = as_user(ada), reverse(page, args=[study.slug])
    assert client.get(address).status_code == 200
    assert client.get(address, {"level": "parent"}).status_code == 200
    assert client.get(address, asked).status_code == 404


@pytest.mark.parametrize("page", ["agreement-section", "agreement-papers"])
def test_so_is_a_sections_agreement(page, coded, study, as_user, ada):
    client, address = as_user(ada), reverse(page, args=[study.slug, "challenges"])
    assert client.get(address, {"round": study.rounds.get().pk}).status_code == 200
    assert client.get(address, {"round": "999999"}).status_code == 404


@pytest.mark.parametrize(
    "name",
    ["codings.csv", "codings.xlsx", "papers.bib", "papers.ris", "protocol.json", "study.xlsx"],
)
@pytest.mark.parametrize(
    "asked",
    [
        {"level": "unknown"},
        {"pseudonyms": "yes"},
        {"pseudonyms": "true"},
        {"code": "999999"},
        {"code": "x"},
    ],
)
def test_an_export_in_words_that_it_does_not_know_is_404(name, asked, coded, study, as_user, ada):
    client, address = as_user(ada), f"/s/{study.slug}/export/{name}"
    assert client.get(address, {"pseudonyms": "1", "level": "parent"}).status_code == 200
    if name != "study.xlsx" or "code" not in asked:
        assert client.get(address, asked).status_code == 404


def test_the_bundle_and_the_api_give_no_names_to_whoever_asks_for_pseudonyms_otherwise(
    coded, study, as_user, ada
):
    for address in (f"/s/{study.slug}/export/bundle.zip", f"/s/{study.slug}/api/codings.json"):
        assert as_user(ada).get(address, {"pseudonyms": "yes"}).status_code == 404
        assert as_user(ada).get(address, {"pseudonyms": "0"}).status_code == 200
