import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mapping.models import CodebookChange, Finding, Membership, Section
from reviews.agreement import declarations
from reviews.codebook import declare, phases, template
from tests.making import (
    make_answer,
    make_code,
    make_paper,
    make_section,
    make_study,
    make_summary,
    make_user,
)


@pytest.fixture
def challenges(study):
    return study.sections.get(key="challenges")


@pytest.fixture
def page(study):
    return f"/s/{study.slug}/template/"


def facts_of(section, **changed):
    names = ("key", "label", "kind", "help")
    facts = {name: getattr(section, name) for name in names} | {
        "phase": section.phase_id,
        "research_question": section.research_question_id or "",
        "seen": template.section_token(section),
    }
    return facts | changed


def answered(study, reviewer, key="challenges", value=("Cost",)):
    return make_summary(make_paper(study), reviewer, answers={key: list(value)})


def order(study):
    return [one.key for one in study.sections.in_use()]


def test_a_lead_adds_a_section_and_its_key_comes_from_the_label(study, page, as_user, ada):
    phase = study.phases.get()
    answer = as_user(ada).post(
        f"{page}new-section/", {"label": "Who paid?", "kind": "codes", "phase": phase.pk}
    )
    section = study.sections.get(label="Who paid?")
    assert answer.url == f"{page}#section-who-paid"
    assert order(study)[-1] == "who-paid"
    study.refresh_from_db()
    change = study.codebook_changes.get()
    assert (study.codebook_version, change.version, change.section, change.by) == (
        2,
        2,
        section,
        ada,
    )
    assert (change.before, change.after["label"]) == ({}, "Who paid?")
    assert study.log.get().act == "add-section"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"label": ""}, "label"),
        ({"kind": "coedes"}, "kind"),
        ({"key": "challenges"}, "key"),
        ({"key": "a b"}, "key"),
        ({"phase": "999999"}, "phase"),
        ({"research_question": "999999"}, "research_question"),
    ],
)
def test_an_invalid_section_is_refused_at_its_field(changed, field, study, page, as_user, ada):
    before = order(study)
    facts = {"label": "New", "kind": "text", "phase": study.phases.get().pk} | changed
    answer = as_user(ada).post(f"{page}new-section/", facts)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {field}
    assert order(study) == before


def test_phase_and_research_question_of_another_study_cannot_be_chosen(study, page, as_user, ada):
    other = make_study(lead=ada)
    facts = {"label": "New", "kind": "text", "phase": other.phases.get().pk}
    assert as_user(ada).post(f"{page}new-section/", facts).status_code == 422
    facts = {"phase": study.phases.get().pk, "research_question": other.research_questions.get().pk}
    assert (
        as_user(ada)
        .post(f"{page}new-section/", {"label": "New", "kind": "text", **facts})
        .status_code
        == 422
    )


def test_the_kind_of_a_section_with_answers_cannot_change(
    study, challenges, page, as_user, ada, ben
):
    answered(study, ben)
    as_user(ada).post(
        f"{page}sections/challenges/", facts_of(challenges, kind="text", label="Obstacles", key="x")
    )
    challenges.refresh_from_db()
    assert (challenges.kind, challenges.label, challenges.key) == (
        "codes",
        "Obstacles",
        "challenges",
    )
    with pytest.raises(ValidationError, match="kind cannot change"):
        template.edit_section(challenges, by=ada, facts={"kind": "code"})
    other = phases.add_phase(study, by=ada, facts={"name": "Later", "kind": "coding"})
    with pytest.raises(ValidationError, match="belong to the phase"):
        template.edit_section(challenges, by=ada, facts={"phase": other})


def test_a_finding_fixes_the_kind_as_an_answer_does(study, challenges, ada):
    from django.utils import timezone

    Finding.objects.create(paper=make_paper(study), section=challenges, settled_at=timezone.now())
    with pytest.raises(ValidationError, match="kind cannot change"):
        template.edit_section(challenges, by=ada, facts={"kind": "code"})


def test_the_kind_of_an_unused_section_with_codes_must_take_codes(study, challenges, ada):
    template.edit_section(challenges, by=ada, facts={"kind": "code"})
    assert study.sections.get(key="challenges").kind == "code"
    with pytest.raises(ValidationError, match="has 4 codes"):
        template.edit_section(challenges, by=ada, facts={"kind": "text"})


@pytest.mark.parametrize(
    ("was", "kind"), [("codes", "number"), ("code", "text"), ("stage", "yes_no"), ("text", "codes")]
)
def test_the_kind_of_an_unused_section_can_change(was, kind, study, page, as_user, ada):
    section = make_section(study.phases.get(), "venues", was)
    answer = as_user(ada).post(f"{page}sections/venues/", facts_of(section, kind=kind))
    assert (answer.status_code, study.sections.get(key="venues").kind) == (302, kind)
    assert (
        study.log.filter(act="change-section").latest("pk").text
        == "Changed the section “Venues”: kind."
    )


def test_a_section_in_use_is_retired_and_never_removed(study, challenges, page, as_user, ada, ben):
    answer = make_answer(
        make_summary(make_paper(study), ben, submitted=False), "challenges", ["Cost"]
    )
    refused = as_user(ada).post(f"{page}sections/challenges/change/", {"act": "remove"})
    assert refused.status_code == 422
    assert "can only be retired" in refused.content.decode()

    as_user(ada).post(f"{page}sections/challenges/change/", {"act": "retire"})
    assert "challenges" not in order(study)
    answer.refresh_from_db()
    assert answer.marks.get().code.label == "Cost"

    as_user(ada).post(f"{page}sections/challenges/change/", {"act": "restore"})
    assert "challenges" in order(study)
    assert list(study.codebook_changes.values_list("version", flat=True)) == [3, 2]


def test_an_unused_section_is_removed_with_its_codes_and_can_be_brought_back(
    study, challenges, page, as_user, ada
):
    drift = challenges.codes.get(label="Model drift")
    make_code(challenges, "Concept drift", parent=drift)
    make_code(challenges, "Shift", status="merged", merged_into=drift)
    template.edit_section(challenges, by=ada, facts={"help": "What is hard"})

    removed = as_user(ada).post(
        f"{page}sections/challenges/change/", {"act": "remove"}, follow=True
    )
    assert not study.sections.filter(key="challenges").exists()
    undo = f"{page}undo/3/"
    assert undo in removed.content.decode()

    as_user(ada).post(undo)
    back = study.sections.get(key="challenges")
    assert (back.help, back.research_question.key, back.is_required) == (
        "What is hard",
        "RQ1",
        True,
    )
    assert {code.label for code in back.codes.all()} == {
        "Data quality",
        "Model drift",
        "Talent",
        "Cost",
        "Concept drift",
    }
    assert back.codes.get(label="Concept drift").parent.label == "Model drift"
    assert order(study)[0] == "challenges"
    assert as_user(ada).post(undo).status_code == 404


def test_removing_a_section_referenced_by_other_codes_is_refused(study, challenges, ada):
    method = study.sections.get(key="method")
    make_code(method, "Moved", status="merged", merged_into=challenges.codes.first())
    with pytest.raises(ValidationError, match="only be retired"):
        template.remove_section(challenges, by=ada)
    assert challenges.codes.count() == 4


def test_sections_move_up_and_down_within_their_phase_and_stop_at_the_edge(
    study, page, as_user, ada
):
    first, second, *rest = order(study)
    client = as_user(ada)
    client.post(f"{page}sections/{second}/change/", {"act": "up"})
    assert order(study) == [second, first, *rest]
    client.post(f"{page}sections/{second}/change/", {"act": "up"})
    assert order(study) == [second, first, *rest]
    client.post(f"{page}sections/{second}/change/", {"act": "down"})
    assert order(study) == [first, second, *rest]
    assert study.codebook_changes.count() == 0
    assert [entry.act for entry in study.log.all()] == ["move-section"] * 2


def test_moving_a_section_skips_retired_ones(study, page, as_user, ada):
    first, second, third, *rest = order(study)
    template.retire_section(study.sections.get(key=second), by=ada)
    as_user(ada).post(f"{page}sections/{third}/change/", {"act": "up"})
    assert order(study) == [third, first, *rest]


def test_htmx_gets_the_partial_and_other_browsers_are_redirected(study, page, as_user, ada):
    act = {"act": "down"}
    partial = as_user(ada).post(
        f"{page}sections/challenges/change/", act, headers={"HX-Request": "true"}
    )
    assert partial.content.decode().strip().startswith('<div id="template">')
    assert (
        as_user(ada).post(f"{page}sections/challenges/change/", act).url
        == f"{page}#section-challenges"
    )
    assert (
        as_user(ada).post(f"{page}sections/challenges/change/", {"act": "burn"}).status_code == 422
    )
    assert as_user(ada).post(f"{page}sections/challenges/change/").status_code == 422


def test_a_stale_section_form_shows_the_other_leads_changes(
    study, challenges, page, as_user, ada, ben
):
    Membership.objects.filter(study=study, user=ben).update(role="lead")
    opened = facts_of(challenges)
    as_user(ben).post(f"{page}sections/challenges/", opened | {"label": "Ben's words"})

    met = as_user(ada).post(f"{page}sections/challenges/", opened | {"label": "Ada's words"})
    assert met.status_code == 422
    conflict = met.context["form"].conflict
    assert conflict["by"] == ben
    assert next((one["theirs"], one["yours"]) for one in conflict["fields"]) == (
        "Ben's words",
        "Ada's words",
    )
    assert study.sections.get(key="challenges").label == "Ben's words"

    # She has seen it: saving again puts hers in its place.
    seen = met.context["form"]["seen"].value()
    as_user(ada).post(
        f"{page}sections/challenges/", opened | {"label": "Ada's words", "seen": seen}
    )
    assert study.sections.get(key="challenges").label == "Ada's words"


@pytest.mark.django_db(transaction=True)
def test_of_two_simultaneous_saves_one_is_refused_as_stale(ada):
    study = make_study(lead=ada)
    section = study.sections.get(key="challenges")
    seen, outcomes, start = template.section_token(section), [], threading.Barrier(4)

    def save(label):
        start.wait()
        try:
            template.edit_section(section, by=ada, facts={"label": label}, seen=seen)
            outcomes.append(label)
        except template.ChangedMeanwhile:
            outcomes.append(None)
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=(f"Label {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (saved,) = [label for label in outcomes if label]
    assert Section.objects.get(pk=section.pk).label == saved
    assert CodebookChange.objects.filter(study=study).count() == 1


def test_saving_without_a_change_makes_no_version(study, challenges, page, as_user, ada):
    as_user(ada).post(f"{page}sections/challenges/", facts_of(challenges, is_required="on"))
    assert study.codebook_changes.count() == 0


def test_editing_a_removed_section_is_refused(study, challenges, ada):
    template.remove_section(challenges, by=ada)
    with pytest.raises(ValidationError, match="removed this section"):
        template.edit_section(
            Section(pk=challenges.pk or 0, study=study), by=ada, facts={"label": "x"}
        )


def test_a_late_section_is_logged_with_the_number_of_incomplete_summaries(study, ada, ben, cleo):
    answered(study, ben)
    answered(study, cleo)
    make_summary(make_paper(study), cleo, submitted=False)
    facts = {"label": "Late", "kind": "text", "phase": study.phases.get()}
    section = template.add_section(study, by=ada, facts=facts)
    late = study.log.get(act="add-late-section")
    assert late.facts == {"section": "late", "summaries": 2}
    assert template.ask_for_added_section(section, by=ada).count() == 2


def test_a_restored_section_asks_only_summaries_without_an_answer(
    study, challenges, ada, ben, cleo
):
    answered(study, ben)
    template.retire_section(challenges, by=ada)
    later = make_summary(make_paper(study), cleo)
    template.restore_section(challenges, by=ada)
    assert study.log.get(act="add-late-section").facts["summaries"] == 1
    assert list(template.ask_for_added_section(challenges, by=ada)) == [later.assignment]


def test_a_declaration_after_the_first_submission_is_logged_as_late(
    study, challenges, page, as_user, ada, ben
):
    url = f"{page}sections/challenges/"
    declare = {
        "declare": "yes",
        "declared-coefficient": "krippendorff_alpha",
        "declared-target": "0.8",
    }
    as_user(ada).post(url, declare)
    challenges.refresh_from_db()
    assert (challenges.primary_coefficient, challenges.agreement_target) == (
        "krippendorff_alpha",
        0.8,
    )
    assert challenges.declared_at
    assert [entry.act for entry in study.log.all()] == ["declaration-made"]

    answered(study, ben)
    as_user(ada).post(url, declare | {"declared-target": "0.5"})
    (entry,) = declarations.late_changes(study)["challenges"]
    assert (entry.facts["before"]["target"], entry.facts["after"]["target"]) == (0.8, 0.5)
    assert "target 0.8 → Krippendorff" in as_user(ada).get(url).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [{"coefficient": "cohen_kappa"}, {"coefficient": "nix"}, {"target": "2"}, {"target": "nan"}],
)
def test_a_declaration_that_does_not_fit_is_refused(wrong, study, page, as_user, ada):
    facts = {"declare": "yes"} | {f"declared-{name}": value for name, value in wrong.items()}
    assert as_user(ada).post(f"{page}sections/challenges/", facts).status_code == 422
    assert not study.log.exists()


def test_a_stale_declaration_is_refused(study, challenges, page, as_user, ada):
    seen = declare.declaration_token(challenges)
    declare.declare(challenges, by=ada, coefficient="", target=0.7)
    facts = {"declare": "yes", "declared-target": "0.9", "declared-seen": seen}
    met = as_user(ada).post(f"{page}sections/challenges/", facts)
    assert met.status_code == 422
    assert [
        (one["theirs"], one["yours"]) for one in met.context["declaration"].conflict["fields"]
    ] == [(0.7, 0.9)]


def test_screening_and_quality_are_added_with_one_click_before_coding(study, page, as_user, ada):
    for name in ("quality", "screening"):
        as_user(ada).post(f"{page}add/{name}/")
    assert [phase.key for phase in study.phases.all()] == ["screening", "quality", "coding"]
    decision = study.sections.get(key="decision")
    assert set(decision.codes.filter(excludes_paper=False).values_list("label", flat=True)) == {
        "Include"
    }
    shown = as_user(ada).get(page).context["phases"]
    assert [one.phase.key for one in shown] == ["screening", "quality", "coding"]
    assert as_user(ada).post(f"{page}add/screening/").status_code == 422
    assert as_user(ada).post(f"{page}add/blank/").status_code == 404
    assert "Add screening" not in as_user(ada).get(page).content.decode()


def test_empty_phases_can_be_added_edited_moved_and_removed(study, page, as_user, ada, ben):
    client = as_user(ada)
    client.post(f"{page}new-phase/", {"name": "Second look", "kind": "coding"})
    client.post(f"{page}phases/second-look/", {"name": "Once more", "kind": "quality"})
    client.post(f"{page}phases/second-look/change/", {"act": "up"})
    assert [(phase.name, phase.kind) for phase in study.phases.all()] == [
        ("Once more", "quality"),
        ("Coding", "coding"),
    ]
    client.post(f"{page}phases/second-look/change/", {"act": "remove"})
    assert [phase.key for phase in study.phases.all()] == ["coding"]

    assert client.post(f"{page}phases/coding/change/", {"act": "remove"}).status_code == 422
    answered(study, ben)
    assert (
        client.post(f"{page}phases/coding/", {"name": "Coding", "kind": "quality"}).status_code
        == 422
    )


def test_unused_research_questions_can_be_added_edited_moved_and_removed(study, page, as_user, ada):
    client = as_user(ada)
    client.post(f"{page}new-question/", {"key": "RQ2", "text": "Why?"})
    question = study.research_questions.get(key="RQ2")
    assert (
        client.post(f"{page}questions/{question.pk}/", {"key": "RQ1", "text": "Taken"}).status_code
        == 422
    )
    client.post(f"{page}questions/{question.pk}/", {"key": "RQ 2", "text": "Why not?"})
    client.post(f"{page}questions/{question.pk}/change/", {"act": "up"})
    assert [str(one) for one in study.research_questions.all()] == [
        "RQ 2: Why not?",
        "RQ1: What is hard?",
    ]
    assert [one.key for one in client.get(page).context["questions"]] == ["RQ 2", "RQ1"]
    client.post(f"{page}questions/{question.pk}/change/", {"act": "remove"})
    first = study.research_questions.get()
    assert client.post(f"{page}questions/{first.pk}/change/", {"act": "remove"}).status_code == 422


def test_parts_of_another_study_are_404(study, page, as_user, ada):
    other = make_study(lead=make_user())
    make_section(other.phases.get(), "theirs")
    client = as_user(ada)
    assert client.post(f"{page}sections/theirs/change/", {"act": "remove"}).status_code == 404
    assert client.get(f"{page}questions/{other.research_questions.get().pk}/").status_code == 404
    change = template.remove_section(other.sections.get(key="theirs"), by=other.created_by)
    for version in (change.version, 10**12):
        assert client.post(f"{page}undo/{version}/").status_code == 404


def queries(client, url):
    with CaptureQueriesContext(connection) as asked:
        client.get(url)
    return len(asked)


def test_the_template_page_has_a_constant_query_count(study, page, as_user, ada, ben):
    client = as_user(ada)
    answered(study, ben)
    numbers = []
    for number in range(3):
        phases.add_question(study, by=ada, facts={"key": f"RQ{number + 7}", "text": ""})
        phase = phases.add_phase(study, by=ada, facts={"name": f"P {number}", "kind": "coding"})
        for key in range(number + 1):
            make_code(make_section(phase, f"extra-{number}-{key}"), "Code")
        numbers.append(queries(client, page))
    assert len(set(numbers)) == 1
