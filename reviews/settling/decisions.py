"""What the team settles on for one section, a Judgement, and what everybody had said when they
did.
"""

import json
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.crypto import salted_hmac

from mapping.judgement.stored import from_record, record_of, settled_as_json, settled_from_json
from mapping.judgement.values import Judgement, as_number
from mapping.models import Code, JudgementFields
from reviews.judgement.checks import misfits
from reviews.models import Resolution
from reviews.settling.comparison import plain


def as_of_today(resolution, went_to):
    """What a decision says now that some of its codes were merged: `went_to` is `codes_of_today` of
    its study.
    """
    return settled_from_json(resolution.content["settled"], went_to)


def in_words(settled, labels):
    """What is said, to read; `labels` says how codes are called."""
    if settled.absence:
        return JudgementFields.Absence(settled.absence).label
    if settled.codes:
        return ", ".join(labels.get(code, "a code of the past") for code in settled.codes)
    if settled.number is not None:
        return str(as_number(settled.number))
    if settled.yes_no is not None:
        return "yes" if settled.yes_no else "no"
    return settled.text or "none of the codes"


def checked_settled(section, settled, comparison, standing=None):
    """What is settled, as the database holds it; ValidationError unless it can be said of the
    section: codes in use, given by somebody, or `standing`.
    """
    settled = as_kept(settled)
    if settled.is_blank:
        raise ValidationError(f"{section}: say what you settle on. Nothing at all is no answer.")
    refusals = list(misfits(section, settled))
    given = comparison.codes.union(standing.codes if standing else ())
    usable = set(
        Code.objects.usable_in(section).filter(pk__in=settled.codes).values_list("pk", flat=True)
    )
    if set(settled.codes) - given - usable:
        refusals.append(f"{section}: a code that was chosen is not in use here.")
    if refusals:
        raise ValidationError(refusals)
    return settled


def basis_of(settled, asked, answers, adopted_from=None):
    """The basis that is true of what was settled: the one asked for where an option says so, else
    "other". Adopted is only what `adopted_from` said.
    """
    labels = {voice.reviewer: voice.label for voice in answers.voices}
    adopted = labels.get(adopted_from and adopted_from.pk)
    fitting = [
        option
        for option in answers.comparison.options
        if option.basis == asked
        and option.judgement.says_the_same(settled)
        and (asked != Resolution.Basis.ADOPTED or adopted in option.reviewers)
    ]
    return asked if fitting else "other"


def as_kept(settled):
    """A judgement as the database holds it; ValidationError for a number that no column takes."""
    try:
        return Judgement.of(settled)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def codes_of_today(study):
    """`{number: primary key of what the code is today}`, chains of merges followed to their end."""
    codes = Code.objects.filter(section__study=study).values_list("number", "pk", "merged_into")
    codes = list(codes.order_by())
    went_to = {pk: into for _, pk, into in codes if into}
    return {number: end_of(pk, went_to) for number, pk, _ in codes}


def end_of(code, went_to):
    passed = {code}
    while went_to.get(code) and went_to[code] not in passed:
        code = went_to[code]
        passed.add(code)
    return code


def what_was_said(answers):
    """Every reviewer's answer as it stood at the decision, by their user name."""
    return {
        voice.username: record_of(answer.judgement.with_codes(answers.numbers))
        for voice, answer in zip(answers.voices, answers.comparison.answers, strict=True)
    }


def codes_in(answers):
    """`{number: primary key}` of the codes as they are."""
    return {number: pk for pk, number in answers.numbers.items()}


def content_of(settled, answers, replaces=None):
    """What a Resolution keeps; `replaces` is the decision that it takes the place of."""
    return {
        "settled": settled_as_json(settled.with_codes(answers.numbers)),
        "said": what_was_said(answers),
        "replaces": replaces and replaces.decided_at.isoformat(),
    }


def heard(answers_kept, went_to=()):
    """What was said, reduced to what counts: blanks, merges and the order of codes aside."""
    went_to = dict(went_to)
    return {
        reviewer: (
            tuple(sorted({went_to.get(code, code) for code in answer["codes"]})),
            answer["absence"],
            plain(answer["text"]),
            as_plain(answer["value"]),
        )
        for reviewer, answer in answers_kept.items()
        if not answer["is_blank"]
    }


def as_plain(value):
    """3, 3.0 and 3.000000 are the same number, from the database or from a record."""
    return value if value in {None, "True", "False"} else str(Decimal(value).normalize())


def changed_since(resolution, answers, went_to=()):
    """`{user name: what they had said}` of those who say something else now; None for a blank, or
    nothing at all.
    """
    before, codes = resolution.content.get("said", {}), codes_in(answers)
    then, now = heard(before, went_to), heard(what_was_said(answers), went_to)
    return {
        reviewer: from_record(before[reviewer]).with_codes(codes) if reviewer in then else None
        for reviewer in {**then, **now}
        if then.get(reviewer) != now.get(reviewer)
    }


def has_changed(resolution, answers, went_to=()):
    """Whether somebody says something else now than when this was decided."""
    return heard(resolution.content.get("said", {}), went_to) != heard(
        what_was_said(answers), went_to
    )


def is_late(resolution, answers, went_to=()):
    """Whether answers that came after the decision ask for a second look; those that only confirm
    it do not.
    """
    if not has_changed(resolution, answers, went_to):
        return False
    settled = as_of_today(resolution, went_to or codes_in(answers))
    options = answers.comparison.options if answers.comparison.settles_itself else ()
    return not any(option.judgement.says_the_same(settled) for option in options)


def digest(answers):
    """Names what somebody had before them, so that a decision on anything else can be refused."""
    spoken = json.dumps(sorted(heard(what_was_said(answers)).items()))
    # With the server's secret: who guesses who said what must not find it confirmed here.
    return salted_hmac("settled.digest", spoken).hexdigest()[:16]
