"""What the team settles on for one section, as a plain value, and what everybody had said when they
did.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.crypto import salted_hmac

from mapping.models import Code, Judgement
from reviews.judgement.checks import misfits
from reviews.judgement.content import Content, MarkContent, as_number


@dataclass(frozen=True)
class Settled:
    """`codes` are primary keys. All empty is a blank, which nobody can settle on."""

    codes: tuple = ()
    absence: str = ""
    none_apply: bool = False
    text: str = ""
    number: Decimal | None = None
    yes_no: bool | None = None
    quotes: dict = field(default_factory=dict)  # code: (quote, page, rationale)

    @classmethod
    def by(cls, option, section, comparison=None):
        """From an option of the comparison."""
        if option.absence:
            return cls(absence=option.absence).with_evidence(comparison)
        kind = section.kind_of
        if kind.has_codes:
            codes = option.codes or ((option.value,) if option.value else ())
            found = cls(codes=tuple(codes), none_apply=not codes)
        else:
            found = cls(**{kind.field: option.text if kind.is_prose else option.value})
        return found.with_evidence(comparison)

    def with_evidence(self, comparison):
        """The quotes of those whose codes these are."""
        quotes = (
            {code: best_evidence(comparison, code) for code in self.codes} if comparison else {}
        )
        return replace(
            self, quotes={code: evidence for code, evidence in quotes.items() if any(evidence)}
        )

    @property
    def judgement(self):
        """What is said, without the evidence: equal for two that say the same."""
        return (
            frozenset(self.codes),
            self.absence,
            self.none_apply,
            self.text,
            self.number,
            self.yes_no,
        )

    def as_json(self):
        values = asdict(self)
        values["number"] = None if self.number is None else str(self.number)
        values["quotes"] = [[code, *evidence] for code, evidence in self.quotes.items()]
        return values

    @classmethod
    def from_json(cls, values, went_to=()):
        """`went_to` says where codes that were merged since have gone."""
        went_to, number = dict(went_to), values["number"]
        quotes = {}
        for code, *evidence in values["quotes"]:
            quotes.setdefault(went_to.get(code, code), tuple(evidence))
        return cls(
            codes=tuple(dict.fromkeys(went_to.get(code, code) for code in values["codes"])),
            absence=values["absence"],
            none_apply=values["none_apply"],
            text=values["text"],
            number=None if number is None else Decimal(number),
            yes_no=values["yes_no"],
            quotes=quotes,
        )


def best_evidence(comparison, code):
    """The longest quote given for a code carries the finding; all of them stay with their
    summaries.
    """
    marks = [mark for _, mark in comparison.evidence(code)]
    best = max(
        marks, key=lambda mark: (len(mark.quote), len(mark.page), len(mark.rationale)), default=None
    )
    return (best.quote, best.page, best.rationale) if best else ("", "", "")


def as_of_today(resolution, went_to):
    """What a decision says now that some of its codes were merged: `went_to` is `merged_codes` of
    its study.
    """
    return Settled.from_json(resolution.content["settled"], went_to)


def in_words(settled, labels):
    """What is said, to read; `labels` says how codes are called."""
    if settled.absence:
        return Judgement.Absence(settled.absence).label
    if settled.codes:
        return ", ".join(labels.get(code, "a code of the past") for code in settled.codes)
    if settled.number is not None:
        return str(as_number(settled.number))
    if settled.yes_no is not None:
        return "yes" if settled.yes_no else "no"
    return settled.text or "none of the codes"


def check_settled(section, settled, comparison, standing=None):
    """ValidationError unless this can be said of the section: codes in use, given by somebody, or
    `standing`.
    """
    content = Content(
        absence=settled.absence,
        none_apply=settled.none_apply,
        text=settled.text,
        number=settled.number,
        yes_no=settled.yes_no,
        marks=tuple(MarkContent(code) for code in settled.codes),
    )
    if content.is_blank:
        raise ValidationError(f"{section}: say what you settle on. Nothing at all is no answer.")
    refusals = list(misfits(section, content))
    given = {mark.code for answer in comparison.answers for mark in answer.marks}
    given.update(standing.codes if standing else ())
    usable = set(
        Code.objects.usable_in(section).filter(pk__in=settled.codes).values_list("pk", flat=True)
    )
    if set(settled.codes) - given - usable:
        refusals.append(f"{section}: a code that was chosen is not in use here.")
    if refusals:
        raise ValidationError(refusals)


def basis_of(settled, asked, section, comparison):
    """The basis that is true of what was settled: the one asked for where an option says so, else
    "other".
    """
    fitting = [
        option
        for option in comparison.options
        if option.basis == asked and Settled.by(option, section).judgement == settled.judgement
    ]
    return asked if fitting else "other"


def merged_codes(study):
    """`{code: where it went}` of all merges, chains followed to their end."""
    went_to = dict(
        Code.objects.filter(section__study=study, merged_into__isnull=False).values_list(
            "pk", "merged_into"
        )
    )
    return {code: end_of(code, went_to) for code in went_to}


def end_of(code, went_to):
    passed = {code}
    while went_to.get(code) and went_to[code] not in passed:
        code = went_to[code]
        passed.add(code)
    return code


def what_was_said(said):
    """Every reviewer's answer as it stood at the decision, by primary key of the reviewer."""
    return {
        str(voice.reviewer): {
            "codes": [mark.code for mark in answer.marks],
            "absence": answer.absence,
            "text": answer.text,
            "value": None if answer.value is None else str(answer.value),
            "is_blank": answer.is_blank,
        }
        for voice, answer in zip(said.voices, said.comparison.answers, strict=True)
    }


def heard(words, went_to=()):
    """What was said, reduced to what counts: blanks, merges and the order of codes aside."""
    went_to = dict(went_to)
    return {
        reviewer: (
            tuple(sorted({went_to.get(code, code) for code in answer["codes"]})),
            answer["absence"],
            " ".join(answer["text"].split()),
            as_plain(answer["value"]),
        )
        for reviewer, answer in words.items()
        if not answer["is_blank"]
    }


def as_plain(value):
    """3, 3.0 and 3.000000 are the same number, from the database or from a record."""
    return value if value in {None, "True", "False"} else str(Decimal(value).normalize())


def as_settled(words):
    """What one reviewer had said, by a record of `what_was_said`, as a value that can be put in
    words.
    """
    value, truths = words["value"], {"True": True, "False": False}
    return Settled(
        codes=tuple(words["codes"]),
        absence=words["absence"],
        text=words["text"],
        number=None if value is None or value in truths else Decimal(value),
        yes_no=truths.get(value),
    )


def changed_since(resolution, said, went_to=()):
    """`{reviewer: what they had said}` of those who say something else now; None for a blank, or
    nothing at all.
    """
    before = resolution.content.get("said", {})
    then, now = heard(before, went_to), heard(what_was_said(said), went_to)
    return {
        int(reviewer): as_settled(before[reviewer]) if reviewer in then else None
        for reviewer in {**then, **now}
        if then.get(reviewer) != now.get(reviewer)
    }


def has_changed(resolution, said, went_to=()):
    """Whether somebody says something else now than when this was decided."""
    return heard(resolution.content.get("said", {}), went_to) != heard(what_was_said(said), went_to)


def is_late(resolution, said, section, went_to=()):
    """Whether answers that came after the decision ask for a second look; those that only confirm
    it do not.
    """
    if not has_changed(resolution, said, went_to):
        return False
    settled = Settled.from_json(resolution.content["settled"], went_to)
    options = said.comparison.options if said.comparison.settles_itself else ()
    return not any(Settled.by(option, section).judgement == settled.judgement for option in options)


def digest(said):
    """Names what somebody had before them, so that a decision on anything else can be refused."""
    words = json.dumps(sorted(heard(what_was_said(said)).items()))
    # With the server's secret: who guesses who said what must not find it confirmed here.
    return salted_hmac("settled.digest", words).hexdigest()[:16]
