"""A bundle from somebody who wants into other studies: what is kept as JSON names things of its own
study alone.
"""

import csv
import io
import json
from functools import cache

import pytest
from django.db import transaction

from mapping.models import Code, Study
from reviews.codebook import code_changes, undo
from reviews.exchange.bundle.reader import BundleError
from reviews.exchange.bundle.restore import restore
from reviews.models import Mark, RecodingTask
from reviews.rounds import lifecycle
from tests.exchange.test_bundle import bundle_of, come_back, files_in, tampered
from tests.making import make_paper, make_round, make_study, make_summary

NOBODY = "77"  # before a number: then no code of the bundle has it


def rewritten(content, name, column, change, *, act=None):
    """The bundle with the JSON in one column of one file changed, where there is some."""

    def change_all(text):
        header, *rows = csv.reader(io.StringIO(text, newline=""))
        place = header.index(column)
        for row in rows:
            if row[place] and (act is None or row[header.index("act")] == act):
                row[place] = json.dumps(change(json.loads(row[place])))
        target = io.StringIO()
        csv.writer(target).writerows([header, *rows])
        return target.getvalue()

    return tampered(content, name, change_all)


def refusal(content):
    before = Study.objects.count()
    with pytest.raises(BundleError) as refused:
        restore(io.BytesIO(content))
    assert Study.objects.count() == before
    (said,) = refused.value.messages
    return said


@pytest.fixture
def merged(study, ada, ben):
    """A study in which a code with a mark went into another one."""
    make_summary(make_paper(study), ben, answers={"challenges": ["Cost"]})
    code_changes.merge(
        study_code(study, "Cost"), into=study_code(study, "Talent"), by=ada, reason="the same"
    )
    return study


def study_code(study, label):
    return Code.objects.get(section__study=study, label=label)


@pytest.fixture
def victim(zoe):
    """A mark in somebody else's study."""
    study = make_study(lead=zoe, title="Somebody else's")
    summary = make_summary(make_paper(study, key="theirs"), zoe, answers={"challenges": ["Cost"]})
    return Mark.objects.get(answer__summary=summary)


def test_a_change_names_no_marks_by_the_numbers_they_have_in_another_study(merged, victim):
    def aimed(kept):
        return {**kept, "marks": {f"{NOBODY}{victim.code_id}": [victim.pk]}}

    said = refusal(
        rewritten(bundle_of(merged), "codebook_changes.csv", "before", aimed, act="merge")
    )
    assert "names no code: it is not in the bundle" in said


@pytest.mark.parametrize(
    "aimed",
    [
        lambda kept, victim: {**kept, "marks": {name: [victim.pk] for name in kept["marks"]}},
        lambda kept, victim: {
            **kept,
            "marks": {name: [float(victim.pk)] for name in kept["marks"]},
        },
        lambda kept, victim: {**kept, "marks": {name: [str(victim.pk)] for name in kept["marks"]}},
        # Another kind of thing, whose number here is the victim's.
        lambda kept, victim: {**kept, "marks": {name: ["$user:ben"] for name in kept["marks"]}},
        lambda kept, victim: {
            **kept,
            "codes": {f"{NOBODY}{victim.code_id}": {"label": "Taken over"}},
        },
        lambda kept, victim: {
            **kept,
            "codes": {name: {"pk": victim.code_id} for name in kept["codes"]},
        },
        lambda kept, victim: {
            **kept,
            "codes": {name: {"id": victim.code_id} for name in kept["codes"]},
        },
        lambda kept, victim: {
            **kept,
            "codes": {name: {"parent_id": str(victim.code_id)} for name in kept["codes"]},
        },
        lambda kept, victim: {
            **kept,
            "set_aside": [{"finding_id": victim.pk, "beside": victim.pk}],
        },
        lambda kept, victim: {**kept, "set_aside": [{"uid": 1, "beside": victim.pk}]},
        lambda kept, victim: {**kept, "set_aside": [{"uid": 10**30, "beside": None}]},
        lambda kept, victim: {**kept, "set_aside": [{"uid": -1, "beside": None}]},
        lambda kept, victim: {
            **kept,
            "set_aside": [{"pk": victim.pk, "finding_id": None, "beside": None}],
        },
        lambda kept, victim: {
            **kept,
            "flags": {"1": {"summary_id": victim.answer.summary_id}},
        },
        lambda kept, victim: {**kept, "tasks": [victim.pk]},
        lambda kept, victim: {**kept, "made": "all of them"},
        lambda kept, victim: [kept],
    ],
)
@pytest.mark.parametrize("column", ["before", "after"])
def test_whatever_else_a_change_could_reach_with_is_refused_too(column, aimed, merged, victim):
    def change(kept):
        return aimed({"marks": {"1": []}, **kept}, victim)

    said = refusal(
        rewritten(bundle_of(merged), "codebook_changes.csv", column, change, act="merge")
    )
    assert said.startswith("codebook_changes.csv, line 2, column ")


def test_the_changes_that_a_study_really_made_come_back_and_are_undone(merged, victim):
    here = come_back(bundle_of(merged))
    undo.undo(here.codebook_changes.get(act="merge"), by=here.created_by)

    (mark,) = Mark.objects.filter(answer__summary__assignment__round__study=here)
    assert mark.code.label == "Cost"
    victim.refresh_from_db()
    assert victim.code.section.study.title == "Somebody else's"


def test_tasks_that_ended_with_a_change_come_back_as_those_of_the_study(study, ada, ben, victim):
    make_summary(make_paper(study), ben, answers={"challenges": ["Cost"]}, round=make_round(study))
    cost = study_code(study, "Cost")
    code_changes.split(
        cost, into=[{"label": "Money"}, {"label": "Time"}], by=ada, reason="two things"
    )
    code_changes.merge(cost, into=study_code(study, "Talent"), by=ada, reason="neither")
    (task,) = RecodingTask.objects.filter(done_at__isnull=False)
    first = bundle_of(study)
    assert f'""tasks"": [{task.uid}]' in files_in(first)["codebook_changes.csv"]
    here = come_back(first)
    undo.undo(here.codebook_changes.get(act="merge"), by=here.created_by)

    task.refresh_from_db()
    assert task.done_at is not None
    (own,) = RecodingTask.objects.filter(assignment__round__study=here)
    assert own.done_at is None


@pytest.mark.parametrize(
    ("name", "column", "change"),
    [
        ("rounds.csv", "frozen_agreement", lambda kept: {"x": 1}),
        ("rounds.csv", "frozen_agreement", lambda kept: {**kept, "sections": 3}),
        (
            "rounds.csv",
            "frozen_agreement",
            lambda kept: {**kept, "sections": [{"section": "challenges"}]},
        ),
        (
            "rounds.csv",
            "frozen_agreement",
            lambda kept: {
                **kept,
                "sections": [{**one, "coefficients": {}} for one in kept["sections"]],
            },
        ),
        ("resolutions.csv", "content", lambda kept: {}),
        ("resolutions.csv", "content", lambda kept: {**kept, "said": ["ben"]}),
        (
            "resolutions.csv",
            "content",
            lambda kept: {**kept, "settled": {**kept["settled"], "number": "many"}},
        ),
        ("log.csv", "facts", lambda kept: ["x"]),
        ("papers.csv", "extra", lambda kept: ["x"]),
    ],
)
def test_kept_json_that_no_page_could_show_is_refused(name, column, change, demo_bundle):
    assert refusal(rewritten(demo_bundle, name, column, change)).startswith(f"{name}, line ")


@pytest.fixture
def demo_bundle(db):
    return bundle_of_demo()


@cache
def bundle_of_demo():
    """Made once, since that takes seconds; and taken back at once, so that every test meets the
    same site.
    """
    from reviews.management.demo import make

    with transaction.atomic():
        study, _ = make("a long enough password")
        paper = study.papers.first()
        paper.extra = {"note": "x"}
        paper.save()
        content = bundle_of(study)
        transaction.set_rollback(True)
    return content


@pytest.mark.parametrize("column", ["merged_into_number", "parent_number"])
def test_codes_that_lead_in_a_circle_are_refused(merged, column):
    def in_a_circle(text):
        header, *rows = csv.reader(io.StringIO(text, newline=""))
        place, status = header.index(column), header.index("status")
        first, second = rows[0], rows[1]
        for row, other in ((first, second), (second, first)):
            row[place] = other[header.index("number")]
            if column == "merged_into_number":
                row[status] = "merged"
        target = io.StringIO()
        csv.writer(target).writerows([header, *rows])
        return target.getvalue()

    said = refusal(tampered(bundle_of(merged), "codebook.csv", in_a_circle))
    assert "codebook.csv" in said
    assert "leads back to the code itself" in said


@pytest.mark.parametrize("loads", ["ben", ["ben"], 7, {"ben": "many"}, {"ben": 10.5}])
def test_a_line_of_the_log_in_which_nobody_could_be_renamed_is_refused(loads, merged):
    broken = rewritten(bundle_of(merged), "log.csv", "facts", lambda kept: {**kept, "loads": loads})
    assert refusal(broken).startswith("log.csv, line ")


@pytest.mark.parametrize(
    "answers", [7, "all", [7], {"assignment": None}, [{"assignment": None, "revision": [1]}]]
)
def test_frozen_figures_that_no_page_could_read_are_refused(answers, study, ada, ben, cleo):
    main, paper = make_round(study, "Main"), make_paper(study)
    for reader in (ben, cleo):
        make_summary(paper, reader, round=main, answers={"challenges": ["Cost"]})
    lifecycle.close_round(main, by=ada)
    change = {"change": lambda kept: {**kept, "answers": answers}}
    broken = rewritten(bundle_of(study), "rounds.csv", "frozen_agreement", **change)
    assert "column frozen_agreement: answers" in refusal(broken)


def test_a_number_without_end_is_refused_where_it_stands(merged):
    def endless(text):
        return text.replace('""status"": ""merged""', '""position"": 1e400')

    said = refusal(tampered(bundle_of(merged), "codebook_changes.csv", endless))
    assert said.startswith("codebook_changes.csv, line 2, column after")
