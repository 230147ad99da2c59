"""A study out of its bundle: people, template, papers. The codebook is in `restore_codebook`, what
people read and said in `restore_reviews`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import DataError, IntegrityError, OperationalError, models, transaction
from psycopg.errors import ProgramLimitExceeded

from mapping.exchange.study_tables import IMPORTS, PAPERS, SOURCES, TEAM
from mapping.models import (
    Code,
    FindingMark,
    LogEntry,
    Membership,
    Paper,
    PaperImport,
    PaperSource,
    Section,
    Study,
    User,
)
from mapping.models.fields import LimitedTextField, too_long
from mapping.parsers.paper_fields import FIELDS, Type
from mapping.protocol import files as protocol_files
from mapping.site import analyze
from reviews.blindness.independence import record_reader_of_bundle
from reviews.blindness.reconstruction import reconstruct
from reviews.exchange.bundle import restore_reviews, schemas
from reviews.exchange.bundle.format_one import FromFile
from reviews.exchange.bundle.reader import Bundle, BundleError, Row, moment
from reviews.exchange.bundle.restore_codebook import add_codebook
from reviews.exchange.references import inward
from reviews.exchange.scope import IMPORTED
from reviews.exchange.tables.records import ACCESSES
from reviews.models import Answer, Assignment, Mark, PriorAccess, RecodingTask, Round

BATCH = 2000
# Studies of before texts had a longest length come in all the same: so many times that length is
# taken.
OLDER = 10


@dataclass
class Site:
    """What has been made so far, by how the bundle calls it."""

    bundle: Bundle
    format: int = 1
    study: Study = None
    people: dict = field(default_factory=dict)  # user name in the bundle: User
    renamed: dict = field(default_factory=dict)  # user name in the bundle: user name here
    phases: dict = field(default_factory=dict)  # key: Phase
    sections: dict = field(default_factory=dict)  # key: Section
    codes: dict = field(default_factory=dict)  # number, as text: Code
    papers: dict = field(default_factory=dict)  # key: Paper
    made: dict = field(default_factory=dict)  # model: [things, in the order of the file]
    later: dict = field(default_factory=dict)  # (model, field): [(thing, kept JSON, its row)]

    def make(self, model, pairs):
        """Save `(thing, row)` pairs, in batches, each checked as a form would check it. Returns the
        things.
        """
        made, batch = self.made.setdefault(model, []), []
        for thing, row in pairs:
            check(thing, row)
            batch.append(thing)
            if len(batch) >= BATCH:
                made += model.objects.bulk_create(batch)
                batch = []
        made += model.objects.bulk_create(batch)
        return made

    def keep(self, thing, name, row, column):
        """JSON that names other things waits until all of them are there."""
        kept = row.json(column)
        if kept not in (None, {}, []) or name in schemas.NEEDED:
            self.later.setdefault((type(thing), name), []).append((thing, kept, row))

    def person(self, row, column):
        return row.one_of(column, self.people, "person", is_needed=False)

    def reviewer(self, row, column):
        return row.one_of(column, self.people, "person")

    def kept_here(self):
        """What turns JSON of the bundle into JSON that is kept here; ValueError where it cannot
        be.
        """
        if self.format == 1:
            return FromFile(self.made, self.people, self.sections)
        known = {
            User: {name: user.username for name, user in self.people.items()},
            Section: {key: key for key in self.sections},
        }
        by_number = {model: names_of(model, self.made[model]) for model in BY_NUMBER}
        return inward(known | by_number)

    def fill_in(self):
        kept_here = self.kept_here()
        for (model, name), waiting in self.later.items():
            for thing, kept, row in waiting:
                try:
                    found = kept_here(kept)
                    schemas.check(name, found)
                    setattr(thing, name, found)
                except (ValueError, TypeError, LookupError, RecursionError) as error:
                    raise row.error(name, error) from error
            model.objects.bulk_update([thing for thing, _, _ in waiting], [name], batch_size=500)


# What is named by a whole number, in the file where that stands.
BY_NUMBER = {
    Code: "codebook.csv",
    Round: "rounds.csv",
    Assignment: "assignments.csv",
    Answer: "answers.csv",
    Mark: "answers.csv",
    FindingMark: "findings.csv",
    RecodingTask: "recoding_tasks.csv",
}


def names_of(model, made):
    name = "number" if model in {Code, Round} else "uid"
    # Of answers and marks nothing else was kept.
    numbers = [thing if isinstance(thing, int) else getattr(thing, name) for thing in made]
    twice = next((number for number, times in Counter(numbers).items() if times > 1), None)
    if twice is not None:
        raise BundleError(f"{BY_NUMBER[model]} has the {name} {twice} twice.")
    return {number: number for number in numbers}


def check(thing, row):
    try:
        thing.clean_fields(exclude=unchecked(type(thing)))
    except ValidationError as error:
        name, messages = next(iter(error.message_dict.items()))
        raise row.error(name, messages[0]) from error
    for column in thing._meta.concrete_fields:
        if (
            isinstance(column, LimitedTextField)
            and not column.blank
            and not getattr(thing, column.attname)
        ):
            raise row.error(column.name, "This field cannot be blank.")
    for column, why in too_long(thing, OLDER):
        raise row.error(column.name, f"this text {why}")


def unchecked(model):
    """Relations were found by hand, an empty object is fine as JSON, and texts have a longest
    length of their own.
    """
    apart = (models.JSONField, LimitedTextField)
    return {
        one.name for one in model._meta.concrete_fields if one.is_relation or isinstance(one, apart)
    }


def restore(
    source: str | Path | IO[bytes],
    *,
    by: User | None = None,
    known: Mapping[str, User] | None = None,
    slug: str | None = None,
    lead: User | None = None,
    is_dry_run: bool = False,
) -> Site:
    """A study from a bundle (a path or a binary file), all of it or nothing. Returns the Site.

    Nobody's account is taken over: everybody in the bundle gets an account of their own without
    login, under another name where theirs is taken. `known` says who is whom: `{user name in the
    bundle: User of this site}`; `lead` leads the study here, whoever led it there. A dry run does
    it all and takes it back: what it returns is in no database. Raises BundleError with one line.
    """
    try:
        with transaction.atomic():
            site = restored(Bundle(source), by, known or {}, slug, lead)
            transaction.set_rollback(is_dry_run)
            return site
    except OperationalError as error:
        if not isinstance(error.__cause__, ProgramLimitExceeded):
            raise
        raise BundleError(
            "The texts of one paper are together too long to be searched: 1 MB of words."
        ) from error
    except (DataError, IntegrityError, UnicodeEncodeError) as error:
        first_line = str(error).strip().splitlines()[0]
        raise BundleError(f"The bundle contradicts itself: {first_line}") from error


def restored(
    bundle: Bundle,
    by: User | None,
    known: Mapping[str, User],
    slug: str | None,
    lead: User | None,
) -> Site:
    about = bundle.about()
    site = Site(bundle, about["concord_bundle"])
    add_people(site, known)
    add_study(site, about, slug)
    add_papers(site)
    add_codebook(site)
    restore_reviews.add(site)
    site.fill_in()
    written = sum(len(made) for made in site.made.values())
    analyze.tell_of(written, *(model for model in site.made if model is not User))
    text = f"The study came from a bundle; it was called “{about['slug']}” there."
    if lead:
        text += f" {lead} leads it here."
    LogEntry.objects.record(site.study, by, IMPORTED, text, renamed=site.renamed)
    if not site.bundle.has(ACCESSES):
        # A bundle older than this file: who could read what before is worked out from its dates and
        # its log.
        PriorAccess.objects.bulk_create(reconstruct(apps, site.study), batch_size=BATCH)
    if lead:
        hand_over(site.study, lead)
    if by:
        record_reader_of_bundle(site.study, by)
    return site


def hand_over(study: Study, lead: User) -> None:
    """Accounts that came with a bundle cannot sign in: without somebody of this site nobody would
    lead the study.
    """
    in_force = {"role": Membership.Role.LEAD, "deactivated_at": None}
    Membership.objects.update_or_create(study=study, user=lead, defaults=in_force)


def add_people(site: Site, known: Mapping[str, User]) -> None:
    rows = list(site.bundle.rows(TEAM))
    stranger = next((name for name in known if name not in {row["user"] for row in rows}), None)
    if stranger:
        raise BundleError(f"team.csv knows nobody called “{stranger}”.")
    for row in rows:
        name = row["user"]
        if name in site.people:
            raise row.error("user", f"“{name[:60]}” stands twice")
        site.people[name] = known.get(name) or new_person(row)
        if site.people[name].username != name:
            site.renamed[name] = site.people[name].username
    site.made[User] = list(site.people.values())


def new_person(row: Row) -> User:
    user = User(username=row["user"], name=row["name"])
    user.set_unusable_password()
    check(user, row)
    stem, number = user.username[:140], 1
    while User.objects.known_as(user.username).exists():
        number += 1
        user.username = f"{stem}-{number}"
    user.save()
    return user


def add_study(site, about, slug):
    try:
        outline = protocol_files.read(site.bundle.content("protocol.json"))
        moments = {
            name: moment(about[name]) if about[name] else None
            for name in ("created_at", "released_at")
        }
        creator, wanted = site.people[about["created_by"]], str(about["slug"])
        validate_slug(wanted)
    except protocol_files.ProtocolError as error:
        raise BundleError(str(error)) from error
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise BundleError(f"study.json cannot be read: {error}.") from error
    facts = {
        "title": outline.title or wanted,
        "description": outline.description,
        "created_by": creator,
        "template_name": str(about.get("template_name", ""))[:100],
        "codebook_version": outline.codebook_version,
        **outline.settings,
        **moments,
    }
    if slug is None and len(wanted) <= 80 and not Study.objects.filter(slug=wanted).exists():
        slug = wanted
    site.study = protocol_files.create_with_free_slug(facts, slug)
    # The codes come from codebook.csv, which knows those that left the template too.
    bare = replace(
        outline, sections=tuple(replace(section, codes=()) for section in outline.sections)
    )
    protocol_files.add_to(site.study, bare, as_recorded=True)
    site.phases = {phase.key: phase for phase in site.study.phases.all()}
    site.sections = {
        section.key: section for section in site.study.sections.select_related("phase")
    }
    add_members(site)


def add_members(site: Site) -> None:
    parts = []
    for row in site.bundle.rows(TEAM):
        if row["role"]:
            facts = {"study": site.study, "user": site.people[row["user"]], "role": row["role"]}
            joined = row.moment("joined_at") or site.study.created_at
            parts.append(
                (
                    Membership(
                        **facts, joined_at=joined, deactivated_at=row.moment("deactivated_at")
                    ),
                    row,
                )
            )
    site.make(Membership, parts)


def add_papers(site: Site) -> None:
    site.papers = {paper.key: paper for paper in site.make(Paper, papers(site))}
    site.make(PaperImport, paper_imports(site))
    site.make(PaperSource, paper_sources(site))


def papers(site):
    dois = set()
    for row in site.bundle.rows(PAPERS):
        facts = {
            one.name: row.integer(one.name) if one.type is Type.YEAR else row[one.name]
            for one in FIELDS
        }
        facts |= {"extra": row.object("extra"), "added_at": row.moment("added_at")}
        # once papers could be without
        facts["title"] = facts["title"] or facts["doi"] or facts["key"]
        facts["shares_doi"] = facts["doi"] in dois
        dois.update({facts["doi"]} - {""})
        yield Paper(study=site.study, **facts), row


def paper_imports(site):
    for row in site.bundle.rows(IMPORTS):
        counts = {name: row.integer(name) for name in ("new", "duplicate", "refused")}
        moments = {name: row.moment(name) for name in ("at", "confirmed_at", "undone_at")}
        words = {name: row[name] for name in ("file_name", "source", "state")}
        facts = {**counts, **moments, **words, "problems": row.json("problems") or []}
        yield PaperImport(study=site.study, by=site.reviewer(row, "by"), **facts), row


def paper_sources(site):
    numbers = {str(number): one for number, one in enumerate(site.made[PaperImport], start=1)}
    for row in site.bundle.rows(SOURCES):
        words = {name: row[name] for name in ("source", "file_name", "entry_key")}
        source = PaperSource(
            paper=row.one_of("paper", site.papers, "paper"),
            is_duplicate=row.truth("is_duplicate"),
            paper_import=row.one_of("import", numbers, "import", is_needed=False),
            line=row.integer("line"),
            **words,
        )
        yield source, row
