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


class Way:
    """One thing to settle on at once, as a radio button."""

    def __init__(self, value, label, basis, option=None, reviewer=None, key=""):
        self.value, self.label, self.basis, self.option = value, label, basis, option
        self.reviewer, self.key = reviewer, key


def ways(said, section, current=None):
    """The options of the comparison, the finding as it stands where there is one, and one's own
    choice.
    """
    found = [Way(KEEP, "leave it as it was settled", "other", key="l")] if current else []
    letters = {voice.label: voice for voice in said.voices}
    for option in said.comparison.options:
        who = [letters[label] for label in option.reviewers]
        if option.name == "adopt":
            value, label = (
                f"take-{who[0].letter}",
                "take " + " = ".join(voice.letter for voice in who),
            )
            if said.comparison.state != "differs":
                label = "what is said"
            key = who[0].letter.lower()
            found.append(
                Way(
                    value,
                    label,
                    option.basis,
                    option,
                    who[0].reviewer,
                    key if key in LETTERS else "",
                )
            )
        else:
            label, key = {
                "union": ("all codes", "u"),
                "common": ("only what all gave", "i"),
                "median": ("the median", "m"),
            }[option.name]
            found.append(Way(option.name, label, option.basis, option, key=key))
    return [*found, Way(OWN, section.kind_of.own, "other", key="o")]


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

    def __init__(self, posted, *, section, said, choices, current=None, went_to=()):
        super().__init__(posted)
        self.section, self.said, self.current = section, said, current
        self.standing = as_of_today(current, went_to) if current else BLANK
        self.ways = ways(said, section, current)
        self.fields["way"].choices = [(way.value, way.label) for way in self.ways]
        given = said.comparison.codes | {*self.standing.codes}
        self.choices = [
            code for code in choices if code.status == Code.Status.ACTIVE or code.pk in given
        ]
        self.fields["codes"].choices = [(code.pk, code.label) for code in self.choices]

    def clean(self):
        facts = super().clean()
        way = next((way for way in self.ways if way.value == facts.get("way")), None)
        if self.said.comparison.state == "differs":
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
            return self.said.comparison.with_evidence(way.option.judgement)
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
        return self.said.comparison.with_evidence(own)

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
