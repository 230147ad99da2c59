"""What a decider posts about one section of one paper."""

from django import forms

from mapping.judgement.values import BLANK, Judgement, Mark
from mapping.models import Code, JudgementFields
from mapping.parsers.lengths import PROSE
from mapping.site.fields import LongTextField
from mapping.site.numbers import LARGEST_KEY, WholeNumberField
from reviews.models import Resolution
from reviews.settling.decisions import as_of_today

OWN = "own"
KEEP = "keep"
# Readers whose letter is a key; the letters after these walk about the page, or choose something
# else.
LETTERS = frozenset("abcdefgh")
# What several answers make together: what it is called, and its key.
COMBINED = {
    "union": ("all codes", "u"),
    "common": ("only what all gave", "i"),
    "median": ("the median", "m"),
}


class Way:
    """One thing to settle on at once, as a radio button."""

    def __init__(self, value, label, basis, option=None, reviewer=None, key=""):
        self.value, self.label, self.basis, self.option = value, label, basis, option
        self.reviewer, self.key = reviewer, key


def ways(compared_answers, section, current=None):
    """The options of the comparison, the finding as it stands where there is one, and one's own
    choice.
    """
    state = compared_answers.comparison.state
    voices = {voice.label: voice for voice in compared_answers.voices}
    offered = [Way(KEEP, "leave it as it was settled", "other", key="l")] if current else []
    for option in compared_answers.comparison.options:
        if option.name == "adopt":
            offered.append(way_to_adopt(option, [voices[name] for name in option.reviewers], state))
        else:
            label, key = COMBINED[option.name]
            offered.append(Way(option.name, label, option.basis, option, key=key))
    return [*offered, Way(OWN, section.kind_of.own, "other", key="o")]


def way_to_adopt(option, givers, state):
    """To take what these reviewers said; the first of them stands for all."""
    first = givers[0]
    taken = "take " + " = ".join(voice.letter for voice in givers)
    return Way(
        f"take-{first.letter}",
        taken if state == "differs" else "what is said",
        option.basis,
        option,
        first.reviewer,
        key=first.letter.lower() if first.letter.lower() in LETTERS else "",
    )


class SettleForm(forms.Form):
    """`choices` are the section's codes, in order. Once valid there are `settled`, `basis` and
    `adopted_from`.
    """

    way = forms.ChoiceField(choices=(), error_messages={"required": "Choose what to settle on."})
    codes = forms.TypedMultipleChoiceField(choices=(), coerce=int, required=False)
    absence = forms.ChoiceField(
        choices=[("", "none of these"), *JudgementFields.Absence.choices], required=False
    )
    none_apply = forms.BooleanField(required=False)
    text = LongTextField(longest=PROSE, required=False)
    number = forms.DecimalField(required=False, max_digits=20, decimal_places=6)
    yes_no = forms.TypedChoiceField(
        choices=[("", ""), ("yes", "yes"), ("no", "no")],
        coerce=lambda word: word == "yes",
        empty_value=None,
        required=False,
    )
    cause = forms.ChoiceField(choices=[("", "choose …"), *Resolution.Cause.choices], required=False)
    rationale = LongTextField(longest=PROSE, required=False)
    seen = WholeNumberField(required=False, max_value=LARGEST_KEY)
    answers = forms.CharField(required=False)

    def __init__(self, posted, *, section, compared_answers, choices, current=None, went_to=()):
        super().__init__(posted)
        self.section, self.compared_answers, self.current = section, compared_answers, current
        self.standing = as_of_today(current, went_to) if current else BLANK
        self.ways = ways(compared_answers, section, current)
        self.fields["way"].choices = [(way.value, way.label) for way in self.ways]
        given = compared_answers.comparison.codes | {*self.standing.codes}
        self.choices = [
            code for code in choices if code.status == Code.Status.ACTIVE or code.pk in given
        ]
        self.fields["codes"].choices = [(code.pk, code.label) for code in self.choices]

    def clean(self):
        facts = super().clean()
        way = next((way for way in self.ways if way.value == facts.get("way")), None)
        if self.compared_answers.comparison.state == "differs":
            if not facts.get("cause"):
                self.add_error("cause", "What caused the difference?")
            if not facts.get("rationale"):
                self.add_error("rationale", "Why do you settle it so?")
        if way and not self.errors:
            self.basis, self.adopted_from = (
                way.basis,
                way.reviewer if way.basis == "adopted" else None,
            )
            self.settled = self.settled_on(way, facts)
        return facts

    def settled_on(self, way, facts):
        if way.value == KEEP:
            return self.standing
        if way.option:
            return self.compared_answers.comparison.with_evidence(way.option.judgement)
        if facts["absence"]:
            return Judgement(absence=facts["absence"])
        codes = tuple(facts["codes"])
        none_apply = facts["none_apply"] or (self.section.is_multiple and not codes)
        kind = self.section.kind_of
        own = (
            Judgement(marks=tuple(map(Mark, codes)), none_apply=bool(none_apply and not codes))
            if kind.has_codes
            else Judgement(**{kind.field: facts[kind.field]})
        )
        return self.compared_answers.comparison.with_evidence(own)

    @property
    def own_value(self):
        """The field for a value of one's own, where the section takes no codes."""
        return self[self.section.kind_of.field]


class DeferForm(forms.Form):
    note = forms.CharField(required=False, strip=True, max_length=2000)


class RemarkForm(forms.Form):
    text = LongTextField(
        longest=10_000,
        error_messages={"required": "A remark needs a word or two."},
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class LookForm(forms.Form):
    reason = forms.CharField(
        label="Why you look before your own answers are in",
        max_length=2000,
        strip=True,
        error_messages={"required": "Say why: it stays in the study's log."},
    )
