"""Changing the codebook: every act is one step, keeps every mark, and can be taken back exactly."""

import pytest
from django.core.exceptions import ValidationError

from mapping.codebook import changes as codebook_changes
from mapping.codebook import versions
from mapping.codebook.order import reorder
from mapping.exchange.table import lines
from mapping.models import Code, CodebookChange, Finding, FindingMark, LogEntry
from reviews.codebook import code_changes, code_moves, undo
from reviews.exchange.scope import scope_of_all
from reviews.exchange.tables.codings import CODINGS
from reviews.models import Answer, Mark, Summary
from tests.making import absent, make_paper, make_section, make_summary


@pytest.fixture
def codes(study):
    return {code.label: code for code in study.sections.get(key="challenges").codes.all()}


@pytest.fixture
def coded(study, ben, cleo):
    """Three papers, coded by two."""
    said = [
        (["Data quality", "Talent"], ["Data quality"]),
        (["Model drift"], ["Data quality", "Model drift"]),
        (["Cost"], []),
    ]
    papers = [make_paper(study) for _ in said]
    for paper, (one, other) in zip(papers, said, strict=True):
        make_summary(paper, ben, answers={"challenges": one, "method": "Survey"})
        make_summary(paper, cleo, answers={"challenges": other, "method": "Case study"})
    Mark.objects.update(quote="as it stands", page="4")
    return papers


def dump(study):
    """Everything anybody said, as it would be exported."""
    return {
        "marks": list(
            Mark.objects.order_by("pk").values_list(
                "pk", "answer", "code", "position", "quote", "page", "rationale"
            )
        ),
        "answers": list(
            Answer.objects.order_by("pk").values_list(
                "pk", "summary", "section", "absence", "none_apply"
            )
        ),
        "findings": list(
            FindingMark.objects.order_by("uid").values_list(
                "uid", "finding", "code", "quote", "page"
            )
        ),
        "codes": list(Code.objects.order_by("pk").values()),
    }


def test_adding_a_code_makes_a_version_and_a_log_entry(study, ada, codes):
    code = codebook_changes.add(
        codes["Cost"].section, by=ada, facts={"label": "  Skills  gap ", "parent": codes["Talent"]}
    )
    study.refresh_from_db()
    assert (code.label, code.parent, study.codebook_version) == ("Skills gap", codes["Talent"], 2)
    assert LogEntry.objects.get().act == "add-code"


@pytest.mark.parametrize("label", ["", "   ", "cost", "COST", "x" * 301])
def test_a_label_is_required_and_unique_in_its_section(study, ada, codes, label):
    with pytest.raises(ValidationError):
        codebook_changes.add(codes["Cost"].section, by=ada, facts={"label": label})
    assert not CodebookChange.objects.exists()


def test_renaming_keeps_marks_and_requires_a_reason(study, ada, codes, coded):
    with pytest.raises(ValidationError):
        codebook_changes.edit(codes["Cost"], by=ada, facts={"label": "Price"}, reason=" ")
    codebook_changes.edit(codes["Cost"], by=ada, facts={"label": "Price"}, reason="clearer")
    assert Mark.objects.filter(code__label="Price").count() == 1
    change = CodebookChange.objects.get()
    assert (change.act, change.reason) == ("rename", "clearer")


def test_a_stale_edit_raises_with_the_current_code(study, ada, codes):
    seen = versions.code_token(codes["Cost"])
    codebook_changes.edit(
        codes["Cost"], by=ada, facts={"definition": "Money"}, reason="said nowhere", seen=seen
    )
    with pytest.raises(versions.ChangedMeanwhile) as met:
        codebook_changes.edit(
            codes["Cost"], by=ada, facts={"label": "Price"}, reason="clearer", seen=seen
        )
    assert met.value.now.definition == "Money"


def test_codes_have_at_most_two_levels(study, ada, codes):
    def group(code, parent):
        codebook_changes.edit(codes[code], by=ada, facts={"parent": codes[parent]}, reason="order")

    group("Talent", "Cost")
    for code, parent in (("Model drift", "Talent"), ("Cost", "Data quality"), ("Cost", "Cost")):
        with pytest.raises(ValidationError):
            group(code, parent)
    other = study.sections.get(key="method").codes.first()
    with pytest.raises(ValidationError):
        codebook_changes.edit(
            codes["Data quality"], by=ada, facts={"parent": other}, reason="order"
        )


def test_reorder_moves_by_one_place_or_before_another_code(study, ada, codes):
    order = lambda: list(codes["Cost"].section.codes.values_list("label", flat=True))  # noqa: E731
    reorder(codes["Talent"], by=ada, up=True)
    assert order() == ["Data quality", "Talent", "Model drift", "Cost"]
    reorder(codes["Cost"], by=ada, before=codes["Data quality"])
    assert order() == ["Cost", "Data quality", "Talent", "Model drift"]
    assert reorder(codes["Cost"], by=ada, up=True) is None


ACTS = {
    "rename": lambda codes, by: codebook_changes.edit(
        codes["Cost"], by=by, facts={"label": "Price"}, reason="why"
    ),
    "retire": lambda codes, by: codebook_changes.retire(codes["Data quality"], by=by, reason="why"),
    "reorder": lambda codes, by: reorder(codes["Cost"], by=by, up=True),
    "group": lambda codes, by: codebook_changes.edit(
        codes["Cost"], by=by, facts={"parent": codes["Talent"]}, reason="why"
    ),
    "merge": lambda codes, by: code_changes.merge(
        codes["Talent"], into=codes["Data quality"], by=by, reason="why"
    ),
    "merge a parent": lambda codes, by: code_changes.merge(
        codes["Model drift"], into=codes["Cost"], by=by, reason="why"
    ),
}


@pytest.mark.parametrize("name", ACTS)
def test_undoing_an_act_restores_everything(study, ada, codes, coded, name):
    if name == "merge a parent":
        codebook_changes.edit(
            codes["Talent"], by=ada, facts={"parent": codes["Model drift"]}, reason="order"
        )
    before = dump(study)
    ACTS[name](codes, ada)
    assert dump(study) != before
    change = CodebookChange.objects.first()
    undo.undo(change, by=ada)
    assert dump(study) == before
    with pytest.raises(ValidationError):
        undo.undo(change, by=ada)


def test_undoing_a_merge_gives_the_same_codings_file(study, ada, codes, coded):
    file = lambda: "".join(lines(CODINGS, scope_of_all(study)))  # noqa: E731
    before = file()
    change = code_changes.merge(
        codes["Talent"], into=codes["Data quality"], by=ada, reason="same thing"
    )
    assert "Talent" in before
    assert "Talent" not in file()
    undo.undo(change, by=ada)
    assert file() == before


def test_merging_keeps_both_marks_of_one_answer_with_their_quotes(study, ada, codes, coded):
    code_changes.merge(codes["Talent"], into=codes["Data quality"], by=ada, reason="same thing")
    answer = Answer.objects.filter(marks__code=codes["Data quality"]).first()
    assert [mark.quote for mark in answer.marks.all()] == ["as it stands"] * 2
    change = CodebookChange.objects.get()
    assert (change.marks, change.papers) == (1, 1)


def test_merging_two_codes_of_one_finding_can_be_undone(study, ada, codes, coded):
    finding = Finding.objects.create(
        paper=coded[0], section=codes["Cost"].section, settled_at="2026-01-01T00:00Z"
    )
    for code in ("Talent", "Data quality"):
        FindingMark.objects.create(finding=finding, code=codes[code], quote=code)
    before = dump(study)
    change = code_changes.merge(
        codes["Talent"], into=codes["Data quality"], by=ada, reason="same thing"
    )
    assert [mark.code for mark in finding.marks.all()] == [codes["Data quality"]]
    undo.undo(change, by=ada)
    assert dump(study) == before


def test_undoing_an_earlier_merge_is_refused_if_a_later_change_builds_on_it(
    study, ada, codes, coded
):
    first = code_changes.merge(codes["Talent"], into=codes["Data quality"], by=ada, reason="same")
    codebook_changes.edit(codes["Data quality"], by=ada, facts={"label": "Data"}, reason="shorter")
    second = code_changes.merge(
        codes["Data quality"], into=codes["Cost"], by=ada, reason="same too"
    )
    with pytest.raises(ValidationError, match="undo version 4 first"):
        undo.undo(first, by=ada)
    undo.undo(second, by=ada)
    undo.undo(first, by=ada)
    assert Mark.objects.filter(code=codes["Talent"]).count() == 1
    codes["Data quality"].refresh_from_db()
    assert codes["Data quality"].label == "Data"


def test_undoing_a_merge_keeps_marks_made_since(study, ada, ben, codes, coded):
    change = code_changes.merge(codes["Talent"], into=codes["Data quality"], by=ada, reason="same")
    late = make_summary(make_paper(study), ben, answers={"challenges": ["Data quality"]})
    undo.undo(change, by=ada)
    assert Mark.objects.get(answer__summary=late).code == codes["Data quality"]


@pytest.mark.parametrize("into", ["Talent", "Case study"])
def test_a_code_merges_only_into_another_code_of_its_section(study, ada, codes, into):
    target = Code.objects.get(label=into)
    with pytest.raises(ValidationError):
        code_changes.merge(codes["Talent"], into=target, by=ada, reason="no")
    codebook_changes.retire(codes["Cost"], by=ada, reason="unused")
    with pytest.raises(ValidationError):
        code_changes.merge(codes["Talent"], into=codes["Cost"], by=ada, reason="no")


def test_a_rename_can_be_undone_after_its_parent_was_split(study, ada, codes):
    grouping = {"parent": codes["Talent"]}
    codebook_changes.edit(codes["Cost"], by=ada, facts=grouping, reason="order")
    halves = [{"label": "Hiring"}, {"label": "Training"}]
    code_changes.split(codes["Talent"], into=halves, by=ada, reason="two things")
    codebook_changes.edit(codes["Cost"], by=ada, facts={"label": "Costs"}, reason="plural")

    undo.undo(CodebookChange.objects.first(), by=ada)
    assert Code.objects.get(pk=codes["Cost"].pk).label == "Cost"

    elsewhere = {"parent": codes["Model drift"]}
    codebook_changes.edit(codes["Cost"], by=ada, facts=elsewhere, reason="order")
    undo.undo(CodebookChange.objects.first(), by=ada)
    assert Code.objects.get(pk=codes["Cost"].pk).parent == codes["Talent"]


def test_parts_of_a_split_stage_take_its_place_on_the_scale(study, ada):
    stage = study.sections.get(key="maturity-stage")
    into = [{"label": "By hand"}, {"label": "By script"}]
    change = code_changes.split(
        stage.codes.get(label="Manual"), into=into, by=ada, reason="two things"
    )
    in_use = stage.codes.filter(status="active")
    scale = ["By hand", "By script", "Automated training", "Automated deployment", "Monitored"]
    assert list(in_use.values_list("label", flat=True)) == scale
    reorder(stage.codes.get(label="Monitored"), by=ada, up=True)
    undo.undo(CodebookChange.objects.first(), by=ada)
    undo.undo(change, by=ada)
    assert list(in_use.values_list("label", flat=True)) == ["Manual", *scale[2:]]


def test_moving_a_code_moves_its_marks_and_can_be_undone(study, ada, ben, codes, coded):
    there = make_section(study.phases.get(), "benefits")
    make_summary(
        make_paper(study), ben, answers={"challenges": ["Cost"], "benefits": absent("unclear")}
    )
    before = dump(study)
    change = code_moves.move(codes["Cost"], to=there, by=ada, reason="it is none")
    assert set(
        Mark.objects.filter(code=codes["Cost"]).values_list("answer__section__key", flat=True)
    ) == {"benefits"}
    # Who had said nothing else says that none of the codes that remain apply: no blank, which would
    # be missing.
    assert Answer.objects.filter(section__key="challenges", none_apply=True).count() == 3
    undo.undo(change, by=ada)
    assert dump(study) | {"codes": 0} == before | {"codes": 0}


def test_moving_a_code_to_an_unfitting_section_is_refused(study, ada, codes, coded):
    for key in ("conclusion", "challenges", "method"):
        with pytest.raises(ValidationError):
            code_moves.move(
                codes["Data quality"], to=study.sections.get(key=key), by=ada, reason="no"
            )
    assert not CodebookChange.objects.exists()


def test_a_merge_leaves_the_summaries_unchanged(study, ada, codes, coded):
    before = list(Summary.objects.order_by("pk").values())
    code_changes.merge(codes["Talent"], into=codes["Data quality"], by=ada, reason="same")
    assert list(Summary.objects.order_by("pk").values()) == before
