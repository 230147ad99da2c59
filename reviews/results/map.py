"""What may be counted for one person, gathered for a map: as many queries for ten thousand papers
as for ten.
"""

from collections import defaultdict
from functools import cached_property

from django.db.models import Exists, OuterRef

from mapping.charts import counts
from mapping.charts.counts import Axis
from mapping.judgement.absences import MEANINGS, NONE_APPLY
from mapping.judgement.kinds import KINDS
from mapping.models import Code, Finding, FindingMark, Paper
from reviews.blindness.visible import visible_findings, visible_summaries
from reviews.models import Answer, Assignment, Mark, Summary
from reviews.results.forms import VENUE, YEAR, axis_label, axis_name
from reviews.settling.answers import newest_of_each

ABSENT = {value: f"({label})" for value, label in MEANINGS.items()}
# What the kinds whose values have words of their own fill.
WORDED = sorted({kind.field for kind in KINDS.values() if kind.words})


class MapMaterial:
    """The papers, and what holds for them by section (named as in the address).

    `settings` is a valid MapForm's `cleaned_data`.
    """

    def __init__(self, membership, form):
        self.membership, self.study = membership, membership.study
        self.settings = form.cleaned_data
        self.is_provisional = self.settings["source"] == "provisional"
        axes = [self.settings["y"], self.settings["x"], self.settings["third"]]
        self.sections = {name: section for name, section in form.sections.items() if name in axes}
        self.filter_code = None
        if self.settings["code"]:
            self.filter_code = Code.objects.select_related("section").get(pk=self.settings["code"])
            self.sections[axis_name(self.filter_code.section)] = self.filter_code.section

    @cached_property
    def years_and_venues(self):
        """`{paper: (year, venue)}` of the papers that the filters let through, the code aside."""
        papers = Paper.objects.filter(study=self.study).order_by("pk")
        if self.settings["from"]:
            papers = papers.filter(year__gte=self.settings["from"])
        if self.settings["to"]:
            papers = papers.filter(year__lte=self.settings["to"])
        handed_out = Assignment.objects.in_force().filter(paper=OuterRef("pk"))
        if self.settings["phase"]:
            papers = papers.filter(
                Exists(handed_out.filter(round__phase__key=self.settings["phase"]))
            )
        if self.settings["round"]:
            papers = papers.filter(Exists(handed_out.filter(round=self.settings["round"])))
        return {pk: (year, venue) for pk, year, venue in papers.values_list("pk", "year", "venue")}

    @cached_property
    def papers(self):
        """The papers that are counted, whatever their axes hold."""
        if self.filter_code is None:
            return set(self.years_and_venues)
        labels = self.labels_by_section[axis_name(self.filter_code.section)]
        wanted = self.code_labels[self.filter_code.pk]
        return {paper for paper in self.years_and_venues if wanted in labels.get(paper, {})}

    @cached_property
    def summaries(self):
        """The newest submitted summary of every reviewer that this person may see: `[(pk, paper,
        reviewer, phase)]`.
        """
        visible = visible_summaries(self.membership)
        if self.settings["round"] and self.is_provisional:
            visible = visible.filter(assignment__round=self.settings["round"])
        return newest_of_each(visible)

    @cached_property
    def codes(self):
        codes = Code.objects.filter(section__in=self.sections.values()).order_by("position", "pk")
        return list(codes.values("pk", "section", "label", "parent", "merged_into", "status"))

    @cached_property
    def code_labels(self):
        """What each code is called on the map: as what it was merged into, or its topmost parent
        where asked.
        """
        by_pk = {code["pk"]: code for code in self.codes}
        upward = ["merged_into", *(["parent"] if self.settings["level"] == "parent" else [])]
        spelling = {}
        for section in self.sections.values():
            labels = [code["label"] for code in self.codes if code["section"] == section.pk]
            spelling[section.pk] = counts.spelled_once(labels)
        return {pk: label_on_map(code, by_pk, upward, spelling) for pk, code in by_pk.items()}

    @cached_property
    def labels_by_section(self):
        """`{name of the section: {paper: {label: mentions}}}` of the sections that are asked
        for.
        """
        needs_marks = self.is_provisional or self.settings["count"] == counts.MENTIONS
        marks = self.reviewers_marks() if needs_marks else {}
        if self.is_provisional:
            rows = Answer.objects.filter(summary__in=[pk for pk, *_ in self.summaries])
            uncoded = self.labels_without_codes(rows, "summary__assignment__paper")
            return {
                key: counts.merged(marks.get(key, {}), uncoded.get(key, {}))
                for key in self.sections
            }
        return self.settled_labels(marks)

    def settled_labels(self, mentioned):
        findings = visible_findings(self.membership)
        uncoded = self.labels_without_codes(findings, "paper")
        labels = {key: uncoded.get(key, {}) for key in self.sections}
        rows = FindingMark.objects.filter(
            finding__in=findings, finding__section__in=self.sections.values()
        )
        keys = {section.pk: key for key, section in self.sections.items()}
        for paper, section, code in rows.values_list("finding__paper", "finding__section", "code"):
            key, label = keys[section], self.code_labels[code]
            times = mentioned.get(key, {}).get(paper, {}).get(label, 1)
            labels[key].setdefault(paper, {})[label] = times
        return labels

    def reviewers_marks(self):
        rows = Mark.objects.filter(
            answer__summary__in=[pk for pk, *_ in self.summaries],
            answer__section__in=self.sections.values(),
        )
        keys = {section.pk: key for key, section in self.sections.items()}
        papers = {pk: paper for pk, paper, *_ in self.summaries}
        marks = defaultdict(list)
        for summary, section, code in rows.order_by().values_list(
            "answer__summary", "answer__section", "code"
        ):
            marks[keys[section]].append((papers[summary], summary, self.code_labels[code]))
        return {key: counts.most_mentioned(several) for key, several in marks.items()}

    def labels_without_codes(self, judgements, paper):
        """What is held without a code: yes or no, and the absences where they are shown."""
        keys = {section.pk: key for key, section in self.sections.items()}
        rows = judgements.filter(section__in=self.sections.values()).order_by()
        labels = {key: defaultdict(dict) for key in self.sections}
        words = {section.pk: section.kind_of.words for section in self.sections.values()}
        for pk, section, absence, none_apply, *values in rows.values_list(
            paper, "section", "absence", "none_apply", *WORDED
        ):
            called = [words[section][value] for value in values if value in words[section]]
            if called:
                labels[keys[section]][pk][called[0]] = 1
            elif self.settings["absences"] and (absence or none_apply):
                labels[keys[section]][pk][ABSENT[absence or NONE_APPLY]] = 1
        return labels

    def axis(self, name):
        """An axis by its name in the address, in codebook order or, where that is asked, the most
        frequent first.
        """
        if name in {YEAR, VENUE}:
            axis = self.fact_axis(name)
        else:
            held = {
                paper: labels
                for paper, labels in self.labels_by_section[name].items()
                if paper in self.papers
            }
            axis = Axis(
                axis_label(self.sections[name]),
                self.labels_of(self.sections[name], held),
                held,
                name,
            )
        if self.settings["order"] == "frequency" and name != YEAR:
            return axis.by_frequency(self.papers, self.settings["count"])
        return axis

    def fact_axis(self, name):
        index = 0 if name == YEAR else 1
        labels = {
            paper: " ".join(str(self.years_and_venues[paper][index] or "").split())
            for paper in self.papers
        }
        spelling = counts.spelled_once(labels[paper] for paper in sorted(labels))
        held = {paper: {spelling[label]: 1} for paper, label in labels.items() if label}
        if name == YEAR:
            return Axis("Year", counts.years_between(held), held, YEAR)
        return Axis("Venue", sorted(counts.labels_in(held), key=str.casefold), held, VENUE)

    def labels_of(self, section, held):
        """The active codes, so that a gap is seen, with others only where something holds them;
        then the absences.
        """
        present = counts.labels_in(held)
        in_order = list(section.kind_of.words.values())
        for code in self.codes:
            label = self.code_labels[code["pk"]]
            if code["section"] == section.pk and (
                code["status"] == Code.Status.ACTIVE or label in present
            ):
                in_order.append(label)
        return list(
            dict.fromkeys([*in_order, *(label for label in ABSENT.values() if label in present)])
        )

    @cached_property
    def is_partial(self):
        """Whether something of the study is not open to this person, so that their map lacks it."""
        if self.is_provisional:
            submitted = Summary.objects.filter(assignment__round__study=self.study).latest()
            return submitted.exclude(
                pk__in=visible_summaries(self.membership).values("pk")
            ).exists()
        visible = visible_findings(self.membership)
        return Finding.objects.of(self.study).exclude(pk__in=visible.values("pk")).exists()


def label_on_map(code, by_pk, upward, spelling):
    """The label at the end of the way up; a way that leads in a circle, or out of the section, ends
    where it does.
    """
    seen, section = set(), code["section"]
    while True:
        seen.add(code["pk"])
        above = next((by_pk.get(code[name]) for name in upward if code[name]), None)
        if above is None or above["pk"] in seen or above["section"] != section:
            return spelling[section][code["label"]]
        code = above
