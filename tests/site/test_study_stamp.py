"""Every table that figures of a study are made of changes the study's stamp: by the database
itself, see `Stamp`.
"""

import re
import sys
from collections import defaultdict

import pytest
from django.apps import apps
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from mapping.models import (
    Code,
    CodebookChange,
    Finding,
    FindingMark,
    LogEntry,
    Membership,
    Paper,
    Phase,
    Section,
    Study,
)
from reviews.management.demo import make as make_demo
from reviews.models import (
    Answer,
    Assignment,
    Deferral,
    EarlyLook,
    Mark,
    PriorAccess,
    RecodingTask,
    Remark,
    Resolution,
    Round,
    Stamp,
    Summary,
)
from reviews.models.study_cache import cached_for_study
from reviews.rounds import progress
from tests.making import (
    make_assignment,
    make_code,
    make_paper,
    make_phase,
    make_round,
    make_section,
    make_study,
    make_summary,
    make_user,
)

pytestmark = pytest.mark.django_db

ALWAYS = {"INSERT", "UPDATE", "DELETE"}
NOBODY_ASKS = "No figure that is kept is made of it."
# Counted, but not always; the tests below say when.
PARTLY = {
    "mapping.FindingMark": "A new one comes with its finding.",
    "reviews.Summary": (
        "Whoever types saves every few seconds: only beginning, submitting and removing count."
    ),
    "reviews.Answer": "A new one comes with its summary; those of drafts do not count.",
    "reviews.Mark": "As its answer.",
}
NOT_COUNTED = {
    "mapping.ApiToken": f"Every question of a script writes when it was last used. {NOBODY_ASKS}",
    "mapping.Invitation": NOBODY_ASKS,
    "mapping.PaperImport": NOBODY_ASKS,
    "mapping.PaperSource": NOBODY_ASKS,
    "mapping.ResearchQuestion": NOBODY_ASKS,
    "reviews.KeptEdit": f"It belongs to a draft. {NOBODY_ASKS}",
    "reviews.Mention": (
        f"It belongs to one person, whose bell asks for it on every page. {NOBODY_ASKS}"
    ),
}


def owned_by_a_study():
    """The models with a chain of foreign keys to Study, and Study itself."""
    owned, models = {Study}, [model for model in apps.get_models() if not model._meta.proxy]
    while True:
        more = {
            model
            for model in models
            if model not in owned
            and any(one.many_to_one or one.one_to_one for one in model._meta.concrete_fields)
            and any(
                one.related_model in owned for one in model._meta.concrete_fields if one.is_relation
            )
        }
        if not more:
            return owned
        owned |= more


def events():
    """On what the database counts: `{table: {"INSERT", …}}`."""
    found = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT event_object_table, event_manipulation FROM information_schema.triggers "
            "WHERE action_statement LIKE '%concord_%'"
        )
        for table, event in cursor.fetchall():
            found[table].add(event)
    return found


def test_every_model_of_a_study_is_counted_or_named_with_the_reason_why_not():
    counts = events()
    for model in owned_by_a_study():
        label, found = model._meta.label, counts[model._meta.db_table]
        if label in NOT_COUNTED or label in PARTLY:
            assert bool(found) == (label in PARTLY), label
        else:
            assert found == ALWAYS, f"{label}: a change of it must change the study's stamp"


def test_nothing_is_named_that_needs_no_name():
    assert {*PARTLY, *NOT_COUNTED} <= {model._meta.label for model in owned_by_a_study()}
    assert not set(PARTLY) & set(NOT_COUNTED)


def number(study):
    """The stamp, once what waits for the commit is done; the next change counts as that of another
    transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute("SELECT set_config('concord.changed', '', true)")
    return Stamp.objects.filter(study=study.pk).values_list("number", flat=True).first() or 0


def code_of(study):
    return study.sections.get(key="challenges").codes.first()


def paper_and(study, more):
    """A paper of before the change, and what is added to it."""
    paper = study.papers.first() or make_paper(study)
    section = study.sections.get(key="challenges")
    return more(paper, section, study.phases.get(key="coding"), study.created_by)


MADE = {
    Membership: lambda study: Membership.objects.create(
        study=study, user=make_user(), role="reviewer"
    ),
    Phase: lambda study: make_phase(study, "screening"),
    Section: lambda study: make_section(study.phases.get(key="coding"), "another", "text"),
    Code: lambda study: make_code(study.sections.get(key="challenges"), "Another"),
    CodebookChange: lambda study: CodebookChange.objects.create(
        study=study, version=99, act="add", by=study.created_by
    ),
    Paper: make_paper,
    LogEntry: lambda study: LogEntry.objects.create(study=study, act="look", text="Looked."),
    Round: make_round,
    Finding: lambda study: paper_and(
        study,
        lambda paper, section, phase, user: Finding.objects.create(
            paper=paper, section=section, none_apply=True, settled_at=timezone.now()
        ),
    ),
    Resolution: lambda study: paper_and(
        study,
        lambda paper, section, phase, user: Resolution.objects.create(
            paper=paper,
            section=section,
            basis="single",
            content={},
            reviewers=1,
            decided_at=timezone.now(),
        ),
    ),
    Deferral: lambda study: paper_and(
        study,
        lambda paper, section, phase, user: Deferral.objects.create(
            paper=paper, section=section, by=user
        ),
    ),
    Remark: lambda study: paper_and(
        study,
        lambda paper, section, phase, user: Remark.objects.create(
            paper=paper, section=section, by=user, text="Hm."
        ),
    ),
    EarlyLook: lambda study: paper_and(
        study,
        lambda paper, section, phase, user: EarlyLook.objects.create(
            paper=paper, phase=phase, user=user, reason="?"
        ),
    ),
    PriorAccess: lambda study: paper_and(
        study,
        lambda paper, section, phase, user: PriorAccess.objects.create(
            paper=paper, phase=phase, user=user, why="lead"
        ),
    ),
    Assignment: lambda study: paper_and(
        study,
        lambda paper, section, phase, user: make_assignment(
            paper, user, round=study.rounds.first()
        ),
    ),
    Summary: lambda study: paper_and(
        study,
        lambda paper, section, phase, user: Summary.objects.create(
            assignment=study.rounds.first().assignments.get()
        ),
    ),
    RecodingTask: lambda study: paper_and(
        study,
        lambda paper, section, phase, user: RecodingTask.objects.create(
            assignment=study.rounds.first().assignments.get(), section=section
        ),
    ),
}


def test_every_counted_model_is_tried():
    counted = {
        model for model in owned_by_a_study() if model._meta.label not in {*PARTLY, *NOT_COUNTED}
    }
    assert counted - {Study} == set(MADE) - {Summary}


@pytest.mark.parametrize("model", MADE, ids=lambda model: model.__name__)
def test_a_row_that_comes_changes_and_goes_changes_the_stamp_each_time(model, study, ben):
    """Written past all acts, as a hand in the database would."""
    round = make_round(study)
    if model in {Summary, RecodingTask}:
        make_assignment(make_paper(study), ben, round=round)
    make_paper(study)
    other = make_study()
    seen, aside = [number(study)], number(other)
    thing = MADE[model](study)
    seen.append(number(study))
    same = model._base_manager.filter(pk=thing.pk)
    if model is not Summary:
        field = next(
            one for one in model._meta.concrete_fields if not one.primary_key and not one.generated
        )
        assert same.update(**{field.attname: getattr(thing, field.attname)}) == 1
        seen.append(number(study))
    same._raw_delete(using="default")
    seen.append(number(study))
    assert seen == sorted(set(seen))
    assert number(other) == aside


def test_a_study_and_its_settings_change_the_stamp(study):
    before = number(study)
    Study.objects.filter(pk=study.pk).update(is_anonymous=True)
    assert number(study) > before


def test_another_code_of_a_finding_changes_the_stamp(study):
    finding = MADE[Finding](study)
    mark = FindingMark.objects.create(finding=finding, code=code_of(study))
    seen = [number(study)]
    for change in (lambda: FindingMark.objects.update(page="3"), mark.delete):
        change()
        seen.append(number(study))
    assert seen == sorted(set(seen))


@pytest.fixture
def summary(study, ben):
    return make_summary(
        make_paper(study), ben, submitted=False, answers={"challenges": ["Cost", "Talent"]}
    )


def changes_of_what_was_said(summary):
    answers = Answer.objects.filter(summary=summary)
    marks = Mark.objects.filter(answer__summary=summary)
    one = marks.first().pk
    yield lambda: answers.update(rationale="as table 2 says")
    yield lambda: marks.update(page="3")
    yield lambda: Mark.objects.filter(pk=one).delete()
    yield lambda: answers.get().delete()


def test_what_was_submitted_changes_the_stamp_when_it_changes(study, summary):
    before = number(study)
    Summary.objects.filter(pk=summary.pk).update(submitted_at=timezone.now())
    seen = [before, number(study)]
    for change in changes_of_what_was_said(summary):
        change()
        seen.append(number(study))
    assert seen == sorted(set(seen))


def test_what_is_typed_in_a_draft_leaves_the_stamp_alone(study, summary):
    before = number(study)
    Summary.objects.filter(pk=summary.pk).update(updated_at=timezone.now())
    for change in changes_of_what_was_said(summary):
        change()
        assert number(study) == before


def test_an_account_that_is_closed_or_gets_its_first_password_changes_the_stamp_of_its_studies(
    study, ben
):
    other, seen = make_study(), [number(study)]
    aside = number(other)
    for change in (
        {"is_active": False},
        {"is_active": True},
        {"password": "!nobody knows it"},
        {"password": "md5$salt$digest"},
    ):
        type(ben).objects.filter(pk=ben.pk).update(**change)
        seen.append(number(study))
    assert seen == sorted(set(seen))
    assert number(other) == aside


def test_signing_in_leaves_the_stamp_alone(study, ben):
    before = number(study)
    type(ben).objects.filter(pk=ben.pk).update(
        last_login=timezone.now(), password="md5$salt$another"
    )
    assert number(study) == before


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_any_longer_for_somebody_whose_account_was_closed_in_the_admin_site(
    study, ben, cleo
):
    """By the figure that is kept: before, it stood for up to an hour."""
    paper, round = make_paper(study), make_round(study)
    make_summary(paper, cleo, round=round)
    make_assignment(paper, ben, round=round)
    assert progress.rounds_to_close(study) == 0
    type(ben).objects.filter(pk=ben.pk).update(is_active=False)
    assert progress.rounds_to_close(study) == 1


TABLE = re.compile(r'(?:FROM|JOIN) "((?:mapping|reviews)_\w+)"')


def is_for_what_is_kept():
    frame = sys._getframe()
    while frame and frame.f_code is not cached_for_study.__code__:
        frame = frame.f_back
    return bool(frame)


def test_figures_that_are_kept_are_made_of_what_is_counted_alone(as_user):
    """Asked for by every page of the demo, in a transaction, in which nothing comes out of the
    cache.
    """
    study, _ = make_demo("a long enough password")
    asked = set()

    def note(execute, sql, *more):
        if is_for_what_is_kept():
            asked.update(TABLE.findall(sql))
        return execute(sql, *more)

    pages = (
        "overview",
        "papers",
        "rounds",
        "queue",
        "disagreements",
        "codebook",
        "proposals",
        "agreement",
        "map",
    )
    draft = Summary.objects.drafts().get()
    with connection.execute_wrapper(note):
        for member in study.memberships.select_related("user"):
            client = as_user(member.user)
            for name in pages:
                assert client.get(reverse(name, args=[study.slug])).status_code in {200, 403}
        form = reverse("summary", args=[study.slug, draft.assignment.paper.key])
        assert as_user(draft.assignment.reviewer).get(form).status_code == 200

    counts = events()
    uncounted = {apps.get_model(label)._meta.db_table for label in NOT_COUNTED}
    assert {"reviews_assignment", "reviews_answer", "mapping_code", "mapping_user"} <= asked
    assert asked & uncounted == set()
    assert {table for table in asked if not counts[table]} == set()
