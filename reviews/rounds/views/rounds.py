from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.shortcuts import redirect
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_safe

from mapping import access
from mapping.exchange.table_csv import csv_file, csv_url, require_known
from mapping.site.acts import carried_out
from mapping.site.answers import answer, filter_of, posted
from reviews.access import round_to_lead
from reviews.blindness.independence import Independence
from reviews.models import Assignment
from reviews.models.study_cache import read_only
from reviews.rounds import assignments, lifecycle, progress
from reviews.rounds.forms import EditRoundForm, RoundForm

PAGE = 50
COLUMNS = ["paper", "title", "year", "reviewer", "state"]


@require_safe
def rounds(request, slug):
    membership = access.study_to_lead(request.user, slug)
    study = membership.study
    read_only(study)
    rounds = progress.of_rounds(study.rounds.all())
    return answer(
        request,
        "rounds/rounds.html",
        {"membership": membership, "rounds": rounds, "left": progress.left_by_phase(study)},
    )


@require_http_methods(["GET", "POST"])
def new_round(request, slug):
    membership = access.study_to_lead(request.user, slug)
    study = membership.study
    form = RoundForm(posted(request), study=study)
    if form.is_valid():
        round = carried_out(
            form, lifecycle.create_round, study, by=request.user, **form.cleaned_data
        )
        if round:
            messages.success(request, f"“{round}” is open. Hand out its papers next.")
            return redirect("hand-out", slug, round.pk)
    return answer(
        request,
        "rounds/new-round.html",
        {"membership": membership, "form": form},
        refused=form.is_bound,
    )


@require_safe
def round(request, slug, round):
    membership, round = round_to_lead(request.user, slug, round)
    read_only(round.study)
    round_progress = progress.of_round(round)
    readers = {str(reader.reader.pk): reader.reader for reader in round_progress.readers}
    chosen, query = request.GET.get("reader", ""), request.GET.get("q", "").strip()
    papers = progress.papers_of(round, reader=readers.get(chosen)).matching(query)
    if request.GET.get("format") == "csv":
        require_known(request.GET, reader=chosen if chosen in readers else "")
        return csv_file(f"{slug}-{slugify(round.name)}", COLUMNS, rows(round, papers))
    page = Paginator(papers, PAGE).get_page(request.GET.get("page"))
    context = {
        "membership": membership,
        "round": round,
        "progress": round_progress,
        "page": page,
        "papers": progress.with_readers(round, page.object_list),
        "apart": Independence(round.study).apart(round.assignments.in_force()),
        "query": query,
        "csv_url": csv_url(request),
        "filters": [filter_of("reader", "Reviewer", readers.items(), chosen)],
        "may_undo": assignments.undoable_hand_out(round),
        "may_remove": not round_progress.assigned
        and not Assignment.objects.filter(round=round).exists(),
    }
    return answer(request, "rounds/round.html", context)


def rows(round, papers):
    """Every paper with every one of its readers."""
    for assignment in progress.readers_of(round, papers).iterator(chunk_size=2000):
        paper = assignment.paper
        yield (
            paper.key,
            paper.title,
            paper.year,
            assignment.reviewer.username,
            progress.STATES[assignment.state],
        )


@require_http_methods(["GET", "POST"])
def edit_round(request, slug, round):
    membership, round = round_to_lead(request.user, slug, round)
    form = EditRoundForm(posted(request), round=round)
    if form.is_valid() and carried_out(
        form, lifecycle.edit_round, round, by=request.user, **form.cleaned_data
    ):
        return redirect("round", slug, round.pk)
    return answer(
        request,
        "rounds/edit-round.html",
        {"membership": membership, "round": round, "form": form},
        refused=form.is_bound,
    )


@require_http_methods(["GET", "POST"])
def remove_round(request, slug, round):
    _, round = round_to_lead(request.user, slug, round)
    if request.method == "GET":
        return redirect("round", slug, round.pk)
    try:
        lifecycle.remove_round(round, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("round", slug, round.pk)
    messages.success(request, f"“{round}” was removed; nothing had been handed out in it.")
    return redirect("rounds", slug)
