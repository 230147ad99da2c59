"""The forms of template and settings. A refused act, or one that met somebody else's, is said in
the form.
"""

from django import forms
from django.core.exceptions import ValidationError

from mapping.models import Phase, ResearchQuestion, Section, Study
from mapping.protocol.coefficients import choices_for
from mapping.site.fields import LabelField, LongTextField
from reviews.codebook import declare, phases, study_settings, template


class ActForm(forms.Form):
    """A form around one act. `seen` names what the writer had before them."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    conflict = None

    def perform(self, act, **facts):
        """Call the act; what it refuses becomes an error here. Returns its outcome, or None."""
        try:
            return act(**facts)
        except ValidationError as error:
            self.show_refusal(error)
        except template.ChangedMeanwhile as met:
            self.show_conflict(met)
        return None

    def show_refusal(self, error):
        """Beside its field, where this form has the field that the act speaks of."""
        by_field = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        for name, messages in by_field.items():
            self.add_error(name if name in self.fields else None, messages)

    @property
    def is_done(self):
        """Whether the act went through; it may have had nothing to do."""
        return not self.errors and self.conflict is None

    def facts(self):
        return {name: value for name, value in self.cleaned_data.items() if name != "seen"}

    def show_conflict(self, met):
        theirs = self.facts_of(met.now)
        self.conflict = {
            "by": met.by,
            "at": met.at,
            "fields": [
                {
                    "label": self[name].label,
                    "theirs": self.in_words(name, theirs[name]),
                    "yours": self.in_words(name, value),
                }
                for name, value in self.facts().items()
                if name in theirs and theirs[name] != value
            ],
        }
        # Whoever saves again has seen the other's version.
        self.data = self.data.copy()
        self.data[self.add_prefix("seen")] = self.token_of(met.now)

    def in_words(self, name, value):
        if isinstance(value, bool):
            return "yes" if value else "no"
        choices = dict(getattr(self.fields[name], "choices", ())) if isinstance(value, str) else {}
        return choices.get(value) or ("" if value is None else value)


class SectionForm(ActForm):
    label = LabelField(max_length=200, help_text="How reviewers see it: “Challenges”.")
    kind = forms.ChoiceField(
        choices=Section.Kind.choices,
        help_text="What an answer is. It stays as it is once there are answers.",
    )
    phase = forms.ModelChoiceField(queryset=None, empty_label=None)
    research_question = forms.ModelChoiceField(
        queryset=None,
        required=False,
        empty_label="none",
        help_text="Groups the sections of the form.",
    )
    help = LongTextField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Shown beside the field.",
    )
    is_required = forms.BooleanField(
        required=False, label="Required: a summary cannot be submitted without it"
    )
    asks_confidence = forms.BooleanField(
        required=False, label="Ask reviewers how sure they are (1 to 5)"
    )
    key = forms.SlugField(
        required=False,
        max_length=60,
        help_text="Names the section in files. Made from the label when left empty.",
    )

    def __init__(self, posted, *, study, section=None, phase=None):
        self.section = section
        initial = {"phase": phase, "kind": Section.Kind.CODES}
        if section:
            initial = {**self.facts_of(section), "seen": template.section_token(section)}
        super().__init__(posted, initial=initial)
        self.fields["phase"].queryset = study.phases.all()
        self.fields["research_question"].queryset = study.research_questions.all()
        if section and section.has_answers:
            for name in ("kind", "phase"):
                self.fields[name].disabled = True
                self.fields[name].help_text = "Fixed: this section has answers."
        if section and section.is_used:
            self.fields["key"].disabled = True
            self.fields["key"].help_text = "Fixed: files name the section by it."

    def clean_key(self):
        # An emptied key of a section that has one means: leave it.
        return self.cleaned_data["key"] or (self.section.key if self.section else "")

    def facts_of(self, section):
        return {
            name: getattr(section, name)
            for name in (*template.SECTION_FIELDS, "phase", "research_question")
        }

    def token_of(self, section):
        return template.section_token(section)


class DeclarationForm(ActForm):
    coefficient = forms.ChoiceField(required=False, label="Primary coefficient")
    target = forms.FloatField(
        required=False,
        min_value=-1,
        max_value=1,
        label="Target",
        widget=forms.NumberInput(attrs={"step": "0.01"}),
        help_text=(
            "What its interval is compared with; 0.80 is the usual one, 0.67 for tentative "
            "conclusions."
        ),
    )

    def __init__(self, posted, *, section):
        initial = {**self.facts_of(section), "seen": declare.declaration_token(section)}
        super().__init__(posted, initial=initial, prefix="declared")
        self.fields["coefficient"].choices = [("", "not declared"), *choices_for(section.kind)]

    def facts_of(self, section):
        return {"coefficient": section.primary_coefficient, "target": section.agreement_target}

    def token_of(self, section):
        return declare.declaration_token(section)


class PhaseForm(ActForm):
    name = LabelField(max_length=100)
    kind = forms.ChoiceField(
        choices=Phase.Kind.choices,
        help_text=(
            "All three work alike; screening and quality come before coding in the flow of papers."
        ),
    )

    def __init__(self, posted, *, phase=None):
        initial = (
            {**self.facts_of(phase), "seen": self.token_of(phase)}
            if phase
            else {"kind": Phase.Kind.CODING}
        )
        super().__init__(posted, initial=initial)

    def facts_of(self, phase):
        return {name: getattr(phase, name) for name in phases.PHASE_FIELDS}

    def token_of(self, phase):
        return phases.phase_token(phase)


class QuestionForm(ActForm):
    key = LabelField(max_length=20, help_text="RQ1, RQ2 …")
    text = LongTextField(required=False, widget=forms.Textarea(attrs={"rows": 3}), label="Question")

    def __init__(self, posted, *, question=None, key=""):
        initial = (
            {**self.facts_of(question), "seen": self.token_of(question)}
            if question
            else {"key": key}
        )
        super().__init__(posted, initial=initial)

    def facts_of(self, question):
        return {name: getattr(question, name) for name in phases.QUESTION_FIELDS}

    def token_of(self, question: ResearchQuestion):
        return phases.question_token(question)


class SettingsForm(ActForm):
    title = LabelField(max_length=300)
    description = LongTextField(required=False, widget=forms.Textarea(attrs={"rows": 4}))
    others_visible = forms.ChoiceField(
        label="Reviewers see each other's summaries of a paper",
        choices=Study.OthersVisible.choices,
        widget=forms.RadioSelect,
        help_text=(
            "Never before their own is submitted. Waiting for the round keeps later "
            "summaries independent."
        ),
    )
    who_settles = forms.ChoiceField(
        label="Differences are settled by",
        choices=Study.WhoSettles.choices,
        widget=forms.RadioSelect,
        help_text=(
            "Somebody who did not code the paper judges more freely, and sees the summaries for it."
        ),
    )
    may_settle_own = forms.BooleanField(
        required=False,
        label="A lead may settle papers they coded themselves",
        help_text=(
            "The record of each such finding says so. Without it, another lead has to settle them."
        ),
    )
    is_anonymous = forms.BooleanField(
        required=False,
        label="Hide reviewers' names while settling",
        help_text=(
            "They appear as A, B, C, in another order on every paper: the answer counts, not "
            "the name."
        ),
    )
    statistics_off_reason = LongTextField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        label="Work without agreement statistics, because",
        help_text=(
            "For interpretive studies. Empty: with statistics. A reason is printed where "
            "they would stand."
        ),
    )

    def __init__(self, posted, *, study):
        super().__init__(posted, initial={**self.facts_of(study), "seen": self.token_of(study)})

    def facts_of(self, study):
        return {name: getattr(study, name) for name in study_settings.FIELDS}

    def token_of(self, study):
        return study_settings.settings_token(study)
