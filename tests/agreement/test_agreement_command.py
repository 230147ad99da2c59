"""The command `agreement`: every section of every round, undefined with its reason, as JSON and in
words.
"""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from mapping.models import Section
from reviews.exchange.importing import import_codings
from reviews.rounds.lifecycle import close_round
from tests.making import (
    absent,
    make_code,
    make_paper,
    make_round,
    make_section,
    make_study,
    make_summary,
)

SCALES = ("software_cite", "software_avail", "comp_mthds_avail", "data_avail")


def run(*arguments):
    out = StringIO()
    call_command("agreement", *arguments, stdout=out)
    return out.getvalue()


def sections(study, *arguments):
    return {
        one["section"]: one for one in json.loads(run(study.slug, "--json", *arguments))["sections"]
    }


@pytest.fixture
def plant_pathology(ada, shared_data):
    """Five articles, five raters, under a template that says which sections are scales."""
    study = make_study(lead=ada, with_sections=False)
    phase = study.phases.get()
    for key in SCALES:
        scale = make_section(phase, key, "stage")
        for label in "0123":
            make_code(scale, label)
    for key, kind in (("molecular", "code"), ("art_class", "code"), ("software_used", "codes")):
        make_section(phase, key, kind)
    return study


def imported(study, by, content):
    outcome = import_codings(
        study,
        file_name="double-coded-5x5.csv",
        content=content,
        by=by,
        may_create=True,
        absences={"NA": "not_applicable"},
    )
    assert outcome["problems"] == []


def test_the_real_study_gives_its_recomputed_values(plant_pathology, ada, shared_data):
    folder = shared_data / "plant-pathology"
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))[
        "recomputed_agreement"
    ]
    imported(plant_pathology, ada, (folder / "double-coded-5x5.csv").read_bytes())

    found = sections(plant_pathology)

    for key in ("molecular", "art_class", "software_cite", "software_avail", "data_avail"):
        values = {name: one["value"] for name, one in found[key]["coefficients"].items()}
        wanted = expected[key]
        nominal = "krippendorff_alpha_nominal" if key in SCALES else "krippendorff_alpha"
        assert values["fleiss_kappa"] == pytest.approx(wanted["fleiss_kappa"], abs=1e-6)
        assert values[nominal] == pytest.approx(wanted["krippendorff_alpha_nominal"], abs=1e-6)
        if "krippendorff_alpha_ordinal" in wanted:
            assert values["krippendorff_alpha"] == pytest.approx(
                wanted["krippendorff_alpha_ordinal"], abs=1e-6
            )
    jaccard = found["software_used"]["coefficients"]["krippendorff_alpha_jaccard"]
    assert jaccard["value"] == pytest.approx(expected["software_used"]["alpha_jaccard"], abs=1e-6)
    assert (found["data_avail"]["percent_agreement"], found["data_avail"]["papers"]) == (1.0, 5)
    assert found["data_avail"]["coefficients"]["krippendorff_alpha"] == {
        "metric": "ordinal",
        "value": None,
        "low": None,
        "high": None,
        "reason": "no variation: every rating is the same",
        "papers": 5,
        "units": 25,
        "raters": 5,
        "replicates": 0,
    }
    methods = found["comp_mthds_avail"]
    assert (methods["percent_agreement"], methods["papers_rated_by_all"]) == (1.0, 4)
    assert methods["left_out"] == {"not_applicable": 1}


def test_each_round_is_reported_with_the_guaranteed_keys(study, ben, cleo):
    for name in ("Pilot", "Main"):
        round = make_round(study, name)
        for number in range(3):
            paper = make_paper(study)
            make_summary(
                paper, ben, round=round, answers={"challenges": ["Talent"], "replicable": True}
            )
            make_summary(
                paper, cleo, round=round, answers={"challenges": ["Talent", "Cost"][: number + 1]}
            )

    found = json.loads(run(study.slug, "--json"))["sections"]

    assert {one["round"] for one in found} == {"Pilot", "Main"}
    assert {one["section"] for one in found} == {
        "challenges",
        "maturity-stage",
        "method",
        "replicable",
        "cases",
    }
    for one in found:
        assert {
            "phase",
            "section",
            "kind",
            "round",
            "papers",
            "raters",
            "percent_agreement",
        } <= set(one)
        assert {"krippendorff_alpha", "fleiss_kappa", "cohen_kappa", "gwet_ac1"} <= set(
            one["coefficients"]
        )
        assert all(
            (value["value"] is None) == bool(value["reason"])
            for value in one["coefficients"].values()
        )
    assert {
        one["round"] for one in json.loads(run(study.slug, "--json", "--round", "Main"))["sections"]
    } == {"Main"}
    codes = sections(study, "--round", "Main")["challenges"]["codes"]
    assert [one["code"] for one in codes] == ["Data quality", "Model drift", "Talent", "Cost"]
    assert {"code", "papers", "krippendorff_alpha", "positive_agreement"} <= set(codes[0])


def test_scale_order_comes_from_the_codebook_and_absences_are_left_out_and_counted(
    study, ben, cleo
):
    # By the alphabet "Automated …" would come before "Manual", and the near miss would be a far
    # one.
    said = [("Manual", "Automated training"), ("Monitored", "Monitored"), ("Manual", "Manual")]
    for one, other in [*said, ("Manual", absent("unclear"))]:
        paper = make_paper(study)
        make_summary(paper, ben, answers={"maturity-stage": one})
        make_summary(paper, cleo, answers={"maturity-stage": other})

    before = sections(study)["maturity-stage"]
    scale = Section.objects.get(study=study, key="maturity-stage")
    scale.codes.filter(label="Automated training").update(position=9)
    after = sections(study)["maturity-stage"]

    assert before["left_out"] == {"unclear": 1}
    assert before["papers"] == 3
    assert (
        before["coefficients"]["krippendorff_alpha"]["value"]
        > after["coefficients"]["krippendorff_alpha"]["value"]
    )


def test_a_closed_round_is_reported_as_it_was_kept(study, ada, ben, cleo):
    paper = make_paper(study)
    make_summary(paper, ben, answers={"method": "Survey"})
    make_summary(paper, cleo, answers={"method": "Experiment"})
    round = study.rounds.get()
    close_round(round, by=ada)
    study.sections.get(key="method").codes.filter(label="Survey").update(label="Questionnaire")

    assert sections(study)["method"]["sentence"] == (
        "The one paper differs, most between “Experiment” and “Survey” (1)."
    )


def test_words_for_people_and_one_line_for_wrong_input(study, ben, cleo):
    assert run(study.slug).strip() == "Nothing was submitted yet."
    paper = make_paper(study)
    make_summary(paper, ben, answers={"method": "Survey"})
    make_summary(paper, cleo, answers={"method": "Survey"})
    words = (
        "Method (code): 1 paper, 2 raters, 100% agree, krippendorff_alpha undefined: no variation"
    )
    assert words in run(study.slug)
    with pytest.raises(CommandError, match="no round “Pilot”"):
        run(study.slug, "--round", "Pilot")
    study.statistics_off_reason = "We read interpretively."
    study.save()
    assert (
        run(study.slug).strip()
        == "This study works without agreement statistics: We read interpretively."
    )


def test_the_level_of_parents_is_an_option(study, ben, cleo):
    challenges = Section.objects.get(study=study, key="challenges")
    challenges.codes.filter(label="Talent").update(parent=challenges.codes.get(label="Cost"))
    paper = make_paper(study)
    make_summary(paper, ben, answers={"challenges": ["Talent"]})
    make_summary(paper, cleo, answers={"challenges": ["Cost"]})

    assert sections(study)["challenges"]["percent_agreement"] == 0.0
    assert sections(study, "--level", "parent")["challenges"]["percent_agreement"] == 1.0
