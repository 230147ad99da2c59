"""One section of the comparison page as plain facts: who says what of it, what was settled, what
may be done.
"""

from itertools import combinations

from django.utils.functional import cached_property

from mapping.judgement.values import as_number
from mapping.models import Code, JudgementFields
from reviews.settling.comparison import word_diff
from reviews.settling.decisions import changed_since, digest, in_words, is_late


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


def merge_of(into, code):
    """`[(code, into)]`, the one in use as that into which the other may be merged; nothing where
    they cannot mean the same.
    """
    if into.status != Code.Status.ACTIVE:
        into, code = code, into
    # To include a paper and to exclude it never mean the same.
    fits = into.status == Code.Status.ACTIVE and into.excludes_paper == code.excludes_paper
    return [(code, into)] if fits else []


class Sheet:
    """One section of the page. `may_settle` and what is settled are for those who may know; see
    `Page`.
    """

    def __init__(self, page, section, compared_answers, bound=None):
        self.page, self.section, self.compared_answers = page, section, compared_answers
        self.comparison = compared_answers.comparison
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
            and is_late(self.current, self.compared_answers, self.page.went_to)
        )

    @cached_property
    def earlier_answers(self):
        """`[(letter, words)]`: what those who say something else now had said when this was
        decided.
        """
        if not self.is_late:
            return []
        changed = changed_since(self.current, self.compared_answers, self.page.went_to)
        letters = {voice.username: voice.letter for voice in self.compared_answers.voices}
        earlier = [
            (letters[reviewer], in_words(before, self.page.labels) if before else "nothing")
            for reviewer, before in changed.items()
            if reviewer in letters
        ]
        return sorted(earlier)

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
        if self.current:
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
            answer.judgement.evidence or answer.codes for answer in self.answers
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
            answer
            for answer in self.comparison.answers
            if answer.reviewer in self.comparison.answered
        ]
        given = [{mark.code for mark in answer.judgement.marks} for answer in answers]
        places = {code: place for place, code in enumerate(by_pk)}
        apart = sorted(set.union(*given) - set.intersection(*given), key=places.__getitem__)
        pairs = []
        for one, other in combinations(apart, 2):
            if any({one, other} <= codes for codes in given):
                continue
            pairs += merge_of(by_pk[one], by_pk[other])
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
        return next((answer.judgement.text for answer in self.answers if answer.judgement.text), "")

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
        return digest(self.compared_answers)

    @cached_property
    def answers(self):
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
            for voice, answer in zip(self.compared_answers.voices, answers, strict=True)
        ]

    @cached_property
    def shared_codes(self):
        return [self.shared(code, self.comparison.answered_by) for code in self.comparison.common]

    @cached_property
    def partial_codes(self):
        return [self.shared(part.code, part.given_by) for part in self.comparison.partial]

    def shared(self, code, givers):
        letters = {voice.label: voice.letter for voice in self.compared_answers.voices}
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
            answer
            for answer in self.answers
            if answer.absence or answer.is_none or answer.judgement.is_blank
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
