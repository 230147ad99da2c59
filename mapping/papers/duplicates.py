"""What happens to the entries of an imported file: each is a new paper or a duplicate, and the lead
decides where it is unclear.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from mapping.models import Paper, PaperImport, Study
from mapping.parsers import PaperRecord
from mapping.parsers.candidates import Match
from mapping.parsers.paper_fields import FIELDS
from mapping.parsers.titles import SAME_DOI, find_duplicates

NEW, DUPLICATE = "new", "duplicate"
# A record as a preview keeps it, with what becomes of it.
Entry = dict[str, Any]
# What a preview says of an entry that may be another one. `is_sure` is None where nothing is like
# it.
_NO_MATCH: Entry = {"why": "", "is_sure": None, "differs": [], "like": "", "first": None}


def judge(
    study: Study, entries: list[Entry], choices: dict[str, bool] | None = None
) -> dict[str, int]:
    """Decide for each entry whether it is a new paper or a duplicate; the decision is written into
    the entry.

    Returns the study's papers as `{key: pk}`. Of each entry, `outcome` is what will happen, `why`
    the reason to think that the paper is here already, `like` the key of the other one, `first` its
    place where it stands in the same file, `differs` what speaks against it. `choices` are what the
    lead decided, `{place: whether it is a paper of its own}`.
    """
    choices = choices or {}
    papers = list(comparable_papers(study))
    records = [record_of(entry) for entry in entries]
    places = {id(record): place for place, record in enumerate(records)}
    matches = find_duplicates(records, papers)
    for place, (entry, match) in enumerate(zip(entries, matches, strict=True)):
        if match is None:
            entry.update(_NO_MATCH, outcome=NEW, which="")
            continue
        first = places.get(id(match.found))
        is_taken = choices.get(str(place), is_new_by_default(entry, match))
        entry.update(
            outcome=NEW if is_taken else DUPLICATE,
            why=str(match),
            is_sure=match.is_sure,
            differs=[list(difference) for difference in match.differences],
            like=match.found.key,
            which="" if is_taken or match.is_in_file else match.found.key,
            first=first,
        )
    return {paper.key: paper.pk for paper in papers}


def is_new_by_default(entry: Entry, match: Match) -> bool:
    """Whether an entry that is similar to another one is imported as long as nobody has decided."""
    if match.is_sure:
        return False
    # A file that lists two publications under one DOI has slipped. The DOI of a paper that is here
    # already outweighs an entry that does not even name its authors.
    return match.why != SAME_DOI or match.is_in_file or bool(entry["authors"])


def comparable_papers(study: Study) -> Iterator[SimpleNamespace]:
    """The papers of a study, with the fields that the search for duplicates compares."""
    compared = [one for one in FIELDS if one.is_compared]
    several = [one.name for one in compared if one.is_several]
    names = ("pk", "key", *(one.name for one in compared))
    for facts in Paper.objects.filter(study=study).order_by("pk").values(*names):
        yield SimpleNamespace(**facts | {name: facts[name].split("; ") for name in several})


def record_of(entry: Entry) -> PaperRecord:
    """The record that an entry was made of; a preview may be older than one of the fields."""
    known = PaperRecord.__dataclass_fields__.keys() & entry.keys()
    return PaperRecord(**{name: entry[name] for name in known})


def counts(entries: list[Entry]) -> dict[str, int]:
    """How many entries are new, how many duplicates."""
    found = Counter(entry["outcome"] for entry in entries)
    return {"new": found[NEW], "duplicate": found[DUPLICATE]}


@transaction.atomic
def choose(paper_import: PaperImport, taken: dict[int, bool]) -> PaperImport:
    """Save which entries of a preview are papers of their own: `taken` is `{place: bool}`.

    Returns the import with its entries updated. Places whose entry is similar to no other are
    ignored.
    """
    # Two ticks at once: the second adds to the first.
    found = PaperImport.objects.select_for_update().get(pk=paper_import.pk)
    if found.state != PaperImport.State.PREVIEWED:
        raise ValidationError(f"{found.file_name} was imported already: nothing is left to choose.")
    decided = {
        str(place): bool(is_taken)
        for place, is_taken in taken.items()
        if 0 <= place < len(found.records) and is_choice(found.records[place])
    }
    found.choices |= decided
    apply(found.records, found.choices)
    for name, count in counts(found.records).items():
        setattr(found, name, count)
    found.save(update_fields=["choices", "new", "duplicate"])
    return found


def apply(entries: list[Entry], choices: dict[str, bool]) -> None:
    """Update the outcome of entries by what was decided since they were judged."""
    for place, is_taken in choices.items():
        entry = entries[int(place)]
        entry["outcome"] = NEW if is_taken else DUPLICATE
        is_elsewhere = is_taken or entry["first"] is not None
        entry["which"] = "" if is_elsewhere else entry.get("like") or entry["which"]


def is_choice(entry: Entry) -> bool:
    """Whether the entry is similar to another one. Older previews say so in `why` alone."""
    return bool(entry.get("why"))


def is_question(entry: Entry) -> bool:
    """Whether the entry is similar to another one, but not surely the same."""
    return is_choice(entry) and entry.get("is_sure") is False


def questions_of(entries: list[Entry]) -> set[int]:
    """The places of the entries that somebody should decide."""
    return {place for place, entry in enumerate(entries) if is_question(entry)}


def named_places(paper_import: PaperImport, names: Iterable[str]) -> dict[str, list[int]]:
    """`{name: places}` of the entries that are similar to others.

    A name is a key, a line, “file:line” or “all”; unknown names are left out.
    """
    by_name = defaultdict(list)
    for place, entry in enumerate(paper_import.records):
        if is_choice(entry):
            line = entry["line"]
            for name in {"all", entry["key"], str(line), f"{paper_import.file_name}:{line}"} - {""}:
                by_name[name].append(place)
    return {name: by_name[name] for name in names if name in by_name}
