"""What reviewers say of one section, as the acts of settling have it before them. No database."""

from mapping.judgement.values import Judgement, Mark
from mapping.models import Code
from reviews.settling.answers import Compared, Voice, letter_of
from reviews.settling.comparison import ReviewerAnswer, compare

TALENT, DRIFT, COST, OLD = 11, 12, 13, 14
CODES = [
    Code(pk=TALENT, label="Talent"),
    Code(pk=DRIFT, label="Drift"),
    Code(pk=COST, label="Cost"),
    Code(pk=OLD, label="Old", status="retired"),
]
# A decision keeps a code by its number in the study, never by the key that it has here.
NUMBERS = {TALENT: 31, DRIFT: 32, COST: 33, OLD: 34}
KEYS = {number: key for key, number in NUMBERS.items()}


def codes(*given):
    return Judgement(marks=tuple(map(Mark, given)), none_apply=not given)


def reader(number):
    """The user name of the first, second … of the reviewers."""
    return f"reader{number}"


def says(*judgements, kind="codes", numbers=NUMBERS, labels=None, paper=1, section=1):
    """The answers of reviewers 1, 2 … compared; `numbers` are of the codes there are."""
    voices = tuple(
        Voice(letter_of(place), f"Reviewer {place + 1}", place + 1, place + 100, reader(place + 1))
        for place in range(len(judgements))
    )
    answers = [
        ReviewerAnswer(voice.label, judgement)
        for voice, judgement in zip(voices, judgements, strict=True)
    ]
    comparison = compare(kind, answers, sorted(numbers), labels=labels)
    return Compared(paper, section, voices, comparison, numbers)
