"""What a reviewer wrote in free words, as marks of codes: of those there are, else of ones they
propose.
"""

import re
from collections import defaultdict

from mapping.codebook.checks import same_label
from mapping.judgement.values import Evidence, Judgement, Mark
from mapping.models import Code
from mapping.parsers.labels import match_code
from mapping.parsers.lookalikes import visible
from mapping.parsers.template_items import codes_listed_in
from reviews.exchange.importing.answers import LONGEST_PAGE, one_value
from reviews.exchange.importing.finders import LONGEST_LABEL, NotFound

_EXPLAINED = re.compile(r"\s*[:：]\s|\s[-–—]+\s|\s?\((?=[^()]*\)$)")


class CodesOfReviewer:
    """The codes this reviewer may use, and the ones that their words propose."""

    def __init__(self, sections, reviewer):
        self.reviewer = reviewer
        self.usable = defaultdict(list)
        for section in sections:
            self.usable[section.pk] = list(
                Code.objects.usable_by(reviewer, section).order_by("status", "position")
            )

    def labels(self, section):
        return tuple(code.label for code in self.usable[section.pk])

    def marks(self, section, items):
        """A mark for each code that the items name; what several items say of one code stands in
        one mark.
        """
        said = {}
        for item in items:
            for code in self.codes_of(section, item):
                said.setdefault(code, []).append(item)
        return tuple(mark_of(code, items) for code, items in said.items())

    def codes_of(self, section, item):
        """One code, or several where the item lists nothing but codes that there are."""
        found = self.existing(section, item)
        labels = (
            ()
            if found or not section.is_multiple
            else codes_listed_in(item.text, self.labels(section))
        )
        listed = [match_code(label.rstrip(" ."), self.usable[section.pk]) for label in labels]
        return listed or [found or self.proposed(section, item)]

    def existing(self, section, item):
        """The code of the item's words, of the words before a colon or dash in them, or of the page
        they link to.
        """
        for words in [item.text, *leads_of(item), *item.names]:
            code = match_code(words, self.usable[section.pk])
            if code:
                return code
        return None

    def proposed(self, section, item):
        words = item.lead or item.text
        text = visible(words).rstrip(" .,;") or words
        # The quote keeps all of it.
        label = text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"
        usable = self.usable[section.pk]
        code = same_label(label, usable)
        if code is None:
            code = Code.objects.create(
                section=section,
                label=label,
                status=Code.Status.PROPOSED,
                proposed_by=self.reviewer,
                position=Code.objects.filter(section=section).count(),
                reason="Written in a filled-in summary template.",
            )
            usable.append(code)
        return code


def leads_of(item):
    """What may name the code of "Noisy data: sensors drift" or "Noisy data – labels"."""
    found = [item.lead] if item.lead else []
    parts = _EXPLAINED.split(item.text, maxsplit=1)
    return found + (parts[:1] if len(parts) > 1 else [])


def mark_of(code, items):
    """A mark with the items' words as its quote; where they are quoted from the paper, the words
    are its rationale.
    """
    words = list(dict.fromkeys(item.text for item in items))
    quotes = [quote for item in items for quote in item.quotes]
    notes = [note for item in items for note in item.notes]
    if quotes:
        notes = [text for text in words if text.casefold() != code.label.casefold()] + notes
    page = ", ".join(dict.fromkeys(page for item in items for page in item.pages))
    if len(page) > LONGEST_PAGE:
        page, notes = "", [*notes, f"p. {page}"]
    return Mark(code.pk, Evidence("\n".join(quotes or words), page, "\n".join(notes)))


def one_code(section, items, codes):
    """(Judgement, items left) of a section that takes one code. What is left stays in the answer's
    rationale too.
    """
    chosen = next((item for item in items if codes.existing(section, item)), items[0])
    code = codes.existing(section, chosen)
    same = [
        item for item in items if item is chosen or (code and codes.existing(section, item) == code)
    ]
    left = [item for item in items if item not in same]
    evidence = Evidence(rationale="\n".join(text for item in left for text in item.texts))
    return Judgement(marks=codes.marks(section, same), evidence=evidence), left


def single_value(section, items):
    """(Judgement, items left) of a section that takes one value. What is left stays in the
    rationale too.
    """
    value = {}
    try:
        value = one_value(section, items[0].text)
        left = items[1:]
    except NotFound:
        left = items
    evidence = Evidence(rationale="\n".join(item.text for item in left))
    return Judgement(**value, evidence=evidence), left
