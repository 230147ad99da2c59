"""Whatever is done to a codebook, every mark keeps its words and its author, and none is lost."""

from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mapping import codebook
from mapping.models import Code, CodebookChange, Finding, FindingMark
from reviews import recoding, undoing
from reviews.models import Answer, Mark
from tests.making import make_paper, make_summary

number = st.integers(0, 30)
steps = st.lists(
    st.tuples(st.sampled_from(["rename", "merge", "split", "retire", "restore", "group", "undo"]), number, number),
    max_size=8,
)


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
        list(FindingMark.objects.order_by("pk").values_list("pk", "finding", "code", "quote")),
        list(Code.objects.filter(status__in=["active", "merged", "proposed"]).order_by("pk").values()),
    )


def perform(step, section, by):
    act, one, other = step
    codes = list(section.codes.order_by("pk"))
    code, into = codes[one % len(codes)], codes[other % len(codes)]
    if act == "rename":
        codebook.change(code, by=by, facts={"label": f"Label {other}"}, reason="why")
    elif act == "group":
        codebook.change(code, by=by, facts={"parent": into}, reason="why")
    elif act == "merge":
        recoding.merge(code, into=into, by=by, reason="why")
    elif act == "split":
        halves = [{"label": f"{code} {part} {Code.objects.count()}"} for part in "ab"]
        recoding.split(code, into=halves, by=by, reason="why")
    elif act == "retire":
        codebook.retire(code, by=by, reason="why")
    elif act == "restore":
        codebook.restore(code, by=by)
    else:
        changes = list(CodebookChange.objects.order_by("version"))
        if changes:
            undoing.undo(changes[one % len(changes)], by=by)


def tried(step, section, by):
    """Whether it was done; what is refused changes nothing."""
    before = state()
    try:
        with transaction.atomic():
            perform(step, section, by)
    except ValidationError:
        assert state() == before
        return False
    return True


def prepared(study, ben, cleo):
    section = study.sections.get(key="challenges")
    paper = make_paper(study)
    make_summary(paper, ben, answers={"challenges": ["Data quality", "Talent"]})
    make_summary(paper, cleo, answers={"challenges": ["Cost", "Talent", "Model drift"]})
    for mark in Mark.objects.all():
        mark.quote = f"words {mark.pk}"
        mark.save()
    finding = Finding.objects.create(paper=paper, section=section, settled_at="2026-01-01T00:00Z")
    for code in section.codes.all()[:3]:
        FindingMark.objects.create(finding=finding, code=code, quote=f"settled {code}")
    return section


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


SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SETTINGS
@given(steps=steps)
def test_no_sequence_of_acts_loses_a_mark_or_a_word(study, ada, ben, cleo, steps):
    def run():
        section = prepared(study, ben, cleo)
        before = words()
        for step in steps:
            tried(step, section, ada)
            assert words() == before
            # A merged code has no marks: they are where it went.
            assert not Mark.objects.filter(code__status="merged").exists()
            assert not Code.objects.filter(parent__parent__isnull=False).exists()

    in_a_try(run)


@SETTINGS
@given(steps=steps, one=number, other=number)
def test_an_act_and_its_undo_change_nothing_wherever_they_stand(study, ada, ben, cleo, steps, one, other):
    def run():
        section = prepared(study, ben, cleo)
        for step in steps:
            tried(step, section, ada)
        before = state()
        if tried(("merge", one, other), section, ada):
            undoing.undo(CodebookChange.objects.order_by("version").last(), by=ada)
            assert state() == before

    in_a_try(run)


@SETTINGS
@given(steps=steps)
def test_undoing_everything_from_the_last_to_the_first_brings_all_of_it_back(study, ada, ben, cleo, steps):
    def run():
        section = prepared(study, ben, cleo)
        before = state()
        for step in steps:
            if step[0] != "undo":
                tried(step, section, ada)
        for change in list(CodebookChange.objects.order_by("-version")):
            undoing.undo(change, by=ada)
        assert state() == before

    in_a_try(run)
