"""The comparison page of one paper as plain facts: everything that this person may see of it, a
`Sheet` per section.
"""

from collections import defaultdict

from django.utils.functional import cached_property

from mapping.models import Code
from reviews.blindness.independence import Independence
from reviews.blindness.names import pattern_of, without_names
from reviews.blindness.visible import visible_summaries
from reviews.models import Assignment, Deferral, Remark, Resolution
from reviews.settling.answers import compared
from reviews.settling.code_notices import marked_labels
from reviews.settling.comparison_sheet import Sheet
from reviews.settling.decisions import codes_of_today
from reviews.settling.discussion import visible_pairs
from reviews.settling.exclusion import gone_from
from reviews.settling.forms import SettleForm
from reviews.settling.permissions import why_not

RECENT = 8


class Page:
    """Everything on one paper that this member may see. A constant number of queries.

    What is settled is shown to leads, to those who settle this paper, and to everybody once the
    study is released.
    """

    def __init__(self, membership, paper, bound=None):
        study = membership.study
        self.membership, self.study, self.user = membership, study, membership.user
        self.paper = paper
        self.visible = visible_summaries(membership, paper)
        self.phases = {phase for _, phase in visible_pairs(membership, [paper.pk])}
        self.reason_not = why_not(membership, paper)
        self.may_settle = not self.reason_not
        self.gone = {phase for _, phase in gone_from(study, [paper.pk])}
        self.knows_findings = self.may_settle or membership.is_lead or study.is_released
        sections = (
            study.sections.in_use()
            .filter(phase__in=self.phases)
            .select_related("phase", "research_question")
        )
        self.sections = {section.pk: section for section in sections}
        by_section = {
            answers.section: answers
            for answers in compared(study, self.visible, self.sections.values(), papers=[paper.pk])
        }
        self.codes = defaultdict(list)
        codes = list(Code.objects.filter(section__study=study).order_by("position", "pk"))
        for code in codes:
            self.codes[code.section_id].append(code)
        self.labels = marked_labels(codes)
        self.codes_then = {code.number: code.pk for code in codes}
        self.went_to = codes_of_today(study)
        self.load()
        bound = bound or {}
        self.sheets = [
            Sheet(self, section, by_section[section.pk], bound.get(section.pk))
            for section in self.sections.values()
            if section.pk in by_section
        ]
        self.voices = next((answers.voices for answers in by_section.values()), ())
        self.letters = {
            voice.reviewer: voice.letter
            for answers in by_section.values()
            for voice in answers.voices
        }

    @cached_property
    def apart(self):
        """`[(letter, name, why)]` of those whose answers here are not independent; without the
        reason where names are hidden: it would tell who leads.
        """
        shown = Assignment.objects.filter(pk__in=self.visible.submitted().values("assignment"))
        shown = shown.filter(round__phase__in=self.phases)
        reasons = Independence(self.study, paper=self.paper).apart(shown)
        if not reasons:
            return []
        voices = {
            voice.reviewer: voice
            for sheet in self.sheets
            for voice in sheet.compared_answers.voices
        }
        called = dict(shown.filter(pk__in=reasons).values_list("pk", "reviewer"))
        by_voice = {voices[called[pk]]: why for pk, why in reasons.items() if called[pk] in voices}
        return sorted(
            (voice.letter, voice.name, why.label if voice.name else "")
            for voice, why in by_voice.items()
        )

    def form(self, sheet, posted=None):
        section = sheet.section
        return SettleForm(
            posted,
            section=section,
            compared_answers=sheet.compared_answers,
            choices=self.codes[section.pk],
            current=sheet.current,
            went_to=self.went_to,
        )

    def load(self):
        self.history, self.remarks = defaultdict(list), defaultdict(list)
        self.in_force, self.findings, self.deferrals = {}, {}, {}
        # Somebody who may not know yet what the team settled on still learns what is settled.
        self.settled_unseen = set()
        for line in Remark.objects.filter(
            paper=self.paper, section__in=self.sections
        ).select_related("by"):
            self.remarks[line.section_id].append(line)
        if not self.knows_findings:
            settled = self.paper.findings.filter(section__in=self.sections)
            self.settled_unseen = set(settled.values_list("section", flat=True))
            return
        self.load_decisions()
        for finding in self.paper.findings.filter(section__in=self.sections).prefetch_related(
            "marks__code"
        ):
            self.findings[finding.section_id] = finding
        deferrals = Deferral.objects.in_force().filter(paper=self.paper, section__in=self.sections)
        self.deferrals = {
            deferral.section_id: deferral for deferral in deferrals.select_related("by")
        }

    def load_decisions(self):
        """The decisions of each section, the newest first, and the one that holds."""
        decisions = Resolution.objects.filter(paper=self.paper, section__in=self.sections)
        decisions = decisions.select_related("decided_by", "adopted_from", "undone_by")
        for resolution in decisions.order_by("decided_at", "pk"):
            self.history[resolution.section_id].insert(0, resolution)
            if resolution.undone_at is None:
                self.in_force[resolution.section_id] = resolution

    @cached_property
    def awaited(self):
        """`{phase: readers who still have to code the paper}`, for those who settle it."""
        if not self.knows_findings:
            return {}
        readers = defaultdict(list)
        awaiting = Assignment.objects.awaiting().filter(paper=self.paper, round__closed_at=None)
        for assignment in awaiting.select_related("reviewer", "round").order_by(
            "reviewer__username"
        ):
            readers[assignment.round.phase_id].append(assignment.reviewer)
        return dict(readers)

    @property
    def open(self):
        return [sheet for sheet in self.sheets if sheet.is_open]

    def sheet(self, section):
        return next((sheet for sheet in self.sheets if sheet.section.pk == section.pk), None)

    @cached_property
    def recent(self):
        """`[(rationale, cause)]` that this person gave lately, to give again with one choice."""
        given = (
            Resolution.objects.filter(paper__study=self.study, decided_by=self.user)
            .exclude(rationale="")
            .order_by("-decided_at", "-pk")
            .values_list("rationale", "cause")[:40]
        )
        newest = {}
        for rationale, cause in given:
            newest.setdefault(rationale, cause)
        return list(newest.items())[:RECENT]

    def person(self, user):
        """How the page calls somebody: by letter where the study hides the names of those who read
        the paper.
        """
        if user is None:
            return "Concord"
        if self.study.is_anonymous and user.pk in self.letters and user.pk != self.user.pk:
            return self.letters[user.pk]
        return str(user)

    @cached_property
    def hidden_names(self):
        return pattern_of(self.study) if self.study.is_anonymous else None

    def typed(self, text):
        return without_names(self.study, text, self.hidden_names)


def closed_phases(membership, paper):
    """The phases in which this member is blind on the paper."""
    own = Assignment.objects.of(membership).filter(paper=paper).values("round__phase")
    open_to = {phase for _, phase in visible_pairs(membership, [paper.pk])}
    return [
        phase for phase in membership.study.phases.filter(pk__in=own) if phase.pk not in open_to
    ]
