"""Codes as changes of the codebook keep them: by number in the study, and sections by key."""

from collections.abc import Iterable, Mapping
from typing import Any

from mapping.models import Code, CodebookChange, Section, Study

# The fields of a code that name something else, and what names that in what is kept.
RELATED = {"parent_id": "code", "merged_into_id": "code", "section_id": "section"}
Keys = Mapping[str, Mapping[Any, Any]]


def keys_for(values: Iterable[Mapping[str, Any]]) -> Keys:
    """What names the codes and sections that stand in these values of fields, by primary key: at
    most two queries.
    """
    pks = named_in(values)
    codes = Code.objects.filter(pk__in=pks["code"]) if pks["code"] else Code.objects.none()
    sections = Section.objects.filter(pk__in=pks["section"])
    return {
        "code": dict(codes.values_list("pk", "number")),
        "section": dict(sections.values_list("pk", "key")) if pks["section"] else {},
    }


def pks_for(study: Study | int, values: Iterable[Mapping[str, Any]]) -> Keys:
    """The other way round: the primary keys of what is named in kept values, in this study."""
    keys = named_in(values)
    codes = Code.objects.filter(section__study=study, number__in=keys["code"])
    sections = Section.objects.filter(study=study, key__in=keys["section"])
    return {
        "code": dict(codes.values_list("number", "pk")) if keys["code"] else {},
        "section": dict(sections.values_list("key", "pk")) if keys["section"] else {},
    }


def named_in(values: Iterable[Mapping[str, Any]]) -> dict[str, set]:
    named: dict[str, set] = {"code": set(), "section": set()}
    for fields in values:
        for name, value in fields.items():
            if name in RELATED and value is not None:
                named[RELATED[name]].add(value)
    return named


def renamed(values: Mapping[str, Any], keys: Keys) -> dict[str, Any]:
    """The values of a code's fields, with what they name called as in `keys`."""
    return {
        name: keys[RELATED[name]].get(value) if name in RELATED else value
        for name, value in values.items()
    }


def follow_key(section: Section, former: str) -> None:
    """The section has another key now: changes that moved codes into it or out of it name it so."""
    moves = [CodebookChange.Act.MOVE, CodebookChange.Act.UNDO]
    changed = set()
    for change in section.study.codebook_changes.filter(act__in=moves):
        for codes in (change.before.get("codes", {}), change.after.get("codes", {})):
            for values in codes.values() if isinstance(codes, dict) else ():
                if values.get("section_id") == former:
                    values["section_id"] = section.key
                    changed.add(change)
    CodebookChange.objects.bulk_update(changed, ["before", "after"], batch_size=100)


def codes_by_number(study: Study | int, numbers: Iterable[int | str]) -> dict[str, Code]:
    """`{number, as text: Code}`, as changes name them."""
    codes = Code.objects.filter(section__study=study, number__in=[int(one) for one in numbers])
    return {str(code.number): code for code in codes}
