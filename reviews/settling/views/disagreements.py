from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.functional import cached_property
from django.views.decorators.http import require_POST, require_safe

from mapping import access
from mapping.exchange.table_csv import csv_file, csv_url, require_known
from mapping.models import Code, Paper, User
from mapping.site.answers import answer, filter_of
from mapping.site.plurals import counted
from reviews.blindness import settlers
from reviews.blindness.visible import visible_summaries
from reviews.models import Assignment, Deferral
from reviews.settling import disagreements as queue
from reviews.settling import unanimous
from reviews.settling.answers import compared

PER_PAGE = 50
KINDS = {
    "near": "one step apart on the scale",
    "alone": "one against the rest",
    "late": "answers changed after settling",
    "deferred": "deferred",
}
# What a reviewer, who settles nothing, may ask for besides.
OPEN_OR_SETTLED = {"open": "open", "settled": "settled"}
FILTERS = {
    "section": "Section",
    "code": "Code",
    "round": "Round",
    "kind": "Kind",
    "pair": "Reviewers",
}
COLUMNS = ("paper", "title", "section", "severity", "difference", "state", "note")


@require_safe
def disagreements(request, slug):
    membership = access.study_to_code(request.user, slug)
    choice = Choice(membership, request.GET)
    differences = choice.differences()
    if request.GET.get("format") == "csv":
        require_known(request.GET, **{name: choice.chosen.get(name) for name in FILTERS})
        return csv_file("disagreements", COLUMNS, cells_of(choice, differences))
    page = Paginator(differences, PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    for name in ("page", "format"):
        query.pop(name, None)
    context = {
        "membership": membership,
        "is_settler": choice.is_settler,
        "page": page,
        "rows": rows_of(choice, page.object_list),
        "numbers": choice.board.numbers,
        "filters": choice.filters(),
        "query": choice.search,
        "chosen": query.urlencode(),
        "shown": len(differences),
        "total": len(choice.board.differences),
        "csv_url": csv_url(request),
        "adopted": request.session.pop("adopted", None) if membership.is_lead else None,
    }
    return answer(request, "settling/disagreements.html", context)


class Choice:
    """Which differences somebody asked for. What they may not ask, or what makes no sense, is left
    aside.
    """

    def __init__(self, membership, asked):
        self.membership, self.study = membership, membership.study
        self.is_settler = settlers.is_settler(membership)
        self.search = asked.get("q", "").replace("\0", "").strip()
        self.sort = asked.get("sort", "")
        self.chosen = {
            name: asked[name]
            for name, options in self.options.items()
            if asked.get(name) in {value for value, _ in options}
        }

    @property
    def is_narrowed(self):
        return bool(self.chosen or self.search)

    @cached_property
    def board(self):
        find = queue.board_for if self.is_settler else queue.discussed_by
        return find(self.membership)

    @cached_property
    def sections(self):
        return {
            section.pk: section for section in self.study.sections.in_use().select_related("phase")
        }

    @cached_property
    def codes(self):
        return dict(
            Code.objects.filter(section__study=self.study)
            .order_by("position")
            .values_list("pk", "label")
        )

    @cached_property
    def options(self):
        """What each filter offers: `{name: [(value, label)]}`."""
        differences = self.board.differences
        sections = {difference.section for difference in differences}
        codes = {code for difference in differences for code in difference.codes}
        rounds = self.study.rounds.values_list("pk", "name")
        options = {
            "section": [
                (section.key, section.label)
                for section in self.sections.values()
                if section.pk in sections
            ],
            "code": [(str(pk), label) for pk, label in self.codes.items() if pk in codes],
            "round": [(str(pk), name) for pk, name in rounds],
            "kind": list(self.kinds().items()),
        }
        if not self.study.is_anonymous:
            options["pair"] = self.pairs(differences)
        return options

    def kinds(self):
        if self.is_settler:
            return KINDS
        apart = OPEN_OR_SETTLED if self.board.settled else {}
        return apart | {name: KINDS[name] for name in ("near", "alone")}

    def pairs(self, differences):
        pairs = {pair for difference in differences for pair in difference.pairs}
        users = User.objects.in_bulk({reviewer for pair in pairs for reviewer in pair})
        named = ("-".join(str(pk) for pk in sorted(pair)) for pair in pairs)
        choices = [
            (value, " and ".join(str(users[int(pk)]) for pk in value.split("-"))) for value in named
        ]
        return sorted(choices, key=lambda choice: choice[1])

    def differences(self):
        differences = self.board.differences
        if self.chosen.get("kind") != "deferred":
            differences = [difference for difference in differences if not difference.is_deferred]
        for name, value in self.chosen.items():
            differences = getattr(self, f"by_{name}")(differences, value)
        if self.search:
            papers = set(
                Paper.objects.filter(study=self.study)
                .matching(self.search)
                .values_list("pk", flat=True)
            )
            differences = [difference for difference in differences if difference.paper in papers]
        if self.sort in {"section", "-section"}:
            differences = sorted(
                differences,
                key=lambda difference: (difference.place, difference.rank),
                reverse=self.sort.startswith("-"),
            )
        elif self.sort == "severity":
            differences = differences[::-1]
        return differences

    def by_section(self, differences, key):
        return [
            difference for difference in differences if self.sections[difference.section].key == key
        ]

    def by_code(self, differences, code):
        return [difference for difference in differences if int(code) in difference.codes]

    def by_round(self, differences, round):
        papers = set(
            Assignment.objects.in_force().filter(round=round).values_list("paper", "round__phase")
        )
        return [
            difference
            for difference in differences
            if (difference.paper, difference.phase) in papers
        ]

    def by_kind(self, differences, kind):
        if kind == "deferred":
            return [difference for difference in differences if difference.is_deferred]
        if kind in {"open", "settled"}:
            is_settled = kind == "settled"
            return [difference for difference in differences if difference.is_settled == is_settled]
        return [difference for difference in differences if kind in difference.traits]

    def by_pair(self, differences, pair):
        pair = frozenset(int(pk) for pk in pair.split("-"))
        return [difference for difference in differences if pair in difference.pairs]

    def filters(self):
        return [
            filter_of(name, FILTERS[name], options, self.chosen.get(name))
            for name, options in self.options.items()
            if options
        ]


def rows_of(choice, differences):
    """Each difference with its paper, its section and what it is about in words. A constant number
    of queries.
    """
    study, sections = choice.study, choice.sections
    papers = Paper.objects.in_bulk({difference.paper for difference in differences})
    visible = visible_summaries(choice.membership)
    wanted = [sections[pk] for pk in {difference.section for difference in differences}]
    comparisons = {
        (answers.paper, answers.section): answers.comparison
        for answers in compared(study, visible, wanted, papers=list(papers))
    }
    notes = {
        (deferral.paper_id, deferral.section_id): deferral.note
        for deferral in Deferral.objects.in_force().filter(paper__in=papers, section__in=sections)
    }
    for difference in differences:
        pair = (difference.paper, difference.section)
        comparison = comparisons.get(pair)
        yield {
            "difference": difference,
            "paper": papers[difference.paper],
            "section": sections[difference.section],
            "why": comparison.why if comparison else "",
            "state": state_of(difference),
            "word": word_for(difference),
            "note": notes.get(pair, "") if difference.is_deferred else "",
        }


def state_of(difference):
    if difference.is_deferred:
        return "deferred"
    return "settled" if difference.is_settled else "differs"


def word_for(difference):
    """What is special about it, while it is open."""
    if difference.is_settled:
        return ""
    if queue.LATE in difference.traits:
        return "answers changed"
    return "one step apart" if queue.NEAR in difference.traits else ""


# Each block asks about eight queries, and holds its papers with all that was said of them.
CSV_BLOCK = 2000


def cells_of(choice, differences):
    for start in range(0, len(differences), CSV_BLOCK):
        for row in rows_of(choice, differences[start : start + CSV_BLOCK]):
            yield [
                row["paper"].key,
                row["paper"].title,
                row["section"].key,
                f"{row['difference'].severity:.3f}",
                row["why"],
                row["word"] or row["state"],
                row["note"],
            ]


@require_safe
def next_disagreement(request, slug):
    """The first difference of the queue, as its filters stand in the address."""
    membership = access.study_to_code(request.user, slug)
    study = membership.study
    first = next(iter(Choice(membership, request.GET).differences()), None)
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    if first is None:
        return redirect(f"{reverse('disagreements', args=[slug])}{query}")
    paper = study.papers.get(pk=first.paper)
    section = study.sections.get(pk=first.section)
    return redirect(f"{reverse('comparison', args=[slug, paper.key])}{query}#s-{section.key}")


@require_POST
def adopt(request, slug):
    """Settle what needs no decision; the answer says how many, and takes them back."""
    membership = access.study_to_lead(request.user, slug)
    outcome = unanimous.settle(membership.study, by=request.user)
    if outcome["settled"]:
        request.session["adopted"] = {"count": outcome["settled"], "at": outcome["at"].isoformat()}
    else:
        messages.info(request, "Nothing is left that needs no decision.")
    return redirect("disagreements", slug)


@require_POST
def undo_adopting(request, slug):
    membership = access.study_to_lead(request.user, slug)
    try:
        at = parse_datetime(request.POST.get("at", ""))
    except ValueError:
        at = None
    count = unanimous.take_back(membership.study, by=request.user, at=at) if at else 0
    messages.info(
        request, f"{counted(count, 'sections')} {'is' if count == 1 else 'are'} open again."
    )
    return redirect("disagreements", slug)
