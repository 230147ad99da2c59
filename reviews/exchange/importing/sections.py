"""Which section of the template a row of a codings file speaks of, and which kind a new one
gets.
"""

from collections import Counter, defaultdict

from django.utils.text import slugify

from mapping.models import Phase, Section
from mapping.parsers.keys import unique_key
from reviews.exchange.importing.finders import LONGEST_LABEL, NotFound, only, several, small


class SectionFinder:
    """By key, else by label. A template given first decides the kind; a new section takes it from
    its rows.
    """

    def __init__(self, study, rows, *, may_create):
        self.study, self.may_create = study, may_create
        self.made, self.made_phases, self.notes = [], [], []
        sections = list(Section.objects.filter(study=study).select_related("phase"))
        self.keys = {section.key for section in sections}
        # Keys that differ only in case can be told apart by their exact spelling.
        self.by_exact_key = {section.key: section for section in sections}
        self.by_key = several(sections, lambda section: small(section.key))
        self.by_label = several(sections, lambda section: small(section.label))
        self.phases = list(Phase.objects.filter(study=study))
        self.rows = defaultdict(list)
        for row in rows:
            self.rows[small(row.section)].append(row)

    def __call__(self, row):
        section = self.find(row)
        if row.phase and row.phase not in {section.phase.key, section.phase.name}:
            self.phase(row)
            raise NotFound(
                f"the section “{section}” belongs to the phase {section.phase.key}, not to "
                f"{row.phase}"
            )
        return section

    def find(self, row):
        if row.section in self.by_exact_key:
            return self.by_exact_key[row.section]
        name = small(row.section)
        for found in (self.by_key.get(name), self.by_label.get(name)):
            if found:
                return only(found, f"sections are called “{row.section}”: give the key")
        if not self.may_create:
            raise NotFound(f"the template has no section “{row.section}”")
        return self.make(row, name)

    def make(self, row, name):
        longest = Section._meta.get_field("label").max_length
        if len(row.section) > longest:
            raise NotFound(
                f"the name of a section has at most {longest} characters: “{row.section[:40]}…” "
                "has more"
            )
        limit = Section._meta.get_field("key").max_length
        wanted = (row.section if slug_already(row.section) else slugify(row.section) or "section")[
            : limit - 4
        ]
        key = unique_key(wanted, self.keys)
        section = Section(
            study=self.study,
            phase=self.phase(row),
            key=key,
            label=row.section,
            kind=self.kind_of(name),
            position=len(self.keys),
        )
        self.keys.add(key)
        self.by_exact_key[key] = section
        self.by_key[name].append(section)
        self.made.append(section)
        return section

    def phase(self, row):
        """The phase a row names, else the first coding phase."""
        if row.phase:
            found = [phase for phase in self.phases if row.phase in {phase.key, phase.name}]
            if not found:
                known = ", ".join(phase.key for phase in self.phases)
                raise NotFound(f"the template has no phase “{row.phase}”; its phases are {known}")
            return found[0]
        coding = [phase for phase in self.phases if phase.kind == Phase.Kind.CODING]
        if coding:
            return coding[0]
        phase = Phase(study=self.study, key="coding", name="Coding", position=len(self.phases))
        self.phases.append(phase)
        self.made_phases.append(phase)
        return phase

    def kind_of(self, name):
        rows = self.rows[name]
        declared = {row.kind for row in rows} & set(Section.Kind.values)
        if len(declared) == 1:
            return declared.pop()
        longest = max(rows, key=lambda row: len(row.value))
        if len(longest.value) > LONGEST_LABEL:
            self.notes.append(
                f"The section “{longest.section}” became a text: line {longest.line} has "
                f"{len(longest.value)} characters, and a code at most {LONGEST_LABEL}."
            )
            return Section.Kind.TEXT
        values = Counter(
            (small(row.paper), small(row.reviewer), row.round, row.revision)
            for row in rows
            if row.value
        )
        return Section.Kind.CODES if values and max(values.values()) > 1 else Section.Kind.CODE


def slug_already(text):
    """Keys of spreadsheets, `software_used`, stay as they are."""
    return bool(text) and all(
        character.isascii() and (character.isalnum() or character in "-_") for character in text
    )
