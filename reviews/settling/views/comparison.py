from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from mapping import access
from mapping.models import Paper
from mapping.site.acts import carried_out
from mapping.site.answers import answer
from reviews.blindness import early_look, settlers
from reviews.models import Mention, Resolution
from reviews.settling import disagreements
from reviews.settling.comparison_page import Page, closed_phases
from reviews.settling.forms import LookForm
from reviews.settling.views.disagreements import Choice


@require_safe
def comparison(request, slug, key):
    membership = access.study_to_read(request.user, slug)
    paper = access.paper_in(membership.study, key)
    page = Page(membership, paper)
    closed = closed_phases(membership, paper)
    if closed and not page.phases:
        return refused(request, membership, paper, closed, LookForm())
    Mention.objects.filter(user=request.user, seen_at=None, remark__paper=paper).update(
        seen_at=timezone.now()
    )
    return answer(request, "settling/comparison.html", context_of(request, page, closed))


def refused(request, membership, paper, closed, form):
    """Blind on this paper: no answer reaches the page, and a lead is offered the act that
    lifts it.
    """
    context = {"membership": membership, "study": membership.study, "paper": paper}
    context |= {"closed": closed, "form": form}
    return render(
        request, "settling/comparison-closed.html", context, status=422 if form.is_bound else 403
    )


def context_of(request, page, closed=()):
    return {**context_of_section(request, page), "closed": closed, **neighbours(request, page)}


def context_of_section(request, page):
    """What one section needs; the queue around the paper is for the whole page."""
    return {
        "membership": page.membership,
        "study": page.study,
        "paper": page.paper,
        "page": page,
        "causes": Resolution.Cause.choices,
        "filters": request.GET.urlencode(),
    }


def neighbours(request, page):
    """The papers before and after this one in the queue, as its filters stand in the address."""
    if not settlers.is_settler(page.membership):
        return {}
    choice = Choice(page.membership, request.GET)
    found = choice.differences()
    order = disagreements.papers_in_order(found)
    here = order.index(page.paper.pk) if page.paper.pk in order else -1
    before = order[here - 1] if here > 0 else None
    after = (
        order[here + 1] if here + 1 < len(order) else (order[0] if order and here != 0 else None)
    )
    papers = Paper.objects.in_bulk([pk for pk in (before, after) if pk])
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    first = {one.paper: choice.sections[one.section].key for one in reversed(found)}
    urls = {
        pk: f"{reverse('comparison', args=[page.study.slug, paper.key])}{query}#s-{first[pk]}"
        for pk, paper in papers.items()
    }
    here = [choice.sections[one.section].key for one in found if one.paper == page.paper.pk]
    return {
        "previous_url": urls.get(before),
        "next_url": urls.get(after),
        # Where filters chose some differences, the keys go through these; None where there are none
        # to go through.
        "asked_for": here if choice.is_narrowed else None,
    }


@require_POST
def look_early(request, slug, key, phase):
    membership = access.study_to_lead(request.user, slug)
    study = membership.study
    paper, phase = access.paper_in(study, key), access.phase_in(study, phase)
    form = LookForm(request.POST)
    if form.is_valid():
        look = carried_out(
            form,
            early_look.look_early,
            paper,
            phase,
            user=request.user,
            reason=form.cleaned_data["reason"],
        )
        if look:
            messages.warning(
                request, "You look before your own answers are in. It stands in the study's log."
            )
            return redirect("comparison", slug, key)
    return refused(request, membership, paper, [phase], form)


def page_for(request, slug, key):
    """The door of every act on the page, for those who may see what was said."""
    membership = access.study_to_code(request.user, slug)
    page = Page(membership, access.paper_in(membership.study, key))
    if not page.phases and closed_phases(membership, page.paper):
        raise PermissionDenied(
            "You cannot take part before you may see what everybody said of this paper."
        )
    return page


def back_to(request, study, paper, section=None):
    query = request.GET.urlencode()
    address = reverse("comparison", args=[study.slug, paper.key])
    return redirect(
        f"{address}{'?' + query if query else ''}{'#s-' + section.key if section else ''}"
    )
