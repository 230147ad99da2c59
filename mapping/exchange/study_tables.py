"""The tables that need no reviewer: papers and where they came from, what was settled, codebook,
team.

Rows come in the order in which things were made (primary keys), never by name: so a study that
comes back from its bundle, where things are made in the order of the rows, gives the same files,
whatever people are called there.
"""

import json
from collections import defaultdict

from django.db.models import Prefetch, Q

from mapping.exchange.table import CHUNK, CHUNK_WITH_PARTS, Column, Table
from mapping.judgement.absences import NONE_APPLY
from mapping.models import Code, Finding, FindingMark, Paper, PaperImport, PaperSource, User
from mapping.parsers.paper_fields import FIELDS

PAPER_COLUMNS = (
    *(Column(one.name, one.means, one.is_later) for one in FIELDS),
    Column("sources", "where it was found, separated by semicolons"),
    Column("extra", "further fields of the entry, as JSON"),
    Column("added_at", "when it joined the study"),
)


def as_json(value):
    """JSON in which equal values give equal text."""
    return (
        json.dumps(value, ensure_ascii=False, sort_keys=True) if value not in (None, {}, []) else ""
    )


def papers(scope):
    ordered = scope.of(Paper).order_by("pk").defer("search").prefetch_related("sources")
    for paper in ordered.iterator(chunk_size=CHUNK):
        sources = "; ".join(dict.fromkeys(str(source) for source in paper.sources.all()))
        yield [
            *(getattr(paper, one.name) for one in FIELDS),
            scope.words(sources),
            as_json(paper.extra),
            paper.added_at,
        ]


IMPORT_COLUMNS = (
    Column("number", "what paper_sources.csv calls it"),
    Column("file_name", "the file that was imported"),
    Column("source", "where the file came from"),
    Column("state", "confirmed or undone"),
    Column("new", "entries that became papers"),
    Column("duplicate", "entries that were there already"),
    Column("refused", "entries that could not be taken"),
    Column("problems", "why, as JSON: file, line, reason"),
    Column("by", "who imported it"),
    Column("at", "when it was read"),
    Column("confirmed_at", "when it was confirmed"),
    Column("undone_at", "when it was undone"),
)


def imports(scope):
    ordered = scope.of(PaperImport).select_related("by").defer("records").order_by("pk")
    for number, one in enumerate(ordered.iterator(chunk_size=CHUNK), start=1):
        yield [
            number,
            scope.words(one.file_name),
            scope.words(one.source),
            one.state,
            one.new,
            one.duplicate,
            one.refused,
            scope.words(as_json(one.problems)),
            scope.person(one.by),
            one.at,
            one.confirmed_at,
            one.undone_at,
        ]


SOURCE_COLUMNS = (
    Column("paper", "key of the paper"),
    Column("import", "number of the import in paper_imports.csv; empty: by hand"),
    Column("source", "where it was found"),
    Column("file_name", "in which file"),
    Column("line", "on which line"),
    Column("entry_key", "the key that the entry had there"),
    Column("is_duplicate", "1: the paper was there already"),
)


def sources(scope):
    numbers = {
        pk: n
        for n, pk in enumerate(scope.of(PaperImport).order_by("pk").values_list("pk", flat=True), 1)
    }
    ordered = scope.of(PaperSource).select_related("paper").order_by("pk")
    for one in ordered.iterator(chunk_size=CHUNK):
        yield [
            one.paper.key,
            numbers.get(one.paper_import_id),
            scope.words(one.source),
            scope.words(one.file_name),
            one.line,
            one.entry_key,
            one.is_duplicate,
        ]


def findings_in(scope):
    """The findings, paper by paper, in the order of the form."""
    marks = FindingMark.objects.select_related("code").order_by("code__position", "pk")
    return (
        scope.of(Finding)
        .select_related("paper", "section__phase")
        .prefetch_related(Prefetch("marks", marks))
        .order_by(
            "paper", "section__phase__position", "section__phase", "section__position", "section"
        )
    )


def value_of(finding):
    """The value of a section that takes no codes."""
    kind = finding.section.kind_of
    return "" if kind.has_codes else kind.cell(kind.value_of(finding))


def absence_of(judged):
    """The absence as files write it. In a single choice an empty cell would mean a blank, so a word
    says that none of the codes apply.
    """
    return NONE_APPLY if judged.none_apply and not judged.section.is_multiple else judged.absence


def words_of(finding, scope):
    """A finding as the text of one cell: labels joined by “; ”, each once, or the value, or the
    absence.
    """
    if finding.absence or finding.none_apply:
        return finding.absence or NONE_APPLY
    if finding.section.has_codes:
        return "; ".join(dict.fromkeys(scope.code(mark.code)[0] for mark in finding.marks.all()))
    return value_of(finding)


def sections_of(study):
    return list(
        study.sections.select_related("phase").order_by("phase__position", "position", "pk")
    )


def wide_columns(scope):
    facts = tuple(Column(one.name, one.means) for one in FIELDS if one.is_in_wide_tables)
    taken = {column.name for column in facts}
    return facts + tuple(
        # A section may be called “year” too.
        Column(
            section.key if section.key not in taken else f"section {section.key}",
            f"{section.label}: what was settled; several codes joined by “; ”, an absence or "
            f"{NONE_APPLY}; empty: nothing settled",
        )
        for section in sections_of(scope.study)
    )


def by_paper(scope):
    """(paper, its findings), one paper at a time, so that memory does not grow with the study."""
    together, current = [], None
    for finding in findings_in(scope).iterator(chunk_size=CHUNK_WITH_PARTS):
        if current is not None and finding.paper_id != current.pk:
            yield current, together
            together = []
        current = finding.paper
        together.append(finding)
    if current is not None:
        yield current, together


def wide(scope):
    keys = [section.pk for section in sections_of(scope.study)]
    for paper, findings in by_paper(scope):
        words = {finding.section_id: words_of(finding, scope) for finding in findings}
        facts = [getattr(paper, one.name) for one in FIELDS if one.is_in_wide_tables]
        yield [*facts, *(words.get(pk, "") for pk in keys)]


def codes_of(scope):
    """`[(section, code)]` of the codebook, and of proposed codes that were settled on."""
    codes = defaultdict(list)
    settled = FindingMark.objects.filter(finding__in=scope.of(Finding)).values("code")
    in_the_codebook = Q(status__in=[Code.Status.ACTIVE, Code.Status.RETIRED]) | Q(pk__in=settled)
    for code in Code.objects.filter(in_the_codebook, section__study=scope.study).order_by(
        "position", "pk"
    ):
        if scope.code(code)[1] == code.pk:
            codes[code.section_id].append(code)
    return [(section, code) for section in sections_of(scope.study) for code in codes[section.pk]]


def onehot_columns(scope):
    return (
        Column("paper", "key of the paper"),
        *(
            Column(
                f"{section.key}: {code.label}",
                "1 settled, 0 settled without it, empty: nothing settled or absent",
            )
            for section, code in codes_of(scope)
        ),
    )


def onehot(scope):
    columns = [(section.pk, code.pk) for section, code in codes_of(scope)]
    for paper, findings in by_paper(scope):
        judged = {
            f.section_id: {scope.code(mark.code)[1] for mark in f.marks.all()}
            for f in findings
            if not f.absence
        }
        yield [
            paper.key,
            *(
                int(code in judged[section]) if section in judged else None
                for section, code in columns
            ),
        ]


CODEBOOK_COLUMNS = (
    Column(
        "number",
        "the code's own number: labels may be the same where one was merged or only proposed",
    ),
    Column("section", "key of the section"),
    Column("label", "name of the code"),
    Column("definition", "what it means"),
    Column("when_not", "when not to use it"),
    Column("example", "an example"),
    Column("parent", "label of the code above it"),
    Column("parent_number", "its number"),
    Column("position", "place in the section, the scale order of stages"),
    Column("status", "active, proposed, retired, merged or declined"),
    Column("merged_into", "label of the code it went into"),
    Column("merged_into_number", "its number"),
    Column("excludes_paper", "1: a paper settled on it leaves the following phases"),
    Column("proposed_by", "who proposed it"),
    Column("reason", "why it was proposed, declined or retired"),
    Column("added_at", "when it was added"),
)


def numbers_of_codes(scope):
    """`{primary key: number}`: as in the study, or for those who may not know of all codes without
    gaps.
    """
    numbers = dict(scope.of(Code).order_by("pk").values_list("pk", "number"))
    if scope.has_history:
        return numbers
    return {pk: place for place, pk in enumerate(numbers, start=1)}


def codebook(scope):
    numbers = numbers_of_codes(scope)
    codes = (
        scope.of(Code)
        .select_related("section", "parent", "merged_into", "proposed_by")
        .order_by("pk")
    )
    for code in codes.iterator(chunk_size=CHUNK):
        above, target = code.parent, code.merged_into
        yield [
            numbers[code.pk],
            code.section.key,
            code.label,
            code.definition,
            code.when_not,
            code.example,
            above.label if code.parent_id in numbers else "",
            numbers.get(code.parent_id),
            code.position,
            code.status,
            target.label if code.merged_into_id in numbers else "",
            numbers.get(code.merged_into_id),
            code.excludes_paper,
            scope.person(code.proposed_by),
            scope.words(code.reason),
            code.added_at,
        ]


TEAM_COLUMNS = (
    Column("user", "user name, or R1, R2 … under pseudonyms"),
    Column("name", "full name; empty under pseudonyms"),
    Column("role", "lead, reviewer or observer; empty: no member, but named in the files"),
    Column("joined_at", "when they joined; empty under pseudonyms"),
    Column("deactivated_at", "when they left"),
)


def team(scope):
    """Members in the order in which they joined, then everybody else whom the files name."""
    people = scope.of(User).order_by("pk")
    parts = {part.user_id: part for part in scope.study.memberships.order_by("pk")}
    order = {pk: place for place, pk in enumerate(parts)}
    if scope.pseudonyms:
        # When people joined, and in which order, would tell insiders who they are.
        for user in sorted(people, key=lambda one: int(scope.person(one)[1:])):
            yield [
                scope.person(user),
                "",
                parts[user.pk].role if user.pk in parts else "",
                None,
                None,
            ]
        return
    for user in sorted(people, key=lambda one: (order.get(one.pk, len(order)), one.pk)):
        part = parts.get(user.pk)
        when = [part.role, part.joined_at, part.deactivated_at] if part else ["", None, None]
        yield [scope.person(user), user.name, *when]


PAPERS = Table(
    "papers.csv", "One row per paper, with the sources it was found in.", PAPER_COLUMNS, papers
)
IMPORTS = Table(
    "paper_imports.csv", "Which files of references were imported.", IMPORT_COLUMNS, imports
)
SOURCES = Table(
    "paper_sources.csv", "Where each paper was found, one row per find.", SOURCE_COLUMNS, sources
)
WIDE = Table(
    "findings_wide.csv", "Settled: one row per paper, one column per section.", wide_columns, wide
)
ONEHOT = Table("findings_onehot.csv", "Settled: one 0/1 column per code.", onehot_columns, onehot)
CODEBOOK = Table("codebook.csv", "All codes, with their definitions.", CODEBOOK_COLUMNS, codebook)
TEAM = Table("team.csv", "Who took part.", TEAM_COLUMNS, team)
