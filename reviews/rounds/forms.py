"""What is asked of a lead who opens a round, hands out papers, or takes them back."""

from django import forms

from mapping.models import Paper, User
from mapping.site.fields import LabelField, LongTextField
from mapping.site.numbers import WholeNumberField
from reviews.models import Round
from reviews.rounds import progress

DATE_INPUT = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class RoundForm(forms.Form):
    name = LabelField(max_length=100, help_text="Pilot, Main round …")
    phase = forms.ModelChoiceField(None, empty_label=None)
    kind = forms.ChoiceField(
        choices=[("", "as the name says, else main"), *Round.Kind.choices],
        required=False,
        help_text="A pilot tries the template on a few papers; a calibration round repeats that.",
    )
    due_on = forms.DateField(label="Due", required=False, widget=DATE_INPUT)
    guidance = LongTextField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Shown to the reviewers of this round, above their papers.",
    )

    def __init__(self, *arguments, study, **facts):
        super().__init__(*arguments, **facts)
        self.fields["phase"].queryset = study.phases.all()
        if not self.is_bound:
            self.initial.update(suggested_round(study))


def suggested_round(study):
    """A study begins with a pilot, then come main rounds; a phase that had none yet comes first."""
    names = set(study.rounds.values_list("name", flat=True))
    suggestions = [
        "Pilot",
        "Main round",
        *(f"Round {number}" for number in range(2, len(names) + 3)),
    ]
    name = next(name for name in suggestions if name not in names)
    return {"name": name, "phase": study.phases.filter(rounds=None).first() or study.phases.last()}


class EditRoundForm(forms.Form):
    name = LabelField(max_length=100)
    due_on = forms.DateField(label="Due", required=False, widget=DATE_INPUT)
    guidance = LongTextField(required=False, widget=forms.Textarea(attrs={"rows": 4}))

    def __init__(self, *arguments, round, **facts):
        initial = {"name": round.name, "due_on": round.due_on, "guidance": round.guidance}
        super().__init__(*arguments, initial=initial, **facts)


class ReadersForm(forms.Form):
    """Who reads, and how many papers at most: two fields for everybody who codes."""

    seed = forms.IntegerField(
        initial=1,
        min_value=0,
        max_value=2**31 - 1,
        help_text="The same number gives the same plan; another, another.",
    )

    def __init__(self, *arguments, people, chosen=(), **facts):
        super().__init__(*arguments, **facts)
        self.people = list(people)
        for person in self.people:
            self.fields[f"reads_{person.pk}"] = forms.BooleanField(
                label=str(person), required=False, initial=person in chosen
            )
            self.fields[f"most_{person.pk}"] = forms.IntegerField(
                label=f"At most, {person}", required=False, min_value=0, max_value=100_000
            )

    def rows(self):
        """For the template: (checkbox, number) for each person."""
        return [(self[f"reads_{person.pk}"], self[f"most_{person.pk}"]) for person in self.people]

    def plain_fields(self):
        """The fields that do not stand in the rows."""
        return [field for field in self if not field.name.startswith(("reads_", "most_"))]

    @property
    def readers(self):
        return [person for person in self.people if self.cleaned_data[f"reads_{person.pk}"]]

    @property
    def capacity(self):
        most = {person: self.cleaned_data[f"most_{person.pk}"] for person in self.readers}
        return {person: number for person, number in most.items() if number is not None}


class HandOutForm(ReadersForm):
    LEFT, ROUND = "left", "round"

    which = forms.ChoiceField(label="Papers", widget=forms.RadioSelect, initial=LEFT)
    sample = WholeNumberField(
        label="How many of them", required=False, min_value=1, help_text="Drawn by lot. Empty: all."
    )
    per_paper = forms.IntegerField(label="Reviewers per paper", min_value=1, max_value=20)
    overlap = forms.IntegerField(
        label="Overlap, in per cent",
        min_value=0,
        max_value=100,
        initial=100,
        help_text="The share of papers read by that many; the others are read by one.",
    )
    field_order = ["which", "sample", "per_paper", "overlap"]

    def __init__(self, *arguments, round, **facts):
        people = User.objects.filter(
            memberships__in=round.study.memberships.able_to_code()
        ).order_by("username")
        super().__init__(*arguments, people=people, chosen=people, **facts)
        self.round = round
        is_small = round.kind != Round.Kind.MAIN
        self.fields["per_paper"].initial = (
            max(len(self.people), 1) if is_small else min(2, max(len(self.people), 1))
        )
        left = progress.papers_left(round.phase).count()
        in_round = self.papers_in_round().count()
        choices = [(self.LEFT, self.in_words(left, f"that nobody was given in {round.phase}"))]
        if in_round:
            papers = self.in_words(in_round, "of this round")
            them = "it" if in_round == 1 else "them"
            choices.append((self.ROUND, f"{papers}: fill {them} up to the number of reviewers"))
            if not left:
                self.fields["which"].initial = self.ROUND
        self.fields["which"].choices = choices

    @staticmethod
    def in_words(count, which):
        if not count:
            return f"those {which}: there are none"
        return f"the one {which}" if count == 1 else f"the {count:,} {which}"

    def papers_in_round(self):
        in_force = self.round.assignments.in_force()
        return Paper.objects.filter(pk__in=in_force.values("paper"))

    @property
    def wishes(self):
        """What `assignments.propose` takes."""
        wishes = {
            name: self.cleaned_data[name] for name in ("sample", "per_paper", "overlap", "seed")
        }
        papers = self.papers_in_round() if self.cleaned_data["which"] == self.ROUND else None
        return wishes | {"papers": papers, "reviewers": self.readers, "capacity": self.capacity}


class WithdrawForm(ReadersForm):
    reviewer = forms.ModelChoiceField(None, label="Who drops out", empty_label=None)
    reason = forms.CharField(max_length=500, help_text="Kept in the study's log.")
    field_order = ["reviewer", "reason"]

    def __init__(self, *arguments, round, **facts):
        people = User.objects.filter(
            memberships__in=round.study.memberships.able_to_code()
        ).order_by("username")
        super().__init__(*arguments, people=people, **facts)
        waiting = round.assignments.unsubmitted().values("reviewer")
        self.fields["reviewer"].queryset = User.objects.filter(pk__in=waiting)

    @property
    def wishes(self):
        """What `propose_hand_over` takes."""
        return {
            "reviewer": self.cleaned_data["reviewer"],
            "to": [person for person in self.readers if person != self.cleaned_data["reviewer"]],
            "capacity": self.capacity,
            "seed": self.cleaned_data["seed"],
        }


class DepartureForm(ReadersForm):
    """Who takes over what somebody leaves behind; everybody else who can, unless one says
    otherwise.
    """

    reason = forms.CharField(max_length=500, help_text="Kept in the study's log.")
    field_order = ["reason"]

    def __init__(self, *arguments, study, person, **facts):
        members = study.memberships.able_to_code().exclude(user=person)
        people = User.objects.filter(memberships__in=members).order_by("username")
        super().__init__(*arguments, people=people, chosen=people, **facts)
        self.initial["reason"] = f"{person} left the team."

    @property
    def wishes(self):
        """What `departures.preview` takes; before anything was posted, what the empty form
        proposes.
        """
        if not self.is_bound:
            return {"to": self.people, "seed": self.fields["seed"].initial}
        return {"to": self.readers, "capacity": self.capacity, "seed": self.cleaned_data["seed"]}


class ReopenForm(forms.Form):
    reason = forms.CharField(max_length=500, label="Why it is opened again")
