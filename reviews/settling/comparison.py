"""The submitted summaries of one paper side by side, one section at a time. No Django: plain values
in and out.

What a reviewer says of a section is one of: codes (possibly none of them: an empty set is a
judgement), a value, a text, or an absence. A blank is none of these: nothing was said, and whoever
left it blank has no part in agreeing or differing.
"""

import unicodedata
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

from mapping.judgement import absences
from mapping.judgement.kinds import KINDS
from mapping.judgement.values import Evidence, Judgement, Mark
from reviews.settling.differences_in_words import Sentence, alike
from reviews.settling.options import Option, options, value_given
from reviews.settling.word_diff import word_diff

__all__ = [
    "Comparison",
    "Option",
    "Partial",
    "ReviewerAnswer",
    "compare",
    "text_differences",
    "word_diff",
]

# Where texts differ only a person can say how much: they come after every difference of codes that
# is worth a look.
TEXT_SEVERITY = 0.1


class ReviewerAnswer(NamedTuple):
    """What one reviewer says of one section."""

    reviewer: str
    judgement: Judgement


@dataclass(frozen=True)
class Partial:
    """A code that some gave and others, who answered too, did not."""

    code: Hashable
    given_by: tuple[str, ...]
    not_by: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Comparison:
    """What the reviewers of one paper say of one section, and what may be made of it.

    `answered` maps those who answered to what they say. What follows from it is worked out when it
    is asked for: most comparisons of a study agree, and then their state is all that anybody wants
    to know.
    """

    kind: str
    answers: tuple[ReviewerAnswer, ...]
    answered: Mapping
    blank_by: tuple[str, ...]
    categories: Sequence
    labels: Mapping
    text_severity: float

    @cached_property
    def state(self):
        """agrees, differs, single (only one answered) or blank (nobody did)."""
        if len(self.answered) < 2:
            return ("blank", "single")[len(self.answered)]
        return "differs" if len(set(self.answered.values())) > 1 else "agrees"

    @property
    def answered_by(self):
        return tuple(self.answered)

    @property
    def settles_itself(self):
        """Unanimous answers need no decision, equal absences and equal texts included."""
        return self.state == "agrees"

    @cached_property
    def severity(self):
        """From 0 (same) to 1."""
        if self.state != "differs":
            return 0.0
        apart = [
            distance(self.kind, one, other, self.categories, self.text_severity)
            for one, other in combinations(self.answered.values(), 2)
        ]
        return float(sum(apart) / len(apart))

    @cached_property
    def near_miss(self):
        return is_near_miss(self.kind, self.answered, self.categories)

    @cached_property
    def one_against_the_rest(self):
        """The one of three or more who differs from all others, who agree."""
        return odd_one_out(self.answered)

    @cached_property
    def order(self):
        return code_order(self.answers, self.categories)

    @cached_property
    def shared(self):
        return shared_and_partial(self.answered, self.order)

    @property
    def common(self):
        return self.shared[0]

    @property
    def partial(self):
        """The codes that only some gave, as `Partial`."""
        return self.shared[1]

    @cached_property
    def options(self):
        return options(
            self.kind, self.state, self.answered, self.answers, self.order, self.categories
        )

    @cached_property
    def why(self):
        sentence = Sentence(self.labels, self.order)
        return sentence.why(self.state, self.answered, self.blank_by, self.partial, self.near_miss)

    def only(self, reviewer):
        """The codes which this reviewer alone gave."""
        return tuple(part.code for part in self.partial if part.given_by == (reviewer,))

    @property
    def codes(self) -> set[Hashable]:
        """All that anybody marked."""
        return {mark.code for answer in self.answers for mark in answer.judgement.marks}

    def evidence(self, code: Hashable) -> list[tuple[str, Evidence]]:
        """Who marked the code, and how: a list of (reviewer, evidence)."""
        return [
            (answer.reviewer, mark.evidence)
            for answer in self.answers
            for mark in answer.judgement.marks
            if mark.code == code
        ]

    def with_evidence(self, judgement: Judgement) -> Judgement:
        """The longest quote given for a code carries the finding; all of them stay with their
        summaries.
        """
        marks = [Mark(mark.code, longest(self.evidence(mark.code))) for mark in judgement.marks]
        return replace(judgement, marks=tuple(marks))


@dataclass(frozen=True)
class PlainAnswer:
    """An answer reduced to what is compared. Two of them are equal when their reviewers say the
    same.
    """

    absence: str = ""
    codes: frozenset | None = None
    value: Hashable = None
    text: str = ""


def longest(given: list[tuple[str, Evidence]]) -> Evidence:
    proofs = (evidence for _, evidence in given)
    return max(proofs, key=lambda proof: [*map(len, proof.as_list())], default=Evidence())


def compare(
    kind,
    answers: Iterable[ReviewerAnswer],
    categories=None,
    *,
    labels: Mapping | None = None,
    text_severity=TEXT_SEVERITY,
):
    """The comparison of one section over its reviewers.

    `categories` are the codes in codebook order or the stages in scale order, `labels` how the
    sentence calls them (else as they are). ValueError for an unknown kind or absence, and for a
    reviewer who answers twice.
    """
    answers = tuple(answers)
    check(kind, answers)
    said = {answer.reviewer: what_is_said(kind, answer.judgement) for answer in answers}
    return Comparison(
        kind=kind,
        answers=answers,
        answered={reviewer: answer for reviewer, answer in said.items() if answer is not None},
        blank_by=tuple(reviewer for reviewer, answer in said.items() if answer is None),
        categories=list(categories or ()),
        labels=labels or {},
        text_severity=text_severity,
    )


def text_differences(answers, base):
    """Word by word, what each other reviewer's text has that the base reviewer's has not:
    {reviewer: segments}.
    """
    texts = {
        answer.reviewer: answer.judgement.text
        for answer in answers
        if not answer.judgement.is_blank and not answer.judgement.absence
    }
    return {
        reviewer: word_diff(texts[base], text)
        for reviewer, text in texts.items()
        if reviewer != base
    }


def check(kind, answers):
    if kind not in KINDS:
        raise ValueError(f"There is no kind of section called {kind!r}.")
    reviewers = [answer.reviewer for answer in answers]
    if len(set(reviewers)) < len(reviewers):
        raise ValueError("A reviewer has one answer per section.")
    for _, judgement in answers:
        if judgement.absence and judgement.absence not in absences.NAMES:
            raise ValueError(f"There is no absence called {judgement.absence!r}.")


def what_is_said(kind, judgement):
    """The answer as compared, None for a blank."""
    if judgement.is_blank:
        return None
    if judgement.absence:
        return PlainAnswer(absence=judgement.absence)
    kind = KINDS[kind]
    if kind.is_multiple:
        return PlainAnswer(codes=frozenset(mark.code for mark in judgement.marks))
    if kind.is_prose:
        text = plain(judgement.text)
        return PlainAnswer(text=text) if text else None
    value = value_given(kind, judgement)
    if value is None:
        return PlainAnswer(value=None) if kind.has_codes else None
    return PlainAnswer(value=kind.compared(value))


def plain(text):
    return " ".join(unicodedata.normalize("NFC", text).split())


def distance(kind, one, other, categories, text_severity):
    """How far two answers are apart, from 0 to 1 and 0 only for the same. Absences have no place on
    a scale.
    """
    kind = KINDS[kind]
    if one == other:
        return 0
    if kind.is_prose:
        return text_severity
    if kind.is_multiple:
        return masi_distance(labels_of(one), labels_of(other))
    if one.absence or other.absence:
        return 1
    return kind.distance(one.value, other.value, categories)


def labels_of(said):
    """The codes as a set in which an absence is a label of its own."""
    return {(said.absence,)} if said.absence else {(True, code) for code in said.codes}


def masi_distance(one, other):
    """1 - Jaccard x monotonicity (Passonneau 2006), as in the agreement statistics."""
    if not one and not other:
        return 0
    shared = len(one & other)
    if one == other:
        alike = 1
    elif one <= other or other <= one:
        alike = 2 / 3
    else:
        alike = 1 / 3
    return 1 - shared / len(one | other) * alike


def code_order(answers, categories):
    """Place of every code: as in the codebook, then as the answers name them."""
    named = [mark.code for answer in answers for mark in answer.judgement.marks]
    return {code: place for place, code in enumerate(dict.fromkeys([*categories, *named]))}


def shared_and_partial(said, order):
    """The codes that all gave, and those that only some gave, each in codebook order."""
    sets = {reviewer: answer.codes or frozenset() for reviewer, answer in said.items()}
    common, partial = [], []
    for code in order:
        given_by = tuple(reviewer for reviewer, codes in sets.items() if code in codes)
        not_by = tuple(reviewer for reviewer in sets if reviewer not in given_by)
        if given_by and not not_by:
            common.append(code)
        elif given_by:
            partial.append(Partial(code, given_by, not_by))
    return tuple(common), tuple(partial)


def is_near_miss(kind, said, categories):
    """Whether all stand on the scale, at two neighbouring stages."""
    if not KINDS[kind].is_scale or any(answer.value not in categories for answer in said.values()):
        return False
    places = {categories.index(answer.value) for answer in said.values()}
    return len(places) == 2 and max(places) - min(places) == 1


def odd_one_out(said):
    groups = alike(said)
    if len(said) < 3 or len(groups) != 2:
        return None
    alone = [reviewers for reviewers in groups.values() if len(reviewers) == 1]
    return alone[0][0] if alone else None
