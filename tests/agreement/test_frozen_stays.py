"""What was frozen at closing stays to the last digit, whatever is done later, on every page and in
every file; and a page that shows frozen figures says so.
"""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from mapping.people.membership import deactivate
from reviews.agreement import frozen
from reviews.codebook.code_changes import edit, merge, retire, split
from reviews.codebook.declare import declare
from reviews.codebook.template import add_section, retire_section
from reviews.coding.drafts import reopen, submit
from reviews.models import Answer, PriorAccess, Summary
from reviews.rounds.lifecycle import close_round, reopen_round
from reviews.settling.unanimous import settle
from tests.agreement.rated import glance_of, visible_to
from tests.agreement.test_agreement import page, text
from tests.making import absent, make_paper, make_round, make_summary

SAID = [
    # Ben's and Cleo's method, codes and stage of four papers.
    ("Survey", ["Talent"], "Manual", "Experiment", ["Talent", "Cost"], "Manual"),
    ("Survey", ["Talent"], "Monitored", "Survey", ["Cost"], "Automated training"),
    ("Experiment", [], "Manual", "Experiment", ["Model drift"], "Manual"),
    (absent("unclear"), ["Cost"], absent("unclear"), "Survey", ["Cost"], "Monitored"),
]


@pytest.fixture
def closed(study, ada, ben, cleo):
    """The round “Pilot” that Ben and Cleo coded, closed."""
    round = make_round(study, "Pilot")
    for *of_ben, method, codes, stage in SAID:
        paper = make_paper(study)
        for reader, answers in ((ben, of_ben), (cleo, (method, codes, stage))):
            keys = ("method", "challenges", "maturity-stage")
            made = dict(zip(keys, answers, strict=True))
            make_summary(paper, reader, round=round, answers=made)
    close_round(round, by=ada)
    round.refresh_from_db()
    return round


def figures(study, ada, round):
    """What is kept of this round, and what its page shows."""
    round.refresh_from_db()
    visible = visible_to(ada, study, str(round.pk))
    return {
        "kept": round.frozen_agreement,
        "page": frozen_part(round, visible.reports(full=True)),
    }


def figures_everywhere(study, ada, round):
    """The same, and what the command prints and the study's overview shows."""
    out = StringIO()
    call_command("agreement", study.slug, "--json", "--round", round.name, stdout=out)
    return figures(study, ada, round) | {
        "command": frozen_part(round, json.loads(out.getvalue())["sections"]),
        "glance": sorted(
            (line["section"].key, line["value"], line["low"], line["high"], line["papers"])
            for line in glance_of(ada, study)
            if line["round"] == round.name
        ),
    }


def frozen_part(round, reports):
    """The sections that were there at closing, without what is told of today beside their figures:
    late declarations.
    """
    kept = {one["section"] for one in round.frozen_agreement["sections"]}
    return [
        {name: value for name, value in one.items() if name != "changed_late"}
        for one in reports
        if one["section"] in kept
    ]


def code(study, label, section="challenges"):
    return study.sections.get(key=section).codes.get(label=label)


def revise(study, ada, ben):
    """Ben's summaries are opened again, and he says something else throughout."""
    for assignment in study.rounds.get(name="Pilot").assignments.filter(reviewer=ben):
        draft = reopen(assignment, by=ada, reason="After discussion")
        Answer.objects.filter(summary=draft, section__key="method").update(
            absence="not_reported", none_apply=False
        )
        Answer.objects.get(summary=draft, section__key="method").marks.all().delete()
        submit(draft, by=ben)


def further_round(study, ada, ben, cleo):
    again = make_round(study, "Main")
    for assignment in study.rounds.get(name="Pilot").assignments.filter(reviewer=cleo):
        make_summary(assignment.paper, ben, round=again, answers={"method": "Case study"})
        make_summary(assignment.paper, cleo, round=again, answers={"method": "Experiment"})


def prior_access(study, ben):
    """It comes to light that Ben could read others' answers before."""
    paper = study.rounds.get(name="Pilot").assignments.first().paper
    PriorAccess.objects.create(
        paper=paper,
        phase=study.phases.get(),
        user=ben,
        why=PriorAccess.Why.EARLY_LOOK,
        at=timezone.now() - timedelta(days=1),
    )


def later_acts(study, ada, ben, cleo):
    """[(what is done, the act)], one after another on the same study."""
    facts = {"phase": study.phases.get(), "key": "open", "label": "Open", "kind": "yes_no"}
    talent, drift = code(study, "Talent"), code(study, "Model drift")
    parts = [{"label": "Concept drift"}, {"label": "Data drift"}]
    return [
        ("a code is renamed", lambda: edit(talent, by=ada, facts={"label": "Staff"}, reason="So")),
        ("a code is merged", lambda: merge(talent, into=code(study, "Cost"), by=ada, reason="So")),
        ("a code is split", lambda: split(drift, into=parts, by=ada, reason="So")),
        ("a code is retired", lambda: retire(code(study, "Survey", "method"), by=ada, reason="So")),
        (
            "stages change their order",
            lambda: (
                study.sections.get(key="maturity-stage")
                .codes.filter(label="Manual")
                .update(position=9)
            ),
        ),
        ("a section comes", lambda: add_section(study, by=ada, facts=facts)),
        ("summaries are revised", lambda: revise(study, ada, ben)),
        ("another round is coded", lambda: further_round(study, ada, ben, cleo)),
        ("what is unanimous is settled", lambda: settle(study)),
        (
            "a coefficient is declared late",
            lambda: declare(
                study.sections.get(key="method"), by=ada, coefficient="gwet_ac1", target=0.9
            ),
        ),
        ("a section is retired", lambda: retire_section(study.sections.get(key="cases"), by=ada)),
        ("a reviewer leaves", lambda: deactivate(study.memberships.get(user=ben), by=ada)),
        ("a paper is edited", lambda: study.papers.update(title="Corrected", year=1999)),
    ]


def test_frozen_figures_never_change_after_later_acts(study, ada, ben, cleo, closed):
    before = figures_everywhere(study, ada, closed)
    assert {line[0] for line in before["glance"]} == {"method", "challenges", "maturity-stage"}

    for name, act in later_acts(study, ada, ben, cleo):
        act()
        after = figures(study, ada, closed)
        assert after["kept"] == before["kept"], name
        assert after["page"] == before["page"], name

    after = figures_everywhere(study, ada, closed)
    assert after["command"] == before["command"]
    # The overview shows the coefficient that is declared today, as it was at closing.
    glance = {line[0]: line for line in after["glance"]}
    kept = {one["section"]: one["coefficients"] for one in before["kept"]["sections"]}
    assert glance["method"][1] == kept["method"]["gwet_ac1"]["value"]
    assert [glance[key] for key in ("challenges", "maturity-stage")] == [
        line for line in before["glance"] if line[0] != "method"
    ]


def test_live_figures_of_the_same_answers_do_change(study, ada, ben, cleo, closed):
    """Or the test above would hold of a page that shows nothing."""
    kept = visible_to(ada, study, str(closed.pk)).reports()
    merge(code(study, "Talent"), into=code(study, "Cost"), by=ada, reason="So")
    reopen_round(closed, by=ada, reason="Too early")
    live = visible_to(ada, study, str(closed.pk)).reports()

    def alpha(reports, key):
        (found,) = (one for one in reports if one["section"] == key)
        return found["coefficients"]["krippendorff_alpha"]["value"]

    assert alpha(live, "challenges") != alpha(kept, "challenges")
    assert alpha(live, "method") == alpha(kept, "method")
    closed.refresh_from_db()
    assert closed.frozen_agreement is None, "an open round keeps nothing"


def test_a_section_that_nobody_has_answered_yet_is_no_line_of_a_closed_round(study, ada, closed):
    facts = {"phase": study.phases.get(), "key": "open", "label": "Open", "kind": "yes_no"}
    add_section(study, by=ada, facts=facts)

    keys = [one["section"] for one in visible_to(ada, study, str(closed.pk)).reports()]
    assert keys == [one["section"] for one in closed.frozen_agreement["sections"]]


def test_closing_again_freezes_what_holds_then(study, ada, closed):
    first = closed.frozen_agreement
    reopen_round(closed, by=ada, reason="Too early")
    merge(code(study, "Talent"), into=code(study, "Cost"), by=ada, reason="So")
    closed.refresh_from_db()
    close_round(closed, by=ada)
    closed.refresh_from_db()
    second = closed.frozen_agreement

    assert second["codebook_version"] == first["codebook_version"] + 1
    assert second["frozen_at"] > first["frozen_at"]
    changed = {
        one["section"]
        for one, other in zip(first["sections"], second["sections"], strict=True)
        if one != other
    }
    assert changed == {"challenges"}


def test_pages_of_a_closed_round_say_that_they_show_what_was_kept(study, ada, closed, as_user):
    client = as_user(ada)
    said = "As it stood when the round was closed on"

    for section in (None, "method", "challenges"):
        shown = text(page(client, study, section, round=closed.pk))
        assert said in shown
        assert "come from the same first submissions under today's codebook" in shown
    reopen_round(closed, by=ada, reason="Too early")
    assert said not in text(page(client, study, round=closed.pk))


def test_what_comes_to_light_later_is_said_beside_what_was_kept(study, ada, ben, closed, as_user):
    before = figures(study, ada, closed)
    prior_access(study, ben)

    assert figures(study, ada, closed) == before
    visible = visible_to(ada, study, str(closed.pk))
    assert (visible.known_since, visible.not_independent) == (1, 1)
    assert visible.why_not_independent == {}
    shown = text(page(as_user(ada), study, round=closed.pk))
    assert "1 of the summaries behind these figures is not independent" in shown
    assert "is not independent" in page(as_user(ada), study, round=closed.pk).context["methods"]


def test_what_was_left_out_at_closing_is_kept_with_its_reason(study, ada, ben, cleo):
    round, paper = make_round(study, "Pilot"), make_paper(study)
    make_summary(paper, ben, round=round, answers={"method": "Survey"})
    PriorAccess.objects.create(
        paper=paper,
        phase=study.phases.get(),
        user=cleo,
        why=PriorAccess.Why.LEAD,
        at=timezone.now() - timedelta(days=1),
    )
    make_summary(paper, cleo, round=round, answers={"method": "Survey"})
    close_round(round, by=ada)
    round.refresh_from_db()
    kept = round.frozen_agreement

    assert (kept["not_independent"], kept["why_not_independent"]) == (1, {"lead": 1})
    counted = Summary.objects.get(assignment__reviewer=ben)
    assert [(one["assignment"], one["revision"]) for one in kept["answers"]] == [
        (counted.assignment.uid, 1)
    ]
    visible = visible_to(ada, study, str(round.pk))
    assert (visible.known_since, visible.why_not_independent) == (0, {"lead": 1})
    (method,) = (one for one in kept["sections"] if one["section"] == "method")
    assert (method["papers"], method["not_independent"]) == (0, 1)


# The pieces, without a database


def test_older_frozen_figures_left_out_early_looks_alone():
    assert frozen.why_left_out({"not_independent": 3}) == {"early_look": 3}
    assert frozen.why_left_out({"not_independent": 0}) == {}
    assert frozen.why_left_out({}) == {}
    newer = {"not_independent": 3, "why_not_independent": {"lead": 2, "early_look": 1}}
    assert frozen.why_left_out(newer) == {"lead": 2, "early_look": 1}


def test_summaries_known_since_are_those_behind_the_figures_each_once():
    first, second, other, later = (
        frozen.SummaryName(71, 1),
        frozen.SummaryName(72, 1),
        frozen.SummaryName(73, 1),
        frozen.SummaryName(72, 2),
    )
    answers = [
        *(name._asdict() for name in (first, second)),
        second._asdict() | {"section": "open"},
    ]
    kept = {"answers": answers}

    assert frozen.known_since(kept, {second, other}) == 1
    assert frozen.known_since(kept, {first, second}) == 2
    assert frozen.known_since(kept, {later}) == 0
    assert frozen.known_since(kept, set()) == 0
    assert frozen.known_since({}, {first}) == 0


def test_the_report_of_a_section_is_found_by_its_key(study):
    method = study.sections.get(key="method")
    kept = {"sections": [{"section": "cases"}, {"section": "method", "papers": 4}]}

    assert frozen.report_of_section(kept, method) == {"section": "method", "papers": 4}
    assert frozen.report_of_section({"sections": []}, method) is None
    assert frozen.report_of_section(None, method) is None
