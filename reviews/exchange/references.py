"""Primary keys inside kept JSON, which mean nothing elsewhere, as numbers that a bundle can carry,
and back.

The log's facts, the content of decisions, what a codebook change keeps and frozen agreement name
things by primary key. In a file such a key is text: `$round:2` is the second round of the study,
`$user:ben` is Ben, `$section:challenges` a section; a text that begins with a dollar gets one more.
What is gone has no number: it is left out of lists, and null.

A new act that keeps primary keys under another name must say so here.
"""

import re

from mapping.exchange.study_tables import findings_in
from mapping.models import Code, Finding, FindingMark, LogEntry, PaperImport, Section, User
from reviews.models import (
    Answer,
    Assignment,
    Mark,
    RecodingTask,
    Remark,
    Resolution,
    Round,
    Summary,
)

# Under these names stands one primary key.
SINGLE = {
    "answer": Answer,
    "assignment": Assignment,
    "beside": FindingMark,
    "code": Code,
    "finding_id": Finding,
    "first": Assignment,
    "last": Assignment,
    "merged_into": Code,
    "merged_into_id": Code,
    "paper_import": PaperImport,
    "parent_id": Code,
    "remark": Remark,
    "replaces": Resolution,
    "resolution": Resolution,
    "round": Round,
    "section_id": Section,
    "summary": Summary,
    "undid": LogEntry,
}
# Lists of primary keys. Numbers under these names are counts, and stay.
LISTS = {
    "again": Assignment,
    "codes": Code,
    "made": Code,
    "summaries": Summary,
    "tasks": RecodingTask,
}
# Objects whose names are primary keys, and what their values are where these are primary keys too.
KEYED = {
    "answers": (Mark, Answer),
    "codes": (Code, None),
    "finding_marks": (Code, FindingMark),
    "flags": (Answer, None),
    "loads": (User, None),
    "marks": (Code, Mark),
    "said": (User, None),
}
WITH_CODE = "quotes"  # lists of lists that begin with a code's
GONE = {"pk"}  # of rows that were taken out of the database: they come back under another
REFERENCE = re.compile(r"\$([a-z]+):(.+)", re.DOTALL)


def is_key(value):
    return isinstance(value, int) and not isinstance(value, bool)


def models_within(values):
    """LISTS for one object: where answers were carried to another section, what was made are
    answers.
    """
    return {**LISTS, "made": Answer} if "answers" in values else LISTS


class Outward:
    """Puts references in the place of primary keys. Numbers follow the order of the rows in the
    files.
    """

    def __init__(self, scope):
        self.scope = scope
        self.found = {}

    def reference(self, model, pk):
        if model not in self.found:
            self.found[model] = dict(self.names(model))
        name = self.found[model].get(int(pk))
        return None if name is None else f"${model._meta.model_name}:{name}"

    def names(self, model):
        if model is User:
            return self.scope.people()
        if model is Section:
            return self.scope.study.sections.values_list("pk", "key")
        return (
            (pk, number)
            for number, pk in enumerate(self.in_order(model).values_list("pk", flat=True), start=1)
        )

    def in_order(self, model):
        scope, way = self.scope, "summary__assignment"
        if model is Answer:
            order = (
                f"{way}__paper",
                f"{way}__round",
                way,
                "summary__revision",
                "section__position",
                "section",
                "pk",
            )
            return Answer.objects.filter(summary__in=scope.of(Summary)).order_by(*order)
        if model is Mark:
            way = f"answer__{way}"
            order = (
                f"{way}__paper",
                f"{way}__round",
                way,
                "answer__summary__revision",
                "answer__section__position",
            )
            ordered = Mark.objects.filter(answer__summary__in=scope.of(Summary))
            return ordered.order_by(*order, "answer__section", "answer", "position", "pk")
        if model is Finding:
            return findings_in(scope).select_related(None).prefetch_related(None)
        if model is FindingMark:
            order = (
                "paper",
                "section__phase__position",
                "section__phase",
                "section__position",
                "section",
            )
            ordered = FindingMark.objects.filter(finding__in=scope.of(Finding))
            return ordered.order_by(*(f"finding__{name}" for name in order), "code__position", "pk")
        return scope.of(model).order_by("pk")

    def __call__(self, value, name="", lists=LISTS):
        if isinstance(value, dict):
            return self.keyed(value, *KEYED[name]) if is_keyed(value, name) else self.named(value)
        if isinstance(value, list):
            if name == WITH_CODE:
                return [[self(row[0], "code"), *map(self, row[1:])] for row in value]
            return self.listed(value, lists.get(name))
        if is_key(value) and name in SINGLE:
            return self.reference(SINGLE[name], value)
        if name in GONE and is_key(value):
            return None
        return self.text(value) if isinstance(value, str) else value

    def text(self, value):
        return ("$" if value.startswith("$") else "") + self.scope.words(value)

    def named(self, value):
        lists = models_within(value)
        return {key: self(inner, key, lists) for key, inner in value.items()}

    def listed(self, value, model):
        found = [
            self.reference(model, one) if model and is_key(one) else self(one) for one in value
        ]
        return [
            new for new, old in zip(found, value, strict=True) if new is not None or old is None
        ]

    def keyed(self, value, model, of_values):
        written = {
            self.reference(model, key): self.keyed_value(inner, of_values)
            for key, inner in value.items()
        }
        return {key: inner for key, inner in written.items() if key is not None}

    def keyed_value(self, inner, model):
        if model and is_key(inner):
            return self.reference(model, inner)
        return self.listed(inner, model) if model and isinstance(inner, list) else self(inner)


def is_keyed(value, name):
    return name in KEYED and all(str(key).isdecimal() for key in value)


class Inward:
    """Puts primary keys of this site in the place of references; ValueError where something else
    stands there.

    A number would name a thing of whoever else uses this site, and so would a reference to another
    kind of thing: what is written with these keys later, when a change is undone, must be the
    study's own. `made[model]` lists what was made, or its primary keys, in the order of the files.
    """

    def __init__(self, made, people, sections):
        self.made = made
        self.by_name = {"user": people, "section": sections}

    def __call__(self, value, name="", lists=LISTS):
        if isinstance(value, dict):
            return (
                self.keyed(value, *KEYED[name]) if is_referring(value, name) else self.named(value)
            )
        if isinstance(value, list):
            if name == WITH_CODE:
                return [[self(row[0], "code"), *map(self, row[1:])] for row in value]
            return [self.one(item, lists[name]) if name in lists else self(item) for item in value]
        if name in SINGLE:
            return self.one(value, SINGLE[name])
        if name in GONE and value is not None:
            raise ValueError(f"“{name}” names something by its number on another site")
        return self.text(value) if isinstance(value, str) else value

    def one(self, value, model):
        """What stands where a reference belongs: one, or nothing, or words, or what holds more of
        its own.
        """
        if isinstance(value, dict | list):
            return self(value)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str) and not REFERENCE.fullmatch(value):
            return self.text(value)
        return self.key(value, model)

    def text(self, value):
        if REFERENCE.fullmatch(value):
            raise ValueError(f"“{value}” is a reference where none belongs")
        return value.removeprefix("$") if value.startswith("$$") else value

    def named(self, value):
        lists = models_within(value)
        return {self.text(key): self(inner, key, lists) for key, inner in value.items()}

    def keyed(self, value, model, of_values):
        return {
            str(self.key(key, model)): self.keyed_value(inner, of_values)
            for key, inner in value.items()
        }

    def keyed_value(self, inner, model):
        if model is None:
            return self(inner)
        return (
            [self.one(item, model) for item in inner]
            if isinstance(inner, list)
            else self.one(inner, model)
        )

    def key(self, value, model):
        found = REFERENCE.fullmatch(value) if isinstance(value, str) else None
        kind, name = found.groups() if found else ("", "")
        if kind != model._meta.model_name:
            raise ValueError(
                f"“{value}” stands where a reference to a {model._meta.verbose_name} belongs"
            )
        if kind in self.by_name:
            thing = self.by_name[kind].get(name)
        else:
            things = self.made.get(model, ())
            thing = (
                things[int(name) - 1]
                if name.isdecimal() and 1 <= int(name) <= len(things)
                else None
            )
        if thing is None:
            raise ValueError(f"“{value}” names something that is not in the bundle")
        return getattr(thing, "pk", thing)


def is_referring(value, name):
    """Where numbers may name things: a single reference, or number, makes it one of these."""
    return name in KEYED and any(REFERENCE.fullmatch(key) or key.isdecimal() for key in value)
