"""What the words of a file stand for in the study: its papers, its members, its codes. Each
question is asked once.

A finder answers with an object, unsaved where it is to be made, or raises NotFound with the reason.
"""

import re
import unicodedata
from collections import defaultdict

from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.utils.text import slugify

from mapping.models import Code, Membership, Paper, PaperSource, User
from mapping.papers.keys import LONGEST_KEY, RESERVED_KEYS, key_refusal, tidied_key
from mapping.parsers.keys import normalised_doi, proposed_key, unique_key
from mapping.parsers.lookalikes import look, sameness, visible
from mapping.parsers.titles import normalised_title

LONGEST_LABEL = Code._meta.get_field("label").max_length
LONGEST_NAME = User._meta.get_field("name").max_length
_WHOLE_NUMBER = re.compile(r"([+-]?\d+)\.0+")


class NotFound(Exception):
    """Nothing in the study goes by this name, or several things do; says so in plain words."""


class PaperFinder:
    """By key, else by the key it had in a file, else by DOI, else by title."""

    def __init__(self, study, *, may_create):
        self.study, self.may_create = study, may_create
        self.made, self.answers = [], {}
        self.former_keys = set()  # names that an import gave to a paper, as that of a duplicate
        papers = list(Paper.objects.filter(study=study).only("pk", "study", "key", "title", "doi"))
        by_pk = {paper.pk: paper for paper in papers}
        self.by_key = {paper.key: paper for paper in papers}
        self.by_small_key = several(papers, lambda paper: small(paper.key))
        self.by_doi = several([paper for paper in papers if paper.doi], lambda paper: paper.doi)
        self.by_title = several(papers, lambda paper: normalised_title(paper.title))
        self.by_entry_key = defaultdict(list)
        sources = PaperSource.objects.filter(paper__study=study).exclude(entry_key="")
        for entry_key, pk in {
            (key.casefold(), pk) for key, pk in sources.values_list("entry_key", "paper")
        }:
            self.by_entry_key[entry_key].append(by_pk[pk])

    def __call__(self, text):
        if text not in self.answers:
            self.answers[text] = self.find(visible(text), text)
        return self.answers[text]

    def find(self, text, written):
        key = tidied_key(text)
        if key in self.by_key:
            return self.by_key[key]
        doi, title = normalised_doi(text), normalised_title(text)
        former = self.by_entry_key.get(text.casefold())
        for candidates in (
            self.by_small_key.get(small(key)),
            former,
            self.by_doi.get(doi) if doi else None,
            self.by_title.get(title) if title else None,
        ):
            if candidates:
                if candidates is former:
                    self.former_keys.add(written)
                return only(
                    candidates, f"papers go by “{text}”: name the key of the one that is meant"
                )
        if not self.may_create:
            raise NotFound(f"there is no paper “{text}”: neither a key, nor a DOI, nor a title")
        return self.make(text, key, doi)

    def make(self, text, key, doi):
        is_key = not key_refusal(key) and " " not in key
        wanted = key if is_key else proposed_key([], None, text)
        if doi:
            wanted = doi.replace("/", "-")[:LONGEST_KEY]
        taken = {*self.by_small_key, *RESERVED_KEYS}
        free = unique_key(wanted, taken) if wanted.casefold() in taken else wanted
        paper = Paper(study=self.study, key=free, title=text, doi=doi)
        # The next rows may write it in other capitals.
        self.by_key[paper.key] = paper
        self.by_small_key[small(paper.key)].append(paper)
        if doi:
            self.by_doi[doi].append(paper)
        if normalised_title(text):
            self.by_title[normalised_title(text)].append(paper)
        self.made.append(paper)
        return paper


class ReviewerFinder:
    """By user name, e-mail address or full name, among this study's members only.

    A name that belongs to somebody outside of the study is nobody's: the reviewer that is made for
    it has a user name of their own, so that no file can write in a stranger's name.
    """

    def __init__(self, study, *, may_create):
        self.study, self.may_create = study, may_create
        self.made, self.answers = [], {}
        members = list(Membership.objects.filter(study=study).select_related("user"))
        self.roles = {member.user_id: member for member in members}
        users = [member.user for member in members]
        self.indexes = [
            several(users, lambda user: user.username.casefold()),
            several([user for user in users if user.email], lambda user: user.email.casefold()),
            several([user for user in users if user.name], lambda user: small(user.name)),
        ]

    def __call__(self, text):
        name = small(text)
        if name not in self.answers:
            self.answers[name] = self.find(visible(text), name)
        return self.answers[name]

    def find(self, text, name):
        for index in self.indexes:
            if index.get(name):
                user = only(index[name], f"members are called “{text}”: give the user name")
                if not self.roles[user.pk].may_code:
                    raise NotFound(
                        f"{user} is an observer of this study, and observers do not code papers"
                    )
                return user
        if not self.may_create:
            raise NotFound(f"no member of this study is called “{text}”")
        if len(text) > LONGEST_NAME:
            raise NotFound(
                f"a reviewer's name has at most {LONGEST_NAME} characters: “{text[:40]}…” has more"
            )
        user = User(username=self.free_username(text), name=text)
        user.set_unusable_password()
        self.made.append(user)
        return user

    def free_username(self, text):
        # An address as a user name could be mistaken for its owner's.
        wanted = text.partition("@")[0].strip()
        try:
            UnicodeUsernameValidator()(wanted)
        except ValidationError:
            wanted = slugify(wanted)
        wanted = (wanted or "reviewer")[:100]
        taken = {user.username.casefold() for user in self.made}
        name, number = wanted, 1
        while name.casefold() in taken or User.objects.known_as(name).exists():
            number += 1
            name = f"{wanted}-{number}"
        return name


class CodeFinder:
    """By label within a section, whatever its case, spaces and what nobody sees; "3" and "3.0" are
    one label.
    """

    def __init__(self, study, *, may_create):
        self.may_create, self.made = may_create, []
        self.by_label, self.as_written = defaultdict(dict), defaultdict(dict)
        self.proposals = defaultdict(dict)
        self.counts = defaultdict(int)
        self.alike = defaultdict(set)
        codes = list(Code.objects.filter(section__study=study).order_by("pk"))
        by_pk = {code.pk: code for code in codes}
        usable = [
            code for code in codes if code.status in {Code.Status.ACTIVE, Code.Status.RETIRED}
        ]
        merged = [code for code in codes if code.status == Code.Status.MERGED]
        for code in [*usable, *merged]:
            self.by_label[code.section_id].setdefault(
                plain_label(code.label), merged_into(code, by_pk)
            )
            self.as_written[code.section_id].setdefault(look(code.label), merged_into(code, by_pk))
        for code in codes:
            self.counts[code.section_id] += 1
            if code.status == Code.Status.PROPOSED:
                self.proposals[code.section_id, code.proposed_by_id][plain_label(code.label)] = code

    def __call__(self, section, value, reviewer):
        """`section` and `reviewer` may still be unsaved."""
        place, written, label = section.pk or id(section), tidy_label(value), plain_label(value)
        found = self.existing(section, value, reviewer)
        if found is not None:
            self.note(found, value, section)
            return found
        if not self.may_create:
            raise NotFound(f"the section “{section}” has no code “{value[:80]}”")
        if len(value) > LONGEST_LABEL:
            raise NotFound(
                f"{len(value)} characters are too long for a code of “{section}”: a code has at "
                f"most {LONGEST_LABEL}"
            )
        code = Code(section=section, label=written, position=self.counts[place])
        self.counts[place] += 1
        self.as_written[place][look(written)] = code
        self.note(code, value, section)
        if section.is_multiple:
            # Names of many things are the same in any case. The values of a single choice that
            # nobody has declared are taken as they were written: whether TRUE and True were one
            # judgement is not for an import to say.
            self.by_label[place][label] = code
        self.made.append(code)
        return code

    def existing(self, section, value, reviewer):
        """The code of the section that goes by this label, or None."""
        place, label = section.pk or id(section), plain_label(value)
        found = self.as_written[place].get(look(tidy_label(value))) or self.by_label[place].get(
            label
        )
        if found is None and section.pk and reviewer.pk:
            found = self.proposals[section.pk, reviewer.pk].get(label)
        return found

    def note(self, code, value, section):
        """Remember a spelling that no reader could tell from the code's label."""
        written = " ".join(value.split())
        if written.casefold() != code.label.casefold() and look(written) == look(code.label):
            self.alike[str(section), code.label].add(written)

    @property
    def notes(self):
        """What was taken as one though it is written otherwise, in sentences."""
        return [
            (
                f"“{label}” ({section}) is also written with {hidden_in(spellings, label)}: taken "
                "as one."
            )
            for (section, label), spellings in sorted(self.alike.items())
        ]


def hidden_in(spellings, label):
    """What tells these spellings from a label, by name: “SOFT HYPHEN (U+00AD)”."""
    signs = sorted({sign for written in spellings for sign in written} - set(label))
    named = [
        f"{unicodedata.name(sign, 'a character without a name')} (U+{ord(sign):04X})"
        for sign in signs
    ]
    return ", ".join(named[:5]) or "other characters"


def merged_into(code, by_pk):
    while code.status == Code.Status.MERGED:
        code = by_pk[code.merged_into_id]
    return code


def plain_label(text):
    return small(tidy_label(text))


def tidy_label(text):
    """One spelling of a number: spreadsheets turn 3 into 3.0 once a column has a gap."""
    text = visible(text)
    number = _WHOLE_NUMBER.fullmatch(text)
    return number[1] if number else text


def small(text):
    return sameness(text)


def several(things, name):
    found = defaultdict(list)
    for thing in things:
        found[name(thing)].append(thing)
    return found


def only(candidates, otherwise):
    if len(candidates) > 1:
        raise NotFound(f"{len(candidates)} {otherwise}")
    return candidates[0]
