"""Where JSON that is kept names other things: by keys that mean the same in databases and files.

A code and a round are named by their number in the study, a section by its key, a person by their
user name, answers, marks, assignments and tasks by their uid; what has a moment of its own
(decisions, remarks, imports, lines of the log) by that moment, which nothing looks up.

So what is kept is what a bundle holds. On its way out, what the reader may not receive is left out,
and people go by their pseudonyms; on its way in, what names nothing in the bundle is refused. An
act that keeps keys under another name must say so here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from mapping.exchange.study_tables import numbers_of_codes
from mapping.exchange.table import Scope
from mapping.models import Code, Finding, FindingMark, Section, User
from reviews.models import Answer, Assignment, Mark, RecodingTask, Round, Summary

# Under these names stands one key.
SINGLE = {
    "assignment": Assignment,
    "beside": FindingMark,
    "code": Code,
    "merged_into_id": Code,
    "parent_id": Code,
    "round": Round,
    "section_id": Section,
}
# Lists of keys.
LISTS = {
    "again": Assignment,
    "codes": Code,
    "made": Code,
    "tasks": RecodingTask,
    "withdrawn": Assignment,
}
# Objects whose names are keys, and what their values are where these are keys too.
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
BY_NAME = {Section, User}  # all others are whole numbers


class References:
    """Walks what is kept. `find(model, key)` says what stands for a key, or None: then it is left
    out of lists and objects, and null. `text` does the same for every text.
    """

    def __init__(self, find: Callable[[type, Any], Any], text: Callable[[str], str] = str):
        self.find = find
        self.text = text

    def __call__(self, value, name="", lists=LISTS):
        if isinstance(value, dict):
            return self.keyed(value, *KEYED[name]) if is_keyed(value, name) else self.named(value)
        if isinstance(value, list):
            if name == WITH_CODE:
                rows = [[self(row[0], "code"), *map(self, row[1:])] for row in value]
                return [row for row in rows if row[0] is not None]
            return self.listed(value, lists.get(name))
        return self.one(value, SINGLE.get(name))

    def one(self, value, model):
        """What stands where a key belongs: it, or nothing, or words, or what holds more."""
        if isinstance(value, dict | list):
            return self(value)
        if model and is_key(value, model):
            return self.find(model, value)
        return self.text(value) if isinstance(value, str) else value

    def named(self, values):
        # Where answers were carried to another section, what was made are answers.
        lists = {**LISTS, "made": Answer} if "answers" in values else LISTS
        return {name: self(inner, name, lists) for name, inner in values.items()}

    def listed(self, values, model):
        found = [self.one(value, model) for value in values]
        pairs = zip(found, values, strict=True)
        return [new for new, old in pairs if new is not None or old is None]

    def keyed(self, values, model, of_values):
        pairs = [
            (self.find(model, name if model in BY_NAME else int(name)), inner)
            for name, inner in values.items()
        ]
        return {
            str(key): self.keyed_value(inner, of_values) for key, inner in pairs if key is not None
        }

    def keyed_value(self, inner, model):
        if model is None:
            return self(inner)
        return self.listed(inner, model) if isinstance(inner, list) else self.one(inner, model)


def is_key(value, model):
    if model in BY_NAME:
        return isinstance(value, str)
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_keyed(values, name):
    if name not in KEYED:
        return False
    return KEYED[name][0] in BY_NAME or all(key.isdecimal() for key in values)


def outward(scope: Scope) -> References:
    """What is kept, as this scope may hold it."""
    known: dict[type, Mapping] = {}

    def find(model, key):
        if model not in known:
            known[model] = names_in(scope, model)
        return known[model].get(key)

    return References(find, scope.words)


def names_in(scope: Scope, model: type) -> dict:
    """`{key: what stands for it}` of the things in the scope."""
    if model is Code:
        numbers = numbers_of_codes(scope)
        kept = scope.of(Code).values_list("pk", "number")
        return {number: numbers[pk] for pk, number in kept}
    if model is User:
        return {user.username: scope.person(user) for user in scope.of(User)}
    if model is Section:
        keys = scope.study.sections.values_list("key", flat=True)
    elif model is Round:
        keys = scope.of(Round).values_list("number", flat=True)
    elif scope.has_history:
        keys = of_readers(scope, model).values_list("uid", flat=True)
    else:
        keys = []  # their files have none
    return {key: key for key in keys}


def of_readers(scope, model):
    if model is Answer:
        return Answer.objects.filter(summary__in=scope.of(Summary))
    if model is Mark:
        return Mark.objects.filter(answer__summary__in=scope.of(Summary))
    if model is FindingMark:
        return FindingMark.objects.filter(finding__in=scope.of(Finding))
    return scope.of(model)


def inward(known: Mapping[type, Mapping]) -> References:
    """What a bundle holds, as it is kept here: `known[model]` says what its keys stand for. Raises
    ValueError where one stands for nothing in the bundle.
    """

    def find(model, key):
        if key not in known[model]:
            what = model._meta.verbose_name
            raise ValueError(f"“{key}” names no {what}: it is not in the bundle")
        return known[model][key]

    return References(find)
