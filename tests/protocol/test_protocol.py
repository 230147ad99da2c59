import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mapping.models import Code, Phase, Section, Study
from mapping.protocol import files as protocol_files
from mapping.protocol.coefficients import COEFFICIENTS
from mapping.protocol.parser import ProtocolError
from mapping.protocol.schema import rules
from reviews.codebook import template as codebook_template
from tests.making import make_code, make_study

MLOPS_KEYS = [
    "main-focus",
    "key-highlights",
    "contributions",
    "motivation",
    "benefits",
    "approaches",
    "tools",
    "challenges",
    "maturity-stage",
    "strategies",
    "concerns",
    "conclusion",
    "comments",
]
CHALLENGES = """
    high AI costs and expectations; too few data scientists; need for large data sets; privacy
    concerns; noisy data; lack of domain experts; labelling issues; increasing feature
    complexity; improper feature selection; bias introduced while experimenting; highly complex
    models; need for deep DL knowledge; difficulty in choosing the final model; model execution
    environment; more hyperparameter settings; verification and validation; integration issues;
    need for an understandable model; training-serving skew; end-user communication; model
    drift; maintaining robustness; tracking and comparing experiments; lack of version control;
    difficulty in deploying models; insufficient purchasing budget; challenging regulatory
    environment
"""


def problems_of(content, file="protocol.json"):
    with pytest.raises(ProtocolError) as refused:
        protocol_files.read(content, file)
    return refused.value.problems


def section(**facts):
    return {"key": "a", "label": "A", "kind": "codes", **facts}


def test_the_mlops_template_has_its_sections_in_order_and_reading_depth_last():
    template = protocol_files.built_in("mlops")
    assert [one.key for one in template.sections] == [*MLOPS_KEYS, "reading-depth"]
    assert [one.key for one in template.research_questions] == ["RQ1", "RQ2", "RQ3", "RQ4"]
    questions = {
        one.key: one.research_question for one in template.sections if one.research_question
    }
    assert questions == {
        "motivation": "RQ1",
        "benefits": "RQ1",
        "approaches": "RQ2",
        "tools": "RQ2",
        "challenges": "RQ3",
        "maturity-stage": "RQ3",
        "strategies": "RQ4",
        "concerns": "RQ4",
    }
    kinds = {one.key: one.kind for one in template.sections}
    assert {key for key, kind in kinds.items() if kind == "text"} == {
        "main-focus",
        "key-highlights",
        "contributions",
        "conclusion",
        "comments",
    }
    assert (kinds["maturity-stage"], kinds["reading-depth"]) == ("stage", "code")
    assert not template.sections[-1].is_required


def test_the_mlops_codebook_names_every_challenge_and_orders_the_stages():
    template = {one.key: one for one in protocol_files.built_in("mlops").sections}
    wanted = {" ".join(words.split()).lower() for words in CHALLENGES.split(";")}
    assert {code.label.lower() for code in template["challenges"].codes} == wanted
    assert [code.label.lower() for code in template["maturity-stage"].codes] == [
        "automated data collection",
        "automated model deployment",
        "semi-automated model monitoring",
        "fully automated model monitoring",
    ]
    assert {
        "CI/CD pipeline",
        "Continuous retraining",
        "Performance-triggered retraining by REST endpoint",
    } <= {code.label for code in template["approaches"].codes}


@pytest.mark.parametrize("name", [*protocol_files.BUILT_IN, *protocol_files.PRESETS])
def test_built_in_codes_are_defined_and_their_files_have_no_unknown_keys(name):
    template = (
        protocol_files.preset(name)
        if name in protocol_files.PRESETS
        else protocol_files.built_in(name)
    )
    assert template.notes == ()
    assert [
        code.label for one in template.sections for code in one.codes if not code.definition
    ] == []


def test_the_software_engineering_template_classifies_research_as_wieringa_does():
    template = protocol_files.built_in("software-engineering")
    assert [one.key for one in template.sections] == [
        "research-type",
        "contribution-type",
        "research-method",
        "venue-type",
        "topic",
        "reading-depth",
    ]
    words = {code.label.split()[0].lower() for code in template.sections[0].codes}
    assert words == {
        "validation",
        "evaluation",
        "solution",
        "philosophical",
        "opinion",
        "experience",
    }


def test_every_screening_code_but_include_excludes_the_paper():
    (decision,) = protocol_files.preset("screening").sections
    assert {code.label for code in decision.codes if not code.excludes_paper} == {"Include"}


def test_the_schema_knows_the_same_choices_as_the_models():
    known = rules()["properties"]
    sections, phases, settings_ = (
        known["sections"]["items"],
        known["phases"]["items"],
        known["settings"]["properties"],
    )
    assert sections["properties"]["kind"]["enum"] == Section.Kind.values
    assert phases["properties"]["kind"]["enum"] == Phase.Kind.values
    assert settings_["others_visible"]["enum"] == Study.OthersVisible.values
    assert settings_["who_settles"]["enum"] == Study.WhoSettles.values
    assert {kind for one in COEFFICIENTS.values() for kind in one.kinds} == set(Section.CODED)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff\xfe", "is not UTF-8 text"),
        ("@article{a, title={B}}", "line 1, column 1: this is not JSON"),
        ('{"title": "half', "line 1, column 11: this is not JSON"),
        ("[]", "is a list, not a JSON object"),
        ('{"agreement": NaN}', "“NaN” is not a number"),
        ('{"title": "a", "title": "b"}', "“title” appears twice"),
        ("[" * 100_000, "is nested too deeply"),
        ('{"a":' * 900 + "1" + "}" * 900, "is nested too deeply"),
        (" " * (5 * 1024 * 1024 + 1), "is larger than 5 MB"),
        ('{"sections": [' + "{}," * 30_001 + "{}]}", "more than 30000 entries"),
        ({"title": "a\x00b"}, "title: holds a character that is no text"),
        ({"title": "a\ud800b"}, "title: holds a character that is no text"),
        ({"concord_protocol": 2}, "concord_protocol: “2” is none of 1"),
        (
            {"settings": {"who_settles": "me"}},
            "settings.who_settles: “me” is none of leads, not_coders",
        ),
        (
            {"sections": [section(kind="coedes")]},
            "sections[0].kind: “coedes” is none of codes, code, stage",
        ),
        ({"sections": [section(key="a b")]}, "sections[0].key: “a b” may have only"),
        ({"sections": [{"key": "a", "kind": "text"}]}, "sections[0]: “label” is missing"),
        (
            {"sections": [section(is_required="yes")]},
            "sections[0].is_required: must be true or false, not text",
        ),
        (
            {"sections": [section(agreement_target=2)]},
            "sections[0].agreement_target: 2 is more than 1",
        ),
        (
            {"sections": [section(), section()]},
            "sections[1].key: “a” stands at sections[0] already",
        ),
        (
            {"sections": [section(research_question="RQ9")]},
            "sections[0].research_question: there is no “RQ9”",
        ),
        (
            {"sections": [section(phase="reading")]},
            "sections[0].phase: there is no phase “reading”",
        ),
        (
            {"phases": [{"key": "a"}, {"key": "b"}], "sections": [section()]},
            "sections[0].phase: is missing",
        ),
        (
            {"sections": [section(kind="text", codes=[{"label": "x"}])]},
            "sections[0].codes: a section of the kind text",
        ),
        (
            {"sections": [section(codes=[{"label": "x"}, {"label": "x "}])]},
            "sections[0].codes[1].label: “x” stands at",
        ),
        (
            {"sections": [section(codes=[{"label": "x", "parent": "y"}])]},
            "codes[0].parent: this section has no code",
        ),
        (
            {"sections": [section(codes=[{"label": "x", "parent": "X"}])]},
            "codes[0].parent: a code cannot be its own",
        ),
        (
            {"sections": [section(codes=[{"label": "x", "status": "merged"}])]},
            "“merged” is none of active, retired",
        ),
        (
            {"sections": [section(primary_coefficient="cohen_kappa")]},
            "those that do: krippendorff_alpha",
        ),
        (
            {"sections": [section(declared_at="yesterday")]},
            "sections[0].declared_at: “yesterday” is no date",
        ),
        ({"sections": [section(added_at="0001-01-01T00:00+05:00")]}, "sections[0].added_at:"),
    ],
)
def test_a_refused_file_says_where_and_what(content, problem):
    (said,) = problems_of(content)
    assert problem in said


def test_all_problems_are_reported_at_once():
    content = {"title": 5, "sections": [section(kind="x", label=""), section(key="b", codes={})]}
    places = {said.split(":")[0] for said in problems_of(content)}
    assert places == {"title", "sections[0].kind", "sections[0].label", "sections[1].codes"}
    content = {
        "sections": [section(codes=[{"label": "x", "parent": "y"}], phase="q"), section(phase="q")]
    }
    assert len(problems_of(content)) == 4


def test_a_misspelt_key_is_noted_and_not_refused():
    read = protocol_files.read(
        {"titel": "x", "sections": [section(colour="red", codes=[{"label": "x", "when": ""}])]}
    )
    assert list(read.notes) == [
        "titel: unknown, read over",
        "sections[0].colour: unknown, read over",
        "sections[0].codes[0].when: unknown, read over",
    ]


def test_a_short_file_is_enough_and_may_have_a_byte_order_mark():
    read = protocol_files.read(
        b'\xef\xbb\xbf{"sections": [{"key": "a", "label": " A ", "kind": "text"}]}'
    )
    assert [(one.label, one.phase) for one in read.sections] == [("A", "coding")]
    assert [(one.key, one.kind) for one in read.phases] == [("coding", "coding")]


def test_an_exported_protocol_reads_back_the_same(study, ada):
    challenges = study.sections.get(key="challenges")
    child = make_code(
        challenges,
        "Concept drift",
        parent=challenges.codes.get(label="Model drift"),
        definition="Über",
    )
    make_code(challenges, "Old", status="retired")
    codebook_template.retire_section(study.sections.get(key="cases"), by=ada)
    written = protocol_files.dump(study)

    again = protocol_files.create_study(
        title=study.title,
        lead=ada,
        by=ada,
        protocol=protocol_files.read(json.dumps(written)),
        as_recorded=True,
    )
    assert protocol_files.dump(again) == written
    copied = Code.objects.get(section__study=again, label=child.label)
    assert (copied.parent.label, copied.parent.section.study) == ("Model drift", again)


def test_the_template_leaves_out_proposed_merged_and_declined_codes(study, ben):
    challenges = study.sections.get(key="challenges")
    kept = {code.label for code in challenges.codes.all()}
    make_code(challenges, "Leaking proposal", status="proposed", proposed_by=ben)
    make_code(challenges, "Declined", status="declined")
    gone = make_code(
        challenges, "Merged", status="merged", merged_into=challenges.codes.get(label="Cost")
    )
    make_code(challenges, "Child of the merged", parent=gone)
    (written,) = [
        one for one in protocol_files.dump(study)["sections"] if one["key"] == "challenges"
    ]
    assert {code["label"] for code in written["codes"]} == kept | {"Child of the merged"}
    assert {code["parent"] for code in written["codes"]} == {None}


# PostgreSQL makes an i of the dotted capital İ, Python an i with a dot of its own: that one has a
# test for itself.
words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="İ"),
    max_size=12,
)
labels = st.lists(words.map(str.strip).filter(bool), max_size=6, unique_by=str.lower)
keys = st.from_regex(r"[-a-zA-Z0-9_]{1,20}", fullmatch=True)


@st.composite
def templates(draw):
    phases = draw(st.lists(keys, min_size=1, max_size=3, unique=True))
    sections = []
    for phase in phases:
        for key in draw(st.lists(keys, max_size=2, unique=True)):
            kind = draw(st.sampled_from(Section.Kind.values))
            one = {
                "key": f"{phase}-{key}",
                "label": draw(words.map(str.strip).filter(bool)),
                "kind": kind,
                "phase": phase,
                "help": draw(words),
                "is_required": draw(st.booleans()),
                "agreement_target": draw(st.none() | st.floats(-1, 1)),
            }
            if kind in Section.WITH_CODES:
                one["codes"] = [
                    {"label": label, "definition": draw(words)} for label in draw(labels)
                ]
            sections.append(one)
    unique = {one["key"]: one for one in sections}
    return {
        "title": "T",
        "phases": [{"key": key} for key in phases],
        "sections": list(unique.values()),
    }


@given(templates())
@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_any_template_round_trips_through_a_study(ada, content):
    read = protocol_files.read(content)
    study = protocol_files.create_study(
        title="T", lead=ada, by=ada, protocol=read, as_recorded=True
    )
    first = protocol_files.dump(study)
    again = protocol_files.read(first)
    second = protocol_files.create_study(
        title="T", lead=ada, by=ada, protocol=again, as_recorded=True
    )
    assert protocol_files.dump(second) == first
    assert [replace(one, added_at=None) for one in again.sections] == [
        replace(one, added_at=None)
        for one in sorted(read.sections, key=lambda one: place(read, one))
    ]


def place(template, section):
    return [phase.key for phase in template.phases].index(section.phase)


def test_starting_from_a_study_leaves_out_what_was_retired(study, ada):
    challenges = study.sections.get(key="challenges")
    make_code(challenges, "Old", status="retired")
    codebook_template.retire_section(study.sections.get(key="cases"), by=ada)
    taken = protocol_files.read(protocol_files.dump(study)).in_use()
    assert "cases" not in {one.key for one in taken.sections}
    assert "Old" not in {code.label for one in taken.sections for code in one.codes}


def test_protocol_json_is_for_leads_and_loads_as_a_template(study, as_user, ada):
    answer = as_user(ada).get(f"/s/{study.slug}/protocol.json")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="protocol.json"'
    assert protocol_files.read(answer.content) == protocol_files.read(protocol_files.dump(study))


@pytest.mark.django_db
def test_a_template_with_a_declared_target_is_declared_when_the_study_starts(ada):
    template = protocol_files.read(
        {"sections": [section(agreement_target=0.8, declared_at="2020-01-01T00:00:00Z")]}
    )
    started = protocol_files.create_study(title="T", lead=ada, by=ada, protocol=template)
    assert started.sections.get().declared_at >= started.created_at
    assert make_study(lead=ada).sections.filter(declared_at__isnull=False).count() == 0
