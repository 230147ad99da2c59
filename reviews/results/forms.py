"""What a map is asked for. All of it stands in the address, so that a link shows the same map
again.
"""

from itertools import groupby

from django import forms
from django.db.models import Count, Max, Min

from mapping.judgement.kinds import AXES
from mapping.models import Code, FindingMark
from reviews.blindness.visible import visible_findings

YEAR, VENUE = "year", "venue"
FACTS = [(YEAR, "Year"), (VENUE, "Venue")]
_SECTION_PREFIX = "section:"  # a key holds no colon
KINDS = [
    ("bubble", "bubble plot"),
    ("bars", "bars"),
    ("heat", "heat map"),
    ("trend", "trend by year"),
    ("venues", "venues"),
    ("cooccurrence", "co-occurrence"),
]
MENTIONS_HELP = (
    "Papers: each counts once in a cell. Mentions: a paper counts as often as the reviewer who "
    "marked the code most often on it did."
)


class MapForm(forms.Form):
    """`from` and `to` are years; `code` is the primary key of a code whose papers alone are
    counted.
    """

    kind = forms.ChoiceField(label="Figure", choices=KINDS)
    y = forms.ChoiceField(label="Rows")
    x = forms.ChoiceField(label="Columns")
    third = forms.ChoiceField(
        label="Left half", required=False, help_text="Back to back with the columns."
    )
    source = forms.ChoiceField(
        label="Source", choices=[("settled", "settled findings"), ("provisional", "provisional")]
    )
    count = forms.ChoiceField(
        label="Count",
        choices=[("papers", "papers"), ("mentions", "mentions")],
        help_text=MENTIONS_HELP,
    )
    order = forms.ChoiceField(
        label="Order", choices=[("codebook", "codebook"), ("frequency", "frequency")]
    )
    level = forms.ChoiceField(
        label="Level", choices=[("code", "codes"), ("parent", "parent codes")]
    )
    code = forms.ChoiceField(label="Only papers with", required=False)
    phase = forms.ChoiceField(label="Only papers of phase", required=False)
    round = forms.ChoiceField(label="Only papers of round", required=False)
    absences = forms.BooleanField(label="Show “none of the codes” and absences", required=False)
    years = forms.BooleanField(label="Bubble plots by year, one for each", required=False)
    shares = forms.BooleanField(label="Percentages in the table", required=False)

    def __init__(self, asked, *, membership):
        study = membership.study
        sections = list(chartable(study))
        self.sections = {axis_name(section): section for section in sections}
        super().__init__(None)
        coded = [(name, axis_label(section)) for name, section in self.sections.items()]
        self.fields["y"].choices = self.fields["x"].choices = coded + FACTS
        self.fields["third"].choices = [("", "none"), *coded, *FACTS]
        self.fields["code"].choices = [
            ("", "any code"),
            *codes_by_section(sections, membership.user),
        ]
        self.fields["phase"].choices = [("", "any"), *study.phases.values_list("key", "name")]
        self.fields["round"].choices = [
            ("", "any"),
            *((str(pk), name) for pk, name in rounds_of(study)),
        ]
        years = study.papers.aggregate(first=Min("year"), last=Max("year"))
        for name, label in (("from", "From"), ("to", "To")):
            attributes = {"placeholder": years["first" if name == "from" else "last"] or ""}
            self.fields[name] = forms.IntegerField(
                label=label,
                required=False,
                min_value=0,
                max_value=9999,
                widget=forms.NumberInput(attributes),
            )
        self.notes, self.refusals = [], []
        filled = findings_by_section(membership)
        self.fill(
            asked, self.usual(sorted(sections, key=lambda section: -filled.get(section.pk, 0)))
        )

    def usual(self, sections):
        """What is shown where nothing is asked: the first section with several codes by the second,
        else by year.
        """
        if not sections:
            return {}
        by_fitness = sorted(
            sections, key=lambda section: (section.phase.kind != "coding", not section.is_multiple)
        )
        best = by_fitness[0]
        same = [
            axis_name(section)
            for section in by_fitness
            if (section.phase_id, section.is_multiple) == (best.phase_id, best.is_multiple)
        ]
        usual = dict.fromkeys(self.fields, "")
        usual |= {"kind": "bubble", "y": same[0], "x": same[1] if len(same) > 1 else YEAR}
        return usual | {
            "source": "settled",
            "count": "papers",
            "order": "codebook",
            "level": "code",
        }

    def fill(self, asked, usual):
        """Take what makes sense; what does not falls back to what is usual, with a note that says
        so.
        """
        wanted = {
            name: asked.get(name, value).replace("\0", "")[:300] for name, value in usual.items()
        }
        self.data, self.is_bound = wanted, True
        if not usual or self.is_valid():
            return
        for name, reasons in self.errors.items():
            instead = self.fields[name].label.lower()
            if name == "third" and wanted["third"] in dict(self.fields["third"].choices):
                self.refusals += reasons
                self.notes += reasons
            else:
                reason = f"“{wanted[name]}” makes no sense for {instead}"
                self.refusals.append(f"{reason}.")
                self.notes.append(f"{reason}: the usual setting is shown instead.")
            wanted[name] = usual[name]
        self.full_clean()

    def clean(self):
        first, last = self.cleaned_data.get("from"), self.cleaned_data.get("to")
        if first and last and first > last:
            self.add_error("to", "The last year is before the first.")
        if self.cleaned_data.get("years") and self.cleaned_data.get("third"):
            self.add_error("third", "Plots by year have no left half.")

    FURTHER = ("order", "level", "code", "from", "to", "phase", "round")
    TICKED = ("years", "shares", "absences")

    @property
    def further(self):
        return [self[name] for name in self.FURTHER]

    @property
    def is_narrowed(self):
        usual = {"order": "codebook", "level": "code"}
        changed = (
            self.data.get(name, "") not in {"", usual.get(name, "")} for name in self.FURTHER
        )
        return any(changed) or any(self.data.get(name) for name in self.TICKED)

    @property
    def ticked(self):
        return [self[name] for name in self.TICKED]

    @property
    def settings(self):
        """As the address has them, without what is empty."""
        return {name: value for name, value in self.data.items() if value}


def axis_name(section):
    """A section's name as an axis in the address. “year” alone is the paper's own year, whatever
    the sections are.
    """
    return f"{_SECTION_PREFIX}{section.key}" if section.key in dict(FACTS) else section.key


def axis_label(section):
    is_taken = str(section).casefold() in {label.casefold() for _, label in FACTS}
    return f"{section} (as coded)" if is_taken else str(section)


def chartable(study):
    """The sections that can be counted, with their phases."""
    in_use = study.sections.in_use().filter(kind__in=AXES)
    return in_use.select_related("phase").order_by("phase__position", "phase", "position", "pk")


def findings_by_section(membership):
    """How often codes were settled on in each section: the fullest are shown where nothing is
    asked.
    """
    marks = FindingMark.objects.filter(finding__in=visible_findings(membership)).order_by()
    return dict(marks.values_list("finding__section").annotate(Count("pk")))


def codes_by_section(sections, user):
    codes = (
        Code.objects.open_to(user)
        .filter(section__in=sections)
        .order_by("section", "position", "pk")
    )
    names = {section.pk: str(section) for section in sections}
    groups = groupby(codes.values_list("section", "pk", "label"), key=lambda row: row[0])
    return [
        (names[section], [(str(pk), label) for _, pk, label in rows]) for section, rows in groups
    ]


def rounds_of(study):
    return study.rounds.order_by("opened_at", "pk").values_list("pk", "name")
