"""What a reviewer wrote in free words, as marks of codes: of those there are, else of ones they propose."""

from collections import defaultdict

from mapping.codebook import alike
from mapping.models import Code, Section
from mapping.parsers.labels import match_code
from mapping.parsers.spelling import visible
from reviews.models import Mark

from .answers import number, yes_or_no
from .finders import LONGEST_LABEL, NotFound


class CodesOfReviewer:
    """The codes this reviewer may use, and the ones that their words propose."""

    def __init__(self, sections, reviewer):
        self.reviewer = reviewer
        self.usable = defaultdict(list)
        for section in sections:
            self.usable[section.pk] = list(Code.objects.usable_by(reviewer, section).order_by("status", "position"))

    def mark(self, section, item):
        """A mark with the item's words as its quote."""
        return Mark(code=self.existing(section, item) or self.proposed(section, item), quote=item.text)

    def existing(self, section, item):
        return match_code(item.text, self.usable[section.pk])

    def proposed(self, section, item):
        text = visible(item.text).rstrip(" .,;") or item.text
        # The quote keeps all of it.
        label = text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"
        usable = self.usable[section.pk]
        code = alike(label, usable)
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


def fill_single(answer, section, items, codes):
    """(marks, items left) of a section that takes one code. What is left stays in the answer's rationale too."""
    chosen = next((item for item in items if codes.existing(section, item)), items[0])
    left = [item for item in items if item is not chosen]
    answer.rationale = "\n".join(item.text for item in left)
    return [codes.mark(section, chosen)], left


def fill_text(answer, said):
    answer.text = said.text
    return answer


def fill_value(answer, section, items):
    """Fill a number or a yes/no; returns the items that are neither, which stay in the rationale."""
    try:
        if section.kind == Section.Kind.YES_NO:
            answer.yes_no = yes_or_no(items[0].text, section)
        else:
            answer.number = number(items[0].text, section)
        left = items[1:]
    except NotFound:
        left = items
    answer.rationale = "\n".join(item.text for item in left)
    return left
