"""Which submissions are independent: their author could read others' answers on the paper at no
moment before.

While a paper is somebody's to code they are blind on it, and an early look alone lifts that. So it
is enough to ask when a paper becomes theirs (handed out, given back, imported): could they read
others' answers on it until now? What they can read now, the rule of blindness says; what they could
read before a role or a setting changed, the study's log. Every act that makes papers somebody's
asks `prior_access` and writes it down with `record`, in its own transaction. The rows stay,
whatever is done later: they are of the person and the paper, not of the assignment.
"""

from collections import defaultdict

from django.apps import apps
from django.contrib.admin.models import LogEntry as AdminEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from mapping.models import LogEntry, Paper, User
from reviews.blindness.former_rights import Said, came_in
from reviews.blindness.reconstruction import assignments, first_access, former_rights
from reviews.blindness.rules import active_membership
from reviews.blindness.visible import visible_summaries
from reviews.models import Answer, Assignment, EarlyLook, PriorAccess, Summary

Why = PriorAccess.Why
NAMED = 5  # papers that a sentence names; the facts beside it name all


def prior_access(phase, pairs):
    """`{(paper, user): why}` of those pairs (both by primary key) who could read what others
    submitted on the paper in this phase, at any moment until now in which it was not theirs to
    code.
    """
    papers_of = defaultdict(set)
    for paper, user in pairs:
        papers_of[user].add(paper)
    said = submissions(phase, set().union(*papers_of.values()))
    papers_of = {
        user: {one for one in papers if others(said, one, user)}
        for user, papers in papers_of.items()
    }
    papers_of = {user: papers for user, papers in papers_of.items() if papers}
    if not papers_of:
        return {}
    former = former_rights(apps, phase.study)
    readers = User.objects.exclude(pk__in=User.objects.without_password()).in_bulk(papers_of)
    formerly = formerly_staff(readers)
    found = {}
    for user in readers.values():
        runs_server = user.is_staff or str(user.pk) in formerly
        own = of_reader(phase, user, papers_of[user.pk], said, former, runs_server=runs_server)
        for paper, why in own.items():
            found[paper, user.pk] = why
    return found


def submissions(phase, papers):
    """`{paper: [Said]}`: the first submissions of everybody."""
    rows = Summary.objects.first_submissions().filter(assignment__round__phase=phase).order_by()
    if len(papers) < 1000:
        rows = rows.filter(assignment__paper__in=papers)
    found = defaultdict(list)
    for paper, reviewer, origin, started_at, submitted_at, round, closed_at in rows.values_list(
        "assignment__paper",
        "assignment__reviewer",
        "origin",
        "started_at",
        "submitted_at",
        "assignment__round__number",
        "assignment__round__closed_at",
    ):
        found[paper].append(
            Said(reviewer, came_in(origin, started_at, submitted_at), round, closed_at)
        )
    return found


def others(said, paper, user):
    return [one for one in said.get(paper, ()) if one.reviewer != user]


def of_reader(phase, user, papers, said, former, *, runs_server):
    """`{paper: why}` for one reader. Papers that are theirs already were asked about when they
    became so.
    """
    mine = defaultdict(list)
    rows = Assignment.objects.filter(
        reviewer=user, paper__in=papers, round__phase=phase
    ).with_first()
    times = "first__origin", "first__started_at", "first__submitted_at"
    for paper, withdrawn_at, *first in rows.values_list("paper", "withdrawn_at", *times):
        mine[paper].append((withdrawn_at, came_in(*first) if first[-1] else None))
    # Whoever is handed a paper may become a member only with it.
    visible = visible_summaries(active_membership(user, phase.study)).submitted()
    visible = visible.exclude(assignment__reviewer=user)
    visible = visible.filter(assignment__round__phase=phase, assignment__paper__in=papers)
    visible = set(visible.order_by().values_list("assignment__paper", flat=True))
    now, found = timezone.now(), {}
    for paper in papers:
        if (None, None) in mine[paper]:  # neither taken back nor submitted
            continue
        coded_at = min((at for _, at in mine[paper] if at is not None), default=None)
        since = max((at for at, _ in mine[paper] if at is not None), default=None)
        there = others(said, paper, user.pk)
        words = (former.why(user.pk, one, start=since, end=now, coded_at=coded_at) for one in there)
        why = next(filter(None, words), "")
        if not why and runs_server:
            why = in_admin_site(user, there, former)
        if why or paper in visible:
            found[paper] = why or (Why.CODED_BEFORE if coded_at else Why.LEAD)
    return found


def in_admin_site(user, said, former):
    """Whoever runs the server sees there what was submitted in studies that they are not in."""
    joined_at = former.joined_at(user.pk)
    if any(joined_at is None or one.came_in < joined_at for one in said):
        return Why.ADMIN_SITE
    return ""


def formerly_staff(users):
    """The primary keys, as texts, of those of these whose rights on the server the admin site has
    changed.
    """
    changed = AdminEntry.objects.filter(content_type=ContentType.objects.get_for_model(User))
    changed = changed.filter(
        object_id__in=map(str, users), change_message__icontains="staff status"
    )
    return set(changed.values_list("object_id", flat=True))


def lock(papers):
    """Until the transaction ends no submission on these comes in: whoever submits locks the paper,
    and waits. So nobody reads it between the question and the moment from which they are blind.
    """
    rows = Paper.objects.filter(pk__in=set(papers)).order_by("pk").select_for_update(no_key=True)
    list(rows.values_list("pk", flat=True))


def record(phase, found, *, by, at=None):
    """Write down what `prior_access` found, for good, and say so in the study's log."""
    if not found:
        return
    PriorAccess.objects.bulk_create(
        (
            PriorAccess(paper_id=paper, phase=phase, user_id=user, why=why, at=at or timezone.now())
            for (paper, user), why in found.items()
        ),
        batch_size=2000,
        ignore_conflicts=True,
    )
    papers = Paper.objects.only("key", "title").in_bulk({paper for paper, _ in found})
    users = User.objects.in_bulk({user for _, user in found})
    told = [(users[user], papers[paper], why) for (paper, user), why in found.items()]
    LogEntry.objects.record(
        phase.study,
        by,
        "not-independent",
        " ".join(text for text, _ in warnings(told)),
        prior_access=[facts(*one) for one in told],
    )


def record_reader_of_bundle(study, user):
    """Whoever brings a study in from a bundle has had in their hands what it says of the papers
    that they still have to code.
    """
    found = defaultdict(set)
    for one in (
        Assignment.objects.unsubmitted()
        .filter(round__study=study, reviewer=user)
        .select_related("round__phase")
    ):
        found[one.round.phase].add(one.paper_id)
    for phase, papers in found.items():
        phase.study = study
        said = submissions(phase, papers)
        record(
            phase,
            {(paper, user.pk): Why.LEAD for paper in papers if others(said, paper, user.pk)},
            by=user,
        )


def facts(user, paper, why):
    """As JSON says it: in the log, and where commands tell of a plan."""
    return {"reviewer": user.username, "paper": paper.key, "why": str(why)}


def warnings(told):
    """`[(sentence, [Paper])]` of `[(User, Paper, why)]`: what a plan warns of and the log keeps."""
    found = defaultdict(list)
    for user, paper, why in told:
        found[user, Why(why)].append(paper)
    found = sorted(found.items(), key=lambda item: (str(item[0][0]), item[0][1]))
    return [(sentence(user, papers, why), papers) for (user, why), papers in found]


def sentence(user, papers, why):
    names = ", ".join(f"“{paper}”" for paper in papers[:NAMED])
    more = f" and {len(papers) - NAMED} more" if len(papers) > NAMED else ""
    which = "this paper" if len(papers) == 1 else f"{len(papers)} of these papers"
    return (
        f"{user} could read others' answers on {which} before ({why.label}): {names}{more}. "
        "What they submit there does not count as independent."
    )


def check_at_submission(assignment):
    """Whatever way the paper became theirs: when they submit it is asked again what they could read
    until then.
    """
    phase, paper, user = assignment.round.phase, assignment.paper_id, assignment.reviewer_id
    said = Summary.objects.first_submissions().filter(
        assignment__paper=paper, assignment__round__phase=phase
    )
    earlier = Q(submitted_at__lt=assignment.assigned_at) | Q(started_at__lt=assignment.assigned_at)
    if not said.filter(earlier).exclude(assignment__reviewer=user).exists():
        return
    if PriorAccess.objects.filter(paper=paper, phase=phase, user=user).exists():
        return
    study = assignment.round.study
    given = assignments(apps, study, paper=paper)[paper, phase.pk]
    for at, why in first_access(user, given, former_rights(apps, study)):
        record(phase, {(paper, user): why}, by=None, at=at)


class Independence:
    """Why submissions of a study are not independent. Two queries, however many there are."""

    def __init__(self, study, **narrow):
        looks = EarlyLook.objects.filter(paper__study=study, **narrow)
        self.looks = {
            tuple(key): at for *key, at in looks.values_list("paper", "phase", "user", "at")
        }
        accesses = PriorAccess.objects.filter(paper__study=study, **narrow)
        rows = accesses.values_list("paper", "phase", "user", "at", "why")
        self.accesses = {tuple(key): (at, why) for *key, at, why in rows}

    def __bool__(self):
        return bool(self.looks or self.accesses)

    def why_not(self, paper, phase, user, moment=None, *, is_first=True):
        """`Why`, or "" for an independent one. `moment`: when it was submitted, None where it is
        still to be.

        Not `is_first`: the first answer to a section that came later, to which nobody else had one
        before it was asked.
        """
        key = paper, phase, user
        at, why = self.accesses.get(key, (None, ""))
        if is_first and at is not None and (moment is None or at <= moment):
            return Why(why)
        looked_at = self.looks.get(key)
        return (
            Why.EARLY_LOOK
            if looked_at is not None and (moment is None or looked_at <= moment)
            else ""
        )

    def apart(self, given):
        """`{assignment: why}`, by primary key, of those of these whose first submission, be it in
        or still to come, is not independent. One query, none where there is nothing on record.
        """
        if not self:
            return {}
        rows = given.filter(known_to_be_apart()).with_first().order_by()
        found = {}
        for pk, *key, origin, started_at, submitted_at in rows.values_list(
            "pk",
            "paper",
            "round__phase",
            "reviewer",
            "first__origin",
            "first__started_at",
            "first__submitted_at",
        ):
            moment = came_in(origin, started_at, submitted_at) if submitted_at else None
            if why := self.why_not(*key, moment):
                found[pk] = why
        return found


def known_to_be_apart():
    """True for assignments whose readers could read others' answers at some time, be it after their
    own.
    """
    own = {
        "paper": OuterRef("paper"),
        "phase": OuterRef("round__phase"),
        "user": OuterRef("reviewer"),
    }
    return Exists(PriorAccess.objects.filter(**own)) | Exists(EarlyLook.objects.filter(**own))


def answered_before_asked():
    """True for tasks whose section others had answered on the paper when it was asked for: it had
    been away, or their answers came with a file. Whoever is asked had submitted, and could read
    them.
    """
    said = Answer.objects.filter(
        section=OuterRef("section"), summary__assignment__paper=OuterRef("assignment__paper")
    )
    said = said.exclude(summary__assignment__reviewer=OuterRef("assignment__reviewer"))
    asked_at = OuterRef("asked_at")
    from_file = Q(summary__origin=Summary.Origin.CODINGS, summary__started_at__lt=asked_at)
    in_time = Q(summary__submitted_at__lt=asked_at) | from_file
    return Exists(said.filter(in_time, summary__submitted_at__isnull=False))


def of_study(study):
    """`{assignment: why}` of all that was submitted and is not independent."""
    return Independence(study).apart(Assignment.objects.filter(round__study=study).submitted())


def not_to_give_back(taken):
    """The primary keys of those among these, taken back, whose reviewers could read others' answers
    since.
    """
    by_phase = defaultdict(dict)
    for one in taken.select_related("round__phase__study"):
        by_phase[one.round.phase][one.paper_id, one.reviewer_id] = one.pk
    return {pks[pair] for phase, pks in by_phase.items() for pair in prior_access(phase, pks)}
