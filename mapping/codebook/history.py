"""What became of the codebook: one change in words, and the difference between two versions.

A change records `{"codes": {number: {field: value}}}` before and after; one of the template records
the whole section, phase or research question before and after, with a list of codes where it has
any.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from django.db.models import Q

from mapping.codebook.versions import FIELD_NAMES, Act, Status
from mapping.models import Code, CodebookChange, Section, Study

RELATED = {"parent_id", "merged_into_id"}
REDEFINED = {"definition", "when_not", "example", "excludes_paper"}
# A position says nothing by itself, and the reason stands beside.
NOT_LISTED = {"position", "reason"}
# What a sentence about two versions counts, in this order.
KINDS = (
    "added",
    "accepted",
    "renamed",
    "re-defined",
    "merged",
    "split",
    "moved",
    "grouped",
    "retired",
    "restored",
    "declined",
    "reordered",
    "changed",
    "removed",
)


def codes_of(side: dict) -> dict:
    """`{number: {field: value}}` of one side of a change; the codes of a section's dump are a list,
    and none of these.
    """
    codes = side.get("codes", {})
    return codes if isinstance(codes, dict) else {}


class ValueLabels:
    """Turns recorded values into text: numbers and keys become the labels of codes and sections.
    Two queries, however many the changes are.
    """

    def __init__(self, study: Study, changes: Collection[CodebookChange]):
        numbers = set()
        for change in changes:
            for side in (change.before, change.after):
                for number, values in codes_of(side).items():
                    related = (values[name] for name in RELATED & set(values) if values[name])
                    numbers |= {int(number), *related}
        changed = {change.code_id for change in changes}
        codes = Code.objects.filter(Q(number__in=numbers) | Q(pk__in=changed), section__study=study)
        self.codes = {code.number: code for code in codes.select_related("section")}
        self.numbers = {code.pk: number for number, code in self.codes.items()}
        self.sections = (
            dict(Section.objects.filter(study=study).values_list("key", "label")) if changes else {}
        )

    def code(self, number: int) -> str:
        return self.codes[number].label if number in self.codes else "a code"

    def number_of_code(self, change: CodebookChange) -> int | None:
        return self.numbers.get(change.code_id)

    def text(self, name: str, value):
        """The value of this field as a reader sees it."""
        if name == "section_id":
            return self.sections.get(value, "a section")
        if value is None or value == "":
            return "–"
        if name in RELATED:
            return self.code(value)
        if isinstance(value, bool):
            return "yes" if value else "no"
        return value

    def line(self, title, name, before, after):
        return title, self.text(name, before), self.text(name, after)


def in_words(study: Study, changes: Collection[CodebookChange]) -> list[list[tuple]]:
    """Of each change its lines: (what, before, after), in words."""
    labels = ValueLabels(study, changes)
    return [list(lines_of(change, labels)) for change in changes]


def lines_of(change, labels):
    for name, text in change.after.get("words", {}).items():
        yield FIELD_NAMES[name], "", text
    if change.act not in {Act.REORDER, Act.ADD}:
        for number, after in codes_of(change.after).items():
            is_other = int(number) != labels.number_of_code(change)
            prefix = f"{labels.code(int(number))}: " if is_other else ""
            before = codes_of(change.before).get(number, {})
            for name, value in after.items():
                if name != "position" and before.get(name) != value:
                    yield labels.line(f"{prefix}{FIELD_NAMES[name]}", name, before.get(name), value)
    yield from template_lines(change.before, change.after, labels)


def template_lines(before, after, labels):
    """What differs between two dumps of a section, phase or research question."""
    if not (before.get("key") and after.get("key")):
        return
    for name, value in after.items():
        if name not in {"codes", "position"} and before.get(name) != value:
            yield labels.line(name.replace("_", " "), name, before.get(name), value)


@dataclass
class NetChange:
    """What became of one code, or of one part of the template, over several changes."""

    label: str
    section: str  # its label
    code: int | None = None  # its primary key
    kinds: list[str] = field(default_factory=list)  # of KINDS
    lines: list[tuple] = field(default_factory=list)  # (what, before, after)
    steps: list[CodebookChange] = field(default_factory=list)  # not undone, oldest first

    @property
    def marks(self) -> int:
        """How many marks its changes touched: the same ones, as often as it was changed."""
        return max((step.marks for step in self.steps), default=0)

    @property
    def reasons(self) -> list:
        return [(step.version, step.reason) for step in self.steps if step.reason]


def between(study: Study, changes: Collection[CodebookChange]) -> tuple[str, list[NetChange]]:
    """`(sentence, net changes)`: what these changes, oldest first, come to when all of them are
    done.

    Whatever was changed and changed back in between is left out.
    """
    labels = ValueLabels(study, changes)
    net_changes = [
        *net_changes_of_codes(changes, labels),
        *net_changes_of_order(changes),
        *net_changes_of_template(changes, labels),
    ]
    counts = Counter(kind for net in net_changes for kind in net.kinds)
    sentence = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])
    return sentence, net_changes


def not_undone(changes: Iterable[CodebookChange]) -> list[CodebookChange]:
    """Those that no other one of them has taken back, and that take back none of them
    themselves.
    """
    ids = {change.pk for change in changes}
    undone = {change.undoes_id for change in changes if change.undoes_id}
    return [change for change in changes if change.pk not in undone and change.undoes_id not in ids]


def net_changes_of_codes(changes, labels) -> Iterator[NetChange]:
    first, last = first_and_last_values(changes)
    steps = not_undone(changes)
    added = {labels.number_of_code(change) for change in steps if change.act == Act.ADD}
    splits = [change for change in steps if change.act == Act.SPLIT]
    added |= {number for change in splits for number in change.after.get("made", ())}
    split = {labels.number_of_code(change) for change in splits}
    for number, after in last.items():
        before = first[number]
        changed = {name for name, value in after.items() if before[name] != value}
        if number in added:
            kinds = ["added"] if after.get("status") == Status.ACTIVE else []
        else:
            kinds = kinds_of(before, after, changed, is_split=number in split)
        if not kinds or number not in labels.codes:
            continue
        names = (
            []
            if number in added
            else [name for name in FIELD_NAMES if name in changed - NOT_LISTED]
        )
        yield NetChange(
            labels.code(number),
            labels.codes[number].section.label,
            labels.codes[number].pk,
            kinds,
            lines=[
                labels.line(FIELD_NAMES[name], name, before[name], after[name]) for name in names
            ],
            steps=[step for step in steps if is_about(step, number)],
        )


def first_and_last_values(changes):
    """Two `{code's number: {field: value}}`: before the first change of a field, and after its
    last.
    """
    first, last = {}, {}
    for change in changes:
        for number, values in codes_of(change.after).items():
            for name, value in values.items():
                before = codes_of(change.before).get(number, {}).get(name)
                first.setdefault(int(number), {}).setdefault(name, before)
                last.setdefault(int(number), {})[name] = value
    return first, last


def is_about(change, number):
    return str(number) in codes_of(change.after) and change.act != Act.REORDER


def kinds_of(before, after, changed, *, is_split):
    """What happened to a code that was there before; `changed` are the fields that differ."""
    status = after.get("status") if "status" in changed else None
    kinds = {
        "accepted": status == Status.ACTIVE and before["status"] == Status.PROPOSED,
        "renamed": "label" in changed,
        "re-defined": changed & REDEFINED,
        "merged": status == Status.MERGED,
        "split": status == Status.RETIRED and is_split,
        "moved": "section_id" in changed,
        # A code whose parent went away was not grouped by anybody.
        "grouped": "parent_id" in changed and after["parent_id"] and not status,
        "retired": status == Status.RETIRED and not is_split,
        "restored": status == Status.ACTIVE and before["status"] != Status.PROPOSED,
        "declined": status == Status.DECLINED,
    }
    happened = [kind for kind in KINDS if kinds.get(kind)]
    return happened or (["changed"] if changed - NOT_LISTED else [])


def net_changes_of_order(changes) -> Iterator[NetChange]:
    by_section = {}
    for change in not_undone(changes):
        if change.act == Act.REORDER and change.section:
            by_section.setdefault(change.section, []).append(change)
    for section, steps in by_section.items():
        yield NetChange("The order of codes", section.label, kinds=["reordered"], steps=steps)


def net_changes_of_template(changes, labels) -> Iterator[NetChange]:
    """Of sections, phases and questions, followed by their keys, which may have changed on the
    way.
    """
    chains = {}
    for change in changes:
        if change.before.get("key") or change.after.get("key"):
            part = change.after.get("of", change.before.get("of", "section"))
            before, steps = chains.pop((part, change.before.get("key")), (change.before, []))
            key = change.after.get("key") or f"{change.before['key']} is gone"
            chains[part, key] = (before, [*steps, change])
    for (part, _), (before, steps) in chains.items():
        after = steps[-1].after
        lines = list(template_lines(before, after, labels))
        if lines or bool(before.get("key")) != bool(after.get("key")):
            kind = "changed" if lines else "added" if after.get("key") else "removed"
            yield NetChange(
                label_of_part(before, after),
                f"Template: {part}",
                kinds=[kind],
                lines=lines,
                steps=not_undone(steps),
            )


def label_of_part(before, after):
    return next(
        side[name]
        for side in (after, before)
        for name in ("label", "name", "key")
        if side.get(name)
    )
