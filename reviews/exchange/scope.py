"""Whose words leave: for a person what the doors show them, for the commands everything."""

from django.db.models import Exists, OuterRef, Q
from django.utils.crypto import salted_hmac

from mapping.exchange.table import Scope
from mapping.models import (
    Code,
    CodebookChange,
    Finding,
    LogEntry,
    Membership,
    Paper,
    PaperImport,
    PaperSource,
    User,
)
from reviews.blindness import log
from reviews.blindness.codes import known_changes, known_codes
from reviews.blindness.names import NAME
from reviews.blindness.visible import open_to, visible_findings, visible_summaries
from reviews.models import (
    Assignment,
    Deferral,
    EarlyLook,
    PriorAccess,
    RecodingTask,
    Remark,
    Resolution,
    Round,
    Summary,
)

# The line that says that a study came from a bundle belongs to the site, not to the study: it does
# not leave again.
IMPORTED = "import-study"
CURRENT = (Code.Status.ACTIVE, Code.Status.RETIRED, Code.Status.MERGED, Code.Status.DECLINED)


class Rows(dict):
    """A study's rows by model, each made when it is first asked for: a file needs few of them."""

    def __init__(self, makers):
        super().__init__()
        self.makers = makers

    def __missing__(self, model):
        self[model] = rows = self.makers[model]()
        return rows

    def but(self, makers):
        return Rows(self.makers | makers)


def everything(study):
    """The study's rows by model."""
    return Rows(
        {
            User: lambda: people_of(study),
            Paper: study.papers.all,
            PaperImport: lambda: study.paper_imports.exclude(state=PaperImport.State.PREVIEWED),
            PaperSource: lambda: PaperSource.objects.filter(paper__study=study),
            Code: lambda: Code.objects.filter(section__study=study),
            CodebookChange: study.codebook_changes.all,
            Finding: lambda: Finding.objects.of(study),
            LogEntry: lambda: study.log.exclude(act=IMPORTED),
            Round: study.rounds.all,
            Assignment: lambda: Assignment.objects.filter(round__study=study),
            Summary: lambda: Summary.objects.filter(assignment__round__study=study).submitted(),
            Resolution: lambda: Resolution.objects.filter(paper__study=study),
            Remark: lambda: Remark.objects.filter(paper__study=study),
            Deferral: lambda: Deferral.objects.filter(paper__study=study),
            EarlyLook: lambda: EarlyLook.objects.filter(paper__study=study),
            PriorAccess: lambda: PriorAccess.objects.filter(paper__study=study),
            RecodingTask: lambda: RecodingTask.objects.filter(assignment__round__study=study),
        }
    )


def people_of(study):
    """Members, and whoever else left a name in the study: the one who made it, somebody of the
    server.
    """
    named = Q(pk__in=study.memberships.values("user")) | Q(pk=study.created_by_id)
    for rows in (
        study.log.exclude(act=IMPORTED).values("by"),
        study.codebook_changes.values("by"),
        study.paper_imports.values("by"),
        study.rounds.values("closed_by"),
        Assignment.objects.filter(round__study=study).values("reviewer"),
        Summary.objects.filter(assignment__round__study=study).values("reopened_by"),
        Resolution.objects.filter(paper__study=study).values("decided_by"),
        Resolution.objects.filter(paper__study=study).values("undone_by"),
        Resolution.objects.filter(paper__study=study).values("adopted_from"),
        Remark.objects.filter(paper__study=study).values("by"),
        Remark.objects.filter(paper__study=study).values("resolved_by"),
        Remark.objects.filter(paper__study=study).values("mentions__user"),
        Deferral.objects.filter(paper__study=study).values("by"),
        EarlyLook.objects.filter(paper__study=study).values("user"),
        PriorAccess.objects.filter(paper__study=study).values("user"),
        Code.objects.filter(section__study=study).values("proposed_by"),
    ):
        named |= Q(pk__in=rows)
    return User.objects.filter(named)


def visible(membership):
    """What of it this member may receive. `open_to` is the rule of blindness for what hangs on a
    section.
    """
    rows = everything(membership.study)
    known = rows.but(
        {
            Summary: lambda: visible_summaries(membership).submitted(),
            Finding: lambda: visible_findings(membership),
            Resolution: lambda: rows[Resolution].filter(open_to(membership)),
            # One's own remarks, always.
            Remark: lambda: rows[Remark].filter(open_to(membership) | Q(by=membership.user_id)),
            Deferral: lambda: rows[Deferral].filter(open_to(membership)),
        }
    )
    return known.but(
        for_leads(membership, rows) if membership.is_lead else for_others(membership.user_id, known)
    )


def for_leads(membership, rows):
    def tasks():
        # Who has to look again at a code that was split has used it.
        used = Q(code__isnull=False, assignment__paper__in=log.papers_closed_to(membership))
        return rows[RecodingTask].exclude(used & ~Q(assignment__reviewer=membership.user_id))

    return {
        LogEntry: lambda: log.lines(membership).exclude(act=IMPORTED),
        RecodingTask: tasks,
        Code: lambda: known_codes(membership),
        CodebookChange: lambda: known_changes(membership),
    }


def for_others(user, rows):
    """What others propose says what they read; who reads what is for the leads, and so is the
    history of both.
    """
    own = Q(proposed_by=user)
    proposed = Q(status__in=CURRENT) & (Q(proposed_by=None) | Q(status="active") | own) | own
    return {
        Code: lambda: rows[Code].filter(proposed),
        Assignment: lambda: rows[Assignment].filter(reviewer=user),
        RecodingTask: lambda: rows[RecodingTask].filter(assignment__reviewer=user),
        EarlyLook: lambda: rows[EarlyLook].filter(user=user),
        PriorAccess: lambda: rows[PriorAccess].filter(
            Q(user=user) | Exists(of_that_reader(rows[Summary]))
        ),
        LogEntry: LogEntry.objects.none,
        CodebookChange: CodebookChange.objects.none,
    }


def of_that_reader(summaries):
    """The summaries by the user of a row, of its paper in its phase."""
    return summaries.filter(
        assignment__paper=OuterRef("paper"),
        assignment__round__phase=OuterRef("phase"),
        assignment__reviewer=OuterRef("user"),
    )


def scope_for(membership, *, with_pseudonyms=False, level="code"):
    """What this member may take out. `level` is "code" or "parent".

    Where the study hides names while settling, they stay hidden here until it is released.
    """
    study = membership.study
    hides = study.is_anonymous and not study.is_released
    called = pseudonyms(study, is_shuffled=hides) if with_pseudonyms or hides else {}
    rows = visible(membership)
    submitted = Summary.objects.filter(assignment__round__study=study).submitted()
    held_back = submitted.exclude(pk__in=rows[Summary].values("pk"))
    is_whole = membership.is_lead and not hides and not held_back.exists()
    is_blind = log.papers_closed_to(membership).exists()
    facts = {"is_blind": is_blind, "has_history": membership.is_lead and not is_blind}
    neutral = NAME if hides else ""
    return scoped(
        study, rows, called, is_whole=is_whole, level=level, neutral_name=neutral, **facts
    )


def scope_of_all(study, *, with_pseudonyms=False):
    """For the commands: whoever runs the server may take out everything."""
    return scoped(
        study,
        everything(study),
        pseudonyms(study) if with_pseudonyms else {},
        is_whole=True,
        has_history=True,
    )


def scoped(study, rows, called, *, is_whole, **facts):
    full_names = {}
    if called:
        full_names = names_elsewhere(study, called)
        full_names |= {user.name: called[user.username] for user in people_of(study) if user.name}
        if facts.get("neutral_name"):
            full_names |= {
                user.get_short_name(): called[user.username] for user in people_of(study)
            }
    return Scope(
        study=study, rows=rows, is_whole=is_whole, pseudonyms=called, full_names=full_names, **facts
    )


def names_elsewhere(study, called):
    """`{user name: pseudonym}` of people who are called otherwise here than in the lines of the log
    that came with a bundle.
    """
    lines = study.log.filter(act=IMPORTED).values_list("facts__renamed", flat=True)
    return {
        before: called[now]
        for renamed in lines
        for before, now in (renamed or {}).items()
        if now in called
    }


def pseudonyms(study, *, is_shuffled=False):
    """R1, R2 … in the order in which people joined: the same in every file of the study.

    Shuffled, where those who know in which order people joined shall not recognise them.
    """
    joined = (
        Membership.objects.filter(study=study)
        .order_by("pk")
        .values_list("user__username", flat=True)
    )
    names = list(
        dict.fromkeys(
            [*joined, *people_of(study).order_by("pk").values_list("username", flat=True)]
        )
    )
    if is_shuffled:
        names.sort(
            key=lambda name: salted_hmac(f"pseudonyms of study {study.pk}", name).hexdigest()
        )
    return {name: f"R{number}" for number, name in enumerate(names, start=1)}
