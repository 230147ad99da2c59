"""What readers said of every section, out of a bundle, and what the team settled on."""

from dataclasses import replace
from itertools import groupby

from mapping.exchange.table import cell
from mapping.judgement.values import Evidence, Judgement
from mapping.models import Finding, FindingMark
from mapping.parsers.lengths import LARGEST_UID
from reviews.exchange.tables.codings import ANSWERS, CODINGS, FINDINGS
from reviews.judgement.database import columns_of, fill
from reviews.models import Answer, Mark

BATCH = 2000
ANSWER_KEY = ("paper", "round", "reviewer", "revision", "section")


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
        own_rows = []
        if key == tuple(about[name] for name in ANSWER_KEY):
            own_rows = list(rows)
            key, rows = next(codings, (None, None))
        batch.append(answer_from(site, about, own_rows, summaries, labels))
        if len(batch) >= BATCH:
            save_answers(site, batch)
            batch = []
    if key is not None:
        raise next(rows).error("section", "answers.csv has no such answer in this place")
    save_answers(site, batch)


def save_answers(site, batch):
    site.make(Answer, ((answer, about) for answer, _, about in batch))
    site.make(Mark, ((mark, row) for _, marks, _ in batch for mark, row in marks))
    # There may be half a million: their uids are all that changes of the codebook name.
    for model in (Answer, Mark):
        site.made[model] = [
            getattr(answer_or_mark, "uid", answer_or_mark) for answer_or_mark in site.made[model]
        ]


def codes_by_label(site):
    by_label = {}
    for code in site.codes.values():
        by_label.setdefault((code.section_id, code.label), []).append(code)
    return by_label


def answer_from(site, about, rows, summaries, labels):
    """`(Answer, [(Mark, row)], row of answers.csv)`"""
    key = about["paper"], about["round"], about["reviewer"], about["revision"]
    if key not in summaries:
        raise about.error("paper", "summaries.csv has no such summary")
    summary, section = summaries[key], about.one_of("section", site.sections, "section")
    answer = Answer(
        summary=summary,
        section=section,
        version=about.integer("version") or 0,
        codebook_version=about.integer("codebook_version"),
        **about.uid(),
    )
    whole = Judgement(
        confidence=about.integer("confidence"), evidence=Evidence.from_mapping(about.cells)
    )
    fill(answer, whole)
    if not rows:
        return answer, [], about
    for row in rows:
        if row["kind"] != section.kind or row["submitted_at"] != cell(summary.submitted_at):
            raise row.error(
                "kind", "section or submission are told otherwise in protocol.json or summaries.csv"
            )
    first = rows[0]
    answer.confidence = first.integer("confidence")
    if section.has_codes and first["value"]:
        return answer, list(marks_from(site, answer, about, rows, labels)), about
    if len(rows) > 1:
        raise rows[1].error("value", "an answer without codes has one row")
    judgement = judgement_in(section, first)
    fill(answer, replace(judgement, confidence=answer.confidence))
    return answer, [], about


def judgement_in(section, row):
    """What a row says without codes."""
    evidence = Evidence.from_mapping(row.cells)
    if row["absence"]:
        if row["value"]:
            raise row.error("absence", "there is a value too")
        judgement = Judgement.absent(row["absence"], evidence=evidence)
        if judgement.none_apply and not section.has_codes:
            raise row.error("absence", "the section takes no codes")
        return judgement
    kind = section.kind_of
    if kind.has_codes:
        return Judgement(none_apply=True, evidence=evidence)
    try:
        value = kind.from_cell(row["value"])
    except ValueError as error:
        raise row.error("value", error) from error
    return Judgement(evidence=evidence, **({} if value is None else {kind.field: value}))


def marks_from(site, answer, about, rows, labels):
    numbers, uids = about["code_numbers"].split(), uids_in(about, rows)
    for position, row in enumerate(rows):
        if row["absence"]:
            raise row.error("absence", "there is a value too")
        codes = labels.get((answer.section_id, row["value"]), [])
        if numbers and position < len(numbers):
            codes = [code for code in codes if site.codes.get(numbers[position]) is code]
        if len(codes) != 1:
            raise row.error("value", f"“{row['value'][:60]}” is no one code of the section")
        evidence = Evidence.from_mapping(row.cells).as_dict()
        more = {"uid": uids[position]} if uids else {}
        yield Mark(answer=answer, code=codes[0], position=position, **evidence, **more), row


def uids_in(about, rows):
    """Those of the answer's marks; none where they get theirs here."""
    uids = about["mark_uids"].split()
    if uids and not (len(uids) == len(rows) and all(map(is_uid, uids))):
        raise about.error("mark_uids", "these are not the uids of the answer's marks")
    return [int(uid) for uid in uids]


def is_uid(text):
    # No number is made of thousands of digits: Python refuses to.
    is_short = len(text) <= len(str(LARGEST_UID))
    return is_short and text.isascii() and text.isdecimal() and 0 < int(text) <= LARGEST_UID


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
            by_paper_and_section[key] = finding
            yield finding, row

    def marks():
        for key, rows in grouped():
            for row in rows:
                code = row.one_of("code_number", site.codes, "code", is_needed=False)
                if code and code.label != row["value"]:
                    raise row.error("value", "codebook.csv calls this code otherwise")
                if code:
                    more = Evidence.from_mapping(row.cells).as_dict() | row.uid("mark_uid")
                    yield FindingMark(finding=by_paper_and_section[key], code=code, **more), row

    by_paper_and_section = {}
    site.make(Finding, findings())
    site.make(FindingMark, marks())
    return by_paper_and_section
