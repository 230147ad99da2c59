"""What really happened in a study, as figures: for the methods section of a paper and its
checklists.
"""

from collections import Counter
from functools import cached_property
from typing import NamedTuple

from django.db.models import Count, Q, Sum

from mapping.models import Code, Finding, Membership, PaperImport, ResearchQuestion, Section
from reviews.agreement import frozen
from reviews.blindness import independence
from reviews.blindness.codes import known_changes
from reviews.blindness.visible import open_to, visible_findings, visible_summaries
from reviews.models import Assignment, EarlyLook, Remark, Resolution, Round, Summary
from reviews.results.flow import prisma_flow


class HandedOut(NamedTuple):
    """What was handed out in a round; `overlap` are the papers that two or more read."""

    round: Round
    papers: int
    readers: int
    overlap: int


class Facts:
    """The study as this person may know it: what they are blind to is neither counted nor said.

    As many queries whatever the number of papers.
    """

    def __init__(self, membership: Membership):
        self.membership, self.study = membership, membership.study

    @cached_property
    def papers(self) -> dict:
        with_venue = Count("pk", filter=~Q(venue=""))
        return self.study.papers.aggregate(all=Count("pk"), with_venue=with_venue)

    @cached_property
    def imports(self) -> dict:
        confirmed = self.study.paper_imports.filter(state=PaperImport.State.CONFIRMED)
        return confirmed.aggregate(
            files=Count("pk"), new=Sum("new"), duplicate=Sum("duplicate"), refused=Sum("refused")
        )

    @cached_property
    def is_partial(self) -> bool:
        """Whether this person is still blind somewhere: then what rests on others' answers is left
        out.
        """
        hidden = Finding.objects.of(self.study).exclude(
            pk__in=visible_findings(self.membership).values("pk")
        )
        submitted = Summary.objects.filter(assignment__round__study=self.study).submitted()
        seen = visible_summaries(self.membership)
        return hidden.exists() or submitted.exclude(pk__in=seen.values("pk")).exists()

    @cached_property
    def flow(self) -> tuple:
        """`(records by source, duplicates, [Step])`; the steps only where this person is blind
        nowhere.
        """
        records, duplicates, steps = prisma_flow(self.study)
        return records, duplicates, [] if self.is_partial else steps

    @cached_property
    def sections(self) -> list[Section]:
        return list(self.study.sections.in_use().select_related("phase", "research_question"))

    @cached_property
    def coded_sections(self) -> list[Section]:
        return [section for section in self.sections if section.kind in section.CODED]

    @cached_property
    def questions(self) -> list[ResearchQuestion]:
        return [question for question in self.study.research_questions.all() if question.text]

    @cached_property
    def codes(self) -> dict:
        """How many active codes there are, how many of them defined, and how many exclude a
        paper.
        """
        active = Code.objects.filter(
            section__study=self.study, section__retired_at=None, status=Code.Status.ACTIVE
        )
        return active.aggregate(
            all=Count("pk"),
            defined=Count("pk", filter=~Q(definition="")),
            excluding=Count("pk", filter=Q(excludes_paper=True)),
        )

    @cached_property
    def rounds(self) -> list[HandedOut]:
        """Every round of which anything is handed out."""
        handed_out = Assignment.objects.in_force().filter(round__study=self.study).order_by()
        sizes = {
            row["round"]: row
            for row in handed_out.values("round").annotate(
                papers=Count("paper", distinct=True), readers=Count("reviewer", distinct=True)
            )
        }
        overlap = Counter(round for round, _ in self.shared_papers)
        return [
            HandedOut(
                round,
                papers=sizes[round.pk]["papers"],
                readers=sizes[round.pk]["readers"],
                overlap=overlap[round.pk],
            )
            for round in self.study.rounds.select_related("phase")
            if round.pk in sizes
        ]

    @cached_property
    def shared_papers(self) -> list[tuple[int, int]]:
        """`[(round, paper)]`: what two or more read."""
        handed_out = Assignment.objects.in_force().filter(round__study=self.study).order_by()
        several = (
            handed_out.values("round", "paper").annotate(readers=Count("pk")).filter(readers__gt=1)
        )
        return list(several.values_list("round", "paper"))

    @cached_property
    def shared_independently(self) -> set[int]:
        """The papers of these that two or more read without being able to read one another's
        answers before.
        """
        handed_out = Assignment.objects.in_force().filter(round__study=self.study)
        not_independent = independence.Independence(self.study).apart(handed_out)
        if not not_independent:
            return {paper for _, paper in self.shared_papers}
        several = handed_out.exclude(pk__in=not_independent).order_by().values("round", "paper")
        several = several.annotate(readers=Count("pk")).filter(readers__gt=1)
        return set(several.values_list("paper", flat=True))

    @cached_property
    def early_looks(self) -> int:
        """Papers of which a lead saw others' answers before handing in their own."""
        looks = EarlyLook.objects.filter(paper__study=self.study)
        return looks.aggregate(number=Count("paper", distinct=True))["number"]

    @cached_property
    def not_independent(self) -> dict:
        """`{assignment: why}` of the first submissions that are not independent."""
        return independence.of_study(self.study)

    @cached_property
    def why_not_independent(self) -> Counter:
        """`{why: summaries}`, but for early looks, of which there is a count of papers."""
        return Counter(
            why for why in self.not_independent.values() if why != independence.Why.EARLY_LOOK
        )

    @cached_property
    def reviewer_count(self) -> int:
        return (
            Assignment.objects.in_force()
            .filter(round__study=self.study)
            .aggregate(number=Count("reviewer", distinct=True))["number"]
        )

    @cached_property
    def most_readers(self) -> int:
        """The most reviewers that any one paper has in one round."""
        handed_out = Assignment.objects.in_force().filter(round__study=self.study).order_by()
        per_paper = (
            handed_out.values("round", "paper").annotate(readers=Count("pk")).order_by("-readers")
        )
        return per_paper.values_list("readers", flat=True).first() or 0

    @cached_property
    def settled_by_basis(self) -> Counter:
        """`{basis: findings}` of the decisions in force that this person may see."""
        in_force = Resolution.objects.in_force().filter(finding__paper__study=self.study)
        in_force = in_force.filter(open_to(self.membership))
        newest = {}
        for finding, basis in in_force.order_by("decided_at", "pk").values_list("finding", "basis"):
            newest[finding] = basis
        return Counter(newest.values())

    @cached_property
    def remarks(self) -> tuple[int, int]:
        """Remarks that this person may see: `(all, decision rules)`."""
        remarks = Remark.objects.filter(paper__study=self.study).filter(open_to(self.membership))
        counts = remarks.aggregate(
            all=Count("pk"), rules=Count("pk", filter=Q(is_decision_rule=True))
        )
        return counts["all"], counts["rules"]

    @cached_property
    def codebook_changes(self) -> dict[str, int]:
        """`{what was done: times}` of the changes of the codebook."""
        acts = dict(self.study.codebook_changes.model.Act.choices)
        counted = (
            known_changes(self.membership).order_by().values_list("act").annotate(times=Count("pk"))
        )
        return {acts[act]: times for act, times in sorted(counted)}

    @cached_property
    def changes_with_reason(self) -> int:
        """How many changes of the codebook say why they were made."""
        return known_changes(self.membership).exclude(reason="").count()

    @cached_property
    def frozen_reports(self) -> list[tuple[Round, dict]]:
        """`[(round, its frozen statistics)]` of the closed rounds all of whose summaries this
        person may see.
        """
        if self.study.statistics_off_reason:
            return []
        seen = visible_summaries(self.membership)
        visible = frozen.fully_visible(self.study, seen)
        rounds = [one.round for one in self.rounds]
        closed = [round for round in rounds if round.is_closed and round.frozen_agreement]
        return [(round, round.frozen_agreement) for round in closed if round.pk in visible]

    @cached_property
    def origins(self) -> dict[int, dict]:
        """`{round: {"summaries", "imported"}}`: first submissions, and how many of them came out of
        a file, of which nobody here saw how people worked.
        """
        imported = Count("pk", filter=~Q(origin=Summary.Origin.BROWSER))
        first = (
            Summary.objects.filter(assignment__round__study=self.study)
            .first_submissions()
            .order_by()
        )
        counted = first.values("assignment__round").annotate(
            summaries=Count("pk"), imported=imported
        )
        return {row.pop("assignment__round"): row for row in counted}

    @cached_property
    def has_figures(self) -> bool:
        """Whether a coefficient was computed from at least one paper that two people read."""
        reports = [report for _, report in self.frozen_reports]
        return any(section["papers"] for report in reports for section in report["sections"])
