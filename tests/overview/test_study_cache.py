"""What is kept of a study is never older than the study, whichever way it changed."""

import pytest
from django.db import connection, transaction
from django.utils import timezone

from mapping.models import Finding, Membership, Paper, Section
from reviews.models import Assignment, Deferral, Round, Summary
from reviews.models.study_cache import cached_for_study, read_only, stamp
from reviews.rounds import progress
from tests.making import (
    make_assignment,
    make_paper,
    make_round,
    make_study,
    make_summary,
    make_task,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_relevant_change_grows_the_stamp(study, ada, ben):
    round = make_round(study)
    paper = make_paper(study)
    assignment = make_assignment(paper, ben, round=round)
    summary = make_summary(paper, ben, submitted=False)
    changes = [
        lambda: Summary.objects.update(submitted_at=timezone.now()),
        lambda: Assignment.objects.filter(pk=assignment.pk).update(withdrawn_at=timezone.now()),
        lambda: Round.objects.filter(pk=round.pk).update(closed_at=timezone.now()),
        lambda: Section.objects.filter(study=study, key="method").update(retired_at=timezone.now()),
        lambda: Finding.objects.create(
            paper=paper, section=study.sections.first(), none_apply=True, settled_at=timezone.now()
        ),
        lambda: Deferral.objects.create(paper=paper, section=study.sections.first(), by=ada),
        lambda: make_task(paper, ben),
        lambda: Membership.objects.filter(user=ben).update(role="lead"),
        lambda: Paper.objects.filter(pk=paper.pk).update(title="Another title"),
        lambda: Deferral.objects.all().delete(),
        lambda: (summary.answers.all().delete(), summary.delete()),
    ]
    seen = [stamp(study)]
    for change in changes:
        change()
        seen.append(stamp(study))

    assert seen == sorted(set(seen))
    assert not study.log.exists()


def test_drafts_and_other_studies_leave_the_stamp_alone(study, ben):
    paper = make_paper(study)
    draft = make_summary(paper, ben, submitted=False)
    before = stamp(study)

    draft.save(update_fields=["updated_at"])
    make_paper(make_study())

    assert stamp(study) == before


def test_a_commit_grows_the_stamp_once(study):
    before = stamp(study)
    with transaction.atomic():
        for _ in range(20):
            make_paper(study)
    assert stamp(study) == before + 1


def test_a_cached_figure_follows_changes_that_are_not_logged(study, ben):
    round = make_round(study)
    paper = make_paper(study)
    make_assignment(paper, ben, round=round)
    assert progress.rounds_to_close(study) == 0

    summary = make_summary(paper, ben, submitted=False)
    assert progress.rounds_to_close(study) == 0
    Summary.objects.filter(pk=summary.pk).update(submitted_at=timezone.now())

    assert progress.rounds_to_close(study) == 1


def test_a_figure_is_computed_once_until_something_changes(study):
    worked = []
    for _ in range(2):
        assert (
            cached_for_study(
                study, "papers", lambda: worked.append(study.papers.count()) or len(worked)
            )
            == 1
        )
    make_paper(study)
    cached_for_study(study, "papers", lambda: worked.append(study.papers.count()) or len(worked))

    assert worked == [0, 1]


def test_nothing_is_cached_inside_a_transaction(study):
    read_only(study)
    with transaction.atomic():
        make_paper(study)
        assert cached_for_study(study, "papers", study.papers.count) == 1
        transaction.set_rollback(True)
    assert connection.in_atomic_block is False
    assert cached_for_study(study, "papers", lambda: study.papers.count() + 7) == 7
