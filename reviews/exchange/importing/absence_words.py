"""Words in the place of a value that say why there is none: what each becomes, and that it
is told.
"""

from collections import Counter

from mapping.judgement.absences import MEANINGS
from mapping.parsers.absences import AMBIGUOUS, read_absence
from mapping.parsers.lookalikes import visible
from reviews.exchange.importing.finders import NotFound


class AbsenceWords:
    """Turns the words of rows into absences. What the caller has said they mean was read before; it
    is told too.
    """

    def __init__(self, codes):
        self.codes = codes
        self.counts = Counter()

    def __call__(self, row, section, reviewer):
        """Give the row its absence; NotFound where nobody can tell which one is meant.

        A code of the section with just that label is meant, whatever it says. What somebody wrote
        in their own words stays as it is; elsewhere such a word can be no answer.
        """
        if (
            row.value
            and not section.kind_of.is_prose
            and not self.codes.existing(section, row.value, reviewer)
        ):
            absence = read_absence(row.value)
            if absence == AMBIGUOUS and section.has_codes:
                raise NotFound(could_mean_several(visible(row.value), section))
            # Of a number, or yes or no, its own reader says what is wrong with a word like that.
            if absence and absence != AMBIGUOUS:
                row.word, row.value, row.absence = row.value, "", absence
        if row.word:
            self.counts[visible(row.word), row.absence, str(section)] += 1

    def told(self):
        """`[{word, absence, meaning, section, rows}]`, as often as they stand in the file."""
        return [
            {
                "word": word,
                "absence": absence,
                "meaning": MEANINGS[absence],
                "section": section,
                "rows": rows,
            }
            for (word, absence, section), rows in self.counts.most_common()
        ]


def could_mean_several(word, section):
    return (
        f"“{word}” (“{section}”) is no code, and could mean several things: say which, as an "
        f"absence ({word}=unclear; the absences are {', '.join(MEANINGS)}), or add it to the "
        "codebook first"
    )
