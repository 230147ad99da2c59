"""What closing keeps, and that it stays."""

import json

from reviews.agreement import frozen
from reviews.agreement.page import VisibleAgreement
from reviews.models import Summary
from reviews.rounds.lifecycle import close_round, reopen_round
from tests.making import make_paper, make_summary, membership_of


def coded(study, ben, cleo):
    for one, other in (
        ("Survey", "Experiment"),
        ("Survey", "Survey"),
        ("Experiment", "Experiment"),
    ):
        paper = make_paper(study)
        make_summary(paper, ben, answers={"method": one, "challenges": ["Talent"]})
        make_summary(paper, cleo, answers={"method": other, "challenges": ["Talent", "Cost"]})
    return study.rounds.get()


def test_closing_keeps_all_statistics_with_what_they_rest_on(study, ada, ben, cleo):
    round = coded(study, ben, cleo)
    close_round(round, by=ada)
    round.refresh_from_db()
    kept = round.frozen_agreement

    assert kept == json.loads(json.dumps(kept))
    assert (kept["codebook_version"], kept["replicates"], kept["seed"]) == (
        round.codebook_version,
        1000,
        0,
    )
    assert kept["software"].startswith("Concord ")
    assert {(one["assignment"], one["revision"]) for one in kept["answers"]} == set(
        Summary.objects.values_list("assignment__uid", "revision")
    )
    assert {one["revision"] for one in kept["answers"]} == {1}
    method = next(one for one in kept["sections"] if one["section"] == "method")
    alpha = method["coefficients"]["krippendorff_alpha"]
    assert alpha["low"] <= alpha["value"] <= alpha["high"]
    assert (alpha["papers"], alpha["units"], alpha["raters"]) == (3, 6, 2)
    challenges = next(one for one in kept["sections"] if one["section"] == "challenges")
    assert [code["code"] for code in challenges["codes"]] == [
        "Data quality",
        "Model drift",
        "Talent",
        "Cost",
    ]


def test_a_closed_round_shows_what_was_kept_whatever_changes_later(study, ada, ben, cleo):
    round = coded(study, ben, cleo)
    close_round(round, by=ada)
    before = VisibleAgreement(membership_of(ada, study)).reports()
    study.sections.get(key="method").codes.filter(label="Survey").update(label="Questionnaire")

    assert VisibleAgreement(membership_of(ada, study)).reports() == before
    reopen_round(round, by=ada, reason="too early")
    assert "Questionnaire" in json.dumps(
        VisibleAgreement(membership_of(ada, study)).reports(), ensure_ascii=False
    )


def test_an_empty_round_can_be_closed(study, ada):
    from tests.making import make_round

    round = make_round(study)
    close_round(round, by=ada)
    round.refresh_from_db()

    assert {one["papers"] for one in round.frozen_agreement["sections"]} == {0}
    assert frozen.fully_visible(study, Summary.objects.all()) == set()
