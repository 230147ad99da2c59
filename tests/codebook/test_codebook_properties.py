"""Whatever is done to a codebook, every mark keeps its words and its author, and none is lost."""

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mapping.codebook import changes as codebook_changes
from mapping.codebook.order import reorder
from mapping.exchange.table import lines
from mapping.judgement import values
from mapping.models import Code, CodebookChange, Finding, FindingMark
from reviews.codebook import code_changes, code_moves, undo
from reviews.coding import drafts, recoding_tasks
from reviews.exchange.scope import scope_of_all
from reviews.exchange.tables.codings import CODINGS
from reviews.models import Answer, Mark, RecodingTask
from tests.exchange.test_bundle import bundle_of, come_back, empty_the_site, files_in
from tests.making import make_code, make_paper, make_section, make_summary

number = st.integers(0, 30)


def words():
    """Everything a mark says and who said it where; the code may change, this may not."""
    fields = (
        "pk",
        "quote",
        "page",
        "rationale",
        "position",
        "answer__summary__assignment__reviewer",
        "answer__summary",
    )
    return list(Mark.objects.order_by("pk").values_list(*fields))


def state():
    return (
        list(Mark.objects.order_by("pk").values_list("pk", "code", "answer")),
        list(Answer.objects.order_by("pk").values_list("pk", "none_apply", "absence")),
        list(FindingMark.objects.order_by("uid").values_list("uid", "finding", "code", "quote")),
        list(
            Code.objects.filter(status__in=["active", "merged", "proposed"]).order_by("pk").values()
        ),
    )


def halves(code):
    return [{"label": f"{code} {part} {Code.objects.count()}"} for part in "ab"]


# Each takes a code, another one, a number to choose or to name by, and who does it.
ACTS = {
    "rename": lambda code, into, n, by: codebook_changes.edit(
        code, by=by, facts={"label": f"Label {n}"}, reason="why"
    ),
    "redefine": lambda code, into, n, by: codebook_changes.edit(
        code, by=by, facts={"definition": f"If {n}"}, reason="why"
    ),
    "group": lambda code, into, n, by: codebook_changes.edit(
        code, by=by, facts={"parent": into}, reason="why"
    ),
    "merge": lambda code, into, n, by: code_changes.merge(code, into=into, by=by, reason="why"),
    "split": lambda code, into, n, by: code_changes.split(
        code, into=halves(code), by=by, reason="why"
    ),
    "retire": lambda code, into, n, by: codebook_changes.retire(code, by=by, reason="why"),
    "restore": lambda code, into, n, by: codebook_changes.restore(code, by=by),
    "order": lambda code, into, n, by: reorder(code, by=by, before=into),
    "move": lambda code, into, n, by: code_moves.move(code, to=into.section, by=by, reason="why"),
    "accept": lambda code, into, n, by: code_changes.accept(
        code, by=by, facts={"label": f"Accepted {n}"}
    ),
    "decline": lambda code, into, n, by: code_changes.decline(code, by=by, reason="why"),
    "recode": lambda code, into, n, by: look_again(n, into),
    "undo": lambda code, into, n, by: undo_one(n, by),
}
steps = st.lists(st.tuples(st.sampled_from(list(ACTS)), number, number), max_size=8)


def perform(step, study, by):
    act, one, other = step
    codes = list(Code.objects.filter(section__study=study, section__kind="codes").order_by("pk"))
    ACTS[act](codes[one % len(codes)], codes[other % len(codes)], other, by)


def undo_one(number, by):
    changes = list(CodebookChange.objects.order_by("version"))
    if changes:
        undo.undo(changes[number % len(changes)], by=by)


def look_again(one, code):
    """One of those who were asked says this code instead, with a quote."""
    tasks = list(RecodingTask.objects.waiting())
    if tasks:
        task = tasks[one % len(tasks)]
        mark = values.Mark(code.pk, values.Evidence(quote="said anew"))
        content = values.Judgement(marks=(mark,))
        revision = drafts.newest(task.assignment).revision
        recoding_tasks.recode(task, content, by=task.assignment.reviewer, based_on=revision)


def tried(step, study, by):
    """Whether it was done; what is refused changes nothing."""
    before = state()
    try:
        with transaction.atomic():
            perform(step, study, by)
    except ValidationError:
        assert state() == before
        return False
    return True


@pytest.fixture
def prepared(study, ben, cleo):
    """What each example begins with, and is taken back to."""
    section = study.sections.get(key="challenges")
    benefits = make_section(section.phase, "benefits")
    make_code(benefits, "Speed")
    make_code(section, "Skills", status="proposed", proposed_by=ben)
    paper = make_paper(study)
    make_summary(
        paper,
        ben,
        answers={"challenges": ["Data quality", "Talent", "Skills"], "benefits": ["Speed"]},
    )
    make_summary(paper, cleo, answers={"challenges": ["Cost", "Talent", "Model drift"]})
    for mark in Mark.objects.all():
        mark.quote = f"words {mark.pk}"
        mark.save()
    finding = Finding.objects.create(paper=paper, section=section, settled_at="2026-01-01T00:00Z")
    for code in section.codes.all()[:3]:
        FindingMark.objects.create(finding=finding, code=code, quote=f"settled {code}")


def codings(study):
    """What the file of all codings holds, byte by byte."""
    return "".join(lines(CODINGS, scope_of_all(study)))


class Rollback(Exception):
    pass


def in_a_try(act):
    """Run it and leave the database as it was: hypothesis runs many in one test."""
    try:
        with transaction.atomic():
            act()
            raise Rollback
    except Rollback:
        pass


SETTINGS = settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@SETTINGS
@given(steps=steps)
def test_no_sequence_of_acts_loses_marks_or_texts(study, ada, prepared, steps):
    def run():
        before = words()
        for step in steps:
            is_done = tried(step, study, ada)
            now = words()
            # Looking again adds a revision, and takes nothing from the ones before.
            assert set(before) <= set(now)
            if not (is_done and step[0] == "recode"):
                assert len(now) == len(before)
            before = now
            # A merged code has no marks: they are where it went.
            assert not Mark.objects.filter(code__status="merged").exists()
            assert not Code.objects.filter(parent__parent__isnull=False).exists()
            assert not Mark.objects.exclude(code__section=F("answer__section")).exists()

    in_a_try(run)


@SETTINGS
@given(
    steps=steps,
    act=st.sampled_from(["merge", "retire", "move", "split", "group"]),
    one=number,
    other=number,
)
def test_undo_restores_everything_at_any_point_of_a_sequence(
    study, ada, prepared, steps, act, one, other
):
    def run():
        for step in steps:
            tried(step, study, ada)
        before, file = state(), codings(study)
        if tried((act, one, other), study, ada) and CodebookChange.objects.exists():
            last = CodebookChange.objects.order_by("version").last()
            if last.act == act:
                undo.undo(last, by=ada)
            assert state() == before
            assert codings(study) == file

    in_a_try(run)


@SETTINGS
@given(steps=steps)
def test_undoing_all_acts_in_reverse_restores_everything(study, ada, prepared, steps):
    def run():
        before, file = state(), codings(study)
        for step in steps:
            if step[0] not in {"undo", "recode"}:
                tried(step, study, ada)
        for change in list(CodebookChange.objects.order_by("-version")):
            undo.undo(change, by=ada)
        assert state() == before
        assert codings(study) == file

    in_a_try(run)


@settings(SETTINGS, max_examples=15)
@given(
    steps=steps,
    last=st.sampled_from(["merge", "split", "move"]),
    one=st.integers(0, 3),
    other=st.integers(0, 5),
)
# The answer that a move had made is gone with its undoing; the history still speaks of it.
@example(steps=[("move", 3, 22), ("undo", 0, 0)], last="merge", one=0, other=0)
def test_an_imported_bundle_can_undo_the_same_changes(
    study, ada, prepared, steps, last, one, other
):
    def run():
        for step in [*steps[:4], (last, one, other)]:
            tried(step, study, ada)
        bundle, here = bundle_of(study), []
        in_a_try(lambda: here.append(undone_last(study)))
        empty_the_site()
        there = come_back(bundle)
        assert files_in(bundle_of(there)) == files_in(bundle)
        assert undone_last(there) == here[0]

    in_a_try(run)


def undone_last(study):
    """What the codings are once the last change is taken back, whatever their order, or why it is
    not.
    """
    change = study.codebook_changes.order_by("version").last()
    try:
        with transaction.atomic():
            if change:
                undo.undo(change, by=study.created_by)
    except ValidationError as refusal:
        return refusal.messages
    return sorted(codings(study).splitlines())
