"""Where a paper stands: to a lead how far its reviewers are, to anybody else their own part.
Counts, never answers.
"""

from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Left

from mapping.models import Finding, Membership, Paper, User
from reviews.blindness import rules
from reviews.models import Answer, Assignment, Summary
from reviews.models.study_cache import cached_for_study

BY_TITLE = (Left("title", 200), F("pk"))  # as the indexes have it

# In the order of the work; the words of `shared/_state.html`.
OF_ALL = {
    "not_coded": "handed out to nobody",
    "todo": "handed out",
    "draft": "partly submitted",
    "submitted": "submitted by all",
    "settled": "settled",
}
OF_ONE = {"not_coded": "not mine", "todo": "to do", "draft": "draft", "submitted": "submitted"}


class PaperState(NamedTuple):
    """Where one paper stands; `word` is what a reader sees of it. The counts are a lead's."""

    state: str
    word: str
    handed_out: int = 0
    submitted: int = 0


def states_for(membership: Membership) -> dict[str, str]:
    """The states by which this member may filter and sort, `{state: words}`; observers have
    none.
    """
    if membership.is_lead:
        return OF_ALL
    return OF_ONE if membership.may_code else {}


def condition(state: str, membership: Membership) -> Q:
    """The papers in this state, as a condition on Paper."""
    return (of_all(membership) if membership.is_lead else of_one(membership.user))[state]


def of_all(membership):
    """Conditions on Paper, by state. Settled only for those who may know it: a paper settles by
    itself where all said the same.
    """
    closed = rules.closed_papers(membership)
    settled = Q(is_settled()) & ~Q(pk__in=closed)
    living = Assignment.objects.living().filter(paper=OuterRef("pk"))
    handed_out = Exists(living)
    submitted, awaiting = Exists(living.submitted()), Exists(living.awaiting())
    done = Q(submitted) & ~Q(awaiting)
    return {
        "not_coded": ~Q(handed_out),
        "todo": Q(handed_out) & ~Q(submitted),
        "draft": Q(submitted) & Q(awaiting),
        "submitted": done & ~settled,
        "settled": done & settled,
    }


def is_settled():
    """There is a finding, and no section that anybody answered is still open."""
    findings = Finding.objects.filter(paper=OuterRef("pk"))
    settled = Finding.objects.filter(
        paper=OuterRef("summary__assignment__paper"), section=OuterRef("section")
    )
    answered = Answer.objects.filter(
        summary__in=Summary.objects.latest(),
        summary__assignment__paper=OuterRef("pk"),
        section__retired_at=None,
    )
    return Exists(findings) & ~Exists(answered.filter(~Exists(settled)))


def of_one(user):
    """Conditions on Paper, by state of one's own part."""
    mine = Assignment.objects.in_force().filter(paper=OuterRef("pk"), reviewer=user)
    drafts = Exists(
        mine.unsubmitted().filter(summaries__submitted_at=None, summaries__isnull=False)
    )
    awaiting = Exists(mine.unsubmitted())
    return {
        "not_coded": ~Exists(mine),
        "todo": Q(awaiting) & ~Q(drafts),
        "draft": Q(drafts),
        "submitted": Exists(mine) & ~Q(awaiting),
    }


def rank(membership):
    """The state as a number, for sorting."""
    return Case(
        *(
            When(condition(state, membership), then=Value(index))
            for index, state in enumerate(states_for(membership))
        ),
        default=Value(0),
    )


def listed_papers(
    membership: Membership, *, state: str = "", is_reversed: bool = False
) -> list[int]:
    """The pks of all papers, or of those in this state: by state (the last one first, if reversed),
    then by title.

    The states of all papers are worked out when something changed; only drafts are asked for anew.
    """
    states = list(states_for(membership))
    by_state = dict(zip(states, papers_by_rank(membership, len(states)), strict=True))
    if not membership.is_lead:
        begun = drafts_of(membership)
        unsubmitted = by_state["todo"]
        by_state["draft"] = [pk for pk in unsubmitted if pk in begun]
        by_state["todo"] = [pk for pk in unsubmitted if pk not in begun]
    if state:
        return by_state[state]
    in_order = reversed(states) if is_reversed else states
    return [pk for state in in_order for pk in by_state[state]]


def papers_by_rank(membership, count):
    """Per state the pks of its papers by title, from the cache; of one's own a draft stands among
    what is to do.
    """
    todo = list(OF_ONE).index("todo")
    instead = {} if membership.is_lead else {list(OF_ONE).index("draft"): todo}

    def compute():
        by_rank = [[] for _ in range(count)]
        papers = membership.study.papers.order_by(*BY_TITLE).values_list("pk", rank(membership))
        for pk, index in papers:
            by_rank[instead.get(index, index)].append(pk)
        return by_rank

    is_common = membership.is_lead and not is_blind(membership)
    return cached_for_study(
        membership.study,
        "paper-states" if is_common else f"paper-states.{membership.role}.{membership.user_id}",
        compute,
    )


def is_blind(membership):
    return cached_for_study(
        membership.study,
        f"blind.{membership.user_id}",
        lambda: rules.is_blind_somewhere(membership),
    )


def drafts_of(membership):
    """The papers of which this member has begun a summary that was never submitted."""
    drafts = Summary.objects.drafts().filter(
        revision=1,
        assignment__withdrawn_at=None,
        assignment__reviewer=membership.user_id,
        assignment__round__study=membership.study_id,
    )
    return set(drafts.order_by().values_list("assignment__paper", flat=True))


def states_of(papers: Collection[Paper], membership: Membership) -> dict[int, PaperState]:
    """The state of each of these papers, by primary key; observers are told none. A few queries by
    key, however large the study is.

    They are not joined into one: PostgreSQL then reads all summaries of all studies to hash them.
    """
    if membership.is_lead:
        return states_of_all(papers, membership)
    return states_of_own(papers, membership.user) if membership.may_code else {}


def states_of_all(papers, membership):
    """How far the reviewers of each of these papers are."""
    assignments = dict(
        Assignment.objects.living().filter(paper__in=papers).order_by().values_list("pk", "paper")
    )
    latest = latest_submitted(assignments)
    handed_out, submitted = Counter(assignments.values()), Counter(assignments[pk] for pk in latest)
    settled = settled_among(papers, latest)
    settled -= {paper for paper, _ in rules.closed_pairs(membership, settled)}
    return {
        paper.pk: state_of_all(
            handed_out[paper.pk], submitted[paper.pk], is_settled=paper.pk in settled
        )
        for paper in papers
    }


def latest_submitted(assignments):
    """The newest submitted summary of each of these assignments, `{assignment: summary}`."""
    submitted = (
        Summary.objects.submitted().filter(assignment__in=list(assignments)).order_by("revision")
    )
    return dict(submitted.values_list("assignment", "pk"))


def settled_among(papers, latest):
    findings = set(
        Finding.objects.filter(paper__in=papers).order_by().values_list("paper", "section")
    )
    answers = Answer.objects.filter(
        summary__in=list(latest.values()), section__retired_at=None
    ).order_by()
    answered = set(answers.values_list("summary__assignment__paper", "section"))
    return {paper for paper, _ in findings} - {paper for paper, _ in answered - findings}


def state_of_all(handed_out, submitted, *, is_settled):
    word = f"{submitted} of {handed_out} submitted"
    if not handed_out:
        state, word = "not_coded", OF_ALL["not_coded"]
    elif not submitted:
        state = "todo"
    elif submitted < handed_out:
        state = "draft"
    elif is_settled:
        state, word = "settled", OF_ALL["settled"]
    else:
        state = "submitted"
    return PaperState(state, word, handed_out, submitted)


def states_of_own(papers: Collection[Paper], user: User) -> dict[int, PaperState]:
    """How far this person is with each of these papers."""
    mine = Assignment.objects.in_force().filter(paper__in=papers, reviewer=user).order_by()
    mine = dict(mine.values_list("pk", "paper"))
    begun = set(
        Summary.objects.filter(assignment__in=list(mine))
        .order_by()
        .values_list("assignment", flat=True)
    )
    submitted = latest_submitted(mine)
    own = {}
    for assignment, paper in mine.items():
        state = (
            "submitted" if assignment in submitted else "draft" if assignment in begun else "todo"
        )
        # Two rounds may hold the same paper: what is still to be done comes first.
        own[paper] = min(own.get(paper, state), state, key=["draft", "todo", "submitted"].index)
    states = {paper.pk: own.get(paper.pk, "not_coded") for paper in papers}
    return {pk: PaperState(state, OF_ONE[state]) for pk, state in states.items()}
