"""What people read and said, out of a bundle: rounds, summaries, decisions, discussions, the
log; codings and findings are in `restore_codings`.
"""

from mapping.models import LogEntry
from reviews.exchange.bundle.restore_codings import add_codings, add_findings
from reviews.exchange.tables.history import LOG
from reviews.exchange.tables.records import (
    ACCESSES,
    ASSIGNMENTS,
    DEFERRALS,
    LOOKS,
    REMARKS,
    RESOLUTIONS,
    ROUNDS,
    SUMMARIES,
    TASKS,
)
from reviews.models import (
    Assignment,
    Deferral,
    EarlyLook,
    Mention,
    PriorAccess,
    RecodingTask,
    Remark,
    Resolution,
    Round,
    Summary,
)

# A number far beyond would leave none for the rounds that are still to come.
MOST_ROUNDS = 1_000_000


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
            number = row.number("number", MOST_ROUNDS)
            if number is None and site.format > 1:
                raise row.error("number", "a round has a number")
            round = Round(
                study=site.study,
                number=number or 0,
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
            site.keep(round, "frozen_agreement", row, "frozen_agreement")
            yield round, row

    return {round.name: round for round in site.make(Round, rounds())}


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
                    **row.uid(),
                ),
                row,
            )

    names = {user.pk: name for name, user in site.people.items()}
    made = site.make(Assignment, assignments())
    return {
        (assignment.paper.key, assignment.round.name, names[assignment.reviewer_id]): assignment
        for assignment in made
    }


def assignment_of(row, given):
    wanted = row["paper"], row["round"], row["reviewer"]
    if wanted not in given:
        raise row.error(
            "paper", f"assignments.csv does not hand “{wanted[0][:60]}” to “{wanted[2][:60]}” there"
        )
    return given[wanted]


def add_summaries(site, given):
    by_revision = {}

    def summaries():
        for row in site.bundle.rows(SUMMARIES):
            if not row["submitted_at"]:
                raise row.error("submitted_at", "a bundle holds submitted summaries alone")
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
            by_revision[row["paper"], row["round"], row["reviewer"], row["revision"]] = summary
            yield summary, row

    site.make(Summary, summaries())
    return by_revision


def add_decisions(site, findings):
    add_resolutions(site, findings)
    add_deferrals(site)


def add_resolutions(site, findings):
    def resolutions():
        for row in site.bundle.rows(RESOLUTIONS):
            people = {
                name: site.person(row, name) for name in ("adopted_from", "decided_by", "undone_by")
            }
            resolution = Resolution(
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
            site.keep(resolution, "content", row, "content")
            yield resolution, row

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
            remark = Remark(
                paper=row.one_of("paper", site.papers, "paper"),
                by=site.reviewer(row, "by"),
                text=row["text"],
                section=row.one_of("section", site.sections, "section"),
                at=row.moment("at"),
                is_decision_rule=row.truth("is_decision_rule"),
                resolved_by=site.person(row, "resolved_by"),
                resolved_at=row.moment("resolved_at"),
            )
            called.append((remark, row))
            yield remark, row

    def mentions():
        for remark, row in called:
            for name in filter(None, row["mentions"].split("; ")):
                if name not in site.people:
                    raise row.error("mentions", f"there is no person “{name[:60]}” in the bundle")
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
                    **row.uid(),
                ),
                row,
            )

    site.make(RecodingTask, tasks())


def add_prior_accesses(site):
    def accesses():
        for row in site.bundle.rows(ACCESSES):
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
