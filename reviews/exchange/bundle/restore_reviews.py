"""What people read and said, out of a bundle: rounds, codings, findings with their decisions,
discussions, the log.
"""

from dataclasses import replace
from itertools import groupby

from mapping.exchange.table import cell
from mapping.judgement.values import Evidence, Judgement
from mapping.models import Finding, FindingMark, LogEntry
from reviews.exchange.tables.codings import ANSWERS, CODINGS, FINDINGS
from reviews.exchange.tables.records import (
    ACCESSES,
    ASSIGNMENTS,
    DEFERRALS,
    LOG,
    LOOKS,
    REMARKS,
    RESOLUTIONS,
    ROUNDS,
    SUMMARIES,
    TASKS,
)
from reviews.judgement.database import columns_of, fill
from reviews.models import (
    Answer,
    Assignment,
    Deferral,
    EarlyLook,
    Mark,
    Mention,
    PriorAccess,
    RecodingTask,
    Remark,
    Resolution,
    Round,
    Summary,
)

BATCH = 2000
ANSWER_KEY = ("paper", "round", "reviewer", "revision", "section")


def add(site):
    rounds = add_rounds(site)
    given = add_assignments(site, rounds)
    summaries = add_summaries(site, given)
    add_codings(site, summaries)
    findings = add_findings(site)
    add_decisions(site, findings)
    add_discussions(site)
    add_looks(site)
    add_prior_accesses(site)
    add_recoding_tasks(site, given)
    add_log(site)


def add_rounds(site):
    def rounds():
        for row in site.bundle.rows(ROUNDS):
            one = Round(
                study=site.study,
                phase=row.one_of("phase", site.phases, "phase"),
                name=row["name"],
                kind=row["kind"],
                due_on=row.day("due_on"),
                guidance=row["guidance"],
                opened_at=row.moment("opened_at"),
                closed_at=row.moment("closed_at"),
                closed_by=site.person(row, "closed_by"),
                codebook_version=row.integer("codebook_version"),
            )
            site.keep(one, "frozen_agreement", row, "frozen_agreement")
            yield one, row

    return {one.name: one for one in site.make(Round, rounds())}


def add_assignments(site, rounds):
    def assignments():
        for row in site.bundle.rows(ASSIGNMENTS):
            yield (
                Assignment(
                    round=row.one_of("round", rounds, "round"),
                    paper=row.one_of("paper", site.papers, "paper"),
                    reviewer=site.reviewer(row, "reviewer"),
                    position=row.integer("position"),
                    assigned_at=row.moment("assigned_at"),
                    withdrawn_at=row.moment("withdrawn_at"),
                ),
                row,
            )

    names = {user.pk: name for name, user in site.people.items()}
    made = site.make(Assignment, assignments())
    return {(one.paper.key, one.round.name, names[one.reviewer_id]): one for one in made}


def assignment_of(row, given):
    wanted = row["paper"], row["round"], row["reviewer"]
    if wanted not in given:
        raise row.refused(
            "paper", f"assignments.csv does not hand “{wanted[0][:60]}” to “{wanted[2][:60]}” there"
        )
    return given[wanted]


def add_summaries(site, given):
    found = {}

    def summaries():
        for row in site.bundle.rows(SUMMARIES):
            if not row["submitted_at"]:
                raise row.refused("submitted_at", "a bundle holds submitted summaries alone")
            summary = Summary(
                assignment=assignment_of(row, given),
                revision=row.integer("revision"),
                origin=row["origin"],
                started_at=row.moment("started_at"),
                submitted_at=row.moment("submitted_at"),
                codebook_version=row.integer("codebook_version"),
                reopened_by=site.person(row, "reopened_by"),
                reopened_reason=row["reopened_reason"],
            )
            found[row["paper"], row["round"], row["reviewer"], row["revision"]] = summary
            yield summary, row

    site.make(Summary, summaries())
    return found


def add_codings(site, summaries):
    """answers.csv and codings.csv stand in the same order: one pass over both, however long they
    are.
    """
    codings = iter(
        groupby(site.bundle.rows(CODINGS), key=lambda row: tuple(row[name] for name in ANSWER_KEY))
    )
    labels = codes_by_label(site)
    key, rows = next(codings, (None, None))
    batch = []
    for about in site.bundle.rows(ANSWERS):
        said = []
        if key == tuple(about[name] for name in ANSWER_KEY):
            said = list(rows)
            key, rows = next(codings, (None, None))
        batch.append(answer_from(site, about, said, summaries, labels))
        if len(batch) >= BATCH:
            save_answers(site, batch)
            batch = []
    if key is not None:
        raise next(rows).refused("section", "answers.csv has no such answer in this place")
    save_answers(site, batch)


def save_answers(site, batch):
    site.make(Answer, ((answer, about) for answer, _, about in batch))
    site.make(Mark, ((mark, row) for _, marks, _ in batch for mark, row in marks))
    # There may be half a million: their primary keys are all that changes of the codebook name.
    for model in (Answer, Mark):
        site.made[model] = [getattr(one, "pk", one) for one in site.made[model]]


def codes_by_label(site):
    found = {}
    for code in site.codes.values():
        found.setdefault((code.section_id, code.label), []).append(code)
    return found


def answer_from(site, about, said, summaries, labels):
    """`(Answer, [(Mark, row)], row of answers.csv)`"""
    key = about["paper"], about["round"], about["reviewer"], about["revision"]
    if key not in summaries:
        raise about.refused("paper", "summaries.csv has no such summary")
    summary, section = summaries[key], about.one_of("section", site.sections, "section")
    answer = Answer(
        summary=summary,
        section=section,
        version=about.integer("version") or 0,
        codebook_version=about.integer("codebook_version"),
    )
    whole = Judgement(
        confidence=about.integer("confidence"), evidence=Evidence.from_mapping(about.cells)
    )
    fill(answer, whole)
    if not said:
        return answer, [], about
    for row in said:
        if row["kind"] != section.kind or row["submitted_at"] != cell(summary.submitted_at):
            raise row.refused(
                "kind", "section or submission are told otherwise in protocol.json or summaries.csv"
            )
    first = said[0]
    answer.confidence = first.integer("confidence")
    if section.has_codes and first["value"]:
        return answer, list(marks_from(site, answer, about, said, labels)), about
    if len(said) > 1:
        raise said[1].refused("value", "an answer without codes has one row")
    judgement = judgement_in(section, first)
    fill(answer, replace(judgement, confidence=answer.confidence))
    return answer, [], about


def judgement_in(section, row):
    """What a row says without codes."""
    evidence = Evidence.from_mapping(row.cells)
    if row["absence"]:
        if row["value"]:
            raise row.refused("absence", "there is a value too")
        judgement = Judgement.absent(row["absence"], evidence=evidence)
        if judgement.none_apply and not section.has_codes:
            raise row.refused("absence", "the section takes no codes")
        return judgement
    kind = section.kind_of
    if kind.has_codes:
        return Judgement(none_apply=True, evidence=evidence)
    try:
        value = kind.from_cell(row["value"])
    except ValueError as error:
        raise row.refused("value", error) from error
    return Judgement(evidence=evidence, **({} if value is None else {kind.field: value}))


def marks_from(site, answer, about, said, labels):
    numbers = about["code_numbers"].split()
    for position, row in enumerate(said):
        if row["absence"]:
            raise row.refused("absence", "there is a value too")
        found = labels.get((answer.section_id, row["value"]), [])
        if numbers and position < len(numbers):
            found = [code for code in found if site.codes.get(numbers[position]) is code]
        if len(found) != 1:
            raise row.refused("value", f"“{row['value'][:60]}” is no one code of the section")
        evidence = Evidence.from_mapping(row.cells).as_dict()
        yield Mark(answer=answer, code=found[0], position=position, **evidence), row


def add_findings(site):
    def grouped():
        return groupby(site.bundle.rows(FINDINGS), key=lambda row: (row["paper"], row["section"]))

    def findings():
        for key, rows in grouped():
            row = next(rows)
            section = row.one_of("section", site.sections, "section")
            paper = row.one_of("paper", site.papers, "paper")
            finding = Finding(paper=paper, section=section, settled_at=row.moment("settled_at"))
            judgement = Judgement() if row["code_number"] else judgement_in(section, row)
            # A team may settle on nothing at all, which no reader's answer can say.
            judgement = replace(judgement, none_apply=row.truth("none_apply"))
            for name, value in columns_of(judgement).items():
                setattr(finding, name, value)
            found[key] = finding
            yield finding, row

    def marks():
        for key, rows in grouped():
            for row in rows:
                code = row.one_of("code_number", site.codes, "code", is_needed=False)
                if code and code.label != row["value"]:
                    raise row.refused("value", "codebook.csv calls this code otherwise")
                if code:
                    evidence = Evidence.from_mapping(row.cells).as_dict()
                    yield FindingMark(finding=found[key], code=code, **evidence), row

    found = {}
    site.make(Finding, findings())
    site.make(FindingMark, marks())
    return found


def add_decisions(site, findings):
    add_resolutions(site, findings)
    add_deferrals(site)


def add_resolutions(site, findings):
    def resolutions():
        for row in site.bundle.rows(RESOLUTIONS):
            people = {
                name: site.person(row, name) for name in ("adopted_from", "decided_by", "undone_by")
            }
            one = Resolution(
                paper=row.one_of("paper", site.papers, "paper"),
                basis=row["basis"],
                cause=row["cause"],
                section=row.one_of("section", site.sections, "section"),
                rationale=row["rationale"],
                content={},
                finding=findings.get((row["paper"], row["section"]))
                if row.truth("of_finding")
                else None,
                reviewers=row.integer("reviewers"),
                is_unanimous=row.truth("is_unanimous"),
                by_coder=row.truth("by_coder"),
                decided_at=row.moment("decided_at"),
                undone_at=row.moment("undone_at"),
                **people,
            )
            site.keep(one, "content", row, "content")
            yield one, row

    site.make(Resolution, resolutions())


def add_deferrals(site):
    def deferrals():
        for row in site.bundle.rows(DEFERRALS):
            yield (
                Deferral(
                    paper=row.one_of("paper", site.papers, "paper"),
                    note=row["note"],
                    by=site.reviewer(row, "by"),
                    section=row.one_of("section", site.sections, "section"),
                    at=row.moment("at"),
                    lifted_at=row.moment("lifted_at"),
                ),
                row,
            )

    site.make(Deferral, deferrals())


def add_discussions(site):
    called = []

    def remarks():
        for row in site.bundle.rows(REMARKS):
            one = Remark(
                paper=row.one_of("paper", site.papers, "paper"),
                by=site.reviewer(row, "by"),
                text=row["text"],
                section=row.one_of("section", site.sections, "section"),
                at=row.moment("at"),
                is_decision_rule=row.truth("is_decision_rule"),
                resolved_by=site.person(row, "resolved_by"),
                resolved_at=row.moment("resolved_at"),
            )
            called.append((one, row))
            yield one, row

    def mentions():
        for remark, row in called:
            for name in filter(None, row["mentions"].split("; ")):
                if name not in site.people:
                    raise row.refused("mentions", f"there is no person “{name[:60]}” in the bundle")
                # What was seen there needs no bell here.
                yield Mention(remark=remark, user=site.people[name], seen_at=remark.at), row

    site.make(Remark, remarks())
    site.make(Mention, mentions())


def add_looks(site):
    def looks():
        for row in site.bundle.rows(LOOKS):
            yield (
                EarlyLook(
                    paper=row.one_of("paper", site.papers, "paper"),
                    phase=row.one_of("phase", site.phases, "phase"),
                    user=site.reviewer(row, "user"),
                    reason=row["reason"],
                    at=row.moment("at"),
                ),
                row,
            )

    site.make(EarlyLook, looks())


def add_recoding_tasks(site, given):
    versions = {str(change.version): change for change in site.study.codebook_changes.all()}

    def tasks():
        for row in site.bundle.rows(TASKS):
            yield (
                RecodingTask(
                    assignment=assignment_of(row, given),
                    section=row.one_of("section", site.sections, "section"),
                    change=row.one_of(
                        "version", versions, "change of the codebook", is_needed=False
                    ),
                    code=row.one_of("code_number", site.codes, "code", is_needed=False),
                    asked_at=row.moment("asked_at"),
                    done_at=row.moment("done_at"),
                ),
                row,
            )

    site.make(RecodingTask, tasks())


def add_prior_accesses(site):
    def accesses():
        for row in site.bundle.rows(ACCESSES) if site.bundle.has(ACCESSES) else ():
            access = PriorAccess(
                paper=row.one_of("paper", site.papers, "paper"),
                phase=row.one_of("phase", site.phases, "phase"),
                user=site.reviewer(row, "user"),
                why=row["why"],
                at=row.moment("at"),
            )
            yield access, row

    site.make(PriorAccess, accesses())


def add_log(site):
    def entries():
        for row in site.bundle.rows(LOG):
            line = LogEntry(
                study=site.study,
                at=row.moment("at"),
                by=site.person(row, "by"),
                act=row["act"],
                text=row["text"],
                paper=row.one_of("paper", site.papers, "paper", is_needed=False),
            )
            site.keep(line, "facts", row, "facts")
            yield line, row

    site.make(LogEntry, entries())
