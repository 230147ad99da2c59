"""In plain words: where the reviewers of one section differ. No Django."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from mapping.judgement.absences import LABELS


def alike(said):
    """Reviewers by what they say, in the order of the first who says it."""
    groups = {}
    for reviewer, words in said.items():
        groups[words] = (*groups.get(words, ()), reviewer)
    return groups


@dataclass(frozen=True)
class Sentence:
    """Says in plain words where reviewers differ."""

    labels: Mapping
    order: Mapping

    def why(self, state, said, blank_by, partial, is_near):
        if state == "blank":
            return "Nobody answered."
        if state == "single":
            blank = f"; {names(blank_by)} left it blank" if blank_by else ""
            return f"Only {names(tuple(said))} answered{blank}."
        if state == "agrees":
            words = next(iter(said.values()))
            return (
                f"{names(tuple(said))} {self.verb(words, 2)}."
                if words.text == ""
                else "The texts are the same."
            )
        if all(words.codes is not None for words in said.values()):
            return self.about_codes(partial)
        if all(words.text for words in said.values()):
            groups = [names(reviewers) for reviewers in alike(said).values()]
            return f"The texts of {' and of '.join(groups)} differ."
        told = [
            f"{names(reviewers)} {self.verb(words, len(reviewers))}"
            for words, reviewers in alike(said).items()
        ]
        return ", ".join(told) + (": one step apart." if is_near else ".")

    def about_codes(self, partial):
        """Codes with the same givers stand together: "Ben gives Drift and Cost, Cleo does not"."""
        together = {}
        for part in partial:
            together.setdefault((part.given_by, part.not_by), []).append(self.name(part.code))
        told = []
        for (given_by, not_by), codes in together.items():
            gives, does = (
                "gives" if len(given_by) == 1 else "give",
                "does" if len(not_by) == 1 else "do",
            )
            told.append(f"{names(given_by)} {gives} {names(codes)}, {names(not_by)} {does} not")
        return "; ".join(told) + "."

    def verb(self, words, number):
        """What somebody, or several, say: "says not reported", "give 3"."""
        ending = "s" if number == 1 else ""
        if words.absence:
            return f"say{ending} {LABELS[words.absence]}"
        if words.text:
            return "writes a text" if number == 1 else "write the same text"
        if words.codes:
            codes = sorted(words.codes, key=self.order.__getitem__)
            return f"give{ending} {names([self.name(code) for code in codes])}"
        if words.codes is not None or words.value is None:
            return f"give{ending} none of the codes"
        return f"give{ending} {self.name(words.value)}"

    def name(self, value):
        if isinstance(value, Fraction):
            return str(value) if value.denominator == 1 else str(float(value))
        return str(self.labels.get(value, value))


def names(several):
    *most, last = several
    return f"{', '.join(most)} and {last}" if most else str(last)
