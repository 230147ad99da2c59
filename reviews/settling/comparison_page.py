"""The comparison page of one paper as plain facts: per section who says what, what was settled,
what is discussed.
"""

from collections import defaultdict
from itertools import combinations

from django.utils.functional import cached_property

from mapping.judgement.values import as_number
from mapping.models import Code, JudgementFields
from reviews.blindness.independence import Independence
from reviews.blindness.names import pattern_of, without_names
from reviews.blindness.visible import visible_summaries
from reviews.models import Assignment, Deferral, Remark, Resolution
from reviews.settling.answers import compared
from reviews.settling.code_notices import marked_labels
from reviews.settling.comparison import word_diff
from reviews.settling.decisions import changed_since, digest, in_words, is_late, merged_codes
from reviews.settling.discussion import visible_pairs
from reviews.settling.exclusion import gone_from
from reviews.settling.forms import SettleForm
from reviews.settling.permissions import why_not

RECENT = 8


class ShownAnswer:
    """What one reviewer says of a section, to read."""

    def __init__(self, voice, judgement, labels, differing=None):
        self.letter, self.name, self.judgement = voice.letter, voice.name, judgement
        self.absence = JudgementFields.Absence(judgement.absence).label if judgement.absence else ""
        self.codes = [(labels[mark.code], mark.evidence) for mark in judgement.marks]
        is_truth = isinstance(judgement.value, bool)
        self.value = ("no", "yes")[judgement.value] if is_truth else as_number(judgement.value)
        self.differing = differing

    @property
    def is_none(self):
        """None of the codes, said on purpose."""
        is_blank, text = self.judgement.is_blank, self.judgement.text
        return not (is_blank or self.absence or self.codes or text or self.value is not None)


class ShownCode:
    """One code that some gave, or all."""

    def __init__(self, code, label, letters, evidence):
        self.code, self.label, self.letters, self.evidence = code, label, letters, evidence


class Sheet:
    """One section of the page. `may_settle` and what is settled are for those who may know; see
    `Page`.
    """

    def __init__(self, page, section, said, bound=None):
        self.page, self.section, self.said = page, section, said
        self.comparison = said.comparison
        self.current = page.in_force.get(section.pk)
        self.finding = page.findings.get(section.pk)
        self.deferral = page.deferrals.get(section.pk)
        self.history = page.history[section.pk]
        self.remarks = page.remarks[section.pk]
        self.bound = bound
        # What was typed beside the decision, where it was refused: {"remark": …} or {"note": …}
        self.typed = {}

    @property
    def awaited(self):
        return self.page.awaited.get(self.section.phase_id, [])

    @property
    def is_gone(self):
        """The paper was excluded before it came here: what was said is still to be read, nothing is
        decided.
        """
        return self.section.phase_id in self.page.gone

    @cached_property
    def is_late(self):
        return (
            bool(self.current)
            and not self.is_gone
            and is_late(self.current, self.said, self.page.went_to)
        )

    @cached_property
    def said_before(self):
        """`[(letter, words)]`: what those who say something else now had said when this was
        decided.
        """
        if not self.is_late:
            return []
        found = changed_since(self.current, self.said, self.page.went_to)
        letters = {voice.reviewer: voice.letter for voice in self.said.voices}
        told = [
            (letters[reviewer], in_words(before, self.page.labels) if before else "nothing")
            for reviewer, before in found.items()
            if reviewer in letters
        ]
        return sorted(told)

    @cached_property
    def state(self):
        if (self.current and not self.is_late) or self.section.pk in self.page.settled_unseen:
            return "settled"
        if self.deferral:
            return "deferred"
        return {"agrees": "agrees", "single": "submitted"}.get(self.comparison.state, "differs")

    @property
    def word(self):
        if self.is_late:
            return "answers changed"
        if self.current and self.state == "settled":
            return {"unanimous": "unanimous", "single": "one reviewer"}.get(
                self.current.basis, "settled"
            )
        return "one answer" if self.state == "submitted" else ""

    @property
    def waits(self):
        """One answer alone is not settled while somebody still has to code the paper."""
        return (
            self.comparison.state == "single"
            and not self.current
            and self.section.phase_id in self.page.awaited
        )

    @property
    def is_open(self):
        return self.may_settle and self.state not in {"settled", "deferred"}

    @property
    def may_settle(self):
        return self.page.may_settle and not self.is_gone and not self.waits

    @property
    def is_done(self):
        """Decided, and nobody asks anew: the page shows the decision, and what led to it on
        demand.
        """
        return bool(self.current) and not self.is_late and self.bound is None

    @property
    def needs_reason(self):
        return self.comparison.state == "differs"

    @cached_property
    def form(self):
        if not self.may_settle:
            return None
        return self.bound or self.page.form(self)

    @property
    def is_first_open(self):
        """The accent marks one thing to do."""
        return self.page.open[:1] == [self]

    @property
    def is_alike(self):
        """All say the same, and no evidence would be lost by saying it once."""
        return self.comparison.state == "agrees" and not any(
            words.judgement.evidence or words.codes for words in self.words
        )

    @property
    def codes_count(self):
        return len(self.shared_codes) + len(self.partial_codes)

    @cached_property
    def perhaps_same(self):
        """`[(code, into)]`: what one gave where another gave the other. They may mean the same;
        stages never do.
        """
        if not self.needs_reason or self.section.kind_of.is_scale:
            return []
        by_pk = {code.pk: code for code in self.page.codes[self.section.pk]}
        answers = [
            answer for answer in self.comparison.answers if answer.reviewer in self.comparison.said
        ]
        given = [{mark.code for mark in answer.judgement.marks} for answer in answers]
        places = {code: place for place, code in enumerate(by_pk)}
        apart = sorted(set.union(*given) - set.intersection(*given), key=places.__getitem__)
        pairs = []
        for one, other in combinations(apart, 2):
            if any({one, other} <= codes for codes in given):
                continue
            into, code = (by_pk[pk] for pk in (one, other))
            if into.status != Code.Status.ACTIVE:
                into, code = code, into
            # To include a paper and to exclude it never mean the same.
            if into.status == Code.Status.ACTIVE and into.excludes_paper == code.excludes_paper:
                pairs.append((code, into))
        return pairs

    @property
    def offered(self):
        """Codes that have their tick beside what was said; the others stand under “other codes”."""
        if not (self.section.is_multiple and self.needs_reason):
            return (
                set()
                if not self.section.is_multiple
                else {code.code for code in self.partial_codes}
            )
        return {code.code for code in [*self.shared_codes, *self.partial_codes]}

    @property
    def start_text(self):
        """One's own text starts from what is settled, else from the first that was written."""
        if self.finding:
            return self.finding.text
        return next((each.judgement.text for each in self.words if each.judgement.text), "")

    @property
    def rule_codes(self):
        """The codes whose definition a remark may become part of: those talked about first."""
        choices = self.form.choices if self.form else []
        return [code for code in choices if code.status in {"active", "retired"}]

    @property
    def has_open_remarks(self):
        return any(line.resolved_at is None for line in self.remarks)

    @property
    def answers_token(self):
        return digest(self.said)

    @cached_property
    def words(self):
        """Every reviewer's answer; texts with what the first one's has not."""
        answers = self.comparison.answers
        texts = {
            reviewer: judgement.text
            for reviewer, judgement in answers
            if judgement.text and not judgement.absence
        }
        differing = {}
        if self.section.kind_of.is_prose and len(texts) > 1 and self.comparison.state == "differs":
            first, second, *_ = texts
            # From its own side each text keeps its own blanks.
            differing = {name: word_diff(texts[name], texts[first]) for name in [*texts][1:]}
            if len(texts) == 2:
                differing[first] = word_diff(texts[first], texts[second])
        labels = self.page.labels
        return [
            ShownAnswer(voice, answer.judgement, labels, differing.get(voice.label))
            for voice, answer in zip(self.said.voices, answers, strict=True)
        ]

    @cached_property
    def shared_codes(self):
        return [self.shared(code, self.comparison.answered_by) for code in self.comparison.common]

    @cached_property
    def partial_codes(self):
        return [self.shared(part.code, part.given_by) for part in self.comparison.partial]

    def shared(self, code, givers):
        letters = {voice.label: voice.letter for voice in self.said.voices}
        evidence = [
            (letters[label], proof) for label, proof in self.comparison.evidence(code) if proof
        ]
        return ShownCode(
            code, self.page.labels[code], [letters[label] for label in givers], evidence
        )

    @property
    def others(self):
        """Those whose answer is no code: an absence, none of the codes, or nothing."""
        return [
            words
            for words in self.words
            if words.absence or words.is_none or words.judgement.is_blank
        ]

    @cached_property
    def ticked(self):
        """Which codes the form shows as ticked: what was posted, else what all gave, else what is
        settled.
        """
        if self.bound is not None:
            return set(self.bound.data.getlist("codes"))
        codes = (
            [mark.code_id for mark in self.finding.marks.all()]
            if self.finding
            else self.comparison.common
        )
        return {str(code) for code in codes}


class Page:
    """Everything on one paper that this person may see. A constant number of queries.

    What is settled is shown to leads, to those who settle this paper, and to everybody once the
    study is released.
    """

    def __init__(self, study, paper, user, bound=None):
        self.study, self.paper, self.user = study, paper, user
        self.visible = visible_summaries(user, study, paper)
        self.phases = {phase for _, phase in visible_pairs(user, study, [paper.pk])}
        self.reason_not = why_not(study, user, paper)
        self.may_settle = not self.reason_not
        self.gone = {phase for _, phase in gone_from(study, [paper.pk])}
        self.knows_findings = self.may_settle or study.membership.is_lead or study.is_released
        sections = (
            study.sections.in_use()
            .filter(phase__in=self.phases)
            .select_related("phase", "research_question")
        )
        self.sections = {section.pk: section for section in sections}
        said = {
            one.section: one
            for one in compared(study, self.visible, self.sections.values(), papers=[paper.pk])
        }
        self.codes = defaultdict(list)
        codes = list(Code.objects.filter(section__study=study).order_by("position", "pk"))
        for code in codes:
            self.codes[code.section_id].append(code)
        self.labels = marked_labels(codes)
        self.went_to = merged_codes(study)
        self.load()
        bound = bound or {}
        self.sheets = [
            Sheet(self, section, said[section.pk], bound.get(section.pk))
            for section in self.sections.values()
            if section.pk in said
        ]
        self.voices = next((one.voices for one in said.values()), ())
        self.letters = {
            voice.reviewer: voice.letter for one in said.values() for voice in one.voices
        }

    @cached_property
    def apart(self):
        """`[(letter, name, why)]` of those whose answers here are not independent; without the
        reason where names are hidden: it would tell who leads.
        """
        shown = Assignment.objects.filter(pk__in=self.visible.submitted().values("assignment"))
        shown = shown.filter(round__phase__in=self.phases)
        found = Independence(self.study, paper=self.paper).apart(shown)
        if not found:
            return []
        voices = {voice.reviewer: voice for sheet in self.sheets for voice in sheet.said.voices}
        called = dict(shown.filter(pk__in=found).values_list("pk", "reviewer"))
        told = {voices[called[pk]]: why for pk, why in found.items() if called[pk] in voices}
        return sorted(
            (voice.letter, voice.name, why.label if voice.name else "")
            for voice, why in told.items()
        )

    def form(self, sheet, posted=None):
        section = sheet.section
        return SettleForm(
            posted,
            section=section,
            said=sheet.said,
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
        decisions = Resolution.objects.filter(
            paper=self.paper, section__in=self.sections
        ).select_related("decided_by", "adopted_from", "undone_by")
        for one in decisions.order_by("decided_at", "pk"):
            self.history[one.section_id].insert(0, one)
            if one.undone_at is None:
                self.in_force[one.section_id] = one
        for finding in self.paper.findings.filter(section__in=self.sections).prefetch_related(
            "marks__code"
        ):
            self.findings[finding.section_id] = finding
        deferrals = Deferral.objects.in_force().filter(paper=self.paper, section__in=self.sections)
        self.deferrals = {one.section_id: one for one in deferrals.select_related("by")}

    @cached_property
    def awaited(self):
        """`{phase: readers who still have to code the paper}`, for those who settle it."""
        if not self.knows_findings:
            return {}
        found = defaultdict(list)
        awaiting = Assignment.objects.awaiting().filter(paper=self.paper, round__closed_at=None)
        for one in awaiting.select_related("reviewer", "round").order_by("reviewer__username"):
            found[one.round.phase_id].append(one.reviewer)
        return dict(found)

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


def closed_phases(study, paper, user):
    """The phases in which this person is blind on the paper."""
    own = Assignment.objects.of(user, study).filter(paper=paper).values("round__phase")
    open_to = {phase for _, phase in visible_pairs(user, study, [paper.pk])}
    return [phase for phase in study.phases.filter(pk__in=own) if phase.pk not in open_to]
