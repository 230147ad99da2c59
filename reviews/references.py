"""Primary keys inside kept JSON, which mean nothing elsewhere, as numbers that a bundle can carry, and back.

The log's facts, the content of decisions, what a codebook change keeps and frozen agreement name things by primary key.
In a file such a key is text: `$round:2` is the second round of the study, `$user:ben` is Ben, `$section:challenges` a
section; a text that begins with a dollar gets one more. What is gone has no number: it is left out of lists, and null.

A new act that keeps primary keys under another name must say so here.
"""

import re

from mapping.models import Code, Finding, FindingMark, LogEntry, PaperImport, Section, User
from mapping.tables import findings_in
from reviews.models import Answer, Assignment, Mark, Remark, Resolution, Round, Summary

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
LISTS = {"again": Assignment, "codes": Code, "made": Code, "summaries": Summary}
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
MODELS = {model._meta.model_name: model for model in (*SINGLE.values(), *LISTS.values(), Mark, User)}


def is_key(value):
    return isinstance(value, int) and not isinstance(value, bool)


def models_within(values):
    """LISTS for one object: where answers were carried to another section, what was made are answers."""
    return {**LISTS, "made": Answer} if "answers" in values else LISTS


class Outward:
    """Puts references in the place of primary keys. Numbers follow the order of the rows in the files."""

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
        return ((pk, number) for number, pk in enumerate(self.in_order(model).values_list("pk", flat=True), start=1))

    def in_order(self, model):
        scope, way = self.scope, "summary__assignment"
        if model is Answer:
            order = (f"{way}__paper", f"{way}__round", way, "summary__revision", "section__position", "section", "pk")
            return Answer.objects.filter(summary__in=scope.of(Summary)).order_by(*order)
        if model is Mark:
            way = f"answer__{way}"
            order = (f"{way}__paper", f"{way}__round", way, "answer__summary__revision", "answer__section__position")
            ordered = Mark.objects.filter(answer__summary__in=scope.of(Summary))
            return ordered.order_by(*order, "answer__section", "answer", "position", "pk")
        if model is Finding:
            return findings_in(scope).select_related(None).prefetch_related(None)
        if model is FindingMark:
            order = ("paper", "section__phase__position", "section__phase", "section__position", "section")
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
        found = [self.reference(model, one) if model and is_key(one) else self(one) for one in value]
        return [new for new, old in zip(found, value, strict=True) if new is not None or old is None]

    def keyed(self, value, model, of_values):
        written = {self.reference(model, key): self.keyed_value(inner, of_values) for key, inner in value.items()}
        return {key: inner for key, inner in written.items() if key is not None}

    def keyed_value(self, inner, model):
        if model and is_key(inner):
            return self.reference(model, inner)
        return self.listed(inner, model) if model and isinstance(inner, list) else self(inner)


def is_keyed(value, name):
    return name in KEYED and all(str(key).isdecimal() for key in value)


class Inward:
    """Puts primary keys of this site in the place of references.

    `made[model]` lists what was made, or its primary keys, in the order of the files.
    """

    def __init__(self, made, people, sections):
        self.made = made
        self.by_name = {"user": people, "section": sections}

    def __call__(self, value):
        if isinstance(value, dict):
            return {self.text(key, is_name=True): self(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self(one) for one in value]
        return self.text(value) if isinstance(value, str) else value

    def text(self, value, *, is_name=False):
        found = REFERENCE.fullmatch(value)
        if found:
            pk = self.key(*found.groups())
            return str(pk) if is_name else pk
        return value.removeprefix("$") if value.startswith("$$") else value

    def key(self, kind, name):
        if kind in self.by_name:
            thing = self.by_name[kind].get(name)
        else:
            things = self.made.get(MODELS.get(kind), ())
            thing = things[int(name) - 1] if name.isdecimal() and 1 <= int(name) <= len(things) else None
        if thing is None:
            raise ValueError(f"“${kind}:{name}” names something that is not in the bundle")
        return getattr(thing, "pk", thing)
