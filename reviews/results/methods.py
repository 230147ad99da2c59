"""What really happened in a study, as facts and as paragraphs for the methods section of a
paper.
"""

from collections import Counter
from functools import cached_property

from django.db.models import Count, Q, Sum

from mapping.models import Code, Finding, PaperImport
from reviews.agreement import declarations, frozen
from reviews.agreement import tables as agreement_tables
from reviews.blindness import independence
from reviews.blindness.codes import known_changes
from reviews.blindness.visible import open_to, visible_findings, visible_summaries
from reviews.models import Assignment, EarlyLook, Remark, Resolution, Summary
from reviews.results.flow import prisma_flow

BASES = {
    "unanimous": "because all reviewers had said the same",
    "single": "from the one reviewer who coded the paper",
    "adopted": "by adopting one reviewer's answer",
    "union": "by taking all codes given",
    "intersection": "by taking the common part",
    "other": "by composing an answer",
}

EMPTY_ROUND = {"summaries": 0, "imported": 0}


class Facts:
    """The study as this person may know it: what they are blind to is neither counted nor said.

    As many queries whatever the number of papers.
    """

    def __init__(self, study, user):
        self.study, self.user = study, user

    @cached_property
    def papers(self):
        with_venue = Count("pk", filter=~Q(venue=""))
        return self.study.papers.aggregate(all=Count("pk"), with_venue=with_venue)

    @cached_property
    def imports(self):
        confirmed = self.study.paper_imports.filter(state=PaperImport.State.CONFIRMED)
        return confirmed.aggregate(
            files=Count("pk"), new=Sum("new"), duplicate=Sum("duplicate"), refused=Sum("refused")
        )

    @cached_property
    def is_partial(self):
        """Whether this person is still blind somewhere: then what rests on others' answers is left
        out.
        """
        hidden = Finding.objects.of(self.study).exclude(
            pk__in=visible_findings(self.user, self.study).values("pk")
        )
        submitted = Summary.objects.filter(assignment__round__study=self.study).submitted()
        seen = visible_summaries(self.user, self.study)
        return hidden.exists() or submitted.exclude(pk__in=seen.values("pk")).exists()

    @cached_property
    def flow(self):
        """`(found by source, duplicates, [Step])`; the steps only where this person is blind
        nowhere.
        """
        found, duplicates, steps = prisma_flow(self.study)
        return found, duplicates, [] if self.is_partial else steps

    @cached_property
    def sections(self):
        return list(self.study.sections.in_use().select_related("phase", "research_question"))

    @cached_property
    def coded(self):
        return [section for section in self.sections if section.kind in section.CODED]

    @cached_property
    def questions(self):
        return [question for question in self.study.research_questions.all() if question.text]

    @cached_property
    def codes(self):
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
    def rounds(self):
        """Every round with how many `papers`, `readers` and `overlap` (papers that two or more
        read).
        """
        handed_out = Assignment.objects.in_force().filter(round__study=self.study).order_by()
        sizes = {
            row["round"]: row
            for row in handed_out.values("round").annotate(
                papers=Count("paper", distinct=True), readers=Count("reviewer", distinct=True)
            )
        }
        overlap = Counter(round for round, _ in self.shared)
        rounds = [one for one in self.study.rounds.select_related("phase") if one.pk in sizes]
        for one in rounds:
            one.papers, one.readers = sizes[one.pk]["papers"], sizes[one.pk]["readers"]
            one.overlap = overlap[one.pk]
        return rounds

    @cached_property
    def shared(self):
        """`[(round, paper)]`: what two or more read."""
        handed_out = Assignment.objects.in_force().filter(round__study=self.study).order_by()
        several = (
            handed_out.values("round", "paper").annotate(readers=Count("pk")).filter(readers__gt=1)
        )
        return list(several.values_list("round", "paper"))

    @cached_property
    def shared_independently(self):
        """The papers of these that two or more read without being able to read one another's
        answers before.
        """
        handed_out = Assignment.objects.in_force().filter(round__study=self.study)
        apart = independence.Independence(self.study).apart(handed_out)
        if not apart:
            return {paper for _, paper in self.shared}
        several = handed_out.exclude(pk__in=apart).order_by().values("round", "paper")
        several = several.annotate(readers=Count("pk")).filter(readers__gt=1)
        return set(several.values_list("paper", flat=True))

    @cached_property
    def looked_at_early(self):
        """Papers of which a lead saw others' answers before handing in their own."""
        looks = EarlyLook.objects.filter(paper__study=self.study)
        return looks.aggregate(number=Count("paper", distinct=True))["number"]

    @cached_property
    def apart(self):
        """`{assignment: why}` of the first submissions that are not independent."""
        return independence.of_study(self.study)

    @cached_property
    def why_not_independent(self):
        """`{why: summaries}`, but for early looks, of which there is a count of papers."""
        return Counter(why for why in self.apart.values() if why != independence.Why.EARLY_LOOK)

    @cached_property
    def reviewers(self):
        return (
            Assignment.objects.in_force()
            .filter(round__study=self.study)
            .aggregate(number=Count("reviewer", distinct=True))["number"]
        )

    @cached_property
    def most_readers(self):
        """The most reviewers that any one paper has in one round."""
        handed_out = Assignment.objects.in_force().filter(round__study=self.study).order_by()
        per_paper = (
            handed_out.values("round", "paper").annotate(readers=Count("pk")).order_by("-readers")
        )
        return per_paper.values_list("readers", flat=True).first() or 0

    @cached_property
    def settled(self):
        """`{basis: findings}` of the decisions in force that this person may see."""
        in_force = Resolution.objects.in_force().filter(finding__paper__study=self.study)
        in_force = in_force.filter(open_to(self.user, self.study)).order_by()
        newest = {}
        for finding, basis in in_force.order_by("decided_at", "pk").values_list("finding", "basis"):
            newest[finding] = basis
        return Counter(newest.values())

    @cached_property
    def discussed(self):
        """Remarks that this person may see: `(all, decision rules)`."""
        remarks = Remark.objects.filter(paper__study=self.study).filter(
            open_to(self.user, self.study)
        )
        found = remarks.aggregate(
            all=Count("pk"), rules=Count("pk", filter=Q(is_decision_rule=True))
        )
        return found["all"], found["rules"]

    @cached_property
    def changes(self):
        """`{what was done: times}` of the changes of the codebook."""
        acts = dict(self.study.codebook_changes.model.Act.choices)
        counted = (
            known_changes(self.user, self.study)
            .order_by()
            .values_list("act")
            .annotate(times=Count("pk"))
        )
        return {acts[act]: times for act, times in sorted(counted)}

    @cached_property
    def reasons(self):
        """How many changes of the codebook say why they were made."""
        return known_changes(self.user, self.study).exclude(reason="").count()

    @cached_property
    def kept_reports(self):
        """`[(round, its frozen statistics)]` of the closed rounds all of whose summaries this
        person may see.
        """
        if self.study.statistics_off_reason:
            return []
        seen = visible_summaries(self.user, self.study)
        visible = frozen.fully_visible(self.study, seen)
        closed = [one for one in self.rounds if one.is_closed and one.frozen_agreement]
        return [(one, one.frozen_agreement) for one in closed if one.pk in visible]

    @cached_property
    def origins(self):
        """`{round: {"summaries", "imported"}}`: first submissions, and how many of them came out of
        a file: how people worked for files, nobody here saw."""
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
    def has_figures(self):
        """Whether a coefficient was computed from at least one paper that two people read."""
        return any(one["papers"] for _, kept in self.kept_reports for one in kept["sections"])

    def phases_with(self, kind):
        return [one for one in self.rounds if one.phase.kind == kind]


def paragraphs(facts):
    """True of this study, in the order in which a paper would tell it."""
    told = [searched(facts), " ".join(template(facts)), " ".join(read(facts))]
    told += [agreed(facts), " ".join(came_together(facts))]
    return [text for text in told if text]


def searched(facts):
    if not facts.papers["all"]:
        return ""
    found, duplicates, _ = facts.flow
    sources = "; ".join(f"{source}: {number}" for source, number in found.items())
    text = f"The study holds {counted(facts.papers['all'], 'paper')}"
    if sources:
        text += f" out of {counted(sum(found.values()), 'record')} found ({sources})"
    text += f"; {counted(duplicates, 'duplicate')} {was(duplicates)} merged." if duplicates else "."
    files = facts.imports["files"]
    if files:
        text += f" The records came from {counted(files, 'file')}"
        refused = facts.imports["refused"] or 0
        text += (
            (
                f"; {counted(refused, 'entry', 'entries')} could not be read and {was(refused)} "
                f"left "
                f"out."
            )
            if refused
            else "."
        )
    return text


def template(facts):
    if not facts.sections:
        return
    yield (
        f"Every paper was to be described with {counted(len(facts.sections), 'item')}, "
        f"{len(facts.coded)} of them "
        f"coded, under {counted(len(facts.questions), 'research question')}."
    )
    if facts.codes["all"]:
        yield (
            f"The codebook has {counted(facts.codes['all'], 'code')}, {facts.codes['defined']} "
            f"with a definition, and "
            f"stands at version {facts.study.codebook_version}."
        )
    if facts.changes:
        done = ", ".join(f"{act} {times}×" for act, times in facts.changes.items())
        yield f"During the study it was changed, {reasons_given(facts)}: {done}."


def reasons_given(facts):
    """How many of the changes say why: adding and undoing ask for no reason."""
    changes = sum(facts.changes.values())
    if facts.reasons in {0, changes}:
        return (
            "each time with the reason on record" if facts.reasons else "without a reason on record"
        )
    return f"{counted(facts.reasons, 'time')} of {changes} with the reason on record"


def read(facts):
    for one in facts.rounds:
        overlap = (
            "none of them"
            if not one.overlap
            else "all of them"
            if one.overlap == one.papers
            else one.overlap
        )
        yield (
            f"In the {one.kind} round “{one}” ({one.phase}), {counted(one.papers, 'paper')} "
            f"{was(one.papers)} handed out to {counted(one.readers, 'reviewer')}; two or more read "
            f"{overlap}" + ("; the round is still open." if not one.is_closed else ".")
        )
    if facts.rounds:
        yield from apart(facts)


def apart(facts):
    """Who could see what: of what was coded here. What came in files was coded elsewhere."""
    files, all_of_them = (
        sum(one[fact] for one in facts.origins.values()) for fact in ("imported", "summaries")
    )
    if files:
        yield (
            f"{counted(files, 'summary', 'summaries')} of {all_of_them:,} came from files and "
            f"{was(files)} made "
            "outside of Concord, which cannot say whether their reviewers worked independently."
        )
    if files and files == all_of_them:
        return
    waits = facts.study.others_visible == facts.study.OthersVisible.AFTER_CLOSING
    when = "the round was closed" if waits else "they had submitted their own"
    looked = facts.looked_at_early
    but = (
        [f"{counted(looked, 'paper')} at which a lead looked early, as the log tells"]
        if looked
        else []
    )
    if facts.why_not_independent:
        number = sum(facts.why_not_independent.values())
        but.append(
            f"{counted(number, 'summary', 'summaries')} whose reviewer could read others' answers "
            f"on the paper before "
            f"({agreement_tables.reasons(facts.why_not_independent)}), which no figure of "
            f"agreement counts"
        )
    but = f", but for {' and '.join(but)}" if but else ""
    who = "Of those who coded here nobody" if files else "Nobody"
    yield f"{who} could see another reviewer's answers on a paper before {when}{but}."


def agreed(facts):
    if facts.study.statistics_off_reason:
        return agreement_tables.switched_off(facts.study)
    late = declarations.late_changes(facts.study)
    told = [
        agreement_tables.methods(
            declarations.with_changes(kept["sections"], late),
            round_name=f"the round “{one}”",
            not_independent=frozen.why_left_out(kept),
            known_since=known_since(facts, kept),
            **facts.origins.get(one.pk, EMPTY_ROUND),
        )
        for one, kept in facts.kept_reports
    ]
    return " ".join(text for text in told if text)


def known_since(facts, kept):
    if not facts.apart:
        return 0
    first = Summary.objects.first_submissions().filter(assignment__in=facts.apart)
    return frozen.known_since(kept, set(first.values_list("pk", flat=True)))


def came_together(facts):
    settled = facts.settled
    if not settled:
        return
    ways = "; ".join(
        f"{settled[basis]} {words}" for basis, words in BASES.items() if settled[basis]
    )
    yield (
        f"{counted(sum(settled.values()), 'finding').capitalize()} {was(sum(settled.values()))} "
        f"settled: {ways}."
    )
    yield (
        "No difference was settled by majority vote; every decision keeps who made it, and why "
        "where they differed."
    )
    remarks, rules = facts.discussed
    if remarks:
        yield (
            f"The discussion left {counted(remarks, 'remark')}, {rules} of them kept as "
            f"decision rules."
        )
    if facts.study.is_anonymous:
        yield "Reviewers' names were hidden while differences were settled."


def counted(number, one, several=None):
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def was(number):
    return "was" if number == 1 else "were"
