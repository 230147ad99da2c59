"""JSON that was kept until format 2 of the bundle, as it is kept now.

Then it named things by primary key, and in files, where those mean nothing, by their place:
`$round:2` was the second round of rounds.csv, `$user:ben` Ben, and a text that began with a dollar
had one more. Bundles of format 1 come in through `FromFile`, a site of then through
`bring_up_to_date`, which a migration calls. Nothing else knows of it.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from secrets import randbelow
from typing import Any

from mapping.parsers.lengths import LARGEST_UID

# Under these names stood one thing, of that kind.
SINGLE = {
    "answer": "answer",
    "assignment": "assignment",
    "beside": "findingmark",
    "code": "code",
    "first": "handing-out",
    "last": "handing-out",
    "merged_into": "code",
    "merged_into_id": "code",
    "paper_import": "paperimport",
    "parent_id": "code",
    "pk": "set-aside",
    "remark": "remark",
    "replaces": "resolution",
    "resolution": "resolution",
    "round": "round",
    "section_id": "section",
    "summary": "summary",
    "undid": "logentry",
}
# What is called otherwise today, or None for what is not kept any more.
NEW_NAMES: dict[str, str | None] = {"summary": "assignment"}
OF_MARK_SET_ASIDE: dict[str, str | None] = {
    "pk": "uid",
    "finding_id": None,
}  # its finding is that of the mark beside it
# Lists of things. Numbers under these names were counts.
LISTS = {
    "again": "assignment",
    "codes": "code",
    "made": "code",
    "summaries": "summary",
    "tasks": "recodingtask",
    "withdrawn": "assignment",
}
# Objects whose names were things, and what their values were where these were things too.
KEYED = {
    "answers": ("mark", "answer"),
    "codes": ("code", None),
    "finding_marks": ("code", "findingmark"),
    "flags": ("answer", None),
    "marks": ("code", "mark"),
    "said": ("user", None),
}
# Objects whose names were user names already; what stands under them is of people, not of things.
BY_PERSON = {"loads", "renamed"}
WITH_CODE = "quotes"  # lists of lists that begin with a code
REFERENCE = re.compile(r"\$([a-z]+):(.+)", re.DOTALL)
# Kinds that are kept by more than one key are of one table all the same.
TABLES = {"handing-out": "assignment"}
# Of each kind the model, how it leads to its study, and what names it today.
KINDS = {
    "answer": ("reviews", "Answer", "summary__assignment__round__study", "uid"),
    "assignment": ("reviews", "Assignment", "round__study", "uid"),
    "code": ("mapping", "Code", "section__study", "number"),
    "findingmark": ("mapping", "FindingMark", "finding__paper__study", "uid"),
    "handing-out": ("reviews", "Assignment", "round__study", "assigned_at"),
    "logentry": ("mapping", "LogEntry", "study", "at"),
    "mark": ("reviews", "Mark", "answer__summary__assignment__round__study", "uid"),
    "membership": ("mapping", "Membership", "study", "user__username"),
    "paperimport": ("mapping", "PaperImport", "study", "at"),
    "recodingtask": ("reviews", "RecodingTask", "assignment__round__study", "uid"),
    "remark": ("reviews", "Remark", "paper__study", "at"),
    "resolution": ("reviews", "Resolution", "paper__study", "decided_at"),
    "round": ("reviews", "Round", "study", "number"),
    "section": ("mapping", "Section", "study", "key"),
    "summary": ("reviews", "Summary", "assignment__round__study", "assignment__uid"),
    "user": ("mapping", "User", "", "username"),
}


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def written(key: Any) -> Any:
    # A file may say a moment in any zone; it is looked up as text.
    return key.astimezone(UTC).isoformat() if isinstance(key, datetime) else key


class Translation:
    """What was kept, with today's keys. What is gone is left out of lists, and null."""

    def is_key(self, value: Any) -> bool:
        """Whether this names a thing, where one belongs."""
        raise NotImplementedError

    def is_keyed(self, values: Mapping[str, Any]) -> bool:
        """Whether the names in an object of `KEYED` are those of things."""
        raise NotImplementedError

    def find(self, kind: str, value: Any) -> Any:
        """Today's key of a thing; None for what is gone."""
        raise NotImplementedError

    def text(self, value: str) -> str:
        return value

    def by_person(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return dict(values)

    def __call__(self, value: Any, name: str = "", lists: Mapping[str, str] = LISTS) -> Any:
        if isinstance(value, dict):
            if name in BY_PERSON:
                return self.by_person(value)
            is_keyed = name in KEYED and self.is_keyed(value)
            return self.keyed(value, *KEYED[name]) if is_keyed else self.named(value)
        if isinstance(value, list):
            if name == WITH_CODE:
                return [[self(row[0], "code"), *map(self, row[1:])] for row in value]
            return self.listed(value, lists.get(name))
        return self.one(value, SINGLE.get(name))

    def one(self, value: Any, kind: str | None) -> Any:
        """What stands where a thing belongs: it, or nothing, or words, or what holds more."""
        if isinstance(value, dict | list):
            return self(value)
        if kind and self.is_key(value):
            return self.find(kind, value)
        return self.text(value) if isinstance(value, str) else value

    def named(self, values: Mapping[str, Any]) -> dict[str, Any]:
        # Where answers were carried to another section, what was made are answers.
        lists = {**LISTS, "made": "answer"} if "answers" in values else LISTS
        of_admin_site = "model" in values and "pk" in values
        names = NEW_NAMES | (OF_MARK_SET_ASIDE if "beside" in values else {})
        names |= {"pk": None} if of_admin_site else {}
        translated = {
            self.text(new): self(inner, name, lists)
            for name, inner in values.items()
            if (new := names.get(name, name)) is not None
        }
        of_member = of_admin_site and values["model"] == "membership"
        user = self.find("membership", values["pk"]) if of_member else None
        return translated | ({"user": user} if user else {})

    def listed(self, values: list[Any], kind: str | None) -> list[Any]:
        found = [self.one(value, kind) for value in values]
        pairs = zip(found, values, strict=True)
        return [new for new, old in pairs if new is not None or old is None]

    def keyed(self, values: Mapping[str, Any], kind: str, of_values: str | None) -> dict[str, Any]:
        pairs = [
            (self.find(kind, name), self.keyed_value(inner, of_values))
            for name, inner in values.items()
        ]
        return {str(key): inner for key, inner in pairs if key is not None}

    def keyed_value(self, inner: Any, kind: str | None) -> Any:
        if kind is None:
            return self(inner)
        return self.listed(inner, kind) if isinstance(inner, list) else self.one(inner, kind)


class FromFile(Translation):
    """Out of a bundle of format 1; ValueError where something else stands where a reference does,
    as a number would: it named a thing of whoever else uses this site.

    `made[model]` lists what was made, in the order of the files.
    """

    def __init__(
        self,
        made: Mapping[Any, list[Any]],
        people: Mapping[str, Any],
        sections: Mapping[str, Any],
    ) -> None:
        self.made = {model._meta.model_name: things for model, things in made.items()}
        self.by_name: dict[str, Mapping[str, Any]] = {"user": people, "section": sections}

    def is_key(self, value: Any) -> bool:
        return is_number(value) or (isinstance(value, str) and bool(REFERENCE.fullmatch(value)))

    def is_keyed(self, values: Mapping[str, Any]) -> bool:
        """Where numbers may name things: a single reference, or number, makes it one of these."""
        return any(REFERENCE.fullmatch(name) or name.isdecimal() for name in values)

    def text(self, value: str) -> str:
        if REFERENCE.fullmatch(value):
            raise ValueError(f"“{value}” is a reference where none belongs")
        return value.removeprefix("$") if value.startswith("$$") else value

    def by_person(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """By the names that people have here; of whoever had another name by then, nothing."""
        people = self.by_name["user"]
        named = {name.removeprefix("$user:"): inner for name, inner in values.items()}
        return {
            people[name].username: self.text(inner) if isinstance(inner, str) else inner
            for name, inner in named.items()
            if name in people
        }

    def listed(self, values: list[Any], kind: str | None) -> list[Any]:
        # Of these the file had the numbers of that site.
        is_foreign = kind == "assignment" and all(map(is_number, values))
        return [] if is_foreign else super().listed(values, kind)

    def find(self, kind: str, value: Any) -> Any:
        if kind == "membership" and value is None:
            return None
        found = REFERENCE.fullmatch(value) if isinstance(value, str) else None
        table, name = found.groups() if found else ("", "")
        if table != TABLES.get(kind, kind):
            raise ValueError(f"“{value}” stands where a reference to a {kind} belongs")
        thing = (
            self.by_name[table].get(name) if table in self.by_name else self.in_order(table, name)
        )
        if thing is None:
            raise ValueError(f"“{value}” names something that is not in the bundle")
        # Of answers and marks, of which there may be half a million, the uid alone is at hand.
        return thing if isinstance(thing, int) else key_of(kind, thing)

    def in_order(self, table: str, name: str) -> Any:
        things = self.made.get(table, ())
        is_there = name.isdecimal() and 1 <= int(name) <= len(things)
        return things[int(name) - 1] if is_there else None


def key_of(kind: str, thing: Any) -> Any:
    *_, path = KINDS[kind]
    for name in path.split("__"):
        thing = getattr(thing, name)
    return written(thing)


class FromDatabase(Translation):
    """Of a study as it was kept on this site; `apps` are those of a migration."""

    def __init__(self, apps: Any, study: Any) -> None:
        self.apps, self.study = apps, study
        self.keys: dict[str, dict[int, Any]] = {}

    def is_key(self, value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    def is_keyed(self, values: Mapping[str, Any]) -> bool:
        return all(name.isdecimal() for name in values)

    def find(self, kind: str, value: Any) -> Any:
        if value is None:
            return None
        pk = int(value)
        if kind in {"findingmark", "set-aside"} and pk in self.set_aside:
            return self.set_aside[pk]
        keys = self.keys_of("findingmark" if kind == "set-aside" else kind)
        return self.number_of_gone_code(pk, keys) if kind == "code" else keys.get(pk)

    def number_of_gone_code(self, pk: int, numbers: dict[int, Any]) -> Any:
        """A code that went with its section stays in the history, under a number that no other one
        of the study ever gets.
        """
        if pk not in numbers:
            series, _ = self.apps.get_model("mapping", "LastNumber").objects.get_or_create(
                study=self.study.pk, of="code", defaults={"number": 0}
            )
            series.number += 1
            series.save(update_fields=["number"])
            numbers[pk] = series.number
        return numbers[pk]

    def keys_of(self, kind: str) -> dict[int, Any]:
        if kind not in self.keys:
            app, model, way, key = KINDS[kind]
            rows = self.apps.get_model(app, model).objects.order_by()
            rows = rows.filter(**{way: self.study.pk}) if way else rows
            self.keys[kind] = {pk: written(found) for pk, found in rows.values_list("pk", key)}
        return self.keys[kind]

    @cached_property
    def set_aside(self) -> dict[int, int]:
        """`{primary key: uid}` of the marks of findings that a merge has set aside: they come back,
        and other changes name them.
        """
        changes = self.apps.get_model("mapping", "CodebookChange").objects
        rows = changes.filter(study_id=self.study.pk, before__has_key="set_aside")
        known = self.keys_of("findingmark")
        return {
            row["pk"]: randbelow(LARGEST_UID)
            for before in rows.values_list("before", flat=True)
            for row in before["set_aside"]
            if row.get("pk") and row["pk"] not in known
        }


# Where JSON is kept, how its rows lead to their study, and how many of them are written at once.
COLUMNS = (
    ("mapping", "CodebookChange", "study", ("before", "after"), 50),
    ("mapping", "LogEntry", "study", ("facts",), 500),
    ("reviews", "Round", "study", ("frozen_agreement",), 10),
    ("reviews", "Resolution", "paper__study", ("content",), 500),
    ("reviews", "KeptEdit", "answer__summary__assignment__round__study", ("content",), 500),
)


def bring_up_to_date(apps: Any, schema_editor: Any) -> None:
    """All that a site keeps, study by study."""
    for study in apps.get_model("mapping", "Study").objects.order_by("pk").iterator():
        translation = FromDatabase(apps, study)
        for app, model, way, columns, together in COLUMNS:
            rows = apps.get_model(app, model).objects.filter(**{way: study.pk}).order_by("pk")
            translate_rows(rows.only(*columns), columns, translation, together)


def translate_rows(
    rows: Any, columns: Iterable[str], translation: Translation, together: int
) -> None:
    changed: list[Any] = []
    for row in rows.iterator(chunk_size=together):
        before = [getattr(row, column) for column in columns]
        after = [translation(kept) for kept in before]
        if after != before:
            for column, kept in zip(columns, after, strict=True):
                setattr(row, column, kept)
            changed.append(row)
        if len(changed) >= together:
            rows.model.objects.bulk_update(changed, columns)
            changed = []
    rows.model.objects.bulk_update(changed, columns)
