"""What became of the codebook: one change in words, and what remains of many between two versions.

A change keeps `{"codes": {id: {field: value}}}` before and after; one of the template keeps the
whole section, phase or research question before and after, with a list of codes where it has any.
"""

from collections import Counter
from dataclasses import dataclass, field

from mapping.codebook.changes import NAMES, Act, Status
from mapping.models import Code, Section

RELATED = {"parent_id", "merged_into_id"}
REDEFINED = {"definition", "when_not", "example", "excludes_paper"}
# Places say nothing by themselves, and the reason stands beside.
UNTOLD = {"position", "reason"}
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


def codes_of(side):
    """`{id: {field: value}}` of one side of a change; the codes of a section's dump are a list, and
    none of these.
    """
    codes = side.get("codes", {})
    return codes if isinstance(codes, dict) else {}


class Words:
    """The labels that these changes speak of. Two queries, however many they are."""

    def __init__(self, study, changes):
        ids = set()
        for change in changes:
            for side in (change.before, change.after):
                for pk, values in codes_of(side).items():
                    ids |= {
                        int(pk),
                        *(values[name] for name in RELATED & set(values) if values[name]),
                    }
        found = Code.objects.filter(section__study=study, pk__in=ids).select_related("section")
        self.codes = {code.pk: code for code in found}
        self.sections = (
            dict(Section.objects.filter(study=study).values_list("pk", "label")) if changes else {}
        )

    def code(self, pk):
        return self.codes[pk].label if pk in self.codes else "a code"

    def __call__(self, name, value):
        if value is None or value == "":
            return "–"
        if name in RELATED:
            return self.code(value)
        if name == "section_id":
            return self.sections.get(value, "a section")
        if isinstance(value, bool):
            return "yes" if value else "no"
        return value


def describe(study, changes):
    """Gives each change `lines`: (what, before, after), in words."""
    words = Words(study, changes)
    for change in changes:
        change.lines = list(lines_of(change, words))


def lines_of(change, words):
    for name, text in change.after.get("words", {}).items():
        yield NAMES[name], "", text
    if change.act not in {Act.REORDER, Act.ADD}:
        for pk, after in codes_of(change.after).items():
            whose = f"{words.code(int(pk))}: " if int(pk) != change.code_id else ""
            before = codes_of(change.before).get(pk, {})
            for name, value in after.items():
                if name != "position" and before.get(name) != value:
                    yield f"{whose}{NAMES[name]}", words(name, before.get(name)), words(name, value)
    yield from template_lines(change.before, change.after, words)


def template_lines(before, after, words):
    """What differs between two dumps of a section, phase or research question."""
    if not (before.get("key") and after.get("key")):
        return
    for name, value in after.items():
        if name not in {"codes", "position"} and before.get(name) != value:
            yield name.replace("_", " "), words(name, before.get(name)), words(name, value)


@dataclass
class Net:
    """What became of one code, or of one part of the template, over several changes."""

    label: str
    place: str  # label of its section
    code: int | None = None
    kinds: list = field(default_factory=list)  # of KINDS
    lines: list = field(default_factory=list)  # (what, before, after)
    steps: list = field(default_factory=list)  # the changes that stand, oldest first

    @property
    def marks(self):
        """How many marks its changes touched: the same ones, as often as it was changed."""
        return max((step.marks for step in self.steps), default=0)

    @property
    def reasons(self):
        return [(step.version, step.reason) for step in self.steps if step.reason]


def between(study, changes):
    """`(sentence, [Net])`: what these changes, oldest first, come to when all of them are done.

    Whatever was changed and changed back in between is not told.
    """
    words = Words(study, changes)
    found = [
        *codes_between(changes, words),
        *orders_between(changes),
        *template_between(changes, words),
    ]
    counts = Counter(kind for net in found for kind in net.kinds)
    sentence = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])
    return sentence, found


def standing(changes):
    """Those that no other one of them has taken back, and that take back none of them
    themselves.
    """
    there = {change.pk for change in changes}
    undone = {change.undoes_id for change in changes if change.undoes_id}
    return [
        change for change in changes if change.pk not in undone and change.undoes_id not in there
    ]


def codes_between(changes, words):
    first, last = {}, {}
    for change in changes:
        for pk, values in codes_of(change.after).items():
            for name, value in values.items():
                was = codes_of(change.before).get(pk, {}).get(name)
                first.setdefault(int(pk), {}).setdefault(name, was)
                last.setdefault(int(pk), {})[name] = value
    steps = standing(changes)
    new = {change.code_id for change in steps if change.act == Act.ADD}
    new |= {
        pk for change in steps if change.act == Act.SPLIT for pk in change.after.get("made", ())
    }
    is_split = {change.code_id for change in steps if change.act == Act.SPLIT}
    for pk, now in last.items():
        differ = {name for name, value in now.items() if first[pk][name] != value}
        kinds = kinds_of(pk, first[pk], now, differ, new, is_split)
        if not kinds or pk not in words.codes:
            continue
        net = Net(words.code(pk), words.codes[pk].section.label, pk, kinds)
        told = [] if pk in new else [name for name in NAMES if name in differ - UNTOLD]
        net.lines = [
            (NAMES[name], words(name, first[pk][name]), words(name, now[name])) for name in told
        ]
        net.steps = [
            one for one in steps if str(pk) in codes_of(one.after) and one.act != Act.REORDER
        ]
        yield net


def kinds_of(pk, was, now, differ, new, is_split):
    status = now.get("status") if "status" in differ else None
    if pk in new:
        return ["added"] if now.get("status") == Status.ACTIVE else []
    kinds = {
        "accepted": status == Status.ACTIVE and was["status"] == Status.PROPOSED,
        "renamed": "label" in differ,
        "re-defined": differ & REDEFINED,
        "merged": status == Status.MERGED,
        "split": status == Status.RETIRED and pk in is_split,
        "moved": "section_id" in differ,
        # Whoever stood under a code that went away was not grouped by anybody.
        "grouped": "parent_id" in differ and now["parent_id"] and not status,
        "retired": status == Status.RETIRED and pk not in is_split,
        "restored": status == Status.ACTIVE and was["status"] != Status.PROPOSED,
        "declined": status == Status.DECLINED,
    }
    found = [kind for kind in KINDS if kinds.get(kind)]
    return found or (["changed"] if differ - UNTOLD else [])


def orders_between(changes):
    moved = {}
    for change in standing(changes):
        if change.act == Act.REORDER and change.section:
            moved.setdefault(change.section, []).append(change)
    for section, steps in moved.items():
        yield Net("The order of codes", section.label, kinds=["reordered"], steps=steps)


def template_between(changes, words):
    """Sections, phases and questions, followed by their keys, which may have changed on the way."""
    chains = {}
    for change in changes:
        if change.before.get("key") or change.after.get("key"):
            of = change.after.get("of", change.before.get("of", "section"))
            before, steps = chains.pop((of, change.before.get("key")), (change.before, []))
            chains[of, change.after.get("key") or f"{change.before['key']} is gone"] = (
                before,
                [*steps, change],
            )
    for (of, _), (before, steps) in chains.items():
        after = steps[-1].after
        lines = list(template_lines(before, after, words))
        if lines or bool(before.get("key")) != bool(after.get("key")):
            kind = "changed" if lines else "added" if after.get("key") else "removed"
            label = next(
                side[name]
                for side in (after, before)
                for name in ("label", "name", "key")
                if side.get(name)
            )
            yield Net(label, f"Template: {of}", kinds=[kind], lines=lines, steps=standing(steps))
