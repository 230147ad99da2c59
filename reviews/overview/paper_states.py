"""Where a paper stands: to a lead how far its reviewers are, to anybody else their own part.
Counts, never answers.
"""

from collections import Counter

from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Left

from mapping.models import Finding
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


def states_for(membership):
    """The states by which this member may filter and sort, `{state: words}`; observers have
    none.
    """
    if membership.is_lead:
        return OF_ALL
    return OF_ONE if membership.may_code else {}


def condition(state, membership):
    """The papers in this state, as a condition on Paper."""
    return (of_all(membership) if membership.is_lead else of_one(membership.user))[state]


def of_all(membership):
    """Settled is a paper to whom it may be told: by itself it settles where all said the same."""
    told = Q(is_settled()) & ~Q(pk__in=rules.closed_papers(membership.user, membership.study))
    here = Assignment.objects.living().filter(paper=OuterRef("pk"))
    handed_out, submitted, awaiting = (
        Exists(here),
        Exists(here.submitted()),
        Exists(here.awaiting()),
    )
    done = Q(submitted) & ~Q(awaiting)
    return {
        "not_coded": ~Q(handed_out),
        "todo": Q(handed_out) & ~Q(submitted),
        "draft": Q(submitted) & Q(awaiting),
        "submitted": done & ~told,
        "settled": done & told,
    }


def is_settled():
    """Something was found, and no section that anybody answered is still open."""
    found = Finding.objects.filter(paper=OuterRef("pk"))
    settled = Finding.objects.filter(
        paper=OuterRef("summary__assignment__paper"), section=OuterRef("section")
    )
    answered = Answer.objects.filter(
        summary__in=Summary.objects.latest(),
        summary__assignment__paper=OuterRef("pk"),
        section__retired_at=None,
    )
    return Exists(found) & ~Exists(answered.filter(~Exists(settled)))


def of_one(user):
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
            When(condition(state, membership), then=Value(place))
            for place, state in enumerate(states_for(membership))
        ),
        default=Value(0),
    )


def listed(study, membership, *, state="", is_reversed=False):
    """The pks of all papers, or of those in this state: by state (the last one first, if reversed),
    then by title.

    The states of all papers are worked out when something changed; only drafts are asked for anew.
    """
    places = list(states_for(membership))
    by_state = dict(zip(places, in_places(study, membership, len(places)), strict=True))
    if not membership.is_lead:
        begun = drafts_of(study, membership.user)
        open_ones = by_state["todo"]
        by_state["draft"] = [pk for pk in open_ones if pk in begun]
        by_state["todo"] = [pk for pk in open_ones if pk not in begun]
    if state:
        return by_state[state]
    return [pk for place in (reversed(places) if is_reversed else places) for pk in by_state[place]]


def in_places(study, membership, number):
    """Per state the pks of its papers by title, as kept; of one's own a draft stands among what is
    to do.
    """
    todo = list(OF_ONE).index("todo")
    own = {} if membership.is_lead else {list(OF_ONE).index("draft"): todo}

    def work():
        found = [[] for _ in range(number)]
        papers = study.papers.order_by(*BY_TITLE).values_list("pk", rank(membership))
        for pk, place in papers:
            found[own.get(place, place)].append(pk)
        return found

    is_common = membership.is_lead and not is_blind(study, membership)
    return cached_for_study(
        study,
        "paper-states" if is_common else f"paper-states.{membership.role}.{membership.user_id}",
        work,
    )


def is_blind(study, membership):
    return cached_for_study(
        study,
        f"blind.{membership.user_id}",
        lambda: rules.is_blind_somewhere(membership.user, study),
    )


def drafts_of(study, user):
    """The papers of which this person has begun a summary that was never submitted."""
    drafts = Summary.objects.drafts().filter(
        revision=1,
        assignment__withdrawn_at=None,
        assignment__reviewer=user,
        assignment__round__study=study,
    )
    return set(drafts.order_by().values_list("assignment__paper", flat=True))


def add_states(papers, membership):
    """Give each of these papers its `state` and its `word`. A few queries by key, however large the
    study is.

    They are not joined into one: PostgreSQL then reads all summaries of all studies to hash them.
    """
    if membership.is_lead:
        add_progress(papers, membership)
    elif membership.may_code:
        add_own(papers, membership.user)


def add_progress(papers, membership):
    assignments = dict(
        Assignment.objects.living().filter(paper__in=papers).order_by().values_list("pk", "paper")
    )
    latest = latest_submitted(assignments)
    handed_out, submitted = Counter(assignments.values()), Counter(assignments[pk] for pk in latest)
    settled = settled_among(papers, latest)
    settled -= {
        paper for paper, _ in rules.closed_pairs(membership.user, membership.study, settled)
    }
    for paper in papers:
        paper.handed_out, paper.submitted = handed_out[paper.pk], submitted[paper.pk]
        paper.state = state_of_all(paper, paper.pk in settled)
        paper.word = (
            "settled"
            if paper.state == "settled"
            else f"{paper.submitted} of {paper.handed_out} submitted"
        )
        if not paper.handed_out:
            paper.word = OF_ALL["not_coded"]


def latest_submitted(assignments):
    """The newest submitted summary of each of these assignments, `{assignment: summary}`."""
    found = (
        Summary.objects.submitted().filter(assignment__in=list(assignments)).order_by("revision")
    )
    return dict(found.values_list("assignment", "pk"))


def settled_among(papers, latest):
    findings = set(
        Finding.objects.filter(paper__in=papers).order_by().values_list("paper", "section")
    )
    answers = Answer.objects.filter(
        summary__in=list(latest.values()), section__retired_at=None
    ).order_by()
    answered = set(answers.values_list("summary__assignment__paper", "section"))
    return {paper for paper, _ in findings} - {paper for paper, _ in answered - findings}


def state_of_all(paper, is_settled):
    if not paper.handed_out:
        return "not_coded"
    if not paper.submitted:
        return "todo"
    if paper.submitted < paper.handed_out:
        return "draft"
    return "settled" if is_settled else "submitted"


def add_own(papers, user):
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
    for paper in papers:
        paper.state = own.get(paper.pk, "not_coded")
        paper.word = OF_ONE[paper.state]
