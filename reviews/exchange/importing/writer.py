"""Writing a plan: everything new in bulk, in the order in which one thing needs the other."""

import re
from dataclasses import replace

from django.utils import timezone

from mapping.codebook.changes import addition
from mapping.codebook.versions import record_many
from mapping.models import Code, CodebookChange, Membership, Paper, PaperSource, Section
from mapping.protocol.files import section_dump
from mapping.site import analyze
from reviews.blindness import independence
from reviews.judgement.database import fill, marks_for
from reviews.models import Answer, Assignment, Mark, Round, Summary

_BATCH = 2000
WHOLE_NUMBER = re.compile(r"[+-]?\d+")


def write(plan, *, by):
    """Save what a plan of `codings.py` holds."""
    write_people(plan)
    write_template(plan, by)
    Paper.objects.bulk_create(plan.papers.made, batch_size=_BATCH)
    PaperSource.objects.bulk_create(
        [PaperSource(paper=paper, file_name=plan.file_name[:255]) for paper in plan.papers.made],
        batch_size=_BATCH,
    )
    Round.objects.bulk_create(reattached(plan.rounds.made, "phase"))
    write_summaries(plan, by)


def reattached(things, *names):
    """Give unsaved things the keys that their relations got by being saved."""
    for thing in things:
        for name in names:
            setattr(thing, name, getattr(thing, name))
    return things


def write_people(plan):
    for user in plan.reviewers.made:
        user.save()
    Membership.objects.bulk_create(
        [
            Membership(study=plan.study, user=user, role=Membership.Role.REVIEWER)
            for user in plan.reviewers.made
        ]
    )


def write_template(plan, by):
    """New phases, sections and codes; every section and code is a step of the codebook's
    version.
    """
    for phase in plan.sections.made_phases:
        phase.save()
    sections = Section.objects.bulk_create(reattached(plan.sections.made, "phase"))
    codes = reattached(plan.codes.made, "section")
    order_scales(codes)
    Code.objects.bulk_create(codes, batch_size=_BATCH)
    record_changes(plan, sections, codes, by)


def record_changes(plan, sections, codes, by):
    """In one go: an import may bring hundreds of codes, and its one line in the log names their
    number.
    """
    changes = [
        *(
            CodebookChange(
                act=CodebookChange.Act.SECTION, section=section, after=section_dump(section)
            )
            for section in sections
        ),
        *(
            CodebookChange(
                act=CodebookChange.Act.ADD, section=code.section, code=code, **addition(code)
            )
            for code in codes
        ),
    ]
    if changes:
        record_many(plan.study, changes, by=by, reason=f"Imported from {plan.file_name}")


def order_scales(codes):
    """New codes that are all numbers stand in the order of a scale, whatever the order of
    the rows.
    """
    by_section = {}
    for code in codes:
        by_section.setdefault(code.section_id, []).append(code)
    for fellows in by_section.values():
        if all(WHOLE_NUMBER.fullmatch(code.label) for code in fellows):
            places = sorted(code.position for code in fellows)
            for code, place in zip(
                sorted(fellows, key=lambda code: int(code.label)), places, strict=True
            ):
                code.position = place


def write_summaries(plan, by):
    for phase, accesses in plan.prior_access.items():
        independence.record(phase, accesses, by=by)
    assignments = write_assignments(plan)
    planned = list(plan.summaries.values())
    summaries = Summary.objects.bulk_create(
        [summary_of(one, assignments[one.assignment_key], plan.study, by) for one in planned],
        batch_size=_BATCH,
    )
    written = [
        (answer_of(summary, section, judgement), judgement)
        for one, summary in zip(planned, summaries, strict=True)
        for section, judgement in one.judgements
    ]
    Answer.objects.bulk_create([answer for answer, _ in written], batch_size=_BATCH)
    marks = [
        mark for answer, judgement in written for mark in marks_for(answer, with_keys(judgement))
    ]
    Mark.objects.bulk_create(marks, batch_size=_BATCH)
    analyze.tell_of(len(marks), Paper, PaperSource, Code, Assignment, Summary, Answer, Mark)


def answer_of(summary, section, judgement):
    answer = Answer(
        summary=summary, section=section, version=1, codebook_version=summary.codebook_version
    )
    fill(answer, judgement)
    return answer


def with_keys(judgement):
    """The codes by their primary keys: by now they are saved."""
    marks = [replace(mark, code=mark.code.pk) for mark in judgement.marks]
    return replace(judgement, marks=tuple(marks))


def write_assignments(plan):
    """An assignment for each round, paper and reviewer, by their identities; withdrawn ones are in
    force again.
    """
    by_key, new = {}, []
    for planned in plan.summaries.values():
        if planned.assignment_key in by_key:
            continue
        assignment = plan.assignments.get((planned.round.pk, planned.paper.pk, planned.reviewer.pk))
        if assignment is None:
            assignment = Assignment(
                round=planned.round,
                paper=planned.paper,
                reviewer=planned.reviewer,
                position=len(new),
            )
            new.append(assignment)
        by_key[planned.assignment_key] = assignment
    back = [
        assignment.pk for assignment in by_key.values() if assignment.pk and assignment.withdrawn_at
    ]
    Assignment.objects.filter(pk__in=back).update(withdrawn_at=None)
    Assignment.objects.bulk_create(new, batch_size=_BATCH)
    return by_key


def summary_of(planned, assignment, study, by):
    rows = [row for row, _ in planned.rows]
    version = next(
        (row.codebook_version for row in rows if row.codebook_version is not None),
        study.codebook_version,
    )
    is_later = planned.revision > 1
    return Summary(
        assignment=assignment,
        revision=planned.revision,
        origin=Summary.Origin.CODINGS,
        submitted_at=next((row.submitted_at for row in rows if row.submitted_at), None)
        or timezone.now(),
        codebook_version=version,
        reopened_by=by if is_later else None,
        reopened_reason="Imported as a later revision." if is_later else "",
    )
