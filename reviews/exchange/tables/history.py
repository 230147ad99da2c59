"""The tables of what was done, and by whom: the changes of the codebook and the study's log."""

from mapping.exchange.study_tables import as_json, numbers_of_codes
from mapping.exchange.table import Column, Table
from mapping.models import CodebookChange, LogEntry
from reviews.blindness.log import WITHHELD
from reviews.exchange.references import outward
from reviews.exchange.tables.records import PAPER, SECTION, in_order

CHANGE_COLUMNS = (
    Column("version", "the codebook version that the change made"),
    Column("act", "add, rename, redefine, retire, restore, merge, split, move, group, reorder …"),
    SECTION,
    Column("code", "label of the code now"),
    Column("code_number", "its number in codebook.csv"),
    Column("before", "what was, as JSON"),
    Column("after", "what is, as JSON"),
    Column("marks", "how many marks it touched; empty for those who still have papers to code"),
    Column("papers", "in how many papers; empty for those who still have papers to code"),
    Column("reason", "why"),
    Column("by", "who"),
    Column("at", "when"),
    Column("undoes", "the version that it undoes"),
)


# What a change keeps of the marks, answers and findings it touched, beside the words of the
# codebook.
OF_READERS = {"answers", "finding_marks", "flags", "marks", "set_aside", "tasks"}


def without_readings(words):
    """What a change keeps, with that emptied. Where answers were carried to another section, `made`
    are answers.
    """
    emptied = OF_READERS | {"made"} if "answers" in words else OF_READERS
    return {name: type(value)() if name in emptied else value for name, value in words.items()}


def changes(scope):
    """For a lead who still codes without what was touched: it counts what others said of papers
    that are closed.
    """
    numbers, fit = numbers_of_codes(scope), outward(scope)

    def kept(words):
        return as_json(fit(without_readings(words) if scope.is_blind else words))

    for change in in_order(scope, CodebookChange, "section", "code", "by", "undoes"):
        touched = [None, None] if scope.is_blind else [change.marks, change.papers]
        yield [
            change.version,
            change.act,
            change.section.key if change.section else "",
            change.code.label if change.code else "",
            numbers.get(change.code_id),
            kept(change.before),
            kept(change.after),
            *touched,
            scope.words(change.reason),
            scope.person(change.by),
            change.at,
            change.undoes.version if change.undoes else None,
        ]


LOG_COLUMNS = (
    Column("at", "when"),
    Column("by", "who; empty: Concord itself"),
    Column("act", "what was done, in one word"),
    Column("text", "what was done, in a sentence"),
    PAPER,
    Column("facts", "what the act says of itself, as JSON"),
)


def log(scope):
    kept = outward(scope)
    for line in in_order(scope, LogEntry, "by", "paper"):
        is_withheld = getattr(line, "is_withheld", False)
        text, facts = (WITHHELD, {}) if is_withheld else (scope.words(line.text), kept(line.facts))
        by = "" if getattr(line, "is_unnamed", False) else scope.person(line.by)
        yield [line.at, by, line.act, text, line.paper.key if line.paper else "", as_json(facts)]


CHANGES = Table("codebook_changes.csv", "The history of the codebook.", CHANGE_COLUMNS, changes)
LOG = Table("log.csv", "Who did what.", LOG_COLUMNS, log)
